"""Forward mode over a graph that is recorded already: the function need not run again for each direction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from .. import ops
from ..core.batched import Batched, batch
from ..core.leaks import Look, finite, on_numbers_in_general
from ..core.node import Node, data_of
from ..core.reverse import on_data, on_nodes
from ..errors import blame
from ..ops import shape_of
from ._tangent_of_op import tangent_of_op
from .dual import Dual, nodes_in, paired


def tangents(ys: Sequence[Any], order: Sequence[Node], given: Mapping[Node, Any], create_graph: bool) -> list[Any]:
    """The tangents of ys, of the tangents `given` of nodes below; of what depends on none of these they are 0.

    `order` has the nodes between. As in reverse mode an inf or nan of a rule does not leak past a tangent that is 0:
    where one has come up, the sweep is run again with care.
    """
    look = on_nodes if create_graph else on_data
    with np.errstate(all="ignore"):
        found = _swept(order, given, look, ends=set(nodes_in(ys)))
        if not all(finite(found[y]) for y in nodes_in(ys) if y in found):
            lanes = next((dx for dx in given.values() if isinstance(dx, Batched)), None)
            if lanes is not None:                        # with care each goes by itself
                alone = lambda *dxs: tangents(ys, order, dict(zip(given, dxs)), create_graph)
                return lanes.each(alone, tuple(given.values()), {})  # type: ignore[no-any-return]
            found = _swept(order, given, look, _reach(order, given), set(nodes_in(ys)))
    return [_tangent(y, found) for y in ys]


def _tangent(y: Any, found: Mapping[Node, Any]) -> Any:
    if isinstance(y, Batched):
        return batch(_tangent(y._below, found), y.level)
    if isinstance(y, Dual):
        return paired(_tangent(y.primal, found), _tangent(y.tangent, found), y.level)
    if isinstance(y, Node) and y in found:
        return found[y]
    return np.zeros(shape_of(y), getattr(y, "dtype", float)) if shape_of(y) else 0.0


def _swept(order: Sequence[Node], given: Mapping[Node, Any], look: Look,
           reach: Mapping[Node, Any] | None = None, ends: Collection[Node] = ()) -> dict[Node, Any]:
    """The tangents of all nodes of the order. `reach` is 0 where a tangent is 0 whatever the numbers are.

    Those in many directions at once are large: only the ends' are kept when they have served.
    """
    found, users = dict(given), Counter[Any]()
    if ends and any(isinstance(dx, Batched) for dx in given.values()):
        users = Counter(x for node in order for x in node._inputs if isinstance(x, Node) and x not in ends)
    for node in order:
        op: Any = node._op
        dxs = [found.get(x) if isinstance(x, Node) else None for x in node._inputs]
        y, xs, rules = look(node, next((dx for dx in dxs if isinstance(dx, Batched)), 1.0))
        if reach is not None:
            stays = [np.equal(reach.get(x, 0.0), 0) if isinstance(x, Node) else True for x in node._inputs]
            dxs = [None if np.all(still) else dx for dx, still in zip(dxs, stays)]
            rules = [rule and partial(_without_leaks, rule, still) for rule, still in zip(rules, stays)]
        try:
            found[node] = node._own(tangent_of_op(op, rules, y, [*xs], dxs, node._params))
        except Exception as error:
            blame(error, op, node._inputs)
            raise
        for x in node._inputs if users else ():
            if isinstance(x, Node) and x in users:
                users[x] -= 1
                if not users[x]:
                    found.pop(x, None)
    return found


def _without_leaks(rule: Any, stays: Any, dx: Any, *others: Any, **params: Any) -> Any:
    """What the rule gives, but 0 where the rule gives inf or nan and the tangent dx stays 0."""
    part = rule(dx, *others, **params)
    return part if finite(part) else ops.where(np.isfinite(data_of(part)) | np.logical_not(stays), part, 0.0)


def _reach(order: Sequence[Node], given: Mapping[Node, Any]) -> dict[Node, Any] | None:
    """Tangents that are 0 only where they stay 0 for other data."""
    try:
        return _swept(order, given, on_numbers_in_general(on_data, {*order, *given}))
    except Exception:                                    # a rule refuses such data: then no 0 is known to stay
        return None
