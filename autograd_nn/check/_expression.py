"""Expressions: functions made of ops that can be called, printed as Python, and differentiated at their point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import ops
from ..ops import Op


@dataclass(frozen=True)
class Variable:
    """Input number `index`."""

    index: int


@dataclass(frozen=True)
class Call:
    """An op on terms."""

    op: Op
    args: tuple[Term, ...]


Term = Variable | Call | float


@dataclass(frozen=True, repr=False)
class Expression:
    """A function of numbers, arrays, Values or Tensors; `point` are numbers where to differentiate it.

    Its repr() is the function as Python source, with the package as `ag`.

    >>> e = Expression(Call(ops.sin, (Variable(0),)), (0.5,))
    >>> e, round(e(*e.point), 6)
    (lambda x: ag.sin(x), 0.479426)
    """

    term: Term
    point: tuple[float, ...]

    def __call__(self, *xs: Any) -> Any:
        return evaluated(self.term, xs)

    def __repr__(self) -> str:
        names = [_name(i) for i in range(len(self.point))]
        return f"lambda {', '.join(names)}: {_text(self.term)}"


def evaluated(term: Term, xs: tuple[Any, ...]) -> Any:
    """The term where its variables are xs."""
    if isinstance(term, Variable):
        return xs[term.index]
    if isinstance(term, Call):
        return term.op(*[evaluated(arg, xs) for arg in term.args])
    return term


def inside(x: Any, domain: tuple[float, float]) -> bool:
    """Whether all of x lies in the interval, at some distance from its ends."""
    low, high = domain
    margin = 0.01 * (high - low)
    return bool(np.all((x > low + margin) & (x < high - margin)))


def squashed(term: Term, domain: tuple[float, float], point: tuple[float, ...]) -> Term:
    """The term if it lies in the domain at the point; else a sine of it, which does everywhere."""
    if inside(evaluated(term, point), domain):
        return term
    low, high = domain
    middle, half = (low + high) / 2, 0.9 * (high - low) / 2
    if not isinstance(term, (Variable, Call)):
        return float(middle + half * np.sin(term))
    wave = Call(ops.multiply, (half, Call(ops.sin, (term,))))
    return Call(ops.add, (middle, wave)) if middle else wave


def _name(i: int) -> str:
    return "xyz"[i] if i < 3 else f"x{i}"


def _text(term: Term) -> str:
    if isinstance(term, Variable):
        return _name(term.index)
    if isinstance(term, Call):
        own = term.op.module.startswith("autograd_nn.ops.")
        home = "" if not own else "ag.ops." if term.op.internal else "ag."
        return f"{home}{term.op.name}({', '.join(map(_text, term.args))})"
    return repr(term)
