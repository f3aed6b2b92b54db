"""Whether a formula can be typeset."""

import re
from functools import cache

# Brackets that grow and groups, the innermost of them. What names and fonts take is no formula of its own.
NAME = r"\\(?:text|operatorname|mathrm|mathbf)\{(?:\\.|[^{}\\])*\}"
SIDE = r"(?:[()\[\]|.]|\\\W|\\\w+)"
BRACKETS = re.compile(rf"\\left{SIDE}((?:(?!\\left|\\right).)*)\\right{SIDE}")
GROUP = re.compile(rf"{NAME}|(?<!\\)\{{((?:{NAME}|\{{\}}|\\.|[^{{}}\\])+)\}}")
CHUNK = re.compile(rf"(?:{NAME}|[\^_] *|\\.?|[^ \\]| +(?=[\^_']))+")


def compiles(tex):
    """Whether matplotlib's mathtext takes it, which lacks some of LaTeX's commands; whatever its numbers are.

    Its parser is slow, and its grammar one of parts: what stands in a group or between two spaces is looked at for
    itself, once, and a group then is a letter in what is around it.
    """
    tex = re.sub(r"\d+", "1", tex)
    while r"\begin{cases}" in tex:                                # the innermost ones first
        tex = re.sub(r"\\begin\{cases\}((?:(?!\\begin).)*?)\\end\{cases\}", r"{\1}", tex)
    for theirs, ours in (("\\tfrac", "\\frac"), (r"\\", ";"), ("&", ""), (r"\lvert", "|"),
                         (r"\rvert", "|"), (r"\mathrel{+}", "+"), (r"\bmod", r"\mathrm{mod}"),
                         (r"\#", "n"), (r"\&", "n"), (r"\hookleftarrow", r"\leftarrow")):
        tex = tex.replace(theirs, ours) if theirs != "&" else re.sub(r"(?<!\\)&", "", tex)
    return all(map(parses, parts(tex)))


def parts(tex):
    """The parts of a formula; in each a group is the character 0."""
    texts = [tex]

    def taken_out(match):
        if match[1] is None:                                      # a name
            return match[0]
        texts.append(match[1])
        return "\0"
    for nest in (BRACKETS, GROUP):
        for i, text in enumerate(texts):                          # also those that are taken out meanwhile
            before = None
            while before != text:
                before, text = text, nest.sub(taken_out, text)
            texts[i] = text
    return [chunk for text in texts for chunk in CHUNK.findall(text) or [""]]


@cache
def parses(tex):
    from matplotlib.mathtext import MathTextParser
    MathTextParser("path").parse(f"${tex}$".replace("\0", "{n}"))
    return True
