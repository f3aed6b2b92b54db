"""Losses of numbers against numbers, element by element."""

from __future__ import annotations

from typing import Any

from ... import ops
from ...core.options import above_zero, non_negative
from .._targets import pair
from .loss import Loss, reduced


def half_sum_of_squares(y: Any, target: Any, reduction: str = "sum") -> Any:
    """E = 1/2 sum (y - t)^2, whose derivative by y is y - t.

    Target and y have one shape. Raises ShapeError for different shapes.

    >>> from autograd_nn import Value, nn
    >>> y = Value(33.0)
    >>> nn.half_sum_of_squares(y, 20.0).backward()
    >>> y.grad
    13.0
    """
    y, target = pair("half_sum_of_squares", y, target, reduction)
    return 0.5 * reduced(ops.square(y - target), reduction)


class HalfSumOfSquares(Loss):
    """half_sum_of_squares as a module; its reduction is "sum" by default."""
    function = staticmethod(half_sum_of_squares)
    reduction = "sum"


def mse_loss(y: Any, target: Any, reduction: str = "mean") -> Any:
    """The mean squared error, mean (y - t)^2 over all elements.

    Target and y have one shape. Raises ShapeError for different shapes.

    >>> from autograd_nn import Tensor, nn
    >>> nn.mse_loss(Tensor([1.0, 4.0]), [1.0, 2.0]).item()
    2.0
    """
    y, target = pair("mse_loss", y, target, reduction)
    return reduced(ops.square(y - target), reduction)


class MSELoss(Loss):
    """mse_loss as a module."""
    function = staticmethod(mse_loss)


def l1_loss(y: Any, target: Any, reduction: str = "mean") -> Any:
    """The mean absolute error, mean |y - t| over all elements; where y = t the derivative is 0.

    Target and y have one shape. Raises ShapeError for different shapes.

    >>> from autograd_nn import Tensor, nn
    >>> nn.l1_loss(Tensor([1.0, 4.0]), [1.0, 2.0]).item()
    1.0
    """
    y, target = pair("l1_loss", y, target, reduction)
    return reduced(ops.absolute(y - target), reduction)


class L1Loss(Loss):
    """l1_loss as a module."""
    function = staticmethod(l1_loss)


def huber_loss(y: Any, target: Any, reduction: str = "mean", *, delta: float = 1.0) -> Any:
    """d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2), with d = y - t: outliers pull with delta at most.

    Target and y have one shape; delta > 0. Computed as c (d - c / 2) with c = d kept within -delta and
    delta, so a large d is not squared. Source: Huber 1964.

    Raises ShapeError for different shapes, UsageError for another delta.

    >>> from autograd_nn import Tensor, nn
    >>> nn.huber_loss(Tensor([0.5, 10.0]), [0.0, 0.0], "none").data
    array([0.125, 9.5  ])
    """
    delta = above_zero("huber_loss: delta", delta)
    y, target = pair("huber_loss", y, target, reduction)
    return reduced(_huber(y - target, delta), reduction)


class HuberLoss(Loss):
    """huber_loss as a module, with `delta`."""
    function = staticmethod(huber_loss)


def smooth_l1_loss(y: Any, target: Any, reduction: str = "mean", *, beta: float = 1.0) -> Any:
    """d^2 / (2 beta) where |d| < beta, else |d| - beta / 2, with d = y - t: huber_loss / beta.

    Target and y have one shape; beta >= 0, and 0 is l1_loss. Source: Girshick 2015.

    Raises ShapeError for different shapes, UsageError for another beta.

    >>> from autograd_nn import Tensor, nn
    >>> nn.smooth_l1_loss(Tensor([0.5, 10.0]), [0.0, 0.0], "none", beta=2.0).data
    array([0.0625, 9.    ])
    """
    beta = non_negative("smooth_l1_loss: beta", beta)
    y, target = pair("smooth_l1_loss", y, target, reduction)
    d = y - target
    return reduced(_huber(d, beta) * (1 / beta) if beta else ops.absolute(d), reduction)


class SmoothL1Loss(Loss):
    """smooth_l1_loss as a module, with `beta`."""
    function = staticmethod(smooth_l1_loss)


def _huber(d: Any, delta: float) -> Any:
    c = ops.clip(d, -delta, delta)
    return c * (d - 0.5 * c)
