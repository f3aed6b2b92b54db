"""What may enter a graph: the data and gradient of a Tensor or Value, an index, constants and parameters."""

from __future__ import annotations

from contextlib import suppress
from numbers import Number, Real
from typing import Any, NoReturn

import numpy as np

from ..errors import DTypeError, GraphError, IndexingError, LeavesGraphError, ShapeError, UsageError
from ..ops import Op
from ..ops._arguments import real_only
from ..ops._frozen import Copies, is_frozen
from ..ops._refusal import shown_in_error
from .node import Node


def array_of_floats(data: Any, dtype: Any) -> np.ndarray[Any, Any]:
    """A read-only copy of `data` with a dtype that can be differentiated."""
    if isinstance(data, Node):
        raise UsageError(f"this is a {type(data).__name__} already\n"
                         "  help: use it as it is; stack([value]) makes a Tensor of Values; "
                         "x.detach() is a leaf with the same data")
    listed = isinstance(data, (list, tuple, int))
    try:
        array = np.array(data)
        real_only("Tensor", array)
        if array.dtype == object and not isinstance(data, np.ndarray) \
                and all(isinstance(x, Real) for x in array.flat):
            array = array.astype(float)                  # of Fractions, or of ints beyond the range of NumPy's
        if dtype is not None:
            array = array.astype(dtype, copy=False)
    except DTypeError:
        raise
    except LeavesGraphError:
        raise UsageError("a list of Values or Tensors becomes a Tensor by autograd_nn.stack(list)") from None
    except (ValueError, TypeError, OverflowError) as error:
        raise UsageError(f"this is no array of numbers: {shown_in_error(data)} ({error})") from None
    if array.dtype.kind in "iu" and listed and dtype is None:
        array = array.astype(np.float64)
    if array.dtype.kind in "OSUV":
        raise UsageError(f"this is no array of numbers: {shown_in_error(data)}\n"
                         "  help: autograd_nn.stack(list) joins Values or Tensors into one Tensor")
    if array.dtype.kind != "f":
        raise DTypeError(f"a Tensor holds floating point numbers, not {array.dtype}\n"
                         "  help: Tensor(x.astype(float)) differentiates it; a constant may stay a plain array")
    array.setflags(write=False)
    return array


def gradient_array(name: str, g: Any, dtype: Any) -> np.ndarray[Any, Any]:
    """A gradient as the caller gives it, as an array of real numbers of this dtype."""
    try:
        g = np.asarray(g)
        real_only(name, g)
        return np.asarray(g, dtype)
    except DTypeError:
        raise
    except (ValueError, TypeError, OverflowError) as error:
        raise UsageError(f"{name}: this is no array of numbers: {shown_in_error(g)} ({error})") from None


def plain_index(index: Any) -> Any:
    """An index without Tensors and lists: those are made arrays."""
    def plain(part: Any) -> Any:
        if isinstance(part, Node):
            raise UsageError("a Tensor cannot be an index, for it holds floating point numbers\n"
                             "  help: index with integers or booleans, such as t.argmax() or t > 0")
        if not isinstance(part, list):
            return part
        try:
            return np.asarray(part, dtype=None if part else int)
        except ValueError as error:
            raise IndexingError(f"{shown_in_error(part)} is no index ({error})") from None
    return tuple(plain(p) for p in index) if isinstance(index, tuple) else plain(index)


def constant(op: Op, x: Any) -> Any:
    """A constant as the graph keeps it: an array that nobody else can change. Of a node that is fixed, its data."""
    if type(x) in (float, int, bool):
        return x
    if isinstance(x, np.ndarray):
        if x.dtype.kind == "c":
            real_only(op.name, x)
        return x if is_frozen(x) else _frozen(x)
    if isinstance(x, (np.generic, complex)):
        real_only(op.name, x)
        return x
    if isinstance(x, Node):
        return x.data                                    # type: ignore[attr-defined]
    if isinstance(x, Real):                              # a Fraction, say
        return float(x)
    if isinstance(x, (list, tuple)):
        try:
            array = np.array(x)
        except ValueError as error:
            raise ShapeError(f"{op.name}: this is no array of numbers: {shown_in_error(x)} ({error})") from None
        real_only(op.name, array)
        return _frozen(array)
    raise UsageError(f"{op.name}: cannot combine a Tensor and {type(x).__name__} {shown_in_error(x)}{_as_float(x)}")


def kept(param: Any) -> Any:
    """A parameter as the graph keeps it: nobody else can change the arrays and lists in it."""
    if isinstance(param, np.ndarray):
        return param if is_frozen(param) else _frozen(param)
    return type(param)(map(kept, param)) if type(param) in (list, tuple) else param


copies = Copies()
"""Of arrays and parameters that ops have been given."""


def _frozen(x: Any) -> np.ndarray[Any, Any]:
    array = np.asanyarray(x)
    real_only("a parameter", array)                  # an operand has been asked before, with the op's name
    if array.dtype == object:
        raise UsageError("an array of objects would lose the derivatives of what is in it\n"
                         "  help: autograd_nn.stack(list) joins Values or Tensors into one Tensor; "
                         "array.astype(float) makes numbers of numbers")
    return copies.of(array)


def kept_params(params: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a call as the graph keeps them."""
    return {name: kept(x) for name, x in params.items()}


def refuse_data(node: Node) -> NoReturn:
    """What an assignment to the data of a node comes to that an op made."""
    raise GraphError(f"the data of a node that an op made ({node._op}) cannot be assigned: it follows "
                     "from the op's inputs, and so do its derivatives\n"
                     "  help: assign the data of a leaf and compute again; x.detach() is a leaf with the same data")


def number(x: Any) -> float:
    """x as a Python float; a UsageError if it is not a single number."""
    if type(x) is float:
        return x
    single = isinstance(x, (int, float, np.generic)) or (isinstance(x, np.ndarray) and x.shape == ())
    if single and np.asarray(x).dtype.kind in "fiub":
        return float(x)
    if isinstance(x, Real):                              # a Fraction, say
        with suppress(OverflowError):
            return float(x)
    real_only("Value", x)
    if isinstance(x, Node):
        raise UsageError(f"this is a {type(x).__name__} already: {shown_in_error(x)}\n"
                         "  help: use it as it is, or x.detach() for a leaf with the same data")
    what = f"an array of shape {x.shape}" if isinstance(x, np.ndarray) else f"{type(x).__name__} {shown_in_error(x)}"
    raise UsageError(f"a Value holds a single real number, not {what}"
                     + ("\n  help: Tensor(x) holds an array" if isinstance(x, (np.ndarray, list, tuple)) else ""))


def number_among(op: Op, x: Any) -> Any:
    """x as an operand beside a Value: a number."""
    real_only(op.name, x)
    try:
        return number(x)
    except UsageError:
        raise UsageError(f"{op.name}: cannot combine a Value and {type(x).__name__} {shown_in_error(x)}"
                         f"{_as_float(x)}") from None


def _as_float(x: Any) -> str:
    """A line of help for a number that floats do not take either: a Decimal."""
    return "\n  help: float(x) makes a number of it that can stand beside others" if isinstance(x, Number) else ""
