"""Pictures and derivations: the record against the engine, the pictures against the record."""

import hashlib
import json
import math
import operator
import os
import re
import stat
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from functools import reduce

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from surroundings import boxes, needs_engine

import autograd_nn as ag
from autograd_nn import Tensor, Value
from autograd_nn.core.node import Node, topological
from autograd_nn.core.value import PureValue
from autograd_nn.drawing import draw, explain, trace_of
from autograd_nn.drawing.render.dot import ROLES, dot_source
from autograd_nn.drawing.render.engine import render
from autograd_nn.drawing.render.label import clean
from autograd_nn.drawing.render.palette import DARK, GREY, INK, NEGATIVE, ORDERS, PAPER, POSITIVE, RED
from autograd_nn.drawing.render.text import columns, labels, table
from autograd_nn.errors import GraphError, RenderError, UsageError
from autograd_nn.notation.summary import short, words

# --- programs ---------------------------------------------------------------------------------

OPS = {
    "add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b,
    "maximum": ag.maximum, "square": lambda a, b: a * a, "sin": lambda a, b: a.sin(),
    "tanh": lambda a, b: a.tanh(), "relu": lambda a, b: a.relu(), "scaled": lambda a, b: 0.5 * a - 1.0,
    "power": lambda a, b: a ** 2, "quotient": lambda a, b: a / (b * b + 1),
}
steps = st.tuples(st.sampled_from(sorted(OPS)), st.integers(0, 20), st.integers(0, 20))
programs = st.lists(steps, min_size=1, max_size=15)


def run(program, n_leaves=3):
    """The last value of a program over leaves a, b, c; each step uses earlier values by number."""
    nodes = [Value(0.7 * i - 0.6, name="abc"[i]) for i in range(n_leaves)]
    for op, i, j in program:
        nodes.append(OPS[op](nodes[-1 - i % len(nodes)], nodes[-1 - j % len(nodes)]))
    return nodes[-1]


def network():
    """x = (2, 3, 1) -> relu -> (3, 2), no biases, target 20."""
    x = [Value(v, name=f"x{i}") for i, v in enumerate((2, 3, 1), 1)]
    first = [[Value(v, name=f"w{j}{i}") for i, v in enumerate(row, 1)]
             for j, row in enumerate(((3, 1, 2), (-2, -3, -1)), 1)]
    second = [Value(v, name=f"o{j}") for j, v in enumerate((3, 2), 1)]
    h = []
    for j, row in enumerate(first, 1):
        u = row[0] * x[0] + row[1] * x[1] + row[2] * x[2]
        u.name = f"u{j}"
        h.append(u.relu())
        h[-1].name = f"h{j}"
    y = second[0] * h[0] + second[1] * h[1]
    y.name = "y"
    loss = (y - 20) ** 2
    loss.name = "L"
    return loss, first, second


def uses(trace):
    return [(n["id"], use["slot"], use["node"]) for n in trace["nodes"] for use in n["inputs"]]


def edges(source):
    return [tuple(map(int, e)) for e in re.findall(r"^\tn(\d+) -> n(\d+)", source, re.M)]


# --- the record -------------------------------------------------------------------------------

@given(programs)
def test_one_edge_for_each_use(program):
    root = run(program)
    order = topological([root])
    picture = draw(root)
    arities = sum(len(n.inputs) for n in order)
    assert len(uses(picture.trace)) == arities
    assert Counter(edges(picture.source)) == Counter((source, i) for i, _, source in uses(picture.trace))
    constants = sum(not isinstance(x, Node) for n in order for x in n.inputs)
    assert len(picture.trace["nodes"]) == picture.trace["total"] == len(order) + constants


@given(programs)
def test_nodes_are_numbered_in_topological_order_and_slots_in_order(program):
    root = run(program)
    trace = trace_of(root)
    assert [n["id"] for n in trace["nodes"]] == list(range(len(trace["nodes"])))
    assert all(source < i for i, _, source in uses(trace))
    assert all([u["slot"] for u in n["inputs"]] == list(range(len(n["inputs"]))) for n in trace["nodes"])
    nodes = [n for n in trace["nodes"] if n["role"] != "constant"]
    for record, node in zip(nodes, topological([root]), strict=True):
        assert record["value"] == node.data and record["op"] == (node.op and node.op.name)
        assert [trace["nodes"][u["node"]]["value"] for u in record["inputs"]] == [
            x.data if isinstance(x, Node) else x for x in node.inputs]


@given(programs)
def test_gradient_is_the_sum_over_the_uses_of_upstream_times_local(program):
    root = run(program)
    root.backward()
    trace = trace_of(root)
    sums = [0.0] * len(trace["nodes"])
    sums[trace["roots"][0]] = 1.0
    for node in reversed(trace["nodes"]):
        for use in node["inputs"]:
            if use["local"] is not None:
                sums[use["node"]] += sums[node["id"]] * use["local"]
    for node, total in zip(trace["nodes"], sums):
        if node["role"] != "constant":
            assert total == pytest.approx(node["gradient"], rel=1e-9, abs=1e-12)


@given(programs)
def test_events_end_in_the_gradients_of_the_engine(program):
    root = run(program)
    before = trace_of(root)
    root.backward()
    trace = trace_of(root)
    assert before["events"] == trace["events"]                    # computed from the graph, not from .grad
    state = {trace["roots"][0]: 1.0}
    for e in trace["events"]:
        assert e["before"] == state.get(e["to"], 0.0) and e["upstream"] == state[e["from"]]
        assert e["contribution"] == pytest.approx(e["upstream"] * e["local"], rel=1e-12)
        assert e["after"] == e["before"] + e["contribution"]
        state[e["to"]] = e["after"]
    assert state == {n["id"]: n["gradient"] for n in trace["nodes"] if n["role"] != "constant"}
    differentiable = [(n["id"], u["slot"], u["node"]) for n in trace["nodes"] for u in n["inputs"]
                      if trace["nodes"][u["node"]]["role"] != "constant"]
    assert sorted((e["from"], e["slot"], e["to"]) for e in trace["events"]) == sorted(differentiable)


@given(programs)
def test_same_program_same_bytes(program):
    first, second = run(program), run(program)
    first.backward()
    second.backward()
    assert draw(first).source == draw(second).source
    assert draw(first).trace == draw(second).trace


def test_bytes_do_not_depend_on_the_hash_seed():
    program = """if True:
        import hashlib, sys
        import numpy as np
        from autograd_nn import Tensor, Value
        from autograd_nn.drawing import draw, explain
        x, w = Value(2.0, name="x"), Value(3.0, name="w")
        y = (x * w + x).tanh() * x
        t = (np.eye(3) @ Tensor(np.ones((3, 2)), name="t")).relu()[1:].sum(axis=0)
        s = sum((x * i for i in range(200)), w)
        for text in draw([y, t]).source, draw(s).source, str(draw(y)), explain(y):
            print(hashlib.sha256(text.encode()).hexdigest())
    """
    said = {subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, check=True,
                           capture_output=True, text=True).stdout for seed in ("1", "2")}
    assert len(said) == 1 and len(said.pop().split()) == 4


def test_roles_names_and_defaults():
    x, w = Value(2.0, name="x"), Value(3.0)
    y = (w * x).leaky_relu(0.2)
    z = x.leaky_relu()
    trace = trace_of([y, z])
    assert [(n["role"], n["name"], n["kind"], n["params"]) for n in trace["nodes"]] == [
        ("leaf", None, "Value", {}), ("leaf", "x", "Value", {}), ("intermediate", None, "Value", {}),
        ("output", None, "Value", {"negative_slope": "0.2"}), ("output", None, "Value", {})]
    assert trace["roots"] == [3, 4]
    assert trace_of(x)["nodes"][0]["role"] == "leaf"
    assert trace_of(np.array([y, z], dtype=object)) == trace == trace_of(n for n in (y, z, y))


def test_not_computed_is_not_zero():
    x, a = Value(3.0, name="x"), Value(0.0, name="a")
    y = x * a
    assert [n["gradient"] for n in trace_of(y)["nodes"]] == [None, None, None]
    assert draw(y).source.count("not computed") == 3 and str(draw(y)).count("not computed") == 3
    y.backward()
    assert [n["gradient"] for n in trace_of(y)["nodes"]] == [0.0, 3.0, 1.0]
    assert "not computed" not in draw(y).source and "not computed" not in str(draw(y))
    z = y + 1
    assert [n["gradient"] for n in trace_of(z)["nodes"]] == [0.0, 3.0, 1.0, None, None]
    assert draw(z).source.count("not computed") == 1              # the constant cannot have one
    assert "grad" not in draw(z, gradients=False).source.replace("gradient", "")


def test_gradients_that_are_graphs_are_drawn_by_their_numbers():
    x = Value(3.0)
    (x * x).backward(create_graph=True)
    assert trace_of(x)["nodes"][0]["gradient"] == 6.0


def test_nothing_leaks_past_an_upstream_of_zero():
    x = Value(0.0, name="x")
    y = x.sqrt() * 0.0
    y.backward()
    trace = trace_of(y)
    assert [e["contribution"] for e in trace["events"]] == [0.0, 0.0]
    assert trace["nodes"][1]["inputs"][0]["local"] == "inf" and x.grad == 0.0
    json.dumps(trace, allow_nan=False)


# --- arrays -----------------------------------------------------------------------------------

@pytest.mark.parametrize("root, leaves", [
    (lambda a, b, v: ((a @ b + v).relu() * a[:, 1:]).sum(), 3),
    (lambda a, b, v: ag.softmax(a * 0.1 + b.T, axis=0).max(axis=1).sum() * v, 3),
    (lambda a, b, v: ag.concatenate([a, b.T])[1::2, np.array([0, 0, 1])].mean() ** v, 3),
    (lambda a, b, v: a.sqrt().sum() * 0.0 + b.sum(), 2),
])
def test_events_of_small_arrays_end_in_the_gradients_of_the_engine(root, leaves):
    a = Tensor([[1.0, -2.0, 0.0], [0.5, 4.0, 3.0]], name="a") ** 2
    b, v = Tensor(np.arange(6.0).reshape(3, 2), dtype=np.float32, name="b"), Value(1.5, name="v")
    y = root(a, b, v)
    y.backward()
    trace = trace_of(y)
    after = {e["to"]: e["after"] for e in trace["events"]}
    seen = [n for n in trace["nodes"] if n["role"] in ("leaf", "intermediate")]
    assert sum(n["role"] == "leaf" for n in seen) == leaves
    for n in seen:
        assert after[n["id"]] == n["gradient"]
    json.dumps(trace, allow_nan=False)


def test_large_arrays_are_summed_up_and_their_events_have_no_numbers():
    w = Tensor(np.linspace(-1, 1, 50, dtype=np.float32).reshape(5, 10), name="w")
    y = (np.ones((3, 5), dtype=np.float32) @ w).sum()
    trace = trace_of(y)
    value = trace["nodes"][0]["value"]
    assert np.allclose(value.pop("cells"), w.data)
    assert value == {"shape": [5, 10], "dtype": "float32", "min": -1.0, "mean": pytest.approx(0.0, abs=1e-7),
                     "max": 1.0}
    assert [(e["from"], e["slot"], e["to"], e["after"]) for e in trace["events"]] == [(3, 0, 2, None), (2, 1, 0, None)]
    assert "5×10  float32" in draw(y).source


def test_a_mean_too_large_for_the_dtype_is_no_warning():
    t = Tensor(np.full(10, 6e4, dtype=np.float16))
    assert trace_of(t)["nodes"][0]["value"]["mean"] == pytest.approx(6e4, rel=1e-3)
    t = Tensor(np.array([np.inf, -np.inf] * 5))
    assert trace_of(t)["nodes"][0]["value"] == {"shape": [10], "dtype": "float64", "min": "-inf", "mean": "nan",
                                                "max": "inf", "cells": [["inf", "-inf"] * 5]}


def test_empty_arrays_and_arrays_without_axes():
    y = Tensor(np.zeros((0, 3))).sum() + Tensor(2.0)
    values = [n["value"] for n in trace_of(y)["nodes"]]
    assert values[0] == {"shape": [0, 3], "dtype": "float64", "data": []}
    assert values[2] == {"shape": [], "dtype": "float64", "data": 2.0}
    assert "empty 0×3" in draw(y).source
    ET.fromstring(draw(y).svg())


# --- numbers and names as text ----------------------------------------------------------------

@pytest.mark.parametrize("number, text", [
    (286.0, "286"), (-11.0, "-11"), (0.0, "0"), (-0.0, "0"), (123456.0, "123456"), (1e6, "1e6"), (2 / 3, "0.6667"),
    (1234.56, "1235"), (-1.5e-7, "-1.5e-7"), (6.02e23, "6.02e23"), (math.inf, "inf"), ("nan", "nan"), (True, "True"),
])
def test_short_numbers(number, text):
    assert short("inf" if number == math.inf else number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_short_numbers_are_near(x):
    assert float(short(x, 6)) == pytest.approx(x, rel=5.1e-6, abs=0) or abs(x) > 1.797e308


@pytest.mark.parametrize("param, text", [
    (0, "0"), (np.int64(3), "3"), ((0, 1), "(0, 1)"), ((1,), "(1,)"), (None, "None"), (slice(None, None, -2), "::-2"),
    ((slice(1, 3), 0), "1:3, 0"), ((None, ...), "None, ..."), (np.zeros((2, 3)), "array (2, 3)"),
    (np.dtype("float32"), "float32"), (np.float32, "float32"), (list(range(9)), "(0, 1, 2, 3, 4, 5, …)"),
    (lambda x: x, "function"),
])
def test_parameters_in_words(param, text):
    assert words(param) == text


def test_labels_are_unique_and_columns_line_up():
    a, b, c = Value(1.0, name="a"), Value(2.0, name="a"), Value(3.0, name="v2")
    table = str(draw((a * b + c) * 2 - a))
    assert labels(trace_of((a * b + c) * 2 - a)) == ["a#0", "a#1", "v2", "v2#3", "v4", "2", "v6", "v7"]
    assert "(a#0) × (a#1)" in table and "v2 + (v2#3)" in table
    wide = str(draw(Value(1.0, name="重み") * Value(2.0, name="x"))).splitlines()
    assert len({columns(line[:line.index(word)]) for line, word in zip(wide, ("role", "leaf", "leaf", "output"))}) == 1


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
    with pytest.raises(GraphError):
        explain(y, 3)


# --- sums of many inputs, whole and expanded ----------------------------------------------------

def sums(nary):
    """sum_of and dot as single nodes, or as a program would write them with * and +."""
    def plain_dot(w, x, b=0):
        products = [u * v for u, v in zip(w, x)]
        return reduce(operator.add, products if type(b) is int and b == 0 else [b, *products])
    return (ag.sum_of, ag.dot) if nary else (lambda xs: reduce(operator.add, xs), plain_dot)


places = st.lists(st.integers(0, 20), min_size=2, max_size=4)
nary_steps = st.tuples(st.sampled_from(["sum_of", "dot", "dot without bias", "constants"]), places, places)


def run_nary(program, nary, kind=Value):
    """A program with sums of many inputs; None if in the end there is but a leaf."""
    sum_of, dot = sums(nary)
    nodes = [kind(0.7 * i - 0.6, name="abc"[i]) for i in range(3)]
    for op, first, second in program:
        if op in OPS:
            nodes.append(OPS[op](nodes[-1 - first % len(nodes)], nodes[-1 - second % len(nodes)]))
            continue
        u, v = ([nodes[-1 - i % len(nodes)] for i in places] for places in (first, second))
        if op == "sum_of":
            made = sum_of([*u, 0.25, *v])
        elif op == "constants":                      # a product of two constants is a constant
            made = dot([3.0, u[0], 2, 0.5], [v[0], u[1], -1.5, v[1]], 1.25) * sum_of([1.0, 2, u[0]])
        else:
            n = min(len(u), len(v))
            made = dot(u[:n], v[:n], v[-1]) if op == "dot" else dot(u[:n], v[:n])
        made.name = f"s{len(nodes)}"
        nodes.append(made)
    return nodes[-1]


nary_programs = st.lists(st.one_of(nary_steps, steps), min_size=1, max_size=6).filter(
    lambda program: any(op not in OPS for op, *_ in program))
kinds = st.sampled_from([Value, PureValue])


def without_gradients(trace):
    return {**trace, "nodes": [{**n, "gradient": None} for n in trace["nodes"]]}


def sizes(trace):
    """For each node, the sum over the paths to the root of the products of |local|: no gradient is larger."""
    found = [float(i in trace["roots"]) for i in range(len(trace["nodes"]))]
    for node in reversed(trace["nodes"]):
        for use in node["inputs"]:
            found[use["node"]] += found[node["id"]] * abs(use["local"] or 0.0)
    return found


@example([("subtract", 0, 0), ("sum_of", [0, 0], [0, 3]), ("dot without bias", [0, 1], [1, 0])], Value)   # 0 and -0
@given(nary_programs, kinds)
def test_an_expanded_sum_is_the_program_written_with_times_and_plus(program, kind):
    nary, plain = (run_nary(program, how, kind) for how in (True, False))
    assert draw(nary, expand=True) == draw(plain)                 # no gradient is computed, in either
    assert explain(nary, expand=True) == explain(plain)
    nary.backward()
    plain.backward()
    got, want = trace_of(nary, expand=True), trace_of(plain)
    assert without_gradients(got) == without_gradients(want)      # events included: their order and numbers
    for one, other, size in zip(got["nodes"], want["nodes"], sizes(want)):
        assert (one["gradient"] is None) == (other["gradient"] is None)
        if one["gradient"] is not None:                           # what is added in another order rounds otherwise
            assert one["gradient"] == pytest.approx(other["gradient"], rel=0, abs=1e-13 * size)


@given(nary_programs, kinds)
def test_a_sum_drawn_whole_is_one_node(program, kind):
    root = run_nary(program, True, kind)
    before = trace_of(root)
    root.backward()
    trace = trace_of(root)
    order = topological([root])
    assert before["events"] == trace["events"]
    assert len(uses(trace)) == sum(len(n.inputs) for n in order) == sum(n["arity"] for n in trace["nodes"])
    assert [n["op"] for n in trace["nodes"] if n["op"]] == [n.op.name for n in order if n.op]
    picture = draw(root)
    assert Counter(edges(picture.source)) == Counter((source, i) for i, _, source in uses(trace))
    state = {trace["roots"][0]: 1.0}
    for e in trace["events"]:
        assert e["before"] == state.get(e["to"], 0.0) and e["upstream"] == state[e["from"]]
        state[e["to"]] = e["after"]
    assert state == {n["id"]: n["gradient"] for n in trace["nodes"] if n["role"] != "constant"}


@given(nary_programs)
def test_expanding_writes_nothing_to_the_graph(program):
    root = run_nary(program, True)
    whole = trace_of(root)
    explain(root, expand=True)
    assert trace_of(root, expand=True)["nodes"][-1]["gradient"] is None and trace_of(root) == whole


def test_what_has_no_sum_in_it_is_not_touched_by_expanding():
    loss, *_ = network()
    loss.backward()
    assert trace_of(loss, expand=True) == trace_of(loss)
    x = Value(2.0)
    for single in ag.sum_of([x]), ag.ops.weighted_sum([x]):
        assert trace_of(single, expand=True) == trace_of(single)


def neuron():
    w = [Value(v, name=f"w{i}") for i, v in enumerate((3.0, 1.0), 1)]
    x = [Value(v, name=f"x{i}") for i, v in enumerate((2.0, 5.0), 1)]
    u = ag.dot(w, x, Value(0.5, name="b"))
    u.name = "u"
    return u, w, x


@needs_engine
@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_a_weighted_sum_says_which_weight_goes_with_which_input(rankdir):
    u, *_ = neuron()
    picture = draw(u.relu(), rankdir=rankdir)
    shown = texts(picture.svg())
    assert "Σ w x + b" in shown and all(shown.count(slot) == 2 for slot in ("w1", "x1", "w2", "x2", "b"))
    ends = dict(re.findall(r"n(\d) -> n5:(s\d)", picture.source))
    assert ends == {str(slot): f"s{slot}" for slot in range(5)}
    ports = re.findall(r'PORT="s(\d)"[^>]*><FONT[^>]*>(\w+)<', picture.source)
    assert ports == [("0", "w1"), ("2", "x1"), ("1", "w2"), ("3", "x2"), ("4", "b")]
    order = [int(i) for i in re.findall(r"^\tn(\d) \[", picture.source, re.M)]
    assert order == [0, 2, 1, 3, 4, 5, 6]                         # each weight beside its input
    assert "w2 of weighted_sum" in picture.source
    plain_sum = draw(ag.sum_of([Value(1.0), 1.0, Value(2.0)])).source
    assert ":s" not in plain_sum and ">Σ<" in plain_sum           # its inputs may be swapped


@needs_engine
def test_beside_many_slots_value_and_gradient_stand_together():
    v = Value(1.0)
    svg = ET.fromstring(draw(ag.dot([v] * 20, [2.0] * 20)).svg())
    node = next(g for g in svg.findall(".//{*}g") if any(t.text == "Σ w x + b" for t in g.findall(".//{*}text"))
                and g.get("class") == "node")
    at = {t.text: float(t.get("y")) for t in node.findall(".//{*}text")}
    assert at["w20"] - at["w1"] > 200 and at["grad"] - at["value"] < 40


def test_sums_are_written_as_sums():
    u, w, x = neuron()
    assert "u = w1 × x1 + w2 × x2 + b = 3 × 2 + 1 × 5 + 0.5 = 11.5" in " ".join(explain(u, w[0]).split())
    assert "du/dw2 += du/du * du/dw2 : 0 + 1 * 5 = 5" in " ".join(explain(u, w[1]).split())
    assert "w1 × x1 + w2 × x2  " in str(draw(ag.dot(w, x)))       # a bias that was not given
    assert "w1 × 1.5 + (-2) × x2 + 3  " in str(draw(ag.dot([w[0], -2.0], [1.5, x[1]], 3.0)))
    assert "w1 + x1 + 2  " in str(draw(ag.sum_of([w[0], x[0], 2.0])))
    assert "w1 + x1  " in str(draw(ag.sum_of([w[0], x[0]])))
    many = [Value(float(i), name=f"a{i}") for i in range(20)]
    assert "a0 + a1 + a2 + a3 + a4 + a5 + … + a19  " in str(draw(ag.sum_of(many)))


def test_a_neuron_explained_step_by_step():
    u, w, _ = neuron()
    lines = [" ".join(line.split()) for line in explain(u, w[0], expand=True).splitlines()]
    assert lines[2:7] == ["forward", "given: x1 = 2, b = 0.5, v7 = 5", "w1 = 3",
                          "v3 = w1 × x1 = 3 × 2 = 6", "v4 = b + v3 = 0.5 + 6 = 6.5"]
    assert [line for line in lines if "+=" in line] == [
        "du/dv4 += du/du * du/dv4 : 0 + 1 * 1 = 1", "du/dv3 += du/dv4 * dv4/dv3 : 0 + 1 * 1 = 1",
        "du/dw1 += du/dv3 * dv3/dw1 : 0 + 1 * 2 = 2"]
    y = u * 2
    assert "dv10/du = 2" in explain(y, u, expand=True)            # a sum is still itself when expanded
    with pytest.raises(GraphError, match="not among what"):
        explain(y, Value(1.0), expand=True)


@pytest.mark.parametrize("made", [
    lambda a, v, s: ag.sum_of([a, v, s, 1.5]),
    lambda a, v, s: ag.sum_of([s, s, np.ones(3), v, a]),
    lambda a, v, s: ag.ops.weighted_sum([a, v, s, v, 2.0, np.ones((2, 1)), s]),
    lambda a, v, s: ag.ops.weighted_sum([v, v, a, v, 0]),
])
def test_sums_of_arrays_are_expanded(made):
    def leaves():
        return (Tensor([[1.0, -2.0, 0.5], [0.25, 4.0, 3.0]], name="a"),
                Tensor([1.0, 2.0, -1.0], dtype=np.float32, name="v"), Value(1.5, name="s"))

    root = (made(*leaves()) * np.arange(6.0).reshape(2, 3)).sum()
    root.backward()
    nary = next(n for n in topological([root]) if n.op and n.op.name in ("sum_of", "weighted_sum"))
    xs = nary.inputs
    n = len(xs) // 2
    if nary.op.name == "weighted_sum":
        products = [w * x for w, x in zip(xs[:n], xs[n:])]
        terms = products if isinstance(xs[-1], (int, float)) else [xs[-1], *products]
    else:
        terms = list(xs)
    plain = (reduce(operator.add, terms) * np.arange(6.0).reshape(2, 3)).sum()
    for leaf in topological([plain]):
        leaf.zero_grad()
    assert trace_of(plain)["nodes"] == [{**n, "gradient": None} for n in trace_of(root, expand=True)["nodes"]]
    root.backward()
    expanded = trace_of(root, expand=True)
    for leaf in topological([plain]):
        leaf.zero_grad()
    plain.backward()
    assert expanded == trace_of(plain)
    ET.fromstring(draw(root, expand=True).svg())


def test_expanding_does_not_ask_whether_the_program_records():
    u, *_ = neuron()
    whole = trace_of(u, expand=True)
    with ag.no_grad():
        assert trace_of(u, expand=True) == whole
    huge = ag.sum_of([Value(1e308), Value(1e308), Value(-math.inf)])
    with ag.check_finite():
        assert [n["value"] for n in trace_of(huge, expand=True)["nodes"]] == [1e308, 1e308, "inf", "-inf", "nan"]


def test_several_roots_are_expanded_together():
    u, w, x = neuron()
    v = ag.dot(x, w)
    trace = trace_of([v, u, u * v], expand=True)
    assert [trace["nodes"][i]["value"] for i in trace["roots"]] == [11.0, 11.5, 126.5]
    assert trace["total"] == len(trace["nodes"]) == 5 + 4 + 3 + 1


@needs_engine
@pytest.mark.parametrize("expand", [False, True])
def test_a_sum_of_a_thousand_inputs_keeps_to_its_number_of_nodes(expand):
    w, x = ([Value(float(i % 7), name=f"{letter}{i}") for i in range(1_000)] for letter in "wx")
    u = ag.dot(w, x, Value(1.0, name="b"))
    u.backward()
    trace = trace_of(u, max_nodes=24 if expand else 22, expand=expand)
    source = dot_source(trace)
    kept = [n for n in trace["nodes"] if n["role"] != "omitted"]
    assert len(kept) == 21 and trace["total"] == (4_001 if expand else 2_002)
    assert sum(n["count"] for n in trace["nodes"]) == trace["total"]
    leaves = {n["name"] for n in kept if n["role"] == "leaf"}
    pairs = range(996, 1_000) if expand else range(10)            # each weight with its input
    assert leaves == {f"{letter}{i}" for letter in "wx" for i in pairs}
    ET.fromstring(render(source, "svg"))
    if not expand:
        assert "w0 × x0 + w1 × x1 + " in table(trace) and "…1981 more" in table(trace)
    assert len(draw(u, expand=expand).trace["nodes"]) <= 15       # folded
    u.name = "u"
    assert f"\ndu/dw8 = {x[8].data:g}\n" in explain(u, w[8], expand=expand)


# --- pictures ---------------------------------------------------------------------------------

def texts(svg):
    return ["".join(t.itertext()) for t in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@needs_engine
def test_the_network_drawn():
    loss, *_ = network()
    loss.backward()
    picture = draw(loss, title="三入力 ReLU ネットワーク")
    shown = texts(picture.svg())
    for text in ("三入力 ReLU ネットワーク", "w11", "h2", "relu", "×", "−", "^", "286", "156", "169", "20", "-14"):
        assert text in shown
    svg = ET.fromstring(picture.svg())
    assert len([g for g in svg.iter("{http://www.w3.org/2000/svg}g") if g.get("class") == "edge"]) == len(
        uses(picture.trace))
    assert picture.svg() == draw(loss, title="三入力 ReLU ネットワーク").svg()


def test_a_square_has_two_edges_and_a_difference_numbers_its_arguments():
    x, y = Value(3.0, name="x"), Value(1.0, name="y")
    assert edges(draw(x * x).source) == [(0, 1), (0, 1)] and ":s" not in draw(x * x).source
    assert re.findall(r"n(\d) -> n2:(s\d)", draw(x - y).source) == [("0", "s0"), ("1", "s1")]
    assert re.findall(r"n(\d) -> n2:(s\d)", draw(y - x).source) == [("0", "s0"), ("1", "s1")]
    assert re.findall(r"n(\d) -> n1:(s\d)", draw(x - x).source) == [("0", "s0"), ("0", "s1")]
    assert {"1", "2"} <= set(texts(draw(x - y, gradients=False).svg()))


def test_local_derivatives_on_the_edges():
    x, y = Value(3.0), Value(5.0)
    assert {"∂ 5", "∂ 3"} <= set(texts(draw(x * y, local=True).svg()))
    assert "∂" not in draw(x * y).source


@needs_engine
@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_svg_is_as_large_in_pixels_as_its_content(rankdir):
    loss, *_ = network()
    svg = ET.fromstring(draw(loss, rankdir=rankdir).svg())
    left, top, width, height = map(float, svg.get("viewBox").split())
    assert (svg.get("width"), svg.get("height")) == (f"{width:.2f}px", f"{height:.2f}px") and left == top == 0
    assert width > height if rankdir == "LR" else width < 1.5 * height
    shift = re.search(r"translate\((\S+) (\S+)\)", svg.find("{*}g").get("transform"))
    for box in svg.iter("{http://www.w3.org/2000/svg}polygon"):
        for corner in box.get("points").split():
            x, y = map(float, corner.split(","))
            assert -0.5 <= x + float(shift[1]) <= width + 0.5 and -0.5 <= y + float(shift[2]) <= height + 0.5


STRANGE = ['"', "a -> b", "x < y > z", "&amp; & &lt;", "back\\slash \\N \\G \\l \\n \\\\",
           "two\nlines", "{a|b}", "<b>bold</b>",
           "日本語の名前", "😀 👩‍🔬", "]]>", "-->", "\x07\x1b[0m", "\ud800", "<", ">", "<TABLE>", "'", "%s",
           "\\", "a\\", " ", "\t", "ﬀ", "שלום", "n1:s0"]


@needs_engine
@pytest.mark.parametrize("name", STRANGE)
def test_names_are_shown_as_they_are(name):
    y = Value(1.0, name=name) - 2
    shown = "".join(texts(draw(y, title=name).svg()))
    squeezed = re.sub(r"\s", "", clean(name))
    assert re.sub(r"\s", "", shown).count(squeezed) >= 2
    assert ET.fromstring(draw(y).svg()) is not None and len(edges(draw(y).source)) == 2
    assert columns(str(draw(y)).splitlines()[0]) > 0 and len(str(draw(y)).splitlines()) == 4
    assert explain(y)


@needs_engine
@settings(max_examples=40, deadline=None)
@given(st.text(max_size=12))
def test_any_name_gives_a_well_formed_picture(name):
    shown = "".join(texts(draw(Value(1.0, name=name) * 2).svg()))
    assert re.sub(r"\s", "", clean(name)) in re.sub(r"\s", "", shown)


def test_a_long_name_is_clipped_and_a_japanese_one_gets_the_room_it_needs():
    source = draw(Value(1.0, name="y" * 500)).source
    assert "y" * 49 not in source.split("tooltip")[0] and "…" in source
    japanese = draw(Value(1.0, name="重" * 10)).source
    assert int(re.search(r'WIDTH="(\d+)"[^>]*><FONT POINT-SIZE="12"><B>重', japanese)[1]) >= 120


def test_no_address_is_in_a_picture():
    y = ag.where(np.array([True, False]), Tensor([1.0, 2.0]), 0.0)[np.array([0, 1])].sum()
    for node in topological([y]):
        assert f"{id(node)}" not in draw(y).source and f"{id(node):x}" not in draw(y).source


def luminance(color):
    parts = [int(color[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(ink, paper):
    light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


GROUNDS = [PAPER, *(look["fillcolor"] for look in ROLES.values() if "fillcolor" in look)]


@pytest.mark.parametrize("mode", [lambda color: color, DARK.__getitem__])
def test_text_stands_out_from_its_background(mode):
    for ground in GROUNDS:
        for ink in (INK, GREY, RED):
            assert contrast(mode(ink), mode(ground)) >= 4.5, (ink, ground)       # WCAG 2, level AA
    for ground in (*POSITIVE, *NEGATIVE, *filter(None, ORDERS)):
        assert contrast(mode(INK), mode(ground)) >= 4.5, ground


def test_roles_differ_without_colour():
    looks = {(look["style"], look.get("peripheries"), look.get("penwidth")) for look in ROLES.values()}
    assert len(looks) == len(ROLES)


# --- large graphs -----------------------------------------------------------------------------

@given(programs, st.integers(1, 25))
def test_a_cut_picture_accounts_for_every_node(program, most):
    root = run(program)
    full, cut = trace_of(root), trace_of(root, max_nodes=most)
    kept = [n for n in cut["nodes"] if n["role"] != "omitted"]
    assert len(kept) <= most and len(cut["nodes"]) <= max(most, 2)
    assert len(kept) + sum(n["count"] for n in cut["nodes"] if n["role"] == "omitted") == full["total"] == cut["total"]
    assert all(source < i for i, _, source in uses(cut))
    assert (cut == full) == (full["total"] <= most and len(uses(full)) <= 4 * most)
    assert cut["nodes"][cut["roots"][0]]["op"] == full["nodes"][full["roots"][0]]["op"]
    assert cut["events"] is None or cut == full
    for n in cut["nodes"]:                                        # a stub says so where something is missing
        if n["op"] and len(n["inputs"]) < len(next(m for m in topological([root]) if m.op and m.op.name == n["op"]
                                                   ).inputs):
            assert any(u["slot"] is None for u in n["inputs"])


def test_the_nodes_nearest_the_output_are_kept():
    y = x = Value(1.0)
    for _ in range(9):
        y = y.sin()
    y = y.cos() + x.exp().tanh().relu()
    cut = trace_of(y, max_nodes=7)                   # five, and two that stand for the others
    assert [n["op"] for n in cut["nodes"]] == [None, None, "sin", "cos", "tanh", "relu", "add"]
    assert [n["count"] for n in cut["nodes"] if n["role"] == "omitted"] == [2, 8]    # exp and x; the sines
    shown = texts(draw(y, max_nodes=7, title="chain").svg())
    assert {"chain", "… 8 more nodes", "… 2 more nodes"} <= set(shown)
    assert "showing 5 of 15 nodes, those nearest the output" in shown


def test_a_deep_graph_and_a_wide_one_are_drawn():
    x = Value(1.0, name="x")
    deep = x
    for _ in range(30_000):
        deep = deep * 0.5 + x
    picture = draw(deep)
    assert "90,001 nodes in 8" in "".join(texts(picture.svg()))
    wide = ag.stack([x] * 20_000 + [x * 2 for _ in range(2_000)]).sum()
    picture = draw(wide)
    assert len(picture.trace["nodes"]) <= 150 and len(edges(picture.source)) <= 602
    ET.fromstring(picture.svg())
    assert len(draw([x * i for i in range(1_000)]).trace["roots"]) == 1
    assert len(trace_of([x * i for i in range(1_000)], max_nodes=150)["roots"]) == 75      # and what each leaves out


def test_no_picture_has_more_nodes_than_its_budget():
    rng = np.random.default_rng(0)
    nodes = [Value(1.0), Value(2.0)]
    for kind, back in zip(rng.integers(0, 4, 2_000), rng.integers(1, 40, 2_000)):
        a, b = nodes[-1], nodes[-min(int(back), len(nodes))]
        nodes.append((a + b, a.tanh(), a * b, a.sin())[kind])
    for most in (2, 3, 10, 60, 150):
        trace = draw(nodes[-1], max_nodes=most).trace
        assert most // 3 < len(trace["nodes"]) <= most
        assert sum(n["count"] for n in trace["nodes"]) == trace["total"]


def test_a_deep_graph_is_explained():
    x = y = Value(1.0, name="x")
    for _ in range(3_000):
        y = -y
    assert explain(y, x).endswith("d(v3000)/dx = 1\n") or explain(y, x).endswith("dv3000/dx = 1\n")


# --- files, notebooks, engines ----------------------------------------------------------------

@needs_engine
def test_save_by_suffix(tmp_path):
    x = Value(3.0, name="重み")
    picture = draw(x * x)
    starts = {".svg": b"<?xml", ".png": b"\x89PNG\r\n", ".pdf": b"%PDF-", ".dot": b"digraph",
              ".txt": b"node", ".json": b"{"}
    with boxes("重み", "no font here has み 重, so this P(NG|DF) shows boxes"):
        for suffix, start in starts.items():
            path = picture.save(tmp_path / f"graph{suffix}")
            assert path.read_bytes().startswith(start)
    assert json.loads((tmp_path / "graph.json").read_text("utf-8")) == picture.trace
    assert (tmp_path / "graph.dot").read_text("utf-8") == picture.source
    assert (tmp_path / "graph.txt").read_text("utf-8") == str(picture)
    assert picture.save(str(tmp_path / "GRAPH.SVG")).read_text("utf-8") == picture.svg()
    with pytest.raises(RenderError) as caught:
        picture.save(tmp_path / "graph.bmp")
    assert str(caught.value) == ("graph.bmp: a picture is saved as .svg .png .pdf .html .tex .mmd .dot .txt .json, "
                                 "not as .bmp")
    with pytest.raises(RenderError, match="a file without a suffix"):
        picture.save(tmp_path / "graph")
    assert not (tmp_path / "graph.bmp").exists()


def test_a_notebook_shows_svg():
    picture = draw(Value(3.0, name="x") * 2)
    shown = picture._repr_mimebundle_()
    assert shown == {"image/svg+xml": picture.svg(), "text/plain": str(picture)}
    assert picture._repr_svg_() == picture.svg()
    assert "3 nodes" in repr(picture)


@pytest.fixture
def no_engine(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


def test_without_an_engine_one_line_says_what_to_install(no_engine, tmp_path):
    picture = draw(Value(3.0, name="x") * 2)
    for suffix in ("png", "pdf"):
        with pytest.raises(RenderError, match="pip install pygraphviz") as caught:
            picture.save(tmp_path / f"x.{suffix}")
        assert "\n" not in str(caught.value) and "dot" in str(caught.value)
    assert not (tmp_path / "x.png").exists()


def test_a_broken_pygraphviz_says_so(monkeypatch, tmp_path):
    broken = tmp_path / "pygraphviz"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError('libcgraph.so.6: cannot open shared object file')")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delitem(sys.modules, "pygraphviz", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RenderError, match=r"does not load \(libcgraph.so.6"):
        draw(Value(1.0)).save(tmp_path / "x.png")
    ET.fromstring(draw(Value(1.0)).svg())


@pytest.fixture
def dot_on_path(monkeypatch, tmp_path):
    """A function that puts a program named `dot`, a shell script, on the PATH."""
    def make(script):
        path = tmp_path / "dot"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setitem(sys.modules, "pygraphviz", None)      # it must not be needed
    return make


@pytest.mark.skipif(os.name != "posix", reason="the stand-in for dot is a shell script")
def test_dot_on_the_path_comes_first(dot_on_path, tmp_path):
    dot_on_path(f"""echo "$@" > {tmp_path}/arguments; cat > {tmp_path}/source
        printf '<svg width="10pt" height="20pt"\\n viewBox="0.00 0.00 9.50 19.00">'""")
    picture = draw(Value(1.0, name="重み"))
    assert picture.svg().startswith('<svg class="autograd-nn" width="9.50px" height="19.00px"\n '
                                    'viewBox="0.00 0.00 9.50 19.00">\n<style>@media (prefers-color-scheme:dark)')
    assert (tmp_path / "arguments").read_text().split()[-1] == "-Tsvg"
    assert (tmp_path / "source").read_text("utf-8") == picture.source


@pytest.mark.skipif(os.name != "posix", reason="the stand-in for dot is a shell script")
def test_what_dot_says_when_it_fails_is_in_the_error(dot_on_path):
    dot_on_path("cat > /dev/null; echo 'Format: \"png\" not recognized.' >&2; exit 1")
    with pytest.raises(RenderError, match='`dot` could not make a svg: Format: "png" not recognized'):
        draw(Value(1.0)).svg()


@needs_engine
@pytest.mark.parametrize("source", ["digraph { a -> ", "no graph at all"])
def test_text_that_is_no_graph_is_a_render_error(source):
    with pytest.raises(RenderError, match="could not make a svg"):
        render(source, "svg")


# --- wrong arguments --------------------------------------------------------------------------

@pytest.mark.parametrize("wrong, says", [
    (3.0, "not float 3.0"), ("x", "not str 'x'"), ([], "empty list"), ([Value(1.0), 2], "not int 2"),
    (None, "not NoneType"), (np.ones(2), "not float64"),
])
def test_only_graphs_can_be_drawn(wrong, says):
    with pytest.raises(UsageError, match=says):
        draw(wrong)


def test_wrong_options():
    with pytest.raises(UsageError, match="'RL'"):
        draw(Value(1.0), rankdir="RL")
    with pytest.raises(UsageError, match="at least one node, not 0"):
        draw(Value(1.0), max_nodes=0)


def test_drawing_changes_nothing():
    loss, first, _ = network()
    draw(loss).svg()
    explain(loss)
    assert not any(n.has_grad for n in topological([loss]))
    loss.backward()
    digest = hashlib.sha256(repr([n.grad for n in topological([loss])]).encode()).hexdigest()
    draw(loss, local=True).svg()
    assert digest == hashlib.sha256(repr([n.grad for n in topological([loss])]).encode()).hexdigest()
    assert first[0][0].grad == 156.0
