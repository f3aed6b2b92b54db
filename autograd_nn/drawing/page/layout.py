"""Layout by layers: which column a thing stands in, and in which order the things of a column stand.

This is the combinatorial half of drawing a graph (Sugiyama, Tagawa, Toda 1981): layers by longest path, pulled
together; edges that pass a column get a bend in it; crossings are reduced by sweeps of barycentres. The other half,
coordinates, needs the size of each thing and is left to whoever draws.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import pairwise

SWEEPS = 6
"""Passes over the columns, to the right and to the left in turn; few graphs have fewer crossings after more."""

Edge = tuple[int, int]
"""From one thing to another, by their numbers."""


@dataclass
class Layers:
    """The things 0 … n - 1 in columns, and the bends, which are numbered from n on.

    columns  things and bends from left to right, each column from top to bottom
    bends    the bends that an edge passes, in its direction; edges between neighbouring columns have no entry
    enter    for a thing that an edge from outside leads to, the bends of that edge
    leave    for a thing that an edge to the outside comes from, the bends of that edge
    """

    columns: list[list[int]]
    bends: dict[Edge, list[int]] = field(default_factory=dict)
    enter: dict[int, list[int]] = field(default_factory=dict)
    leave: dict[int, list[int]] = field(default_factory=dict)


def layered(n: int, edges: Iterable[Edge], entering: Iterable[int] = (), leaving: Iterable[int] = ()) -> Layers:
    """The layout of n things with these edges, some of which are joined to things outside.

    entering, leaving   the things that edges from the outside lead to, and from which edges lead out

    Edges of the same thing share their bends. The graph may have cycles: an edge that would go back has no bends.
    Deterministic; the time is about linear in the number of edges and bends.

    >>> layered(4, [(0, 1), (1, 2), (0, 2), (3, 2)])
    Layers(columns=[[0], [1, 3, 4], [2]], bends={(0, 2): [4]}, enter={}, leave={})
    """
    order, forward = _acyclic(n, sorted(set(edges)))
    into, out = _neighbours(n, forward)
    entered, left = set(entering), set(leaving)
    column = _columns_of(order, into, out, entered)
    layers = Layers([[] for _ in range(max(column, default=-1) + 1)])
    for item in _depth_first(n, into, out):
        layers.columns[column[item]].append(item)
    links = _add_bends(layers, n, column, forward, sorted(entered), sorted(left))
    _reduce_crossings(layers.columns, links)
    return layers


def _acyclic(n: int, edges: Sequence[Edge]) -> tuple[list[int], list[Edge]]:
    """An order of the things, and the edges that follow it. In a cycle the thing of the lowest number comes first."""
    waiting = [0] * n
    out: list[list[int]] = [[] for _ in range(n)]
    for a, b in edges:
        if a != b:
            waiting[b] += 1
            out[a].append(b)
    ready = [i for i in range(n) if not waiting[i]]
    heapify(ready)
    place: dict[int, int] = {}
    lowest = 0
    while len(place) < n:
        if not ready:
            while lowest in place:
                lowest += 1
            heappush(ready, lowest)
        item = heappop(ready)
        if item in place:
            continue
        place[item] = len(place)
        for b in out[item]:
            waiting[b] -= 1
            if not waiting[b] and b not in place:
                heappush(ready, b)
    return list(place), [(a, b) for a, b in edges if place[a] < place[b]]


def _neighbours(n: int, edges: Iterable[Edge]) -> tuple[list[list[int]], list[list[int]]]:
    into: list[list[int]] = [[] for _ in range(n)]
    out: list[list[int]] = [[] for _ in range(n)]
    for a, b in edges:
        into[b].append(a)
        out[a].append(b)
    return into, out


def _columns_of(order: list[int], into: list[list[int]], out: list[list[int]], entered: set[int]) -> list[int]:
    """Longest path from the left; then whatever has more edges to its right than to its left moves right."""
    column = [0] * len(order)
    for item in order:
        column[item] = max((column[a] + 1 for a in into[item]), default=0)
    for item in reversed(order):
        if len(out[item]) > len(into[item]) + (item in entered):
            column[item] = min(column[b] for b in out[item]) - 1
    first = min(column, default=0)
    return [c - first for c in column]


def _depth_first(n: int, into: list[list[int]], out: list[list[int]]) -> list[int]:
    """Everything after what it is made of, and beside it: the order of reading, with few crossings to begin with."""
    placed: dict[int, None] = {}
    stack = [(i, False) for i in reversed(range(n)) if not out[i]]
    while stack:
        item, inputs_are_placed = stack.pop()
        if inputs_are_placed:
            placed[item] = None
        elif item not in placed:
            stack.append((item, True))
            stack.extend((a, False) for a in reversed(into[item]) if a not in placed)
    return list(placed)


def _add_bends(layers: Layers, n: int, column: list[int], edges: Iterable[Edge],
               entered: list[int], left: list[int]) -> list[Edge]:
    """Put the bends in their columns; the links are all pieces of edges between neighbouring columns."""
    links: dict[Edge, None] = {}
    made: dict[tuple[int, int, bool], int] = {}

    def bend(item: int, at: int, before: bool) -> int:
        key = item, at, before
        if key not in made:
            made[key] = n + len(made)
            layers.columns[at].append(made[key])
        return made[key]

    def link(path: list[int]) -> None:
        links.update(dict.fromkeys(pairwise(path)))

    for a, b in edges:
        bends = [bend(a, at, False) for at in range(column[a] + 1, column[b])]
        link([a, *bends, b])
        if bends:
            layers.bends[a, b] = bends
    last = len(layers.columns)
    for item in entered:
        if column[item]:
            layers.enter[item] = [bend(item, at, True) for at in range(column[item])]
            link([*layers.enter[item], item])
    for item in left:
        if column[item] < last - 1:
            layers.leave[item] = [bend(item, at, False) for at in range(column[item] + 1, last)]
            link([item, *layers.leave[item]])
    return list(links)


def _reduce_crossings(columns: list[list[int]], links: list[Edge]) -> None:
    """Sweeps there and back: each column is sorted by the mean place of its neighbours; the best order is kept."""
    size = sum(map(len, columns))
    into, out = _neighbours(size, links)
    best, fewest = [list(c) for c in columns], _crossings(columns, out)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        rightwards = sweep % 2 == 0
        near = into if rightwards else out
        place: list[float] = [0.0] * size
        for c in columns if rightwards else reversed(columns):
            wish = {item: sum(place[x] for x in near[item]) / len(near[item]) if near[item] else None for item in c}
            _sort_by(c, wish)
            for i, item in enumerate(c):
                place[item] = i / len(c)
        found = _crossings(columns, out)
        if found < fewest:
            best, fewest = [list(c) for c in columns], found
    columns[:] = best


def _sort_by(column: list[int], wish: dict[int, float | None]) -> None:
    """Sort those with a wish among the places that they have; those without stay where they are."""
    places = [i for i, item in enumerate(column) if wish[item] is not None]
    ordered = sorted((column[i] for i in places), key=lambda item: wish[item] or 0.0)
    for i, item in zip(places, ordered):
        column[i] = item


def _crossings(columns: list[list[int]], out: list[list[int]]) -> int:
    """How many pairs of links cross: of each link, those before it that end below it."""
    total = 0
    for left, right in pairwise(columns):
        place = {item: i for i, item in enumerate(right)}
        ends: list[int] = []
        for item in left:
            here = sorted(place[b] for b in out[item])
            total += sum(len(ends) - bisect_left(ends, end + 1) for end in here)
            for end in here:
                insort(ends, end)
    return total
