"""OneCycleLR: up and down once, with the momentum against it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ..core.options import above_zero, choice, flag, fraction, whole_number
from ..errors import UsageError
from ..ops._refusal import takes
from .optimizer import Optimizer
from .schedules import A_RATE, LRScheduler


class OneCycleLR(LRScheduler):
    """From max_lr / div_factor up to max_lr in the first pct_start of the steps, then down to almost nothing.

    It ends at max_lr / (div_factor final_div_factor); with three_phase it falls to the first rate in as
    many steps as it rose, and to the last in what remains. The momentum (or betas[0]) runs from
    max_momentum to base_momentum while the rate rises, and back. Call `step()` after each batch. Source:
    Smith & Topin 2019.

    max_lr            a number, or one for each group
    total_steps       or epochs and steps_per_epoch, their product
    anneal_strategy   "cos", a half cosine, or "linear"
    cycle_momentum    False leaves the momentum alone; an optimizer without one needs that

    After total_steps - 1 steps the last rate is reached, and one more step keeps it. Raises UsageError for a step
    beyond, and for other arguments.

    >>> from autograd_nn import Value, optim
    >>> opt = optim.Adam([Value(1.0)])
    >>> schedule = optim.OneCycleLR(opt, max_lr=1.0, total_steps=11, pct_start=5 / 11, anneal_strategy="linear")
    >>> [round(schedule.rate(0.04, t), 4) for t in (0, 2, 4, 7, 10)]
    [0.04, 0.52, 1.0, 0.5, 0.0]
    """

    def __init__(self, optimizer: Optimizer, max_lr: float | Sequence[float], total_steps: int | None = None,
                 epochs: int | None = None, steps_per_epoch: int | None = None, pct_start: float = 0.3,
                 anneal_strategy: str = "cos", cycle_momentum: bool = True, base_momentum: float = 0.85,
                 max_momentum: float = 0.95, div_factor: float = 25.0, final_div_factor: float = 1e4,
                 three_phase: bool = False) -> None:
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise UsageError("OneCycleLR needs total_steps, or epochs and steps_per_epoch")
            total_steps = whole_number("epochs", epochs) * whole_number("steps_per_epoch", steps_per_epoch)
        self.total_steps = whole_number("total_steps", total_steps)
        self.pct_start = fraction("pct_start", pct_start)
        self._anneal = _ANNEAL[choice("OneCycleLR: anneal_strategy", anneal_strategy, _ANNEAL)]
        self.div_factor, self.final_div_factor = above_zero("div_factor", div_factor), \
            above_zero("final_div_factor", final_div_factor)
        self.base_momentum, self.max_momentum = fraction("base_momentum", base_momentum), \
            fraction("max_momentum", max_momentum)
        self.three_phase, self.cycle_momentum = flag("three_phase", three_phase), flag("cycle_momentum", cycle_momentum)
        options = getattr(optimizer, "options", {})
        if self.cycle_momentum and not {"momentum", "betas"} & set(options):
            raise UsageError(f"{type(optimizer).__name__} has no momentum to cycle\n  help: cycle_momentum=False")
        groups = getattr(optimizer, "param_groups", [])
        rates = list(max_lr) if isinstance(max_lr, (list, tuple)) else [max_lr] * len(groups)
        if len(rates) != len(groups):
            raise UsageError(f"max_lr has {len(rates)} numbers, and the optimizer {len(groups)} groups")
        firsts = [above_zero("max_lr", rate) / self.div_factor for rate in rates]
        for group, first in zip(groups, firsts):
            group["initial_lr"] = first
        super().__init__(optimizer)

    @takes(A_RATE)
    def rate(self, base: float, t: int) -> float:
        top, last = base * self.div_factor, base / self.final_div_factor
        return self._at(t, [base, top, base, last] if self.three_phase else [base, top, last])

    def step(self) -> None:
        """On to the next batch."""
        if self.last_epoch >= self.total_steps:
            raise UsageError(f"OneCycleLR: step {self.last_epoch + 1} of {self.total_steps}; the cycle is over\n"
                             "  help: a larger total_steps")
        super().step()

    def _apply(self) -> None:
        super()._apply()
        if self.cycle_momentum:
            high, low = self.max_momentum, self.base_momentum
            momentum = self._at(self.last_epoch, [high, low, high, high] if self.three_phase else [high, low, high])
            for group in self.optimizer.param_groups:
                if "betas" in group:
                    group["betas"] = (momentum, group["betas"][1])
                else:
                    group["momentum"] = momentum

    def _at(self, t: int, corners: list[float]) -> float:
        """The number in step t on the way along the corners."""
        up = self.pct_start * self.total_steps - 1
        ends = [0.0, up, 2 * up, self.total_steps - 1] if self.three_phase else [0.0, up, self.total_steps - 1]
        i = next((i for i in range(1, len(ends)) if t <= ends[i]), len(ends) - 1)
        length = ends[i] - ends[i - 1]
        done = min(max((t - ends[i - 1]) / length, 0.0), 1.0) if length > 0 else 1.0
        return self._anneal(corners[i - 1], corners[i], done)


def _cosine(start: float, end: float, done: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * done))


def _linear(start: float, end: float, done: float) -> float:
    return start + (end - start) * done


_ANNEAL: dict[str, Callable[[float, float, float], float]] = {"cos": _cosine, "linear": _linear}
