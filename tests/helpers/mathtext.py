"""Whether a formula can be typeset."""

import re
from functools import cache


def compiles(tex):
    """Whether matplotlib's mathtext takes it, which lacks some of LaTeX's commands; whatever its numbers are."""
    return _compiles(re.sub(r"\d+", "1", tex))


@cache
def _compiles(tex):
    from matplotlib.mathtext import MathTextParser
    while r"\begin{cases}" in tex:                                # the innermost ones first
        tex = re.sub(r"\\begin\{cases\}((?:(?!\\begin).)*?)\\end\{cases\}", r"{\1}", tex)
    for theirs, ours in (("\\tfrac", "\\frac"), (r"\\", ";"), ("&", ""), (r"\lvert", "|"),
                         (r"\rvert", "|"), (r"\mathrel{+}", "+"), (r"\bmod", r"\mathrm{mod}"),
                         (r"\#", "n"), (r"\&", "n"), (r"\hookleftarrow", r"\leftarrow")):
        tex = tex.replace(theirs, ours) if theirs != "&" else re.sub(r"(?<!\\)&", "", tex)
    MathTextParser("path").parse(f"${tex}$")
    return True
