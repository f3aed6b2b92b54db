"""Copies and pickles of graphs of any depth, without recursion."""

from __future__ import annotations

from typing import Any

from ..ops import Op
from .node import NOTHING, Node, topological


def shallow(node: Node) -> Any:
    """A node with the same inputs."""
    return rebuild(type(node), node._data, node._op, node._inputs, node._params, node.name, node._grad)


def deep(root: Node, memo: dict[int, Any]) -> Any:
    """A copy of the whole graph below."""
    for node in topological([root]):
        if id(node) not in memo:
            inputs = tuple(memo[id(x)] if isinstance(x, Node) else x for x in node._inputs)
            memo[id(node)] = rebuild(type(node), node._data, node._op, inputs, node._params, node.name,
                                     _plain(node._grad))
    return memo[id(root)]


def pickled(root: Node) -> tuple[Any, ...]:
    """What pickle is to keep: a flat list of records."""
    if root._op is None:
        return rebuild, (type(root), root._data, None, (), NOTHING, root.name, _plain(root._grad))
    order = topological([root])
    place = {node: i for i, node in enumerate(order)}
    records: list[Any] = []
    for node in order:
        if node._op is None:
            records.append(node)                         # a leaf pickles itself, and stays shared
        else:
            wires = tuple((place[x], None) if isinstance(x, Node) else (-1, x) for x in node._inputs)
            records.append((type(node), node._data, node._op, wires, node._params, node.name, _plain(node._grad)))
    return _rewire, (records,)


def _plain(grad: Any) -> Any:
    return grad._data if isinstance(grad, Node) else grad


def rebuild(kind: type[Node], data: Any, op: Op | None, inputs: tuple[Any, ...],
            params: dict[str, Any], name: str | None, grad: Any) -> Any:
    """A node with all that it holds."""
    node = kind._made(data, op, inputs, params)
    node.name, node._grad = name, grad
    return node


def _rewire(records: list[Any]) -> Any:
    nodes: list[Any] = []
    for record in records:
        if isinstance(record, Node):
            nodes.append(record)
        else:
            kind, data, op, wires, params, name, grad = record
            inputs = tuple(nodes[i] if i >= 0 else constant for i, constant in wires)
            nodes.append(rebuild(kind, data, op, inputs, params, name, grad))
    return nodes[-1]
