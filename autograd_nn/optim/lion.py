"""Lion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from .. import ops
from ..core.options import above_zero, non_negative, two_fractions
from ._rule import State, decayed, running
from .optimizer import Optimizer


class Lion(Optimizer):
    """Steps of exactly lr, by the sign of an average of the gradient; one array of memory, where Adam has two.

    With g the gradient:  d = sign(b1 m + (1 - b1) g),  x <- x - lr (d + weight_decay x), and
    m <- b2 m + (1 - b2) g. Rates are three to ten times smaller than Adam's, and decays as much
    larger. Source: Chen, Liang, Huang et al. 2023.

    Raises UsageError for a number out of range.

    >>> from autograd_nn import Value, optim
    >>> w = Value(3.0)
    >>> opt = optim.Lion([w], lr=0.5)
    >>> (w * w).backward()
    >>> opt.step()
    >>> w.data
    2.5
    """

    options: ClassVar = {"lr": above_zero, "betas": two_fractions, "weight_decay": non_negative}
    elementwise = True

    def __init__(self, params: Iterable[Any], lr: float = 1e-4, betas: tuple[float, float] = (0.9, 0.99),
                 weight_decay: float = 0.0) -> None:
        super().__init__(params, lr=lr, betas=betas, weight_decay=weight_decay)

    def update(self, x: Any, g: Any, state: State, *, lr: float, betas: tuple[float, float],  # type: ignore[override]
               weight_decay: float) -> Any:
        d = ops.sign(betas[0] * state.get("mean", 0.0) + (1 - betas[0]) * g)
        running(state, "mean", betas[1], g)
        return x - lr * decayed(d, x, weight_decay)
