"""checkpoint: the same derivatives from a graph that stores nothing of the inside."""

from __future__ import annotations

import copy
import gc
import threading
import tracemalloc
import weakref

import numpy as np
import pytest
from helpers.engines import engines

import autograd_nn as ag
from autograd_nn import (
    Tensor,
    Value,
    checkpoint,
    errors,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    nn,
    no_grad,
    topological,
    vjp,
)
from autograd_nn.core.random import generator
from autograd_nn.core.value import BaseValue

RNG = np.random.default_rng(0)
X, W = RNG.normal(size=3), RNG.normal(size=(3, 3))


def same(wrap, run):
    """What `run` gives with a function and with its checkpoint."""
    for a, b in zip(run(lambda f: f), run(wrap), strict=True):
        a, b = (x.data if isinstance(x, (Tensor, Value)) else x for x in (a, b))
        np.testing.assert_allclose(b, a, rtol=1e-13, atol=1e-13)


WRAPS = [checkpoint, lambda f: checkpoint(checkpoint(f)), lambda f: checkpoint(lambda *xs: checkpoint(f)(*xs))]
every_wrap = pytest.mark.parametrize("wrap", WRAPS, ids=["one", "two", "inner"])


@every_wrap
def test_every_derivative_is_the_same(wrap):
    block = lambda x: np.tanh(W @ x) * x

    def run(c):
        f = lambda x: np.sum(c(block)(c(block)(x)) ** 2)
        return [grad(f)(X), hessian(f)(X), hvp(f, X, X), *jvp(f, (X,), (X,)), jacobian(c(block))(X),
                grad(lambda x: np.sum(grad(f)(x) ** 2))(X), jvp(lambda x: jvp(f, (x,), (X,))[1], (X,), (X,))[1],
                grad(lambda x: jvp(f, (x,), (x,))[1])(X), c(grad(c(f)))(X), grad(grad(lambda t: f(X * t)))(0.5)]
    same(wrap, run)


@every_wrap
def test_what_f_closes_over_gets_its_gradient(wrap):
    def run(c):
        w, b, s = Tensor(W, name="w"), Tensor(X * 2), Value(0.5)
        h = np.tanh(b * s)                               # made outside, and not a leaf

        def block(x):
            return np.tanh(w @ x + h) * x + s * w[0] + b
        y = (c(block)(c(block)(Tensor(X) * b)) ** 2).sum()
        y.backward()
        first = [w.grad, b.grad, s.grad]
        for p in (w, b, s):
            p.zero_grad()
        y.backward(create_graph=True)
        (gw, gs), w.grad, b.grad, s.grad = (w.grad, s.grad), None, None, None
        ((gw * gw).sum() + gs * gs).backward()
        same_node = c(lambda x: x * h)(h).sum()          # given, and closed over as well
        b.zero_grad()
        same_node.backward()
        return [*first, w.grad, s.grad, b.grad]
    same(wrap, run)


def test_a_network_in_checkpoints():
    net = nn.MLP(3, 4, 4, 2, activation="tanh", rng=0, dtype=np.float64)
    data = RNG.normal(size=(5, 3))

    def run(c):
        def forward(net, x):
            for layer in net.layers:
                x = c(layer)(x)
            return x
        net.zero_grad()
        (forward(net, data) ** 2).sum().backward()
        held = [p.grad for p in net.parameters()]
        given = grad(lambda net: (c(forward)(net, data) ** 2).sum())(net)
        return [*held, *given.values()]
    same(checkpoint, run)


def test_one_node():
    x = Tensor(X)
    w = Tensor(W)
    y = checkpoint(lambda x: np.tanh(w @ np.sin(x)))(x)
    assert [n.op.name for n in topological([y]) if n.op] == ["rerun"]
    assert [n for n in y.inputs if isinstance(n, Tensor)] == [x, w]
    assert "checkpoint" in ag.draw(y).source
    with no_grad():
        assert checkpoint(lambda x: x * x)(x).is_leaf
    assert type(checkpoint(lambda x: x * x)(3.0)) is float       # nothing to derive by: no node
    assert checkpoint(lambda x: "text")(x) == "text" and checkpoint(lambda: None)() is None
    twin = copy.deepcopy(y)
    (twin * 2).sum().backward()
    (y * 2).sum().backward()
    assert w.has_grad


@engines
def test_nests_and_values(Value):
    def f(p, *, n):
        return {"a": p["u"] * p["v"][0], "s": (ag.exp(p["v"][1]) * n, n, None), "t": p["v"][1]}

    def run(c):
        u, t, v = Tensor(X.astype(np.float32)), Tensor(X), Value(0.5)
        y = c(f)({"u": u, "v": [t, v]}, n=2)
        assert y["s"][1:] == (2, None) and isinstance(y["s"][0], BaseValue)
        assert y["a"].dtype == np.float64
        ((y["a"] ** 2).sum() * y["s"][0] + y["t"]).backward()
        assert u.grad.dtype == np.float32 and type(v.grad) is float
        return [u.grad, t.grad, v.grad]
    same(checkpoint, run)
    v = Value(2.0)
    y = checkpoint(lambda x: ag.sin(x) * x)(v)
    assert type(y) is Value
    (y * y).backward()
    assert v.grad == pytest.approx(2 * np.sin(2.0) * 2 * (np.sin(2.0) + 2 * np.cos(2.0)), rel=1e-14)
    mixed = checkpoint(lambda x: [x.astype(np.float32), x * 2])(Tensor(X))
    assert [y.dtype for y in mixed] == [np.float32, np.float64]
    assert mixed[0].data.tolist() == X.astype(np.float32).tolist()


def test_duals_that_are_closed_over():
    f = lambda c: lambda z: c(lambda x: x * z * W[0])(X).sum()
    assert jvp(f(checkpoint), (X,), (X,)) == jvp(f(lambda f: f), (X,), (X,))
    g = lambda c: lambda z: grad(lambda q: c(lambda x: x * z * np.sin(q))(X).sum())(X)
    for a, b in zip(jvp(g(checkpoint), (X,), (X,)), jvp(g(lambda f: f), (X,), (X,)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)


def test_transforms_inside():
    b = Tensor(X)
    inner = lambda x: grad(lambda y: (np.sin(y) * x * b).sum())(x)       # cos(x) x b
    b_grad = lambda f: (b.zero_grad(), f(X).sum().backward(), b.grad)[2]
    np.testing.assert_allclose(b_grad(checkpoint(inner)), np.cos(X) * X, rtol=1e-14)
    np.testing.assert_allclose(jacobian(checkpoint(inner))(X).data, np.diag((np.cos(X) - X * np.sin(X)) * X))
    constant = checkpoint(lambda x: grad(lambda y: y * x)(2.0))          # plain forward, a node when it runs again
    assert grad(constant)(3.0) == 1.0


def test_the_same_again():
    """Numbers from the package's own generator are drawn alike; what else differs is an error."""
    noisy = checkpoint(lambda x: x * generator().normal(size=3) * x)
    y = noisy(Tensor(X))
    before = generator().bit_generator.state
    y.backward(np.ones(3))
    assert generator().bit_generator.state == before
    np.testing.assert_allclose(y.inputs[0].grad, 2 * y.data / X, rtol=1e-14)
    rng = np.random.default_rng(0)
    for f in (lambda x: x * rng.normal(size=3), lambda x: x[:rng.integers(1, 3)] if rng.random() < 2 else x):
        state = rng.bit_generator.state
        y = checkpoint(f)(Tensor(X))
        rng.bit_generator.state = state
        rng.random(5)
        if f(X).shape == y.shape:
            with pytest.raises(errors.GraphError, match="another result"):
                y.sum().backward()
    w = Tensor(X)
    y = checkpoint(lambda x: x * w)(Tensor(X)).sum()
    w.data = X + 1
    with pytest.raises(errors.GraphError, match="must not change"):
        y.backward()


def test_nothing_is_left_behind():
    x = Value(1.0)
    with pytest.raises(ZeroDivisionError):
        checkpoint(lambda x: x / x * (1 // 0))(x)
    assert (x * x).inputs == (x, x)
    results = []

    def work(k):
        y = checkpoint(lambda x: np.tanh(x @ W * k))(Tensor(X))
        y.sum().backward()
        results.append((k, y.inputs[0].grad))
    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 9)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for k, g in results:
        np.testing.assert_allclose(g, grad(lambda x, k=k: np.tanh(x @ W * k).sum())(X))
    assert len(results) == 8


def test_no_cycles():
    """What a backward pass made is freed at once, and not when the collector comes by."""
    made = []

    def f(x):
        y = np.sin(x)
        made.append(weakref.ref(y))
        return [y * 2, x.sum()]
    gc.disable()
    try:
        y = checkpoint(f)(Tensor(X))
        (y[0] * y[1]).sum().backward()
        grad(lambda x: checkpoint(f)(x)[0].sum())(X)
        value, pull = vjp(f, X)
        pull(value)
        del y, value, pull
        assert len(made) == 5 and not any(ref() is not None for ref in made)
    finally:
        gc.enable()


def peaks(c):
    """The most memory held after forward and during backward, in bytes, of 8 blocks of 20 ops on 400 KB."""
    def block(x):
        for _ in range(10):
            x = np.sin(x) * 1.1
        return x
    x = Tensor(np.ones(50_000))
    tracemalloc.start()
    y = x
    for _ in range(8):
        y = c(block)(y)
    y = y.sum()
    held = tracemalloc.get_traced_memory()[0]
    y.backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return held, peak, x.grad[0]


def test_memory():
    """160 arrays are stored without, and 8 with; backward then needs those of one block at a time."""
    held, peak, g = peaks(lambda f: f)
    held_less, peak_less, same_g = peaks(checkpoint)
    assert same_g == g and held > 150 * 400_000
    assert held_less < held / 10 and peak_less < peak / 4
