"""u . (J v) = (J' u) . v for every entry of the table and every composed function: both modes have one Jacobian."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import function_cases, op_checks
from helpers.each import each

from autograd_nn import checkpoint, jvp, tree, vjp
from autograd_nn.ops import FUNCTIONS, OPS


def inner(a, b):
    """The sum of the products of two nests' numbers; None is 0."""
    return float(sum(np.sum(x * y) for x, y in zip(tree.leaves(a), tree.leaves(b), strict=True)))


def check(f, xs, seed=0):
    rng = np.random.default_rng(seed)
    vs = [rng.normal(size=np.shape(x)) for x in xs]
    y, pull = vjp(f, *xs)
    u = tree.map(lambda leaf: rng.normal(size=np.shape(leaf)), y)
    same_y, forward = jvp(f, xs, vs)
    for a, b in zip(tree.leaves(y), tree.leaves(same_y), strict=True):
        np.testing.assert_array_equal(a, b)
    back = pull(u)
    assert [np.shape(g) for g in back] == [np.shape(x) for x in xs]
    left, right = inner(u, forward), inner(back, vs)
    scale = 1 + sum(float(np.abs(x).sum()) for x in (*tree.leaves(forward), *tree.leaves(back)))
    assert left == pytest.approx(right, rel=1e-10, abs=1e-10 * scale)


def points(op, seed):
    """Arrays that broadcast, inside the op's domain."""
    rng = np.random.default_rng(seed)
    for domain, shape in zip(op.domain, [(2, 3), (3,), (2, 1)]):
        if isinstance(domain, frozenset):
            yield rng.choice(sorted(domain), size=shape)
        else:
            low, high = domain
            yield rng.uniform(low + 0.01 * (high - low), high - 0.01 * (high - low), size=shape)


@each("op", [op for op in OPS.values() if op.elementwise])
def test_elementwise_entries(op):
    for seed in range(3):
        xs = list(points(op, seed))
        used = [i for i, rule in enumerate(op.vjps) if rule is not None]
        f = lambda *given, xs=xs, used=used: op(*[given[used.index(i)] if i in used else x for i, x in enumerate(xs)],
                                                **op.params)
        check(f, [xs[i] for i in used], seed)
        check(lambda *given, f=f: f(*[x * x / x for x in given]), [xs[i] for i in used], seed)


@pytest.mark.slow
@each(("op", "shapes", "params"), op_checks.CASES)
def test_array_entries(op, shapes, params):
    f = lambda *xs: op_checks.call(op, xs, params)
    xs = op_checks.drawn(op, shapes)
    check(f, xs)
    check(checkpoint(f), xs)


COMPOSED = [pytest.param(f, *case, id=f"{f.name}-{i}") for f in FUNCTIONS.values() if f.order
            for i, case in enumerate(f.cases)]


@pytest.mark.slow
@each(("f", "shapes", "params"), COMPOSED)
def test_composed_functions(f, shapes, params):
    xs = function_cases.inputs(shapes, 0)
    check(lambda *xs: function_cases.call(f, f.call, list(xs), params), xs)
