"""Checkpoints of the same small runs, written with the engines in C and in Python alone: the same bytes."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from helpers.fresh_python import python

from autograd_nn import Tensor, Value, nn, optim, train

OPTIMIZERS = {
    "SGD": lambda ps: optim.SGD(ps, lr=0.1), "momentum": lambda ps: optim.SGD(ps, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": lambda ps: optim.Adam(ps, lr=0.1),
}


def network(*hidden):
    return nn.Sequential(nn.Linear(3, 4, rng=0), *hidden, nn.Linear(4, 1, rng=1))


MODELS = {
    "Values": lambda: nn.MLP(3, 4, 1, activation="tanh", of=Value, rng=0),
    "Tensors": lambda: nn.MLP(3, 4, 1, activation="relu", of=Tensor, rng=0),
    "dropout": lambda: network(nn.Tanh(), nn.Dropout(0.5, rng=2)),
    "batch norm": lambda: network(nn.BatchNorm1d(4), nn.ReLU()),
}


def digests():
    """Model and optimizer -> the checksum of the checkpoint after two epochs."""
    x = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, model in MODELS.items():
            for called, optimizer in OPTIMIZERS.items():
                path, made = Path(folder) / f"{name} {called}", model()
                train.fit(made, (x, np.sin(x[:, :1])), loss=nn.mse_loss, optimizer=optimizer(list(made.parameters())),
                          epochs=2, batch_size=4, checkpoint=path, rng=0, progress=False)
                found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


@pytest.mark.slow
def test_both_engines_write_the_same_bytes():
    said = python(f"import sys; sys.path[:0] = {sys.path!r}\nfrom train.test_same_bytes import digests\n"
                  "from autograd_nn import NATIVE\nprint((NATIVE, digests()))", AUTOGRAD_NN_PURE="1")
    native, elsewhere = eval(said)
    assert not native
    assert elsewhere == digests()
