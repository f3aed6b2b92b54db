"""Options of functions (axes, shapes, counts, modes) may be no nodes, and lists that contain themselves have an end."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from helpers.each import each
from helpers.engines import engines
from helpers.function_cases import call, inputs
from helpers.op_checks import drawn, of

import autograd_nn as ag
from autograd_nn import Tensor, Value, data, grad, jvp, nn, optim, train, tree
from autograd_nn.errors import AutogradError, DataError, LeavesGraphError, UsageError
from autograd_nn.ops import FUNCTIONS, OPS
from autograd_nn.ops._no_nodes import KINDS, NAMES


def nodes(option):
    """Nodes in the place of an option: alone, in a list, and in an array of objects."""
    number = float(option) if isinstance(option, (int, float)) else 1.0
    for x in (Tensor(number), Value(number), Tensor([number, number])):
        yield from (x, [x], (0, x), [[x]])
    yield np.array([Value(1.0), Value(0.0)])


def refused(name, function):
    with pytest.raises(LeavesGraphError, match=f"{name}: a count, an index or an option"):
        function()


@of([op for op in OPS.values() if op.params])
def test_ops(op):
    shapes, params = op.cases[0] if op.cases else (((3,),) * op.arity, {})
    xs = [Tensor(x) for x in (drawn(op, shapes) if op.cases else [np.full(s, 0.5) for s in shapes])]
    for name, default in {**op.params, **params}.items():
        for option in nodes(default):
            refused(op.name, lambda name=name, option=option: op(
                *(xs if op.arity > 0 else [xs]), **{**params, name: option}))


@each("f", [f for f in FUNCTIONS.values() if f.cases])
def test_functions(f):
    shapes, params = f.cases[0]
    xs = [Tensor(x) for x in inputs(shapes, 0)]
    for name, p in list(inspect.signature(f.call).parameters.items())[1 if f.listed else len(xs):]:
        if p.annotation in KINDS or (name in NAMES and p.kind is not p.VAR_KEYWORD):
            for option in nodes(params.get(name)):
                refused(f.name, lambda name=name, option=option: call(f, f.call, xs, {**params, name: option}))


def test_calls_that_ran_without_an_end():
    t = Tensor([1.0, 2.0, 3.0])
    for function in (lambda: t.tile(t), lambda: np.tile(t, Tensor(2.0)), lambda: ag.delete(t, Tensor(1.0)),
                     lambda: np.insert(t, Tensor(1.0), 5.0), lambda: np.take_along_axis(t, t, 0),
                     lambda: t.round(Tensor(1.0)), lambda: ag.linalg.cond(np.eye(2), Tensor(1.0))):
        with pytest.raises(LeavesGraphError):
            function()


@engines
def test_arrays_of_values_that_numpy_goes_through(Value):
    """NumPy asks the elements of such an array what to do, and they must not ask NumPy the same again."""
    values, v = np.array([Value(1.0), Value(2.0)], dtype=object), Value(3.0)
    data = np.vectorize(lambda v: v.data, otypes=[float])
    for function, want in ((np.stack, [1, 2]), (np.hstack, [1, 2]), (np.vstack, [[1], [2]]), (np.block, [1, 2]),
                           (lambda x: np.stack(arrays=x), [1, 2]), (lambda x: np.choose([1, 0], x), [2, 1]),
                           (lambda x: np.select([True, False], x), 1), (lambda x: np.append(x, v), [1, 2, 3])):
        assert data(function(values)).tolist() == want
    for function in (np.concatenate, lambda x: x @ v, lambda x: v @ x, lambda x: np.matmul(v, x)):
        with pytest.raises(ValueError):
            function(values)


# --- containers that contain themselves ---------------------------------------------------------------

def own_list(leaf):
    found = [leaf]
    found.append(found)
    return found


def own_dict(leaf):
    found = {"a": leaf}
    found["b"] = {"c": found}
    return found


def own_pair(leaf):
    found = [leaf]
    found.append((leaf, found))
    return found


@pytest.mark.parametrize("own", [own_list, own_dict, own_pair])
def test_a_tree_that_contains_itself(own, tmp_path):
    parameters = nn.Linear(1, 1, rng=0).parameters()
    for function in (
            lambda: tree.leaves(own(1.0)), lambda: tree.map(abs, own(1.0)), lambda: grad(lambda p: 1.0)(own(1.0)),
            lambda: ag.vjp(lambda x: own(x), 1.0), lambda: jvp(lambda p: 1.0, (own(1.0),), (own(1.0),)),
            lambda: ag.checkpoint(lambda p: p)(own(Tensor(1.0))), lambda: ag.stop_gradient(own(Tensor(1.0))),
            lambda: ag.check_gradients(lambda p: Value(1.0), own(1.0)), lambda: Tensor(own(1.0)),
            lambda: Tensor([1.0]).reshape(own(1)),
            lambda: train.save_checkpoint(tmp_path / "x", own(1.0)),
            lambda: optim.Adam(parameters).load_state_dict(own(1.0)),
            lambda: nn.Linear(1, 1).load_state_dict(own(1.0))):
        with pytest.raises(AutogradError):
            function()
    assert not list(tmp_path.iterdir())


def test_what_is_nested_so_deep_that_it_cannot_be_shown():
    deep = Value(1.0)
    for _ in range(5000):
        deep = [deep]
    for function in (Tensor, Value, ag.draw, ag.topological, lambda x: Tensor(1.0) + x, lambda x: Value(1.0) + x,
                     lambda x: ag.where(x, Tensor(1.0), 0.0), lambda x: nn.mse_loss(Tensor([1.0]), x), ag.block):
        with pytest.raises(AutogradError):
            function(deep)
    assert tree.leaves(deep)[0].data == 1.0


def test_what_stands_twice_in_a_tree_is_no_circle():
    part = [1.0]
    assert tree.leaves([part, {"a": part}, (part, part)]) == [1.0] * 4
    with pytest.raises(UsageError, match="a list contains itself"):
        tree.leaves([part, own_list(2.0)])
    with pytest.raises(AutogradError, match="contain itself"):
        ag.block(own_list(1.0)[1:])
    with pytest.raises(AutogradError, match="contain itself"):
        ag.pad(Tensor([1.0]), own_list(1))


def test_a_module_may_hold_what_contains_itself(tmp_path):
    class Model(nn.Module):
        def __init__(self):
            self.parts = own_list(Tensor(1.0))
    model = Model()
    model.save(tmp_path / "x")
    assert [name for name, _ in model.load(tmp_path / "x").named_parameters()] == ["parts.0"]


def test_data_that_contain_themselves():
    for function in (lambda x: data.one_hot(x, 3), lambda x: data.standardise(x), lambda x: data.split(x),
                     lambda x: list(data.batches(x, size=1))):
        with pytest.raises(DataError, match="no array"):
            function(own_list(1))
