"""Numbers of every type beside a Value: both engines take the same ones, and keep Python's own floats of them."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.engines import engines

import autograd_nn as ag
from autograd_nn import AutogradError
from autograd_nn.core.engine import SCALARS
from autograd_nn.ops import OPS

NUMBERS = [*(kind(1) for kind in SCALARS), 1, 1.0, 2**53 + 1, np.int64(2**62 + 1), np.float32(0.1), np.float64(-0.0),
           np.float16(0.1), np.uint64(2**64 - 1), np.float64(np.nan), np.float32(np.inf), 10**300]
BINARY = [op for op in OPS.values() if op.elementwise and op.arity == 2 and op.dunder]


def same(x, y):
    return np.array_equal(np.float64(x), np.float64(y), equal_nan=True) and np.signbit(x) == np.signbit(y)


@engines
def test_of_any_type_is_its_float(Value):
    for x in NUMBERS:
        v = Value(x)
        assert type(v.data) is float and same(v.data, float(x)), x
        v.data = v.grad = x
        assert type(v.data) is type(v.grad) is float and same(v.data, float(x)) and same(v.grad, float(x)), x


@engines
def test_beside_a_value(Value):
    for x in NUMBERS:
        for op in BINARY:
            for y, args in ((op(Value(0.75), x), (0.75, float(x))), (op(x, Value(0.75)), (float(x), 0.75))):
                assert same(y.data, op(*args)), (op, x, args)
                plain = next(i for i in y.inputs if not isinstance(i, Value))
                assert type(plain) in (float, int) and same(float(plain), float(x)), (op, x)


@engines
def test_operators_of_numpys_numbers(Value):
    """np.float64(2) * v asks v.__array_ufunc__."""
    for x in NUMBERS:
        v = Value(0.75)
        for y, right in ((x * v, float(x) * 0.75), (x - v, float(x) - 0.75), (v + x, 0.75 + float(x))):
            assert type(y) is Value and same(y.data, right), x
        y = x * v
        y.backward()
        assert same(v.grad, float(x))


@engines
def test_ufuncs_of_values(Value):
    for op in (op for op in OPS.values() if op.elementwise and isinstance(getattr(np, op.name, None), np.ufunc)):
        args = [Value(0.5 + i / 4) for i in range(op.arity)]
        y = getattr(np, op.name)(*args)
        assert type(y) is Value and y.op is op and all(a is b for a, b in zip(y.inputs, args)), op
        with ag.no_grad():
            assert getattr(np, op.name)(*args).is_leaf
    assert type(np.less(Value(1.0), 2.0)) is np.bool_


@engines
def test_what_is_no_number_is_refused(Value):
    for x in (1j, np.complex64(1), "1", None, np.ones(2), [1.0], 10**400, np.datetime64("2020"), object()):
        with pytest.raises(AutogradError):
            Value(x)
        with pytest.raises(AutogradError):
            Value(1.0).data = x
    with pytest.raises(AutogradError):
        Value(1.0) + 10**400
