"""draw(): a graph as a picture that notebooks show and that saves itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from ..errors import RenderError
from ..graph import Node
from .dot import dot_source
from .render import render
from .text import table
from .trace import Trace, numbered


@dataclass(frozen=True, repr=False)
class Picture:
    """A drawn graph. A notebook shows it as SVG, print() as a table.

    trace   the record that it was drawn from
    source  the picture as DOT text; needs no layout engine
    marks   what is written to single nodes, by their number in the trace
    """

    trace: Trace
    source: str
    marks: Mapping[int, str] = field(default_factory=dict)

    def svg(self) -> str:
        """The picture as SVG. Raises RenderError where no layout engine is installed."""
        return render(self.source, "svg").decode()

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the picture to a file, in the format that its suffix names, and give back the path.

        .svg .png .pdf need a layout engine; .dot is the source, .txt a table, .json the Trace.
        Raises RenderError for another suffix, and where no layout engine is installed.
        """
        path = Path(path)
        make = _FORMATS.get(path.suffix.lower())
        if make is None:
            raise RenderError(f"{path.name}: a picture is saved as {' '.join(_FORMATS)}, "
                              f"not as {path.suffix or 'a file without a suffix'}")
        path.write_bytes(make(self))
        return path

    def __str__(self) -> str:
        return table(self.trace, self.marks)

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
    ".svg": lambda picture: render(picture.source, "svg"),
    ".png": lambda picture: render(picture.source, "png"),
    ".pdf": lambda picture: render(picture.source, "pdf"),
    ".dot": lambda picture: picture.source.encode(),
    ".txt": lambda picture: str(picture).encode(),
    ".json": lambda picture: json.dumps(picture.trace, allow_nan=False, indent=1).encode(),
}


def draw(graph: Node | Iterable[Node], *, title: str | None = None, rankdir: str = "LR",
         gradients: bool = True, local: bool = False, max_nodes: int = 150, expand: bool = False,
         marks: Mapping[Node, str] | None = None) -> Picture:
    """A picture of all that a Value or Tensor (or several) was computed from.

    title       stands above the picture
    rankdir     "LR", from left to right, or "TB", from top to bottom
    gradients   whether to show them; one that no backward pass has computed is not 0, and says so
    local       whether to write on each edge the local derivative by which backward multiplies
    max_nodes   of a larger graph only so many nodes are drawn, those nearest the output; dotted
                nodes say how many are left out
    expand      whether to draw `dot` and `sum_of`, which are one node each, as their products and sums
    marks       a few words to each of some nodes, which then stand out, as in `fault.marks()`

    The picture is of this moment: later backward passes do not change it. The same program gives
    the same bytes. Raises UsageError for anything but nodes.

    >>> from autograd_nn import Value
    >>> x = Value(3.0, name="x")
    >>> print(draw(x * x))
    node  role    made by  value  gradient
    x     leaf             3      not computed
    v1    output  x × x    9      not computed
    <BLANKLINE>
    """
    trace, ids = numbered(graph, max_nodes=max_nodes, expand=expand)
    shown = {ids[node]: text for node, text in (marks or {}).items() if node in ids}
    source = dot_source(trace, title=title, rankdir=rankdir, gradients=gradients, local=local, marks=shown,
                        unmarked=len(marks or {}) - len(shown))
    return Picture(trace, source, shown)
