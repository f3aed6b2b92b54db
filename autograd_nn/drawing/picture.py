"""draw(): a graph as a picture that notebooks show and that saves itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from ..core.node import Node
from ..core.options import choice, file_path, flag, string
from ..errors import RenderError, UsageError
from ..ops._refusal import shown_in_error
from .fold.folded import pictured
from .page import LARGEST, Page, page_of
from .record.lookup import node_of
from .record.notes import Recorded
from .record.trace import Graph, Trace, numbered, roots_of
from .render.dot import dot_source
from .render.graphviz_engine import NoEngineError, render
from .render.mermaid import mermaid
from .render.plain_svg import plain_svg
from .render.text import text_table, tree
from .render.tikz import document, tikz


@dataclass(frozen=True, repr=False)
class Picture:
    """A drawn graph. A notebook shows it as SVG, print() as a table.

    trace   the record that it was drawn from
    source  the picture as DOT text; needs no layout engine
    marks   what is written to single nodes, by their number in the trace
    title   what stands above it
    options whether it has gradients, and the local derivatives
    """

    trace: Trace
    source: str
    marks: Mapping[int, str] = field(default_factory=dict)
    title: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    _whole: Callable[[], tuple[Trace, Mapping[int, str]]] | None = field(default=None, compare=False)

    def svg(self) -> str:
        """The picture as SVG, with dark colours for readers who prefer them.

        It is laid out by Graphviz, and where that is not installed, more simply (and always from left to right) here.
        Raises RenderError where Graphviz fails.
        """
        try:
            return render(self.source, "svg").decode()
        except NoEngineError:
            return plain_svg(self.trace, title=self.title, marks=self.marks, **self.options)

    def tree(self) -> str:
        """The graph as text, from its roots down."""
        return tree(self.trace, self.marks)

    def mermaid(self, rankdir: str = "LR") -> str:
        """The picture as Mermaid, which GitHub and many notebooks draw; from left to right ("LR") or down ("TB")."""
        return mermaid(self.trace, title=self.title, rankdir=rankdir, marks=self.marks, **self.options)

    def tikz(self) -> str:
        """The picture as a `tikzpicture` of LaTeX, to be put into a document; .save("graph.tex") writes a whole one."""
        return tikz(self.trace, title=self.title, marks=self.marks, **self.options)

    def page(self, *, practice: bool = False, lang: str = "en", height: int = 640) -> Page:
        """The graph as a page on which forward and backward pass are gone through step by step.

        practice   whether the reader has to enter each gradient before it is shown
        lang       "en" or "ja"
        height     of the frame in which a notebook shows the page, in pixels

        Where the picture is folded the page has all nodes, with the numbers of this moment; above 30,000 nodes
        it is folded too, has no steps, and says so. Raises UsageError for another language.
        """
        trace, marks = self.trace, self.marks
        if trace["events"] is None and self._whole is not None and trace["total"] <= LARGEST:
            trace, marks = self._whole()
        return page_of(trace, title=self.title, practice=practice, lang=lang, marks=marks, height=height)

    def html(self, path: str | PathLike[str], *, practice: bool = False, lang: str = "en") -> Path:
        """Write the page, one file that needs no network, and give back its path; the options are those of page()."""
        path = file_path("Picture.html: path", path)
        return self.page(practice=practice, lang=lang).save(path)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the picture to a file, in the format that its suffix names, and give back the path.

        .png .pdf need a layout engine; .html is the page, .tex LaTeX with TikZ, .mmd Mermaid, .dot the source,
        .txt a table, .json the Trace. Raises RenderError for another suffix, and for .png and .pdf where no
        layout engine is installed; warns (FontWarning) where these would show boxes for characters.
        """
        path = Path(file_path("Picture.save: path", path))
        make = _FORMATS.get(path.suffix.lower())
        if make is None:
            raise RenderError(f"{path.name}: a picture is saved as {' '.join(_FORMATS)}, "
                              f"not as {path.suffix or 'a file without a suffix'}")
        path.write_bytes(make(self))
        return path

    def __str__(self) -> str:
        return text_table(self.trace, self.marks)

    def __repr__(self) -> str:
        return f"<Picture of {self.trace['total']} nodes; .save('graph.svg') writes it, print() shows it as text>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        try:
            return {"image/svg+xml": self.svg(), "text/plain": str(self)}
        except RenderError as error:
            return {"text/plain": f"{self}\n({error})"}

    def _repr_svg_(self) -> str | None:
        return self._repr_mimebundle_().get("image/svg+xml")


_FORMATS: dict[str, Callable[[Picture], bytes]] = {
    ".svg": lambda picture: picture.svg().encode(),
    ".png": lambda picture: render(picture.source, "png"),
    ".pdf": lambda picture: render(picture.source, "pdf"),
    ".html": lambda picture: picture.page().html.encode(),
    ".tex": lambda picture: document(picture.tikz()).encode(),
    ".mmd": lambda picture: picture.mermaid().encode(),
    ".dot": lambda picture: picture.source.encode(),
    ".txt": lambda picture: str(picture).encode(),
    ".json": lambda picture: json.dumps(picture.trace, allow_nan=False, indent=1).encode(),
}


def draw(graph: Graph, *, title: str | None = None, rankdir: str = "LR",
         gradients: bool = True, local: bool = False, max_nodes: int = 150, expand: bool = False,
         unfold: str | None = None, marks: Mapping[Node | str, str] | None = None) -> Picture:
    """A picture of all that a Value or Tensor (or several) was computed from.

    title       stands above the picture
    rankdir     "LR", from left to right, or "TB", from top to bottom
    gradients   whether to show them; one that no backward pass has computed is not 0, and says so
    local       whether to write on each edge the local derivative by which backward multiplies
    max_nodes   a larger graph is folded: modules (recorded by `with trace()`) are boxes, nodes that are alike
                are one, and what repeats is drawn once; where that is not enough, only the nodes
                nearest the output are drawn, and dotted ones say how many are left out
    unfold      the name of a box to be opened: a module's path, or "repeat 1"
    expand      whether to draw `dot` and `sum_of`, which are one node each, as their products and sums
    marks       a few words to each of some nodes (given as they are, or by name), which then stand out, as in
                `fault.marks()`

    The picture is of this moment: later backward passes do not change it. The same program gives
    the same bytes. Raises UsageError for anything but nodes, if no box is called `unfold`, and for a name
    in `marks` of no node or of several.

    >>> from autograd_nn import Value
    >>> x = Value(3.0, name="x")
    >>> print(draw(x * x))
    node  role    made by  value  gradient
    x     leaf             3      not computed
    v1    output  x × x    9      not computed
    <BLANKLINE>
    """
    graph = graph if isinstance(graph, Recorded) else roots_of(graph)
    title = None if title is None else string("draw: title", title)
    choice("draw: rankdir", rankdir, ("LR", "TB"))
    gradients, local = flag("draw: gradients", gradients), flag("draw: local", local)
    expand = flag("draw: expand", expand)
    unfold = None if unfold is None else string("draw: unfold", unfold)
    words = _by_node(marks, graph, expand)
    trace, ids = pictured(graph, max_nodes=max_nodes, expand=expand, unfold=unfold)
    shown = {ids[node]: text for node, text in words.items() if node in ids}
    source = dot_source(trace, title=title, rankdir=rankdir, gradients=gradients, local=local, marks=shown,
                        unmarked=len(words) - len(shown))

    def whole() -> tuple[Trace, Mapping[int, str]]:
        trace, ids = numbered(graph, expand=expand)
        return trace, {ids[node]: text for node, text in words.items() if node in ids}

    return Picture(trace, source, shown, title, {"gradients": gradients, "local": local}, whole)


def _by_node(marks: Any, graph: Graph, expand: bool) -> dict[Node, str]:
    """The words of `marks` by the nodes that they are for."""
    if not isinstance(marks, Mapping) and marks is not None:
        raise UsageError(f"marks: a dict of words by node, such as {{w: 'too large'}}, not {type(marks).__name__} "
                         f"{shown_in_error(marks)}")
    words: dict[Node, str] = {}
    whole = None
    for thing, text in (marks or {}).items():
        if not isinstance(text, str):
            raise UsageError(f"marks: the words for a node are a text, not {type(text).__name__} "
                             f"{shown_in_error(text)}")
        if isinstance(thing, Node):
            words[thing] = text
        else:
            whole = whole or numbered(graph, expand=expand)
            words[node_of(thing, *whole, "marks")] = text
    return words
