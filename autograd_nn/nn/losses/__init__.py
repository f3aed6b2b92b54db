"""Losses: one number that says how far predictions are from targets.

Predictions are a Tensor, an array, or Values (one, a list or an object array). Plain targets are
constants and are taken in the predictions' dtype, so a float32 loss stays float32. `reduction` is
"mean", "sum" or "none". Numbers such as `margin`, and class weights, are given by name.
"""

from .classification import binary_cross_entropy_with_logits, cross_entropy, kl_div, nll_loss
from .distances import cosine_embedding_loss, cosine_similarity, triplet_margin_loss
from .margins import hinge_loss, multi_margin_loss
from .modules import (
    BCEWithLogitsLoss,
    CosineEmbeddingLoss,
    CrossEntropyLoss,
    HalfSumOfSquares,
    HingeLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    Loss,
    MSELoss,
    MultiMarginLoss,
    NLLLoss,
    SmoothL1Loss,
    TripletMarginLoss,
)
from .regression import half_sum_of_squares, huber_loss, l1_loss, mse_loss, smooth_l1_loss

__all__ = [
    "BCEWithLogitsLoss",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "HalfSumOfSquares",
    "HingeLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "Loss",
    "MSELoss",
    "MultiMarginLoss",
    "NLLLoss",
    "SmoothL1Loss",
    "TripletMarginLoss",
    "binary_cross_entropy_with_logits",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "half_sum_of_squares",
    "hinge_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "multi_margin_loss",
    "nll_loss",
    "smooth_l1_loss",
    "triplet_margin_loss",
]
