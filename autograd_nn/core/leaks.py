"""An inf or nan of a rule does not leak past a cotangent that is 0."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from .. import ops
from ..ops._carriers import has_lanes
from .node import Node, data_of

Look = Callable[[Node, Any], tuple[Any, Iterable[Any], Iterable[Any]]]
"""What the rules of the op that made a node see, given its cotangent: the output, the inputs, and the rules."""


def zero(*_: Any, **params: Any) -> float:
    """The rule of every op for a number whose cotangent is 0."""
    return 0.0


def with_care(look: Look, reach: Mapping[Node, Any] | None = None) -> Look:
    """The same, with rules whose inf and nan do not leak past a cotangent that is 0.

    Two zeros look alike: one that stays 0 (of what is masked, cut off or not asked for), and one that is 0 at this
    point alone, as 2 y is at y = 0. `reach` tells them apart (see `on_numbers_in_general`): it is 0 where the cotangent
    stays 0. A cotangent of the other kind that is a node has the rule's inf or nan as its own derivative, by `slope0`;
    and an op that is `unguarded` tells of it.
    """
    def careful(node: Node, g: Any) -> tuple[Any, Iterable[Any], Iterable[Any]]:
        y, xs, rules = look(node, g)
        stays = reach is not None and np.equal(reach.get(node, 0.0), 0)
        return y, xs, [rule and partial(_without_leaks, node._op, rule, stays) for _, rule in zip(node._inputs, rules)]
    return careful


def _without_leaks(op: Any, rule: Any, stays: Any, g: Any, *others: Any, **params: Any) -> Any:
    """What the rule gives, but 0 where the rule gives inf or nan and the cotangent g is 0."""
    part = rule(g, *others, **params)
    if finite(part):
        return part
    if has_lanes(g):
        return g.each(_without_leaks, (op, rule, stays, g, *others), params)
    zero, bad = data_of(g) == 0, ~np.isfinite(data_of(part))
    if op.unguarded:
        zero = zero & stays
    if op.scalar is None:
        return ops.where(~bad | _reached(rule, zero, others, params), part, 0.0) if np.any(zero) else part
    leaks = zero & bad
    if not np.any(leaks):
        return part
    changes = leaks & np.logical_not(stays)
    if not isinstance(g, Node) or not np.any(changes):
        return ops.where(~leaks, part, 0.0)
    slope = np.where(changes, rule(1.0, *map(data_of, others), **params), 0.0)
    return ops.where(~leaks, part, ops.slope0(g, slope.astype(getattr(part, "dtype", float))[()]))


def _reached(rule: Any, zero: Any, others: Sequence[Any], params: dict[str, Any]) -> Any:
    """Which elements of an input a cotangent reaches, where some of it is 0: as a row that nobody asks for."""
    if np.all(zero):
        return False
    numbers = [_general(data_of(x)) for x in others]
    try:
        return np.not_equal(rule(np.where(zero, 0, _general(np.zeros_like(numbers[0]))), *numbers, **params), 0)
    except Exception:                                    # the rule refuses such data: no element is known to be beside
        return True


def on_numbers_in_general(look: Look, depends: Container[Node]) -> Look:
    """The same, with other numbers in the place of 0, inf and nan in the nodes that depend on the variables.

    A cotangent that is 0 of these, too, is 0 whatever they are: by a mask, an index, a constant factor.
    """
    def in_general(node: Node, g: Any) -> tuple[Any, Iterable[Any], Iterable[Any]]:
        y, xs, rules = look(node, g if has_lanes(g) else 1.0)
        return _general(y), [_general(x) if rule is not None and isinstance(one, Node) and one in depends else x
                             for one, x, rule in zip(node.inputs, xs, rules)], rules
    return in_general


def _general(x: Any) -> Any:
    special = np.equal(x, 0) | ~np.isfinite(x)
    if not np.any(special):
        return x
    others = (0.7 + 0.2 * np.sin(np.arange(special.size))).reshape(special.shape)
    return np.where(special, others.astype(np.result_type(x)), x)[()]


def finite(g: Any) -> bool:
    """Whether a cotangent is free of inf and nan.

    It sums the squares of the numbers. Where these overflow it answers False though every number is finite, and the
    sweep is run again with care: that costs time, and changes no result.
    """
    while has_lanes(g):
        g = g._below
    if isinstance(g, Node):
        g = g._data
    if type(g) is np.ndarray:
        if g.ndim != 1:
            g = g.ravel("K")
        g = g.dot(g)                                 # the sum of squares: inf or nan if one of them is
    return math.isfinite(g)
