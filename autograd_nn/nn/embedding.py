"""Embedding: a table of vectors, one for each index."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..core.lanewise import all_lanes
from ..core.options import float_dtype, whole_number
from ..core.random import Rng
from ..core.tensor import Tensor
from ..errors import DataError, DTypeError, ShapeError, UsageError
from ..ops._arguments import affordable
from ..ops._carriers import has_lanes
from ..ops._refusal import shown_in_error
from . import init as initialisers
from ._inputs import traced
from .module import Module

Array = np.ndarray[Any, Any]


class Embedding(Module):
    """Rows of a table: index i gives weight[i], of shape (..., embedding_dim) for indices of shape (...).

    weight          (num_embeddings, embedding_dim), from N(0, 1)
    padding_idx     an index whose row starts at 0 and gets no gradient; counted from the end if negative
    rng             a seed, a numpy.random.Generator or None

    An index that occurs several times gets the sum of its gradients. Raises DTypeError for indices that
    are no integers, DataError for one that is out of range (negative ones are), UsageError for a padding_idx
    out of range.

    >>> from autograd_nn import nn
    >>> table = nn.Embedding(4, 2, padding_idx=0, rng=0)
    >>> table([[1, 3, 0]]).sum().backward()
    >>> table([[1, 3, 0]]).shape, table.weight.grad.tolist()
    ((1, 3, 2), [[0.0, 0.0], [1.0, 1.0], [0.0, 0.0], [1.0, 1.0]])
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, *, rng: Rng = None,
                 dtype: Any = np.float32) -> None:
        self.num_embeddings = whole_number("Embedding: num_embeddings", num_embeddings)
        self.embedding_dim = whole_number("Embedding: embedding_dim", embedding_dim)
        affordable("Embedding", self.num_embeddings, self.embedding_dim)
        dtype = float_dtype("Embedding: dtype", dtype)
        start = initialisers.normal((num_embeddings, embedding_dim), rng=rng, dtype=dtype)
        self.padding_idx = None
        if padding_idx is not None:
            padding_idx = whole_number("Embedding: padding_idx", padding_idx, -num_embeddings)
            if padding_idx >= num_embeddings:
                raise UsageError(f"Embedding: padding_idx={padding_idx} is none of the {num_embeddings} indices")
            self.padding_idx = padding_idx % num_embeddings
            start[self.padding_idx] = 0
        self.weight = Tensor(start, dtype=dtype, name="weight")

    def forward(self, index: Any) -> Any:
        """weight[index], of shape (*index.shape, embedding_dim)."""
        index = indices("Embedding", index, self.num_embeddings)
        found = self.weight[index]
        if self.padding_idx is None:
            return found
        return ops.where((index == self.padding_idx)[..., None], self.weight.data[self.padding_idx], found)

    def extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}" + \
            (f", padding_idx={self.padding_idx}" if self.padding_idx is not None else "")


def indices(name: str, index: Any, n: int) -> Array:
    """An array of integers from 0 to n - 1."""
    if traced(index) and not has_lanes(index):
        raise DTypeError(f"{name}: indices are integers, which have no gradient, and not a {type(index).__name__}")
    try:
        found = np.asarray(all_lanes(index))
    except ValueError:
        raise ShapeError(f"{name}: this is no array of indices: {shown_in_error(index)}") from None
    if found.size == 0 and isinstance(index, (list, tuple)):
        found = found.astype(np.int64)
    if found.dtype.kind not in "iu":
        raise DTypeError(f"{name}: indices are integers, and these are of {found.dtype}\n  help: index.astype(int)")
    if found.size and (found.min() < 0 or found.max() >= n):
        wrong = found.min() if found.min() < 0 else found.max()
        raise DataError(f"{name}: there is no index {wrong}; the table has {n} rows, 0 to {n - 1}")
    return index if has_lanes(index) else found
