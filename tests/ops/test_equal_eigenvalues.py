"""Exactly equal eigenvalues and singular values: the right derivative or nan, never another number."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers.matrices import normal

from autograd_nn import Tensor, Value, grad, hvp, jvp, linalg, remainder

EQUAL = [np.eye(3), np.zeros((3, 3)), np.diag([2.0, 2.0, 5.0]), np.diag([5.0, 2.0, 2.0, 2.0]),
         np.stack([np.eye(3), np.diag([1.0, 2.0, 2.0])])]
THREE = EQUAL[:3]
C = normal(4, 4)


def again(a):
    w, v = linalg.eigh(a)
    return (v * w[..., None, :]) @ np.swapaxes(v, -1, -2)


@pytest.mark.parametrize("a", EQUAL)
def test_what_asks_for_the_vectors_of_equal_eigenvalues_is_right_or_nan(a):
    c = C[:a.shape[-1], :a.shape[-1]]
    got = grad(lambda a: (again(a) * c).sum())(a)
    want = np.broadcast_to(np.tril(c) + np.triu(c, 1).T, a.shape)
    assert (np.isnan(got) | np.isclose(got, want)).all() and np.isnan(got).any()
    assert np.isnan(grad(lambda a: (linalg.svd(a).U * c).sum())(a)).any()
    assert np.isnan(grad(lambda a: linalg.eigvalsh(a)[..., 1].sum())(a)).any()           # no function of all alike


@pytest.mark.parametrize("a", EQUAL)
def test_functions_of_all_eigenvalues_alike_are_smooth(a):
    eye = np.broadcast_to(np.eye(a.shape[-1]), a.shape)
    for f, want in ((lambda w: w.sum(), eye), (lambda w: (w ** 2).sum(), 2 * a), (lambda w: (w ** 3).sum(), 3 * a @ a)):
        np.testing.assert_allclose(grad(lambda a, f=f: f(linalg.eigvalsh(a)))(a), want, atol=1e-12)
        np.testing.assert_allclose(grad(lambda a, f=f: f(linalg.eigh(a).eigenvalues))(a), want, atol=1e-12)
        tangent = jvp(lambda a, f=f: f(linalg.eigvalsh(a)), (a,), (eye,))[1]
        assert tangent == pytest.approx((want * eye).sum())


@pytest.mark.parametrize("a", [*THREE, np.diag([1.0, 1 + 4e-16, 3.0])])
@pytest.mark.parametrize("turned_by", [0, 1])
def test_a_step_parts_equal_eigenvalues(a, turned_by):
    """To the one side they have derivatives, which forward mode gives; of their sum they are those of both sides."""
    q = np.linalg.qr(normal(3, 3, seed=turned_by))[0] if turned_by else np.eye(3)
    a, step, h = q @ a @ q.T, (lambda b: b + b.T)(normal(3, 3, seed=5)), 1e-6
    for up in (step, -step, np.diag([3.0, 1.0, 2.0]), np.eye(3)):
        for of in (linalg.eigvalsh, lambda a: linalg.svdvals(a + 4 * np.eye(3))):
            got, base = jvp(of, (a,), (up,))[1], of(a)
            np.testing.assert_allclose(got, (of(a + h * up) - base) / h, atol=2e-5 * abs(up).max() ** 2)
            at_all = jvp(lambda a, of=of: of(a).sum(axis=-1), (a,), (up,))[1]
            np.testing.assert_allclose(at_all, np.trace(up), atol=1e-12)


SYMMETRIC = [np.diag([1.0, 0.0, 0.0]), np.diag([0.0, 1.0, 2.0]), np.eye(3), np.diag([0.0, 0.0, 1.0]), *(
    np.array(m, float) for m in ([[0, 1, 0], [1, 0, 0], [0, 0, 0]], [[0, 2, 1], [2, -1, 1], [1, 1, 2]]))]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("a", THREE)
def test_forward_mode_twice_at_equal_eigenvalues_is_right_or_nan(a):
    """The derivatives in one direction belong to other vectors than those in another direction."""
    for f, want in ((lambda a: (linalg.eigvalsh(a) ** 2).sum(), lambda u, v: 2 * np.trace(u @ v)),
                    (lambda a: (linalg.svdvals(a) ** 2).sum(), lambda u, v: 2 * np.trace(u @ v)),
                    (lambda a: (linalg.eigvalsh(a) ** 3).sum(), lambda u, v: 3 * np.trace(a @ (u @ v + v @ u)))):
        for u in SYMMETRIC:
            for v in SYMMETRIC:
                twice = jvp(lambda x, f=f, u=u: jvp(f, (x,), (u,))[1], (a,), (v,))[1]
                mixed = (grad(lambda x, f=f, u=u: jvp(f, (x,), (u,))[1])(a) * v).sum()
                for got in (twice, mixed):
                    assert np.isnan(got) or np.isclose(got, want(u, v)), f"{u.tolist()}, {v.tolist()}: {got}"


def test_the_vector_of_an_eigenvalue_that_is_alone():
    """Beside equal ones it has its derivative: they do not turn each other, but it turns against all of them."""
    a, u = np.diag([2.0, 2.0, 5.0]), normal(3, seed=1)
    got = grad(lambda a: (linalg.eigh(a)[1][:, 2] @ u) ** 2)(a)
    h = 1e-6

    def f(a):
        return (np.linalg.eigh(a)[1][:, 2] @ u) ** 2
    for i, j in ((0, 0), (1, 0), (2, 0), (2, 1), (2, 2)):
        step = np.zeros((3, 3))
        step[i, j] = h
        assert got[i, j] == pytest.approx((f(a + step) - f(a - step)) / (2 * h), abs=1e-6)


@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (3, 4)])
def test_equal_and_missing_singular_values(shape):
    a = np.zeros(shape)
    np.fill_diagonal(a, 2.0)
    np.testing.assert_allclose(grad(lambda a: (linalg.svdvals(a) ** 2).sum())(a), 2 * a, atol=1e-12)
    np.testing.assert_allclose(grad(lambda a: np.linalg.norm(a, "nuc"))(a), a / 2, atol=1e-12)
    c = normal(*shape)

    def product(a):
        u, s, vh = linalg.svd(a, full_matrices=False)
        return ((u * s) @ vh * c).sum()
    for x in (a, 0 * a):
        got = grad(product)(x)
        assert (np.isnan(got) | np.isclose(got, c)).all() and np.isnan(got).any()


@pytest.mark.parametrize(("x", "y", "by_y"), [(-3.0, math.inf, 1.0), (3.0, math.inf, 0.0), (3.0, -math.inf, 1.0),
                                              (-3.0, -math.inf, 0.0), (-1e-20, 1.0, 1.0), (-3.0, 2.0, 2.0),
                                              (1.0, 0.1, -9.0)])
def test_remainder_of_a_divisor_at_infinity(x, y, by_y):
    assert grad(remainder, argnums=(0, 1))(x, y) == (1.0, by_y)
    assert grad(lambda y: np.remainder(np.float64(x), y).sum())(np.array([y])).tolist() == [by_y]
    for kind in (Value, Tensor):
        divisor = kind(y)
        (x % divisor).backward()
        assert divisor.grad == by_y


def turned(w):
    """A symmetric matrix with these eigenvalues, as well as rounding allows."""
    q, _ = np.linalg.qr(normal(len(w), len(w), seed=3))
    return (q * w) @ q.T


OF_EIGENVALUES = [                                   # and the same without a decomposition
    (lambda a: np.linalg.eigvalsh(a).sum(), np.trace),
    (lambda a: (np.linalg.eigvalsh(a) ** 2).sum(), lambda a: (a * a).sum()),
    (lambda a: (np.linalg.eigvalsh(a) ** 3).sum(), lambda a: np.trace(a @ a @ a)),
    (lambda a: (np.linalg.svd(a, compute_uv=False) ** 2).sum(), lambda a: (a * a).sum()),
    (lambda a: (np.linalg.svd(a, compute_uv=False) ** 4).sum(), lambda a: ((a.T @ a) ** 2).sum()),
    (lambda a: np.prod(np.linalg.eigvalsh(a)), np.linalg.det)]


@pytest.mark.slow
@pytest.mark.parametrize("w", [[0, 0, 14], [0, 0, 0], [2, 2, 5], [1, 1, 1], [0, 1, 2], [-1, 2, 3]])
@pytest.mark.parametrize("second", [
    hvp, lambda f, a, u: grad(lambda a: (grad(f)(a) * u).sum())(a), lambda f, a, u: jvp(grad(f), (a,), (u,))[1]])
def test_second_derivatives_of_smooth_functions_of_eigenvalues(w, second):
    """Right also where eigenvalues are equal but for rounding, as where the rank is not full; or nan."""
    u = normal(3, 3, seed=5)
    for a in (np.diag(np.array(w, float)), turned(np.array(w, float))):
        for i, (f, plain) in enumerate(OF_EIGENVALUES):
            def of_symmetric(a, f=f):
                return f((a + np.swapaxes(a, -1, -2)) / 2)
            got = second(of_symmetric, a, u)
            want = second(lambda a, f=plain: f((a + np.swapaxes(a, -1, -2)) / 2), a, u)
            assert (np.isnan(got) | np.isclose(got, want, rtol=1e-6, atol=1e-6)).all(), f"function {i}"
            if (w == [0, 0, 14] and a[0, 1]) or w == [-1, 2, 3]:
                assert not np.isnan(got).any(), f"function {i}"


def test_vectors_of_eigenvalues_that_are_equal_but_for_rounding():
    """Their cotangents differ by nothing but rounding, of which a quotient makes any number."""
    a, c = turned(np.array([2.0, 2.0, 5.0])), C[:3, :3]
    for f in (again, lambda a: np.matmul(*(lambda r: (r.U * r.S, r.Vh))(linalg.svd(a)))):
        got = grad(lambda a, f=f: (f((a + a.T) / 2) * c).sum())(a)
        assert (np.isnan(got) | np.isclose(got, (c + c.T) / 2)).all()
