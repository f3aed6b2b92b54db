"""Fault: what is wrong in a graph, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..core.node import Node
from ..ops import Op
from ._verdict import Finding

Kind = Literal["rule", "recorded value", "accumulation, order or aliasing", "not recorded"]


@dataclass(frozen=True)
class Fault:
    """What is wrong in a graph, and where. Its str() is one line.

    kind     "rule": the op's derivative is not that of its function;
             "recorded value": the op does not give again what the graph has recorded;
             "accumulation, order or aliasing": every node is right, and the gradient of a leaf is wrong;
             "not recorded": the graph's gradient is right, and the program's derivative is another
    op       the op to blame, where it is one
    slot     the number of its input
    nodes    the nodes where it shows, in topological order; draw(root, marks=fault.marks()) paints them
    number   the first node's number in the graph, as draw() and print(draw(root)) count
    finding  the numbers at the first node, where there are any
    detail   what else there is to say
    """

    kind: Kind
    op: Op | None = None
    slot: int | None = None
    nodes: tuple[Node, ...] = ()
    number: int | None = None
    finding: Finding | None = None
    detail: str = ""

    def __str__(self) -> str:
        more = f" and {len(self.nodes) - 1} more nodes" if len(self.nodes) > 1 else ""
        numbers = ""
        if self.finding is not None:
            n, analytic = self.finding.numeric, self.finding.analytic
            numbers = f"numeric {n.value:.10g} +- {n.bar:.0e}, analytic {analytic:.10g}"
            numbers += f", ratio {analytic / n.value:.6g}" if n.value else ""
        said = "; ".join(part for part in (numbers, self.detail) if part)
        if self.kind == "rule":
            assert self.op is not None
            return f"wrong rule: {self.op.name}, input {self.slot}, at node {self._place()}{more}: {said}"
        if self.kind == "recorded value":
            assert self.op is not None
            return f"recorded value: {self.op.name}, at node {self._place()}{more}: {said}"
        if self.kind == "not recorded":
            return f"not recorded: {said}"
        return f"{self.kind}: every node is right by itself, and the gradient of {self._place()} is wrong: {said}"

    def _place(self) -> str:
        node = self.nodes[0]
        name = f" {node.name!r}" if node.name else ""
        return f"v{self.number}{name} {type(node).__name__} {node.shape}"

    def marks(self) -> dict[Node, str]:
        """For each node where the fault shows, what to write there: `draw(root, marks=fault.marks())`."""
        where = f" input {self.slot}" if self.slot is not None else ""
        return dict.fromkeys(self.nodes, f"{self.kind}{where}")
