"""Neuron and Layer: layers of single numbers, every weight a Value of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.nary import weighted_sums
from ..core.options import whole_number
from ..core.random import Rng
from ..core.tensor import Tensor
from ..core.value import Value
from ..errors import UsageError
from ..ops._carriers import array_of
from ._inputs import rows
from .activation import activation as activation_of
from .init import Init
from .linear import drawn
from .module import Module

Array = np.ndarray[Any, Any]
Activation = str | Callable[[Any], Any] | None


class Layer(Module):
    """y = f(x W^T + b) of Values: W is an object array (n_out, n_in) of Values, b one of (n_out,).

    x           numbers or Values, a list or array of shape (..., n_in); the result is an object
                array of Values of shape (..., n_out)
    activation  f: an op's name, a function or module, or None
    rng, init   as for nn.Linear, whose start in float64 this has, bit for bit, from the same seed

    Raises ShapeError for inputs of another size, UsageError for a Tensor (nn.Linear takes those).

    >>> from autograd_nn import Value, nn
    >>> layer = nn.Layer(2, 3, activation="relu", rng=0)
    >>> y = layer([Value(1.0), 2.0])
    >>> y.shape, type(y[0]).__name__, layer.weight.shape
    ((3,), 'Value', (3, 2))
    """

    bias: Array | None

    def __init__(self, n_in: int, n_out: int, activation: Activation = "tanh", bias: bool = True, *,
                 rng: Rng = None, init: Init | None = None) -> None:
        self.n_in, self.n_out = whole_number("Layer: n_in", n_in), whole_number("Layer: n_out", n_out)
        weight, start = drawn("Layer", self.n_in, self.n_out, bias, rng, np.float64, init)
        self.weight = _values(weight, "weight")
        self.bias = None if start is None else _values(start, "bias")
        self.activation = activation_of(activation)

    def forward(self, x: Any) -> Any:
        """f(x W^T + b)."""
        if isinstance(x, Tensor):
            raise UsageError(f"a {type(self).__name__} holds Values, and this input is a Tensor\n"
                             "  help: nn.Linear takes Tensors; x.data is the plain array, out of the graph")
        x = rows(self, x, self.n_in)
        if not isinstance(x, np.ndarray):                # a Dual of a transform: one Dual for each number
            x = array_of([x[i] for i in np.ndindex(x.shape)], x.shape)
        u = weighted_sums(self.weight, x, self.bias)
        return u if self.activation is None else self.activation(u)

    def extra_repr(self) -> str:
        return f"{self.n_in}, {self.n_out}" + ("" if self.bias is not None else ", bias=False")


class Neuron(Module):
    """y = f(w . x + b): one Value, of weights `weight` (an object array (n_in,) of Values) and `bias`.

    x           numbers or Values, a list or array of shape (n_in,); of shape (..., n_in) the result
                is an object array
    activation  f: an op's name, a function or module, or None
    rng         a seed, a numpy.random.Generator or None; the start is nn.Linear(n_in, 1)'s

    Raises ShapeError for inputs of another size, UsageError for a Tensor.

    >>> from autograd_nn import nn
    >>> y = nn.Neuron(2, rng=0)([1.0, -2.0])
    >>> y.op, -1 < y.data < 1
    (<op tanh>, True)
    """

    bias: Value | None

    def __init__(self, n_in: int, activation: Activation = "tanh", bias: bool = True, *,
                 rng: Rng = None, init: Init | None = None) -> None:
        self.n_in = whole_number("Neuron: n_in", n_in)
        weight, start = drawn("Neuron", self.n_in, 1, bias, rng, np.float64, init)
        self.weight = _values(weight[0], "weight")
        self.bias = None if start is None else Value(start[0], name="bias")
        self.activation = activation_of(activation)

    forward = Layer.forward

    def extra_repr(self) -> str:
        return f"{self.n_in}" + ("" if self.bias is not None else ", bias=False")


def _values(numbers: Array, name: str) -> Array:
    """An object array of Values, named as they are indexed: weight[0,1]."""
    values = np.empty(numbers.shape, dtype=object)
    for index, number in np.ndenumerate(numbers):
        values[index] = Value(number, name=f"{name}[{','.join(map(str, index))}]")
    return values
