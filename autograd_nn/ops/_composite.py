"""Ops that are expressions of other ops: the forward is written once, and serves floats, arrays and C."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import UsageError
from ._bind import Rule, bind
from ._docstring import Docstring
from ._op import Op
from ._refusal import shown_in_error


class Composite(Op):
    """An elementwise op whose forward is an expression: operators and ops that are defined before it.

    It is still one node in a graph, with rules of its own. On floats and on arrays it costs what the expression costs
    there, and has its bits. Its C is the expression's too, if all in it has C: notation/symbol.py writes it.

    forward     the expression, a function of the inputs and the parameters
    array       NumPy's ufunc of this op, where there is one

    >>> from autograd_nn import Value, sigmoid
    >>> from autograd_nn.ops import Composite
    >>> squish = Composite("squish", lambda x: x * sigmoid(3 * x),
    ...                    lambda g, y, x: g * sigmoid(3 * x) * (1 + 3 * x * (1 - sigmoid(3 * x))),
    ...                    tex=r"{0} \\, \\sigma(3 \\, {0})")
    >>> squish(2.0), squish(Value(2.0)).data
    (1.9950547536867307, 1.9950547536867307)
    >>> squish.forget()
    """

    def __init__(self, name: str, forward: Rule, *vjps: Rule | None, array: Callable[..., Any] | None = None,
                 **facts: Any) -> None:
        for part in (forward, *([] if array is None else [array])):
            if not callable(part):
                raise UsageError(f"Composite: forward and array must be functions, not {shown_in_error(part)}")
        if "tex" not in facts:
            raise UsageError("Composite: an op needs tex=, how its formula is written, as in r\"\\sigma({0})\"")
        self.forward = forward
        super().__init__(name, bind(forward, "scalar"), bind(forward, "array") if array is None else array, *vjps,
                         **facts)


Composite.__doc__ = Docstring(Composite.__doc__ or "")  # type: ignore[assignment]
