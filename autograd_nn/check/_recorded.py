"""A recorded graph run again: each node by itself, or all of it from other leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.node import Node, topological
from ..core.value import BaseValue
from ..ops import Each, Op
from ..transforms._recompute import rerun

CORNER = 1e-7                    # value of an op's kink function: below this the kink is too near for differences


@dataclass(frozen=True)
class RecordedOp:
    """One op of a graph with the inputs and the output that it had, in float64.

    shown   the node of the graph that stands for it: itself, or the checkpoint that it is in
    number  that node's number, as pictures of the graph count: constants too
    """

    node: Node
    shown: Node
    number: int
    xs: tuple[Any, ...] = ()
    y: Any = None

    @property
    def op(self) -> Op:
        assert self.node.op is not None
        return self.node.op

    def slots(self) -> list[int]:
        """The inputs that are nodes: the others have no derivative."""
        return [i for i, x in enumerate(self.node.inputs) if isinstance(x, Node) and np.size(self.xs[i])]

    def stale(self) -> str:
        """What is wrong with the recorded output; "" if the op gives it again."""
        before = self.node._data
        try:
            again = run(self.node, _operands(self.node))
        except Exception as error:
            return f"on its recorded inputs it now raises {type(error).__name__}: {error}"
        if np.shape(again) != np.shape(before):
            return f"on its recorded inputs it gives shape {np.shape(again)}, and {np.shape(before)} is recorded"
        eps = np.finfo(np.result_type(before, np.float16)).eps
        if np.array_equal(again, before) or \
                np.allclose(again, before, rtol=eps ** 0.5, atol=eps * float(np.max(np.abs(before), initial=0.0)),
                            equal_nan=True):
            return ""
        at = np.unravel_index(int(np.argmax(np.abs(np.subtract(again, before)))), np.shape(before))
        return (f"on its recorded inputs it gives {np.asarray(again)[at]:.10g}, and {np.asarray(before)[at]:.10g} is "
                "recorded: an input was changed after it was used, or the op is random")

    def pulled_back(self, slot: int, g: Any) -> Any:
        """The rule for one input, on plain data; 0 where there is none."""
        op = self.op
        rules = op.float_rules if isinstance(self.y, float) and op.scalar is not None else op.array_rules
        rule = rules[slot] if isinstance(rules, Each) or slot < len(rules) else None
        return 0.0 if rule is None else rule(g, self.y, *self.xs, **self.node.params)

    def along(self, us: dict[int, Any], g: Any) -> Callable[[float], float]:
        """<g, op> as a function of t, where each input with a direction u moves by t u."""
        def at(t: float) -> float:
            xs = tuple(moved(x, t, us[i]) if i in us else x for i, x in enumerate(self.xs))
            return float(np.sum(g * run(self.node, xs)))
        return at

    def in_a_corner(self, slot: int) -> Any:
        """Where, in an input, the op says of itself that it is not differentiable; or next to it."""
        x = self.xs[slot]
        if self.op.kink is None:
            return np.zeros(np.shape(x), bool)
        near = np.abs(np.asarray(np.vectorize(self.op.kink, otypes=[float])(*self.xs))) < CORNER
        extra = near.ndim - np.ndim(x)
        near = near.any(axis=tuple(range(extra)))
        narrow = tuple(i for i, n in enumerate(np.shape(x)) if n == 1)
        return np.broadcast_to(near.any(axis=narrow, keepdims=True), np.shape(x))


def recorded(root: Node, leaves: bool = False) -> Iterator[RecordedOp]:
    """Each op of the graph (with `leaves`, each node instead); a checkpoint as the ops in it."""
    number = -1
    for node in topological([root]):
        number += 1 + sum(not isinstance(x, Node) for x in node.inputs)
        if leaves:
            yield RecordedOp(node, node, number)
            continue
        inside = [node]
        while inside:
            part = inside.pop()
            if part.op is rerun:
                _, ys, _ = part.params["segment"].again(_operands(part))
                inside += reversed(topological([y for y in ys if isinstance(y, Node)]))
            elif part.op is not None:
                xs = tuple(map(wide, _operands(part)))
                try:
                    y = run(part, xs)
                except Exception:
                    y = wide(part._data)                 # stale() will say why
                yield RecordedOp(part, node, number, xs, y)


def run(node: Node, xs: tuple[Any, ...]) -> Any:
    """The op of a node on other data of the same kinds."""
    op = node.op
    assert op is not None
    if isinstance(node, BaseValue):
        if op.scalar is not None:
            xs = tuple(map(float, xs)) if op.arity < 0 else xs
        return float((op.array if op.scalar is None else op.number)(*xs, **node.params))
    return np.asarray(op.array(*xs, **node.params))


def moved(x: Any, t: float, u: Any) -> Any:
    """x + t u, an array of shape () still one."""
    return np.asarray(x + t * u) if isinstance(x, np.ndarray) else x + t * u


def wide(x: Any) -> Any:
    """Floating point data in float64."""
    if isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind == "f":
        return np.asarray(x, np.float64) if isinstance(x, np.ndarray) else np.float64(x)
    return x


def _operands(node: Node) -> tuple[Any, ...]:
    """The inputs' data as the op saw them; a Value does not keep them."""
    kept: tuple[Any, ...] = getattr(node, "_operands", ())
    return kept or tuple(x._data if isinstance(x, Node) else x for x in node.inputs)


@dataclass(frozen=True)
class GraphFunction:
    """A recorded graph as a function of its leaves, whose data (in float64) are `leaves`."""

    root: Node
    order: list[Node]
    leaves: dict[Node, Any]

    def along(self, us: dict[Node, Any], g: Any) -> Callable[[float], float]:
        """<g, root> as a function of t, where each leaf moves by t u."""
        def at(t: float) -> float:
            data = {leaf: moved(x, t, us[leaf]) if leaf in us else x for leaf, x in self.leaves.items()}
            for node in self.order:
                if node.op is not None:
                    data[node] = run(node, tuple(data[x] if isinstance(x, Node) else wide(x) for x in node.inputs))
            return float(np.sum(g * data[self.root]))
        return at


def as_function(root: Node) -> GraphFunction:
    """The graph below a node, ready to be run again."""
    order = topological([root])
    leaves = {node: wide(node._data) for node in order if node.op is None}
    for node in order:
        for x, data in zip(node.inputs, _operands(node)):
            if isinstance(x, Node) and x in leaves:
                leaves[x] = wide(data)
    return GraphFunction(root, order, leaves)
