"""Random matrices, and the check of first and second derivatives of a function of one."""

from __future__ import annotations

import numpy as np
import pytest

from autograd_nn import grad, hvp, jvp
from helpers.numeric import slope


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def spd(n, seed=0):
    """A symmetric matrix with eigenvalues well above 0 and apart."""
    q, _ = np.linalg.qr(normal(n, n, seed=seed))
    return q * np.arange(1.0, n + 1) @ q.T


def check(f, x, rel=1e-6):
    """First and second derivative of a function with a single result, in both modes, against differences."""
    u, v = normal(*np.shape(x), seed=11), normal(*np.shape(x), seed=12)
    g = grad(f)
    assert g(x).shape == x.shape and g(x).dtype == x.dtype
    first = slope(lambda t: float(f(x + t * u)))
    assert (g(x) * u).sum() == pytest.approx(first, rel=rel, abs=rel)
    assert jvp(f, (x,), (u,))[1] == pytest.approx(first, rel=rel, abs=rel)
    second = slope(lambda t: float((g(x + t * v) * u).sum()))
    assert (hvp(f, x, v) * u).sum() == pytest.approx(second, rel=10 * rel, abs=10 * rel)
    assert (grad(lambda p: (grad(f)(p) * u).sum())(x) * v).sum() == pytest.approx(second, rel=10 * rel, abs=10 * rel)
