r"""Trace -> LaTeX: a picture in TikZ, laid out here, so that TeX needs nothing but `tikz`.

Compile it with lualatex or xelatex where names are in Japanese or other scripts than Latin.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...core.escaping import one_line
from ..record.trace import Trace
from .lines import edge_text, style_of
from .mermaid import COLORS
from .place import laid_out

SIZE, LINE, PAD = 10, 13, 6      # points: letters, line to line, around a node's text
# How TeX writes a character that means something to it or that its fonts lack; and the border of a node by its role.
_WRITTEN = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"{\char34}", "'": r"{\char39}", "`": r"{\char96}", "-": "{-}", ",": "{,}", "[": "{[}",
    "]": "{]}", "?": "{?}", "!": "{!}", "×": r"$\times$", "−": "$-$", "·": r"$\cdot$", "Σ": r"$\Sigma$",
    "√": r"$\surd$", "∂": r"$\partial$", "²": "$^2$", "³": "$^3$", "ᵀ": r"$^{\mathsf{T}}$", "′": "$'$",
    "…": r"\dots{}", "⚠": r"$\triangle$", "⏎": r"$\hookleftarrow$"}
_LOOKS = {"leaf": "thick", "parameter": "double", "constant": "dashed", "intermediate": "rounded corners=3pt",
          "output": "double, rounded corners=3pt", "box": "line width=2pt",
          "omitted": "dotted", "marked": "ultra thick"}


def escape(text: str) -> str:
    r"""Text of a user as TeX sets it, letter for letter.

    >>> print(escape("50 % of $x_1$ -> \\N"))
    50 \% of \$x\_1\$ {-}\textgreater{} \textbackslash{}N
    """
    return "".join(_WRITTEN.get(c, c) for c in one_line(text))


def tikz(trace: Trace, *, title: str | None = None, gradients: bool = True, local: bool = False,
         marks: Mapping[int, str] | None = None) -> str:
    """The Trace as a `tikzpicture`; the options are those of draw()."""
    marks, nodes = marks or {}, trace["nodes"]
    lines, sizes, where = laid_out(trace, gradients, marks, letter=SIZE, line=LINE, pad=PAD)
    rows = [r"\begin{tikzpicture}[x=1pt, y=-1pt, >=stealth, "
            r"every node/.style={font=\sffamily\fontsize{9}{11}\selectfont}]"]
    used = [style for style in COLORS if any(style_of(node, marks) == style for node in nodes)]
    for style in used:
        for part, color in zip(("ground", "border"), COLORS[style]):
            rows.append(rf"\definecolor{{{style}{part}}}{{HTML}}{{{color[1:].upper()}}}")
    for style in used:
        rows.append(rf"\tikzset{{{style}/.style={{draw={style}border, fill={style}ground, {_LOOKS[style]}}}}}")
    if title:
        rows.append(rf"\node[anchor=south west, font=\sffamily\bfseries] at (0, -8) {{{escape(title)}}};")
    for node, shown, (w, h), (x, y) in zip(nodes, lines, sizes, where.at):
        text = r" \\ ".join(escape(line) or "~" for line in shown)
        rows.append(rf"\node[{style_of(node, marks)}, align=left, inner sep=2pt, minimum width={w:.1f}pt, "
                    rf"minimum height={h:.1f}pt] (n{node['id']}) at ({x:.1f}, {y:.1f}) {{{text}}};")
    for node in nodes:
        for use in node["inputs"]:
            bends = "".join(f" -- ({x:.1f}, {y:.1f})" for x, y in where.bends[use["node"], node["id"]])
            text = edge_text(node, use, local)
            label = rf" node[pos=0.8, above, font=\tiny] {{{escape(text)}}}" if text else ""
            dots = ", dotted" if nodes[use["node"]]["role"] == "omitted" else ""
            rows.append(rf"\draw[->{dots}] (n{use['node']}){bends} --{label} (n{node['id']});")
    return "\n".join([*rows, r"\end{tikzpicture}", ""])


def document(picture: str) -> str:
    """A whole LaTeX document with the picture in it."""
    return "\n".join([
        r"\documentclass[border=4pt]{standalone}", r"\usepackage{amssymb}", r"\usepackage{tikz}", r"\usepackage{iftex}",
        r"\ifPDFTeX\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}\else\usepackage{fontspec}"
        r"\IfFontExistsTF{Noto Sans CJK JP}{\setsansfont{Noto Sans CJK JP}}{}\fi",
        r"\begin{document}", picture + r"\end{document}", ""])
