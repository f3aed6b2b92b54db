"""Reverse mode of a graph of Values in many lanes: each cotangent is an array of one number for each lane."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import blame
from .node import Node, topological
from .times import check_unassigned


def in_lanes(seeds: Mapping[Node, Any], nodes: list[Any]) -> list[Any] | None:
    """The cotangents of these nodes with the lanes that the seeds have; None where it takes more than this.

    The rules are those of arrays, which broadcast over the lanes beside the numbers of the graph. Where a result is not
    finite, or a node is no Value, the usual sweep does it, with care.
    """
    some = next(iter(seeds.values()))
    if any(getattr(seed, "level", None) is not some.level or type(seed._below) is not np.ndarray
           for seed in seeds.values()):
        return None
    order = topological(seeds)
    if not all(type(node._data) is float for node in order):
        return None
    found = {root: seed._below for root, seed in seeds.items()}
    with np.errstate(all="ignore"):
        for node in reversed(order):
            op, g = node._op, found.get(node)
            if op is None or g is None:
                continue
            check_unassigned(node)
            y, *xs = map(np.float64, [node._data, *(x._data if isinstance(x, Node) else x for x in node._inputs)])
            try:
                for x, rule in zip(node._inputs, op.array_rules):
                    if rule is not None and isinstance(x, Node):
                        part, before = rule(g, y, *xs, **node._params), found.get(x)
                        found[x] = part if before is None else before + part
            except Exception as error:
                blame(error, op, node._inputs)
                raise
    pulled = [found.get(node) for node in nodes]
    if not all(g is None or np.isfinite(g).all() for g in pulled):
        return None
    return [None if g is None else type(some)(np.broadcast_to(g, some.level.size), some.level) for g in pulled]
