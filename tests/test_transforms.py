"""Transforms: derivatives of functions, of any order and in any nesting."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_nn as ag
from autograd_nn import Tensor, Value, elementwise_grad, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp


@given(st.floats(-2, 2), st.integers(1, 4))
def test_derivatives_of_any_order(x, order):
    f = ag.sin
    for _ in range(order):
        f = grad(f)
    want = [math.sin, math.cos, lambda v: -math.sin(v), lambda v: -math.cos(v)][order % 4](x)
    assert f(x) == pytest.approx(want, abs=1e-14)
    assert type(f(x)) is float


def test_no_perturbation_confusion():
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(3.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(1.0))(3.0) == 6.0
    assert grad(lambda x: grad(lambda y: x * y)(x))(3.0) == 1.0
    d = lambda f: lambda x: jvp(f, (x,), (1.0,))[1]
    assert d(lambda x: x * d(lambda y: x + y)(1.0))(3.0) == 1.0
    assert d(lambda x: x * d(lambda y: x * y)(x))(3.0) == 6.0
    assert grad(lambda x: x * d(lambda y: x * y)(2.0))(3.0) == 6.0
    assert d(lambda x: x * grad(lambda y: x * y * y)(2.0))(3.0) == 24.0


def test_a_minimisation_inside_a_differentiated_function():
    """The minimum of (y - a)^2 + y^2 is y = a/2: its derivative by a is 1/2."""
    def argmin(a):
        y = 0.0
        for _ in range(60):
            y = y - 0.25 * grad(lambda y: (y - a) ** 2 + y ** 2)(y)
        return y
    assert grad(argmin)(3.0) == pytest.approx(0.5)


def test_arguments_and_results():
    f = lambda x, y: (x * y).sum()
    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert grad(f)(x, y).tolist() == [3.0, 4.0] and grad(f, 1)(x, y).tolist() == [1.0, 2.0]
    value, (gx, gy) = value_and_grad(f, (0, 1))(x, y)
    assert value == 11.0 and gx.tolist() == [3.0, 4.0] and gy.tolist() == [1.0, 2.0]
    assert grad(lambda x: 5.0)(2.0) == 0.0 and grad(lambda x, y: y * 2)(1.0, 2.0) == 0.0
    g = grad(lambda v: v * v)(Value(3.0))
    assert isinstance(g, Value) and g.data == 6.0
    assert isinstance(grad(lambda t: (t * t).sum())(Tensor([1.0])), Tensor)
    assert grad(lambda x: x.sum())([1.0, 2.0]).tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="sum"):
        grad(lambda x: x * 2)(x)
    with pytest.raises(TypeError, match="str"):
        grad(lambda x: "no")(1.0)


def test_vjp_jvp_and_jacobian_agree():
    rng = np.random.default_rng(0)
    a, x = rng.normal(size=(3, 2)), rng.normal(size=2)
    f = lambda x: np.tanh(a @ x) if isinstance(x, np.ndarray) else ag.tanh(a @ x)
    full = jacobian(f)(x)
    want = (1 - np.tanh(a @ x) ** 2)[:, None] * a
    np.testing.assert_allclose(full, want, rtol=1e-12)
    v, u = rng.normal(size=3), rng.normal(size=2)
    y, pull = vjp(f, x)
    np.testing.assert_allclose(y, np.tanh(a @ x))
    np.testing.assert_allclose(pull(v)[0], v @ want, rtol=1e-12)
    y, dy = jvp(f, (x,), (u,))
    np.testing.assert_allclose(dy, want @ u, rtol=1e-12)
    np.testing.assert_allclose(jacobian(lambda x: ag.stack([x.sum(), (x * x).sum()]))(x), [[1, 1], 2 * x])
    with pytest.raises(ValueError):
        pull(np.ones(7))
    with pytest.raises(ValueError):
        jvp(f, (x,), (np.ones(3),))


def test_hessian_and_its_products():
    rng = np.random.default_rng(1)
    m = rng.normal(size=(3, 3))
    f = lambda x: x @ m @ x + ag.sum(ag.sin(x) ** 2)
    x, v = rng.normal(size=3), rng.normal(size=3)
    h = hessian(f)(x)
    np.testing.assert_allclose(h, m + m.T + np.diag(2 * np.cos(2 * x)), rtol=1e-10)
    np.testing.assert_allclose(hvp(f, x, v), h @ v, rtol=1e-10)
    assert hessian(lambda x: x ** 3)(2.0) == 12.0


def test_elementwise():
    x = np.linspace(-1, 1, 5)
    np.testing.assert_allclose(elementwise_grad(ag.tanh)(x), 1 - np.tanh(x) ** 2)
    assert elementwise_grad(ag.tanh)(0.0) == 1.0
    np.testing.assert_allclose(elementwise_grad(elementwise_grad(ag.sin))(x), -np.sin(x), atol=1e-15)


def test_forward_mode_through_comparisons_and_numbers():
    f = lambda x: x * 3 if x > 0 else -x
    assert jvp(f, (2.0,), (1.0,)) == (6.0, 3.0) and jvp(f, (-2.0,), (1.0,)) == (2.0, -1.0)
    assert jvp(lambda x: 7.0, (1.0,), (1.0,)) == (7.0, 0.0)
