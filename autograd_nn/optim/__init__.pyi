# Generated from the op table by `python -m autograd_nn.notation.generate`; do not edit.
from .adadelta import Adadelta as Adadelta
from .adagrad import Adagrad as Adagrad
from .adam import Adam as Adam
from .adam import AdamW as AdamW
from .clipping import clip_grad_norm_ as clip_grad_norm_
from .clipping import clip_grad_value_ as clip_grad_value_
from .lbfgs import LBFGS as LBFGS
from .lion import Lion as Lion
from .nadam import NAdam as NAdam
from .one_cycle import OneCycleLR as OneCycleLR
from .optimizer import Optimizer as Optimizer
from .plateau import ReduceLROnPlateau as ReduceLROnPlateau
from .rmsprop import RMSprop as RMSprop
from .schedules import CosineAnnealingLR as CosineAnnealingLR
from .schedules import ExponentialLR as ExponentialLR
from .schedules import LRScheduler as LRScheduler
from .schedules import LinearLR as LinearLR
from .schedules import SequentialLR as SequentialLR
from .schedules import StepLR as StepLR
from .sgd import GradientDescent as GradientDescent
from .sgd import Momentum as Momentum
from .sgd import SGD as SGD

__all__: list[str]
