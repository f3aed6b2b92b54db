"""The perceptron: a threshold unit, and the learning rule that it had before there was a chain rule for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.node import data_of
from ..core.options import whole_number
from ..core.random import Rng, generator
from ..core.tensor import Tensor
from ..errors import DataError, ShapeError, UsageError
from ..ops._arguments import affordable
from ._inputs import rows, without_values
from .module import Module

Array = np.ndarray[Any, Any]


class Perceptron(Module):
    """y = 1 where w . x + b > 0, else 0: it fires when the weighted inputs pass a threshold, -b.

    The step has the derivative 0 everywhere, so there is nothing for backpropagation to follow; `learn`
    is Rosenblatt's rule. Weight (in_features,) and bias () start at 0, or from `rng` uniform on +-1.

    Source: F. Rosenblatt, The perceptron, Psychological Review 65, 1958.

    >>> from autograd_nn import nn
    >>> x = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> gate = nn.Perceptron(2)
    >>> gate.learn(x, [0, 0, 0, 1])                       # and: the mistakes of each pass, until there is none
    [1, 3, 3, 2, 1, 0]
    >>> gate(x)
    array([0., 0., 0., 1.])
    >>> nn.Perceptron(2).learn(x, [0, 1, 1, 0], epochs=50)[-1] > 0       # exclusive or: no line separates it
    True
    """

    def __init__(self, in_features: int, *, rng: Rng = None) -> None:
        self.in_features = whole_number("Perceptron: in_features", in_features)
        affordable("Perceptron", self.in_features)
        start = np.zeros(self.in_features + 1) if rng is None else generator(rng).uniform(-1, 1, self.in_features + 1)
        self.weight = Tensor(start[:-1], name="weight")
        self.bias = Tensor(start[-1], name="bias")

    def forward(self, x: Any) -> Array:
        """0. or 1. for each row of x, (..., in_features); a plain array, for no gradient passes a step."""
        return np.asarray(self._sum(x) > 0, dtype=float)

    def learn(self, x: Any, y: Any, *, lr: float = 1.0, epochs: int = 1000) -> list[int]:
        """Rosenblatt's rule, row by row: w += lr (y - output) x and b += lr (y - output), where they differ.

        x (rows, in_features), y (rows,) of 0 and 1. Stops after a pass without a mistake, which comes, if
        a plane separates the two classes (Novikoff, 1962), or after `epochs` passes. Returns the number
        of mistakes of each pass. Raises DataError for other targets and for inputs that are not finite,
        ShapeError for other shapes, UsageError for a learning rate that is not positive.
        """
        x = np.asarray(data_of(rows(self, without_values(self, x), self.in_features)), dtype=float)
        y = np.asarray(data_of(y))
        if x.ndim != 2 or y.shape != x.shape[:1]:
            raise ShapeError(f"Perceptron.learn takes x of shape (rows, {self.in_features}) and y of shape (rows,), "
                             f"not {x.shape} and {y.shape}")
        if not np.all((y == 0) | (y == 1)):
            raise DataError("Perceptron.learn: targets are 0 or 1")
        if not np.isfinite(x).all():
            raise DataError("Perceptron.learn: some inputs are nan or inf, from which nothing can be learned")
        if not lr > 0:
            raise UsageError(f"Perceptron.learn: lr must be positive, not {lr!r}")
        weight, bias = np.array(self.weight.data), float(self.bias.data)
        mistakes = []
        for _ in range(whole_number("epochs", epochs)):
            wrong = 0
            for row, target in zip(x, y):
                error = float(target) - (weight @ row + bias > 0)
                if error:
                    weight += lr * error * row
                    bias += lr * error
                    wrong += 1
            mistakes.append(wrong)
            if not wrong:
                break
        self.weight.data, self.bias.data = weight, bias
        return mistakes

    def _sum(self, x: Any) -> Array:
        x = np.asarray(data_of(rows(self, without_values(self, x), self.in_features)), dtype=float)
        return np.asarray(x @ self.weight.data + self.bias.data)

    def extra_repr(self) -> str:
        return str(self.in_features)
