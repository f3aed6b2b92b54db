"""The Trace of a large graph, folded: what collapse.py plans, written as the records that renderers read."""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import numpy as np

from ...core.node import Node, data_of, topological
from ...core.options import LARGEST
from ...notation.names import names_of
from ...notation.summary import Data, heat_map
from ...ops._slots import is_starred, slot_groups
from ..record.cut import USES_PER_NODE, check_limit
from ..record.events import derivative_values
from ..record.expand import expanded, origins
from ..record.formula import written
from ..record.notes import Note, Notes, Recorded, orders
from ..record.states import ALARMS, states_of
from ..record.trace import (
    VERSION,
    Graph,
    Input,
    NodeRecord,
    Trace,
    error_record,
    node_record,
    numbered,
    other_record,
    roots_of,
    use_of,
)
from .collapse import Fold, Item, Plan, collapsed

_NO_NOTE = Note()               # of a node of which nothing was noted


@contextmanager
def _no_collector() -> Iterator[None]:
    """Inside, the garbage collector is off: no cycles are made here, and a search for some is slower than the work."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_no_collector()
def pictured(graph: Graph, *, max_nodes: float | None, expand: bool = False,
             unfold: str | None = None) -> tuple[Trace, dict[Node, int]]:
    """The Trace of a picture of at most max_nodes nodes, and the number in it of each node of the graph.

    A graph that is larger is folded, and if that does not make it small enough, cut down to the nodes
    nearest its roots.
    """
    check_limit(max_nodes)
    max_nodes = int(min(LARGEST, LARGEST if max_nodes is None else max_nodes))
    roots = roots_of(graph)
    notes = graph.notes() if isinstance(graph, Recorded) else None
    became = expanded(roots) if expand else None
    if became is not None:
        roots = [became[root] for root in roots]
        notes = notes and notes.moved(origins(became))
    order = topological(roots)
    constants = uses = 0
    for node in order:
        uses += len(node.inputs)
        constants += sum(not isinstance(x, Node) for x in node.inputs)
    total = len(order) + constants
    plan = None
    if unfold is not None or total > max_nodes >= 1 or uses > USES_PER_NODE * max_nodes >= 1:
        noted = notes.nodes if notes else {}
        modules = {node: note.module for node, note in noted.items() if note.module}
        plan = collapsed(order, max_nodes, modules=modules, unfold=unfold,
                         paths=[module["path"] for module in notes.modules] if notes else ())
    if plan is None:
        return numbered(graph, max_nodes=max_nodes, expand=expand)
    trace, ids = _trace(plan, roots, notes, total)
    return trace, ids if became is None else {node: ids[new] for node, new in became.items() if new in ids}


def _trace(plan: Plan, roots: list[Node], notes: Notes | None, total: int) -> tuple[Trace, dict[Node, int]]:
    order, classes = plan.order, plan.classes
    outputs = set(roots)
    noted = notes.nodes if notes else {}
    differentiated, states = orders(roots, notes), states_of(order)
    leaving = _leaving(plan, outputs)
    records: list[NodeRecord] = []
    alone: list[tuple[Node, NodeRecord]] = []
    for i, item in enumerate(plan.items):
        if isinstance(item, Fold):
            record = _box(i, item, plan, noted, leaving.get(i, []))
        elif not classes.members[item]:
            record = other_record(i, "constant", _constants(classes.plain[item]), len(classes.plain[item]))
        else:
            nodes = [order[j] for j in classes.members[item]]
            record = node_record(i, nodes[0], [], any(node in outputs for node in nodes), noted.get(nodes[0], _NO_NOTE))
            record["order"] = differentiated.get(nodes[0], 0)
            counts = Counter(state for node in nodes for state in states.get(node, ()))
            record["state"] = sorted(state for state, n in counts.items() if n == len(nodes) or state in ALARMS)
            if len(nodes) > 1:
                _make_many(record, nodes, noted)
                record["params"] |= {state: f"{n:,} of {len(nodes):,}" for state, n in sorted(counts.items())
                                     if state not in record["state"]}
            else:
                alone.append((nodes[0], record))
        record["inputs"] = _inputs(i, item, record, plan)
        records.append(record)
    names = names_of(records)
    for node, record in alone:
        if len(record["inputs"]) == record["arity"] == len(node.inputs) and all(
                records[use["node"]]["count"] == 1 for use in record["inputs"]):
            local = derivative_values(node, range(record["arity"]))
            for use in record["inputs"]:
                use["local"] = local[use["slot"] or 0]
            written(node, record, names)
    ids = {node: plan.item_of[c] for node, c in zip(order, classes.of)}
    failure = notes.failure if notes else None
    trace: Trace = {"version": VERSION, "roots": list(dict.fromkeys(ids[root] for root in roots)), "nodes": records,
                    "events": None, "total": total, "modules": notes.modules if notes else [],
                    "error": None if failure is None else error_record(failure, ids)}
    return trace, ids


def _inputs(i: int, item: Item, record: NodeRecord, plan: Plan) -> list[Input]:
    """What an item uses: each other item once for each kind of slot; the slots are numbered anew where many are one."""
    classes = plan.classes
    if isinstance(item, Fold):
        used = sorted({plan.item_of[x] for c in item.classes for _, x in classes.inputs[c]} - {i})
        return [use_of(None, x, None) for x in used]
    if record["op"] is None:
        return []
    pairs = list(dict.fromkeys((kind, plan.item_of[x]) for kind, x in classes.inputs[item]))
    node = plan.order[classes.members[item][0]]
    slots = node.op.slots if node.op else ()
    if any(map(is_starred, slots)):                  # as many weights as inputs, though one class may be many of them
        parts = [[x for kind, x in pairs if kind in group] for group in slot_groups(slots, len(node.inputs))]
        wide = max(map(len, parts))
        starts = list(accumulate((wide if is_starred(name) else 1 for name in slots), initial=0))
        record["arity"] = starts[-1]
        return [use_of(start + j, x, None) for start, part in zip(starts, parts) for j, x in enumerate(part)]
    if len({kind for kind, _ in pairs}) > 1:
        return [use_of(kind, x, None) for kind, x in pairs]
    if len(classes.inputs[item]) < len(node.inputs) <= 2 and len(pairs) == 1:    # x * x, or both of one class
        pairs *= len(node.inputs)
    record["arity"] = len(pairs)
    return [use_of(j, x, None) for j, (_, x) in enumerate(pairs)]


def _make_many(record: NodeRecord, nodes: list[Node], noted: dict[Node, Note]) -> None:
    """A record of one node becomes that of many which are alike: arrays of their values and gradients."""
    names = [node.name or noted.get(node, _NO_NOTE).label for node in nodes]
    name, shape = _common(names)
    record["count"], record["name"], record["label"] = len(nodes), name, None
    record["value"] = _together([node._data for node in nodes], shape)
    gradients = [data_of(node._grad) for node in nodes if node.has_grad]
    record["gradient"] = _together(gradients, shape) if len(gradients) == len(nodes) else None


def _common(names: list[str | None]) -> tuple[str | None, tuple[int, ...] | None]:
    """What nodes are called together, and the shape of the array that the numbers in their names are indices of.

    >>> _common(["w[0,0]", "w[0,1]", "w[1,0]", "w[1,1]"]), _common(["h1", "h2", "h5"]), _common([None, None])
    (('w', (2, 2)), ('h1 … h5', None), (None, None))
    """
    if not names[0] or not names[-1]:
        return None, None
    found = [re.fullmatch(r"(.*?)(?:\[(\d+(?:,\d+)*)\]|\.(\d+(?:\.\d+)*))", name or "", re.S) for name in names]
    if all(found) and len({match[1] for match in found if match}) == 1:
        indices = [[int(k) for k in re.split("[,.]", match[2] or match[3])] for match in found if match]
        if len({len(index) for index in indices}) == 1:
            shape = tuple(max(axis) + 1 for axis in zip(*indices))
            if indices == [list(index) for index in np.ndindex(*shape)]:
                assert found[0] is not None
                return found[0][1], shape
    return f"{names[0]} … {names[-1]}", None


def _together(data: list[Any], shape: tuple[int, ...] | None) -> Data | None:
    """The numbers or arrays of many nodes as one array; None where they do not make one."""
    if len(data) == 1:
        return heat_map(data[0])
    if len({np.shape(x) for x in data}) != 1:
        return None
    array = np.array(data)
    if array.dtype.kind not in "fiub":
        return None
    return heat_map(array.reshape(shape) if shape is not None and array.ndim == 1 else array)


def _constants(plain: list[Any]) -> Data | None:
    """The constants of a class; where each of its nodes uses the same row of them, only that row."""
    rows = {type(x) for x in plain} <= {int, float} and plain.count(plain[0]) > 1
    period = next((n for n in range(1, len(plain) // 2 + 1) if len(plain) % n == 0 and plain[n] == plain[0]
                   and plain == plain[:n] * (len(plain) // n)), len(plain)) if rows else len(plain)
    return _together(plain[:period], None)


def _leaving(plan: Plan, outputs: set[Node]) -> dict[int, list[int]]:
    """The classes of each box that are used outside it, or are roots."""
    found: dict[int, dict[int, None]] = {}
    for c, inputs in enumerate(plan.classes.inputs):
        for _, used in inputs:
            box = plan.item_of[used]
            if plan.item_of[c] != box and isinstance(plan.items[box], Fold):
                found.setdefault(box, {})[used] = None
    for c, members in enumerate(plan.classes.members):
        box = plan.item_of[c]
        if isinstance(plan.items[box], Fold) and any(plan.order[j] in outputs for j in members):
            found.setdefault(box, {})[c] = None
    return {box: list(out) for box, out in found.items()}


def _box(i: int, box: Fold, plan: Plan, noted: dict[Node, Note], out: list[int]) -> NodeRecord:
    """A box has the value and gradient of the one class that leaves it, and says what it holds."""
    classes = plan.classes
    nodes = [plan.order[j] for c in box.classes for j in classes.members[c]]
    constants = sum(len(classes.plain.get(c, ())) for c in box.classes)
    record = other_record(i, "box", None, len(nodes) + constants)
    record["name"], record["module"] = box.name, box.module
    if len(out) == 1:
        inside = [plan.order[j] for j in classes.members[out[0]]]
        record["value"] = _together([node._data for node in inside], None)
        gradients = [data_of(node._grad) for node in inside if node.has_grad]
        record["gradient"] = _together(gradients, None) if len(gradients) == len(inside) else None
    if box.times:
        record["params"] = {"again": f"the {box.period} before, {box.times:,} times" if box.period > 1
                            else f"the one before, {box.times:,} times"}
    record["params"]["holds"] = f"{record['count']:,} nodes: {_ops(nodes)}"
    return record


def _ops(nodes: Iterable[Node]) -> str:
    counts = Counter(node.op.symbol for node in nodes if node.op is not None)
    shown = [symbol for symbol, _ in counts.most_common(4)]
    return ", ".join(shown) + ", …" * (len(counts) > 4)
