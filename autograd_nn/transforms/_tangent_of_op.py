"""The tangent of what one op gives: by its rules, by the op itself, by its rules for tangents, or by a transpose."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from .. import ops
from ..core.batched import Batched, lanes_in_front
from ..core.below import cotangents_of
from ..core.leaks import finite
from ..core.modes import mode
from ..core.node import Node
from ..core.tensor import Tensor
from ..core.times import begin
from ..core.value import Value
from ..core.variables import ENDED
from ..ops import Op, shape_of
from ..ops._arguments import data_of
from .dual import Dual, detached, leaf, nodes_in, paired, recording


def tangent_of_op(op: Op, rules: Iterable[Any], y: Any, xs: Sequence[Any], dxs: Sequence[Any],
                  params: Mapping[str, Any]) -> Any:
    """The tangent of y, which the op made of xs, whose tangents are dxs; None is that of a constant.

    `rules` are the op's, bound to what xs are. Of an op on whole arrays its own are taken, which record.
    """
    if op.scalar is not None:
        return in_shape_of(by_rules(rules, y, xs, dxs, params), y)

    def run(*xs: Any, **params: Any) -> Any:
        return op(*xs, **params) if op.arity >= 0 else op(xs, **params)
    moved = sum(1 << i for i, dx in enumerate(dxs) if dx is not None)
    return in_shape_of(summed(op, run, op.jvps, y, xs, dxs, moved, params), y)


def in_shape_of(tangent: Any, y: Any) -> Any:
    """The tangent in y's shape; zeros for None."""
    if tangent is None:
        tangent = 0.0
    if type(tangent) in (float, int) and hasattr(y, "dtype"):
        return np.full(shape_of(y), tangent, y.dtype)[()]            # not float64 where y is float32
    return tangent if shape_of(tangent) == shape_of(y) else ops.broadcast_to(tangent, shape_of(y))


def by_rules(rules: Iterable[Any], y: Any, xs: Sequence[Any], dxs: Sequence[Any], params: Mapping[str, Any]) -> Any:
    """The tangent of y, of an op that works element by element: each rule is its own transpose."""
    tangent: Any = None
    for dx, rule in zip(dxs, rules):
        if dx is not None and rule is not None:
            part = rule(dx, y, *xs, **params)
            tangent = part if tangent is None else tangent + part
    return tangent


def summed(op: Op, run: Callable[..., Any], jvps: Sequence[Any], y: Any, xs: Sequence[Any], dxs: Sequence[Any],
            moved: int, params: Mapping[str, Any]) -> Any:
    """The tangent of y, of an op on whole arrays: a sum over the inputs that have tangents, whose bits are in `moved`.

    Inputs in which the op is linear together are served together, by the op itself, which is `run`. Where an inf or nan
    may have leaked past a tangent of 0 the transpose tells.
    """
    parts = op.parts_of_tangent.get((moved, len(xs)))
    if parts is None:
        parts = op.parts_of_tangent[moved, len(xs)] = _parts_of_tangent(op, moved, len(xs))
    total: Any = None
    for slots, roles in parts:
        if roles is None:                                # not linear in it
            i, = slots
            part = None if not jvps or jvps[i] is None else jvps[i](dxs[i], y, *xs, **params)
            leaks = part is None or not _finite(part)
        else:
            part = run(*[dx if role == _OWN else x if role == _HELD else _zeros(x)
                         for role, x, dx in zip(roles, xs, dxs)], **params)
            leaks = _HELD in roles and not (finite if type(part) is np.ndarray else _finite)(part)
        if leaks:
            part = reduce(operator.add, [transposed_rule(op, dxs[i], y, xs, i, params) for i in slots])
        total = part if total is None else total + part
    return total


def _finite(x: Any) -> bool:
    """Whether the numbers in x, in all its lanes, are free of inf and nan."""
    while isinstance(x, (Dual, Batched)):
        x = x.primal if isinstance(x, Dual) else x._below
    return finite(x)


_OWN, _HELD, _ZERO = range(3)


def _parts_of_tangent(op: Op, moved: int, n: int) -> list[tuple[tuple[int, ...], tuple[int, ...] | None]]:
    """The parts of a tangent: each serves some inputs, and has a role for each of the n: its tangent, itself, or zeros.

    Where the op is not linear in an input, that is served by itself and there are no roles.
    """
    left, parts = {i for i in range(n) if moved >> i & 1}, list[Any]()
    groups = [{*group} for group in op.linear_groups(n)]
    while left:
        group = max(groups, key=lambda group: len(group & left), default=set())
        slots = group & left
        roles = tuple([_OWN if i in slots else _ZERO if i in group else _HELD for i in range(n)])
        slots = slots or {min(left)}
        parts.append((tuple(sorted(slots)), roles if _OWN in roles else None))
        left -= slots
    return parts


def _zeros(x: Any) -> Any:
    """The tangent of a constant."""
    return np.zeros(np.shape(x) if isinstance(x, (list, tuple)) else shape_of(x), getattr(x, "dtype", float))[()]


def transposed_rule(op: Op, tangent: Any, y: Any, primals: Sequence[Any], i: int, params: Mapping[str, Any]) -> Any:
    """The tangent of y: the transpose of the rule of input i (linear in its cotangent u), applied to its `tangent`."""
    rule = op.traced_rules[i]
    if rule is None:
        return 0.0
    if not mode.recording:                   # the rule must be recorded all the same, and nothing before it
        y, tangent, *primals = (detached(x) for x in (y, tangent, *primals))
    data = data_of(y)
    began = begin()
    u = leaf(0.0, Value) if type(data) is float else leaf(np.zeros(np.shape(data), np.result_type(data)), Tensor)
    nodes = bool(nodes_in((y, tangent, *primals)))
    with recording():
        part = rule(u, y, *primals, **params)
        if shape_of(part) != shape_of(primals[i]):
            part = ops.sum_to(part, shape_of(primals[i]))
        found = transposed([part], [tangent], [u], nodes, began)[0]
    if nodes:
        u._call = ENDED
    found = found if mode.recording else detached(found)
    return 0.0 if found is None else found


def transposed(ys: Sequence[Any], seeds: Sequence[Any], leaves: Sequence[Any], create_graph: bool,
               since: int) -> list[Any]:
    """The derivative of sum(seed * y) over all y, by each of the leaves; None where there is none.

    None of the leaves was made before the time `since`.

    Of duals it is a dual: (s0 + ds) (y0 + dy) has the parts s0 y0 and s0 dy + ds y0.
    """
    for x in (*ys, *seeds):
        if isinstance(x, (Dual, Batched)):
            return _transposed_by_level(ys, seeds, leaves, create_graph, since)
    return _transposed_nodes(ys, seeds, leaves, create_graph, since)


def _transposed_by_level(ys: Sequence[Any], seeds: Sequence[Any], leaves: Sequence[Any], create_graph: bool,
                         since: int) -> list[Any]:
    ys, seeds = zip(*map(_without_lanes, ys, seeds))
    levels = [x.level for x in map(_inmost, (*ys, *seeds)) if isinstance(x, Dual)]
    if not levels:
        return _transposed_nodes(ys, seeds, leaves, create_graph, since)
    level = max(levels)
    y0, dy = zip(*[_parts(y, level) for y in ys])
    s0, ds = zip(*[_parts(s, level) for s in seeds])
    primal = transposed(y0, s0, leaves, create_graph, since)
    tangent = transposed((*dy, *y0), (*s0, *ds), leaves, create_graph, since)
    return [None if a is None and b is None else paired(_or_zero(a, x), _or_zero(b, x), level)
            for a, b, x in zip(primal, tangent, leaves)]


def _transposed_nodes(ys: Sequence[Any], seeds: Sequence[Any], leaves: Sequence[Any], create_graph: bool,
                      since: int) -> list[Any]:
    together: dict[Node, Any] = {}
    for y, seed in zip(ys, seeds):
        if isinstance(y, Node) and seed is not None:
            together[y] = together[y] + y._own(seed) if y in together else seed
    return cotangents_of([*leaves], together, create_graph, since)


def _without_lanes(y: Any, seed: Any) -> tuple[Any, Any]:
    """A root and its seed with the lanes of the root, if it has any, as axes in front of both."""
    while isinstance(y, Batched):
        y, seed = y._below, None if seed is None else lanes_in_front(seed, y.level)
    return y, seed


def _inmost(x: Any) -> Any:
    while isinstance(x, Batched):
        x = x._below
    return x


def _parts(x: Any, level: int) -> tuple[Any, Any]:
    if isinstance(x, Batched):
        primal, tangent = _parts(x._below, level)
        return Batched(primal, x.level), None if tangent is None else Batched(tangent, x.level)
    return (x.primal, x.tangent) if isinstance(x, Dual) and x.level == level else (x, None)


def _or_zero(g: Any, x: Any) -> Any:
    return g if g is not None else np.zeros(x.shape, x.dtype) if isinstance(x, Tensor) else 0.0
