"""AlexNet: the network that won the ImageNet competition of 2012."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.options import whole_number
from ...core.random import Rng, generator
from ..dropout import Dropout
from ..linear import Linear
from ..local_normalization import LocalResponseNorm
from ..module import Module
from ..pooling import MaxPool2d
from ..reshape import Flatten
from ..sequential import Sequential
from ._shared import Widths, checked, connected, convolution, sized


class AlexNet(Module):
    """Five convolutions, three of which see half of the channels each, and three linear layers; relu and dropout.

    x       (N, in_channels, image_size, image_size), at least 63 x 63; the result is the logits (N, num_classes)
    width   what the channels and the hidden layers of 4096 are multiplied by (rounded to even numbers)

    60,965,224 parameters as published. The two halves are the two graphics cards that it was trained on.
    The first convolution has a padding of 2, with which images of 224 give the 55 places of the paper.

    Raises ShapeError for images of another size or number of channels, UsageError for an image_size
    or a width that leaves nothing. Source: Krizhevsky, Sutskever & Hinton 2012.

    >>> from autograd_nn import nn
    >>> nn.AlexNet(10, image_size=64, width=0.1, rng=0)(np.zeros((1, 3, 64, 64))).shape
    (1, 10)
    """

    def __init__(self, num_classes: int = 1000, *, image_size: int = 224, in_channels: int = 3, width: float = 1.0,
                 rng: Rng = None, dtype: Any = np.float32) -> None:
        rng, wide = generator(rng), Widths("AlexNet", width)
        self.image_size = sized(self, image_size, 63)
        self.in_channels = whole_number("AlexNet: in_channels", in_channels)
        c96, c256, c384, hidden = wide(96, 2), wide(256, 2), wide(384, 2), wide(4096)
        self.features = Sequential(
            convolution(in_channels, c96, 11, rng, dtype, stride=4, padding=2), _response(), MaxPool2d(3, stride=2),
            convolution(c96, c256, 5, rng, dtype, groups=2), _response(), MaxPool2d(3, stride=2),
            convolution(c256, c384, 3, rng, dtype), convolution(c384, c384, 3, rng, dtype, groups=2),
            convolution(c384, c256, 3, rng, dtype, groups=2), MaxPool2d(3, stride=2))
        left = (image_size + 4 - 11) // 4 + 1
        for _ in range(3):
            left = (left - 3) // 2 + 1
        self.classifier = Sequential(Flatten(), Dropout(0.5, rng=rng), connected(c256 * left ** 2, hidden, rng, dtype),
                                     Dropout(0.5, rng=rng), connected(hidden, hidden, rng, dtype),
                                     Linear(hidden, num_classes, rng=rng, dtype=dtype))

    def forward(self, x: Any) -> Any:
        """The logits."""
        return self.classifier(self.features(checked(self, x, self.in_channels, self.image_size)))


def _response() -> LocalResponseNorm:
    """The paper's numbers: k = 2, and alpha = 1e-4 for the sum, not for the average."""
    return LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)
