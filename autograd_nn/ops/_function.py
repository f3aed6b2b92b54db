"""Functions composed of ops: no entry and no rule of their own, but the same exports and the same tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from ._op import Case, Op
from ._refusal import in_its_own_words

Callee = TypeVar("Callee", bound=Callable[..., Any])


@dataclass(frozen=True)
class Function:
    """A function of the package that is written in ops.

    name    its name, as in NumPy; "linalg.norm" is public as autograd_nn.linalg.norm, and not at the top
    call    the function: its array arguments may be numbers, arrays, Values and Tensors
    numpy   NumPy's function, whose calls with a Tensor come here, and with which tests compare
    cases   (shapes, keyword arguments) on which the generated tests run: the shapes are those of the
            leading array arguments
    listed  whether these come as one sequence, as in vstack([a, b])
    method  whether Tensor has it as a method
    order   how often it can be differentiated on its cases (the tests go to 2 at most)
    module  where it is written
    """

    name: str
    call: Callable[..., Any]
    numpy: Callable[..., Any] | None
    cases: tuple[Case, ...]
    listed: bool
    method: bool
    order: int
    module: str


FUNCTIONS: dict[str, Function] = {}
"""Every composed function by name, in order of definition."""


def composed(numpy: Callable[..., Any] | None = None, *, cases: Sequence[Case] = (), listed: bool = False,
             method: bool = False, order: int = 2, name: str | None = None) -> Callable[[Callee], Callee]:
    """Enter a function that is written in ops: see Function."""
    module: str = sys._getframe(1).f_globals["__name__"]

    def enter(call: Callee) -> Callee:
        own = name or call.__name__
        if not isinstance(call, Op):
            call = cast(Callee, in_its_own_words(own, call))
        FUNCTIONS[own] = Function(own, call, numpy, tuple(cases), listed, method, order, module)
        return call
    return enter
