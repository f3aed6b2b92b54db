"""Gradient descent: on all data, on mini-batches, and with a memory of the direction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from ..core.options import above_zero, between_0_and_1, flag, fraction, non_negative
from ..errors import UsageError
from ._rule import State, decayed, running
from .optimizer import Optimizer


class GradientDescent(Optimizer):
    """Batch gradient descent: x <- x - lr g, g being the gradient of the loss over *all* training data.

    The rule is that of SGD without momentum; what differs is the loss that the caller differentiates,
    and so what is promised: with a small enough rate every step descends. With weight_decay, g is the
    gradient + weight_decay x. Source: Cauchy 1847.

    Raises UsageError for a number out of range.

    >>> from autograd_nn import Tensor, nn, optim
    >>> x, y = [1.0, 2.0, 3.0], [2.0, 4.0, 6.0]               # all the data
    >>> w = Tensor(0.0)
    >>> opt = optim.GradientDescent([w], lr=0.1)
    >>> for _ in range(30):
    ...     opt.zero_grad()
    ...     nn.mse_loss(w * x, y).backward()
    ...     opt.step()
    >>> round(w.item(), 6)
    2.0
    """

    options: ClassVar = {"lr": above_zero, "weight_decay": non_negative}
    elementwise = True

    def __init__(self, params: Iterable[Any], lr: float, weight_decay: float = 0.0) -> None:
        super().__init__(params, lr=lr, weight_decay=weight_decay)

    def _step_in_c(self, engine: Any, params: list[Any], states: list[State], **n: Any) -> bool:
        return engine.sgd(params, states, n["lr"], 0.0, False, n["weight_decay"]) \
            if type(self) is GradientDescent else False

    def update(self, x: Any, g: Any, state: State, *, lr: float, weight_decay: float) -> Any:  # type: ignore[override]
        return x - lr * decayed(g, x, weight_decay)


class SGD(Optimizer):
    """Stochastic gradient descent: the gradient is that of a mini-batch; momentum in PyTorch's convention.

    With g the gradient + weight_decay x:  v <- momentum v + (1 - dampening) g (v <- g at first), and
    x <- x - lr v, or with Nesterov's momentum x <- x - lr (g + momentum v).

    In this convention v grows to 1 / (1 - momentum) times a steady gradient. `Momentum` is the other
    one, where v is a moving average of the gradient; `dampening=momentum` is that average too, but
    started at the first gradient. Sources: Robbins & Monro 1951; Polyak 1964; Nesterov 1983, in the
    form of Sutskever, Martens, Dahl & Hinton 2013.

    Raises UsageError for a number out of range, and for nesterov without momentum or with dampening.

    >>> from autograd_nn import Value, optim
    >>> w = Value(3.0)
    >>> opt = optim.SGD([w], lr=0.5)
    >>> (w * w).backward()
    >>> opt.step()
    >>> w.data
    0.0
    """

    options: ClassVar = {"lr": above_zero, "momentum": non_negative, "dampening": between_0_and_1, "nesterov": flag,
                         "weight_decay": non_negative}
    elementwise = True

    def __init__(self, params: Iterable[Any], lr: float, momentum: float = 0.0, dampening: float = 0.0,
                 weight_decay: float = 0.0, nesterov: bool = False) -> None:
        super().__init__(params, lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay,
                         nesterov=nesterov)

    def _fit_together(self, **n: Any) -> None:
        if n["nesterov"] and (not n["momentum"] or n["dampening"]):
            raise UsageError("nesterov=True is a kind of momentum: it needs momentum > 0 and dampening = 0")

    def _step_in_c(self, engine: Any, params: list[Any], states: list[State], **n: Any) -> bool:
        return engine.sgd(params, states, n["lr"], n["momentum"], n["nesterov"], n["weight_decay"]) \
            if type(self) is SGD and not n["dampening"] else False

    def update(self, x: Any, g: Any, state: State, *, lr: float, momentum: float,  # type: ignore[override]
               dampening: float, nesterov: bool, weight_decay: float) -> Any:
        g = decayed(g, x, weight_decay)
        if momentum:
            v = state.get("velocity")
            if v is None:
                v = state["velocity"] = +g           # a copy: the gradient is the parameter's own
            elif isinstance(v, np.ndarray):
                v *= momentum
                v += (1 - dampening) * g if dampening else g
            else:
                v = state["velocity"] = momentum * v + (1 - dampening) * g
            g = g + momentum * v if nesterov else v
        return x - lr * g


class Momentum(Optimizer):
    """Descent along a moving average of the gradient: v <- momentum v + (1 - momentum) g, x <- x - lr v.

    v is 0 at first, and g the gradient + weight_decay x. The average weighs the gradient of k steps
    ago with (1 - momentum) momentum^k, so that v is as large as a gradient, and lr means what it means
    without momentum. `SGD` has PyTorch's convention, a sum and not an average: Momentum(lr, momentum)
    and SGD(lr (1 - momentum), momentum) take the same steps. Source: Polyak 1964.

    Raises UsageError for a number out of range.

    >>> from autograd_nn import Value, optim
    >>> w = Value(3.0)
    >>> opt = optim.Momentum([w], lr=0.5, momentum=0.75)
    >>> (w * w).backward()
    >>> opt.step()
    >>> w.data
    2.25
    """

    options: ClassVar = {"lr": above_zero, "momentum": fraction, "weight_decay": non_negative}
    elementwise = True

    def __init__(self, params: Iterable[Any], lr: float, momentum: float = 0.9, weight_decay: float = 0.0) -> None:
        super().__init__(params, lr=lr, momentum=momentum, weight_decay=weight_decay)

    def update(self, x: Any, g: Any, state: State, *, lr: float, momentum: float,  # type: ignore[override]
               weight_decay: float) -> Any:
        return x - lr * running(state, "velocity", momentum, decayed(g, x, weight_decay))
