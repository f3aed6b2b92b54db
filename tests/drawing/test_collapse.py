"""Large graphs as small pictures: what is alike is one, modules are boxes, repetitions are drawn once."""

from itertools import pairwise

import numpy as np
import pytest
from helpers.drawn import programs, run
from hypothesis import given
from hypothesis import strategies as st

from autograd_nn import Tensor, Value, dot, nn, ops
from autograd_nn.core.node import topological
from autograd_nn.drawing import draw
from autograd_nn.drawing.fold.alike import classes_of, slot_kinds
from autograd_nn.drawing.recording import trace
from autograd_nn.errors import UsageError


def mlp(widths=(12, 30, 30, 4)):
    net = nn.Sequential(*(nn.Layer(a, b, "tanh", rng=i) for i, (a, b) in enumerate(pairwise(widths))))
    loss = nn.mse_loss(net(np.linspace(-1, 1, widths[0])), np.zeros(widths[-1]))
    loss.backward()
    return net, loss


def recurrent(steps, units=5):
    weight = [[Value(0.1 * (i - j), name=f"W[{i},{j}]") for j in range(units)] for i in range(units)]
    h = [Value(0.1) for _ in range(units)]
    for _ in range(steps):
        h = [dot(row, h).tanh() for row in weight]
    return dot(h, h)


def consistent(trace):
    """What holds for every Trace."""
    nodes = trace["nodes"]
    assert [n["id"] for n in nodes] == list(range(len(nodes)))
    assert all(use["node"] < n["id"] for n in nodes for use in n["inputs"])
    assert sum(n["count"] for n in nodes) == trace["total"]
    assert all(n["arity"] >= sum(u["slot"] is not None for u in n["inputs"]) for n in nodes)


def test_a_layer_of_neurons_is_drawn_as_an_array():
    _, loss = mlp()
    trace = draw(loss).trace
    consistent(trace)
    sums = [n for n in trace["nodes"] if n["op"] == "weighted_sum"]
    assert [n["count"] for n in sums] == [30, 30, 4]
    first = sums[0]
    weight, x, bias = (trace["nodes"][use["node"]] for use in first["inputs"])
    assert (weight["name"], weight["value"]["shape"]) == ("weight", [30, 12])
    assert (bias["name"], bias["value"]["shape"], bias["count"]) == ("bias", [30], 30)
    assert x["role"] == "constant" and x["value"]["shape"] == [12] and x["count"] == 12 * 30
    weights = np.array([w.data for w in topological([loss]) if w.name and w.name.startswith("weight") and w.is_leaf])
    shown = [n["value"] for n in trace["nodes"] if n["name"] == "weight"]
    assert min(v["min"] for v in shown) == weights.min() and max(v["max"] for v in shown) == weights.max()
    assert all(n["gradient"] is not None for n in trace["nodes"] if n["name"] == "weight")


def test_small_graphs_stay_as_they_are():
    _, loss = mlp((2, 3, 1))
    assert draw(loss).trace["total"] == len(draw(loss).trace["nodes"])
    assert all(n["count"] == 1 for n in draw(loss).trace["nodes"])


def test_a_repeated_block_is_drawn_once_and_can_be_opened():
    y = recurrent(50)
    trace = draw(y).trace
    consistent(trace)
    box = next(n for n in trace["nodes"] if n["role"] == "box")
    assert box["name"] == "repeat 1" and "the 2 before, " in box["params"]["again"]
    assert len(trace["nodes"]) < 25
    opened = draw(y, unfold="repeat 1", max_nodes=80).trace
    consistent(opened)
    assert len(trace["nodes"]) < len(opened["nodes"]) <= 80
    tanhs = [sum(n["op"] == "tanh" for n in t["nodes"]) for t in (trace, opened)]
    assert tanhs[0] < 5 < 20 < tanhs[1]


def test_steps_that_differ_are_not_folded():
    x = y = Value(0.5, name="x")
    for i in range(60):
        y = (y.sin(), y.cos(), y.tanh(), y.exp(), y * x)[i * i % 7 % 5]
    folded = draw(y, max_nodes=30).trace
    assert all(n["count"] == 1 for n in folded["nodes"] if n["role"] not in ("omitted", "box"))


def test_modules_are_boxes_and_one_is_opened_at_a_time():
    net, _ = mlp()
    with trace() as t:
        loss = nn.mse_loss(net(np.linspace(-1, 1, 12)), np.zeros(4))
    loss.backward()
    closed = draw(t).trace
    consistent(closed)
    assert [n["name"] for n in closed["nodes"] if n["role"] == "box" and n["module"]] == \
        ["layers.0", "layers.1", "layers.2"]
    first = next(n for n in closed["nodes"] if n["name"] == "layers.0")
    hidden = [n for n in topological([loss]) if n.op and n.op.name == "tanh"][:30]
    assert first["value"]["max"] == max(n.data for n in hidden)     # what leaves the module
    opened = draw(t, unfold="layers.1").trace
    consistent(opened)
    assert [n["name"] for n in opened["nodes"] if n["role"] == "box" and n["module"]] == \
        ["layers.0", "layers.1.activation", "layers.2"]
    assert [n["count"] for n in opened["nodes"] if n["op"] == "weighted_sum"] == [30]


def test_an_unknown_box_is_an_error_that_names_the_boxes():
    with pytest.raises(UsageError, match="no box of the picture is called 'layer'\n  help: its boxes are: repeat 1"):
        draw(recurrent(50), unfold="layer")
    with pytest.raises(UsageError, match="its boxes are: none"):
        draw(Value(1.0) * 2, unfold="x")


def test_squares_and_cubes_are_not_alike():
    squares = [Value(float(i), name=f"a{i}") ** (2 + i % 2) for i in range(40)]
    total = squares[0]
    for s in squares[1:]:
        total = total + s
    order = topological([total])
    of = dict(zip(order, classes_of(order).of))
    assert len({of[s] for s in squares}) == 2 and of[squares[0]] == of[squares[2]] != of[squares[1]]


def test_partly_dead_and_wholly_dead():
    x = [Value(float(i - 100), name=f"x{i}") for i in range(200)]
    y = dot([1.0] * 200, [v.relu() for v in x])
    relu = next(n for n in draw(y).trace["nodes"] if n["op"] == "relu")
    assert relu["count"] == 200 and relu["params"]["dead"] == "101 of 200" and relu["state"] == []
    y = dot([1.0] * 100, [v.relu() for v in x[:100]])
    assert next(n for n in draw(y).trace["nodes"] if n["op"] == "relu")["state"] == ["dead"]


def test_marks_find_their_node_in_a_folded_picture():
    net, loss = mlp()
    picture = draw(loss, marks={list(net.parameters())[5]: "look here"})
    (at,) = picture.marks
    assert picture.trace["nodes"][at]["name"] == "weight" and "look here" in picture.source


@given(programs, st.integers(1, 40))
def test_every_folded_picture_is_a_trace(program, most):
    root = run(program)
    consistent(draw(root, max_nodes=most).trace)


@pytest.mark.slow
@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.integers(4, 60))
def test_every_folded_network_is_a_trace(widths, most):
    _, loss = mlp(tuple(widths))
    picture = draw(loss, max_nodes=most)
    consistent(picture.trace)
    assert picture.source == draw(loss, max_nodes=most).source


def test_arrays_of_one_shape_are_alike_and_folded():
    w = Tensor(np.eye(3), name="w")
    h = Tensor(np.ones((2, 3)))
    for _ in range(100):
        h = (h @ w).tanh()
    trace = draw(h.sum()).trace
    consistent(trace)
    assert len(trace["nodes"]) <= 12 and any(n["role"] == "box" for n in trace["nodes"])


def test_slot_kinds():
    assert slot_kinds(ops.sum_of, 9) == [0] * 9 == slot_kinds(ops.concatenate, 9)
    assert slot_kinds(ops.where, 3) == [0, 1, 2]


def test_no_recursion_and_no_trace_left_in_the_collector():
    import gc
    y = Value(1.0)
    for _ in range(30_000):
        y = y * 0.999
    assert gc.isenabled()
    assert len(draw(y).trace["nodes"]) <= 10 and gc.isenabled()
