"""Arrays that lie differently in memory."""

from __future__ import annotations

import numpy as np


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
