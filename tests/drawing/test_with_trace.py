"""What `with trace()` notes: names, lines, modules, orders, and graphs that failed."""

import json
import pickle
import sys
import threading
import types
from contextlib import ExitStack

import numpy as np
import pytest
from helpers.engines import engines
from helpers.mathtext import compiles
from hypothesis import given
from hypothesis import strategies as st

import autograd_nn as ag
from autograd_nn import Tensor, Value, nn, no_grad
from autograd_nn.core import modes, reverse
from autograd_nn.core.modes import mode
from autograd_nn.core.value import PureValue
from autograd_nn.drawing import draw, explain, trace, trace_of
from autograd_nn.errors import ShapeError, UsageError, culprit_of
from autograd_nn.ops import OPS, Op


def labelled(t):
    return {n["label"]: n for n in t.trace()["nodes"] if n["label"]}


def line_of(text):
    with open(__file__, encoding="utf-8") as file:
        return next(i for i, line in enumerate(file, 1) if line.strip() == text)


@engines
def test_names_lines_and_constants(Value):
    w, x = Value(3.0), Value(2.0)
    with trace() as t:
        h = (w * x).tanh()
        a, (b, *c) = h + 1, [h * 2, h * 3, h * 4]
        h += a
        if (walrus := h * b) is not None:
            rows = [[walrus * c[0]], [w - c[1]]]
    assert len(rows) == 2
    found = labelled(t)
    assert set(found) == {"w", "x", "h", "a", "b", "c[0]", "c[1]", "walrus", "rows[0][0]", "rows[1][0]"}
    assert found["w"]["source"] is None and found["a"]["source"] == {
        "file": "test_with_trace.py", "line": line_of("a, (b, *c) = h + 1, [h * 2, h * 3, h * 4]"),
        "text": "a, (b, *c) = h + 1, [h * 2, h * 3, h * 4]"}
    assert [n["op"] for n in t.trace()["nodes"] if n["label"] == "h"] == ["tanh", "add"]
    assert len(t.roots()) == 2 and t.trace()["roots"] == [n["id"] for n in t.trace()["nodes"] if n["role"] == "output"]


class Holder:
    pass


def test_attributes_elements_functions_and_loops():
    def layer(v, w):
        inner = v * w
        out = inner.relu()
        return out  # noqa: RET504
    self, hs, w = Holder(), {}, Value(2.0)
    with trace() as t:
        self.first = layer(w, w)
        hs["last"] = self.first * 2
        state = w
        for step in range(3):
            state = layer(state, w)
            hs[step] = state + hs["last"]
    labels = [note.label for node, note in t.notes().nodes.items() if node.op]       # as they were made
    assert labels == ["inner", "out", "hs['last']", "inner", "out", "hs[0]", "inner", "out", "hs[1]",
                      "inner", "out", "hs[2]"]
    with trace() as t:
        self.second = w * w
    assert [n["label"] for n in t.trace()["nodes"]] == ["w", "second"]


def test_modules_and_parameters():
    class Block(nn.Module):
        def __init__(self):
            self.linear = nn.Linear(4, 4, rng=0)

        def forward(self, x):
            mixed = self.linear(x) * 2.0
            return nn.ReLU()(mixed)

    class Net(nn.Module):
        def __init__(self):
            self.layers = [Block(), Block()]

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x - 1.0
    net = Net()
    with trace() as t:
        out = net(np.ones((2, 4)))
        loss = (out * out).mean()
    record = t.trace()
    made = [(n["op"], n["module"]) for n in record["nodes"] if n["op"]]
    assert made == [("linear", "layers.0.linear"), ("multiply", "layers.0"), ("relu", "layers.0.ReLU"),
                    ("linear", "layers.1.linear"), ("multiply", "layers.1"), ("relu", "layers.1.ReLU"),
                    ("subtract", None), ("multiply", None), ("mean", None)]
    assert [(m["path"], m["class"]) for m in record["modules"]][:3] == [
        ("", "Net"), ("layers.0", "Block"), ("layers.0.linear", "Linear")]
    assert {n["label"]: n["module"] for n in record["nodes"] if n["parameter"]} == {
        name: name.rpartition(".")[0] for name, _ in net.named_parameters()}
    assert loss.is_leaf is False
    other = nn.Linear(4, 1, rng=0)
    with trace() as t:
        out = other(net(np.ones((2, 4))))
    paths = {n["module"] for n in t.trace()["nodes"] if n["op"]}
    assert {"net", "net.layers.0.linear", "other"} <= paths
    assert "other.weight" in labelled(t) and out.shape == (2, 1)


def test_orders_of_differentiation():
    w = Value(2.0, name="w")
    with trace() as t:
        y = w * w * w
        y.backward(create_graph=True)
        g = w.grad
        penalty = g * g
        w.zero_grad()
        penalty.backward(create_graph=True)
    orders = {n["label"]: n["order"] for n in t.trace()["nodes"] if n["op"] and n["label"]}
    assert orders == {"y": 0, "g": 1, "penalty": 1}
    assert {n["order"] for n in t.trace()["nodes"]} == {0, 1, 2}
    w.zero_grad()
    y = w * w * w
    y.backward(create_graph=True)
    record = trace_of([y, w.grad])                     # of a finished graph
    assert {n["order"] for n in record["nodes"] if n["op"]} == {0, 1}
    assert record["nodes"][record["roots"][0]]["order"] == 0 and record["nodes"][record["roots"][1]]["order"] == 1
    assert {n["order"] for n in trace_of(w.grad)["nodes"]} == {0}      # not known
    w.zero_grad()


@pytest.mark.parametrize("leaf", [lambda: Value(2.0), lambda: PureValue(2.0), lambda: Tensor([2.0, 3.0])],
                         ids=["Value", "PureValue", "Tensor"])
def test_the_order_hangs_on_no_name_in_the_code(leaf, monkeypatch):
    for f in vars(reverse).values():
        if isinstance(f, types.FunctionType) and f.__module__ == reverse.__name__:
            monkeypatch.setattr(f, "__code__", f.__code__.replace(co_name="renamed"))
    w = leaf()
    with trace() as t:
        with trace() as inner:                       # one context tells the other
            y = (w * w * w).sum() if isinstance(w, Tensor) else w * w * w
            y.backward(create_graph=True)
        again = (w.grad * w.grad).sum() if isinstance(w, Tensor) else w.grad * w.grad
        w.zero_grad()
        again.backward(create_graph=True)
    assert {n["order"] for n in t.trace()["nodes"] if n["op"]} == {0, 1, 2}
    assert {n["order"] for n in inner.trace()["nodes"] if n["op"]} == {0, 1}
    lines = {n["source"]["text"] for n in t.trace()["nodes"] if n["order"] == 2}
    assert lines == {"again.backward(create_graph=True)"}
    w.zero_grad()


def test_any_exception_knows_the_op_that_raised_it():
    def broken(*xs):
        raise RuntimeError("out of paper")
    ops_of = [Op("torn", broken, broken, lambda g, y, x: g, tex="{0}"),
              Op("jammed", lambda x: x, lambda x: x, broken, tex="{0}")]
    try:
        for op in ops_of:
            for x in (Value(1.0), PureValue(1.0), Tensor([1.0, 2.0])):
                for create_graph in (False, True):
                    with pytest.raises(RuntimeError, match="out of paper") as caught, trace() as t:
                        getattr(x, op.name)().backward(None if x.shape == () else [1.0, 1.0],
                                                       create_graph=create_graph)
                    assert culprit_of(caught.value).op is op and culprit_of(caught.value).inputs == (x,)
                    failure = t.notes().failure      # no trace(): it runs the rules, too
                    assert (failure.op, failure.shapes, failure.inputs) == (op.name, [[*x.shape]], [x])
                    assert failure.source["text"] == 'raise RuntimeError("out of paper")'
                    assert culprit_of(pickle.loads(pickle.dumps(caught.value))) is None
                    x.zero_grad()
    finally:
        for op in ops_of:
            op.forget()


def test_a_folded_picture_still_says_what_failed():
    h, w = Tensor(np.ones((5, 4)), name="x"), Tensor(np.eye(4), name="w")
    with pytest.raises(ShapeError), trace() as t:
        for _ in range(200):
            h = (h @ w).tanh()
        h @ Tensor(np.ones((3, 2)), name="wrong")
    folded = t.draw().trace
    assert len(folded["nodes"]) < 20 and folded["total"] > 400
    assert folded["error"]["op"] == "matmul" and folded["error"]["shapes"] == [[5, 4], [3, 2]]
    tanh, wrong = (folded["nodes"][i] for i in folded["error"]["inputs"])
    assert tanh["op"] == "tanh" and wrong["name"] == "wrong"


def test_a_rule_too_long_to_be_read_is_quoted_with_its_numbers():
    op = OPS["lstm"]                                              # each step's rule would be written out in the next
    arrays = [np.random.default_rng(0).uniform(0.2, 0.8, shape) for shape in op.cases[0][0]]
    y = op(*(Tensor(a, name=f"x{i}") for i, a in enumerate(arrays)), **op.cases[0][1])
    y.sum().backward()
    leaves = [n for n in trace_of(y)["nodes"] if n["role"] == "leaf"]
    uses = trace_of(y)["nodes"][-1]["inputs"]
    assert uses[0]["text"].startswith("vjp of lstm(ḡ, x0, x1, x2, x3, x4, x5) : (")
    for leaf, use in zip(leaves, uses):                           # ones were handed down, as sum() does
        for key in use["local"].keys() - {"shape", "dtype"}:
            assert np.allclose(use["local"][key], leaf["gradient"][key])


def test_parameters_belong_to_the_innermost_module_that_has_them():
    net = nn.Sequential(nn.Sequential(nn.Layer(3, 2, "tanh", rng=0)), nn.Layer(2, 1, "tanh", rng=1))
    with trace() as t:
        out = net([1.0, 2.0, 3.0])
    del out
    leaves = {n["label"]: n["module"] for n in t.trace()["nodes"] if n["parameter"]}
    assert len(leaves) == 3 * 2 + 2 + 2 + 1
    for name, leaf in net.named_parameters():                     # by looking through all modules for each
        holds = [path for path, part in net.named_modules() if any(leaf is p for p in part.parameters())]
        assert leaves[name] == holds[-1]


def test_the_graph_as_far_as_it_came():
    x = Tensor(np.ones((5, 4)))
    with pytest.raises(ShapeError), trace() as t:
        h = x.tanh()
        wrong = Tensor(np.ones((3, 2)))
        h @ wrong
    error = t.trace()["error"]
    assert error["op"] == "matmul" and error["shapes"] == [[5, 4], [3, 2]] and "inner sizes" in error["message"]
    assert error["source"]["text"] == "h @ wrong" and error["source"]["line"] == line_of("h @ wrong")
    nodes = t.trace()["nodes"]
    assert [nodes[i]["label"] for i in error["inputs"]] == ["h", "wrong"]
    assert "failed: matmul" in str(t.draw()) and "matmul failed" in repr(t)
    assert json.loads(json.dumps(t.trace())) == t.trace()
    with pytest.raises(ShapeError), trace() as t:
        nn.Sequential(nn.Linear(4, 3, rng=0), nn.Linear(4, 3, rng=0))(x)
    error = t.trace()["error"]
    assert error["op"] is None and error["shapes"] == [[5, 3]] and "Linear(4, 3) takes" in error["message"]
    with pytest.raises(UsageError), trace() as t:
        ag.maximum(Value(1.0), "text")
    assert t.trace()["error"]["op"] == "maximum" and len(t.roots()) == 1
    with pytest.raises(ShapeError), trace() as t:
        nn.Linear(4, 3, rng=0)(np.ones((5, 7)))
    assert t.trace()["error"]["shapes"] == [[5, 7]] and t.trace()["nodes"] == [] and "failed" in repr(t)
    with pytest.raises(UsageError, match="no graph to draw"):
        t.draw()
    with pytest.raises(UsageError, match="a derivation starts from one"):
        t.explain()
    with pytest.raises(ZeroDivisionError), trace() as t:
        kept = x * 2
        kept.shape[0] / 0
    assert t.trace()["error"]["op"] is None and t.trace()["error"]["message"] == "division by zero"
    assert t.trace()["error"]["source"]["text"] == "kept.shape[0] / 0"


@engines
def test_outside_nothing_is_noted_and_everything_is_put_back(Value):
    before = mode.note, mode.call, modes.special
    w = Value(3.0)
    with trace() as t:
        y = w * 2
        with no_grad():
            w * 3
    y * 5
    assert (mode.note, mode.call, modes.special) == before
    assert [n["op"] for n in t.trace()["nodes"] if n["op"]] == ["multiply"]
    with pytest.raises(RuntimeError), trace():
        raise RuntimeError
    assert (mode.note, mode.call, modes.special) == before
    with trace() as t:
        pass
    with pytest.raises(UsageError, match="nothing was computed"):
        t.trace()


def test_nested_threaded_and_entered_again():
    w = Value(2.0)
    with trace() as outer:
        a = w * 3
        with trace() as inner:
            b = a + 1
        c = b * b
    assert [n["label"] for n in inner.trace()["nodes"] if n["op"]] == ["a", "b"]
    assert [n["label"] for n in outer.trace()["nodes"] if n["op"]] == ["a", "b", "c"]
    assert c.data == 49.0

    def elsewhere():
        w * 100
    with trace() as t:
        here = w * 4
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert [n["label"] for n in t.trace()["nodes"] if n["op"]] == ["here"] and here.data == 8.0
    with t:
        again = w * 5
        with pytest.raises(UsageError, match="running already"):
            t.__enter__()
    assert [n["label"] for n in t.trace()["nodes"] if n["op"]] == ["again"] and again.data == 10.0
    with ExitStack() as stack:
        late = stack.enter_context(trace())
        w * 6
    assert len(late.trace()["nodes"]) == 3


def test_of_one_result_and_as_an_argument():
    w = Value(2.0)
    with trace() as t:
        loss = w * w
        other = w + 1
    assert len(t.trace()["roots"]) == 2 and other.data == 3.0
    assert [n["label"] for n in t.of(loss).trace()["nodes"]] == ["w", "loss"]
    assert "dloss/dw = 4" in t.of(loss).explain(w) == explain(t.of(loss), w)
    assert draw(t).trace["nodes"] and len(trace_of(t)["nodes"]) == len(t.trace()["nodes"])
    with pytest.raises(UsageError, match="2 results were recorded"):
        t.explain(w)
    with pytest.raises(UsageError, match="of: a node of the graph is wanted"):
        t.of(3)
    expanded = trace_of(t, expand=True)
    assert [n["label"] for n in expanded["nodes"]] == [n["label"] for n in t.trace()["nodes"]]


def test_expanded_parts_keep_module_and_line():
    neuron = nn.Neuron(2, rng=0)
    with trace() as t:
        y = neuron([1.0, 2.0])
    whole, parts = trace_of(t), trace_of(t, expand=True)
    assert y.op is not None and len(parts["nodes"]) > len(whole["nodes"])
    assert all(n["source"] is not None for n in parts["nodes"] if n["op"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ['a"b', "<script>alert(1)</script>", "two\nlines", "a->b", "🔥", "重み",
                                  "50 % {x} $y$ #1 & ~^\\_'"])
def test_any_name_survives(name):
    x = Value(2.0, name=name)
    y = x * x + x
    record = json.loads(json.dumps(trace_of(y)))
    assert record["nodes"][0]["name"] == name
    use = record["nodes"][1]["inputs"][0]
    shown = name.replace("\n", "⏎")
    assert shown in use["text"] and shown in explain(y, x)
    if name.isascii():
        assert compiles(use["tex"]) and all(map(compiles, explain(y, x).steps))
    assert "<script>" not in explain(y, x).markdown()


def test_a_checkpoint_is_one_node_and_mixed_graphs_work():
    w = Value(0.5)
    f = ag.checkpoint(lambda v: (v * 2).tanh())
    with trace() as t:
        y = f(w)
        z = (ag.stack([y, w]) * np.ones((2, 2))).sum()
    record = t.trace()
    assert record["nodes"][record["roots"][0]]["label"] == "z" and z.shape == ()
    assert not any(n["op"] == "tanh" for n in record["nodes"])
    assert explain(t, w).endswith("\n") and json.dumps(record, allow_nan=False)


def test_a_large_graph_costs_what_is_shown(monkeypatch):
    module = sys.modules["autograd_nn.drawing.record.trace"]
    written, summarised = [], []
    monkeypatch.setattr(module, "written", lambda node, *rest: written.append(node))
    monkeypatch.setattr(module, "summary", lambda x: summarised.append(x) or 0.0)
    monkeypatch.setattr(module, "events_of", None)
    x = y = Value(1.0)
    for _ in range(30_000):
        y = y + x
    record, _ = module.numbered(y, max_nodes=50)
    assert record["total"] == 30_001 and len(written) <= 50 and len(summarised) <= 100


def test_a_deep_graph_is_traced_whole():
    x = y = Value(1.0)
    with trace() as t:
        for _ in range(3000):
            y = y + x
    record = t.trace()
    assert len(record["nodes"]) == 3001 and len(record["events"]) == 6000
    assert [record["nodes"][record["roots"][0]]["label"], record["nodes"][0]["label"]] == ["y", "x"]


@st.composite
def traced_programs(draw):
    return draw(st.lists(st.tuples(st.sampled_from(["add", "mul", "tanh"]), st.integers(0, 9), st.integers(0, 9)),
                         min_size=1, max_size=12))


@given(traced_programs())
def test_what_is_noted_changes_nothing(program):
    def run():
        nodes = [Value(0.3, name="a"), Value(-0.7, name="b")]
        for op, i, j in program:
            u, v = nodes[i % len(nodes)], nodes[j % len(nodes)]
            nodes.append(u + v if op == "add" else u * v if op == "mul" else u.tanh())
        last = nodes[-1]
        last.backward()
        return last
    plain = trace_of(run())
    with trace() as t:
        last = run()
    noted = t.of(last).trace()
    for n in noted["nodes"]:
        n["label"] = n["source"] = None
    noted["nodes"] = [{**n, "inputs": [{**u, "text": None, "tex": None} for u in n["inputs"]]} for n in noted["nodes"]]
    plain["nodes"] = [{**n, "inputs": [{**u, "text": None, "tex": None} for u in n["inputs"]]} for n in plain["nodes"]]
    assert noted == plain
