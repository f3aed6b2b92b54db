"""Gradients grow in one step, whatever other threads do: so no part is lost."""

from __future__ import annotations

import threading
from typing import Any

from .node import Node

_swapping = threading.RLock()
"""Held while a gradient is compared and set."""


def accumulate(leaf: Node, g: Any) -> None:
    """Add g to a leaf's gradient. Where another thread has put another one there meanwhile, it is done again."""
    while True:
        before = leaf._grad
        if swap(leaf, before, g if before is None else leaf._own(before + g)):
            return


def swap(leaf: Node, before: Any, after: Any) -> bool:
    """Set the gradient if it is still `before`, and say whether."""
    in_c = getattr(leaf, "_swap_grad", None)             # a Value in C has that
    if in_c is not None:
        return in_c(before, after)  # type: ignore[no-any-return]
    with _swapping:
        unchanged = leaf._grad is before
        if unchanged:
            leaf._grad = after
    return unchanged
