"""Boxes that fold: the modules of a Trace, and where these are too large or missing, blocks of the program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate

from ..record.trace import NodeRecord, Trace
from .layout import Layers, layered

LARGEST = 60
"""Things (nodes and boxes) in one box. A box with more is cut into blocks."""
BLOCK = 40
"""Nodes that a block should have. Larger blocks mean fewer clicks to open them and more to see at a time."""
BLOCKS = 8
"""Blocks at most that a box is cut into. If they are still too large, they are cut in turn."""


@dataclass
class Box:
    """A box and what stands directly in it: nodes by their number, and boxes as ~number (a negative number)."""

    title: str
    parent: int | None
    items: list[int] = field(default_factory=list)
    layers: Layers = field(default_factory=lambda: Layers([]))


def boxes_of(trace: Trace) -> list[Box]:
    """The boxes of a Trace, laid out. Box 0 is the whole; a box has a higher number than the box it stands in."""
    boxes, home = _modules(trace)
    for node, box in enumerate(home):
        boxes[box].items.append(node)
    _cut_large_boxes(trace, boxes, home)
    _lay_out(trace, boxes, home)
    return boxes


def _modules(trace: Trace) -> tuple[list[Box], list[int]]:
    """A box for each module that made a node itself, and for each node its box."""
    paths = _paths(trace["nodes"])
    classes = {m["path"]: m["class"] for m in trace["modules"]}
    inside: dict[str, list[str]] = {path: [] for path in ["", *dict.fromkeys(paths)]}
    for path in inside:
        parent = path
        while parent:
            parent = parent.rpartition(".")[0]
            if parent in inside:
                inside[parent].append(path)
                break
    boxes, number = [Box("", None)], {"": 0}
    waiting = [(0, inside[""])]
    for k, held in waiting:                          # grows as it is walked: the outer boxes first
        size = -(-len(held) // BLOCKS) if len(held) > LARGEST else 1
        for at in range(0, len(held), size):
            group = held[at:at + size]
            first, new = group[0], len(boxes)
            boxes[k].items.append(~new)
            if size > 1:                             # too many side by side: neighbours share a box
                boxes.append(Box(f"{first} … {group[-1]}", k))
                waiting.append((new, group))
                continue
            boxes.append(Box(f"{first} · {classes[first]}" if first in classes else first, k))
            number[first] = new
            waiting.append((new, inside[first]))
    return boxes, [number[path] for path in paths]


def _paths(nodes: list[NodeRecord]) -> list[str]:
    """The module of each node; a leaf or constant without one belongs to where it is used."""
    paths: list[str | None] = [node["module"] for node in nodes]
    for node in nodes:                               # of a folded Trace: it is the module, and stands beside it
        if node["role"] == "box" and node["module"]:
            paths[node["id"]] = node["module"].rpartition(".")[0]
    users: dict[int, str | None] = {}
    for node in reversed(nodes):
        i = node["id"]
        if paths[i] is None and not node["inputs"]:
            paths[i] = users.get(i)
        for use in node["inputs"]:
            path, known = paths[i] or "", users.get(use["node"])
            users[use["node"]] = path if known is None else _common(known, path)
    return [path or "" for path in paths]


def _common(a: str, b: str) -> str:
    """The path of the smallest module that holds both."""
    if a == b:
        return a
    shared = []
    for x, y in zip(a.split("."), b.split(".")):
        if x != y:
            break
        shared.append(x)
    return ".".join(shared)


def _cut_large_boxes(trace: Trace, boxes: list[Box], home: list[int]) -> None:
    """Cut whatever has too many nodes of its own into blocks, and those again; the nodes' homes follow."""
    last_use = list(range(len(home)))
    for node in trace["nodes"]:
        for use in node["inputs"]:
            last_use[use["node"]] = max(last_use[use["node"]], node["id"])
    waiting = list(range(len(boxes)))
    while waiting:
        k = waiting.pop()
        own = [i for i in boxes[k].items if i >= 0]
        if len(boxes[k].items) <= LARGEST or len(own) <= BLOCK:
            continue
        boxes[k].items = [i for i in boxes[k].items if i < 0]
        for block in _blocks(own, last_use):
            number = len(boxes)
            boxes[k].items.append(~number)
            boxes.append(Box(_made_of(trace, block), k, block))
            waiting.append(number)
            for i in block:
                home[i] = number


def _blocks(nodes: list[int], last_use: list[int]) -> list[list[int]]:
    """Consecutive nodes, cut where the fewest values are in use across the cut: between neurons, between layers."""
    n, place = len(nodes), {node: i for i, node in enumerate(nodes)}
    change = [0] * (n + 1)
    for i, node in enumerate(nodes):
        change[i + 1] += 1
        last = place.get(last_use[node], n - 1)
        if last < n:
            change[min(last + 1, n)] -= 1
    alive = list(accumulate(change))
    pieces = min(BLOCKS, -(-n // BLOCK))
    length = n / pieces
    cuts = [0]
    for piece in range(1, pieces):
        middle, slack = piece * length, length / 3
        window = range(max(cuts[-1] + 1, round(middle - slack)), min(n, round(middle + slack) + 1))
        cuts.append(min(window, key=lambda at: (alive[at], abs(at - middle))))
    return [nodes[a:b] for a, b in zip(cuts, [*cuts[1:], n])]


def _made_of(trace: Trace, block: Iterable[int]) -> str:
    """A block in a few words: the ops that it has most of."""
    ops = Counter(trace["nodes"][i]["symbol"] for i in block)
    ops.pop(None, None)
    return " · ".join(f"{symbol} {count}" for symbol, count in ops.most_common(3))


def _lay_out(trace: Trace, boxes: list[Box], home: list[int]) -> None:
    """Each box by itself; an edge belongs to the smallest box that holds both its ends."""
    parents = [box.parent for box in boxes]
    depth = [0] * len(boxes)
    for k, parent in enumerate(parents):
        depth[k] = 0 if parent is None else depth[parent] + 1
    place = {item: i for box in boxes for i, item in enumerate(box.items)}
    edges: list[set[tuple[int, int]]] = [set() for _ in boxes]
    entering: list[set[int]] = [set() for _ in boxes]
    leaving: list[set[int]] = [set() for _ in boxes]
    for node in trace["nodes"]:
        for use in node["inputs"]:
            a, b = use["node"], node["id"]
            i, j = home[a], home[b]
            while i != j:
                if depth[i] >= depth[j]:
                    leaving[i].add(place[a])
                    a, i = ~i, parents[i] or 0
                else:
                    entering[j].add(place[b])
                    b, j = ~j, parents[j] or 0
            edges[i].add((place[a], place[b]))
    for k, box in enumerate(boxes):
        box.layers = layered(len(box.items), edges[k], entering[k], leaving[k])
