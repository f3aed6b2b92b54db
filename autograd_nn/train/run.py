"""Run: a training under way, an epoch at a time, and its checkpoint."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any
from zlib import crc32

import numpy as np

from ..core.modes import no_grad
from ..core.node import data_of
from ..core.options import above_zero, choice, function, instance, items, real_array, string, whole_number
from ..core.random import Rng, generator
from ..data import batches
from ..errors import DataError, NonFiniteError, StateError, UsageError
from ..nn import Module
from ..nn._evaluated import evaluated
from ..nn._targets import numbers_of
from ..ops import shape_of
from ..ops._refusal import shown_in_error
from ..optim import LRScheduler, Optimizer, ReduceLROnPlateau, clip_grad_norm_, clip_grad_value_
from ._bar import Bar
from ._interrupt import Interrupt
from ._randomness import generators, kind, restore, state_for, state_of
from .checkpoint import load_checkpoint, save_checkpoint
from .history import History
from .metrics import METRICS

Array = np.ndarray[Any, Any]
Metrics = Sequence[str] | Mapping[str, Callable[[Any, Any], float]]
ENTRIES = {"run", "epoch", "history", "model", "optimizer", "schedule", "rng", "generators", "best_weights"}


class Run:
    """A training under way: what callbacks are given, and what a checkpoint holds.

    model, optimizer, schedule, rng, train, valid   as given to fit
    epoch           how many epochs are done
    history         the History so far
    best_weights    the model's state after its best epoch, where there are validation rows; else None

    `evaluate(x, y)` measures other rows as the validation rows are; `save(path)` and `load(path)` write and read a
    checkpoint, which is `state_dict()` in a file.
    """

    def __init__(self, model: Module, optimizer: Optimizer, train: tuple[Array, Array],
                 valid: tuple[Array, Array] | None, *, loss: Callable[[Any, Any], Any], batch_size: int,
                 metrics: Metrics, schedule: Any, schedule_every: str, clip_norm: float | None,
                 clip_value: float | None, monitor: str | None, augment: Any, rng: Rng) -> None:
        instance("fit: model", model, Module, "a Module")
        instance("fit: optimizer", optimizer, Optimizer, "an Optimizer")
        function("fit: loss", loss, "a function loss(prediction, y)")
        if augment is not None:
            function("fit: augment", augment, "a function augment(x, rng)")
        batch_size = whole_number("fit: batch_size", batch_size)
        own = {id(p) for p in model.parameters()}
        if not any(id(p) in own for p in optimizer.params):
            raise UsageError("fit: the optimizer holds none of the model's parameters\n"
                             "  help: optim.Adam(model.parameters())")
        if not any(p.requires_grad for p in optimizer.params):
            raise UsageError("fit: every parameter that the optimizer holds is fixed, so there is nothing to train\n"
                             "  help: model.requires_grad_() frees all, model.requires_grad_(True, name) some")
        choice("fit: schedule_every", schedule_every, ("epoch", "batch"))
        if schedule is not None:
            instance("fit: schedule", schedule, (LRScheduler, ReduceLROnPlateau), "a schedule of optim")
        clip_norm = None if clip_norm is None else above_zero("fit: clip_norm", clip_norm, infinite=True)
        clip_value = None if clip_value is None else above_zero("fit: clip_value", clip_value)
        if schedule_every == "batch" and isinstance(schedule, ReduceLROnPlateau):
            raise UsageError('fit: ReduceLROnPlateau looks at what an epoch gave\n  help: schedule_every="epoch"')
        if getattr(schedule, "optimizer", optimizer) is not optimizer:
            raise UsageError("fit: the schedule changes the rates of another optimizer")
        self.model, self.optimizer, self.train, self.valid = model, optimizer, train, valid
        self.loss, self.batch_size, self.metrics = loss, batch_size, _by_name(metrics)
        self.schedule, self.schedule_every = schedule, schedule_every
        self.clip_norm, self.clip_value, self.augment, self.rng = clip_norm, clip_value, augment, generator(rng)
        self.epoch, self.history = 0, History()
        self._start = [{"parameters": len(group["params"]), **{name: group[name] for name in optimizer.options}}
                       for group in optimizer.param_groups]
        self.best_weights: dict[str, Array] | None = None
        measured = ["loss", *self.metrics]
        self.measured = measured if valid is None else [*measured, *(f"valid_{name}" for name in measured)]
        self.monitor = monitor if monitor is not None else ("loss" if valid is None else "valid_loss")
        choice("fit: monitor", self.monitor, self.measured)

    # --- an epoch -------------------------------------------------------------------------------
    def one_epoch(self, interrupt: Interrupt, bar: Bar) -> bool:
        """Train on every row once, measure, and add to the history; False if that was interrupted."""
        if not (hasattr(interrupt, "wished") and callable(getattr(bar, "batch", None))
                and callable(getattr(bar, "epoch", None))):
            raise UsageError("Run.one_epoch: interrupt says whether to stop, as `wished`, and bar has batch() and "
                             "epoch()\n  help: train.fit makes both")
        self.model.train()
        total, done, predictions, targets = 0.0, 0, [], []
        rows = len(self.train[1])
        for x, y in batches(*self.train, size=self.batch_size, rng=self.rng):
            number, predicted = self._step(x if self.augment is None else self.augment(x, self.rng), y)
            if interrupt.wished:
                return False
            total += number * len(y)
            if self.metrics:
                predictions.append(_numbers(predicted))
                targets.append(y)
            done += len(y)
            bar.batch(self.epoch, done / rows, number)
            if self.schedule is not None and self.schedule_every == "batch":
                self.schedule.step()
        measured = {"loss": total / rows, **self._scores(predictions, targets)}
        if self.valid is not None:
            measured |= {f"valid_{name}": number for name, number in self.evaluate(*self.valid).items()}
        self.history.add({**measured, **self._rate()})
        self.epoch += 1
        if self._is_best():
            self.history.best = self.epoch - 1
            if self.valid is not None:
                self.best_weights = _copies(self.model.state_dict())
        if self.schedule is not None and self.schedule_every == "epoch":
            self.schedule.step(measured[self.monitor]) if isinstance(self.schedule, ReduceLROnPlateau) \
                else self.schedule.step()
        bar.epoch(self.epoch, measured)
        return True

    def _step(self, x: Any, y: Any) -> tuple[float, Any]:
        predicted: Any = None

        def closure() -> Any:
            nonlocal predicted
            self.optimizer.zero_grad()
            predicted = self.model(x)
            value = self._one_number(self.loss(predicted, y))
            value.backward()
            if self.clip_value is not None:
                clip_grad_value_(self.optimizer.params, self.clip_value)
            if self.clip_norm is not None:
                clip_grad_norm_(self.optimizer.params, self.clip_norm)
            return value
        return float(data_of(self.optimizer.step(closure))), predicted

    def _one_number(self, value: Any) -> Any:
        if shape_of(value):
            raise UsageError(f"fit: the loss must be one number, and it has shape {shape_of(value)}\n"
                             '  help: reduction="mean"')
        number = float(data_of(value))
        if not math.isfinite(number):
            raise NonFiniteError(f"fit: the loss is {number} in epoch {self.epoch + 1}\n"
                                 "  help: a smaller learning rate, or clip_norm=1.0; check_finite() finds the op "
                                 "that it comes from")
        return value

    def evaluate(self, x: Array, y: Array) -> dict[str, float]:
        """The loss and the metrics on rows that are not trained on, in eval() and without a graph."""
        x, y = real_array("evaluate: x", data_of(x)), real_array("evaluate: y", data_of(y))
        if not y.size:
            raise DataError("evaluate: there are no rows, and no mean of nothing")
        total, predictions, targets = 0.0, [], []
        with evaluated(self.model), no_grad():
            for part, target in batches(x, y, size=self.batch_size, shuffle=False):
                predicted = self.model(part)
                total += float(data_of(self._one_number(self.loss(predicted, target)))) * len(target)
                if self.metrics:
                    predictions.append(_numbers(predicted))
                    targets.append(target)
        return {"loss": total / len(y), **self._scores(predictions, targets)}

    def _scores(self, predictions: list[Any], targets: list[Any]) -> dict[str, float]:
        if not self.metrics:
            return {}
        predicted, y = np.concatenate(predictions), np.concatenate(targets)
        return {name: float(metric(predicted, y)) for name, metric in self.metrics.items()}

    def _rate(self) -> dict[str, float]:
        rate = self.optimizer.param_groups[0].get("lr")
        return {} if rate is None else {"lr": rate}

    def _is_best(self) -> bool:
        *before, now = self.history[self.monitor]
        if math.isnan(now):
            return False
        if self.history.best is None:
            return True
        best = before[self.history.best]
        return now < best if self.monitor.endswith("loss") else now > best

    def finish(self) -> None:
        """The weights of the best epoch, where rows were held out to tell; eval()."""
        if self.best_weights is not None:
            self.model.load_state_dict(self.best_weights)
        self.model.eval()

    # --- the checkpoint -------------------------------------------------------------------------
    def state_dict(self) -> dict[str, Any]:
        """All that the rest of the run depends on."""
        return {"run": self._fingerprint(), "epoch": self.epoch, "history": self.history.state_dict(),
                "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
                "schedule": None if self.schedule is None else self.schedule.state_dict(),
                "rng": state_of(self.rng), "generators": {k: state_of(g) for k, g in generators(self.model).items()},
                "best_weights": self.best_weights}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what state_dict() gave. Raises StateError if that was another run's; nothing is loaded then."""
        if not isinstance(state, Mapping) or state.keys() != ENTRIES:
            raise StateError("fit: this is a state, and not one that fit wrote")
        there, here = state["run"], self._fingerprint()
        differ = [f"{name}: {there.get(name)!s:.200} there, {value} here" for name, value in here.items()
                  if _differ(there.get(name), value)] if isinstance(there, dict) else ["it does not say which"]
        if differ:
            raise StateError("\n  ".join(["fit: the checkpoint was written by another run", *differ,
                                          "help: delete it to start anew, or write to another file"]))
        try:
            own = self._own_parts(state)
            before = self.state_dict()
            try:
                self._adopt(state, *own)
            except BaseException:
                self._adopt(before, *self._own_parts(before))
                raise
        except StateError:
            raise
        except Exception as error:                               # of a schedule or a model of somebody's own
            raise StateError(f"fit: the state does not fit ({type(error).__name__}: {error!s:.200})") from error

    def _own_parts(self, state: Mapping[str, Any]) -> tuple[int, History, Any, dict[str, Any]]:
        """The epoch, the history and the states of the generators, checked; nothing is changed."""
        epoch = whole_number("epoch", state["epoch"], 0)
        history = History.from_state_dict(state["history"], [*self.measured, *self._rate()], epoch)
        drawing, rng = generators(self.model), state_for(self.rng, state["rng"])
        if not isinstance(state["generators"], dict) or state["generators"].keys() != drawing.keys():
            raise StateError("fit: the state is not of the generators that the model draws from")
        return epoch, history, rng, {name: state_for(g, state["generators"][name]) for name, g in drawing.items()}

    def _adopt(self, state: Mapping[str, Any], epoch: int, history: History, rng: Any, drawn: dict[str, Any]) -> None:
        """Take over a state, part by part; each is checked before it changes anything."""
        best = state["best_weights"]
        if (best is not None) != (self.valid is not None and history.best is not None):
            raise StateError("fit: the state has the weights of a best epoch and tells of none, or the reverse")
        if best is not None:
            self.model.load_state_dict(best)                     # to see that they fit
        self.model.load_state_dict(state["model"])
        if self.schedule is not None:
            self.schedule.load_state_dict(state["schedule"])
        self.optimizer.load_state_dict(state["optimizer"])       # last: a callback may have set another rate
        restore(self.rng, rng)
        for name, g in generators(self.model).items():
            restore(g, drawn[name])
        self.epoch, self.history, self.best_weights = epoch, history, best

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the checkpoint; the run goes on from what was written, so as one that is loaded would.

        (An array has the same numbers in C and in Fortran order, but the last bits of a product may differ.)
        """
        save_checkpoint(path, self.state_dict())
        self.model.load_state_dict(_copies(self.model.state_dict()))
        self.optimizer.load_state_dict(_copies(self.optimizer.state_dict()))

    def load(self, path: str | os.PathLike[str]) -> None:
        """Read the checkpoint. Raises StateError for one that is damaged, no checkpoint of fit, or another run's."""
        self.load_state_dict(load_checkpoint(path))

    def _fingerprint(self) -> dict[str, Any]:
        """What must be the same for a run to go on."""
        return {"model": {name: f"{a.dtype} {a.shape}" for name, a in self.model.state_dict().items()},
                "optimizer": [type(self.optimizer).__name__, *self._options],
                "schedule": None if self.schedule is None else type(self.schedule).__name__,
                "schedule_every": self.schedule_every, "clipping": [self.clip_norm, self.clip_value],
                "rng": kind(self.rng), "generators": {name: kind(g) for name, g in generators(self.model).items()},
                "batch_size": int(self.batch_size), **self._rows, "metrics": list(self.metrics),
                "monitor": self.monitor}

    @cached_property
    def _options(self) -> list[Any]:
        """The optimizer's at the start, as a checkpoint has them: lists for tuples."""
        options: list[Any] = json.loads(json.dumps(self._start))
        return options

    @cached_property
    def _rows(self) -> dict[str, str | None]:
        """The rows by a checksum: over all of them, so once for the run."""
        return {"rows": _described(self.train), "validation rows": self.valid and _described(self.valid)}


def _described(rows: tuple[Array, Array]) -> str:
    x, y = rows
    check = 0
    for array in rows:
        whole: Any = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        check = crc32(whole, check)
    return f"x {x.shape} {x.dtype}, y {y.shape} {y.dtype}, with the checksum {check:08x}"


def _differ(there: Any, here: Any) -> bool:
    try:
        return bool(there != here)
    except ValueError:                               # an array stands where none should
        return True


def _by_name(metrics: Metrics) -> dict[str, Callable[[Any, Any], float]]:
    if isinstance(metrics, Mapping):
        for name, metric in metrics.items():
            string("fit: the name of a metric", name)
            function(f"fit: metric {name}", metric, "a function of predictions and y")
        taken = [name for name in metrics if name in ("loss", "lr") or name.startswith("valid_")]
        if taken:
            raise UsageError(f"fit: a metric cannot be named "
                             f"{shown_in_error(taken[0])}, which the history has already\n"
                             '  help: not "loss", "lr" or "valid_..."')
        return dict(metrics)
    names = [metrics] if isinstance(metrics, str) else items("fit: metrics", metrics, "names of train.METRICS")
    unknown = [name for name in names if not isinstance(name, str) or name not in METRICS]
    if unknown:
        raise UsageError(f"fit: there is no metric {shown_in_error(unknown[0])}; there are {', '.join(METRICS)}\n"
                         "  help: a function of your own goes in as {name: function}")
    return {name: METRICS[name] for name in names}


def _numbers(predicted: Any) -> Array:
    """The data of predictions, of an array of Values too; of a model that gives several outputs the first's."""
    return np.asarray(numbers_of(predicted[0] if isinstance(predicted, tuple) else predicted))


def _copies(thing: Any) -> Any:
    """A nest with copies of its arrays, in C order."""
    if isinstance(thing, np.ndarray):
        return np.array(thing, order="C")
    if isinstance(thing, dict):
        return {key: _copies(part) for key, part in thing.items()}
    return [_copies(part) for part in thing] if isinstance(thing, list) else thing
