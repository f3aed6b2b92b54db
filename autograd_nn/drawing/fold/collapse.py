"""A large graph as a small one: modules as boxes, nodes that are alike as one, repetitions as "the same again".

`collapsed` takes the classes of nodes that are alike (alike.py), puts modules into boxes, and then folds the longest
repetition, again and again, until the picture has at most `budget` items. The result is a Plan; `folded.py` makes the
Trace of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.node import Node
from ...errors import UsageError
from .alike import Classes, classes_of

PERIOD = 64
"""Items: the longest block that is looked for as a repeated one. The search takes time in proportion."""
MOST = 48
"""Foldings: a graph that would need more of them than this, each as good as the best, does not repeat itself enough."""
LEAST = 3
"""Times that a block must stand in a row to be folded."""

SHARED = 4
"""Users: a class that more classes than this use belongs to no repeated block; it is the same one for all of them."""
WORTH = 6
"""Classes that a folding must save to be done even where the picture has room for them."""


@dataclass
class Fold:
    """Classes that are one node of a picture: a module's, or `times` repetitions of the `period` items before it."""

    name: str
    classes: list[int]
    module: str | None = None
    period: int = 0
    times: int = 0


Item = int | Fold
"""What a picture shows as one node: a class or a box."""
LeafUses = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], int]
"""Pairs of a class of leaves and a class that uses it, as two arrays; and how many classes there are."""


@dataclass
class Plan:
    """The items of a picture in topological order, and the item in which each class is."""

    order: list[Node]
    classes: Classes
    items: list[Item]
    item_of: dict[int, int] = field(default_factory=dict)


def collapsed(order: list[Node], budget: int, *, modules: Mapping[Node, str] | None = None,
              paths: Iterable[str] = (), unfold: str | None = None) -> Plan | None:
    """The plan of a picture of at most `budget` items; None if too little in the graph is repeated.

    modules   the module path of each node made in a module
    paths     the paths of all modules
    unfold    the name of the box to be opened

    Raises UsageError if no box has the name `unfold`.
    """
    classes = classes_of(order, modules)
    sequence: list[Item] = [c for c, used in enumerate(classes.inputs) if used]
    boxes: set[str] = set()
    if modules:
        sequence, boxes = _by_module(sequence, classes, order, modules, set(paths), unfold)
    below = _leaf_uses(classes)
    signs = _signs(sequence, classes, order)
    while True:
        over = _visible(sequence, below) - budget
        run = _longest_run(signs)
        saved = 0 if run is None else (run[2] - 1) * run[1]
        if over > MOST * saved:
            if unfold is None:
                return None                          # too little is repeated
            break
        if run is None or (over <= 0 and (saved < WORTH or unfold in boxes)):
            break
        start, period, times = run
        name = f"repeat {sum(isinstance(item, Fold) and item.period > 0 for item in sequence) + 1}"
        boxes.add(name)
        folded = _folded(sequence, name, start + period, period, start + period * times)
        first = start + period
        if name == unfold:                           # as many repetitions as there is room for
            least = _visible(folded, below)
            each = max(1, -((least - _visible(sequence, below)) // (times - 1)))
            first += period * min(times - 1, max(0, budget - least) // each)
            folded = _folded(sequence, name, first, period, start + period * times)
        new = len(folded) - first - (len(sequence) - start - period * times)     # 1, or 0 if all is open
        signs = np.concatenate([signs[:first], [-1 - len(boxes)] * new, signs[start + period * times:]])
        sequence = folded
    if unfold is not None and unfold not in boxes:
        known = ", ".join(sorted(boxes)) or "none"
        raise UsageError(f"unfold: no box of the picture is called {unfold!r}\n  help: its boxes are: {known}")
    return _plan(order, classes, sequence, below) if over <= 0 else None


def _folded(sequence: list[Item], name: str, first: int, period: int, end: int) -> list[Item]:
    """The sequence with one box in the place of the repetitions from `first` to `end`."""
    inside = [c for item in sequence[first:end] for c in (item.classes if isinstance(item, Fold) else [item])]
    box = Fold(name, inside, None, period, (end - first) // period)
    return [*sequence[:first], *[box] * bool(inside), *sequence[end:]]


def _by_module(sequence: list[Item], classes: Classes, order: list[Node], modules: Mapping[Node, str],
               paths: set[str], unfold: str | None) -> tuple[list[Item], set[str]]:
    """Neighbours in the order that were made in one module become a box; those of `unfold` stay as they are."""
    names = paths or set(modules.values())
    found: list[Item] = []
    boxes: set[str] = set()
    for c in sequence:
        assert isinstance(c, int)
        path = modules.get(order[classes.members[c][0]])
        name = None if path is None else _box_of(path, names, unfold)
        for prefix in _prefixes(path or ""):
            if prefix in names:
                boxes.add(prefix)
        last = found[-1] if found else None
        if name is None:
            found.append(c)
        elif isinstance(last, Fold) and last.name == name:
            last.classes.append(c)
        else:
            found.append(Fold(name, [c], module=name))
    return found, boxes


def _prefixes(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[:i]) for i in range(1, len(parts) + 1)] if path else []


def _box_of(path: str, names: set[str], unfold: str | None) -> str | None:
    """The outermost module on the path that is not opened."""
    for prefix in _prefixes(path):
        if prefix in names and not (unfold is not None and (unfold + ".").startswith(prefix + ".")):
            return prefix
    return None


def _signs(sequence: list[Item], classes: Classes, order: list[Node]) -> np.ndarray[Any, Any]:
    """A number for each item. Two items have the same one if the same op made them of items equally far before them."""
    number: dict[Any, int] = {}
    place = {item: i for i, item in enumerate(sequence) if isinstance(item, int)}
    for i, item in enumerate(sequence):
        if isinstance(item, Fold):
            place.update(dict.fromkeys(item.classes, i))
    users = Counter(used for inputs in classes.inputs for used in {x for _, x in inputs})
    signs = []
    for i, item in enumerate(sequence):
        if isinstance(item, Fold):
            signs.append(number.setdefault(("box", item.name, i), len(number)))
            continue
        node = order[classes.members[item][0]]
        key: list[Any] = [node.op, len(classes.members[item])]
        for kind, used in classes.inputs[item]:
            if users[used] > SHARED and used in place:
                key.append((kind, -1 - used))                    # as itself: many use it, from wherever they are
            else:
                back = i - place[used] if used in place else 0   # 0: a leaf or a constant
                key.append((kind, min(back, PERIOD + 1)))
        if len(key) > 2:
            key[2:] = sorted(key[2:])
        signs.append(number.setdefault(tuple(key), len(number)))
    return np.array(signs, dtype=np.int64)


def _longest_run(signs: np.ndarray[Any, Any]) -> tuple[int, int, int] | None:
    """(start, period, times) of the repetition that saves most items; None where none comes LEAST times."""
    best, most = None, 0
    n = len(signs)
    for period in range(1, min(PERIOD, n // LEAST) + 1):
        breaks = np.flatnonzero(signs[period:] != signs[:-period])
        edges = np.concatenate([[-1], breaks, [n - period]])
        lengths = np.diff(edges) - 1
        at = int(lengths.argmax())
        times = int(lengths[at]) // period + 1
        saved = (times - 1) * period - 1
        if times >= LEAST and saved > most:
            best, most = (int(edges[at]) + 1, period, times), saved
    return best


def _leaf_uses(classes: Classes) -> LeafUses:
    """Which class of leaves or constants is used by which class, sorted by the former."""
    pairs = {(used, c) for c, inputs in enumerate(classes.inputs) for _, used in inputs if not classes.inputs[used]}
    array = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    return array[:, 0], array[:, 1], len(classes.inputs)


def _visible(sequence: list[Item], below: LeafUses) -> int:
    """How many items a picture of the sequence has: a leaf that only one box uses is inside the box."""
    leaves, users, size = below
    if not len(leaves):
        return len(sequence)
    item_of = np.zeros(size, dtype=np.int64)
    is_box = np.zeros(len(sequence), dtype=bool)
    for i, item in enumerate(sequence):
        if isinstance(item, Fold):
            is_box[i] = True
            item_of[item.classes] = i
        else:
            item_of[item] = i
    items = item_of[users]
    starts = np.flatnonzero(np.concatenate([[True], leaves[1:] != leaves[:-1]]))
    low, high = np.minimum.reduceat(items, starts), np.maximum.reduceat(items, starts)
    return len(sequence) + int(((low != high) | ~is_box[low]).sum())


def _plan(order: list[Node], classes: Classes, sequence: list[Item],
          below: LeafUses) -> Plan:
    """Leaves and constants put in their places: in the box that alone uses them, or before what first uses them."""
    owner: dict[int, int] = {}
    for i, item in enumerate(sequence):
        for c in item.classes if isinstance(item, Fold) else [item]:
            owner[c] = i
    users: dict[int, set[int]] = {}
    for leaf, user in zip(below[0].tolist(), below[1].tolist()):
        users.setdefault(leaf, set()).add(owner[user])
    for c, used in enumerate(classes.inputs):        # a leaf that is a root
        if not used and c not in users:
            users[c] = {len(sequence)}
    before: dict[int, list[int]] = {}
    for leaf, used_by in users.items():
        i = min(used_by)
        alone = sequence[i] if i < len(sequence) and len(used_by) == 1 else leaf
        if isinstance(alone, Fold):
            alone.classes.append(leaf)
        else:
            before.setdefault(i, []).append(leaf)
    plan = Plan(order, classes, [])
    for i in range(len(sequence) + 1):
        plan.items += sorted(before.get(i, ()))
        plan.items += sequence[i:i + 1]
    for i, item in enumerate(plan.items):
        for c in item.classes if isinstance(item, Fold) else [item]:
            plan.item_of[c] = i
    return plan
