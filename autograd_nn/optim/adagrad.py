"""Adagrad."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from .. import ops
from ..core.options import above_zero, non_negative
from ._rule import State, decayed
from .optimizer import Optimizer


class Adagrad(Optimizer):
    """Rates that fall with the sum of the squared gradients so far: rare features keep large steps.

    With g the gradient + weight_decay x, in step t:  s <- s + g^2 (initial_accumulator_value at
    first), and x <- x - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps). Source: Duchi, Hazan &
    Singer 2011.

    Raises UsageError for a number out of range.

    >>> from autograd_nn import Value, optim
    >>> w = Value(3.0)
    >>> opt = optim.Adagrad([w], lr=0.1)
    >>> (w * w).backward()
    >>> opt.step()
    >>> round(w.data, 6)
    2.9
    """

    options: ClassVar = {"lr": above_zero, "lr_decay": non_negative, "weight_decay": non_negative,
                         "initial_accumulator_value": non_negative, "eps": above_zero}
    elementwise = True

    def __init__(self, params: Iterable[Any], lr: float = 1e-2, lr_decay: float = 0.0, weight_decay: float = 0.0,
                 initial_accumulator_value: float = 0.0, eps: float = 1e-10) -> None:
        super().__init__(params, lr=lr, lr_decay=lr_decay, weight_decay=weight_decay,
                         initial_accumulator_value=initial_accumulator_value, eps=eps)

    def update(self, x: Any, g: Any, state: State, *, lr: float, lr_decay: float,  # type: ignore[override]
               weight_decay: float, initial_accumulator_value: float, eps: float) -> Any:
        g = decayed(g, x, weight_decay)
        t = state["step"] = state.get("step", 0) + 1
        s = state["sum"] = state.get("sum", initial_accumulator_value) + g * g
        return x - lr / (1 + (t - 1) * lr_decay) * (g / (ops.sqrt(s) + eps))
