"""VGG: one convolution of 3x3 behind another."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.options import whole_number
from ...core.random import Rng, generator
from ...errors import UsageError
from ...ops._refusal import shown_in_error
from ..dropout import Dropout
from ..linear import Linear
from ..module import Module
from ..pooling import MaxPool2d
from ..reshape import Flatten
from ..sequential import Sequential
from ._shared import Widths, checked, connected, convolution, sized

CHANNELS = (64, 128, 256, 512, 512)
CONVOLUTIONS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
"""Table 1 of the paper, columns A, B, D and E: how many convolutions stand before each pooling."""


class VGG(Module):
    """Five blocks of convolutions 3x3, each with a max pooling behind it, and three linear layers; relu and dropout.

    depth   how many layers have parameters: 11, 13, 16 or 19
    x       (N, in_channels, image_size, image_size), at least 32 x 32; the result is the logits (N, num_classes)
    width   what the channels and the hidden layers of 4096 are multiplied by

    133, 133, 138 and 144 million parameters as published.

    Raises ShapeError for images of another size or number of channels, UsageError for another depth
    and for an image_size or a width that leaves nothing. Source: Simonyan & Zisserman 2014.

    >>> from autograd_nn import nn
    >>> nn.VGG(11, 10, image_size=32, width=0.1, rng=0)(np.zeros((1, 3, 32, 32))).shape
    (1, 10)
    """

    def __init__(self, depth: int = 16, num_classes: int = 1000, *, image_size: int = 224, in_channels: int = 3,
                 width: float = 1.0, rng: Rng = None, dtype: Any = np.float32) -> None:
        if depth not in CONVOLUTIONS:
            raise UsageError(f"VGG: depth is one of {', '.join(map(str, CONVOLUTIONS))}, not {shown_in_error(depth)}")
        rng, wide = generator(rng), Widths("VGG", width)
        self.depth = depth
        self.image_size = sized(self, image_size, 32)
        self.in_channels = whole_number("VGG: in_channels", in_channels)
        blocks, before = [], in_channels
        for channels, count in zip(map(wide, CHANNELS), CONVOLUTIONS[depth]):
            blocks.append(Sequential(*(convolution(channels if i else before, channels, 3, rng, dtype)
                                       for i in range(count)), MaxPool2d(2)))
            before = channels
        self.features, hidden = Sequential(*blocks), wide(4096)
        self.classifier = Sequential(Flatten(), connected(before * (image_size // 32) ** 2, hidden, rng, dtype),
                                     Dropout(0.5, rng=rng), connected(hidden, hidden, rng, dtype),
                                     Dropout(0.5, rng=rng), Linear(hidden, num_classes, rng=rng, dtype=dtype))

    def forward(self, x: Any) -> Any:
        """The logits."""
        return self.classifier(self.features(checked(self, x, self.in_channels, self.image_size)))
