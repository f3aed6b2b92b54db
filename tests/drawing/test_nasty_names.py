"""Whatever a thing is called, no notation takes its name for more than text."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import pytest
from helpers.mathtext import compiles
from helpers.nasty_names import NASTY

import autograd_nn as ag
from autograd_nn import Tensor, Value, nn
from autograd_nn.drawing import diff, draw, explain, trace, trace_of
from autograd_nn.drawing.render.plain_svg import plain_svg
from autograd_nn.drawing.render.text import tree
from autograd_nn.drawing.training.axes import label_text

every_name = pytest.mark.parametrize("name", NASTY, ids=range(len(NASTY)))
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
VOID = {"meta", "img", "br", "link", "input", "hr"}


def graph(name):
    """A graph in which everything is called so: a leaf, a result, a variable, a box."""
    x = Value(2.0, name=name)
    y = x * x + x
    y.name = name
    y.backward()
    return y, x


def picture(name):
    y, x = graph(name)
    return draw(y, title=name, marks={x: name}, local=True)


class Skeleton(HTMLParser):
    """The tags and the names of their attributes, in order; each that is opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, *(key for key, _ in attrs)))
        self.open += [] if tag in VOID else [tag]

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, *(key for key, _ in attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_comment(self, data):
        self.tags.append("comment")

    def handle_decl(self, decl):
        self.tags.append(decl)

    def handle_pi(self, data):
        self.tags.append("instruction")

    unknown_decl = handle_decl


def html_tags(text):
    return Skeleton(text).tags


def svg_tags(text):
    """The elements of a picture with their attributes; how wide and where they are follows the length of a name."""
    root = ET.fromstring(text.encode())
    return [(e.tag, *sorted(e.attrib)) for e in root.iter() if not e.tag.endswith(("}tspan", "}text"))]


def tikz_commands(text):
    """The commands of a picture in which no name stands between the braces of a node or of a label."""
    assert balanced(text)
    plain = re.sub(r"\\(text\w+|char\d+|hookleftarrow|dots|triangle|[{}$&#_%])", "", text)
    return re.findall(r"\\[a-zA-Z]+", plain)


def balanced(text):
    depth, last = 0, ""
    for c in text:
        depth += (c == "{" and last != "\\") - (c == "}" and last != "\\")
        assert depth >= 0
        last = "" if last == "\\" else c
    return depth == 0


def mermaid_lines(text):
    """The lines with what is between quotes taken out."""
    return [re.sub(r'"[^"]*"', '""', line) for line in text.splitlines()]


def dot_lines(text):
    """The statements with HTML-like labels as their tags, and strings taken out."""
    labels = re.findall(r"<(<.*?>)>(?=[ \];,\n])", text, re.S)
    tags = [[e.tag for e in ET.fromstring(f"<all>{label}</all>").iter() if e.tag not in ("BR", "all")]
            for label in labels]
    return tags, re.findall(r"^\t\w+(?: -> \w+)?", text, re.M)


def lines_of_text(text):
    return len(text.splitlines())


RENDERERS = {
    "dot": (lambda name: picture(name).source, dot_lines),
    "svg": (lambda name: picture(name).svg(), svg_tags),
    "plain svg": (lambda name: plain_svg(trace_of(graph(name)[0]), title=name, local=True), svg_tags),
    "mermaid": (lambda name: picture(name).mermaid(), mermaid_lines),
    "tikz": (lambda name: picture(name).tikz(), tikz_commands),
    "page": (lambda name: picture(name).page().html, html_tags),
    "frame": (lambda name: picture(name).page()._repr_html_(), html_tags),
    "table": (lambda name: str(picture(name)), lines_of_text),
    "tree": (lambda name: tree(trace_of(graph(name)[0])), lines_of_text),
    "derivation": (lambda name: str(explain(*graph(name))), lines_of_text),
    "difference": (lambda name: diff(graph(name)[0], graph("b")[0])._repr_html_(), html_tags),
    "report": (lambda name: report(name)._repr_html_(), html_tags),
    "summary": (lambda name: layers(name).summary((1, 2))._repr_html_(), html_tags),
}


def report(name):
    x = Tensor([1.0, 2.0], name=name)
    return ag.check_gradients(lambda p: (p[name] ** 2).sum(), {name: x.data})


def layers(name):
    class Named(nn.Module):
        def __init__(self):
            self.parts = {name: nn.Linear(2, 1, rng=0)}

        def forward(self, x):
            return self.parts[name](x)
    return Named()


@pytest.mark.slow
@pytest.mark.parametrize("renderer", RENDERERS)
def test_a_name_changes_no_structure(renderer):
    """What is made of a graph with a nasty name is, without the names, what is made of one with a plain name."""
    make, structure = RENDERERS[renderer]
    plain = structure(make("name"))
    for name in NASTY:
        text = make(name)
        assert structure(text) == plain, f"{name!r:.60}"
        assert not HIDDEN.search(text.replace("\r\n", "\n")), f"{name!r:.60}"
        text.encode()


def visible(name):
    return "".join(c for c in name if (c.isalnum() and ord(c) < 0xD800) or (c.isalnum() and ord(c) > 0xFFFF))


@pytest.mark.slow
def test_the_letters_of_a_name_are_all_there():
    for name in NASTY[:-1]:
        svg = "".join(ET.fromstring(picture(name).svg().encode()).itertext())
        assert visible(name) in visible(svg), f"{name!r}"


@pytest.mark.slow
def test_formulas():
    """Balanced, without a tag or entity for a front end that takes them for HTML, and taken by a typesetter."""
    for name in NASTY:
        found = explain(*graph(name))
        for text in (found.latex(), found.markdown(), found._repr_latex_(), *found.steps):
            assert balanced(text) and not HIDDEN.search(text), f"{name!r:.60}"
            assert not re.search(r"<[a-zA-Z/!?]|&#?\w+;", text), f"{name!r:.60}"
            text.encode()
        assert found._repr_latex_().count("$") == 2 + found.latex().count(r"\$")
        assert found.markdown().count("$$") == 6 and "`" not in found.markdown()
        if name.isascii() and len(name) < 1000:
            assert compiles(found.steps[0]), f"{name!r:.60}"


@pytest.mark.slow
def test_files(tmp_path):
    for name in NASTY:
        shown = picture(name)
        for suffix in (".svg", ".html", ".tex", ".mmd", ".dot", ".txt", ".json"):
            (path := shown.save(tmp_path / f"x{suffix}")).read_text(encoding="utf-8")
        assert json.loads((tmp_path / "x.json").read_text())["nodes"][0]["name"] == name
        assert path.name == "x.json"


@pytest.mark.slow
def test_with_trace_a_module_is_a_box_with_any_name():
    for name in NASTY:
        net = layers(name)
        with trace() as t:
            y = net(np.ones((1, 2))).sum()
        assert svg_tags(draw(t, max_nodes=2).svg()) and balanced(draw(t).tikz()) and y.shape == ()
        html_tags(draw(t).page().html)
        assert all(line.count('"') % 2 == 0 for line in draw(t, max_nodes=2).mermaid().splitlines())


@every_name
def test_labels_of_plots(name):
    """A dollar begins no formula, nothing is hidden, and the figure can be drawn."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    figure = Figure(figsize=(1, 1))
    text = figure.text(0, 0, label_text(name[:200]))
    assert not text._preprocess_math(text.get_text())[1] and not HIDDEN.search(text.get_text().replace("\n", ""))
    assert visible(name[:200]) in visible(text.get_text())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)        # of letters that the font lacks
        FigureCanvasAgg(figure).draw()
