"""A Module as a container of the tree: its parameters, each once, and what of it a run of a function copies."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from .. import tree
from ..core.node import Node
from ..core.variables import was_made
from ..errors import GraphError
from ..ops._carriers import is_traced
from ..transforms._variable import Variable, variable
from ..tree._containers import Branch, Copy, branch_of, reading_of


class ModuleBranch(Branch):
    """A Module, whose parts are its parameters by name, each once, without those that are fixed."""

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
    """Whether a node or dual in a Module is a parameter that is not fixed, or the variable that stands for one."""
    if isinstance(x, Node):
        return x.op is variable or not (x._fixed or was_made(x))
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
        copies = [(x, memo[id(x)]) for _, x in branch.below if is_module(x) or type(x) in (list, dict)]
        self.originals = {id(made): x for x, made in copies}
        self.parameters = {id(x) for x in parameters}
        self.pairs = [(x, made, dict(_places(made))) for x, made in copies]

    def carry_back(self, handed_out: Callable[[Sequence[Any]], list[Any]]) -> None:
        """Give the original what a run has left in the copy: running statistics, the state of a recurrent network.

        Of what the run computed it gets what the transform's caller would get of a result. Parameters stay as they are.
        """
        for original, made, before in self.pairs:
            now = dict(_places(made))
            changed = {place: x for place, x in now.items()
                       if before.get(place, before) is not x and id(before.get(place)) not in self.parameters}
            with suppress(GraphError):                   # what a checkpoint inside did not return
                changed = {place: self._outside(x, handed_out) for place, x in changed.items()}
                if isinstance(original, list):
                    original[:] = [changed[i] if i in changed else original[i] for i in now]
                    continue
                for place in before.keys() - now.keys():
                    _attributes(original).pop(place, None)
                _attributes(original).update(changed)

    def _outside(self, x: Any, handed_out: Callable[[Sequence[Any]], list[Any]]) -> Any:
        if id(x) in self.originals:
            return self.originals[id(x)]
        leaves, structure = tree.flatten(x)
        given = handed_out(leaves)
        return x if all(a is b for a, b in zip(leaves, given)) else structure.rebuild(given)


def _attributes(x: Any) -> dict[Any, Any]:
    return x if isinstance(x, dict) else vars(x)


def _places(x: Any) -> Iterable[tuple[Any, Any]]:
    """(place, thing) of what stands in a Module, a list or a dict."""
    return enumerate(x) if isinstance(x, list) else _attributes(x).items()


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
