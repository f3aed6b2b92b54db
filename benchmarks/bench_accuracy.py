"""How many digits each elementwise op keeps, beside its peers: the largest error of value, first and second derivative.

    pip install '.[bench,dev]' && python benchmarks/bench_accuracy.py [--quick] [op ...]

Each op is computed from the smallest numbers to the largest, near the edges of its domain and near multiples of pi/2,
in float32 and float64, and compared with mpmath. An error is in units: the last place of the right result, and what
one last place of an input changes of it. "-" stands where a peer lacks the function. The points, the units and mpmath's
functions are those of the tests, in tests/helpers.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from helpers.accuracy import FEW, ORDERS, points, results, worst
from helpers.op_checks import SCALAR, params_of

Results = dict[tuple[int, ...], Any]
Peer = Callable[[Any, list[Any]], Results | None]

# Where a peer calls a function otherwise than the table does, or does not mean the same by it.
OTHER_NAMES = {"power": "pow", "radians": "deg2rad", "degrees": "rad2deg", "hard_sigmoid": "hardsigmoid",
               "hard_tanh": "hardtanh"}
NOT_THE_SAME = {"round", "fmod", "floor_divide", "clip", "where", "leaky_relu", "elu"}


def found_in(places: Sequence[Any], op: Any) -> Any:
    """The function of a peer, by its name here or there; None for a helper of rules, or where there is none."""
    if op.internal or op.params or op.zero or op.name in NOT_THE_SAME:
        return None
    names = (op.name, OTHER_NAMES.get(op.name, op.name))
    return next((getattr(place, name) for place in places for name in names if hasattr(place, name)), None)


def by_torch(op: Any, columns: list[Any]) -> Results | None:
    """The same results from PyTorch."""
    import torch
    f = found_in((torch, torch.nn.functional), op)
    if f is None:
        return None
    xs = [torch.tensor(column, requires_grad=True) for column in columns]
    y = f(*xs)
    found = {(): y.detach().numpy()}
    for i, x in enumerate(xs):
        g, = torch.autograd.grad(y.sum(), x, create_graph=True)
        found[i,] = g.detach().numpy()
        for j, other in enumerate(xs):
            second = torch.autograd.grad(g.sum(), other, retain_graph=True, allow_unused=True)[0] \
                if g.requires_grad else None
            found[i, j] = np.zeros_like(found[()]) if second is None else second.numpy(force=True)
    return found


def by_jax(op: Any, columns: list[Any]) -> Results | None:
    """The same results from JAX."""
    import jax
    jax.config.update("jax_enable_x64", True)
    f = found_in((jax.nn, jax.numpy, jax.scipy.special), op)
    if f is None:
        return None
    if f is jax.nn.gelu:
        f = lambda x: jax.nn.gelu(x, approximate=False)
    slots = range(len(columns))
    first = [jax.grad(f, i) for i in slots]
    found = {(): jax.vmap(f)(*columns)} | {(i,): jax.vmap(first[i])(*columns) for i in slots}
    found |= {(i, j): jax.vmap(jax.grad(first[i], j))(*columns) for i in slots for j in slots}
    return {key: np.asarray(z) for key, z in found.items()}


PEERS: dict[str, tuple[str, Peer]] = {
    "autograd_nn": ("numpy", lambda op, columns: results(op, columns, params_of(op))),
    "torch": ("torch", by_torch), "jax": ("jax", by_jax)}


def shown(units: float | None) -> str:
    """A number of units in few signs."""
    return "-" if units is None else "0" if units == 0 else f"{units:.1f}" if units < 100 else f"{units:.0e}"


def main(argv: list[str] | None = None) -> None:
    """Print a line for each op and kind of numbers, and what they come to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ops", nargs="*", help="names of ops; by default all")
    parser.add_argument("--quick", action="store_true", help="few ops at few points")
    options = parser.parse_args(argv)
    peers = {name: peer for name, (module, peer) in PEERS.items() if importlib.util.find_spec(module)}
    ops = [op for op in SCALAR if op.name in options.ops] or \
        [op for op in SCALAR if op.module.startswith("autograd_nn.ops.")]
    ops, count = (ops[5:8], 3) if options.quick and not options.ops else (ops, 12)
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}; "
          "units off: value, first, second derivative")
    print(f"{'':24}" + "".join(f"{name:>24}" for name in peers))
    seen: dict[str, list[list[float]]] = {name: [] for name in peers}
    for op in ops:
        for dtype in (np.float32, np.float64):
            line = f"{op.name:16}{np.dtype(dtype).name:8}"
            columns = points(op, dtype, count)
            for name, peer in peers.items():
                with np.errstate(all="ignore"):
                    got = peer(op, columns)
                units = None if got is None else \
                    [found.units for found in worst(op, dtype, params_of(op), columns, got).values()]
                if units is not None:
                    seen[name].append(units)
                line += "".join(f"{shown(u):>8}" for u in units or [None] * 3)
            print(line, flush=True)
    for name, rows in seen.items():
        for order, column in zip(ORDERS, zip(*rows)):
            print(f"{name:12} {order:7} median {shown(statistics.median(column))}, more than {FEW} in "
                  f"{sum(u > FEW or math.isnan(u) for u in column)} of {len(column)}")


if __name__ == "__main__":
    main()
