"""Arrays to test with: distinct numbers, and arrays that lie differently in memory."""

from __future__ import annotations

import math

import numpy as np


def distinct(*shape, rng=0, low=0.5, high=2.0):
    """Numbers of either sign, no two of one size and none near 0. `rng` is a seed or a generator."""
    rng = np.random.default_rng(rng)
    x = rng.permutation(np.linspace(low, high, math.prod(shape))).reshape(shape)
    return x * rng.choice([-1.0, 1.0], shape)


def layouts(a):
    """The same numbers, lying differently in memory."""
    readonly = a.copy()
    readonly.setflags(write=False)
    wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1])) if a.ndim else a
    if a.ndim:
        wide[..., ::2] = a
        yield "stepped", wide[..., ::2]
        yield "turned", a[..., ::-1].copy()[..., ::-1]
    yield "Fortran", np.array(a, order="F")
    yield "transposed", a.T.copy().T
    yield "read-only", readonly
