"""Standardising: mean 0 and variance 1 over some axes, which batch, layer and group normalisation share."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._op import Op
from .elementary import sqrt
from .reduction import mean
from .statistics import var


def _standardize(x: Any, axis: Any = None, eps: float = 1e-5) -> Any:
    centred = x - np.mean(x, axis=axis, keepdims=True)
    spread = np.mean(centred * centred, axis=axis, keepdims=True)
    centred *= 1 / np.sqrt(spread + eps)
    return centred


standardize = Op("standardize", None, _standardize,
                 lambda g, y, x, axis, eps: (g - mean(g, axis=axis, keepdims=True)
                                             - y * mean(g * y, axis=axis, keepdims=True))
                 / sqrt(var(x, axis=axis, keepdims=True) + eps),
                 tex=r"\frac{{{0} - \overline{{{0}}}}}{{\sqrt{{\operatorname{{var}} {0} + {eps}}}}}",
                 symbol="(x − μ) / σ", params={"axis": None, "eps": 1e-5}, method=False,
                 cases=[(((3, 4),), {"axis": 0}), (((2, 3, 4),), {"axis": (0, 2), "eps": 0.1}), (((5,),), {})])
