"""What a picture shows: text, edges, colours, names, within its budget; and what draw() refuses."""

import hashlib
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from helpers.drawn import STRANGE, edges, network, programs, run, texts, uses
from helpers.surroundings import needs_engine
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_nn as ag
from autograd_nn import Tensor, Value
from autograd_nn.core.node import topological
from autograd_nn.drawing import draw, explain, trace_of
from autograd_nn.drawing.render.dot import ROLES
from autograd_nn.drawing.render.label import clean
from autograd_nn.drawing.render.palette import DARK, GREY, INK, NEGATIVE, ORDERS, PAPER, POSITIVE, RED
from autograd_nn.drawing.render.text import columns
from autograd_nn.errors import UsageError

# --- pictures ---------------------------------------------------------------------------------

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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
    with pytest.raises(UsageError, match="max_nodes must be an integer >= 1, not 0"):
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
