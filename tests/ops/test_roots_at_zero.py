"""Lengths and spreads: out of range squares, and what is left of their derivatives at 0."""

from __future__ import annotations

import math

import numpy as np
import pytest
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


EXTREME = [(np.float32, 1e-23), (np.float32, 1e-38), (np.float32, 1e30), (np.float64, 1e-200), (np.float64, 1e-300),
           (np.float64, 1e200), (np.float64, 1e300)]
SHAPE = np.array([3.0, -4.0, 1.0])


@OF_LENGTH
@pytest.mark.parametrize(("dtype", "size"), EXTREME)
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
