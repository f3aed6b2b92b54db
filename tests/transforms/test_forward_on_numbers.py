"""Forward mode on Python floats answers as IEEE arithmetic does, where Python's own division and math raise."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from autograd_nn import Value, grad, jvp, where
from autograd_nn.ops import OPS

ENDS = [0.0, -0.0, 1.0, -1.0, 2.0, 1e308, 1e-320, math.inf, -math.inf, math.nan]
SLOTS = [(op, i) for op in OPS.values() if op.elementwise for i, rule in enumerate(op.vjps) if rule is not None]
each_slot = pytest.mark.parametrize(("op", "i"), SLOTS, ids=[f"{op.name}-{i}" for op, i in SLOTS])


def points(op):
    return itertools.product(ENDS, repeat=op.arity) if op.arity < 3 else itertools.product(ENDS[:5], repeat=op.arity)


@pytest.mark.slow
@each_slot
def test_a_number_has_the_tangent_of_an_array(op, i):
    for xs in points(op):
        ts = tuple(float(k == i) for k in range(op.arity))
        _, number = jvp(op, xs, ts)
        with np.errstate(all="ignore"):
            _, array = jvp(op, tuple(np.array([x]) for x in xs), tuple(np.array([t]) for t in ts))
        assert type(number) is float
        np.testing.assert_allclose(number, array[0], rtol=1e-13, err_msg=f"{op.name}{xs}")


def d(f):
    return lambda x: jvp(f, (x,), (1.0,))[1]


@pytest.mark.slow
@each_slot
def test_no_order_of_modes_raises(op, i):
    """Also where a rule computes with a constant of the op alone, beside a node or a dual."""
    for xs in points(op):
        f = lambda x, xs=xs: op(*xs[:i], x, *xs[i + 1:])
        for second in (d(d(f)), grad(d(f)), d(grad(f)), grad(grad(f))):
            assert type(second(xs[i])) is float
        jvp(f, (Value(xs[i]),), (1.0,))
        jvp(f, (xs[i],), (Value(1.0),))


def test_a_guarded_division():
    assert jvp(lambda x: where(x > 0, 1 / x, x * x), (0.0,), (1.0,)) == (0.0, 0.0)
    assert jvp(lambda x: where(x > 0, x.log(), x * x), (0.0,), (1.0,)) == (0.0, 0.0)
