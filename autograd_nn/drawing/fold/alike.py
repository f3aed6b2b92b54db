"""Nodes that are alike: made in the same way from nodes that are alike. A layer of 200 neurons is a few such classes.

A graph of single numbers so becomes a graph of layers, as if it had been written with arrays.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...core.node import Node
from ...ops import Op
from ...ops._slots import slot_groups

FEW = 4
"""The inputs of an op with more inputs than this are not told apart by their slot, unless its entry names them."""


@dataclass
class Classes:
    """The nodes of a graph (by their place in the order) in classes. Those of ops come in topological order.

    of        the class of each node
    members   the nodes of each class; of a class of constants, none
    plain     the constants of each class of constants
    inputs    the slot kinds and classes of what each class uses
    """

    of: list[int]
    members: list[list[int]]
    plain: dict[int, list[Any]] = field(default_factory=dict)
    inputs: list[dict[tuple[int, int], None]] = field(default_factory=list)


def slot_kinds(op: Op, arity: int) -> list[int]:
    """For each slot, the first slot that it may stand for: all weights of a weighted sum are alike.

    >>> from autograd_nn import ops
    >>> slot_kinds(ops.weighted_sum, 5), slot_kinds(ops.add, 2), slot_kinds(ops.subtract, 2)
    ([0, 0, 2, 2, 4], [0, 0], [0, 1])
    """
    if op.commutes or (arity > FEW and not op.slots):
        return [0] * arity
    return [group[0] for group in slot_groups(op.slots, arity) for _ in group]


def classes_of(order: list[Node], modules: Mapping[Node, str] | None = None) -> Classes:
    """The classes of a graph, whose nodes come in topological order.

    Nodes of a class have the same op, shape, module, name (without numbers in it) and classes of inputs.
    Leaves of a class have the same shape and name (without numbers), and are used alike.
    """
    place = {node: i for i, node in enumerate(order)}
    number: dict[Hashable, int] = {}
    of: list[int] = []
    kinds: dict[tuple[Op, int], list[int]] = {}
    for node in order:                               # from below: leaves of one name and shape are alike so far
        data, inputs, op = node._data, node.inputs, node.op
        key: Any = (stem(node.name), None if type(data) is float else getattr(data, "shape", None))
        if op is not None:
            below = [of[place[x]] if isinstance(x, Node) else -1 for x in inputs]
            if op.commutes:
                below.sort()
            key += (op, *below)
            for slot in op.shaped_by:                # a square is not like a cube
                if isinstance(inputs[slot], (int, float)):
                    key += (inputs[slot],)
            if node.params:
                key += (tuple(sorted(node.params)),)
            if modules:
                key += (modules.get(node),)
        of.append(number.setdefault(key, len(number)))
    uses: dict[int, set[tuple[int, int]]] = {}
    for i, node in enumerate(order):                 # from above: leaves are alike if used alike
        inputs = node.inputs
        if inputs:
            for x, kind in zip(inputs, _kinds(node, kinds)):
                if isinstance(x, Node) and x.op is None:
                    uses.setdefault(place[x], set()).add((of[i], kind))
    for i, used in uses.items():
        of[i] = number.setdefault((of[i], frozenset(used)), len(number))
    return _in_order(order, place, of, kinds)


def _in_order(order: list[Node], place: dict[Node, int], of: list[int],
              kinds: dict[tuple[Op, int], list[int]]) -> Classes:
    """The classes numbered as they first appear, with their members and inputs."""
    new: dict[Hashable, int] = {}
    found = Classes(of, [], {}, [])
    for i, node in enumerate(order):
        inputs = node.inputs
        used = []
        if inputs:
            for x, kind in zip(inputs, _kinds(node, kinds)):
                if isinstance(x, Node):
                    used.append((kind, of[place[x]]))
                else:                                # of[i] is still the old number, which constants are known by
                    c = new.setdefault(("constant", of[i], kind), len(new))
                    if c == len(found.members):
                        found.members.append([])
                        found.inputs.append({})
                    found.plain.setdefault(c, []).append(x)
                    used.append((kind, c))
        c = new.setdefault(of[i], len(new))
        if c == len(found.members):
            found.members.append([])
            found.inputs.append({})
        found.members[c].append(i)
        found.inputs[c].update(dict.fromkeys(used))
        found.of[i] = c
    return found


def _kinds(node: Node, kinds: dict[tuple[Op, int], list[int]]) -> list[int]:
    assert node.op is not None
    key = node.op, len(node.inputs)
    if key not in kinds:
        kinds[key] = slot_kinds(*key)
    return kinds[key]


def stem(name: str | None) -> str | None:
    """A name without the numbers in it.

    >>> stem("weight[3,14]"), stem("h2"), stem(None)
    ('weight[,]', 'h', None)
    """
    return None if name is None else re.sub(r"\d+", "", name)
