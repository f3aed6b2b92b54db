"""Losses: one number that says how far predictions are from targets.

Predictions are a Tensor, an array, or Values (one, a list or an object array). Plain targets are
constants and are taken in the predictions' dtype, so a float32 loss stays float32. `reduction` is
"mean", "sum" or "none". Numbers such as `margin`, and class weights, are given by name.
"""

from ...core.exports import public_names as _public_names
from .classification import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    KLDivLoss,
    NLLLoss,
    binary_cross_entropy_with_logits,
    cross_entropy,
    kl_div,
    nll_loss,
)
from .differences import (
    HalfSumOfSquares,
    HuberLoss,
    L1Loss,
    MSELoss,
    SmoothL1Loss,
    half_sum_of_squares,
    huber_loss,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)
from .distances import (
    CosineEmbeddingLoss,
    TripletMarginLoss,
    cosine_embedding_loss,
    cosine_similarity,
    triplet_margin_loss,
)
from .loss import Loss
from .margins import HingeLoss, MultiMarginLoss, hinge_loss, multi_margin_loss

__all__ = _public_names(globals())
