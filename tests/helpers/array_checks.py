"""A function of arrays against NumPy's value and against differences, to second order."""

from __future__ import annotations

import numpy as np
import pytest

from autograd_nn import Tensor, jvp
from autograd_nn.core.reverse import cotangents
from helpers.numeric import slope


def flat(y):
    return [e for part in y for e in flat(part)] if isinstance(y, (list, tuple)) else [y]


def check(f, *xs, want=None):
    """f on Tensors: NumPy's value (f on arrays, or `want`), and the derivatives of first and second order."""
    want = [np.asarray(w) for w in flat(f(*xs) if want is None else want)]
    tensors = [Tensor(x) for x in xs]
    got = flat(f(*tensors))
    assert len(got) == len(want)
    for g, w in zip(got, want):
        assert g.shape == w.shape and g.dtype == w.dtype
        np.testing.assert_allclose(g.data, w, rtol=1e-12, atol=1e-12)
    rng = np.random.default_rng(9)
    ws, us = [rng.normal(size=w.shape) for w in want], [rng.normal(size=x.shape) for x in xs]

    def total(ps):
        return sum((y * w).sum() for y, w in zip(flat(f(*ps)), ws))

    def gradients(ps, create_graph=False):
        nodes = [Tensor(p) for p in ps]
        found = cotangents({total(nodes): 1.0}, create_graph=create_graph)
        return nodes, [found.get(n, np.zeros(n.shape)) for n in nodes]

    def number(ps):
        return total([Tensor(p) for p in ps]).item()

    def moved(i, t):
        return [x + t * u if j == i else x for j, (x, u) in enumerate(zip(xs, us))]

    nodes, grads = gradients(xs, create_graph=True)
    for i, (g, x, u) in enumerate(zip(gradients(xs)[1], xs, us)):
        assert g.shape == x.shape and g.dtype == x.dtype
        along = slope(lambda t, i=i: number(moved(i, t)))
        assert (g * u).sum() == pytest.approx(along, rel=2e-7, abs=2e-7)
        _, tangent = jvp(lambda p, i=i: total([p if j == i else v for j, v in enumerate(xs)]), (x,), (u,))
        assert tangent == pytest.approx(along, rel=2e-7, abs=2e-7)
        second = cotangents({(grads[i] * u).sum(): 1.0}) if isinstance(grads[i], Tensor) else {}
        for j, (node, v) in enumerate(zip(nodes, us)):
            mixed = slope(lambda t, i=i, j=j, u=u: float((gradients(moved(j, t))[1][i] * u).sum()))
            assert (second.get(node, np.zeros(v.shape)) * v).sum() == pytest.approx(mixed, rel=2e-6, abs=2e-6)
