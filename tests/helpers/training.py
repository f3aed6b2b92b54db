"""A small problem, a model for it, and training runs that tests interrupt and compare."""

from __future__ import annotations

import numpy as np

from autograd_nn import nn, optim, train

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
Y = X @ np.array([[1.0], [-2.0], [0.5]], np.float32)


def fitted(model=None, *, lr=0.05, epochs=3, rows=(X, Y), **given):
    model = model or nn.MLP(3, 5, 1, rng=0)
    given = {"loss": nn.mse_loss, "optimizer": optim.Adam(model.parameters(), lr=lr), "rng": 1, "progress": False,
             **given}
    return model, train.fit(model, rows, epochs=epochs, **given)


def weights(model):
    return {name: a.copy() for name, a in model.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(a[k].tobytes() == b[k].tobytes() and a[k].dtype == b[k].dtype for k in a)


class Noisy(nn.Module):
    """Layers that draw and that keep statistics, in float32 and float64."""

    def __init__(self):
        self.first, self.norm = nn.Linear(3, 8, rng=0), nn.BatchNorm1d(8)
        self.drop, self.last = nn.Dropout(0.3, rng=5), nn.Linear(8, 1, rng=1)

    def forward(self, x):
        return self.last(self.drop(self.norm(self.first(x)).relu()))


def noisy_run(path, epochs, **more):
    model = Noisy()
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    return fitted(model, optimizer=optimizer, epochs=epochs, batch_size=8, valid=(X[:7], Y[:7]), rng=3,
                  schedule=optim.CosineAnnealingLR(optimizer, 12), checkpoint=path,
                  augment=lambda x, rng: x + 0.1 * rng.normal(size=x.shape).astype(np.float32), **more)
