"""What stands in a node, as plain lines: for the renderers that know no tables."""

from __future__ import annotations

from collections.abc import Mapping

from ...core.escaping import one_line
from ...notation.summary import short
from ..record.slots import named_slots
from ..record.states import ALARMS, WORDS
from ..record.trace import Input, NodeRecord
from .text import data_text

LONGEST = 48                    # characters in a line; a longer one ends in …


def lines_of(node: NodeRecord, gradients: bool = True, mark: str | None = None) -> list[str]:
    """Marks and states, op and name, value, gradient.

    >>> from autograd_nn import Value
    >>> from autograd_nn.drawing import trace_of
    >>> [lines_of(node) for node in trace_of(Value(3.0, name="x") * 2)["nodes"]]
    [['x', 'value 3', 'grad not computed'], ['2'], ['×', 'value 6', 'grad not computed']]
    """
    if node["role"] == "omitted":
        return [f"… {node['count']:,} more node{'s' * (node['count'] != 1)}" if node["count"] else "… more uses"]
    if node["role"] == "constant":
        return [data_text(node["value"])] + [f"{node['count']:,} uses"] * (node["count"] > 1)
    lines = [f"⚠ {text}" for text in ([] if mark is None else [mark]) + [WORDS[state] for state in node["state"]]]
    symbol = (node["symbol"] or "") + "′" * node["order"]
    called = node["name"] or node["label"]
    lines += [" ".join(part for part in (symbol, called) if part)] if symbol or called else []
    lines += [f"{node['count']:,} alike"] * (node["count"] > 1 and node["role"] != "box")
    lines += [f"{key} {value}" for key, value in node["params"].items()]
    if node["value"] is not None:
        lines.append(f"value {data_text(node['value'])}")
    if gradients and (node["gradient"] is not None or node["role"] != "box"):
        lines.append(f"grad {data_text(node['gradient']) if node['gradient'] is not None else 'not computed'}")
    return [line if len(line) <= LONGEST else line[:LONGEST - 1] + "…" for line in map(one_line, lines)]


def style_of(node: NodeRecord, marks: Mapping[int, str]) -> str:
    """The kind of a node as pictures tell it: its role, "parameter", or "marked"."""
    if node["id"] in marks or not ALARMS.isdisjoint(node["state"]):
        return "marked"
    return "parameter" if node["parameter"] else node["role"]


def edge_text(node: NodeRecord, use: Input, local: bool) -> str:
    """What stands at an edge: which argument it is, where that matters, and the local derivative."""
    name = named_slots(node).get(use["slot"]) if use["slot"] is not None else None
    parts = [] if name is None else [name]
    if local and use["local"] is not None and not isinstance(use["local"], dict):
        parts.append(f"∂ {short(use['local'])}")
    return "  ".join(parts)
