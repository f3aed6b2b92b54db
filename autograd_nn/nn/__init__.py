"""Networks: modules, layers, losses and initialisers, for Tensors and for Values."""

from ..core.exports import public_names as _public_names
from . import init
from ._buffer import Buffer
from .activation import Activation
from .activations import *
from .architectures import VGG, AlexNet, GoogLeNet, GoogLeNetOutputs, Inception, LeNet5
from .attention import MultiheadAttention, TransformerEncoderLayer, causal_mask
from .autoencoder import Autoencoder, VariationalAutoencoder
from .belief import DeepBeliefNetwork
from .conv import Conv1d, Conv2d, ConvTranspose2d
from .dropout import Dropout, Dropout2d
from .embedding import Embedding
from .linear import Linear
from .local_normalization import LocalContrastNorm, LocalResponseNorm
from .losses import *
from .module import Module
from .neuron import Layer, Neuron
from .normalization import BatchNorm1d, BatchNorm2d, GroupNorm, LayerNorm, RMSNorm
from .perceptron import Perceptron
from .pooling import AdaptiveAvgPool1d, AdaptiveAvgPool2d, AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d
from .positional import LearnedPositionalEncoding, SinusoidalEncoding
from .rbm import RBM
from .recurrent import GRU, LSTM, RNN
from .regression import LinearRegression, LogisticRegression, SoftmaxRegression
from .reshape import Flatten, Pad, Unflatten, Upsample, ZeroPad2d
from .sequential import MLP, Sequential
from .word2vec import CBOW, SkipGram

__all__ = _public_names(globals(), "init")
