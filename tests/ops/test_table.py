"""Every op is tested because it is in the table: the checks stand in helpers/op_checks.py."""

from __future__ import annotations

import pytest
from helpers import op_checks as checks
from helpers.each import each
from helpers.engines import engines
from helpers.op_checks import CASES, EXTREMES, OF_ANY_SIZE, SCALAR, of

from autograd_nn import Tensor, jvp
from autograd_nn.notation.symbol import local_derivatives
from autograd_nn.ops import OPS, Op


@of(SCALAR)
@engines
def test_first_derivative(op, Value):
    checks.first_derivative(op, Value)


@pytest.mark.slow
@of(SCALAR)
@engines
def test_second_derivative(op, Value):
    checks.second_derivative(op, Value)


@of(SCALAR)
@engines
def test_value_and_tensor_agree_under_broadcasting(op, Value):
    checks.value_and_tensor_agree_under_broadcasting(op, Value)


@pytest.mark.slow
@of(SCALAR)
@engines
def test_forward_mode_is_reverse_mode(op, Value):
    checks.forward_mode_is_reverse_mode(op, Value)


@pytest.mark.slow
@of(SCALAR)
def test_an_unbound_rule_gives_what_the_bound_ones_give(op):
    checks.an_unbound_rule_gives_what_the_bound_ones_give(op)


@pytest.mark.slow
@each(("op", "shapes", "params"), CASES)
def test_array_op(op, shapes, params):
    checks.array_op(op, shapes, params)


@of(EXTREMES)
@engines
def test_ties_share_evenly(op, Value):
    checks.ties_share_evenly(op, Value)


@each(("op", "shapes", "params"), [(op, *case) for op in OF_ANY_SIZE for case in op.cases])
def test_numbers_of_any_size(op, shapes, params):
    checks.numbers_of_any_size(op, shapes, params)


@each(("op", "shapes", "params"), CASES)
def test_array_op_keeps_float32(op, shapes, params):
    checks.array_op_keeps_float32(op, shapes, params)


@of(SCALAR)
def test_elementwise_op_keeps_float32(op):
    checks.elementwise_op_keeps_float32(op)


@of(SCALAR)
@engines
def test_an_object_array_of_values_runs_element_by_element(op, Value):
    checks.an_object_array_of_values_runs_element_by_element(op, Value)


@of(OPS.values())
def test_entry_is_complete(op):
    checks.entry_is_complete(op)


@of([op for op in OPS.values() if op.zero])
@engines
def test_piecewise_constant_ops_say_zero(op, Value):
    x = [Value(1.25) for _ in range(op.arity)]
    op(*x).backward()
    assert all(v.has_grad and v.grad == 0.0 for v in x)


@engines
def test_a_users_own_op_gets_everything(Value):
    cube = Op("cube_for_test", lambda x: x * x * x, lambda x: x * x * x,
              lambda g, y, x: g * 3 * (x * x), tex="{0}^3")
    try:
        v, t = Value(2.0), Tensor([1.0, 2.0])
        y = cube(v) * v
        assert y.inputs[0].op is cube and y.inputs[0].inputs == (v,)
        v.cube_for_test().backward()
        t.cube_for_test().sum().backward()
        assert v.grad == 12.0 and t.grad.tolist() == [3.0, 12.0]
        assert jvp(cube, (2.0,), (1.0,)) == (8.0, 12.0)
        assert local_derivatives(cube)[0].latex() == r"3 \, x^{2}"
        checks.first_derivative(cube, Value)
        checks.second_derivative(cube, Value)
        checks.value_and_tensor_agree_under_broadcasting(cube, Value)
    finally:
        cube.forget()
    assert not hasattr(v, "cube_for_test") and not hasattr(t, "cube_for_test")
