"""The memory that the engine keeps for its next large arrays."""

from __future__ import annotations

from . import reverse
from .operands import copies


def free_cached_memory() -> int:
    """Give the memory that waits for the next large arrays back to the system; how many bytes that was.

    What ops, backward passes and optimizers compute on large arrays lies in memory of the engine's. Where such
    an array is freed, its memory waits for the next one of about that size: the system takes longer to hand
    memory out than many an op to compute, up to half of a training step. At most 256 MB wait. Arrays in use are
    not touched, nor are any that you have made yourself. The engine in Python has no such memory. Both keep
    copies of arrays that ops were given, at most 64 MB, for as long as those live and do not change: these go,
    too.

    >>> from autograd_nn import free_cached_memory
    >>> free_cached_memory() >= 0, free_cached_memory()
    (True, 0)
    """
    copied = copies.clear()
    return copied + (0 if reverse.in_c is None else int(reverse.in_c.free_cached()))
