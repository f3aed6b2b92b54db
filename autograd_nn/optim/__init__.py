"""Optimizers: rules that change parameters against their gradients; clipping, and schedules of the rate."""

from ..core.exports import public_names as _public_names
from .adadelta import Adadelta
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .clipping import clip_grad_norm_, clip_grad_value_
from .lbfgs import LBFGS
from .lion import Lion
from .nadam import NAdam
from .one_cycle import OneCycleLR
from .optimizer import Optimizer
from .plateau import ReduceLROnPlateau
from .rmsprop import RMSprop
from .schedules import CosineAnnealingLR, ExponentialLR, LinearLR, LRScheduler, SequentialLR, StepLR
from .sgd import SGD, GradientDescent, Momentum

__all__ = _public_names(globals())
