"""Numbers spaced evenly, or in equal ratios, between two ends that may be in the graph."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...errors import DTypeError, ShapeError
from .._arguments import affordable, as_array, data_of, dtype_of, size_of
from .._function import composed
from .._op import shape_of
from ..arrays.indexing import getitem
from ..arrays.joining import concatenate
from ..arrays.shape import astype, broadcast_to, moveaxis, reshape
from ..elementwise.arithmetic import power
from ..elementwise.elementary import log10


@composed(np.linspace, cases=[(((), ()), {"num": 5}), (((3,), ()), {"num": 4, "axis": -1}), (((), ()), {"num": 1}),
                              (((), (2,)), {"num": 3, "endpoint": False, "retstep": True})])
def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None,
             axis: int = 0, *, device: Any = None) -> Any:
    """`num` numbers from start to stop in equal steps, along a new axis; without stop itself if not `endpoint`.

    >>> linspace(1.0, 2.0, 5).tolist()
    [1.0, 1.25, 1.5, 1.75, 2.0]
    """
    num = operator.index(num)
    if num < 0:
        raise ShapeError(f"linspace: num={num}; the number of samples is 0 or more")
    start, stop = as_array(start), as_array(stop)
    affordable("linspace", num, max(size_of(start), size_of(stop)))
    n = num - 1 if endpoint else num
    delta = stop - start
    places = np.arange(num, dtype=_dtype(start, stop)).reshape(-1, *[1] * len(shape_of(delta)))
    step = delta / n if n > 0 else np.nan
    if n <= 0:
        y = places * delta
    elif np.any(data_of(step) == 0):                     # it may have underflowed
        y = places / n * delta
    else:
        y = places * step
    y = y + start
    if endpoint and num > 1:
        y = _with_end(y, -1, stop)
    y = _finished(y, dtype, axis)
    return (y, step) if retstep else y


@composed(np.logspace, cases=[(((), ()), {"num": 4}), (((3,), ()), {"num": 3, "base": 2.0, "axis": 1})])
def logspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None,
             axis: int = 0) -> Any:
    """Powers of the base, whose exponents are linspace(start, stop, ...).

    >>> logspace(0.0, 2.0, 3).tolist()
    [1.0, 10.0, 100.0]
    """
    base, exponents = as_array(base), linspace(start, stop, num, endpoint)
    rest = shape_of(exponents)[1:]
    more = max(len(shape_of(base)) - len(rest), 0)       # axes that an array of bases has before
    exponents = reshape(exponents, (num, *[1] * more, *rest)) if more else exponents
    return _finished(power(base, exponents), dtype, axis)


@composed(np.geomspace, cases=[(((), ()), {"num": 4}), (((3,), ()), {"num": 3, "axis": -1})])
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """`num` numbers from start to stop, each the same multiple of the one before it; the ends have one sign.

    >>> geomspace(1.0, 8.0, 4).round(12).tolist()
    [1.0, 2.0, 4.0, 8.0]
    """
    start, stop = as_array(start), as_array(stop)
    if not (np.all(data_of(start)) and np.all(data_of(stop))):
        raise ShapeError("geomspace: a geometric sequence cannot include 0")
    sign = np.sign(np.asarray(data_of(start)) * 1.0)
    first, last = start / sign, stop / sign
    y = logspace(log10(first), log10(last), num, endpoint)
    if num > 0:
        y = _with_end(y, 0, first)
    if endpoint and num > 1:
        y = _with_end(y, -1, last)
    return _finished(y * sign, dtype, axis)


def _dtype(*ends: Any) -> Any:
    """The dtype of floating point numbers that holds both ends."""
    kinds = [x if type(x) in (int, float) else dtype_of(x) for x in ends]
    return np.result_type(*kinds, *[0.0] * (np.result_type(*kinds).kind != "f"))


def _with_end(y: Any, place: int, x: Any) -> Any:
    """y with x in the first (0) or last (-1) place of axis 0: what was computed there has been rounded."""
    row = broadcast_to(astype(reshape(x, (1, *shape_of(x))), dtype_of(y)), (1, *shape_of(y)[1:]))
    return concatenate([row, getitem(y, slice(1, None))] if place == 0 else [getitem(y, slice(None, -1)), row])


def _finished(y: Any, dtype: Any, axis: int) -> Any:
    """y with its axis 0 moved to its place, in the dtype asked for."""
    if dtype is not None and np.dtype(dtype).kind != "f":
        raise DTypeError(f"dtype={np.dtype(dtype)} has no derivative\n  help: one of floating point numbers")
    y = moveaxis(y, 0, axis) if axis != 0 else y
    return y if dtype is None else astype(y, dtype)
