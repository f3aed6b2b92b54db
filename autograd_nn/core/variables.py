"""Variables: the nodes that transforms put in the place of arguments. Which run now, and which have served.

A leaf that a transform has made knows the call that made it (`_call`): the time at which that began. So all that is to
be known of its variables stands in one place for a call, however many they are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from . import fixed
from .fixed import COMPUTED
from .node import Node

Result = TypeVar("Result")

USERS = 0
"""The call of a leaf that is a user's: no transform has made it."""
ENDED = 1
"""The call of a leaf that is a constant for all: a time at which none has begun."""


class _Active(threading.local):
    """The transforms of reverse mode that are running in this thread."""

    def __init__(self) -> None:
        self.calls: tuple[int, ...] = ()                 # the latest last

    def run(self, call: int, inside: frozenset[Node], f: Callable[..., Result], args: Sequence[Any],
            around: tuple[int, ...] | None = None) -> Result:
        """f(*args), while the call runs that made these of its variables by an op; inside the calls `around`."""
        before = self.calls
        self.calls = (*(before if around is None else around), call)
        _running[call] = inside
        try:
            return f(*args)
        finally:
            self.calls = before
            del _running[call]
            _dependents.pop(call, None)


_running: dict[int, frozenset[Node]] = {}            # the variables that are no leaves; of all threads: f may use some
_asking: set[int] = set()
_dependents: dict[int, WeakValueDictionary[int, Node]] = {}          # by their id, for nodes compare by their data
_fixed_leaves = [0]                                  # of `fixings`, when a node was last looked up
active = _Active()


def call_of(leaf: Node) -> int:
    """The call of the transform that made the leaf."""
    return getattr(leaf, "_call", USERS)


def is_running(node: Node) -> bool:
    """Whether a transform runs, in some thread, whose variable this is."""
    if node._op is None:
        return call_of(node) in _running or call_of(node) in active.calls
    return any(node in nodes for nodes in [*_running.values()])


def dependent_during(leaf: Node) -> int | None:
    """While which call what depends on the leaf has to be a node: USERS for always, None where it is a constant."""
    call = call_of(leaf)
    if call == USERS:
        return None if leaf._fixed else USERS
    if call in _running:
        return call
    return active.calls[-1] if call in active.calls else None        # a checkpoint's function runs again


def note_dependent(node: Node, call: int) -> None:
    """Keep in mind for how long what depends on a node has to be one: while this call runs, or always."""
    if call in _running or call == USERS:
        _dependents.setdefault(call, WeakValueDictionary())[id(node)] = node


def known_dependent(node: Node) -> int | None:
    """The call that was noted of a node, or whose variable it is; None if nothing is known of it."""
    if _fixed_leaves[0] != fixed.fixings:
        _dependents.pop(USERS, None)                     # a user has made a constant of a leaf
        _fixed_leaves[0] = fixed.fixings
    for call in (USERS, *_running):
        noted = _dependents.get(call)
        if (noted is not None and noted.get(id(node)) is node) or node in _running.get(call, ()):
            return call
    return None


class Asking:
    """While this lives, one may still ask for the derivatives by the variables of a call, although that has ended."""

    __slots__ = ("began",)

    def __init__(self, call: int) -> None:
        self.began = call
        _asking.add(call)

    def __del__(self) -> None:
        _asking.discard(getattr(self, "began", USERS))   # it may have been broken off before it had one


def has_served(leaf: Node) -> bool:
    """Whether a transform made this leaf, and has run its function.

    For all others it is a constant from then on. A result may be a graph with this leaf: that of another transform's
    variable, in which it was called.
    """
    call = call_of(leaf)
    return call != USERS and call not in _running


def has_ended(leaf: Node) -> bool:
    """Whether a transform made this leaf, and nobody can ask for a derivative by it any more."""
    return has_served(leaf) and call_of(leaf) not in _asking


def become_constant(node: Node) -> None:
    """Make a leaf of what an op made, and a constant for all."""
    made: Any = node
    made._become_leaf()
    made._call = ENDED


def was_made(node: Node) -> bool:
    """Whether an op made the node, also if it is a constant: what is in a Module is then no parameter."""
    return node.op is not None or node._fixed == COMPUTED
