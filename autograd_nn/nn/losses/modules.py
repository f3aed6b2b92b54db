"""The losses as modules."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ...errors import UsageError
from .._targets import REDUCTIONS, check_reduction
from ..module import Module
from . import classification, distances, margins, regression


class Loss(Module):
    """A loss as a module, with a reduction of its own and the options that its function takes by name.

    A subclass names its function, and that is all.

    Raises UsageError for another reduction than "mean", "sum" or "none", and for an unknown option.

    >>> from autograd_nn import nn
    >>> nn.MSELoss(reduction="sum")([1.0, 2.0], [0.0, 0.0])
    np.float64(5.0)
    >>> nn.HuberLoss(delta=0.5)
    HuberLoss(reduction='mean', delta=0.5)
    """

    function: ClassVar[Callable[..., Any]]
    reduction: str = "mean"
    reductions: ClassVar[tuple[str, ...]] = REDUCTIONS

    def __init__(self, reduction: str | None = None, **options: Any) -> None:
        self.reduction = type(self).reduction if reduction is None else reduction
        check_reduction(type(self).__name__, self.reduction, self.reductions)
        known = [p.name for p in inspect.signature(type(self).function).parameters.values() if p.kind is p.KEYWORD_ONLY]
        unknown = [name for name in options if name not in known]
        if unknown:
            raise UsageError(f"{type(self).__name__} has no option {', '.join(unknown)}; "
                             f"its options are {', '.join(['reduction', *known])}")
        self.options = {name: np.array(x) if isinstance(x, (list, tuple)) else x for name, x in options.items()}

    def forward(self, *inputs: Any) -> Any:
        """The loss of predictions (or logits) against targets: the function's own inputs."""
        return type(self).function(*inputs, reduction=self.reduction, **self.options)

    def extra_repr(self) -> str:
        given = (f"{name}={x.tolist() if isinstance(x, np.ndarray) else x!r}" for name, x in self.options.items())
        return ", ".join([f"reduction={self.reduction!r}", *given])


class HalfSumOfSquares(Loss):
    """half_sum_of_squares as a module; its reduction is "sum" by default."""
    function = staticmethod(regression.half_sum_of_squares)
    reduction = "sum"


class MSELoss(Loss):
    """mse_loss as a module."""
    function = staticmethod(regression.mse_loss)


class L1Loss(Loss):
    """l1_loss as a module."""
    function = staticmethod(regression.l1_loss)


class HuberLoss(Loss):
    """huber_loss as a module, with `delta`."""
    function = staticmethod(regression.huber_loss)


class SmoothL1Loss(Loss):
    """smooth_l1_loss as a module, with `beta`."""
    function = staticmethod(regression.smooth_l1_loss)


class CrossEntropyLoss(Loss):
    """cross_entropy as a module, with `weight`, `ignore_index` and `label_smoothing`."""
    function = staticmethod(classification.cross_entropy)


class NLLLoss(Loss):
    """nll_loss as a module, with `weight` and `ignore_index`."""
    function = staticmethod(classification.nll_loss)


class BCEWithLogitsLoss(Loss):
    """binary_cross_entropy_with_logits as a module, with `weight` and `pos_weight`."""
    function = staticmethod(classification.binary_cross_entropy_with_logits)


class KLDivLoss(Loss):
    """kl_div as a module, with `log_target`; its reduction may be "batchmean"."""
    function = staticmethod(classification.kl_div)
    reductions = (*REDUCTIONS, "batchmean")


class HingeLoss(Loss):
    """hinge_loss as a module, with `margin`."""
    function = staticmethod(margins.hinge_loss)


class MultiMarginLoss(Loss):
    """multi_margin_loss as a module, with `p`, `margin` and `weight`."""
    function = staticmethod(margins.multi_margin_loss)


class CosineEmbeddingLoss(Loss):
    """cosine_embedding_loss as a module, called with x1, x2 and the target; with `margin`."""
    function = staticmethod(distances.cosine_embedding_loss)


class TripletMarginLoss(Loss):
    """triplet_margin_loss as a module, called with anchor, positive and negative; `margin`, `p`, `eps` and `swap`."""
    function = staticmethod(distances.triplet_margin_loss)
