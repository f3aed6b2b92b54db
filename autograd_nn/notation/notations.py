"""The notations: Python, typeset text, LaTeX and C."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from ..errors import UsageError
from .names import is_one_word, tex_name
from .printer import PRODUCT_TEXT, Expression, Notation, Piece, numeric
from .summary import short
from .template import ATOM, COMPARED, LOOSE, POWER, PREFIX, PRODUCT, SUM, TIMES, Grammar, Sign, Slot, form_of


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

RAISED = str.maketrans("-−0123456789", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_CONSTANTS = {math.inf: Piece(r"\infty"), -math.inf: Piece(r"-\infty", SUM),
              math.log(2): Piece(r"\ln 2", PREFIX, True), math.log(10): Piece(r"\ln 10", PREFIX, True),
              math.sqrt(0.5): Piece(r"\tfrac{1}{\sqrt{2}}", POWER),
              2 / math.sqrt(math.pi): Piece(r"\tfrac{2}{\sqrt{\pi}}", POWER),
              1 / math.sqrt(2 * math.pi): Piece(r"\tfrac{1}{\sqrt{2\pi}}", POWER)}


def _is_array(x: Any) -> bool:
    return getattr(x, "ndim", 0) > 0


@cache
def _is_python(template: str) -> bool:
    return re.fullmatch(r"(?:\{\d\}|[-+*/%@() \d.])+", template) is not None


@cache
def _typeset(template: str) -> str:
    """A template with the signs of print: ×, −, mod and raised numbers."""
    template = re.sub(r" ?\*\* ?", "^", template)
    template = re.sub(r"\^(-?\d+)\b", lambda found: found[1].translate(RAISED), template)
    return template.replace("*", "×").replace("-", "−").replace("%", "mod")
