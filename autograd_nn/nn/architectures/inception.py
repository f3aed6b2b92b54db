"""GoogLeNet: 22 layers of convolutions, in modules that look at an image at several scales at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ... import ops
from ...core.options import whole_number
from ...core.random import Rng, generator
from ..dropout import Dropout
from ..linear import Linear
from ..local_normalization import LocalResponseNorm
from ..losses import cross_entropy
from ..module import Module
from ..pooling import AdaptiveAvgPool2d, AvgPool2d, MaxPool2d
from ..reshape import Flatten
from ..sequential import Sequential
from ._shared import Widths, checked, connected, convolution, sized

TABLE = {
    # 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
"""Table 1 of the paper: the channels of each Inception module."""


class Inception(Module):
    """Four branches that see the same image, and stand beside one another in the channels of the result.

        y = [conv1x1(x), conv3x3(conv1x1(x)), conv5x5(conv1x1(x)), conv1x1(max3x3(x))], relu behind each convolution

    The 1x1 convolutions before the larger ones reduce the channels, and with them the work.

    x           (N, in_channels, H, W); the result is (N, out_channels, H, W), and out_channels is
                n1x1 + n3x3 + n5x5 + pool_proj

    Raises ShapeError for inputs of other axes or channels, UsageError for sizes below 1.
    Source: Szegedy et al. 2014, "Going deeper with convolutions", figure 2(b).

    >>> from autograd_nn import nn
    >>> module = nn.Inception(192, 64, 96, 128, 16, 32, 32, rng=0)
    >>> module.out_channels, module(np.zeros((1, 192, 28, 28))).shape
    (256, (1, 256, 28, 28))
    """

    def __init__(self, in_channels: int, n1x1: int, n3x3_reduce: int, n3x3: int, n5x5_reduce: int, n5x5: int,
                 pool_proj: int, *, rng: Rng = None, dtype: Any = np.float32) -> None:
        rng = generator(rng)
        self.in_channels = whole_number("Inception: in_channels", in_channels)
        self.branch1 = convolution(in_channels, n1x1, 1, rng, dtype)
        self.branch3 = Sequential(convolution(in_channels, n3x3_reduce, 1, rng, dtype),
                                  convolution(n3x3_reduce, n3x3, 3, rng, dtype))
        self.branch5 = Sequential(convolution(in_channels, n5x5_reduce, 1, rng, dtype),
                                  convolution(n5x5_reduce, n5x5, 5, rng, dtype))
        self.branch_pool = Sequential(MaxPool2d(3, stride=1, padding=1),
                                      convolution(in_channels, pool_proj, 1, rng, dtype))
        self.out_channels = n1x1 + n3x3 + n5x5 + pool_proj

    def forward(self, x: Any) -> Any:
        """The four branches of x, in one array."""
        return ops.concatenate([branch(x) for branch in (self.branch1, self.branch3, self.branch5, self.branch_pool)],
                               axis=-3)


class GoogLeNetOutputs(NamedTuple):
    """What GoogLeNet gives while training: the logits, and those of the auxiliary classifiers, each (N, classes)."""

    logits: Any
    auxiliary: tuple[Any, ...]


class GoogLeNet(Module):
    """A convolutional network with 22 layers that have parameters, and no hidden layer that is fully connected.

    Behind two convolutions stand nine Inception modules; their last map is averaged over the image,
    and one linear layer makes logits of the averages. While training two small classifiers look at
    the maps of modules 4a and 4d, so that the lower layers hear of the error, too; they do have a hidden
    layer, and eval() leaves them out.

    num_classes     of the logits
    image_size      height and width of the images, at least 31
    width           what the channels of all hidden layers are multiplied by
    auxiliary       whether there are the two classifiers

    x               (N, in_channels, image_size, image_size). The result is the logits (N, num_classes);
                    while training, with the auxiliary classifiers, GoogLeNetOutputs(logits, auxiliary)

    6,998,552 parameters at the published width, and 13,378,280 with the auxiliary classifiers. Where an auxiliary
    classifier's map is smaller than its 5x5 average, which is so for small images, the average is over all of it.
    The start, which the paper leaves open, is He's.

    Raises ShapeError for images of another size or number of channels, UsageError for an image_size
    or a width that leaves nothing. Source: Szegedy et al. 2014, "Going deeper with convolutions", table 1.

    >>> from autograd_nn import nn
    >>> model = nn.GoogLeNet(10, image_size=32, in_channels=1, width=0.1, rng=0)
    >>> images, classes = np.zeros((2, 1, 32, 32)), [3, 7]
    >>> model.loss(model(images), classes).shape, model.eval()(images).shape
    ((), (2, 10))
    """

    def __init__(self, num_classes: int = 1000, *, image_size: int = 224, in_channels: int = 3, width: float = 1.0,
                 auxiliary: bool = True, rng: Rng = None, dtype: Any = np.float32) -> None:
        rng, wide = generator(rng), Widths("GoogLeNet", width)
        self.image_size = sized(self, image_size, 31)
        self.in_channels = whole_number("GoogLeNet: in_channels", in_channels)
        self.stem = Sequential(
            convolution(in_channels, wide(64), 7, rng, dtype, stride=2, padding=3), _halved(), LocalResponseNorm(5),
            convolution(wide(64), wide(64), 1, rng, dtype), convolution(wide(64), wide(192), 3, rng, dtype),
            LocalResponseNorm(5), _halved())
        self.halved = _halved()
        self.inception: dict[str, Inception] = {}
        channels = wide(192)
        for name, row in TABLE.items():
            self.inception[name] = Inception(channels, *map(wide, row), rng=rng, dtype=dtype)
            channels = self.inception[name].out_channels
        side = (image_size + 1) // 2 // 2 // 2 // 2      # of module 4's maps, behind a convolution and three poolings
        self.auxiliary = {name: _classifier(self.inception[name].out_channels, num_classes, side, wide, rng, dtype)
                          for name in ("4a", "4d")} if auxiliary else {}
        self.classifier = Sequential(AdaptiveAvgPool2d(1), Flatten(), Dropout(0.4, rng=rng),
                                     Linear(channels, num_classes, rng=rng, dtype=dtype))

    def stages(self, x: Any) -> Iterator[tuple[str, Any]]:
        """(name, output) of the parts with parameters, one after another: "stem", "3a" ... "5b", "classifier"."""
        x = self.stem(checked(self, x, self.in_channels, self.image_size))
        yield "stem", x
        for name, module in self.inception.items():
            x = module(self.halved(x) if name in ("4a", "5a") else x)
            yield name, x
        yield "classifier", self.classifier(x)

    def forward(self, x: Any) -> Any:
        """The logits; while training with those of the auxiliary classifiers, as GoogLeNetOutputs."""
        auxiliary = []
        for name, y in self.stages(x):
            if self.training and name in self.auxiliary:
                auxiliary.append(self.auxiliary[name](y))
        return GoogLeNetOutputs(y, tuple(auxiliary)) if auxiliary else y

    def loss(self, outputs: Any, target: Any, weight: float = 0.3) -> Any:
        """Cross entropy of the logits, plus `weight` times that of each auxiliary classifier, if there are any.

        outputs is what the model gave, target the classes: integers (N,).
        """
        if not isinstance(outputs, GoogLeNetOutputs):
            return cross_entropy(outputs, target)
        total = cross_entropy(outputs.logits, target)
        for logits in outputs.auxiliary:
            total = total + weight * cross_entropy(logits, target)
        return total

    def extra_repr(self) -> str:
        return f"image_size={self.image_size}"


def _halved() -> MaxPool2d:
    return MaxPool2d(3, stride=2, ceil_mode=True)


def _classifier(channels: int, num_classes: int, side: int, wide: Widths, rng: Rng, dtype: Any) -> Sequential:
    """An auxiliary classifier, for a map of this size."""
    kernel = min(5, side)
    places = ((side - kernel) // 3 + 1) ** 2
    return Sequential(AvgPool2d(kernel, stride=3), convolution(channels, wide(128), 1, rng, dtype), Flatten(),
                      connected(wide(128) * places, wide(1024), rng, dtype), Dropout(0.7, rng=rng),
                      Linear(wide(1024), num_classes, rng=rng, dtype=dtype))
