"""Transforms against JAX (eager), HIPS autograd and PyTorch (torch.func): one thread.

    pip install '.[bench]' && python benchmarks/bench_transforms.py [--quick]

jacobian, hessian    of tanh(A x), and of the sum of its squares, n numbers, float64
of numbers           the Hessian of Rosenbrock's function of a list of 100 floats: a graph of Values
vmap                 the gradient of each example of a batch of 32, for an MLP 64-32-10 with cross
                     entropy, float32; beside a loop that calls our grad for one example after the other

Results are compared before anything is timed. The runs are interleaved in one process; the fastest
run and the median are printed, in milliseconds. A row is a function that gives the same work in each
library, so that another one is added by writing it.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")               # before NumPy and the peers are loaded
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("JAX_ENABLE_X64", "1")

import argparse
import importlib
import platform
import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from bench_conv import kernels

import autograd_nn
from autograd_nn import grad, hessian, jacobian, nn, vmap

OURS = "autograd_nn"
Step = Callable[[], Any]
Steps = dict[str, Step]


class Peers:
    """The other libraries, each None where it is not installed."""

    def __init__(self) -> None:
        self.jax, self.hips, self.torch = (_module(name) for name in ("jax", "autograd", "torch"))
        if self.torch:
            self.torch.set_num_threads(1)

    def __str__(self) -> str:
        return ", ".join(f"{name} {getattr(module, '__version__', '')}".strip() for name, module in
                         (("jax", self.jax), ("autograd", self.hips), ("torch", self.torch)) if module)


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        print(f"{name} is not installed: pip install '.[bench]'", file=sys.stderr)
        return None


def processor() -> str:
    """The processor's name, as the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as told:
            return next(line.partition(":")[2].strip() for line in told if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def matrices(name: str, n: int, peers: Peers) -> Steps:
    """The Jacobian or the Hessian in each library."""
    rng = np.random.default_rng(0)
    a, x = rng.normal(size=(n, n)) / n ** 0.5, rng.normal(size=n)

    def of(np_like: Any, a: Any) -> Callable[[Any], Any]:
        if name == "jacobian":
            return lambda x: np_like.tanh(a @ x)
        return lambda x: np_like.sum(np_like.tanh(a @ x) ** 2)

    mine = {"jacobian": jacobian, "hessian": hessian}[name](of(np, a))
    steps: Steps = {OURS: lambda: mine(x)}
    if peers.jax:
        jnp = importlib.import_module("jax.numpy")
        ja, jx = jnp.asarray(a), jnp.asarray(x)
        theirs = {"jacobian": peers.jax.jacrev, "hessian": peers.jax.hessian}[name](of(jnp, ja))
        steps["jax eager"] = lambda: theirs(jx).block_until_ready()
    if peers.hips and n <= 100:                          # it goes row by row
        other = getattr(peers.hips, name)(of(importlib.import_module("autograd.numpy"), a))
        steps["HIPS"] = lambda: other(x)
    if peers.torch:
        ta, tx = peers.torch.tensor(a), peers.torch.tensor(x)
        third = {"jacobian": peers.torch.func.jacrev, "hessian": peers.torch.func.hessian}[name](of(peers.torch, ta))
        steps["torch"] = lambda: third(tx).numpy()
    return steps


def of_numbers(n: int, peers: Peers) -> Steps:
    """The Hessian of a program of floats; JAX would trace its loop, so the peers are left out."""
    def rosenbrock(x: Any) -> Any:
        return sum((1.0 - x[i]) ** 2 + 100.0 * (x[i + 1] - x[i] * x[i]) ** 2 for i in range(n - 1))

    x = np.random.default_rng(0).normal(size=n)
    points, on_arrays = x.tolist(), hessian(lambda x: np.sum((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2))
    return {OURS: lambda: np.array(hessian(rosenbrock)(points)), "on arrays": lambda: on_arrays(x)}


def per_example(peers: Peers) -> Steps:
    """The gradient of the loss of each example in each library."""
    rng = np.random.default_rng(0)
    sizes, batch = (64, 32, 10), 32
    params = [p.astype(np.float32) for n, m in pairwise(sizes)
              for p in (rng.normal(size=(m, n)) / n ** 0.5, rng.normal(size=m) / 10)]
    xs, labels = rng.normal(size=(batch, sizes[0])).astype(np.float32), rng.integers(0, sizes[-1], batch)

    def loss(params: Any, x: Any, label: Any) -> Any:
        w, b, v, c = params
        return nn.cross_entropy(v @ np.tanh(w @ x + b) + c, label)

    each, one = vmap(grad(loss), in_axes=(None, 0, 0)), grad(loss)
    steps: Steps = {OURS: lambda: each(params, xs, labels),
                    "a loop": lambda: [np.stack(g) for g in zip(*(one(params, x, k) for x, k in zip(xs, labels)))]}
    if peers.jax:
        jnp = importlib.import_module("jax.numpy")

        def of_jax(params: Any, x: Any, label: Any) -> Any:
            w, b, v, c = params
            return -peers.jax.nn.log_softmax(v @ jnp.tanh(w @ x + b) + c)[label]
        jparams, jx, jt = [jnp.asarray(p) for p in params], jnp.asarray(xs), jnp.asarray(labels)
        theirs = peers.jax.vmap(peers.jax.grad(of_jax), in_axes=(None, 0, 0))
        steps["jax eager"] = lambda: peers.jax.block_until_ready(theirs(jparams, jx, jt))
    if peers.torch:
        torch = peers.torch

        def of_torch(params: Any, x: Any, label: Any) -> Any:
            w, b, v, c = params
            return torch.nn.functional.cross_entropy((v @ torch.tanh(w @ x + b) + c)[None], label[None])
        tparams, tx, tt = [torch.tensor(p) for p in params], torch.tensor(xs), torch.tensor(labels)
        third = torch.func.vmap(torch.func.grad(of_torch), in_dims=(None, 0, 0))
        steps["torch"] = lambda: third(tparams, tx, tt)
    return steps


ROWS: dict[str, Callable[[Peers], Steps]] = {
    "jacobian, n = 100": lambda peers: matrices("jacobian", 100, peers),
    "jacobian, n = 1,000": lambda peers: matrices("jacobian", 1000, peers),
    "hessian, n = 100": lambda peers: matrices("hessian", 100, peers),
    "hessian, n = 1,000": lambda peers: matrices("hessian", 1000, peers),
    "hessian of 100 numbers": lambda peers: of_numbers(100, peers),
    "vmap, batch 32": per_example,
}
"""Each row by its title: the same work in each library, ours first."""


def flat(result: Any) -> list[Any]:
    """The arrays in a result."""
    return [a for part in result for a in flat(part)] if isinstance(result, (list, tuple)) else [np.asarray(result)]


def same(title: str, steps: Steps) -> None:
    """Refuse to time what computes different things."""
    want = flat(steps[OURS]())
    for name, step in steps.items():
        for mine, theirs in zip(want, flat(step()), strict=True):
            rough = 1e-4 if mine.dtype == np.float32 else 1e-8
            if not np.allclose(mine, theirs, rtol=rough, atol=rough * np.abs(mine).max()):
                raise SystemExit(f"{title}: {name} gives another result")


def times(steps: Steps, budget: float) -> dict[str, tuple[float, float]]:
    """The fastest run and the median of each step in milliseconds, over interleaved runs for about `budget` seconds."""
    found: dict[str, list[float]] = {name: [] for name in steps}
    end = time.perf_counter() + budget
    while not found[OURS] or time.perf_counter() < end:
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            found[name].append((time.perf_counter() - start) * 1e3)
    return {name: (min(ts), statistics.median(ts)) for name, ts in found.items()}


def main(argv: list[str] | None = None) -> None:
    """Run the rows and print them."""
    parser = argparse.ArgumentParser(description="transforms against JAX, HIPS autograd and PyTorch")
    parser.add_argument("--quick", action="store_true", help="few and small runs: does it still work?")
    parser.add_argument("rows", nargs="*", help="only the rows with one of these words in their title")
    args = parser.parse_args(argv)
    peers = Peers()
    print(f"{processor()}; Python {platform.python_version()}, NumPy {np.__version__} ({kernels()}), "
          f"autograd_nn {autograd_nn.__version__}{', ' * bool(str(peers))}{peers}; one thread; "
          "ms, fastest / median of interleaved runs")
    for title, row in ROWS.items():
        if (args.quick and "1,000" in title) or (args.rows and not any(word in title for word in args.rows)):
            continue
        steps = row(peers)
        same(title, steps)
        found = times(steps, 0 if args.quick else 8)
        print(f"{title:26}" + "".join(f"{name:>14} {least:9.2f} / {middle:9.2f}"
                                      for name, (least, middle) in found.items()))


if __name__ == "__main__":
    main()
