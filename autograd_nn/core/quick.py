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
from . import modes, times
from .accumulate import accumulate
from .fixed import FREE
from .methods import is_operand
from .node import NOTHING, Node


def install(kind: Any) -> None:
    """Give a class of Values quick operators, and quick methods of one input, for each op of the table."""
    def meet(op: Op) -> None:
        if op.elementwise and op.method and not op.params and not op.variants and op.arity == 1:
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
        if modes.special or rest or self._fixed:
            return op(self, *rest)
        try:
            data = scalar(self._data)                # type: ignore[misc]
        except Exception:                            # IEEE's inf or nan; or the error, with what it says
            return op(self)
        node = new(Value)
        node._data, node._op, node._inputs, node._params = data, op, (self,), NOTHING
        node._grad = node._part = node.name = None
        node._time, node._fixed = times.now, FREE
        return node
    method.op = op  # type: ignore[attr-defined]
    return method


def _binary(op: Op, Value: Any) -> Callable[[Any, Any], Any]:
    scalar, new = op.scalar, object.__new__

    def method(self: Any, other: Any, *rest: Any) -> Any:
        kind = type(other)
        usual = not other._fixed if kind is Value else kind is float or kind is int
        if modes.special or rest or self._fixed or not usual:
            return op(self, other, *rest) if is_operand(other) else NotImplemented
        try:
            data = scalar(self._data, other._data if kind is Value else other)  # type: ignore[misc]
        except Exception:
            return op(self, other)
        node = new(Value)
        node._data, node._op, node._inputs, node._params = data, op, (self, other), NOTHING
        node._grad = node._part = node.name = None
        node._time, node._fixed = times.now, FREE
        return node
    return method


# --- the chain rule over Values alone ---------------------------------------------------------------

_REACHED: Any = object()
"""Stands in the `_part` of a node that a backward pass has met and that has no cotangent yet."""
_one_at_a_time = threading.RLock()
"""Held during a backward pass: its cotangents are in the nodes, and threads may share nodes."""
_marked: list[Any] = []
"""The nodes with something in their `_part`: none between passes, unless Ctrl-C came in while they were cleared."""


def backward(root: Node, seed: float, kind: Any) -> bool:
    """reverse.backward where every node is of the one `kind`: the same steps, without what only arrays need.

    False, with every gradient as it was, if another kind of node is met, or a leaf whose number was assigned after
    it had been used, if the root is a constant, or if a rule of such a pass asks for this one. The cotangents are in
    the nodes, so one thread runs at a time.
    """
    if root._fixed or _one_at_a_time._is_owned():    # type: ignore[attr-defined]
        return False
    with _one_at_a_time:
        _clear()
        try:
            order = _collect(root, kind)
            if order is None:
                return False
            root._part = seed                        # type: ignore[attr-defined]
            _sweep(order, kind)
        except Exception:                            # reverse.py says in which op
            return False
        else:
            for node in order:
                g = node._part
                if node._op is not None:
                    node._grad = None if g is _REACHED else g
                elif g is not _REACHED:
                    accumulate(node, g)
            return True
        finally:
            _clear()


def _clear() -> None:
    """Leave nothing in the nodes."""
    for node in _marked:
        node._part = None
    _marked.clear()


def _collect(root: Node, kind: Any) -> list[Any] | None:
    """The order of node.topological, outputs first, and each node marked; None if the pass cannot be done here."""
    stack: list[Any] = [root]
    pop, push, mark, reached = stack.pop, stack.append, _marked.append, _REACHED
    done: list[Any] = []
    out = done.append
    while stack:
        node = pop()
        if node is None:
            out(pop())
            continue
        if node._part is not None:
            continue
        if type(node) is not kind:
            return None
        mark(node)
        node._part = reached
        inputs = node._inputs
        if not inputs:
            out(node)
            continue
        push(node)
        push(None)
        time = node._time
        if node._op.unguarded:
            return None
        for x in inputs[::-1]:
            its = type(x)
            if its is kind:
                if x._part is None:
                    push(x)
                if x._time > time:
                    return None
            elif its is not float and its is not int:
                return None
    done.reverse()
    return done


def _sweep(order: list[Any], kind: Any) -> None:
    """The quick form of `reverse.chain_rule`: cotangents stand in `_part`, and an op of two inputs has no loop."""
    reached = _REACHED
    for node in order:
        g, op = node._part, node._op
        if g is reached or op is None:               # only through an input that has no derivative; or a leaf
            continue
        inputs = node._inputs
        if op.arity == 2 and not node._params:
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
            if g == 0.0:                             # an inf or nan of a rule does not leak past a zero
                part_a = part_b = 0.0
            if is_a:
                before = a._part
                a._part = part_a if before is reached else before + part_a
            if is_b:
                before = b._part
                b._part = part_b if before is reached else before + part_b
            continue
        xs = [x._data if type(x) is kind else x for x in inputs]
        for x, rule in zip(inputs, op.float_rules):
            if type(x) is kind and rule is not None:
                part = rule(g, node._data, *xs, **node._params) if g != 0.0 else 0.0
                x._part = part if x._part is reached else x._part + part
