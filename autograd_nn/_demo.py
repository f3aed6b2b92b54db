"""The demo: a network trained on data that ships, its gradient checked, its curve and one neuron drawn."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from . import check, data, drawing, nn, ops, optim
from ._random import generator
from .data import Dataset
from .errors import RenderError
from .graph import no_grad
from .value import Value


@dataclass(frozen=True)
class Task:
    """A data set, and the network and the time that it takes to learn it."""

    load: Callable[[], Dataset]
    hidden: int
    epochs: int


TASKS = {"digits": Task(data.digits, hidden=128, epochs=40),
         "iris": Task(data.iris, hidden=16, epochs=150),
         "wine": Task(data.wine, hidden=16, epochs=150)}
LEARNING_RATE, WEIGHT_DECAY, BATCH = 3e-3, 5e-4, 32
CHECKED_ROWS, CHECKED_ELEMENTS = 16, 50
DRAWN_INPUTS = 3


@dataclass(frozen=True)
class Score:
    """How a network does on a data set: the mean loss, and the share of rows put in the right class."""

    loss: float
    accuracy: float


def demo(name: str, epochs: int | None, seed: int, out: Path, weights: Path | None) -> int:
    """Run a task, write its three files and print their paths; the exit status, 1 if one is missing."""
    task = TASKS[name]
    rng = generator(seed)
    whole = task.load()
    train, test = data.split(whole, rng=rng)
    train_x, test_x = data.standardise(train.x, test.x)
    train, test = replace(train, x=train_x), replace(test, x=test_x)
    # silu is smooth, so that a numerical derivative is right everywhere: relu has its kinks.
    model = nn.MLP(train.x.shape[1], task.hidden, len(whole.class_names), activation="silu", rng=rng)
    if weights is not None:
        model.load(weights)
    _make_folder(out)

    print(f"{whole!r}, {len(test)} rows held out")
    curve = fit(model, train, test, task.epochs if epochs is None else epochs, rng)
    print(f"held-out accuracy {curve[-1][1].accuracy:.1%}")

    model.save(out / "weights.safetensors")
    plot(curve, f"{name}: {len(train)} rows to train on, {len(test)} held out").savefig(out / "loss.png", dpi=150)
    model.astype(np.float64)
    hardest = np.argsort(-row_losses(model, test))
    few = hardest[:CHECKED_ROWS]
    print(check.check_gradients(lambda: nn.cross_entropy(model(test.x[few]), test.y[few]),
                                parameters=model.parameters(), elements=CHECKED_ELEMENTS, rng=rng))

    missing = 0
    try:
        draw_neuron(model, test, hardest[0]).save(out / "neuron.svg")
    except RenderError as error:
        print(f"autograd-nn: neuron.svg: {error}", file=sys.stderr)
        missing = 1
    for file in ("loss.png", "neuron.svg", "weights.safetensors")[:]:
        print(out / file)
    return missing


def fit(model: nn.MLP, train: Dataset, test: Dataset, epochs: int,
        rng: np.random.Generator) -> list[tuple[Score, Score]]:
    """Train, with a progress bar: the scores (train, held out) before and after every epoch."""
    from tqdm import tqdm
    optimizer = optim.Adam(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    curve = [(score(model, train), score(model, test))]
    with tqdm(range(epochs), desc="training", unit="epoch") as bar:
        for _ in bar:
            for x, y in data.batches(train.x, train.y, size=BATCH, rng=rng):
                optimizer.zero_grad()
                nn.cross_entropy(model(x), y).backward()
                optimizer.step()
            curve.append((score(model, train), score(model, test)))
            bar.set_postfix(loss=f"{curve[-1][0].loss:.4f}", accuracy=f"{curve[-1][1].accuracy:.1%}")
    return curve
