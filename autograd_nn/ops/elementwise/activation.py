"""Activation functions. At a kink the derivative is the one of `step`: relu'(0) = 0.

Sources of the formulas: relu, Nair & Hinton 2010; elu, Clevert et al. 2015; selu, Klambauer et
al. 2017; gelu (exact, by erf, or nearly, by tanh), Hendrycks & Gimpel 2016; silu, Elfwing et al. 2017;
mish, Misra 2019. The parameters' defaults are PyTorch's.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._bind import InOneStep, Twice
from .._composite import Composite
from .._lanes import along_axis
from .._op import Case, Op, shape_of
from ..arrays.reduction import keeping, largest, max, sum
from ..arrays.shape import reshape
from .arithmetic import clip, minimum, same, step
from .corners import multiply0
from .elementary import INV_ROOT_TAU, exp, expm1, gauss, log, logaddexp, normal_cdf, over_cosh2, sigmoid, tanh

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805     # with these selu keeps mean 0 and variance 1
WIDE = 64                                   # elements: relu compares rows this long, or longer, with a row of zeros


ROOT_8_BY_PI, CUBIC = 1.5957691216057308, 0.044715      # of gelu by tanh: x (1 + tanh(sqrt(2/pi) (x + c x^3))) / 2
SATURATED = 100.0                           # its gate is 0 or 1 beyond, and the cube does not overflow


def _gate(x: Any) -> Any:
    """(1 + tanh(z / 2)) / 2 is sigmoid(z), which keeps its digits where it is small."""
    return ROOT_8_BY_PI * x * (1 + CUBIC * x * x)


def _gate_slope(x: Any) -> Any:
    """The derivative of x sigmoid(gate)."""
    z = _gate(x)
    return sigmoid(z) * (1 + ROOT_8_BY_PI * x * (1 + 3 * CUBIC * x * x) * sigmoid(-z))


def _relu(x: Any) -> Any:
    if x.ndim and x.shape[-1] >= WIDE:
        return np.maximum(x, np.zeros(x.shape[-1:], x.dtype))    # NumPy compares rows twice as fast as with a number
    return np.maximum(x, 0)


# An op that is an expression of others is a `Composite`. For these three the expression is worse:
#   relu        maximum(x, 0.0) of -0.0 is -0.0 on floats and 0.0 on arrays, and has no rows of zeros (see _relu)
#   leaky_relu  where(step(x), x, slope * x) takes 1.3 times as long on arrays, 1.8 times on floats
#   elu         where(step(x), x, alpha * expm1(minimum(x, 0.0))) takes 1.2 times as long on arrays, 2 to 3 on floats
hard_sigmoid = Composite("hard_sigmoid", lambda x: clip(x / 6 + 0.5, 0.0, 1.0),
                         lambda g, y, x: g * step(x + 3) * step(3 - x) / 6,
                         layer="HardSigmoid", tex=r"\operatorname{{hardsigmoid}} {0}",
                         domain=((-5, 5),), kink=lambda x: (x + 3) * (x - 3),
                         steepest=1 / 6, range=(0, 1),
                         ulps=(1, 1, 0))
hard_tanh = Composite("hard_tanh", lambda x: clip(x, -1.0, 1.0),
                      lambda g, y, x: g * step(x + 1) * step(1 - x),
                      layer="HardTanh", tex=r"\operatorname{{hardtanh}} {0}",
                      kink=lambda x: (x + 1) * (x - 1),
                      steepest=1.0, range=(-1, 1),
                      ulps=(0, 0, 0))
relu = Op("relu", lambda x: x if x > 0 or x != x else 0.0, _relu,
          lambda g, y, x: g * step(x),
          layer="ReLU", tex=r"\operatorname{{relu}} {0}", c="ag_relu({0})", kink=lambda x: x,
          steepest=1.0,
          ulps=(0, 0, 0))
leaky_relu = Op("leaky_relu", lambda x, negative_slope: x if x > 0 else negative_slope * x,
                lambda x, negative_slope: np.where(x > 0, x, negative_slope * x),
                lambda g, y, x, negative_slope: g * (negative_slope + (1 - negative_slope) * step(x)),
                layer="LeakyReLU", tex=r"\operatorname{{relu}}_{{{negative_slope}}} {0}",
                c="({0} > 0 ? {0} : {negative_slope} * {0})",
                params={"negative_slope": 0.01}, kink=lambda x: x,
                steepest=1.0,
                ulps=(1, 1, 0))
elu = Op("elu", lambda x, alpha: x if x > 0 else alpha * math.expm1(x),
         lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
         lambda g, y, x, alpha: g * exp(minimum(x, 0.0)) * (alpha + (1 - alpha) * step(x)),
         layer="ELU", tex=r"\operatorname{{elu}}_{{{alpha}}} {0}", c="({0} > 0 ? {0} : {alpha} * expm1({0}))",
         params={"alpha": 1.0}, kink=lambda x: x,
         steepest=1.0,
         ulps=(4, 4, 4))
selu = Composite("selu", lambda x: SELU_SCALE * elu(x, alpha=SELU_ALPHA),
                 lambda g, y, x: g * exp(minimum(x, 0.0)) * SELU_SCALE * (SELU_ALPHA + (1 - SELU_ALPHA) * step(x)),
                 layer="SELU", tex=r"\operatorname{{selu}} {0}", kink=lambda x: x,
                 steepest=SELU_ALPHA * SELU_SCALE,
                 ulps=(4, 4, 4))
softplus = Composite("softplus", lambda x: logaddexp(x, 0.0),
                     lambda g, y, x: g * sigmoid(x),
                     layer="Softplus", tex=r"\operatorname{{softplus}} {0}",
                     steepest=1.0,
                     ulps=(4, 4, 4))
silu = Composite("silu", lambda x: x * sigmoid(x),
                 lambda g, y, x: g * sigmoid(x) * (1 + x * sigmoid(-x)),
                 layer="SiLU", tex=r"\operatorname{{silu}} {0}",
                 steepest=1.0998,
                 ulps=(4, 4, 4))
gelu_tanh = Composite("gelu_tanh", lambda x: x * sigmoid(_gate(clip(x, -SATURATED, SATURATED))),
                      lambda g, y, x: g * _gate_slope(clip(x, -SATURATED, SATURATED)),
                      written=(lambda g, y, x: g * _gate_slope(x),),
                      tex=r"\operatorname{{gelutanh}} {0}",
                      steepest=1.1290,
                      ulps=(4, 4, 4))
gelu = Composite("gelu", lambda x: x * normal_cdf(x),
                 lambda g, y, x: g * (normal_cdf(x) + x * INV_ROOT_TAU * gauss(x, scale=0.5)),
                 variants={"approximate": {"none": None, "tanh": gelu_tanh}},
                 layer="GELU", tex=r"\operatorname{{gelu}} {0}",
                 steepest=1.1290,
                 ulps=(4, 4, 4))
mish = Composite("mish", lambda x: x * tanh(softplus(x)),
                 lambda g, y, x: g * (tanh(softplus(x))
                                      + over_cosh2(x * sigmoid(x), softplus(x))),
                 layer="Mish", tex=r"\operatorname{{mish}} {0}",
                 steepest=1.0885,
                 ulps=(4, 4, 6),
                 loses="the errors of tanh, sigmoid and cosh add up")

# --- over an axis ------------------------------------------------------------------------------
# A row of -inf has no largest element: its softmax is 0 everywhere, its logsumexp -inf, and both
# have gradient 0 (a fully masked row of attention is such a row).
#
# Where the largest entry of a softmax is nearly 1, what it lacks is the sum of the others, and must not be computed as
# 1 - p: its logarithm is log1p of that sum, and a cotangent is first taken relative to the one of the largest entry.


def _shifted(x: Any, axis: Any) -> tuple[Any, Any]:
    """x - max(x) and max(x), so that no exp overflows; an infinite maximum is not subtracted."""
    top = largest(x, axis)
    if x.dtype != object:
        top = np.where(np.isfinite(top), top, x.dtype.type(0))
    return x - top, top


def _exp(x: Any) -> Any:
    return np.exp(x) if x.dtype != object else exp(x)    # NumPy's takes no float among Values


def log_total(shifted: Any, axis: Any) -> Any:
    """ln(sum(e^shifted)), where the largest is 0; where its e^0 is nearly all of the sum, by the rest of it."""
    e = _exp(shifted)
    total = np.add.reduce(e, axis=axis, keepdims=True)
    if e.dtype == object:
        return log(total)
    y = np.log(total)
    if total.size and not total.item(total.argmin()) >= 1.25:            # argmin finds a nan first; quicker than any()
        e -= np.equal(shifted, 0)
        near = (total >= 1) & (total < 1.25)
        y = np.where(near, np.log1p(np.add.reduce(e, axis=axis, keepdims=True)), y)
    return y


def _from_top(g: Any, y: Any, axis: Any) -> Any:
    """g less what it is where y is largest."""
    if 0 in shape_of(y):
        return g                                         # nothing is largest
    return g - sum(g * same(y, max(y, axis=axis, keepdims=True)), axis=axis, keepdims=True)


def _from_top_of_array(g: Any, y: Any, axis: Any) -> Any:
    if 0 in y.shape:
        return g
    if y.ndim and axis in (-1, y.ndim - 1) and y.shape == g.shape:
        at = y.argmax(-1).reshape(-1) + np.arange(0, y.size, y.shape[-1])
        return g - g.take(at).reshape(*y.shape[:-1], 1)
    return g - np.add.reduce(g * (y == largest(y, axis)), axis=axis, keepdims=True)


from_top = Twice(_from_top, _from_top_of_array)


@InOneStep
def from_probabilities(g: Any, p: Any, axis: Any) -> Any:
    """The cotangent of x, where g is that of p = softmax(x)."""
    d = from_top(g, p, axis)
    return p * (d - sum(d * p, axis=axis, keepdims=True))


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    shifted, top = _shifted(x, axis)
    with np.errstate(divide="ignore"):
        y = log_total(shifted, axis) + top
    return y if keepdims else y.reshape(keeping(x, axis, drop=True))[()]


def _softmax(x: Any, axis: Any = -1) -> Any:
    e = np.asarray(_shifted(x, axis)[0])
    if x.dtype.kind != "f":
        e = _exp(e)
        return e / np.add.reduce(e, axis=axis, keepdims=True)
    np.exp(e, out=e)
    total = np.add.reduce(e, axis=axis, keepdims=True)
    e /= np.where(total == 0, 1, total)
    return e


def _log_softmax(x: Any, axis: Any = -1) -> Any:
    shifted, _ = _shifted(x, axis)
    with np.errstate(divide="ignore", invalid="ignore"):
        y = shifted - log_total(shifted, axis)
    return np.where(np.isnan(y), -np.inf, y).astype(x.dtype) if _has_empty_row(x, axis) else y


def _has_empty_row(x: Any, axis: Any) -> bool:
    return x.dtype != object and bool((largest(x, axis) == -np.inf).any())


_ROWS: list[Case] = [(((3, 4),), {"axis": -1}), (((3, 4),), {"axis": 0}), (((2, 3, 2),), {"axis": 1})]

logsumexp = Op("logsumexp", None, _logsumexp,
               lambda g, y, x, axis, keepdims: multiply0(reshape(g, keeping(x, axis)), softmax(x, axis=axis)),
               tex=r"\ln \sum e^{{{0}}}", params={"axis": None, "keepdims": False},
               cases=[*_ROWS, (((3, 4),), {"axis": None}), (((2, 3),), {"axis": (0, 1), "keepdims": True})],
               jvps=(lambda t, y, x, axis, keepdims:
                     sum(multiply0(t, softmax(x, axis=axis)), axis=axis, keepdims=keepdims),),
               ufunc_method=np.logaddexp.reduce, lanes=along_axis)
softmax = Op("softmax", None, _softmax,
             lambda g, y, x, axis: from_probabilities(g, y, axis),
             layer="Softmax", tex=r"\operatorname{{softmax}} {0}", params={"axis": -1}, cases=_ROWS,
             range=(0, 1), jvps=(lambda t, y, x, axis: from_probabilities(t, y, axis),), lanes=along_axis)
log_softmax = Op("log_softmax", None, _log_softmax,
                 lambda g, y, x, axis: -g * expm1(y) - exp(y) * (sum(g, axis=axis, keepdims=True) - g),
                 layer="LogSoftmax", tex=r"\ln \operatorname{{softmax}} {0}", params={"axis": -1}, cases=_ROWS,
                 jvps=(lambda t, y, x, axis: -t * expm1(y) - (sum(exp(y) * t, axis=axis, keepdims=True) - exp(y) * t),),
                 lanes=along_axis)
