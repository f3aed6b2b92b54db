"""Arithmetic, comparison-like and rounding operations.

Where two inputs of maximum or minimum tie, each takes half of the cotangent, as a central
difference sees it. Piecewise constant operations (sign, step, floor ...) have derivative 0, also
at their jumps: a stated convention.
"""

from __future__ import annotations

import builtins
import math
import operator
from typing import Any

import numpy as np

from ._op import Op
from .elementary import log

POSITIVE = (0.1, 4.0)
BOOLEAN = frozenset({0.0, 1.0})


def _zero(g: Any, y: Any, *xs: Any) -> float:
    return 0.0


def _step(x: Any) -> Any:
    return np.greater(x, 0).astype(getattr(x, "dtype", float))      # np.heaviside takes 25 times as long


add = Op("add", operator.add, np.add,
         lambda g, z, x, y: g,
         lambda g, z, x, y: g,
         tex="{0} + {1}", c="{0} + {1}", symbol="+", dunder="add")
subtract = Op("subtract", operator.sub, np.subtract,
              lambda g, z, x, y: g,
              lambda g, z, x, y: -g,
              tex="{0} - {1}", c="{0} - {1}", symbol="−", dunder="sub")
multiply = Op("multiply", operator.mul, np.multiply,
              lambda g, z, x, y: g * y,
              lambda g, z, x, y: g * x,
              tex=r"{0} \, {1}", c="{0} * {1}", symbol="×", dunder="mul")
divide = Op("divide", operator.truediv, np.divide,
            lambda g, z, x, y: g / y,
            lambda g, z, x, y: -g * z / y,
            tex=r"\frac{{{0}}}{{{1}}}", c="{0} / {1}", symbol="÷", dunder="truediv",
            domain=((-3, 3), POSITIVE))
negative = Op("negative", operator.neg, np.negative,
              lambda g, y, x: -g,
              tex="-{0}", c="-{0}", symbol="−", dunder="neg")
power = Op("power", math.pow, np.power,
           lambda g, z, x, y: g * y * power(x, y - 1),
           lambda g, z, x, y: g * z * log(x),
           tex="{0}^{{{1}}}", c="pow({0}, {1})", symbol="^", dunder="pow",
           domain=(POSITIVE, (-2, 3)))
square = Op("square", lambda x: x * x, np.square,
            lambda g, y, x: g * 2 * x,
            tex="{0}^{{2}}", c="{0} * {0}", symbol="x²")
reciprocal = Op("reciprocal", lambda x: 1.0 / x, np.reciprocal,
                lambda g, y, x: -g * (y * y),
                tex=r"\frac{{1}}{{{0}}}", c="1.0 / {0}", symbol="1/x", domain=(POSITIVE,))
absolute = Op("absolute", math.fabs, np.absolute,
              lambda g, y, x: g * sign(x),
              tex=r"\left|{0}\right|", c="fabs({0})", symbol="|x|", dunder="abs",
              kink=lambda x: x)

# --- derivative 0 wherever there is one ------------------------------------------------------
sign = Op("sign", lambda x: (x > 0) - (x < 0) + 0.0 if x == x else x, np.sign,
          _zero,
          tex=r"\operatorname{{sgn}} {0}", c="ag_sign({0})", kink=lambda x: x, zero=True)
step = Op("step", lambda x: (x > 0) + 0.0, _step,
          _zero,
          tex=r"[{0} > 0]", c="ag_step({0})", kink=lambda x: x, zero=True)
tie = Op("tie", lambda x, y: (x > y) + 0.5 * (x == y),
         lambda x, y: ((x > y) + 0.5 * (x == y)).astype(np.result_type(x, y)),
         _zero, _zero,
         method=False, tex=r"\left[{0} \geq {1}\right]", c="ag_tie({0}, {1})", kink=lambda x, y: x - y, zero=True)
same = Op("same", lambda x, y: (x == y) + 0.0,
          lambda x, y: (x == y).astype(np.result_type(x, y)),
          _zero, _zero,
          method=False, tex=r"[{0} = {1}]", c="((double)({0} == {1}))", kink=lambda x, y: x - y, zero=True)
floor = Op("floor", lambda x: math.copysign(math.floor(x), x), np.floor,
           _zero,
           tex=r"\lfloor {0} \rfloor", c="floor({0})", dunder="floor",
           kink=lambda x: math.sin(math.pi * x), zero=True)
ceil = Op("ceil", lambda x: math.copysign(math.ceil(x), x), np.ceil,
          _zero,
          tex=r"\lceil {0} \rceil", c="ceil({0})", dunder="ceil",
          kink=lambda x: math.sin(math.pi * x), zero=True)
round = Op("round", lambda x: math.copysign(builtins.round(x), x), np.rint,
           _zero,
           tex=r"\operatorname{{round}} {0}", c="rint({0})", dunder="round",
           kink=lambda x: math.cos(math.pi * x), zero=True)

# --- choosing between inputs ------------------------------------------------------------------
maximum = Op("maximum", lambda x, y: x if x >= y or x != x else y, np.maximum,
             lambda g, z, x, y: g * tie(x, y),
             lambda g, z, x, y: g * tie(y, x),
             tex=r"\max({0}, {1})", c="ag_maximum({0}, {1})", symbol="max", kink=lambda x, y: x - y)
minimum = Op("minimum", lambda x, y: x if x <= y or x != x else y, np.minimum,
             lambda g, z, x, y: g * tie(y, x),
             lambda g, z, x, y: g * tie(x, y),
             tex=r"\min({0}, {1})", c="ag_minimum({0}, {1})", symbol="min", kink=lambda x, y: x - y)
where = Op("where", lambda condition, x, y: x if condition else y, np.where,
           None,
           lambda g, z, condition, x, y: where(condition, g, 0.0),
           lambda g, z, condition, x, y: where(condition, 0.0, g),
           method=False, tex=r"\begin{{cases}} {1} & {0} \\ {2} & \text{{else}} \end{{cases}}",
           c="({0} != 0 ? {1} : {2})", domain=(BOOLEAN, (-3, 3), (-3, 3)))
clip = Op("clip", lambda x, low, high: min(max(x, low), high) if x == x else x,
          np.clip,
          lambda g, z, x, low, high: g * tie(x, low) * tie(high, maximum(x, low)),
          lambda g, z, x, low, high: g * tie(low, x) * tie(high, maximum(x, low)),
          lambda g, z, x, low, high: g * tie(maximum(x, low), high),
          tex=r"\operatorname{{clip}}({0}, {1}, {2})", c="ag_minimum(ag_maximum({0}, {1}), {2})",
          domain=((-3, 3), (-2, 1), (-1, 2)), kink=lambda x, low, high: (x - low) * (x - high) * (low - high))
fmod = Op("fmod", math.fmod, np.fmod,
          lambda g, z, x, y: g,
          lambda g, z, x, y: -g * round((x - z) / y),
          tex=r"\operatorname{{fmod}}({0}, {1})", c="fmod({0}, {1})",
          domain=((-3, 3), (0.8, 4.0)), kink=lambda x, y: math.sin(math.pi * x / y))
remainder = Op("remainder", operator.mod, np.remainder,
               lambda g, z, x, y: g,
               lambda g, z, x, y: -g * round((x - z) / y),
               tex=r"{0} \bmod {1}", c="ag_remainder({0}, {1})", symbol="mod", dunder="mod",
               domain=((-3, 3), (0.8, 4.0)), kink=lambda x, y: math.sin(math.pi * x / y))
