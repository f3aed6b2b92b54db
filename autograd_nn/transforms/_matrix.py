"""Matrices of derivatives: Jacobians, Hessians and their products."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import ops
from ..core.node import Node
from ..ops import shape_of
from ._calculus import Argnums, Arguments, Function, Pullback, check_argnums, check_function
from ._forward import jvp
from ._grad import grad
from .dual import Dual


def jacobian(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The Jacobian of f: shape of the output, then shape of the argument.

    Row by row in reverse mode, or column by column in forward mode: whichever takes fewer passes. f
    runs once. For nests the result is nested as f's value is, and in each place as the argument is.
    Arguments as for `value_and_grad`; with has_aux f returns (value, aux) and the result is (Jacobian, aux).

    >>> import numpy as np
    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    check_function("jacobian", f)
    check_argnums("jacobian", argnums)

    def of(*args: Any, **kwargs: Any) -> Any:
        arguments = Arguments("jacobian", args, argnums)
        at = Pullback("jacobian", f, arguments, kwargs, has_aux)
        outs, ins = [shape_of(y) for y in at.ys], [shape_of(x) for x in arguments.leaves]
        if sum(map(math.prod, outs)) <= sum(map(math.prod, ins)):
            blocks = _rows(at, outs, ins)
        else:
            blocks = _columns(at, outs, ins)
        matrix = at.structure.results([arguments.results(row) for row in blocks])
        return (matrix, at.extra()) if has_aux else matrix
    return of


def _rows(at: Pullback, outs: list[tuple[int, ...]], ins: list[tuple[int, ...]]) -> list[list[Any]]:
    """One pass of reverse mode for each element of the output."""
    blocks = []
    for o, out in enumerate(outs):
        rows = [at.pull([unit if k == o else None for k in range(len(outs))]) for unit in _basis(out)]
        blocks.append([_joined([row[i] for row in rows], out + into, 0, at.arguments.leaves[i])
                       for i, into in enumerate(ins)])
    return blocks


def _columns(at: Pullback, outs: list[tuple[int, ...]], ins: list[tuple[int, ...]]) -> list[list[Any]]:
    """One pass of forward mode for each element of the argument."""
    leaves = at.arguments.leaves
    columns = [at.push(i, (unit.astype(getattr(x, "dtype", float)) if into else unit for unit in _basis(into)))
               for i, (x, into) in enumerate(zip(leaves, ins))]
    return [[_joined([column[o] for column in columns[i]], out + into, -1, leaves[i])
             for i, into in enumerate(ins)] for o, out in enumerate(outs)]


def _basis(shape: tuple[int, ...]) -> Iterator[Any]:
    if not shape:
        yield 1.0
    else:
        n = math.prod(shape)
        yield from (np.eye(1, n, i).reshape(shape) for i in range(n))


def _joined(parts: list[Any], shape: tuple[int, ...], axis: int, x: Any) -> Any:
    """The rows or columns of the block of derivatives by x, in x's dtype."""
    if not shape:
        return parts[0]
    dtype = np.dtype(getattr(x, "dtype", float))
    if any(isinstance(p, (Node, Dual)) for p in parts):
        block = ops.reshape(ops.stack(parts, axis=axis), shape)
        return block if block.dtype == dtype else ops.astype(block, dtype)
    return np.reshape(np.stack([np.asarray(p, dtype) for p in parts], axis=axis), shape) if parts else \
        np.zeros(shape, dtype)


def hessian(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The matrix of second derivatives of a function that returns a single number.

    At a kink (abs, relu or clip at an edge, a tie of maximum) the slope counts as constant: its derivative is 0. So
    a network whose units stand at 0 has the second derivatives of its smooth parts. But abs(x)**2 has 0 at 0, where
    x**2 has 2: write what is smooth without a kink. At a root of 0 (sqrt, norm, hypot, std) it is right, or nan.

    >>> import numpy as np
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    check_function("hessian", f)
    check_argnums("hessian", argnums)
    return jacobian(grad(f, argnums, has_aux), argnums, has_aux)


def hvp(f: Function, x: Any, v: Any) -> Any:
    """The Hessian of f at x times v, without the Hessian: forward mode over reverse mode.

    x may be any nest, or a Module; v is nested alike, as the gradient is. At kinks: see `hessian`.

    >>> hvp(lambda x: x ** 3, 2.0, 1.0)
    12.0
    """
    check_function("hvp", f)
    return jvp(grad(f), (x,), (v,))[1]
