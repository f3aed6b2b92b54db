"""LeNet-5: the convolutional network that read handwritten digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.options import whole_number
from ...core.random import Rng, generator
from .. import init
from ..activations import Tanh
from ..conv import Conv2d
from ..linear import Linear
from ..module import Module
from ..pooling import AvgPool2d
from ..reshape import Flatten
from ..sequential import Sequential
from ._shared import Widths, checked, sized


class LeNet5(Module):
    """Two convolutions 5x5 with averages 2x2 behind them, a third over all of the map, and two linear layers.

        C1 6 maps, S2, C3 16 maps, S4, C5 120 numbers, F6 84, the classes; tanh between them

    x       (N, in_channels, image_size, image_size), at least 16 x 16; the result is the logits (N, num_classes)
    width   what 6, 16, 120 and 84 are multiplied by

    61,706 parameters as published, of which the paper saves 1,706 by leaving out connections of C3 and
    by fixed prototypes for the classes (its own S2 and S4 have a factor and a shift for each map).

    Raises ShapeError for images of another size or number of channels, UsageError for an image_size
    or a width that leaves nothing. Source: LeCun, Bottou, Bengio & Haffner 1998.

    >>> from autograd_nn import nn
    >>> model = nn.LeNet5(rng=0)
    >>> model(np.zeros((2, 1, 32, 32))).shape, sum(p.size for p in model.parameters())
    ((2, 10), 61706)
    """

    def __init__(self, num_classes: int = 10, *, image_size: int = 32, in_channels: int = 1, width: float = 1.0,
                 rng: Rng = None, dtype: Any = np.float32) -> None:
        rng, wide = generator(rng), Widths("LeNet5", width)
        self.image_size = sized(self, image_size, 16)
        self.in_channels = whole_number("LeNet5: in_channels", in_channels)
        left = ((image_size - 4) // 2 - 4) // 2

        def conv(n_in: int, n_out: int, kernel: int) -> Conv2d:
            return Conv2d(n_in, n_out, kernel, rng=rng, dtype=dtype, init=init.xavier_uniform)

        self.features = Sequential(conv(in_channels, wide(6), 5), Tanh(), AvgPool2d(2),
                                   conv(wide(6), wide(16), 5), Tanh(), AvgPool2d(2),
                                   conv(wide(16), wide(120), left), Tanh())
        self.classifier = Sequential(Flatten(), Linear(wide(120), wide(84), rng=rng, dtype=dtype,
                                                       init=init.xavier_uniform), Tanh(),
                                     Linear(wide(84), num_classes, rng=rng, dtype=dtype))

    def forward(self, x: Any) -> Any:
        """The logits."""
        return self.classifier(self.features(checked(self, x, self.in_channels, self.image_size)))
