"""Prepares and checks the predictions, targets and weights that a loss is given."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.lanewise import all_lanes
from ..core.node import data_of
from ..core.options import LARGEST, choice, whole_number
from ..core.tensor import Tensor
from ..errors import DataError, DTypeError, ShapeError, UsageError
from ..ops import shape_of
from ..ops._carriers import has_lanes
from ..transforms import stop_gradient
from ._inputs import is_data, of_values, traced

REDUCTIONS = ("mean", "sum", "none")
NEAR = 1e-3       # how far a sum of probabilities may be from 1: they come rounded, and a gradient check moves them


def loss_input(x: Any) -> Any:
    """A node, or an array of numbers or Values."""
    return x if traced(x) else of_values(x)


def predictions(x: Any) -> Any:
    """The same, with numbers that can be subtracted in the place of booleans."""
    x = loss_input(x)
    return x.astype(float) if isinstance(x, np.ndarray) and x.dtype.kind == "b" else x


def pair(name: str, y: Any, target: Any, reduction: str) -> tuple[Any, Any]:
    """Predictions and targets of one shape, plain targets in the predictions' dtype."""
    choice(f"{name}: reduction", reduction, REDUCTIONS)
    y, target = predictions(y), predictions(target)
    if shape_of(y) != shape_of(target):
        raise ShapeError(f"{name}: predictions of shape {shape_of(y)} and targets of shape {shape_of(target)} "
                         "must have one shape (broadcasting would compare each with each)\n"
                         "  help: reshape one of them, or check the size of the last layer")
    return y, _in_dtype_of(y, target)


def class_indices(name: str, target: Any, classes: int, ignore_index: int | None = None) -> tuple[Any, Any]:
    """The target as integers from 0 to classes - 1, and which of them count (None for all; the others become 0)."""
    if not traced(target) and not target.size:
        return target.astype(int), None
    if (traced(target) and not has_lanes(target)) or target.dtype.kind not in "iu":
        kind = f"a {type(target).__name__}" if traced(target) else f"of dtype {target.dtype}"
        raise DTypeError(f"{name}: class indices are integers, and these are {kind}\n"
                         "  help: target.astype(int)")
    if ignore_index is not None:
        ignore_index = whole_number(f"{name}: ignore_index", ignore_index, -LARGEST)
    numbers, kept = all_lanes(target), None
    if not numbers.size:
        return target, None
    low, high = numbers.item(numbers.argmin()), numbers.item(numbers.argmax())              # quicker than min and max
    if ignore_index is not None and low <= ignore_index <= high and (numbers == ignore_index).any():
        kept = target != ignore_index
        target = np.where(kept, target, 0)
        numbers = all_lanes(target)
        low, high = int(numbers.min()), int(numbers.max())
    if low < 0 or high >= classes:
        raise DataError(f"{name}: there is no class {low if low < 0 else high}; "
                        f"the logits have {classes} classes, 0 to {classes - 1}")
    return target, kept


def class_weights(name: str, weight: Any, logits: Any) -> Any:
    """A constant weight for each class, in the logits' dtype."""
    w = weights(name, "weight", weight, logits)
    if w.shape != shape_of(logits)[-1:]:
        raise ShapeError(f"{name}: weight has one number for each of the {shape_of(logits)[-1]} classes, "
                         f"and this has shape {w.shape}")
    return w


def weights(name: str, what: str, x: Any, logits: Any) -> Any:
    """Constant numbers >= 0 that broadcast to the logits' shape, in their dtype."""
    if traced(x) or holds_values(x := of_values(x)):
        raise UsageError(f"{name}: {what} is constant, and would get no gradient; give numbers, not Values or Tensors")
    shape = shape_of(logits)
    if x.ndim > len(shape) or any(n not in (1, m) for n, m in zip(x.shape[::-1], shape[::-1])):
        raise ShapeError(f"{name}: {what} of shape {x.shape} does not broadcast to the logits' shape {shape}")
    if not np.all((x >= 0) & np.isfinite(x)):
        raise DataError(f"{name}: {what} holds finite numbers >= 0, and this has {x.min():g} to {x.max():g}")
    dtype = getattr(logits, "dtype", np.dtype(float))
    return x.astype(dtype if dtype.kind == "f" else float, copy=False)


def probabilities(target: Any, logits: Any) -> Any:
    """The target as rows of probabilities, plain ones in the logits' dtype."""
    check_between_0_and_1("cross_entropy", target)
    if not np.all(np.abs(np.sum(numbers_of(target), axis=-1) - 1) <= NEAR):
        raise DataError("cross_entropy: a target of the logits' shape holds probabilities, "
                        "and the sum of some rows is not 1")
    return _in_dtype_of(logits, target)


def check_between_0_and_1(name: str, target: Any) -> None:
    numbers = numbers_of(target)
    if not np.all((numbers >= -NEAR) & (numbers <= 1 + NEAR)):
        raise DataError(f"{name}: targets are probabilities, and these are not all from 0 to 1 "
                        f"(least {numbers.min():g}, greatest {numbers.max():g})")


def check_signs(name: str, target: Any) -> Any:
    """The numbers of a target, each 1 or -1."""
    numbers = numbers_of(target)
    if not np.all(np.abs(np.abs(numbers) - 1) <= NEAR):
        raise DataError(f"{name}: targets are 1 or -1, and these are not all "
                        f"(least {numbers.min():g}, greatest {numbers.max():g})\n"
                        "  help: 2 * t - 1 of targets 1 and 0")
    return stop_gradient(target) if has_lanes(target) else numbers


def same_kind(y: Any, target: Any) -> None:
    """Raise UsageError for a Tensor beside an array of Values."""
    if any(isinstance(x, Tensor) for x in (y, target)) and any(map(holds_values, (y, target))):
        raise UsageError("a loss cannot compare a Tensor with an array of Values\n"
                         "  help: autograd_nn.stack(values) makes a Tensor of them")


def _in_dtype_of(y: Any, target: Any) -> Any:
    """A plain target in the dtype of the predictions; Values and Tensors stay as they are."""
    same_kind(y, target)
    if (traced(target) and not is_data(target)) or holds_values(target):
        return target
    dtype = getattr(y, "dtype", np.dtype(float))
    return target.astype(dtype if dtype.kind == "f" else float, copy=False)[()]      # one number is no array


def holds_values(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype == object


def numbers_of(x: Any) -> Any:
    """The numbers of a node or of an array of Values, out of the graph; those of a Dual are its primal's."""
    x = all_lanes(x)
    while hasattr(x, "primal"):
        x = x.primal
    return _data(x).astype(float) if holds_values(x) else np.asarray(data_of(x))


_data = np.frompyfunc(data_of, 1, 1)
