"""Sums of many inputs, drawn as one node or expanded."""

import math
import operator
import re
import xml.etree.ElementTree as ET
from collections import Counter
from functools import reduce

import numpy as np
import pytest
from helpers.drawn import OPS, edges, network, steps, sums, texts, uses
from helpers.surroundings import needs_engine
from hypothesis import example, given
from hypothesis import strategies as st

import autograd_nn as ag
from autograd_nn import Tensor, Value
from autograd_nn.core.node import topological
from autograd_nn.core.value import PureValue
from autograd_nn.drawing import draw, explain, trace_of
from autograd_nn.drawing.render.dot import dot_source
from autograd_nn.drawing.render.graphviz_engine import render
from autograd_nn.drawing.render.text import text_table
from autograd_nn.errors import GraphError

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


@pytest.mark.slow
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


@pytest.mark.slow
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
        assert "w0 × x0 + w1 × x1 + " in text_table(trace) and "…1981 more" in text_table(trace)
    assert len(draw(u, expand=expand).trace["nodes"]) <= 15       # folded
    u.name = "u"
    assert f"\ndu/dw8 = {x[8].data:g}\n" in explain(u, w[8], expand=expand)
