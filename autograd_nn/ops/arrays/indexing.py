"""Indexing: picking elements by index, number, condition or choice; and its adjoint, which adds them up."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import numpy as np

from ...errors import ShapeError, UsageError
from .._arguments import along, as_array, axis_of, data_of, no_out, numpys_errors
from .._carriers import has_lanes
from .._function import composed
from .._lanes import Lanes, OfEachLane, among, shaped, with_own_params
from .._op import Op, shape_of
from ..elementwise.arithmetic import where
from .shape import broadcast_to, moveaxis, reshape


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


def places_along(indices: Any, axis: int | None, shape: tuple[int, ...]) -> Any:
    """take_along_axis(x, indices, axis), for x of this shape, written as x[this]."""
    if axis is None:
        return np.unravel_index(indices % np.prod(shape, dtype=int), shape)
    axis %= len(shape)
    grid = np.ogrid[tuple(slice(n) for n in shape)]
    return tuple(indices if i == axis else grid[i] for i in range(len(shape)))


def _put_back_along(g: Any, x: Any, indices: Any, axis: int | None) -> Any:
    """g added up where take_along_axis took it from x."""
    shape = shape_of(x)
    if axis is None:
        n = math.prod(shape)
        return reshape(scatter(g, indices % n, (n,)), shape)
    return scatter(g, places_along(indices, axis, shape), shape)


# --- in many lanes --------------------------------------------------------------------------------

class _Picked:
    """x[index] in many lanes: the index to use, and how the axes of what it gives have to be moved.

    n         the axes of x in one lane
    mapped    whether each lane has an x of its own
    """

    def __init__(self, index: Any, n: int, size: int, mapped: bool) -> None:
        parts = list(index) if isinstance(index, tuple) else [index]
        own = [i for i, p in enumerate(parts) if isinstance(p, OfEachLane)]
        if any(parts[i].array.dtype == bool for i in own):
            raise UsageError("vmap: a mask that differs from lane to lane picks as many elements as it likes, and all "
                             "lanes have one shape\n  help: where(mask, x, 0.0) keeps the shape")
        arrays = [i for i, p in enumerate(parts) if isinstance(p, (OfEachLane, list, np.ndarray))]
        places = [i for i, p in enumerate(parts) if i in arrays or isinstance(p, (int, np.integer))] if arrays else []
        together = places == [*range(places[0], places[-1] + 1)] if places else True
        k = max((_axes(parts[i]) for i in arrays), default=0)
        before = sum(n - sum(map(_uses, parts)) if p is Ellipsis else p is None or isinstance(p, slice)
                     for p in parts[:places[0]]) if places and together else 0
        self.parts: list[Any] = [among(p.array, k) if isinstance(p, OfEachLane) else p for p in parts]
        self.source: Any = 0
        self.destination: Any = 0
        if mapped and own:
            self.parts.insert(0, np.arange(size).reshape(-1, *(1,) * k))
            if places[0] or not together:
                self.source, self.destination = [*range(1, k + 1)], [*range(before + 1, before + k + 1)]
        elif mapped:
            self.parts.insert(0, slice(None))
            self.source = 0 if together else k
        else:
            self.source = before

    @property
    def index(self) -> Any:
        """The index of what has the lanes in front."""
        return tuple(self.parts)

    @property
    def moves(self) -> bool:
        """Whether the lanes are not in front of what it gives."""
        return bool(self.source != self.destination)


def _axes(part: Any) -> int:
    """How many axes an array of an index has in one lane; a mask gives one."""
    if isinstance(part, OfEachLane):
        return int(part.array.ndim) - 1
    return 1 if np.asarray(part).dtype == bool else np.ndim(part)


def _uses(part: Any) -> int:
    """How many axes of x a part of an index stands for."""
    if part is None or part is Ellipsis:
        return 0
    return np.ndim(part) if isinstance(part, (list, np.ndarray)) and np.asarray(part).dtype == bool else 1


@with_own_params
def _items(op: Op, lanes: Lanes) -> Any:
    picked = _Picked(lanes.params["index"], lanes.ndim(0), lanes.size, lanes.mapped[0])
    found = op(lanes.xs[0], index=picked.index)
    return moveaxis(found, picked.source, picked.destination) if picked.moves else found


@with_own_params
def _scattered(op: Op, lanes: Lanes) -> Any:
    index, shape = lanes.params["index"], lanes.params["shape"]
    picked = _Picked(index, len(shape), lanes.size, True)
    one = np.broadcast_to(np.zeros((), bool), (lanes.size, *shape))[picked.index]
    g = among(lanes.full(0), one.ndim - 1)
    if picked.moves:
        g = moveaxis(g, picked.destination, picked.source)
    return op(g, index=picked.index, shape=(lanes.size, *shape))


@with_own_params
def _taken_along(op: Op, lanes: Lanes) -> Any:
    indices, axis = lanes.params["indices"], lanes.params["axis"]
    places = indices.array if isinstance(indices, OfEachLane) else np.asarray(indices)[None]
    x = lanes.full(0)
    if axis is None:
        return op(shaped(x, (lanes.size, math.prod(lanes.shape(0)))), shaped(places, (len(places), -1)), axis=1)
    return op(x, places, axis=axis_of(op.name, np.broadcast_to(0, lanes.shape(0)), axis) + 1)


# --- the entries ----------------------------------------------------------------------------------

getitem = Op("getitem", None, _getitem,
             lambda g, y, x, index: scatter(g, index, shape_of(x)),
             text="{0}[{index}]",
             internal=True, tex=r"{0}_{{[{index}]}}", symbol="[ ]", params={"index": ()},
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
             linear=True, lanes=_items)
scatter = Op("scatter", None, _scatter,
             lambda g, y, x, index, shape: getitem(g, index),
             internal=True, tex=r"\operatorname{{scatter}} {0}", params={"index": (), "shape": ()},
             cases=[(((4,),), {"index": (1,), "shape": (3, 4)}),
                    (((1,),), {"index": np.array([0, 2, 0]), "shape": (4,)}),
                    (((2,),), {"index": np.array([0, 2, 0]), "shape": (4, 2)}),
                    (((3, 2),), {"index": np.array([0, 2, 0]), "shape": (4, 2)})],
             linear=True, lanes=_scattered)
take_along_axis = Op("take_along_axis", None, np.take_along_axis,
                     lambda g, y, x, indices, axis: _put_back_along(g, x, indices, axis),
                     tex=r"\operatorname{{take}} {0}", params={"indices": None, "axis": -1},
                     cases=[(((2, 3),), {"indices": np.array([[0], [2]]), "axis": 1}),
                            (((2, 3),), {"indices": np.array([[2, 0, -1]]), "axis": 1}),
                            (((2, 3),), {"indices": np.array([5, 0, 5]), "axis": None}),
                            (((2, 3),), {"indices": np.array([[0, 1, 1], [0, 0, 1]]), "axis": 0})],
                     linear=True, lanes=_taken_along)


def integers(name: str, indices: Any) -> Any:
    places = as_array(indices)
    places = places if has_lanes(places) else np.asarray(data_of(places))
    if isinstance(indices, (list, tuple)) and 0 in shape_of(places):
        return places.astype(int)                        # an empty list is of no kind
    if places.dtype.kind not in "iu":
        raise UsageError(f"{name}: indices are integers, and these are {places.dtype}")
    return places


@composed(np.take, method=True, cases=[
    (((3, 4),), {"indices": [[0, 11], [5, 5]]}), (((3, 4),), {"indices": [2, 0, 2], "axis": 1}),
    (((3, 4),), {"indices": 1, "axis": 0}), (((3, 4),), {"indices": [-9, 7], "axis": -1, "mode": "wrap"}),
    (((3, 4),), {"indices": [[-9, 1, 7]], "axis": 0, "mode": "clip"})])
def take(a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise") -> Any:
    """The elements of a with these numbers along an axis (None: of all elements in order).

    mode="raise" raises an IndexError for a number outside the array, "wrap" counts on around it,
    "clip" takes the first or last element.

    >>> take([10.0, 20.0, 30.0], [0, -1]).tolist()
    [10.0, 30.0]
    """
    no_out("take", out)
    a, places = as_array(a), integers("take", indices)
    if axis is None or not shape_of(a):                  # to NumPy a number is a row of one
        a, axis = reshape(a, -1), axis or 0
    axis = axis_of("take", a, axis)
    n = shape_of(a)[axis]
    found = (*shape_of(a)[:axis], *places.shape, *shape_of(a)[axis + 1:])
    if not n and 0 in found:                             # nothing is taken, so no number is outside the array
        return reshape(a, found)
    if mode == "wrap":
        places = places % n if n else places
    elif mode == "clip":
        places = places.clip(0, n - 1)
    elif mode != "raise":
        raise UsageError(f"take: mode={mode!r} is not one of 'raise', 'wrap' and 'clip'")
    return getitem(a, along(axis, places))


@composed(np.compress, cases=[])
def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Any:
    """The slices of a along an axis for which a 1-D condition holds; as in `numpy.compress`.

    >>> compress([True, False, True], [1.0, 2.0, 3.0]).tolist()
    [1.0, 3.0]
    """
    no_out("compress", out)
    condition = np.asarray(data_of(as_array(condition)))
    if condition.ndim != 1:
        raise ShapeError(f"compress: the condition has one axis, and this has shape {condition.shape}")
    return take(a, np.flatnonzero(condition), axis=axis)


@composed(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    """The elements of arr where the condition, of the same size, holds, in one row.

    >>> extract([[True, False], [False, True]], [[1.0, 2.0], [3.0, 4.0]]).tolist()
    [1.0, 4.0]
    """
    return take(arr, np.flatnonzero(data_of(as_array(condition))))


@composed(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """For each place the element of the choice whose condition holds there first; `default` where none does.

    >>> import numpy as np
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> select([x < 2, x > 2], [x, 10 * x]).tolist()
    [1.0, 0.0, 30.0]
    """
    conditions, choices = [as_array(c) for c in condlist], [as_array(c) for c in choicelist]
    if len(conditions) != len(choices) or not conditions:
        raise ShapeError(f"select: {len(conditions)} conditions and {len(choices)} choices; "
                         "there must be as many of one as of the other, and at least one")
    for i, c in enumerate(conditions):
        if np.asarray(data_of(c)).dtype.kind != "b":
            raise UsageError(f"select: conditions are booleans, and number {i} is not\n"
                             "  help: a comparison, as in x > 0")
    return reduce(lambda y, pair: where(*pair, y), list(zip(conditions, choices))[::-1], default)


@composed(np.choose)
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    """choices[a[i]][i] for each place i: an array of integers chooses among arrays, which broadcast.

    mode="wrap" and "clip" bring integers into the range; "raise" raises a ShapeError, as NumPy a ValueError.

    >>> choose([0, 1, 0], [[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]).tolist()
    [1.0, 20.0, 3.0]
    """
    no_out("choose", out)
    options = [as_array(c) for c in choices]
    numbers = integers("choose", a)
    if mode == "raise" and np.any((numbers < 0) | (numbers >= len(options))):
        raise ShapeError(f"choose: the {len(options)} choices are numbered from 0 to {len(options) - 1}, "
                         "and there is another number\n  help: mode='wrap' or mode='clip' brings it inside")
    numbers = take(np.arange(len(options)), numbers, mode=mode)
    with numpys_errors("choose", numbers, *options):
        shape = np.broadcast_shapes(numbers.shape, *map(shape_of, options))
    return reduce(lambda y, i: where(numbers == i, options[i], y), range(1, len(options)),
                  broadcast_to(options[0], shape))
