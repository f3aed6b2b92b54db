"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ..errors import UsageError
from .optimizer import Optimizer, State, non_negative


class SGD(Optimizer):
    """Gradient descent, with momentum and weight decay, in PyTorch's convention.

    With g the gradient + weight_decay x:  v <- momentum v + g (v <- g at first), and
    x <- x - lr v, or with Nesterov's momentum x <- x - lr (g + momentum v).

    Raises UsageError for a number out of range, and for nesterov without momentum.

    >>> from autograd_nn import Value, optim
    >>> w = Value(3.0)
    >>> opt = optim.SGD([w], lr=0.5)
    >>> (w * w).backward()
    >>> opt.step()
    >>> w.data
    0.0
    """

    options: ClassVar[tuple[str, ...]] = ("lr", "momentum", "nesterov", "weight_decay")

    def __init__(self, params: Iterable[Any], lr: float, momentum: float = 0.0, nesterov: bool = False,
                 weight_decay: float = 0.0) -> None:
        super().__init__(params, lr)
        self.momentum = non_negative("momentum", momentum)
        self.nesterov = bool(nesterov)
        self.weight_decay = non_negative("weight_decay", weight_decay)
        if self.nesterov and not self.momentum:
            raise UsageError("nesterov=True is a kind of momentum, and needs momentum > 0")

    def _step_in_c(self, core: Any) -> bool:
        return core.sgd(self.params, self.state, self.lr, self.momentum, self.nesterov,
                        self.weight_decay) if type(self) is SGD else False

    def update(self, x: Any, g: Any, state: State) -> Any:
        if self.weight_decay:
            g = g + self.weight_decay * x
        if self.momentum:
            v = self.momentum * state["velocity"] + g if "velocity" in state else g
            state["velocity"] = v
            g = g + self.momentum * v if self.nesterov else v
        return x - self.lr * g
