"""diff(): what changed between two graphs, and nothing else."""

import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd_nn import Tensor, Value, nn, optim
from autograd_nn.check.strategies import graphs
from autograd_nn.core.node import topological
from autograd_nn.drawing import diff, trace, trace_of
from autograd_nn.errors import UsageError


def program(middle, last=lambda y: (y - 1) ** 2, w=3.0):
    x, w, b = Value(2.0, name="x"), Value(w, name="w"), Value(1.0, name="b")
    h = middle(w * x)
    return last(h * w + b)


@given(graphs())
def test_nothing_changed(root):
    t = trace_of(root)
    found = diff(t, json.loads(json.dumps(t)))
    assert not found and not found.changed and not found.added and not found.removed
    assert found.pairs == {n["id"]: n["id"] for n in t["nodes"]}
    assert str(found) == "nothing changed\n" and "nothing changed" in found._repr_html_()


@given(graphs(max_nodes=12), st.floats(-2, 2))
def test_a_changed_leaf_changes_what_depends_on_it(root, number):
    before = trace_of(root)
    leaf = next(n for n in topological([root]) if n.is_leaf)
    assume(np.size(leaf.data))
    leaf.data = np.full(leaf.shape, number) if leaf.shape else number
    found = diff(before, root)
    assert not found.added and not found.removed
    first = next(n for n in before["nodes"] if n["role"] == "leaf")["id"]
    assert set(found.changed) <= {first}               # what was computed is as it was


@given(graphs(max_nodes=12), graphs(max_nodes=12))
def test_two_programs(one, other):
    a, b = trace_of(one), trace_of(other)
    there, back = diff(a, b), diff(b, a)
    assert len(there.pairs) + len(there.added) == len(b["nodes"])
    assert len(set(there.pairs.values())) + len(there.removed) == len(a["nodes"])
    assert bool(there) == bool(back)
    json.dumps(there.json(), allow_nan=False)
    assert str(there) and there._repr_html_()


def test_a_training_step():
    model = nn.Layer(2, 1, None, rng=0)

    def run():
        with trace() as t:
            (y,) = model([1.0, 2.0])
            loss = (y - 3.0) ** 2
        loss.backward()
        return t
    before = run().trace()
    optim.SGD(model.parameters(), lr=0.01).step()
    for p in model.parameters():
        p.zero_grad()
    after = run().trace()
    found = diff(before, after)
    assert not found.added and not found.removed
    names = {node["name"] for node in found.json()["changed"] if "value" in node}
    assert {"y", "loss", *(p.name for p in model.parameters())} <= names
    assert all("value" in what for i, what in found.changed.items() if after["nodes"][i]["role"] == "leaf")
    assert "→" in str(found)


def names_of_nodes(trace, ids):
    return [trace["nodes"][i]["op"] or trace["nodes"][i]["value"] for i in ids]


def test_a_node_put_in_between_is_one_node_added():
    found = diff(program(lambda u: u.tanh()), program(lambda u: u.relu().tanh()))
    assert names_of_nodes(found.after, found.added) == ["relu"] and not found.removed and not found.changed
    back = diff(program(lambda u: u.relu().tanh()), program(lambda u: u.tanh()))
    assert names_of_nodes(back.before, back.removed) == ["relu"] and not back.added
    assert "1 node removed" in str(back)
    found = diff(program(lambda u: u), program(lambda u: u * 1.0))
    assert names_of_nodes(found.after, found.added) == [1.0, "multiply"] and not found.removed


def test_an_op_exchanged_for_another():
    found = diff(program(lambda u: u.tanh()), program(lambda u: u.relu()))
    assert not found.added and not found.removed
    assert [what["op"] for what in found.changed.values() if "op" in what] == [("tanh", "relu")]
    assert "op tanh → relu" in str(found)
    found = diff(program(lambda u: u, lambda y: y ** 2), program(lambda u: u, lambda y: y ** 3))
    assert [(found.after["nodes"][i]["role"], what["value"]) for i, what in found.changed.items()] == [
        ("constant", (2, 3)), ("output", (361.0, 6859.0))]
    found = diff(program(lambda u: u.leaky_relu(0.1)), program(lambda u: u.leaky_relu(0.2)))
    assert {"params": ({"negative_slope": "0.1"}, {"negative_slope": "0.2"})} in found.changed.values()
    assert "negative_slope=0.1 → negative_slope=0.2" in str(found)


def test_rounding_is_forgiven_if_asked():
    one = trace_of(program(lambda u: u * 0.1))
    other = json.loads(json.dumps(one))
    other["nodes"][-1]["value"] *= 1 + 1e-15
    assert diff(one, other) and not diff(one, other, rtol=1e-12)


def test_gradients_and_not_computed():
    y = program(lambda u: u)
    before = trace_of(y)
    y.backward()
    found = diff(before, y)
    assert all(set(what) == {"gradient"} and what["gradient"][0] is None for what in found.changed.values())
    assert "not computed → " in str(found)


def test_arrays():
    a, b = (Tensor(np.full((2, 2), v), name="a") for v in (1.0, 2.0))
    found = diff(a.sum(), b.sum())
    assert [found.after["nodes"][i]["role"] for i in found.changed] == ["leaf", "output"]
    assert "[[1, 1], [1, 1]] → [[2, 2], [2, 2]]" in str(found)
    wide = diff(Tensor(np.ones((9, 9)), name="a").sum(), Tensor(np.ones((9, 8)), name="a").sum())
    assert "9×9 float64" in str(wide) and "9×8 float64" in str(wide)


def test_names_are_escaped_and_the_picture_is_marked():
    one, other = Value(1.0, name="<b>x</b>"), Value(2.0, name="<b>x</b>")
    found = diff(one * 2, (other * 2).tanh())
    assert "<b>x</b>" in str(found) and "&lt;b&gt;x" in found._repr_html_()
    assert "<b>x</b>" not in found._repr_html_()
    picture = found.draw(rankdir="TB")
    assert "added" in str(picture) and "1 → 2" in str(picture)


def test_refusals():
    with pytest.raises(UsageError, match="only a graph"):
        diff(3, Value(1.0))
    with pytest.raises(UsageError, match="no Trace of version 2"):
        diff({"version": 1, "nodes": []}, Value(1.0))


def test_long_lists_are_cut():
    a = [Value(float(i)) for i in range(500)]
    b = [Value(float(i + 1)) for i in range(500)]
    text = str(diff(a, b))
    assert "500 values changed" in text and "… 300 more" in text and len(text.splitlines()) < 210
