"""The page, driven in a browser: what it shows against the engine, how it is used, and what it must never do."""

from __future__ import annotations

import re
import sys
from importlib import resources

import numpy as np
import pytest
from helpers.page_graphs import large, network, tensor_mlp

import autograd_nn as ag
from autograd_nn import Tensor, Value, nn
from autograd_nn.drawing import draw, trace, trace_of
from autograd_nn.drawing.page import page_of
from autograd_nn.errors import ShapeError
from autograd_nn.notation.summary import short

pytestmark = pytest.mark.slow

NASTY = ['<img src=x onerror="document.title=1">', "</script><script>document.title=2</script>", 'a"b\'c', "a->b",
         "two\nlines", "損失 関数", "🧠🔥", "&amp;", "{0}", "__proto__", "\u2028", "a\\b"]


class Driven:
    """A page in the browser, with shorthands."""

    def __init__(self, page):
        self.page = page

    def __getattr__(self, name):
        return getattr(self.page, name)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def all(self, selector):
        return self.page.eval_on_selector_all(selector, "elements => elements.map(e => e.textContent)")

    def choose(self, selector):
        """A click that waits for nothing: many nodes are chosen so in the time that one click of the mouse takes."""
        self.page.locator(selector).dispatch_event("click")

    def node(self, name):
        return self.page.locator(".node", has=self.page.get_by_text(name, exact=True))

    def gradients(self):
        """The gradient that each drawn node shows, by its name."""
        return dict(self.page.eval_on_selector_all(".node:not(.constant)", """nodes => nodes.map(
            n => [n.querySelector(".name, .unnamed").textContent, n.querySelector(".gradient").textContent])"""))

    @property
    def line(self):
        return self.page.text_content("#line")


@pytest.fixture
def opened(visit, tmp_path):
    """Opens the page of a graph, or of its record, from a file."""
    def open_(graph, size=(1280, 800), scheme="light", **options):
        record = graph if isinstance(graph, dict) else trace_of(graph)
        page = visit(page_of(record, **options).save(tmp_path / "page.html"), size, scheme)
        page.wait_for_selector("body[data-ready]", state="attached", timeout=10_000)
        return Driven(page)
    return open_


def test_everything_is_drawn_and_ends_at_the_engines_gradients(opened):
    loss = network()
    record, page = trace_of(loss), opened(loss)
    assert page.locator(".node").count() == len(record["nodes"])
    assert page.locator("path.edge").count() == sum(n["arity"] for n in record["nodes"])
    shown = page.gradients()
    assert shown["w1"] == "286" and shown["w2"] == "156"
    page.press("Home")
    assert set(page.gradients().values()) == {"—"}
    page.press("End")
    assert page.gradients() == shown
    for n in record["nodes"]:
        if n["gradient"] is not None:
            page.choose(f'[data-item="{n["id"]}"]')
            assert float(page.locator("#node output").nth(1).text_content()) == n["gradient"]


def test_each_step_says_its_line_of_the_chain_rule(opened):
    page = opened(network())
    lines = []
    page.press("Home")
    for _ in range(len(trace_of(network())["events"]) + 60):
        page.press("ArrowRight")
        if lines and lines[-1] == page.line:
            break
        lines.append(page.line)
    assert "h = relu(u) = relu(11) = 11" in lines
    assert any(re.fullmatch(r"dL/dw1 \+= dL/dv\d+ \* dv\d+/dw1 : 0 \+ 26 \* 11 = 286", line) for line in lines)
    assert any(re.fullmatch(r"dL/dw2 \+= dL/dv\d+ \* dv\d+/dw2 : 0 \+ 78 \* 2 = 156", line) for line in lines)
    assert lines.index("dL/dL = 1") < lines.index("dL/du += dL/dh * dh/du : 0 + 78 * 1 = 78")
    assert page.text_content("#count") == f"{len(lines)} / {len(lines)}"
    page.press("ArrowLeft")
    assert page.line == lines[-2] and page.locator("path.lit").count() == 1
    assert page.locator(".node.lit").count() == 2
    assert page.locator("#step math mfrac").count() == 3
    assert page.text_content("#live") == page.line


def test_slider_buttons_and_play(opened):
    page = opened(network())
    page.locator("#slider").fill("3")
    assert page.text_content("#count").startswith("3 /")
    page.click("#next")
    page.click("#next")
    page.click("#previous")
    assert page.text_content("#count").startswith("4 /")
    page.click("#play")
    page.wait_for_selector("body[data-position='5']", state="attached", timeout=4000)
    page.click("#play")
    assert page.text_content("#play") == "Play"
    page.click("#first")
    assert page.text_content("#count").startswith("0 /")


def test_a_node_shows_the_sum_over_its_uses_and_its_paths(opened):
    x = Value(3.0, name="x")
    y = x * x + x
    y.name = "y"
    y.backward()
    page = opened(y)
    page.node("x").click()
    assert page.all("#node .wide math:last-child") == ["=1·1+1·3+1·3=7"]
    assert page.locator("path.edge.path").count() + page.locator("path.edge.lit").count() == 4
    page.uncheck("#path")
    assert page.locator("path.edge.path").count() == 0


def test_the_paths_from_a_leaf_to_the_loss_and_no_others(opened):
    loss = network()
    nodes, page = trace_of(loss)["nodes"], opened(loss)
    page.press("Home")
    page.node("w1").click()
    above = {next(n["id"] for n in nodes if n["name"] == "w1")}
    for n in nodes:
        if any(use["node"] in above for use in n["inputs"]):
            above.add(n["id"])
    edges = sum(use["node"] in above for n in nodes for use in n["inputs"])
    assert page.locator("path.edge.path").count() == edges == 4 < page.locator("path.edge").count()


def test_search_finds_and_shows(opened):
    page = opened(network())
    page.press("/")
    page.keyboard.type("w1")
    assert page.locator("#found button").first.text_content().startswith("w1")
    page.press("Enter")
    assert page.text_content("#node h2").startswith("w1")
    assert page.locator(".node.selected .name").text_content() == "w1"
    page.fill("#search", "relu")
    assert page.text_content("#found p") == "2 found"


def test_keyboard_alone_reaches_every_node(opened):
    page = opened(network())
    assert page.locator('.node[tabindex="0"]').count() == 1, "one stop for Tab: the focus roves"
    page.locator('.node[tabindex="0"]').focus()
    seen = set()
    page.press(*["ArrowUp"] * 40)
    for _ in range(page.locator(".node").count()):
        seen.add(page.evaluate("document.activeElement.getAttribute('aria-label')"))
        page.press("ArrowDown")
    assert len(seen) > 20 and all("value" in label for label in seen)
    page.press("Enter")
    assert page.text_content("#node h2").startswith("L")
    ring = page.evaluate("getComputedStyle(document.activeElement.querySelector('.frame')).strokeWidth")
    assert ring == "4px", "the focus is seen"
    unnamed = """[...document.querySelectorAll("button, input, svg[role], [role=button]")].filter(
        e => !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length)).map(e => e.outerHTML)"""
    assert page.evaluate(unnamed) == []


def test_zoom_pan_and_fit(opened):
    page = opened(network())
    window = "document.querySelector('#stage > g').getAttribute('transform')"
    first = page.evaluate(window)
    page.mouse.move(600, 300)
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(100)
    assert page.evaluate(window) != first
    zoomed = page.evaluate(window)
    page.mouse.move(700, 120)
    page.mouse.down()
    page.mouse.move(640, 160, steps=3)
    page.mouse.up()
    assert page.evaluate(window) != zoomed
    assert page.text_content("#node").startswith("Choose"), "a drag is no click"
    page.press("0")
    assert page.evaluate(window) == first
    page.press("+", "-", "+")
    assert page.evaluate(window) != first


def test_practice_hides_until_it_is_answered(opened):
    page = opened(network(), practice=True)
    assert set(page.gradients().values()) == {"—"}
    page.node("w1").click()
    assert "286" not in page.text_content("#node")
    page.node("L").click()
    assert page.all("#node output") == ["169", "?"]
    page.press("End")
    assert page.gradients()["L"] == "—" and "What is dL/dL" in page.text_content("#step label")
    page.fill("#answer", "2")
    page.click(".main")
    assert page.text_content("#feedback").startswith("Not yet")
    page.fill("#answer", "1")
    page.press("Enter")
    assert page.text_content("#feedback2") == "Right." and page.gradients()["L"] == "1"
    page.press("ArrowRight")                                 # d(y - 20)² / d(y - 20) = 26
    assert "26" not in page.text_content("#line") and "26" not in page.text_content("#step math")
    page.click("#hint")
    assert "= 26" in page.text_content("#feedback")
    page.fill("#answer", "-26")
    page.node("y").click()
    assert "= 26" in page.text_content("#feedback"), "looking at a node loses neither hint nor answer"
    page.focus("#answer")
    page.press("Enter")
    assert "sign" in page.text_content("#feedback")
    page.fill("#answer", "52/2")
    page.press("Enter")
    assert page.text_content("#feedback2") == "Right."
    page.press("ArrowRight")
    page.click("#reveal")
    assert page.line.endswith("= 26") and page.gradients()["y"] == "26"
    while len(set(page.text_content("#count").split(" / "))) == 2:
        page.press("End")
        page.choose("#reveal")
    assert page.gradients()["w1"] == "286" and page.gradients()["w2"] == "156"
    page.node("w1").click()
    assert page.all("#node output") == ["3", "286"]


def test_practice_tells_a_part_from_the_sum(opened):
    x = Value(3.0, name="x")
    y = x * x + x
    y.backward()
    page = opened(y, practice=True)
    for answer in "1", "1", "1":                             # y, x * x, x by the sum
        page.press("ArrowRight")
        page.fill("#answer", answer)
        page.press("Enter")
    page.press("ArrowRight")
    page.fill("#answer", "3")
    page.press("Enter")
    assert "1 is there already" in page.text_content("#feedback")
    page.fill("#answer", "4,0")                              # a decimal comma
    page.press("Enter")
    assert page.text_content("#feedback2") == "Right."


def test_names_are_shown_as_they_are(opened):
    total = Value(0.0)
    for name in NASTY:
        total = total + Value(1.0, name=name)
    total.name = NASTY[1]
    total.backward()
    page = opened(total, title=NASTY[0], size=(1280, 2000))
    assert page.title() == NASTY[0] and page.text_content("h1") == NASTY[0]
    assert page.locator("img").count() == 0 and page.locator("script").count() == 3
    for i, n in enumerate(trace_of(total)["nodes"]):
        if n["name"]:
            page.press("/")
            page.choose(f'[data-item="{i}"]')
            heading = page.evaluate("document.querySelector('#node h2').firstChild.data")
            assert heading == n["name"].replace("\u2028", heading[0] if n["name"] == "\u2028" else ""), n["name"]
    assert page.title() == NASTY[0]


def test_japanese_and_dark(opened):
    page = opened(network(), lang="ja", scheme="dark")
    assert page.get_attribute("html", "lang") == "ja"
    assert page.text_content("#step h2").startswith("逆伝播") and "勾配" in page.text_content(".node >> nth=0")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(map(int, re.findall(r"\d+", dark)[:3])) < 120
    page.click("#theme")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(map(int, re.findall(r"\d+", light)[:3])) > 600
    page.click("#language")
    assert page.text_content("#step h2").startswith("Backward pass")
    assert page.get_attribute("html", "lang") == "en"
    assert not re.search("[ぁ-ん一-龥]", page.inner_text("body").replace("日本語", ""))


def test_a_tensor_network_shows_shapes_and_tables(opened):
    loss = tensor_mlp()
    record, page = trace_of(loss), opened(loss)
    assert page.locator(".node").count() == len(record["nodes"])
    assert page.locator("path.edge").count() == sum(n["arity"] for n in record["nodes"])
    for n in record["nodes"]:
        if n["role"] == "leaf":
            page.choose(f'[data-item="{n["id"]}"]')
            cells = page.eval_on_selector_all("#node dd:last-of-type td", "cells => cells.map(td => Number(td.title))")
            assert cells == np.ravel(n["gradient"]["data"]).tolist(), n["name"]
            assert "ḡ" in page.text_content("#node ul"), "the rule of its use is written out"
    page.press("ArrowLeft")
    assert page.locator("path.lit").count() == 1
    maps = 0
    for _ in record["events"][1:]:
        maps += page.locator("#step svg.heat").count()
        page.press("ArrowLeft")
    assert maps > 0, "what is larger than 4 by 4 is a heat map"


def test_twenty_thousand_nodes_are_folded(opened):
    record = trace_of(large())
    assert len(record["nodes"]) > 20_000
    page = opened(record)
    assert 0 < page.locator("[data-item]").count() <= 150
    assert page.locator(".node").count() == 0
    page.locator(".box").first.click()
    assert 1 < page.locator("[data-item]").count() <= 165
    page.fill("#search", "w1_40_7")
    page.press("Enter")
    gradient = next(n["gradient"] for n in record["nodes"] if n["name"] == "w1_40_7")
    assert float(page.locator("#node output").nth(1).text_content()) == gradient
    assert page.locator(".node.selected").count() == 1, "its boxes were unfolded"
    assert page.locator(".node").count() <= 150
    page.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.press("Home", "End", "ArrowLeft")
    steps = sum(n["op"] is not None for n in record["nodes"]) + 1 + len(record["events"])
    assert page.text_content("#count") == f"{steps - 1} / {steps}"
    unfolded = page.locator('.box[aria-expanded="true"]').count()
    page.locator(".box.open").last.focus()
    page.press("Enter")
    assert page.locator('.box[aria-expanded="true"]').count() < unfolded


def test_a_telephone_has_room_for_all_of_it(opened):
    page = opened(network(), size=(390, 844))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for selector in ("#stage", "#panel", "#play", "#slider", "#search", "#theme"):
        box = page.locator(selector).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390.5 and box["y"] + box["height"] <= 844.5, selector


def test_nodes_do_not_overlap(opened):
    for root in network(), tensor_mlp():
        page = opened(root)
        boxes = page.eval_on_selector_all(".node .frame", """frames => frames.map(f => f.getBoundingClientRect())
            .map(r => [r.left, r.top, r.right, r.bottom])""")
        for i, a in enumerate(boxes):
            assert all(a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1] for b in boxes[:i])


def recorded_modules():
    model = nn.Sequential(nn.Linear(3, 8, rng=0), nn.ReLU(), nn.Linear(8, 1, rng=1))
    with trace() as t:
        out = model(np.ones((5, 3)))
        loss = nn.mse_loss(out, np.ones((5, 1)))
        loss.backward()
    return t


def test_module_boxes_fold_and_unfold(opened):
    page = opened(recorded_modules())
    box = page.locator(".box").filter(has_text="layers.0 · Linear")
    nodes, edges = page.locator(".node").count(), page.locator("path.edge").count()
    assert box.get_attribute("aria-expanded") == "true"
    box.locator(".name").click()
    assert box.get_attribute("aria-expanded") == "false" and page.text_content("#node h2") == "layers.0 · Linear"
    assert page.locator(".node").count() == nodes - 4, "two parameters, the input, and what is made of them"
    assert page.locator("path.edge").count() == edges - 3
    page.press("Home", "ArrowRight")
    assert box.evaluate("element => element.classList.contains('lit')"), "a step inside lights the box"
    page.press("/")
    page.keyboard.type("layers.0.bias")
    page.press("Enter")
    assert page.locator(".node").count() == nodes and page.locator("path.edge").count() == edges
    assert "loss = nn.mse_loss(out, np.ones((5, 1)))" not in page.text_content("#node")
    page.press("Escape")
    page.node("loss").click()
    assert "loss = nn.mse_loss(out, np.ones((5, 1)))" in page.text_content("#node .source")
    assert page.locator("#node .source").text_content().startswith("test_page.py:")


def test_an_error_is_shown_with_what_went_into_it(opened):
    with pytest.raises(ShapeError), trace() as t:
        h = np.tanh(Tensor(np.full((4, 3), 0.1), name="X") @ Tensor(np.ones((3, 5)), name="W"))
        h @ Tensor(np.ones((4, 2)), name="V")
    page = opened(t)
    assert page.text_content("#error h2") == "matmul failed"
    assert "(4, 5) @ (4, 2)" in page.text_content("#error pre") and "Backward" not in page.text_content("#step")
    assert page.all(".mark") == ["⚠ matmul failed"] * 2
    page.locator("#error .link").last.click()
    assert page.text_content("#node h2").startswith("V")
    with pytest.raises(ZeroDivisionError), trace() as t:
        kept = Value(2.0, name="x") * 3
        kept.data / 0
    assert opened(t).text_content("#error h2") == "the program failed"


def test_a_folded_page_says_how_many_nodes_it_stands_for(visit, tmp_path, monkeypatch):
    picture = draw(large((12, 12)))
    monkeypatch.setattr(sys.modules["autograd_nn.drawing.picture"], "LARGEST", 1)
    page = visit(picture.html(tmp_path / "folded.html"))
    page.wait_for_selector("body[data-ready]", state="attached")
    assert f"{picture.trace['total']:,} nodes, drawn as" in page.text_content("#error")
    assert page.locator(".node").count() == len(picture.trace["nodes"])


def test_numbers_are_written_as_python_writes_them(tab):
    source = resources.files("autograd_nn.drawing.page").joinpath("data.js").read_text(encoding="utf-8")
    function = re.search(r"function short\(.*?\n}\n", source, re.S).group(0)
    rng = np.random.default_rng(0)
    numbers = [*map(float, rng.normal(size=200) * 10.0 ** rng.integers(-12, 12, 200)), 0.0, -0.0, 1e6, 999999.0,
               1e-4, 9.9999e-5, 0.5, 1234.5678, 99999.5, "nan", "-inf"]
    for digits in (4, 6):
        shown = tab.evaluate(f"([xs, d]) => {{ {function} return xs.map(x => short(x, d)); }}", [numbers, digits])
        assert shown == [short(x, digits) for x in numbers]


def test_motion_only_for_those_who_like_it(opened):
    page = opened(network())
    animated = "getComputedStyle(document.querySelector('.lit .frame')).animationName"
    assert page.evaluate(animated) == "glow"
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(animated) == "none"


def test_it_works_inside_the_frame_of_a_notebook(tab, tmp_path):
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<!doctype html><p>secret</p>{draw(network()).page()._repr_html_()}", encoding="utf-8")
    tab.goto(notebook.as_uri())
    frame = tab.frame_locator("iframe")
    frame.locator("body[data-ready]").wait_for(state="attached")
    assert frame.locator(".node").count() == 30
    assert frame.locator("body").evaluate("() => { try { return parent.document.body } catch (e) { return e.name } }") \
        == "SecurityError"


def test_a_wrong_state_is_marked(opened):
    x = Value(0.0, name="x")
    y = ag.log(x) * 0.0
    y.backward()
    page = opened(y)
    assert "first nan" in " ".join(page.all(".mark"))
    assert page.get_attribute(".node.output", "aria-label").count("nan")
