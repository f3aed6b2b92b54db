"""Statistics along an axis: variance, median, averages, counts."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ...errors import ShapeError, UsageError
from .._arguments import affordable, as_array, dtype_of, no_out
from .._carriers import is_plain
from .._function import composed
from .._lanes import Lanes, OfEachLane, along_axis, axes_in, repeated, with_own_params
from .._numpy_op import NumpyOp, mask_of
from .._op import Case, Op, shape_of
from ..elementwise.arithmetic import square
from ..elementwise.arithmetic import where as choose
from ..elementwise.corners import scale0
from .indexing import scatter
from .reduction import axes_of, count, counted, keeping, max, mean, min, power_root, shared, sum
from .shape import astype, broadcast_to, reshape, transpose

_add: Any = np.add.reduce
_average: Any = np.average


def _var(x: Any, axis: Any = None, keepdims: bool = False, ddof: float = 0) -> Any:
    if x.dtype.char == "e":
        return _var(x.astype(np.float32), axis, keepdims, ddof).astype(np.float16)
    n = count(x, axis)
    if not n:                                            # NumPy's nan, with its warnings
        return np.var(x, axis=axis, keepdims=keepdims, ddof=ddof)
    centred = x - _add(x, axis=axis, keepdims=True) / n
    return _add(centred * centred, axis=axis, keepdims=keepdims) / (n - ddof if n > ddof else 0)


def _std(x: Any, axis: Any = None, keepdims: bool = False, ddof: float = 0) -> Any:
    if x.dtype.char == "e":
        return _std(x.astype(np.float32), axis, keepdims, ddof).astype(np.float16)
    n = count(x, axis)
    if not n:
        return np.std(x, axis=axis, keepdims=keepdims, ddof=ddof)
    centred = x - _add(x, axis=axis, keepdims=True) / n
    return _root_mean_square(centred, n - ddof if n > ddof else 0, axis, keepdims)


@np.errstate(over="ignore", under="ignore")
def _root_mean_square(x: Any, n: Any = 1, axis: Any = None, keepdims: bool = False) -> Any:
    n = np.asarray(n, x.dtype) if np.ndim(n) else n
    mean = _add(x * x, axis=axis, keepdims=keepdims) / n
    if x.dtype == object:                                # Values
        return power_root(mean, x, 2, axis)
    kept = np.reshape(n, keeping(x, axis)) if np.ndim(n) else n
    return power_root(mean, x / np.sqrt(kept, dtype=x.dtype), 2, axis)


def _freedom(x: Any, axis: Any, ddof: float) -> float:
    """The number of elements less ddof, and not below 0."""
    return float(np.maximum(count(x, axis) - ddof, 0))


def _centred(x: Any, axis: Any) -> Any:
    """x less its mean, and less the mean of what is left: the first one is rounded as x is, not as what is left."""
    x = x - mean(x, axis=axis, keepdims=True)
    return x - mean(x, axis=axis, keepdims=True)


def _var_form(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: bool = False,
              *, where: Any = True, mean: Any = None, correction: float | None = None) -> Any:
    return _spread_form("var", var, a, axis, dtype, out, ddof, keepdims, where, mean, correction)


def _std_form(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: bool = False,
              *, where: Any = True, mean: Any = None, correction: float | None = None) -> Any:
    return _spread_form("std", std, a, axis, dtype, out, ddof, keepdims, where, mean, correction)


def _spread_form(name: str, op: Op, a: Any, axis: Any, dtype: Any, out: Any, ddof: float, keepdims: bool,
                 where: Any, centre: Any, correction: float | None) -> Any:
    no_out(name, out)
    if correction is not None:
        if ddof != 0:
            raise UsageError(f"{name}: ddof and correction are two names of one number; give one of them")
        ddof = correction
    if dtype is not None and np.dtype(dtype) != dtype_of(a):
        a = astype(a, np.dtype(dtype))
    if where is True and centre is None:
        return op(a, axis=axis, keepdims=keepdims, ddof=ddof)
    if dtype_of(a) == np.float16:                        # as NumPy does it: computed in float32
        wide = astype(a, np.float32)
        return astype(_spread_form(name, op, wide, axis, None, None, ddof, keepdims, where, centre, None), np.float16)
    centre = mean(a, axis=axis, keepdims=True, where=where) if centre is None else centre
    n = _freedom(a, axis, ddof) if where is True else np.maximum(counted(name, a, axis, where, keepdims) - ddof, 0)
    if op is var:
        return sum(square(a - centre), axis=axis, keepdims=keepdims, where=where) / n
    off = a - centre if where is True else choose(mask_of(name, a, where), a - centre, 0.0)
    return root_mean_square(off, n=n, axis=axis, keepdims=keepdims)


def _root_back(g: Any, y: Any, x: Any, n: Any, axis: Any) -> Any:
    """The cotangent of x in y = sqrt(sum x**2 / n)."""
    whole = keeping(x, axis)
    return _by_root(reshape(g, whole), reshape(y, whole), x, n, axis)


def _root_on(t: Any, y: Any, x: Any, n: Any, axis: Any, keepdims: bool) -> Any:
    """The tangent of y = sqrt(sum x**2 / n)."""
    return sum(_by_root(t, reshape(y, keeping(x, axis)), x, n, axis), axis=axis, keepdims=keepdims)


def _by_root(g: Any, y: Any, x: Any, n: Any, axis: Any) -> Any:
    """g x / (n y), of y with its axes kept."""
    n = np.reshape(n, keeping(x, axis)).astype(dtype_of(x)) if np.ndim(n) else float(n)
    return scale0(g / n, x, y)


@with_own_params
def _root_in_lanes(op: Op, lanes: Lanes) -> Any:
    n = lanes.params["n"]
    if isinstance(n, OfEachLane) or np.ndim(n):
        n = n.array if isinstance(n, OfEachLane) else repeated(n, lanes.size)
    axis = axes_in(op, lanes.params["axis"], lanes.ndim(0))
    return op(lanes.full(0), n=n, axis=axis, keepdims=lanes.params["keepdims"])


_AXIS: dict[str, Any] = {"axis": None, "keepdims": False}
_CASES: list[Case] = [(((2, 3),), {}), (((2, 3),), {"axis": 0}), (((2, 3, 2),), {"axis": (0, -1), "keepdims": True}),
                      (((3, 3),), {"axis": 1}), (((3,),), {"axis": -1}), (((2, 4),), {"axis": 1, "ddof": 1})]

var = NumpyOp("var", None, _var,
              lambda g, y, x, axis, keepdims, ddof:
                  reshape(2 * g / _freedom(x, axis, ddof), keeping(x, axis)) * _centred(x, axis),
              tex=r"\operatorname{{var}} {0}", params={**_AXIS, "ddof": 0}, cases=_CASES, numpy=np.var, form=_var_form,
              jvps=(lambda t, y, x, axis, keepdims, ddof:
                    sum(2 * t * _centred(x, axis), axis=axis, keepdims=keepdims) / _freedom(x, axis, ddof),),
              lanes=along_axis)
root_mean_square = Op("root_mean_square", None, _root_mean_square,         # n: how many the squares are divided by
                      lambda g, y, x, n, axis, keepdims: _root_back(g, y, x, n, axis),
                      tex=r"\operatorname{{rms}} {0}", symbol="rms", internal=True, params={"n": 1, **_AXIS},
                      cases=[(((2, 3),), {"n": 6}), (((2, 3),), {"n": np.array([2.0, 3.0]), "axis": 1}),
                             (((2, 3, 2),), {"n": 3, "axis": (0, -1), "keepdims": True})],
                      jvps=(lambda t, y, x, n, axis, keepdims: _root_on(t, y, x, n, axis, keepdims),),
                      lanes=_root_in_lanes)
# The derivative of std at a constant array is stated as 0 (it has none: the graph is a cone there).
std = NumpyOp("std", None, _std,
              lambda g, y, x, axis, keepdims, ddof:
                  _root_back(g, y, _centred(x, axis), _freedom(x, axis, ddof), axis),
              tex=r"\operatorname{{std}} {0}", params={**_AXIS, "ddof": 0}, cases=_CASES, numpy=np.std, form=_std_form,
              jvps=(lambda t, y, x, axis, keepdims, ddof:
                    _root_on(t, y, _centred(x, axis), _freedom(x, axis, ddof), axis, keepdims),), lanes=along_axis)


def _median(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.median(x, axis=axis, keepdims=keepdims)


def _median_form(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
                 keepdims: bool = False) -> Any:
    no_out("median", out)
    return median(a, axis=axis, keepdims=keepdims)


def _to_middle(g: Any, y: Any, x: Any, axis: Any) -> Any:
    """Half of g to the largest element that is not above the median y, half to the smallest that is not below.

    The axes are kept.
    """
    low = max(choose(x <= y, x, -math.inf), axis=axis, keepdims=True)
    high = min(choose(x >= y, x, math.inf), axis=axis, keepdims=True)
    return shared(g / 2, low, x, axis) + shared(g / 2, high, x, axis)


def _middle_back(g: Any, y: Any, x: Any, axis: Any) -> Any:
    whole = keeping(x, axis)
    return _to_middle(reshape(g, whole), reshape(y, whole), x, axis) if count(x, axis) else x


def _middle_on(t: Any, y: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    halves = _to_middle(t, reshape(y, keeping(x, axis)), x, axis) if count(x, axis) else x
    return sum(halves, axis=axis, keepdims=keepdims)


# Elements that tie for the middle share; of an even number the two middle ones have a half each.
median = NumpyOp("median", None, _median,
                 lambda g, y, x, axis, keepdims: _middle_back(g, y, x, axis),
                 tex=r"\operatorname{{median}} {0}", params=_AXIS, method=False,
                 cases=[*_CASES[:5], (((4,),), {}), (((3, 4),), {"axis": (0, 1), "keepdims": True})],
                 numpy=np.median, form=_median_form,
                 jvps=(lambda t, y, x, axis, keepdims: _middle_on(t, y, x, axis, keepdims),), lanes=along_axis)


@composed(np.average, cases=[(((2, 3),), {}), (((2, 3),), {"axis": 1, "weights": np.array([1, 2, 4], np.float16)}),
                             (((2, 3),), {"weights": np.array([[1, 2, 4], [3, 2, 1]], np.float16), "keepdims": True}),
                             (((2, 3, 2),), {"axis": (2, 0), "weights": np.array([[1, 2], [5, 3]], np.float16)}),
                             (((2, 3),), {"axis": 0, "returned": True})])
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    """The mean of a, or its weighted mean: sum(a w) / sum(w), which has a derivative by the weights too.

    The weights have a's shape, or the shape of the axes alone. With `returned` also the sums of weights.

    >>> average(np.array([1.0, 4.0]), weights=np.array([2.0, 1.0])).item()
    2.0
    """
    if is_plain(a) and is_plain(weights):
        return _average(a, axis=axis, weights=weights, returned=returned, keepdims=keepdims)
    a = as_array(a)
    if weights is None:
        y = mean(a, axis=axis, keepdims=keepdims)
        total = np.full(shape_of(y), count(a, axis), dtype=dtype_of(a))
        return (y, total) if returned else y
    w = _as_weights(a, axis, as_array(weights))
    total = sum(w, axis=axis, keepdims=keepdims)
    if np.any(total == 0):
        raise UsageError("average: the weights sum to 0, so there is nothing to divide by")
    y = sum(a * w, axis=axis, keepdims=keepdims) / total
    return (y, broadcast_to(total, shape_of(y))) if returned else y


def _as_weights(a: Any, axis: Any, w: Any) -> Any:
    """The weights in a's shape."""
    shape = shape_of(a)
    if shape_of(w) == shape:
        return w
    if axis is None:
        raise ShapeError(f"average: weights of shape {shape_of(w)} for an array of shape {shape} need axis=")
    axes = axes_of(a, axis)
    if shape_of(w) != tuple(shape[i] for i in axes):
        raise ShapeError(f"average: weights of shape {shape_of(w)} fit neither an array of shape {shape} "
                         f"nor its axes {axes}")
    w = transpose(w, tuple(int(i) for i in np.argsort(axes)))
    return broadcast_to(reshape(w, tuple(n if i in axes else 1 for i, n in enumerate(shape))), shape)


@composed(np.bincount)
def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each whole number occurs in x; with weights, the sum of those that belong to it, in float64.

    >>> bincount(np.array([0, 2, 2]), np.array([1.0, 2.0, 3.0])).tolist()
    [1.0, 0.0, 5.0]
    """
    if np.size(x):
        affordable("bincount", operator.index(np.max(np.asarray(x))) + 1)
    affordable("bincount", operator.index(minlength))
    if is_plain(x) and is_plain(weights):
        return np.bincount(x, weights, minlength)
    places = np.asarray(x)
    n = len(np.bincount(places, minlength=minlength))
    if shape_of(weights) != places.shape:
        raise ShapeError(f"bincount: weights of shape {shape_of(weights)} for numbers of shape {places.shape}")
    return scatter(astype(weights, np.float64) if dtype_of(weights) != np.float64 else weights, places, (n,))
