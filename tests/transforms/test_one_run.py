"""A transform runs its function once, so that what the function keeps from one call to the next is used in one run."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_nn as ag
from autograd_nn import Tensor, Value, elementwise_grad, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

A = np.random.default_rng(0).normal(size=(4, 3))
one = lambda x: np.ones_like(x) if isinstance(x, np.ndarray) else 1.0

TRANSFORMS = {
    "grad": lambda f: lambda x: grad(lambda x: np.sum(f(x)))(x),
    "value_and_grad": lambda f: lambda x: value_and_grad(lambda x: np.sum(f(x)))(x)[1],
    "elementwise_grad": lambda f: lambda x: elementwise_grad(f)(x),
    "vjp": lambda f: lambda x: vjp(lambda x: np.sum(f(x)), x)[1](1.0)[0],
    "jvp": lambda f: lambda x: jvp(f, (x,), (one(x),))[1],
    "jacobian": lambda f: lambda x: jacobian(f)(x),
    "a tall jacobian": lambda f: lambda x: jacobian(lambda x: ag.stack([f(x), f(x) * 2.0, x]))(x),
    "hessian": lambda f: lambda x: hessian(lambda x: np.sum(f(x)))(x),
    "hvp": lambda f: lambda x: hvp(lambda x: np.sum(f(x)), x, one(x)),
    "jacobian of a tall jacobian": lambda f: lambda x: jacobian(jacobian(lambda x: ag.stack([f(x), f(x)])))(x),
    "grad of a tall jacobian": lambda f: lambda x: grad(
        lambda x: np.sum(jacobian(lambda y: ag.stack([f(y), y * x]))(x)))(x),
}
RUNS = {"a tall jacobian": 2, "jacobian of a tall jacobian": 2}      # of f, which these name twice


def memoized(f, keyed):
    """f, which computes once for each key and keeps that."""
    kept, runs = {}, []

    def call(x):
        runs.append(x)
        key = str(x) if keyed else 0
        if key not in kept:
            kept[key] = f(x)
        return kept[key] * kept[key]
    return call, runs


@pytest.mark.parametrize("x", [0.5, np.array([0.5, -0.2])], ids=["number", "array"])
def test_what_a_function_caches(x):
    for name, transform in TRANSFORMS.items():
        for keyed in (False, True):
            cached, runs = memoized(np.tanh, keyed)
            np.testing.assert_allclose(transform(cached)(x), transform(lambda x: np.tanh(x) * np.tanh(x))(x),
                                       rtol=1e-14, err_msg=name)
            assert len(runs) == RUNS.get(name, 1), name


FUNCTIONS = [
    lambda x: np.sin(A @ x), lambda x: np.outer(x, x), lambda x: np.cumsum(x)[:, None] * np.ones(4),
    lambda x: np.sort(np.concatenate([x, x * x, -x, x])), lambda x: np.where(A > 0, A @ x[:, None], x * A).T,
    lambda x: ag.stack([x.sum() * np.prod(x), x.max(), x.min(), x[0], np.float64(2.0)]),
    lambda x: np.linalg.inv(np.diag(x) + 1.0), lambda x: ag.checkpoint(lambda x: np.exp(A @ x))(x),
    lambda x: np.array([1.0, 2.0, 3.0, 4.0]), lambda x: {"a": (A @ x, [x.sum()]), "b": np.outer(x, x)},
    lambda x: ag.softmax(A @ x), lambda x: np.einsum("i,j,k->ijk", x, x, x), lambda x: [x, 3.0, x * 0],
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_columns_are_rows(dtype):
    """A Jacobian with more rows than columns is what the rows are, each by a pass of reverse mode."""
    x = np.array([0.5, -1.2, 0.7], dtype)
    for i, f in enumerate(FUNCTIONS):
        y, pull = vjp(f, x)
        ys, shape = ag.tree.flatten(y)
        blocks = ag.tree.leaves(jacobian(f)(x))
        for k, (out, block) in enumerate(zip(ys, blocks, strict=True)):
            assert block.shape == (*np.shape(out), 3) and block.dtype == dtype, i
            for place in np.ndindex(np.shape(out)):
                unit = [np.zeros_like(one) for one in ys]
                unit[k] = np.array(unit[k])
                unit[k][place] = 1
                np.testing.assert_allclose(block[place], pull(shape.rebuild(unit))[0], atol=1e-12 if dtype is np.float64
                                           else 1e-5, err_msg=str(i))


def test_columns_of_several_arguments_and_of_nodes():
    f = lambda a, b: [a * b * np.ones(3), np.outer(b, a * b)]
    a, b = Value(2.0), Tensor([1.0, 3.0])
    (by_a, by_b), (outer_by_a, outer_by_b) = jacobian(lambda a, b: [f(a, b[0])[0], np.outer(b, a * b)], (0, 1))(a, b)
    np.testing.assert_allclose(by_a.data, np.full(3, 1.0))
    np.testing.assert_allclose(by_b.data, [[2.0, 0.0]] * 3)
    np.testing.assert_allclose(outer_by_a.data, np.outer([1, 3], [1, 3]))
    assert outer_by_b.shape == (2, 2, 2)
    np.sum(outer_by_b).backward()
    assert a.grad == pytest.approx(2 * 2 * (1 + 3))


def test_nothing_leaks_past_a_tangent_that_is_0():
    """As in reverse mode: the root of one element at 0 has no say in the columns of the others."""
    f = lambda x: np.concatenate([np.sqrt(x), x, np.where(x > 0, np.sqrt(x), x)])
    want = np.vstack([np.diag([np.inf, 0.5]), np.eye(2), np.diag([1.0, 0.5])])
    np.testing.assert_array_equal(jacobian(f)(np.array([0.0, 1.0])), want)
    np.testing.assert_array_equal(jacobian(lambda x: np.stack([np.sqrt(x), x, x * 2]))(0.0), [np.inf, 1.0, 2.0])
    f = lambda a, b: np.sqrt(a) * np.ones(3) * b
    assert np.isnan(jacobian(lambda x: np.stack([np.sqrt(x * x)] * 3))(0.0)).all()       # no number that is wrong
    np.testing.assert_array_equal(jacobian(f, 1)(0.0, 2.0), np.zeros(3))
