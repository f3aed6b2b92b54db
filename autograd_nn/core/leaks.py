"""An inf or nan of a rule does not leak past a cotangent that is 0."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from .. import ops
from .node import Node, data_of

Look = Callable[[Node, Any], tuple[Any, Iterable[Any], Iterable[Any]]]
"""What the rules of the op that made a node see, given its cotangent: the output, the inputs, and the rules."""


def zero(*_: Any, **params: Any) -> float:
    """The rule of every op for a number whose cotangent is 0."""
    return 0.0


def with_care(look: Look) -> Look:
    """The same, with rules whose inf and nan do not leak past a cotangent that is 0."""
    def careful(node: Node, g: Any) -> tuple[Any, Iterable[Any], Iterable[Any]]:
        y, xs, rules = look(node, g)
        return y, xs, [rule and partial(_without_leaks, node._op, rule) for _, rule in zip(node._inputs, rules)]
    return careful


def _without_leaks(op: Any, rule: Any, g: Any, *others: Any, **params: Any) -> Any:
    """What the rule gives, but 0 where the rule gives inf or nan and the cotangent g is 0."""
    part = rule(g, *others, **params)
    if finite(part):
        return part
    zero, bad = data_of(g) == 0, ~np.isfinite(data_of(part))
    if op.scalar is not None:
        leaks = zero & bad
        return ops.where(~leaks, part, 0.0) if np.any(leaks) else part
    return ops.where(~bad, part, 0.0) if np.any(bad) and np.all(zero) else part


def finite(g: Any) -> bool:
    """Whether a cotangent is free of inf and nan.

    It sums the squares of the numbers. Where these overflow it answers False though every number is finite, and the
    sweep is run again with care: that costs time, and changes no result.
    """
    if isinstance(g, Node):
        g = g._data
    if type(g) is np.ndarray:
        if g.ndim != 1:
            g = g.ravel("K")
        g = g.dot(g)                                 # the sum of squares: inf or nan if one of them is
    return math.isfinite(g)
