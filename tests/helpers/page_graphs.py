"""Graphs for the tests of the page, and the parts of its file."""

from __future__ import annotations

import base64
import gzip
import re

import numpy as np

from autograd_nn import Value, nn


def network():
    """x = (2, 3, 1) -> relu -> (3, 2), no biases, target 20."""
    x = [Value(v, name=f"x{i}") for i, v in enumerate((2, 3, 1), 1)]
    w2, w3, w4 = (Value(v, name=f"w{i}") for i, v in enumerate((3, 1, 2), 2))
    off = [Value(v) for v in (-2, -3, -1)]
    w1, w5 = Value(3.0, name="w1"), Value(2.0, name="w5")
    u = w2 * x[0] + w3 * x[1] + w4 * x[2]
    h = u.relu()
    y = w1 * h + w5 * (off[0] * x[0] + off[1] * x[1] + off[2] * x[2]).relu()
    loss = (y - 20) ** 2
    for node, name in ((u, "u"), (h, "h"), (y, "y"), (loss, "L")):
        node.name = name
    loss.backward()
    return loss


def tensor_mlp():
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(8, 3)), rng.normal(size=(8, 1))
    model = nn.MLP(3, 4, 1, activation="tanh", rng=0)
    model.astype(np.float64)
    for path, parameter in model.named_parameters():
        parameter.name = path
    loss = nn.mse_loss(model(x), t)
    loss.name = "loss"
    loss.backward()
    return loss


def large(layers=(80, 80)):
    """A scalar network of some 20,000 nodes in plain + and ×."""
    rng, x = np.random.default_rng(0), [Value(0.5, name="x1"), Value(-0.2, name="x2")]
    for n, width in enumerate((*layers, 1)):
        y = []
        for j in range(width):
            total = Value(rng.normal(), name=f"b{n}_{j}")
            for k, a in enumerate(x):
                total = total + Value(rng.normal() / len(x), name=f"w{n}_{j}_{k}") * a
            y.append(total.tanh())
        x = y
    loss = (x[0] - 1) ** 2
    loss.name = "L"
    loss.backward()
    return loss


def unpacked(html, part):
    packed = re.search(rf'<script type="application/gzip" id="{part}">(.*?)</script>', html)[1]
    return gzip.decompress(base64.b64decode(packed)).decode()
