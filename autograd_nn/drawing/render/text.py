"""Trace -> text: a table with a line for each node, and formulas in the usual notation."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from ...core.escaping import one_line
from ...notation.names import names_of
from ...notation.summary import Data, short
from ..record.formula import formula
from ..record.states import WORDS
from ..record.trace import NodeRecord, Trace


def labels(trace: Trace) -> list[str]:
    """A name for each node, no two alike: see names_of."""
    return names_of(trace["nodes"])


def text_table(trace: Trace, marks: Mapping[int, str] | None = None) -> str:
    """One line for each node, in topological order: number, role, name, formula, value, gradient and mark."""
    names = labels(trace)
    rows: list[tuple[str, ...]] = [("node", "role", "made by", "value", "gradient")]
    for node, name in zip(trace["nodes"], names):
        known = node["role"] in ("constant", "omitted") or (node["role"] == "box" and node["gradient"] is None)
        gradient = "" if known else data_text(node["gradient"]) if node["gradient"] is not None else "not computed"
        rows.append(("" if known and node["role"] == "constant" else name, node["role"],
                     formula(node, names), data_text(node["value"]), gradient))
    noticed = ["", *("; ".join(remarks(node, marks)) for node in trace["nodes"])]
    if any(noticed):
        rows = [(*row, text) for row, text in zip(rows, noticed)]
    return aligned(rows)


def tree(trace: Trace, marks: Mapping[int, str] | None = None) -> str:
    """The graph from its roots down, each node above what it is made of; what has been shown is only named again.

    >>> from autograd_nn import Value
    >>> from autograd_nn.drawing import trace_of
    >>> x = Value(3.0, name="x")
    >>> print(tree(trace_of(x * x + 2)))
    v3 = v1 + 2  value 11  gradient not computed
    ├─ v1 = x × x  value 9  gradient not computed
    │  ├─ x  value 3  gradient not computed
    │  └─ x, as above
    └─ 2
    <BLANKLINE>
    """
    names, rows, seen = labels(trace), [], set()
    stack = [(root, "", "") for root in reversed(trace["roots"])]
    while stack:
        i, before, below = stack.pop()
        node = trace["nodes"][i]
        if i in seen and node["role"] != "constant":
            rows.append(f"{before}{names[i]}, as above")
            continue
        seen.add(i)
        rows.append(before + _described(node, names, marks))
        uses = [use["node"] for use in node["inputs"]]
        for k in reversed(range(len(uses))):
            last = k == len(uses) - 1
            stack.append((uses[k], below + ("└─ " if last else "├─ "), below + ("   " if last else "│  ")))
    return "".join(row + "\n" for row in rows)


def _described(node: NodeRecord, names: list[str], marks: Mapping[int, str] | None) -> str:
    i = node["id"]
    if node["role"] in ("constant", "omitted"):
        return names[i]
    made = formula(node, names)
    parts = [f"{names[i]} = {made}" if made else names[i]]
    parts += [f"{node['count']:,} nodes"] * (node["count"] > 1)
    if node["value"] is not None:
        parts.append(f"value {data_text(node['value'])}")
    if node["gradient"] is not None or node["role"] != "box":
        parts.append(f"gradient {data_text(node['gradient']) if node['gradient'] is not None else 'not computed'}")
    return "  ".join(parts + [f"⚠ {text}" for text in remarks(node, marks)])


def remarks(node: NodeRecord, marks: Mapping[int, str] | None) -> list[str]:
    """What is to be noticed at a node: the words given to it, and its states."""
    given = [] if not marks or node["id"] not in marks else [marks[node["id"]]]
    return [one_line(text) for text in given] + [WORDS[state] for state in node["state"]]


def aligned(rows: Sequence[tuple[str, ...]], gap: int = 2) -> str:
    """Rows of cells as columns, for a font in which Japanese characters are twice as wide."""
    widths = [max(map(columns, column)) for column in zip(*rows)]
    return "".join((" " * gap).join(text + " " * (w - columns(text)) for text, w in zip(row, widths)).rstrip() + "\n"
                   for row in rows)


def columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return len(text) + sum(-1 if unicodedata.combining(c) else unicodedata.east_asian_width(c) in "WF"
                           for c in text if c > "\x7f")


def data_text(data: Data | None, digits: int = 4) -> str:
    """A number, or an array in a line."""
    if data is None:
        return ""
    if not isinstance(data, dict):
        return short(data, digits)
    if "data" in data:
        return _nested(data["data"], digits)
    shape = "×".join(map(str, data["shape"]))
    return f"{shape} {data['dtype']} from {short(data['min'])} to {short(data['max'])}"


def _nested(data: object, digits: int) -> str:
    if isinstance(data, list):
        return f"[{', '.join(_nested(item, digits) for item in data)}]"
    return short(data, digits)  # type: ignore[arg-type]
