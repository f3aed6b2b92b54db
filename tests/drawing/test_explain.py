"""explain(): a derivation as a student reads it, its numbers against the engine, its LaTeX, and its size."""

import re

import numpy as np
import pytest
from hypothesis import given

import autograd_nn as ag
from autograd_nn import Tensor, Value, nn
from autograd_nn.check.strategies import expressions, graphs
from autograd_nn.core.node import topological
from autograd_nn.drawing import Derivation, diff, draw, explain, flow_of, replay, trace, trace_of
from autograd_nn.errors import GraphError, UsageError
from autograd_nn.notation.names import operand_text


def network():
    """The three-input network: x = (2, 3, 1), one hidden unit that is on, target 20."""
    x = [Value(v, name=f"x{i}") for i, v in enumerate((2.0, 3.0, 1.0), 1)]
    w1 = Value(3.0, name="w1")
    w = [Value(v, name=f"w{i}") for i, v in enumerate((3.0, 1.0, 2.0), 2)]
    u = ag.dot(w, x)
    u.name = "u"
    h = u.relu()
    h.name = "h"
    y = w1 * h
    y.name = "y"
    loss = (y - 20) ** 2
    loss.name = "L"
    return loss, w1, w[0]


def test_the_three_input_network_reads_like_a_textbook():
    loss, w1, w2 = network()
    assert explain(loss, w2) == """\
dL/dw2

forward
  given: w3 = 1, w4 = 2, x1 = 2, x2 = 3, x3 = 1, w1 = 3
  w2  = 3
  u   = w2 × x1 + w3 × x2 + w4 × x3 = 3 × 2 + 1 × 3 + 2 × 1 = 11
  h   = relu(u) = relu(11) = 11
  y   = w1 × h = 3 × 11 = 33
  v12 = y − 20 = 33 − 20 = 13
  L   = v12² = 13² = 169

backward
  dL/dL = 1
  L = v12², so dL/dv12 = 2 × v12 = 26
    dL/dv12 += dL/dL * dL/dv12   : 0 + 1 * 26 = 26
  v12 = y − 20, so dv12/dy = 1
    dL/dy   += dL/dv12 * dv12/dy : 0 + 26 * 1 = 26
  y = w1 × h, so dy/dh = w1 = 3
    dL/dh   += dL/dy * dy/dh     : 0 + 26 * 3 = 78
  h = relu(u), so dh/du = [u > 0] = 1
    dL/du   += dL/dh * dh/du     : 0 + 78 * 1 = 78
  u = w2 × x1 + w3 × x2 + w4 × x3, so du/dw2 = x1 = 2
    dL/dw2  += dL/du * du/dw2    : 0 + 78 * 2 = 156

([condition] is 1 where the condition holds, and 0 elsewhere)

all together
  dL/dw2 = dL/dv12 * dv12/dy * dy/dh * dh/du * du/dw2 = 26 * 1 * 3 * 1 * 2 = 156

dL/dw2 = 156
"""
    assert explain(loss, w1).splitlines()[-3:] == [
        "  dL/dw1 = dL/dv12 * dv12/dy * dy/dw1 = 26 * 1 * 11 = 286", "", "dL/dw1 = 286"]
    assert not loss.has_grad and not w1.has_grad


def test_a_leaf_with_several_uses_is_a_sum():
    x = Value(3.0, name="x")
    y = x * x + x.sin() * 2
    y.name = "y"
    (whole,) = re.findall(r"^all together\n((?:  .*\n)+)", explain(y, x), re.M)
    assert " ".join(whole.split()) == ("dy/dx = dy/dv2 * dv2/dx + dy/dv1 * dv1/dx + dy/dv1 * dv1/dx "
                                       "= 2 * (-0.989992) + 1 * 3 + 1 * 3 = 4.02002")


def test_a_recorded_program_gives_its_names():
    w, b = Value(2.0), Value(1.0)
    with trace() as t:
        u = w * 3 + b
        loss = u.tan()
    text = t.explain(w)
    assert text.startswith("dloss/dw\n") and "loss = tan(u), so dloss/du = 1 + loss²" in text
    assert loss.data == np.tan(7.0)


def numbers(text):
    return re.findall(r": (\S+) \+ \(?([^\s()]+)\)? \* \(?([^\s()]+)\)? = (\S+)$", text, re.M)


@given(expressions())
def test_every_line_is_right_and_the_end_is_the_engines(expression):
    leaves = [Value(x, name=f"x{i}") for i, x in enumerate(expression.point)]
    root = expression(*leaves)
    root.backward()
    text = explain(root, max_steps=None)
    lines = numbers(text)
    assert len(lines) == text.count("+=") == len(trace_of(root)["events"])
    for before, upstream, local, after in lines:
        terms = float(before), float(upstream) * float(local)
        if all(map(np.isfinite, terms)):
            assert float(after) == pytest.approx(sum(terms), abs=2e-5 * (1e-3 + sum(map(abs, terms))))
    used = [leaf for leaf in leaves if leaf.has_grad]
    for leaf in used:
        last = explain(root, leaf, max_steps=None).splitlines()[-1]
        assert float(last.rpartition(" = ")[2]) == pytest.approx(leaf.grad, rel=1e-5, abs=1e-12)


@pytest.mark.slow
@given(graphs())
def test_any_graph_is_explained(root):
    text = explain(root)
    assert isinstance(text, Derivation) and text.latex().count("\\\\\n") == len(text.steps) - 1
    for leaf in (n for n in topological([root]) if n.is_leaf):
        assert explain(root, leaf).count("\nbackward\n") == 1


def test_arrays_are_explained_by_their_rules():
    rng = np.random.default_rng(0)
    weight, x = Tensor(rng.normal(size=(2, 3)), name="W"), Tensor(rng.normal(size=(4, 3)), name="x")
    loss = ((x @ weight.T) ** 2).mean()
    loss.name = "L"
    text = explain(loss, weight)
    assert "xᵀ @ (dL/dv3) : (3, 2)" in text
    assert text.splitlines()[-1].startswith("dL/dW = [[")
    large = ((Tensor(rng.normal(size=(20, 30)), name="x") @ Tensor(np.ones((30, 8)), name="W")) ** 2).mean()
    assert explain(large).splitlines()[-2:] == ["dv5/dx : (20, 30)", "dv5/dW : (30, 8)"]
    large.backward()
    assert "dv5/dW = 30×8 float64 from " in explain(large)


def test_typeset():
    loss, _, w2 = network()
    made = explain(loss, w2)
    assert made.latex().startswith("\\begin{aligned}\n &w_{3} = 1,\\; w_{4} = 2,")
    assert " \\\\\nw_{2} &= 3 \\\\\n" in made.latex()
    assert r"\frac{\partial L}{\partial w_{2}} &\mathrel{+}= \frac{\partial L}{\partial u} \, " \
        r"\frac{\partial u}{\partial w_{2}} \;:\; 0 + 78 \cdot 2 = 156" in made.latex()
    assert made.markdown().count("$$") == 6 and "**Backward**" in made.markdown()
    assert made._repr_latex_().startswith("$\\displaystyle \\begin{aligned}")
    assert made._repr_markdown_() == made.markdown() and str(made) == made


@pytest.mark.slow
def test_a_long_derivation_stays_readable():
    x = y = Value(1.0, name="x")
    for _ in range(300):
        y = (y + 1.0).tanh()
    y.name = "y"
    text = explain(y, x)
    assert len(text.splitlines()) < 230 and text.count("more lines") == 2
    assert "dy/dy = 1" in text and text.splitlines()[-1].startswith("dy/dx = ")
    assert re.search(r"^    dy/dx .*:", text, re.M), "the last steps stand too"
    assert len(explain(y, x, max_steps=None).splitlines()) > 1500
    assert len(explain(y, x, max_steps=10).splitlines()) < 40
    many = ag.sum_of([Value(float(i)) for i in range(1000)])
    assert len(explain(many).splitlines()) < 400 and "… 900 more" in explain(many)
    assert len(explain(many).latex()) < 40_000


def test_refusals():
    x, y = Value(1.0, name="x"), Value(2.0, name="y") * 2
    with pytest.raises(GraphError, match="'x' is not among what v2 was computed from"):
        explain(y, x)
    with pytest.raises(UsageError, match="a node of the graph is wanted, or its name, not int 3"):
        explain(y, 3)
    for thing in (3, "text", None, [y]):
        with pytest.raises(UsageError, match="explain: the root must be"):
            explain(thing)


def test_a_network_of_layers():
    net = nn.Sequential(nn.Layer(3, 2, "relu", rng=0), nn.Layer(2, 1, None, rng=0))
    with trace() as t:
        (y,) = net([1.0, 2.0, 3.0])
        loss = (y - 1.0) ** 2
    loss.backward()
    for name, p in net.named_parameters():
        last = t.explain(p).splitlines()[-1]
        assert last.startswith(f"dloss/d{operand_text(name)} = ")
        assert float(last.rpartition(" = ")[2]) == pytest.approx(p.grad, rel=1e-5, abs=1e-12)


# --- nodes by name ------------------------------------------------------------------------------------

def named_graph():
    w1, w2, x = Value(3.0, name="w1"), Value(4.0, name="w2"), Value(-2.0)
    y = w1 * x + w2
    return w1, w2, x, y * y


def test_a_leaf_is_found_by_its_name():
    w1, w2, x, loss = named_graph()
    for name, leaf in (("w1", w1), ("w2", w2), ("v2", x)):
        nodes = trace_of(loss)["nodes"]
        name = name if leaf.name else f"v{next(n['id'] for n in nodes if n['value'] == -2.0)}"
        assert explain(loss, name) == explain(loss, leaf) and "= 0" not in explain(loss, name).splitlines()[-2]
    assert explain(loss, "w1", x) == explain(loss, w1, x)


def test_variables_and_parameters_are_found_by_the_names_of_a_recording():
    net = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Linear(2, 1, rng=1))
    with trace() as t:
        scale = Tensor([2.0, 3.0])
        hidden = net.layers[0]([[1.0, 2.0]]) * scale
        loss = (net.layers[1](hidden) ** 2).sum()
    for name, leaf in (("scale", scale), ("hidden", hidden)):
        assert t.explain(name) == t.explain(leaf)
    weight = net.layers[0].weight
    label = next(n["label"] for n in t.trace()["nodes"] if n["parameter"] and n["value"]["shape"] == [2, 2])
    assert t.explain(label) == t.explain(weight)
    assert t.of("loss").roots() == [loss] and t.of("hidden").explain(scale) == t.of(hidden).explain(scale)
    assert str(t.draw(marks={"hidden": "here"})) == str(t.draw(marks={hidden: "here"}))


def test_names_of_none_and_of_several_are_refused_with_near_ones():
    w1, _, _, loss = named_graph()
    with pytest.raises(UsageError, match=r"called 'w3'[^$]*there is w\d, w\d"):
        explain(loss, "w3")
    with pytest.raises(UsageError, match=r"called 'completely else'[^$]*w1"):
        explain(loss, "completely else")
    twins = Value(1.0, name="w") * Value(2.0, name="w")
    with pytest.raises(UsageError, match=r"2 nodes are called 'w'[^$]*w#0, w#1"):
        explain(twins, "w")
    assert explain(twins, "w#1").endswith("dv2/d(w#1) = 1\n")
    with pytest.raises(UsageError, match="marks: nothing that v"):
        draw(loss, marks={"w9": "?"})
    with trace() as t:
        y = w1 * 2.0
    with pytest.raises(UsageError, match="of: nothing that y was computed from is called 'z'"):
        t.of("z")
    assert t.of("y").roots() == [y]


def test_what_is_no_node_is_refused_everywhere():
    _, _, _, loss = named_graph()
    net = nn.Linear(2, 1, rng=0)
    calls = {"explain": lambda x: explain(loss, x), "draw": draw, "marks": lambda x: draw(loss, marks=x),
             "trace_of": trace_of, "diff": lambda x: diff(x, loss), "flow_of": lambda x: flow_of(net, x),
             "of": lambda x: trace().of(x), "snapshot": lambda x: replay(net).snapshot(net([[1.0, 2.0]]), graph=x)}
    for name, call in calls.items():
        for thing in (3, 2.5, net, np.ones(2), b"w1", calls):
            with pytest.raises(UsageError):
                call(thing)
                pytest.fail(f"{name} of {thing!r}")
    for marks in ({loss: 3}, "w1", ["w1"], {3: "?"}, {None: "?"}):
        with pytest.raises(UsageError, match="marks: "):
            draw(loss, marks=marks)
    for size in (0, -1, "many"):
        with pytest.raises(UsageError, match="max_nodes"):
            draw(loss, max_nodes=size)
    with pytest.raises(UsageError, match=r"each for itself, as in explain\(root, \*model.parameters\(\)\)"):
        explain(loss, [loss])
