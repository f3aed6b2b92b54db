"""The kinds of containers. Each knows its parts, and how to build a container of the same kind from other parts."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np

from ..errors import UsageError
from ..ops._carriers import CARRIERS, array_of, has_lanes, is_traced
from ..ops._refusal import shown_in_error


class Copy(Protocol):
    """A container that was built for one run of a function.

    `carry_back(handed_out)` gives the original what the run left in it: of results `handed_out` of them.
    """

    def carry_back(self, handed_out: Callable[[Sequence[Any]], list[Any]]) -> None: ...


class Branch:
    """A container, taken apart: the container (`tree`) and its `parts`."""

    stored = False                                       # whether the parts are a Module's parameters, which it keeps

    def __init__(self, tree: Any, parts: list[Any]) -> None:
        self.tree, self.parts = tree, parts

    def build(self, parts: list[Any]) -> Any:
        """A container of the same kind with other parts."""
        raise NotImplementedError

    def build_for_a_run(self, parts: list[Any], copies: list[Copy]) -> Any:
        """The same for a function to work on; what has to be carried back afterwards is put into `copies`."""
        return self.build(parts)

    def results(self, parts: list[Any]) -> Any:
        """A container of results, one for each part: of a Module it is a dict."""
        return self.build(parts)

    def keys(self) -> Iterable[Any]:
        """What each part is called in the name of a parameter."""
        return range(len(self.parts))

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

    def keys(self) -> Iterable[Any]:
        return list(self.tree)

    def parts_of(self, other: Any) -> list[Any] | None:
        same = isinstance(other, dict) and other.keys() == self.tree.keys()
        return [other[key] for key in self.tree] if same else None

    def describe(self) -> str:
        return f"a dict with the keys {', '.join(map(shown_in_error, self.tree))}"


class DataclassBranch(Branch):
    def build(self, parts: list[Any]) -> Any:
        made = copy.copy(self.tree)
        for field, part in zip(dataclasses.fields(made), parts):
            object.__setattr__(made, field.name, part)   # a frozen one, too
        return made

    def keys(self) -> Iterable[Any]:
        return [field.name for field in dataclasses.fields(self.tree)]

    def parts_of(self, other: Any) -> list[Any] | None:
        return super().parts_of(other) if type(other) is type(self.tree) else None


class ArrayBranch(Branch):
    def build(self, parts: list[Any]) -> Any:
        return array_of(parts, self.tree.shape)

    def keys(self) -> Iterable[Any]:
        return (".".join(map(str, index)) for index in np.ndindex(self.tree.shape))


class UsersBranch(Branch):
    """A container of a kind that a user has registered."""

    def __init__(self, tree: Any, flatten: Flatten, build: Build) -> None:
        found = flatten(tree)
        kind = type(tree).__name__
        if not isinstance(found, tuple) or len(found) != 2 or not isinstance(found[0], (list, tuple)):
            raise UsageError(f"tree.register: flatten(x) of {kind} must return (parts, rest), parts being a list or "
                             f"tuple, and returned {type(found).__name__} {shown_in_error(found)}\n"
                             "  help: such as `lambda p: ((p.a, p.b), None)`")
        if any(part is tree for part in found[0]):
            raise UsageError(f"tree.register: flatten(x) of {kind} returned x itself among its parts, "
                             "which would never end")
        super().__init__(tree, list(found[0]))
        self.rest, self.made_by = found[1], build

    def build(self, parts: list[Any]) -> Any:
        return self.made_by(self.rest, parts)

    def parts_of(self, other: Any) -> list[Any] | None:
        branch = branch_of(other) if type(other) is type(self.tree) else None
        same = isinstance(branch, UsersBranch) and len(branch.parts) == len(self.parts) and branch.rest == self.rest
        return branch.parts if same and branch is not None else None


Flatten = Callable[[Any], tuple[Sequence[Any], Any]]
Build = Callable[[Any, Sequence[Any]], Any]
Reading = Callable[[Any], Branch | None]

KINDS: dict[type, Reading] = {
    dict: lambda x: DictBranch(x, list(x.values())),
    list: lambda x: SequenceBranch(x, list(x)),
    tuple: lambda x: SequenceBranch(x, list(x)),
    np.ndarray: lambda x: ArrayBranch(x, x.ravel().tolist()) if x.dtype == object else None,
}
"""Class -> the function that makes a Branch of an instance, also of a derived class. None from it: no container."""


def register(kind: type, flatten: Flatten, build: Build) -> None:
    """Make a class of your own a container, whose parts transforms differentiate by.

    flatten   `flatten(x)` returns `(parts, rest)`: a list or tuple of what is inside, which may be numbers,
              arrays, Values, Tensors or containers again; and all else that `build` needs, compared by ==
    build     `build(rest, parts)` makes one of other parts: variables, gradients, or None where there is none

    It holds for classes derived from it too. Dataclasses and named tuples are containers already. The functions are
    those of `jax.tree_util.register_pytree_node`. Raises UsageError for a class that is a container or a leaf already.

    >>> from autograd_nn import grad
    >>> class Pair:
    ...     def __init__(self, a, b):
    ...         self.a, self.b = a, b
    >>> register(Pair, lambda p: ((p.a, p.b), None), lambda _, parts: Pair(*parts))
    >>> g = grad(lambda p: p.a * p.b)(Pair(3.0, 2.0))
    >>> g.a, g.b
    (2.0, 3.0)
    """
    if not isinstance(kind, type):
        raise UsageError(f"tree.register takes a class, not {type(kind).__name__} {shown_in_error(kind)}")
    if kind in KINDS:
        raise UsageError(f"tree.register: {kind.__name__} is a container already")
    if kind is object or issubclass(kind, (float, np.floating)) or CARRIERS[kind].below is not None:
        raise UsageError(f"tree.register: {kind.__name__} cannot be a container: it is a leaf, or every class's base")
    for name, part in (("flatten", flatten), ("build", build)):
        if not callable(part):
            raise UsageError(f"tree.register: {name} must be a function, not {shown_in_error(part)}")
    enter(kind, lambda x: UsersBranch(x, flatten, build))


def enter(kind: type, read: Reading) -> None:
    """Enter a class of containers with a Branch of its own."""
    KINDS[kind] = read


def reading_of(kind: type) -> Reading | None:
    """How a class of containers is read; None for any other class."""
    for base in kind.__mro__:
        if base in KINDS:
            return KINDS[base]
    return _dataclass if dataclasses.is_dataclass(kind) else None


def _dataclass(x: Any) -> Branch:
    return DataclassBranch(x, [getattr(x, field.name) for field in dataclasses.fields(x)])


def branch_of(x: Any) -> Branch | None:
    """x as a container, or None."""
    read = reading_of(type(x))
    return None if read is None else read(x)


def is_leaf(x: Any) -> bool:
    """Whether x is a number or array of real numbers, a Value or a Tensor (or what a transform makes of one)."""
    if isinstance(x, (float, np.floating)):
        return True
    if isinstance(x, np.ndarray):
        return bool(x.dtype.kind == "f")
    return is_traced(x) and (not has_lanes(x) or x.dtype.kind == "f")


def is_unknown(x: Any) -> bool:
    """Whether x is of a class of the user's that is neither a container nor a leaf: a constant of every tree."""
    return type(x).__module__ not in ("builtins", "numpy") and reading_of(type(x)) is None and not is_leaf(x) \
        and not callable(x)
