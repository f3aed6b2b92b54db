"""Indexing: picking elements, and its adjoint, putting them back with accumulation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._op import Op, shape_of
from .shaping import reshape


def _getitem(x: Any, index: Any = ()) -> Any:
    return x[index]


def _scatter(g: Any, index: Any = (), shape: tuple[int, ...] = ()) -> Any:
    """Zeros of `shape`, with g added at `index`; an element named twice gets both."""
    z = np.zeros(shape, dtype=np.result_type(g))
    parts = index if isinstance(index, tuple) else (index,)
    arrays = [i for i, p in enumerate(parts) if isinstance(p, (list, np.ndarray))]
    if not z.size or all(np.asarray(parts[i]).dtype == bool for i in arrays):
        z[index] = g                                 # slices, numbers and masks name nothing twice
    elif len(arrays) == 1 and _distinct(np.asarray(parts[arrays[0]])):
        z[index] = g
    elif len(parts) == 1:
        _add_rows(z, np.asarray(parts[0]), g)
    elif len(arrays) == len(parts) == len(shape) and all(np.asarray(p).dtype != bool for p in parts):
        where = np.ravel_multi_index([np.asarray(p) % n for p, n in zip(np.broadcast_arrays(*parts), shape)], shape)
        _add_rows(z.reshape(-1), where, g)
    else:
        np.add.at(z, index, g)
    return z


def _distinct(places: Any) -> bool:
    """Whether no two of these integers name the same element of an axis (said only where it is quick to see)."""
    if places.size < 2:
        return True
    low, high = int(places.min()), int(places.max())
    if low < 0 <= high or high - low > 64 * places.size:
        return False
    order = np.arange(places.size).reshape(places.shape)
    last = np.empty(high - low + 1, dtype=np.intp)
    last[places - low] = order
    return bool((last[places - low] == order).all())


def _add_rows(z: Any, places: Any, g: Any) -> None:
    """z[places] += g, with repeats added up: np.add.at is several times quicker on one axis than on rows."""
    if z.ndim > 1 and z.size:
        row = z[0].size
        g = np.broadcast_to(g, places.shape + z.shape[1:])
        places = places.reshape(-1, 1) % len(z) * row + np.arange(row)
        z, g = z.reshape(-1), g.reshape(-1)
        places = places.reshape(-1)
    np.add.at(z, places, g)


def _along(indices: Any, axis: int | None, shape: tuple[int, ...]) -> Any:
    """take_along_axis(x, indices, axis), for x of this shape, written as x[this]."""
    if axis is None:
        return np.unravel_index(indices % np.prod(shape, dtype=int), shape)
    axis %= len(shape)
    grid = np.ogrid[tuple(slice(n) for n in shape)]
    return tuple(indices if i == axis else grid[i] for i in range(len(shape)))


def _unrepeat(g: Any, x: Any, repeats: Any, axis: int | None) -> Any:
    """g added up over the copies that repeat made of each element."""
    shape = shape_of(x)
    if axis is None:
        n = math.prod(shape)
        return reshape(scatter(g, np.repeat(np.arange(n), repeats), (n,)), shape)
    axis %= len(shape)
    return scatter(g, (slice(None),) * axis + (np.repeat(np.arange(shape[axis]), repeats),), shape)


getitem = Op("getitem", None, _getitem,
             lambda g, y, x, index: scatter(g, index, shape_of(x)),
             method=False, tex=r"{0}_{{[\ldots]}}", symbol="[ ]", params={"index": ()},
             cases=[(((3, 4),), {"index": 1}), (((3, 4),), {"index": (slice(None, None, -2), 1)}),
                    (((3, 4),), {"index": (None, Ellipsis, slice(1, 3))}),
                    (((4, 2),), {"index": np.array([0, 2, 0])}),
                    (((4, 2),), {"index": np.array([[-1, 0], [1, 0]])}),
                    (((2, 3, 2),), {"index": np.array([1, -1])}),
                    (((2, 3),), {"index": np.array([[True, False, True], [False, True, True]])}),
                    (((2, 3, 2),), {"index": (Ellipsis, np.array([True, False]))}),
                    (((3, 4),), {"index": (np.array([[0, 1], [1, 1]]), np.array([-1, 3]))}),
                    (((3, 4),), {"index": (slice(None), np.array([3, 1, 3]))}),
                    (((3, 4),), {"index": (np.array([[0, 1], [1, 1]]), slice(None), None)})],
             linear=True)
scatter = Op("scatter", None, _scatter,
             lambda g, y, x, index, shape: getitem(g, index),
             method=False, tex=r"\operatorname{{scatter}} {0}", params={"index": (), "shape": ()},
             cases=[(((4,),), {"index": (1,), "shape": (3, 4)}),
                    (((1,),), {"index": np.array([0, 2, 0]), "shape": (4,)}),
                    (((2,),), {"index": np.array([0, 2, 0]), "shape": (4, 2)}),
                    (((3, 2),), {"index": np.array([0, 2, 0]), "shape": (4, 2)})],
             linear=True)
take_along_axis = Op("take_along_axis", None, np.take_along_axis,
                     lambda g, y, x, indices, axis: scatter(g, _along(indices, axis, shape_of(x)), shape_of(x)),
                     tex=r"\operatorname{{take}} {0}", params={"indices": None, "axis": -1},
                     cases=[(((2, 3),), {"indices": np.array([[0], [2]]), "axis": 1}),
                            (((2, 3),), {"indices": np.array([[2, 0, -1]]), "axis": 1}),
                            (((2, 3),), {"indices": np.array([5, 0, 5]), "axis": None}),
                            (((2, 3),), {"indices": np.array([[0, 1, 1], [0, 0, 1]]), "axis": 0})],
                     linear=True)
repeat = Op("repeat", None, np.repeat,
            lambda g, y, x, repeats, axis: _unrepeat(g, x, repeats, axis),
            tex=r"\operatorname{{repeat}} {0}", params={"repeats": 1, "axis": None},
            cases=[(((2, 3),), {"repeats": 2}), (((2, 3),), {"repeats": np.array([1, 0, 2]), "axis": 1}),
                   (((2, 1, 3),), {"repeats": 2, "axis": -1})],
            linear=True)
