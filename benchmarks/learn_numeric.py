"""The gradient of a network with 50,000 parameters, by backpropagation and by numerical differentiation."""

import time

from learning import Task, run

import numpy as np

from autograd_nn import nn, no_grad


def main(task: Task) -> None:
    rng = np.random.default_rng(task.seed)
    model = nn.MLP(64, 210, 166, 10, activation="tanh", rng=task.seed, dtype=float)
    x, y = rng.normal(size=(8, 64)), rng.integers(0, 10, 8)
    parameters = list(model.parameters())
    count = sum(p.size for p in parameters)

    def backpropagation() -> np.ndarray:
        model.zero_grad()
        nn.cross_entropy(model(x), y).backward()
        return np.concatenate([p.grad.ravel() for p in parameters])

    def numerical(places) -> np.ndarray:
        """(L(w + h) - L(w - h)) / 2h, two losses for each parameter."""
        found, h = [], 1e-5
        with no_grad():
            for p in parameters:
                start = p.data
                for i in range(p.size):
                    if len(found) in places:
                        sides = []
                        for step in (h, -h):
                            moved = start.copy()
                            moved.flat[i] += step
                            p.data = moved
                            sides.append(nn.cross_entropy(model(x), y).item())
                        found.append((sides[0] - sides[1]) / (2 * h))
                    else:
                        found.append(np.nan)
                p.data = start
        return np.array(found)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        exact = backpropagation()
        times.append(time.perf_counter() - start)
    one = float(np.median(times))
    start = time.perf_counter()
    found = numerical(set(range(0, count, 500)) if task.quick else range(count))
    took = time.perf_counter() - start
    seen = ~np.isnan(found)
    error = float(np.abs(found - exact)[seen].max() / np.abs(exact).max())
    task.figure("parameters", count)
    task.figure("largest difference / largest gradient", error, "<= 1e-6", error <= 1e-6)
    task.figure("backpropagation, ms", 1e3 * one)
    task.figure("numerical differentiation, s", took)
    task.figure("times slower", took / one)


if __name__ == "__main__":
    raise SystemExit(run("backpropagation against numerical differentiation", main))
