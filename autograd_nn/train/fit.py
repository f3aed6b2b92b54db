"""fit: the training loop."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from .._random import Rng, generator
from ..data import Dataset, batches
from ..errors import DataError, NonFiniteError, StateError, UsageError
from ..graph import data_of, no_grad
from ..nn import Module
from ..nn._inputs import size
from ..ops import shape_of
from ..optim import Optimizer, ReduceLROnPlateau, clip_grad_norm_, clip_grad_value_
from ._interrupt import Interrupt
from ._randomness import generators, restore, state_of
from .checkpoint import load_checkpoint, save_checkpoint
from .history import History
from .metrics import METRICS

Array = np.ndarray[Any, Any]
Metrics = Sequence[str] | Mapping[str, Callable[[Any, Any], float]]


def fit(model: Module, train: Any, valid: Any = None, *, loss: Callable[[Any, Any], Any], optimizer: Optimizer,
        epochs: int, batch_size: int = 32, metrics: Metrics = (), schedule: Any = None, schedule_every: str = "epoch",
        clip_norm: float | None = None, clip_value: float | None = None, patience: int | None = None,
        monitor: str | None = None, augment: Callable[[Array, np.random.Generator], Any] | None = None,
        callbacks: Iterable[Callable[[Run], Any]] = (), checkpoint: str | os.PathLike[str] | None = None,
        rng: Rng = None, progress: bool = True) -> History:
    """Train a model in mini-batches; returns the History, a number for each epoch and thing measured.

    train, valid    (x, y), arrays whose rows belong together, or a Dataset; for an autoencoder (x, x). Each
                    epoch goes over the rows of `train` in an order drawn from `rng`
    loss            loss(prediction, y) -> one number, such as nn.cross_entropy
    optimizer       over the model's parameters
    metrics         names of train.METRICS, or {name: function(predictions, y)}
    schedule        a schedule of optim; it steps after every "epoch" or "batch", as schedule_every says
    clip_norm, clip_value   clip the gradients before each step
    patience        stop after so many epochs in which the watched number did not improve
    monitor         that number: by default "valid_loss", or "loss" without `valid`. Of losses the least is best, of
                    metrics the greatest
    augment         augment(x, rng) gives the rows that are trained on, drawn anew for each batch
    callbacks       functions of the Run, called after each epoch; one that returns True ends the training
    checkpoint      a file that is written after each epoch. If it is there, the run goes on from it and ends with
                    the same bits as one that was never broken off, wherever it was killed
    rng             a seed, a numpy.random.Generator or None
    progress        a bar with the epoch, the loss and the metrics

    With `valid` the model ends with the weights of its best epoch. It is in eval() then. Ctrl-C ends the
    training after the batch that runs, and the unfinished epoch counts for nothing; a second one at once.

    Raises UsageError for arguments that do not fit, DataError for rows that do not, NonFiniteError
    where the loss is nan or inf (the weights are those before the step), StateError for a checkpoint that is
    damaged or of another run.

    >>> from autograd_nn import data, nn, optim, train
    >>> rows, held_out = data.split(data.iris(), rng=0)
    >>> model = nn.MLP(4, 8, 3, rng=0)
    >>> history = train.fit(model, rows, held_out, loss=nn.cross_entropy, metrics=["accuracy"], epochs=20, rng=0,
    ...                     optimizer=optim.Adam(model.parameters(), lr=0.05), progress=False)
    >>> history["valid_accuracy"][history.best] > 0.9
    True
    """
    run = Run(model, optimizer, _arrays("train", train), None if valid is None else _arrays("valid", valid),
              loss=loss, batch_size=batch_size, metrics=metrics, schedule=schedule, schedule_every=schedule_every,
              clip_norm=clip_norm, clip_value=clip_value, monitor=monitor, augment=augment, rng=rng)
    patience = None if patience is None else size("patience", patience)
    epochs, callbacks = size("epochs", epochs), list(callbacks)
    if checkpoint is not None and Path(checkpoint).exists():
        run.load(checkpoint)
    from tqdm import tqdm
    bar = tqdm(total=epochs, initial=run.epoch, disable=not progress, unit="epoch")
    stopped = "epochs"
    with bar, Interrupt() as interrupt:
        while run.epoch < epochs and run.history.stopped not in ("patience", "callback"):
            if not run.one_epoch(interrupt, bar):
                stopped = "interrupted"
                break
            asked = [callback(run) is True for callback in callbacks]
            if any(asked):
                run.history.stopped = "callback"
            elif patience is not None and run.epoch - 1 - (run.history.best or 0) >= patience:
                run.history.stopped = "patience"
            if checkpoint is not None:
                run.save(checkpoint)
    if run.history.stopped not in ("patience", "callback"):
        run.history.stopped = stopped
    run.finish()
    return run.history


class Run:
    """A training under way: what callbacks are given, and what a checkpoint holds.

    model, optimizer, schedule, history, rng    as given to fit
    epoch       how many epochs are done
    """

    def __init__(self, model: Module, optimizer: Optimizer, train: tuple[Array, Array],
                 valid: tuple[Array, Array] | None, *, loss: Callable[[Any, Any], Any], batch_size: int,
                 metrics: Metrics, schedule: Any, schedule_every: str, clip_norm: float | None,
                 clip_value: float | None, monitor: str | None, augment: Any, rng: Rng) -> None:
        own = {id(p) for p in model.parameters()}
        if not any(id(p) in own for p in optimizer.params):
            raise UsageError("fit: the optimizer holds none of the model's parameters\n"
                             "  help: optim.Adam(model.parameters())")
        if schedule_every not in ("epoch", "batch"):
            raise UsageError(f'fit: schedule_every is "epoch" or "batch", not {schedule_every!r:.60}')
        self.model, self.optimizer, self.train, self.valid = model, optimizer, train, valid
        self.loss, self.batch_size, self.metrics = loss, batch_size, _by_name(metrics)
        self.schedule, self.schedule_every = schedule, schedule_every
        self.clip_norm, self.clip_value, self.augment, self.rng = clip_norm, clip_value, augment, generator(rng)
        self.epoch, self.history = 0, History()
        self._start = [{name: group[name] for name in optimizer.options} for group in optimizer.param_groups]
        self.best_weights: dict[str, Array] | None = None
        measured = ["loss", *self.metrics]
        known = measured if valid is None else [*measured, *(f"valid_{name}" for name in measured)]
        self.monitor = monitor or ("loss" if valid is None else "valid_loss")
        if self.monitor not in known:
            raise UsageError(f"fit: monitor is one of {', '.join(known)}, not {monitor!r:.60}")

    # --- an epoch -------------------------------------------------------------------------------
    def one_epoch(self, interrupt: Interrupt, bar: Any) -> bool:
        """Train on every row once, measure, and add to the history; False if that was interrupted."""
        self.model.train()
        total, predictions, targets = 0.0, [], []
        rows = len(self.train[1])
        for x, y in batches(*self.train, size=self.batch_size, rng=self.rng):
            number, predicted = self._step(x if self.augment is None else self.augment(x, self.rng), y)
            if interrupt.wished:
                return False
            total += number * len(y)
            if self.metrics:
                predictions.append(_numbers(predicted))
                targets.append(y)
            bar.set_postfix_str(f"loss {number:.4g}", refresh=False)
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
        bar.update()
        bar.set_postfix_str(", ".join(f"{name} {number:.4g}" for name, number in measured.items()))
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
        was = self.model.training
        self.model.eval()
        total, predictions, targets = 0.0, [], []
        with no_grad():
            for part, target in batches(x, y, size=self.batch_size, shuffle=False):
                predicted = self.model(part)
                total += float(data_of(self._one_number(self.loss(predicted, target)))) * len(target)
                predictions.append(_numbers(predicted))
                targets.append(target)
        self.model.train(was)
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
        there, here = state["run"], self._fingerprint()
        differ = [f"{name}: {there.get(name)} there, {value} here" for name, value in here.items()
                  if there.get(name) != value]
        if differ:
            raise StateError("\n  ".join(["fit: the checkpoint was written by another run", *differ,
                                          "help: delete it to start anew, or write to another file"]))
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.schedule is not None:
            self.schedule.load_state_dict(state["schedule"])
        restore(self.rng, state["rng"])
        for name, rng in generators(self.model).items():
            restore(rng, state["generators"][name])
        self.epoch, self.best_weights = state["epoch"], state["best_weights"]
        self.history = History(**state["history"])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the checkpoint; the run goes on from what was written, so as one that is loaded would.

        (An array has the same numbers in C and in Fortran order, but the last bits of a product may differ.)
        """
        save_checkpoint(path, self.state_dict())
        self.load_state_dict(_copies(self.state_dict()))

    def load(self, path: str | os.PathLike[str]) -> None:
        """Read the checkpoint. Raises StateError for one that is damaged, no checkpoint of fit, or another run's."""
        state = load_checkpoint(path)
        if not isinstance(state, dict) or not {"run", "epoch", "model", "optimizer"} <= state.keys():
            raise StateError(f"fit: {os.fspath(path)} is a checkpoint, and not one that fit wrote")
        self.load_state_dict(state)

    def _fingerprint(self) -> dict[str, Any]:
        """What must be the same for a run to go on."""
        return {"model": {name: list(a.shape) for name, a in self.model.state_dict().items()},
                "optimizer": [type(self.optimizer).__name__, *json.loads(json.dumps(self._start))],
                "schedule": None if self.schedule is None else type(self.schedule).__name__,
                "generators": sorted(generators(self.model)), "batch_size": int(self.batch_size),
                "rows": _described(self.train),
                "validation rows": None if self.valid is None else _described(self.valid),
                "metrics": list(self.metrics), "monitor": self.monitor}


def _arrays(name: str, given: Any) -> tuple[Array, Array]:
    if isinstance(given, Dataset):
        return given.x, given.y
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise UsageError(f"fit: {name} is a pair of arrays (x, y) or a Dataset, not {type(given).__name__}")
    x, y = (np.asarray(data_of(a)) for a in given)
    if not x.ndim or not y.ndim or len(x) != len(y) or not len(x):
        raise DataError(f"fit: x and y of {name} must have the same number of rows, and one at least; their shapes are "
                        f"{x.shape} and {y.shape}")
    return x, y


def _described(rows: tuple[Array, Array]) -> str:
    x, y = rows
    return f"{len(y)} with the checksum {crc32(y.tobytes(), crc32(x.tobytes())):08x}"


def _by_name(metrics: Metrics) -> dict[str, Callable[[Any, Any], float]]:
    if isinstance(metrics, Mapping):
        return dict(metrics)
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    unknown = [name for name in names if name not in METRICS]
    if unknown:
        raise UsageError(f"fit: there is no metric {unknown[0]!r:.60}; there are {', '.join(METRICS)}\n"
                         "  help: a function of your own goes in as {name: function}")
    return {name: METRICS[name] for name in names}


def _numbers(predicted: Any) -> Array:
    """The data of predictions, of an array of Values too."""
    array = np.asarray(data_of(predicted))
    return np.array([v.data for v in array.flat]).reshape(array.shape) if array.dtype == object else array


def _copies(thing: Any) -> Any:
    """A nest with copies of its arrays, in C order."""
    if isinstance(thing, np.ndarray):
        return np.array(thing, order="C")
    if isinstance(thing, dict):
        return {key: _copies(part) for key, part in thing.items()}
    return [_copies(part) for part in thing] if isinstance(thing, list) else thing
