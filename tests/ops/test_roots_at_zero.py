"""Lengths and spreads: out of range squares, and what is left of their derivatives at 0."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers.each import each
from helpers.numeric import slope

import autograd_nn as ag
from autograd_nn import Tensor, fft, grad, hessian, hvp, jvp

ROOTS = {
    "norm": np.linalg.norm, "norm along an axis": lambda x: np.linalg.norm(x, axis=0),
    "fro": lambda x: np.linalg.norm(x[:, None], "fro"), "norm 3": lambda x: np.linalg.norm(x, 3),
    "norm 1.5": lambda x: np.linalg.norm(x, 1.5), "norm -2": lambda x: np.linalg.norm(x, -2),
    "vector_norm": np.linalg.vector_norm, "hypot": lambda x: np.hypot(x[0], x[1]),
    "std": np.std, "std, where": lambda x: np.std(x, where=np.array([True, True, False])),
    "std, mean": lambda x: np.std(x, mean=np.mean(x, keepdims=True)), "std, ddof": lambda x: np.std(x, ddof=1),
    "nanstd": np.nanstd, "absolute of a Complex": lambda x: abs(fft.Complex(x[0], x[1]))}
OF_LENGTH = pytest.mark.parametrize("name", ROOTS)


@pytest.mark.slow
@OF_LENGTH
@pytest.mark.parametrize("after", [lambda y: y, lambda y: y * y, lambda y: y ** 2, np.square, np.sin,
                                   lambda y: np.exp(y) - y, lambda y: 1 - np.cos(y)])
@pytest.mark.filterwarnings("ignore:divide by zero")             # NumPy's own, for negative orders
def test_a_second_derivative_through_a_root_of_0_is_no_number(name, after):
    """The length has none there; of its square there is one, which rules of one op after the other cannot find."""
    def f(x):
        return after(ROOTS[name](x))
    x, v = np.zeros(3), np.array([1.0, -2.0, 0.5])
    assert np.isfinite(grad(f)(x)).all()                 # 0 by convention
    used = x[:2] if "hypot" in name or "Complex" in name or "where" in name else x
    assert np.isnan(hessian(f)(x)[:len(used), :len(used)]).all()
    assert np.isnan(grad(lambda x: (grad(f)(x) * v).sum())(x)[:len(used)]).all()


def in_each(along):
    """The matrix of what `along` gives in the direction of each coordinate."""
    return lambda f, x: np.stack([along(f, x, v) for v in np.eye(len(x))])


SECOND = {
    "hessian": lambda f, x: hessian(f)(x), "hvp": in_each(hvp),
    "jvp of grad": in_each(lambda f, x, v: jvp(grad(f), (x,), (v,))[1]),
    "grad of grad": in_each(lambda f, x, v: grad(lambda x: (grad(f)(x) * v).sum())(x)),
    "grad of jvp": in_each(lambda f, x, v: grad(lambda x: jvp(f, (x,), (v,))[1])(x)),
    "jvp of jvp": in_each(lambda f, x, u: np.array([
        jvp(lambda x: jvp(f, (x,), (u,))[1], (x,), (v,))[1] for v in np.eye(len(x))]))}
TWO, PAIRS = 2 * np.eye(2), 4 * np.array([[1.0, -1.0], [-1.0, 1.0]])
SMOOTH = {                                           # of roots that are 0 at (0, 0), with the Hessian there
    "norm": (lambda x: np.linalg.norm(x) ** 2, TWO), "hypot": (lambda x: np.hypot(x[0], x[1]) ** 2, TWO),
    "std": (lambda x: np.std(x) ** 2, PAIRS / 8), "var": (np.var, PAIRS / 8),
    "sqrt": (lambda x: np.sqrt(np.sum(x * x)) ** 2, TWO),
    "sqrt twice": (lambda x: np.sqrt(x @ x) * np.sqrt(x @ x), TWO),
    "power": (lambda x: np.power(np.sum(x ** 2), 0.5) ** 2, TWO), "cbrt": (lambda x: np.cbrt(np.sum(x * x)) ** 3, TWO),
    "exp of log": (lambda x: np.exp(0.5 * np.log(np.sum(x * x))) ** 2, TWO),
    "arccosh": (lambda x: np.sum(np.arccosh(1 + x * x) ** 2), 2 * TWO),
    "distances": (lambda x: np.sum(np.sqrt((x[:, None] - x) ** 2) ** 2), PAIRS),
    "rms": (lambda x: np.sqrt(np.mean(np.square(x))) ** 2, TWO / 2),
    "cos": (lambda x: np.cos(np.linalg.norm(x)), -TWO / 2),
    "cos of sqrt": (lambda x: np.cos(np.sqrt(np.sum(x * x))), -TWO / 2),
    "polar": (lambda x: np.hypot(x[0], x[1]) * np.cos(np.arctan2(x[1], x[0])), 0 * TWO),
    "Complex": (lambda x: abs(fft.Complex(x[0], x[1])) ** 2, TWO),
    "norm 4": (lambda x: np.linalg.norm(x, 4) ** 4, 0 * TWO),
    "nuclear": (lambda x: np.linalg.norm(x[None], "nuc") ** 2, TWO),
    "spectral": (lambda x: np.linalg.norm(x[None], 2) ** 2, TWO),
    "singular values": (lambda x: np.sum(np.linalg.svd(np.diag(x), compute_uv=False) ** 2), TWO),
    "eigenvalues": (lambda x: np.sum(np.linalg.eigvalsh(np.diag(x)) ** 2), TWO),
    "x x": (lambda x: np.sum(np.power(x, 2.0)), TWO), "logaddexp": (lambda x: np.sum(np.logaddexp(x, -x)), TWO / 2)}


@pytest.mark.parametrize("second", SECOND)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_smooth_function_of_a_root_has_its_second_derivative_or_none(second):
    """The first derivative by the root is 0 there, and what the root itself has is hidden behind it."""
    for name, (f, want) in SMOOTH.items():
        got = SECOND[second](f, np.zeros(2))
        assert (~np.isfinite(got) | np.isclose(got, want)).all(), f"{name}: {got}"


@pytest.mark.parametrize("second", ["hessian", "jvp of grad", "grad of grad", "grad of jvp"])
@pytest.mark.parametrize("f", [
    lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)) ** 2, lambda x: np.sum(np.where(x > 0, x * np.log(x), 0.0)) ** 2,
    lambda x: np.sum(np.maximum(np.sqrt(x), 0.1)) ** 2, lambda x: np.sum(np.clip(np.sqrt(x), 0.1, 9.0)) ** 2,
    lambda x: np.sqrt(x)[1] ** 3, lambda x: np.max(np.sqrt(x)) ** 3, lambda x: np.sort(np.sqrt(x))[1] ** 3])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_masked_has_second_derivative_0(second, f):
    """A cotangent that stays 0 is another thing than one that is 0 at this point alone."""
    got = SECOND[second](f, np.array([0.0, 4.0]))
    assert np.isfinite(got).all() and (got[0] == 0).all() and (got[:, 0] == 0).all()
    assert got[1, 1] == pytest.approx(float(slope(lambda t: grad(f)(np.array([0.0, 4.0 + t]))[1])))


def test_a_constant_factor_of_0_is_a_mask():
    mask = np.array([0.0, 1.0])
    assert np.isfinite(hessian(lambda x: (np.sqrt(x) * mask).sum() ** 2)(np.array([0.0, 4.0]))).all()


@OF_LENGTH
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_both_modes_have_the_convention_and_no_second_derivative(name):
    x, v = np.zeros(3), np.array([1.0, -2.0, 0.5])
    f = ROOTS[name]
    assert jvp(f, (x,), (v,))[1] == 0
    used = 2 if "hypot" in name or "Complex" in name or "where" in name else 3
    assert np.isnan(hvp(f, x, v)[:used]).all()


@pytest.mark.parametrize("after", [lambda y: y, lambda y: y ** 2, lambda y: y * y])
def test_hypot_of_values(after):
    assert math.isnan(grad(grad(lambda x: after(ag.hypot(x, 0.0))))(0.0))
    assert math.isnan(hessian(lambda x, y: after(ag.hypot(x, y)), argnums=(0, 1))(0.0, 0.0)[0][1])
    assert math.isnan(hvp(lambda x: after(ag.hypot(x, 0.0)), 0.0, 1.0))
    assert math.isnan(grad(lambda x: jvp(lambda x: after(ag.hypot(x, 0.0)), (x,), (1.0,))[1])(0.0))


EXTREME = [(np.float32, 1e-23), (np.float32, 1e-38), (np.float32, 1e30), (np.float64, 1e-200), (np.float64, 1e-300),
           (np.float64, 1e200), (np.float64, 1e300)]
SHAPE = np.array([3.0, -4.0, 1.0])


@OF_LENGTH
@each(("dtype", "size"), EXTREME)
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_squares_out_of_range(name, dtype, size):
    """A length of c x is c times that of x, and has its gradient."""
    f = ROOTS[name]
    x = (SHAPE * size).astype(dtype)
    y = f(Tensor(x))
    rtol = 1e-12 if dtype == np.float64 else 2e-6
    assert y.dtype == dtype
    np.testing.assert_allclose(y.data / dtype(size), f(Tensor(SHAPE)).data, rtol=rtol)
    np.testing.assert_allclose(grad(f)(x), grad(f)(SHAPE), rtol=rtol, atol=rtol)


@pytest.mark.parametrize("axis", [0, 1, (0, 1), None])
def test_only_the_numbers_out_of_range_are_scaled(axis):
    x = np.array([[1e-200, 3.0], [2e-200, 1e200], [0.0, 0.0]])
    got = np.linalg.norm(Tensor(x), axis=axis).data.reshape(-1)
    want = [math.hypot(*row) for row in ([x.ravel()] if axis in (None, (0, 1)) else np.moveaxis(x, axis, -1))]
    np.testing.assert_allclose(got, want, rtol=1e-15)
    nothing = np.linalg.norm(Tensor(np.array([[np.nan, 1e200], [np.inf, 1.0], [np.nan, np.nan]])), axis=1).data
    assert np.isnan(nothing[[0, 2]]).all() and nothing[1] == np.inf


@OF_LENGTH
def test_second_derivatives_elsewhere(name):
    f, u, v = ROOTS[name], np.array([0.3, -1.0, 0.7]), np.array([1.0, 0.2, -0.4])
    second = slope(lambda t: float((grad(f)(SHAPE + t * v) * u).sum()))
    assert (hvp(f, SHAPE, v) * u).sum() == pytest.approx(second, rel=1e-7, abs=1e-8)
