"""PureValue in fewer steps: its operators and methods for the usual operands, and the chain rule over Values alone.

Everything here has the answers of the plain way (`Op.__call__`, `reverse.py`), to the last bit, and leaves to it
whatever is not usual. Without this file all would work, and take about twice the time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from ..ops import Op, for_each_op
from ..ops._bind import MATH_ERRORS
from . import modes
from .methods import is_operand
from .node import NOTHING, Node


def install(kind: Any) -> None:
    """Give a class of Values quick operators, and quick methods of one input, for each op of the table."""
    def meet(op: Op) -> None:
        if op.elementwise and op.method and not op.params and op.arity == 1:
            setattr(kind, op.name, _unary(op, kind))
        if op.elementwise and op.dunder:
            setattr(kind, f"__{op.dunder}__", _unary(op, kind) if op.arity == 1 else _binary(op, kind))

    def part(op: Op) -> None:
        if getattr(vars(kind).get(op.name), "op", None) is op:
            delattr(kind, op.name)
    for_each_op(meet, part)


def _unary(op: Op, Value: Any) -> Callable[[Any], Any]:
    scalar, new = op.scalar, object.__new__

    def method(self: Any, *rest: Any) -> Any:
        if modes.special or rest:
            return op(self, *rest)
        try:
            data = scalar(self._data)                # type: ignore[misc]
        except Exception:                            # IEEE's inf or nan; or the error, with what it says
            return op(self)
        node = new(Value)
        node._data, node._grad, node.op, node.inputs, node.params, node.name = data, None, op, (self,), NOTHING, None
        return node
    method.op = op  # type: ignore[attr-defined]
    return method


def _binary(op: Op, Value: Any) -> Callable[[Any, Any], Any]:
    scalar, new = op.scalar, object.__new__

    def method(self: Any, other: Any, *rest: Any) -> Any:
        kind = type(other)
        if modes.special or rest or (kind is not Value and kind is not float and kind is not int):
            return op(self, other, *rest) if is_operand(other) else NotImplemented
        try:
            data = scalar(self._data, other._data if kind is Value else other)  # type: ignore[misc]
        except Exception:
            return op(self, other)
        node = new(Value)
        node._data, node._grad, node.op, node.inputs = data, None, op, (self, other)
        node.params, node.name = NOTHING, None
        return node
    return method


# --- the chain rule over Values alone ---------------------------------------------------------------

_REACHED: Any = object()
"""Stands in the `_grad` of a node while a backward runs: the node is in the order already."""
_one_at_a_time = threading.RLock()
"""Held during a backward pass: its marks are in the nodes, and threads may share nodes."""


def backward(root: Node, seed: float, kind: Any) -> bool:
    """reverse.backward where every node is of the one `kind`: the same steps, without what only arrays need.

    False, with every leaf as it was, if another kind of node is met. The marks are in the nodes, so
    one thread runs at a time.
    """
    with _one_at_a_time:
        return _backward(root, seed, kind)


def _backward(root: Node, seed: float, kind: Any) -> bool:
    order: list[Any] = []
    leaves: list[tuple[Any, Any]] = []
    try:
        if not _collect(root, order, leaves, kind):
            _restore(root, order, leaves)
            return False
        root._grad = seed
        order.reverse()
        _sweep(order, kind)
    except Exception:                                # reverse.py says in which op
        _restore(root, order, leaves)
        return False
    except BaseException:
        _restore(root, order, leaves)
        raise
    for node, before in leaves:
        g = node._grad
        if g is _REACHED:
            node._grad = before
        elif before is not None:
            node._grad = before + g
    return True


def _collect(root: Node, order: list[Any], leaves: list[tuple[Any, Any]], kind: Any) -> bool:
    """The order of node.topological, inner nodes and leaves apart; False if not all are of the kind."""
    stack: list[Any] = [root]
    pop, push, out, reached = stack.pop, stack.append, order.append, _REACHED
    while stack:
        node = pop()
        if node is None:
            out(pop())
            continue
        if node._grad is reached:
            continue
        inputs = node.inputs
        if not inputs:
            if type(node) is not kind:
                return False
            leaves.append((node, node._grad))
            node._grad = reached
            continue
        node._grad = reached
        push(node)
        push(None)
        for x in inputs[::-1]:
            its = type(x)
            if its is kind:
                if x._grad is not reached:
                    push(x)
            elif its is not float and its is not int:
                return False
    return True


def _restore(root: Node, order: list[Any], leaves: list[tuple[Any, Any]]) -> None:
    """Undo an interrupted pass: leaves get their former gradients, nodes between get none."""
    for node in order:
        node._grad = None
    stack: list[Any] = [root]                        # where the order was not complete yet
    while stack:
        node = stack.pop()
        if isinstance(node, Node) and node._grad is _REACHED:
            node._grad = None
            stack.extend(node.inputs)
    for node, before in leaves:
        node._grad = before


def _sweep(order: list[Any], kind: Any) -> None:
    """The quick form of `reverse.chain_rule`: cotangents stand in `_grad`, and an op of two inputs has no loop."""
    reached = _REACHED
    for node in order:
        g = node._grad
        if g is reached:                             # only through an input that has no derivative
            node._grad = None
            continue
        op, inputs = node.op, node.inputs
        if op.arity == 2 and not node.params:
            a, b = inputs
            rule_a, rule_b = op.scalar_rules
            is_a, is_b = type(a) is kind, type(b) is kind
            p, q = a._data if is_a else a, b._data if is_b else b
            is_a, is_b = is_a and rule_a is not None, is_b and rule_b is not None
            try:
                part_a = rule_a(g, node._data, p, q) if is_a else None
                part_b = rule_b(g, node._data, p, q) if is_b else None
            except MATH_ERRORS:
                rule_a, rule_b = op.float_rules
                part_a = rule_a(g, node._data, p, q) if is_a else None
                part_b = rule_b(g, node._data, p, q) if is_b else None
            if g == 0.0 and not op.unguarded:        # an inf or nan of a rule does not leak past a zero
                part_a = part_b = 0.0
            if is_a:
                before = a._grad
                a._grad = part_a if before is reached else before + part_a
            if is_b:
                before = b._grad
                b._grad = part_b if before is reached else before + part_b
            continue
        xs = [x._data if type(x) is kind else x for x in inputs]
        for x, rule in zip(inputs, op.float_rules):
            if type(x) is kind and rule is not None:
                part = rule(g, node._data, *xs, **node.params) if g != 0.0 or op.unguarded else 0.0
                x._grad = part if x._grad is reached else x._grad + part
