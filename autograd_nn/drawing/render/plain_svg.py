"""Trace -> SVG without Graphviz: simpler than its pictures, but it needs nothing that is not here."""

from __future__ import annotations

from collections.abc import Mapping

from ...core.escaping import escape_html
from ..record.trace import Trace
from . import palette
from .dot import notes_of
from .label import FONT, width
from .lines import edge_text, style_of
from .mermaid import COLORS
from .place import laid_out

SIZE, LINE, PAD, MARGIN = 12, 16, 8, 6     # px: letters, line to line, around a node's text, around the picture


def plain_svg(trace: Trace, *, title: str | None = None, gradients: bool = True, local: bool = False,
              marks: Mapping[int, str] | None = None) -> str:
    """The Trace as SVG, from left to right; the options are those of draw()."""
    marks, nodes = marks or {}, trace["nodes"]
    lines, sizes, where = laid_out(trace, gradients, marks, letter=SIZE, line=LINE, pad=PAD)
    notes = notes_of(trace)
    top = MARGIN + (26 if title else 0) + LINE * len(notes)
    wide = max(where.width, width(title or "") * 15, *(width(note) * 10 for note in notes), 0.0) + 2 * MARGIN
    high = where.height + top + MARGIN
    rows = [f'<svg xmlns="http://www.w3.org/2000/svg" class="autograd-nn" width="{wide:.2f}px" height="{high:.2f}px" '
            f'viewBox="0.00 0.00 {wide:.2f} {high:.2f}" font-family="{FONT}" font-size="{SIZE}">',
            f'<style>{palette.style("svg.autograd-nn")}</style>',
            '<defs><marker id="autograd-nn-arrow" viewBox="0 0 8 6" refX="8" refY="3" markerWidth="8" '
            'markerHeight="6" orient="auto">'
            f'<path d="M0 0 8 3 0 6z" fill="{palette.EDGE}"/></marker></defs>',
            f'<rect width="100%" height="100%" fill="{palette.PAPER}"/>']
    if title:
        rows.append(f'<text x="{MARGIN}" y="22" font-size="15" font-weight="bold">{escape_html(title)}</text>')
    for i, note in enumerate(reversed(notes)):
        rows.append(f'<text x="{MARGIN}" y="{top - 6 - LINE * i}" font-size="10" fill="{palette.GREY}">'
                    f'{escape_html(note)}</text>')
    for node in nodes:
        for k, use in enumerate(node["inputs"]):     # arrows end below each other, as the arguments are read
            a, b = use["node"], node["id"]
            (x0, y0), (x1, y1) = where.at[a], where.at[b]
            y1 += (k - (len(node["inputs"]) - 1) / 2) * min(LINE, sizes[b][1] / len(node["inputs"]))
            points = [(x0 + sizes[a][0] / 2, y0), *where.bends[a, b], (x1 - sizes[b][0] / 2, y1)]
            path = " ".join(f"{x + MARGIN:.1f},{y + top:.1f}" for x, y in points)
            dots = ' stroke-dasharray="2 3"' if nodes[a]["role"] == "omitted" else ""
            rows.append(f'<g class="edge"><polyline points="{path}" fill="none" stroke="{palette.EDGE}"{dots} '
                        f'marker-end="url(#autograd-nn-arrow)"/>')
            text = edge_text(node, use, local)
            if text:
                x, y = points[-1]
                rows.append(f'<text x="{x + MARGIN - 10:.1f}" y="{y + top - 4:.1f}" text-anchor="end" font-size="9" '
                            f'fill="{palette.GREY}">{escape_html(text)}</text>')
            rows.append("</g>")
    for node, shown, (w, h), (x, y) in zip(nodes, lines, sizes, where.at):
        kind = style_of(node, marks)
        ground, border = COLORS[kind]
        left, above = x - w / 2 + MARGIN, y - h / 2 + top
        dashes = ' stroke-dasharray="4 2"' if node["role"] in ("constant", "omitted") else ""
        round_ = 6 if node["role"] in ("intermediate", "output") else 0
        thick = {"marked": 4, "leaf": 2, "parameter": 2}.get(kind, 1)
        rows.append(f'<g class="node {kind}"><rect x="{left:.1f}" y="{above:.1f}" width="{w:.1f}" height="{h:.1f}" '
                    f'rx="{round_}" fill="{ground}" stroke="{border}" stroke-width="{thick}"{dashes}/>')
        if node["role"] == "output" or node["parameter"]:
            rows.append(f'<rect x="{left + 3:.1f}" y="{above + 3:.1f}" width="{w - 6:.1f}" height="{h - 6:.1f}" '
                        f'rx="{max(0, round_ - 2)}" fill="none" stroke="{border}"/>')
        for i, line in enumerate(shown):
            y = above + PAD + LINE * (i + 0.78)
            rows.append(f'<text x="{left + PAD:.1f}" y="{y:.1f}">{escape_html(line)}</text>')
        rows.append("</g>")
    return "\n".join([*rows, "</svg>", ""])
