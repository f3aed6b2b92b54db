"""Pictures as files and in notebooks, with every layout engine and without one."""

import json
import os
import stat
import sys
import xml.etree.ElementTree as ET

import pytest
from helpers.surroundings import boxes, needs_engine

from autograd_nn import Value
from autograd_nn.drawing import draw
from autograd_nn.drawing.render.engine import render
from autograd_nn.errors import RenderError


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
