"""The backward pass as a list: each `+=` to a gradient, in the order in which it happens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

import numpy as np

from ...core.node import Node
from ...core.reverse import fit, without_leaks
from ...notation.summary import Data, is_small, summary

Event = TypedDict("Event", {
    "from": int, "slot": int, "to": int,
    "upstream": Data | None, "local": Data | None, "contribution": Data | None,
    "before": Data | None, "after": Data | None,
})
Event.__doc__ = """One accumulation: the gradient of `to` becomes before + contribution = after.

The contribution is upstream * local, where `from` is the node that uses `to` as its input `slot`,
and `upstream` is the gradient of `from`.
"""


def local_derivatives(node: Node, slots: Iterable[int]) -> dict[int, Data | None]:
    """The derivative of a Value by its inputs in these slots; None for constants, and for all but Values."""
    op, inputs = node.op, node.inputs
    if op is None or not _on_numbers(node):
        return dict.fromkeys(slots)
    xs = [x._data if isinstance(x, Node) else x for x in inputs]
    found: dict[int, Data | None] = {}
    for slot in slots:
        rule = op.float_rules[slot] if isinstance(inputs[slot], Node) else None
        found[slot] = None if rule is None else summary(rule(1.0, node._data, *xs, **node.params))
    return found


def events_of(roots: list[Node], order: list[Node], ids: dict[Node, int]) -> list[Event]:
    """The accumulations of one backward pass in which each root has the cotangent 1.

    The numbers are left out (None) if any array of the graph is too large to be shown in full: they
    would cost a whole backward pass, and nobody could read them.
    """
    readable = all(is_small(node._data) for node in order)

    def shown(x: Any) -> Data | None:
        return summary(x) if readable else None

    found: dict[Node, Any] = {root: root._one() for root in roots}
    events: list[Event] = []
    for node in reversed(order):
        if node.op is None or node not in found:
            continue
        g = found[node]
        slots = range(len(node.inputs))
        local = local_derivatives(node, slots) if readable else dict.fromkeys(slots)
        for slot, (x, part) in enumerate(zip(node.inputs, _contributions(node, g, readable))):
            if part is None:
                continue
            before = found.get(x, 0.0)
            found[x] = before + part if x in found else part
            events.append({"from": ids[node], "slot": slot, "to": ids[x],
                           "upstream": shown(g), "local": local[slot], "contribution": shown(part),
                           "before": shown(before), "after": shown(found[x])})
    return events


def _contributions(node: Node, g: Any, readable: bool) -> list[Any]:
    """What each input's gradient gains, exactly as graph.cotangents computes it; None where nothing.

    Where numbers are not wanted, 0.0 stands for each.
    """
    op = node.op
    assert op is not None
    numeric = type(node._data) is float and op.scalar is not None
    rules = op.float_rules if numeric else op.array_rules
    xs = [x._data if isinstance(x, Node) else x for x in node.inputs]
    parts: list[Any] = []
    for x, rule in zip(node.inputs, rules):
        if rule is None or not isinstance(x, Node):
            parts.append(None)
        elif not readable or (numeric and g == 0.0):
            parts.append(0.0)
        else:
            with np.errstate(all="ignore"):
                part = rule(g, node._data, *xs, **node.params)
                parts.append(fit(part if numeric else without_leaks(g, part, op), x))
    return parts


def _on_numbers(node: Node) -> bool:
    return node.op is not None and node.op.scalar is not None and type(node._data) is float
