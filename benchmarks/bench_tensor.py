"""The array engine against PyTorch eager: small graphs and small networks, one thread, float32.

    pip install '.[bench]' && python benchmarks/bench_tensor.py [--quick]

ops     tanh(x * c + c), summed: 4 recorded ops on 8 elements, forward and backward
small   an MLP 64-32-10, batch 32: forward, cross entropy, backward, SGD step
large   an MLP 784-256-128-10, batch 128: the same with Adam

All start from the same weights; losses and gradients are compared before anything is timed. The
runs are interleaved in one process, and medians are printed. PyTorch is timed in its plain eager
form and with its fused (`foreach`, `fused`) optimizers, and the best counts.

"NumPy by hand" is what the arithmetic takes in NumPy: with the backward pass written out, in place
where that helps, and no graph at all. (The package takes Adam's step in C, in one pass.) The last
line gives the peak of memory during a step of the large network, above what is held between steps,
and what of that no engine of this kind can do without: the activations, the gradients and one new
array of weights.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")               # before NumPy and PyTorch are loaded

import argparse
import platform
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from autograd_nn import Tensor, nn, optim

NETWORKS: dict[str, tuple[tuple[int, ...], int, str]] = {
    "small": ((64, 32, 10), 32, "SGD"),
    "large": ((784, 256, 128, 10), 128, "Adam"),
}
Step = Callable[[], Any]


def median_times(steps: dict[str, Step], repeats: int, rounds: int) -> dict[str, float]:
    """Microseconds a call of each step: medians over interleaved rounds of `repeats` calls."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds + 1):
        for name, step in steps.items():
            start = time.perf_counter()
            for _ in range(repeats):
                step()
            times[name].append((time.perf_counter() - start) / repeats * 1e6)
    return {name: statistics.median(ts[1:]) for name, ts in times.items()}


def graph_steps(torch: Any) -> dict[str, Step]:
    """The four ops in each library."""
    a, b = np.linspace(0.1, 1, 8, dtype=np.float32), np.linspace(0.5, 1, 8, dtype=np.float32)
    x, c = Tensor(a), Tensor(b)

    def ours() -> Any:
        x.grad = c.grad = None
        y = (x * c + c).tanh().sum()
        y.backward()
        return y.item(), x.grad, c.grad

    def by_hand() -> Any:
        y = np.tanh(a * b + b)
        g = 1 - y * y
        return float(np.add.reduce(y)), g * b, g * a + g

    steps: dict[str, Step] = {"autograd_nn": ours, "NumPy by hand": by_hand}
    same("ops", ours(), by_hand())
    if torch:
        tx, tc = (torch.tensor(v, requires_grad=True) for v in (a, b))

        def theirs() -> Any:
            tx.grad = tc.grad = None
            y = (tx * tc + tc).tanh().sum()
            y.backward()
            return y.item(), tx.grad.numpy(), tc.grad.numpy()

        steps["torch"] = theirs
        same("ops", ours(), theirs())
    return steps


def network_steps(torch: Any, sizes: tuple[int, ...], batch: int, kind: str) -> dict[str, Step]:
    """A training step of the network in each library; it returns the loss."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(batch, sizes[0])).astype(np.float32)
    targets = rng.integers(0, sizes[-1], batch)
    model = nn.MLP(*sizes, rng=0)
    optimizer = getattr(optim, kind)(model.parameters(), lr=1e-3)
    start = [p.data.copy() for p in model.parameters()]

    def ours() -> Any:
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(inputs), targets)
        loss.backward()
        optimizer.step()
        return loss.item()

    by_hand, gradients = numpy_step(inputs, targets, start, kind)
    steps: dict[str, Step] = {"autograd_nn": ours, "NumPy by hand": by_hand}
    first = ours(), *[p.grad for p in model.parameters()]
    same(f"{sizes} by hand", first, (by_hand(), *gradients))
    for variant in ("plain", "foreach", "fused") if torch else ():
        layers: list[Any] = []
        for i in range(len(sizes) - 1):
            layers += [torch.nn.Linear(sizes[i], sizes[i + 1])] + [torch.nn.ReLU()] * (i < len(sizes) - 2)
        net = torch.nn.Sequential(*layers)
        with torch.no_grad():
            for p, data in zip(net.parameters(), start):
                p.copy_(torch.tensor(data))
        options = {} if variant == "plain" else {variant: True}
        theirs = torch_step(torch, net, getattr(torch.optim, kind)(net.parameters(), lr=1e-3, **options),
                            inputs, targets)
        same(f"{sizes} {variant}", first, (theirs(), *[p.grad.numpy() for p in net.parameters()]))
        steps[f"torch {variant}"] = theirs
    return steps


def torch_step(torch: Any, net: Any, optimizer: Any, inputs: Any, targets: Any) -> Step:
    """PyTorch's training step."""
    x, t = torch.tensor(inputs), torch.tensor(targets)

    def step() -> Any:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(x), t)
        loss.backward()
        optimizer.step()
        return loss.item()
    return step


def numpy_step(x: Any, targets: Any, start: list[Any], kind: str) -> tuple[Step, list[Any]]:
    """The step in NumPy alone, and the list that it fills with the gradients."""
    params = [p.copy() for p in start]
    mean, square, gradients = ([np.zeros_like(p) for p in params] for _ in range(3))
    rows, lr, step_number = np.arange(len(x)), 1e-3, 0

    def differentiate() -> float:
        hidden = [x]
        for w, b in zip(params[::2], params[1::2]):
            y = hidden[-1].dot(w.T)
            y += b
            hidden.append(y)
            if w is not params[-2]:
                np.maximum(y, np.zeros(y.shape[1:], y.dtype), out=y)
        z = hidden.pop()
        z -= np.maximum.reduce(z, axis=1, keepdims=True)
        g = np.exp(z)
        total = np.add.reduce(g, axis=1, keepdims=True)
        loss = (np.add.reduce(np.log(total), axis=None) - np.add.reduce(z[rows, targets])) / len(x)
        g /= total
        g[rows, targets] -= 1
        g *= 1 / len(x)
        for i in range(len(params) - 2, -1, -2):
            gradients[i], gradients[i + 1] = g.T.dot(hidden[i // 2]), np.add.reduce(g, axis=0)
            if i:
                g = g.dot(params[i])
                g *= hidden[i // 2] > 0
        return float(loss)

    def sgd() -> float:
        loss = differentiate()
        for p, g in zip(params, gradients):
            p -= lr * g
        return loss

    def adam() -> float:
        nonlocal step_number
        loss = differentiate()
        step_number += 1
        root = (1 - 0.999 ** step_number) ** 0.5
        for p, g, m, v in zip(params, gradients, mean, square):
            m *= 0.9
            m += 0.1 * g
            v *= 0.999
            g = g * g
            g *= 0.001
            v += g
            g = np.sqrt(v)
            g += 1e-8 * root
            np.divide(m, g, out=g)
            g *= lr * root / (1 - 0.9 ** step_number)
            p -= g
        return loss

    return (sgd if kind == "SGD" else adam), gradients


def peak_memory() -> tuple[float, float]:
    """MB of a step of the large network at its peak, above what is held between steps; and what it must hold."""
    sizes, batch, kind = NETWORKS["large"]
    step = network_steps(None, sizes, batch, kind)["autograd_nn"]
    step()
    tracemalloc.start()
    step()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    step()
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    weights = [a * b + b for a, b in pairwise(sizes)]
    needed = 2 * batch * sum(sizes[1:]) + sum(weights) + max(weights)      # linear and relu; gradients; a new weight
    return peak / 1e6, 4 * needed / 1e6


def same(what: str, ours: Any, theirs: Any) -> None:
    """Stop where the libraries do not compute the same: then there is nothing to compare."""
    for a, b in zip(ours, theirs, strict=True):
        if not np.allclose(a, b, rtol=1e-4, atol=1e-6):
            raise SystemExit(f"{what}: the libraries compute different numbers")


def main(argv: list[str] | None = None) -> None:
    """Run the comparisons and print them."""
    parser = argparse.ArgumentParser(description="the array engine against PyTorch eager")
    parser.add_argument("--quick", action="store_true", help="few runs: does it still work?")
    quick = parser.parse_args(argv).quick
    try:
        import torch
        torch.set_num_threads(1)
    except ImportError:
        torch = None
        print("torch is not installed: pip install '.[bench]'", file=sys.stderr)
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, torch {torch and torch.__version__}, "
          f"{platform.machine()}, one thread, float32; medians of interleaved runs")
    print(f"{'work':28}{'library':16}{'microseconds':>14}{'relative to torch':>20}")
    works = [("4 ops on 8 elements, per op", graph_steps(torch), 4, 2000)]
    for sizes, batch, kind in NETWORKS.values():
        title = f"{'-'.join(map(str, sizes))}, {kind}"
        works.append((title, network_steps(torch, sizes, batch, kind), 1, 500 if batch < 100 else 40))
    for title, steps, parts, repeats in works:
        times = median_times(steps, 3 if quick else repeats, 2 if quick else 9)
        best = min((t for name, t in times.items() if name.startswith("torch")), default=float("nan"))
        for name, t in times.items():
            print(f"{title:28}{name:16}{t / parts:14.2f}{t / best:20.2f}")
    peak, needed = peak_memory()
    print(f"memory of a step of the large network: {peak:.1f} MB at the peak, of which {needed:.1f} MB must be held")


if __name__ == "__main__":
    main()
