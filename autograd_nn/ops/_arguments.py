"""The arguments of NumPy's functions, as functions on graphs take them: data, axes, and what is refused."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import AutogradError, DTypeError, LeavesGraphError, ShapeError, UsageError
from ._carriers import CARRIERS, has_lanes, is_traced
from ._op import OPS, shape_of
from ._refusal import kind_of


def data_of(x: Any) -> Any:
    """The number or array behind a Value, Tensor or Dual, for decisions that follow the data."""
    while (below := CARRIERS[type(x)].below) is not None:
        x = getattr(x, below)
    return x


def formed_like(x: Any) -> Any:
    """What has the shape and dtype of x, for functions that ask for no more; all lanes of a vmap have the same."""
    return np.broadcast_to(np.zeros((), x.dtype), x.shape) if has_lanes(x) else x


def as_array(x: Any) -> Any:
    """A list or tuple as an array, or a Tensor where nodes are in it; anything else as it is."""
    if not isinstance(x, (list, tuple)):
        return x
    return OPS["stack"](x) if any(map(is_traced, x)) else np.asarray(x)


def dtype_of(x: Any) -> Any:
    """The dtype of an array or Tensor; float64 for a Value."""
    return getattr(x, "dtype", np.dtype(float))


def size_of(x: Any) -> int:
    """The number of elements of a number, array or node."""
    return math.prod(shape_of(x))


MOST_ELEMENTS = 10**9
"""An array with as many is refused before it is made: 4 GB in float32 are more likely a mistake than meant."""


def affordable(name: str, *lengths: int) -> None:
    """Refuse a shape that no usual machine has the memory for.

    >>> affordable("zeros", 2**40)
    Traceback (most recent call last):
        ...
    autograd_nn.errors.ShapeError: zeros: shape (1099511627776,) would have a billion elements or more
      help: is one of these lengths meant? Split what is really as large
    """
    count = 1
    for n in lengths:
        count *= n
        if count >= MOST_ELEMENTS and 0 not in lengths:
            said = ", ".join(str(m) if m < 10**20 else "..." for m in lengths) + "," * (len(lengths) == 1)
            raise ShapeError(f"{name}: shape ({said}) would have a billion elements or more\n"
                             "  help: is one of these lengths meant? Split what is really as large")


def axis_of(name: str, x: Any, axis: Any) -> int:
    """`axis` of x counted from 0; a ShapeError that names the function where x has no such axis."""
    shape = shape_of(x)
    n = operator.index(axis)
    if not -len(shape) <= n < len(shape):
        raise ShapeError(f"{name}: axis {n} is out of bounds for an array of shape {shape}, "
                         f"which has {len(shape)} ax{'i' if len(shape) == 1 else 'e'}s")
    return n % len(shape)


def along(axis: int, index: Any) -> tuple[Any, ...]:
    """The index that picks `index` on one axis (counted from 0), and everything on the others."""
    return (*(slice(None),) * axis, index)


@contextmanager
def numpys_errors(name: str, *xs: Any) -> Iterator[None]:
    """NumPy's own checks, with the function and the shapes in the message."""
    try:
        yield
    except (ValueError, IndexError) as error:
        raw = error.raw if isinstance(error, AutogradError) else error
        if raw is None:
            raise
        shapes = ", ".join(str(shape_of(x)) for x in xs)
        raise kind_of(raw)(f"{name}: {shapes}: {raw}") from None


def no_out(name: str, out: Any) -> None:
    """Refuse `out=`: what a graph has recorded must not be overwritten."""
    if out is not None:
        raise UsageError(f"{name}: out= would overwrite an array that the graph may still need\n"
                         "  help: leave it out, and use the result")


def no_option(name: str, *options: Any) -> None:
    """Refuse a node in the place of a count, an index or an option, which no derivative goes through."""
    if any(is_traced(x) and not has_lanes(x) for x in options):
        raise LeavesGraphError(f"{name}: a count, an index or an option in the graph would lose its gradient without "
                               "a word\n  help: x.item() is the number")


def real_only(name: str, x: Any) -> None:
    """Refuse complex numbers: cast to real ones they would lose their imaginary parts without a word."""
    if isinstance(x, complex) or getattr(getattr(x, "dtype", None), "kind", "f") == "c":
        raise DTypeError(f"{name}: complex numbers have no derivative here\n"
                         "  help: autograd_nn.fft.Complex(z.real, z.imag) can stand beside Tensors")


def c_order(name: str, order: Any, *others: Any) -> None:
    """Refuse an order of elements other than "C" (and `others`, which come to the same)."""
    if order not in ("C", None, *others):
        raise UsageError(f"{name}: order={order!r} is not supported; only the last axis runs fastest here (order='C'), "
                         "however an array lies in memory\n  help: for Fortran's order transpose first, as in x.T")


def safe_casting(name: str, casting: str) -> None:
    """Refuse casts that may make something other than floating point numbers."""
    if casting == "unsafe":
        raise UsageError(f"{name}: casting='unsafe' could drop the gradient without a word\n"
                         "  help: leave it out; x.astype(dtype) converts")
