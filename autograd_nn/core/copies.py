"""Copies and pickles.

A leaf is where a program keeps a number or an array. A copy of it is another such place, and shares nothing that either
may change. What an op made is a result, and so is the variable of a transform: each is what its inputs made of it, so
that a copy of it is the node itself. Were it another node, its gradient would be lost.

A pickle holds a graph of any depth, with leaves of its own.
"""

from __future__ import annotations

import copy
from typing import Any

from ..errors import LeavesGraphError
from ..ops import Op
from .fixed import FREE
from .node import NOTHING, STORAGE, Node, topological
from .times import assigned_since
from .variables import has_served, is_running, was_made

_STORED = frozenset({*STORAGE, "_operands", "_part", "_time"})


def shallow(node: Node) -> Any:
    """A leaf with the same data and a gradient of its own; any other node itself."""
    if _is_result(node):
        return node
    return rebuild(type(node), node._data, None, (), NOTHING, node.name, copy.copy(node._grad), _attached(node),
                   node._fixed)


def deep(node: Node, memo: dict[int, Any]) -> Any:
    """A leaf with copies of all that the original holds; any other node itself."""
    if _is_result(node):
        return node
    made = memo[id(node)] = rebuild(type(node), copy.copy(node._data), None, (), NOTHING, node.name, None,
                                    fixed=node._fixed)
    made._grad = copy.deepcopy(node._grad, memo)
    _attach(made, copy.deepcopy(_attached(node), memo))
    return made


def pickled(root: Node) -> tuple[Any, ...]:
    """What pickle is to keep: a flat list of records."""
    order = topological([root])
    for node in order:
        if is_running(node):
            raise LeavesGraphError(
                f"a {type(root).__name__} cannot be pickled inside the function that a transform differentiates by it: "
                "what is read back would have no gradient\n"
                "  help: copy.copy and copy.deepcopy keep the gradient; .item() or .data is what it holds")
    if root._op is None:
        return rebuild, _record(root, ())
    place = {node: i for i, node in enumerate(order)}
    records: list[Any] = []
    for node in order:
        if node._op is None:
            records.append(node)                         # a leaf pickles itself, and stays shared
        else:
            records.append(_record(node, tuple((place[x], None) if isinstance(x, Node) else (-1, x)
                                               for x in node._inputs)))
    assigned = {i: assigned_since(node) for i, node in enumerate(order)}     # which data no longer are what the op saw
    before = {i: getattr(order[i], "_operands", place[x]) for i, x in assigned.items() if x is not None}
    return _rewire, (records, before)


def _record(node: Node, wires: tuple[Any, ...]) -> tuple[Any, ...]:
    grad = node._grad._data if isinstance(node._grad, Node) else node._grad
    return type(node), node._data, node._op, wires, node._params, node.name, grad, _attached(node), node._fixed


def rebuild(kind: type[Node], data: Any, op: Op | None, inputs: tuple[Any, ...],
            params: dict[str, Any], name: str | None, grad: Any, attached: dict[str, Any] = NOTHING,
            fixed: int = FREE) -> Any:
    """A node with all that it holds."""
    node = kind._made(data, op, inputs, params)
    node.name, node._grad = name, grad
    if fixed:
        node._fixed = fixed
    _attach(node, attached)
    return node


def _rewire(records: list[Any], before: dict[int, Any]) -> Any:
    nodes: list[Any] = []
    for record in records:
        if isinstance(record, Node):
            nodes.append(record)
        else:
            kind, data, op, wires, *rest = record
            nodes.append(rebuild(kind, data, op, tuple(nodes[i] if i >= 0 else x for i, x in wires), *rest))
    for i, operands in before.items():
        if isinstance(operands, tuple):                  # of a Tensor: what the op saw
            nodes[i]._operands = operands
        else:                                            # of a Value: the leaf that was assigned a number since
            nodes[operands]._take(nodes[operands]._data)
    return nodes[-1]


def _is_result(node: Node) -> bool:
    return was_made(node) or is_running(node) or has_served(node)


def _attached(node: Node) -> dict[str, Any]:
    """What a program has attached to an instance of a class of its own: the attributes that no Node has."""
    state = node.__getstate__()                          # a dict, or a dict and what stands in slots
    parts = state if isinstance(state, tuple) else (state,)
    return {name: x for part in parts for name, x in (part or {}).items() if name not in _STORED}


def _attach(node: Node, attached: dict[str, Any]) -> None:
    for name, x in attached.items():
        setattr(node, name, x)
