"""How long it takes to draw large graphs: fold, write DOT, lay out, write SVG."""

import argparse
import itertools
import platform
import statistics
import time

import numpy as np

from autograd_nn import Tensor, Value, dot, nn
from autograd_nn.drawing import draw


def chain(steps):
    """Three nodes a step, each step on top of the one before."""
    x = y = Value(1.0, name="x")
    for _ in range(steps):
        y = y * 0.5 + x
    return y


def network(*widths):
    """A network of single numbers: a node for each weight, each use of an input, and each unit."""
    net = nn.Sequential(*(nn.Layer(a, b, "tanh", rng=0) for a, b in itertools.pairwise(widths)))
    loss = nn.mse_loss(net(np.linspace(-1, 1, widths[0])), np.zeros(widths[-1]))
    loss.backward()
    return loss


def recurrent(steps, units):
    weight = [[Value(0.01 * (i - j), name=f"W[{i},{j}]") for j in range(units)] for i in range(units)]
    h = [Value(0.1, name=f"h[{i}]") for i in range(units)]
    for _ in range(steps):
        h = [dot(row, h).tanh() for row in weight]
    return dot(h, h)


def irregular(steps):
    """Nothing in it is alike: it is cut, not folded."""
    rng = np.random.default_rng(0)
    nodes = [Value(1.0), Value(2.0)]
    for kind, back in zip(rng.integers(0, 4, steps), rng.integers(1, 40, steps)):
        a, b = nodes[-1], nodes[-min(int(back), len(nodes))]
        nodes.append((a.__add__, Value.tanh, a.__mul__, Value.sin)[kind](b if kind % 2 == 0 else a))
    return nodes[-1]


def arrays(layers):
    h, w = Tensor(np.ones((4, 8))), Tensor(np.eye(8), name="w")
    for _ in range(layers):
        h = (h @ w).tanh()
    return h.sum()


CASES = {
    "chain, 20,000 nodes": lambda n: chain(6_667 // n), "chain, 270,000 nodes": lambda n: chain(90_000 // n),
    "network, 20,000 nodes": lambda n: network(40, 120 // n, 90 // n, 10),
    "network, 270,000 nodes": lambda n: network(200 // n, 500 // n, 160, 10),
    "recurrent, 20,000 nodes": lambda n: recurrent(215 // n, 30),
    "irregular, 20,000 nodes": lambda n: irregular(20_000 // n),
    "irregular, 270,000 nodes": lambda n: irregular(270_000 // n),
    "arrays, 20,000 nodes": lambda n: arrays(10_000 // n),
}


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="graphs of a twentieth of the size, once each")
    quick = parser.parse_args(arguments).quick
    draw(Value(1.0)).svg()                               # loads the libraries
    print(f"{platform.machine()}, Python {platform.python_version()}; the median of the times\n"
          f"{'graph':28}{'nodes':>9}{'drawn':>7}{'fold':>9}{'SVG':>9}{'both':>9}")
    for name, make in CASES.items():
        root, times = make(20 if quick else 1), []
        for _ in range(1 if quick else 5):
            start = time.perf_counter()
            picture = draw(root)
            folded = time.perf_counter()
            picture.svg()
            times.append((folded - start, time.perf_counter() - folded))
        fold, svg = (statistics.median(column) for column in zip(*times))
        print(f"{name:28}{picture.trace['total']:9,}{len(picture.trace['nodes']):7,}"
              f"{fold:8.2f}s{svg:8.2f}s{fold + svg:8.2f}s")


if __name__ == "__main__":
    main()
