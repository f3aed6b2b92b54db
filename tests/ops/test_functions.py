"""The composed functions against NumPy's own, and their derivatives against differences."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.each import each
from helpers.function_cases import call, inputs
from helpers.numeric import slope

from autograd_nn import Tensor, jvp, ops
from autograd_nn.core.node import Node
from autograd_nn.core.reverse import cotangents
from autograd_nn.ops import FUNCTIONS

CASES = [pytest.param(f, *case, id=f"{f.name}-{i}") for f in FUNCTIONS.values() for i, case in enumerate(f.cases)]


def parts(y):
    """A result as a list: some functions return several arrays."""
    return list(y) if isinstance(y, (list, tuple)) else [y]


@each(("f", "shapes", "params"), CASES)
def test_value_is_numpys(f, shapes, params):
    xs = inputs(shapes, 0)
    want = parts(call(f, f.numpy or f.call, xs, params))
    for got in (call(f, f.call, [Tensor(x) for x in xs], params), call(f, f.call, xs, params),
                *([call(f, f.numpy, [Tensor(x) for x in xs], params)] if f.numpy else [])):
        got = parts(got)
        assert len(got) == len(want)
        for g, w in zip(got, want):
            data = g.data if isinstance(g, Node) else g
            assert np.shape(data) == np.shape(w)
            np.testing.assert_allclose(data, w, rtol=1e-12, atol=1e-12)


@pytest.mark.slow
@each(("f", "shapes", "params"), CASES)
def test_derivatives(f, shapes, params):
    """First and second derivative along random directions, forward mode, dtype and shape."""
    if f.order == 0:
        return
    xs, us = inputs(shapes, 0), [np.random.default_rng(i + 5).normal(size=s) for i, s in enumerate(shapes)]
    rng = np.random.default_rng(1)
    ws = [rng.normal(size=np.shape(y)) for y in parts(call(f, f.call, xs, params))]

    def total(ps):
        return sum((y * w).sum() for y, w in zip(parts(call(f, f.call, ps, params)), ws))

    def gradients(ps, create_graph=False):
        nodes = [Tensor(p) for p in ps]
        found = cotangents({total(nodes): 1.0}, create_graph=create_graph)
        return nodes, [found.get(n, np.zeros(n.shape)) for n in nodes]

    def moved(i, t):
        return [x + t * u if j == i else x for j, (x, u) in enumerate(zip(xs, us))]

    _, grads = gradients(xs)
    for i, (g, x, u) in enumerate(zip(grads, xs, us)):
        assert g.shape == x.shape and g.dtype == x.dtype
        numeric = slope(lambda t, i=i: float(total(moved(i, t))))
        assert (g * u).sum() == pytest.approx(numeric, rel=2e-7, abs=2e-7)
        _, tangent = jvp(lambda p, i=i: total([p if j == i else v for j, v in enumerate(xs)]), (x,), (u,))
        assert tangent == pytest.approx(numeric, rel=2e-7, abs=2e-7)
    if f.order < 2:
        return
    nodes, grads = gradients(xs, create_graph=True)
    for i, (g, u) in enumerate(zip(grads, us)):
        found = cotangents({(g * u).sum(): 1.0}) if isinstance(g, Tensor) else {}
        for j, (node, v) in enumerate(zip(nodes, us)):
            second = slope(lambda t, i=i, j=j, u=u: float((gradients(moved(j, t))[1][i] * u).sum()))
            assert (found.get(node, np.zeros(v.shape)) * v).sum() == pytest.approx(second, rel=2e-6, abs=2e-6)


@each(("f", "shapes", "params"), CASES)
def test_float32_stays_float32(f, shapes, params):
    nodes = [Tensor(x, dtype=np.float32) for x in inputs(shapes, 0)]
    assert all(y.dtype == np.float32 for y in parts(call(f, f.call, nodes, params)) if isinstance(y, Tensor))


def test_sign_of_a_numpy_number():
    """NumPy's booleans do not subtract."""
    for kind in (np.float16, np.float32, np.float64):
        assert [ops.sign(kind(x)) for x in (-2.0, 0.0, 3.0)] == [-1.0, 0.0, 1.0]
