"""The structure of a tree, and trees taken apart and put together."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import UsageError
from ..ops._refusal import shown_in_error
from ._containers import Branch, Copy, branch_of, is_leaf


class Structure:
    """The shape of a tree: its containers and constants, and where its leaves are."""

    __slots__ = ("entries", "size", "stored")

    def __init__(self, entries: list[Branch | Constant | None], stored: set[int]) -> None:
        if not isinstance(entries, list) or not all(isinstance(e, (Branch, Constant, type(None))) for e in entries):
            raise UsageError(f"Structure: entries is what tree.flatten makes, not {shown_in_error(entries)}")
        self.entries = entries
        self.size = entries.count(None)
        self.stored = stored                             # the leaves that are a Module's parameters

    def rebuild(self, leaves: Sequence[Any], copies: list[Copy] | None = None) -> Any:
        """The tree with these leaves; a Module becomes a copy of it (noted in `copies`) with these parameters."""
        def join(branch: Branch, parts: list[Any]) -> Any:
            return branch.build(parts) if copies is None else branch.build_for_a_run(parts, copies)
        return self._joined(leaves, join, lambda constant: constant)

    def results(self, leaves: Sequence[Any]) -> Any:
        """The tree with a result for each leaf: None for a constant, for a Module a dict of its parameters' names."""
        return self._joined(leaves, lambda branch, parts: branch.results(parts), lambda constant: None)

    def _joined(self, leaves: Sequence[Any], join: Callable[[Branch, list[Any]], Any],
                keep: Callable[[Any], Any]) -> Any:
        if not isinstance(leaves, (list, tuple)) or len(leaves) != self.size:
            raise UsageError(f"the tree needs a list of {self.size} leaves, not {shown_in_error(leaves)}")
        rest, done = list(leaves), []
        for entry in reversed(self.entries):
            if entry is None:
                done.append(rest.pop())
            elif isinstance(entry, Constant):
                done.append(keep(entry.value))
            else:
                done.append(join(entry, [done.pop() for _ in entry.parts]))
        return done[0]

    def match(self, other: Any, what: str) -> list[Any]:
        """What `other`, a tree like this one, has where this one has leaves. UsageError where they differ."""
        if not isinstance(what, str):
            raise UsageError(f"Structure.match: what must be a string, not {shown_in_error(what)}")
        found, stack = [], [other]
        for entry in self.entries:
            x = stack.pop()
            if entry is None:
                found.append(x)
            elif isinstance(entry, Branch):
                parts = entry.parts_of(x)
                if parts is None:
                    raise UsageError(f"{what}: {entry.describe()} has to go with one like it, not with "
                                     f"{type(x).__name__} {shown_in_error(x)}")
                stack += reversed(parts)
        return found


END: Any = object()             # in a stack of things to read: here a container ends


@dataclasses.dataclass
class Constant:
    value: Any


def flatten(tree: Any, leaf: Callable[[Any], bool] | None = None) -> tuple[list[Any], Structure]:
    """The leaves of a tree, in order, and the structure that puts them together again.

    leaf   says of anything, containers as well, whether it is a leaf; by default these are what has
           derivatives and is no container

    >>> parts, structure = flatten({"w": [1.0, 2.0], "n": 3})
    >>> parts
    [1.0, 2.0]
    >>> unflatten(structure, [10.0, 20.0])
    {'w': [10.0, 20.0], 'n': 3}
    """
    found: list[Any] = []
    entries: list[Branch | Constant | None] = []
    stored: set[int] = set()
    stack, path = [tree], list[int]()                    # the ids of the containers around x
    inside = set[int]()
    while stack:
        x = stack.pop()
        if x is END:
            inside.discard(path.pop())
            continue
        branch = branch_of(x) if leaf is None or not leaf(x) else None
        if branch is not None and branch.stored:
            stored.update(range(len(found), len(found) + len(branch.parts)))
            found += branch.parts
            entries += [branch, *[None] * len(branch.parts)]
        elif branch is not None:
            if id(x) in inside:
                raise UsageError(f"a {type(x).__name__} contains itself, so that it has no end as a tree of leaves")
            path.append(id(x))
            inside.add(id(x))
            entries.append(branch)
            stack.append(END)
            stack += reversed(branch.parts)
        elif (leaf or is_leaf)(x):
            found.append(x)
            entries.append(None)
        else:
            entries.append(Constant(x))
    return found, Structure(entries, stored)


def unflatten(structure: Structure, leaves: Sequence[Any]) -> Any:
    """The tree of this structure with these leaves. Of a Module it is a copy with these parameters."""
    if not isinstance(structure, Structure):
        raise UsageError(f"unflatten: the structure is what tree.flatten gives, not {shown_in_error(structure)}")
    if not isinstance(leaves, (list, tuple)):
        raise UsageError(f"unflatten: leaves are a list, not {shown_in_error(leaves)}")
    if len(leaves) != structure.size:
        raise UsageError(f"unflatten: the tree has {structure.size} leaves, and {len(leaves)} were given")
    return structure.rebuild(leaves)


def leaves(tree: Any) -> list[Any]:
    """The leaves of a tree, in order.

    >>> leaves([1.0, {"a": 2.0, "b": None}, (3.0, "text")])
    [1.0, 2.0, 3.0]
    """
    return flatten(tree)[0]


def map(f: Callable[..., Any], tree: Any, *rest: Any) -> Any:
    """The tree with `f(leaf, ...)` for each leaf; the other trees give the further arguments.

    They are nested alike; where the first has a Module, they may have a dict of its parameters' names, as
    gradients do. Raises UsageError where they differ.

    >>> params, grads = {"w": 1.0, "steps": 7}, {"w": 0.5, "steps": None}
    >>> map(lambda p, g: p - 0.1 * g, params, grads)
    {'w': 0.95, 'steps': 7}
    """
    if not callable(f):
        raise UsageError(f"tree.map: f must be a function of a leaf, not {shown_in_error(f)}")
    first, structure = flatten(tree)
    others = [structure.match(other, "tree.map") for other in rest]
    return structure.rebuild([f(*parts) for parts in zip(first, *others)])
