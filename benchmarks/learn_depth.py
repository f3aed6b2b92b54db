"""Ten layers of sigmoids against ten of relus, on two moons: where the gradient goes."""

from learning import Task, run

from itertools import pairwise

import numpy as np

from autograd_nn import nn, optim, train


def two_moons(n: int, rng: np.random.Generator):
    """Two half circles that reach into each other: (n, 2) and classes (n,)."""
    angle, side = rng.uniform(0, np.pi, n), np.arange(n) % 2
    x = np.c_[np.cos(angle) + side, np.sin(angle) * (1 - 2 * side) + 0.5 * side] + rng.normal(0, 0.05, (n, 2))
    return x.astype(np.float32), side


def main(task: Task) -> None:
    x, y = two_moons(200, np.random.default_rng(task.seed))
    right = {}
    for activation in ("sigmoid", "relu"):
        init = nn.init.xavier_normal if activation == "sigmoid" else nn.init.he_normal
        rng = np.random.default_rng(task.seed + 1)
        sizes = [2, *[16] * 9, 2]
        layers = [nn.Linear(a, b, rng=rng, init=init) for a, b in pairwise(sizes)]
        between = nn.Sigmoid if activation == "sigmoid" else nn.ReLU
        model = nn.Sequential(*[part for layer in layers[:-1] for part in (layer, between())], layers[-1])
        nn.cross_entropy(model(x), y).backward()
        size = [float(np.abs(layer.weight.grad).mean()) for layer in layers]
        task.figure(f"{activation}: mean |gradient|, first layer / last layer", size[0] / size[-1])
        train.fit(model, (x, y), loss=nn.cross_entropy, epochs=2 if task.quick else 60, rng=task.seed, progress=False,
                  optimizer=optim.SGD(model.parameters(), lr=0.01, momentum=0.9))
        right[activation] = train.accuracy(model(x), y)
        task.figure(f"{activation}: right of 200 points, %", 100 * right[activation])
    task.figure("relu right, sigmoid right", right["relu"] - right["sigmoid"], "relu >= 99 %, sigmoid <= 60 %",
                right["relu"] >= 0.99 and right["sigmoid"] <= 0.6)
    task.seconds(60)


if __name__ == "__main__":
    raise SystemExit(run("ten layers", main))
