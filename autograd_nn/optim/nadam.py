"""NAdam."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, ClassVar

from .. import ops
from ..core.options import above_zero, flag, non_negative, two_fractions
from ._rule import State, decayed, running, running_square
from .optimizer import Optimizer


class NAdam(Optimizer):
    """Adam with Nesterov's momentum: the step looks ahead along the mean of the gradient.

    With g the gradient + weight_decay x, m and v as in Adam, v' = v / (1 - b2^t),
    u_t = b1 (1 - 0.96^(t momentum_decay) / 2) and U_t = u_1 u_2 ... u_t:
    x <- x - lr ((1 - u_t) g / (1 - U_t) + u_(t+1) m / (1 - U_(t+1))) / (sqrt(v') + eps).
    With `decoupled_weight_decay` x shrinks by 1 - lr weight_decay first, as in AdamW, and g is the
    gradient alone. Source: Dozat 2016.

    Raises UsageError for a number out of range.

    >>> from autograd_nn import Value, optim
    >>> w = Value(3.0)
    >>> opt = optim.NAdam([w], lr=0.1)
    >>> (w * w).backward()
    >>> opt.step()
    >>> round(w.data, 4)
    2.8944
    """

    options: ClassVar = {"lr": above_zero, "betas": two_fractions, "eps": above_zero, "weight_decay": non_negative,
                         "momentum_decay": non_negative, "decoupled_weight_decay": flag}
    elementwise = True

    def __init__(self, params: Iterable[Any], lr: float = 2e-3, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 0.0, momentum_decay: float = 4e-3,
                 decoupled_weight_decay: bool = False) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay,
                         momentum_decay=momentum_decay, decoupled_weight_decay=decoupled_weight_decay)

    def update(self, x: Any, g: Any, state: State, *, lr: float, betas: tuple[float, float],  # type: ignore[override]
               eps: float, weight_decay: float, momentum_decay: float, decoupled_weight_decay: bool) -> Any:
        if decoupled_weight_decay:
            x = x * (1 - lr * weight_decay)
        else:
            g = decayed(g, x, weight_decay)
        b1, b2 = betas
        t = state["step"] = state.get("step", 0) + 1
        now, ahead = (b1 * (1 - 0.5 * 0.96 ** (s * momentum_decay)) for s in (t, t + 1))
        product = state["product"] = state.get("product", 1.0) * now
        m = running(state, "mean", b1, g)
        v = running_square(state, "square", b2, g)
        d = lr * (1 - now) / (1 - product) * g
        d += lr * ahead / (1 - product * ahead) * m
        return x - d / (ops.sqrt(v) * (1 / math.sqrt(1 - b2 ** t)) + eps)
