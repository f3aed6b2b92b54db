"""Transforms inside transforms, of either mode: nothing is confused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers.transformed import d, plain

import autograd_nn as ag
from autograd_nn import (
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    stop_gradient,
    vjp,
)

MODES = [grad, d, lambda f: lambda x: jacobian(f)(x), lambda f: lambda x: vjp(f, x)[1](1.0)[0],
         lambda f: ag.checkpoint(grad(f)), lambda f: grad(ag.checkpoint(f)), lambda f: d(ag.checkpoint(f))]
every_pair = pytest.mark.parametrize(("outer", "inner"), [(a, b) for a in MODES for b in MODES])


@every_pair
def test_no_perturbation_confusion(outer, inner):
    assert outer(lambda x: x * inner(lambda y: x + y)(1.0))(3.0) == 1.0
    assert outer(lambda x: x * inner(lambda y: x * y)(1.0))(3.0) == 6.0
    assert outer(lambda x: inner(lambda y: x * y)(x))(3.0) == 1.0
    assert outer(lambda x: x * inner(lambda y: x * y)(x))(3.0) == 6.0
    assert outer(lambda x: x * inner(lambda y: x * y * y)(2.0))(3.0) == 24.0
    assert outer(lambda x: inner(lambda y: inner(lambda z: x * y * z * z)(y))(x))(2.0) == 16.0
    assert outer(lambda x: inner(lambda y: y * stop_gradient(x))(x) * x)(3.0) == 3.0
    assert outer(lambda x: x * inner(lambda y: 5.0)(x))(3.0) == 0.0


@every_pair
def test_any_mode_of_any_mode(outer, inner):
    x = 0.7
    f = lambda x: ag.sin(x) * ag.exp(x * x)
    e = math.exp(x * x)
    second = e * (-math.sin(x) + 4 * x * math.cos(x) + (2 + 4 * x * x) * math.sin(x))
    assert outer(inner(f))(x) == pytest.approx(second, rel=1e-13)
    assert type(outer(inner(f))(x)) is float


def test_a_minimisation_inside_a_differentiated_function():
    """The minimum of (y - a)^2 + y^2 is y = a/2: its derivative by a is 1/2, in each mode."""
    def descent(a):
        y = 0.0
        for _ in range(60):
            y = y - 0.25 * grad(lambda y: (y - a) ** 2 + y ** 2)(y)
        return y

    def newton(a):                                       # of exp(y) - a y, whose minimum is log a
        y = 0.0
        for _ in range(8):
            slope = grad(lambda y: ag.exp(y) - a * y)
            y = y - slope(y) / d(slope)(y)
        return y
    for mode in (grad, d, jacobian):
        assert mode(descent)(3.0) == pytest.approx(0.5)
        assert mode(newton)(2.0) == pytest.approx(0.5)
        assert mode(mode(newton))(2.0) == pytest.approx(-0.25)


def test_nested_on_arrays():
    rng = np.random.default_rng(0)
    a, x, v = rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=3)
    f = lambda x: np.sum(np.tanh(a @ x) ** 2)
    eps = 1e-5
    h = np.stack([(grad(f)(x + eps * e) - grad(f)(x - eps * e)) / (2 * eps) for e in np.eye(3)])
    for full in (hessian(f)(x), jacobian(grad(f))(x), jacobian(lambda x: jacobian(f)(x))(x),
                 jacobian(lambda x: np.stack([jvp(f, (x,), (e,))[1] for e in np.eye(3)]))(x)):
        np.testing.assert_allclose(full, h, atol=1e-9)
    along = [hvp(f, x, v), jvp(grad(f), (x,), (v,))[1], grad(lambda x: np.sum(grad(f)(x) * v))(x),
             grad(lambda x: jvp(f, (x,), (v,))[1])(x), jacobian(lambda x: jvp(f, (x,), (v,))[1])(x)]
    for product in along:
        np.testing.assert_allclose(product, h @ v, atol=1e-9)
    twice = jvp(lambda y: jvp(f, (y,), (v,))[1], (x,), (v,))[1]          # forward in forward, through matmul
    assert twice == pytest.approx(v @ h @ v, abs=1e-9)
    inner = lambda x: jvp(lambda y: np.sum(np.sin(y) * x), (x,), (x * x,))[1]          # sum(cos(x) x^3)
    want = -np.cos(x) * x ** 3 - 6 * np.sin(x) * x ** 2 + 6 * np.cos(x) * x
    np.testing.assert_allclose(hessian(inner)(x), np.diag(want), atol=1e-12)
    # a dual cotangent: d/dx of v(x) J(x)
    pulled = lambda x: np.sum(vjp(lambda y: np.sin(y) * y, x)[1](x * x)[0])
    _, along = jvp(pulled, (x,), (v,))
    assert along == pytest.approx(grad(pulled)(x) @ v, rel=1e-12)


def test_forward_mode_is_numpys_too():
    x = np.array([0.5, -1.5, 2.0])
    functions = [np.sin, lambda x: np.where(x > 0, x * x, x), lambda x: np.concatenate([x, x * x]).sum(),
                 lambda x: np.stack([x.T, x]).reshape(3, 2) @ np.ones(2), lambda x: x.reshape(1, 3).transpose().ravel(),
                 lambda x: sum(v * v for v in x) * len(x) * x.ndim * x.size, lambda x: np.where(np.isfinite(x), x, 0),
                 lambda x: np.zeros_like(x) + x ** 2, lambda x: np.split(x, 3)[1] * x[0], lambda x: x[::-1] * 3.0]
    for f in functions:
        y, dy = jvp(f, (x,), (np.ones(3),))
        np.testing.assert_allclose(y, f(x), rtol=1e-15)
        np.testing.assert_allclose(dy, (f(x + 1e-6) - f(x - 1e-6)) / 2e-6, rtol=1e-8)
        assert plain(y) and plain(dy)
    with pytest.raises(TypeError, match="tangent"):
        jvp(lambda x: np.asarray(x), (x,), (x,))


def test_forward_mode_through_comparisons_and_numbers():
    f = lambda x: x * 3 if x > 0 else -x
    assert jvp(f, (2.0,), (1.0,)) == (6.0, 3.0) and jvp(f, (-2.0,), (1.0,)) == (2.0, -1.0)
    assert jvp(lambda x: 7.0, (1.0,), (1.0,)) == (7.0, 0.0)
