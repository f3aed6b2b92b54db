"""Matrices of derivatives: Jacobians, Hessians and their products."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from .. import ops
from ..core.batched import Batched, lanes_in_front
from ..core.in_lanes import most_at_once
from ..core.lane_level import LaneLevel
from ..core.node import topological
from ..core.tensor import Tensor
from ..core.value import as_value
from ..core.variables import active
from ..ops import shape_of
from ..ops._carriers import is_traced
from ._calculus import Argnums, Arguments, Function, Pullback, check_argnums, check_function
from ._forward import jvp
from ._grad import grad
from .dual import leaf, nodes_in

BLOCK = 1 << 24
"""Bytes of the cotangents that a block of lanes holds at once: a Jacobian of many rows takes several blocks."""
FEW = 32
"""Rows of the Jacobian of a graph of Values, for which one pass after the other is quicker than many at once."""


def jacobian(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The Jacobian of f: shape of the output, then shape of the argument.

    By rows in reverse mode, or by columns in forward mode, whichever are fewer: many at once, in blocks
    of bounded memory. f runs once. For nests the result is nested as f's value is, and in each place as the argument
    is. Arguments as for `value_and_grad`; with has_aux f returns (value, aux) and the result is
    (Jacobian, aux).

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


class _Units:
    """The elements of several leaves, numbered through. In a lane of its own each is 1, and the others are 0."""

    def __init__(self, leaves: Sequence[Any]) -> None:
        self.leaves, self.shapes = leaves, [shape_of(x) for x in leaves]
        ends = [*accumulate(map(math.prod, self.shapes), initial=0)]
        self.spans, self.count = [*pairwise(ends)], ends[-1]

    def units(self, first: int, level: LaneLevel | None) -> list[Any]:
        """For each leaf the units of those of its elements that the lanes from `first` on stand for, or None."""
        found: list[Any] = []
        n = 1 if level is None else level.size
        for x, shape, (start, end) in zip(self.leaves, self.shapes, self.spans):
            here = np.arange(max(first, start), min(first + n, end))
            if not here.size:
                found.append(None)
                continue
            units = np.zeros((n, end - start), getattr(x, "dtype", float))
            units[here - first, here - start] = 1
            units = units.reshape(n, *shape)
            found.append(Batched(units, level) if level is not None else units[0] if shape else 1.0)
        return found

    def in_lanes(self, step: int, run: Callable[[list[Any]], list[Any]]) -> list[Any]:
        """What `run` gives for the units of all elements, `step` of them at once: these along a first axis."""
        if step == 1:
            return [[*rows] for rows in zip(*(run(self.units(k, None)) for k in range(self.count)))]
        blocks = []
        for first in range(0, self.count, step):
            with LaneLevel(min(step, self.count - first), active.nodes) as level:
                blocks.append([lanes_in_front(y, level) for y in run(self.units(first, level))])
        return [_joined(parts) for parts in zip(*blocks)]


def _joined(parts: Sequence[Any]) -> Any:
    if any(map(is_traced, parts)):
        return parts[0] if len(parts) == 1 else ops.concatenate(parts)
    return np.concatenate(parts) if len(parts) > 1 else np.array(parts[0])


def _part(rows: Any, start: int, end: int, x: Any) -> Any:
    """Some of the rows, which are a list or lie along the first axis of an array; a single number as it is."""
    if isinstance(rows, list):
        if end - start == 1 and not shape_of(rows[start]):
            return rows[start]
        return ops.stack(rows[start:end]) if any(map(is_traced, rows)) else np.stack(rows[start:end])
    if is_traced(rows) or len(shape_of(rows)) > 1 or end - start > 1:
        return rows if end - start == shape_of(rows)[0] else rows[start:end]
    return _numbers(rows, x)[start]


def _numbers(rows: Any, x: Any) -> Sequence[Any]:
    """Numbers of the kind that x is."""
    return [*rows] if isinstance(x, np.floating) and not isinstance(x, float) else rows.tolist()


def _shaped(part: Any, shape: tuple[int, ...], x: Any) -> Any:
    """A block of derivatives by x in its shape, and in x's dtype."""
    if not shape:                                        # a number, which for a Value is one
        return as_value(part) if isinstance(part, Tensor) and not hasattr(x, "dtype") else part
    dtype = np.dtype(getattr(x, "dtype", float))
    if not is_traced(part):
        return part.reshape(shape).astype(dtype, copy=False)
    part = part if shape_of(part) == shape else ops.reshape(part, shape)
    return part if part.dtype == dtype else ops.astype(part, dtype)


def _rows(at: Pullback, outs: list[tuple[int, ...]], ins: list[tuple[int, ...]]) -> list[list[Any]]:
    """Reverse mode, one cotangent for each element of the output, many at once."""
    units = _Units(at.ys)
    if not units.count:
        return [[np.zeros(out + into, getattr(x, "dtype", float)) for into, x in zip(ins, at.arguments.leaves)]
                for out in outs]
    rows = units.in_lanes(_at_once(at, units.count), at.pull)
    plain = all(isinstance(of, np.ndarray) for of in rows)
    if plain and not any(outs) and not any(ins) and not any(at.kept):            # numbers by numbers
        return [list(row) for row in zip(*map(_numbers, rows, at.arguments.leaves))]
    return [[_as_given(_shaped(_part(of, *span, x), out + into, x), x, keep)
             for of, into, x, keep in zip(rows, ins, at.arguments.leaves, at.kept)]
            for out, span in zip(outs, units.spans)]


def _at_once(at: Pullback, count: int) -> int:
    """How many rows or columns to compute at once."""
    roots = [*nodes_in(at.ys)]
    order = topological(roots, at.inside)
    if count == 1 or (count < FEW and all(type(node._data) is float for node in order)):
        return 1
    return max(BLOCK // max(most_at_once(order, roots, at.inside), 1), 1)


def _columns(at: Pullback, outs: list[tuple[int, ...]], ins: list[tuple[int, ...]]) -> list[list[Any]]:
    """Forward mode, one tangent for each element of the argument, many at once."""
    leaves = at.arguments.leaves
    units = _Units(leaves)
    columns = units.in_lanes(_at_once(at, units.count), at.push)
    return [[_as_given(_shaped(_last(_part(of, *span, x)), out + into, x), x, keep)
             for into, span, x, keep in zip(ins, units.spans, leaves, at.kept)] for out, of in zip(outs, columns)]


def _as_given(block: Any, x: Any, keep: bool) -> Any:
    """A leaf, where the argument is a node and the result is none."""
    return leaf(block, Tensor if shape_of(block) else type(x)) if keep and not is_traced(block) else block


def _last(columns: Any) -> Any:
    """Columns that lie along the first axis, along the last one."""
    if len(shape_of(columns)) < 2:
        return columns
    return ops.moveaxis(columns, 0, -1) if is_traced(columns) else np.moveaxis(columns, 0, -1)


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
