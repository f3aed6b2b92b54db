"""Kernels that slide over the last two axes: their numbers, and where they stand."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from ...errors import DTypeError, ShapeError, UsageError
from .._arguments import dtype_of
from .._op import shape_of
from .._refusal import shown_in_error

Pair = tuple[int, int]
LARGEST = 2**31 - 1                # of a length or width


quick: Any = None
"""The module `native._windows`: copying and comparing, with the same bits; the engine sets it where it is compiled."""


def in_c(x: Any) -> Any:
    """That module, if it is there and takes the array x; else None."""
    return quick if x.dtype.char in "fd" and x.dtype.isnative and x.flags.c_contiguous and x.flags.aligned else None


def numbers(name: str, what: str, value: Any, n: int, least: int) -> tuple[int, ...]:
    """One integer for each of n axes, out of one for all or a sequence of n."""
    try:
        values = tuple(map(operator.index, value)) if _is_sequence(value) else (operator.index(value),) * n
    except (TypeError, ValueError):                      # np.ndim, of a ragged list
        values = ()
    if len(values) != n or min(values, default=least) < least or max(values, default=0) > LARGEST \
            or isinstance(value, bool):
        each = f"an integer >= {least}" if least > -LARGEST else "an integer"
        each += f", or {n} of these" if n > 1 else ""
        raise UsageError(f"{name}: {what} must be {each}, not {shown_in_error(value)}")
    return values


def _is_sequence(value: Any) -> bool:
    return isinstance(value, (tuple, list)) or (isinstance(value, np.ndarray) and value.ndim == 1)


def images(name: str, x: Any, n: int, like: str) -> None:
    """Refuse what is no batch of real arrays of n axes with channels (or a single such array)."""
    shape = shape_of(x)
    if len(shape) not in (n + 1, n + 2):
        raise ShapeError(f"{name}: takes an input of shape {like}, or one without the batch, and this one has shape "
                         f"{shape}")
    if 0 in shape[-n:]:
        raise ShapeError(f"{name}: there is nothing to slide over in an input of shape {shape}")
    if dtype_of(x).kind not in "biufO":
        raise DTypeError(f"{name}: the input's dtype is {dtype_of(x)}, and it takes real numbers")


def padded(x: Any, padding: tuple[Pair, Pair], fill: float = 0.0) -> Any:
    """x with `fill` around its last two axes."""
    (top, bottom), (left, right) = padding
    if not (top or bottom or left or right):
        return x
    *lead, height, width = x.shape
    y = np.full((*lead, top + height + bottom, left + width + right), fill, dtype=x.dtype)
    y[..., top:top + height, left:left + width] = x
    return y


def places(size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> tuple[int, ...]:
    """At how many places a kernel stands along each axis: (n + padding - extent) // stride + 1."""
    return tuple((n + sum(p) - d * (k - 1) - 1) // s + 1
                 for n, k, s, p, d in zip(size, kernel, stride, padding, dilation))


def offsets(kernel: Pair, stride: Pair, dilation: Pair, out: Pair) -> Iterator[tuple[int, Any]]:
    """For each element of the kernel its number, and the index of what it meets at all places."""
    for number, at in enumerate(product(*map(range, kernel))):
        yield number, (..., *(slice(i * d, i * d + (n - 1) * s + 1, s)
                              for i, s, d, n in zip(at, stride, dilation, out)))


def fits(name: str, size: tuple[int, ...], kernel: tuple[int, ...], stride: tuple[int, ...],
         padding: tuple[Pair, ...], dilation: tuple[int, ...]) -> None:
    """Refuse a kernel that is larger than the padded input."""
    if min(places(size, kernel, stride, padding, dilation)) < 1:
        extent = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation))
        around = tuple(n + sum(p) for n, p in zip(size, padding))
        raise ShapeError(f"{name}: the kernel reaches over {extent} elements, and the input with its padding has "
                         f"{around}\n  help: a smaller kernel or dilation, or more padding")
