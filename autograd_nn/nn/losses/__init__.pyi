# Generated from the op table by `python -m autograd_nn.notation.generate`; do not edit.
from .classification import BCEWithLogitsLoss as BCEWithLogitsLoss
from .classification import CrossEntropyLoss as CrossEntropyLoss
from .classification import KLDivLoss as KLDivLoss
from .classification import NLLLoss as NLLLoss
from .classification import binary_cross_entropy_with_logits as binary_cross_entropy_with_logits
from .classification import cross_entropy as cross_entropy
from .classification import kl_div as kl_div
from .classification import nll_loss as nll_loss
from .differences import HalfSumOfSquares as HalfSumOfSquares
from .differences import HuberLoss as HuberLoss
from .differences import L1Loss as L1Loss
from .differences import MSELoss as MSELoss
from .differences import SmoothL1Loss as SmoothL1Loss
from .differences import half_sum_of_squares as half_sum_of_squares
from .differences import huber_loss as huber_loss
from .differences import l1_loss as l1_loss
from .differences import mse_loss as mse_loss
from .differences import smooth_l1_loss as smooth_l1_loss
from .distances import CosineEmbeddingLoss as CosineEmbeddingLoss
from .distances import TripletMarginLoss as TripletMarginLoss
from .distances import cosine_embedding_loss as cosine_embedding_loss
from .distances import cosine_similarity as cosine_similarity
from .distances import triplet_margin_loss as triplet_margin_loss
from .loss import Loss as Loss
from .margins import HingeLoss as HingeLoss
from .margins import MultiMarginLoss as MultiMarginLoss
from .margins import hinge_loss as hinge_loss
from .margins import multi_margin_loss as multi_margin_loss

__all__: list[str]
