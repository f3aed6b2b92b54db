"""The array engine against PyTorch eager: small graphs and small networks, one thread, float32.

    pip install '.[bench]' && python benchmarks/bench_tensor.py [--quick]

ops     tanh(x * c + c), summed: 4 recorded ops on 8 elements, forward and backward
small   an MLP 64-32-10, batch 32: forward, cross entropy, backward, SGD step
large   an MLP 784-256-128-10, batch 128: the same with Adam

Both libraries start from the same weights; losses and gradients are compared before anything is
timed. The runs are interleaved in one process, and medians are printed. PyTorch is timed in its
plain eager form and with its fused (`foreach`, `fused`) optimizers, and the best counts.
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
from collections.abc import Callable
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

    steps: dict[str, Step] = {"autograd_nn": ours}
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
    """A training step of the network in each library."""
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
        return loss.item(), *[p.grad for p in model.parameters()]

    steps: dict[str, Step] = {"autograd_nn": ours}
    first = ours()
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
        same(f"{sizes} {variant}", first, theirs())
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
        return loss.item(), *[p.grad.numpy() for p in net.parameters()]
    return step


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


if __name__ == "__main__":
    main()
