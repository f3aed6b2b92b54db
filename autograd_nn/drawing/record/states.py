"""States: what a learner should notice about the numbers of a graph, found by looking at them.

    "nan", "inf"                     the first node, in topological order, whose value has one: others follow from it
    "nan gradient", "inf gradient"   the last node whose gradient has one, which backward reaches first
    "dead"                           an activation without bounds, such as relu, whose slope is 0 everywhere: no
                                     gradient passes
    "saturated"                      a bounded activation, such as tanh or sigmoid, whose slope is under SATURATED
                                     of its steepest; of an array, in more than half of the elements
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...core.node import Node, data_of
from ...ops import Op

SATURATED = 0.01
"""tanh is called saturated from about |x| = 3 on, sigmoid from |x| = 6 on."""

ALARMS = frozenset({"nan", "inf", "nan gradient", "inf gradient"})
"""States that stand out like marks."""

WORDS = {"nan": "first nan", "inf": "first inf", "nan gradient": "first nan of backward",
         "inf gradient": "first inf of backward", "dead": "dead: no gradient passes",
         "saturated": "saturated: little gradient passes"}
"""Each state in a few words, for pictures."""


def states_of(order: Iterable[Node]) -> dict[Node, list[str]]:
    """The states of the nodes, which come in topological order; a node without one is left out.

    >>> from autograd_nn import Value
    >>> x = Value(-2.0)
    >>> y = x.relu()
    >>> states_of([x, y])[y]
    ['dead']
    """
    found: dict[Node, list[str]] = {}
    first: dict[str, Node] = {}
    last: dict[str, Node] = {}
    for node in order:
        data, grad, op = node._data, node._grad, node.op
        if type(data) is not float or data - data != 0.0:
            for kind in _not_finite(data):
                first.setdefault(kind, node)
        if grad is not None and (type(grad) is not float or grad - grad != 0.0):
            for kind in _not_finite(data_of(grad)):
                last[f"{kind} gradient"] = node
        if op is not None and op.steepest is not None:
            flat = is_flat(op, slopes_of(node)) if op.is_bounded else (slopes_of(node) == 0) & (data == data)
            if flat is True or (flat is not False and np.size(flat)
                                and (np.mean(flat) > 0.5 if op.is_bounded else np.all(flat))):
                found[node] = ["saturated" if op.is_bounded else "dead"]
    for kind, node in [*first.items(), *last.items()]:
        found[node] = [*found.get(node, ()), kind]
    return found


def _not_finite(x: Any) -> list[str]:
    x = np.asarray(x)
    if x.dtype.kind != "f" or np.isfinite(x).all():
        return []
    return ["nan"] * bool(np.isnan(x).any()) + ["inf"] * bool(np.isinf(x).any())


def slopes_of(node: Node) -> Any:
    """The derivative of an activation by its (first) input where it stands."""
    op, data = node.op, node._data
    assert op is not None
    if type(data) is float and op.scalar is not None:
        rule = op.float_rules[0]
        assert rule is not None
        return rule(1.0, data, *map(data_of, node.inputs), **node.params)
    rule = op.array_rules[0]
    assert rule is not None
    xs = getattr(node, "_operands", None) or map(data_of, node.inputs)
    with np.errstate(all="ignore"):
        return rule(np.ones_like(data), data, *xs, **node.params)


def is_flat(op: Op, slopes: Any) -> Any:
    """Where an activation is flat: its slope is under SATURATED of its steepest."""
    assert op.steepest is not None
    return abs(slopes) < SATURATED * op.steepest
