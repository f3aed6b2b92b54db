"""custom_op: a user's function with its rules gets what the entries of the table get."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import op_checks as checks
from helpers.engines import engines

import autograd_nn as ag
from autograd_nn import OPS, Op, Tensor, custom_op, grad, hessian, jvp, ops
from autograd_nn.notation.symbol import local_derivatives


@engines
def test_elementwise(Value, forget):
    @custom_op(lambda g, y, x, k: g * (k + 1) * x ** k, elementwise=True, tex="{0}^{{{k}+1}}", domain=[(0.5, 2.0)])
    def raised(x, k=2.0):
        """x to the power k + 1."""
        return x * x ** k
    assert isinstance(raised, Op) and raised.__doc__ == "x to the power k + 1." and raised.module == __name__
    v, t = Value(2.0), Tensor([1.0, 2.0])
    assert raised(2.0) == 8.0 and raised(2.0, 1.0) == 4.0 and raised(np.array([1.0, 2.0])).tolist() == [1.0, 8.0]
    assert type(raised(v)) is Value and v.raised(k=1.0).data == 4.0 and t.raised().data.tolist() == [1.0, 8.0]
    assert grad(raised)(2.0) == 12.0 and grad(grad(raised))(2.0) == 12.0 and grad(grad(grad(raised)))(2.0) == 6.0
    assert jvp(raised, (2.0,), (1.0,)) == (8.0, 12.0)
    assert "raised" in ag.draw(raised(v)).source and local_derivatives(raised)[0].latex()
    for check in (checks.first_derivative, checks.second_derivative,
                  checks.value_and_tensor_agree_under_broadcasting, checks.forward_mode_is_reverse_mode):
        check(raised, Value)
    checks.an_unbound_rule_gives_what_the_bound_ones_give(raised)
    checks.elementwise_op_keeps_float32(raised)
    checks.entry_is_complete(raised)


def test_on_arrays(forget):
    @custom_op(lambda g, y, x, w, axis: ops.expand_dims(g, axis) * w,
               lambda g, y, x, w, axis: ops.expand_dims(g, axis) * x,
               cases=[(((2, 3), (2, 3)), {}), (((2, 3), (2, 3)), {"axis": 0})])
    def row_dots(x, w, axis=-1):
        return np.sum(x * w, axis=axis)
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    assert row_dots(x, w).tolist() == (x * w).sum(-1).tolist()
    t = Tensor(x)
    t.row_dots(w, axis=0).sum().backward()
    assert t.grad.tolist() == w.tolist() and row_dots.__doc__.startswith("row_dots(")
    h = hessian(lambda x: (row_dots(x, w) ** 2).sum())(x)
    want = np.zeros((2, 3, 2, 3))
    for i in range(2):
        want[i, :, i, :] = 2 * np.outer(w[i], w[i])
    np.testing.assert_allclose(h, want, rtol=1e-13)
    for shapes, params in row_dots.cases:
        checks.array_op(row_dots, shapes, params)
        checks.array_op_keeps_float32(row_dots, shapes, params)
        assert checks.call(row_dots, [Tensor(a) for a in checks.drawn(row_dots, shapes)], params).op is row_dots


def test_another_derivative_than_the_functions_own(forget):
    """A straight-through estimator: what custom rules are for."""
    @custom_op(lambda g, y, x: g, elementwise=True)
    def rounded_through(x):
        return np.round(x)
    assert grad(lambda x: rounded_through(x) * 3.0)(1.4) == 3.0
    assert jvp(rounded_through, (1.4,), (1.0,)) == (1.0, 1.0)


def test_defining_again_and_errors(forget):
    def define(factor, **fields):
        @custom_op(lambda g, y, x: g * factor, elementwise=True, **fields)
        def times(x):
            return x * factor
        return times
    first, second = define(2.0), define(3.0)
    assert OPS["times"] is second is not first and Tensor([1.0]).times().data.tolist() == [3.0]
    assert grad(first)(1.0) == 2.0                       # old graphs keep the old rule
    with pytest.raises(TypeError, match=r"2 inputs \(x, y\) and 1 rule"):
        custom_op(lambda g, z, x: g)(lambda x, y: x)
    with pytest.raises(TypeError, match="exists already"):
        define(2.0, name="sin")
    assert define(2.0, name="named", tex="2 {0}").tex == "2 {0}"
