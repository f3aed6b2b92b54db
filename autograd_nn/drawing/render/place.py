"""Coordinates by simple layering, for the pictures that are drawn without Graphviz."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..page.layout import layered
from ..record.trace import Trace
from .label import width
from .lines import lines_of

GAP, BETWEEN = 18.0, 56.0        # from node to node in a column, and from column to column, in px
ROUNDS = 8                       # passes that move nodes towards their neighbours; more make edges hardly straighter


@dataclass
class Placed:
    """Where things stand, in px from the upper left corner: their centres, and the points that each edge passes."""

    at: list[tuple[float, float]]
    bends: dict[tuple[int, int], list[tuple[float, float]]]
    width: float
    height: float


def laid_out(trace: Trace, gradients: bool, marks: Mapping[int, str], *, letter: float, line: float,
             pad: float) -> tuple[list[list[str]], list[tuple[float, float]], Placed]:
    """The lines of text in each node of a Trace, the size of each node (width, height), and where each stands.

    letter, line, pad   in px: the size of the letters, the distance of lines, and the room around the text
    """
    lines = [lines_of(node, gradients, marks.get(node["id"])) for node in trace["nodes"]]
    sizes = [(max(map(width, shown), default=1.0) * letter + 2 * pad, len(shown) * line + 2 * pad) for shown in lines]
    return lines, sizes, placed(sizes, [(use["node"], node["id"]) for node in trace["nodes"] for use in node["inputs"]])


def placed(sizes: Sequence[tuple[float, float]], edges: Sequence[tuple[int, int]]) -> Placed:
    """Things of these sizes (width, height) in columns from left to right.

    >>> placed([(10, 10), (10, 10)], [(0, 1)])
    Placed(at=[(5.0, 5.0), (71.0, 5.0)], bends={(0, 1): []}, width=76.0, height=10.0)
    """
    n = len(sizes)
    layers = layered(n, edges)
    chain = {edge: [edge[0], *layers.bends.get(edge, ()), edge[1]] for edge in edges}
    beside: dict[int, list[int]] = {}
    for path in chain.values():
        for a, b in pairwise(path):
            beside.setdefault(a, []).append(b)
            beside.setdefault(b, []).append(a)

    def high(i: int) -> float:
        return sizes[i][1] if i < n else 0.0

    x: dict[int, float] = {}
    y: dict[int, float] = {}
    span: dict[int, tuple[float, float]] = {}        # a bend crosses its whole column
    left = 0.0
    for column in layers.columns:
        wide = max((sizes[i][0] for i in column if i < n), default=0.0)
        top = 0.0
        for i in column:
            x[i], y[i], span[i] = left + wide / 2, top + high(i) / 2, (left, left + wide)
            top += high(i) + GAP
        left += wide + BETWEEN
    for turn in range(ROUNDS):                       # towards the neighbours, as far as there is room
        for column in layers.columns if turn % 2 else layers.columns[::-1]:
            wish = [sum(y[j] for j in beside[i]) / len(beside[i]) if i in beside else y[i] for i in column]
            least = -1e18
            for i, want in zip(column, wish):
                y[i] = max(want, least + high(i) / 2)
                least = y[i] + high(i) / 2 + GAP
            over = sum(y[i] - want for i, want in zip(column, wish)) / max(len(column), 1)
            for i in column:                         # pushed down only, so the column as a whole goes up again
                y[i] -= over
    top = min((y[i] - high(i) / 2 for i in y), default=0.0)
    bottom = max((y[i] + high(i) / 2 for i in y), default=0.0)
    return Placed([(x[i], y[i] - top) for i in range(n)],
                  {edge: [(side, y[i] - top) for i in path[1:-1] for side in span[i]] for edge, path in chain.items()},
                  max(left - BETWEEN, 0.0), bottom - top)
