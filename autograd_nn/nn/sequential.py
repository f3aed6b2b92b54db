"""Sequential and MLP: layers one after another."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.options import whole_number
from ..core.random import Rng, generator
from ..core.tensor import Tensor
from ..core.value import Value
from ..errors import UsageError
from ..ops._refusal import shown_in_error
from .activation import activation as activation_of
from .linear import Linear
from .module import Module
from .neuron import Layer


class Sequential(Module):
    """Layers one after another: modules or any functions of one argument. Names: layers.0, layers.1 ...

    Raises UsageError for a layer that cannot be called.

    >>> from autograd_nn import nn
    >>> nn.Sequential(nn.Linear(2, 3, rng=0), nn.ReLU(), nn.Linear(3, 1, rng=1))
    Sequential()
      layers.0: Linear(2, 3)
      layers.1: ReLU()
      layers.2: Linear(3, 1)
    """

    def __init__(self, *layers: Callable[[Any], Any]) -> None:
        for i, layer in enumerate(layers):
            if not callable(layer) or isinstance(layer, type):
                raise UsageError(f"Sequential: layer {i} is {shown_in_error(layer)}, which is no module or function\n"
                                 "  help: it takes the layers one by one, Sequential(a, b, c); nn.ReLU(), not nn.ReLU")
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        """The last layer of ... of the first layer of x."""
        for layer in self.layers:
            x = layer(x)
        return x


class MLP(Module):
    """A multilayer perceptron of the given sizes, from inputs to outputs; its last layer is linear.

    activation  between the layers: an op's name, a function or module, or None
    rng         a seed, a numpy.random.Generator or None
    of          Tensor: layers of nn.Linear in `dtype`; Value: layers of nn.Layer, of single numbers.
                Both have the same parameter names and shapes, and from one seed the same start, so
                a state_dict of one fits the other.

    Raises UsageError for fewer than two sizes.

    >>> from autograd_nn import Value, nn
    >>> nn.MLP(2, 8, 1, rng=0)
    MLP()
      layers.0: Linear(2, 8)
      layers.1: Linear(8, 1)
      activation: ReLU()
    >>> nn.MLP(2, 8, 1, rng=0, of=Value)([1.0, -1.0]).shape
    (1,)
    """

    def __init__(self, *sizes: int, activation: str | Callable[[Any], Any] | None = "relu", rng: Rng = None,
                 of: type[Tensor] | type[Value] = Tensor, dtype: Any = np.float32) -> None:
        if len(sizes) < 2:
            raise UsageError(f"MLP{sizes} needs at least two sizes, as in MLP(2, 16, 1): 2 inputs, 16 hidden, 1 output")
        if of is not Tensor and of is not Value:
            raise UsageError(f"MLP: of= is Tensor or Value, not {shown_in_error(of)}")
        rng = generator(rng)
        pairs = [(whole_number("a size of MLP", a), whole_number("a size of MLP", b)) for a, b in pairwise(sizes)]
        self.layers: list[Module] = [
            Linear(a, b, rng=rng, dtype=dtype) if of is Tensor else Layer(a, b, activation=None, rng=rng)
            for a, b in pairs]
        self.activation = activation_of(activation)

    def forward(self, x: Any) -> Any:
        """The outputs, of shape (..., last size)."""
        *hidden, last = self.layers
        for layer in hidden:
            x = layer(x)
            x = x if self.activation is None else self.activation(x)
        return last(x)
