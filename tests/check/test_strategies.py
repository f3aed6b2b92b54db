"""What the strategies draw is what they say, and a decorated function tests its own gradient."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.fresh_python import python
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

import autograd_nn as ag
from autograd_nn import OPS, Op, Tensor, Value, custom_op, ops, topological
from autograd_nn.check import checks_gradient, differentiate
from autograd_nn.check.strategies import (
    axes_for,
    broadcastable_tensors,
    expressions,
    graphs,
    indices_for,
    modules,
    smooth_ops,
    tensors,
    values,
)
from autograd_nn.core.value import PureValue
from autograd_nn.errors import CheckError, EvaluationError, UsageError

FRESH = settings(phases=[Phase.generate], database=None)
shapes = st.lists(st.integers(0, 3), max_size=3).map(tuple)


# --- leaves, shapes, axes, indices ---------------------------------------------------------------------

@given(v=values(), w=values(st.just(2.5)))
def test_values(v, w):
    assert type(v) is Value and v.is_leaf and -3 <= v.data <= 3 and w.data == 2.5


@given(t=tensors(), f=tensors(dtype=np.float32, shape=(2, 3), elements=st.sampled_from([1.0, 7.0])),
       g=tensors(dtype=st.sampled_from([np.float16, np.float32]), shape=shapes))
def test_tensors(t, f, g):
    assert type(t) is Tensor and t.is_leaf and t.dtype == np.float64 and t.ndim <= 3 and np.all(np.abs(t.data) <= 3)
    assert f.dtype == np.float32 and f.shape == (2, 3) and set(f.data.flat) <= {1.0, 7.0}
    assert g.dtype in (np.float16, np.float32)


@given(ts=st.integers(1, 4).flatmap(broadcastable_tensors))
def test_broadcastable_tensors(ts):
    want = np.broadcast_shapes(*(t.shape for t in ts))
    assert sum(ts[1:], ts[0]).shape == want


@pytest.mark.slow
def test_shapes_that_differ_are_drawn():
    assert find(broadcastable_tensors(2), lambda ts: ts[0].shape != ts[1].shape and ts[0].ndim == ts[1].ndim == 2)


@given(data=st.data(), shape=shapes, as_tensor=st.booleans())
def test_axes_are_those_that_numpy_takes(data, shape, as_tensor):
    array = np.zeros(shape)
    axis = data.draw(axes_for(Tensor(array) if as_tensor else shape))
    assert ops.sum(Tensor(array), axis=axis).shape == array.sum(axis=axis).shape


@pytest.mark.parametrize("kind", [
    lambda axis: axis is None, lambda axis: isinstance(axis, int) and axis < 0, lambda axis: axis == (0, 1, 2)])
def test_every_kind_of_axis_is_drawn(kind):
    assert kind(find(axes_for((2, 3, 4)), kind))


@given(data=st.data(), shape=shapes)
def test_indices_are_those_that_numpy_takes(data, shape):
    array = np.arange(float(np.prod(shape))).reshape(shape)
    index = data.draw(indices_for(shape))
    assert np.array_equal(Tensor(array)[index].data, array[index])


@pytest.mark.slow
@pytest.mark.parametrize("kind", [
    lambda index: any(isinstance(part, slice) for part in index), lambda index: None in index,
    lambda index: isinstance(index, np.ndarray) and index.dtype == bool,
    lambda index: isinstance(index, tuple) and isinstance(index[0], np.ndarray)],
    ids=["slice", "None", "mask", "numbers"])
def test_every_kind_of_index_is_drawn(kind):
    def fits(index):
        try:
            return bool(kind(index))
        except (ValueError, TypeError, IndexError):    # no tuple, or an array that `in` compares
            return False
    assert fits(find(indices_for((2, 3)), fits))


@pytest.mark.slow
def test_types_are_known_to_hypothesis_without_an_import():
    code = """
    import sys
    from hypothesis import find, strategies as st
    assert "autograd_nn.check" not in sys.modules
    from autograd_nn import Tensor, Value
    from autograd_nn.core.value import PureValue
    print(find(st.from_type(Tensor), lambda t: t.shape == (2,)), find(st.from_type(Value), lambda v: v.data > 1),
          type(find(st.from_type(PureValue), lambda v: True)) is PureValue)
    """
    assert python(code).split() == ["Tensor([0.,", "0.])", "Value(2.0)", "True"]


@pytest.mark.slow
def test_hypothesis_is_imported_only_with_the_strategies():
    code = ("import sys, autograd_nn as ag; ag.check.checks_gradient; ag.check.locate_fault; "
            "print('hypothesis' in sys.modules, ag.check.strategies.__name__, 'hypothesis' in sys.modules)")
    assert python(code).split() == ["False", "autograd_nn.check.strategies", "True"]


# --- expressions and graphs ---------------------------------------------------------------------------

@FRESH
@given(e=expressions())
def test_expressions_are_the_same_on_every_carrier_and_as_source(e):
    y = e(*e.point)
    assert np.isfinite(y)
    for Kind in (Value, PureValue):
        assert e(*map(Kind, e.point)).data == pytest.approx(y, rel=1e-12)
    assert e(*[Tensor([x, x]) for x in e.point]).data == pytest.approx([y, y], rel=1e-9, abs=1e-12)
    assert eval(repr(e), {"ag": ag})(*e.point) == y


@pytest.mark.slow
@settings(FRESH, max_examples=100)
@given(e=expressions())
def test_expressions_are_smooth_at_their_point(e):
    nodes = [PureValue(x) for x in e.point]
    y = e(*nodes)
    y.backward()
    for i, (node, x) in enumerate(zip(nodes, e.point)):
        numeric = differentiate(lambda t, i=i: e(*e.point[:i], t, *e.point[i + 1:]), x)
        if numeric.kind == "smooth":
            assert abs(node.grad - numeric.value) <= max(10 * numeric.bar, 1e-5 * abs(node.grad), numeric.negligible)


def test_expressions_use_every_op_they_are_given():
    for op in (OPS["sin"], OPS["arctan2"], OPS["where"]):
        assert op.name in repr(find(expressions(ops=[op]), lambda e, op=op: op.name in repr(e)))
    assert {op.name for op in smooth_ops()} >= {"add", "power", "arccosh", "mish", "where", "hypot"}
    assert not {"absolute", "relu", "floor", "maximum"} & {op.name for op in smooth_ops()}


def test_expressions_have_no_more_than_their_depth_and_inputs():
    with pytest.raises(NoSuchExample):
        find(expressions(0), lambda e: "(" in repr(e), settings=settings(max_examples=50, database=None))
    with pytest.raises(NoSuchExample):
        find(expressions(max_inputs=1), lambda e: len(e.point) > 1, settings=settings(max_examples=50, database=None))


@FRESH
@given(data=st.data(), arrays=st.sampled_from([None, True, False]))
def test_graphs_are_numbers_of_which_a_backward_is_finite(data, arrays):
    root = data.draw(graphs(12, arrays=arrays))
    assert root.shape == () and not root.is_leaf and np.isfinite(root.data)
    kinds = {type(node) for node in topological([root])}
    assert arrays is None or kinds == ({Tensor} if arrays else {Value})
    root.backward()
    assert all(np.all(np.isfinite(node.grad)) for node in topological([root]) if node.has_grad)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["matmul", "getitem", "concatenate", "stack", "softmax", "sum", "transpose"])
def test_every_kind_of_step_is_drawn(name):
    quick = settings(max_examples=1000, database=None, phases=[Phase.generate],
                     suppress_health_check=list(HealthCheck))
    find(graphs(arrays=True), lambda root: any(n.op and n.op.name == name for n in topological([root])), settings=quick)


def test_graphs_share_their_nodes():
    def shares(root):
        uses = [x for node in topological([root]) for x in node.inputs if isinstance(x, Value) and x.op is not None]
        return len(uses) > len({id(x) for x in uses})
    find(graphs(arrays=False), shares, settings=settings(max_examples=1000, database=None, phases=[Phase.generate]))


@pytest.mark.slow
@settings(FRESH, max_examples=10)
@given(data=st.data(), module=modules(), fixed=modules(3, 2, dtype=np.float32))
def test_modules(data, module, fixed):
    assert fixed(np.zeros((4, 3), np.float32)).shape == (4, 2)
    x = data.draw(tensors(shape=(2, module.layers[0].in_features)))
    ag.check_gradients(lambda x: (module(x) ** 2).sum(), x, parameters=module.parameters(), rng=0)


# --- @checks_gradient -----------------------------------------------------------------------------------

@pytest.mark.slow
@checks_gradient(max_examples=15)
def test_what_is_drawn_comes_from_annotations(x: Tensor, y: Value, z: float, a: np.ndarray, flag: bool, n: int = 2):
    assert type(flag) is bool and n == 2
    return ops.tanh(x) * y + z if flag else ops.sum(ops.sin(a * 0.5)) * n


@pytest.mark.slow
@checks_gradient(tensors(shape=(2, 2)), axis=axes_for((2, 2)), order=2, max_examples=10)
def test_strategies_by_position_and_name_and_options(x, axis):
    return (ops.sum(ops.sin(x), axis=axis) ** 2).sum()


@pytest.mark.slow
@checks_gradient(broadcastable_tensors(2), max_examples=20)
def test_several_at_once(pair):
    return ops.hypot(pair[0] + 5.0, pair[1] + 5.0)


def failure(test):
    """The error and its notes, of a test that fails."""
    with pytest.raises((CheckError, EvaluationError)) as info:
        test()
    return info.value, "\n".join(info.value.__notes__)


def run_pasted(notes, name):
    """The pasted test, run as it stands."""
    source = notes[notes.index("def test_"):]
    scope = {}
    exec(source[:source.index("\n\n", source.index("check_gradients("))] if "\n\n" in
         source[source.index("check_gradients("):] else source, scope)
    scope[name]()


@pytest.mark.slow
def test_a_failure_shrinks_and_prints_a_test_that_repeats_it(forget):
    global wrong_above_one
    cube = Op("cube_above", lambda x: x ** 3, lambda x: x ** 3,
              lambda g, y, x: g * 3 * x * x * ops.where(ops.step(x - 1), 1.01, 1.0), tex="{0}^3")

    def wrong_above_one(x: Tensor, k: int):
        return cube(x) + k
    wrong_above_one.__qualname__ = "wrong_above_one"
    function, wrong_above_one = wrong_above_one, checks_gradient(wrong_above_one)
    assert wrong_above_one.function is function and wrong_above_one.__name__ == "wrong_above_one"
    error, notes = failure(wrong_above_one)
    assert "wrong rule: cube_above, input 0" in str(error)
    assert "def test_wrong_above_one():\n    import numpy as np\n    import autograd_nn as ag\n" in notes
    assert f"    from {__name__} import wrong_above_one\n" in notes and "    x = np.array(2.0)\n    k = 0\n" in notes
    assert "    ag.check_gradients(lambda x: wrong_above_one.function(x=x, k=k), x, rng=0, cotangents=" in notes
    with pytest.raises(CheckError, match="cube_above"):
        run_pasted(notes, "test_wrong_above_one")


@pytest.mark.slow
def test_the_source_of_a_local_function_is_pasted(forget):
    @custom_op(lambda g, y, x: g * 2.02 * x, elementwise=True)
    def square_wrong(x):
        return x * x
    factor, shift = 1.5, np.array([0.5])

    @checks_gradient
    def local(x: Value) -> Value:
        inner = ops.sin(x * factor)
        return square_wrong(inner) + ops.sum(Tensor(shift))
    _, notes = failure(local)
    assert "    factor = 1.5\n" in notes and "    shift = np.array([0.5])\n" in notes
    assert "    def local(x):\n        inner = " in notes and "from autograd_nn import Tensor\n" in notes
    assert "    square_wrong = ag.OPS['square_wrong']" in notes
    with pytest.raises(CheckError, match="square_wrong"):
        run_pasted(notes, "test_local")


@pytest.mark.slow
def test_a_function_that_raises_is_a_failure_with_a_test_too():
    @checks_gradient(max_examples=200)
    def raises(x: float):
        if x.data > 1.5:
            raise KeyError("here")
        return x * x
    error, notes = failure(raises)
    assert isinstance(error, EvaluationError) and "    x = 2.0\n" in notes


def test_inputs_that_cannot_be_drawn_are_told():
    with pytest.raises(UsageError, match="what is to be drawn for the input y of f"):
        @checks_gradient
        def f(x: Tensor, y):
            return x * y
    with pytest.raises(UsageError, match="f takes x, and strategies were given for y"):
        checks_gradient(y=values())(lambda_named_f)


def lambda_named_f(x):
    return x


lambda_named_f.__name__ = "f"
