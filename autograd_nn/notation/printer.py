r"""Expressions in print: one walk, in the notations of Python, of typeset text, of LaTeX and of C.

The op table says how each op is written; the notation, what its signs, names and numbers look like.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ..errors import UsageError
from ..ops import Op
from ..ops._level import Level
from .names import is_one_word, tex_name
from .summary import short, words
from .template import ATOM, COMPARED, LOOSE, POWER, PREFIX, PRODUCT, SUM, TIMES, Form, Grammar, Sign, Slot, form_of

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
        pieces: dict[int, Piece] = {}
        stack = [e]
        while stack:
            x = stack[-1]
            waiting = [y for y in x._operands if id(y) not in pieces] if isinstance(x, Expression) else []
            if waiting:
                stack += waiting
            else:
                pieces[id(stack.pop())] = self.piece(x, pieces)
        return pieces[id(e)].text

    def piece(self, e: Any, pieces: Mapping[int, Piece]) -> Piece:
        """An expression in print, of which the operands are printed already."""
        if not isinstance(e, Expression):
            return self.number(e) if numeric(e) else Piece(self.words(e).replace("array ", "array"))
        if e.op is None:
            return self.name(e.name)
        if self.square is not None and _is_square(e):
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


class Python(Notation):
    """`x * sin(y)`: Python, in which each op is a function, or the operator it stands for."""

    grammar = Grammar({"+": Sign(SUM, SUM, TIMES), "-": Sign(SUM, SUM, TIMES), "**": Sign(POWER, ATOM, POWER),
                       **dict.fromkeys(("*", "/", "//", "%", "@"), Sign(TIMES, TIMES, PRODUCT))},
                      minus=Sign(PREFIX, PREFIX, PREFIX))

    def template(self, e: Expression) -> str | None:
        template = super().template(e)
        return template if template is not None and _is_python(template) else None

    def words(self, value: Any) -> str:
        return repr(value)

    def number(self, x: Any) -> Piece:
        x = x.item() if isinstance(x, (np.ndarray, np.generic)) else x
        text = f"{x:g}" if isinstance(x, float) and float(f"{x:g}") == x else repr(x)
        return Piece(text, PREFIX if text.startswith("-") else ATOM)


class Typeset(Notation):
    """`1 − tanh(2 × x)²`: a line of Unicode, as one writes by hand."""

    grammar = Grammar({"+": Sign(SUM, SUM, TIMES), "−": Sign(SUM, SUM, TIMES), "//": Sign(TIMES, POWER, POWER),
                       **dict.fromkeys(("×", "/", "@"), Sign(TIMES, TIMES, PRODUCT)), **COMPARED},
                      minus=Sign(PREFIX, PREFIX, PREFIX), scripts="^_")
    square = "{0}²"

    def template(self, e: Expression) -> str | None:
        template = super().template(e)
        return None if template is None else _typeset(template)

    def join(self, before: str, shown: str, bare: str, slot: Slot) -> str:
        if slot.script and before.endswith("^") and re.fullmatch(r"[-−]?\d+", bare):
            return before[:-1] + bare.translate(RAISED)
        return before + shown

    def name(self, name: str) -> Piece:
        return Piece(name, ATOM if len(name) == 1 or name.startswith("…") or is_one_word(name) else LOOSE)

    def parameter(self, value: Any) -> Piece:
        return Piece(self.words(value))

    def number(self, x: Any) -> Piece:
        text = short(x.item() if isinstance(x, (np.ndarray, np.generic)) else x, 6)
        return Piece(f"−{text[1:]}", PREFIX) if text.startswith("-") else Piece(text)


class Latex(Notation):
    r"""`x \, \sin y`, in LaTeX.

    digits      how many significant digits of a number are written; None for all of them
    times       what stands between the factors of a product
    """

    grammar = Grammar({"+": Sign(SUM, SUM, SUM), "-": Sign(SUM, SUM, TIMES), r"\,": Sign(PRODUCT, PRODUCT, PRODUCT),
                       **dict.fromkeys((r"\cdot", r"\odot", r"\times"), Sign(TIMES, TIMES, TIMES)), **COMPARED},
                      minus=Sign(SUM, TIMES, TIMES), scripts="^_")
    brackets = r"\left({}\right)"
    square = "{0}^{{2}}"
    dots = r"\ldots"

    def __init__(self, digits: int | None = None, times: str = r"\,") -> None:
        self.digits, self.times, self.product = digits, times, f" {times} "

    def template(self, e: Expression) -> str | None:
        op = e.op
        assert op is not None
        if op.arity < 0 or not op.elementwise:
            return super().template(e) if op.arity < 0 else op.tex
        template = op.tex.replace(r"\,", r"\odot" if all(map(_is_array, e.inputs)) else self.times)
        if op.text == PRODUCT_TEXT and numeric(e.inputs[1]) and not numeric(e.inputs[0]):
            return template.format("{1}", "{0}")     # a number stands first
        return template

    def piece(self, e: Any, pieces: Mapping[int, Piece]) -> Piece:
        if isinstance(e, Expression) and e.op is not None and e.op.text == PRODUCT_TEXT:
            below = [numeric(x) and x < 0 for x in e.inputs]
            if any(below):                           # -2 x needs no brackets about the number
                positive = [-x if negative else x for x, negative in zip(e.inputs, below)]
                product = super().piece(Expression._made(e.op, positive, {}), pieces)
                return product if all(below) else self.fill(form_of("-{0}", self.grammar), {"0": product})
        return super().piece(e, pieces)

    def join(self, before: str, shown: str, bare: str, slot: Slot) -> str:
        if slot.lowers and "_" in shown:
            shown = f"{{{shown}}}"                   # LaTeX takes one index after another for an error
        if shown[:1].isalpha() and re.search(r"\\[a-zA-Z]+$", before):
            return f"{before} {shown}"               # or the command would go on
        if slot.script and before.endswith(tuple(self.grammar.scripts)):
            return f"{before}{{{bare}}}"
        if shown[:1].isdigit() and before.endswith(r"\, "):
            return rf"{before[:-3]}\cdot {shown}"    # 2 3 would be 23
        if shown[:1] == "-" and before.endswith("+ "):
            return f"{before[:-2]}- {shown[1:]}"     # x + -2 is x - 2
        return before + shown

    def call(self, called: str, inputs: Sequence[Piece], told: Mapping[str, Piece]) -> Piece:
        escaped = called.replace("_", r"\_")
        return super().call(rf"\operatorname{{{escaped}}}", inputs, told)

    def name(self, name: str) -> Piece:
        return Piece(tex_name(name), SUM if name.startswith("-") else ATOM)

    def words(self, value: Any) -> str:
        return tex_name(super().words(value))

    def number(self, x: Any) -> Piece:
        x = x.item() if isinstance(x, (np.ndarray, np.generic)) else x
        if x in _CONSTANTS:
            return _CONSTANTS[x]
        text = PYTHON.number(x).text if self.digits is None else short(x, self.digits)
        mantissa, e, exponent = text.partition("e")
        if not text.lstrip("-")[0].isdigit():
            return Piece(rf"\mathrm{{{text}}}")
        shown = rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if e else text
        return Piece(shown, SUM if text.startswith("-") else TIMES if e else ATOM)


class C(Notation):
    """C, of doubles: `x * sin(y)`. A UsageError for an op that has no C."""

    def template(self, e: Expression) -> str | None:
        assert e.op is not None
        if e.op.c is None:
            raise UsageError(f"{e.op.name} has no C in the op table")
        return e.op.c

    def number(self, x: Any) -> Piece:
        return Piece(repr(float(x)), LOOSE if x < 0 else ATOM)


PYTHON, TYPESET, LATEX, C_CODE = Python(), Typeset(), Latex(), C()
SHORT_LATEX, MADE_LATEX = Latex(digits=6), Latex(digits=6, times=r"\cdot")
"""LaTeX to be read: of a derivative; and of how a node is made, where the factors may be numbers."""

MISSING = Expression("…")
"""An input that is left out."""

RAISED = str.maketrans("-−0123456789", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_CONSTANTS = {math.inf: Piece(r"\infty"), -math.inf: Piece(r"-\infty", SUM),
              math.log(2): Piece(r"\ln 2", PREFIX, True), math.log(10): Piece(r"\ln 10", PREFIX, True),
              math.sqrt(0.5): Piece(r"\tfrac{1}{\sqrt{2}}", POWER),
              2 / math.sqrt(math.pi): Piece(r"\tfrac{2}{\sqrt{\pi}}", POWER),
              1 / math.sqrt(2 * math.pi): Piece(r"\tfrac{1}{\sqrt{2\pi}}", POWER)}


def numeric(x: Any) -> bool:
    """Whether x is a plain number, not an expression."""
    return isinstance(x, (int, float, np.number)) or (isinstance(x, np.ndarray) and x.ndim == 0)


def _is_array(x: Any) -> bool:
    return getattr(x, "ndim", 0) > 0


def _is_square(e: Expression) -> bool:
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


@cache
def _is_python(template: str) -> bool:
    return re.fullmatch(r"(?:\{\d\}|[-+*/%@() \d.])+", template) is not None


@cache
def _typeset(template: str) -> str:
    """A template with the signs of print: ×, −, mod and raised numbers."""
    template = re.sub(r" ?\*\* ?", "^", template)
    template = re.sub(r"\^(-?\d+)\b", lambda found: found[1].translate(RAISED), template)
    return template.replace("*", "×").replace("-", "−").replace("%", "mod")
