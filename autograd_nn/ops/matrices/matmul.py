"""Products of vectors and matrices.

A stack of matrices times one matrix is one product: the rows of all of them, one below the other, are a matrix.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from ...errors import ShapeError
from .._lanes import Lanes, among, by_ops, shaped
from .._misfit import of_product
from .._op import Op, shape_of
from ..arrays.shape import expand_dims, moveaxis, reshape, squeeze, swapaxes


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
    arrays = type(x) is type(y) is np.ndarray
    if arrays and x.ndim > 1 and (y.ndim == 2 or (y.ndim == 1 and x.ndim > 2)):
        return times_one_matrix(x, y)                    # np.matmul asks more questions, and splits a stack
    if arrays and x.ndim == 3 == y.ndim and len(x) == len(y) and x.size and y.size:
        if x.shape[2] == 1 == y.shape[1]:                # columns times rows
            return x * y
        if not y.strides[0] and x.shape[2] == y.shape[1]:        # one matrix for all: vmap has repeated it
            return times_one_matrix(x, y[0])
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


FEW_COLUMNS = 8
"""Columns of a matrix in each lane, with which one product for all lanes is quicker than one for each."""


def _products(op: Op, lanes: Lanes) -> Any:
    """The lanes as one stack of matrices; where all share y, or a matrix x, as the rows of one product."""
    (x, y), (own_x, own_y), n, m = lanes.xs, lanes.mapped, lanes.ndim(0), lanes.ndim(1)
    if not n or not m:
        raise ShapeError("matmul: a number in each lane is no matrix; * multiplies")
    if not own_y and m <= 2:                             # rows of x, of whatever lane, times y
        rows = op(shaped(x, (math.prod(shape_of(x)[:-1]), shape_of(x)[-1])), y)
        return shaped(rows, shape_of(x)[:-1] + shape_of(y)[1:])
    if not own_x and n <= 2 and m == 1:                  # the same from the right
        return op(y, x if n == 1 else swapaxes(x, 0, 1))
    if not own_x and n == 2 == m and shape_of(y)[2] <= FEW_COLUMNS:
        return swapaxes(_products(op, Lanes((), [swapaxes(y, 1, 2), swapaxes(x, 0, 1)], [True, False], lanes.size, {},
                                            lanes.down)), 1, 2)
    x = expand_dims(x, -2) if n == 1 else x
    y = expand_dims(y, -1) if m == 1 else y
    axes = max(n, m, 2)
    z = op(among(x, axes) if own_x else x, among(y, axes) if own_y else y)
    if n == 1:
        z = squeeze(z, -2 if m > 1 else (-2, -1))
    elif m == 1:
        z = squeeze(z, -1)
    return z


def _by_matmul(x: Any, y: Any) -> Any:
    """np.dot by matmul."""
    if not ndim(x) or not ndim(y):
        return x * y
    return reshape(matmul(x, _as_matrix(y)), shape_of(x)[:-1] + shape_of(y)[:-2] + shape_of(y)[-1:] * (ndim(y) > 1))


matmul = Op("matmul", None, _matmul,
            lambda g, z, x, y: _left(g, x, y),
            lambda g, z, x, y: _right(g, x, y),
            text="{0} @ {1}",
            tex=r"{0} \, {1}", symbol="@", dunder="matmul",
            cases=[(((2, 3), (3, 4)), {}), (((3,), (3, 4)), {}), (((2, 3), (3,)), {}), (((3,), (3,)), {}),
                   (((2, 1, 2, 3), (4, 3, 2)), {}), (((2, 3), (4, 3, 2)), {}), (((3,), (2, 3, 2)), {}),
                   (((2, 2, 3), (3,)), {})],
            multilinear=True, cost=_cost, misfit=of_product, lanes=_products)
dot = Op("dot", None, _dot,
         lambda g, z, x, y: _dot_left(g, x, y),
         lambda g, z, x, y: _dot_right(g, x, y),
         text="{0} · {1}",
         tex=r"{0} \cdot {1}", symbol="·",
         cases=[(((2, 3), (3, 4)), {}), (((3,), (3,)), {}), (((), (2, 3)), {}), (((2, 3), (4, 3, 2)), {}),
                (((2, 2, 3), (3,)), {}), (((3,), (2, 3, 2)), {})],
         multilinear=True, cost=_cost, misfit=partial(of_product, outer=True), lanes=by_ops(_by_matmul))
