"""Every renderer: whatever a user wrote is shown as it is; dark mode, states, engines, notebooks."""

import re
import warnings
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from helpers.drawn import STRANGE, network, texts, uses
from helpers.surroundings import needs_engine
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import font_manager

from autograd_nn import Tensor, Value
from autograd_nn.core.escaping import one_line
from autograd_nn.core.node import topological
from autograd_nn.drawing import draw
from autograd_nn.drawing.record.states import states_of
from autograd_nn.drawing.render import fonts, mermaid, palette, place, plain_svg, tikz
from autograd_nn.errors import FontWarning

names = st.one_of(st.text(max_size=12), st.sampled_from(STRANGE))


def graph(name):
    y = Value(1.5, name=name) - Value(2.0, name="b")
    y.name = name
    return y


# --- names are shown as they are, in every format ---------------------------------------------

@given(names)
def test_mermaid_labels_hold_any_text(name):
    text = draw(graph(name), title=name).mermaid()
    lines = text.splitlines()
    assert len([line for line in lines if re.match(r"  n\d+\W", line) and ":::" in line]) == 3
    labels = re.findall(r'^  n\d+[\[({>/]+"(.*)"[\])}/]+:::\w+$', text, re.M)
    assert len(labels) == 3
    shown = [re.sub(r"#(\d+);", lambda m: chr(int(m[1])), label.split("<br/>")[0].replace(";\u2060", ";"))
             for label in labels]
    assert shown[0] == (one_line(name) or "value 1.5")
    for label in labels:
        assert not set(re.sub(r"<br/>|#\d+;", "", label)) & set('"<>`\\[](){}|;#%&-~:')


def test_what_mermaid_reads_in_spite_of_the_numbers_is_held_off():
    """Its version 11, asked in a browser, makes a line break of `#92;n`, and a formula of `#36;#36;`."""
    assert mermaid.escape("a\\nb") == "a#92;\u2060nb"
    assert mermaid.escape("$$x$$") == "#36;\u2060#36;\u2060x#36;\u2060#36;\u2060"


@given(names)
def test_tex_is_balanced_and_nothing_in_a_name_is_a_command(name):
    escaped = tikz.escape(name)
    depth = 0
    for token in re.findall(r"\\[A-Za-z]+|\\.|[^\\]", escaped, re.S):
        depth += (token == "{") - (token == "}")
        assert depth >= 0
    assert depth == 0
    assert not re.search(r"(?<!\\)[%#&_]", escaped) and "\n" not in escaped
    assert set(re.findall(r"\\([A-Za-z]+)", escaped)) <= {
        c for w in tikz._WRITTEN.values() for c in re.findall(r"\\([A-Za-z]+)", w)}
    picture = draw(graph(name), title=name).tikz()
    assert picture.count(r"\begin") == picture.count(r"\end") == 1
    assert len(re.findall(r"^\\node\[", picture, re.M)) == 3 + bool(name)
    assert len(re.findall(r"^\\draw\[", picture, re.M)) == 2


def test_tex_writes_the_characters_that_mean_something_to_it():
    assert tikz.escape("\\{}$&#^_~%") == (r"\textbackslash{}\{\}\$\&\#\textasciicircum{}\_\textasciitilde{}\%")


@given(names)
def test_the_plain_svg_shows_any_name(name):
    picture = draw(graph(name), title=name)
    svg = plain_svg.plain_svg(picture.trace, title=name)
    shown = "".join(texts(svg))
    assert re.sub(r"\s", "", one_line(name)) in re.sub(r"\s", "", shown)


@given(names)
def test_the_tree_has_a_line_for_each_node(name):
    lines = draw(graph(name)).tree().splitlines()
    assert len(lines) == 3 and all(name_line.startswith(("├─ ", "└─ ")) for name_line in lines[1:])


# --- layout without Graphviz ------------------------------------------------------------------

def test_without_an_engine_everything_but_png_and_pdf_works(no_engine, tmp_path):
    loss, *_ = network()
    loss.backward()
    picture = draw(loss, title="L")
    svg = ET.fromstring(picture.svg())
    left, top, width, height = map(float, svg.get("viewBox").split())
    assert (left, top, svg.get("width"), svg.get("height")) == (0, 0, f"{width:.2f}px", f"{height:.2f}px")
    groups = [g.get("class") for g in svg.iter("{http://www.w3.org/2000/svg}g")]
    assert groups.count("edge") == len(uses(picture.trace))
    assert sum(g.startswith("node ") for g in groups) == len(picture.trace["nodes"])
    for rect in [r for g in svg.findall("{*}g") for r in g.findall("{*}rect")]:
        x, y, w, h = (float(rect.get(key)) for key in ("x", "y", "width", "height"))
        assert x >= 0 and y >= 0 and x + w <= width and y + h <= height
    assert {"value 286", "grad 156", "grad 286"} & set(texts(picture.svg()))
    assert list(picture._repr_mimebundle_()) == ["image/svg+xml", "text/plain"]
    for suffix in ("svg", "html", "tex", "mmd", "dot", "txt", "json"):
        assert picture.save(tmp_path / f"g.{suffix}").stat().st_size > 200
    assert "dead: no gradient passes" in picture.tree()


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), max_size=15))
def test_boxes_do_not_overlap(steps):
    n = 10
    edges = sorted({(min(a, b), max(a, b)) for a, b in steps if a != b})
    sizes = [(20.0 + 3 * i, 10.0 + 2 * i) for i in range(n)]
    where = place.placed(sizes, edges)
    boxes = [(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for (x, y), (w, h) in zip(where.at, sizes)]
    for i, a in enumerate(boxes):
        assert a[0] >= -1e-6 and a[1] >= -1e-6 and a[2] <= where.width + 1e-6 and a[3] <= where.height + 1e-6
        for b in boxes[:i]:
            assert a[2] <= b[0] + 1e-6 or b[2] <= a[0] + 1e-6 or a[3] <= b[1] + 1e-6 or b[3] <= a[1] + 1e-6
    assert all(boxes[a][2] < boxes[b][0] for a, b in edges)


# --- colours and states -----------------------------------------------------------------------

def test_every_colour_of_a_picture_has_a_dark_one():
    loss, *_ = network()
    loss.backward()
    x = Value(-1.0, name="x")
    for picture in (draw(loss, marks={loss: "here"}, local=True), draw(x.sqrt() * 2), draw(Tensor(np.eye(3)).sum())):
        for svg in (picture.svg(), plain_svg.plain_svg(picture.trace, marks=picture.marks)):
            body = svg.split("</style>")[1]
            used = set(re.findall(r'(?:fill|stroke)="([^"]+)"', body)) - {"none", "transparent"}
            assert used <= set(palette.DARK)
            assert "@media (prefers-color-scheme:dark)" in svg


def test_sign_is_the_hue_and_size_the_strength():
    weak, strong = palette.tint(0.001, 100.0), palette.tint(99.0, 100.0)
    assert (weak, strong) == (palette.POSITIVE[0], palette.POSITIVE[-1])
    assert palette.tint(-99.0, 100.0) == palette.NEGATIVE[-1] and palette.tint(10.0, 100.0) == palette.POSITIVE[-2]
    assert [palette.tint(x, 1.0) for x in (0.0, "nan", True, None)] == [None] * 4
    luminances = [int(c[1:3], 16) for c in palette.POSITIVE]
    assert luminances == sorted(luminances, reverse=True)


def test_the_first_nan_is_marked_and_only_the_first():
    x = Value(-1.0, name="x")
    first = x.sqrt()
    y = first * 2 + 1
    y.backward()
    found = states_of(topological([y]))
    assert found[first][0] == "nan" and "nan" not in found.get(y, [])
    picture = draw(y)
    assert picture.source.count("⚠ first nan<") == 1
    assert "first nan" in str(picture) and "first nan" in picture.mermaid()
    t = Tensor([1.0, 0.0])
    with np.errstate(divide="ignore"):
        inverse = 1 / t
    assert states_of([t, inverse]) == {inverse: ["inf"]}


@pytest.mark.parametrize("op, x, state", [
    ("relu", -1.0, ["dead"]), ("relu", 1.0, []), ("tanh", 4.0, ["saturated"]), ("tanh", -4.0, ["saturated"]),
    ("tanh", 1.0, []), ("sigmoid", 7.0, ["saturated"]), ("sigmoid", -7.0, ["saturated"]), ("sigmoid", 3.0, []),
])
def test_states_of_activations(op, x, state):
    for node in (Value(x), Tensor([x, x, 1.0 if not state else x])):
        made = getattr(node, op)()
        assert states_of([node, made]).get(made, []) == state


def test_an_array_is_saturated_where_more_than_half_of_it_is():
    t = Tensor([9.0, 9.0, 0.0, 0.0])
    assert states_of([t, t.tanh()]) == {}
    t = Tensor([9.0, 9.0, 9.0, 0.0])
    y = t.tanh()
    assert states_of([t, y]) == {y: ["saturated"]}


def test_a_gradient_graph_has_a_legend():
    x = Value(3.0, name="x")
    y = x ** 3
    y.backward(create_graph=True)
    source = draw([y, x._grad]).source
    assert "made by backward" in source and palette.ORDERS[1] in source
    assert "made by backward" not in draw(y).source
    assert "×′" in draw([y, x._grad]).mermaid().replace("#215;", "×")


# --- fonts ------------------------------------------------------------------------------------

@needs_engine
def test_one_warning_where_there_is_no_font(monkeypatch, tmp_path):
    picture = draw(Value(1.0, name="重み") * Value(2.0, name="入力"))
    monkeypatch.setattr(fonts, "has_font", lambda char: False)
    for suffix in ("png", "pdf"):
        with pytest.warns(FontWarning, match="no font here has み 入 力 重") as caught:
            picture.save(tmp_path / f"x.{suffix}")
        assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture.save(tmp_path / "x.svg")
        draw(Value(1.0, name="w")).save(tmp_path / "x.png")
        monkeypatch.setattr(fonts, "has_font", lambda char: True)
        picture.save(tmp_path / "x.png")


def test_fonts_are_found_without_fontconfig(monkeypatch):
    monkeypatch.setattr(fonts.shutil, "which", lambda name: None)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [__file__, font_manager.findfont("DejaVu Sans")])
    assert fonts.has_font.__wrapped__("a") and not fonts.has_font.__wrapped__("\U0010fffd")


# --- notebooks --------------------------------------------------------------------------------

@pytest.mark.slow
def test_an_executed_notebook_shows_the_picture(tmp_path):
    nbclient = pytest.importorskip("nbclient", reason="executing a notebook needs nbclient")
    pytest.importorskip("ipykernel", reason="executing a notebook needs ipykernel")
    nbformat = pytest.importorskip("nbformat")
    cell = nbformat.v4.new_code_cell(
        "from autograd_nn import Value\nfrom autograd_nn.drawing import draw\n"
        "x = Value(3.0, name='重み')\ny = x * x\ny.backward()\ndraw(y)")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")                  # of the client's event loop
        nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3",
                                resources={"metadata": {"path": str(tmp_path)}}).execute()
    (output,) = [o for o in notebook.cells[0].outputs if o.output_type == "execute_result"]
    svg = ET.fromstring(output["data"]["image/svg+xml"])
    *_, width, height = map(float, svg.get("viewBox").split())
    assert (svg.get("width"), svg.get("height")) == (f"{width:.2f}px", f"{height:.2f}px")
    assert "重み" in texts(output["data"]["image/svg+xml"])
    assert "not computed" not in output["data"]["text/plain"] and "重み × 重み" in output["data"]["text/plain"]
