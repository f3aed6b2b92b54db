"""Pooling layers: functions of the op table as modules."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any, ClassVar

from .. import ops
from ._images import image_batch
from .module import Module


class _Pooling(Module):
    """A function with its options; their names and defaults are PyTorch's."""

    function: ClassVar[Callable[..., Any]]

    def __init__(self, **options: Any) -> None:
        self.options = options

    def forward(self, x: Any) -> Any:
        """The function of x."""
        return type(self).function(image_batch(self, x), **self.options)

    def extra_repr(self) -> str:
        usual = {p.name: p.default for p in signature(type(self)).parameters.values()}
        parts = [f"{key}={value!r}" for key, value in self.options.items() if value != usual[key]]
        return ", ".join(parts).partition("=")[2]        # the first is given by position


class _MaxPool(_Pooling):
    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
                 ceil_mode: bool = False) -> None:
        super().__init__(kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation,
                         ceil_mode=ceil_mode)


class MaxPool1d(_MaxPool):
    """The largest element of each window of sequences (N, C, L) or (C, L): see autograd_nn.max_pool1d.

    >>> MaxPool1d(2)([[1.0, 5.0, 2.0, 3.0]]).tolist()
    [[5.0, 3.0]]
    """

    function = staticmethod(ops.max_pool1d)


class MaxPool2d(_MaxPool):
    """The largest element of each window of images (N, C, H, W) or (C, H, W): see autograd_nn.max_pool2d.

    Among equals the first, row by row, gets the gradient.

    >>> MaxPool2d(3, stride=2)
    MaxPool2d(3, stride=2)
    >>> MaxPool2d(2)([[[1.0, 2.0], [3.0, 4.0]]]).tolist()
    [[[4.0]]]
    """

    function = staticmethod(ops.max_pool2d)


class AvgPool1d(_Pooling):
    """The average of each window of sequences (N, C, L) or (C, L): see autograd_nn.avg_pool1d.

    >>> AvgPool1d(2)([[1.0, 5.0, 2.0, 4.0]]).tolist()
    [[3.0, 3.0]]
    """

    function = staticmethod(ops.avg_pool1d)

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
                 count_include_pad: bool = True) -> None:
        super().__init__(kernel_size=kernel_size, stride=stride, padding=padding, ceil_mode=ceil_mode,
                         count_include_pad=count_include_pad)


class AvgPool2d(_Pooling):
    """The average of each window of images (N, C, H, W) or (C, H, W): see autograd_nn.avg_pool2d.

    >>> AvgPool2d(2)([[[1.0, 2.0], [3.0, 6.0]]]).tolist()
    [[[3.0]]]
    """

    function = staticmethod(ops.avg_pool2d)

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
                 count_include_pad: bool = True, divisor_override: int | None = None) -> None:
        super().__init__(kernel_size=kernel_size, stride=stride, padding=padding, ceil_mode=ceil_mode,
                         count_include_pad=count_include_pad, divisor_override=divisor_override)


class AdaptiveAvgPool1d(_Pooling):
    """Sequences averaged to a length: see autograd_nn.adaptive_avg_pool1d.

    >>> AdaptiveAvgPool1d(2)([[1.0, 2.0, 3.0, 6.0]]).tolist()
    [[1.5, 4.5]]
    """

    function = staticmethod(ops.adaptive_avg_pool1d)

    def __init__(self, output_size: Any) -> None:
        super().__init__(output_size=output_size)


class AdaptiveAvgPool2d(_Pooling):
    """Images averaged to a size, so that what follows need not know theirs: see autograd_nn.adaptive_avg_pool2d.

    >>> AdaptiveAvgPool2d((1, 1))([[[1.0, 2.0], [3.0, 6.0]]]).tolist()
    [[[3.0]]]
    """

    function = staticmethod(ops.adaptive_avg_pool2d)

    def __init__(self, output_size: Any) -> None:
        super().__init__(output_size=output_size)
