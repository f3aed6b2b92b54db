"""How many digits an elementwise op keeps: value, first and second derivative against mpmath, over the whole domain.

An error is in units: one unit is the last place of the right result, and what one last place of an input changes of it.
So a result at a zero of the function, or far out on an exponential, is not asked for more than its inputs say.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import mpmath as mp
import numpy as np

from autograd_nn import Tensor
from autograd_nn.core.node import data_of
from autograd_nn.core.reverse import cotangents
from helpers.exact import exact

ORDERS = ("value", "first", "second")
FEW = 4


class Worst(NamedTuple):
    """The largest error, in units, and in last places of the result alone; where, and what came out instead of what."""

    units: float = 0.0
    places: float = 0.0
    at: tuple[float, ...] = ()
    got: float = 0.0
    want: float = 0.0

    def __str__(self):
        return f"{self.units:.3g} units off at {self.at}: {self.got!r} instead of {self.want!r}"


def numbers(dtype, count):
    """From the smallest numbers to the largest, near 1, near multiples of pi/2, and many of ordinary size."""
    info = np.finfo(dtype)
    sizes = np.exp(np.linspace(math.log(float(info.tiny) * 4), math.log(float(info.max) / 4), count))
    near = 10.0 ** np.linspace(math.log10(float(info.eps)) + 0.5, -0.5, count // 4)
    ordinary = [np.geomspace(0.003, 12, count), np.geomspace(13, 740, count // 3), np.arange(1, 12, 3) * np.pi / 2]
    found = np.concatenate([sizes, 1 - near, 1 + near, *ordinary])
    return np.concatenate([found, -found]).astype(dtype)


def points(op, dtype, count=10):
    """Columns of inputs, on both sides of every edge of a domain: where the op has no value mpmath says so."""
    some, rng = numbers(dtype, count), np.random.default_rng(0)
    if op.arity == 1:
        return [some]
    n, columns = 2 * count, []
    close = rng.choice(some, n)
    for i, domain in enumerate(op.domain):
        by = close * (1 + rng.choice([0, 1e-7, 1e-3, 0.1, 0.5], n) * rng.choice([-1, 1], n) * (i > 0))
        column = np.concatenate([rng.choice(some, n), rng.normal(size=n) * 3, by]).astype(dtype)
        if isinstance(domain, frozenset):
            column = rng.choice(sorted(domain), 3 * n).astype(dtype)
        elif op.linear == (i,):
            column = rng.normal(size=3 * n).astype(dtype)
        columns.append(column)
    return columns


def results(op, columns, params, kind=Tensor):
    """{(): values, (i,): first derivatives, (i, j): second derivatives} of nodes of a kind."""
    nodes = [kind(column) for column in columns]
    shape = np.shape(columns[0])

    def spread(x):
        return np.broadcast_to(np.asarray(data_of(x)), shape)

    with np.errstate(all="ignore"):
        y = op(*nodes, **params)
        one = np.ones_like(y.data) if shape else 1.0
        found = {(): spread(y)}
        first = cotangents({y: one}, create_graph=True)
        for i, node in enumerate(nodes):
            if op.vjps[i] is not None:
                g = first[node]
                found[i,] = spread(g)
                second = cotangents({g: one}) if isinstance(g, kind) else {}
                found |= {(i, j): spread(second.get(other, 0.0)) for j, other in enumerate(nodes)
                          if op.vjps[j] is not None}
    return found


def worst(op, dtype, params, columns, got):
    """For each order the worst of the results `got` at these inputs."""
    info, found = np.finfo(dtype), {order: Worst() for order in ORDERS}
    tiny, huge = float(info.tiny), float(info.max)
    for k, row in enumerate(zip(*(column.tolist() for column in columns))):
        for key, want in _asked_for(op, row, params, info).items():
            y, order = float(got[key][k]), ORDERS[len(key)]
            if abs(want) > huge or (abs(want) < tiny * 8 and abs(y) < tiny * 16):
                continue                                 # it may be inf, or have few digits
            place = mp.ldexp(1, max(mp.frexp(want)[1] - 1, info.minexp) - info.nmant)
            error = abs(mp.mpf(y) - want) if math.isfinite(y) else mp.inf
            unit = place
            if error > 2 * place:
                for i in range(op.arity):
                    moved = [float(np.nextafter(dtype(x), dtype(np.inf))) if j == i else x for j, x in enumerate(row)]
                    unit += abs(exact(op.name, moved, params, tiny).get(key, want) - want)
            if error > found[order].units * unit:
                found[order] = Worst(float(error / unit), float(error / place), row, y, float(want))
    return found


def _asked_for(op, row, params, info):
    """What mpmath says at the inputs of a row, as far as the numbers on the way there are in range."""
    want = exact(op.name, row, params, float(info.tiny))
    if op.zero:                                          # its derivative is 0 by convention
        return {key: z for key, z in want.items() if not key}
    want = {key: z for key, z in want.items() if all(op.vjps[i] is not None for i in key)}
    low, high = float(info.tiny) * 32, float(info.max) / 8
    asked, size = {}, abs(want.get((), 0))
    for key, z in sorted(want.items(), key=lambda item: len(item[0])):
        scale = math.prod(mp.mpf(row[i]) for i in key) if op.arity > 1 else 1
        if size > high or abs(z) > high or (key and 0 < size < low) or abs(size / scale) > high:
            continue
        asked[key] = z
    return asked
