"""Elementary functions: exponentials, logarithms, roots, and (arc, hyperbolic) trigonometry.

An infinite slope is told as it is: sqrt'(0) = cbrt'(0) = inf, log'(0) = inf, arcsin'(1) = inf.
hypot and arctan2 have gradient 0 at (0, 0), and logaddexp(-inf, -inf) has gradient 0, as
logsumexp of a row of -inf has: stated conventions.

Rules start from the input where one that starts from the output would lose digits: 1 - y y is 0 where tanh is rounded
to 1 (in float32 beyond 9), and sech^2 x is not. Where the derivative of a rule would cancel, as that of (1 - x) (1 + x)
does near 0, what the rule computes is an op with a rule of its own. Those ops are internal, and stand last.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._composite import Composite
from .._op import Op
from .corners import divide0, scale0

POSITIVE, UNIT = (0.1, 4.0), (-0.9, 0.9)
LN2, LN10 = math.log(2), math.log(10)
TWO_OVER_ROOT_PI, INV_ROOT_TAU = 2 / math.sqrt(math.pi), 1 / math.sqrt(2 * math.pi)
DEGREE, RADIAN = math.pi / 180, 180 / math.pi
GRID, ROUNDER = 2.0 ** 20, 1.5 * 2.0 ** 52       # adding the second, and taking it away, rounds to a whole number
SPLITTER, INV_ROOT_PI = 2.0 ** 27 + 1, 1 / math.sqrt(math.pi)
# The square root of 1/2 as a float, that in two halves of its digits, and the digits that follow.
ROOT_HALF, ROOT_HALF_HIGH, ROOT_HALF_LOW, ROOT_HALF_REST = (
    0.7071067811865476, 0.7071067839860916, -2.7995440410322203e-09, -4.833646656726457e-17)


def _logaddexp(x: float, y: float) -> float:
    if x == y:
        return x + LN2
    return max(x, y) + math.log1p(math.exp(-abs(x - y))) if x == x and y == y else x + y


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else math.exp(x)


def _sigmoid_array(x: Any) -> Any:
    with np.errstate(over="ignore"):            # exp(1000) = inf gives the right 1/(1 + inf) = 0
        return 1 / (1 + np.exp(-x))


def _log_ratio(x: Any, y: Any) -> Any:
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(np.equal(x, -np.inf) & np.equal(y, -np.inf), np.result_type(x, y).type(-np.inf), x - y)


def _sinc(x: float) -> float:
    return math.sin(math.pi * x) / (math.pi * x) if x else 1.0


@np.errstate(invalid="ignore", over="ignore")
def _sinc_derivative(x: Any, n: int = 1) -> Any:
    """The nth derivative of sinc: near 0 its Taylor series, farther out by those of x sinc x = sin(pi x) / pi.

    The second way loses digits where |x| is small beside n, so the first reaches farther as n grows.
    nan for an n that is no order of a derivative.
    """
    x = np.asarray(x)
    if n not in range(100):
        return np.full_like(x, np.nan)
    n = int(n)
    u = x.astype(np.float64)
    near = np.abs(u) < 1 + n / 4
    v = np.where(near, u, 0.0)
    series, first = np.zeros_like(u), (n + 1) // 2
    for k in range(24 + n, first - 1, -1):
        series = series * v * v + (-1) ** k * math.pi ** (2 * k) / ((2 * k + 1) * math.factorial(2 * k - n))
    series = series * v if n % 2 else series
    far = np.where(near, 1.0, u)
    whole = np.rint(far)                                 # sin(pi x) by the distance to a whole number: pi x is rounded
    turn = np.where(np.fmod(whole, 2.0), -1.0, 1.0)
    sin, cos = turn * np.sin(math.pi * (far - whole)), turn * np.cos(math.pi * (far - whole))
    y = sin / (math.pi * far)
    for m in range(1, n + 1):
        y = (math.pi ** (m - 1) * (sin, cos, -sin, -cos)[m % 4] - m * y) / far
    return np.where(near, series, y).astype(x.dtype if x.dtype.kind == "f" else np.float64)


def _hypot(x: float, y: float) -> float:
    """C's, whose last bit Python's math.hypot does not always have."""
    with np.errstate(over="ignore"):
        return float(np.hypot(x, y))


def _hypot1(x: Any) -> Any:
    with np.errstate(over="ignore"):
        y = np.sqrt(x * x + 1)
    return y if math.isfinite(np.vdot(y, y)) else np.where(np.isinf(y), np.abs(x), y)   # where the square overflows


def _over_cosh2(g: float, x: float) -> float:
    y = math.cosh(x) if not abs(x) > 710 else math.inf
    return g / y / y


def _over_cosh2_array(g: Any, x: Any) -> Any:
    y = _cosh(x)
    z = g / y
    z /= y                                               # by y twice: y y would overflow sooner
    return z


def _cosh(x: Any) -> Any:
    """cosh of numbers or of an array; inf where it overflows, for a quotient by it is the right 0."""
    if type(x) is np.ndarray and np.vdot(x, x) < 7000:   # no number beyond 84; errstate takes longer than a small cosh
        return np.cosh(x)
    with np.errstate(over="ignore"):
        return _weak(np.cosh(x), x)


def _weak(y: Any, *xs: Any) -> Any:
    """y, as a plain number where all the inputs are: so it does not widen a float32 array."""
    return float(y) if all(type(x) in (float, int) for x in xs) else y


def _toward(w: Any, x: Any, y: Any) -> Any:
    return w * _weak(divide0.array(x, np.hypot(x, y)), x, y)


def _over_cosh1(g: float, x: float) -> float:
    y = math.cosh(x) if not abs(x) > 710 else math.inf
    return g / (2 * (1 + y))


def _over_cosh1_array(g: Any, x: Any) -> Any:
    return g / (2 * (1 + _cosh(x)))


def _gauss(x: float, scale: float) -> float:
    x = min(abs(x), 64.0)
    high = x * GRID + ROUNDER - ROUNDER
    high /= GRID
    return math.exp(-scale * (high * high)) * math.exp(-scale * ((x - high) * (x + high)))


def _gauss_array(x: Any, scale: float) -> Any:
    """x in two parts: the square of the first is exact, for the error of a rounded x x would be multiplied by x x."""
    if x.dtype != np.float64:
        u = x.astype(np.float64)
        return np.exp(-scale * (u * u)).astype(x.dtype)
    x = np.minimum(np.abs(x), 64.0)                      # farther out all is 0
    high = np.rint(x * GRID) / GRID
    return np.exp(-scale * (high * high)) * np.exp(-scale * ((x - high) * (x + high)))


def _scaled(x: Any) -> tuple[Any, Any]:
    """(x / sqrt(2), what rounding took from it), by Dekker's product of halves."""
    y = x * ROOT_HALF
    high = x * SPLITTER - (x * SPLITTER - x)
    low = x - high
    lost = high * ROOT_HALF_HIGH - y + high * ROOT_HALF_LOW + low * ROOT_HALF_HIGH + low * ROOT_HALF_LOW
    return y, lost + x * ROOT_HALF_REST


def _normal(x: float) -> float:
    y, lost = _scaled(min(max(x, -64.0), 64.0))
    return 0.5 * math.erfc(-y) + float(math.exp(-(y * y)) * INV_ROOT_PI * lost)


def _normal_array(x: Any) -> Any:
    """erfc(-y) / 2 for y = x / sqrt(2): far to the left the error of a rounded y would be multiplied by 2 y y."""
    u = x.astype(np.float64, copy=False)
    y = np.asarray(_erfc(u * -ROOT_HALF), dtype=np.float64)
    y *= 0.5
    if x.dtype != np.float64:
        return y.astype(x.dtype)
    left = np.less(x, -1.5)
    if left.any():
        z, lost = _scaled(np.maximum(x[left], -64.0))
        y[left] += np.exp(-(z * z)) * INV_ROOT_PI * lost
    return y


def _across(g: Any, a: Any, b: Any, h: Any) -> Any:
    return g * (a / h) * (b / h) / h


_erf = np.frompyfunc(math.erf, 1, 1)
_erfc = np.frompyfunc(math.erfc, 1, 1)

exp = Op("exp", math.exp, np.exp, lambda g, y, x: g * y,
         tex="e^{{{0}}}", c="exp({0})",
         complex=lambda x: (exp(x.real) * cos(x.imag), exp(x.real) * sin(x.imag)),
         ulps=(4, 4, 4))
exp2 = Op("exp2", math.exp2, np.exp2, lambda g, y, x: g * y * LN2,
          text="2 ** {0}",
          tex="2^{{{0}}}", c="exp2({0})", symbol="2^x",
          ulps=(4, 4, 4))
expm1 = Op("expm1", math.expm1, np.expm1, lambda g, y, x: g * exp(x),
           tex="e^{{{0}}} - 1", c="expm1({0})",
           ulps=(4, 4, 4))
log = Op("log", math.log, np.log, lambda g, y, x: g / x,
         tex=r"\ln {0}", c="log({0})", domain=(POSITIVE,),
         complex=lambda x: (log(hypot(x.real, x.imag)), arctan2(x.imag, x.real)),
         ulps=(4, 1, 4))
log1p = Op("log1p", math.log1p, np.log1p, lambda g, y, x: g / (1 + x),
           tex=r"\ln \left(1 + {0}\right)", c="log1p({0})", domain=((-0.9, 4.0),),
           ulps=(1, 4, 4))
log2 = Op("log2", math.log2, np.log2, lambda g, y, x: g / (x * LN2),
          tex=r"\log_2 {0}", c="log2({0})", domain=(POSITIVE,),
          ulps=(4, 4, 4))
log10 = Op("log10", math.log10, np.log10, lambda g, y, x: g / (x * LN10),
           tex=r"\log_{{10}} {0}", c="log10({0})", domain=(POSITIVE,),
           ulps=(4, 4, 4))
sqrt = Op("sqrt", math.sqrt, np.sqrt, lambda g, y, x: g / (2 * y),
          tex=r"\sqrt{{{0}}}", c="sqrt({0})", symbol="√", domain=(POSITIVE,),
          ulps=(1, 4, 4))
cbrt = Op("cbrt", math.cbrt, np.cbrt, lambda g, y, x: g / (3 * (y * y)),
          tex=r"\sqrt[3]{{{0}}}", c="cbrt({0})", symbol="∛", domain=(POSITIVE,),
          ulps=(4, 4, 6),
          loses="its square doubles the error of cbrt")

sin = Op("sin", math.sin, np.sin, lambda g, y, x: g * cos(x),
         tex=r"\sin {0}", c="sin({0})",
         range=(-1, 1),
         ulps=(4, 4, 4))
cos = Op("cos", math.cos, np.cos, lambda g, y, x: -g * sin(x),
         tex=r"\cos {0}", c="cos({0})",
         range=(-1, 1),
         ulps=(4, 4, 4))
tan = Op("tan", math.tan, np.tan, lambda g, y, x: g * (1 + y * y),
         tex=r"\tan {0}", c="tan({0})", domain=((-1.3, 1.3),),
         ulps=(4, 4, 4))
arcsin = Op("arcsin", math.asin, np.arcsin, lambda g, y, x: g / sqrt(one_less_square(x)),
            tex=r"\arcsin {0}", c="asin({0})", domain=(UNIT,),
            written=(lambda g, y, x: g / sqrt(1 - x * x),),
            ulps=(4, 4, 4))
arccos = Op("arccos", math.acos, np.arccos, lambda g, y, x: -g / sqrt(one_less_square(x)),
            tex=r"\arccos {0}", c="acos({0})", domain=(UNIT,),
            written=(lambda g, y, x: -g / sqrt(1 - x * x),),
            ulps=(4, 4, 4))
arctan = Op("arctan", math.atan, np.arctan, lambda g, y, x: over_square1(g, x),
            tex=r"\arctan {0}", c="atan({0})",
            ulps=(4, 4, 4))
arctan2 = Op("arctan2", math.atan2, np.arctan2,
             lambda g, z, y, x: scale0(g, divide0(x, hypot(x, y)), hypot(x, y)),
             lambda g, z, y, x: -scale0(g, divide0(y, hypot(x, y)), hypot(x, y)),
             tex=r"\operatorname{{arctan2}}({0}, {1})", c="atan2({0}, {1})", domain=((-3, 3), POSITIVE),
             written=(lambda g, z, y, x: g * x / (x * x + y * y), lambda g, z, y, x: -g * y / (x * x + y * y)),
             ulps=(4, 4, 6),
             loses="four quotients by hypot")
sinh = Op("sinh", math.sinh, np.sinh, lambda g, y, x: g * cosh(x),
          tex=r"\sinh {0}", c="sinh({0})",
          ulps=(1, 4, 1))
cosh = Op("cosh", math.cosh, np.cosh, lambda g, y, x: g * sinh(x),
          tex=r"\cosh {0}", c="cosh({0})",
          ulps=(4, 1, 4))
tanh = Op("tanh", math.tanh, np.tanh, lambda g, y, x: over_cosh2(g, x),
          layer="Tanh", tex=r"\tanh {0}", c="tanh({0})",
          written=(lambda g, y, x: g * (1 - y * y),),
          steepest=1.0, range=(-1, 1),
          ulps=(4, 6, 4),
          loses="the error of cosh counts twice")
arcsinh = Op("arcsinh", math.asinh, np.arcsinh, lambda g, y, x: g / hypot1(x),
             tex=r"\operatorname{{arsinh}} {0}", c="asinh({0})",
             ulps=(1, 4, 4))
arccosh = Op("arccosh", math.acosh, np.arccosh, lambda g, y, x: g / (sqrt(x - 1) * sqrt(x + 1)),
             tex=r"\operatorname{{arcosh}} {0}", c="acosh({0})", domain=((1.1, 4.0),),
             ulps=(4, 4, 4))
arctanh = Op("arctanh", math.atanh, np.arctanh, lambda g, y, x: g / one_less_square(x),
             tex=r"\operatorname{{artanh}} {0}", c="atanh({0})", domain=(UNIT,),
             written=(lambda g, y, x: g / (1 - x * x),),
             ulps=(4, 4, 4))
hypot = Op("hypot", _hypot, np.hypot,
           lambda g, z, x, y: toward(g, x, y),
           lambda g, z, x, y: toward(g, y, x),
           tex=r"\sqrt{{{0}^2 + {1}^2}}", c="hypot({0}, {1})", domain=(POSITIVE, POSITIVE),
           written=(lambda g, z, x, y: g * x / z, lambda g, z, x, y: g * y / z),
           commutes=True,
           ulps=(1, 4, 4))
hypot1 = Op("hypot1", lambda x: math.sqrt(x * x + 1) if abs(x) < 1e100 else abs(x), _hypot1,
            lambda g, y, x: toward(g, x, 1.0),
            internal=True, tex=r"\sqrt{{{0}^2 + 1}}", c="ag_hypot1({0})",
            ulps=(4, 4, 6),
            loses="three quotients by hypot")
erf = Op("erf", math.erf, lambda x: np.asarray(_erf(x), dtype=np.result_type(x)),
         lambda g, y, x: g * TWO_OVER_ROOT_PI * gauss(x, scale=1.0),
         tex=r"\operatorname{{erf}} {0}", c="erf({0})",
         written=(lambda g, y, x: g * TWO_OVER_ROOT_PI * exp(-x * x),),
         range=(-1, 1),
         ulps=(1, 4, 4))
sigmoid = Op("sigmoid", _sigmoid, _sigmoid_array,
             lambda g, y, x: over_cosh1(g, x),
             layer="Sigmoid", tex=r"\sigma({0})", c="ag_sigmoid({0})", symbol="σ",
             written=(lambda g, y, x: g * y * (1 - y),),
             steepest=0.25, range=(0, 1),
             ulps=(4, 4, 4))
# The difference of the inputs is exact where they are near each other; their sum's logarithm has lost it by then.
logaddexp = Op("logaddexp", _logaddexp, np.logaddexp,
               lambda g, z, x, y: g * sigmoid(log_ratio(x, y)),
               lambda g, z, x, y: g * sigmoid(log_ratio(y, x)),
               tex=r"\ln \left(e^{{{0}}} + e^{{{1}}}\right)", c="ag_logaddexp({0}, {1})",
               commutes=True,
               ulps=(4, 4, 4))
# ln(a/b) of the logarithms of a and b; of 0/0, which is 0 here as in divide0, it is -inf.
log_ratio = Op("log_ratio", lambda x, y: x - y if x != y or x != -math.inf else x, _log_ratio,
               lambda g, z, x, y: g,
               lambda g, z, x, y: -g,
               text="{0} - {1}",
               internal=True, tex="{0} - {1}", c="ag_log_ratio({0}, {1})",
               ulps=(1, 0, 0))
logaddexp2 = Composite("logaddexp2", lambda x, y: logaddexp(x * LN2, y * LN2) / LN2,
                       lambda g, z, x, y: g * sigmoid(log_ratio(x, y) * LN2),
                       lambda g, z, x, y: g * sigmoid(log_ratio(y, x) * LN2),
                       tex=r"\log_2 \left(2^{{{0}}} + 2^{{{1}}}\right)", array=np.logaddexp2,
                       commutes=True,
                       ulps=(4, 4, 4))
sinc = Op("sinc", _sinc, np.sinc,
          lambda g, y, x: g * sinc_derivative(x, n=1),
          tex=r"\operatorname{{sinc}} {0}",
          ulps=(math.inf, 6, 10),
          loses="NumPy takes the sine of a rounded pi x, right to a unit of 1; terms cancel where |x| is near 1.5")
sinc_derivative = Op("sinc_derivative", lambda x, n: float(_sinc_derivative(x, n)), _sinc_derivative,
                     lambda g, y, x, n: g * sinc_derivative(x, n=n + 1),
                     internal=True, tex=r"\operatorname{{sinc}}^{{({n})}} {0}", params={"n": 1},
                     ulps=(4, 10, 12),
                     loses="terms cancel where |x| is near 1.5")
radians = Composite("radians", lambda x: x * DEGREE, lambda g, y, x: g * DEGREE,
                    tex=r"\tfrac{{\pi}}{{180}} \, {0}", array=np.radians,
                    linear=True,
                    ulps=(1, 1, 0))
degrees = Composite("degrees", lambda x: x * RADIAN, lambda g, y, x: g * RADIAN,
                    tex=r"\tfrac{{180}}{{\pi}} \, {0}", array=np.degrees,
                    linear=True,
                    ulps=(4, 1, 0))

# --- what the rules above are made of, with rules of its own --------------------------------------
# The slopes of tanh, of sigmoid and of arctan, each times a cotangent: one product less.
over_cosh2 = Op("over_cosh2", _over_cosh2, _over_cosh2_array,
                lambda h, z, g, x: over_cosh2(h, x),
                lambda h, z, g, x: -2 * h * z * tanh(x),
                text="{0} / cosh({1}) ** 2",
                internal=True, tex=r"\frac{{{0}}}{{\left(\cosh {1}\right)^2}}", c="ag_over_cosh2({0}, {1})",
                linear=(0,),
                ulps=(4, 6, 4),
                loses="the error of cosh counts twice")
over_cosh1 = Op("over_cosh1", _over_cosh1, _over_cosh1_array,
                lambda h, z, g, x: over_cosh1(h, x),
                lambda h, z, g, x: -h * z * tanh(0.5 * x),
                text="{0} / (2 + 2 * cosh({1}))",
                internal=True, tex=r"\frac{{{0}}}{{2 + 2 \cosh {1}}}", c="ag_over_cosh1({0}, {1})",
                linear=(0,),
                ulps=(4, 4, 4))
over_square1 = Composite("over_square1", lambda g, x: g / (1 + x * x),
                         lambda h, z, g, x: over_square1(h, x),
                         lambda h, z, g, x: -2 * h * z * over_square1(x, x),
                         text="{0} / (1 + {1} ** 2)", internal=True, tex=r"\frac{{{0}}}{{1 + {1}^2}}", linear=(0,),
                         ulps=(4, 4, 4))
gauss = Op("gauss", _gauss, _gauss_array,
           lambda g, y, x, scale: -2 * scale * g * (x * y),
           internal=True, tex=r"e^{{-{scale} \, {0}^2}}", c="ag_gauss({0}, {scale})", params={"scale": 0.5},
           ulps=(4, 4, 4))
# The normal distribution: how much of it lies below x.
normal_cdf = Op("normal_cdf", _normal, _normal_array,
                lambda g, y, x: g * INV_ROOT_TAU * gauss(x, scale=0.5),
                internal=True, tex=r"\Phi({0})", c="ag_normal_cdf({0})", range=(0, 1),
                ulps=(4, 4, 4))
# What a length hands on of its cotangent w: w times the cosine of the angle of (x, y), 0 at (0, 0). Its derivatives
# are nan there, for a length has a kink.
toward = Composite("toward", lambda w, x, y: w * divide0(x, hypot(x, y)),
                   lambda g, z, w, x, y: toward(g, x, y),
                   lambda g, z, w, x, y: _across(g * w, y, y, hypot(x, y)),
                   lambda g, z, w, x, y: -_across(g * w, x, y, hypot(x, y)),
                   internal=True, tex=r"{0} \, \frac{{{1}}}{{\sqrt{{{1}^2 + {2}^2}}}}",
                   array=_toward, domain=((-3, 3), POSITIVE, POSITIVE), linear=(0,), unguarded=True,
                   ulps=(4, 4, 4))
one_less_square = Composite("one_less_square", lambda x: (1 - x) * (1 + x),
                            lambda g, y, x: -2 * g * x,
                            internal=True, tex="(1 - {0}^2)",
                            ulps=(4, 0, 0))
