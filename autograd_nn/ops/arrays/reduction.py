"""Reductions: operations that combine the elements along an axis.

Each takes the arguments of NumPy's function in NumPy's order; `out=` alone is refused. Elements
that tie for the extreme share its cotangent evenly; where it is nan, all have derivative nan.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...errors import ShapeError, UsageError
from .._arguments import MOST_ELEMENTS, affordable, data_of, dtype_of, no_out
from .._function import composed
from .._lanes import along_axis, to_shape
from .._numpy_op import NumpyOp, mask_of
from .._op import Case, Op, shape_of
from ..elementwise.arithmetic import maximum, minimum, same
from ..elementwise.arithmetic import where as choose
from ..elementwise.corners import multiply0
from .shape import astype, reshape, sum_to

# The ufuncs' own reductions: np.sum and its like take several times longer to say the same.
_add: Any = np.add.reduce
_maximum: Any = np.maximum.reduce
_minimum: Any = np.minimum.reduce


# --- shapes ---------------------------------------------------------------------------------------

def keeping(x: Any, axis: Any, drop: bool = False) -> tuple[int, ...]:
    """The shape of x reduced over `axis`: with 1 in those places, or (drop) without them."""
    shape = shape_of(x)
    if axis is None:
        return () if drop else (1,) * len(shape)
    gone = axes_of(x, axis)
    if drop:
        return tuple(n for i, n in enumerate(shape) if i not in gone)
    return tuple(1 if i in gone else n for i, n in enumerate(shape))


def axes_of(x: Any, axis: Any) -> tuple[int, ...]:
    """`axis` as a tuple of axes counted from 0; None is all of them."""
    n = len(shape_of(x))
    if axis is None:
        return tuple(range(n))
    if type(axis) is int and -n <= axis < n:
        return (axis % n,)
    if n == 0 and axis in (0, -1):                       # NumPy grants a single number an axis to reduce over
        return ()
    try:
        return normalize_axis_tuple(axis, n)
    except ValueError as error:                          # NumPy says which axis is wrong, and not of what
        raise ShapeError(f"axis={axis!r} of an array of shape {shape_of(x)}: {error}") from None


def count(x: Any, axis: Any) -> int:
    """How many elements go into one element of a reduction over `axis`."""
    shape = shape_of(x)
    if axis is None:
        return math.prod(shape)
    axes = axes_of(x, axis)
    if not axes and axis != ():                          # where NumPy counts, a single number has no axis
        raise ShapeError(f"axis={axis!r} of an array of shape (): it has no axes")
    return math.prod([shape[i] for i in axes])


# --- on arrays ------------------------------------------------------------------------------------

def _sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _add(x, axis=axis, keepdims=keepdims)


def _mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    n = count(x, axis)
    if not n:                                            # NumPy's nan, with its warnings
        return np.mean(x, axis=axis, keepdims=keepdims)
    if type(x) is np.ndarray and x.dtype.char == "e":    # as NumPy does it: a sum in float16 soon overflows
        return (_add(x, axis=axis, keepdims=keepdims, dtype=np.float32) / n).astype(np.float16)
    return _add(x, axis=axis, keepdims=keepdims) / n


def largest(x: Any, axis: Any) -> Any:
    """max(x) over an axis that is kept, of nothing -inf; over the last one by argmax, at which NumPy is quicker."""
    if not x.size and not count(x, axis):
        return _maximum(x if x.dtype.kind == "f" else x.astype(float), axis=axis, keepdims=True, initial=-np.inf)
    if axis not in (-1, x.ndim - 1) or not x.ndim or not x.size or x.dtype == object or not x.flags.c_contiguous:
        return _maximum(x, axis=axis, keepdims=True)
    return x.take(x.argmax(-1).reshape(-1) + np.arange(0, x.size, x.shape[-1])).reshape(*x.shape[:-1], 1)


def _max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _maximum(x, axis=axis, keepdims=keepdims)


def _min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _minimum(x, axis=axis, keepdims=keepdims)


def _spread(x: Any, shape: tuple[int, ...], kept: tuple[int, ...]) -> Any:
    if math.prod(shape) >= MOST_ELEMENTS:
        affordable("spread", *shape)
    y = np.empty(shape, x.dtype)                         # np.broadcast_to takes six times as long for small arrays
    if x.ndim:
        y[...] = x.reshape(kept)
    else:
        y.fill(x)
    return y


# --- NumPy's other arguments ------------------------------------------------------------------------

def prepared(name: str, a: Any, dtype: Any, out: Any, where: Any, fill: float) -> Any:
    """a in the dtype in which to compute, and with `fill` where the mask says False."""
    if dtype is None and out is None and where is True:
        return a
    no_out(name, out)
    if dtype is not None and np.dtype(dtype) != dtype_of(a):
        a = astype(a, np.dtype(dtype))
    return a if where is True else choose(mask_of(name, a, where), a, fill)


def _sum_form(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
              initial: Any = 0, where: Any = True) -> Any:
    y = sum(prepared("sum", a, dtype, out, where, 0.0), axis=axis, keepdims=keepdims)
    return y if initial is None or (type(initial) is int and initial == 0) else y + initial


def _mean_form(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, *,
               where: Any = True) -> Any:
    x = prepared("mean", a, dtype, out, where, 0.0)
    if where is True:
        return mean(x, axis=axis, keepdims=keepdims)
    n = counted("mean", x, axis, where, keepdims)
    if dtype_of(x) == np.float16:
        return astype(sum(astype(x, np.float32), axis=axis, keepdims=keepdims) / n, np.float16)
    return sum(x, axis=axis, keepdims=keepdims) / n


def counted(name: str, x: Any, axis: Any, where: Any, keepdims: bool) -> Any:
    """How many elements the mask lets into each element of a reduction, in x's dtype."""
    n = _add(mask_of(name, x, where), axis=axes_of(x, axis), keepdims=keepdims, dtype=np.intp)
    return np.asarray(n).astype(np.float32 if dtype_of(x) == np.float16 else dtype_of(x))


def _max_form(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, initial: Any = None,
              where: Any = True) -> Any:
    return _extreme("max", max, maximum, -math.inf, a, axis, out, keepdims, initial, where)


def _min_form(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, initial: Any = None,
              where: Any = True) -> Any:
    return _extreme("min", min, minimum, math.inf, a, axis, out, keepdims, initial, where)


def _extreme(name: str, reduced: Op, either: Op, least: float, a: Any, axis: Any, out: Any, keepdims: bool,
             initial: Any, where: Any) -> Any:
    x = prepared(name, a, None, out, where, least)
    if initial is None:
        if where is not True:
            raise UsageError(f"{name}: where= needs initial=, which stands where the mask leaves nothing\n"
                             f"  help: initial={least}")
        return reduced(x, axis=axis, keepdims=keepdims)
    if 0 in shape_of(x) and count(x, axis) == 0:
        return sum(x, axis=axis, keepdims=keepdims) + initial
    return either(reduced(x, axis=axis, keepdims=keepdims), initial)


# --- what the rules need --------------------------------------------------------------------------

def shared(g: Any, y: Any, x: Any, axis: Any) -> Any:
    """g, in equal parts to the elements of x that equal y; nan to all of them where y is nan. The axes are kept."""
    equal = same(x, y)
    return multiply0(g, equal / sum(equal, axis=axis, keepdims=True))


def shared_back(g: Any, y: Any, x: Any, axis: Any) -> Any:
    """The cotangent of x, of which y is an extreme."""
    whole = keeping(x, axis)
    return shared(reshape(g, whole), reshape(y, whole), x, axis)


def _shared_on(t: Any, y: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """The tangent of an extreme: the mean over those that tie, and nan where there is none but nan."""
    equal = data_of(x) == data_of(y).reshape(keeping(x, axis))
    n = _add(equal, axis=axis, keepdims=keepdims, dtype=dtype_of(x))
    if not n.all():
        n = np.where(n, n, n.dtype.type(np.nan))
    return sum(choose(equal, t, 0.0), axis=axis, keepdims=keepdims) / n


AXIS: dict[str, Any] = {"axis": None, "keepdims": False}
CASES: list[Case] = [(((2, 3),), {}), (((2, 3),), {"axis": 0}), (((2, 3, 2),), {"axis": (0, -1), "keepdims": True}),
                     (((3, 3),), {"axis": 1}), (((3,),), {"axis": -1})]
spread = Op("spread", None, _spread,
            lambda g, y, x, shape, kept: reshape(sum_to(g, kept), shape_of(x)),
            internal=True, tex=r"\operatorname{{spread}} {0}", params={"shape": (), "kept": ()},
            cases=[(((3,),), {"shape": (2, 3), "kept": (1, 3)}), (((2,),), {"shape": (2, 3), "kept": (2, 1)})],
            linear=True, lanes=to_shape("shape", "kept"))
sum = NumpyOp("sum", None, _sum,
              lambda g, y, x, axis, keepdims: spread(g, shape=shape_of(x), kept=keeping(x, axis)),
              tex=r"\sum {0}", symbol="Σ", params=AXIS, cases=CASES, numpy=np.sum, form=_sum_form,
              linear=True, ufunc_method=np.add.reduce, lanes=along_axis)
mean = NumpyOp("mean", None, _mean,
               lambda g, y, x, axis, keepdims:
                   spread(g / count(x, axis), shape=shape_of(x), kept=keeping(x, axis)),
               tex=r"\operatorname{{mean}} {0}", params=AXIS, cases=CASES, numpy=np.mean, form=_mean_form,
               linear=True, lanes=along_axis)
max = NumpyOp("max", None, _max,
              lambda g, y, x, axis, keepdims: shared_back(g, y, x, axis),
              tex=r"\max {0}", params=AXIS, cases=CASES, numpy=np.max, form=_max_form,
              jvps=(lambda t, y, x, axis, keepdims: _shared_on(t, y, x, axis, keepdims),),
              ufunc_method=np.maximum.reduce, lanes=along_axis)
min = NumpyOp("min", None, _min,
              lambda g, y, x, axis, keepdims: shared_back(g, y, x, axis),
              tex=r"\min {0}", params=AXIS, cases=CASES, numpy=np.min, form=_min_form,
              jvps=(lambda t, y, x, axis, keepdims: _shared_on(t, y, x, axis, keepdims),),
              ufunc_method=np.minimum.reduce, lanes=along_axis)


@composed(np.ptp, cases=[(((2, 3),), {}), (((2, 3),), {"axis": 1, "keepdims": True})])
def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    """Peak to peak: the largest element less the smallest.

    >>> ptp([1.0, 4.0, 2.0]).item()
    3.0
    """
    no_out("ptp", out)
    return max(a, axis=axis, keepdims=keepdims) - min(a, axis=axis, keepdims=keepdims)


def power_root(total: Any, x: Any, p: float, axis: Any) -> Any:
    """The p-th root of total = sum |x|**p; where the powers left the range of numbers, of scaled ones.

    So where NumPy's value is right, this one has its bits.
    """
    def root(powers: Any) -> Any:
        return np.sqrt(powers) if p == 2 else powers ** np.reciprocal(p, dtype=x.dtype)
    if x.dtype == object:                                # Values, each an op of its own
        return np.sqrt(total) if p == 2 else total ** (1 / p)
    info = np.finfo(x.dtype)
    inside = (total >= info.tiny) & (total <= info.max)
    found = root(total)
    if inside.all():                                     # the method: np.all takes ten times as long for one number
        return found
    size = np.absolute(x)
    scale = np.maximum.reduce(size, axis=axis, keepdims=True, initial=0) if p > 0 else \
        np.minimum.reduce(size, axis=axis, keepdims=True, initial=np.inf)
    known = np.isfinite(scale) & (scale > 0)
    scale = np.ldexp(x.dtype.type(1), np.frexp(np.where(known, scale, 1))[1] - 1)      # a power of 2: exact
    again = scale * root(np.add.reduce((size / scale) ** p, axis=axis, keepdims=True))
    shape = np.shape(total)
    return np.where(inside | ~known.reshape(shape), found, again.reshape(shape))[()]
