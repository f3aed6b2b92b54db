"""Reductions: operations that combine the elements along an axis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ._op import Case, Op, shape_of
from .arithmetic import same, where
from .shaping import broadcast_to, flip, moveaxis, reshape

# The ufuncs' own reductions: np.sum and its like take several times longer to say the same.
_add: Any = np.add.reduce
_multiply: Any = np.multiply.reduce
_maximum: Any = np.maximum.reduce
_minimum: Any = np.minimum.reduce


def keeping(x: Any, axis: Any, drop: bool = False) -> tuple[int, ...]:
    """The shape of x reduced over `axis`: with 1 in those places, or (drop) without them."""
    shape = shape_of(x)
    gone = axes_of(x, axis)
    if drop:
        return tuple(n for i, n in enumerate(shape) if i not in gone)
    return tuple(1 if i in gone else n for i, n in enumerate(shape))


def axes_of(x: Any, axis: Any) -> tuple[int, ...]:
    """`axis` as a tuple of axes counted from 0; None is all of them."""
    return tuple(range(len(shape_of(x)))) if axis is None else normalize_axis_tuple(axis, len(shape_of(x)))


def count(x: Any, axis: Any) -> int:
    """How many elements go into one element of a reduction over `axis`."""
    return math.prod(shape_of(x)[i] for i in axes_of(x, axis))


def _sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _add(x, axis=axis, keepdims=keepdims)


def _mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _add(x, axis=axis, keepdims=keepdims) / count(x, axis)


def _max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _maximum(x, axis=axis, keepdims=keepdims)


def _min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _minimum(x, axis=axis, keepdims=keepdims)


def _prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _multiply(x, axis=axis, keepdims=keepdims)


def _var(x: Any, axis: Any = None, keepdims: bool = False, ddof: int = 0) -> Any:
    centred = x - _mean(x, axis, True)
    return _sum(centred * centred, axis, keepdims) / (count(x, axis) - ddof)


def _std(x: Any, axis: Any = None, keepdims: bool = False, ddof: int = 0) -> Any:
    return np.sqrt(_var(x, axis, keepdims, ddof))


def _cumsum(x: Any, axis: int | None = None) -> Any:
    return np.cumsum(x, axis=axis)


def _shared(g: Any, y: Any, x: Any, axis: Any) -> Any:
    """g, in equal parts to the elements of x that are the extreme y."""
    extreme = same(x, reshape(y, keeping(x, axis)))
    return extreme * (reshape(g, keeping(x, axis)) / sum(extreme, axis=axis, keepdims=True))


def _of_others(y: Any, x: Any, axis: Any) -> Any:
    """For each element of x the product of the others along `axis`, given the whole product y.

    That is y / x; where an element is 0, the product of the others taken directly.
    """
    if not (x == 0).any():
        return reshape(y, keeping(x, axis)) / x
    axes = axes_of(x, axis)
    last = tuple(range(-len(axes), 0))
    shape, n = shape_of(x), count(x, axis)
    rest = keeping(x, axis, drop=True)
    rows = reshape(moveaxis(x, source=axes, destination=last), (*rest, 1, n))
    others = prod(where(np.eye(n, dtype=bool), 1.0, rows), axis=-1)
    others = reshape(others, rest + tuple(shape[i] for i in axes))
    return moveaxis(others, source=last, destination=axes)


def _sum_from_end(g: Any, x: Any, axis: int | None) -> Any:
    """The adjoint of cumsum: for each element the sum of g from there on."""
    if axis is None:
        return reshape(flip(cumsum(flip(g, axis=0), axis=0), axis=0), shape_of(x))
    return flip(cumsum(flip(g, axis=axis), axis=axis), axis=axis)


_AXIS: dict[str, Any] = {"axis": None, "keepdims": False}
_CASES: list[Case] = [(((2, 3),), {}), (((2, 3),), {"axis": 0}), (((2, 3, 2),), {"axis": (0, -1), "keepdims": True}),
          (((3, 3),), {"axis": 1}), (((3,),), {"axis": -1})]

sum = Op("sum", None, _sum,
         lambda g, y, x, axis, keepdims: broadcast_to(reshape(g, keeping(x, axis)), shape_of(x)),
         tex=r"\sum {0}", symbol="Σ", params=_AXIS, cases=_CASES)
mean = Op("mean", None, _mean,
          lambda g, y, x, axis, keepdims:
              broadcast_to(reshape(g, keeping(x, axis)) / count(x, axis), shape_of(x)),
          tex=r"\operatorname{{mean}} {0}", params=_AXIS, cases=_CASES)
max = Op("max", None, _max,
         lambda g, y, x, axis, keepdims: _shared(g, y, x, axis),
         tex=r"\max {0}", params=_AXIS, cases=_CASES)
min = Op("min", None, _min,
         lambda g, y, x, axis, keepdims: _shared(g, y, x, axis),
         tex=r"\min {0}", params=_AXIS, cases=_CASES)
prod = Op("prod", None, _prod,
          lambda g, y, x, axis, keepdims: reshape(g, keeping(x, axis)) * _of_others(y, x, axis),
          tex=r"\prod {0}", symbol="Π", params=_AXIS, cases=_CASES)
var = Op("var", None, _var,
         lambda g, y, x, axis, keepdims, ddof:
             reshape(g, keeping(x, axis)) * (x - mean(x, axis=axis, keepdims=True)) * (2 / (count(x, axis) - ddof)),
         tex=r"\operatorname{{var}} {0}", params={**_AXIS, "ddof": 0},
         cases=[*_CASES, (((2, 4),), {"axis": 1, "ddof": 1})])
# The derivative of std at a constant array is stated as 0 (it has none: the graph is a cone there).
std = Op("std", None, _std,
         lambda g, y, x, axis, keepdims, ddof:
             reshape(g / where(y, y, 1.0), keeping(x, axis))
             * (x - mean(x, axis=axis, keepdims=True)) / (count(x, axis) - ddof),
         tex=r"\operatorname{{std}} {0}", params={**_AXIS, "ddof": 0},
         cases=[*_CASES, (((2, 4),), {"axis": 1, "ddof": 1})])
cumsum = Op("cumsum", None, _cumsum,
            lambda g, y, x, axis: _sum_from_end(g, x, axis),
            tex=r"\operatorname{{cumsum}} {0}", params={"axis": None},
            cases=[(((2, 3),), {}), (((2, 3),), {"axis": 1}), (((4,),), {"axis": 0})])
