"""Networks: modules, layers, losses and initialisers, for Tensors and for Values."""

from . import init
from .activations import (
    ELU,
    GELU,
    SELU,
    Activation,
    HardSigmoid,
    HardTanh,
    LeakyReLU,
    LogSoftmax,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from .containers import MLP, Sequential
from .linear import Linear
from .losses import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HalfSumOfSquares,
    Loss,
    MSELoss,
    binary_cross_entropy_with_logits,
    cross_entropy,
    half_sum_of_squares,
    mse_loss,
)
from .module import Module
from .neuron import Layer, Neuron

__all__ = [
    "ELU",
    "GELU",
    "MLP",
    "SELU",
    "Activation",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "HalfSumOfSquares",
    "HardSigmoid",
    "HardTanh",
    "Layer",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "Loss",
    "MSELoss",
    "Mish",
    "Module",
    "Neuron",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "half_sum_of_squares",
    "init",
    "mse_loss",
]
