"""A transformer of scalars, trained on names: each number is a Value, and Adam is written out in Python.

    python benchmarks/bench_scalar_gpt.py [--quick]

As people write it to see how a language model learns: one layer, 16 numbers a token, 4 heads, letters in and letters
out, root mean square norms, no biases. A step builds the graph of one name, goes backward, and moves each parameter by
Adam, in a loop over `p.data` and `p.grad`, where `p.grad = 0` is an int. So it tells what attributes and ints among
floats cost, beside what a node costs.

Both engines start from the same numbers and must have the same losses. Times are the processor's, of interleaved runs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import time
from typing import Any

from side_by_side import environment, kernels

NAMES = ["emma", "olivia", "ava", "sophia", "mia", "amelia", "harper", "evelyn", "luna", "camila"]
LETTERS = sorted(set("".join(NAMES)))
END = len(LETTERS)                              # begins and ends a name
WIDTH, HEADS, LONGEST = 16, 4, 8                # numbers a token, heads, letters of a name


def matrix(Value: Any, rng: random.Random, rows: int, columns: int) -> list[list[Any]]:
    """Small random numbers."""
    return [[Value(rng.gauss(0, 0.08)) for _ in range(columns)] for _ in range(rows)]


def times(w: list[list[Any]], x: list[Any]) -> list[Any]:
    """The matrix times the vector, product by product."""
    return [sum(a * b for a, b in zip(row, x)) for row in w]


def softmax(x: list[Any]) -> list[Any]:
    """e^x / sum(e^x), less the largest."""
    top = max(v.data for v in x)
    e = [(v - top).exp() for v in x]
    total = sum(e)
    return [v / total for v in e]


def normed(x: list[Any]) -> list[Any]:
    """x by its root mean square."""
    scale = (sum(v * v for v in x) / len(x) + 1e-5) ** -0.5
    return [v * scale for v in x]


class Transformer:
    """Its parameters, and the loss of a name."""

    def __init__(self, Value: Any, seed: int = 0) -> None:
        rng = random.Random(seed)
        self.token, self.place = (matrix(Value, rng, n, WIDTH) for n in (END + 1, LONGEST))
        self.q, self.k, self.v, self.o = (matrix(Value, rng, WIDTH, WIDTH) for _ in range(4))
        self.up, self.down = matrix(Value, rng, 4 * WIDTH, WIDTH), matrix(Value, rng, WIDTH, 4 * WIDTH)
        self.out = matrix(Value, rng, END + 1, WIDTH)

    def parameters(self) -> list[Any]:
        """All numbers that are learned."""
        return [v for part in vars(self).values() for row in part for v in row]

    def next(self, letter: int, place: int, keys: list[Any], values: list[Any]) -> list[Any]:
        """The scores of the letters that may follow; what earlier letters are asked for grows by this one."""
        x = normed([a + b for a, b in zip(self.token[letter], self.place[place])])
        y = normed(x)
        q = times(self.q, y)
        keys.append(times(self.k, y))
        values.append(times(self.v, y))
        size, mixed = WIDTH // HEADS, []
        for h in range(0, WIDTH, size):
            scores = [sum(a * b for a, b in zip(q[h:h + size], k[h:h + size])) / size ** 0.5 for k in keys]
            weights = softmax(scores)
            mixed += [sum(w * v[h + i] for w, v in zip(weights, values)) for i in range(size)]
        x = [a + b for a, b in zip(x, times(self.o, mixed))]
        hidden = [a.relu() for a in times(self.up, normed(x))]
        x = [a + b for a, b in zip(x, times(self.down, hidden))]
        return times(self.out, x)

    def loss(self, name: str) -> Any:
        """How surprised it is by each letter of a name, in the mean."""
        letters = [END, *map(LETTERS.index, name), END]
        keys: list[Any] = []
        values: list[Any] = []
        surprises = [-softmax(self.next(a, i, keys, values))[b].log()
                     for i, (a, b) in enumerate(itertools.pairwise(letters))]
        return sum(surprises) / len(surprises)


def train(Value: Any, steps: int) -> tuple[list[float], list[float]]:
    """The loss of each step, and its milliseconds."""
    model = Transformer(Value)
    parameters = model.parameters()
    mean, square = [0.0] * len(parameters), [0.0] * len(parameters)
    losses, took = [], []
    for step in range(steps):
        start = time.process_time()
        loss = model.loss(NAMES[step % len(NAMES)])
        loss.backward()
        rate = 0.01 * (1 - step / steps)
        for i, p in enumerate(parameters):
            mean[i] = 0.9 * mean[i] + 0.1 * p.grad
            square[i] = 0.95 * square[i] + 0.05 * p.grad ** 2
            m, v = mean[i] / (1 - 0.9 ** (step + 1)), square[i] / (1 - 0.95 ** (step + 1))
            p.data -= rate * m / (v ** 0.5 + 1e-8)
            p.grad = 0
        took.append(1000 * (time.process_time() - start))
        losses.append(loss.data)
    return losses, took


def in_process(pure: bool, steps: int) -> tuple[list[float], list[float]]:
    """`train` with one of the engines, in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--worker", str(steps)], capture_output=True, text=True,
                          check=False, env={**os.environ, "AUTOGRAD_NN_PURE": str(int(pure))})
    if done.returncode:
        raise SystemExit(done.stderr)
    losses, took = json.loads(done.stdout)
    return losses, took


def main(argv: list[str] | None = None) -> None:
    """Train with both engines, and print what a step takes."""
    parser = argparse.ArgumentParser(description="a transformer of scalars: milliseconds a step")
    parser.add_argument("--quick", action="store_true", help="one step of each: does it still work?")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    from autograd_nn import NATIVE, Value, topological
    if options.worker:
        print(json.dumps(train(Value, options.worker)))
        return
    model = Transformer(Value)
    print(environment(None, kernels()))
    print(f"{len(model.parameters())} parameters; {len(topological([model.loss(NAMES[0])]))} nodes for {NAMES[0]!r}")
    native: list[float] = []
    pure: list[float] = []
    for _ in range(1 if options.quick else 5):
        slow, took = in_process(True, 1 if options.quick else 3)
        pure += took
        if NATIVE:
            quick, took = in_process(False, 1 if options.quick else 30)
            native += took
            if any(abs(a - b) > 1e-12 * abs(b) for a, b in zip(quick[:1], slow)):
                raise SystemExit("the engines have other losses; there is nothing to compare")
    for engine, took in (("in C", native), ("in Python", pure)):
        if took:
            print(f"{engine:12}{statistics.median(took):10.2f} ms a step, the least {min(took):.2f}")


if __name__ == "__main__":
    main()
