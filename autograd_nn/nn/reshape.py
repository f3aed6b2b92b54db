"""Layers that move elements and compute nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..core.options import choice, items, lengths, real_number, whole_number
from ..errors import ShapeError, UsageError
from ..ops import shape_of
from ..ops._refusal import shown_in_error
from ..ops.networks._sliding import numbers
from ._images import image_batch
from ._inputs import of_values, traced
from .module import Module

ANY_AXIS = -64                     # NumPy has no more axes


def _axis(layer: Module, x: Any, dim: int) -> int:
    n = len(shape_of(x))
    if not -n <= dim < n:
        raise ShapeError(f"{type(layer).__name__}: there is no axis {dim} in an input of shape {shape_of(x)}")
    return dim % n


class Flatten(Module):
    """The axes from start_dim to end_dim as one; by default all but the first, that of the batch.

    Raises ShapeError for axes that the input does not have.

    >>> import numpy as np
    >>> Flatten()(np.zeros((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim = whole_number("Flatten: start_dim", start_dim, ANY_AXIS)
        self.end_dim = whole_number("Flatten: end_dim", end_dim, ANY_AXIS)

    def forward(self, x: Any) -> Any:
        """x with these axes flattened."""
        x = x if traced(x) else of_values(x)
        start, end = _axis(self, x, self.start_dim), _axis(self, x, self.end_dim)
        if start > end:
            raise ShapeError(f"Flatten: axis {self.start_dim} stands behind axis {self.end_dim} in an input of shape "
                             f"{shape_of(x)}")
        shape = shape_of(x)
        return ops.reshape(x, (*shape[:start], math.prod(shape[start:end + 1]), *shape[end + 1:]))

    def extra_repr(self) -> str:
        return "" if (self.start_dim, self.end_dim) == (1, -1) else f"{self.start_dim}, {self.end_dim}"


class Unflatten(Module):
    """One axis as several: Flatten undone. One of the sizes may be -1.

    Raises ShapeError where the sizes do not make up the axis.

    >>> import numpy as np
    >>> Unflatten(1, (3, -1))(np.zeros((2, 12))).shape
    (2, 3, 4)
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        self.dim = whole_number("Unflatten: dim", dim, ANY_AXIS)
        self.unflattened_size = lengths("Unflatten: unflattened_size", unflattened_size, least=-1)
        if sum(n == -1 for n in self.unflattened_size) > 1:
            raise UsageError(f"Unflatten: at most one size may be -1, in {self.unflattened_size}")

    def forward(self, x: Any) -> Any:
        """x with this axis as several."""
        x = x if traced(x) else of_values(x)
        axis, shape, sizes = _axis(self, x, self.dim), shape_of(x), self.unflattened_size
        known = math.prod(n for n in sizes if n != -1)
        if known <= 0 or shape[axis] % known or (-1 not in sizes and known != shape[axis]):
            raise ShapeError(f"Unflatten: sizes {sizes} do not make up axis {self.dim} of an input of shape {shape}")
        return ops.reshape(x, (*shape[:axis], *(shape[axis] // known if n == -1 else n for n in sizes),
                               *shape[axis + 1:]))

    def extra_repr(self) -> str:
        return f"{self.dim}, {self.unflattened_size}"


class Pad(Module):
    """Elements around the last axes: padding = (left, right, top, bottom, ...), the last axis first, as in PyTorch.

    value   what they are. Negative widths cut off. For other modes see autograd_nn.pad.

    Raises UsageError for an odd number of widths, ShapeError for more than the input has axes and
    where cutting leaves nothing.

    >>> Pad((1, 0, 0, 1), value=9.0)([[1.0, 2.0]]).tolist()
    [[9.0, 1.0, 2.0], [9.0, 9.0, 9.0]]
    """

    def __init__(self, padding: Sequence[int], value: float = 0.0) -> None:
        name = type(self).__name__
        widths = tuple(items(f"{name}: padding", padding, "widths"))
        self.padding = numbers(name, "padding", widths, len(widths), -(2 ** 31))
        if len(widths) % 2:
            raise UsageError(f"{name}: padding has two widths for each axis, and these are {len(widths)}")
        self.value = real_number(f"{name}: value", value)

    def forward(self, x: Any) -> Any:
        """x with what stands around it."""
        x = x if traced(x) else of_values(x)
        pairs = list(zip(self.padding[::2], self.padding[1::2]))[::-1]
        shape, name = shape_of(x), type(self).__name__
        if len(pairs) > len(shape):
            raise ShapeError(f"{name}: padding {self.padding} is for {len(pairs)} axes, and the input has shape "
                             f"{shape}")
        pairs = [(0, 0)] * (len(shape) - len(pairs)) + pairs
        if any(n + a + b < min(n, 1) for n, (a, b) in zip(shape, pairs)):
            raise ShapeError(f"{name}: padding {self.padding} leaves nothing of an input of shape {shape}")
        if any(width < 0 for pair in pairs for width in pair):
            x = ops.getitem(x, tuple(slice(max(-a, 0), n + min(b, 0)) for n, (a, b) in zip(shape, pairs)))
        return ops.pad(x, [(max(a, 0), max(b, 0)) for a, b in pairs], constant_values=self.value)

    def extra_repr(self) -> str:
        return f"{self.padding}" + (f", value={self.value}" if self.value else "")


class ZeroPad2d(Pad):
    """Zeros around images: `padding` on every side, or (left, right, top, bottom).

    >>> ZeroPad2d((1, 0, 0, 1))([[[1.0, 2.0]]]).tolist()
    [[[0.0, 1.0, 2.0], [0.0, 0.0, 0.0]]]
    """

    def __init__(self, padding: Any) -> None:
        widths = len(padding) if isinstance(padding, (tuple, list)) else 4
        super().__init__(numbers("ZeroPad2d", "padding", padding, widths, -(2 ** 31)))
        if len(self.padding) != 4:
            raise UsageError(f"ZeroPad2d: padding is one width or four (left, right, top, bottom), not "
                             f"{shown_in_error(padding)}")


class Upsample(Module):
    """Images (N, C, H, W) or (C, H, W) made larger by repeating each element scale_factor times on both axes.

    scale_factor    a whole number, or one for each axis
    mode            "nearest", the only one

    Raises UsageError for another mode or factor, ShapeError for an input of other axes.

    >>> Upsample(2)([[[1.0, 2.0]]]).tolist()
    [[[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]]
    """

    def __init__(self, scale_factor: Any, mode: str = "nearest") -> None:
        choice("Upsample: mode", mode, ("nearest",))
        self.scale_factor = numbers("Upsample", "scale_factor", scale_factor, 2, 1)

    def forward(self, x: Any) -> Any:
        """x with each element repeated."""
        x = image_batch(self, x)
        if len(shape_of(x)) not in (3, 4):
            raise ShapeError("Upsample takes inputs of shape (N, C, H, W) or (C, H, W), and this one has "
                             f"{shape_of(x)}")
        *lead, height, width = shape_of(x)
        down, across = self.scale_factor
        spread = ops.broadcast_to(ops.reshape(x, (*lead, height, 1, width, 1)), (*lead, height, down, width, across))
        return ops.reshape(spread, (*lead, height * down, width * across))

    def extra_repr(self) -> str:
        return f"{self.scale_factor}"
