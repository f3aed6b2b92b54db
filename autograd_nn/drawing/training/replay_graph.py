"""The graph of a replay: how it is laid out, once, and its numbers, at each step."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ...notation.names import names_of
from ...notation.summary import Data
from ..page.layout import layered
from ..record.trace import Trace

WIDTH, HEIGHT = 140, 50          # of a box, in pixels
CONSTANT = 26                    # height of the box of a constant
ACROSS, DOWN = 40, 14            # between columns, and between boxes
FEW = 4
"""Numbers: an array of at most this many is shown in full, a longer one by its mean."""
SWEEPS = 12                      # passes that move boxes towards their neighbours, to the right and left in turn


def structure(trace: Trace) -> dict[str, Any]:
    """All of a graph that does not change from step to step: boxes with their places, and edges."""
    nodes = trace["nodes"]
    names = names_of(nodes)
    edges = sorted({(use["node"], n["id"]) for n in nodes for use in n["inputs"]})
    layers = layered(len(nodes), edges)
    chains = {edge: [edge[0], *layers.bends.get(edge, []), edge[1]] for edge in edges}
    heights = [CONSTANT if n["role"] in ("constant", "omitted") else HEIGHT for n in nodes]
    y = _places(layers.columns, list(chains.values()), heights)
    x = {item: c * (WIDTH + ACROSS) for c, column in enumerate(layers.columns) for item in column}
    return {
        "width": len(layers.columns) * (WIDTH + ACROSS) - ACROSS,
        "height": round(max(y[n["id"]] + heights[n["id"]] / 2 for n in nodes)),
        "nodes": [{"name": name, "symbol": n["symbol"], "role": "parameter" if n["parameter"] else n["role"],
                   "shape": _shape(n["value"]), "x": x[i], "y": round(y[i] - heights[i] / 2), "height": heights[i]}
                  for i, (n, name) in enumerate(zip(nodes, names))],
        "edges": [[[x[item] + (WIDTH if k == 0 else 0 if k == len(chain) - 1 else WIDTH // 2), round(y[item])]
                   for k, item in enumerate(chain)] for chain in chains.values()],
    }


def values_and_gradients(trace: Trace) -> tuple[list[Any], list[Any]]:
    """Of each node the value and the gradient: a number, a short list, or the mean of a long one; or null."""
    return [_few(n["value"]) for n in trace["nodes"]], [_few(n["gradient"]) for n in trace["nodes"]]


def _few(data: Data | None) -> Any:
    if not isinstance(data, dict):
        return data
    flat = _flat(data.get("data"))
    if flat is None or not flat:
        return {"mean": data["mean"]} if "mean" in data else []
    if len(flat) <= FEW:
        return flat if data["shape"] else flat[0]
    numbers = [x for x in flat if not isinstance(x, str)]
    return {"mean": sum(numbers) / len(numbers) if len(numbers) == len(flat) else "nan"}


def _flat(nested: Any) -> list[Any] | None:
    if nested is None:
        return None
    return [x for part in nested for x in _flat(part) or []] if isinstance(nested, list) else [nested]


def _shape(data: Data | None) -> list[int] | None:
    return data["shape"] if isinstance(data, dict) and data["shape"] else None


def _places(columns: list[list[int]], chains: list[list[int]], heights: list[int]) -> dict[int, float]:
    """The middle of each box and bend, from the top: near the middle of its neighbours, and never overlapping."""
    near: dict[int, list[int]] = {}
    for chain in chains:
        for a, b in pairwise(chain):
            near.setdefault(a, []).append(b)
            near.setdefault(b, []).append(a)
    half = {item: (heights[item] + DOWN) / 2 if item < len(heights) else DOWN / 2 for c in columns for item in c}
    y: dict[int, float] = {}
    for column in columns:
        at = -sum(half[item] for item in column)
        for item in column:
            y[item] = at + half[item]
            at += 2 * half[item]
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 else columns[::-1]:
            wished = [sum(y[other] for other in near[i]) / len(near[i]) if i in near else y[i] for i in column]
            placed: list[float] = []
            for k, item in enumerate(column):
                least = placed[-1] + half[column[k - 1]] + half[item] if k else wished[0]
                placed.append(max(wished[k], least))
            slack = sum(p - w for p, w in zip(placed, wished)) / len(column)
            y.update(zip(column, (p - slack for p in placed)))
    top = min(y[item] - half[item] for item in y)
    return {item: value - top for item, value in y.items()}
