"""Symbol: a carrier that writes a rule down instead of computing it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from ..core.methods import attach
from ..errors import UsageError
from ..ops._bind import Each
from ..ops._carriers import carrier
from ..ops._composite import Composite
from ..ops._op import Op, for_each_op
from .notations import C_CODE, LATEX, PYTHON
from .printer import MINUS_TEXT, SUM_TEXT, Formula


class Symbol(Formula):
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

    __slots__ = ()
    __array_ufunc__ = None

    def text(self) -> str:
        """Python: `x * sin(y)`."""
        return PYTHON(self)

    def latex(self) -> str:
        r"""LaTeX: `x \, \sin y`."""
        return LATEX(self)

    def c(self) -> str:
        """C, of doubles: `x * sin(y)`. A UsageError for an op that has no C."""
        return C_CODE(self)

    def __repr__(self) -> str:
        return f"Symbol({self.text()})"

    def __pos__(self) -> Symbol:
        return self

    __hash__ = object.__hash__


def _apply(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    return _tidy(op, args) if not params else Symbol._made(op, args, params)


def _negated(x: Any) -> Any:
    """What x is the negative of, or None."""
    return x.inputs[0] if isinstance(x, Symbol) and x.op is not None and x.op.text == MINUS_TEXT else None


def _tidy(op: Op, args: tuple[Any, ...]) -> Any:
    for i, x in enumerate(args):
        if isinstance(x, (int, float)):
            if x in op.absorbing[i:i + 1]:
                return float(x)
            if x in op.neutral[i:i + 1]:
                return args[1 - i]
            if op.multilinear and -x in op.neutral[i:i + 1]:
                return -args[1 - i]
    negated = [_negated(x) for x in args]
    if op.text == MINUS_TEXT and negated[0] is not None:
        return negated[0]
    if op.text == SUM_TEXT and negated[1] is not None:
        return args[0] - negated[1]
    if (op.multilinear or op.linear == (0,)) and negated[0] is not None:
        return -op(negated[0], *args[1:])
    return Symbol._made(op, args, {})


carrier("Symbol", Symbol, _apply, below="_data")
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
    return [rule and rule(1.0, Symbol(out), *xs, **values) for rule in op.written]


def applied(op: Op) -> Symbol:
    """The op itself, written on its input names.

    >>> from autograd_nn import sin
    >>> applied(sin).text()
    'sin(x)'
    """
    _, *names = input_names(op)
    made: Symbol = Symbol._made(op, tuple(Symbol(n) for n in names), {k: Symbol(k) for k in op.params})
    return made


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


def _in_c(op: Op) -> None:
    """A composite's C is its expression's."""
    if isinstance(op, Composite):
        slots = [Symbol(f"{{{i}}}") for i in range(op.arity)]
        with suppress(UsageError):                       # an op in the expression has no C
            op.c = op.forward(*slots, **{name: Symbol(f"{{{name}}}") for name in op.params}).c()


for_each_op(_in_c)
