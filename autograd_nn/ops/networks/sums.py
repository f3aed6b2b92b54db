"""Sums of many inputs as single nodes: a neuron costs one node instead of two for each weight."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._misfit import of_broadcast
from .._op import Each, Op


def _sum(*xs: Any) -> Any:
    total = xs[0]
    for x in xs[1:]:
        total = total + x
    return total


def _weighted_sum(*xs: Any) -> Any:
    """w1 .. wn, x1 .. xn, b; added up from b on, one product after another."""
    n = len(xs) // 2
    total = xs[-1]
    for w, x in zip(xs[:n], xs[n:]):
        total = total + w * x
    return total


def _by_products(*xs: Any) -> Any:
    """The same from products on, which are terms of a sum; a bias of 0 is no term."""
    n, bias = len(xs) // 2, xs[-1]
    products = [w * x for w, x in zip(xs[:n], xs[n:])]
    return _sum(*products) if type(bias) in (int, float) and bias == 0 else _sum(bias, *products)


def _other_factor(i: int, xs: tuple[Any, ...]) -> Any:
    """What input i of a weighted sum is multiplied by."""
    n = len(xs) // 2
    if i == 2 * n:
        return 1.0
    return xs[i + n] if i < n else xs[i - n]


_THREE: tuple[Any, ...] = ((2, 3), (3,), ())

sum_of = Op("sum_of", _sum, lambda *xs: _sum(*map(np.asarray, xs)),
            Each(lambda i, g, y, *xs: g),
            tex=r"\sum_i {0}_i", symbol="Σ", method=False, cases=[(_THREE, {}), (((2,),), {})],
            commutes=True, linear=True, misfit=of_broadcast, expansion=_sum)
weighted_sum = Op("weighted_sum", _weighted_sum, lambda *xs: _weighted_sum(*map(np.asarray, xs)),
                  Each(lambda i, g, y, *xs: g * _other_factor(i, xs)),
                  tex=r"\sum_i w_i \, x_i + b", symbol="Σ w x + b", method=False,
                  cases=[(((2,), (2,), ()), {}), (((2, 3), (3,), (3,), (2, 1), ()), {})],
                  slots=("w*", "x*", "b"), misfit=of_broadcast, expansion=_by_products,
                  cost=lambda shapes, out: math.prod(out) * (len(shapes) // 2))
