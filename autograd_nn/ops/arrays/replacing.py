"""Replacing elements, putting others between them, and leaving some out.

Nothing is changed in place: index_set, index_add, scatter_add and put_along_axis return a new array.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._arguments import as_array, axis_of, dtype_of, no_option, numpys_errors, real_only, size_of
from .._function import composed
from .._op import shape_of
from ..elementwise.arithmetic import where
from .indexing import getitem, integers, places_along, scatter, take
from .joining import concatenate
from .shape import astype, broadcast_to, reshape

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
    return index_add(x, places_along(integers("scatter_add", indices), axis, shape_of(x)), values)


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
    arr, indices = as_array(arr), integers("put_along_axis", indices)
    if axis is None:
        return reshape(index_set(reshape(arr, -1), indices, values), shape_of(arr))
    axis = axis_of("put_along_axis", arr, axis)
    return index_set(arr, places_along(indices, axis, shape_of(arr)), values)


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
    no_option("delete", obj)
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
    no_option("insert", obj)
    arr, values = as_array(arr), as_array(values)
    if axis is None:
        arr, axis = reshape(arr, -1), 0
    axis, n = axis_of("insert", arr, axis), size_of(arr)
    with numpys_errors("insert", arr, values):       # NumPy itself, on the numbers of the elements
        plan = np.insert(np.arange(n).reshape(shape_of(arr)), obj,
                         n + np.arange(size_of(values)).reshape(shape_of(values)), axis)
    everything = concatenate([reshape(arr, -1), reshape(_like("insert", values, arr), -1)])
    return getitem(everything, plan)
