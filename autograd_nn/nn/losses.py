"""Losses: one number that says how far predictions are from targets.

Predictions are a Tensor, an array, or Values (one, a list or an object array). Plain targets are
constants and are taken in the predictions' dtype, so a float32 loss stays float32. `reduction` is
"mean", "sum" or "none".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .. import ops
from ..errors import ShapeError
from ..ops import shape_of
from ._targets import check_between_0_and_1, check_reduction, class_indices, holds_values, operand, pair, probabilities
from .module import Module


def half_sum_of_squares(y: Any, target: Any, reduction: str = "sum") -> Any:
    """E = 1/2 sum (y - t)^2, whose derivative by y is y - t.

    Target and y have one shape. Raises ShapeError for different shapes and for an empty batch.

    >>> from autograd_nn import Value, nn
    >>> y = Value(33.0)
    >>> nn.half_sum_of_squares(y, 20.0).backward()
    >>> y.grad
    13.0
    """
    y, target = pair("half_sum_of_squares", y, target, reduction)
    return 0.5 * _reduced(ops.square(y - target), reduction)


def mse_loss(y: Any, target: Any, reduction: str = "mean") -> Any:
    """The mean squared error, mean (y - t)^2 over all elements.

    Target and y have one shape. Raises ShapeError for different shapes and for an empty batch.

    >>> from autograd_nn import Tensor, nn
    >>> nn.mse_loss(Tensor([1.0, 4.0]), [1.0, 2.0]).item()
    2.0
    """
    y, target = pair("mse_loss", y, target, reduction)
    return _reduced(ops.square(y - target), reduction)


def cross_entropy(logits: Any, target: Any, reduction: str = "mean") -> Any:
    """-sum_k t_k log softmax(z)_k over the classes k, for logits z of shape (..., classes).

    target  class indices: integers of shape (...); or one-hot rows or probabilities: numbers >= 0 of
            shape (..., classes), with sum 1 over the classes (to 0.001)

    One loss for each target; "mean" is over those. Finite for all finite logits. Raises ShapeError
    for other shapes and an empty batch, DTypeError for class indices that are not integers, DataError
    for those out of range and for rows that are no probabilities.

    >>> from autograd_nn import Tensor, nn
    >>> z = Tensor([[0.0, 0.0], [1e4, -1e4]])
    >>> nn.cross_entropy(z, [0, 1], reduction="none").data
    array([6.93147181e-01, 2.00000000e+04])
    >>> nn.cross_entropy(z, [[1, 0], [0, 1]]).item() == nn.cross_entropy(z, [0, 1]).item()
    True
    """
    check_reduction("cross_entropy", reduction)
    logits = operand("cross_entropy", logits)
    target = operand("cross_entropy", target)
    shape = shape_of(logits)
    if not shape:
        raise ShapeError("cross_entropy: the logits need an axis of classes, and this is a single number\n"
                         "  help: binary_cross_entropy_with_logits takes one logit for each target")
    if shape_of(target) == shape[:-1]:
        index = class_indices(target, shape[-1])
        if holds_values(logits):
            log_p = ops.log_softmax(logits, axis=-1)
            losses = -np.take_along_axis(log_p, index[..., None], axis=-1)[..., 0]
        else:
            losses = ops.softmax_cross_entropy(logits, index)
    elif shape_of(target) == shape:
        log_p = ops.log_softmax(logits, axis=-1)
        losses = -ops.sum(probabilities(target, logits) * _unless_excluded(target, log_p), axis=-1)
    else:
        raise ShapeError(f"cross_entropy: logits of shape {shape} take class indices of shape {shape[:-1]} "
                         f"or probabilities of shape {shape}, and the targets have shape {shape_of(target)}")
    return _reduced(losses, reduction)


def binary_cross_entropy_with_logits(logits: Any, target: Any, reduction: str = "mean") -> Any:
    """-(t log s(z) + (1 - t) log(1 - s(z))) for logits z and s the sigmoid, mean over all elements.

    target  of the logits' shape, within 0 and 1 (to 0.001)

    Computed as t softplus(-z) + (1 - t) softplus(z): finite for all finite logits, and with no
    difference of large numbers. Raises ShapeError for different shapes and for an empty batch,
    DataError for targets outside 0 and 1.

    >>> from autograd_nn import Tensor, nn
    >>> nn.binary_cross_entropy_with_logits(Tensor([1e4, -1e4]), [1, 1], reduction="none").data
    array([    0., 10000.])
    """
    name = "binary_cross_entropy_with_logits"
    logits, target = pair(name, logits, target, reduction)
    check_between_0_and_1(name, target)
    return _reduced(target * ops.softplus(-logits) + (1 - target) * ops.softplus(logits), reduction)


def _unless_excluded(target: Any, log_p: Any) -> Any:
    """log p, and 0 for a class of constant probability 0, whose log p may be -inf."""
    constant = isinstance(target, np.ndarray) and not holds_values(target)
    return ops.where(target > 0, log_p, 0.0) if constant else log_p


def _reduced(losses: Any, reduction: str) -> Any:
    if not shape_of(losses):
        return losses[()] if isinstance(losses, np.ndarray) else losses        # no arrays of shape ()
    return losses if reduction == "none" else ops.mean(losses) if reduction == "mean" else ops.sum(losses)


# --- as modules ---------------------------------------------------------------------------------

class Loss(Module):
    """A loss as a module, with a reduction of its own: "mean", "sum" or "none".

    Raises UsageError for another reduction.

    >>> from autograd_nn import nn
    >>> nn.MSELoss(reduction="sum")([1.0, 2.0], [0.0, 0.0])
    np.float64(5.0)
    """

    function: ClassVar[Callable[..., Any]]
    reduction: str = "mean"

    def __init__(self, reduction: str | None = None) -> None:
        self.reduction = type(self).reduction if reduction is None else reduction
        check_reduction(type(self).__name__, self.reduction)

    def forward(self, y: Any, target: Any) -> Any:
        """The loss of predictions (or logits) against targets."""
        return type(self).function(y, target, self.reduction)

    def extra_repr(self) -> str:
        return f"reduction={self.reduction!r}"


class HalfSumOfSquares(Loss):
    """half_sum_of_squares as a module; its reduction is "sum" by default."""
    function = staticmethod(half_sum_of_squares)
    reduction = "sum"


class MSELoss(Loss):
    """mse_loss as a module."""
    function = staticmethod(mse_loss)


class CrossEntropyLoss(Loss):
    """cross_entropy as a module."""
    function = staticmethod(cross_entropy)


class BCEWithLogitsLoss(Loss):
    """binary_cross_entropy_with_logits as a module."""
    function = staticmethod(binary_cross_entropy_with_logits)
