"""ReduceLROnPlateau: a smaller rate where a metric stops improving."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..core.node import data_of
from ..core.options import between_0_and_1, choice, item, non_negative, real_number, whole_number
from ..errors import StateError, UsageError
from ..ops._refusal import shown_in_error
from .optimizer import Optimizer
from .schedules import checked_state

_STATE = ("last_epoch", "best", "num_bad_epochs", "cooldown_counter")


class ReduceLROnPlateau:
    """lr <- max(lr factor, min_lr) after more than `patience` epochs without a better metric.

    mode            "min": a smaller metric is better; "max": a larger one
    factor          the rate is multiplied by it: 0 <= factor < 1
    patience        number of epochs in a row without improvement that change nothing; the next one reduces
    threshold       how much better than the best a metric must be to count as an improvement. With "min" it must
                    be below best (1 - threshold), or below best - threshold with threshold_mode "abs"; with
                    "max" above best (1 + threshold), or above best + threshold
    threshold_mode  "rel": threshold is a part of the best metric; "abs": it is in the metric's own unit
    cooldown        number of epochs after a reduction that are not counted as epochs without improvement
    min_lr          the least rate: a number, or a list of one for each group
    eps             the least change of a rate; a smaller one is not made

    Call `step(metric)` after each epoch. A metric of nan is no improvement.

    Raises UsageError for an argument that is none of these.

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
        choice("ReduceLROnPlateau: mode", mode, ("min", "max"))
        choice("ReduceLROnPlateau: threshold_mode", threshold_mode, ("rel", "abs"))
        if between_0_and_1("factor", factor) == 1:
            raise UsageError("factor must be less than 1, or the rate would not fall")
        groups = optimizer.param_groups
        self.min_lrs = [non_negative("min_lr", m)
                        for m in (min_lr if isinstance(min_lr, (list, tuple)) else [min_lr] * len(groups))]
        if len(self.min_lrs) != len(groups):
            raise UsageError(f"min_lr has {len(self.min_lrs)} numbers, and the optimizer {len(groups)} groups")
        self.optimizer, self.mode, self.factor, self.threshold_mode = optimizer, mode, float(factor), threshold_mode
        self.patience = whole_number("patience", patience, 0)
        self.cooldown = whole_number("cooldown", cooldown, 0)
        self.threshold, self.eps = non_negative("threshold", threshold), non_negative("eps", eps)
        self.last_epoch = self.num_bad_epochs = self.cooldown_counter = 0
        self.best: float | None = None

    def step(self, metrics: Any) -> None:
        """Count an epoch with this metric, and reduce the rates if `patience` is used up."""
        metric = real_number("ReduceLROnPlateau.step: metrics", item(data_of(metrics)))
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
        """The rates of the groups as they are now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """What later steps depend on besides the optimizer: the best metric (at first None) and the counters."""
        return {"schedule": type(self).__name__, **{name: getattr(self, name) for name in _STATE}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load what state_dict() gave. The rates are not in it: they come with the optimizer's own state.

        Raises StateError for a state of another kind; then nothing is loaded.
        """
        entries = checked_state(self, state, _STATE)
        best = entries["best"]
        try:
            known = {name: whole_number(name, entries[name], 0) for name in _STATE if name != "best"}
            if best is not None and type(best) not in (int, float):
                raise UsageError(f"best must be a number or None, not {shown_in_error(best)}")
            best = None if best is None else float(best)
        except (UsageError, OverflowError) as error:
            raise StateError(f"ReduceLROnPlateau.load_state_dict: {error}") from None
        for name, x in known.items():
            setattr(self, name, x)
        self.best = best
