"""What all maps start from: the rows, the number of each row that is asked about, and its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.modes import special_mode
from ..core.node import data_of
from ..core.options import function, real_array
from ..core.reverse import cotangents
from ..core.tensor import Tensor
from ..errors import DataError, GraphError, NonFiniteError, ShapeError, UsageError
from ..nn import Module
from ..ops import shape_of
from ..ops._carriers import is_traced
from ..ops._refusal import shown_in_error

Array = np.ndarray[Any, Any]
__all__ = ["Array", "filled", "gradient_of", "rows_of", "scores", "targets_of"]


def rows_of(model: Any, x: Any) -> Array:
    """x as an array of floating point numbers; a list or integers in the dtype of the model's parameters."""
    array = real_array("saliency: x", data_of(x))
    if array.ndim < 2 or not array.size:
        raise ShapeError(f"saliency: x has shape (rows, ...) with a row at least, not {array.shape}\n"
                         "  help: x[None] makes a batch of one row")
    if array.dtype.kind == "f" and not isinstance(x, (list, tuple)):
        return array
    leaf = next(model.parameters(), None) if isinstance(model, Module) else None
    return array.astype(leaf.dtype if isinstance(leaf, Tensor) else np.float64)


def filled(x: Any, rows: Array, name: str = "baseline") -> Array:
    """A number or array that stands in for rows, in their shape."""
    array = real_array(f"saliency: {name}", data_of(x))
    try:
        return np.broadcast_to(array.astype(rows.dtype), rows.shape)
    except ValueError:
        raise ShapeError(f"saliency: {name} of shape {array.shape} does not broadcast to {rows.shape}") from None


def targets_of(model: Any, rows: Array, target: Any) -> Array:
    """The class of each row that is asked about: (rows,) integers."""
    if target is None:
        with special_mode(recording=False):
            return np.asarray(data_of(_output(model, Tensor(rows))).argmax(axis=1))
    array = real_array("saliency: target", data_of(target))
    if array.dtype.kind not in "iu" or array.shape not in ((), (len(rows),)):
        raise UsageError(f"saliency: target is a class, an integer, or one for each of the {len(rows)} rows, "
                         f"not {shown_in_error(target)}")
    return np.broadcast_to(array, len(rows))


def scores(model: Any, rows: Array, targets: Array) -> Array:
    """f of each row, out of the graph."""
    with special_mode(recording=False):
        return np.asarray(data_of(_picked(_output(model, Tensor(rows)), targets)))


def gradient_of(model: Any, rows: Array, targets: Array) -> Array:
    """df/dx of each row, in its shape; the gradients that parameters hold stay as they are."""
    x = Tensor(rows)
    with special_mode(recording=True):
        total = _picked(_output(model, x), targets).sum()
        if not isinstance(total, Tensor):
            raise GraphError("saliency: the model gives plain numbers, so no gradient leads back to x\n"
                             "  help: occlusion(model, x) needs none")
        found = cotangents({total: total._one()}).get(x)
    return np.zeros_like(rows) if found is None else np.asarray(found, dtype=rows.dtype)


def _output(model: Any, x: Tensor) -> Any:
    """What the model gives, as (rows, classes)."""
    y = function("saliency: model", model, "a Module or a function of x")(x)
    if not isinstance(y, (tuple, list, dict)) and not is_traced(y):
        y = real_array("saliency: what the model gives", y)
    shape, n = shape_of(y), len(x.data)
    if isinstance(y, (tuple, list, dict)):
        raise ShapeError(f"saliency: the model gives a {type(y).__name__} of outputs\n"
                         "  help: a function of x that picks the one in question: lambda x: model(x)[0]")
    if shape[:1] != (n,) or len(shape) not in (1, 2):
        raise ShapeError(f"saliency: the model gives shape {shape} for {n} rows; it must be ({n}, classes), or ({n},)\n"
                         "  help: a function of x that picks the numbers in question: lambda x: model(x)[:, -1]")
    if not np.isfinite(data_of(y)).all():
        raise NonFiniteError("saliency: the model gives nan or inf for these rows")
    return y if len(shape) == 2 else y[:, None]


def _picked(y: Any, targets: Array) -> Any:
    classes = shape_of(y)[1]
    if targets.min() < 0 or targets.max() >= classes:
        wrong = targets.min() if targets.min() < 0 else targets.max()
        raise DataError(f"saliency: there is no class {wrong}; the model gives {classes} numbers for each row, 0 to "
                        f"{classes - 1}")
    return y[np.arange(len(targets)), targets]
