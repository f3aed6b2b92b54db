"""What a backward pass writes to the nodes. A gradient grows in one step, whatever other threads do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .fixed import swapping
from .node import Node, data_of


def to_nodes(order: list[Node], found: Mapping[Node, Any], seed: Any) -> None:
    """Write the cotangents of a pass from `seed` to its nodes: leaves accumulate, the others hold the latest."""
    held = {id(seed)}                                # the arrays that some node has already
    leaves, get, hold, array = [], found.get, held.add, np.ndarray
    for node in order:
        g = get(node)
        if type(g) is not array and isinstance(g, np.generic):      # arrays of shape () add up to a NumPy number
            g = node._own(g)
        if node._op is not None:
            node._grad = data_of(g)                  # a graph here would refer to its own node: a cycle
            hold(id(g))
        elif g is not None:
            leaves.append((node, g))
    for node, g in leaves:
        if type(g) is array and (id(g) in held or g.base is not None or not g.flags.writeable):
            g = g.copy()                             # a leaf's gradient is an array of its own
        hold(id(g))
        accumulate(node, g)


def accumulate(leaf: Node, g: Any) -> None:
    """Add g to a leaf's gradient. Where another thread has put another one there meanwhile, it is done again.

    A leaf that was fixed after the graph was made has none.
    """
    while True:
        before = leaf._grad
        if swap(leaf, before, g if before is None else leaf._own(before + g)):
            return


def swap(leaf: Node, before: Any, after: Any) -> bool:
    """Set the gradient if it is still `before`, and say whether. That of a fixed leaf is never set."""
    in_c = getattr(leaf, "_swap_grad", None)             # a Value in C has that
    if in_c is not None:
        return in_c(before, after)  # type: ignore[no-any-return]
    with swapping:
        if leaf._fixed:
            return True
        unchanged = leaf._grad is before
        if unchanged:
            leaf._grad = after
    return unchanged
