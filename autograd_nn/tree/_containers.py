"""Kinds of containers: what parts each has, and how one like it is made of other parts."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import numpy as np

from ..ops._carriers import array_of, is_traced
from ._parts import is_module, named_parts


class Branch:
    """A container: its parts, and how one like it is made of other parts."""

    def __init__(self, tree: Any, parts: list[Any]) -> None:
        self.tree, self.parts = tree, parts

    def build(self, parts: list[Any]) -> Any:
        raise NotImplementedError

    def results(self, parts: list[Any]) -> Any:
        return self.build(parts)

    def parts_of(self, other: Any) -> list[Any] | None:
        """The parts of another container of this kind; None if it is not one."""
        branch = branch_of(other)
        same = type(branch) is type(self) and branch is not None and len(branch.parts) == len(self.parts)
        return branch.parts if same and branch is not None else None

    def describe(self) -> str:
        return f"a {type(self.tree).__name__} of {len(self.parts)}"


class SequenceBranch(Branch):
    def build(self, parts: list[Any]) -> Any:
        kind = type(self.tree)
        return kind(*parts) if hasattr(kind, "_fields") else kind(parts)     # a named tuple's own protocol


class DictBranch(Branch):
    def build(self, parts: list[Any]) -> Any:
        made = copy.copy(self.tree)
        made.update(zip(self.tree, parts))
        return made

    def parts_of(self, other: Any) -> list[Any] | None:
        same = isinstance(other, dict) and other.keys() == self.tree.keys()
        return [other[key] for key in self.tree] if same else None

    def describe(self) -> str:
        return f"a dict with the keys {', '.join(repr(key) for key in self.tree)}"


class DataclassBranch(Branch):
    def build(self, parts: list[Any]) -> Any:
        made = copy.copy(self.tree)
        for field, part in zip(dataclasses.fields(made), parts):
            object.__setattr__(made, field.name, part)   # a frozen one, too
        return made

    def parts_of(self, other: Any) -> list[Any] | None:
        return super().parts_of(other) if type(other) is type(self.tree) else None


class ArrayBranch(Branch):
    def build(self, parts: list[Any]) -> Any:
        return array_of(parts, self.tree.shape)


class ModuleBranch(Branch):
    """A Module, whose parts are its parameters by name, each once."""

    def __init__(self, tree: Any) -> None:
        self.below = _below(tree)
        own = [(name, x) for name, x in self.below if is_traced(x) and _is_parameter(x)]
        self.names = [name for name, _ in own]
        super().__init__(tree, [x for _, x in own])

    def results(self, parts: list[Any]) -> Any:
        return dict(zip(self.names, parts))

    def parts_of(self, other: Any) -> list[Any] | None:
        if type(other) is type(self.tree):
            branch = ModuleBranch(other)
            return branch.parts if branch.names == self.names else None
        same = isinstance(other, dict) and set(other) == set(self.names)
        return [other[name] for name in self.names] if same else None

    def describe(self) -> str:
        return f"a {type(self.tree).__name__} with the parameters {', '.join(self.names)}"


def branch_of(x: Any) -> Branch | None:
    """x as a container, or None."""
    if isinstance(x, dict):
        return DictBranch(x, list(x.values()))
    if isinstance(x, (list, tuple)):
        return SequenceBranch(x, list(x))
    if isinstance(x, np.ndarray):
        return ArrayBranch(x, x.ravel().tolist()) if x.dtype == object else None
    if is_module(x):
        return ModuleBranch(x)
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        return DataclassBranch(x, [getattr(x, field.name) for field in dataclasses.fields(x)])
    return None


def is_leaf(x: Any) -> bool:
    """Whether x is a number or array of real numbers, a Value or a Tensor (or what a transform makes of one)."""
    if isinstance(x, (float, np.floating)):
        return True
    if isinstance(x, np.ndarray):
        return bool(x.dtype.kind == "f")
    return is_traced(x)


# --- modules ---------------------------------------------------------------------------------------

def _is_parameter(x: Any) -> bool:
    """Whether a node or dual in a Module is a parameter, or the variable that a transform put in its place."""
    from ..core.node import Node
    from ..transforms._variable import Variable, variable
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
        stack += named_parts(name, x)[::-1]
    return found


class ModuleCopy:
    """A Module with other parameters: its containers copied, and all else shared with the original."""

    def __init__(self, branch: ModuleBranch, parameters: list[Any]) -> None:
        memo = {id(x): x for _, x in branch.below if not is_module(x) and not _holds(x)}
        memo.update((id(old), new) for old, new in zip(branch.parts, parameters))
        self.module = copy.deepcopy(branch.tree, memo)
        self.pairs = [(x, memo[id(x)], dict(vars(memo[id(x)]))) for _, x in branch.below if is_module(x)]

    def carry_back(self) -> None:
        """Give the original what a run has assigned to the copy's attributes, such as running statistics."""
        from ._structure import leaves
        for original, made, before in self.pairs:
            for name, x in vars(made).items():
                if before.get(name, before) is not x and not any(is_traced(leaf) for leaf in leaves(x)):
                    setattr(original, name, x)


def _holds(x: Any) -> bool:
    return isinstance(x, (dict, list, tuple)) or (isinstance(x, np.ndarray) and x.dtype == object)
