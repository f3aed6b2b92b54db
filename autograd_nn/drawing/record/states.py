"""States: what a learner should notice about the numbers of a graph, found by looking at them.

    "nan", "inf"                     the first node, in topological order, whose value has one: others follow from it
    "nan gradient", "inf gradient"   the last node whose gradient has one, which backward reaches first
    "dead"                           relu that gives 0 everywhere: no gradient passes
    "saturated"                      tanh or sigmoid whose derivative is under SATURATED of its greatest value; of
                                     an array, in more than half of the elements
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ... import ops
from ...core.node import Node, data_of

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
        if op is ops.relu and np.size(data) and not np.any(data):
            found[node] = ["dead"]
        elif (op is ops.tanh or op is ops.sigmoid) and _is_saturated(data, op is ops.tanh):
            found[node] = ["saturated"]
    for kind, node in [*first.items(), *last.items()]:
        found[node] = [*found.get(node, ()), kind]
    return found


def _not_finite(x: Any) -> list[str]:
    x = np.asarray(x)
    if x.dtype.kind != "f" or np.isfinite(x).all():
        return []
    return ["nan"] * bool(np.isnan(x).any()) + ["inf"] * bool(np.isinf(x).any())


def _is_saturated(y: Any, is_tanh: bool) -> bool:
    slope = 1 - y * y if is_tanh else 4 * y * (1 - y)        # as a share of its greatest value
    return bool(np.size(y)) and bool(np.mean(slope < SATURATED) > 0.5)
