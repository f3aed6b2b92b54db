"""What a verdict costs: numbers that are smooth, hard or kinked, and a small network.

    python benchmarks/bench_check.py [--quick]

A scalar verdict is one derivative of a function of one number and the judgement on a gradient. The
network is nn.MLP(64, 32, 10) in float64 with a cross entropy of 32 examples, checked in random
directions through its inputs and parameters by `check_gradients`.
"""

from __future__ import annotations

import argparse
import math
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_nn import Value, check_gradients, nn, sin
from autograd_nn.check import differentiate, judge


def five_ops(x: Any) -> Any:
    """exp(log(x^2 + 1) sin x)."""
    return ((x * x + 1).log() * sin(x)).exp()


def value_of(x: float) -> float:
    """It, through Values."""
    return five_ops(Value(x)).item()  # type: ignore[no-any-return]


SCALARS: dict[str, tuple[Callable[[float], float], float]] = {
    "sin x": (math.sin, 1.0),
    "five ops on Values": (value_of, 1.0),
    "sin(1e6 x)": (lambda x: math.sin(1e6 * x), 0.3),
    "|x| at 0": (abs, 0.0),
    "relu x at 0": (lambda x: max(x, 0.0), 0.0),
    "float32 sin x": (lambda x: float(np.sin(np.float32(x))), 1.0),
    "log(1 + x^2) at 1e-9": (lambda x: math.log(1 + x * x), 1e-9),
    "floor x": (math.floor, 0.5),
}


def scalar(f: Callable[[float], float], x: float) -> None:
    """One verdict."""
    judge(1.0, differentiate(f, x))


def network() -> Callable[[], Any]:
    """A check of an MLP in random directions."""
    rng = np.random.default_rng(0)
    model = nn.MLP(64, 32, 10, activation="tanh", rng=0).astype(np.float64)
    x, labels = rng.normal(size=(32, 64)), rng.integers(10, size=32)
    return lambda: check_gradients(lambda x: nn.cross_entropy(model(x), labels), x,
                                   parameters=model.parameters(), rng=0)


def median_of(run: Callable[[], Any], repeats: int) -> float:
    """Median milliseconds of a run; the first warms up."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times[1:])


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few runs: does it still work?")
    quick = parser.parse_args(argv).quick
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}; medians in milliseconds")
    print(f"{'a verdict on':24}{'median':>9}{'evaluations':>13}")
    for name, (f, x) in SCALARS.items():
        median = median_of(lambda f=f, x=x: scalar(f, x), 2 if quick else 200)
        print(f"{name:24}{median:9.2f}{differentiate(f, x).evaluations:13}")
    check = network()
    print(f"{'MLP 64-32-10':24}{median_of(check, 1 if quick else 9):9.1f}")


if __name__ == "__main__":
    main()
