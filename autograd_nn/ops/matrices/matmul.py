"""Products of vectors and matrices.

A stack of matrices times one matrix is one product: the rows of all of them, one below the other, are a matrix.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from .._misfit import of_product
from .._op import Op, shape_of
from ..arrays.shape import expand_dims, moveaxis, reshape, swapaxes


def ndim(x: Any) -> int:
    return len(shape_of(x))


def as_rows(x: Any) -> Any:
    """x as a matrix: all axes but the last are one."""
    *lead, n = shape_of(x)
    return x if len(lead) == 1 else reshape(x, (math.prod(lead), n))


def times_one_matrix(x: Any, y: Any) -> Any:
    """The product of arrays x (..., n) and y (n,) or (n, m)."""
    if x.ndim < 3:
        return x.dot(y)
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1]).dot(y).reshape(x.shape[:-1] + y.shape[1:])


def _left(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of x in x @ y; a vector is a row on the left and a column on the right."""
    if ndim(y) == 1:
        return expand_dims(g, -1) * y
    if ndim(x) == 1:
        return reshape(matmul(y, expand_dims(g, -1)), shape_of(y)[:-1])
    return matmul(g, swapaxes(y, -1, -2))


def _right(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of y in x @ y."""
    if ndim(x) == 1:
        return g * x if ndim(y) == 1 else expand_dims(x, -1) * expand_dims(g, -2)
    if ndim(y) == 1:
        return matmul(swapaxes(as_rows(x), 0, 1), reshape(g, (math.prod(shape_of(g)),)))
    if ndim(y) == 2:
        return matmul(swapaxes(as_rows(x), 0, 1), as_rows(g))
    return matmul(swapaxes(x, -1, -2), g)


def _as_matrix(y: Any) -> Any:
    """y of np.dot, its summed axis first and the others flattened: dot(x, y) is x @ this, reshaped."""
    if ndim(y) <= 1:
        return reshape(y, (*shape_of(y), 1))
    *others, rows, columns = shape_of(y)
    return reshape(moveaxis(y, -2, 0), (rows, math.prod(others) * columns))


def _dot_left(g: Any, x: Any, y: Any) -> Any:
    if ndim(x) == 0 or ndim(y) == 0:
        return g * y
    columns = _as_matrix(y)
    g = reshape(g, (*shape_of(x)[:-1], shape_of(columns)[1]))
    return matmul(g, swapaxes(columns, 0, 1))


def _dot_right(g: Any, x: Any, y: Any) -> Any:
    if ndim(x) == 0 or ndim(y) == 0:
        return g * x
    kept, others = shape_of(g)[:ndim(x) - 1], shape_of(g)[ndim(x) - 1:]
    dy = matmul(swapaxes(as_rows(x), 0, 1), reshape(g, (math.prod(kept), math.prod(others))))
    if ndim(y) == 1:
        return reshape(dy, shape_of(y))
    return moveaxis(reshape(dy, (shape_of(y)[-2], *shape_of(y)[:-2], shape_of(y)[-1])), 0, -2)


def _matmul(x: Any, y: Any) -> Any:
    if type(x) is type(y) is np.ndarray and x.ndim > 1 and (y.ndim == 2 or (y.ndim == 1 and x.ndim > 2)):
        return times_one_matrix(x, y)                    # np.matmul asks more questions, and splits a stack
    return np.matmul(x, y)


def _dot(x: Any, y: Any) -> Any:
    if type(x) is not type(y) or type(x) is not np.ndarray or max(x.ndim, y.ndim) < 3 or not (x.ndim and y.ndim):
        return np.dot(x, y)
    if y.ndim < 3:
        return times_one_matrix(x, y)                    # np.dot of three axes sums one pair of vectors after another
    columns = np.moveaxis(y, -2, 0)
    flat = columns.reshape(len(columns), math.prod(columns.shape[1:]))
    return times_one_matrix(x, flat).reshape(x.shape[:-1] + columns.shape[1:])


def _cost(shapes: list[tuple[int, ...]], out: tuple[int, ...]) -> int:
    """Each number of the output is a sum over the last axis on the left."""
    return math.prod(out) * shapes[0][-1] if all(shapes) else 0


matmul = Op("matmul", None, _matmul,
            lambda g, z, x, y: _left(g, x, y),
            lambda g, z, x, y: _right(g, x, y),
            text="{0} @ {1}",
            tex=r"{0} \, {1}", symbol="@", dunder="matmul",
            cases=[(((2, 3), (3, 4)), {}), (((3,), (3, 4)), {}), (((2, 3), (3,)), {}), (((3,), (3,)), {}),
                   (((2, 1, 2, 3), (4, 3, 2)), {}), (((2, 3), (4, 3, 2)), {}), (((3,), (2, 3, 2)), {}),
                   (((2, 2, 3), (3,)), {})],
            multilinear=True, cost=_cost, misfit=of_product)
dot = Op("dot", None, _dot,
         lambda g, z, x, y: _dot_left(g, x, y),
         lambda g, z, x, y: _dot_right(g, x, y),
         text="{0} · {1}",
         tex=r"{0} \cdot {1}", symbol="·",
         cases=[(((2, 3), (3, 4)), {}), (((3,), (3,)), {}), (((), (2, 3)), {}), (((2, 3), (4, 3, 2)), {}),
                (((2, 2, 3), (3,)), {}), (((3,), (2, 3, 2)), {})],
         multilinear=True, cost=_cost, misfit=partial(of_product, outer=True))
