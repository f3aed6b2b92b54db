"""Joining arrays to one, splitting one into several, and repeating elements."""

from __future__ import annotations

import math
import operator
from itertools import pairwise
from typing import Any

import numpy as np

from ...errors import ShapeError, UsageError
from .._arguments import (
    affordable,
    along,
    as_array,
    axis_of,
    data_of,
    dtype_of,
    no_out,
    numpys_errors,
    safe_casting,
    size_of,
)
from .._bind import Each
from .._carriers import is_plain
from .._function import composed
from .._lanes import Lanes, along_one_axis, among, as_shape, joined
from .._op import Op, shape_of
from .indexing import getitem, scatter
from .shape import astype, at_least, atleast_1d, atleast_2d, atleast_3d, broadcast_to, reshape, sum_to, transpose


def _concatenate(*xs: Any, axis: int | None = 0, out: Any = None, dtype: Any = None,
                 casting: Any = "same_kind") -> Any:
    no_out("concatenate", out)
    safe_casting("concatenate", casting)
    return np.concatenate(xs, axis=axis, dtype=dtype, casting=casting)


def _stack(*xs: Any, axis: int = 0, out: Any = None, dtype: Any = None, casting: Any = "same_kind") -> Any:
    no_out("stack", out)
    safe_casting("stack", casting)
    return np.stack(xs, axis=axis, dtype=dtype, casting=casting)


def _from_slice(i: int, g: Any, xs: tuple[Any, ...], axis: int | None) -> Any:
    """The piece of g that belongs to input i of a concatenation."""
    if axis is None:
        start = sum(int(np.prod(shape_of(x))) for x in xs[:i])
        return reshape(g[start:start + int(np.prod(shape_of(xs[i])))], shape_of(xs[i]))
    start = sum(shape_of(x)[axis] for x in xs[:i])
    return g[(slice(None),) * (axis % len(shape_of(g))) + (slice(start, start + shape_of(xs[i])[axis]),)]


def _from_stack(i: int, g: Any, axis: int) -> Any:
    return g[(slice(None),) * (axis % len(shape_of(g))) + (i,)]


_JOINING: dict[str, Any] = {"axis": 0, "out": None, "dtype": None, "casting": "same_kind"}
concatenate = Op("concatenate", None, _concatenate,
                 Each(lambda i, g, y, *xs, axis, **_: _from_slice(i, g, xs, axis)),
                 method=False, tex=r"\operatorname{{concatenate}}({0}, \ldots)", symbol="concat", params=_JOINING,
                 cases=[(((2, 3), (1, 3)), {}), (((2, 3), (2, 1), (2, 2)), {"axis": -1}),
                        (((2, 2), (3,)), {"axis": None})],
                 linear=True, lanes=joined(0))
stack = Op("stack", None, _stack,
           Each(lambda i, g, y, *xs, axis, **_: _from_stack(i, g, axis)),
           method=False, tex=r"\operatorname{{stack}}({0}, \ldots)", params=_JOINING,
           cases=[(((2, 3), (2, 3)), {}), (((2,), (2,), (2,)), {"axis": -1})],
           linear=True, lanes=joined(1))


def _arrays(name: str, arrays: Any) -> list[Any]:
    """The members of a sequence of arrays (the slices of one array), one at least."""
    if shape_of(arrays):
        arrays = [getitem(arrays, i) for i in range(shape_of(arrays)[0])]
    if not isinstance(arrays, (list, tuple)):
        raise UsageError(f"{name}: the first argument is a sequence of arrays, as in {name}([a, b])")
    if not arrays:
        raise UsageError(f"{name}: needs at least one array, got an empty sequence")
    return [as_array(a) for a in arrays]


_TWO = ((2, 3), (2, 3))


@composed(np.vstack, listed=True, cases=[(_TWO, {}), (((3,), (2, 3)), {}), (((), ()), {})])
def vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """The arrays below each other, vectors as rows: joined along the first axis.

    >>> vstack([[1.0, 2.0], [3.0, 4.0]]).shape
    (2, 2)
    """
    return concatenate([atleast_2d(a) for a in _arrays("vstack", tup)], dtype=dtype, casting=casting)


@composed(np.hstack, listed=True, cases=[(_TWO, {}), (((3,), (2,)), {}), (((), (2,)), {})])
def hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """The arrays beside each other: joined along the second axis, or end to end where they have one.

    >>> hstack([[1.0, 2.0], [3.0]]).tolist()
    [1.0, 2.0, 3.0]
    """
    arrays = [atleast_1d(a) for a in _arrays("hstack", tup)]
    return concatenate(arrays, axis=0 if len(shape_of(arrays[0])) == 1 else 1, dtype=dtype, casting=casting)


@composed(np.dstack, listed=True, cases=[(_TWO, {}), (((3,), (3,)), {})])
def dstack(tup: Any) -> Any:
    """The arrays behind each other: joined along the third axis."""
    return concatenate([atleast_3d(a) for a in _arrays("dstack", tup)], axis=2)


@composed(np.column_stack, listed=True, cases=[(((2,), (2, 3), (2,)), {})])
def column_stack(tup: Any) -> Any:
    """Vectors as the columns of a matrix; matrices join with their own columns."""
    arrays = _arrays("column_stack", tup)
    return concatenate([transpose(atleast_2d(a)) if len(shape_of(a)) < 2 else a for a in arrays], axis=1)


@composed(np.append, cases=[(_TWO, {}), (_TWO, {"axis": 0}), (((2, 3), ()), {})])
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """values joined to the end of arr along an axis (None: both in one row first).

    >>> append([1.0, 2.0], 3.0).tolist()
    [1.0, 2.0, 3.0]
    """
    arr, values = as_array(arr), as_array(values)
    if axis is None:
        return concatenate([reshape(arr, -1), reshape(values, -1)])
    return concatenate([arr, values], axis=axis)


@composed(np.block, listed=True, cases=[(_TWO, {}), (((), (3,)), {})])
def block(arrays: Any) -> Any:
    """An array from nested lists of blocks: the innermost are joined along the last axis, and so on outwards.

    Raises ShapeError where the lists are nested unequally or the blocks do not fit.

    >>> import numpy as np
    >>> block([[np.eye(2), np.zeros((2, 1))], [np.ones((1, 3))]]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 1.0]]
    """
    depth = _depth(arrays)
    axes = max(depth, *(len(shape_of(a)) for a in _blocks(arrays)), 0)

    def joined(part: Any, level: int) -> Any:
        if level == 0:
            return reshape(part, (1,) * (axes - len(shape_of(part))) + shape_of(part))
        return concatenate([joined(p, level - 1) for p in part], axis=-level)
    return joined(arrays, depth)


def _depth(part: Any, most: int = 64) -> int:
    """How deep the lists of a block array are nested, equally everywhere."""
    if not most:
        raise ShapeError("block: the lists are nested more than 64 deep\n  help: does a list contain itself?")
    if isinstance(part, tuple):
        raise UsageError("block: blocks are given in lists, not in tuples")
    if not isinstance(part, list):
        return 0
    depths = {_depth(p, most - 1) for p in part}
    if len(depths) != 1:
        raise ShapeError("block: the list of blocks is empty" if not depths else
                         f"block: the lists must be nested equally deep, and they are {sorted(depths)} deep")
    return 1 + depths.pop()


def _blocks(part: Any) -> list[Any]:
    return [b for p in part for b in _blocks(p)] if isinstance(part, list) else [part]


# --- splitting ----------------------------------------------------------------------------------

PIECE = 10**4               # numbers: making a piece takes as long, however small it is


def _pieces(name: str, x: Any, sections: Any, axis: int, equal: bool) -> list[Any]:
    """x cut along an axis into `sections` pieces; or, if that is a sequence of places, before each of them."""
    x = as_array(x)
    axis = axis_of(name, x, axis)
    n = shape_of(x)[axis]
    if np.ndim(sections):
        cuts = [0, *(int(i) for i in sections), n]
    else:
        parts = operator.index(sections)
        affordable(f"{name}: {sections} sections", max(parts, 0), PIECE)
        if parts < 1 or (equal and n % parts):
            raise ShapeError(f"{name}: axis {axis} of {shape_of(x)} has {n} elements, "
                             f"which do not make {parts} {'equal ' * equal}parts")
        cuts = [0, *np.cumsum([n // parts + (i < n % parts) for i in range(parts)]).tolist()]
    return [getitem(x, along(axis, slice(a, b))) for a, b in pairwise(cuts)]


@composed(np.split, method=True, cases=[(((6, 2),), {"indices_or_sections": 3}),
                                        (((2, 5),), {"indices_or_sections": [1, 3], "axis": 1}),
                                        (((5,),), {"indices_or_sections": [4, 2, -1, 9]})])
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """The array cut into pieces along an axis: equal ones, or before each of the given indices.

    A list of pieces, as in `numpy.split`. Pieces that do not come out equal raise a ShapeError.

    >>> import numpy as np
    >>> [p.shape for p in split(np.zeros((6, 2)), 3)]
    [(2, 2), (2, 2), (2, 2)]
    """
    return _pieces("split", ary, indices_or_sections, axis, equal=True)


@composed(np.array_split, cases=[(((7,),), {"indices_or_sections": 3}),
                                 (((2, 5),), {"indices_or_sections": 3, "axis": 1})])
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """The array cut into pieces of nearly equal size along an axis, the longer ones first.

    >>> import numpy as np
    >>> [p.shape for p in array_split(np.zeros(7), 3)]
    [(3,), (2,), (2,)]
    """
    return _pieces("array_split", ary, indices_or_sections, axis, equal=False)


@composed(np.hsplit, cases=[(((2, 4),), {"indices_or_sections": 2}), (((4,),), {"indices_or_sections": [1]})])
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """The array cut along its second axis, a vector along its only one."""
    ary = at_least("hsplit", ary, 1)
    return _pieces("hsplit", ary, indices_or_sections, int(len(shape_of(ary)) > 1), equal=True)


@composed(np.vsplit, cases=[(((4, 2),), {"indices_or_sections": 2})])
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """The array cut along its first axis of two or more."""
    return _pieces("vsplit", at_least("vsplit", ary, 2), indices_or_sections, 0, equal=True)


@composed(np.dsplit, cases=[(((2, 1, 4),), {"indices_or_sections": 2})])
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """The array cut along its third axis."""
    return _pieces("dsplit", at_least("dsplit", ary, 3), indices_or_sections, 2, equal=True)


@composed(getattr(np, "unstack", None), cases=[(((2, 3),), {}), (((2, 3),), {"axis": 1})])      # since NumPy 2.1
def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """The slices of x along an axis, as a tuple: stack undone.

    >>> [part.tolist() for part in unstack([[1.0, 2.0], [3.0, 4.0]], axis=1)]
    [[1.0, 3.0], [2.0, 4.0]]
    """
    x = at_least("unstack", x, 1)
    axis = axis_of("unstack", x, axis)
    return tuple(getitem(x, along(axis, i)) for i in range(shape_of(x)[axis]))


# --- repeating ------------------------------------------------------------------------------------

def _untile(g: Any, x: Any, reps: Any) -> Any:
    """The sum over the copies that tile made."""
    reps = tuple(np.atleast_1d(reps).tolist())
    shape = shape_of(x)
    n = max(len(reps), len(shape))
    reps, padded = (1,) * (n - len(reps)) + reps, (1,) * (n - len(shape)) + shape
    pairs = tuple(k for pair in zip(reps, padded) for k in pair)
    ones = tuple(k for pair in zip((1,) * n, padded) for k in pair)
    return reshape(sum_to(reshape(g, pairs), ones), shape)


def _unrepeat(g: Any, x: Any, repeats: Any, axis: int | None) -> Any:
    """g added up over the copies that repeat made of each element."""
    shape = shape_of(x)
    if axis is None or not shape:                        # a single number is repeated along any axis
        n = math.prod(shape)
        return reshape(scatter(g, np.repeat(np.arange(n), repeats), (n,)), shape)
    axis %= len(shape)
    return scatter(g, (slice(None),) * axis + (np.repeat(np.arange(shape[axis]), repeats),), shape)


def _tile(x: Any, reps: Any = 1) -> Any:
    affordable("tile", x.size, *(operator.index(n) for n in np.atleast_1d(reps).tolist()))
    return np.tile(x, reps)


def _repeat(x: Any, repeats: Any = 1, axis: Any = None) -> Any:
    repeats = repeats if np.size(repeats) else np.zeros(0, int)          # an empty list is of no kind
    most = operator.index(np.max(np.asarray(repeats), initial=0).item())
    affordable("repeat", x.size, most) if np.ndim(repeats) == 0 else affordable("repeat", most)
    return np.repeat(x, repeats, axis)


def _tiled(op: Op, lanes: Lanes) -> Any:
    reps = as_shape(lanes.params["reps"])
    n = max(len(reps), lanes.ndim(0))
    return op(among(lanes.xs[0], n), reps=(1,) * (n + 1 - len(reps)) + reps)


tile = Op("tile", None, _tile,
          lambda g, y, x, reps: _untile(g, x, reps),
          tex=r"\operatorname{{tile}} {0}", params={"reps": 1},
          cases=[(((2, 3),), {"reps": 2}), (((3,),), {"reps": (2, 2)}), (((2, 1, 3),), {"reps": (2, 1)})],
          linear=True, lanes=_tiled)
repeat = Op("repeat", None, _repeat,
            lambda g, y, x, repeats, axis: _unrepeat(g, x, repeats, axis),
            tex=r"\operatorname{{repeat}} {0}", params={"repeats": 1, "axis": None},
            cases=[(((2, 3),), {"repeats": 2}), (((2, 3),), {"repeats": np.array([1, 0, 2]), "axis": 1}),
                   (((2, 1, 3),), {"repeats": 2, "axis": -1})],
            linear=True, lanes=along_one_axis)


@composed(np.resize, cases=[(((2, 3),), {"new_shape": (4, 2)}), (((2, 3),), {"new_shape": 4})])
def resize(a: Any, new_shape: Any) -> Any:
    """The elements of a in a new shape, again from the start where it is larger (the function, not the method).

    >>> resize([1.0, 2.0, 3.0], (2, 2)).tolist()
    [[1.0, 2.0], [3.0, 1.0]]
    """
    a = as_array(a)
    with numpys_errors("resize", a):
        affordable("resize", *(map(operator.index, new_shape) if np.ndim(new_shape) else [operator.index(new_shape)]))
        plan = np.resize(np.arange(size_of(a)), new_shape)
    if not size_of(a):
        return broadcast_to(0 * reshape(a, -1).sum(), plan.shape)      # of no elements NumPy makes zeros
    return getitem(reshape(a, -1), plan)


@composed(np.full_like, cases=[(((2, 3), ()), {}), (((2, 3), ()), {"shape": (4,)})])
def full_like(a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *,
              device: Any = None) -> Any:
    """An array of a's shape (or of `shape`) and dtype with fill_value in it. Of a itself no derivative is left.

    >>> full_like([1.0, 2.0], 5.0).tolist()
    [5.0, 5.0]
    """
    a, fill_value = as_array(a), as_array(fill_value)
    if is_plain(fill_value):
        return np.full_like(data_of(a), fill_value, dtype, shape=shape)
    kind = np.dtype(dtype_of(a) if dtype is None else dtype)
    fill_value = fill_value if dtype_of(fill_value) == kind else astype(fill_value, kind)
    return broadcast_to(fill_value, shape_of(a) if shape is None else shape)
