"""The scalar engine on the two-moons MLP, against micrograd: time and memory a node.

    pip install '.[bench]' && python benchmarks/bench_value.py [--quick]

One program for every engine, written with plain `sum(w * x)`: a network 2-16-16-1 with relu, 100
points of the two moons, mean hinge loss, forward and backward. Prints medians of interleaved runs,
so that a noisy machine disturbs all engines alike, and checks first that losses and gradients agree.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import os
import platform
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

SIZES = (2, 16, 16, 1)


def moons(n: int, seed: int = 0) -> tuple[list[list[float]], list[float]]:
    """Two interleaving half circles with noise: n points, labels -1 and 1."""
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, np.pi, n // 2)
    outer = np.stack([np.cos(angle), np.sin(angle)], 1)
    inner = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], 1)
    points = np.concatenate([outer, inner]) + rng.normal(scale=0.1, size=(2 * (n // 2), 2))
    return points.tolist(), [-1.0] * (n // 2) + [1.0] * (n // 2)


def weights(seed: int = 1) -> list[list[list[float]]]:
    """For each layer and each unit its weights, the bias last."""
    rng = random.Random(seed)
    return [[[rng.uniform(-1, 1) for _ in range(n_in)] + [0.0] for _ in range(n_out)]
            for n_in, n_out in itertools.pairwise(SIZES)]


class Program:
    """The training program's forward and backward pass, on any class of scalar nodes."""

    def __init__(self, value: Callable[[float], Any], points: list[list[float]], labels: list[float]) -> None:
        self.layers = [[[value(w) for w in unit] for unit in layer] for layer in weights()]
        self.value, self.points, self.labels = value, points, labels

    def parameters(self) -> list[Any]:
        """Every weight and bias."""
        return [w for layer in self.layers for unit in layer for w in unit]

    def forward(self) -> Any:
        """The mean hinge loss."""
        losses = []
        for point, label in zip(self.points, self.labels):
            x: list[Any] = [self.value(c) for c in point]
            for i, layer in enumerate(self.layers):
                x = [sum((w * a for w, a in zip(unit, x)), unit[-1]) for unit in layer]
                if i < len(self.layers) - 1:
                    x = [a.relu() for a in x]
            losses.append((1 + -label * x[0]).relu())
        return sum(losses) * (1.0 / len(losses))

    def step(self) -> float:
        """Forward and backward; the seconds that it took."""
        for p in self.parameters():
            p.grad = 0.0
        gc.collect()                                 # one engine's cycles are not another's burden
        start = time.perf_counter()
        loss = self.forward()
        loss.backward()
        elapsed = time.perf_counter() - start
        self.loss = loss.data
        return elapsed


def count_nodes(n: int) -> int:
    """Nodes of the graph that this package records for n points, as a common yardstick."""
    from autograd_nn import Value, topological
    points, labels = moons(n)
    return len(topological([Program(Value, points, labels).forward()]))


def bytes_per_node(value: Callable[[float], Any], points: Any, labels: Any, nodes: int) -> float:
    """What a graph occupies after forward and backward, as Python's allocator counts it."""
    program = Program(value, points, labels)
    gc.collect()
    tracemalloc.start()
    loss = program.forward()
    loss.backward()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return size / nodes


def engines() -> dict[str, Callable[[float], Any]]:
    """The classes to compare: this package's, and those of the peers that are installed."""
    from autograd_nn import Value
    found: dict[str, Callable[[float], Any]] = {"autograd_nn": Value}
    try:
        from micrograd.engine import Value as Micrograd
        found["micrograd"] = Micrograd
    except ImportError:
        print("micrograd is not installed: pip install '.[bench]'", file=sys.stderr)
    return found


def main(argv: list[str] | None = None) -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description="two-moons MLP on scalar engines: time and memory a node")
    parser.add_argument("--quick", action="store_true", help="few points, few runs: does it still work?")
    quick = parser.parse_args(argv).quick
    n, runs = (10, 2) if quick else (100, 7)
    points, labels = moons(n)
    nodes = count_nodes(n)
    programs = {name: Program(value, points, labels) for name, value in engines().items()}

    for program in programs.values():                # warm up, and check that they compute the same
        program.step()
    ours = programs["autograd_nn"]
    for name, other in programs.items():
        gradients = np.array([p.grad for p in other.parameters()]), np.array([p.grad for p in ours.parameters()])
        if not (abs(other.loss - ours.loss) < 1e-12 and np.allclose(*gradients, rtol=1e-10, atol=1e-12)):
            raise SystemExit(f"{name} computes another loss or gradient; there is nothing to compare")

    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(runs):
        for name, program in programs.items():
            times[name].append(program.step())
    median = {name: statistics.median(ts) for name, ts in times.items()}

    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}, "
          f"{os.cpu_count()} CPUs; garbage collector {'on' if gc.isenabled() else 'off'} {gc.get_threshold()}")
    print(f"two-moons MLP {'-'.join(map(str, SIZES))}, {n} points, {nodes} nodes; "
          f"{runs} interleaved runs; losses and gradients agree")
    print(f"{'engine':14}{'median ns/node':>16}{'minimum':>10}{'bytes/node':>12}{'times slower':>14}")
    for name, value in engines().items():
        size = bytes_per_node(value, points[:10], labels[:10], count_nodes(10))
        print(f"{name:14}{median[name] / nodes * 1e9:16.0f}{min(times[name]) / nodes * 1e9:10.0f}"
              f"{size:12.0f}{median[name] / median['autograd_nn']:14.1f}")


if __name__ == "__main__":
    main()
