"""The page: a graph to be stepped through, as one HTML file."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from ...core.escaping import escape_html
from ...core.options import choice, file_path, flag, string, whole_number
from ..record.trace import Trace
from .columns import page_data
from .frame import framed
from .words import WORDS

LARGEST = 30_000
"""Nodes: the page of a larger graph shows its folded picture, without steps."""

SCRIPTS = ("data", "elements", "steps", "place", "graph", "window", "practice", "panel", "page")
"""The files of the script, in the order in which they are joined."""

# The HTML of the page: bare elements, which the script finds by their ids and fills.
BODY = """<header><h1></h1><div id="finder"><input id="search" type="search" autocomplete="off" spellcheck="false">
<div id="found" hidden></div></div><button id="language"></button><button id="theme"></button></header>
<main><div id="window"><svg id="stage" role="group"></svg><div id="legend"></div>
<div id="zoom"><button id="zoomIn"></button><button id="zoomOut"></button><button id="fit"></button></div></div>
<aside id="panel" tabindex="0"><div id="error" class="card"></div><div id="step" class="card"></div>
<div id="node" class="card"></div><details id="keys"></details></aside></main>
<footer><button id="first"></button><button id="previous"></button><button id="play"></button>
<button id="next"></button><button id="last"></button><input id="slider" type="range" min="0" step="1">
<span id="count"></span><button id="help"></button></footer><p id="live" aria-live="polite"></p>"""


@dataclass(frozen=True, repr=False)
class Page:
    """A page as text. A notebook shows it in a frame of its own, out of which it cannot reach.

    html    the whole file
    height  how high the frame in a notebook is, in pixels
    title   what the page is called
    """

    html: str
    height: int = 640
    title: str = "backpropagation"

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the page to a file and give back its path. Any browser shows it, without a network."""
        path = Path(file_path("Page.save: path", path))
        path.write_text(self.html, encoding="utf-8", newline="\n")
        return path

    def _repr_html_(self) -> str:
        return (f'<iframe srcdoc="{html.escape(self.html)}" sandbox="allow-scripts" '
                f'width="100%" height="{self.height}" frameborder="0" title="{escape_html(self.title)}"></iframe>')

    def __repr__(self) -> str:
        return f"<Page of {len(self.html):,} characters; .save('graph.html') writes it, a notebook shows it>"


def page_of(trace: Trace, *, title: str | None = None, practice: bool = False, lang: str = "en",
            marks: Mapping[int, str] | None = None, height: int = 640) -> Page:
    """The page of a Trace; of one in which nodes are left out or folded it has no steps of the backward pass.

    title      stands above it
    practice   whether the reader has to enter each gradient before it is shown
    lang       "en" or "ja": the language to begin with; the page has both
    marks      words to single nodes, by their number

    The same Trace gives the same bytes. Raises UsageError for another language.

    >>> from autograd_nn import Value
    >>> from autograd_nn.drawing import trace_of
    >>> page_of(trace_of(Value(2.0, name="x") ** 2)).html[:15]
    '<!doctype html>'
    """
    choice("lang", lang, WORDS)
    practice, height = flag("practice", practice), whole_number("height", height)
    title = None if title is None else string("title", title)
    title = title or "backpropagation"
    data = page_data(trace, lang=lang, practice=practice, marks=marks or {})
    return Page(framed(BODY, data, title=title, lang=lang, scripts=SCRIPTS, styles=("page",)), height, title)
