"""Regression: one linear layer, read as a number, as a yes or no, or as one of several classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import ops
from ..core.node import data_of
from ..errors import DataError, ShapeError, UsageError
from ..ops._refusal import shown_in_error
from . import init
from .linear import Linear
from .losses import binary_cross_entropy_with_logits, cross_entropy, mse_loss
from .module import Module

Array = np.ndarray[Any, Any]


class LinearRegression(Module):
    """y = w . x + b, multiple linear regression: x (..., features) gives y (...); its loss is the mean squared error.

    The weights start at 0, from where gradient descent has one way to go: the loss is convex.

    >>> import numpy as np
    >>> from autograd_nn import nn, optim
    >>> x = np.random.default_rng(0).normal(size=(50, 2))
    >>> model = nn.LinearRegression(2, dtype=float)
    >>> optimizer = optim.SGD(model.parameters(), lr=0.5)
    >>> for _ in range(100):
    ...     optimizer.zero_grad()
    ...     model.loss(x, 3 * x[:, 0] - x[:, 1] + 5).backward()
    ...     optimizer.step()
    >>> model.linear.weight.data.round(6), model.linear.bias.data.round(6)
    (array([[ 3., -1.]]), array([5.]))
    """

    def __init__(self, features: int, *, dtype: Any = np.float32) -> None:
        self.linear = _at_zero(features, 1, dtype)

    def forward(self, x: Any) -> Any:
        """The predictions for rows x (..., features), of shape (...)."""
        return self.linear(x)[..., 0]

    def loss(self, x: Any, y: Any) -> Any:
        """The mean squared error of the predictions for x against y (...)."""
        return mse_loss(self(x), y)


class LogisticRegression(Module):
    """p(y = 1 | x) = sigmoid(w . x + b), and the decision p > threshold, which can be moved.

    threshold   from 0 to 1; an attribute, to be set at any time. A lower one finds more of the positives
                and calls more negatives positive: `at_thresholds` shows the exchange

    forward gives the logits w . x + b, of shape (...), as losses take them. The weights start at 0.

    >>> import numpy as np
    >>> from autograd_nn import nn, optim
    >>> x, y = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]]), [0, 0, 1, 0, 1, 1]
    >>> model = nn.LogisticRegression(1)
    >>> optimizer = optim.Adam(model.parameters(), lr=0.1)
    >>> for _ in range(200):
    ...     optimizer.zero_grad()
    ...     model.loss(x, y).backward()
    ...     optimizer.step()
    >>> model.predict(x)
    array([0, 0, 0, 1, 1, 1])
    >>> model.threshold = 0.2
    >>> model.predict(x)
    array([0, 0, 1, 1, 1, 1])
    >>> print(model.at_thresholds(x, y, [0.2, 0.5, 0.9]))
    threshold  precision  recall  true pos.  false pos.  false neg.  true neg.
          0.2      0.750   1.000          3           1           0          2
          0.5      0.667   0.667          2           1           1          2
          0.9      1.000   0.333          1           0           2          3
    """

    def __init__(self, features: int, *, threshold: float = 0.5, dtype: Any = np.float32) -> None:
        self.linear = _at_zero(features, 1, dtype)
        self.threshold = threshold

    def forward(self, x: Any) -> Any:
        """The logits of rows x (..., features), of shape (...)."""
        return self.linear(x)[..., 0]

    def loss(self, x: Any, y: Any) -> Any:
        """The mean cross entropy of the predictions for x against y (...), of 0 and 1."""
        return binary_cross_entropy_with_logits(self(x), y)

    def probability(self, x: Any) -> Any:
        """sigmoid of the logits: p(y = 1) of each row."""
        return ops.sigmoid(self(x))

    def predict(self, x: Any) -> Array:
        """1 where the probability is above the threshold, else 0: an array of integers (...)."""
        if not 0 <= self.threshold <= 1:
            raise UsageError(f"LogisticRegression: the threshold is a probability from 0 to 1, not {self.threshold!r}")
        return np.asarray(data_of(self.probability(x)) > self.threshold, dtype=np.int64)

    def at_thresholds(self, x: Any, y: Any, thresholds: Any = None) -> Thresholds:
        """What the decision would be worth on rows x (rows, features) with y of 0 and 1, at each threshold.

        thresholds      by default 0.1, 0.2 ... 0.9. Raises DataError for other labels, ShapeError for other shapes.
        """
        return Thresholds.of(data_of(self.probability(x)), y,
                             np.arange(1, 10) / 10 if thresholds is None else thresholds)


class SoftmaxRegression(Module):
    """p(class k | x) = softmax(W x + b)_k: forward gives the logits (..., classes). The weights start at 0.

    >>> from autograd_nn import nn
    >>> model = nn.SoftmaxRegression(4, 3)
    >>> model.probability([[1.0, 2.0, 3.0, 4.0]]).data.round(3)
    array([[0.333, 0.333, 0.333]], dtype=float32)
    """

    def __init__(self, features: int, classes: int, *, dtype: Any = np.float32) -> None:
        self.linear = _at_zero(features, classes, dtype)

    def forward(self, x: Any) -> Any:
        """The logits of rows x (..., features), of shape (..., classes)."""
        return self.linear(x)

    def loss(self, x: Any, y: Any) -> Any:
        """The mean cross entropy of the predictions for x against the classes y (...)."""
        return cross_entropy(self(x), y)

    def probability(self, x: Any) -> Any:
        """softmax of the logits: p of each class."""
        return ops.softmax(self(x), axis=-1)

    def predict(self, x: Any) -> Array:
        """The likeliest class of each row: an array of integers (...)."""
        return np.asarray(data_of(self(x)).argmax(-1))


@dataclass(frozen=True, eq=False)
class Thresholds:
    """Counts of a decision `probability > threshold` at several thresholds; print() shows the table.

    precision = TP / (TP + FP), 0 where nothing is called positive; recall = TP / (TP + FN).
    """

    threshold: Array
    true_positives: Array
    false_positives: Array
    false_negatives: Array
    true_negatives: Array

    @classmethod
    def of(cls, probability: Any, y: Any, thresholds: Any) -> Thresholds:
        """The table of probabilities (rows,) against labels y (rows,) of 0 and 1."""
        p, labels, at = (np.asarray(data_of(a)) for a in (probability, y, thresholds))
        if p.ndim != 1 or labels.shape != p.shape or not len(p):
            raise ShapeError(f"thresholds compare probabilities and labels of one shape (rows,), not {p.shape} and "
                             f"{labels.shape}")
        if not np.all((labels == 0) | (labels == 1)):
            raise DataError("thresholds: labels are 0 or 1")
        if at.dtype.kind not in "iuf" or not np.all((at >= 0) & (at <= 1)):
            raise UsageError(f"thresholds are probabilities from 0 to 1, not {shown_in_error(thresholds)}")
        called, there = p[None, :] > at.reshape(-1, 1), labels == 1
        counts = [np.sum(a & b, axis=1) for a, b in ((called, there), (called, ~there), (~called, there),
                                                     (~called, ~there))]
        return cls(at.ravel(), *counts)

    @property
    def precision(self) -> Array:
        """TP / (TP + FP) at each threshold."""
        return _share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> Array:
        """TP / (TP + FN) at each threshold."""
        return _share(self.true_positives, self.true_positives + self.false_negatives)

    def __str__(self) -> str:
        rows = ["threshold  precision  recall  true pos.  false pos.  false neg.  true neg."]
        for t, p, r, tp, fp, fn, tn in zip(self.threshold, self.precision, self.recall, self.true_positives,
                                           self.false_positives, self.false_negatives, self.true_negatives):
            rows.append(f"{t:9.4g}  {p:9.3f}  {r:6.3f}  {tp:9d}  {fp:10d}  {fn:10d}  {tn:9d}")
        return "\n".join(rows)


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)


def _at_zero(features: int, outputs: int, dtype: Any) -> Linear:
    return Linear(features, outputs, dtype=dtype, init=init.zeros)
