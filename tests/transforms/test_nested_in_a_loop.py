"""Transforms called again and again while a history grows: what each looks at does not grow with it."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from helpers.threads import in_threads

import autograd_nn as ag
from autograd_nn import (
    Tensor,
    Value,
    checkpoint,
    elementwise_grad,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)
from autograd_nn.core import below, node, reverse, variables
from autograd_nn.core.node import Node
from autograd_nn.core.times import begin, is_older

INNER = {
    "grad": lambda f, x: grad(f)(x), "value_and_grad": lambda f, x: value_and_grad(f)(x)[1],
    "vjp": lambda f, x: vjp(f, x)[1](1.0)[0], "jvp": lambda f, x: jvp(f, (x,), (1.0,))[1],
    "hvp": lambda f, x: hvp(f, x, 1.0), "jacobian": lambda f, x: jacobian(f)(x),
    "hessian": lambda f, x: hessian(f)(x), "elementwise_grad": lambda f, x: elementwise_grad(f)(x),
    "checkpoint": lambda f, x: checkpoint(grad(f))(x), "grad of grad": lambda f, x: grad(grad(f))(x),
    "grad of value_and_grad": lambda f, x: grad(lambda y: value_and_grad(f)(y)[0])(x),
}
FUNCTIONS = {
    "closes over the state": (lambda s: lambda z: z * z * s * 0.5, lambda s: s),
    "of a constant": (lambda s: lambda z: z * z * z * s * 0.25, lambda s: 0.75),
    "of the state alone": (lambda s: lambda z: z * z * z * 0.25, lambda s: s),
    "through an op of arrays": (lambda s: lambda z: ag.sum(ag.stack([z, s, z * s])) * z, lambda s: s),
}


def loop(inner, function, n):
    close_over, at = FUNCTIONS[function]

    def outer(x):
        s = x
        for _ in range(n):
            s = 0.5 * s + 0.1 * inner(close_over(s), at(s))
        return s
    return outer


@pytest.fixture
def looked_at(monkeypatch):
    """The nodes that walks in Python have looked at; what is in C is switched off, for it does not tell."""
    count = [0]

    def counting(roots, is_end, walked=node.walked):
        order = walked(roots, is_end)
        count[0] += len(order)
        return order
    from autograd_nn.transforms import _elsewhere
    for module in (node, below, _elsewhere):
        monkeypatch.setattr(module, "walked", counting)
    monkeypatch.setattr(reverse, "in_c", None)
    monkeypatch.setattr(reverse, "values_in_c", None)
    return count


@pytest.mark.slow
@pytest.mark.parametrize("x", [1.2, np.array(1.2)], ids=["Value", "Tensor"])
def test_a_differentiated_loop_looks_at_each_node_so_many_times(x, looked_at):
    for name, inner in INNER.items():
        for function in FUNCTIONS:
            counts = []
            for n in (3, 6, 12):
                looked_at[0] = 0
                found = grad(loop(inner, function, n))(x)
                counts.append(looked_at[0])
                if n == 3:
                    by_jvp = jvp(loop(inner, function, n), (x,), (np.ones_like(x)[()],))[1]
                    np.testing.assert_allclose(found, by_jvp, rtol=1e-10, err_msg=f"{name}, {function}")
            assert counts[2] - counts[1] <= 2.2 * (counts[1] - counts[0]) + 8, (name, function, counts)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Value, Tensor])
def test_a_user_s_history(kind, looked_at):
    """No transform runs around these: the history hangs on a leaf of the user's."""
    for name, inner in INNER.items():
        for function in FUNCTIONS:
            counts, w = [], kind(0.8)
            for n in (3, 6, 12):
                looked_at[0] = 0
                s = loop(inner, function, n)(w)
                counts.append(looked_at[0])
                assert isinstance(s, Node)
            assert counts[2] - counts[1] <= 2.2 * (counts[1] - counts[0]) + 8, (name, function, counts)


def test_a_chain_that_stands_already_from_its_end(looked_at):
    """Calls that close over one node of a long chain each, the latest first, and over its leaf between."""
    def counted(n):
        def outer(x):
            chain = [x]
            for _ in range(n):
                chain.append(chain[-1] * 0.9)
            looked_at[0] = 0
            total = sum(grad(lambda z, s=s: z * z * s)(2.0) for s in reversed(chain))
            counts.append(looked_at[0])
            return total
        counts = []
        assert grad(outer)(1.0) == pytest.approx(4.0 * sum(0.9 ** k for k in range(n + 1)))
        return counts[0]
    few, more, most = map(counted, (20, 40, 80))
    assert most - more <= 2.2 * (more - few)


def test_a_pull_along_what_pulls_have_given(looked_at):
    def counted(n):
        w = Value(0.5)
        _, pull = vjp(lambda x: x * x * w, 0.7)
        s = w
        looked_at[0] = 0
        for _ in range(n):
            s = s * 0.5 + pull(s)[0]
        s.backward()
        return looked_at[0]
    few, more, most = map(counted, (10, 20, 40))
    assert most - more <= 2.2 * (more - few) + 40        # and the backward pass goes through it all, once


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_where_walks_end(kind):
    """Every engine ends where Python does, and no variable gets a cotangent past what is older."""
    x = kind(0.5)
    old = (x * 2.0).tanh()
    since = begin()
    y = kind(3.0)
    new = old * y + x * y
    assert is_older(old, since) and not is_older(new, since) and not is_older(x, since)
    assert set(below.ends_below([new], (), since)) == {old, x, y}
    assert set(below.ends_below([new])) == {x, y}
    assert set(below.walk([new], (), since)) == {*below.walk([new])} - {*below.walk([old])} | {old, x}
    engine = reverse.values_in_c if kind is Value else reverse.in_c
    if engine is not None:
        assert set(engine.ends(new, since)) == {old, x, y} and engine.ends(old, since) == [old]
    seed = new._one()
    with_all, with_new = (below.cotangents_of([y], {new: seed}, since=time)[0] for time in (0, since))
    np.testing.assert_array_equal(with_all, with_new)
    old.backward()
    assert x.grad == 2.0 * (1.0 - np.tanh(1.0) ** 2)       # nothing that the walks noted is left


def test_what_is_kept_in_mind_ends_with_the_call_and_holds_nothing():
    kept = []

    def outer(x):
        s = x * 2.0
        for _ in range(3):
            s = s * 0.5 + grad(lambda z, s=s: z * s)(1.0)
        kept.append(s)
        assert any(variables.known_dependent(n) is not None for n in below.walk([s]))
        return s
    grad(outer)(1.0)
    assert all(variables.known_dependent(n) is None for n in below.walk([kept[-1]]))
    found = grad(lambda z: z * kept[-1])(1.0)            # its variable has ended: it is a constant
    assert isinstance(found, float) and kept[-1].is_leaf
    w = Value(2.0)
    states = [w * w]
    for _ in range(2):
        assert isinstance(grad(lambda z: z * states[0])(1.0), Node)
        assert variables.known_dependent(states[0]) == variables.USERS
    marks, place = variables._dependents[variables.USERS], id(states[0])
    states.clear()
    gc.collect()
    assert marks.get(place) is None


def test_a_node_older_than_the_inner_call_may_hold_the_outer_variable_of_each_level():
    def f(x):
        a = x * x

        def g(y):
            b = a * y

            def h(z):
                return z * z * b * a
            return grad(h)(y) * b
        return grad(g)(x) * a
    # h' = 2 z b a; g = 2 y (a y) a (a y) = 2 a^3 y^3, g' = 6 a^3 y^2; f = 6 a^4 x^2 = 6 x^10
    assert f(1.1) == pytest.approx(6 * 1.1 ** 10)
    for transform in (grad, lambda f: lambda x: jvp(f, (x,), (1.0,))[1], lambda f: lambda x: vjp(f, x)[1](1.0)[0]):
        assert transform(f)(1.1) == pytest.approx(60 * 1.1 ** 9)


@pytest.mark.slow
def test_threads_begin_calls_at_moments_of_their_own():
    want = grad(loop(INNER["grad"], "closes over the state", 20))(1.2)

    def work(i):
        for _ in range(10):
            assert grad(loop(INNER["grad"], "closes over the state", 20))(1.2) == want
    in_threads(work, 4)
    moments = [begin() for _ in range(5)]
    assert moments == sorted({*moments})


def test_a_leaf_that_is_fixed_later_is_a_constant_in_the_next_call():
    w = Value(3.0)
    s = w * 2.0
    f = grad(lambda z: z * s)
    assert isinstance(f(1.0), Node)
    w.requires_grad = False
    assert f(1.0) == 6.0 and isinstance(f(1.0), float)
    w.requires_grad = True
    assert isinstance(f(1.0), Node)
