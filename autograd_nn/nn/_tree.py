"""A Module as a container of the tree: its parameters, each once, and what of it a run of a function copies."""

from __future__ import annotations

import copy
from typing import Any

from .. import tree
from ..core.node import Node
from ..ops._carriers import is_traced
from ..transforms._variable import Variable, variable
from ..tree._containers import Branch, Copy, branch_of, reading_of


class ModuleBranch(Branch):
    """A Module, whose parts are its parameters by name, each once."""

    stored = True

    def __init__(self, module: Any) -> None:
        self.below = _below(module)
        own = [(name, x) for name, x in self.below if is_traced(x) and _is_parameter(x)]
        self.names = [name for name, _ in own]
        super().__init__(module, [x for _, x in own])

    def build(self, parts: list[Any]) -> Any:
        return ModuleCopy(self, parts).module

    def build_for_a_run(self, parts: list[Any], copies: list[Copy]) -> Any:
        copies.append(made := ModuleCopy(self, parts))
        return made.module

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


def _is_parameter(x: Any) -> bool:
    """Whether a node or dual in a Module is a parameter, or the variable that a transform put in its place."""
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
        memo = {id(x): x for _, x in branch.below if branch_of(x) is None}
        memo.update((id(old), new) for old, new in zip(branch.parts, parameters))
        self.module = copy.deepcopy(branch.tree, memo)
        self.pairs = [(x, memo[id(x)], dict(vars(memo[id(x)]))) for _, x in branch.below if is_module(x)]

    def carry_back(self) -> None:
        """Give the original what a run has assigned to the copy's attributes, such as running statistics."""
        for original, made, before in self.pairs:
            for name, x in vars(made).items():
                if before.get(name, before) is not x and not any(is_traced(leaf) for leaf in tree.leaves(x)):
                    setattr(original, name, x)


def is_module(x: Any) -> bool:
    """Whether x is a Module."""
    return reading_of(type(x)) is ModuleBranch


def named_parts(name: str, x: Any) -> list[tuple[str, Any]]:
    """(dotted name, part) of each part of x, which stands at `name`; none of what is no container.

    >>> named_parts("layers", [1.0, {"bias": 2.0}])
    [('layers.0', 1.0), ('layers.1', {'bias': 2.0})]
    """
    if is_module(x):
        items: Any = vars(x).items()
    else:
        branch = branch_of(x)
        items = () if branch is None else zip(branch.keys(), branch.parts)
    return [(f"{name}.{key}" if name else str(key), part) for key, part in items]
