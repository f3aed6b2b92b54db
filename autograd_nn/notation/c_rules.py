"""Writes rules.h: the cases of the C engine's switches, from the op table's rules run on symbols.

`python -m autograd_nn.notation.generate` calls it with the other generated files.
"""

from __future__ import annotations

from typing import Any

from autograd_nn.notation.notations import C_CODE
from autograd_nn.notation.symbol import Symbol, applied, local_derivatives
from autograd_nn.ops import Op
from autograd_nn.ops._numpy_op import NumpyOp

HEAD = """\
/* {header}

   Included several times, each time with one part asked for:
   AG_NAMES     X(name, number of inputs, name of its parameter) for every op, in the order of the codes
   AG_UNARY     X(name): the ops that are methods without arguments
   AG_FORWARD   cases that set z from x, y, w
   AG_BACKWARD  cases that give the cotangents of x, y, w by A(...), B(...), W(...) from g, z, x, y, w
   An op with a parameter finds it in y. */
"""


def rules(ops: list[Op], header: str) -> str:
    """The text of rules.h for the elementwise ops among `ops`.

    Unguarded ones are Python's: whether a zero cotangent stays 0 is not for one node to see (`core/leaks.py`).
    """
    ops = [op for op in ops if op.elementwise and op.c is not None and not op.unguarded]
    ops.sort(key=lambda op: op.arity == 3)               # stable: those with three inputs come last
    lines = [HEAD.format(header=header), "#ifdef AG_NAMES"]
    for op in ops:
        lines.append(f'X({op.name}, {op.arity}, "{next(iter(op.params), "")}")')
    lines += ["#endif", "", "#ifdef AG_UNARY"]
    lines += [f"X({op.name})" for op in ops
              if op.arity == 1 and not op.params and not op.variants and op.method
              and not isinstance(op, NumpyOp)]           # it takes arguments
    lines += ["#endif", "", "#ifdef AG_FORWARD"]
    for op in ops:
        x = _symbols(op)
        value = Symbol._made(op, tuple(x[:op.arity]), dict(zip(op.params, x[op.arity:])))
        lines.append(f"case AG_{op.name}: z = {value.c()}; break;  /* {_comment(applied(op).latex())} */")
    lines += ["#endif", "", "#ifdef AG_BACKWARD"]
    for op in ops:
        x, g, z = _symbols(op), Symbol("g"), Symbol("z")
        parts = []
        for letter, rule in zip("ABW", op.vjps):
            if rule is not None:
                part = rule(g, z, *x[:op.arity], **dict(zip(op.params, x[op.arity:])))
                parts.append(f"{letter}({C_CODE(part)})")
        tex = ", ".join(d.latex() if isinstance(d, Symbol) else f"{d:g}"
                        for d in local_derivatives(op) if d is not None)
        lines.append(f"case AG_{op.name}: {' '.join(parts)} break;  /* {_comment(tex)} */")
    return "\n".join([*lines, "#endif"]) + "\n"


def _symbols(op: Op) -> list[Any]:
    return [Symbol(name) for name in "xyw"[:op.arity + len(op.params)]]


def _comment(tex: str) -> str:
    return tex.replace("*/", "* /")
