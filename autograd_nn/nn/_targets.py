"""Predictions and targets: what a loss takes, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DataError, DTypeError, ShapeError, UsageError
from ..graph import data_of
from ..ops import shape_of
from ..tensor import Tensor
from ._inputs import of_values, traced

REDUCTIONS = ("mean", "sum", "none")
NEAR = 1e-3       # probabilities come rounded, and numerical differentiation moves each a little


def check_reduction(name: str, reduction: str) -> None:
    if reduction not in REDUCTIONS:
        raise UsageError(f'{name}: reduction is "mean", "sum" or "none", not {reduction!r:.60}')


def operand(name: str, x: Any) -> Any:
    """A node, or an array of numbers or Values; never empty."""
    x = x if traced(x) else of_values(x)
    if 0 in shape_of(x):
        raise ShapeError(f"{name}: an empty batch has no loss (an argument has shape {shape_of(x)})")
    return x


def pair(name: str, y: Any, target: Any, reduction: str) -> tuple[Any, Any]:
    """Predictions and targets of one shape, plain targets in the predictions' dtype."""
    check_reduction(name, reduction)
    y, target = operand(name, y), operand(name, target)
    if shape_of(y) != shape_of(target):
        raise ShapeError(f"{name}: predictions of shape {shape_of(y)} and targets of shape {shape_of(target)} "
                         "must have one shape (broadcasting would compare each with each)\n"
                         "  help: reshape one of them, or check the size of the last layer")
    return y, _in_dtype_of(y, target)


def class_indices(target: Any, classes: int) -> Any:
    """The target as integers from 0 to classes - 1."""
    if traced(target) or target.dtype.kind not in "iu":
        kind = f"a {type(target).__name__}" if traced(target) else f"of dtype {target.dtype}"
        raise DTypeError(f"cross_entropy: class indices are integers, and these are {kind}\n"
                         "  help: target.astype(int)")
    low, high = int(target.min()), int(target.max())
    if low < 0 or high >= classes:
        raise DataError(f"cross_entropy: there is no class {low if low < 0 else high}; "
                        f"the logits have {classes} classes, 0 to {classes - 1}")
    return target


def probabilities(target: Any, logits: Any) -> Any:
    """The target as rows of probabilities, plain ones in the logits' dtype."""
    check_between_0_and_1("cross_entropy", target)
    if not np.all(np.abs(np.sum(_numbers(target), axis=-1) - 1) <= NEAR):
        raise DataError("cross_entropy: a target of the logits' shape holds probabilities, "
                        "and the sum of some rows is not 1")
    return _in_dtype_of(logits, target)


def check_between_0_and_1(name: str, target: Any) -> None:
    numbers = _numbers(target)
    if not np.all((numbers >= -NEAR) & (numbers <= 1 + NEAR)):
        raise DataError(f"{name}: targets are probabilities, and these are not all from 0 to 1 "
                        f"(least {numbers.min():g}, greatest {numbers.max():g})")


def _in_dtype_of(y: Any, target: Any) -> Any:
    """A plain target in the dtype of the predictions; Values and Tensors stay as they are."""
    if any(isinstance(x, Tensor) for x in (y, target)) and any(map(holds_values, (y, target))):
        raise UsageError("a loss cannot compare a Tensor with an array of Values\n"
                         "  help: autograd_nn.stack(values) makes a Tensor of them")
    if traced(target) or holds_values(target):
        return target
    dtype = getattr(y, "dtype", np.dtype(float))
    return target.astype(dtype if dtype.kind == "f" else float, copy=False)[()]      # one number is no array


def holds_values(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype == object


def _numbers(x: Any) -> Any:
    """The numbers of a node or of an array of Values, out of the graph; those of a Dual are its primal's."""
    while hasattr(x, "primal"):
        x = x.primal
    return _data(x).astype(float) if holds_values(x) else np.asarray(data_of(x))


_data = np.frompyfunc(data_of, 1, 1)
