"""Prepares and checks what layers and losses are given: nodes stay as they are, lists become arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.batched import Batched
from ..core.node import Node
from ..core.value import BaseValue, Value
from ..errors import DTypeError, ShapeError, UsageError
from ..ops import shape_of
from ..ops._carriers import is_traced
from ..ops._refusal import shown_in_error

Array = np.ndarray[Any, Any]


def traced(x: Any) -> bool:
    """Whether x is a Value or a Tensor, or a Dual or Symbol of a transform."""
    return is_traced(x)


def is_data(x: Any) -> bool:
    """Whether x is an array of real numbers, or one in each lane of a vmap."""
    while isinstance(x, Batched):
        x = x._below
    return isinstance(x, np.ndarray) and x.dtype.kind in "biuf"


def of_values(x: Any) -> Array:
    """A list or array as an array of real numbers, or of Values if there is one among them."""
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ShapeError(f"this is no array: {shown_in_error(x)} ({error})") from None
    if array.dtype == object and not array.size:         # it holds no Values
        array = array.astype(float)
    if array.dtype == object:
        kinds = set(map(type, array.ravel().tolist()))
        return array if all(issubclass(kind, BaseValue) for kind in kinds) else np.asarray(_as_values(array))
    if array.dtype.kind not in "biuf":
        raise DTypeError(f"an array of {array.dtype} holds no real numbers")
    return array


def _is_value(x: Any) -> bool:
    return isinstance(x, BaseValue) or (traced(x) and not isinstance(x, Node))


_as_values = np.frompyfunc(lambda v: v if _is_value(v) else Value(v), 1, 1)


def rows(layer: Any, x: Any, n: int) -> Any:
    """The inputs of a layer, of shape (..., n): a Tensor, or an array of numbers or Values."""
    x = x if traced(x) else of_values(x)
    if shape_of(x)[-1:] != (n,):
        kind, said = type(layer).__name__, layer.extra_repr()
        help = f"\n  help: it was built for {n} inputs; " \
            f"did you mean {kind}({said.replace(str(n), str(shape_of(x)[-1]), 1)})?" if shape_of(x) else ""
        raise ShapeError(f"{kind}({said}) takes inputs of shape (..., {n}), and these have shape {shape_of(x)}{help}")
    return x


def without_values(layer: Any, x: Any) -> Any:
    """x, if it is a Tensor or holds plain numbers; UsageError for Values."""
    if isinstance(x, BaseValue) or (not traced(x) and (x := of_values(x)).dtype == object):
        raise UsageError(f"{type(layer).__name__} takes Tensors and arrays, and these inputs are Values\n"
                         "  help: autograd_nn.stack(values) makes a Tensor of them")
    return x
