"""The main paths in a few seconds: `pytest tests/house/test_smoke.py`."""

import numpy as np

from autograd_nn import Tensor, Value, check_gradients, data, draw, explain, grad, nn, optim


def test_scalars():
    x = Value(2.0, name="x")
    y = (x * x + 1).sin()
    y.backward()
    assert abs(x.grad - 4 * np.cos(5.0)) < 1e-12
    assert "dx" in explain(y, x) and draw(y).source.startswith("digraph")


def test_arrays():
    w = Tensor(np.ones((3, 2)))
    np.tanh(np.ones((4, 3)) @ w).sum().backward()
    assert w.grad.shape == (3, 2)
    assert grad(grad(lambda x: x ** 3))(2.0) == 12.0
    assert check_gradients(lambda w: (np.exp(w) ** 2).sum(), np.linspace(-1, 1, 6).reshape(2, 3)).ok


def test_training():
    iris = data.iris()
    model = nn.MLP(4, 8, 3, rng=0)
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    for x, y in (batch for _ in range(20) for batch in data.batches(iris.x, iris.y, size=32, rng=0)):
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    assert (model(iris.x).argmax(axis=1) == iris.y).mean() > 0.9


def test_scalar_training():
    model = nn.MLP(2, 4, 1, of=Value, rng=0)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(100):
        optimizer.zero_grad()
        loss = nn.mse_loss([model(p)[0] for p in ([0.0, 1.0], [1.0, 0.0])], [1.0, -1.0])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
