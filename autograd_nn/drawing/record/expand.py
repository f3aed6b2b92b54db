"""A graph with its sums of many inputs written out: the same program by * and + alone."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import Any

import numpy as np

from ... import ops
from ...core.modes import special_mode
from ...core.node import Node, data_of, rebuild, topological
from ...core.reverse import fit


def expanded(roots: Iterable[Node]) -> dict[Node, Node]:
    """What each node below the roots is in the expanded graph.

    A node stays itself if no n-ary node is below it. An n-ary node becomes the last of its running
    sums, with its own name, value and gradient; the other sums and the products are new. Nothing is
    written to the graph given. A sum of a single input has nothing to expand.

    >>> from autograd_nn import Value, dot
    >>> y = dot([Value(3.0), Value(1.0)], [Value(2.0), 5.0], bias=1.0)
    >>> last = expanded([y])[y]
    >>> last.data, last.op, [x.op for x in last.inputs]
    (12.0, <op add>, [<op add>, <op multiply>])
    """
    became: dict[Node, Node] = {}
    with special_mode(recording=True, watch=None), np.errstate(all="ignore"):    # also inside no_grad()
        for node in topological(roots):
            op, params, given = node.op, node.params, node.inputs
            inputs = tuple(became[x] if isinstance(x, Node) else x for x in given)
            if op in (ops.sum_of, ops.weighted_sum) and len(inputs) > 1:
                last = _written_out(node, inputs)
                op, params, inputs = last.op, last.params, last.inputs
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


def _written_out(node: Node, inputs: tuple[Any, ...]) -> Any:
    """x1 + x2 + ... or b + w1 x1 + w2 x2 + ..., added up from the left; a bias of 0 is no term."""
    products: list[Any] = []
    terms = list(inputs)
    if node.op is ops.weighted_sum:
        n, bias = len(inputs) // 2, inputs[-1]
        products = [w * x for w, x in zip(inputs[:n], inputs[n:])]
        terms = products if type(bias) in (int, float) and bias == 0 else [bias, *products]
    sums = list(accumulate(terms))
    if node.has_grad:                                # a sum hands its gradient on to each of its terms
        for part in (*products, *sums[1:]):
            if isinstance(part, Node):               # two constants make a constant
                part._grad = fit(data_of(node._grad), part)
    return sums[-1]
