"""Encodings of the place in a sequence, for layers that see no order by themselves."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..core.options import whole_number
from ..core.random import Rng, generator
from ..core.tensor import Tensor
from ..errors import ShapeError
from ..ops import shape_of
from ..ops._arguments import dtype_of
from . import init as initialisers
from ._images import image_batch
from .dropout import Dropout
from .module import Module


class _PositionalEncoding(Module):
    """What the encodings share: a table (place, d_model) that is added to a sequence."""

    def __init__(self, d_model: int, max_len: int, dropout: float, batch_first: bool, rng: Rng) -> None:
        self.d_model, self.max_len = whole_number(f"{type(self).__name__}: d_model", d_model), \
            whole_number(f"{type(self).__name__}: max_len", max_len)
        self.batch_first, self.dropout = batch_first, Dropout(dropout, rng=rng)

    def _table(self, n: int, dtype: Any) -> Any:
        raise NotImplementedError

    def forward(self, x: Any) -> Any:
        """x with the table added: (time, batch, d_model), (batch, time, d_model) or (time, d_model)."""
        x = image_batch(self, x)
        shape = shape_of(x)
        if len(shape) not in (2, 3) or shape[-1] != self.d_model:
            raise ShapeError(f"{type(self).__name__}({self.extra_repr()}) takes sequences of shape "
                             f"({'batch, time' if self.batch_first else 'time, batch'}, {self.d_model}) or (time, "
                             f"{self.d_model}), and this has shape {shape}")
        behind = self.batch_first or len(shape) == 2
        n = shape[-2] if behind else shape[0]
        if n > self.max_len:
            raise ShapeError(f"{type(self).__name__}: a sequence of {n} places, and max_len={self.max_len}")
        table = self._table(n, dtype_of(x))
        return self.dropout(x + (table if behind else ops.reshape(table, (n, 1, self.d_model))))

    def extra_repr(self) -> str:
        return f"{self.d_model}, max_len={self.max_len}" + ", batch_first=True" * self.batch_first


class SinusoidalEncoding(_PositionalEncoding):
    """Adds waves of many lengths to a sequence, so that each place differs from the others; nothing is learned.

        p[t, 2k] = sin(t / 10000^(2k / d_model)),   p[t, 2k + 1] = cos(t / 10000^(2k / d_model))

    max_len, dropout    the longest sequence taken; dropout of the sum, while training

    Raises ShapeError for other shapes and longer sequences. Source: Vaswani et al. 2017.

    >>> from autograd_nn import nn
    >>> nn.SinusoidalEncoding(4)(np.zeros((2, 4))).round(3).tolist()
    [[0.0, 1.0, 0.0, 1.0], [0.841, 0.54, 0.01, 1.0]]
    """

    def __init__(self, d_model: int, max_len: int = 5000, dropout: float = 0.0, batch_first: bool = False, *,
                 rng: Rng = None) -> None:
        super().__init__(d_model, max_len, dropout, batch_first, rng)

    def _table(self, n: int, dtype: Any) -> Any:
        k = np.arange(self.d_model)
        angles = np.arange(n)[:, None] / 10000.0 ** (k // 2 * 2 / self.d_model)
        return np.where(k % 2, np.cos(angles), np.sin(angles)).astype(dtype)


class LearnedPositionalEncoding(_PositionalEncoding):
    """Adds a vector of its own to each place of a sequence; they are learned.

    weight              (max_len, d_model), from N(0, 0.02^2)
    max_len, dropout    as for SinusoidalEncoding, with its errors

    Source: Gehring et al. 2017, Devlin et al. 2018.

    >>> from autograd_nn import nn
    >>> nn.LearnedPositionalEncoding(4, 10, rng=0)(np.zeros((3, 2, 4))).shape
    (3, 2, 4)
    """

    def __init__(self, d_model: int, max_len: int, dropout: float = 0.0, batch_first: bool = False, *, rng: Rng = None,
                 dtype: Any = np.float32) -> None:
        rng = generator(rng)
        super().__init__(d_model, max_len, dropout, batch_first, rng)
        self.weight = Tensor(initialisers.normal((max_len, d_model), 0.0, 0.02, rng=rng, dtype=dtype), dtype=dtype,
                             name="weight")

    def _table(self, n: int, dtype: Any) -> Any:
        return self.weight[:n]
