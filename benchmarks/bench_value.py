"""The scalar engine against its peers: time and memory a node.

    pip install '.[bench]' && python benchmarks/bench_value.py [--quick]

Programs, each forward and backward, again and again as in training:

moons   the two-moons MLP 2-16-16-1 with relu, 100 points, mean hinge loss, in plain `sum(w * x)`
nn      the same network through nn.MLP(..., of=Value), where a neuron is one node
chain   x = x * b + c, 100,000 times

Engines: this package's in C and in Python, micrograd, and PyTorch's float64 scalars; those that are
installed. Each runs in a process of its own under Python's default garbage collector, so that one
engine's garbage does not burden another; the processes take turns, so that a noisy machine disturbs
all alike. Times are divided by the nodes that this package records for the program. First of all the
losses and gradients are compared.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import itertools
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

SIZES = (2, 16, 16, 1)
CHAIN = 100_000


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


class Moons:
    """The network written in plain operators, on any class of scalar nodes."""

    def __init__(self, value: Callable[[float], Any], n: int) -> None:
        self.value = value
        self.points, self.labels = moons(n)
        self.layers = [[[value(w) for w in unit] for unit in layer] for layer in weights()]

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


class Layers:
    """The same network through this package's scalar layers."""

    def __init__(self, value: Any, n: int) -> None:
        from autograd_nn import nn
        points, labels = moons(n)
        self.points, self.labels = np.array(points), np.array(labels)
        self.model = nn.MLP(*SIZES, of=value)
        for layer, units in zip(self.model.layers, weights()):
            for row, bias, unit in zip(layer.weight, layer.bias, units):
                for w, number in zip([*row, bias], unit):
                    w.data = number

    def parameters(self) -> list[Any]:
        """Every weight and bias, in the order of Moons."""
        return [w for layer in self.model.layers for row, bias in zip(layer.weight, layer.bias) for w in [*row, bias]]

    def forward(self) -> Any:
        """The mean hinge loss."""
        from autograd_nn import ops, sum_of
        scores = self.model(self.points)[:, 0]
        return sum_of(ops.relu(1 - self.labels * scores)) * (1.0 / len(self.labels))


class Chain:
    """x = x * b + c, many times."""

    def __init__(self, value: Callable[[float], Any], n: int) -> None:
        self.n, self.x, self.b, self.c = n, value(1.0), value(0.999), value(0.001)

    def parameters(self) -> list[Any]:
        """The three leaves."""
        return [self.x, self.b, self.c]

    def forward(self) -> Any:
        """The end of the chain."""
        x, b, c = self.x, self.b, self.c
        for _ in range(self.n):
            x = x * b + c
        return x


PROGRAMS: dict[str, Any] = {"moons": Moons, "nn": Layers, "chain": Chain}
ENGINES = {"native": "autograd_nn", "pure": "autograd_nn", "micrograd": "micrograd", "torch": "torch"}


def engine(name: str) -> Callable[[float], Any]:
    """The class of scalar nodes; for torch a function that makes a float64 scalar."""
    if name in ("native", "pure"):
        from autograd_nn import NATIVE, Value
        if (name == "native") != NATIVE:
            raise SystemExit("the C engine is not compiled")
        return Value
    if name == "micrograd":
        from micrograd.engine import Value as Micrograd
        return Micrograd
    import torch
    torch.set_num_threads(1)
    return lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True)


def measure(name: str, program: str, n: int, runs: int) -> dict[str, Any]:
    """One engine on one program, in this process: seconds of each run, bytes, and the results to compare."""
    work = PROGRAMS[program](engine(name), n)
    forward, backward = [], []
    for _ in range(runs + 2):                        # two to warm up
        for p in work.parameters():
            p.grad = None if name == "torch" else 0.0
        start = time.perf_counter()
        root = work.forward()
        middle = time.perf_counter()
        root.backward()
        forward.append(middle - start)
        backward.append(time.perf_counter() - middle)
    result = {"forward": forward[2:], "backward": backward[2:], "loss": float(getattr(root, "data", root)),
              "gradients": [float(p.grad) for p in work.parameters()]}
    if name != "torch":                              # its nodes are not Python's to count
        held = [work.forward() for _ in range(3)]    # these take what earlier graphs have left to be used again
        gc.collect()
        tracemalloc.start()
        root = work.forward()
        root.backward()
        result["bytes"] = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        del held
    return result


def in_process(name: str, program: str, n: int, runs: int) -> dict[str, Any]:
    """`measure`, in a process of its own."""
    env = {**os.environ, "AUTOGRAD_NN_PURE": str(int(name == "pure"))}
    out = subprocess.run([sys.executable, __file__, "--worker", name, program, str(n), str(runs)],
                         capture_output=True, text=True, env=env, check=False)
    if out.returncode:
        raise SystemExit(out.stderr)
    return json.loads(out.stdout)


def count_nodes(program: str, n: int) -> int:
    """Nodes of the graph that this package records: the yardstick for all engines."""
    from autograd_nn import Value, topological
    return len(topological([PROGRAMS[program](Value, n).forward()]))


def compare(program: str, n: int, runs: int, rounds: int) -> dict[str, dict[str, float]]:
    """Every engine that is installed on one program: medians and minima a node."""
    names = [name for name, module in ENGINES.items() if importlib.util.find_spec(module)
             and not (program == "nn" and module != "autograd_nn") and not (program == "chain" and name == "micrograd")]
    if "native" in names:
        from autograd_nn import NATIVE
        names = names if NATIVE else [name for name in names if name != "native"]
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            results[name].append(in_process(name, program, n, runs))
    ours = results["pure"][0]
    table = {}
    for name, rs in results.items():
        if not (abs(rs[0]["loss"] - ours["loss"]) < 1e-12
                and np.allclose(rs[0]["gradients"], ours["gradients"], rtol=1e-9, atol=1e-12)):
            raise SystemExit(f"{name} computes another loss or gradient; there is nothing to compare")
        nodes = count_nodes("moons" if program == "nn" else program, n)
        forward, backward = ([t for r in rs for t in r[part]] for part in ("forward", "backward"))
        total = [a + b for a, b in zip(forward, backward)]
        table[name] = {"median": statistics.median(total) / nodes * 1e9, "minimum": min(total) / nodes * 1e9,
                       "forward": statistics.median(forward) / nodes * 1e9,
                       "backward": statistics.median(backward) / nodes * 1e9,
                       "bytes": rs[0].get("bytes", float("nan")) / count_nodes(program, n)}
    return table


def show(title: str, table: dict[str, dict[str, float]]) -> None:
    """One program's table; ratios to the first engine."""
    print(f"\n{title}")
    print(f"{'engine':12}{'median':>10}{'minimum':>10}{'forward':>10}{'backward':>10}   ns/node"
          f"{'bytes/node':>12}{'times slower':>14}")
    first = next(iter(table.values()))
    for name, row in table.items():
        size = "" if row["bytes"] != row["bytes"] else f"{row['bytes']:.0f}"
        print(f"{name:12}{row['median']:10.1f}{row['minimum']:10.1f}{row['forward']:10.1f}{row['backward']:10.1f}"
              f"{'':10}{size:>12}{row['median'] / first['median']:14.1f}")


def main(argv: list[str] | None = None) -> None:
    """Run the comparisons and print them."""
    parser = argparse.ArgumentParser(description="scalar engines compared: time and memory a node")
    parser.add_argument("--quick", action="store_true", help="small programs, few runs: does it still work?")
    parser.add_argument("--worker", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.worker:
        name, program, n, runs = options.worker
        print(json.dumps(measure(name, program, int(n), int(runs))))
        return
    n, links, runs, rounds = (10, 100, 2, 1) if options.quick else (100, CHAIN, 5, 5)
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}, {os.cpu_count()} CPUs; "
          f"garbage collector as it comes {gc.get_threshold()}; {rounds} rounds of {runs} runs, medians")
    plain = compare("moons", n, runs, rounds)
    show(f"two-moons MLP {'-'.join(map(str, SIZES))}, {n} points, plain sum(w * x): {count_nodes('moons', n)} nodes",
         plain)
    layers = compare("nn", n, runs, rounds)
    show(f"the same through nn.MLP(of=Value), where a neuron is one node: {count_nodes('nn', n)} nodes\n"
         "(times are of a node of the plain program, bytes of a node of its own)", layers)
    for name in layers:
        print(f"{name}: {plain[name]['median'] / layers[name]['median']:.1f} times faster than its plain program")
    show(f"chain x = x * b + c of {2 * links} nodes", compare("chain", links, runs, rounds))


if __name__ == "__main__":
    main()
