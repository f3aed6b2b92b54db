"""Linear: the layer of Tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..core.options import flag, float_dtype, whole_number
from ..core.random import Rng, generator
from ..core.tensor import Tensor
from ..errors import UsageError
from . import init as initialisers
from ._inputs import is_data, rows
from .init import Init
from .module import Module

Array = np.ndarray[Any, Any]


class Linear(Module):
    """y = x W^T + b, with W of shape (out_features, in_features) and b of shape (out_features,).

    x       a Tensor, array or list of shape (..., in_features). A plain array is a constant, and is
            taken in the layer's dtype; a Tensor keeps its own.
    rng     a seed, a numpy.random.Generator or None, to draw the start from
    init    a function of nn.init (or one like it) that makes the weight; the bias then starts at 0.
            By default both are uniform on +-1/sqrt(in_features), as in PyTorch.

    Raises ShapeError for inputs of another size, UsageError for Values (nn.Layer takes those).

    >>> from autograd_nn import nn
    >>> layer = nn.Linear(3, 2, rng=0)
    >>> layer([[1.0, 2.0, 3.0]]).shape, layer.weight.shape, layer.weight.dtype
    ((1, 2), (2, 3), dtype('float32'))
    """

    bias: Tensor | None

    def __init__(self, in_features: int, out_features: int, bias: bool = True, *, rng: Rng = None,
                 dtype: Any = np.float32, init: Init | None = None) -> None:
        self.in_features = whole_number("Linear: in_features", in_features)
        self.out_features = whole_number("Linear: out_features", out_features)
        weight, start = drawn("Linear", self.in_features, self.out_features, bias, rng, dtype, init)
        self.weight = Tensor(weight, dtype=dtype, name="weight")
        self.bias = None if start is None else Tensor(start, dtype=dtype, name="bias")

    def forward(self, x: Any) -> Any:
        """x W^T + b, of shape (..., out_features)."""
        x = rows(self, x, self.in_features)
        if is_data(x):
            x = x.astype(self.weight.dtype, copy=False)
        elif isinstance(x, np.ndarray):
            raise UsageError("Linear holds Tensors, and these inputs are Values\n"
                             "  help: nn.Layer takes Values; autograd_nn.stack(values) makes a Tensor of them")
        return projected(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"{self.in_features}, {self.out_features}" + ("" if self.bias is not None else ", bias=False")


def projected(x: Any, w: Any, b: Any) -> Any:
    """x W^T + b, where b may be None."""
    return x @ w.T if b is None else ops.linear(x, w, b)


def drawn(name: str, n_in: int, n_out: int, bias: bool, rng: Rng, dtype: Any,
          init: Init | None) -> tuple[Array, Array | None]:
    """The weight (n_out, n_in) and the bias (n_out,) or None that a layer starts from."""
    dtype, bias, rng = float_dtype(f"{name}: dtype", dtype), flag(f"{name}: bias", bias), generator(rng)
    bound = 1 / math.sqrt(n_in)
    weight = initialisers.started(name, init, (n_out, n_in), bound, rng, dtype)
    if not bias:
        return weight, None
    return weight, np.zeros(n_out, dtype) if init is not None \
        else initialisers.uniform(n_out, -bound, bound, rng=rng, dtype=dtype)
