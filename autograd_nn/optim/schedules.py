"""Schedules: the learning rate as a function of the number of epochs (or steps) so far.

A schedule sets the rate of every group at once and again at each `step()`, from the rate that the
group had when its first schedule was made ("initial_lr"). Names and arguments are PyTorch's.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..core.options import above_zero, items, non_negative, whole_number
from ..errors import StateError, UsageError
from ..ops._refusal import shown_in_error, takes
from .optimizer import Optimizer

A_RATE = "the rate at the start, a number, and the number of epochs so far"


class LRScheduler:
    """A rate for each epoch t = 0, 1, ...; a subclass writes `rate(base, t)`, in closed form.

    `step()` is called after each epoch (or each batch: what t counts is the caller's to say), after the
    optimizer's steps. As the rate depends on t alone, t is all there is to save.

    Raises UsageError for an optimizer without rates.

    >>> from autograd_nn import Value, optim
    >>> class Halves(optim.LRScheduler):
    ...     def rate(self, base, t):
    ...         return base / 2 ** t
    >>> opt = optim.SGD([Value(1.0)], lr=0.8)
    >>> schedule = Halves(opt)
    >>> opt.lr, schedule.step(), opt.lr
    (0.8, None, 0.4)
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer) or "lr" not in optimizer.options:
            raise UsageError(f"{type(self).__name__} changes the rate of an optimizer, "
                             f"and a {type(optimizer).__name__} has none")
        self.optimizer = optimizer
        self.last_epoch = 0
        self._apply()

    def rate(self, base: float, t: int) -> float:
        """The rate in epoch t of a group whose initial rate is `base`."""
        raise UsageError(f"{type(self).__name__} has no rate(self, base, t): a schedule must define its rates")

    def step(self) -> None:
        """On to the next epoch."""
        self.last_epoch += 1
        self._apply()

    def _apply(self) -> None:
        for group in self.optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
            group["lr"] = self.rate(group["initial_lr"], self.last_epoch)

    def get_last_lr(self) -> list[float]:
        """The rate of each group now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """{"schedule": name, "last_epoch": t, "base_lrs": [initial rates]}.

        >>> from autograd_nn import Value, optim
        >>> optim.StepLR(optim.SGD([Value(1.0)], lr=0.1), 10).state_dict()
        {'schedule': 'StepLR', 'last_epoch': 0, 'base_lrs': [0.1]}
        """
        return {"schedule": type(self).__name__, "last_epoch": self.last_epoch,
                "base_lrs": [group["initial_lr"] for group in self.optimizer.param_groups]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where state_dict() was taken; the rates are set.

        Raises StateError for the state of another schedule or for other groups; nothing is loaded then.
        """
        entries = checked_state(self, state, ("last_epoch", "base_lrs"))
        try:
            last_epoch = whole_number("last_epoch", entries["last_epoch"], 0)
            base_lrs = [non_negative("base_lrs", base) for base in _listed(entries["base_lrs"])]
            rates = [non_negative("lr", self.rate(base, last_epoch)) for base in base_lrs]
        except (UsageError, ArithmeticError) as error:
            raise StateError(f"{type(self).__name__}.load_state_dict: {error}") from None
        if len(rates) != len(self.optimizer.param_groups):
            raise StateError(f"{type(self).__name__}.load_state_dict: the state has {len(rates)} groups, "
                             f"and the optimizer {len(self.optimizer.param_groups)}")
        self.last_epoch = last_epoch
        for group, base in zip(self.optimizer.param_groups, base_lrs):
            group["initial_lr"] = base
        self._apply()


class StepLR(LRScheduler):
    """base gamma^floor(t / step_size): a factor every step_size epochs.

    >>> from autograd_nn import Value, optim
    >>> schedule = optim.StepLR(optim.SGD([Value(1.0)], lr=1.0), step_size=10, gamma=0.5)
    >>> [schedule.rate(1.0, t) for t in (0, 9, 10, 25)]
    [1.0, 1.0, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size, self.gamma = whole_number("step_size", step_size), above_zero("gamma", gamma)
        super().__init__(optimizer)

    @takes(A_RATE)
    def rate(self, base: float, t: int) -> float:
        return base * self.gamma ** (t // self.step_size)


class ExponentialLR(LRScheduler):
    """base gamma^t: a factor every epoch.

    >>> from autograd_nn import Value, optim
    >>> schedule = optim.ExponentialLR(optim.SGD([Value(1.0)], lr=1.0), gamma=0.5)
    >>> [schedule.rate(1.0, t) for t in range(3)]
    [1.0, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = above_zero("gamma", gamma)
        super().__init__(optimizer)

    @takes(A_RATE)
    def rate(self, base: float, t: int) -> float:
        return base * self.gamma ** t


class LinearLR(LRScheduler):
    """A straight line from base start_factor to base end_factor in total_iters epochs, and level after: a warm-up.

    >>> from autograd_nn import Value, optim
    >>> schedule = optim.LinearLR(optim.SGD([Value(1.0)], lr=1.0), start_factor=0.25, total_iters=3)
    >>> [schedule.rate(1.0, t) for t in range(5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """

    def __init__(self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0,
                 total_iters: int = 5) -> None:
        self.start_factor, self.end_factor = above_zero("start_factor", start_factor), \
            non_negative("end_factor", end_factor)
        self.total_iters = whole_number("total_iters", total_iters)
        super().__init__(optimizer)

    @takes(A_RATE)
    def rate(self, base: float, t: int) -> float:
        done = min(t, self.total_iters) / self.total_iters
        return base * (self.start_factor + (self.end_factor - self.start_factor) * done)


class CosineAnnealingLR(LRScheduler):
    """Half a cosine from base to eta_min in T_max epochs, after a straight warm-up if one is asked for.

    For t < warmup: base (t + 1) / (warmup + 1). Then, with s = t - warmup,
    eta_min + (base - eta_min) (1 + cos(pi s / T_max)) / 2, which rises again after T_max, as PyTorch's
    does. The warm-up is that of SequentialLR with LinearLR(1 / (warmup + 1), total_iters=warmup) first.
    Sources: Loshchilov & Hutter 2017; warm-up: Goyal et al. 2017.

    >>> from autograd_nn import Value, optim
    >>> schedule = optim.CosineAnnealingLR(optim.SGD([Value(1.0)], lr=1.0), T_max=2, warmup=3)
    >>> [round(schedule.rate(1.0, t), 12) for t in range(6)]
    [0.25, 0.5, 0.75, 1.0, 0.5, 0.0]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, warmup: int = 0) -> None:
        self.T_max, self.eta_min = whole_number("T_max", T_max), non_negative("eta_min", eta_min)
        self.warmup = whole_number("warmup", warmup, 0)
        super().__init__(optimizer)

    @takes(A_RATE)
    def rate(self, base: float, t: int) -> float:
        if t < self.warmup:
            return base * (t + 1) / (self.warmup + 1)
        return self.eta_min + (base - self.eta_min) * (1 + math.cos(math.pi * (t - self.warmup) / self.T_max)) / 2


class SequentialLR(LRScheduler):
    """One schedule after another: schedule i from epoch milestones[i - 1] on, which is its epoch 0.

    schedulers  of the same optimizer, one more than milestones; only SequentialLR's own `step` is called
    milestones  rising integers >= 1

    Raises UsageError for others, and for OneCycleLR and ReduceLROnPlateau, which do more than give a rate.

    >>> from autograd_nn import Value, optim
    >>> opt = optim.SGD([Value(1.0)], lr=1.0)
    >>> parts = [optim.LinearLR(opt, 0.5, total_iters=2), optim.ExponentialLR(opt, 0.5)]
    >>> schedule = optim.SequentialLR(opt, parts, milestones=[2])
    >>> [schedule.rate(1.0, t) for t in range(5)]
    [0.5, 0.75, 1.0, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int]) -> None:
        self.schedulers: list[LRScheduler] = items("SequentialLR: schedulers", schedulers, "schedules")
        self.milestones = [whole_number("SequentialLR: a milestone", m)
                           for m in items("SequentialLR: milestones", milestones, "integers")]
        if len(self.schedulers) != len(self.milestones) + 1 or sorted(set(self.milestones)) != self.milestones:
            raise UsageError(f"SequentialLR takes one schedule more than rising milestones, "
                             f"not {len(self.schedulers)} and {self.milestones}")
        for part in self.schedulers:
            if not isinstance(part, LRScheduler) or type(part)._apply is not LRScheduler._apply:
                raise UsageError(f"SequentialLR takes schedules that give a rate, not a {type(part).__name__}")
            if part.optimizer is not optimizer:
                raise UsageError(f"SequentialLR: its {type(part).__name__} is that of another optimizer")
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        t = whole_number("SequentialLR.rate: t", t, 0)
        i = bisect.bisect_right(self.milestones, t)
        return self.schedulers[i].rate(base, t - self.milestones[i - 1] if i else t)


def checked_state(schedule: Any, state: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The entries of a schedule's saved state, if it is this kind's and complete."""
    kind = type(schedule).__name__
    entries = dict(state) if isinstance(state, Mapping) else {}
    found = entries.get("schedule")
    if not isinstance(found, str) or found != kind or not entries.keys() >= set(names):
        another = isinstance(found, str) and found != kind
        raise StateError(f"{kind}.load_state_dict: this is "
                         + (f"the state of {found:.60}" if another else "no state of a schedule")
                         + "\n  help: it takes what state_dict() gave")
    return entries


def _listed(x: Any) -> list[Any]:
    if isinstance(x, (list, tuple)):
        return list(x)
    raise UsageError(f"base_lrs must be a list, not {shown_in_error(x)}")
