"""Dual: forward mode, from the same rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import ops
from ._methods import attach
from .graph import Node, cotangents, data_of
from .ops import CARRIERS, Op, shape_of
from .tensor import Tensor


class Dual:
    """A primal with its tangent: x + dx, where dx is the derivative along one direction.

    Elementwise rules are their own transposes: run on the tangent instead of a cotangent they give
    the tangent of the output. The rule of any other op is linear in its cotangent, so its
    transpose is found by differentiating the rule itself.

    `level` keeps nested derivatives apart: an op treats duals of a lower level as constants.

    >>> from autograd_nn import sin
    >>> y = sin(Dual(2.0, 1.0) * 3.0)
    >>> round(y.primal, 6), round(y.tangent, 6)
    (-0.279415, 2.880511)
    """

    __slots__ = ("level", "primal", "tangent")
    __array_ufunc__ = None                   # NumPy leaves `array * dual` to us

    def __init__(self, primal: Any, tangent: Any, level: int = 0) -> None:
        self.primal, self.tangent, self.level = primal, tangent, level

    @property
    def shape(self) -> tuple[int, ...]:
        """The primal's shape."""
        return shape_of(self.primal)

    @property
    def dtype(self) -> Any:
        """The primal's dtype; float64 for a number."""
        return getattr(self.primal, "dtype", np.dtype(float))

    def __getitem__(self, index: Any) -> Any:
        return ops.getitem(self, index)

    def __repr__(self) -> str:
        return f"Dual({self.primal!r}, {self.tangent!r})"

    def __pos__(self) -> Dual:
        return self

    def _compare(self, other: Any, how: str) -> Any:
        other = other.primal if isinstance(other, Dual) else other
        return getattr(np, how)(data_of(self.primal), data_of(other))

    def __lt__(self, other: Any) -> Any:
        return self._compare(other, "less")

    def __le__(self, other: Any) -> Any:
        return self._compare(other, "less_equal")

    def __gt__(self, other: Any) -> Any:
        return self._compare(other, "greater")

    def __ge__(self, other: Any) -> Any:
        return self._compare(other, "greater_equal")

    def __eq__(self, other: Any) -> Any:
        return self._compare(other, "equal")

    def __ne__(self, other: Any) -> Any:
        return self._compare(other, "not_equal")

    __hash__ = object.__hash__


def _apply(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    level = max(a.level for a in args if isinstance(a, Dual))
    here = [isinstance(a, Dual) and a.level == level for a in args]
    primals = [a.primal if mine else a for a, mine in zip(args, here)]
    y = op(*primals, **params) if op.arity >= 0 else op(primals, **params)
    tangent: Any = None
    for i, (a, mine, rule) in enumerate(zip(args, here, op.vjps)):
        if not mine or rule is None:
            continue
        if op.elementwise:
            part = rule(a.tangent, y, *primals, **params)
        else:
            part = _transposed(rule, a.tangent, y, primals, i, params)
        tangent = part if tangent is None else tangent + part
    if tangent is None:
        tangent = 0.0
    if shape_of(tangent) != shape_of(y):
        tangent = ops.broadcast_to(tangent, shape_of(y))
    return Dual(y, tangent, level)


def _transposed(rule: Any, tangent: Any, y: Any, primals: list[Any], i: int, params: dict[str, Any]) -> Any:
    """The tangent of y: the transpose of `rule` (linear in its cotangent u), applied to `tangent`."""
    u = Tensor._lift(np.zeros(shape_of(y), dtype=np.result_type(_plain(y))))
    part = rule(u, y, *primals, **params)
    if shape_of(part) != shape_of(primals[i]):
        part = ops.sum_to(part, shape_of(primals[i]))
    plain = not any(isinstance(x, (Node, Dual)) for x in (y, tangent, *primals))
    found = cotangents({part: tangent}, create_graph=not plain)
    return found.get(u, 0.0)


def _plain(x: Any) -> Any:
    while isinstance(x, Dual):
        x = x.primal
    return data_of(x)


CARRIERS[Dual] = (4, _apply)
attach(Dual)
