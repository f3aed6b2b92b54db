"""L-BFGS, through SciPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from ..core.node import data_of
from ..core.options import function, item, non_negative, real_number, whole_number
from ..errors import NonFiniteError, UsageError
from .optimizer import Optimizer


class LBFGS(Optimizer):
    """Quasi-Newton steps with a line search: few of them, each over the whole data.

    The direction is -H g, with H an estimate of the inverse Hessian from the last history_size changes
    of x and g; the length of each step is searched for, so there is no rate. Needs SciPy, whose
    L-BFGS-B it calls. Sources: Nocedal 1980; Byrd, Lu, Nocedal & Zhu 1995.

    params            leaves, in one group
    max_iter          steps of one call of `step`
    max_eval          evaluations of the closure in one call; 1.25 max_iter by default
    tolerance_grad    stop where every |g| is below
    tolerance_change  stop where the loss falls by less, relative to the larger of |loss| and 1
    history_size      how many changes are remembered, within one call

    `step(closure)` runs up to max_iter steps from where the parameters are, and gives the loss where it
    stops; it is the lowest found. The closure zeroes the gradients, computes the loss of the same data
    each time, calls backward and returns the loss. Computed in float64 whatever the parameters are.

    Raises UsageError without SciPy or a closure, for several groups, and for a number out of range;
    NonFiniteError where the loss is nan or inf at the start.

    >>> from autograd_nn import Tensor, optim
    >>> w = Tensor([-1.0, 1.0])
    >>> def closure():
    ...     opt.zero_grad()
    ...     loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> opt = optim.LBFGS([w], max_iter=100)
    >>> opt.step(closure) < 1e-9
    True
    """

    options: ClassVar = {"max_iter": whole_number, "max_eval": whole_number, "tolerance_grad": non_negative,
                         "tolerance_change": non_negative, "history_size": whole_number}

    def __init__(self, params: Iterable[Any], max_iter: int = 20, max_eval: int | None = None,
                 tolerance_grad: float = 1e-7, tolerance_change: float = 1e-9, history_size: int = 100) -> None:
        if max_eval is None:
            max_eval = whole_number("max_iter", max_iter) * 5 // 4
        super().__init__(params, max_iter=max_iter, max_eval=max_eval, tolerance_grad=tolerance_grad,
                         tolerance_change=tolerance_change, history_size=history_size)
        if len(self.param_groups) > 1:
            raise UsageError("LBFGS takes one group of parameters: its step is one for all")
        _minimize()

    def step(self, closure: Callable[[], Any] | None = None) -> float:
        """Up to max_iter steps; gives the loss where they end."""
        if closure is None:
            raise UsageError("LBFGS.step needs a closure that computes the loss again and again\n"
                             "  help: step(closure), where closure() zeroes the gradients, calls backward "
                             "and returns the loss")
        function("LBFGS.step: closure", closure, "a function without arguments that gives the loss")
        evaluations, free = 0, [p for p in self.params if p.requires_grad]

        def evaluate(vector: Any) -> tuple[float, Any]:
            nonlocal evaluations
            _assign(free, vector)
            loss = real_number("LBFGS.step: what closure gives", item(data_of(closure())))
            if not evaluations and not math.isfinite(loss):
                raise NonFiniteError(f"LBFGS: the loss is {loss} where the parameters are now\n"
                                     "  help: check_finite() finds the op that it comes from")
            evaluations += 1
            return loss, np.concatenate([np.ravel(data_of(p._grad)) if p.has_grad else np.zeros(math.prod(p.shape))
                                         for p in free]).astype(float)

        group = self.param_groups[0]
        if not free:
            raise UsageError("LBFGS.step: every parameter is fixed (requires_grad is False)")
        start = np.concatenate([np.ravel(p._data) for p in free]).astype(float)
        found = _minimize()(evaluate, start, jac=True, method="L-BFGS-B", options={
            "maxiter": group["max_iter"], "maxfun": group["max_eval"], "gtol": group["tolerance_grad"],
            "ftol": group["tolerance_change"], "maxcor": group["history_size"]})
        _assign(free, found.x)
        return float(found.fun)


def _assign(params: list[Any], vector: Any) -> None:
    """Give each parameter its part of the vector."""
    at = 0
    for p in params:
        size = math.prod(p.shape)
        p.data = vector[at:at + size].reshape(p.shape) if p.shape else float(vector[at])
        at += size


def _minimize() -> Any:
    try:
        from scipy.optimize import minimize
    except ImportError:
        raise UsageError("LBFGS needs SciPy, which is not installed\n  help: pip install scipy") from None
    return minimize
