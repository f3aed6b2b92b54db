"""The time: how many numbers have been assigned to Values.

A node that an op made has used the numbers that its leaves had at that time, and its rules read them when a backward
pass comes by. So each node knows when it was made, and each leaf when its number was last assigned: where that was
later, the derivative can no longer be computed. The engine in C counts by itself.
"""

from __future__ import annotations

now = 0


def tick() -> int:
    """The next moment."""
    global now
    now += 1
    return now
