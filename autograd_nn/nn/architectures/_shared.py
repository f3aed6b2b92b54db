"""What the architectures share: channels for a width, layers that start for relu, and images of the right size."""

from __future__ import annotations

from typing import Any

from ...core.options import above_zero, whole_number, within
from ...core.random import Rng
from ...errors import ShapeError, UsageError
from ...ops import shape_of
from .. import init
from .._images import image_batch
from ..activations import ReLU
from ..conv import Conv2d
from ..linear import Linear
from ..module import Module
from ..sequential import Sequential

WIDEST = 1000                      # times the published width: more weights than fit anywhere


class Widths:
    """Channels of a network whose layers are `width` times as wide as published: rounded, and at least `multiple`."""

    def __init__(self, name: str, width: Any) -> None:
        self.width = within(f"{name}: width", above_zero(f"{name}: width", width), 0, WIDEST)

    def __call__(self, channels: int, multiple: int = 1) -> int:
        return max(round(channels * self.width / multiple), 1) * multiple


def convolution(n_in: int, n_out: int, kernel: int, rng: Rng, dtype: Any, **options: Any) -> Sequential:
    """Conv2d and relu, of as many places as pixels unless the options say otherwise, started by He et al."""
    options = {"padding": "same", **options}
    return Sequential(Conv2d(n_in, n_out, kernel, **options, rng=rng, dtype=dtype, init=init.he_normal), ReLU())


def connected(n_in: int, n_out: int, rng: Rng, dtype: Any) -> Sequential:
    """Linear and relu, started by He et al."""
    return Sequential(Linear(n_in, n_out, rng=rng, dtype=dtype, init=init.he_normal), ReLU())


def checked(network: Module, x: Any, channels: int, side: int) -> Any:
    """The images that a network takes: (N, channels, side, side)."""
    x = image_batch(network, x, next(network.parameters()).dtype)
    if shape_of(x)[1:] != (channels, side, side):
        raise ShapeError(f"{type(network).__name__} takes images of shape (N, {channels}, {side}, {side}), and these "
                         f"have shape {shape_of(x)}\n  help: image_size= and in_channels= say what it is built for")
    return x


def sized(network: Module, image_size: int, least: int) -> int:
    """image_size as an int; UsageError below `least`, where the poolings would leave no place of the last map."""
    size = whole_number(f"{type(network).__name__}: image_size", image_size)
    if size < least:
        raise UsageError(f"{type(network).__name__}: image_size must be at least {least}, as the poolings leave "
                         f"nothing of smaller images, not {size}\n  help: nn.Upsample makes images larger")
    return size
