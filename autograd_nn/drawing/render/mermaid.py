"""Trace -> Mermaid, the text from which GitHub and many notebooks draw."""

from __future__ import annotations

from collections.abc import Mapping

from ...core.escaping import one_line
from ...core.options import choice
from ..record.trace import Trace
from . import palette
from .lines import edge_text, lines_of, style_of

# The shape of a node's box, in Mermaid's brackets, and its colours (ground, border), by its role.
SHAPES = {"leaf": '["{}"]', "parameter": '[/"{}"/]', "constant": '(["{}"])', "intermediate": '("{}")',
          "output": '{{{{"{}"}}}}', "box": '[["{}"]]', "omitted": '>"{}"]'}
COLORS = {"leaf": palette.LEAF, "parameter": palette.PARAMETER, "constant": palette.CONSTANT,
          "intermediate": palette.INTERMEDIATE, "output": palette.OUTPUT, "box": palette.BLOCK,
          "omitted": palette.CONSTANT, "marked": palette.MARKED}
PLAIN = frozenset(" .,")
"""Characters beside letters and digits that stand for themselves; all others are written by number."""
JOINED = frozenset("\\$")
"""Mermaid makes a line break of \\n and a formula of $$ even where they are written by number; so a joiner follows."""


def escape(text: str) -> str:
    """Text of a user for a quoted label: whatever could mean something becomes its number.

    >>> escape('a->b "c"')
    'a#45;#62;b #34;c#34;'
    """
    return "".join(c if ord(c) > 0x7F or c.isalnum() or c in PLAIN else
                   f"#{ord(c)};" + "\u2060" * (c in JOINED) for c in one_line(text))


def mermaid(trace: Trace, *, title: str | None = None, rankdir: str = "LR", gradients: bool = True,
            local: bool = False, marks: Mapping[int, str] | None = None) -> str:
    """The Trace as a Mermaid flowchart; the options are those of draw()."""
    marks, rankdir = marks or {}, choice("rankdir", rankdir, ("LR", "TB"))
    rows = [f"flowchart {rankdir}"]
    if title:
        rows += [f'  subgraph title["{escape(title)}"]', f"  direction {rankdir}"]
    used = set()
    for node in trace["nodes"]:
        style = style_of(node, marks)
        used.add(style)
        shape = SHAPES["parameter" if node["parameter"] else node["role"]]
        label = "<br/>".join(map(escape, lines_of(node, gradients, marks.get(node["id"])))) or " "
        rows.append(f"  n{node['id']}{shape.format(label)}:::{style}")
    for node in trace["nodes"]:
        for use in node["inputs"]:
            text = edge_text(node, use, local)
            arrow = "-.->" if trace["nodes"][use["node"]]["role"] == "omitted" else "-->"
            rows.append(f"  n{use['node']} {arrow}" + (f'|"{escape(text)}"|' if text else "") + f" n{node['id']}")
    if title:
        rows += ["  end", "  style title fill:none,stroke:none"]
    for style in COLORS:
        if style in used:
            ground, border = COLORS[style]
            extra = ",stroke-dasharray:4" if style in ("constant", "omitted") else ""
            extra += ",stroke-width:4px" if style == "marked" else ",stroke-width:2px" if style == "leaf" else ""
            rows.append(f"  classDef {style} fill:{ground},stroke:{border},color:{palette.INK}{extra}")
    return "\n".join(rows) + "\n"
