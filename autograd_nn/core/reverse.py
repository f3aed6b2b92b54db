"""Reverse mode: the chain rule, from the roots of a graph to its leaves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from .. import ops
from ..errors import GraphError, ShapeError
from ..ops import Op, shape_of
from ..ops._arguments import real_only
from .node import Node, data_of, topological

in_c: Any = None
"""The module `native._tensor`, where it is compiled: it does what is here, for graphs of Tensors alone."""
values_in_c: Any = None
"""The module `native._value`, the same for graphs of Values alone."""


def cotangents(seeds: Mapping[Node, Any], *, create_graph: bool = False) -> dict[Node, Any]:
    """The derivative of sum(seed * root) with respect to every node below the roots.

    Nothing is written to the nodes. With `create_graph` the rules run on the nodes themselves, so
    each derivative is a graph in turn; without, they run on the data.

    Where a cotangent is exactly 0, an inf or nan of a rule does not leak past it. That costs
    nothing as long as none arises: only then the sweep is run again with care.
    """
    if in_c is not None and not create_graph:
        found: dict[Node, Any] | None = in_c.cotangents(seeds)
        if found is not None:
            return found
    return _cotangents(topological(seeds), seeds, create_graph)


def cotangents_of(nodes: list[Any], seeds: Mapping[Node, Any], *, create_graph: bool = False) -> list[Any]:
    """`cotangents` of these nodes alone, None where there is none: for graphs of Values in a fraction of the time."""
    if values_in_c is not None and not create_graph and len(seeds) == 1:
        (root, seed), = seeds.items()
        some: list[Any] | None = values_in_c.cotangents(root, seed, nodes)
        if some is not None:
            return some
    found = cotangents(seeds, create_graph=create_graph)
    return [found.get(node) for node in nodes]


def leaves_below(roots: Iterable[Node]) -> Iterator[Node]:
    """Every leaf that one of the roots depends on; some may come twice."""
    for root in roots:
        found = None
        for engine in (values_in_c, in_c):
            if engine is not None and found is None:
                found = engine.leaves(root)
        yield from [node for node in topological([root]) if node.op is None] if found is None else found


def _cotangents(order: list[Node], seeds: Mapping[Node, Any], create_graph: bool) -> dict[Node, Any]:
    alarm: list[str] = []
    with np.errstate(over="ignore", under="ignore", divide="call", invalid="call",
                     call=lambda kind, flag: alarm.append(kind)):
        found = _sweep_nodes(order, seeds, careful=False) if create_graph else _sweep(order, seeds)
        fine = not alarm
        for node, g in found.items() if fine else ():
            if node.op is None and not finite(g):
                fine = False
                break
    if not fine:
        with np.errstate(all="ignore"):
            found = _sweep_nodes(order, seeds, careful=True) if create_graph else _sweep(order, seeds, careful=True)
    return found


def _sweep(order: list[Node], seeds: Mapping[Node, Any], careful: bool = False) -> dict[Node, Any]:
    """The chain rule on the data."""
    found = {root: root._own(seed) for root, seed in seeds.items()}
    get, array = found.get, np.ndarray
    for node in reversed(order):
        op = node.op
        if op is None:
            continue
        g = get(node)
        if g is None:
            continue
        y, inputs, params = node._data, node.inputs, node.params
        xs: Any
        rules: Any
        part: Any
        if type(y) is array:
            xs, rules = node._operands, op.array_rules   # type: ignore[attr-defined]
        else:
            xs = [x._data if isinstance(x, Node) else x for x in inputs]
            rules = op.array_rules if op.scalar is None else op.float_rules
        zero = type(g) is float and g == 0.0
        for x, rule in zip(inputs, rules):
            if rule is None or not isinstance(x, Node):
                continue
            part = 0.0 if zero else rule(g, y, *xs, **params) if params else rule(g, y, *xs)
            if careful:
                part = without_leaks(g, part, op)
            data = x._data
            if type(part) is not array or type(data) is not array or part.shape != data.shape \
                    or part.dtype is not data.dtype:
                part = fit(part, x)
            before = get(x)
            found[x] = part if before is None else before + part
    return found


def _sweep_nodes(order: list[Node], seeds: Mapping[Node, Any], careful: bool) -> dict[Node, Any]:
    """The chain rule on the nodes themselves: what it gives are nodes, and can be differentiated."""
    found = {root: root._own(seed) for root, seed in seeds.items()}
    for node in reversed(order):
        op = node.op
        if op is None or node not in found:
            continue
        g = found[node]
        for x, before in zip(node.inputs, getattr(node, "_operands", ())):
            if isinstance(x, Node) and isinstance(x._data, np.ndarray) and x._data is not before:
                raise GraphError(f"{op.name}: the data of {x.name or 'an input'} was assigned after the forward "
                                 "pass, and a gradient that is a graph needs it as it was\n"
                                 "  help: run the forward pass again")
        for x, rule in zip(node.inputs, op.vjps):
            if rule is None or not isinstance(x, Node):
                continue
            part = rule(g, node, *node.inputs, **node.params)
            if careful:
                part = without_leaks(g, part, op)
            part = fit(part, x)
            found[x] = found[x] + part if x in found else part
    return found


def fit(g: Any, x: Node) -> Any:
    """`g` as a cotangent of x: summed over the axes along which x was broadcast, in x's dtype."""
    shape, own = shape_of(g), x.shape
    if shape != own:
        lead = len(shape) - len(own)
        if lead > 0 and own and shape[lead:] == own and type(g) is np.ndarray:      # a bias: the common case, fast
            g = np.add.reduce(g, axis=0 if lead == 1 else tuple(range(lead)))
            return x._own(g)
        g = ops.sum_to(g, own) if lead >= 0 and shape else ops.broadcast_to(g, own)
    return x._own(g)


def without_leaks(g: Any, part: Any, op: Op) -> Any:
    """`part`, with 0 where it is inf or nan though the cotangent g that it comes from is 0."""
    zero, bad = data_of(g) == 0, ~np.isfinite(data_of(part))
    if not np.any(bad):
        return part
    if op.scalar is not None:
        leaks = zero & bad
        return ops.where(~leaks, part, 0.0) if np.any(leaks) else part
    return ops.where(~bad, part, 0.0) if np.all(zero) else part


def finite(g: Any) -> bool:
    """Whether no inf or nan is in a cotangent; now and then it says no though there is none."""
    if isinstance(g, Node):
        g = g._data
    if type(g) is np.ndarray:
        if g.ndim != 1:
            g = g.ravel("K")
        g = g.dot(g)                                 # a false alarm costs only time
    return math.isfinite(g)


def backward(root: Node, seed: Any = None, *, create_graph: bool = False) -> None:
    """`root.backward(...)`: see Node.backward."""
    shape = root.shape
    if seed is None:
        if shape and math.prod(shape) != 1:
            raise ShapeError(f"backward() starts from a single number, and this has shape {shape}\n"
                             "  help: reduce it, as in y.sum().backward(), or give the cotangent: y.backward(seed)")
        seed = root._one()
    else:
        real_only("backward(seed)", np.asarray(seed) if isinstance(seed, (list, tuple)) else seed)
        if shape_of(data_of(seed)) != shape and np.shape(seed) != shape:
            raise ShapeError(f"backward(seed): the seed has shape {np.shape(data_of(seed))}, and what it seeds {shape}")
        seed = root._own(seed if isinstance(seed, Node) else np.array(seed) if shape else seed)     # a copy
    if in_c is not None and not create_graph and in_c.backward(root, seed):
        return
    order = topological([root])
    found = _cotangents(order, {root: seed}, create_graph)
    if create_graph:
        found = {node: g if isinstance(g, Node) else node._lift(g) for node, g in found.items()}
    held = {id(seed)}                                # the arrays that some node has already
    leaves = []
    get, hold, array = found.get, held.add, np.ndarray
    for node in order:
        g = get(node)
        if type(g) is not array and isinstance(g, np.generic):      # arrays of shape () add up to a NumPy number
            g = node._own(g)
        if node.op is not None:
            node._grad = data_of(g)                  # a graph here would refer to its own node: a cycle
            hold(id(g))
        elif g is not None:
            leaves.append((node, g))
    for node, g in leaves:
        if node._grad is not None:
            node._grad = node._own(node._grad + g)
        elif type(g) is array and (id(g) in held or g.base is not None):
            node._grad = g.copy()                    # a leaf's gradient is an array of its own
        else:
            node._grad = g
            hold(id(g))
