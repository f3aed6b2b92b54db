r"""Expressions in print: one walk, for every notation.

The op table says how each op is written; a Notation, what its signs, names and numbers look like.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..ops import Op
from ..ops._level import Level
from .summary import words
from .template import ATOM, Form, Grammar, Slot, form_of

LONGEST_SUM = 8
"""Terms of a sum in a formula; of a longer one the first ones and the last one stand."""

SUM_TEXT, PRODUCT_TEXT, MINUS_TEXT = "{0} + {1}", "{0} * {1}", "-{0}"
"""What is written so is a sum, a product or a negative, whichever op it is."""


class Expression:
    """A name, or an op applied to expressions and numbers."""

    __slots__ = ("inputs", "name", "op", "params")

    def __init__(self, name: str) -> None:
        self.name = name
        self.op: Op | None = None
        self.inputs: tuple[Any, ...] = ()
        self.params: Mapping[str, Any] = {}

    @classmethod
    def _made(cls, op: Op, inputs: Sequence[Any], params: Mapping[str, Any]) -> Any:
        """The op applied to inputs, exactly as it stands: nothing is tidied."""
        found = cls("")
        found.op, found.inputs, found.params = op, tuple(inputs), params
        return found

    @property
    def _operands(self) -> list[Expression]:
        """The expressions among the inputs and parameters that are more than a name."""
        return [x for x in (*self.inputs, *self.params.values()) if isinstance(x, Expression) and x.op is not None]


class Piece(NamedTuple):
    """A part of a formula, how tightly it holds together, and whether it ends in a bare argument, as `sin x`."""

    text: str
    level: Level = ATOM
    open: bool = False


class Notation:
    """A way of writing expressions. Called with an expression or a number it gives the text."""

    grammar = Grammar({})
    brackets = "({})"
    square: str | None = None                        # how x x is written, if not as a product
    product, dots = " * ", "…"

    def __call__(self, e: Any) -> str:
        if not isinstance(e, Expression):
            return self.piece(e, {}).text
        order = _operands_first(e)
        uses = Counter(id(y) for x in order for y in x._operands)
        pieces: dict[int, Piece] = {}
        for x in order:
            pieces[id(x)] = self.piece(x, pieces)
            for y in x._operands:
                uses[id(y)] -= 1
                if not uses[id(y)]:                  # or the text of a deep expression would be kept at each depth
                    del pieces[id(y)]
        return pieces[id(e)].text

    def piece(self, e: Any, pieces: Mapping[int, Piece]) -> Piece:
        """An expression in print, of which the operands are printed already."""
        if not isinstance(e, Expression):
            return self.number(e) if numeric(e) else Piece(self.words(e).replace("array ", "array"))
        if e.op is None:
            return self.name(e.name)
        if self.square is not None and is_square(e):
            return self.fill(form_of(self.square, self.grammar), {"0": self.operand(e.inputs[0], pieces)})
        inputs = [self.operand(x, pieces) for x in e.inputs]
        params = {k: self.operand(v, pieces) if isinstance(v, Expression) else self.parameter(v)
                  for k, v in e.params.items()}
        told = {k: piece for k, piece in params.items() if _is_told(k, e.params[k], e.op)}
        operands = {str(i): piece for i, piece in enumerate(inputs)}
        template = self.template(e)
        form = None if template is None else form_of(template, self.grammar)
        if form is None or not (operands.keys() | told.keys() <= form.keys or e.op.terms):
            return self.call(self.called(e.op), inputs, told)
        made = self.fill(form, operands | params)
        return made if e.op.level is None else made._replace(level=e.op.level)

    def operand(self, x: Any, pieces: Mapping[int, Piece]) -> Piece:
        """An input in print."""
        return pieces[id(x)] if id(x) in pieces else self.piece(x, pieces)

    def fill(self, form: Form, operands: Mapping[str, Piece]) -> Piece:
        """A template with operands in its places, in brackets where they need them."""
        if len(form.parts) == 1 and isinstance(form.parts[0], Slot):
            return operands[form.parts[0].key]
        text, is_open = "", form.open
        for part in form.parts:
            if isinstance(part, str):
                text, is_open = text + part, form.open
                continue
            operand = operands[part.key]
            bare = operand.level >= part.asks and not (part.followed and operand.open)
            is_open = form.open or (bare and operand.open)
            text = self.join(text, operand.text if bare else self.brackets.format(operand.text), operand.text, part)
        return Piece(text, form.level, is_open)

    def join(self, before: str, shown: str, bare: str, slot: Slot) -> str:
        """What stands before an operand, and the operand: as it is to be shown, and as it would be without brackets."""
        return before + shown

    def call(self, called: str, inputs: Sequence[Piece], told: Mapping[str, Piece]) -> Piece:
        """A function with its arguments: `clip(x, 0, 1)`."""
        arguments = [x.text for x in inputs] + [f"{self.name(k).text}={x.text}" for k, x in told.items()]
        return Piece(f"{called}({', '.join(arguments)})")

    def called(self, op: Op) -> str:
        """What an op is called where no template shows it."""
        return op.text if op.text is not None and op.text.isidentifier() else op.name

    def template(self, e: Expression) -> str | None:
        """How the op of e is written; None for a call."""
        op = e.op
        assert op is not None
        if op.terms is not None:
            return self.sum(op.terms(len(e.inputs)), e.inputs)
        return None if op.text is None or op.text.isidentifier() or op.arity < 0 else op.text

    def sum(self, terms: Sequence[Sequence[int]], inputs: Sequence[Any]) -> str | None:
        """The template of a sum of products of inputs; of a long one the beginning and the end."""
        shown = [term for term in terms if any(inputs[i] is not MISSING for i in term)]
        if len(shown) > 1 and len(shown[0]) > 1 and len(shown[-1]) == 1 and _is_zero(inputs[shown[-1][0]]):
            shown.pop()                              # no bias was given
        made = [self.product.join(f"{{{i}}}" for i in term) for term in shown]
        if len(made) > LONGEST_SUM:
            made[LONGEST_SUM - 2:-1] = [self.dots]
        return " + ".join(made) or None

    def name(self, name: str) -> Piece:
        return Piece(name)

    def words(self, value: Any) -> str:
        """What is neither an expression nor a number."""
        return _shortened(words(value))

    def parameter(self, value: Any) -> Piece:
        """A parameter of an op."""
        return self.number(value) if numeric(value) else Piece(self.words(value))

    def number(self, x: Any) -> Piece:
        raise NotImplementedError


MISSING = Expression("…")
"""An input that is left out."""


def _operands_first(e: Expression) -> list[Expression]:
    """e and all that it is made of, each after its operands, without recursion."""
    order: list[Expression] = []
    seen: set[int] = set()
    stack = [e]
    while stack:
        x = stack[-1]
        waiting = [y for y in x._operands if id(y) not in seen]
        if waiting:
            stack += waiting
        elif id(stack.pop()) not in seen:
            seen.add(id(x))
            order.append(x)
    return order


def numeric(x: Any) -> bool:
    """Whether x is a plain number, not an expression."""
    return isinstance(x, (int, float, np.number)) or (isinstance(x, np.ndarray) and x.ndim == 0)


def is_square(e: Expression) -> bool:
    assert e.op is not None
    return e.op.text == PRODUCT_TEXT and e.inputs[0] is e.inputs[1] and isinstance(e.inputs[0], Expression)


def _is_zero(x: Any) -> bool:
    return x.name == "0" if isinstance(x, Expression) else numeric(x) and x == 0


def _is_told(key: str, value: Any, op: Op) -> bool:
    """Whether a parameter is not at its default."""
    return value is not None and (isinstance(value, Expression) or key not in op.params
                                  or _shortened(words(value)) != _shortened(words(op.params[key])))


def _shortened(text: str) -> str:
    return text if len(text) <= 24 else text[:23] + "…"
