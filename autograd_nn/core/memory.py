"""The memory that the engine keeps for its next large arrays."""

from __future__ import annotations

from . import reverse


def free_cached_memory() -> int:
    """Give the memory that waits for the next large arrays back to the system; how many bytes that was.

    What ops, backward passes and optimizers compute on large arrays lies in memory of the engine's. Where such an array
    is freed, its memory waits for the next one of about that size, because the system takes longer to hand memory out
    than many an op to compute: a training step takes up to half the time. At most 256 MB wait. Arrays in use are not
    touched, nor are any that you have made yourself. The engine in Python keeps nothing, and this gives 0.

    >>> from autograd_nn import free_cached_memory
    >>> free_cached_memory() >= 0, free_cached_memory()
    (True, 0)
    """
    return 0 if reverse.in_c is None else int(reverse.in_c.free_cached())
