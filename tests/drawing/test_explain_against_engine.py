"""explain(): its numbers are the engine's, and its lines are the chain rule."""

import re

import pytest
from helpers.drawn import network, programs, run
from hypothesis import given

import autograd_nn as ag
from autograd_nn import Value
from autograd_nn.core.node import topological
from autograd_nn.drawing import explain, trace_of
from autograd_nn.errors import GraphError, UsageError

# --- explain ----------------------------------------------------------------------------------

def test_explain_the_three_input_network():
    loss, first, second = network()
    text = explain(loss, first[0][0])
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0] == "dL/dw11" and lines[-1] == "dL/dw11 = 156"
    wanted = ["u1 = v7 + v10 = 9 + 2 = 11", "h1 = relu(u1) = relu(11) = 11", "L = v27² = 13² = 169", "dL/dL = 1",
              "dL/dv27 += dL/dL * dL/dv27 : 0 + 1 * 26 = 26", "dL/dh1 += dL/dv13 * dv13/dh1 : 0 + 26 * 3 = 78",
              "dL/dw11 += dL/dv3 * dv3/dw11 : 0 + 78 * 2 = 156"]
    assert [line for line in lines if line in wanted] == wanted
    assert "given: x1 = 2, v6 = 3, v10 = 2, o1 = 3, v24 = 0" in lines
    assert "w12" not in text.split("backward")[1] and "o2" not in text
    assert explain(loss, second[0]).rstrip().endswith("dL/do1 = 286")
    assert "0 + 26 * 11 = 286" in explain(loss, second[0])
    assert not loss.has_grad and not second[0].has_grad
    assert "dL/do1, dL/dw11" in explain(loss, second[0], first[0][0])
    assert explain(loss).count("\ndL/dw") == 6                    # no leaf named: all of them


@given(programs)
def test_every_line_of_a_derivation_is_right(program):
    root = run(program)
    root.backward()
    text = explain(root)
    sums = re.findall(r": (\S+) \+ \(?([^\s()]+)\)? \* \(?([^\s()]+)\)? = (\S+)$", text, re.M)
    assert len(sums) == text.count("+=") == len(trace_of(root)["events"])
    for before, upstream, local, after in sums:
        terms = float(before), float(upstream) * float(local)
        assert float(after) == pytest.approx(sum(terms), abs=2e-5 * (1e-3 + sum(map(abs, terms))))
    leaves = {n.name: n.grad for n in topological([root]) if n.is_leaf}
    results = dict(re.findall(r"^d\w+/d(\w+) = (\S+)$", text, re.M))
    assert {name: float(g) for name, g in results.items()} == pytest.approx(leaves, rel=1e-5, abs=1e-12)


def test_explain_shows_both_uses_and_the_formulas_of_unary_ops():
    x = Value(3.0, name="x")
    y = x * x
    assert explain(y, x).count("dv1/dx += dv1/dv1 * dv1/dx") == 2
    assert ": 3 + 1 * 3 = 6" in explain(y, x)
    named = Value(-2.0, name="step size")
    text = explain((-named + abs(named) + ag.square(named) + ag.reciprocal(named)).leaky_relu(0.3), named)
    for formula in ("−(step size)", "|step size|", "(step size)²", "1/(step size)", "negative_slope=0.3)", "* (-"):
        assert formula in text
    assert "negative_slope" not in explain(x.leaky_relu())        # a default is not spelled out


def test_explain_refuses_what_it_cannot_explain():
    x, y = Value(1.0, name="x"), Value(2.0, name="y") * 2
    with pytest.raises(GraphError, match="'x' is not among what"):
        explain(y, x)
    with pytest.raises(UsageError, match=r"must be a Value, a Tensor or .* not int"):
        explain(3)
    with pytest.raises(UsageError):
        explain(y, 3)


# --- large graphs -----------------------------------------------------------------------------

def test_a_deep_graph_is_explained():
    x = y = Value(1.0, name="x")
    for _ in range(3_000):
        y = -y
    assert explain(y, x).endswith("d(v3000)/dx = 1\n") or explain(y, x).endswith("dv3000/dx = 1\n")
