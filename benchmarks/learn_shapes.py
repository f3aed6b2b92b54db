"""Exclusive or, two moons and two spirals: classes that no line separates."""

from learning import Task, run

import numpy as np
from learn_depth import two_moons

from autograd_nn import nn, optim, train


def spirals(n: int, rng: np.random.Generator):
    """Two arms that turn around each other one and a half times: (n, 2) and classes (n,)."""
    arm, turn = np.arange(n) % 2, np.sqrt(rng.uniform(0.01, 1, n)) * 3 * np.pi
    x = np.c_[turn * np.cos(turn + np.pi * arm), turn * np.sin(turn + np.pi * arm)] / (3 * np.pi)
    return (x + rng.normal(0, 0.01, (n, 2))).astype(np.float32), arm


def main(task: Task) -> None:
    rng = np.random.default_rng(task.seed)
    exclusive_or = (np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32), np.array([0, 1, 1, 0]))
    for name, (x, y), sizes, epochs in (("exclusive or", exclusive_or, (2, 8, 2), 200),
                                        ("two moons", two_moons(200, rng), (2, 16, 16, 2), 100),
                                        ("two spirals", spirals(300, rng), (2, 32, 32, 2), 300)):
        model = nn.MLP(*sizes, activation="tanh", rng=task.seed)
        train.fit(model, (x, y), loss=nn.cross_entropy, epochs=2 if task.quick else epochs, rng=task.seed,
                  optimizer=optim.Adam(model.parameters(), lr=0.02), progress=False)
        right = train.accuracy(model(x), y)
        task.figure(f"{name}: right of {len(y)} points, %", 100 * right, "100", right == 1)
    task.seconds(60)


if __name__ == "__main__":
    raise SystemExit(run("exclusive or, moons, spirals", main))
