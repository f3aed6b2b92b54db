"""Local normalisation: each place of an image against what stands around it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..core.options import above_zero
from ..errors import ShapeError, UsageError
from ..ops import shape_of
from ..ops._arguments import dtype_of
from ..ops.networks._sliding import numbers
from ._images import image_batch
from .module import Module


class LocalResponseNorm(Module):
    """Each element divided by what stands in the neighbouring channels at its place.

        y[c] = x[c] / (k + alpha / size * sum of x[j]^2 over the `size` channels j around c) ^ beta

    Channels before the first and after the last count as 0. x is (N, C, ...). Raises ShapeError for
    an input without channels. Source: Krizhevsky, Sutskever & Hinton 2012; alpha / size as in PyTorch.

    >>> LocalResponseNorm(2, alpha=2.0, beta=1.0)([[[1.0], [2.0]]]).round(4).tolist()
    [[[0.5], [0.3333]]]
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        self.size = numbers("LocalResponseNorm", "size", size, 1, 1)[0]
        self.alpha, self.beta, self.k = alpha, beta, k

    def forward(self, x: Any) -> Any:
        """x, divided."""
        x = image_batch(self, x)
        shape = shape_of(x)
        if len(shape) < 3 or not shape[1]:
            raise ShapeError(f"LocalResponseNorm takes inputs of shape (N, C, ...), and this one has shape {shape}")
        around = ((self.size // 2, (self.size - 1) // 2), (0, 0))
        flat = (*shape[:2], math.prod(shape[2:]))
        total = ops.window_sum(ops.reshape(x * x, flat), kernel=(self.size, 1), padding=around)
        return x / (ops.reshape(total, shape) * (self.alpha / self.size) + self.k) ** self.beta

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha:g}, beta={self.beta:g}, k={self.k:g}"


class LocalContrastNorm(Module):
    """The local mean of an image taken away, then its local deviation divided out: shades even out, edges stay.

        v = x - average(x)                      subtractive
        s = sqrt(average(v^2) + eps)
        y = v / max(s, mean of s over the image)    divisive

    average() is that over all channels and a square window with Gaussian weights, which sum to 1; at the
    borders over the part of the window that lies within the image. The mean of s keeps flat parts,
    which are noise, from being blown up.

    kernel_size     the side of the window, odd
    sigma           the Gaussian's, in pixels; kernel_size / 4 by default
    x               (N, C, H, W), or (C, H, W)

    Raises ShapeError for inputs of other axes, UsageError for an even window.
    Source: Jarrett, Kavukcuoglu, Ranzato & LeCun 2009.

    >>> bright = 100 + np.random.default_rng(0).normal(size=(1, 8, 8))
    >>> bool(np.allclose(LocalContrastNorm()(bright), LocalContrastNorm()(bright + 50)))
    True
    """

    def __init__(self, kernel_size: int = 9, sigma: float | None = None, eps: float = 1e-8) -> None:
        self.kernel_size = numbers("LocalContrastNorm", "kernel_size", kernel_size, 1, 1)[0]
        if kernel_size % 2 == 0:
            raise UsageError(f"LocalContrastNorm: kernel_size={kernel_size} is even, and has no middle")
        self.sigma = above_zero(f"{type(self).__name__}: sigma", kernel_size / 4 if sigma is None else sigma)
        self.eps = above_zero(f"{type(self).__name__}: eps", eps)

    def forward(self, x: Any) -> Any:
        """x, its contrast even."""
        x = image_batch(self, x)
        if len(shape_of(x)) not in (3, 4) or 0 in shape_of(x)[-3:]:
            raise ShapeError("LocalContrastNorm takes inputs of shape (N, C, H, W) or (C, H, W), "
                             f"and this one has shape {shape_of(x)}")
        v = x - self._average(x)
        s = ops.sqrt(self._average(v * v) + self.eps)
        return v / ops.maximum(s, ops.mean(s, axis=(-3, -2, -1), keepdims=True))

    def _average(self, x: Any) -> Any:
        """The weighted average around each place, of shape (..., 1, H, W): over one axis, then over the other."""
        half = self.kernel_size // 2
        weights = np.exp(-0.5 * (np.arange(-half, half + 1) / self.sigma) ** 2)
        y = ops.mean(x, axis=-3, keepdims=True)
        for axis in (-2, -1):
            n = shape_of(x)[axis]
            away = np.arange(n)[:, None] - np.arange(n) + half
            matrix = np.where((away >= 0) & (away <= 2 * half), weights[np.clip(away, 0, 2 * half)], 0.0)
            matrix = (matrix / matrix.sum(axis=1, keepdims=True)).astype(dtype_of(x))
            y = ops.matmul(matrix, y) if axis == -2 else ops.matmul(y, matrix.T)
        return y

    def extra_repr(self) -> str:
        return f"{self.kernel_size}, sigma={self.sigma:g}"
