"""Adadelta."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from .. import ops
from ..core.options import above_zero, between_0_and_1, non_negative
from ._rule import State, decayed, running_square
from .optimizer import Optimizer


class Adadelta(Optimizer):
    """Steps in the unit of the parameter: as large as earlier steps, relative to earlier gradients.

    With g the gradient + weight_decay x:  s <- rho s + (1 - rho) g^2,
    d = sqrt(r + eps) / sqrt(s + eps) g,  r <- rho r + (1 - rho) d^2, and x <- x - lr d.
    Source: Zeiler 2012 (where lr is 1).

    Raises UsageError for a number out of range.

    >>> from autograd_nn import Value, optim
    >>> w = Value(3.0)
    >>> opt = optim.Adadelta([w])
    >>> (w * w).backward()
    >>> opt.step()
    >>> round(w.data, 6)
    2.996838
    """

    options: ClassVar = {"lr": above_zero, "rho": between_0_and_1, "eps": above_zero, "weight_decay": non_negative}
    elementwise = True

    def __init__(self, params: Iterable[Any], lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6,
                 weight_decay: float = 0.0) -> None:
        super().__init__(params, lr=lr, rho=rho, eps=eps, weight_decay=weight_decay)

    def update(self, x: Any, g: Any, state: State, *, lr: float, rho: float, eps: float,  # type: ignore[override]
               weight_decay: float) -> Any:
        g = decayed(g, x, weight_decay)
        s = running_square(state, "square", rho, g)
        d = ops.sqrt(state.get("change", 0.0) + eps) / ops.sqrt(s + eps) * g
        running_square(state, "change", rho, d)
        return x - lr * d
