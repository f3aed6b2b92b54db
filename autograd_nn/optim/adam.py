"""Adam, AMSGrad and AdamW."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar

from .. import ops
from ..core.options import above_zero, flag, non_negative, two_fractions
from ._rule import State, decayed, running, running_square
from .optimizer import Optimizer


class Adam(Optimizer):
    """Steps of about lr, by running means of the gradient and of its square.

    With g the gradient + weight_decay x, in step t:  m <- b1 m + (1 - b1) g,
    v <- b2 v + (1 - b2) g^2, and x <- x - lr m' / (sqrt(v') + eps), where m' = m / (1 - b1^t) and
    v' = v / (1 - b2^t). With `amsgrad` the greatest v so far stands in the place of v: rates only
    fall. Sources: Kingma & Ba 2015; AMSGrad: Reddi, Kale & Kumar 2018.

    Raises UsageError for a number out of range.

    >>> from autograd_nn import Value, optim
    >>> w = Value(3.0)
    >>> opt = optim.Adam([w], lr=0.1)
    >>> (w * w).backward()
    >>> opt.step()
    >>> round(w.data, 6)
    2.9
    """

    options: ClassVar = {"lr": above_zero, "betas": two_fractions, "eps": above_zero, "weight_decay": non_negative,
                         "amsgrad": flag}
    elementwise = True

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 0.0, amsgrad: bool = False) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad)

    def _step_in_c(self, engine: Any, params: list[Any], states: list[State], **n: Any) -> bool:
        rule = partial(corrected, lr=n["lr"], betas=n["betas"], eps=n["eps"])
        return engine.adam(params, states, rule, *n["betas"], n["weight_decay"]) \
            if type(self) is Adam and not n["amsgrad"] else False

    def update(self, x: Any, g: Any, state: State, *, lr: float, betas: tuple[float, float],  # type: ignore[override]
               eps: float, weight_decay: float, amsgrad: bool) -> Any:
        g = decayed(g, x, weight_decay)
        b1, b2 = betas
        t = state["step"] = state.get("step", 0) + 1
        m = running(state, "mean", b1, g)
        v = running_square(state, "square", b2, g)
        if amsgrad:
            v = state["greatest"] = ops.maximum(state.get("greatest", v), v)
        rate, small = corrected(t, lr, betas, eps)
        d = ops.sqrt(v)
        d += small
        d = m / d
        d *= rate
        return x - d


def corrected(t: int, lr: float, betas: tuple[float, float], eps: float) -> tuple[float, float]:
    """lr and eps of step t with both means' corrections moved into them: two divisions fewer for each number."""
    b1, b2 = betas
    root = math.sqrt(1 - b2 ** t)
    return lr * root / (1 - b1 ** t), eps * root


class AdamW(Adam):
    """Adam with decoupled weight decay: x <- (1 - lr weight_decay) x, and then Adam's step by the gradient alone.

    The decay is not divided by sqrt(v), so all parameters shrink at one rate. Source: Loshchilov &
    Hutter 2019.

    Raises UsageError for a number out of range.

    >>> from autograd_nn import Value, optim
    >>> w = Value(3.0)
    >>> opt = optim.AdamW([w], lr=0.1, weight_decay=0.5)
    >>> (w * w).backward()
    >>> opt.step()
    >>> round(w.data, 6)                # 3 (1 - 0.05) - 0.1
    2.75
    """

    elementwise = True

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 1e-2, amsgrad: bool = False) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad)

    def update(self, x: Any, g: Any, state: State, *, lr: float, weight_decay: float,  # type: ignore[override]
               **numbers: Any) -> Any:
        x = x * (1 - lr * weight_decay) if weight_decay else x
        return super().update(x, g, state, lr=lr, weight_decay=0.0, **numbers)
