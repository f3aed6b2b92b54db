"""Convolution layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .. import ops
from ..core.options import choice, flag, float_dtype, whole_number
from ..core.random import Rng, generator
from ..core.tensor import Tensor
from ..errors import ShapeError, UsageError
from ..ops._arguments import affordable
from ..ops.networks._sliding import numbers
from . import init as initialisers
from ._images import image_batch
from .init import Init
from .module import Module

Array = np.ndarray[Any, Any]
PADDING = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


class _Conv(Module):
    """What the convolution layers share: numbers, weight and bias."""

    axes: ClassVar[int]
    transposed: ClassVar[bool] = False

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any, padding: Any,
                 dilation: Any, groups: int, bias: bool, rng: Rng, dtype: Any, init: Init | None) -> None:
        name, n = type(self).__name__, self.axes
        self.in_channels = whole_number(f"{name}: in_channels", in_channels)
        self.out_channels = whole_number(f"{name}: out_channels", out_channels)
        self.kernel_size = numbers(name, "kernel_size", kernel_size, n, 1)
        self.stride = numbers(name, "stride", stride, n, 1)
        self.padding = padding if isinstance(padding, str) else numbers(name, "padding", padding, n, 0)
        self.dilation = numbers(name, "dilation", dilation, n, 1)
        self.groups = whole_number(f"{name}: groups", groups)
        in_channels, out_channels, groups = self.in_channels, self.out_channels, self.groups
        dtype, bias = float_dtype(f"{name}: dtype", dtype), flag(f"{name}: bias", bias)
        if in_channels % groups or out_channels % groups:
            raise UsageError(f"{name}: groups={groups} must divide in_channels={in_channels} and "
                             f"out_channels={out_channels}")
        ends = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        shape = (ends[0], ends[1] // groups, *self.kernel_size)
        affordable(name, *shape)
        rng, bound = generator(rng), 1 / math.sqrt(math.prod(shape[1:]))
        weight, start = initialisers.started(name, init, shape, bound, rng, dtype), None
        if bias:
            start = np.zeros(out_channels, dtype) if init is not None \
                else initialisers.uniform(out_channels, -bound, bound, rng=rng, dtype=dtype)
        self.weight = Tensor(weight, dtype=dtype, name="weight")
        self.bias = None if start is None else Tensor(start, dtype=dtype, name="bias")

    def extra_repr(self) -> str:
        n = self.axes
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"]
        defaults = {"stride": (1,) * n, "padding": (0,) * n, "output_padding": (0,) * n, "dilation": (1,) * n,
                    "groups": 1, "padding_mode": "zeros"}
        parts += [f"{key}={getattr(self, key)!r}" for key, usual in defaults.items()
                  if getattr(self, key, usual) != usual]
        return ", ".join(parts) + ("" if self.bias is not None else ", bias=False")


class _Sliding(_Conv):
    """Conv1d and Conv2d, which differ in the number of axes."""

    convolve: ClassVar[Callable[..., Any]]

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
                 dilation: Any = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros", *,
                 rng: Rng = None, dtype: Any = np.float32, init: Init | None = None) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, rng, dtype,
                         init)
        name = type(self).__name__
        choice(f"{name}: padding_mode", padding_mode, PADDING)
        if isinstance(self.padding, str) and self.padding not in ("same", "valid"):
            raise UsageError(f"{name}: padding={padding!r} is not 'same', 'valid', a number or a tuple")
        if self.padding == "same" and max(self.stride) > 1:
            raise UsageError(f"{name}: padding='same' gives as many places as elements, which stride {self.stride} "
                             "does not")
        self.padding_mode = padding_mode

    def forward(self, x: Any) -> Any:
        """The convolution of x, and the bias on top."""
        x = image_batch(self, x, self.weight.dtype)
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            x, padding = self._around(x), 0
        return type(self).convolve(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _around(self, x: Any) -> Any:
        """x with what padding_mode puts around it."""
        if len(ops.shape_of(x)) <= self.axes:
            raise ShapeError(f"{type(self).__name__}: the input has shape {ops.shape_of(x)}, and needs channels and "
                             f"{self.axes} more axes")
        if self.padding == "valid":
            return x
        totals = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size)]
        widths = [(t // 2, t - t // 2) for t in totals] if self.padding == "same" else [(p, p) for p in self.padding]
        return ops.pad(x, [(0, 0)] * (len(ops.shape_of(x)) - self.axes) + widths, mode=PADDING[self.padding_mode])


class Conv1d(_Sliding):
    """Conv2d with one axis less: inputs (N, C, L) or (C, L), weight (out, C / groups, kernel).

    >>> from autograd_nn import nn
    >>> nn.Conv1d(4, 6, 3, padding="same", rng=0)(np.zeros((2, 4, 10))).shape
    (2, 6, 10)
    """

    axes = 1
    convolve = staticmethod(ops.conv1d)


class Conv2d(_Sliding):
    """A kernel slides over the channels of images: see autograd_nn.conv2d for the formula and the options.

    x               (N, C, H, W), or (C, H, W) for one image; a plain array is a constant, and is taken
                    in the layer's dtype
    weight, bias    (out_channels, in_channels / groups, *kernel_size) and (out_channels,); both start
                    uniform on +-1/sqrt(in_channels / groups * kernel elements), as in PyTorch, or, with
                    an `init` of nn.init, the weight as that says and the bias at 0
    padding         an integer, one for each axis, "same" or "valid"
    padding_mode    what the padding is: "zeros", "reflect", "replicate" or "circular"
    rng             a seed, a numpy.random.Generator or None

    Raises ShapeError for inputs of other axes or channels, or smaller than the kernel; UsageError for
    options that do not fit together.

    >>> from autograd_nn import nn
    >>> layer = nn.Conv2d(3, 8, 5, stride=2, padding=2, rng=0)
    >>> layer(np.zeros((4, 3, 32, 32))).shape, layer.weight.shape
    ((4, 8, 16, 16), (8, 3, 5, 5))
    >>> layer
    Conv2d(3, 8, kernel_size=(5, 5), stride=(2, 2), padding=(2, 2))
    """

    axes = 2
    convolve = staticmethod(ops.conv2d)


class ConvTranspose2d(_Conv):
    """The transpose of Conv2d as a linear map, which makes images larger: see autograd_nn.conv_transpose2d.

    weight          (in_channels, out_channels / groups, *kernel_size), which starts as in PyTorch
    padding         what is cut off at each end
    output_padding  how much of it is left on at the far end; smaller than stride or dilation

    Inputs, start and errors as for Conv2d.

    >>> from autograd_nn import nn
    >>> nn.ConvTranspose2d(8, 3, 4, stride=2, padding=1, rng=0)(np.zeros((1, 8, 5, 5))).shape
    (1, 3, 10, 10)
    """

    axes = 2
    transposed = True

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
                 output_padding: Any = 0, groups: int = 1, bias: bool = True, dilation: Any = 1, *,
                 rng: Rng = None, dtype: Any = np.float32, init: Init | None = None) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, rng, dtype,
                         init)
        self.output_padding = numbers("ConvTranspose2d", "output_padding", output_padding, 2, 0)
        if isinstance(padding, str):
            raise UsageError(f"ConvTranspose2d: padding={padding!r}; it is a number or a tuple here")

    def forward(self, x: Any) -> Any:
        """The transposed convolution of x, and the bias on top."""
        return ops.conv_transpose2d(image_batch(self, x, self.weight.dtype), self.weight, self.bias, self.stride,
                                    self.padding, self.output_padding, self.groups, self.dilation)
