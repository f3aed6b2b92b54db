"""Metrics: how good predictions are, as plain numbers. Nothing here is differentiated.

Labels are integers of shape (rows,). Predictions of classes may also be scores (rows, classes), whose largest
counts. A Tensor is read by its data. A mean over no rows is nan, with NumPy's warning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.node import data_of
from ..core.options import choice, real_array, whole_number
from ..errors import DataError, DTypeError, ShapeError
from ..ops._arguments import affordable

Array = np.ndarray[Any, Any]


def accuracy(predicted: Any, y: Any) -> float:
    """The share of rows whose predicted class is y.

    >>> accuracy([[0.1, 0.9], [0.8, 0.2], [0.7, 0.3]], [1, 0, 1])
    0.6666666666666666
    """
    predicted, y = _labels("accuracy", predicted, y)
    return float(np.mean(predicted == y))


def confusion_matrix(predicted: Any, y: Any, classes: int | None = None) -> Array:
    """Counts (classes, classes): row the class that a row has, column the class that was predicted.

    classes     how many there are; by default one more than the largest label seen. Raises DataError for
                labels below 0 or beyond it.

    >>> confusion_matrix([1, 0, 0], [1, 0, 1])
    array([[1, 0],
           [1, 1]])
    """
    predicted, y = _labels("confusion_matrix", predicted, y)
    both = np.concatenate([predicted, y])
    lowest, highest = int(both.min(initial=0)), int(both.max(initial=-1))
    n = highest + 1 if classes is None else whole_number("confusion_matrix: classes", classes)
    affordable("confusion_matrix", n, n)
    if lowest < 0 or highest >= n:
        raise DataError(f"confusion_matrix: labels from {both.min()} to {highest} are not all within 0 to {n - 1}")
    return np.bincount(y * n + predicted, minlength=n * n).reshape(n, n)


def precision(predicted: Any, y: Any, average: str | None = "binary") -> Any:
    """TP / (TP + FP): the share of rows called positive that are. 0 where none was called positive.

    average     "binary": class 1 against 0; "macro": the mean over the classes; None: an array, one each

    >>> precision([1, 1, 0, 0], [1, 0, 1, 0])
    0.5
    """
    right, called, _ = _counts("precision", predicted, y, average)
    return _averaged(_ratio(right, called), average)


def recall(predicted: Any, y: Any, average: str | None = "binary") -> Any:
    """TP / (TP + FN): the share of positive rows that were found. 0 where there are none.

    >>> recall([1, 1, 0, 0, 0], [1, 0, 1, 1, 1])
    0.25
    """
    right, _, there = _counts("recall", predicted, y, average)
    return _averaged(_ratio(right, there), average)


def f1(predicted: Any, y: Any, average: str | None = "binary") -> Any:
    """2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall.

    >>> f1([1, 1, 0, 0], [1, 0, 1, 0])
    0.5
    """
    right, called, there = _counts("f1", predicted, y, average)
    return _averaged(_ratio(2 * right, called + there), average)


def roc_auc(scores: Any, y: Any) -> float:
    """The area under the ROC curve: the chance that a positive row scores above a negative one, ties one half.

    scores, y (rows,), y of 0 and 1. Raises DataError unless both classes are there, and for nan scores.

    >>> roc_auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
    0.75
    """
    values, y = real_array("roc_auc: scores", data_of(scores)).astype(float), _integers("roc_auc", y)
    if values.shape != y.shape or y.ndim != 1:
        raise ShapeError(f"roc_auc takes scores and labels of one shape (rows,), not {values.shape} and {y.shape}")
    if np.isnan(values).any():
        raise DataError("roc_auc: some scores are nan, which has no place in an order")
    positive = y == 1
    if not np.all(positive | (y == 0)) or not 0 < positive.sum() < len(y):
        raise DataError("roc_auc needs labels 0 and 1, and rows of both")
    _, group, size = np.unique(values, return_inverse=True, return_counts=True)
    rank = (np.cumsum(size) - (size - 1) / 2)[group]                 # from 1; ties share their mean rank
    n = int(positive.sum())
    return float((rank[positive].sum() - n * (n + 1) / 2) / (n * (len(y) - n)))


def r2(predicted: Any, y: Any) -> float:
    """1 - sum (y - p)^2 / sum (y - mean y)^2: 1 for perfect, 0 for no better than the mean.

    Predictions and y have one shape. Raises DataError where all y are equal.

    >>> r2([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.7857142857142857
    """
    p, t = (real_array("r2", data_of(x)).astype(float) for x in (predicted, y))
    if p.shape != t.shape:
        raise ShapeError(f"r2 takes predictions and targets of one shape: got {p.shape} and {t.shape}")
    mean = t.mean()
    total = np.sum((t - mean) ** 2) if t.size else mean
    if total == 0:
        raise DataError("r2: all targets are equal, so there is no variance to explain")
    return 1 - float(np.sum((t - p) ** 2) / total)


METRICS: dict[str, Callable[[Any, Any], float]] = {
    "accuracy": accuracy, "precision": precision, "recall": recall, "f1": f1, "roc_auc": roc_auc, "r2": r2}
"""The metrics that give one number, by name."""


def _labels(name: str, predicted: Any, y: Any) -> tuple[Array, Array]:
    """Both as integers (rows,); scores (rows, classes) by their largest."""
    found, labels = real_array(f"{name}: predictions", data_of(predicted)), _integers(name, y)
    if found.ndim == labels.ndim + 1 and found.dtype.kind == "f":
        if np.isnan(found).any():
            raise DataError(f"{name}: some scores are nan")
        if found.shape[-1] == 1:                     # the largest of one is always class 0
            raise ShapeError(f"{name}: one score a row, shape {found.shape}, says no class\n"
                             "  help: a threshold does, (p[:, 0] > 0.5)")
        found = found.argmax(-1)
    found = _integers(name, found)
    if found.shape != labels.shape or labels.ndim != 1:
        raise ShapeError(f"{name}: predictions of shape {np.shape(data_of(predicted))} do not fit labels of shape "
                         f"{labels.shape}\n  help: labels (rows,); predictions (rows,) or scores (rows, classes)")
    return found, labels


def _integers(name: str, y: Any) -> Array:
    labels = real_array(f"{name}: labels", data_of(y))
    if labels.dtype.kind == "f" and np.isfinite(labels).all() and np.all(labels == np.floor(labels)):
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in "iub":
        raise DTypeError(f"{name}: labels are integers, not {labels.dtype}\n"
                         "  help: a probability becomes a label by a threshold, (p > 0.5)")
    return labels.astype(np.int64)


def _counts(name: str, predicted: Any, y: Any, average: str | None) -> tuple[Array, Array, Array]:
    """Of each class (of class 1 alone for "binary"): rightly called, called, there."""
    if average is not None:
        choice(f"{name}: average", average, ("binary", "macro"))
    table = confusion_matrix(predicted, y)
    if average == "binary":
        if len(table) > 2:
            raise DataError(f'{name}: labels up to {len(table) - 1} are more than two classes\n'
                            '  help: average="macro", or average=None for one number each')
        padded = np.zeros((2, 2), table.dtype)
        padded[:len(table), :len(table)] = table
        return padded[1:, 1:].diagonal(), padded.sum(0)[1:], padded.sum(1)[1:]
    return table.diagonal(), table.sum(0), table.sum(1)


def _ratio(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)


def _averaged(values: Array, average: str | None) -> Any:
    return values if average is None else float(values.mean())
