"""Trees: nests of containers, with floats, arrays, Values and Tensors as leaves.

A container is a list, tuple, named tuple, dict, dataclass, an array of objects, or a Module, whose
leaves are its parameters. A leaf is what can be differentiated: a float, a floating point array, a
Value or Tensor. Anything else (None, integers, booleans, text, arrays of integers ...) is a
constant of the tree and stays where it is.
"""

from __future__ import annotations

import copy
import dataclasses
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .errors import UsageError
from .ops import CARRIERS
from .ops._op import ARRAY_RANK, array_of

__all__ = ["Structure", "flatten", "leaves", "map", "unflatten"]


class Structure:
    """The shape of a tree: its containers and constants, and where its leaves are."""

    __slots__ = ("entries", "size", "stored")

    def __init__(self, entries: list[_Branch | _Constant | None], stored: set[int]) -> None:
        self.entries = entries
        self.size = entries.count(None)
        self.stored = stored                             # the leaves that are a Module's parameters

    def rebuild(self, leaves: Sequence[Any], copies: list[ModuleCopy] | None = None) -> Any:
        """The tree with these leaves; a Module becomes a copy of it (noted in `copies`) with these parameters."""
        def join(branch: _Branch, parts: list[Any]) -> Any:
            if not isinstance(branch, _ModuleBranch):
                return branch.build(parts)
            made = ModuleCopy(branch, parts)
            if copies is not None:
                copies.append(made)
            return made.module
        return self._joined(leaves, join, lambda constant: constant)

    def results(self, leaves: Sequence[Any]) -> Any:
        """The tree with a result for each leaf: None for a constant, for a Module a dict of its parameters' names."""
        return self._joined(leaves, lambda branch, parts: branch.results(parts), lambda constant: None)

    def _joined(self, leaves: Sequence[Any], join: Callable[[_Branch, list[Any]], Any],
                keep: Callable[[Any], Any]) -> Any:
        rest, done = list(leaves), []
        for entry in reversed(self.entries):
            if entry is None:
                done.append(rest.pop())
            elif isinstance(entry, _Constant):
                done.append(keep(entry.value))
            else:
                done.append(join(entry, [done.pop() for _ in entry.parts]))
        return done[0]

    def match(self, other: Any, what: str) -> list[Any]:
        """What `other`, a tree like this one, has where this one has leaves. UsageError where they differ."""
        found, stack = [], [other]
        for entry in self.entries:
            x = stack.pop()
            if entry is None:
                found.append(x)
            elif isinstance(entry, _Branch):
                parts = entry.parts_of(x)
                if parts is None:
                    raise UsageError(f"{what}: {entry.describe()} has to go with one like it, not with "
                                     f"{type(x).__name__} {x!r:.60}")
                stack += reversed(parts)
        return found


@dataclasses.dataclass
class _Constant:
    value: Any


# --- kinds of containers ---------------------------------------------------------------------------

class _Branch:
    """A container: its parts, and how one like it is made of other parts."""

    def __init__(self, tree: Any, parts: list[Any]) -> None:
        self.tree, self.parts = tree, parts

    def build(self, parts: list[Any]) -> Any:
        raise NotImplementedError

    def results(self, parts: list[Any]) -> Any:
        return self.build(parts)

    def parts_of(self, other: Any) -> list[Any] | None:
        """The parts of another container of this kind; None if it is not one."""
        branch = _branch(other)
        same = type(branch) is type(self) and branch is not None and len(branch.parts) == len(self.parts)
        return branch.parts if same and branch is not None else None

    def describe(self) -> str:
        return f"a {type(self.tree).__name__} of {len(self.parts)}"


class _SequenceBranch(_Branch):
    def build(self, parts: list[Any]) -> Any:
        kind = type(self.tree)
        return kind(*parts) if hasattr(kind, "_fields") else kind(parts)     # a named tuple's own protocol


class _DictBranch(_Branch):
    def build(self, parts: list[Any]) -> Any:
        made = copy.copy(self.tree)
        made.update(zip(self.tree, parts))
        return made

    def parts_of(self, other: Any) -> list[Any] | None:
        same = isinstance(other, dict) and other.keys() == self.tree.keys()
        return [other[key] for key in self.tree] if same else None

    def describe(self) -> str:
        return f"a dict with the keys {', '.join(repr(key) for key in self.tree)}"


class _DataclassBranch(_Branch):
    def build(self, parts: list[Any]) -> Any:
        made = copy.copy(self.tree)
        for field, part in zip(dataclasses.fields(made), parts):
            object.__setattr__(made, field.name, part)   # a frozen one, too
        return made

    def parts_of(self, other: Any) -> list[Any] | None:
        return super().parts_of(other) if type(other) is type(self.tree) else None


class _ArrayBranch(_Branch):
    def build(self, parts: list[Any]) -> Any:
        return array_of(parts, self.tree.shape)


class _ModuleBranch(_Branch):
    """A Module, whose parts are its parameters by name, each once."""

    def __init__(self, tree: Any) -> None:
        self.below = _below(tree)
        self.names = [name for name, x in self.below if _is_parameter(x)]
        super().__init__(tree, [x for _, x in self.below if _is_parameter(x)])

    def results(self, parts: list[Any]) -> Any:
        return dict(zip(self.names, parts))

    def parts_of(self, other: Any) -> list[Any] | None:
        if type(other) is type(self.tree):
            branch = _ModuleBranch(other)
            return branch.parts if branch.names == self.names else None
        same = isinstance(other, dict) and set(other) == set(self.names)
        return [other[name] for name in self.names] if same else None

    def describe(self) -> str:
        return f"a {type(self.tree).__name__} with the parameters {', '.join(self.names)}"


def _branch(x: Any) -> _Branch | None:
    """x as a container, or None."""
    if isinstance(x, dict):
        return _DictBranch(x, list(x.values()))
    if isinstance(x, (list, tuple)):
        return _SequenceBranch(x, list(x))
    if isinstance(x, np.ndarray):
        return _ArrayBranch(x, x.ravel().tolist()) if x.dtype == object else None
    if _is_module(x):
        return _ModuleBranch(x)
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        return _DataclassBranch(x, [getattr(x, field.name) for field in dataclasses.fields(x)])
    return None


def is_leaf(x: Any) -> bool:
    """Whether x is a number or array of real numbers, a Value or a Tensor (or what a transform makes of one)."""
    if isinstance(x, (float, np.floating)):
        return True
    if isinstance(x, np.ndarray):
        return bool(x.dtype.kind == "f")
    return bool(CARRIERS[type(x)][0] not in (0, ARRAY_RANK))


# --- modules ---------------------------------------------------------------------------------------

def _is_module(x: Any) -> bool:
    nn = sys.modules.get(f"{__package__}.nn.module")     # there is no Module before that is imported
    return nn is not None and bool(isinstance(x, nn.Module))


def _is_parameter(x: Any) -> bool:
    """Whether a thing in a Module is a parameter, or the variable that a transform put in its place."""
    from .graph import Node
    from .transforms._variable import Variable, variable
    if isinstance(x, Node):
        return x.op is None or x.op is variable
    return isinstance(x, Variable)


def _below(module: Any) -> list[tuple[str, Any]]:
    """(dotted name, thing) of everything in a Module, its containers and the Modules below, each once."""
    found: list[tuple[str, Any]] = []
    seen, stack = set(), [("", module)]
    while stack:
        name, x = stack.pop()
        if id(x) in seen:
            continue
        seen.add(id(x))
        found.append((name, x))
        items: Any = ()
        if _is_module(x):
            items = vars(x).items()
        elif isinstance(x, dict):
            items = x.items()
        elif isinstance(x, (list, tuple)):
            items = enumerate(x)
        elif isinstance(x, np.ndarray) and x.dtype == object:
            items = ((".".join(str(i) for i in index), part) for index, part in np.ndenumerate(x))
        stack += [(f"{name}.{key}" if name else str(key), part) for key, part in items][::-1]
    return found


class ModuleCopy:
    """A Module with other parameters: its containers copied, and all else shared with the original."""

    def __init__(self, branch: _ModuleBranch, parameters: list[Any]) -> None:
        memo = {id(x): x for _, x in branch.below if not _is_module(x) and not _holds(x)}
        memo.update((id(old), new) for old, new in zip(branch.parts, parameters))
        self.module = copy.deepcopy(branch.tree, memo)
        self.pairs = [(x, memo[id(x)], dict(vars(memo[id(x)]))) for _, x in branch.below if _is_module(x)]

    def carry_back(self) -> None:
        """Give the original what a run has assigned to the copy's attributes, such as running statistics."""
        for original, made, before in self.pairs:
            for name, x in vars(made).items():
                if before.get(name, before) is not x and not any(CARRIERS[type(leaf)][0] not in (0, ARRAY_RANK)
                                                                 for leaf in leaves(x)):
                    setattr(original, name, x)


def _holds(x: Any) -> bool:
    return isinstance(x, (dict, list, tuple)) or (isinstance(x, np.ndarray) and x.dtype == object)


# --- what users call -------------------------------------------------------------------------------

def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The leaves of a tree, in order, and the structure that puts them together again.

    >>> parts, structure = flatten({"w": [1.0, 2.0], "n": 3})
    >>> parts
    [1.0, 2.0]
    >>> unflatten(structure, [10.0, 20.0])
    {'w': [10.0, 20.0], 'n': 3}
    """
    found: list[Any] = []
    entries: list[_Branch | _Constant | None] = []
    stored: set[int] = set()
    stack = [tree]
    while stack:
        x = stack.pop()
        branch = _branch(x)
        if isinstance(branch, _ModuleBranch):
            stored.update(range(len(found), len(found) + len(branch.parts)))
            found += branch.parts
            entries += [branch, *[None] * len(branch.parts)]
        elif branch is not None:
            entries.append(branch)
            stack += reversed(branch.parts)
        elif is_leaf(x):
            found.append(x)
            entries.append(None)
        else:
            entries.append(_Constant(x))
    return found, Structure(entries, stored)


def unflatten(structure: Structure, leaves: Sequence[Any]) -> Any:
    """The tree of this structure with these leaves. Of a Module it is a copy with these parameters."""
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
    first, structure = flatten(tree)
    others = [structure.match(other, "tree.map") for other in rest]
    return structure.rebuild([f(*parts) for parts in zip(first, *others)])
