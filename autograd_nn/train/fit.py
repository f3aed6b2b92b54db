"""fit: the training loop."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..core.node import data_of
from ..core.options import file_path, flag, function, items, real_array, whole_number
from ..core.random import Rng
from ..data import Dataset
from ..errors import DataError, UsageError
from ..nn import Module
from ..nn._files import forget_drafts
from ..optim import Optimizer
from ._bar import Bar
from ._interrupt import Interrupt
from .history import History
from .run import Metrics, Run

Array = np.ndarray[Any, Any]


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
    metrics         names of train.METRICS, or {name: function(predictions, y)}; of the training rows they
                    are measured while the epoch runs, each row as it was predicted then
    schedule        a schedule of optim; it steps after every "epoch" or "batch", as schedule_every says
    clip_norm, clip_value   clip the gradients before each step
    patience        number of epochs without an improvement of the watched number, after which training stops
    monitor         that number: by default "valid_loss", or "loss" without `valid`. Of a number whose name ends in
                    "loss" the least is best, of any other the greatest
    augment         augment(x, rng) gives the rows that are trained on, drawn anew for each batch
    callbacks       functions of the Run, called after each epoch; one that returns True ends the training
    checkpoint      a file that is written after each epoch. If it is there, the run goes on from it and ends with
                    the same bits as one that was never broken off, wherever it was killed
    rng             a seed, a numpy.random.Generator or None
    progress        a bar with the epoch, the loss and the metrics; of `valid` those behind a slash

    With `valid` the model ends with the weights of its best epoch, else with the last ones. It is in eval() then.
    Ctrl-C ends the training after the batch that runs; the unfinished epoch is in no history and no checkpoint. A
    second one raises KeyboardInterrupt at once.

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
    patience = None if patience is None else whole_number("patience", patience)
    epochs = whole_number("fit: epochs", epochs)
    callbacks = [function("fit: a callback", f, "a function of the Run")
                 for f in items("fit: callbacks", callbacks, "functions")]
    flag("fit: progress", progress)
    checkpoint = None if checkpoint is None else file_path("fit: checkpoint", checkpoint)
    if checkpoint is not None:
        forget_drafts(checkpoint)                    # raises now what would be raised after the first epoch
        if Path(checkpoint).exists():
            run.load(checkpoint)

    def has_lost_patience() -> bool:
        return patience is not None and run.epoch - 1 - (run.history.best or 0) >= patience

    stopped = "epochs"
    with Bar(epochs, run.epoch, progress) as bar, Interrupt() as interrupt:
        while run.epoch < epochs and not has_lost_patience() and run.history.stopped != "callback":
            if not run.one_epoch(interrupt, bar):
                stopped = "interrupted"
                break
            asked = [callback(run) for callback in callbacks]
            wish = any(isinstance(answer, (bool, np.bool_)) and answer for answer in asked)
            run.history.stopped = "callback" if wish else None
            if checkpoint is not None:
                run.save(checkpoint)
    if run.history.stopped != "callback":
        run.history.stopped = "patience" if stopped == "epochs" and has_lost_patience() else stopped
    run.finish()
    return run.history


def _arrays(name: str, given: Any) -> tuple[Array, Array]:
    if isinstance(given, Dataset):
        return given.x, given.y
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise UsageError(f"fit: {name} is a pair of arrays (x, y) or a Dataset, not {type(given).__name__}")
    x, y = (real_array(f"fit: {name}", data_of(a)) for a in given)
    if not x.ndim or not y.ndim or len(x) != len(y) or not len(x):
        raise DataError(f"fit: x and y of {name} must have the same number of rows, and one at least; their shapes are "
                        f"{x.shape} and {y.shape}")
    if x.dtype.kind not in "biuf" or y.dtype.kind not in "biuf":
        raise DataError(f"fit: x and y of {name} hold numbers, not {x.dtype} and {y.dtype}")
    return x, y
