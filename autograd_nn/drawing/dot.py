"""Trace -> DOT, the text from which Graphviz draws."""

from __future__ import annotations

from ..errors import UsageError
from .label import BODY, FONT, edge_label, heading, node_label, plain
from .summary import short
from .trace import NodeRecord, Trace

# Who is who is told by shape and border as well as by colour. The colours are Okabe and Ito's, which
# colour-blind readers tell apart, with pale fills so that black text keeps its contrast.
ROLES: dict[str, dict[str, str]] = {
    "leaf": {"style": "filled", "fillcolor": "#DDF0FB", "color": "#0072B2", "penwidth": "2"},
    "constant": {"style": "filled,dashed", "fillcolor": "#F4F4F4", "color": "#767676"},
    "intermediate": {"style": "filled,rounded", "fillcolor": "#FFFFFF", "color": "#4D4D4D"},
    "output": {"style": "filled,rounded", "fillcolor": "#FFF0D6", "color": "#D55E00", "penwidth": "1.5",
               "peripheries": "2"},
    "omitted": {"style": "dotted,rounded", "color": "#767676"},
}

COMMUTATIVE = frozenset({"add", "multiply", "maximum", "minimum", "hypot", "logaddexp"})
"""Ops whose arguments may be swapped, so that the picture need not number them."""


def dot_source(trace: Trace, *, title: str | None = None, rankdir: str = "LR",
               gradients: bool = True, local: bool = False) -> str:
    """The Trace as DOT; the options are those of draw()."""
    import graphviz

    if rankdir not in ("LR", "TB"):
        raise UsageError(f"rankdir: a graph is drawn from left to right, 'LR', or from top to bottom, 'TB', "
                         f"not {rankdir!r}")
    attributes = {"rankdir": rankdir, "fontname": FONT, "nodesep": "0.22", "ranksep": "0.45",
                  "bgcolor": "white", "labelloc": "t", "labeljust": "l"}
    side = "w" if rankdir == "LR" else "n"
    above = heading(title, _cut_note(trace))
    if above:
        attributes["label"] = above
    graph = graphviz.Digraph(
        "graph", graph_attr=attributes,
        node_attr={"shape": "box", "fontname": FONT, "fontsize": str(BODY), "margin": "0",
                   "width": "0.2", "height": "0.2"},
        edge_attr={"fontname": FONT, "fontsize": "10", "color": "#4D4D4D", "arrowsize": "0.6"})
    for node in trace["nodes"]:
        slots = _numbered_slots(node)
        graph.node(f"n{node['id']}", label=node_label(node, slots, rankdir, gradients),
                   tooltip=plain(_tooltip(node)), **ROLES[node["role"]])
    for node in trace["nodes"]:
        slots = _numbered_slots(node)
        for use in node["inputs"]:
            head = f"n{node['id']}" + (f":s{use['slot']}:{side}" if use["slot"] in slots else "")
            tail = f"n{use['node']}"
            if use["slot"] is None:
                graph.edge(tail, head, style="dotted", tooltip="inputs left out")
                continue
            look = {"tooltip": f"argument {use['slot'] + 1} of {node['op']}"}
            if local and use["local"] is not None and not isinstance(use["local"], dict):
                look["label"] = edge_label(short(use["local"]))
            graph.edge(tail, head, **look)
    return str(graph.source)


def _numbered_slots(node: NodeRecord) -> list[int]:
    """The slots to be numbered in the picture: where the order of arguments matters."""
    if node["op"] in COMMUTATIVE:
        return []
    slots = [use["slot"] for use in node["inputs"] if use["slot"] is not None]
    return slots if len(node["inputs"]) > 1 else []


def _cut_note(trace: Trace) -> str | None:
    shown = sum(node["role"] != "omitted" for node in trace["nodes"])
    if shown == trace["total"]:
        return None
    return f"showing {shown:,} of {trace['total']:,} nodes, those nearest the output"


def _tooltip(node: NodeRecord) -> str:
    """All of a node in a line, with the numbers in full."""
    parts = [node["role"], node["name"] or "", node["op"] or ""]
    if not isinstance(node["value"], dict) and node["value"] is not None:
        parts.append(f"value {node['value']}")
    if not isinstance(node["gradient"], dict) and node["gradient"] is not None:
        parts.append(f"gradient {node['gradient']}")
    return ", ".join(part for part in parts if part)
