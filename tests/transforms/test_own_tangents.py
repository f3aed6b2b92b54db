"""Ops that are their own tangents, or have a rule for them, have the tangents that their rules give when transposed."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.each import each
from helpers.op_checks import ARRAY, drawn

from autograd_nn import Tensor, grad, jvp
from autograd_nn.ops._arguments import data_of
from autograd_nn.transforms._tangent_of_op import tangent_of_op, transposed_rule
from autograd_nn.transforms.dual import Dual

RNG = np.random.default_rng(3)
CASES = [(op, *case) for op in ARRAY if op.scalar is None for case in op.cases]
OWN = [(op, shapes, params) for op, shapes, params in CASES if op.linear or op.multilinear or op.jvps]


# Those with inputs that are held, or rules, and that do not hand these to LAPACK.
HELD = [case for case in OWN if case[0].linear is not True
        and case[0].module.rpartition(".")[2] not in ("inverses", "decompositions", "norms")]


def called(op, params):
    return lambda *xs: op(*xs, **params) if op.arity >= 0 else op(xs, **params)


def transposed(op, xs, dxs, params):
    """The tangent by the rules alone."""
    params = {**op.params, **params}
    y = called(op, params)(*xs)
    parts = [transposed_rule(op, dx, y, xs, i, params) for i, dx in enumerate(dxs) if dx is not None]
    return sum(np.broadcast_to(part, np.shape(y)) for part in parts)


@pytest.mark.slow
@each(("op", "shapes", "params"), OWN)
def test_of_one_input_and_of_all_together(op, shapes, params):
    xs = [np.asarray(x, float) for x in drawn(op, shapes)]
    us = [RNG.normal(size=x.shape) for x in xs]
    for moved in [(i,) for i in range(len(xs))] + [tuple(range(len(xs)))]:
        dxs = [u if i in moved else None for i, u in enumerate(us)]
        found = called(op, params)(*[x if dx is None else Dual(x, dx) for x, dx in zip(xs, dxs)])
        want = transposed(op, xs, dxs, params)
        np.testing.assert_allclose(found.tangent, want, rtol=1e-9, atol=1e-9, err_msg=f"by {moved}")
        nodes = [Tensor(x) for x in xs]                  # and where the primals are nodes
        found = called(op, params)(*[x if dx is None else Dual(x, dx) for x, dx in zip(nodes, dxs)])
        np.testing.assert_allclose(data_of(found.tangent), want, rtol=1e-9, atol=1e-9, err_msg=f"by {moved}")


@pytest.mark.slow
@each(("op", "shapes", "params"), OWN)
def test_the_second_derivative_is_that_of_forward_over_reverse_and_of_reverse_over_forward(op, shapes, params):
    xs = tuple(np.asarray(x, float) for x in drawn(op, shapes))
    us, vs = ([RNG.normal(size=x.shape) for x in xs] for _ in "uv")
    f = called(op, params)
    w = RNG.normal(size=np.shape(f(*xs)))
    along = lambda *xs: (jvp(f, xs, us)[1] * w).sum()
    forward = jvp(along, xs, vs)[1]
    reverse = grad(along, argnums=range(len(xs)))(*xs)
    np.testing.assert_allclose(forward, sum((g * v).sum() for g, v in zip(reverse, vs)), rtol=1e-7, atol=1e-7)
    over = jvp(grad(lambda *xs: (f(*xs) * w).sum(), argnums=range(len(xs))), xs, us)[1]
    np.testing.assert_allclose(forward, sum((g * v).sum() for g, v in zip(over, vs)), rtol=1e-7, atol=1e-7)


@pytest.mark.slow
@each(("op", "shapes", "params"), HELD)
def test_an_inf_of_a_held_input_leaks_past_no_tangent_of_0_that_it_leaks_not_past_as_a_rule(op, shapes, params):
    xs = [np.asarray(x, float) for x in drawn(op, shapes)]
    for bad in range(len(xs)):
        held = [x.copy() for x in xs]
        held[bad].flat[0] = np.inf
        with np.errstate(all="ignore"):
            y = called(op, params)(*held)
        for i, x in enumerate(held):
            dx = np.where(np.arange(x.size).reshape(x.shape) % 2, 1.0, 0.0)
            for t in (dx, np.zeros_like(x)):
                dxs = [t if j == i else None for j in range(len(xs))]
                with np.errstate(all="ignore"):          # as y has come up with a warning
                    found = tangent_of_op(op, op.array_rules, y, held, dxs, {**op.params, **params})
                    want = transposed(op, held, dxs, params)
                    quick = called(op, params)(*[v if d is None else Dual(v, d) for v, d in zip(held, dxs)]).tangent
                np.testing.assert_allclose(found, want, rtol=1e-9, atol=1e-9, err_msg=f"inf in {bad}, by {i}")
                np.testing.assert_array_equal(quick, found)


@pytest.mark.parametrize("f", [lambda x: x, lambda x: x[::-1], lambda x: x.reshape(2, 2), np.transpose,
                               lambda x: np.broadcast_to(x, (2, 4)), lambda x: x.reshape(2, 2).T])
def test_a_value_and_its_tangent_are_arrays_of_the_caller(f):
    """And so are not views of what it gave, or of what cannot be written to."""
    x, t = np.arange(4.0), np.ones(4)
    y, dy = jvp(f, (x,), (t,))
    y[...], dy[...] = 7.0, 7.0
    assert (x == np.arange(4)).all() and (t == 1).all()
