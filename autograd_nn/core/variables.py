"""Variables: the nodes that transforms put in the place of arguments. Which run now, and which have served."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary

from .fixed import COMPUTED
from .node import Node


class _Active(threading.local):
    """The transforms of reverse mode that are running in this thread."""

    def __init__(self) -> None:
        self.nodes: frozenset[Node] = frozenset()        # their variables

    @contextmanager
    def also(self, nodes: Iterable[Node]) -> Iterator[None]:
        """Inside, these are variables too."""
        before, call = self.nodes, object()
        self.nodes = _running[call] = before.union(nodes)
        try:
            yield
        finally:
            self.nodes = before
            del _running[call]


_running: dict[object, frozenset[Node]] = {}     # of all threads: f may hand its variables to a thread of its own
_served: WeakValueDictionary[int, Node] = WeakValueDictionary()      # by their id, for nodes compare by their data
_asking: WeakValueDictionary[int, object] = WeakValueDictionary()    # by the id of a leaf, which it holds
active = _Active()


def is_running(node: Node) -> bool:
    """Whether a transform runs, in some thread, whose variable this is."""
    return any(node in nodes for nodes in [*_running.values()])


def served(leaves: Iterable[Node], by: object = None) -> None:
    """The transform that made these leaves has run its function. For all others they are constants from now on.

    Its result may be a graph with these leaves: that of another transform's variable, in which it was called. And while
    `by` lives, it may still ask for the derivatives by these leaves.
    """
    for node in leaves:
        if node.op is None:
            _served[id(node)] = node
            if by is not None:
                _asking[id(node)] = by


def has_served(node: Node) -> bool:
    """Whether a transform made this leaf, and has run its function."""
    return _served.get(id(node)) is node


def has_ended(node: Node) -> bool:
    """Whether a transform made this leaf, and nobody can ask for a derivative by it any more."""
    return has_served(node) and id(node) not in _asking


def become_constant(node: Node) -> None:
    """Make a leaf of what an op made, and a constant for all."""
    node._become_leaf()
    served([node])


def was_made(node: Node) -> bool:
    """Whether an op made the node, also if it is a constant: what is in a Module is then no parameter."""
    return node.op is not None or node._fixed == COMPUTED
