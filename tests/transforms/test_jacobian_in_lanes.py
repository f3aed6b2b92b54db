"""Jacobians of many rows or columns: many at once, in blocks, with the results of one after the other."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest

import autograd_nn as ag
from autograd_nn import Dual, Tensor, Value, grad, hessian, jacobian, jvp, no_grad
from autograd_nn.core.batched import Batched
from autograd_nn.core.in_lanes import most_at_once
from autograd_nn.transforms import _calculus, _matrix

rng = np.random.default_rng(0)
A, X = rng.normal(size=(7, 5)), rng.normal(size=5)
NUMBERS = rng.normal(size=40).tolist()


def products(x):
    return [v * w + ag.sin(v) for v, w in zip(x, x[1:] + x[:1])]


def rosenbrock(x):
    return sum((1.0 - v) ** 2 + 100.0 * (w - v * v) ** 2 for v, w in pairwise(x))


@pytest.fixture
def lanes(monkeypatch):
    """How many lanes each pass had."""
    seen = []
    transposed, tangents = _calculus.transposed, _calculus.tangents

    def note(xs):
        seen.extend({x.level.size for x in xs if isinstance(x, Batched)})

    def pull(ys, seeds, *rest):
        note(seeds)
        return transposed(ys, seeds, *rest)

    def push(ys, order, given, *rest):
        note(given.values())
        return tangents(ys, order, given, *rest)
    monkeypatch.setattr(_calculus, "transposed", pull)
    monkeypatch.setattr(_calculus, "tangents", push)
    return seen


def test_many_at_once_and_in_blocks(lanes, monkeypatch):
    tall, wide = lambda x: np.tanh(A @ x), lambda x: np.tanh(A.T @ np.tanh(A @ x))[:3]
    for f, count in [(tall, 5), (wide, 3)]:
        whole = jacobian(f)(X)
        assert lanes == [count]
        rows = [grad(lambda x, f=f, i=i: f(x)[i])(X) for i in range(len(whole))]
        np.testing.assert_allclose(whole, rows, rtol=1e-13, atol=1e-13)
        lanes.clear()
        with monkeypatch.context() as patch:
            patch.setattr(_matrix, "most_at_once", lambda *_: _matrix.BLOCK // 2)
            np.testing.assert_allclose(jacobian(f)(X), whole, rtol=1e-13, atol=1e-13)
        assert lanes == [2] * (count // 2) + [1] * (count % 2)
        lanes.clear()


@pytest.mark.slow
def test_memory_does_not_grow_with_depth():
    """A block of lanes holds what lies between what is done and what is not, and not the whole graph."""
    def chain(x, n):
        for _ in range(n):
            x = np.sin(x) * 1.01
        return x
    fronts = []
    for n in (5, 50):
        x = Tensor(np.zeros(1000))
        y = chain(x, n)
        fronts.append(most_at_once(ag.topological(y), [y], {x}))
    assert fronts[0] == fronts[1] <= 3 * 8000
    x, peaks = np.zeros(300), []
    for n in (20, 100):
        for f in (lambda x, n=n: chain(x, n), lambda x, n=n: np.concatenate([x, chain(x, n)])):
            tracemalloc.start()
            jacobian(f)(x)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[2] < 1.5 * peaks[0] and peaks[3] < 1.5 * peaks[1]


def test_graphs_of_values(lanes, monkeypatch):
    arrays = lambda x: np.sum((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2)
    for f, of in [(jacobian(products), jacobian(lambda x: x * np.roll(x, -1) + np.sin(x))),
                  (hessian(rosenbrock), hessian(arrays))]:
        got = f(NUMBERS)
        assert max(lanes) == 40 and type(got[0][0]) is float
        np.testing.assert_allclose(got, of(np.array(NUMBERS)), rtol=1e-12, atol=1e-12)
        with monkeypatch.context() as patch:
            patch.setattr(_matrix, "FEW", 100)
            np.testing.assert_allclose(got, f(NUMBERS), rtol=1e-12, atol=1e-12)
        lanes.clear()


def test_kinds_of_numbers():
    w = Value(3.0)
    closed = jacobian(lambda x: [v * w for v in x])(NUMBERS)
    assert type(closed[1][1]) is Value and closed[1][1].data == 3.0 and closed[0][1].data == 0.0
    sum(closed[i][i] for i in range(40)).backward()
    assert w.grad == 40.0
    given = jacobian(products)([Value(x) for x in NUMBERS])
    assert type(given[0][0]) is Value and given[0][0].op is not None       # it depends on what was given
    assert type(jacobian(products)([*map(np.float32, NUMBERS)])[0][0]) is np.float32
    assert isinstance(jacobian(lambda x: np.tanh(A @ x))(Tensor(X)), Tensor)
    with no_grad():
        assert type(jacobian(lambda x: np.tanh(A @ x))(Tensor(X))) in (np.ndarray, Tensor)


def test_care_where_a_number_is_not_finite():
    start = [0.0, *NUMBERS[1:]]
    rows = jacobian(lambda x: [ag.sqrt(abs(x[0])) * 0.0 + v if i % 2 else v * v for i, v in enumerate(x)])(start)
    few = jacobian(lambda x: [ag.sqrt(abs(x[0])) * 0.0 + x[1], x[0] * x[0]])(start)
    assert rows[1][:3] == few[0][:3] and rows[0][0] == 0.0 and rows[1][1] == 1.0
    x = np.array([0.0, 1.0, 4.0])
    kinked = lambda x: np.concatenate([np.where(x > 0, np.sqrt(x), 0.0), x])
    np.testing.assert_array_equal(jacobian(kinked)(x)[:3], np.diag([0.0, 0.5, 0.25]))
    np.testing.assert_array_equal(jacobian(lambda x: kinked(x)[:3])(x), np.diag([0.0, 0.5, 0.25]))


def test_nests_and_several_arguments():
    def f(p, q):
        return {"a": p["w"] @ q, "b": (np.sum(p["w"]) * p["s"], 2.0 * p["s"])}
    p, q = {"w": A, "s": 1.5}, X
    got = jacobian(f, (0, 1))(p, q)
    assert got["a"][0]["w"].shape == (7, 7, 5) and got["b"][0][1].shape == (5,) and got["b"][1][0]["s"] == 2.0
    np.testing.assert_allclose(got["a"][1], A)
    np.testing.assert_allclose(got["a"][0]["w"], np.einsum("ij,k->ijk", np.eye(7), X))
    assert type(got["b"][1][0]["s"]) is float and np.shape(got["b"][0][0]["w"]) == (7, 5)


def test_inside_and_around_other_transforms():
    f = lambda x: np.tanh(A @ x)
    cubes = lambda x: np.sum(x ** 3)
    value, tangent = jvp(hessian(cubes), (X,), (X,))
    np.testing.assert_allclose(value, np.diag(6 * X))
    np.testing.assert_allclose(tangent, np.diag(6 * X))
    np.testing.assert_allclose(jacobian(hessian(cubes))(X)[2, 2, 2], 6.0)
    t = f(X)
    np.testing.assert_allclose(jvp(jacobian(f), (X,), (X,))[1], (-2 * t * (1 - t * t) * (A @ X))[:, None] * A)
    np.testing.assert_allclose(grad(lambda x: np.sum(jacobian(np.sin)(x) ** 2))(X), -np.sin(2 * X))
    assert not isinstance(jacobian(f)(X), Dual)


def test_a_list_beside_a_dual():
    _, tangent = jvp(lambda x: np.sum(np.concatenate([[1.0], x]) ** 2), (X,), (X,))
    assert tangent == pytest.approx(2 * X @ X)
