"""Trace -> what the page is told: columns instead of records, formulas written out, boxes laid out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...notation.names import names_of
from ...notation.summary import Data, short
from ..record.formula import formula
from ..record.trace import NodeRecord, Trace
from .boxes import Box, boxes_of
from .words import WORDS

BUDGET = 150
"""Things that are drawn at a time: what else there is waits in folded boxes."""


def record(trace: Trace, *, lang: str, practice: bool, marks: Mapping[int, str]) -> dict[str, Any]:
    """The data of a page as plain JSON. A key of a node that no node of the graph has is left out."""
    nodes, names, boxes = trace["nodes"], names_of(trace["nodes"]), boxes_of(trace)
    numbers = [short(n["value"], 6) if isinstance(n["value"], (int, float, str)) else "" for n in nodes]
    sources: dict[tuple[Any, ...], int] = {}
    columns: dict[str, list[Any]] = {
        "name": names,
        "title": [n["name"] if n["name"] and n["name"] != name else None for n, name in zip(nodes, names)],
        "role": [n["role"] for n in nodes],
        "op": [n["op"] for n in nodes],
        "symbol": [n["symbol"] for n in nodes],
        "made": [formula(n, names) or None for n in nodes],
        "numbers": [_in_numbers(n, numbers) for n in nodes],
        "value": [n["value"] for n in nodes],
        "gradient": [n["gradient"] for n in nodes],
        "module": [n["module"] for n in nodes],
        "parameter": [int(n["parameter"]) for n in nodes],
        "order": [n["order"] for n in nodes],
        "state": [n["state"] or None for n in nodes],
        "source": [sources.setdefault(tuple(n["source"].items()), len(sources)) if n["source"] else None
                   for n in nodes],
        "inputs": [[{key: use[key] for key in ("slot", "node", "local", "text")}
                    for use in n["inputs"]] for n in nodes],
    }
    needed = {"name", "role", "op", "value", "gradient", "made", "inputs"}
    events = trace["events"] if trace["error"] is None else None     # nothing flows back from what failed
    return {
        "lang": lang, "practice": practice and events is not None, "budget": BUDGET, "words": WORDS,
        "nodes": {key: column for key, column in columns.items() if key in needed or any(column)},
        "sources": [dict(source) for source in sources],
        "events": None if events is None else {
            key: [event[key] for event in events]
            for key in ("from", "slot", "to", "contribution", "after")},
        "roots": trace["roots"],
        "seeds": [_ones(nodes[root]["value"]) for root in trace["roots"]],
        "boxes": [_box(box) for box in boxes],
        "inside": _counts(boxes),
        "marks": {str(i): text for i, text in marks.items()},
        "error": trace["error"], "total": trace["total"],
    }


def _in_numbers(node: NodeRecord, numbers: list[str]) -> str | None:
    """`2 × 3 + 1`, where every input is a number."""
    if node["op"] is None or not all(numbers[use["node"]] for use in node["inputs"]):
        return None
    return formula(node, numbers)


def _ones(data: Data | None) -> Any:
    """The cotangent of a root: a 1 for each of its numbers."""
    if not isinstance(data, dict):
        return 1.0
    if "data" not in data:
        return data | {"min": 1.0, "mean": 1.0, "max": 1.0, "cells": None}
    ones: Any = 1.0
    for n in reversed(data["shape"]):
        ones = [ones] * n
    return data | {"data": ones}


def _box(box: Box) -> dict[str, Any]:
    layers = box.layers
    return {"title": box.title, "parent": box.parent, "items": box.items, "columns": layers.columns,
            "bends": {f"{a},{b}": path for (a, b), path in layers.bends.items()},
            "enter": layers.enter, "leave": layers.leave}


def _counts(boxes: list[Box]) -> list[int]:
    """How many nodes are inside each box, at any depth."""
    counts = [sum(item >= 0 for item in box.items) for box in boxes]
    for k in range(len(boxes) - 1, 0, -1):
        counts[boxes[k].parent or 0] += counts[k]
    return counts
