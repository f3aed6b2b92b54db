"""Composites: the forward is one expression, and floats, arrays, C and a graph of the expression agree in every bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_nn import OPS, Tensor, Value, sigmoid
from autograd_nn.core.value import PureValue
from autograd_nn.errors import UsageError
from autograd_nn.notation.symbol import Symbol
from autograd_nn.ops import Composite, sinc

COMPOSITES = [op for op in OPS.values() if isinstance(op, Composite)]
NUMBERS = st.floats(allow_nan=False) | st.floats(-20, 20)


def bits(*xs: float) -> bytes:
    """nan is nan, whatever its sign."""
    return np.array([np.nan if x != x else x for x in xs], dtype=np.float64).tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("op", COMPOSITES, ids=lambda op: op.name)
@given(data=st.data())
def test_the_expression_is_what_it_computes(op, data):
    xs = data.draw(st.tuples(*[NUMBERS] * op.arity))
    with np.errstate(all="ignore"):
        by_nodes = op.forward(*map(PureValue, xs)).data
        assert bits(op(*xs)) == bits(by_nodes) == bits(op(*map(Value, xs)).data) == bits(op(*map(PureValue, xs)).data)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("op", [op for op in COMPOSITES if not isinstance(op.array, np.ufunc)], ids=lambda op: op.name)
def test_on_arrays_it_is_the_expression_on_tensors(op, dtype):
    xs = [np.random.default_rng(i).normal(scale=3, size=(5, 70)).astype(dtype) for i in range(op.arity)]
    got, want = op(*xs), op.forward(*map(Tensor, xs)).data
    assert got.dtype == dtype and got.tobytes() == want.tobytes()


def test_one_of_the_users_own(forget):
    steep = Composite("steep", lambda x, k: x * sigmoid(k * x),
                      lambda g, y, x, k: g * sigmoid(k * x) * (1 + k * x * (1 - sigmoid(k * x))),
                      tex=r"\operatorname{{steep}}_{k} {0}", params={"k": 3.0})
    assert steep.module == __name__
    x = Value(0.5)
    y = steep(x, k=2.0)
    y.backward()
    assert y.op is steep and y.inputs == (x,) and y.data == (x * sigmoid(2.0 * x)).data
    z = Value(0.5)
    (z * sigmoid(2.0 * z)).backward()
    assert x.grad == pytest.approx(z.grad, rel=1e-14)
    text = steep(Symbol("a") + 1, k=2.0).c()
    assert eval(text, {"a": -0.3, "ag_sigmoid": sigmoid}) == steep(0.7, k=2.0)


def test_an_expression_without_c(forget):
    wave = Composite("wave", lambda x: x * sinc(x), lambda g, y, x: g * (sinc(x) + x * sinc(x)), tex="w {0}")
    assert wave.c is None and wave(0.5) == 0.5 * sinc(0.5)
    with pytest.raises(UsageError, match="wave has no C"):
        wave(Symbol("x")).c()
