"""Parts of the graph below some roots: the leaves, and what lies between the roots and other nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from . import reverse
from .node import Node, topological
from .variables import become_constant, has_ended


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


def forget_what_ended(roots: Iterable[Node]) -> None:
    """Make a leaf of every node below the roots that was made of nothing but variables of transforms that have ended.

    A function may keep such a node and use it in its next run, where it is a constant. With its history it would hold
    all earlier runs, and each walk would go through them.
    """
    constant = set[Node]()
    for node in topological(roots):
        if has_ended(node) if node._op is None else all(x in constant for x in node._inputs if isinstance(x, Node)):
            constant.add(node)
            if node._op is not None:
                become_constant(node)
