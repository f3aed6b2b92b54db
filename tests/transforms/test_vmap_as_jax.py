"""vmap against JAX's: the same axes, nests and compositions with derivatives."""

import itertools

import numpy as np
import pytest

import autograd_nn as ag
from autograd_nn import tree

jax = pytest.importorskip("jax", reason="JAX is not installed, and this compares with it: pip install '.[bench]'")
jnp = jax.numpy


@pytest.fixture(autouse=True)
def float64():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def numbers(*shape):
    return np.random.default_rng(len(shape) + sum(shape)).normal(size=shape)


def same(got, want, what):
    got, want = tree.leaves(got), [np.asarray(x) for x in jax.tree_util.tree_leaves(want)]
    assert len(got) == len(want), what
    for g, w in zip(got, want):
        assert g.shape == w.shape, what
        np.testing.assert_allclose(g, w, rtol=1e-9, atol=1e-9, err_msg=str(what))


def test_axes():
    def f(x, y):
        return {"sum": x + y, "both": (x * y, x)}
    x, y = numbers(3, 3), numbers(3, 3)
    outs = [0, 1, -1, {"sum": 1, "both": 0}, {"sum": 0, "both": (1, -1)}]
    for in_axes, out_axes in itertools.product([0, 1, -1, (0, 1), (1, None), (None, -2), [0, 0]], outs):
        if isinstance(in_axes, list):
            in_axes = tuple(in_axes)                     # JAX takes no list
        ours = ag.vmap(f, in_axes, out_axes)(x, y)
        theirs = jax.vmap(f, in_axes, out_axes)(x, y)
        ours = [ours["both"], ours["sum"]]               # JAX sorts the keys of a dict
        same(ours, theirs, (in_axes, out_axes))


def test_nests_of_axes():
    p = {"a": numbers(3, 4), "b": [numbers(4, 3), (numbers(2), numbers(4, 3))]}
    def f(p):
        return p["a"] * p["b"][0] + p["b"][1][0].sum() + p["b"][1][1]
    for axes in ({"a": 1, "b": [0, (None, 0)]}, {"a": -1, "b": [-2, (None, 0)]}):
        same(ag.vmap(f, (axes,))(p), jax.vmap(f, (axes,))(p), axes)


W = numbers(4, 3)
PROGRAMS = {
    "network": lambda m: lambda x: m.sum(m.tanh(W @ x) ** 2),
    "softmax": lambda m: lambda x: m.sum(m.exp(x) / m.sum(m.exp(x)) * x),
    "shapes": lambda m: lambda x: m.sum(m.outer(x, x).reshape(-1)[::2] * m.arange(5.0)),
    "choice": lambda m: lambda x: m.sum(m.where(x > 0, x * x, -x)) + m.max(x),
    "einsum": lambda m: lambda x: m.einsum("i,ji,j->", x, W, m.ones(4)) ** 2,
    "running": lambda m: lambda x: m.sum(m.cumsum(x) * m.concatenate([x[1:], x[:1]])),
    "solving": lambda m: lambda x: m.sum(m.linalg.solve(m.outer(x, x) + 3 * m.eye(3), x)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_derivatives(name):
    f, g, x = PROGRAMS[name](np), PROGRAMS[name](jnp), numbers(5, 3)
    same(ag.vmap(f)(x), jax.vmap(g)(x), "value")
    same(ag.vmap(ag.grad(f))(x), jax.vmap(jax.grad(g))(x), "gradient")
    same(ag.vmap(ag.hessian(f))(x), jax.vmap(jax.hessian(g))(x), "Hessian")
    same(ag.hessian(f)(x[0]), jax.hessian(g)(x[0]), "Hessian of one")
    same(ag.jacobian(ag.vmap(f))(x), jax.jacrev(jax.vmap(g))(x), "Jacobian of vmap")
    same(ag.vmap(lambda v: ag.jvp(ag.grad(f), (x[0],), (v,))[1])(x),
         jax.vmap(lambda v: jax.jvp(jax.grad(g), (x[0],), (v,))[1])(x), "many tangents")
    same(ag.grad(lambda x: np.sum(ag.vmap(ag.grad(f))(x) ** 2))(x),
         jax.grad(lambda x: jnp.sum(jax.vmap(jax.grad(g))(x) ** 2))(x), "gradient of gradients")
