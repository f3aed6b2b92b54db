"""Slots: which argument of an op is which. A picture has to tell the weights of a sum from its inputs."""

from __future__ import annotations

from collections.abc import Iterable

COMMUTATIVE = frozenset({"add", "multiply", "maximum", "minimum", "hypot", "logaddexp", "sum_of"})
"""Ops whose arguments may be swapped, so that a picture need not tell them apart."""


def slot_name(op: str | None, arity: int, slot: int) -> str:
    """What an argument is called: its number from 1, or its part in a weighted sum.

    >>> [slot_name("weighted_sum", 5, i) for i in range(5)], slot_name("power", 2, 1)
    (['w1', 'w2', 'x1', 'x2', 'b'], '2')
    """
    if op != "weighted_sum":
        return str(slot + 1)
    n = arity // 2
    return "b" if slot == 2 * n else f"{'wx'[slot // n]}{slot % n + 1}"


def reading_order(op: str | None, arity: int) -> Iterable[int]:
    """The slots as they are read: each weight of a weighted sum with its input.

    >>> [slot_name("weighted_sum", 5, i) for i in reading_order("weighted_sum", 5)]
    ['w1', 'x1', 'w2', 'x2', 'b']
    """
    if op != "weighted_sum":
        return range(arity)
    n = arity // 2
    return [*(slot for i in range(n) for slot in (i, i + n)), 2 * n]
