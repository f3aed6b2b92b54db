"""The Trace: everything that a renderer needs to know of a graph, as plain JSON.

It is read off the finished graph: nothing has to be recorded beforehand. README.md describes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

import numpy as np

from ..errors import UsageError
from ..graph import Node, data_of, topological
from .cut import nearest
from .events import Event, events_of, local_derivatives
from .expand import expanded
from .summary import Data, summary, words

VERSION = 1


class Input(TypedDict):
    """One use of a node: argument `slot` of the op (None where several uses are left out together)."""

    slot: int | None
    node: int
    local: Data | None


class NodeRecord(TypedDict):
    """One node; `arity` is how many inputs its op has, `count` how many nodes it stands for if "omitted", else 1."""

    id: int
    kind: str
    role: str
    name: str | None
    op: str | None
    symbol: str | None
    params: dict[str, str]
    value: Data | None
    gradient: Data | None
    arity: int
    inputs: list[Input]
    count: int


class Trace(TypedDict):
    """A graph as plain JSON: see the README beside this file."""

    version: int
    roots: list[int]
    nodes: list[NodeRecord]
    events: list[Event] | None
    total: int


def trace_of(graph: Node | Iterable[Node], *, max_nodes: int | None = None, expand: bool = False) -> Trace:
    """The Trace of all that a Value or Tensor (or several) was computed from.

    max_nodes   keep only so many nodes, those nearest the roots; nodes of role "omitted" stand for
                the others, and there are no events then. By default all are kept.
    expand      write `dot` and `sum_of`, which are one node each, as their products and running sums

    Nothing is written to the graph. Raises UsageError for anything but nodes.

    >>> from autograd_nn import Value
    >>> trace = trace_of(Value(3.0, name="x") * 2)
    >>> [(n["id"], n["role"], n["name"], n["value"]) for n in trace["nodes"]]
    [(0, 'leaf', 'x', 3.0), (1, 'constant', None, 2), (2, 'output', None, 6.0)]
    >>> trace["nodes"][2]["inputs"]
    [{'slot': 0, 'node': 0, 'local': 2.0}, {'slot': 1, 'node': 1, 'local': None}]
    """
    return numbered(graph, max_nodes=max_nodes, expand=expand)[0]


def numbered(graph: Node | Iterable[Node], *, max_nodes: int | None = None,
             expand: bool = False) -> tuple[Trace, dict[Node, int]]:
    """The Trace, and the number that it gives to each node of the graph."""
    roots = _roots(graph)
    if not expand:
        return _numbered(roots, max_nodes)
    became = expanded(roots)
    trace, ids = _numbered([became[root] for root in roots], max_nodes)
    return trace, {node: ids[new] for node, new in became.items() if new in ids}


def _numbered(roots: list[Node], max_nodes: int | None) -> tuple[Trace, dict[Node, int]]:
    order = topological(roots)
    cut = nearest(roots, order, max_nodes)
    outputs = set(roots)
    ids: dict[Node, int] = {}
    records: list[NodeRecord] = [_stranger(i, "omitted", count=count) for i, count in enumerate(cut.counts)]
    for node in order:
        if not cut.keeps(node):
            continue
        inputs: list[Input] = [{"slot": None, "node": stub, "local": None} for stub in cut.stubs.get(node, ())]
        given = node.inputs
        slots = [slot for slot in range(len(given)) if cut.keeps_use(node, slot)]
        local = local_derivatives(node, slots)
        for slot in slots:
            x = given[slot]
            if not isinstance(x, Node):              # a constant has no identity: each use draws its own
                records.append(_stranger(len(records), "constant", summary(x)))
            at = ids[x] if isinstance(x, Node) else len(records) - 1
            inputs.append({"slot": slot, "node": at, "local": local[slot]})
        ids[node] = len(records)
        records.append(_node(len(records), node, inputs, node in outputs))
    trace: Trace = {
        "version": VERSION,
        "roots": [ids[root] for root in roots if root in ids],
        "nodes": records,
        "events": None if cut.partial else events_of(roots, order, ids),
        "total": cut.total,
    }
    return trace, ids


def _roots(graph: Node | Iterable[Node]) -> list[Node]:
    if isinstance(graph, Node):
        return [graph]
    help = "give it a Value or Tensor, or a list of them"
    if not isinstance(graph, Iterable) or isinstance(graph, (str, bytes)):
        raise UsageError(f"only a graph can be drawn, not {type(graph).__name__} {graph!r:.60}\n  help: {help}")
    roots: dict[Node, None] = {}
    for root in graph.flat if isinstance(graph, np.ndarray) else graph:
        if not isinstance(root, Node):
            raise UsageError(f"only a graph can be drawn, not {type(root).__name__} {root!r:.60}\n  help: {help}")
        roots[root] = None
    if not roots:
        raise UsageError(f"there is nothing to draw in an empty {type(graph).__name__}\n  help: {help}")
    return list(roots)


def _node(i: int, node: Node, inputs: list[Input], is_output: bool) -> NodeRecord:
    op = node.op
    params = {} if op is None else {
        key: words(value) for key, value in node.params.items() if value is not None
        and (key not in op.params or words(value) != words(op.params[key]))}
    return {
        "id": i, "kind": type(node).__name__,
        "role": "leaf" if op is None else "output" if is_output else "intermediate",
        "name": None if node.name is None else str(node.name),
        "op": op.name if op else None, "symbol": op.symbol if op else None, "params": params,
        "value": summary(node._data),
        "gradient": summary(data_of(node._grad)) if node.has_grad else None,
        "arity": len(node.inputs), "inputs": inputs, "count": 1,
    }


def _stranger(i: int, role: str, value: Data | None = None, count: int = 1) -> NodeRecord:
    """What stands in the picture and is no node of the graph: a constant, or nodes left out."""
    return {"id": i, "kind": role, "role": role, "name": None, "op": None, "symbol": None, "params": {},
            "value": value, "gradient": None, "arity": 0, "inputs": [], "count": count}
