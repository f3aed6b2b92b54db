"""The file of a page holds everything and asks for nothing."""

from __future__ import annotations

import json
import re
import sys
from importlib import resources

import pytest
from helpers.page_graphs import large, network, tensor_mlp, unpacked

import autograd_nn as ag
from autograd_nn import Value
from autograd_nn.drawing import draw, trace_of
from autograd_nn.drawing.page import page_of
from autograd_nn.drawing.page.words import WORDS
from autograd_nn.drawing.render import palette
from autograd_nn.errors import UsageError


def test_the_file_holds_everything_and_asks_for_nothing():
    html = page_of(trace_of(network()), title="<b>net</b>").html
    assert html == page_of(trace_of(network()), title="<b>net</b>").html, "the same program gives the same bytes"
    assert "<title>&lt;b&gt;net&lt;/b&gt;</title>" in html
    assert "default-src 'none'; script-src 'sha256-" in html and "unsafe" not in html
    markup = re.sub(r"<script.*?</script>", "", html, flags=re.S)
    assert not re.search(r"\b(src|href)=|url\(|@import", markup)
    script, style = unpacked(html, "script"), unpacked(html, "style")
    assert set(re.findall(r"https?://[^\"'\s]+", html + script)) == {"http://www.w3.org/2000/svg",
                                                                   "http://www.w3.org/1998/Math/MathML"}
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(", script)
    assert not re.search(r"url\(|@import", style)
    assert len(html) - len(re.search(r'id="data">(.*?)</script>', html)[1]) < 25 * 1024


def test_numbers_are_written_in_full():
    loss = tensor_mlp()
    data = json.loads(unpacked(page_of(trace_of(loss)).html, "data"))
    assert data["nodes"]["value"][data["roots"][0]]["data"] == loss.item()


def test_languages_have_the_same_words():
    english, japanese = WORDS["en"], WORDS["ja"]
    assert english.keys() == japanese.keys()
    for key, text in english.items():
        if isinstance(text, str):
            assert sorted(re.findall(r"\{\d\}", text)) == sorted(re.findall(r"\{\d\}", japanese[key])), key


def test_another_language_is_an_error():
    with pytest.raises(UsageError, match=r'"en" or "ja", not .de'):
        page_of(trace_of(network()), lang="de")


def test_a_notebook_shows_it_in_a_frame_that_cannot_reach_out():
    shown = page_of(trace_of(network()), height=500)._repr_html_()
    assert shown.startswith("<iframe srcdoc=\"&lt;!doctype html&gt;")
    assert 'sandbox="allow-scripts"' in shown and 'height="500"' in shown and shown.count("<") == 2


def test_a_picture_writes_its_page(tmp_path):
    x = Value(2.0, name="x")
    picture = draw(x * x, title="square", marks={x: "look"})
    x.name = "changed afterwards"
    written = picture.html(tmp_path / "a.html", practice=True, lang="ja").read_text(encoding="utf-8")
    data = json.loads(unpacked(written, "data"))
    assert (data["lang"], data["practice"], data["marks"]) == ("ja", True, {"0": "look"})
    assert "<title>square</title>" in written
    assert data["nodes"]["name"][0] == "x", "the picture is of the moment when it was drawn"
    assert picture.save(tmp_path / "b.html").read_bytes() == picture.page().html.encode()


def test_the_page_of_a_folded_picture_has_all_nodes():
    loss = large((12, 12))
    weight = next(n for n in ag.topological([loss]) if n.name == "w1_2_3")
    picture = draw((n for n in [loss]), marks={weight: "look"})
    data = json.loads(unpacked(picture.page().html, "data"))
    assert picture.trace["events"] is None and len(data["nodes"]["name"]) == picture.trace["total"]
    assert {data["nodes"]["name"][int(i)]: text for i, text in data["marks"].items()} == {"w1_2_3": "look"}


def test_the_page_of_a_very_large_graph_is_its_folded_picture(monkeypatch):
    picture = draw(large((12, 12)))
    monkeypatch.setattr(sys.modules["autograd_nn.drawing.picture"], "LARGEST", picture.trace["total"] - 1)
    data = json.loads(unpacked(picture.page().html, "data"))
    assert len(data["nodes"]["name"]) == len(picture.trace["nodes"]) < data["total"] == picture.trace["total"]
    assert data["events"] is None and not json.loads(unpacked(picture.page(practice=True).html, "data"))["practice"]


def test_the_frame_is_called_as_the_page_is():
    x = Value(2.0)
    assert 'title="backpropagation"></iframe>' in draw(x).page()._repr_html_()
    assert 'title="&lt;b&gt; &quot;q&quot;"></iframe>' in draw(x, title='<b> "q"').page()._repr_html_()


def test_the_colours_are_those_of_the_pictures():
    css = resources.files("autograd_nn.drawing.page").joinpath("page.css").read_text(encoding="utf-8")
    pairs = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}), #\w{6}\)", css))
    dark = dict(re.findall(r"--([\w-]+): light-dark\(#\w{6}, (#\w{6})\)", css))
    for name in ("paper", "ink", "grey", "pos", "neg", "wrong", "accent"):
        assert palette.DARK[pairs[name]] == dark[name], name
    for name, (ground, line) in {"leaf": palette.LEAF, "parameter": palette.PARAMETER, "constant": palette.CONSTANT,
                                 "computed": palette.INTERMEDIATE, "output": palette.OUTPUT,
                                 "block": palette.BLOCK}.items():
        assert (pairs[name], pairs[f"{name}-line"]) == (ground, line), name
        assert (dark[name], dark[f"{name}-line"]) == (palette.DARK[ground], palette.DARK[line]), name
