"""Trace -> text: a table with a line for each node, and formulas in the usual notation."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from .label import clean
from .summary import Data, short
from .trace import NodeRecord, Trace

LONGEST_SUM = 8
"""Terms of a sum in a formula."""


def labels(trace: Trace) -> list[str]:
    """A name for each node, no two alike: its own, or v7 for node 7; x#3 and x#7 if two are called x.

    Constants are called by their number.
    """
    names = [one_line(node["name"]) if node["name"] else f"v{node['id']}" for node in trace["nodes"]]
    uses: dict[str, int] = {}
    for name in names:
        uses[name] = uses.get(name, 0) + 1
    taken = set(names)
    for i, name in enumerate(names):
        node = trace["nodes"][i]
        if node["role"] == "constant":
            names[i] = data_text(node["value"])
        elif node["role"] == "omitted":
            names[i] = f"…{node['count']} more"
        elif uses[name] > 1 and node["name"]:
            names[i] = f"{name}#{i}"
            while names[i] in taken:
                names[i] += "#"
            taken.add(names[i])
    return names


def formula(trace: Trace, node: NodeRecord, names: list[str]) -> str:
    """How a node is made: `u × w`, `relu(h)`, `(u - 1)²`; for a leaf, nothing."""
    symbol = node["symbol"]
    if symbol is None:
        return ""
    if node["op"] in ("sum_of", "weighted_sum"):
        return _sum(node, names)
    args = [names[use["node"]] for use in node["inputs"]]
    params = "".join(f", {key}={value}" for key, value in node["params"].items())
    tight = [operand(a) for a in args]
    if node["op"] == "getitem":
        return f"{tight[0]}[{params.partition('=')[2]}]"
    if len(args) == 2 and not params and not symbol[0].isalpha():
        return f"{tight[0]} {symbol} {tight[1]}"
    if len(args) == 1 and not params and "x" in symbol and symbol != node["op"]:
        return symbol.replace("x", tight[0] if symbol != "|x|" else args[0])
    if len(args) == 1 and node["op"] == "negative":
        return f"−{tight[0]}"
    return f"{node['op']}({', '.join(args)}{params})"


def _sum(node: NodeRecord, names: list[str]) -> str:
    """A sum of many inputs: `a + b + c`, `w × x + v × y + b`; of a long one the beginning and the end."""
    given = {use["slot"]: operand(names[use["node"]]) for use in node["inputs"] if use["slot"] is not None}
    left_out = [names[use["node"]] for use in node["inputs"] if use["slot"] is None]
    n = node["arity"] // 2 if node["op"] == "weighted_sum" else 0
    terms = [f"{given.get(i, '…')} × {given.get(i + n, '…')}" for i in range(n) if i in given or i + n in given]
    terms += [text for slot, text in given.items() if slot >= 2 * n]
    if n and len(terms) > 1 and terms[-1] == "0":    # no bias was given
        terms.pop()
    if len(terms) > LONGEST_SUM:
        terms[LONGEST_SUM - 2:-1] = ["…"]
    return " + ".join(terms + left_out)


def operand(text: str) -> str:
    """A name or number as part of a formula: in parentheses if it is more than a word or has a sign."""
    single = text.replace("_", "").isalnum() or text.replace(".", "", 1).isdigit()
    return text if single else f"({text})"


def table(trace: Trace, marks: Mapping[int, str] | None = None) -> str:
    """One line for each node, in topological order: number, role, name, formula, value, gradient and mark."""
    names = labels(trace)
    rows: list[tuple[str, ...]] = [("node", "role", "made by", "value", "gradient")]
    for node, name in zip(trace["nodes"], names):
        known = node["role"] in ("constant", "omitted")
        gradient = "" if known else data_text(node["gradient"]) if node["gradient"] is not None else "not computed"
        rows.append(("" if known and node["role"] == "constant" else name, node["role"],
                     formula(trace, node, names), data_text(node["value"]), gradient))
    if marks:
        rows = [(*row, text) for row, text in zip(rows, ["", *(marks.get(n["id"], "") for n in trace["nodes"])])]
    return aligned(rows)


def aligned(rows: Sequence[tuple[str, ...]], gap: int = 2) -> str:
    """Rows of cells as columns, for a font in which Japanese characters are twice as wide."""
    widths = [max(map(columns, column)) for column in zip(*rows)]
    return "".join((" " * gap).join(text + " " * (w - columns(text)) for text, w in zip(row, widths)).rstrip() + "\n"
                   for row in rows)


def columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def one_line(text: str) -> str:
    """A name without line breaks."""
    return clean(text).replace("\n", "⏎")


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
