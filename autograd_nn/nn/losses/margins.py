"""Hinge losses: zero once a score is right by a margin."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...core.options import above_zero, choice, whole_number
from ...errors import ShapeError, UsageError
from ...ops import shape_of
from .._targets import REDUCTIONS, check_signs, class_indices, class_weights, loss_input, pair, predictions
from .loss import Loss, reduced


def hinge_loss(y: Any, target: Any, reduction: str = "mean", *, margin: float = 1.0) -> Any:
    """max(0, margin - t y) for a score y and a target t of 1 or -1, mean over all elements.

    Target and y have one shape. Source: Cortes & Vapnik 1995.

    Raises ShapeError for different shapes, DataError for other targets (2 t - 1
    makes 1 and -1 of 1 and 0), UsageError unless margin > 0.

    >>> from autograd_nn import Tensor, nn
    >>> nn.hinge_loss(Tensor([3.0, 0.25, -1.0]), [1, 1, 1], "none").data
    array([0.  , 0.75, 2.  ])
    """
    margin = above_zero("hinge_loss: margin", margin)
    y, target = pair("hinge_loss", y, target, reduction)
    check_signs("hinge_loss", target)
    return reduced(ops.relu(margin - target * y), reduction)


class HingeLoss(Loss):
    """hinge_loss as a module, with `margin`."""
    function = staticmethod(hinge_loss)


def multi_margin_loss(y: Any, target: Any, reduction: str = "mean", *, p: int = 1, margin: float = 1.0,
                      weight: Any = None) -> Any:
    """w_t sum over k != t of max(0, margin - y_t + y_k)^p / classes, for scores y of shape (..., classes).

    target   class indices, integers of shape (...)
    p        1 or 2
    weight   w, a number >= 0 for each class; 1 by default. "mean" is over the targets all the same

    Source: Crammer & Singer 2001, with a sum for the maximum, as Weston & Watkins 1999.

    Raises ShapeError for other shapes, DTypeError and DataError for wrong class
    indices and weights, UsageError for another p and unless margin > 0.

    >>> from autograd_nn import Tensor, nn
    >>> nn.multi_margin_loss(Tensor([[0.5, 1.0, -3.0, 0.0]]), [1]).item()       # (0.5 + 0 + 0) / 4
    0.125
    """
    name = "multi_margin_loss"
    choice(f"{name}: reduction", reduction, REDUCTIONS)
    margin = above_zero(f"{name}: margin", margin)
    if whole_number(f"{name}: p", p) > 2:
        raise UsageError(f"{name}: p must be 1 or 2, not {p}")
    y, target = predictions(y), loss_input(target)
    shape = shape_of(y)
    if not shape or shape_of(target) != shape[:-1]:
        raise ShapeError(f"{name}: scores of shape (..., classes) take class indices of shape (...), "
                         f"and these have shapes {shape} and {shape_of(target)}")
    index, _ = class_indices(name, target, shape[-1])
    own = np.arange(shape[-1]) == index[..., None]
    over = ops.where(own, 0.0, ops.relu(margin - ops.take_along_axis(y, index[..., None], axis=-1) + y))
    losses = ops.mean(over if p == 1 else ops.square(over), axis=-1)
    return reduced(losses if weight is None else class_weights(name, weight, y)[index] * losses, reduction)


class MultiMarginLoss(Loss):
    """multi_margin_loss as a module, with `p`, `margin` and `weight`."""
    function = staticmethod(multi_margin_loss)
