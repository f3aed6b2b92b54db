"""Picking elements by number, by condition or by choice, and putting others in their place.

Nothing is changed in place: index_set, index_add, scatter_add and put_along_axis return a new array.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from ...errors import ShapeError, UsageError
from .._arguments import along, axis_of, data_of, no_out, numpys_errors, real_only, size_of
from .._function import composed
from .._op import shape_of
from ..elementwise.arithmetic import where
from .indexing import _along, getitem, scatter
from .shaping import as_array, astype, broadcast_to, concatenate, dtype_of, reshape


def _integers(name: str, indices: Any) -> Any:
    places = np.asarray(data_of(as_array(indices)))
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
    a, places = as_array(a), _integers("take", indices)
    if axis is None:
        a, axis = reshape(a, -1), 0
    axis = axis_of("take", a, axis)
    n = shape_of(a)[axis]
    if mode == "wrap":
        places = places % n
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
    numbers = _integers("choose", a)
    if mode == "raise" and np.any((numbers < 0) | (numbers >= len(options))):
        raise ShapeError(f"choose: the {len(options)} choices are numbered from 0 to {len(options) - 1}, "
                         "and there is another number\n  help: mode='wrap' or mode='clip' brings it inside")
    numbers = take(np.arange(len(options)), numbers, mode=mode)
    with numpys_errors("choose", numbers, *options):
        shape = np.broadcast_shapes(numbers.shape, *map(shape_of, options))
    return reduce(lambda y, i: where(numbers == i, options[i], y), range(1, len(options)),
                  broadcast_to(options[0], shape))


# --- functions that return x with other elements ----------------------------------------------------

def _like(name: str, values: Any, x: Any) -> Any:
    """Values to be put into x, in x's dtype."""
    values = as_array(values)
    real_only(name, values)
    return values if dtype_of(values) == dtype_of(x) and shape_of(values) else astype(values, dtype_of(x))


@composed()
def index_add(x: Any, index: Any, values: Any) -> Any:
    """x with `values` added to x[index]; an element named several times gets every one of its values.

    A new array, in x's shape and dtype: what `np.add.at(x, index, values)` does to x. The index is
    any that x[index] takes, the values broadcast.

    >>> index_add([1.0, 2.0, 3.0], [0, 0, 2], 10.0).tolist()
    [21.0, 2.0, 13.0]
    """
    x, index = as_array(x), _plain_index(index)
    with numpys_errors("index_add", x, values):
        return x + scatter(_like("index_add", values, x), index, shape_of(x))


@composed()
def scatter_add(x: Any, indices: Any, values: Any, axis: int = -1) -> Any:
    """x with `values` added at the places that take_along_axis(x, indices, axis) takes from.

    A new array; an element named several times gets every one of its values. The indices have as
    many axes as x, and the values broadcast against them.

    >>> scatter_add([[1.0, 2.0]], [[1, 1, 0]], [[10.0, 20.0, 30.0]]).tolist()
    [[31.0, 32.0]]
    """
    x = as_array(x)
    axis = axis_of("scatter_add", x, axis)
    return index_add(x, _along(_integers("scatter_add", indices), axis, shape_of(x)), values)


@composed()
def index_set(x: Any, index: Any, values: Any) -> Any:
    """x with x[index] replaced by `values`: the new array that `x[index] = values` would make of x.

    Of several values for one element the last one counts, and the others have derivative 0; the
    elements that are replaced have derivative 0 too.

    >>> index_set([1.0, 2.0, 3.0], slice(1, None), [7.0, 8.0]).tolist()
    [1.0, 7.0, 8.0]
    """
    x, index = as_array(x), _plain_index(index)
    shape, values = shape_of(x), _like("index_set", values, x)
    writer = np.full(shape, -1)                      # the number of the value that each element gets
    with numpys_errors("index_set", x, values):
        target = writer[index].shape
        writer[index] = np.arange(int(np.prod(target))).reshape(target)
        values = broadcast_to(values, target)
    if not size_of(values):
        return +x
    return where(writer >= 0, getitem(reshape(values, -1), writer.clip(0)), x)


@composed(np.put_along_axis)
def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None = -1) -> Any:
    """arr with the elements that take_along_axis(arr, indices, axis) takes replaced by `values`.

    A new array: NumPy's function of this name changes its argument, and a Tensor does not change.
    Of several values for one element the last one counts.

    >>> put_along_axis([[1.0, 2.0], [3.0, 4.0]], [[0], [1]], 9.0, axis=1).tolist()
    [[9.0, 2.0], [3.0, 9.0]]
    """
    arr = as_array(arr)
    if axis is not None:
        axis = axis_of("put_along_axis", arr, axis)
    return index_set(arr, _along(_integers("put_along_axis", indices), axis, shape_of(arr)), values)


def _plain_index(index: Any) -> Any:
    """An index with its lists made arrays."""
    if isinstance(index, tuple):
        return tuple(map(_plain_index, index))
    return np.asarray(index, dtype=None if index else int) if isinstance(index, list) else index


# --- functions that put elements between others, or leave some out ------------------------------------

@composed(np.delete, cases=[(((3, 4),), {"obj": 1, "axis": 1}), (((3, 4),), {"obj": [0, 2, -1], "axis": 0}),
                            (((3, 4),), {"obj": slice(1, 9, 3)}), (((4,),), {"obj": [True, False, False, True]})])
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """arr without the slices named by obj (a number, several, a slice or a mask) along an axis.

    >>> delete([1.0, 2.0, 3.0], 1).tolist()
    [1.0, 3.0]
    """
    arr = as_array(arr)
    if axis is None:
        arr, axis = reshape(arr, -1), 0
    axis = axis_of("delete", arr, axis)
    with numpys_errors("delete", arr):
        kept = np.delete(np.arange(shape_of(arr)[axis]), obj)
    return take(arr, kept, axis=axis)


@composed(np.insert, cases=[
    (((3, 2),), {"obj": 1, "values": 5.0}), (((3, 2),), {"obj": 1, "values": [1.0, 2.0], "axis": 0}),
    (((3, 2),), {"obj": [2, 0], "values": [[1.0], [2.0], [3.0]], "axis": 1}),
    (((3, 2),), {"obj": slice(0, 2), "values": 1.0, "axis": 0})])
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """arr with values put in before the places obj along an axis; as in `numpy.insert`.

    >>> insert([1.0, 2.0], 1, 9.0).tolist()
    [1.0, 9.0, 2.0]
    """
    arr, values = as_array(arr), as_array(values)
    if axis is None:
        arr, axis = reshape(arr, -1), 0
    axis, n = axis_of("insert", arr, axis), size_of(arr)
    with numpys_errors("insert", arr, values):       # NumPy itself, on the numbers of the elements
        plan = np.insert(np.arange(n).reshape(shape_of(arr)), obj,
                         n + np.arange(size_of(values)).reshape(shape_of(values)), axis)
    everything = concatenate([reshape(arr, -1), reshape(_like("insert", values, arr), -1)])
    return getitem(everything, plan)
