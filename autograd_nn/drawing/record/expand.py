"""A graph with its sums of many inputs written out: the same program by simpler ops."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...core.copies import rebuild
from ...core.modes import special_mode
from ...core.node import Node, data_of, topological
from ...core.reverse import cotangents


def expanded(roots: Iterable[Node]) -> dict[Node, Node]:
    """What each node below the roots is in the expanded graph.

    A node stays itself if nothing below it is expanded. One whose op's entry has an expansion becomes
    the last node of that, with its own name, value and gradient; the others are new (of a weighted sum,
    products and running sums). Nothing is written to the graph given. A sum of a single input has
    nothing to expand.

    >>> from autograd_nn import Value, dot
    >>> y = dot([Value(3.0), Value(1.0)], [Value(2.0), 5.0], bias=1.0)
    >>> last = expanded([y])[y]
    >>> last.data, last.op, [x.op for x in last.inputs]
    (12.0, <op add>, [<op add>, <op multiply>])
    """
    became: dict[Node, Node] = {}
    with special_mode(recording=True, watch=None), np.errstate(all="ignore"):    # also inside no_grad()
        for node in topological(roots):
            op, params, given = node._op, node._params, node._inputs
            inputs = tuple(became[x] if isinstance(x, Node) else x for x in given)
            last = _written_out(node, inputs)
            if last is not None:
                op, params, inputs = last._op, last._params, last._inputs
            elif all(new is old for new, old in zip(inputs, given)):
                became[node] = node
                continue
            became[node] = rebuild(type(node), node._data, op, inputs, params, node.name, node._grad)
    return became


def origins(became: dict[Node, Node]) -> dict[Node, Node]:
    """The node of the graph given that each node of the expanded graph stands for or is a part of."""
    found = {new: old for old, new in became.items()}
    for old, new in became.items():
        if old.op is new.op:
            continue
        stack = list(new.inputs)                     # products and running sums: new, and of this node alone
        while stack:
            part = stack.pop()
            if isinstance(part, Node) and part not in found:
                found[part] = old
                stack.extend(part.inputs)
    return found


def _written_out(node: Node, inputs: tuple[Any, ...]) -> Node | None:
    """The last node of what the op's entry says it is by simpler ops; None where it has nothing to say."""
    if node.op is None or node.op.expansion is None:
        return None
    leaves = {x: type(x)._lift(x._data) for x in inputs if isinstance(x, Node)}
    last = node.op.expansion(*[leaves[x] if isinstance(x, Node) else x for x in inputs], **node.params)
    if not isinstance(last, Node) or last.op is None:
        return None
    found = cotangents({last: node._grad}) if node.has_grad else {}
    became = {leaf: x for x, leaf in leaves.items()}
    for part in topological([last]):
        if part.op is not None:
            wires = tuple(became[x] if isinstance(x, Node) else x for x in part.inputs)
            grad = data_of(found.get(part))
            became[part] = rebuild(type(part), part._data, part._op, wires, part._params, None, grad)
    return became[last]
