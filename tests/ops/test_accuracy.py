"""The digits of every elementwise op: as many as its entry in the table says, against mpmath, over its whole domain."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers.accuracy import FEW, ORDERS, points, results, worst
from helpers.engines import ENGINES
from helpers.exact import EXACT
from helpers.op_checks import SCALAR, of, params_of

from autograd_nn import Tensor, ops
from autograd_nn.ops import Op

OWN = [op for op in SCALAR if op.module.startswith("autograd_nn.")]
ROUNDING = 1e-9         # units: the error of the reference itself
each_op = pytest.mark.parametrize("op", OWN, ids=lambda op: op.name)        # it takes mpmath a while: many tests
COUNT = 4               # of each kind of number; benchmarks/bench_accuracy.py takes more


def holds(op, dtype, columns, got, ulps):
    for (order, found), bound in zip(worst(op, dtype, params_of(op), columns, got).items(), ulps):
        assert found.units <= bound + ROUNDING, f"{op.name}, {order}, {np.dtype(dtype)}: {found}"


@pytest.mark.slow
@each_op
def test_an_array_has_the_digits_that_the_table_promises(op):
    for dtype in (np.float32, np.float64):
        columns = points(op, dtype, COUNT)
        holds(op, dtype, columns, results(op, columns, params_of(op)), op.ulps)


@pytest.mark.slow
@each_op
def test_numbers_have_the_digits_of_arrays(op):
    """Both engines, in units: the functions of floats are others than NumPy's."""
    columns = points(op, np.float64, 1)
    for Value in ENGINES.values():
        rows = [results(op, row, params_of(op), Value) for row in zip(*(c.tolist() for c in columns))]
        holds(op, np.float64, columns, {key: [row[key] for row in rows] for key in rows[0]}, op.ulps)


@of(OWN)
def test_every_entry_says_how_many(op):
    """And why, where that is more than a few; a user's own op need not."""
    assert op.ulps is not None, f"measure it: python benchmarks/bench_accuracy.py {op.name}"
    assert len(op.ulps) == len(ORDERS) and (max(op.ulps) > FEW) == bool(op.loses)
    assert op.name in EXACT, "its function in mpmath belongs into helpers/exact.py"


def test_lost_digits_are_seen():
    """The slope of tanh by its output has none where tanh is rounded to 1."""
    lossy = Op("tanh_by_output_for_test", math.tanh, np.tanh, lambda g, y, x: g * (1 - y * y), tex="{0}")
    try:
        columns = points(ops.tanh, np.float64, COUNT)
        found = worst(ops.tanh, np.float64, {}, columns, results(lossy, columns, {}))
        assert lossy.ulps is None
        assert found["value"].units <= FEW and found["first"].units > 1e9 and found["second"].units > 1e9
    finally:
        lossy.forget()


@pytest.mark.parametrize(("x", "want"), [(9.0, 6.0919e-8), (-18.0, 9.2782e-16), (40.0, 7.2197e-35)])
def test_a_saturated_tanh_learns(x, want):
    t = Tensor([x], dtype=np.float32)
    ops.tanh(t).backward(np.ones(1, np.float32))
    assert t.grad[0] == pytest.approx(want, rel=1e-4)
