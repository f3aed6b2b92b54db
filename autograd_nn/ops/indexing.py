"""Indexing: picking elements, and its adjoint, putting them back with accumulation."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import ShapeError
from ._function import composed
from ._op import Op, shape_of


def _getitem(x: Any, index: Any) -> Any:
    return x[index]


def _index_add(g: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape`, with g added at `index`; an element named twice gets both."""
    z = np.zeros(shape, dtype=g.dtype)
    if _may_repeat(index):
        np.add.at(z, index, g)
    else:
        z[index] = g
    return z


def _may_repeat(index: Any) -> bool:
    """Whether an index can name an element twice: only arrays of integers can."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(p, (list, np.ndarray)) and np.asarray(p).dtype != bool for p in parts)


def _along(indices: Any, axis: int, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """take_along_axis(x, indices, axis) written as x[this]."""
    axis %= len(shape)
    grid = np.ogrid[tuple(slice(n) for n in indices.shape)]
    return tuple(indices if i == axis else grid[i] for i in range(len(shape)))


def _repeated(x: Any, repeats: Any, axis: int | None) -> tuple[Any, ...]:
    """repeat(x, repeats, axis) written as x[this]."""
    shape = shape_of(x)
    if axis is None:
        places = np.repeat(np.arange(int(np.prod(shape))), repeats)
        return np.unravel_index(places, shape)
    axis %= len(shape)
    return (slice(None),) * axis + (np.repeat(np.arange(shape[axis]), repeats),)


getitem = Op("getitem", None, _getitem,
             lambda g, y, x, index: index_add(g, index, shape_of(x)),
             method=False, tex=r"{0}_{{[\ldots]}}", symbol="[ ]", params={"index": ()},
             cases=[(((3, 4),), {"index": 1}), (((3, 4),), {"index": (slice(None, None, -2), 1)}),
                    (((3, 4),), {"index": (None, Ellipsis, slice(1, 3))}),
                    (((4, 2),), {"index": np.array([0, 2, 0])}),
                    (((2, 3),), {"index": np.array([[True, False, True], [False, True, True]])}),
                    (((3, 4),), {"index": (np.array([[0, 1], [1, 1]]), slice(None), None)})])
index_add = Op("index_add", None, _index_add,
               lambda g, y, x, index, shape: getitem(g, index),
               method=False, tex=r"\operatorname{{index\_add}} {0}", params={"index": (), "shape": ()},
               cases=[(((4,),), {"index": (1,), "shape": (3, 4)}),
                      (((3, 2),), {"index": np.array([0, 2, 0]), "shape": (4, 2)})])
take_along_axis = Op("take_along_axis", None, np.take_along_axis,
                     lambda g, y, x, indices, axis: index_add(g, _along(indices, axis, shape_of(x)), shape_of(x)),
                     tex=r"\operatorname{{take}} {0}", params={"indices": None, "axis": -1},
                     cases=[(((2, 3),), {"indices": np.array([[0], [2]]), "axis": 1}),
                            (((2, 3),), {"indices": np.array([[0, 1, 1], [0, 0, 1]]), "axis": 0})])
repeat = Op("repeat", None, np.repeat,
            lambda g, y, x, repeats, axis: index_add(g, _repeated(x, repeats, axis), shape_of(x)),
            tex=r"\operatorname{{repeat}} {0}", params={"repeats": 1, "axis": None},
            cases=[(((2, 3),), {"repeats": 2}), (((2, 3),), {"repeats": np.array([1, 0, 2]), "axis": 1})])


@composed(np.split, method=True, cases=[(((6, 2),), {"indices_or_sections": 3}),
                                        (((2, 5),), {"indices_or_sections": [1, 3], "axis": 1})])
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """x cut into pieces along an axis: equal ones, or before each of the given indices.

    An array or Tensor of any shape gives a list of pieces, as in `numpy.split`. Pieces that do not
    come out equal raise a ShapeError.

    >>> import numpy as np
    >>> [p.shape for p in split(np.zeros((6, 2)), 3)]
    [(2, 2), (2, 2), (2, 2)]
    """
    n = shape_of(x)[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        parts = int(indices_or_sections)
        if parts < 1 or n % parts:
            raise ShapeError(f"split: axis {axis} of {shape_of(x)} has {n} elements, "
                             f"which do not make {parts} equal parts")
        cuts = list(range(0, n + 1, n // parts)) if n else [0] * (parts + 1)
    else:
        cuts = [0, *(int(i) for i in indices_or_sections), n]
    lead = (slice(None),) * (axis % len(shape_of(x)))
    return [getitem(x, (*lead, slice(a, b))) for a, b in pairwise(cuts)]
