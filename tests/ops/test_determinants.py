"""Derivatives of det of every order, at matrices of every rank: those of the polynomial that it is."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from helpers.matrices import normal

from autograd_nn import Tensor, grad, hessian, hvp, jacobian, jvp


def leibniz(a):
    """The determinant as a sum of products."""
    n = a.shape[-1]
    total = 0.0
    for p in itertools.permutations(range(n)):
        odd = sum(i > j for i, j in itertools.combinations(p, 2)) % 2
        total = total + (-1) ** odd * math.prod(a[..., i, j] for i, j in enumerate(p))
    return total


def of_rank(n, rank, seed=0):
    """An integer matrix of this rank, exactly."""
    rng = np.random.default_rng(seed)
    left = np.vstack([np.eye(rank), rng.integers(-2, 3, (n - rank, rank))])
    return left @ np.hstack([np.eye(rank), rng.integers(-2, 3, (rank, n - rank))])


SINGULAR = [pytest.param(of_rank(n, rank), id=f"{n} of rank {rank}") for n in (1, 2, 3, 4) for rank in range(n + 1)]


@pytest.mark.parametrize("a", [*SINGULAR, np.array([[1.0, 2, 3], [4, 5, 6], [5, 7, 9]])])
def test_first_and_second_derivative(a):
    np.testing.assert_allclose(grad(np.linalg.det)(a), grad(leibniz)(a), atol=1e-12)
    np.testing.assert_allclose(hessian(np.linalg.det)(a), hessian(leibniz)(a), atol=1e-12)


@pytest.mark.parametrize("a", SINGULAR)
def test_third_derivative(a):
    u, v, w = (normal(*a.shape, seed=i) for i in range(3))

    def third(f):
        return grad(lambda a: (hvp(f, a, u) * v).sum())(a), jvp(lambda a: (hvp(f, a, u) * v).sum(), (a,), (w,))[1]
    for got, want in zip(third(np.linalg.det), third(leibniz)):
        np.testing.assert_allclose(got, want, atol=1e-11)


def test_a_singular_matrix_in_a_batch():
    batch = np.stack([of_rank(3, rank) for rank in range(4)] + [normal(3, 3)])
    np.testing.assert_allclose(grad(lambda a: np.linalg.det(a).sum())(batch),
                               grad(lambda a: leibniz(a).sum())(batch), atol=1e-12)
    u = normal(5, 3, 3, seed=1)
    np.testing.assert_allclose(hvp(lambda a: (np.linalg.det(a) ** 2).sum(), batch, u),
                               hvp(lambda a: (leibniz(a) ** 2).sum(), batch, u), atol=1e-11)
    np.testing.assert_allclose(jacobian(np.linalg.det)(batch), jacobian(leibniz)(batch), atol=1e-12)


@pytest.mark.parametrize("distance", [1e-3, 1e-8, 1e-12, 1e-15])
def test_near_a_singular_matrix_no_digit_is_lost(distance):
    a = of_rank(4, 3) + distance * np.eye(4)
    np.testing.assert_allclose(grad(np.linalg.det)(a), grad(leibniz)(a), atol=2e-14)
    np.testing.assert_allclose(hessian(np.linalg.det)(a), hessian(leibniz)(a), atol=2e-14)


def cofactors(a):
    """Exact ones, and how large the products are of which each is the sum."""
    n, exact = len(a), np.array([[Fraction(x) for x in row] for row in a.tolist()], object)
    want, size = np.empty((2, n, n))
    for i, j in np.ndindex(n, n):
        minor = np.delete(np.delete(exact, i, 0), j, 1)
        want[i, j] = float((-1) ** (i + j) * leibniz_exact(minor))
        size[i, j] = float(sum(abs(math.prod(minor[k, p] for k, p in enumerate(q)))
                               for q in itertools.permutations(range(n - 1))))
    return want, size


@pytest.mark.slow
def test_larger_ones_with_rows_of_any_size_have_the_digits_of_their_products():
    """Where a row is 0 all minors with it are, exactly; where none is asked for, no large row puts rounding there."""
    n, sizes = 5, np.logspace(-12, 12, 5)
    for name, change in {"regular": lambda a: a, "a row of 0": lambda a: np.r_[a[:1], 0 * a[1:2], a[2:]],
                         "equal rows": lambda a: np.r_[a[:1], a[:1], a[2:]],
                         "rank n - 2": lambda a: np.r_[a[:1], a[:1], a[:1], a[3:]]}.items():
        a = change(normal(n, n))
        for b in (a, a[:, ::-1] * sizes[:, None], a * sizes[::-1, None] * sizes):
            want, size = cofactors(b)
            found = grad(np.linalg.det)(b)
            assert (abs(found - want) <= 2e-14 * size).all(), f"{name}: {abs(found - want) / size}"


@pytest.mark.parametrize("n", [2, 3, 4])
def test_rows_and_columns_of_any_size(n):
    """Every minor to its own size: exact fractions say what it is."""
    sizes = 10.0 ** np.random.default_rng(n).integers(-40, 40, (2, n))
    a = normal(n, n) * sizes[0][:, None] * sizes[1]
    want, _ = cofactors(a)
    np.testing.assert_allclose(grad(np.linalg.det)(a), want, rtol=1e-11)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_a_second_derivative_that_is_0_stays_0_beside_small_rows(n):
    """By two elements of one row or column the determinant has none, however small the others are."""
    a = of_rank(n, n - 1, seed=2) * np.logspace(0, -14, n)[:, None] * np.logspace(-8, 0, n)
    found = hessian(np.linalg.det)(a)
    for i, j in np.ndindex(n, n):
        assert not found[i, j, i].any() and not found[i, j, :, j].any(), (i, j)


def leibniz_exact(a):
    return sum((-1) ** (sum(i > j for i, j in itertools.combinations(p, 2)) % 2)
               * math.prod(a[i, j] for i, j in enumerate(p)) for p in itertools.permutations(range(len(a))))


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")         # NumPy's own, of nan
def test_dtype_and_what_is_not_finite():
    a = Tensor(of_rank(3, 2), dtype=np.float32)
    g = grad(lambda a: grad(lambda b: np.linalg.det(b))(a).sum())(a.data)
    assert g.dtype == np.float32 and np.isfinite(g).all()
    bad = np.stack([np.eye(2), np.full((2, 2), np.nan)])
    found = grad(lambda a: np.linalg.det(a).sum())(bad)
    assert found[0].tolist() == np.eye(2).tolist() and np.isnan(found[1]).all()
    assert grad(lambda a: np.linalg.det(a).sum())(np.ones((2, 0, 0))).shape == (2, 0, 0)
