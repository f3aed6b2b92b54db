"""Threads that differentiate by the same leaves: each part of a gradient arrives, whatever runs between."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.engines import engines
from helpers.threads import in_threads

from autograd_nn import Op, Tensor, nn, ops, optim

THREADS, PASSES = 8, 60


@pytest.fixture
def double(forget):
    """An op that the engine in C leaves to Python."""
    return Op("double", lambda x: x * 2.0, lambda x: x * 2.0, lambda g, y, x: g * 2.0, tex="2 {0}")


def backward_in_threads(loss, passes=PASSES, **options):
    in_threads(lambda i: [loss().backward(**options) for _ in range(passes)], THREADS)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (3,), (3000,)])
def test_tensors(shape, dtype, double):
    for loss in (lambda x: (x * 1.0).sum(), lambda x: double(x).sum() * 0.5, lambda x: ops.sort(x.ravel()).sum()):
        x = Tensor(np.zeros(shape), dtype)
        backward_in_threads(lambda x=x, loss=loss: loss(x))
        np.testing.assert_array_equal(x.grad, np.full(shape, THREADS * PASSES))
        assert x.grad.dtype == dtype and x.grad.shape == shape


def test_the_bias_of_a_layer():
    layer = nn.Linear(2, 3, rng=0)
    x = np.ones((4, 2))
    backward_in_threads(lambda: layer(x).sum())
    assert layer.bias.grad.tolist() == [4.0 * THREADS * PASSES] * 3
    assert layer.weight.grad.tolist() == [[4.0 * THREADS * PASSES] * 2] * 3


@engines
def test_values(Value, double):
    x, t = Value(3.0), Tensor([1.0, 2.0])
    for loss, part in ((lambda: double(x), 2.0), (lambda: x * x, 6.0), (lambda: (t * x).sum(), 3.0),
                       (lambda: double(x) * 2.0 + x, 5.0)):
        x.zero_grad()
        backward_in_threads(loss)
        assert x.grad == part * THREADS * PASSES
    assert t.grad.tolist() == [3.0 * THREADS * PASSES] * 2


@engines
def test_gradients_that_are_graphs(Value):
    x, t = Value(3.0), Tensor([1.0, 2.0])
    for leaf in (x, t):
        backward_in_threads(lambda leaf=leaf: ops.sum(leaf * leaf), 10, create_graph=True)
        np.testing.assert_array_equal(leaf.grad.data, 2 * leaf.data * THREADS * 10)
        leaf.zero_grad()


@engines
def test_in_all_ways_at_once(Value, double):
    """Each thread goes another way to the same leaf."""
    x = Value(3.0)
    ways = [lambda: double(x).backward(), lambda: (x * 2.0).backward(),
            lambda: (x * Tensor([1.0, 1.0])).sum().backward(), lambda: (x + x).backward(create_graph=True)]
    in_threads(lambda i: [ways[i % 4]() for _ in range(PASSES)], THREADS)
    assert getattr(x.grad, "data", x.grad) == 2.0 * THREADS * PASSES


@engines
def test_what_another_thread_takes_is_not_lost(Value):
    """One thread takes the gradient and leaves none; the parts that it got and the rest are all there were."""
    for leaf in (Value(1.0), Tensor(np.zeros(1000, np.float32)), Tensor(0.0)):
        taken = []

        def work(i, leaf=leaf, taken=taken):
            for _ in range(PASSES):
                if i:
                    ops.sum(leaf * 1.0).backward()
                else:
                    taken.append(take(leaf))
        in_threads(work, THREADS)
        taken.append(take(leaf))
        assert sum(float(np.max(g)) for g in taken if g is not None) == (THREADS - 1) * PASSES


def take(leaf):
    """The gradient of a leaf, which has none then, in one step."""
    from autograd_nn.core.accumulate import swap
    while True:
        g = leaf._grad
        if swap(leaf, g, None):
            return g


@engines
def test_steps_in_between(Value):
    """An optimizer that steps and clears meanwhile meets no half of a gradient."""
    w, v = Tensor(np.zeros(300)), Value(0.0)
    opt = optim.SGD([w], lr=1.0), optim.SGD([v], lr=1.0)

    def work(i):
        for _ in range(PASSES):
            if i:
                (w * 1.0).sum().backward()
                (v * 1.0).backward()
            else:
                for o in opt:
                    o.step()
                    o.zero_grad()
    in_threads(work, THREADS)
    assert len(set(w.data)) == 1 and float(w.data[0]).is_integer() and v.data.is_integer()
