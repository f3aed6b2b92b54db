"""Dropout: parts of the input left out at random while training."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.lanewise import drawn_for_each
from ..core.options import between_0_and_1, lengths
from ..core.random import Rng, generator
from ..errors import ShapeError
from ..ops import shape_of
from ..ops._arguments import dtype_of
from ..ops._frozen import frozen
from ._inputs import of_values, traced
from .module import Module


class Dropout(Module):
    """While training each element is 0 with probability p, and x / (1 - p) otherwise; after eval(), x itself.

    So the expectation is x, and nothing is to be scaled later ("inverted" dropout). p = 1 leaves zeros.

    p       a number from 0 to 1
    rng     a seed, a numpy.random.Generator or None (the package's own); `layer.rng` is the generator

    Source: Srivastava et al. 2014. Raises UsageError for another p.

    >>> import numpy as np
    >>> from autograd_nn import nn
    >>> layer = nn.Dropout(0.5, rng=0)
    >>> sorted(set(layer(np.ones(100)).tolist())), layer.eval()(2.0)
    ([0.0, 2.0], 2.0)
    """

    def __init__(self, p: float = 0.5, *, rng: Rng = None) -> None:
        self.p = between_0_and_1(f"{type(self).__name__}: p", p)
        self.rng = None if rng is None else generator(rng)

    def mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of what is drawn_for_each, for an input of this shape."""
        return shape

    def forward(self, x: Any) -> Any:
        """x with a part of it left out, while training."""
        x = x if traced(x) or isinstance(x, float) else of_values(x)
        if not self.training or self.p == 0:
            return x
        dtype, scale = dtype_of(x), 0.0 if self.p == 1 else 1 / (1 - self.p)

        def mask(shape: tuple[int, ...]) -> Any:
            kept = generator(self.rng).random(shape) >= self.p
            return frozen(np.asarray(kept * scale, dtype if dtype.kind == "f" else float))   # which is not copied
        return x * drawn_for_each(mask, self.mask_shape(shape_of(x)), x)

    def extra_repr(self) -> str:
        return f"p={self.p:g}"


class Dropout2d(Dropout):
    """Dropout of whole channels: each of an input (N, C, H, W) or (C, H, W) is left out or kept as one.

    Neighbouring elements of an image tell much the same, so leaving out single ones takes little away.
    Source: Tompson et al. 2015. Raises ShapeError for an input of other axes.

    >>> import numpy as np
    >>> from autograd_nn import nn
    >>> nn.Dropout2d(0.5, rng=3)(np.ones((1, 4, 1, 2))).tolist()
    [[[[0.0, 0.0]], [[0.0, 0.0]], [[2.0, 2.0]], [[2.0, 2.0]]]]
    """

    def mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """One number for each channel."""
        shape = lengths("Dropout2d.mask_shape: shape", shape)
        if len(shape) not in (3, 4):
            raise ShapeError(f"Dropout2d takes inputs of shape (N, C, H, W) or (C, H, W), and this one has {shape}")
        return (*shape[:-2], 1, 1)
