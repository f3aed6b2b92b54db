"""A large graph cut down to what fits in a picture: the nodes nearest its roots."""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from ...core.node import Node
from ...core.options import whole_number
from ...ops._slots import reading_order

USES_PER_NODE = 4
"""Edges for each node of a picture, at most: a single node may be used a million times."""


@dataclass
class Cut:
    """What is kept of a graph. Each stub stands for nodes left out that lead to the same place."""

    total: int
    nodes: set[Node] | None = None
    uses: set[tuple[Node, int]] = field(default_factory=set)
    stubs: dict[Node, dict[int, None]] = field(default_factory=dict)
    counts: list[int] = field(default_factory=list)

    @property
    def partial(self) -> bool:
        return self.nodes is not None

    def keeps(self, node: Node) -> bool:
        return self.nodes is None or node in self.nodes

    def keeps_use(self, node: Node, slot: int) -> bool:
        return self.nodes is None or (node, slot) in self.uses


def check_limit(max_nodes: Any) -> None:
    """Refuse what is no number of nodes; inf and None are no limit."""
    if max_nodes is not None and not (isinstance(max_nodes, float) and max_nodes == math.inf):
        whole_number("max_nodes", max_nodes)


def nearest(roots: list[Node], order: list[Node], max_nodes: int | None) -> Cut:
    """The cut that shows max_nodes nodes, found breadth first from the roots. Constants count, and so do the nodes
    that stand for what is left out, but at least one node is kept beside those."""
    check_limit(max_nodes)
    uses = constants = 0
    for node in order:
        uses += len(node.inputs)
        constants += sum(not isinstance(x, Node) for x in node.inputs)
    total = len(order) + constants
    if max_nodes is None or (total <= max_nodes and uses <= USES_PER_NODE * max_nodes):
        return Cut(total)
    most = max_nodes
    while True:
        cut = Cut(total, set(roots[:most]))
        over = _keep(cut, roots[:most], most) + _border(cut) - max_nodes
        if over <= 0 or most == 1:
            break
        most = max(1, most - max(1, over // 2))
    _count(cut, order)
    return cut


def _border(cut: Cut) -> int:
    """How many of the nodes kept have inputs left out: each of them has a stub at most."""
    assert cut.nodes is not None
    kept = Counter(node for node, _ in cut.uses)
    return sum(kept[node] < len(node.inputs) for node in cut.nodes)


def _keep(cut: Cut, roots: list[Node], max_nodes: int) -> int:
    """Fill the cut; returns how many nodes it has, constants included."""
    assert cut.nodes is not None
    queue, count = deque(roots), len(roots)
    while queue:
        node = queue.popleft()
        inputs = node.inputs
        for slot in reading_order(node.op.slots if node.op else (), len(inputs)):
            x = inputs[slot]
            if len(cut.uses) >= USES_PER_NODE * max_nodes:
                return count
            if not isinstance(x, Node) or x not in cut.nodes:
                if count >= max_nodes:
                    continue
                count += 1
                if isinstance(x, Node):
                    cut.nodes.add(x)
                    queue.append(x)
            cut.uses.add((node, slot))
    return count


def _count(cut: Cut, order: list[Node]) -> None:
    """Make a stub for each kept node with inputs left out. The first stub that leads to a node left out counts it."""
    stub_of: dict[Node, int] = {}
    for node in reversed(order):
        if cut.keeps(node):
            mine = len(cut.counts)
            for slot, x in enumerate(node.inputs):
                if (node, slot) in cut.uses:
                    continue
                stub = mine
                if isinstance(x, Node) and not cut.keeps(x):
                    stub = stub_of.setdefault(x, mine)
                if mine == len(cut.counts) == stub:
                    cut.counts.append(0)
                cut.counts[stub] += not isinstance(x, Node)
                cut.stubs.setdefault(node, {})[stub] = None
        elif node in stub_of:
            mine = stub_of[node]
            cut.counts[mine] += 1
            for x in node.inputs:
                if not isinstance(x, Node):
                    cut.counts[mine] += 1
                elif not cut.keeps(x):
                    stub_of.setdefault(x, mine)
