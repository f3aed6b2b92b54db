"""The chain rule in a dozen lines: the oracle for gradients of a graph of Values."""

from __future__ import annotations

from autograd_nn.core.node import Node


def chain_rule(root):
    """{node: d root / d node} for the nodes that a derivative reaches.

    Of the package it takes the rules of the table. The order and the sums are its own.
    """
    order, found = {}, {root: 1.0}

    def visit(node):                                 # inputs before what is made of them, left inputs first
        for x in node.inputs:
            if isinstance(x, Node) and x not in order:
                visit(x)
        order[node] = [x.data if isinstance(x, Node) else x for x in node.inputs]
    visit(root)
    for node in filter(found.__contains__, reversed(order)):
        for x, rule in zip(node.inputs, node.op.float_rules if node.op else ()):
            if isinstance(x, Node) and rule is not None:
                part = float(rule(found[node], node.data, *order[node])) if found[node] != 0 else 0.0
                found[x] = found[x] + part if x in found else part
    return found
