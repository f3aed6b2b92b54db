"""Reverse mode of many cotangents at once, each in a lane: what the rules see, and a sweep for graphs of Values."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import LanesError
from .node import Node
from .times import check_unassigned


def seen_in_lanes(node: Node) -> tuple[Any, list[Any], list[Any]]:
    """What the rules see, where their cotangent has lanes and the data are plain."""
    check_unassigned(node)
    xs = getattr(node, "_operands", node._inputs) or node._inputs    # a Tensor keeps what its op saw
    return node._data, [x._data if isinstance(x, Node) else x for x in xs], rules_in_lanes(node)


def rules_in_lanes(node: Node) -> list[Any]:
    """The rules for a cotangent that has lanes; one that looks at its cotangent runs in each."""
    def safe(rule: Any) -> Any:
        def in_lanes(*args: Any, **params: Any) -> Any:
            try:
                return rule(*args, **params)
            except LanesError as error:
                return error.lanes.each(rule, args, params)
        return in_lanes
    op = node._op
    return [] if op is None else [rule and safe(rule) for _, rule in zip(node._inputs, op.traced_rules)]


def dropping(steps: Iterable[Any], found: dict[Node, Any], ends: Collection[Node]) -> Iterator[Any]:
    """The steps of the chain rule. What was found of a node is dropped when that is done, but for the ends."""
    last = None
    for step in steps:
        node = step[0]
        if node is not last:
            if last is not None and last not in ends:
                del found[last]
            last = node
        yield step


def most_at_once(order: Sequence[Node], roots: Iterable[Node], ends: Collection[Node]) -> int:
    """The most bytes that one lane has of cotangents during a sweep that drops them, ends left out."""
    met, now, most = set(roots), 0, 0
    now = sum(map(_bytes, met))
    for node in reversed(order):
        for x in node._inputs:
            if isinstance(x, Node) and x not in met:
                met.add(x)
                now += 0 if x in ends else _bytes(x)
        most = max(most, now)
        now -= _bytes(node)
    return most


def _bytes(node: Node) -> int:
    return 8 if type(node._data) is float else int(node._data.nbytes)


def cotangents_in_lanes(order: list[Node], seeds: Mapping[Node, Any], nodes: list[Any]) -> list[Any] | None:
    """The cotangents of these nodes in a graph of Values, each an array of a number for each lane; None for others.

    `order` has the nodes between the roots and these.
    The rules are those of arrays, which broadcast over the lanes beside the numbers of the graph. Where a result is not
    finite, or a node is no Value, the usual sweep does it, with care.
    """
    some = next(iter(seeds.values()))
    if any(getattr(seed, "level", None) is not some.level or type(seed._below) is not np.ndarray
           for seed in seeds.values()):
        return None
    if not all(type(node._data) is float for node in (*order, *seeds)):
        return None
    from .reverse import chain_rule
    found, ends = {root: seed._below for root, seed in seeds.items()}, set(nodes)
    with np.errstate(all="ignore"):
        deque(dropping(chain_rule(order, found, _numbers_beside_lanes, lambda g, x: g), found, ends), maxlen=0)
    pulled = [found.get(node) for node in nodes]
    if not all(g is None or np.isfinite(g).all() for g in pulled):
        return None
    return [None if g is None else type(some)(np.broadcast_to(g, some.level.size), some.level) for g in pulled]


def _numbers_beside_lanes(node: Node, g: Any) -> tuple[Any, list[Any], Any]:
    """What the rules see of a Value, where its cotangent is an array of a number for each lane."""
    check_unassigned(node)
    op: Any = node._op
    y, *xs = map(np.float64, [node._data, *(x._data if isinstance(x, Node) else x for x in node._inputs)])
    return y, xs, op.array_rules
