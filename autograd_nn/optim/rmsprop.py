"""RMSprop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from .. import ops
from ..core.options import above_zero, between_0_and_1, flag, non_negative
from ._rule import State, accumulated, decayed, running, running_square
from .optimizer import Optimizer


class RMSprop(Optimizer):
    """The gradient divided by the root of a moving average of its square.

    With g the gradient + weight_decay x:  s <- alpha s + (1 - alpha) g^2, d = g / (sqrt(s) + eps),
    and x <- x - lr d; with momentum v <- momentum v + d (v is 0 at first) and x <- x - lr v.
    `centered` takes s - m^2, the variance, in place of s, with m <- alpha m + (1 - alpha) g; where
    rounding makes it negative it is 0. Sources: Tieleman & Hinton 2012 (lecture 6.5); centered:
    Graves 2013.

    Raises UsageError for a number out of range.

    >>> from autograd_nn import Value, optim
    >>> w = Value(3.0)
    >>> opt = optim.RMSprop([w], lr=0.01)
    >>> (w * w).backward()
    >>> opt.step()
    >>> round(w.data, 6)
    2.9
    """

    options: ClassVar = {"lr": above_zero, "alpha": between_0_and_1, "eps": above_zero, "weight_decay": non_negative,
                         "momentum": non_negative, "centered": flag}
    elementwise = True

    def __init__(self, params: Iterable[Any], lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8,
                 weight_decay: float = 0.0, momentum: float = 0.0, centered: bool = False) -> None:
        super().__init__(params, lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum,
                         centered=centered)

    def update(self, x: Any, g: Any, state: State, *, lr: float, alpha: float, eps: float,  # type: ignore[override]
               weight_decay: float, momentum: float, centered: bool) -> Any:
        g = decayed(g, x, weight_decay)
        s = running_square(state, "square", alpha, g)
        if centered:
            m = running(state, "mean", alpha, g)
            s = ops.maximum(s - m * m, 0.0)
        d = g / (ops.sqrt(s) + eps)
        if momentum:
            d = accumulated(state, "velocity", momentum, d)
        return x - lr * d
