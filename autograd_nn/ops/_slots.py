"""Slots: which input of an op is which, by the names that its entry gives them.

A name with a star stands for many inputs: ("w*", "x*", "b") are w1 … wn, x1 … xn, b, as in a weighted sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain


def slot_groups(slots: Sequence[str], n: int) -> list[range]:
    """The slots of n inputs that each name stands for; without names each input is by itself.

    >>> slot_groups(("w*", "x*", "b"), 5), slot_groups((), 2)
    ([range(0, 2), range(2, 4), range(4, 5)], [range(0, 1), range(1, 2)])
    """
    names = slots or ("",) * n
    starred = sum(map(is_starred, names))
    each = (n - len(names) + starred) // max(starred, 1)
    groups, start = [], 0
    for name in names:
        stop = start + (each if is_starred(name) else 1)
        groups.append(range(start, stop))
        start = stop
    return groups


def slot_names(slots: Sequence[str], n: int) -> list[str]:
    """What n inputs are called; without names by their numbers from 1.

    >>> slot_names(("w*", "x*", "b"), 5), slot_names((), 2)
    (['w1', 'w2', 'x1', 'x2', 'b'], ['1', '2'])
    """
    if not slots:
        return [str(i + 1) for i in range(n)]
    return [f"{name[:-1]}{i + 1}" if is_starred(name) else name
            for name, group in zip(slots, slot_groups(slots, n)) for i in range(len(group))]


def reading_order(slots: Sequence[str], n: int) -> Iterable[int]:
    """The slots as they are read: first inputs with a star side by side, each weight with its input.

    >>> list(reading_order(("w*", "x*", "b"), 5))
    [0, 2, 1, 3, 4]
    """
    if not any(map(is_starred, slots)):
        return range(n)
    groups = slot_groups(slots, n)
    together = [group for name, group in zip(slots, groups) if is_starred(name)]
    alone = [group for name, group in zip(slots, groups) if not is_starred(name)]
    return [*chain.from_iterable(zip(*together)), *chain.from_iterable(alone)]


def is_starred(name: str) -> bool:
    """Whether a name stands for many inputs."""
    return name.endswith("*")
