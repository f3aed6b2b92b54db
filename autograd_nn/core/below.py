"""Parts of the graph below some roots: the leaves, and what lies between the roots and other nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from . import reverse
from .node import Node, topological


def leaves_below(roots: Iterable[Node]) -> Iterator[Node]:
    """Every leaf that one of the roots depends on; some may come twice."""
    for root in roots:
        found = None
        for engine in (reverse.values_in_c, reverse.in_c):
            if engine is not None and found is None:
                found = engine.leaves(root)
        yield from [node for node in topological([root]) if node._op is None] if found is None else found


def between(roots: Iterable[Node], nodes: list[Any]) -> list[Node]:
    """What depends on one of the nodes, in topological order, and they themselves are left out."""
    ends, order = set(nodes), []
    depends = set(nodes)
    for node in topological(roots, ends):
        if node not in ends and any(isinstance(x, Node) and x in depends for x in node._inputs):
            depends.add(node)
            order.append(node)
    return order
