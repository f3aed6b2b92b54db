"""Losses of probabilities: of classes, of yes or no, and of one distribution against another."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...core.options import between_0_and_1, choice, flag
from ...errors import DataError, ShapeError
from ...ops import shape_of
from .._targets import (
    REDUCTIONS,
    check_between_0_and_1,
    class_indices,
    class_weights,
    holds_values,
    loss_input,
    pair,
    predictions,
    probabilities,
    weights,
)
from .loss import Loss, reduced


def cross_entropy(logits: Any, target: Any, reduction: str = "mean", *, weight: Any = None, ignore_index: int = -100,
                  label_smoothing: float = 0.0) -> Any:
    """-sum_k w_k t_k log softmax(z)_k over the classes k, for logits z of shape (..., classes).

    target           class indices: integers of shape (...); or one-hot rows or probabilities: numbers
                     >= 0 of shape (..., classes), with sum 1 over the classes (to 0.001)
    weight           w, a number >= 0 for each class; 1 by default
    ignore_index     a class index whose targets count for nothing; no row of probabilities is ignored
    label_smoothing  s from 0 to 1: t becomes (1 - s) t + s / classes

    One loss for each target. "mean" is over those: of class indices a weighted mean, the sum divided by
    the sum of w over the targets that are not ignored; of probabilities the sum divided by their number.
    Finite for all finite logits. Source of smoothing: Szegedy et al. 2016.

    Raises ShapeError for other shapes, DTypeError for class indices that are not
    integers, DataError for those out of range, for rows that are no probabilities, for weights that are
    none, and for the mean of no targets.

    >>> from autograd_nn import Tensor, nn
    >>> z = Tensor([[0.0, 0.0], [1e4, -1e4]])
    >>> nn.cross_entropy(z, [0, 1], reduction="none").data
    array([6.93147181e-01, 2.00000000e+04])
    >>> nn.cross_entropy(z, [[1, 0], [0, 1]]).item() == nn.cross_entropy(z, [0, 1]).item()
    True
    >>> round(nn.cross_entropy(z, [0, 1], weight=[3.0, 1.0]).item(), 4)     # (3 log 2 + 20000) / 4
    5000.5199
    >>> nn.cross_entropy(z, [0, -100]).item() == nn.cross_entropy(z[:1], [0]).item()
    True
    """
    name = "cross_entropy"
    choice("cross_entropy: reduction", reduction, REDUCTIONS)
    logits, target = predictions(logits), loss_input(target)
    shape = shape_of(logits)
    if not shape:
        raise ShapeError("cross_entropy: the logits need an axis of classes, and this is a single number\n"
                         "  help: binary_cross_entropy_with_logits takes one logit for each target")
    w = None if weight is None else class_weights(name, weight, logits)
    s = between_0_and_1("cross_entropy: label_smoothing", label_smoothing)
    if shape_of(target) == shape[:-1]:
        index, kept = class_indices(name, target, shape[-1], ignore_index)
        if kept is not None:
            logits = ops.where(kept[..., None], logits, 0.0)         # a nan there reaches nothing
        if s or holds_values(logits):
            log_p = ops.log_softmax(logits, axis=-1)
            losses = -_of_class(log_p, index)
        else:
            log_p, losses = None, ops.softmax_cross_entropy(logits, index)
        if w is not None:
            losses = w[index] * losses
        if s:
            others = ops.mean(log_p if w is None else w * log_p, axis=-1)
            losses = (1 - s) * losses - s * others
        return _mean_of_classes(name, losses, index, kept, w, reduction)
    if shape_of(target) == shape:
        log_p = ops.log_softmax(logits, axis=-1)
        target = probabilities(target, logits)
        if s:
            target = (1 - s) * target + s / shape[-1]
        losses = target * _unless_excluded(target, log_p)
        return reduced(-ops.sum(losses if w is None else w * losses, axis=-1), reduction)
    raise ShapeError(f"cross_entropy: logits of shape {shape} take class indices of shape {shape[:-1]} "
                     f"or probabilities of shape {shape}, and the targets have shape {shape_of(target)}")


class CrossEntropyLoss(Loss):
    """cross_entropy as a module, with `weight`, `ignore_index` and `label_smoothing`."""
    function = staticmethod(cross_entropy)


def nll_loss(log_p: Any, target: Any, reduction: str = "mean", *, weight: Any = None, ignore_index: int = -100) -> Any:
    """-w_t log p_t, the negative log likelihood of class t, for log probabilities of shape (..., classes).

    target, weight, ignore_index and the errors are those of cross_entropy with class indices;
    nll_loss(log_softmax(z), t) is cross_entropy(z, t). That log p are logarithms of probabilities is not
    checked.

    >>> from autograd_nn import Tensor, nn
    >>> log_p = Tensor([[0.5, 0.5], [0.25, 0.75]]).log()
    >>> nn.nll_loss(log_p, [0, 1], "none").data.round(4)
    array([0.6931, 0.2877])
    """
    name = "nll_loss"
    choice(f"{name}: reduction", reduction, REDUCTIONS)
    log_p, target = predictions(log_p), loss_input(target)
    shape = shape_of(log_p)
    if not shape or shape_of(target) != shape[:-1]:
        raise ShapeError(f"nll_loss: log probabilities of shape (..., classes) take class indices of shape (...), "
                         f"and these have shapes {shape} and {shape_of(target)}")
    w = None if weight is None else class_weights(name, weight, log_p)
    index, kept = class_indices(name, target, shape[-1], ignore_index)
    losses = -_of_class(log_p, index)
    return _mean_of_classes(name, losses if w is None else w[index] * losses, index, kept, w, reduction)


class NLLLoss(Loss):
    """nll_loss as a module, with `weight` and `ignore_index`."""
    function = staticmethod(nll_loss)


def binary_cross_entropy_with_logits(logits: Any, target: Any, reduction: str = "mean", *, weight: Any = None,
                                     pos_weight: Any = None) -> Any:
    """-w (p t log s(z) + (1 - t) log(1 - s(z))) for logits z and s the sigmoid, mean over all elements.

    target      of the logits' shape, within 0 and 1 (to 0.001)
    weight      w, numbers >= 0 that broadcast to the logits' shape; 1 by default. "mean" divides by the
                number of elements all the same
    pos_weight  p, the weight of the positive targets, in the same way: p > 1 asks for recall

    Computed as p t softplus(-z) + (1 - t) softplus(z): finite for all finite logits, and with no
    difference of large numbers. Raises ShapeError for different shapes,
    DataError for targets outside 0 and 1 and for weights that are none.

    >>> from autograd_nn import Tensor, nn
    >>> z = Tensor([1e4, -1e4])
    >>> nn.binary_cross_entropy_with_logits(z, [1, 1], reduction="none").data
    array([    0., 10000.])
    >>> nn.binary_cross_entropy_with_logits(z, [1, 1], reduction="none", pos_weight=3.0).data
    array([    0., 30000.])
    """
    name = "binary_cross_entropy_with_logits"
    logits, target = pair(name, logits, target, reduction)
    check_between_0_and_1(name, target)
    yes, no = target * ops.softplus(-logits), (1 - target) * ops.softplus(logits)
    if pos_weight is not None:
        yes = weights(name, "pos_weight", pos_weight, logits) * yes
    losses = yes + no
    return reduced(losses if weight is None else weights(name, "weight", weight, logits) * losses, reduction)


class BCEWithLogitsLoss(Loss):
    """binary_cross_entropy_with_logits as a module, with `weight` and `pos_weight`."""
    function = staticmethod(binary_cross_entropy_with_logits)


def kl_div(log_p: Any, target: Any, reduction: str = "mean", *, log_target: bool = False) -> Any:
    """The divergence of the distribution p from the target t, t (log t - log p) for each element; 0 where t is 0.

    log_p       log probabilities, as log_softmax gives them
    target      of their shape: probabilities, within 0 and 1 (to 0.001); with log_target their logarithms
    reduction   "batchmean" too, the sum divided by the length of the first axis: the divergence of a
                distribution, where "mean" divides by the number of classes as well

    Source: Kullback & Leibler 1951. Raises ShapeError for different shapes,
    DataError for targets outside 0 and 1.

    >>> from autograd_nn import Tensor, nn
    >>> log_p = Tensor([[0.5, 0.5]]).log()
    >>> round(nn.kl_div(log_p, [[1.0, 0.0]], "batchmean").item(), 4)
    0.6931
    """
    choice("kl_div: reduction", reduction, (*REDUCTIONS, "batchmean"))
    batchmean, log_target = reduction == "batchmean", flag("kl_div: log_target", log_target)
    log_p, target = pair("kl_div", log_p, target, "sum" if batchmean else reduction)
    if log_target:
        losses = ops.exp(target) * (target - log_p)
    else:
        check_between_0_and_1("kl_div", target)
        losses = ops.xlogy(target, target) - target * _unless_excluded(target, log_p)
    if batchmean:
        return reduced(losses, "sum") / (shape_of(losses) or (1,))[0]
    return reduced(losses, reduction)


class KLDivLoss(Loss):
    """kl_div as a module, with `log_target`; its reduction may be "batchmean"."""
    function = staticmethod(kl_div)
    reductions = (*REDUCTIONS, "batchmean")


def _of_class(x: Any, index: Any) -> Any:
    """x at the class of each target."""
    return ops.take_along_axis(x, index[..., None], axis=-1)[..., 0]


def _mean_of_classes(name: str, losses: Any, index: Any, kept: Any, w: Any, reduction: str) -> Any:
    """The losses reduced: those that are not kept are 0, and a mean is weighted."""
    if kept is None and (w is None or reduction != "mean"):
        return reduced(losses, reduction)
    if kept is not None:
        losses = ops.where(kept, losses, 0.0)
    if reduction != "mean":
        return reduced(losses, reduction)
    counted = np.ones_like(index, float) if w is None else w[index]
    total = float(np.sum(counted if kept is None else counted * kept))
    if not index.size:
        return reduced(losses, "mean")
    if not total:
        raise DataError(f"{name}: every target is ignored or has weight 0, and there is no mean of nothing\n"
                        '  help: reduction="sum"')
    return reduced(losses, "sum") * (1 / total)


def _unless_excluded(target: Any, log_p: Any) -> Any:
    """log p, and 0 for a class of constant probability 0, whose log p may be -inf."""
    constant = isinstance(target, np.ndarray) and not holds_values(target)
    return ops.where(target > 0, log_p, 0.0) if constant else log_p
