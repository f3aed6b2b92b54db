"""From the losses, one for each target, to one number."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...ops import shape_of


def reduced(losses: Any, reduction: str) -> Any:
    """The losses themselves, their mean or their sum."""
    if not shape_of(losses):
        return losses[()] if isinstance(losses, np.ndarray) else losses        # no arrays of shape ()
    return losses if reduction == "none" else ops.mean(losses) if reduction == "mean" else ops.sum(losses)
