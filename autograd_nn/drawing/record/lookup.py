"""Which node is meant: by the node itself, or by what it is called in pictures."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from ...core.node import Node
from ...errors import GraphError, UsageError
from ...notation.names import names_of
from ...ops._refusal import shown_in_error
from .trace import Trace

NEAR = 6
"""Names, at most, that an error lists."""


def place_of(thing: Any, trace: Trace, ids: Mapping[Node, int], what: str) -> int:
    """The number in the Trace of a node, or of the one that is called so.

    A name is that of the node, of the variable that it was assigned to, or of the parameter, or as pictures have it.
    Raises GraphError for a node that the Trace lacks, UsageError for a name of no node or of several, and for what is
    neither node nor name.
    """
    names = names_of(trace["nodes"])
    top = names[trace["roots"][0]] if trace["roots"] else "the graph"
    if isinstance(thing, Node):
        if thing not in ids:
            called = repr(thing.name) if thing.name else f"{shown_in_error(thing)}"
            raise GraphError(f"{called} is not among what {top} was computed from, so the derivative is 0\n"
                             f"  help: {what}(root) without leaves is of every leaf" if what == "explain" else
                             f"{what}: {called} is not among what {top} was computed from")
        return ids[thing]
    if not isinstance(thing, str):
        raise UsageError(f"{what}: a node of the graph is wanted, or its name, not {type(thing).__name__} "
                         f"{shown_in_error(thing)}"
                         + ("\n  help: each for itself, as in explain(root, *model.parameters())"
                            if isinstance(thing, (list, tuple)) or hasattr(thing, "parameters") else ""))
    known: dict[str, list[int]] = {}
    for node, name in zip(trace["nodes"], names):
        if node["role"] not in ("constant", "omitted"):
            for one in {name, node["name"], node["label"]}:
                if one is not None:
                    known.setdefault(one, []).append(node["id"])
    found = known.get(thing, [])
    if len(found) == 1:
        return found[0]
    if found:
        others = ", ".join(names[i] for i in found[:NEAR]) + ", …" * (len(found) > NEAR)
        raise UsageError(f"{what}: {len(found)} nodes are called {thing!r}\n"
                         f"  help: give the node itself, or its name in pictures: {others}")
    near = get_close_matches(thing, known, NEAR, 0.5) or [*known][:NEAR]
    raise UsageError(f"{what}: nothing that {top} was computed from is called {thing!r}\n"
                     f"  help: there is {', '.join(near)}{', …' * (len(near) < len(known))}; "
                     "names are those of nodes (x.name), and inside `with trace() as t` those of variables")


def node_of(thing: Any, trace: Trace, ids: Mapping[Node, int], what: str) -> Node:
    """The same, as a node of the graph."""
    at = place_of(thing, trace, ids, what)
    found = next((node for node, i in ids.items() if i == at), None)
    if found is None:
        raise UsageError(f"{what}: {thing!r} is a part of a node that expand=True takes apart")
    return found
