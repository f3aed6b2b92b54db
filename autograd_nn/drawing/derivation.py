"""explain(): the chain rule of one derivative, written out as in a textbook."""

from __future__ import annotations

from ..errors import GraphError, UsageError
from ..graph import Node
from .summary import Number, short
from .text import aligned, formula, labels, operand
from .trace import Trace, numbered

DIGITS = 6


def explain(root: Node, *leaves: Node, expand: bool = False) -> str:
    """How d root / d leaf comes about: each use of each node on the way, from the root down.

    One line for each term of the chain rule: the local derivative is multiplied by the gradient
    that has arrived from above, and added to what the node has from its other uses. With several
    leaves (or none given: all of them) the derivation leads to each. It is computed from the graph
    as it stands; no backward pass is needed, and `.grad` is not touched. With `expand` the sums made by
    `dot` and `sum_of`, which are one node each, are taken apart into products and running sums.

    Raises UsageError for graphs with arrays in them, and GraphError for a leaf that the root was
    not computed from.

    >>> from autograd_nn import Value
    >>> x, w = Value(3.0, name="x"), Value(2.0, name="w")
    >>> y = w * x
    >>> y.name = "y"
    >>> print(explain(y, w))
    dy/dw
    <BLANKLINE>
    forward
      w = 2
      y = w × x = 6
    <BLANKLINE>
    backward
      dy/dy = 1
      dy/dw += dy/dy * dy/dw : 0 + 1 * 3 = 3
    <BLANKLINE>
    dy/dw = 3
    <BLANKLINE>
    """
    trace, ids = _scalar_trace(root, expand)
    for leaf in leaves:
        if leaf not in ids:
            raise GraphError(f"{_called(leaf)} is not among what {_called(root)} was computed from, "
                             "so the derivative is 0\n  help: explain(root) without leaves explains every leaf")
    targets = [ids[leaf] for leaf in leaves] or [n["id"] for n in trace["nodes"] if n["role"] == "leaf"]
    on_path = _depending_on(trace, set(targets))
    names = labels(trace)
    top = trace["roots"][0]

    def d(u: int, v: int) -> str:
        return f"d{operand(names[u])}/d{operand(names[v])}"

    forward = [(f"  {names[n['id']]}", f"= {made} = {_number(n['value'])}" if made else f"= {_number(n['value'])}")
               for n in trace["nodes"] if n["id"] in on_path for made in [formula(trace, n, names)]]
    gradient: dict[int, Number] = {top: 1.0}
    backward = []
    for event in trace["events"] or []:
        node, x = event["from"], event["to"]
        if x in on_path:
            gradient[x] = event["after"]  # type: ignore[assignment]
            backward.append((f"  {d(top, x)}", f"+= {d(top, node)} * {d(node, x)}",
                             f": {_number(event['before'])} + {_number(event['upstream'], True)} "
                             f"* {_number(event['local'], True)} = {_number(event['after'])}"))
    results = [f"{d(top, i)} = {_number(gradient.get(i, 0.0))}" for i in targets]
    return "\n".join([", ".join(d(top, i) for i in targets), "", "forward", aligned(forward, gap=1),
                      "backward", f"  {d(top, top)} = 1", aligned(backward, gap=1), *results, ""])


def _scalar_trace(root: Node, expand: bool) -> tuple[Trace, dict[Node, int]]:
    if not isinstance(root, Node):
        raise UsageError(f"explain: the root must be a Value, not {type(root).__name__} {root!r:.60}")
    trace, ids = numbered(root, expand=expand)
    array = next((n for n in trace["nodes"] if isinstance(n["value"], dict)), None)
    if array is not None:
        raise UsageError(f"explain: a derivation is written out for graphs of Values alone, and node {array['id']} "
                         "is an array\n  help: draw(root) shows a graph of arrays")
    return trace, ids


def _depending_on(trace: Trace, targets: set[int]) -> set[int]:
    found = set(targets)
    for node in trace["nodes"]:
        if any(use["node"] in found for use in node["inputs"]):
            found.add(node["id"])
    return found


def _called(node: Node) -> str:
    return f"{node.name!r}" if getattr(node, "name", None) else f"{node!r:.60}"


def _number(x: object, in_product: bool = False) -> str:
    text = short(x, DIGITS)  # type: ignore[arg-type]
    return f"({text})" if in_product and text.startswith("-") else text
