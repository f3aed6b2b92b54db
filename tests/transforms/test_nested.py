"""A transform called inside another one, on plain arguments: the result is plain, right, and takes the same time
however often it was called before."""

from __future__ import annotations

import gc
import itertools

import numpy as np
import pytest

import autograd_nn as ag
from autograd_nn import Tensor, Value, elementwise_grad, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

# Each is a derivative of f(a, b) by a, as a function of a and b, of an order; f(a, b) = (a b)^3 below.
INNER = {
    "grad": (1, lambda f: lambda a, b: grad(f)(a, b)),
    "value_and_grad": (1, lambda f: lambda a, b: value_and_grad(f)(a, b)[1]),
    "the value": (0, lambda f: lambda a, b: value_and_grad(f)(a, b)[0]),
    "aux": (0, lambda f: lambda a, b: grad(lambda a: (a, f(a, b)), has_aux=True)(a)[1]),
    "elementwise_grad": (1, lambda f: lambda a, b: elementwise_grad(f)(a, b)),
    "jacobian": (1, lambda f: lambda a, b: jacobian(f)(a, b)),
    "jvp": (1, lambda f: lambda a, b: jvp(lambda a: f(a, b), (a,), (1.0,))[1]),
    "vjp": (1, lambda f: lambda a, b: vjp(lambda a: f(a, b), a)[1](1.0)[0]),
    "a scaled vjp": (1, lambda f: lambda a, b: vjp(lambda a: f(a, b), a)[1](b)[0] / b),
    "hessian": (2, lambda f: lambda a, b: hessian(f)(a, b)),
    "hvp": (2, lambda f: lambda a, b: hvp(lambda a: f(a, b), a, 1.0)),
    "checkpoint": (1, lambda f: lambda a, b: grad(ag.checkpoint(f))(a, b)),
    "grad of grad": (2, lambda f: lambda a, b: grad(grad(f))(a, b)),
}
# Each gives the derivative of g(b) by b, on plain data.
OUTER = {
    "grad": lambda g: lambda b: grad(g)(b),
    "value_and_grad": lambda g: lambda b: value_and_grad(g)(b)[1],
    "elementwise_grad": lambda g: lambda b: elementwise_grad(g)(b),
    "jacobian": lambda g: lambda b: jacobian(g)(b),
    "jvp": lambda g: lambda b: jvp(g, (b,), (1.0,))[1],
    "vjp": lambda g: lambda b: vjp(g, b)[1](1.0)[0],
    "hvp": lambda g: lambda b: hvp(lambda b: g(b) * b, b, 1.0),      # (g b)'' = g'' b + 2 g'
    "hessian": lambda g: lambda b: hessian(lambda b: g(b) * b)(b),
}
SECOND = {"hvp", "hessian"}
ONE_NUMBER = {"jvp", "vjp", "a scaled vjp", "hvp"}       # those above give them the tangent or cotangent 1.0
FACTOR = {0: 1.0, 1: 3.0, 2: 6.0}                        # of d^n/da^n (a b)^3 = FACTOR a^(3 - n) b^3
pairs = pytest.mark.parametrize(("outer", "inner"), list(itertools.product(OUTER, INNER)))


def expected(outer, order, a, b):
    c = FACTOR[order] * a ** (3 - order)
    return 12 * c * b ** 2 if outer in SECOND else 3 * c * b ** 2


@pytest.mark.slow
@pairs
@pytest.mark.parametrize("a", [2.0, np.float32(2.0), np.float64(2.0)], ids=["float", "float32", "float64"])
def test_of_numbers(outer, inner, a):
    """Both by another argument and by one that is closed over."""
    order, make = INNER[inner]
    for f in (lambda a, b: (a * b) ** 3, ag.checkpoint(lambda a, b: (a * b) ** 3)):
        g = lambda b, f=f: make(f)(a, b)
        found = OUTER[outer](g)(3.0)
        assert type(found) in ((float,) if type(a) is float else (float, np.float64, np.float32)), found
        assert found == pytest.approx(expected(outer, order, float(a), 3.0), rel=1e-6)


@pairs
def test_of_arrays(outer, inner):
    """The inner one is of an array, the outer one of a number."""
    order, make = INNER[inner]
    x = np.array([2.0, 0.5])
    weights = np.array([1.0, -2.0])

    def g(b):
        if inner in ONE_NUMBER:
            one = make(lambda a, b: (a * b) ** 3)
            return sum(w * one(a, b) for w, a in zip(weights, x))
        one = make(lambda a, b: np.sum((a * b) ** 3))
        return sum(w * np.sum(one(np.array([a]), b * np.ones(1))) for w, a in zip(weights, x))
    found = OUTER[outer](g)(3.0)
    assert type(found) in (float, np.float64), found
    assert found == pytest.approx(sum(w * expected(outer, order, one, 3.0) for w, one in zip(weights, x)))


@pairs
def test_inside_a_third(outer, inner):
    order, make = INNER[inner]
    found = grad(lambda c: OUTER[outer](lambda b: make(lambda a, b: (a * b) ** 3 * c)(2.0, b))(3.0))(5.0)
    assert type(found) is float and found == pytest.approx(expected(outer, order, 2.0, 3.0))


@pairs
def test_what_a_transform_gave_is_an_argument_of_the_next(outer, inner):
    order, make = INNER[inner]
    g = lambda b: make(lambda a, b: (a * b) ** 3)(make(lambda a, b: a * a * b)(1.0, 1.0) * 0 + 2.0, b)
    found = OUTER[outer](g)(3.0)
    assert type(found) is float and found == pytest.approx(expected(outer, order, 2.0, 3.0))


def test_what_stands_for_a_constant_of_the_user_is_a_node_still():
    w, t = Value(2.0), Tensor([1.0, 2.0])
    found = grad(lambda b: grad(lambda a: a * a * b * w)(2.0))(3.0)
    assert isinstance(found, Value) and found.data == 8.0
    found.backward()
    assert w.grad == 4.0
    found = grad(lambda b: np.sum(grad(lambda a: np.sum(a * a * b * t))(np.ones(2))))(3.0)
    assert isinstance(found, (Tensor, Value)) and found.data == 6.0


def test_a_pull_that_outlives_the_transform_it_was_made_in():
    pulls = []

    def outer(b):
        pulls.append(vjp(lambda a: a * a * b, 2.0)[1])
        return pulls[-1](1.0)[0]
    assert grad(outer)(3.0) == 4.0
    late = pulls[0](1.0)[0]
    assert type(late) is float and late == 12.0
    of_pull = grad(lambda v: pulls[0](v)[0])(1.0)
    assert type(of_pull) is float and of_pull == 12.0


def test_the_hypergradient_goes_into_scipys_and_everyones_loop():
    def outer(rate, many=np.ones):
        w = many(3)
        for _ in range(20):
            w = w - rate * grad(lambda w: np.sum((w - 1.5) ** 2))(w)
        return np.sum((w - 0.7) ** 2)
    rate = np.array(0.01)
    for _ in range(3):
        value, slope = value_and_grad(outer)(rate)
        assert type(value) in (float, np.float64) and isinstance(slope, (float, np.ndarray))
        rate = rate - 0.001 * slope
    eps = 1e-6
    assert grad(outer)(0.01) == pytest.approx((outer(0.01 + eps) - outer(0.01 - eps)) / (2 * eps), rel=1e-7)


def swept(monkeypatch, run):
    """How many steps of the chain rule a run takes that makes a graph."""
    from autograd_nn.core import reverse
    count, before = [0], reverse.chain_rule

    def counted(*args):
        for step in before(*args):
            count[0] += 1
            yield step
    monkeypatch.setattr(reverse, "chain_rule", counted)
    run()
    monkeypatch.setattr(reverse, "chain_rule", before)
    return count[0]


def descent(steps, start=1.0):
    def outer(rate):
        w = start
        for _ in range(steps):
            w = w - rate * grad(lambda w: np.sum((w - 1.5) ** 2) + rate * np.sum(w * w))(w)
        return np.sum((w - 0.7) ** 2)
    return outer


@pytest.mark.parametrize("start", [1.0, np.ones(3)], ids=["numbers", "arrays"])
def test_the_work_of_a_bilevel_loop_is_flat(monkeypatch, start):
    """In the outer steps it is constant, and in the inner steps it is linear."""
    rate, works = [0.05], []

    def step():
        rate[0] = rate[0] - 0.001 * grad(descent(20, start))(rate[0])
    for _ in range(5):
        works.append(swept(monkeypatch, step))
    assert len({*works}) == 1
    assert type(rate[0]) in (float, np.float64)
    five, ten, twenty = (swept(monkeypatch, lambda n=n: grad(descent(n, start))(0.05)) for n in (5, 10, 20))
    assert twenty - ten == 2 * (ten - five)


def test_a_bilevel_loop_leaves_nothing_behind():
    def many(steps):
        rate = 0.05
        for _ in range(steps):
            rate = rate - 0.001 * grad(descent(20))(rate)
        gc.collect()
        return sum(isinstance(x, (Value, Tensor)) for x in gc.get_objects())
    assert many(2) == many(6)
