"""Transforms: derivatives of functions, of any order, for arguments of any nest."""

from __future__ import annotations

import math
from collections import namedtuple

import numpy as np
import pytest
from helpers.transformed import d, plain
from hypothesis import given
from hypothesis import strategies as st

import autograd_nn as ag
from autograd_nn import (
    Tensor,
    Value,
    elementwise_grad,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    stop_gradient,
    value_and_grad,
    vjp,
)


def test_derivatives_of_any_order():
    want = [math.sin, math.cos, lambda v: -math.sin(v), lambda v: -math.cos(v)]

    @given(st.floats(-2, 2), st.lists(st.sampled_from([grad, d]), min_size=1, max_size=4))
    def check(x, modes):
        f = ag.sin
        for mode in modes:
            f = mode(f)
        assert f(x) == pytest.approx(want[len(modes) % 4](x), abs=1e-14)
        assert type(f(x)) is float
    check()


# --- arguments and results -------------------------------------------------------------------------

def test_arguments_and_results():
    f = lambda x, y, scale=1.0: (x * y).sum() * scale
    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert grad(f)(x, y).tolist() == [3.0, 4.0] and grad(f, 1)(x, y).tolist() == [1.0, 2.0]
    assert grad(f, -1)(x, y).tolist() == [1.0, 2.0] and grad(f)(x, y, scale=2.0).tolist() == [6.0, 8.0]
    value, (gx, gy) = value_and_grad(f, (0, 1))(x, y)
    assert value == 11.0 and gx.tolist() == [3.0, 4.0] and gy.tolist() == [1.0, 2.0]
    assert isinstance(grad(f, [1])(x, y), tuple)
    assert grad(lambda x: 5.0)(2.0) == 0.0 and grad(lambda x, y: y * 2)(1.0, 2.0) == 0.0
    assert grad(lambda x: 5)(x).tolist() == [0.0, 0.0] and grad(lambda x: x ** 2)(3) == 6.0
    assert grad(lambda x: x[0] * x[1])([2.0, 3.0]) == [3.0, 2.0]


def test_dtypes_and_kinds_are_the_arguments():
    for x in (np.ones((2, 3), np.float32), np.ones((), np.float32), np.ones((0, 3)), np.float32(2.0), 2.0,
              np.ones(4)[::-2], np.broadcast_to(np.ones(3, np.float32), (2, 3))):
        value, g = value_and_grad(lambda x: ag.sum(x * x))(x)
        assert plain(value) and type(g) is type(x) and np.shape(g) == np.shape(x)
        assert np.asarray(g).dtype == np.asarray(x).dtype == np.asarray(value).dtype
        _, dy = jvp(lambda x: x * x, (x,), (np.ones(np.shape(x)) if np.shape(x) else 1.0,))
        assert np.asarray(dy).dtype == np.asarray(x).dtype
        assert np.asarray(jacobian(lambda x: x * 2.0)(x)).dtype == np.asarray(x).dtype


def test_results_belong_to_the_caller():
    x = np.array([1.0, 2.0])
    y, (a, b) = value_and_grad(lambda a, b: (a + b).sum(), (0, 1))(x, x)
    a += 1.0
    assert b.tolist() == [1.0, 1.0] and x.tolist() == [1.0, 2.0]
    y, pull = vjp(lambda x: x, x)
    y += 5.0
    seed = np.ones(2)
    g = pull(seed)[0]
    g *= 3.0
    assert seed.tolist() == [1.0, 1.0] and pull(seed)[0].tolist() == [1.0, 1.0]
    y, pull = vjp(lambda x: x * x, x)
    x[:] = 100.0                                         # the argument was copied
    assert pull(np.ones(2))[0].tolist() == [2.0, 4.0]


def test_nodes_in_nodes_out():
    for linear in (False, True):                         # the derivative of a linear function is a node too
        f = (lambda v: v * 3.0) if linear else (lambda v: v * v)
        value, g = value_and_grad(f)(Value(3.0))
        assert isinstance(value, Value) and isinstance(g, Value) and g.data == (3.0 if linear else 6.0)
        value, g = value_and_grad(lambda t, f=f: f(t).sum())(Tensor([1.0, 2.0]))
        assert isinstance(value, Tensor) and isinstance(g, Tensor)
    x = Value(2.0)
    y = grad(lambda v: v ** 3)(x) * x
    y.backward()
    assert x.grad == 36.0                                # (3 x^2) x
    y, dy = jvp(lambda v: v * v, (x,), (1.0,))
    assert isinstance(y, Value) and isinstance(dy, Value)


def test_what_a_function_closes_over_is_not_lost():
    """Where a derivative depends on a node of an outer graph it is a node, and plain where it does not."""
    w, b = Tensor([2.0, 3.0], name="w"), Tensor([0.5, 0.5])
    h = w * w                                            # not a leaf
    x = np.array([1.0, 2.0])
    for f, dependent in [(lambda x: (x * w).sum(), True), (lambda x: (x * h).sum(), True),
                         (lambda x: (x * x).sum() + b.sum(), False)]:
        value, g = value_and_grad(f)(x)
        assert isinstance(value, Tensor) and isinstance(g, Tensor) == dependent and plain(g) != dependent
        _, pull = vjp(f, x)
        assert isinstance(pull(1.0)[0], Tensor) == dependent
        _, dy = jvp(f, (x,), (x,))
        assert isinstance(dy, Tensor) or not dependent
        assert isinstance(jacobian(f)(x), Tensor) == dependent
        with no_grad():
            value, g = value_and_grad(f)(x)
            assert plain(value) and plain(g) and plain(jvp(f, (x,), (x,))[1]) and plain(hvp(f, x, x))
            assert g.tolist() == (w.data if f(x).data == 8.0 else h.data if dependent else 2 * x).tolist()
    penalty = (grad(lambda x: (x * x * h).sum())(x) ** 2).sum()          # sum (2 x w^2)^2
    penalty.backward()
    np.testing.assert_allclose(w.grad, 16 * x ** 2 * w.data ** 3)
    w.zero_grad()
    jvp(lambda x: (x * h).sum(), (x,), (x,))[1].backward()
    np.testing.assert_allclose(w.grad, 2 * x * w.data)
    assert plain(grad(lambda x: (x * stop_gradient(w)).sum())(x))


def test_nests_of_everything():
    Pair = namedtuple("Pair", "a b")
    nest = {"w": [np.array([1.0, 2.0]), None], "p": Pair(3.0, (4, "text")), "n": np.arange(2), "mask": True,
            "s": np.float32(2.0)}
    f = lambda t: (t["w"][0] ** t["p"].b[0]).sum() * t["p"].a + t["s"] * t["w"][0][t["n"][1]]
    value, g = value_and_grad(f)(nest)
    assert value == 3 * 17 + 4.0
    assert g["w"][0].tolist() == [12.0, 98.0] and g["w"][1] is None
    assert g["p"] == Pair(17.0, (None, None)) and g["n"] is None and g["mask"] is None and g["s"] == 2.0
    assert type(g["s"]) is np.float32
    tangent = {"w": [np.ones(2), None], "p": Pair(1.0, (None, None)), "n": None, "mask": None, "s": 1.0}
    assert jvp(f, (nest,), (tangent,)) == (55.0, 110.0 + 17.0 + 2.0)
    _, pull = vjp(lambda t: {"a": t["w"][0] * 2, "b": [t["p"].a, 7, "x"]}, nest)
    (back,) = pull({"a": np.array([1.0, 10.0]), "b": [5.0, None, None]})
    assert back["w"][0].tolist() == [2.0, 20.0] and back["p"].a == 5.0 and back["s"] == 0.0
    y, dy = jvp(lambda t: {"a": t["s"] * 2, "b": 7}, (nest,), (tangent,))
    assert y == {"a": 4.0, "b": 7} and dy == {"a": 2.0, "b": None}


def test_jacobians_and_hessians_of_nests():
    nest = {"a": np.array([1.0, 2.0]), "b": 3.0}
    f = lambda t: [t["a"] * t["b"], t["a"].sum() ** 2]
    for pad in (0, 5):                                   # a larger output turns it to forward mode
        j = jacobian(lambda t, pad=pad: [*f(t), *[t["b"]] * pad])(nest)
        assert j[0]["a"].tolist() == [[3.0, 0.0], [0.0, 3.0]] and j[0]["b"].tolist() == [1.0, 2.0]
        assert j[1]["a"].tolist() == [6.0, 6.0] and j[1]["b"] == 0.0
    h = hessian(lambda t: (t["a"] ** 2).sum() * t["b"])(nest)
    assert h["a"]["a"].tolist() == [[6.0, 0.0], [0.0, 6.0]] and h["a"]["b"].tolist() == [2.0, 4.0]
    assert h["b"]["a"].tolist() == [2.0, 4.0] and h["b"]["b"] == 0.0
    (aa, ab), (ba, bb) = hessian(lambda x, y: x * x * y, (0, 1))(2.0, 3.0)
    assert (aa, ab, ba, bb) == (6.0, 4.0, 4.0, 0.0)
    assert hvp(lambda t: (t["a"] ** 2).sum() * t["b"], nest, {"a": np.ones(2), "b": 0.0})["b"] == 6.0
    assert jacobian(lambda x: x[:0])(np.ones(2)).shape == (0, 2)
    assert jacobian(lambda x, y: x * y, (0, 1))(2.0, 3.0) == (3.0, 2.0)


def test_has_aux():
    f = lambda x: (x * x, {"twice": 2 * x, "n": 3})
    assert value_and_grad(f, has_aux=True)(3.0) == ((9.0, {"twice": 6.0, "n": 3}), 6.0)
    assert grad(f, has_aux=True)(3.0) == (6.0, {"twice": 6.0, "n": 3})
    y, pull, aux = vjp(f, 3.0, has_aux=True)
    assert (y, pull(2.0), aux) == (9.0, (12.0,), {"twice": 6.0, "n": 3})
    assert jvp(f, (3.0,), (1.0,), has_aux=True) == (9.0, 6.0, {"twice": 6.0, "n": 3})
    assert jacobian(f, has_aux=True)(3.0) == (6.0, {"twice": 6.0, "n": 3})
    assert hessian(f, has_aux=True)(3.0) == (2.0, {"twice": 6.0, "n": 3})
    w = Value(2.0)
    _, aux = grad(lambda x: (x * x, (w * x, x)), has_aux=True)(3.0)
    assert isinstance(aux[0], Value) and aux[1] == 3.0 and type(aux[1]) is float
    assert grad(lambda x: x * grad(lambda y: (y * y, y * x), has_aux=True)(x)[1])(2.0) == 12.0
    for transform in (grad, value_and_grad, jacobian, hessian):
        with pytest.raises(TypeError, match="pair"):
            transform(lambda x: x * x, has_aux=True)(3.0)


def test_errors_say_what_to_do():
    x = np.array([1.0, 2.0])
    cases = [(lambda: grad(lambda x: x * 2)(x), ValueError, r"grad: .*\(2,\)\n.*sum"),
             (lambda: grad(lambda x: "no")(1.0), TypeError, "str 'no'"),
             (lambda: grad(lambda x: [x])(1.0), TypeError, "single number, not list"),
             (lambda: grad(lambda x: x)(np.arange(3)), TypeError, "int64.*\n.*astype"),
             (lambda: grad(lambda x: x)(True), TypeError, "bool"),
             (lambda: grad(lambda x: x)(np.ones(2) * 1j), TypeError, "complex"),
             (lambda: grad(lambda x: x)([1, 2]), TypeError, r"\[1, 2\]\n.*1.0"),
             (lambda: grad(lambda x: x)(None), TypeError, "nothing to differentiate"),
             (lambda: grad(lambda x: x, 1)(1.0), TypeError, "argument 1.*1 positional"),
             (lambda: grad(lambda x: x, "x")(1.0), TypeError, "'x'"),
             (lambda: vjp(lambda x: x, x)[1](np.ones(7)), ValueError, r"\(2,\).*\(7,\)"),
             (lambda: vjp(lambda x: [x, x], x)[1](x), TypeError, "list of 2"),
             (lambda: jvp(lambda x: x, (x,), (np.ones(3),)), ValueError, r"\(2,\).*\(3,\)"),
             (lambda: jvp(lambda x: x, x, x), TypeError, "tuples"),
             (lambda: jvp(lambda x: x, (x,), (x, x)), TypeError, "same length"),
             (lambda: jvp(lambda x: x, (1.0,), ("a",)), TypeError, "'a'")]
    for call, kind, message in cases:
        with pytest.raises(kind, match=message):
            call()


def test_a_function_that_raises_leaves_no_trace():
    x = Value(1.0)
    for transform in (grad, d, jacobian, ag.checkpoint):
        with pytest.raises(ZeroDivisionError):
            transform(lambda x: x * (1 // 0))(x)
    assert grad(lambda x: x * x)(3.0) == 6.0 and type(grad(lambda x: x * x)(3.0)) is float
    assert (x * x).inputs == (x, x)


def test_elementwise():
    x = np.linspace(-1, 1, 5)
    np.testing.assert_allclose(elementwise_grad(ag.tanh)(x), 1 - np.tanh(x) ** 2)
    assert elementwise_grad(ag.tanh)(0.0) == 1.0
    np.testing.assert_allclose(elementwise_grad(elementwise_grad(ag.sin))(x), -np.sin(x), atol=1e-15)
    np.testing.assert_allclose(elementwise_grad(lambda a, x: a * x ** 2, 1)(3.0, x), 6 * x)


def test_vjp_jvp_and_jacobian_agree():
    rng = np.random.default_rng(0)
    a, x = rng.normal(size=(3, 2)), rng.normal(size=2)
    f = lambda x: np.tanh(a @ x)
    full = jacobian(f)(x)
    want = (1 - np.tanh(a @ x) ** 2)[:, None] * a
    np.testing.assert_allclose(full, want, rtol=1e-12)
    v, u = rng.normal(size=3), rng.normal(size=2)
    y, pull = vjp(f, x)
    np.testing.assert_allclose(y, np.tanh(a @ x))
    np.testing.assert_allclose(pull(v)[0], v @ want, rtol=1e-12)
    np.testing.assert_allclose(jvp(f, (x,), (u,))[1], want @ u, rtol=1e-12)
    np.testing.assert_allclose(jacobian(lambda x: ag.stack([x.sum(), (x * x).sum()]))(x), [[1, 1], 2 * x])
    np.testing.assert_allclose(jacobian(lambda y: a.T @ np.sin(y))(v), a.T * np.cos(v), rtol=1e-12)


def test_jacobian_takes_the_shorter_way():
    passes = []

    @ag.custom_op(lambda g, y, x: passes.append(1) or g * 2.0, elementwise=True)
    def twice(x):
        return x * 2.0
    f = lambda x, n: np.concatenate([twice(x)] * n) if n else twice(x).sum()
    try:
        assert jacobian(f)(np.ones(3), 0).shape == (3,) and len(passes) == 1        # one row
        passes.clear()
        assert jacobian(f)(np.ones(3), 4).shape == (12, 3) and len(passes) == 1     # three columns at once
    finally:
        twice.forget()


def test_hessian_and_its_products():
    rng = np.random.default_rng(1)
    m = rng.normal(size=(3, 3))
    f = lambda x: x @ m @ x + ag.sum(ag.sin(x) ** 2)
    x, v = rng.normal(size=3), rng.normal(size=3)
    h = hessian(f)(x)
    np.testing.assert_allclose(h, m + m.T + np.diag(2 * np.cos(2 * x)), rtol=1e-10)
    np.testing.assert_allclose(hvp(f, x, v), h @ v, rtol=1e-10)
    assert hessian(lambda x: x ** 3)(2.0) == 12.0


# --- modes -----------------------------------------------------------------------------------------

def test_a_derivative_under_no_grad():
    """Inside the transform ops are recorded all the same; what comes out is plain or a leaf."""
    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    x = np.array([1.0, -1.0])
    f = lambda x: np.sum((a @ x) ** 3)
    for made in (grad(f), jacobian(f), hessian(f), lambda x: hvp(f, x, x), lambda x: jvp(f, (x,), (x,))[1],
                 lambda x: jvp(grad(f), (x,), (x,))[1], lambda x: vjp(grad(f), x)[1](x)[0],
                 lambda x: jvp(lambda y: jvp(f, (y,), (x,))[1], (x,), (x,))[1]):
        want = made(x)
        with no_grad():
            np.testing.assert_allclose(made(x), want, rtol=1e-13)
            of_node = made(Tensor(x))
            assert not isinstance(of_node, Tensor) or of_node.is_leaf
            assert (Tensor(x) * 2).is_leaf
    t = Value(2.0)
    inside = lambda y: frozen(lambda z: z * z * t)(y) * y
    def frozen(g):
        def f(y):
            with no_grad():
                return grad(g)(y)
        return f
    assert grad(inside)(3.0) == 12.0                     # the derivative inside is a constant


def test_stop_gradient():
    for mode in (grad, d, jacobian):
        assert mode(lambda x: x * stop_gradient(x))(3.0) == 3.0
        assert mode(mode(lambda x: x * x * stop_gradient(x * x)))(3.0) == 18.0
        assert mode(lambda x: stop_gradient({"a": [x, 2]})["a"][0] * x)(3.0) == 3.0
    t = Tensor([1.0, 2.0])
    assert stop_gradient(t) is t.data and stop_gradient(3) == 3 and stop_gradient(None) is None
    stopped = stop_gradient((t, "a"))
    assert stopped[0] is t.data and stopped[1] == "a"


# --- modules ---------------------------------------------------------------------------------------

def test_an_argument_is_named_once():
    for twice in ((0, 0), (0, -2), [1, 1]):
        with pytest.raises(ag.AutogradError, match="twice"):
            grad(lambda x, y: x * y, argnums=twice)(2.0, 3.0)


def test_no_grad_inside_a_function_stops_both_modes():
    def f(x):
        with no_grad():
            constant = x * x
        return x * constant
    for x in (3.0, np.array([3.0])):
        assert elementwise_grad(f)(x) == jvp(f, (x,), (x / x,))[1] == 9.0
        assert jvp(lambda x: elementwise_grad(f)(x), (x,), (x / x,))[1] == 0.0
    with no_grad():
        assert jvp(lambda x: x * x, (3.0,), (1.0,)) == (9.0, 6.0)


def test_check_finite_watches_forward_mode():
    for x in (0.0, np.zeros(2), Tensor([0.0, 1.0])):
        with np.errstate(all="ignore"), ag.check_finite(), pytest.raises(ag.AutogradError, match="log gave"):
            jvp(ag.log, (x,), (np.ones(np.shape(stop_gradient(x))) if np.shape(stop_gradient(x)) else 1.0,))
