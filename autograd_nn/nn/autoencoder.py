"""Autoencoders: networks that learn to give back what they got, through a narrow place."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..core.options import between_0_and_1, choice, non_negative, whole_number
from ..core.random import Rng, generator
from ..errors import UsageError
from ..ops import shape_of
from ..ops._arguments import affordable
from ._inputs import rows
from .losses import binary_cross_entropy_with_logits, mse_loss
from .module import Module
from .sequential import MLP


class Autoencoder(Module):
    """decoder(encoder(x)), both multilayer perceptrons: Autoencoder(64, 32, 16) goes 64-32-16 and back 16-32-64.

    activation  between the layers; the code and the output are linear
    noise       the standard deviation of normal noise that is added to the input while training: a
                denoising autoencoder (Vincent et al., 2008). 0 for none
    masking     the share of inputs that is set to 0 while training, another way to denoise

    `encode(x)` gives the code, `loss(x)` the mean squared error against x itself, without the noise.

    >>> from autograd_nn import nn
    >>> model = nn.Autoencoder(8, 4, 2, rng=0)
    >>> x = [[1.0] * 8]
    >>> model.encode(x).shape, model(x).shape, model.loss(x).shape
    ((1, 2), (1, 8), ())
    """

    def __init__(self, *sizes: int, activation: str | Callable[[Any], Any] | None = "tanh", noise: float = 0.0,
                 masking: float = 0.0, rng: Rng = None, dtype: Any = np.float32) -> None:
        if len(sizes) < 2:
            raise UsageError(f"{type(self).__name__}{sizes} needs at least two sizes: inputs and code")
        name = type(self).__name__
        self.noise, self.masking = non_negative(f"{name}: noise", noise), between_0_and_1(f"{name}: masking", masking)
        if self.masking == 1:
            raise UsageError(f"{name}: masking=1 leaves nothing of the input")
        self.rng = generator(rng)
        self.inputs = sizes[0]
        self.encoder = MLP(*sizes, activation=activation, rng=self.rng, dtype=dtype)
        self.decoder = MLP(*sizes[::-1], activation=activation, rng=self.rng, dtype=dtype)

    def encode(self, x: Any) -> Any:
        """The code of rows x (..., inputs), of shape (..., code)."""
        return self.encoder(x)

    def decode(self, code: Any) -> Any:
        """What a code (..., code) stands for, of shape (..., inputs)."""
        return self.decoder(code)

    def forward(self, x: Any) -> Any:
        """The reconstruction of x: from the damaged input while training, from x itself after eval()."""
        return self.decode(self.encode(self._damaged(rows(self.encoder.layers[0], x, self.inputs))))

    def loss(self, x: Any) -> Any:
        """mean (forward(x) - x)^2, a Tensor ()."""
        return mse_loss(self(x), x)

    def _damaged(self, x: Any) -> Any:
        if self.training and self.noise:
            x = x + self._plain(self.rng.normal(0, self.noise, shape_of(x)))
        if self.training and self.masking:
            x = x * self._plain(self.rng.random(shape_of(x)) >= self.masking)
        return x

    def _plain(self, array: Any) -> Any:
        return array.astype(next(self.encoder.parameters()).dtype)


class VariationalAutoencoder(Module):
    """A code that is drawn: z = mu(x) + sigma(x) e with e normal, so that gradients pass the draw.

    Sizes as for Autoencoder: VariationalAutoencoder(64, 32, 2) has a code of two numbers. While training
    (and in `loss`) the code is drawn from `rng`; after eval() it is the mean.

    likelihood  "gaussian": the squared error, 1/2 sum (x - y)^2; "bernoulli": x within 0 and 1, the
                outputs are logits and the error is their cross entropy

    Source: D. Kingma, M. Welling, Auto-encoding variational Bayes, 2014.

    >>> from autograd_nn import nn
    >>> model = nn.VariationalAutoencoder(8, 4, 2, rng=0)
    >>> x = [[0.5] * 8] * 3
    >>> mean, log_variance = model.encode(x)
    >>> mean.shape, model(x).shape, model.generate(5).shape
    ((3, 2), (3, 8), (5, 8))
    """

    def __init__(self, *sizes: int, activation: str | Callable[[Any], Any] | None = "relu",
                 likelihood: str = "gaussian", rng: Rng = None, dtype: Any = np.float32) -> None:
        if len(sizes) < 2:
            raise UsageError(f"VariationalAutoencoder{sizes} needs at least two sizes: inputs and code")
        self.likelihood = choice("VariationalAutoencoder: likelihood", likelihood, ("gaussian", "bernoulli"))
        self.rng = generator(rng)
        self.code = whole_number("VariationalAutoencoder: the code", sizes[-1])
        self.encoder = MLP(*sizes[:-1], 2 * self.code, activation=activation, rng=self.rng, dtype=dtype)
        self.decoder = MLP(*sizes[::-1], activation=activation, rng=self.rng, dtype=dtype)

    def encode(self, x: Any) -> tuple[Any, Any]:
        """The mean and the logarithm of the variance of each row's code, both (..., code)."""
        both = self.encoder(x)
        return both[..., :self.code], both[..., self.code:]

    def decode(self, code: Any) -> Any:
        """The mean of x given its code; probabilities for "bernoulli"."""
        y = self.decoder(code)
        return ops.sigmoid(y) if self.likelihood == "bernoulli" else y

    def forward(self, x: Any) -> Any:
        """x again, through a code that is drawn while training and the mean after eval()."""
        return self.decode(self._code(*self.encode(x)))

    def loss(self, x: Any, beta: float = 1.0) -> Any:
        """The mean over rows of error + beta KL(code || standard normal), the negative evidence bound; a Tensor ().

        KL = -1/2 sum (1 + log s^2 - mu^2 - s^2).
        """
        beta = non_negative("VariationalAutoencoder.loss: beta", beta)
        mean, log_variance = self.encode(x)
        y = self.decoder(self._code(mean, log_variance))
        if self.likelihood == "bernoulli":
            error = binary_cross_entropy_with_logits(y, x, reduction="sum")
        else:
            error = 0.5 * mse_loss(y, x, reduction="sum")
        kl = 0.5 * ops.sum(ops.square(mean) + ops.exp(log_variance) - 1 - log_variance)
        return (error + beta * kl) / max(1, math.prod(shape_of(mean)[:-1]))

    def generate(self, count: int) -> Any:
        """`count` new rows, decoded from codes drawn from the standard normal distribution."""
        dtype = next(self.decoder.parameters()).dtype
        affordable("VariationalAutoencoder.generate", count := whole_number("generate: count", count), self.code)
        return self.decode(self.rng.normal(size=(count, self.code)).astype(dtype))

    def _code(self, mean: Any, log_variance: Any) -> Any:
        if not self.training:
            return mean
        return mean + ops.exp(0.5 * log_variance) * self.rng.normal(size=shape_of(mean)).astype(mean.dtype)
