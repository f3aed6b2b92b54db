"""Reverse mode: the chain rule, from the roots of a graph to its leaves."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np

from .. import ops
from ..errors import ShapeError, UsageError, blame
from ..ops import shape_of
from ..ops._arguments import real_only
from ..ops._carriers import has_lanes
from ..ops._frozen import another, close, close_if_held
from ..ops._refusal import shown_in_error
from . import modes
from .accumulate import to_nodes
from .fixed import refuse_backward
from .in_lanes import dropping, rules_in_lanes, seen_in_lanes
from .lane_level import lanes_share
from .leaks import Look, finite, on_numbers_in_general, with_care, zero
from .node import Node, data_of, topological
from .times import check_unassigned

Step = tuple[Node, int, Any, Any, Any]


def chain_rule(order: list[Node], found: dict[Node, Any], look: Look,
               fit: Callable[[Any, Node], Any] | None = None) -> Iterator[Step]:
    """The chain rule, step by step. It fills `found`, which has the cotangents of the roots, with those of all below.

    `look(node, g)` gives the output, the inputs and the rules of the op that made a node: their data, or the nodes
    themselves, and then each cotangent is a graph too. A step is (node, number of the input, cotangent of the node,
    what this adds to the cotangent of the input, what that was before or None). `fit` is `fitted`, but for lanes.
    """
    fit = fit or fitted
    for node in reversed(order):
        op, g = node._op, found.get(node)
        if op is None or g is None:                      # a leaf, or no root depends on it
            continue
        try:
            close(g)                                     # others may hold it: a rule must not change it
            y, xs, rules = look(node, g)
            for i, (x, rule) in enumerate(zip(node._inputs, rules)):
                if rule is not None and isinstance(x, Node):         # a constant has no cotangent
                    part = fit(rule(g, y, *xs, **node._params), x)
                    close_if_held(part)                  # by the rule, still
                    before = found.get(x)
                    found[x] = part if before is None else before + part
                    yield node, i, g, part, before
        except Exception as error:
            blame(error, op, node._inputs)
            raise


def on_data(node: Node, g: Any) -> tuple[Any, Iterable[Any], Iterable[Any]]:
    """What the rules see in a backward pass that makes no graph: floats and arrays."""
    op: Any = node._op
    y = node._data
    if op is None:                                       # another thread's transform has just let it forget its history
        return y, (), ()
    if has_lanes(g):                                     # many cotangents at once
        return seen_in_lanes(node)
    if type(y) is np.ndarray:
        return y, node._operands, op.array_rules         # type: ignore[attr-defined]
    check_unassigned(node)
    rules = op.array_rules if op.scalar is None else op.float_rules
    if type(g) is float and g == 0.0 and not op.unguarded:           # an inf or nan of a rule does not leak past a zero
        rules = [rule and zero for _, rule in zip(node._inputs, rules)]
    return y, [x._data if isinstance(x, Node) else x for x in node._inputs], rules


def on_nodes(node: Node, g: Any) -> tuple[Any, Iterable[Any], Iterable[Any]]:
    """What the rules see with create_graph: the nodes."""
    check_unassigned(node)
    op = node._op
    return node, node._inputs, () if op is None else rules_in_lanes(node) if has_lanes(g) else op.traced_rules


def fitted(g: Any, x: Node) -> Any:
    """`g` as a cotangent of x: summed over the axes along which x was broadcast, in x's dtype."""
    data, kind = x._data, type(g)
    if kind is type(data) and (kind is float or (
            kind is np.ndarray and g.shape == data.shape and g.dtype is data.dtype)):
        return g                                         # the common case, fast
    shape, own = shape_of(g), x.shape
    if shape != own:
        lead = len(shape) - len(own)
        if lead > 0 and own and shape[lead:] == own and type(g) is np.ndarray:      # a bias: the common case, fast
            g = np.add.reduce(g, axis=0 if lead == 1 else tuple(range(lead)))
            return x._own(g)
        g = ops.sum_to(g, own) if lead >= 0 and shape else ops.broadcast_to(g, own)
    return x._own(g)


in_c: Any = None
"""The module `native._tensor`, or None: it does what this file does for graphs in which every node is a Tensor."""
values_in_c: Any = None
"""The module `native._value`, or None: it does the same for graphs in which every node is a Value."""


def cotangents(seeds: Mapping[Node, Any], *, create_graph: bool = False) -> dict[Node, Any]:
    """The derivative of sum(seed * root) with respect to every node below the roots.

    Nothing is written to the nodes. With `create_graph` the rules run on the nodes themselves, so
    each derivative is a graph in turn; without, they run on the data.

    Where a cotangent is exactly 0, an inf or nan of a rule does not leak past it. That costs
    nothing as long as none arises: only then the sweep is run again with care.
    """
    if in_c is not None and not create_graph and not lanes_share() and not any(map(has_lanes, seeds.values())):
        found: dict[Node, Any] | None = unless_it_fails(in_c.cotangents, seeds, 0, False)
        if found is not None:
            return found
    return cotangents_over(topological(seeds), seeds, create_graph)


def cotangents_over(order: list[Node], seeds: Mapping[Node, Any], create_graph: bool,
                    ends: Collection[Node] = ()) -> dict[Node, Any]:
    """The cotangents of these nodes, and of the leaves and the `ends` that they are made of."""
    watch = modes.mode.sweep if create_graph else None
    with nullcontext() if watch is None else watch(seeds):
        alarm: list[str] = []
        with np.errstate(over="ignore", under="ignore", divide="call", invalid="call",
                         call=lambda kind, flag: alarm.append(kind)):
            look = on_nodes if create_graph else on_data
            found = _swept(order, seeds, look, ends)
            if not alarm and all(finite(g) for node, g in found.items() if node._op is None or node in ends):
                return found
        with np.errstate(all="ignore"):
            told_apart = create_graph or any(getattr(node.op, "unguarded", False) for node in order)
            return _swept(order, seeds, with_care(look, _reach(order, seeds, ends) if told_apart else None), ends)


def _reach(order: list[Node], seeds: Mapping[Node, Any], ends: Collection[Node]) -> dict[Node, Any] | None:
    """Cotangents that are 0 only where they stay 0 for other data."""
    seeds = {root: root._one() if isinstance(seed, Node) else seed for root, seed in seeds.items()}
    try:
        return _swept(order, seeds, on_numbers_in_general(on_data, {*order, *ends}))
    except Exception:                                    # a rule refuses such data: then no 0 is known to stay
        return None


def _swept(order: list[Node], seeds: Mapping[Node, Any], look: Look, ends: Collection[Node] = ()) -> dict[Node, Any]:
    found = {root: another(root._own(seed), seed) for root, seed in seeds.items()}
    steps = chain_rule(order, found, look)
    if ends and any(map(has_lanes, seeds.values())):
        steps = dropping(steps, found, ends)
    deque(steps, maxlen=0)                               # to the end
    return found


def backward(root: Node, seed: Any = None, *, create_graph: bool = False) -> None:
    """`root.backward(...)`: see Node.backward."""
    if root._fixed:
        refuse_backward(root)
    shape = root.shape
    if seed is None:
        if shape and math.prod(shape) != 1:
            raise ShapeError(f"backward() starts from a single number, and this has shape {shape}\n"
                             "  help: reduce it, as in y.sum().backward(), or give the cotangent: y.backward(seed)")
        seed = root._one()
    else:
        try:
            real_only("backward(seed)", np.asarray(seed) if isinstance(seed, (list, tuple)) else seed)
        except ValueError:
            raise UsageError(f"backward(seed): this is no array of numbers: {shown_in_error(seed)}") from None
        if shape_of(data_of(seed)) != shape and np.shape(seed) != shape:
            raise ShapeError(f"backward(seed): the seed has shape {np.shape(data_of(seed))}, and what it seeds {shape}")
        seed = root._own(seed if isinstance(seed, Node) else np.array(seed) if shape else seed)     # a copy
    if in_c is not None and not create_graph and unless_it_fails(in_c.backward, root, seed):
        return
    order = topological([root])
    found = cotangents_over(order, {root: seed}, create_graph)
    if create_graph:
        found = {node: g if isinstance(g, Node) else node._lift(g) for node, g in found.items()}
    to_nodes(order, found, seed)


def unless_it_fails(in_c: Callable[..., Any], *args: Any) -> Any:
    """What C gives, or None where a rule raises in C: then Python does it again, and its error names the op."""
    try:
        return in_c(*args)
    except Exception:
        return None
