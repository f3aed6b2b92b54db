"""What `with trace()` has noted of a program, as the Trace reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

from ...core.node import Node, topological


class Source(TypedDict):
    """A line of the program: the name of its file, its number from 1, and its text."""

    file: str
    line: int
    text: str


ModuleRecord = TypedDict("ModuleRecord", {"path": str, "class": str})
ModuleRecord.__doc__ = """A module that was called: its dotted path, and the name of its class."""


class ErrorRecord(TypedDict):
    """The op that raised: shapes of all its inputs, numbers of those that are nodes (None for constants)."""

    op: str | None
    message: str
    shapes: list[list[int]]
    source: Source | None
    inputs: list[int | None]


@dataclass
class Note:
    """What is known of one node."""

    label: str | None = None
    module: str | None = None
    source: Source | None = None
    order: int = 0
    parameter: bool = False


@dataclass
class Failure:
    """The op that raised, and what it was given."""

    op: str | None
    message: str
    shapes: list[list[int]]
    source: Source | None
    inputs: list[Node | None]


@dataclass
class Notes:
    """All that was noted: node by node, the modules called, and the op that raised, if one did."""

    nodes: dict[Node, Note] = field(default_factory=dict)
    modules: list[ModuleRecord] = field(default_factory=list)
    failure: Failure | None = None

    def moved(self, came_from: dict[Node, Node]) -> Notes:
        """The same notes for another graph, each node of which came from one of this."""
        nodes = {}
        for new, old in came_from.items():
            note = self.nodes.get(old)
            if note is not None:
                nodes[new] = note if new is old else Note(None, note.module, note.source, note.order)
        return Notes({**self.nodes, **nodes}, self.modules, self.failure)


class Recorded:
    """What stands for a graph and has notes: the base of what `with trace()` gives."""

    def roots(self) -> list[Node]:
        """The results that nothing else was made of."""
        raise NotImplementedError

    def notes(self) -> Notes:
        """What was noted."""
        raise NotImplementedError


def orders(roots: list[Node], notes: Notes | None) -> dict[Node, int]:
    """The order of differentiation of each node, where it is above 0.

    With notes it is known. Of a finished graph it is deduced in one case: a root that is the
    gradient of a leaf (of `backward(create_graph=True)`) was made by a backward pass, and so was
    all that only such roots are made of.
    """
    if notes is not None:
        return {node: note.order for node, note in notes.nodes.items() if note.order}
    if len(roots) < 2:
        return {}
    held = {id(node._grad) for node in topological(roots) if node.op is None and isinstance(node._grad, Node)}
    gradients = [root for root in roots if id(root) in held]
    if not gradients:
        return {}
    forward = set(topological([root for root in roots if id(root) not in held]))
    return {node: 1 for node in topological(gradients) if node not in forward} if forward else {}
