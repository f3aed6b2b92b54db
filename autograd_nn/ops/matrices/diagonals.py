"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ShapeError
from .._arguments import as_array, axis_of, no_out
from .._function import composed
from .._op import shape_of
from ..arrays.indexing import getitem, scatter
from ..arrays.reduction import sum
from ..arrays.shape import at_least, moveaxis, reshape
from ..elementwise.arithmetic import where


@composed(np.diagonal, method=True, cases=[(((3, 3),), {}), (((3, 4),), {"offset": 2}), (((4, 3),), {"offset": -2}),
                                           (((2, 3, 2),), {"axis1": 2, "axis2": 0}), (((2, 2),), {"offset": 5})])
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal of the matrices in two axes, along a new last axis; `offset` counts upwards.

    >>> diagonal([[1.0, 2.0], [3.0, 4.0]], offset=1).tolist()
    [2.0]
    """
    a = at_least("diagonal", a, 2)
    first, second = axis_of("diagonal", a, axis1), axis_of("diagonal", a, axis2)
    if first == second:
        raise ShapeError(f"diagonal: axis1 and axis2 must differ, and both are axis {first}")
    a = moveaxis(a, (first, second), (-2, -1))
    rows, columns = shape_of(a)[-2:]
    n = max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)
    return getitem(a, (..., np.arange(n) - min(offset, 0), np.arange(n) + max(offset, 0)))


@composed(np.trace, method=True, cases=[(((3, 3),), {}), (((3, 4),), {"offset": 1}),
                                        (((2, 3, 3),), {"offset": -1, "axis1": 2, "axis2": 1})])
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    """The sum along a diagonal of the matrices in two axes.

    >>> trace([[1.0, 2.0], [3.0, 4.0]]).item()
    5.0
    """
    no_out("trace", out)
    return sum(diagonal(a, offset, axis1, axis2), -1, dtype)


@composed(np.diag, cases=[(((3,),), {}), (((2,),), {"k": -2}), (((3, 4),), {"k": 1})])
def diag(v: Any, k: int = 0) -> Any:
    """Of a vector the matrix with it on diagonal k, of a matrix its diagonal k.

    >>> diag([1.0, 2.0], k=1).tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]]
    """
    v = as_array(v)
    shape = shape_of(v)
    if len(shape) == 2:
        return diagonal(v, k)
    if len(shape) != 1:
        raise ShapeError(f"diag: takes a vector or a matrix, and this has shape {shape}")
    n, places = shape[0] + abs(k), np.arange(shape[0])
    return scatter(v, (places - min(k, 0), places + max(k, 0)), (n, n))


@composed(np.diagflat, cases=[(((2, 2),), {"k": 1})])
def diagflat(v: Any, k: int = 0) -> Any:
    """The matrix with all elements of v on diagonal k."""
    return diag(reshape(as_array(v), -1), k)


def _triangle(name: str, m: Any, k: int, lower: bool) -> Any:
    m = at_least(name, m, 1)
    rows, columns = (2 * shape_of(m))[-2:]           # a vector counts as each row of a square
    inside = np.tri(rows, columns, k if lower else k - 1, dtype=bool)
    return where(inside, m, 0) if lower else where(inside, 0, m)


@composed(np.tril, cases=[(((3, 3),), {}), (((2, 3, 4),), {"k": 1}), (((3,),), {})])
def tril(m: Any, k: int = 0) -> Any:
    """The matrices with 0 above diagonal k.

    >>> tril([[1.0, 2.0], [3.0, 4.0]]).tolist()
    [[1.0, 0.0], [3.0, 4.0]]
    """
    return _triangle("tril", m, k, lower=True)


@composed(np.triu, cases=[(((3, 3),), {}), (((4, 3),), {"k": -1})])
def triu(m: Any, k: int = 0) -> Any:
    """The matrices with 0 below diagonal k.

    >>> triu([[1.0, 2.0], [3.0, 4.0]]).tolist()
    [[1.0, 2.0], [0.0, 4.0]]
    """
    return _triangle("triu", m, k, lower=False)
