"""Sorting. Which element goes where is a fact about the data; the elements keep their derivatives.

Among equal elements the one that stands first stays first, and takes the derivative of its place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ShapeError, UsageError
from .._arguments import along, as_array, axis_of, data_of, numpys_errors
from .._function import composed
from .._op import shape_of
from ..numpy.facts import answer
from .indexing import take_along_axis
from .shape import reshape


def no_fields(name: str, order: Any) -> None:
    """Refuse `order=`, which sorts by the fields of a structured array."""
    if order is not None:
        raise UsageError(f"{name}: order= names fields, and these arrays have none")


def _on_axis(name: str, a: Any, axis: int | None) -> tuple[Any, int]:
    """a and an axis of it; all its elements in one row for None."""
    a = as_array(a)
    return (reshape(a, -1), 0) if axis is None else (a, axis_of(name, a, axis))


@composed(np.sort, method=True, cases=[(((3, 4),), {}), (((3, 4),), {"axis": 0}), (((3, 4),), {"axis": None}),
                                       (((2, 3, 2),), {"axis": 1, "kind": "mergesort"})])
def sort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """The elements of a in rising order along an axis (None: all of them in one row).

    A new array, also as a method: `t.sort()` leaves t as it is. The sort is always stable, so
    `kind` and `stable` make no difference.

    >>> sort([3.0, 1.0, 2.0]).tolist()
    [1.0, 2.0, 3.0]
    """
    no_fields("sort", order)
    a, axis = _on_axis("sort", a, axis)
    return take_along_axis(a, np.argsort(data_of(a), axis=axis, kind="stable"), axis)


@composed(np.partition, method=True, cases=[(((7,),), {"kth": 3}), (((3, 4),), {"kth": (1, 2), "axis": 0})])
def partition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None) -> Any:
    """The elements of a so arranged that element kth is where sort puts it, smaller ones before it.

    A new array, also as a method.

    >>> partition([3.0, 1.0, 2.0], 0).tolist()[0]
    1.0
    """
    no_fields("partition", order)
    a, axis = _on_axis("partition", a, axis)
    with numpys_errors("partition", a):
        return take_along_axis(a, np.argpartition(data_of(a), kth, axis=axis), axis)


@composed()
def top_k(x: Any, k: int, axis: int = -1) -> tuple[Any, Any]:
    """The k largest elements along an axis, largest first, and their indices (integers).

    Equal elements come in the order in which they stand; a nan comes last.

    >>> values, indices = top_k([1.0, 3.0, 2.0], 2)
    >>> values.tolist(), indices.tolist()
    ([3.0, 2.0], [1, 2])
    """
    x = as_array(x)
    axis = axis_of("top_k", x, axis)
    if not 0 <= k <= shape_of(x)[axis]:
        raise ShapeError(f"top_k: axis {axis} of an array of shape {shape_of(x)} has no {k} elements")
    first = np.argsort(-data_of(x), axis=axis, kind="stable")[along(axis, slice(k))]
    return take_along_axis(x, first, axis), first


# --- where the elements go: plain answers, with no derivative ------------------------------------------

@composed(np.argsort, method=True, order=0, cases=[(((3, 4),), {}), (((3, 4),), {"axis": None})])
def argsort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """The indices that sort a along an axis (the sort is stable)."""
    no_fields("argsort", order)
    return answer(np.argsort, a, axis=axis, kind="stable")


@composed(np.argpartition, method=True, order=0, cases=[(((7,),), {"kth": 3})])
def argpartition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None) -> Any:
    """The indices that partition a along an axis."""
    no_fields("argpartition", order)
    return answer(np.argpartition, a, kth, axis=axis)


@composed(np.lexsort, listed=True, order=0)
def lexsort(keys: Any, axis: int = -1) -> Any:
    """The indices that sort by several keys, the last one first."""
    return answer(np.lexsort, keys, axis=axis)


@composed(np.searchsorted, method=True, order=0, cases=[(((4,), (2, 3)), {"side": "right", "sorter": [2, 0, 1, 3]})])
def searchsorted(a: Any, v: Any, side: Any = "left", sorter: Any = None) -> Any:
    """Where in the sorted a the elements of v would go."""
    return answer(np.searchsorted, a, v, side=side, sorter=sorter)


@composed(np.unique, order=0, cases=[(((2, 3),), {}), (((2, 3),), {"return_index": True, "return_counts": True})])
def unique(ar: Any, *args: Any, **options: Any) -> Any:
    """The different elements of the data of ar, sorted; the options are `numpy.unique`'s. A plain array."""
    return answer(np.unique, ar, *args, **options)
