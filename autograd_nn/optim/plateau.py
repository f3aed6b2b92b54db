"""ReduceLROnPlateau: a smaller rate where a metric stops improving."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..core.node import data_of
from ..errors import StateError, UsageError
from ._numbers import between_0_and_1, count, non_negative
from .optimizer import Optimizer
from .schedules import checked_state

_STATE = ("last_epoch", "best", "num_bad_epochs", "cooldown_counter")


class ReduceLROnPlateau:
    """lr <- max(lr factor, min_lr) after more than `patience` epochs without a better metric.

    mode            "min" or "max": which way is better
    factor          from 0 up to, but not, 1
    patience        epochs without improvement that are borne; the next one reduces
    threshold       better is: below best (1 - threshold) with threshold_mode "rel", below
                    best - threshold with "abs"; for "max", above best (1 + threshold), best + threshold
    cooldown        epochs after a reduction in which none is counted as bad
    min_lr          a number, or one for each group
    eps             a smaller change than this is not made

    Call `step(metric)` after each epoch. A nan is no improvement.

    Raises UsageError for other arguments.

    >>> from autograd_nn import Value, optim
    >>> opt = optim.SGD([Value(1.0)], lr=1.0)
    >>> schedule = optim.ReduceLROnPlateau(opt, factor=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     schedule.step(loss)
    >>> opt.lr
    0.5
    """

    def __init__(self, optimizer: Optimizer, mode: str = "min", factor: float = 0.1, patience: int = 10,
                 threshold: float = 1e-4, threshold_mode: str = "rel", cooldown: int = 0,
                 min_lr: float | Sequence[float] = 0.0, eps: float = 1e-8) -> None:
        if not isinstance(optimizer, Optimizer) or "lr" not in optimizer.options:
            raise UsageError("ReduceLROnPlateau changes the rate of an optimizer, "
                             f"and a {type(optimizer).__name__} has none")
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise UsageError(f'mode is "min" or "max" and threshold_mode "rel" or "abs", '
                             f"not {mode!r:.30} and {threshold_mode!r:.30}")
        if between_0_and_1("factor", factor) == 1:
            raise UsageError("factor must be less than 1, or the rate would not fall")
        groups = optimizer.param_groups
        self.min_lrs = [non_negative("min_lr", m)
                        for m in (min_lr if isinstance(min_lr, (list, tuple)) else [min_lr] * len(groups))]
        if len(self.min_lrs) != len(groups):
            raise UsageError(f"min_lr has {len(self.min_lrs)} numbers, and the optimizer {len(groups)} groups")
        self.optimizer, self.mode, self.factor, self.threshold_mode = optimizer, mode, float(factor), threshold_mode
        self.patience = count("patience", patience, 0)
        self.cooldown = count("cooldown", cooldown, 0)
        self.threshold, self.eps = non_negative("threshold", threshold), non_negative("eps", eps)
        self.last_epoch = self.num_bad_epochs = self.cooldown_counter = 0
        self.best: float | None = None

    def step(self, metrics: Any) -> None:
        """Take note of the metric of an epoch, and reduce the rates if it is time."""
        metric = float(data_of(metrics))
        self.last_epoch += 1
        if self._better(metric):
            self.best, self.num_bad_epochs = metric, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            for group, least in zip(self.optimizer.param_groups, self.min_lrs):
                lr = max(group["lr"] * self.factor, least)
                if group["lr"] - lr > self.eps:
                    group["lr"] = lr
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0

    def _better(self, metric: float) -> bool:
        if self.best is None:
            return not math.isnan(metric)
        sign = 1 if self.mode == "max" else -1
        margin = self.threshold * (self.best if self.threshold_mode == "rel" else 1)
        return sign * metric > sign * self.best + margin

    def get_last_lr(self) -> list[float]:
        """The rate of each group now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """What later steps depend on besides the optimizer: the best metric (None before any) and the counters."""
        return {"schedule": type(self).__name__, **{name: getattr(self, name) for name in _STATE}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where state_dict() was taken; the rates are the optimizer's to load.

        Raises StateError for another state; nothing is loaded then.
        """
        entries = checked_state(self, state, _STATE)
        for name in _STATE:
            x = entries[name]
            if not (isinstance(x, (int, float)) or (x is None and name == "best")):
                raise StateError(f"ReduceLROnPlateau.load_state_dict: {name} is {x!r:.60}")
        for name in _STATE:
            setattr(self, name, entries[name])
