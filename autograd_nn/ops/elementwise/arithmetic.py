"""Arithmetic, comparison-like and rounding operations.

Where two inputs of maximum or minimum tie, each takes half of the cotangent, as a central
difference sees it. Piecewise constant operations (sign, step, floor ...) have derivative 0, also
at their jumps, so second derivatives see no kink: a stated convention (see `hessian`); and nan
where they are nan (`flat`). By a step, a tie or a
sameness, which are nan of nan, the rules of maximum, clip, relu and their like find that a nan
input has a nan derivative.

x ** y at its corners. By x: y x^(y-1), and 0 where y is 0, whatever x is; so inf at x = 0 for
0 < y < 1 (a vertical slope, told as it is). By y: x^y ln x, and 0 where x is 0, for 0^y does not
change with y on either side of y = 0; nan where x < 0, for there x^y is no function of a real y.
|x|' is 0 at 0 even where the cotangent is infinite, so |x| ** p has gradient 0 at 0 for every p.
"""

from __future__ import annotations

import builtins
import math
import operator
from typing import Any

import numpy as np

from ...errors import DTypeError, UsageError
from .._arguments import no_out
from .._composite import Composite
from .._level import Level
from .._numpy_op import NumpyOp
from .._op import Op
from ..numpy.facts import nonzero
from .corners import divide0, log0, multiply0
from .elementary import hypot

POSITIVE = (0.1, 4.0)
BOOLEAN = frozenset({0.0, 1.0})


def _power(x: Any, y: Any) -> Any:
    if (type(y) is float or type(y) is int) and type(x) is np.ndarray and x.dtype.kind == "f":
        if y == 2:                                       # np.power takes many times as long, most of all in float32
            return np.square(x)
        if y == 1:
            return np.positive(x)
    return np.power(x, y)


def _complex_power(x: Any, y: Any) -> Any:
    """x^y of a complex x by repeated squaring: the power is a plain whole number."""
    if not isinstance(y, (int, float, np.number)) or y != int(y):
        raise DTypeError("power: a Complex can be raised to whole numbers only\n"
                         "  help: x ** y is exp(y * log(x)) on the principal branch")
    if y < 0:
        return 1 / power(x, -y)
    if y == 0:
        return where(False, x.real, 1.0), where(False, x.imag, 0.0)
    result = x
    for digit in f"{int(y):b}"[1:]:
        result = result * result * x if digit == "1" else result * result
    return result


def _complex_quotient(x: Any, y: Any) -> Any:
    """x / y of a complex y, without its square, which may be out of range: Smith's way, and NumPy's bits."""
    across = absolute(y.real) < absolute(y.imag)
    large, small = where(across, y.imag, y.real), where(across, y.real, y.imag)
    ratio = divide0(small, large)
    scale = divide(1.0, large + small * ratio)
    if not hasattr(x, "imag"):                           # a real node
        return where(across, x * ratio, x) * scale, where(across, -x, -x * ratio) * scale
    return (where(across, x.real * ratio + x.imag, x.real + x.imag * ratio) * scale,
            where(across, x.imag * ratio - x.real, x.imag - x.real * ratio) * scale)


def _round(a: Any, decimals: int | None = 0, out: Any = None) -> Any:
    no_out("round", out)
    if not decimals:
        return round(a)
    scale = 10.0 ** abs(decimals)
    return round(a * scale) / scale if decimals > 0 else round(a / scale) * scale


def _where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    if x is None and y is None:
        return nonzero(condition)
    if x is None or y is None:
        raise UsageError("where: takes a condition with x and y, or a condition alone")
    return where(condition, x, y)


def _zero(*_: Any) -> float:
    return 0.0


def _flat(g: Any, x: Any) -> Any:
    zeros = np.zeros(np.broadcast_shapes(np.shape(g), np.shape(x)), np.result_type(g, x))[()]
    if math.isfinite(np.vdot(x, x)):                     # quick; a false alarm costs time
        return zeros
    return np.where(np.isnan(x) & np.not_equal(g, 0), zeros.dtype.type(np.nan), zeros)


def _step(x: Any) -> Any:
    return _but_nan(np.greater(x, 0).astype(getattr(x, "dtype", float)), x)     # np.heaviside takes 25 times as long


def _tie(x: Any, y: Any) -> Any:
    return _but_nan(((x > y) + 0.5 * (x == y)).astype(np.result_type(x, y)), x, y)


def _same(x: Any, y: Any) -> Any:
    return _but_nan((x == y).astype(np.result_type(x, y)), x, y)


def _but_nan(z: Any, *xs: Any) -> Any:
    """z, but nan where one of the inputs is."""
    for x in xs:
        if not (x == x if type(x) is float else math.isfinite(np.vdot(x, x))):     # quick; a false alarm costs time
            z = np.where(np.isnan(x), z.dtype.type(np.nan), z)
    return z


def _larger(x: float, y: float) -> float:
    return x if x >= y or x != x else y


def _smaller(x: float, y: float) -> float:
    return x if x <= y or x != x else y


def _clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None) -> Any:
    no_out("clip", out)
    low, high = (min if a_min is None else a_min), (max if a_max is None else a_max)
    if low is None or high is None:
        return +a if low is high else minimum(a, high) if low is None else maximum(a, low)
    return clip(a, low, high)


add = Op("add", operator.add, np.add,
         lambda g, z, x, y: g,
         lambda g, z, x, y: g,
         text="{0} + {1}", neutral=(0, 0),
         tex="{0} + {1}", c="{0} + {1}", symbol="+", dunder="add",
         commutes=True, linear=True,
         ulps=(1, 0, 0))
subtract = Op("subtract", operator.sub, np.subtract,
              lambda g, z, x, y: g,
              lambda g, z, x, y: -g,
              text="{0} - {1}", neutral=(None, 0),
              tex="{0} - {1}", c="{0} - {1}", symbol="−", dunder="sub",
              linear=True,
              ulps=(1, 0, 0))
multiply = Op("multiply", operator.mul, np.multiply,
              lambda g, z, x, y: g * y,
              lambda g, z, x, y: g * x,
              text="{0} * {1}", neutral=(1, 1), absorbing=(0, 0),
              tex=r"{0} \, {1}", c="{0} * {1}", symbol="×", dunder="mul",
              commutes=True, multilinear=True,
              ulps=(1, 0, 0))
divide = Op("divide", operator.truediv, np.divide,
            lambda g, z, x, y: g / y,
            lambda g, z, x, y: -g * z / y,
            text="{0} / {1}", neutral=(None, 1), absorbing=(0, None),
            tex=r"\frac{{{0}}}{{{1}}}", c="{0} / {1}", symbol="÷", dunder="truediv",
            domain=((-3, 3), POSITIVE),
            linear=(0,), complex=_complex_quotient,
            ulps=(1, 4, 4))
negative = Op("negative", operator.neg, np.negative,
              lambda g, y, x: -g,
              text="-{0}",
              tex="-{0}", c="-{0}", symbol="−", dunder="neg",
              linear=True,
              ulps=(0, 0, 0))
power = Op("power", math.pow, _power,
           lambda g, z, x, y: g * multiply0(y, power(x, y - 1)),
           lambda g, z, x, y: g * multiply0(z, log0(x)),
           text="{0} ** {1}", neutral=(None, 1),
           tex="{0}^{{{1}}}", c="pow({0}, {1})", symbol="^", dunder="pow",
           domain=(POSITIVE, (-2, 3)),
           shaped_by=(1,), complex=_complex_power,
           ulps=(4, 400, 800),
           loses="where y - 1 is rounded the exponent is off, and counts |ln x| times")
square = Composite("square", lambda x: x * x,
                   lambda g, y, x: g * 2 * x,
                   text="{0} ** 2",
                   tex="{0}^{{2}}", symbol="x²", array=np.square,
                   complex=lambda x: x * x,
                   ulps=(1, 0, 0))
reciprocal = Composite("reciprocal", lambda x: 1.0 / x,
                       lambda g, y, x: -g * (y * y),
                       text="1/{0}",
                       tex=r"\frac{{1}}{{{0}}}", symbol="1/x", domain=(POSITIVE,), array=np.reciprocal,
                       complex=lambda x: 1 / x,
                       ulps=(1, 4, 4))
absolute = Op("absolute", math.fabs, np.absolute,
              lambda g, y, x: multiply0(g, sign(x)),
              text="|{0}|",
              tex=r"\left|{0}\right|", c="fabs({0})", symbol="|x|", dunder="abs",
              kink=lambda x: x, complex=lambda x: hypot(x.real, x.imag),
              ulps=(0, 0, 0))

# --- derivative 0 wherever there is one ------------------------------------------------------
# What a piecewise constant op hands on of its cotangent g: 0, but nan where its result x is nan and g is not 0.
flat = Op("flat", lambda g, x: 0.0 if x == x or not g else x, _flat,
          lambda h, z, g, x: flat(h, x),
          lambda h, z, g, x: flat(multiply0(h, g), x),
          internal=True, tex=r"\operatorname{{flat}}({0}, {1})", c="ag_flat({0}, {1})",
          domain=((-3, 3), (-1, 1)), zero=True, written=(_zero, _zero), linear=(0,),
          ulps=(0, 0, 0))
sign = Op("sign", lambda x: float(x > 0) - float(x < 0) if x == x else x, np.sign,
          lambda g, y, x: flat(g, y),
          tex=r"\operatorname{{sgn}} {0}", c="ag_sign({0})", kink=lambda x: x, zero=True, written=(_zero,),
          range=(-1, 1),
          ulps=(0, 0, 0))
step = Op("step", lambda x: (x > 0) + 0.0 if x == x else x, _step,
          lambda g, y, x: flat(g, y),
          text="[{0} > 0]",
          internal=True, tex=r"[{0} > 0]", c="ag_step({0})", kink=lambda x: x, zero=True, written=(_zero,),
          range=(0, 1),
          ulps=(0, 0, 0))
tie = Op("tie", lambda x, y: (x > y) + 0.5 * (x == y) if x == x and y == y else math.nan, _tie,
         lambda g, z, x, y: flat(g, z),
         lambda g, z, x, y: flat(g, z),
         text="[{0} ≥ {1}]",
         internal=True, tex=r"\left[{0} \geq {1}\right]", c="ag_tie({0}, {1})", kink=lambda x, y: x - y,
         zero=True, written=(_zero, _zero),
         range=(0, 1),
         ulps=(0, 0, 0))
same = Op("same", lambda x, y: (x == y) + 0.0 if x == x and y == y else math.nan, _same,
          lambda g, z, x, y: flat(g, z),
          lambda g, z, x, y: flat(g, z),
          text="[{0} = {1}]",
          internal=True, tex=r"[{0} = {1}]", c="ag_same({0}, {1})", kink=lambda x, y: x - y,
          zero=True, written=(_zero, _zero),
          commutes=True, range=(0, 1),
          ulps=(0, 0, 0))
floor = Op("floor", lambda x: math.copysign(math.floor(x), x), np.floor,
           lambda g, y, x: flat(g, y),
           text="⌊{0}⌋",
           tex=r"\lfloor {0} \rfloor", c="floor({0})", dunder="floor",
           kink=lambda x: math.sin(math.pi * x), zero=True, written=(_zero,),
           ulps=(0, 0, 0))
ceil = Op("ceil", lambda x: math.copysign(math.ceil(x), x), np.ceil,
          lambda g, y, x: flat(g, y),
          text="⌈{0}⌉",
          tex=r"\lceil {0} \rceil", c="ceil({0})", dunder="ceil",
          kink=lambda x: math.sin(math.pi * x), zero=True, written=(_zero,),
          ulps=(0, 0, 0))
round = NumpyOp("round", lambda x: math.copysign(builtins.round(x), x), np.rint,
                lambda g, y, x: flat(g, y),
                tex=r"\operatorname{{round}} {0}", c="rint({0})", dunder="round",
                kink=lambda x: math.cos(math.pi * x), zero=True, written=(_zero,), numpy=np.round, form=_round,
                ulps=(0, 0, 0))
trunc = Op("trunc", lambda x: math.copysign(math.trunc(x), x), np.trunc,
           lambda g, y, x: flat(g, y),
           tex=r"\operatorname{{trunc}} {0}", dunder="trunc",
           kink=lambda x: math.sin(math.pi * x), zero=True, written=(_zero,),
           ulps=(0, 0, 0))
floor_divide = Op("floor_divide", operator.floordiv, np.floor_divide,
                  lambda g, z, x, y: flat(g, z),
                  lambda g, z, x, y: flat(g, z),
                  text="{0} // {1}",
                  tex=r"\left\lfloor \frac{{{0}}}{{{1}}} \right\rfloor", dunder="floordiv", symbol="//",
                  domain=((-3, 3), (0.8, 4.0)), kink=lambda x, y: math.sin(math.pi * x / y),
                  zero=True, written=(_zero, _zero),
                  ulps=(1, 0, 0))

# --- choosing between inputs ------------------------------------------------------------------
maximum = Op("maximum", _larger, np.maximum,
             lambda g, z, x, y: multiply0(g, tie(x, y)),
             lambda g, z, x, y: multiply0(g, tie(y, x)),
             tex=r"\max({0}, {1})", c="ag_maximum({0}, {1})", symbol="max", kink=lambda x, y: x - y,
             commutes=True,
             ulps=(0, 0, 0))
minimum = Op("minimum", _smaller, np.minimum,
             lambda g, z, x, y: multiply0(g, tie(y, x)),
             lambda g, z, x, y: multiply0(g, tie(x, y)),
             tex=r"\min({0}, {1})", c="ag_minimum({0}, {1})", symbol="min", kink=lambda x, y: x - y,
             commutes=True,
             ulps=(0, 0, 0))
where = NumpyOp("where", lambda condition, x, y: x if condition else y, np.where,
                None,
                lambda g, z, condition, x, y: where(condition, g, 0.0),
                lambda g, z, condition, x, y: where(condition, 0.0, g),
                level=Level.LOOSE,
                method=False, tex=r"\begin{{cases}} {1} & {0} \\ {2} & \text{{else}} \end{{cases}}",
                c="({0} != 0 ? {1} : {2})", domain=(BOOLEAN, (-3, 3), (-3, 3)), numpy=np.where, form=_where,
                slots=("condition", "x", "y"), linear=(1, 2),
                ulps=(0, 0, 0))
clip = NumpyOp("clip", lambda x, low, high: _smaller(_larger(x, low), high), np.clip,
               lambda g, z, x, low, high: multiply0(g, tie(x, low) * tie(high, maximum(x, low))),
               lambda g, z, x, low, high: multiply0(g, tie(low, x) * tie(high, maximum(x, low))),
               lambda g, z, x, low, high: multiply0(g, tie(maximum(x, low), high)),
               tex=r"\operatorname{{clip}}({0}, {1}, {2})", c="ag_minimum(ag_maximum({0}, {1}), {2})",
               domain=((-3, 3), (-1.5, 1.5), (-1.5, 1.5)),
               kink=lambda x, low, high: (x - low) * (x - high) * (low - high),
               numpy=np.clip, form=_clip, slots=("x", "low", "high"), shaped_by=(1, 2),
               ulps=(0, 0, 0))
fmod = Op("fmod", math.fmod, np.fmod,
          lambda g, z, x, y: g * same(z, z),
          lambda g, z, x, y: -g * round((x - z) / y),
          tex=r"\operatorname{{fmod}}({0}, {1})", c="fmod({0}, {1})",
          domain=((-3, 3), (0.8, 4.0)), kink=lambda x, y: math.sin(math.pi * x / y),
          ulps=(0, 1, 0))
# Where the remainder is the divisor itself, one divisor too many was added: to a tiny x < 0, or with y = inf.
remainder = Op("remainder", operator.mod, np.remainder,
               lambda g, z, x, y: g * same(z, z),
               lambda g, z, x, y: -g * same(z, z) * where(same(z, y), -1.0, round((x - z) / y)),
               text="{0} % {1}",
               tex=r"{0} \bmod {1}", c="ag_remainder({0}, {1})", symbol="mod", dunder="mod",
               domain=((-3, 3), (0.8, 4.0)), kink=lambda x, y: math.sin(math.pi * x / y),
               ulps=(1, 1, 0))
# Where one input is nan, fmax and fmin take the other, and the cotangent goes there; where both are, z is, too.
fmax = Op("fmax", lambda x, y: x if x >= y or y != y else y, np.fmax,
          lambda g, z, x, y: multiply0(g, same(z, z) * tie(fmax(x, -math.inf), fmax(y, -math.inf))),
          lambda g, z, x, y: multiply0(g, same(z, z) * tie(fmax(y, -math.inf), fmax(x, -math.inf))),
          tex=r"\max({0}, {1})", kink=lambda x, y: x - y,
          commutes=True,
          ulps=(0, 0, 0))
fmin = Op("fmin", lambda x, y: x if x <= y or y != y else y, np.fmin,
          lambda g, z, x, y: multiply0(g, same(z, z) * tie(fmin(y, math.inf), fmin(x, math.inf))),
          lambda g, z, x, y: multiply0(g, same(z, z) * tie(fmin(x, math.inf), fmin(y, math.inf))),
          tex=r"\min({0}, {1})", kink=lambda x, y: x - y,
          commutes=True,
          ulps=(0, 0, 0))

# --- signs and parts ----------------------------------------------------------------------------
fabs = Op("fabs", math.fabs, np.fabs,
          lambda g, y, x: multiply0(g, sign(x)),
          text="|{0}|",
          tex=r"\left|{0}\right|", c="fabs({0})", symbol="|x|", kink=lambda x: x,
          ulps=(0, 0, 0))
copysign = Op("copysign", math.copysign, np.copysign,
              lambda g, z, x, y: multiply0(g, sign(x)) * copysign(1.0, y),
              lambda g, z, x, y: flat(g, z),
              written=(lambda g, z, x, y: g * sign(x) * copysign(1.0, y), _zero),
              tex=r"\left|{0}\right| \, \operatorname{{sgn}} {1}", kink=lambda x, y: x * y,
              ulps=(0, 0, 0))
conjugate = Op("conjugate", lambda x: x, np.conjugate, lambda g, y, x: g,
               tex="{0}",
               complex=lambda x: (x.real, -x.imag),
               ulps=(0, 0, 0))
real = Op("real", lambda x: x, np.real, lambda g, y, x: g,
          method=False, tex=r"\operatorname{{Re}} {0}",
          complex=lambda x: x.real,
          ulps=(0, 0, 0))
