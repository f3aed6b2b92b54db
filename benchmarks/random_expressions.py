"""Statistics of the gradient checker on random expressions: right gradients, and wrong ones by a factor.

    python benchmarks/random_expressions.py [--count 3000] [--seeds 3] [--first 0] [--all]

An expression is a tree of depth up to 5 over the op table's smooth ops on numbers, of one variable
and of constants, each op within its domain at the point; --all draws from the ops with kinks, too.
The gradient is the package's own. It is judged as it is, and multiplied by 1.0001 and by 1.01.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_nn import Value
from autograd_nn.check import Verdict, differentiate, judge
from autograd_nn.ops import OPS, Op

DEPTH = 5
FACTORS = (1.0, 1.0001, 1.01)
SMOOTH = [op for op in OPS.values() if op.elementwise and not op.zero and op.kink is None]
ALL = [op for op in OPS.values() if op.elementwise]


def inside(op: Op, xs: list[float]) -> bool:
    """Whether the numbers lie in the domain where the op is tested; one without borders takes all below 50."""
    for x, domain in zip(xs, op.domain):
        if isinstance(domain, frozenset):
            if x not in domain:
                return False
        else:
            low, high = (-50.0, 50.0) if tuple(domain) == (-3.0, 3.0) else domain
            if not low < x < high:
                return False
    return True


def expression(rng: np.random.Generator, depth: int, x: float, ops: list[Op] = SMOOTH) -> Callable[[Any], Any]:
    """A random function of one number, defined at x."""
    if depth == 0 or rng.random() < 0.1:
        if rng.random() < 0.7:
            return lambda v: v
        constant = float(rng.uniform(-3, 3))
        return lambda v: constant
    while True:
        op = ops[rng.integers(len(ops))]
        parts = [expression(rng, depth - 1, x, ops) for _ in range(op.arity)]
        values = [float(part(x)) for part in parts]
        if inside(op, values) and math.isfinite(op.number(*values, **op.params)):
            return lambda v, op=op, parts=parts: op(*[part(v) for part in parts])


def draw(rng: np.random.Generator, ops: list[Op] = SMOOTH) -> tuple[Callable[[Any], Any], float, float]:
    """An expression that depends on its variable, a point, and its gradient there by the package."""
    while True:
        x = float(rng.uniform(-3, 3))
        f = expression(rng, int(rng.integers(1, DEPTH + 1)), x, ops)
        v = Value(x)
        y = f(v)
        if isinstance(y, Value):
            y.backward()
            if math.isfinite(v.grad) and v.grad != 0.0:
                return f, x, v.grad


def statistics(count: int, seed: int, ops: list[Op] = SMOOTH) -> dict[float, Counter[Verdict]]:
    """For each factor on the gradient, how many verdicts of each kind."""
    rng = np.random.default_rng(seed)
    found: dict[float, Counter[Verdict]] = {factor: Counter() for factor in FACTORS}
    for _ in range(count):
        f, x, gradient = draw(rng, ops)
        numeric = differentiate(f, x)
        for factor in FACTORS:
            found[factor][judge(gradient * factor, numeric)] += 1
    return found


def main(argv: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=3000, help="expressions a seed")
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds")
    parser.add_argument("--first", type=int, default=0, help="the first of the seeds")
    parser.add_argument("--all", action="store_true", help="the ops with kinks and steps, too")
    options = parser.parse_args(argv)
    print(f"{'seed':>6} {'gradient':>10}" + "".join(f"{verdict:>26}" for verdict in Verdict))
    for seed in range(options.first, options.first + options.seeds):
        for factor, counts in statistics(options.count, seed, ALL if options.all else SMOOTH).items():
            print(f"{seed:6} {f'x {factor:g}':>10}" + "".join(
                f"{counts[verdict]:17} ({counts[verdict] / options.count:6.2%})" for verdict in Verdict))


if __name__ == "__main__":
    main()
