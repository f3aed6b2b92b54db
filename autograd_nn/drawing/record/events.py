"""The backward pass as a list: each `+=` to a gradient, in the order in which it happens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypedDict

import numpy as np

from ...core.leaks import with_care
from ...core.node import Node
from ...core.reverse import chain_rule, on_data
from ...core.times import assigned_since
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


def derivative_values(node: Node, slots: Iterable[int]) -> dict[int, Data | None]:
    """The derivative of a Value by its inputs in these slots; None for constants, and for all but Values.

    None too where an input was assigned after the op had used it, as by an optimizer's step.
    """
    op, inputs = node.op, node.inputs
    if op is None or not _on_numbers(node) or assigned_since(node) is not None:
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
    would cost a whole backward pass, and nobody could read them. And if a number was assigned after it had been
    used: they can no longer be known.
    """
    if not all(is_small(node._data) and (type(node._data) is not float or assigned_since(node) is None)
               for node in order):
        return [_event(ids, node, slot) for node, slot in _steps(roots, order)]
    found: dict[Node, Any] = {root: root._one() for root in roots}
    events: list[Event] = []
    with np.errstate(all="ignore"):
        for node, slot, g, part, before in chain_rule(order, found, with_care(on_data)):
            x = node.inputs[slot]
            events.append(_event(ids, node, slot, upstream=summary(g), local=derivative_values(node, [slot])[slot],
                                 contribution=summary(part), before=summary(0.0 if before is None else before),
                                 after=summary(found[x])))
    return events


def _event(ids: dict[Node, int], node: Node, slot: int, **numbers: Data | None) -> Event:
    none = dict.fromkeys(("upstream", "local", "contribution", "before", "after"))
    return {"from": ids[node], "slot": slot, "to": ids[node.inputs[slot]], **none, **numbers}  # type: ignore[typeddict-item]


def _steps(roots: list[Node], order: list[Node]) -> Iterator[tuple[Node, int]]:
    """(node, slot) for each input that a backward pass reaches, in its order."""
    reached = {*roots}
    for node in reversed(order):
        if node.op is not None and node in reached:
            for slot, (x, rule) in enumerate(zip(node.inputs, node.op.vjps)):
                if rule is not None and isinstance(x, Node):
                    reached.add(x)
                    yield node, slot


def _on_numbers(node: Node) -> bool:
    return node.op is not None and node.op.scalar is not None and type(node._data) is float
