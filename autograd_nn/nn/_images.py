"""Prepares the input of layers with channels: nodes stay as they are, plain arrays get a floating point dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import UsageError
from ._inputs import is_data, of_values, traced


def image_batch(layer: Any, x: Any, dtype: Any = None) -> Any:
    """The input of a layer: a Tensor keeps its dtype, a plain array gets `dtype` or keeps a floating one."""
    if traced(x) and not is_data(x):
        return x
    x = x if is_data(x) else of_values(x)
    if x.dtype == object:
        raise UsageError(f"{type(layer).__name__} takes Tensors and arrays, and these inputs are Values\n"
                         "  help: autograd_nn.stack(values) makes a Tensor of them")
    return x.astype(dtype or (x.dtype if x.dtype.kind == "f" else np.float64), copy=False)
