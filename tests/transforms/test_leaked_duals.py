"""A dual that outlives its jvp, in a cell that f closes over, is a constant from then on."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import autograd_nn as ag
from autograd_nn import grad, hessian, hvp, jvp, value_and_grad, vjp


def along(f, x):
    return jvp(f, (x,), (np.ones_like(x) if isinstance(x, np.ndarray) else 1.0,))[1]


DERIVATIVES = {
    "jvp": along,
    "jvp of grad": lambda f, x: jvp(lambda x: grad(lambda y: f(y) * x)(x), (x,), (1.0,))[1] - grad(f)(x),
    "grad of jvp": lambda f, x: grad(lambda x: jvp(lambda y: f(y) * x, (x,), (0.0,))[0])(x) / 2,
    "jvp of checkpoint": lambda f, x: along(ag.checkpoint(f), x),
}


@pytest.mark.parametrize("name", DERIVATIVES)
def test_a_cell_that_every_run_overwrites(name):
    """The cell holds the last run's number: were its tangent taken too, the derivative would grow."""
    cell, derivative = [2.0], DERIVATIVES[name]

    def f(y):
        cell[0] = cell[0] * y
        return cell[0]
    found = [derivative(f, 1.0) for _ in range(30)]
    assert [float(g) for g in found] == [float(found[0])] * 30
    assert all(type(g) in (float, np.float64) for g in found)


def test_the_three_runs_of_a_running_product():
    cell = [1.0]

    def f(y):
        cell[0] = cell[0] * y
        return cell[0]
    assert [jvp(f, (x,), (1.0,)) for x in (2.0, 1.0, 1.0)] == [(2.0, 1.0), (2.0, 2.0), (2.0, 2.0)]


@pytest.mark.parametrize("x", [5.0, np.array([5.0, 7.0])], ids=["number", "array"])
def test_siblings(x):
    """What the first of two jvps inside a third kept is a constant for the second, and depends on the outer x still."""
    def f(x):
        kept = []
        jvp(lambda y: kept.append(y * x) or y, (2.0 + 0 * x,), (1.0 + 0 * x,))
        value, slope = jvp(lambda z: kept[-1] * z, (3.0 + 0 * x,), (1.0 + 0 * x,))
        return value + slope                             # 2 x 3 + 2 x
    np.testing.assert_allclose(along(f, x), 8.0 + 0 * x)
    np.testing.assert_allclose(grad(lambda x: np.sum(f(x)))(x), 8.0 + 0 * x)


def test_a_kept_dual_is_a_constant_everywhere():
    kept = []
    jvp(lambda x: kept.append(x * 3) or x, (2.0,), (1.0,))
    leak = kept[0]
    assert leak * 2 == 12.0 and type(leak * 2) is float
    assert type(np.sum(ag.stack([leak, leak]))) is np.float64
    for plain in (grad(lambda y: y * leak)(1.0), value_and_grad(lambda y: y * 0 + leak)(1.0)[0],
                  grad(lambda y: leak)(1.0),
                  jvp(lambda y: leak, (1.0,), (1.0,))[0], jvp(lambda y: leak, (1.0,), (1.0,))[1],
                  vjp(lambda y: y * y, 1.0)[1](leak)[0], hvp(lambda y: y * y * leak, 1.0, 1.0),
                  hessian(lambda y: y * y * leak)(1.0), grad(lambda y: y * y)(leak),
                  jvp(lambda y: y, (leak,), (leak,))[1]):
        assert type(plain) in (float, np.float64), plain


def test_a_pull_that_outlives_its_jvp():
    kept = []
    jvp(lambda x: kept.append(vjp(lambda y: y * y * x, 2.0)[1]) or x, (3.0,), (1.0,))
    assert kept[0](1.0) == (12.0,) and type(kept[0](1.0)[0]) is float


def test_threads_have_levels_of_their_own_and_see_those_around():
    """A thread that f starts closes over f's dual: its own jvp must neither drop nor take that tangent."""
    def f(x):
        found = []
        thread = threading.Thread(target=lambda: found.append(jvp(lambda y: x * y * y, (3.0,), (1.0,))[1]))
        thread.start()
        thread.join()
        return found[0]                                  # 6 x
    assert jvp(f, (2.0,), (1.0,)) == (12.0, 6.0)
    assert grad(lambda x: along(f, x) * x)(2.0) == 6.0


def test_a_checkpoint_runs_again_when_its_jvp_is_over():
    f = lambda x: ag.sin(x) * ag.exp(x)
    x = np.array([0.3, 0.7])
    g = lambda f: grad(lambda x: np.sum(jvp(f, (x,), (np.ones(2),))[1]))(x)
    np.testing.assert_allclose(g(ag.checkpoint(f)), g(f), rtol=1e-13)
