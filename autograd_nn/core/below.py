"""Parts of the graph below some roots: where walks end, and what lies between the roots and other nodes.

The transforms stand on this: each looks at what its own call has made, and at no more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..ops._carriers import has_lanes
from . import reverse
from .in_lanes import cotangents_in_lanes
from .lane_level import lanes_share
from .node import Node, topological, walked
from .times import is_older
from .variables import call_of


def walk(roots: Iterable[Node], until: Collection[Node] = (), since: int = 0) -> list[Node]:
    """The nodes below the roots in topological order, as far as `until`, and what was made before the time `since`."""
    until = until if isinstance(until, (set, frozenset)) else set(until)
    if not since:
        return topological(roots, until)
    return walked([*roots], lambda node: node in until or is_older(node, since))


def ends_below(roots: Iterable[Node], until: Collection[Node] = (), since: int = 0) -> list[Node]:
    """Where a walk from the roots ends: at leaves, nodes of `until` and older ones. Some may come twice.

    The leaves that the call which began at the time `since` has made are left out.
    """
    ends: list[Node] = []
    others: list[Node] = []
    for root in roots:
        found = None if until else _ends_in_c(root, since)
        if found is None:
            others.append(root)
        else:
            ends += found
    for node in walk(others, until, since) if others else ():
        if (not since or call_of(node) != since) if node._op is None else node in until or is_older(node, since):
            ends.append(node)
    return ends


def _ends_in_c(root: Node, since: int) -> list[Node] | None:
    """The same below one root, if an engine in C knows all nodes there."""
    found: list[Node] | None = None if reverse.values_in_c is None else reverse.values_in_c.ends(root, since)
    return reverse.in_c.ends(root, since) if found is None and reverse.in_c is not None else found


def between(roots: Iterable[Node], nodes: Iterable[Node], since: int = 0) -> list[Node]:
    """What depends on one of the nodes, in topological order, and they themselves are left out.

    None of the nodes was made before the time `since`.
    """
    ends, order = set(nodes), []
    depends = set(ends)
    for node in walk(roots, ends, since):
        if node not in ends and any(isinstance(x, Node) and x in depends for x in node._inputs):
            depends.add(node)
            order.append(node)
    return order


def cotangents_of(nodes: list[Any], seeds: Mapping[Node, Any], create_graph: bool = False, since: int = 0) -> list[Any]:
    """`cotangents` of these nodes alone, None where there is none.

    What lies below or beside them has no part in it, nor what was made before the time `since`: none of the nodes was.
    """
    if any(map(has_lanes, seeds.values())):
        order = between(seeds, nodes, since)
        many = None if create_graph else cotangents_in_lanes(order, seeds, nodes)
        if many is not None:
            return many
        found: dict[Node, Any] | None = reverse.cotangents_over(order, seeds, create_graph, set(nodes))
    else:
        if reverse.values_in_c is not None and not create_graph and len(seeds) == 1:
            (root, seed), = seeds.items()
            some: list[Any] | None = reverse.values_in_c.cotangents(root, seed, nodes, since, False)
            if some is not None:
                return some
        found = None
        if reverse.in_c is not None and not create_graph and not lanes_share():
            found = reverse.unless_it_fails(reverse.in_c.cotangents, seeds, since, False)
        if found is None:
            order = between(seeds, nodes, since) if create_graph else \
                [node for node in walk(seeds, (), since) if not is_older(node, since)]
            found = reverse.cotangents_over(order, seeds, create_graph, set(nodes))
    return [found.get(node) for node in nodes]           # type: ignore[union-attr]


def cotangents_alone(nodes: list[Any], root: Node, seed: Any, since: int) -> list[Any] | None:
    """The same, in C, if nothing is below the root but what the call has made that began at the time `since`.

    None says nothing: there may be more, or Python has to look.
    """
    if reverse.values_in_c is not None:
        some: list[Any] | None = reverse.values_in_c.cotangents(root, seed, nodes, since, True)
        if some is not None:
            return some
    if reverse.in_c is None or lanes_share():
        return None
    found = reverse.unless_it_fails(reverse.in_c.cotangents, {root: seed}, since, True)
    return None if found is None else [found.get(node) for node in nodes]
