"""Trace -> DOT, the text from which Graphviz draws."""

from __future__ import annotations

from collections.abc import Mapping

from ...core.options import choice
from ...notation.summary import short
from ..record.slots import named_slots, names_of_slots, order_of_slots
from ..record.states import ALARMS
from ..record.trace import Input, NodeRecord, Trace
from . import palette
from .label import BODY, FONT, edge_label, heading, node_label, tooltip_text


def look(colors: tuple[str, str]) -> dict[str, str]:
    """A ground and a border."""
    return {"fillcolor": colors[0], "color": colors[1]}


# The look of a node by its role. Shape and border differ as well as colour, for readers who do not see the colours.
ROLES: dict[str, dict[str, str]] = {
    "leaf": {"style": "filled", "penwidth": "2"} | look(palette.LEAF),
    "parameter": {"style": "filled,diagonals", "penwidth": "2"} | look(palette.PARAMETER),
    "constant": {"style": "filled,dashed"} | look(palette.CONSTANT),
    "intermediate": {"style": "filled,rounded"} | look(palette.INTERMEDIATE),
    "output": {"style": "filled,rounded", "penwidth": "1.5", "peripheries": "2"} | look(palette.OUTPUT),
    "box": {"style": "filled", "shape": "box3d", "margin": "0.04"} | look(palette.BLOCK),
    "omitted": {"style": "dotted,rounded", "color": palette.CONSTANT[1]},
}
MARKED = {"penwidth": "4"} | look(palette.MARKED)


def dot_source(trace: Trace, *, title: str | None = None, rankdir: str = "LR",
               gradients: bool = True, local: bool = False,
               marks: Mapping[int, str] | None = None, unmarked: int = 0) -> str:
    """The Trace as DOT; the options are those of draw().

    marks, unmarked   words to nodes by their number, and how many nodes with words are not in the trace
    """
    import graphviz

    choice("rankdir", rankdir, ("LR", "TB"))
    attributes = {"rankdir": rankdir, "fontname": FONT, "nodesep": "0.22", "ranksep": "0.45",
                  "bgcolor": palette.PAPER, "labelloc": "t", "labeljust": "l"}
    side = "w" if rankdir == "LR" else "n"
    above = heading(title, notes_of(trace, unmarked), max(node["order"] for node in trace["nodes"]))
    marks = marks or {}
    if above:
        attributes["label"] = above
    graph = graphviz.Digraph(
        "graph", graph_attr=attributes,
        node_attr={"shape": "box", "fontname": FONT, "fontsize": str(BODY), "margin": "0",
                   "width": "0.2", "height": "0.2"},
        edge_attr={"fontname": FONT, "fontsize": "10", "color": palette.EDGE, "arrowsize": "0.6"})
    nodes = _as_read(trace)
    scales = (max(palette.largest_magnitude(node["value"]) for node in nodes),
              max(palette.largest_magnitude(node["gradient"]) for node in nodes))
    for node in nodes:
        named = named_slots(node)
        slots = {slot: named[slot] for slot in order_of_slots(node) if slot in named}
        mark = marks.get(node["id"])
        stands_out = mark is not None or not ALARMS.isdisjoint(node["state"])
        given = ROLES["parameter" if node["parameter"] else node["role"]] | (MARKED if stands_out else {})
        graph.node(f"n{node['id']}", label=node_label(node, slots, rankdir, gradients, mark, scales),
                   tooltip=tooltip_text(_tooltip(node)), **given)
    for node in nodes:
        slots, names = named_slots(node), names_of_slots(node)
        for use in _uses(node):
            head = f"n{node['id']}" + (f":s{use['slot']}:{side}" if use["slot"] in slots else "")
            tail = f"n{use['node']}"
            if use["slot"] is None:
                inside = node["role"] == "box"
                graph.edge(tail, head, **({"tooltip": "used inside"} if inside else
                                          {"style": "dotted", "tooltip": "inputs left out"}))
                continue
            given = {"tooltip": f"argument {names[use['slot']]} of {node['op']}"}
            if local and use["local"] is not None and not isinstance(use["local"], dict):
                given["label"] = edge_label(short(use["local"]))
            graph.edge(tail, head, **given)
    return str(graph.source)


def _uses(node: NodeRecord) -> list[Input]:
    """What a node uses, as it is read: each weight beside its input, and last what is left out."""
    place = {slot: i for i, slot in enumerate(order_of_slots(node))}
    return sorted(node["inputs"], key=lambda use: len(place) if use["slot"] is None else place[use["slot"]])


def _as_read(trace: Trace) -> list[NodeRecord]:
    """The nodes, each after what it uses. Layout starts from this order, and so finds one with few crossings."""
    order: dict[int, NodeRecord] = {}
    stack = [(root, False) for root in reversed(trace["roots"])]
    while stack:
        i, inputs_are_placed = stack.pop()
        node = trace["nodes"][i]
        if inputs_are_placed:
            order[i] = node
        elif i not in order:
            stack.append((i, True))
            stack.extend((use["node"], False) for use in reversed(_uses(node)) if use["node"] not in order)
    return list(order.values())


def notes_of(trace: Trace, unmarked: int = 0) -> list[str]:
    """What a picture does not show, in words."""
    shown = sum(node["role"] != "omitted" for node in trace["nodes"])
    notes = []
    if any(node["role"] == "omitted" for node in trace["nodes"]) or not trace["roots"]:
        notes.append(f"showing {shown:,} of {trace['total']:,} nodes, those nearest the output")
    elif shown != trace["total"]:
        boxes = [node["name"] or "" for node in trace["nodes"] if node["role"] == "box"]
        notes.append(f"{trace['total']:,} nodes in {shown:,}: those that are alike are drawn as one"
                     + ", and boxes hold the rest" * bool(boxes))
    return notes + [f"{unmarked:,} marked and not shown"] * (unmarked > 0)


def _tooltip(node: NodeRecord) -> str:
    """All of a node in a line, with the numbers in full."""
    parts = [node["role"], node["name"] or node["label"] or "", node["op"] or ""]
    if not isinstance(node["value"], dict) and node["value"] is not None:
        parts.append(f"value {node['value'] or 0}")                      # -0.0 is 0 here too
    if not isinstance(node["gradient"], dict) and node["gradient"] is not None:
        parts.append(f"gradient {node['gradient']}")
    if node["module"]:
        parts.append(f"module {node['module']}")
    if node["source"]:
        parts.append(f"{node['source']['file']}, line {node['source']['line']}: {node['source']['text'].strip()}")
    return ", ".join(part for part in parts if part)
