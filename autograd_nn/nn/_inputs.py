"""Prepares and checks what layers and losses are given: nodes stay as they are, lists become arrays."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.node import Node
from ..core.value import BaseValue, Value
from ..errors import DTypeError, ShapeError, UsageError
from ..ops import shape_of
from ..ops._carriers import is_traced

Array = np.ndarray[Any, Any]


def traced(x: Any) -> bool:
    """Whether x is a Value or a Tensor, or a Dual or Symbol of a transform."""
    return is_traced(x)


def of_values(x: Any) -> Array:
    """A list or array as an array of real numbers, or of Values if there is one among them."""
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ShapeError(f"this is no array: {x!r:.60} ({error})") from None
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


def size(what: str, n: Any) -> int:
    """A number of inputs or outputs: an integer >= 1."""
    try:
        whole = operator.index(n)
    except TypeError:
        whole = 0
    if whole < 1 or isinstance(n, bool):
        raise UsageError(f"{what} must be an integer >= 1, not {n!r:.60}")
    return whole


def positive_option(layer: Any, what: str, number: Any) -> float:
    """A number > 0 among the arguments of a layer."""
    if isinstance(number, bool) or not isinstance(number, (int, float, np.floating)) or not number > 0:
        raise UsageError(f"{type(layer).__name__}: {what} must be a number > 0, not {number!r:.60}")
    return float(number)
