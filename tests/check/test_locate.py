"""locate_fault: one wrong rule in a random graph is named, and no other op is accused."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.engines import engines
from helpers.op_checks import call, drawn
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import autograd_nn as ag
from autograd_nn import OPS, Op, Tensor, checkpoint, ops, topological
from autograd_nn.check import Fault, check_gradients, locate_fault
from autograd_nn.check.strategies import graphs, smooth_ops
from autograd_nn.core import reverse
from autograd_nn.core.node import Node
from autograd_nn.core.value import PureValue
from autograd_nn.drawing.render import palette
from autograd_nn.errors import CheckError, UsageError

FRESH = settings(max_examples=50, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
SMOOTH = smooth_ops()


# --- planted faults: a copy of an op with one rule changed -----------------------------------------

def scaled(factor):
    return lambda rule, op: lambda g, y, *xs: factor * rule(g, y, *xs)


def of_another_op(rule, op):
    return lambda g, y, *xs: g * ops.cos(xs[0]) if op.name != "sin" else g * ops.exp(xs[0])


def without_its_factor(rule, op):
    return lambda g, y, *xs: g + 0.0 * rule(g, y, *xs)


def without_the_cotangent(rule, op):
    return lambda g, y, *xs: rule(1.0, y, *xs) + 0.0 * g


WRONG = {"x 1.0001": scaled(1.0001), "x 0.9999": scaled(0.9999), "x 1.01": scaled(1.01), "x 2": scaled(2.0),
         "wrong sign": scaled(-1.0), "no derivative": scaled(0.0), "another op's": of_another_op,
         "missing factor": without_its_factor, "missing cotangent": without_the_cotangent}


def planted(op, slot, wrong):
    """A user's op, that is `op` with one wrong rule."""
    rules = list(op.vjps)
    rules[slot] = wrong(rules[slot], op)
    return Op("planted", op.scalar, op.array, *rules, tex=op.tex, domain=op.domain)


def shows(node, right, slot):
    """Whether the wrong rule gives something else than the right one, here."""
    xs = [x._data if isinstance(x, Node) else x for x in node.inputs]
    if not isinstance(node.inputs[slot], Node):
        return False
    g = np.full(node.shape, 0.7)
    a, b = (np.broadcast_to(r(g, node._data, *xs), node.shape) for r in (node.op.vjps[slot], right.vjps[slot]))
    return bool(np.any(np.abs(a - b) > 5e-5 * np.abs(b) + 1e-7))


@pytest.mark.slow
@pytest.mark.parametrize("arrays", [False, True], ids=["Values", "Tensors"])
@FRESH
@given(data=st.data())
def test_one_wrong_rule_in_a_random_graph_is_named(arrays, data):
    wrong = data.draw(st.sampled_from(list(WRONG.values())))
    right = data.draw(st.sampled_from([op for op in SMOOTH if not op.params]))
    slot = data.draw(st.sampled_from([i for i, rule in enumerate(right.vjps) if rule is not None]))
    op = planted(right, slot, wrong)
    try:
        root = data.draw(graphs(arrays=arrays, ops=[*SMOOTH, *[op] * (len(SMOOTH) // 3)]))
        guilty = [node for node in topological([root]) if node.op is op and shows(node, right, slot)]
        assume(guilty)
        fault, = locate_fault(root)
        assert fault.kind == "rule" and fault.op is op and fault.slot == slot
        assert set(fault.nodes) <= {node for node in topological([root]) if node.op is op}
    finally:
        op.forget()


@pytest.mark.slow
@FRESH
@given(root=graphs())
def test_a_right_graph_accuses_nobody(root):
    assert locate_fault(root) == ()


@pytest.mark.slow
@FRESH
@given(root=graphs(ops=[op for op in OPS.values() if op.elementwise and op.module.startswith("autograd_nn.ops.")]))
def test_kinks_and_jumps_in_a_right_graph_accuse_nobody(root):
    assert locate_fault(root) == ()


@pytest.mark.slow
@FRESH
@given(data=st.data())
def test_a_wrong_rule_of_the_table_itself_is_named(data):
    right = data.draw(st.sampled_from([op for op in SMOOTH if not op.params and op.arity == 1]))
    root = data.draw(graphs(ops=[*SMOOTH, *[right] * 30]))
    rules, right.vjps = right.vjps, (WRONG["x 1.01"](right.vjps[0], right),)
    cached = ("scalar_rules", "float_rules", "array_rules")
    try:
        for name in cached:
            right.__dict__.pop(name, None)
        original = type("Original", (), {"vjps": rules})
        assume(any(node.op is right and shows(node, original, 0) for node in topological([root])))
        assert {(fault.kind, fault.op) for fault in locate_fault(root)} == {("rule", right)}
    finally:
        right.vjps = rules
        for name in cached:
            right.__dict__.pop(name, None)


# --- array ops of a user, each wrong in a way of its own ---------------------------------------------

ARRAY_FAULTS = {
    "missing transpose": (lambda x: x @ np.ones((x.shape[-1], 2)) @ np.array([[1.0, 2.0], [3.0, 4.0]]),
                          lambda g, y, x: g @ np.array([[1.0, 2.0], [3.0, 4.0]]) @ np.ones((2, x.shape[-1]))),
    "missing axis": (lambda x: x.sum(axis=0, keepdims=True) * x,
                     lambda g, y, x: g * ops.sum(x, axis=0, keepdims=True) + ops.sum(g * x, keepdims=True)),
    "wrong axis": (lambda x: np.cumsum(x, axis=0), lambda g, y, x: ops.flip(ops.cumsum(ops.flip(g, 1), axis=1), 1)),
    "forgotten flip": (lambda x: np.cumsum(x, axis=-1), lambda g, y, x: ops.cumsum(g, axis=-1)),
    "softmax without its sum": (ops.softmax.array, lambda g, y, x: y * g),
    "one element of many": (lambda x: np.sin(x), lambda g, y, x: g * np.cos(x) * np.where(np.arange(x.size).reshape(
        x.shape) == 1, 1.01, 1.0)),
    "mean as a sum": (lambda x: x - x.mean(), lambda g, y, x: g - ops.sum(g)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ARRAY_FAULTS)
@settings(FRESH, max_examples=20)
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_a_wrong_array_op_in_a_random_graph_is_named(name, data, seed):
    f, rule = ARRAY_FAULTS[name]
    op = Op("planted_on_arrays", None, f, rule, tex="f({0})", cases=[(((3, 3),), {})])
    try:
        x = Tensor(np.random.default_rng(seed).normal(size=(3, 3)))
        root = data.draw(graphs(arrays=True)) + ops.sum(ops.tanh(op(ops.sin(x) @ x)) ** 2)
        fault, = locate_fault(root)
        assert fault.kind == "rule" and fault.op is op and fault.slot == 0 and fault.nodes[0].op is op
    finally:
        op.forget()


def test_a_rule_of_another_shape_or_that_raises_is_named(forget):
    turned = Op("turned", None, lambda x: x.T, lambda g, y, x: g, tex="{0}")
    fault, = locate_fault((turned(Tensor(np.ones((2, 3)))) * np.arange(6.0).reshape(3, 2)).sum())
    assert fault.op is turned and "shape (3, 2) for an input of shape (2, 3)" in str(fault)
    broken = Op("broken", None, lambda x: x * 2.0, lambda g, y, x: g @ np.ones((7, 7)), tex="{0}")
    fault, = locate_fault(broken(Tensor(np.ones((2, 3)))).sum())
    assert fault.op is broken and "raises ValueError" in str(fault)


def test_each_wrong_rule_is_one_fault_with_all_its_nodes(forget):
    cube = Op("cube_of", lambda x: x ** 3, lambda x: x ** 3, lambda g, y, x: g * 2 * x * x, tex="{0}^3")
    times = Op("times_of", lambda x, y: x * y, lambda x, y: x * y, lambda g, z, x, y: g * y, lambda g, z, x, y: -g * x,
               tex="{0}{1}")
    x = PureValue(1.5, name="x")
    y = times(cube(cube(x)), cube(x) + 1)
    first, second = locate_fault(y)
    assert (first.op, first.slot, len(first.nodes)) == (cube, 0, 3)
    assert (second.op, second.slot, second.nodes) == (times, 1, (y,))
    assert "and 2 more nodes" in str(first) and "\n" not in str(first)


def test_the_line_names_op_slot_node_and_the_place_of_the_rule(forget):
    cube = Op("cube_of", lambda x: x ** 3, lambda x: x ** 3, lambda g, y, x: 1.01 * g * 3 * x * x, tex="{0}^3")
    h = cube(Tensor(np.full((2, 3), 2.0), name="x") * 1.0)
    h.name = "h"
    fault, = locate_fault(h.sum())
    assert str(fault).startswith("wrong rule: cube_of, input 0, at node v3 'h' Tensor (2, 3): numeric ")
    assert "ratio 1.01; test_locate.py, line " in str(fault)


@engines
def test_a_checkpoint_is_looked_into(Value, forget):
    cube = Op("cube_of", lambda x: x ** 3, lambda x: x ** 3, lambda g, y, x: 1.01 * g * 3 * x * x, tex="{0}^3")
    x = Value(0.7)
    y = checkpoint(lambda x: ops.sin(cube(x)) * x)(x)
    fault, = locate_fault(y * 2)
    assert fault.op is cube and fault.nodes == (y,)
    assert locate_fault(checkpoint(lambda x: ops.sin(x) * x)(x) * 2) == ()


# --- nobody is accused without evidence -------------------------------------------------------------

@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_no_op_of_the_table_is_accused(dtype):
    rng = np.random.default_rng(0)
    for op in [op for op in OPS.values() if op.is_own]:
        if op.elementwise:
            xs = [np.full((3, 4), rng.choice(sorted(d))) if isinstance(d, frozenset) else
                  Tensor(rng.uniform(*d, (3, 4)), dtype=dtype) for d in op.domain]
            assert locate_fault(op(*xs, **op.params)) == (), op
        for shapes, params in op.cases:
            y = call(op, [Tensor(x, dtype=dtype) for x in drawn(op, shapes)], params)
            assert locate_fault(y) == (), op


@engines
def test_kinks_and_edges_accuse_nobody(Value):
    x, n = Value(0.0), np.array([0.0, 0.0, 1.0, -1.0])
    t = Tensor(n)
    with np.errstate(all="ignore"):
        roots = (ag.relu(x), abs(x), ag.sqrt(x), ag.log(x), x ** 0.5, ag.maximum(x, 0.0), ag.cbrt(x), ag.sign(x),
                 ag.hypot(x, x), Value(np.inf) * x, Value(np.nan) + x, ag.exp(Value(800.0)), Value(1e300) ** 2,
                 ag.floor(Value(2.0)), ag.relu(t).sum(), abs(t).sum(), t.max(), ag.sqrt(t).sum(), ag.median(t),
                 ag.where(t, t, t * 2).sum(), ag.log(ag.relu(t)).sum(), x, t.sum(), Tensor(np.zeros((0, 3))).sum())
    for y in roots:
        assert locate_fault(y) == (), y


@engines
def test_a_jump_is_not_flat(Value, forget):
    """Steps that rounding swallows would show a constant function just there."""
    saw = Op("saw", lambda x: x - 1.5 * (x // 1.5), lambda x: x - 1.5 * (x // 1.5), lambda g, y, x: g, tex="{0}")
    assert saw(Value(1.5)).data == 0.0
    assert locate_fault(saw(Value(1.5))) == () == locate_fault(saw(Tensor([1.5, 3.0])).sum())
    assert locate_fault(saw(Value(1.6)) * saw(Tensor([1.6, 4.0])).sum()) == ()


def test_one_kink_does_not_hide_a_wrong_rule(forget):
    """The other elements are still measured."""
    shrunk = Op("shrunk", lambda x: abs(x), np.abs, lambda g, y, x: 1.01 * g * ops.sign(x), tex="{0}")
    x = np.random.default_rng(0).normal(size=(8, 8))
    x[:2] = 0.0
    fault, = locate_fault(shrunk(Tensor(x)).sum())
    assert fault.op is shrunk and fault.finding.analytic / fault.finding.numeric.value == pytest.approx(1.01)


# --- right nodes, and a wrong whole ---------------------------------------------------------------------

WHOLE = "accumulation, order or aliasing"


@engines
def test_a_sum_that_lost_a_term_is_accumulation(Value):
    x, y = Value(3.0, name="x"), Value(2.0)
    fault, = locate_fault(x * x * y, gradients={x: 6.0, y: 9.0}, rng=0)
    assert fault.kind == WHOLE and fault.nodes == (x,) and fault.op is None and fault.number == 0
    assert str(fault).startswith(f"{WHOLE}: every node is right by itself, and the gradient of v0 'x' "
                                 f"{Value.__name__} () is wrong: numeric ") and "ratio 0.5" in str(fault)
    assert locate_fault(x * x * y, gradients={x: 12.0, y: 9.0}) == ()


def test_a_forgotten_broadcast_sum_is_accumulation(monkeypatch):
    x, b = Tensor(np.ones((2, 3))), Tensor(np.arange(3.0), name="b")
    root = ((x + b) ** 2).sum()
    assert locate_fault(root) == ()
    monkeypatch.setattr(reverse, "in_c", None)           # the sweep that has the fault
    monkeypatch.setattr(reverse, "fitted", lambda g, x: x._own(g))
    fault, = locate_fault(root)
    assert fault.kind == WHOLE and fault.nodes == (b,) and "it has shape (2, 3)" in str(fault)


def test_among_many_leaves_the_wrong_one_is_named():
    rng = np.random.default_rng(0)
    leaves = [Tensor(rng.normal(size=(3, 2))) for _ in range(20)]
    root = ops.tanh(sum(leaf * (i + 1) for i, leaf in enumerate(leaves)) * 0.02).sum()
    root.backward()
    gradients = {leaf: leaf.grad.copy() for leaf in leaves}
    assert locate_fault(root, gradients=gradients) == ()
    gradients[leaves[13]][1, 1] *= 1.5
    fault, = locate_fault(root, gradients=gradients)
    assert fault.kind == WHOLE and fault.nodes == (leaves[13],)


@engines
def test_data_assigned_after_it_was_used_is_told(Value):
    x = Value(3.0)
    y = x * x
    x.data = 4.0
    fault, = locate_fault(y + 1)
    assert fault.kind == "recorded value" and fault.nodes == (y,) and "gives 16, and 9 is recorded" in str(fault)


@engines
def test_what_is_not_recorded_is_told_if_the_program_is_known_to_differ(Value):
    x = Value(3.0)
    assert locate_fault(x * x.data) == ()
    fault, = locate_fault(x * x.data, disagrees=True)
    assert fault.kind == "not recorded" and ".data, .item(), detach()" in str(fault)


@engines
def test_the_graph_is_left_as_it_was(Value):
    x, t = Value(0.5), Tensor([1.0, 2.0])
    y = (ops.sin(x) * t).sum()
    y.backward()
    before = [(n.has_grad, np.array(n.grad)) for n in topological([y])]
    assert locate_fault(y) == ()
    for (had, grad), node in zip(before, topological([y])):
        assert had == node.has_grad and np.array_equal(grad, node.grad)


def test_the_same_seed_gives_the_same_words(forget):
    cube = Op("cube_of", lambda x: x ** 3, lambda x: x ** 3, lambda g, y, x: g * x, tex="{0}^3")
    root = cube(Tensor(np.arange(1.0, 7.0))).sum()
    assert len({str(locate_fault(root, rng=3)[0]) for _ in range(3)}) == 1
    with pytest.raises(UsageError, match="needs a Value or Tensor"):
        locate_fault(2.0)


# --- where it is shown ------------------------------------------------------------------------------------

def test_check_gradients_names_the_op(forget):
    cube = Op("cube_of", lambda x: x ** 3, lambda x: x ** 3, lambda g, y, x: 1.01 * g * 3 * x * x, tex="{0}^3")
    with pytest.raises(CheckError, match="wrong rule: cube_of, input 0") as info:
        check_gradients(lambda x: ops.sin(cube(x)).sum(), np.array([0.3, 0.7]))
    assert [type(f) for f in info.value.report.faults] == [Fault] and info.value.report.faults[0].op is cube


def test_draw_paints_it(forget):
    cube = Op("cube_of", lambda x: x ** 3, lambda x: x ** 3, lambda g, y, x: 1.01 * g * 3 * x * x, tex="{0}^3")
    root = (cube(PureValue(2.0)) + 1).exp()
    fault, = locate_fault(root)
    plain, painted = ag.draw(root), ag.draw(root, marks=fault.marks())
    assert painted.source.count("⚠ rule input 0") == 1 and "⚠" not in plain.source
    line = next(line for line in painted.source.splitlines() if f"n{fault.number} [" in line)
    color = f'color="{palette.MARKED[1]}"'
    assert "⚠" in line and color in line and color not in plain.source
    assert [line.endswith("rule input 0") for line in str(painted).splitlines()].count(True) == 1
    assert "v1 " in next(line for line in str(painted).splitlines() if "rule input 0" in line)
    assert painted.svg().count("⚠") == 1
    small = ag.draw(root, marks=fault.marks(), max_nodes=1)
    assert "1 marked and not shown" in small.source
    assert ag.draw(root, marks={}).source == plain.source


@engines
def test_a_wrong_rule_is_named_at_a_minimum(Value):
    wrong = planted(OPS["square"], 0, of_another_op)
    try:
        for leaf in (Value(0.0), Tensor(0.0), Tensor(np.zeros(3))):
            fault, = locate_fault(wrong(leaf))
            assert fault.op is wrong and fault.kind == "rule"
    finally:
        wrong.forget()
