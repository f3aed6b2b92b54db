"""custom_op: a function with its own derivative, as an op."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..errors import UsageError
from ..ops import OPS, Op


def custom_op(*vjps: Callable[..., Any] | None, elementwise: bool = False, name: str | None = None,
              tex: str | None = None, **fields: Any) -> Callable[[Callable[..., Any]], Op]:
    """A decorator: makes an op of a function on arrays, with a rule for each of its inputs.

    vjps         the rules: each takes the cotangent g of the output, the output, then the inputs and
                 parameters of the function, and returns the cotangent of its input; None where an
                 input has no derivative. In operators and ops of the package alone, so that the
                 derivative can be differentiated. Broadcasting is undone for you.
    elementwise  whether the function works element by element, and on single numbers as well
    name, tex    the op's name and how it is written; by default made of the function's name
    fields       further fields of the entry: see `Op`; its `slots` are by default the inputs' own names

    The function's arguments with a default are the op's parameters, the others its inputs. What the op
    table gives its entries this gives: a function of numbers, arrays, Values and Tensors, and a method;
    derivatives of any order in both modes; labels in pictures; and a place in the table itself, with
    the tests that run over it. Defining the op again in the same module replaces it.

    Raises UsageError where the rules are not as many as the inputs, or the name is taken.

    >>> from autograd_nn import Value, custom_op
    >>> @custom_op(lambda g, y, x: g * 3 * (x * x), elementwise=True, tex="{0}^3")
    ... def cubed(x):
    ...     return x * x * x
    >>> v = Value(2.0)
    >>> cubed(v).backward()
    >>> v.grad
    12.0
    >>> cubed.forget()
    """
    def make(function: Callable[..., Any]) -> Op:
        called = name or function.__name__
        arguments = inspect.signature(function).parameters.values()
        params = {p.name: p.default for p in arguments if p.default is not p.empty}
        inputs = [p.name for p in arguments if p.default is p.empty]
        if len(inputs) != len(vjps):
            raise UsageError(f"custom_op: {called} has {len(inputs)} inputs ({', '.join(inputs)}) and {len(vjps)} "
                             "rules\n  help: one rule for each argument without a default, None where an input "
                             "has no derivative")
        if called in OPS and OPS[called].module == function.__module__:
            OPS[called].forget()                         # a cell of a notebook that runs again
        on_numbers = (lambda *xs, **kw: float(function(*xs, **kw))) if elementwise else None
        known = {"slots": inputs if len(inputs) > 1 else (), **fields}
        made = Op(called, on_numbers, function, *vjps, tex=tex or "", params=params, **known)
        made.module = function.__module__
        if function.__doc__:
            made.__doc__ = inspect.cleandoc(function.__doc__)
        return made
    return make
