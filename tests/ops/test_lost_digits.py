"""Sums of exponentials: their derivatives are right where the numbers are so large that the result has lost them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers.engines import engines

from autograd_nn import Tensor, grad, ops

INF = math.inf


def weights(x, y, base):
    """The derivatives of the logarithm of base^x + base^y."""
    d = 0.0 if x == y else (x - y) * math.log(base)
    return (1 / (1 + math.exp(-d)), 1 / (1 + math.exp(d))) if abs(d) < 700 else (float(d > 0), float(d < 0))


POINTS = [(1e7, 1e7), (1e7, 1e7 + 1), (1e16, 1e16), (1e16, 1e16 + 2), (-1e16, -1e16), (1e300, 1e300), (1e300, -1e300),
          (-1.7e308, 1.7e308), (INF, 1.0), (1.0, INF), (INF, -INF), (-INF, 3.0), (0.0, 0.0), (3.0, 2.5)]
of_points = pytest.mark.parametrize(("x", "y"), POINTS, ids=str)
of_ops = pytest.mark.parametrize(("op", "base"), [(ops.logaddexp, math.e), (ops.logaddexp2, 2.0)], ids=["e", "2"])


@of_ops
@of_points
@engines
def test_of_numbers(Value, op, base, x, y):
    a, b = Value(x), Value(y)
    op(a, b).backward()
    np.testing.assert_allclose([a.grad, b.grad], weights(x, y, base), rtol=4e-16)


@of_ops
@of_points
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_of_arrays(op, base, x, y, dtype):
    with np.errstate(over="ignore"):
        a, b = Tensor(np.full(2, x).astype(dtype)), Tensor(np.full(2, y).astype(dtype))
    x, y = float(a.data[0]), float(b.data[0])
    with np.errstate(over="ignore"):                     # 1e300 as a float32 is inf
        op(a, b).backward(np.ones(2, dtype))
    if x == y == INF:
        assert np.isnan(a.grad).all() and np.isnan(b.grad).all()    # where both are infinite there is no derivative
        return
    want = weights(x, y, base)
    np.testing.assert_allclose(a.grad, np.full(2, want[0]), rtol=3 * np.finfo(dtype).eps)
    np.testing.assert_allclose(b.grad, np.full(2, want[1]), rtol=3 * np.finfo(dtype).eps)


@of_ops
def test_twice(op, base):
    """The second derivative, too: p (1 - p) ln base."""
    found = grad(lambda x: grad(lambda t: op(t, 1e16))(x))(1e16)
    assert float(found) == pytest.approx(0.25 * math.log(base), rel=1e-15)
