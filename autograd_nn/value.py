"""Value: a number in the graph. Pure Python, and the specification of the scalar engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import graph, ops
from ._methods import attach, operand, through_ufunc
from ._surface import ValueMethods
from .errors import LeavesGraphError, UsageError
from .graph import NOTHING, Node, record
from .ops import CARRIERS, Op, for_each_op
from .ops._op import ARRAY_RANK, MATH_ERRORS


class Value(ValueMethods, Node):
    """A number that remembers how it was computed.

    `data` is a Python float and may be assigned between graphs. `grad` is a float too, 0.0 before
    any backward (`has_grad` tells), and a Value after `backward(create_graph=True)`. `op`,
    `inputs` and `params` say how it was made, `name` is free for the user.

    Arithmetic follows IEEE: exp(1000) is inf, log(0) is -inf. Comparisons compare data, hashing is
    by identity. Anything but a single number raises a UsageError.

    >>> w, x = Value(3.0, name="w"), Value(2.0)
    >>> y = (w * x - 1) ** 2
    >>> y.backward()
    >>> y.data, w.grad, x.grad
    (25.0, 20.0, 30.0)
    """

    __slots__ = ()

    def __init__(self, data: Any, name: str | None = None) -> None:
        self._data = _number(data)
        self._grad = None
        self.op, self.inputs, self.params, self.name = None, (), NOTHING, name

    @property
    def data(self) -> float:
        """The number itself, a Python float."""
        return self._data  # type: ignore[no-any-return]

    @data.setter
    def data(self, number: Any) -> None:
        self._data = _number(number)

    @property
    def grad(self) -> Any:
        """The derivative of the root of the last backward passes by this value; 0.0 before any."""
        return 0.0 if self._grad is None else self._grad

    @grad.setter
    def grad(self, g: Any) -> None:
        self._grad = g if g is None or isinstance(g, Value) else _number(g)

    @property
    def shape(self) -> tuple[int, ...]:
        """(): a single number."""
        return ()

    def item(self) -> float:
        """The number, out of the graph."""
        return self._data  # type: ignore[no-any-return]

    def detach(self) -> Value:
        """A leaf with the same number."""
        return Value(self._data)

    def backward(self, seed: Any = None, *, create_graph: bool = False) -> None:
        """Add this value's derivatives to the `.grad` of every leaf: see Node.backward."""
        if create_graph or not _backward(self, 1.0 if seed is None else seed):
            graph.backward(self, seed, create_graph=create_graph)

    # --- what the graph asks of a node --------------------------------------------------------
    def _own(self, g: Any) -> Any:
        if isinstance(g, Node):
            return g if isinstance(g, Value) else as_value(g)
        return g if CARRIERS[type(g)][0] > ARRAY_RANK else float(g)

    def _one(self) -> float:
        return 1.0

    # --- Python's own protocols ---------------------------------------------------------------
    __hash__ = object.__hash__

    def __eq__(self, other: Any) -> Any:
        return self._data == graph.data_of(other)

    def __ne__(self, other: Any) -> Any:
        return self._data != graph.data_of(other)

    def __lt__(self, other: Any) -> Any:
        return self._data < graph.data_of(other)

    def __le__(self, other: Any) -> Any:
        return self._data <= graph.data_of(other)

    def __gt__(self, other: Any) -> Any:
        return self._data > graph.data_of(other)

    def __ge__(self, other: Any) -> Any:
        return self._data >= graph.data_of(other)

    def __bool__(self) -> bool:
        return self._data != 0.0  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        parts = [f"{self._data!r}"]
        if self._grad is not None:
            parts.append(f"grad={graph.data_of(self._grad)!r}")
        if self.name is not None:
            parts.append(f"name={self.name!r}")
        return f"Value({', '.join(parts)})"

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __float__(self) -> float:
        raise LeavesGraphError(
            "float() of a Value would drop its gradient without a word (math.exp(v) and its like call it)\n"
            "  help: v.item() is the number; v.exp(), v.log(), autograd_nn.sin(v) ... stay in the graph")

    def __int__(self) -> int:
        raise LeavesGraphError("int() of a Value would drop its gradient without a word\n"
                               "  help: int(v.item()) is the number; v.floor() stays in the graph")

    def __index__(self) -> int:
        raise LeavesGraphError("a Value cannot be an index or a count: that would drop its gradient\n"
                               "  help: int(v.item()) is the number")

    def __complex__(self) -> complex:
        raise LeavesGraphError("complex() of a Value would drop its gradient without a word\n"
                               "  help: complex(v.item()) is the number")

    def __pos__(self) -> Value:
        return self

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **params: Any) -> Any:
        return through_ufunc(ufunc, method, inputs, params)


def _number(x: Any) -> float:
    """x as a Python float; a UsageError if it is not a single number."""
    if type(x) is float:
        return x
    single = isinstance(x, (int, float, np.generic)) or (isinstance(x, np.ndarray) and x.shape == ())
    if single and np.asarray(x).dtype.kind in "fiub":
        return float(x)
    if isinstance(x, Node):
        raise UsageError(f"this is a {type(x).__name__} already: {x!r:.60}\n"
                         "  help: use it as it is, or x.detach() for a leaf with the same data")
    what = f"an array of shape {x.shape}" if isinstance(x, np.ndarray) else f"{type(x).__name__} {x!r:.60}"
    raise UsageError(f"a Value holds a single real number, not {what}"
                     + ("\n  help: Tensor(x) holds an array" if isinstance(x, (np.ndarray, list, tuple)) else ""))


def _apply(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Run `op` on Values and numbers, and record it."""
    if op.scalar is None:
        from .tensor import Tensor  # an op on arrays takes a Value as one of shape ()
        return CARRIERS[Tensor][1](op, args, params)
    inputs = tuple(a if isinstance(a, Node) or type(a) in (float, int) else _constant(op, a) for a in args)
    data = op.number(*[x._data if isinstance(x, Node) else x for x in inputs], **params)
    return record(Value, float(data), op, inputs, params)


def _constant(op: Op, x: Any) -> Any:
    try:
        return _number(x)
    except UsageError:
        raise UsageError(f"{op.name}: cannot combine a Value and {type(x).__name__} {x!r:.60}") from None


CARRIERS[Value] = (1, _apply)


# --- operators and methods, from the table: the same as _apply, for the common types, in fewer steps

def _unary(op: Op) -> Callable[[Any], Any]:
    scalar, new = op.scalar, object.__new__

    def method(self: Any, *_: Any) -> Any:
        if graph.special:
            return op(self)
        try:
            data = scalar(self._data)                # type: ignore[misc]
        except MATH_ERRORS:
            data = op.number(self._data)
        node = new(Value)
        node._data, node._grad, node.op, node.inputs, node.params, node.name = data, None, op, (self,), NOTHING, None
        return node
    return method


def _binary(op: Op) -> Callable[[Any, Any], Any]:
    scalar, new = op.scalar, object.__new__

    def method(self: Any, other: Any) -> Any:
        kind = type(other)
        if graph.special or (kind is not Value and kind is not float and kind is not int):
            return op(self, other) if operand(other) else NotImplemented
        try:
            data = scalar(self._data, other._data if kind is Value else other)  # type: ignore[misc]
        except MATH_ERRORS:
            data = op.number(self._data, other._data if kind is Value else other)
        node = new(Value)
        node._data, node._grad, node.op, node.inputs = data, None, op, (self, other)
        node.params, node.name = NOTHING, None
        return node
    return method


def _install(op: Op) -> None:
    if op.elementwise and not op.params and op.arity == 1:
        setattr(Value, op.name, _unary(op))
    if op.elementwise and op.dunder:
        setattr(Value, f"__{op.dunder}__", _unary(op) if op.arity == 1 else _binary(op))


for_each_op(_install)
attach(Value)
as_value = Op("as_value", None, lambda x: x.reshape(()),
              lambda g, y, x: ops.broadcast_to(g, x.shape),
              tex="{0}", method=False)


# --- the chain rule over Values alone -----------------------------------------------------------

_REACHED: Any = object()         # in `_grad` while a backward runs: this node is in the order


def _backward(root: Value, seed: Any) -> bool:
    """graph.backward where every node is a Value: the same steps, without what only arrays need.

    False, with every leaf as it was, if another kind of node is met.
    """
    order: list[Any] = []
    leaves: list[tuple[Any, Any]] = []
    seed = _number(seed)
    try:
        if not _collect(root, order, leaves):
            _restore(root, order, leaves)
            return False
        root._grad = seed
        order.reverse()
        _sweep(order)
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


def _collect(root: Value, order: list[Any], leaves: list[tuple[Any, Any]]) -> bool:
    """The order of graph.topological, inner nodes and leaves apart; False if not all are Values."""
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
            if type(node) is not Value:
                return False
            leaves.append((node, node._grad))
            node._grad = reached
            continue
        node._grad = reached
        push(node)
        push(None)
        for x in inputs[::-1]:
            kind = type(x)
            if kind is Value:
                if x._grad is not reached:
                    push(x)
            elif kind is not float and kind is not int:
                return False
    return True


def _restore(root: Value, order: list[Any], leaves: list[tuple[Any, Any]]) -> None:
    """After an interruption: leaves as they were, nodes between without a gradient."""
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


def _sweep(order: list[Any]) -> None:
    reached = _REACHED
    for node in order:
        g = node._grad
        if g is reached:                             # only through an input that has no derivative
            node._grad = None
            continue
        op, inputs = node.op, node.inputs
        if len(inputs) == 2 and not node.params:
            a, b = inputs
            rule_a, rule_b = op.scalar_rules
            is_a, is_b = type(a) is Value, type(b) is Value
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
                before = a._grad
                a._grad = part_a if before is reached else before + part_a
            if is_b:
                before = b._grad
                b._grad = part_b if before is reached else before + part_b
            continue
        xs = [x._data if type(x) is Value else x for x in inputs]
        for x, rule in zip(inputs, op.float_rules):
            if type(x) is Value and rule is not None:
                part = rule(g, node._data, *xs, **node.params) if g != 0.0 else 0.0
                x._grad = part if x._grad is reached else x._grad + part
