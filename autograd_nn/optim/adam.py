"""Adam."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from .. import ops
from ..errors import UsageError
from .optimizer import BLOCK, Optimizer, State, fraction, non_negative, positive


class Adam(Optimizer):
    """Steps of about lr, by running means of the gradient and of its square.

    With g the gradient + weight_decay x, in step t:  m <- b1 m + (1 - b1) g,
    v <- b2 v + (1 - b2) g^2, and x <- x - lr m' / (sqrt(v') + eps), where m' = m / (1 - b1^t) and
    v' = v / (1 - b2^t). Source: Kingma & Ba 2015.

    Raises UsageError for a number out of range.

    >>> from autograd_nn import Value, optim
    >>> w = Value(3.0)
    >>> opt = optim.Adam([w], lr=0.1)
    >>> (w * w).backward()
    >>> opt.step()
    >>> round(w.data, 6)
    2.9
    """

    options: ClassVar[tuple[str, ...]] = ("lr", "betas", "eps", "weight_decay")

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 0.0) -> None:
        super().__init__(params, lr)
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise UsageError(f"betas must be two numbers, not {betas!r:.60}")
        self.betas = fraction("betas[0]", betas[0]), fraction("betas[1]", betas[1])
        self.eps = positive("eps", eps)
        self.weight_decay = non_negative("weight_decay", weight_decay)

    def _step_in_c(self, core: Any) -> bool:
        return core.adam(self.params, self.state, self.lr, *self.betas, self.eps,
                         self.weight_decay) if type(self) is Adam else False

    def _update_array(self, x: Any, g: Any, state: State) -> Any:
        """`update` on a float array, with the same bits, in blocks that stay in the cache and without temporaries."""
        b1, b2 = self.betas
        t = state["step"] = state.get("step", 0) + 1
        if "mean" not in state:
            state["mean"], state["square"] = np.zeros_like(x), np.zeros_like(x)
        new = np.empty(x.shape, x.dtype)
        flat = [np.ascontiguousarray(a).reshape(-1) for a in (x, g, state["mean"], state["square"])]
        out, work = new.reshape(-1), np.empty(min(x.size, BLOCK), x.dtype)
        size, small = self._corrected(t)
        for start in range(0, x.size, BLOCK):
            part = slice(start, start + BLOCK)
            x, g, m, v = (a[part] for a in flat)
            a = work[:len(x)]
            if self.weight_decay:
                g = np.add(g, np.multiply(x, self.weight_decay, out=a), out=out[part])
            np.multiply(m, b1, out=m)
            np.add(m, np.multiply(g, 1 - b1, out=a), out=m)
            np.multiply(v, b2, out=v)
            np.add(v, np.multiply(np.multiply(g, g, out=a), 1 - b2, out=a), out=v)
            np.add(np.sqrt(v, out=a), small, out=a)
            np.multiply(np.divide(m, a, out=a), size, out=a)
            np.subtract(x, a, out=out[part])
        return new

    def update(self, x: Any, g: Any, state: State) -> Any:
        if self.weight_decay:
            g = g + self.weight_decay * x
        b1, b2 = self.betas
        t = state["step"] = state.get("step", 0) + 1
        m = state["mean"] = b1 * state.get("mean", 0.0) + (1 - b1) * g
        v = state["square"] = b2 * state.get("square", 0.0) + (1 - b2) * (g * g)
        size, small = self._corrected(t)
        return x - size * (m / (ops.sqrt(v) + small))

    def _corrected(self, t: int) -> tuple[float, float]:
        """lr and eps in x <- x - lr m / (sqrt(v) + eps), with the corrections of m and v: two divisions fewer."""
        b1, b2 = self.betas
        root = math.sqrt(1 - b2 ** t)
        return self.lr * root / (1 - b1 ** t), self.eps * root
