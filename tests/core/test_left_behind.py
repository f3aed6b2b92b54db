"""Nothing is left behind: not by an op that was forgotten, and no cycle for the collector by a check."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from autograd_nn import Op, Tensor, Value, check_gradients, custom_op, grad


def with_an_op():
    @custom_op(lambda g, y, x: g * tripled(1.0), elementwise=True)      # its rule names the op itself
    def tripled(x):
        return x * 3.0
    for x in (Value(1.0), Tensor([1.0, 2.0])):
        tripled(x).backward(np.ones(x.shape) if x.shape else None)
        x.tripled()
    grad(tripled)(2.0)
    tripled.forget()


def with_a_plain_op():
    op = Op("plain_op", lambda x: x * 3.0, lambda x: x * 3.0, lambda g, y, x: g * 3.0, tex="{0}")
    op(Value(1.0)).backward()
    op(Tensor([1.0, 2.0])).backward(np.ones(2))
    op.forget()


@pytest.mark.parametrize("use", [with_an_op, with_a_plain_op])
def test_an_op_that_is_forgotten_leaves_nothing(use):
    for _ in range(3):
        use()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(20):
        use()
    gc.collect()
    assert len(gc.get_objects()) - before < 20


@pytest.mark.slow
@pytest.mark.parametrize("f, x", [(lambda x: (x * x).sum(), np.ones(3)), (lambda x: x * x.sin(), 2.0),
                                  (lambda x: (x[:, None] * x).sum(), np.ones(20, np.float32))])
def test_a_check_makes_no_cycles(f, x):
    for _ in range(2):
        check_gradients(f, x)
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            check_gradients(f, x)
        assert gc.collect() == 0
    finally:
        gc.enable()
