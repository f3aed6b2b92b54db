"""Symbol: a carrier that writes a rule down instead of computing it."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np

from ..core.methods import attach
from ..errors import UsageError
from ..ops import CARRIERS, OPS, for_each_op
from ..ops._composite import Composite
from ..ops._op import Each, Op

# How tightly what an op writes holds together, and what each slot of it demands of an operand.
SUM, PRODUCT, PREFIX, POWER, ATOM = range(5)
_LEVEL = {"add": SUM, "subtract": SUM, "negative": SUM, "expm1": SUM, "multiply": PRODUCT, "multiply0": PRODUCT,
          "matmul": PRODUCT, "dot": PRODUCT, "remainder": PRODUCT, "power": POWER, "square": POWER, "exp": POWER,
          "exp2": POWER, "transpose": POWER}
_DEMAND: dict[str, tuple[int, ...]] = {"add": (SUM, SUM), "subtract": (SUM, PRODUCT), "negative": (PRODUCT,),
           "matmul": (POWER, PRODUCT), "dot": (POWER, PRODUCT), "remainder": (POWER, POWER)}
_INFIX = {"add": "+", "subtract": "-", "multiply": "*", "multiply0": "*", "divide": "/", "divide0": "/",
          "power": "**", "remainder": "%", "matmul": "@"}


class Symbol:
    """A name, or an op applied to symbols and numbers: an expression in text, LaTeX or C.

    Ops on symbols tidy 0 x, 1 x, x + 0 and -(-x), so that a rule reads well, and nothing more.

    >>> from autograd_nn import tanh
    >>> x = Symbol("x")
    >>> y = tanh(2 * x) / (x - 1)
    >>> print(y.text())
    tanh(2 * x) / (x - 1)
    >>> print(y.latex())
    \\frac{\\tanh \\left(2 \\, x\\right)}{x - 1}
    """

    __slots__ = ("inputs", "name", "op", "params")
    __array_ufunc__ = None

    def __init__(self, name: str) -> None:
        self.name = name
        self.op: Op | None = None
        self.inputs: tuple[Any, ...] = ()
        self.params: dict[str, Any] = {}

    @classmethod
    def _made(cls, op: Op, inputs: tuple[Any, ...], params: dict[str, Any]) -> Symbol:
        symbol = cls("")
        symbol.op, symbol.inputs, symbol.params = op, inputs, params
        return symbol

    def text(self) -> str:
        """Python: `x * sin(y)`."""
        return _text(self, 0)

    def latex(self) -> str:
        r"""LaTeX: `x \, \sin y`."""
        return _latex(self)[0]

    def c(self) -> str:
        """C, of doubles: `x * sin(y)`. A UsageError for an op that has no C."""
        return _c(self)

    def __repr__(self) -> str:
        return f"Symbol({self.text()})"

    def __pos__(self) -> Symbol:
        return self

    __hash__ = object.__hash__


def _number(x: Any) -> str:
    return f"{x:g}" if isinstance(x, float) and float(f"{x:g}") == x else repr(x)


def _parenthesised(text: str, level: int, demand: int) -> str:
    return text if level >= demand else f"({text})"


_TEXT_LEVEL = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "@": 2, "**": 4}


def _text(e: Any, demand: int) -> str:
    if not isinstance(e, Symbol):
        text = _number(e) if isinstance(e, (int, float)) else repr(e)
        return _parenthesised(text, 3 if text.startswith("-") else 5, demand)
    if e.op is None:
        return e.name
    infix = _INFIX.get(e.op.name)
    if infix:
        level = _TEXT_LEVEL[infix]
        left, right = (level + 1, level) if infix == "**" else (level, level + 1)
        return _parenthesised(f"{_text(e.inputs[0], left)} {infix} {_text(e.inputs[1], right)}", level, demand)
    if e.op.name == "negative":
        return _parenthesised(f"-{_text(e.inputs[0], 3)}", 3, demand)
    arguments = [_text(x, 0) for x in e.inputs] + [f"{k}={_text(v, 0)}" for k, v in e.params.items()]
    return f"{e.op.name}({', '.join(arguments)})"


@cache
def _enclosed(tex: str, slot: int) -> bool:
    """Whether the LaTeX template itself delimits every place of a slot."""
    return all(re.search(r"(^|[{(|,\[=>]|geq|&|cases\}\}|\\\\)\s*$", tex[:m.start()])
               and re.match(r"\}\}|\s*([),|\]=>&]|\\right|\\geq|\\\\|\\text|\\end)", tex[m.end():])
               for m in re.finditer(re.escape(f"{{{slot}}}"), tex))


def _latex(e: Any) -> tuple[str, int]:
    """The LaTeX of e, and how tightly it holds together."""
    if not isinstance(e, Symbol):
        return _latex_number(e)
    op = e.op
    if op is None:
        return _latex_name(e.name), ATOM
    if op.name in ("multiply", "multiply0"):
        return _latex_product(e.inputs[0], e.inputs[1])
    parts = []
    for i, operand in enumerate(e.inputs):
        text, level = _latex(operand)
        demand = SUM if _enclosed(op.tex, i) else _demand(op, i)
        parts.append(text if level >= demand else _bracketed(text))
    params = {k: _latex(v)[0] for k, v in e.params.items()}
    level = _LEVEL.get(op.name, PREFIX if op.tex.endswith("{0}") and op.tex != "{0}" else ATOM)
    return op.tex.format(*parts, **params), level


def _demand(op: Op, slot: int) -> int:
    if op.name in _DEMAND:
        return _DEMAND[op.name][slot]
    return ATOM if op.name in _LEVEL else PREFIX


def _bracketed(tex: str) -> str:
    return rf"\left({tex}\right)"


def _latex_product(a: Any, b: Any) -> tuple[str, int]:
    """A product as one writes it: numbers first, x x as a square, a function's argument unmistakable."""
    if isinstance(a, Symbol) and a is b:
        text, level = _latex(a)
        return (text if level == ATOM else _bracketed(text)) + "^{2}", POWER
    if numeric(b) and not numeric(a):
        a, b = b, a
    (left, left_level), (right, right_level) = _latex(a), _latex(b)
    if numeric(a) and a < 0:
        return rf"{left} \, {right if right_level >= PRODUCT else _bracketed(right)}", SUM
    if left_level < PRODUCT or _ends_in_argument(a):
        left = _bracketed(left)
    if right_level < PRODUCT:
        right = _bracketed(right)
    return rf"{left} \, {right}", PRODUCT


def _ends_in_argument(e: Any) -> bool:
    """Whether e's LaTeX ends in a bare argument (sin x), which a following factor would seem to join."""
    while isinstance(e, Symbol) and e.op is not None and e.op.name in ("multiply", "multiply0"):
        e = e.inputs[1]
    return isinstance(e, Symbol) and e.op is not None and _latex(e)[1] == PREFIX


_CONSTANTS = {math.inf: r"\infty", -math.inf: r"-\infty", math.log(2): r"\ln 2",
              math.log(10): r"\ln 10", math.sqrt(0.5): r"\tfrac{1}{\sqrt{2}}",
              2 / math.sqrt(math.pi): r"\tfrac{2}{\sqrt{\pi}}",
              1 / math.sqrt(2 * math.pi): r"\tfrac{1}{\sqrt{2\pi}}"}


def _latex_number(x: Any) -> tuple[str, int]:
    if x in _CONSTANTS:
        return _CONSTANTS[x], ATOM
    text = _number(x)
    return text, SUM if text.startswith("-") else ATOM


def _latex_name(name: str) -> str:
    if name in ("alpha", "beta", "gamma", "delta", "theta", "lambda", "mu", "sigma"):
        return rf"\{name}"
    return name if len(name) == 1 or "\\" in name else rf"\mathrm{{{name}}}".replace("_", r"\_")


def _c(e: Any) -> str:
    if not isinstance(e, Symbol):
        return repr(float(e))
    if e.op is None:
        return e.name
    if e.op.c is None:
        raise UsageError(f"{e.op.name} has no C in the op table")
    parts = [_c(x) for x in e.inputs]
    if not re.fullmatch(r"\w+\(\{0\}(, \{\d\})*\)", e.op.c):          # a call's arguments need no parentheses
        parts = [p if re.fullmatch(r"[\w.]+|\w+\([^()]*\)", p) else f"({p})" for p in parts]
    return e.op.c.format(*parts, **{k: _c(v) for k, v in e.params.items()})


def _apply(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    return _tidy(op, args) if not params else Symbol._made(op, args, params)


def _is(x: Any, number: float) -> bool:
    return isinstance(x, (int, float)) and x == number


def _negated(x: Any) -> Any:
    """What x is the negative of, or None."""
    return x.inputs[0] if isinstance(x, Symbol) and x.op is OPS["negative"] else None


def _tidy(op: Op, args: tuple[Any, ...]) -> Any:
    a: Any = args[0]
    b: Any = args[1] if len(args) == 2 else None
    match op.name:
        case "add" if _is(a, 0):
            return b
        case "add" | "subtract" if _is(b, 0):
            return a
        case "multiply" | "multiply0" if _is(a, 0) or _is(b, 0):
            return 0.0
        case "multiply" | "multiply0" if _is(a, 1):
            return b
        case "multiply" | "multiply0" | "divide" | "divide0" if _is(b, 1):
            return a
        case "divide" | "divide0" if _is(a, 0):
            return 0.0
        case "multiply" | "divide" if _is(a, -1) and op.name == "multiply":
            return -b
        case "multiply" | "divide" if _negated(a) is not None:
            return -op(_negated(a), b)
        case "add" if _negated(b) is not None:
            return a - _negated(b)
        case "negative" if _negated(a) is not None:
            return _negated(a)
        case "power" if _is(b, 1):
            return a
    return Symbol._made(op, args, {})


CARRIERS[Symbol] = (5, _apply)
attach(Symbol)


_USUAL = {1: ("y", "x"), 2: ("z", "x", "y"), 3: ("z", "x", "y", "w")}


def input_names(op: Op) -> tuple[str, ...]:
    """What an op's rule calls the output and then the inputs: ("z", "x", "y")."""
    rule: Any = op.vjps.rule if isinstance(op.vjps, Each) else next(r for r in op.vjps if r is not None)
    names: tuple[str, ...] = rule.__code__.co_varnames
    if isinstance(op.vjps, Each):
        return ("z", "xs")
    return names[1:2 + op.arity] if rule.__code__.co_argcount >= 2 + op.arity else _USUAL[op.arity]


def local_derivatives(op: Op, **params: Any) -> list[Any]:
    """For each input of an elementwise op the derivative of the output by it, as a Symbol or number.

    The output appears under the name that the rule gives it (y for one input, z for more); inputs
    without a derivative give None; parameters are symbols of their own unless given.

    >>> from autograd_nn import sin
    >>> print(local_derivatives(sin)[0].latex())
    \\cos x
    """
    out, *names = input_names(op)
    values: dict[str, Any] = {k: params.get(k, Symbol(k)) for k in op.params}
    xs = [Symbol(n) for n in names]
    return [rule and rule(1.0, Symbol(out), *xs, **values) for rule in op.vjps]


def applied(op: Op) -> Symbol:
    """The op itself, written on its input names.

    >>> from autograd_nn import sin
    >>> applied(sin).text()
    'sin(x)'
    """
    _, *names = input_names(op)
    return Symbol._made(op, tuple(Symbol(n) for n in names), {k: Symbol(k) for k in op.params})


def describe(op: Op) -> str:
    """The docstring of an op: how it is called, what it is, and its derivatives.

    >>> from autograd_nn import sin
    >>> print(describe(sin))
    sin(x)
    <BLANKLINE>
    elementwise, on numbers, arrays, Values and Tensors: y = \\sin x
    derivative: cos(x)
    """
    out, *names = input_names(op)
    params = "".join(f", {k}={v!r}" for k, v in op.params.items())
    lines = [f"{op.name}({', '.join(names)}{params})", ""]
    if op.elementwise:
        lines.append(f"elementwise, on numbers, arrays, Values and Tensors: {out} = {applied(op).latex()}")
        for name, d in zip(names, local_derivatives(op)):
            by = f" by {name}" if len(names) > 1 else ""
            text = "none" if d is None else d.text() if isinstance(d, Symbol) else f"{d:g}"
            lines.append(f"derivative{by}: {text}")
    else:
        lines.append("on arrays and Tensors, with the arguments of the NumPy function of this name, if there is one")
    return "\n".join(lines)


def numeric(x: Any) -> bool:
    """Whether x is a plain number, not an expression."""
    return isinstance(x, (int, float, np.number))


def _in_c(op: Op) -> None:
    """A composite's C is its expression's."""
    if isinstance(op, Composite):
        slots = [Symbol(f"{{{i}}}") for i in range(op.arity)]
        with suppress(UsageError):                       # an op in the expression has no C
            op.c = op.forward(*slots, **{name: Symbol(f"{{{name}}}") for name in op.params}).c()


for_each_op(_in_c)
