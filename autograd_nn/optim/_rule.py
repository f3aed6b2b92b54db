"""What the rules of optimizers are made of, and how a rule runs over a large array."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

State = dict[str, Any]
SMALL = 1 << 20         # bytes of an array: up to this size it is not cut into blocks, as it fits into the cache whole
BLOCK = 1 << 19         # bytes of a block of a larger array: it stays in the cache while several operations go over it


def decayed(g: Any, x: Any, weight_decay: float) -> Any:
    """The gradient of the loss + weight_decay/2 x^2: g + weight_decay x."""
    return g + weight_decay * x if weight_decay else g


def running(state: State, name: str, keep: float, new: Any) -> Any:
    """The moving average m <- keep m + (1 - keep) new, from 0 at first; the state has it under its name.

    An array of the state is changed in place: the state is the optimizer's own, and it saves
    memory traffic. The bits are the same.
    """
    return accumulated(state, name, keep, (1 - keep) * new)


def running_square(state: State, name: str, keep: float, g: Any) -> Any:
    """The moving average of g^2."""
    square = g * g
    square *= 1 - keep
    return accumulated(state, name, keep, square)


def accumulated(state: State, name: str, keep: float, new: Any) -> Any:
    """The sum s <- keep s + new, from 0 at first."""
    s = state.get(name, 0.0)
    if isinstance(s, np.ndarray):
        s *= keep
        s += new
    else:
        s = state[name] = keep * s + new
    return s


def in_blocks(update: Callable[..., Any], x: Any, g: Any, state: State, numbers: Mapping[str, Any]) -> Any:
    """`update` of an array, block by block: the same bits, if it treats each element alone.

    Every block starts from the same single numbers of the state (a count of steps) and from its own
    part of the arrays.
    """
    new = np.empty(x.shape, x.dtype)
    out, xs, gs = new.reshape(-1), np.ascontiguousarray(x).reshape(-1), np.ascontiguousarray(g).reshape(-1)
    before = {name: entry.reshape(-1) if isinstance(entry, np.ndarray) and entry.ndim else entry
              for name, entry in state.items()}
    arrays: State = {}
    length = max(1, BLOCK // x.itemsize)
    for start in range(0, x.size, length):
        part = slice(start, start + length)
        views = {name: entry[part] if isinstance(entry, np.ndarray) and entry.ndim else entry
                 for name, entry in before.items()}
        piece = dict(views)
        out[part] = update(xs[part], gs[part], piece, **numbers)
        for name, entry in piece.items():
            if entry is views.get(name):
                continue                             # unchanged, or changed in place
            if not isinstance(entry, np.ndarray):
                state[name] = entry
                continue
            if name not in arrays:
                state[name] = np.empty(x.shape, entry.dtype)
                arrays[name] = state[name].reshape(-1)
            arrays[name][part] = entry
    return new
