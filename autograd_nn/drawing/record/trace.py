"""The Trace: everything that a renderer needs to know of a graph, as plain JSON.

It is read off the finished graph: nothing has to be recorded beforehand. What `with trace()` noted
of the program is added where there is such a record. drawing/README.md describes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypedDict

import numpy as np

from ...core.node import Node, data_of, topological
from ...core.options import flag
from ...errors import UsageError
from ...notation.names import names_of
from ...notation.summary import Data, heat_map, in_words, summary
from ...ops._refusal import shown_in_error
from .cut import nearest
from .events import Event, derivative_values, events_of
from .expand import expanded, origins
from .formula import written
from .notes import ErrorRecord, Failure, ModuleRecord, Note, Notes, Recorded, Source, orders
from .states import states_of

VERSION = 2                     # of the format; it rises when the meaning of an entry changes
PICTURED = 1000
"""Nodes: in a larger graph large arrays have no heat maps, which would make the Trace too long."""
_NO_NOTE = Note()               # of a node of which nothing was noted


class Input(TypedDict):
    """One use of a node: argument `slot` of the op (None where several uses are left out together)."""

    slot: int | None
    node: int
    local: Data | None
    text: str | None
    tex: str | None


class NodeRecord(TypedDict):
    """One node; `arity` is how many inputs its op has, `count` how many nodes it stands for if "omitted", else 1."""

    id: int
    kind: str
    role: str
    name: str | None
    label: str | None
    op: str | None
    symbol: str | None
    params: dict[str, str]
    value: Data | None
    gradient: Data | None
    arity: int
    inputs: list[Input]
    count: int
    module: str | None
    source: Source | None
    order: int
    parameter: bool
    state: list[str]


class Trace(TypedDict):
    """A graph as plain JSON: see drawing/README.md."""

    version: int
    roots: list[int]
    nodes: list[NodeRecord]
    events: list[Event] | None
    total: int
    modules: list[ModuleRecord]
    error: ErrorRecord | None


Graph = Node | Iterable[Node] | Recorded
"""What has a Trace: a node, several, or what `with trace()` gave."""


def trace_of(graph: Graph, *, max_nodes: int | None = None, expand: bool = False) -> Trace:
    """The Trace of all that a Value or Tensor (or several) was computed from, or of what `with trace()` recorded.

    max_nodes   how many nodes to keep at most, those nearest the roots; nodes of role "omitted" stand for
                the others, and there are no events then. By default all are kept.
    expand      write `dot` and `sum_of`, which are one node each, as their products and running sums

    Nothing is written to the graph. Raises UsageError for anything but nodes.

    >>> from autograd_nn import Value
    >>> trace = trace_of(Value(3.0, name="x") * 2)
    >>> [(n["id"], n["role"], n["name"], n["value"]) for n in trace["nodes"]]
    [(0, 'leaf', 'x', 3.0), (1, 'constant', None, 2), (2, 'output', None, 6.0)]
    >>> trace["nodes"][2]["inputs"][0]
    {'slot': 0, 'node': 0, 'local': 2.0, 'text': '2', 'tex': '2'}
    """
    return numbered(graph, max_nodes=max_nodes, expand=expand)[0]


def numbered(graph: Graph, *, max_nodes: int | None = None, expand: bool = False) -> tuple[Trace, dict[Node, int]]:
    """The Trace, and the number that it gives to each node of the graph."""
    roots, expand = roots_of(graph), flag("expand", expand)
    notes = graph.notes() if isinstance(graph, Recorded) else None
    if not expand:
        return _numbered(roots, max_nodes, notes)
    became = expanded(roots)
    if notes is not None:
        notes = notes.moved(origins(became))
    trace, ids = _numbered([became[root] for root in roots], max_nodes, notes)
    return trace, {node: ids[new] for node, new in became.items() if new in ids}


def _numbered(roots: list[Node], max_nodes: int | None, notes: Notes | None) -> tuple[Trace, dict[Node, int]]:
    order = topological(roots)
    cut = nearest(roots, order, max_nodes)
    outputs = set(roots)
    differentiated = orders(roots, notes)
    noted = notes.nodes if notes is not None else {}
    shown_as = heat_map if len(order) <= PICTURED else summary
    ids: dict[Node, int] = {}
    records: list[NodeRecord] = [other_record(i, "omitted", count=count) for i, count in enumerate(cut.counts)]
    shown: list[tuple[Node, NodeRecord]] = []
    for node in order:
        if not cut.keeps(node):
            continue
        inputs: list[Input] = [use_of(None, stub, None) for stub in cut.stubs.get(node, ())]
        given = node.inputs
        slots = [slot for slot in range(len(given)) if cut.keeps_use(node, slot)]
        local = derivative_values(node, slots)
        for slot in slots:
            x = given[slot]
            if not isinstance(x, Node):              # a constant has no identity: each use draws its own
                records.append(other_record(len(records), "constant", summary(x)))
            at = ids[x] if isinstance(x, Node) else len(records) - 1
            inputs.append(use_of(slot, at, local[slot]))
        ids[node] = len(records)
        record = node_record(len(records), node, inputs, node in outputs, noted.get(node, _NO_NOTE), shown_as)
        record["order"] = differentiated.get(node, 0)
        records.append(record)
        shown.append((node, record))
    names = names_of(records)
    states = states_of(order)
    for node, record in shown:
        written(node, record, names)
        record["state"] = states.get(node, [])
    trace: Trace = {
        "version": VERSION,
        "roots": [ids[root] for root in roots if root in ids],
        "nodes": records,
        "events": None if cut.partial else events_of(roots, order, ids),
        "total": cut.total,
        "modules": [] if notes is None else notes.modules,
        "error": None if notes is None or notes.failure is None else error_record(notes.failure, ids),
    }
    return trace, ids


def roots_of(graph: Graph) -> list[Node]:
    """The nodes that were asked for, each once. Raises UsageError for anything but nodes."""
    if isinstance(graph, Node):
        return [graph]
    if isinstance(graph, Recorded):
        return graph.roots()
    help = "give it a Value or Tensor, a list of them, or what `with trace() as t` gave"
    if not isinstance(graph, Iterable) or isinstance(graph, (str, bytes)):
        raise UsageError(f"only a graph can be drawn, not {type(graph).__name__} {shown_in_error(graph)}\n"
                         f"  help: {help}")
    roots: dict[Node, None] = {}
    for root in graph.flat if isinstance(graph, np.ndarray) else graph:
        if not isinstance(root, Node):
            raise UsageError(f"only a graph can be drawn, not {type(root).__name__} {shown_in_error(root)}\n"
                             f"  help: {help}")
        roots[root] = None
    if not roots:
        raise UsageError(f"there is nothing to draw in an empty {type(graph).__name__}\n  help: {help}")
    return list(roots)


def node_record(i: int, node: Node, inputs: list[Input], is_output: bool, note: Note,
          shown: Callable[[Any], Data] = heat_map) -> NodeRecord:
    """The record of a node, whose value and gradient are written down by `shown`."""
    op = node.op
    return {
        "id": i, "kind": type(node).__name__,
        "role": "leaf" if op is None else "output" if is_output else "intermediate",
        "name": None if node.name is None else str(node.name), "label": note.label,
        "op": op.name if op else None, "symbol": op.symbol if op else None,
        "params": _params(node) if node.params else {},
        "value": shown(node._data),
        "gradient": shown(data_of(node._grad)) if node.has_grad else None,
        "arity": len(node.inputs), "inputs": inputs, "count": 1,
        "module": note.module, "source": note.source, "order": 0, "parameter": note.parameter, "state": [],
    }


def _params(node: Node) -> dict[str, str]:
    """The parameters that are not at their defaults."""
    assert node.op is not None
    defaults = node.op.params
    return {key: in_words(value) for key, value in node.params.items() if value is not None
            and (key not in defaults or in_words(value) != in_words(defaults[key]))}


def use_of(slot: int | None, at: int, local: Data | None) -> Input:
    return {"slot": slot, "node": at, "local": local, "text": None, "tex": None}


def other_record(i: int, role: str, value: Data | None = None, count: int = 1) -> NodeRecord:
    """What stands in the picture and is no node of the graph: a constant, or nodes left out."""
    return {"id": i, "kind": role, "role": role, "name": None, "label": None, "op": None, "symbol": None,
            "params": {}, "value": value, "gradient": None, "arity": 0, "inputs": [], "count": count,
            "module": None, "source": None, "order": 0, "parameter": False, "state": []}


def error_record(failure: Failure, ids: dict[Node, int]) -> ErrorRecord:
    return {"op": failure.op, "message": failure.message, "shapes": failure.shapes, "source": failure.source,
            "inputs": [None if x is None else ids.get(x) for x in failure.inputs]}
