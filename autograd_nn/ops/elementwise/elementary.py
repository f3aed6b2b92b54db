"""Elementary functions: exponentials, logarithms, roots, and (arc, hyperbolic) trigonometry.

An infinite slope is told as it is: sqrt'(0) = cbrt'(0) = inf, log'(0) = inf, arcsin'(1) = inf.
hypot and arctan2 have gradient 0 at (0, 0), and logaddexp(-inf, -inf) has gradient 0, as
logsumexp of a row of -inf has: stated conventions.

Rules start from the input where one that starts from the output would lose digits. Two do not, for speed: tanh's
1 - y y and sigmoid's y (1 - y) are right to an absolute error of one unit of 1, so they are 0 where the output is
rounded to 1 (tanh in float32 beyond 9). tests/ops/test_accuracy.py has the errors of all.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._composite import Composite
from .._op import Op
from .corners import divide0, scale0

POSITIVE, UNIT = (0.1, 4.0), (-0.9, 0.9)
LN2, LN10, TWO_OVER_ROOT_PI = math.log(2), math.log(10), 2 / math.sqrt(math.pi)
DEGREE, RADIAN = math.pi / 180, 180 / math.pi


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
    y = np.sin(math.pi * far) / (math.pi * far)
    for m in range(1, n + 1):
        y = (math.pi ** (m - 1) * np.sin(math.pi * far + m * math.pi / 2) - m * y) / far
    return np.where(near, series, y).astype(x.dtype if x.dtype.kind == "f" else np.float64)


def _hypot1(x: Any) -> Any:
    with np.errstate(over="ignore"):
        y = np.sqrt(x * x + 1)
    return y if math.isfinite(np.vdot(y, y)) else np.where(np.isinf(y), np.abs(x), y)   # where the square overflows


_erf = np.frompyfunc(math.erf, 1, 1)
_erfc = np.frompyfunc(math.erfc, 1, 1)

exp = Op("exp", math.exp, np.exp, lambda g, y, x: g * y,
         tex="e^{{{0}}}", c="exp({0})",
         complex=lambda x: (exp(x.real) * cos(x.imag), exp(x.real) * sin(x.imag)))
exp2 = Op("exp2", math.exp2, np.exp2, lambda g, y, x: g * y * LN2,
          text="2 ** {0}",
          tex="2^{{{0}}}", c="exp2({0})", symbol="2^x")
expm1 = Op("expm1", math.expm1, np.expm1, lambda g, y, x: g * exp(x),
           tex="e^{{{0}}} - 1", c="expm1({0})")
log = Op("log", math.log, np.log, lambda g, y, x: g / x,
         tex=r"\ln {0}", c="log({0})", domain=(POSITIVE,),
         complex=lambda x: (log(hypot(x.real, x.imag)), arctan2(x.imag, x.real)))
log1p = Op("log1p", math.log1p, np.log1p, lambda g, y, x: g / (1 + x),
           tex=r"\ln \left(1 + {0}\right)", c="log1p({0})", domain=((-0.9, 4.0),))
log2 = Op("log2", math.log2, np.log2, lambda g, y, x: g / (x * LN2),
          tex=r"\log_2 {0}", c="log2({0})", domain=(POSITIVE,))
log10 = Op("log10", math.log10, np.log10, lambda g, y, x: g / (x * LN10),
           tex=r"\log_{{10}} {0}", c="log10({0})", domain=(POSITIVE,))
sqrt = Op("sqrt", math.sqrt, np.sqrt, lambda g, y, x: g / (2 * y),
          tex=r"\sqrt{{{0}}}", c="sqrt({0})", symbol="√", domain=(POSITIVE,))
cbrt = Op("cbrt", math.cbrt, np.cbrt, lambda g, y, x: g / (3 * (y * y)),
          tex=r"\sqrt[3]{{{0}}}", c="cbrt({0})", symbol="∛", domain=(POSITIVE,))

sin = Op("sin", math.sin, np.sin, lambda g, y, x: g * cos(x),
         tex=r"\sin {0}", c="sin({0})",
         range=(-1, 1))
cos = Op("cos", math.cos, np.cos, lambda g, y, x: -g * sin(x),
         tex=r"\cos {0}", c="cos({0})",
         range=(-1, 1))
tan = Op("tan", math.tan, np.tan, lambda g, y, x: g * (1 + y * y),
         tex=r"\tan {0}", c="tan({0})", domain=((-1.3, 1.3),))
arcsin = Op("arcsin", math.asin, np.arcsin, lambda g, y, x: g / sqrt((1 - x) * (1 + x)),
            tex=r"\arcsin {0}", c="asin({0})", domain=(UNIT,))
arccos = Op("arccos", math.acos, np.arccos, lambda g, y, x: -g / sqrt((1 - x) * (1 + x)),
            tex=r"\arccos {0}", c="acos({0})", domain=(UNIT,))
arctan = Op("arctan", math.atan, np.arctan, lambda g, y, x: g / (1 + x * x),
            tex=r"\arctan {0}", c="atan({0})")
arctan2 = Op("arctan2", math.atan2, np.arctan2,
             lambda g, z, y, x: scale0(g, divide0(x, hypot(x, y)), hypot(x, y)),
             lambda g, z, y, x: -scale0(g, divide0(y, hypot(x, y)), hypot(x, y)),
             tex=r"\operatorname{{arctan2}}({0}, {1})", c="atan2({0}, {1})", domain=((-3, 3), POSITIVE))
sinh = Op("sinh", math.sinh, np.sinh, lambda g, y, x: g * cosh(x),
          tex=r"\sinh {0}", c="sinh({0})")
cosh = Op("cosh", math.cosh, np.cosh, lambda g, y, x: g * sinh(x),
          tex=r"\cosh {0}", c="cosh({0})")
tanh = Op("tanh", math.tanh, np.tanh, lambda g, y, x: g * (1 - y * y),
          layer="Tanh", tex=r"\tanh {0}", c="tanh({0})",
          steepest=1.0, range=(-1, 1))
arcsinh = Op("arcsinh", math.asinh, np.arcsinh, lambda g, y, x: g / hypot1(x),
             tex=r"\operatorname{{arsinh}} {0}", c="asinh({0})")
arccosh = Op("arccosh", math.acosh, np.arccosh, lambda g, y, x: g / (sqrt(x - 1) * sqrt(x + 1)),
             tex=r"\operatorname{{arcosh}} {0}", c="acosh({0})", domain=((1.1, 4.0),))
arctanh = Op("arctanh", math.atanh, np.arctanh, lambda g, y, x: g / ((1 - x) * (1 + x)),
             tex=r"\operatorname{{artanh}} {0}", c="atanh({0})", domain=(UNIT,))
hypot = Op("hypot", math.hypot, np.hypot,
           lambda g, z, x, y: scale0(g, x, z),
           lambda g, z, x, y: scale0(g, y, z),
           tex=r"\sqrt{{{0}^2 + {1}^2}}", c="hypot({0}, {1})", domain=(POSITIVE, POSITIVE),
           commutes=True)
hypot1 = Op("hypot1", lambda x: math.sqrt(x * x + 1) if abs(x) < 1e100 else abs(x), _hypot1,
            lambda g, y, x: g * (x / y),
            internal=True, tex=r"\sqrt{{{0}^2 + 1}}", c="ag_hypot1({0})")
erf = Op("erf", math.erf, lambda x: np.asarray(_erf(x), dtype=np.result_type(x)),
         lambda g, y, x: g * TWO_OVER_ROOT_PI * exp(-x * x),
         tex=r"\operatorname{{erf}} {0}", c="erf({0})",
         range=(-1, 1))
# 1 - erf(x), with all its digits where that is small.
erfc = Op("erfc", math.erfc, lambda x: np.asarray(_erfc(x), dtype=np.result_type(x)),
          lambda g, y, x: -g * TWO_OVER_ROOT_PI * exp(-x * x),
          internal=True, tex=r"\operatorname{{erfc}} {0}", c="erfc({0})",
          range=(0, 2))
sigmoid = Op("sigmoid", _sigmoid, _sigmoid_array,
             lambda g, y, x: g * y * (1 - y),
             layer="Sigmoid", tex=r"\sigma({0})", c="ag_sigmoid({0})", symbol="σ",
             steepest=0.25, range=(0, 1))
# The difference of the inputs is exact where they are near each other; their sum's logarithm has lost it by then.
logaddexp = Op("logaddexp", _logaddexp, np.logaddexp,
               lambda g, z, x, y: g * sigmoid(log_ratio(x, y)),
               lambda g, z, x, y: g * sigmoid(log_ratio(y, x)),
               tex=r"\ln \left(e^{{{0}}} + e^{{{1}}}\right)", c="ag_logaddexp({0}, {1})",
               commutes=True)
# ln(a/b) of the logarithms of a and b; of 0/0, which is 0 here as in divide0, it is -inf.
log_ratio = Op("log_ratio", lambda x, y: x - y if x != y or x != -math.inf else x, _log_ratio,
               lambda g, z, x, y: g,
               lambda g, z, x, y: -g,
               text="{0} - {1}",
               internal=True, tex="{0} - {1}", c="ag_log_ratio({0}, {1})")
logaddexp2 = Composite("logaddexp2", lambda x, y: logaddexp(x * LN2, y * LN2) / LN2,
                       lambda g, z, x, y: g * sigmoid(log_ratio(x, y) * LN2),
                       lambda g, z, x, y: g * sigmoid(log_ratio(y, x) * LN2),
                       tex=r"\log_2 \left(2^{{{0}}} + 2^{{{1}}}\right)", array=np.logaddexp2,
                       commutes=True)
sinc = Op("sinc", _sinc, np.sinc,
          lambda g, y, x: g * sinc_derivative(x, n=1),
          tex=r"\operatorname{{sinc}} {0}")
sinc_derivative = Op("sinc_derivative", lambda x, n: float(_sinc_derivative(x, n)), _sinc_derivative,
                     lambda g, y, x, n: g * sinc_derivative(x, n=n + 1),
                     internal=True, tex=r"\operatorname{{sinc}}^{{({n})}} {0}", params={"n": 1})
radians = Composite("radians", lambda x: x * DEGREE, lambda g, y, x: g * DEGREE,
                    tex=r"\tfrac{{\pi}}{{180}} \, {0}", array=np.radians,
                    linear=True)
degrees = Composite("degrees", lambda x: x * RADIAN, lambda g, y, x: g * RADIAN,
                    tex=r"\tfrac{{180}}{{\pi}} \, {0}", array=np.degrees,
                    linear=True)
