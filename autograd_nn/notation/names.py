"""What a node is called in text and in LaTeX: its name, else the variable it was assigned to, else v7."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from ..core.escaping import one_line
from .summary import Data, short

if TYPE_CHECKING:
    from ..drawing.record.trace import NodeRecord

_GREEK = frozenset("""alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau
    upsilon phi chi psi omega""".split())
_OWN = {"ḡ": r"\bar{g}", "…": r"\ldots"}
# How LaTeX's mathematics has a character that means something there, or in HTML and Markdown, where formulas stand too.
_ESCAPED = {"_": r"\_", " ": r"\ ", "\n": r"\ ", "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$",
            "%": r"\%", "#": r"\#", "&": r"\&{}", "^": r"\wedge ", "~": r"\sim ", "'": r"\text{'}",
            '"': r"\text{''}", "⏎": r"\hookleftarrow ", "<": "{<}", ">": "{>}", "-": "{-}", "`": r"\text{‘}"}


def names_of(nodes: Sequence[NodeRecord]) -> list[str]:
    """A name for each node, no two alike: x#3 and x#7 if two are called x. Constants are called by their number."""
    names = [called(node) for node in nodes]
    uses = Counter(names)
    if any(node["parameter"] and uses[name] > 1 for node, name in zip(nodes, names)):
        for i, node in enumerate(nodes):             # two are named "weight": dotted names tell parameters apart
            if node["parameter"] and node["label"]:
                names[i] = one_line(node["label"])
    uses = Counter(names)
    for i, name in enumerate(names):
        node = nodes[i]
        if node["role"] == "constant":
            names[i] = constant_text(node["value"])
        elif node["role"] == "omitted":
            names[i] = f"…{node['count']} more"
        elif uses[name] > 1 and (node["name"] or node["label"]):
            names[i] = f"{name}#{node['id']}"
            while names[i] in uses:
                names[i] += "#"
            uses[names[i]] = 1
    return names


def called(node: NodeRecord) -> str:
    """The node's name, else its variable's, else its number, in one line."""
    return one_line(node["name"] or node["label"] or f"v{node['id']}")


def constant_text(data: Data | None) -> str:
    """A constant as it stands in a formula."""
    if not isinstance(data, dict):
        return "" if data is None else short(data, 6)
    if isinstance(data.get("data"), (int, float)):
        return short(data["data"], 6)
    return f"array({', '.join(map(str, data['shape']))})"


@lru_cache(maxsize=4096)
def tex_name(name: str) -> str:
    r"""A name in LaTeX's mathematics, whatever characters it is of.

    >>> print(tex_name("w12"), tex_name("eta"), tex_name("loss"), tex_name("a->b"), tex_name("50 %"))
    w_{12} \eta \mathrm{loss} \mathrm{a{-}{>}b} \mathrm{50\ \%}
    """
    if name in _GREEK:
        return rf"\{name}"
    if name in _OWN:
        return _OWN[name]
    if re.fullmatch(r"-?\d+(\.\d+)?|[^\W\d_]|[\ue000-\uf8ff]", name):
        return name
    found = re.fullmatch(r"([^\W\d_])_?(\d+)", name)
    if found:
        return f"{found[1]}_{{{found[2]}}}"
    return rf"\mathrm{{{''.join(_ESCAPED.get(char, char) for char in one_line(name))}}}"


def operand_text(text: str) -> str:
    """A name or number as part of a formula: in parentheses if it is more than a word or has a sign.

    >>> operand_text("w1"), operand_text("u[0]"), operand_text("array(32, 4)"), operand_text("-2"), operand_text("a b")
    ('w1', 'u[0]', 'array(32, 4)', '(-2)', '(a b)')
    """
    return text if is_one_word(text) else f"({text})"


@lru_cache(maxsize=4096)
def is_one_word(text: str) -> bool:
    """Whether a name or number needs no parentheses within a formula."""
    return re.fullmatch(r"[\w.,\[\]]+(\([\d, ]*\))?", text) is not None
