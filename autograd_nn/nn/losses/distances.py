"""Losses of vectors: the angle between two, and who is nearer."""

from __future__ import annotations

from typing import Any

from ... import ops
from ...core.options import above_zero, choice, flag, non_negative, within
from ...errors import ShapeError
from ...ops import shape_of
from .._targets import REDUCTIONS, check_signs, loss_input, pair, same_kind
from .loss import Loss, reduced


def cosine_similarity(x1: Any, x2: Any, axis: int = -1, *, eps: float = 1e-8) -> Any:
    """x1 . x2 / (max(|x1|, eps) max(|x2|, eps)) along an axis: 1 for one direction, -1 for opposite ones.

    x1 and x2 have one shape, of one axis at least, and the result has it without `axis`. The
    derivative by a vector 0 is that of the numerator alone.

    Raises ShapeError for different shapes and for single numbers, UsageError unless eps > 0.

    >>> from autograd_nn import Tensor, nn
    >>> nn.cosine_similarity(Tensor([[1.0, 0.0], [3.0, 4.0]]), [[0.0, 2.0], [3.0, 4.0]]).data
    array([0., 1.])
    """
    eps = above_zero("cosine_similarity: eps", eps)
    x1, x2 = pair("cosine_similarity", x1, x2, "none")
    if not shape_of(x1):
        raise ShapeError("cosine_similarity: vectors need an axis, and these are single numbers")
    return _cosine(x1, x2, axis, eps)


def cosine_embedding_loss(x1: Any, x2: Any, target: Any, reduction: str = "mean", *, margin: float = 0.0) -> Any:
    """1 - c where the target is 1, and max(0, c - margin) where it is -1, c being the cosine of x1 and x2.

    x1, x2   vectors, of one shape (..., n)
    target   1 (alike) or -1 (not), of shape (...)
    margin   from -1 to 1

    Raises ShapeError for other shapes, DataError for other targets, UsageError for
    another margin.

    >>> from autograd_nn import Tensor, nn
    >>> a = Tensor([[1.0, 0.0], [1.0, 0.0]])
    >>> nn.cosine_embedding_loss(a, [[0.0, 1.0], [2.0, 0.0]], [1, -1], "none").data
    array([1., 1.])
    """
    name = "cosine_embedding_loss"
    margin = within(f"{name}: margin", margin, -1, 1)
    x1, x2 = pair(name, x1, x2, reduction)
    target = loss_input(target)
    if not shape_of(x1) or shape_of(target) != shape_of(x1)[:-1]:
        raise ShapeError(f"{name}: vectors of shape (..., n) take targets of shape (...), "
                         f"and these have shapes {shape_of(x1)} and {shape_of(target)}")
    signs = check_signs(name, target)
    c = _cosine(x1, x2, -1, 1e-8)
    return reduced(ops.where(signs > 0, 1 - c, ops.relu(c - margin)), reduction)


class CosineEmbeddingLoss(Loss):
    """cosine_embedding_loss as a module, called with x1, x2 and the target; with `margin`."""
    function = staticmethod(cosine_embedding_loss)


def triplet_margin_loss(anchor: Any, positive: Any, negative: Any, reduction: str = "mean", *, margin: float = 1.0,
                        p: float = 2.0, eps: float = 1e-6, swap: bool = False) -> Any:
    """max(0, d(a, p) - d(a, n) + margin) for an anchor a, one that is alike and one that is not.

    d is the distance (sum |x - y + eps|^p)^(1/p) over the last axis; eps keeps its derivative from the
    kink at 0. All three have one shape (..., n). With `swap`, d(p, n) stands in for d(a, n) where it
    is smaller. Sources: Schroff, Kalenichenko & Philbin 2015; swap: Balntas et al. 2016.

    Raises ShapeError for different shapes, UsageError unless margin > 0, p >= 1
    and eps >= 0.

    >>> from autograd_nn import Tensor, nn
    >>> a = Tensor([[0.0, 0.0]])
    >>> round(nn.triplet_margin_loss(a, [[3.0, 4.0]], [[0.0, 5.5]]).item(), 5)
    0.5
    """
    name = "triplet_margin_loss"
    choice(f"{name}: reduction", reduction, REDUCTIONS)
    margin, p = above_zero(f"{name}: margin", margin), within(f"{name}: p", p, 1)
    eps, swap = non_negative(f"{name}: eps", eps), flag(f"{name}: swap", swap)
    anchor, positive = pair(name, anchor, positive, reduction)
    _, negative = pair(name, anchor, negative, reduction)
    same_kind(positive, negative)
    if not shape_of(anchor):
        raise ShapeError(f"{name}: vectors need an axis, and these are single numbers")
    near, far = _distance(anchor, positive, p, eps), _distance(anchor, negative, p, eps)
    if swap:
        far = ops.minimum(far, _distance(positive, negative, p, eps))
    return reduced(ops.relu(near - far + margin), reduction)


class TripletMarginLoss(Loss):
    """triplet_margin_loss as a module, called with anchor, positive and negative; `margin`, `p`, `eps` and `swap`."""
    function = staticmethod(triplet_margin_loss)


def _cosine(x1: Any, x2: Any, axis: int, eps: float) -> Any:
    sizes = [ops.maximum(ops.euclidean_norm(x, axis=axis), eps) for x in (x1, x2)]
    return ops.sum(x1 * x2, axis=axis) / sizes[0] / sizes[1]


def _distance(x: Any, y: Any, p: float, eps: float) -> Any:
    d = x - y + eps
    if p == 1:
        return ops.sum(ops.absolute(d), axis=-1)
    return ops.euclidean_norm(d, axis=-1) if p == 2 else ops.p_norm(d, p=p, axis=-1)
