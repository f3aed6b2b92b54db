"""Sums of exponentials: their derivatives are right where the result has lost them.

That is where the numbers are large, and where one of them is nearly all of the sum.
"""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from helpers.engines import engines

from autograd_nn import Tensor, grad, hessian, nn, ops

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


# --- the largest entry of a softmax ----------------------------------------------------------------------
ROWS = [[0.0, 21.0, 3.0], [0.0, -30.0, -40.0], [5.0, 4.0, 5.0], [0.0, -80.0, -60.0], [0.0, -18.0, -18.0],
        [3.0, 1.0, 0.0], [-7.0, -7.5, 10.0]]


def others(p, i):
    """1 - p[i], with all its digits."""
    return sum(p) - p[i] if p[i] < 0.5 else sum(q for j, q in enumerate(p) if j != i)


def log_of(p):
    return [mp.log(q) if q < 0.5 else mp.log1p(-others(p, i)) for i, q in enumerate(p)]


# name: (function of rows and targets, its value by the probabilities, its derivative by entry j)
SOFTMAXES = {
    "softmax": (lambda x, t: ops.softmax(x)[np.arange(len(t)), t], lambda p, t: p[t],
                lambda p, t, j: p[t] * others(p, t) if j == t else -p[t] * p[j]),
    "softmax of columns": (lambda x, t: ops.softmax(x.T, axis=0)[t, np.arange(len(t))], lambda p, t: p[t],
                           lambda p, t, j: p[t] * others(p, t) if j == t else -p[t] * p[j]),
    "log_softmax": (lambda x, t: ops.log_softmax(x)[np.arange(len(t)), t], lambda p, t: log_of(p)[t],
                    lambda p, t, j: others(p, t) if j == t else -p[j]),
    "cross entropy": (lambda x, t: nn.cross_entropy(x, t, reduction="none"), lambda p, t: -log_of(p)[t],
                      lambda p, t, j: -others(p, t) if j == t else p[j]),
    "nll": (lambda x, t: nn.nll_loss(ops.log_softmax(x), t, reduction="none"), lambda p, t: -log_of(p)[t],
            lambda p, t, j: -others(p, t) if j == t else p[j]),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", SOFTMAXES)
def test_the_largest_entry_of_a_softmax(name, dtype):
    """Value and gradient have their digits though it is rounded to 1, and so the rows of the gradient sum to 0."""
    f, value, slope = SOFTMAXES[name]
    info = np.finfo(dtype)
    for target in range(3):
        x = Tensor(np.array(ROWS, dtype))
        y = f(x, np.full(len(ROWS), target))
        y.backward(np.ones(len(ROWS), dtype))
        with mp.workdps(60):
            for k, row in enumerate(ROWS):
                total = mp.fsum(map(mp.exp, row))
                p = [mp.exp(v) / total for v in row]
                want = [value(p, target), *(slope(p, target, j) for j in range(3))]
                np.testing.assert_allclose([y.data[k], *x.grad[k]], [float(w) for w in want], rtol=8 * info.eps,
                                           atol=float(info.tiny), err_msg=f"{row}, {target}")
                assert abs(math.fsum(x.grad[k].tolist())) <= 8 * info.eps * abs(x.grad[k]).max()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["cross entropy", "nll", "log_softmax", "logsumexp"])
def test_the_second_derivative_of_a_log_softmax(name, dtype):
    """It is p_i p_j beside the diagonal, and p_i times the sum of the others on it, whichever entry is asked for."""
    f = {"logsumexp": lambda x, t: ops.logsumexp(x, axis=1)}.get(name) or SOFTMAXES[name][0]
    info = np.finfo(dtype)
    for row in ROWS:
        with mp.workdps(60):
            total = mp.fsum(map(mp.exp, row))
            p = [mp.exp(v) / total for v in row]
            want = [[float(p[i] * others(p, i) if i == j else -p[i] * p[j]) for j in range(3)] for i in range(3)]
        for target in range(3):
            found = hessian(lambda x, t=target: f(x[None], np.array([t])).sum())(np.array(row, dtype))
            sign, ulps = -1 if name == "log_softmax" else 1, 8 if name in ("cross entropy", "logsumexp") else 100
            np.testing.assert_allclose(sign * found, want, rtol=ulps * info.eps, atol=float(info.tiny),
                                       err_msg=f"{row}, {target}")          # the others have p as e^y of a rounded y


@pytest.mark.parametrize(("far", "spread", "dtype"), [(0.0, 1.0, np.float64), (1e10, 1e-3, np.float64),
                                                      (1e5, 0.01, np.float32)])
def test_the_derivative_of_a_variance_far_from_0(far, spread, dtype):
    """The mean is rounded as the numbers are, and their distances from it are not."""
    x = np.array([far, far + spread, far], dtype)
    off = x.astype(float) - x.astype(float).min()
    off -= off.mean()
    np.testing.assert_allclose(grad(np.var)(x), 2 * off / 3, rtol=1e-5)
    found = grad(np.std)(x)
    assert abs(found.sum()) < 1e-5 * abs(found).max()
