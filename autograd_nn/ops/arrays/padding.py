"""Padding: what stands around an array, in each of NumPy's modes.

One axis after another, as NumPy does it, so that corners come out of edges:

constant                 a plain number, or one for each side
edge, reflect, symmetric, wrap    copies of elements: a pick along the axis, which adds up where one is copied twice
linear_ramp, and reflect_type="odd"    linear in the elements: a matrix, found by padding the unit matrix
mean, maximum, minimum, median    that of the elements along the axis, or of stat_length of them at each end
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ShapeError, UsageError
from .._arguments import affordable, along, as_array, axis_of, dtype_of, numpys_errors, real_only, size_of
from .._function import composed
from .._op import shape_of
from .._refusal import shown_in_error
from ..elementwise.arithmetic import where
from ..matrices.matmul import matmul
from .indexing import getitem, scatter
from .joining import concatenate
from .reduction import max, mean, min
from .shape import broadcast_to, moveaxis, reshape
from .statistics import median

# The modes by the three ways in which they are computed (see above), and the options of each with their defaults.
_COPIES = ("edge", "reflect", "symmetric", "wrap")
_OF_ALL: dict[str, Any] = {"mean": mean, "maximum": max, "minimum": min, "median": median}
_OPTIONS: dict[str, dict[str, Any]] = {
    "constant": {"constant_values": 0}, "edge": {}, "wrap": {}, "linear_ramp": {"end_values": 0},
    **{mode: {"reflect_type": "even"} for mode in ("reflect", "symmetric")},
    **{mode: {"stat_length": None} for mode in _OF_ALL}}


@composed(np.pad, cases=[
    (((2, 3),), {"pad_width": 1}), (((3,),), {"pad_width": (0, 2), "constant_values": 5.0}),
    (((2, 3),), {"pad_width": ((1, 0), (0, 2)), "constant_values": ((1.0, 2.0), (3.0, 4.0))}),
    *((((2, 3),), {"pad_width": ((1, 2), (4, 0)), "mode": mode}) for mode in (*_COPIES, "linear_ramp", *_OF_ALL)),
    (((3,),), {"pad_width": 2, "mode": "reflect", "reflect_type": "odd"}),
    (((2, 2),), {"pad_width": 3, "mode": "symmetric", "reflect_type": "odd"}),
    (((3, 2),), {"pad_width": (1, 2), "mode": "linear_ramp", "end_values": (4.0, -1.0)}),
    *((((5,),), {"pad_width": 2, "mode": mode, "stat_length": (2, 3)}) for mode in _OF_ALL)])
def pad(array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    """The array with others around it: `pad_width` elements at each end of each axis.

    pad_width    a number, a pair (before, after), a pair for each axis, or a dict from axis to these
    mode         constant (constant_values=), edge, reflect and symmetric (reflect_type=), wrap,
                 linear_ramp (end_values=), mean, maximum, minimum and median (stat_length=); see
                 `numpy.pad`. constant_values and end_values are plain numbers.

    Raises UsageError for mode="empty", whose elements are undefined, and for a function as a mode.

    >>> pad([1.0, 2.0, 3.0], 2, mode="reflect").tolist()
    [3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0]
    """
    if callable(mode) or mode == "empty":
        why = "writes into its array" if callable(mode) else "leaves elements undefined, and they have no derivative"
        raise UsageError(f"pad: mode={shown_in_error(mode)} {why}\n  help: one of {', '.join(_OPTIONS)}")
    if mode not in _OPTIONS or not options.keys() <= _OPTIONS[mode].keys():
        of_mode = mode not in _OPTIONS
        raise UsageError(f"pad: unknown {'mode' if of_mode else 'option of mode'} {mode!r}"
                         f"{'' if of_mode else ': ' + ', '.join(options)}\n  help: "
                         f"{', '.join(_OPTIONS) if of_mode else ', '.join(_OPTIONS[mode]) or 'it has none'}")
    x = as_array(array)
    for value in options.values():
        real_only("pad", np.asarray(value))
    if not shape_of(x):
        return +x
    widths = _widths(x, pad_width)
    if mode == "constant":
        return _constant(x, widths, **options)
    options = {**_OPTIONS[mode], **options}
    values = _per_axis(x, options.get("end_values", options.get("stat_length")))
    for axis, (width, value) in enumerate(zip(widths, values)):
        if mode in _COPIES and options.get("reflect_type") != "odd":
            x = _copies(x, axis, width, mode)
        elif any(width):
            x = _around(x, axis, width, value, mode) if mode in _OF_ALL else _ramps(x, axis, width, value, mode)
    return x


def _widths(x: Any, pad_width: Any) -> list[tuple[int, int]]:
    shape = shape_of(x)
    if isinstance(pad_width, dict):
        given = {axis_of("pad", x, axis): width for axis, width in pad_width.items()}
        pad_width = [np.broadcast_to(given.get(i, 0), (2,)) for i in range(len(shape))]
    widths = np.asarray(pad_width)
    if widths.dtype.kind not in "iu":
        raise UsageError(f"pad: pad_width counts elements, so it is integers, not {widths.dtype}")
    if widths.size and widths.min() < 0:
        raise ShapeError(f"pad: pad_width={shown_in_error(pad_width)} has a negative width\n  help: x[2:-1] leaves "
                         f"elements out")
    affordable("pad", *(n + 2 * int(widths.max(initial=0)) for n in shape))
    with numpys_errors(f"pad with pad_width={shown_in_error(pad_width)}", x):
        return [(int(a), int(b)) for a, b in np.broadcast_to(widths, (len(shape), 2))]


def _per_axis(x: Any, value: Any) -> Any:
    """A value for each end of each axis."""
    n = len(shape_of(x))
    return [(None, None)] * n if value is None else np.broadcast_to(np.asarray(value), (n, 2)).tolist()


def _constant(x: Any, widths: list[tuple[int, int]], constant_values: Any = 0) -> Any:
    shape = shape_of(x)
    inside = tuple(slice(before, before + n) for (before, _), n in zip(widths, shape))
    full = tuple(a + n + b for (a, b), n in zip(widths, shape))
    spread = scatter(x, inside, full)
    if not np.any(constant_values):
        return spread
    frame = np.pad(np.zeros(shape, dtype=dtype_of(x)), widths, constant_values=constant_values)
    return where(np.pad(np.ones(shape, dtype=bool), widths), spread, frame)


def _copies(x: Any, axis: int, width: tuple[int, int], mode: Any) -> Any:
    with numpys_errors(f"pad with mode={mode!r}", x):
        places = np.pad(np.arange(shape_of(x)[axis]), width, mode=mode)
    return getitem(x, along(axis, places)) if any(width) else x


def _around(x: Any, axis: int, width: tuple[int, int], lengths: Any, mode: str) -> Any:
    """x with a statistic of its first elements before it, and one of its last ones behind it."""
    n = shape_of(x)[axis]
    if not n:
        raise ShapeError(f"pad: mode={mode!r} needs elements, and axis {axis} of {shape_of(x)} has none")
    parts = [x]
    for end, (count, length) in enumerate(zip(width, lengths)):
        length = n if length is None or length > n else length
        if length < 1:
            raise ShapeError(f"pad: mode={mode!r} needs stat_length of 1 or more, not {length}")
        part = getitem(x, along(axis, slice(n - length, n) if end else slice(length)))
        shape = (*shape_of(x)[:axis], count, *shape_of(x)[axis + 1:])
        parts.insert(2 * end, broadcast_to(_OF_ALL[mode](part, axis=axis, keepdims=True), shape))
    return concatenate(parts, axis=axis)


def _ramps(x: Any, axis: int, width: tuple[int, int], value: Any, mode: Any) -> Any:
    """x padded by a mode that is linear in its elements, but for the end values of a ramp: M x + c."""
    n, dtype = shape_of(x)[axis], dtype_of(x)
    kind: dict[str, Any] = {} if mode == "linear_ramp" else {"reflect_type": "odd"}
    with numpys_errors(f"pad with mode={mode!r}", x):
        matrix = np.stack([np.pad(row, width, mode=mode, **kind) for row in np.eye(n, dtype=dtype)], axis=-1)
    last = moveaxis(x, axis, -1)
    flat = reshape(last, (size_of(x) // n, n))
    padded = matmul(flat, matrix.T)
    if mode == "linear_ramp" and any(value):
        padded = padded + np.pad(np.zeros(n, dtype=dtype), width, mode=mode, end_values=tuple(value))
    return moveaxis(reshape(padded, (*shape_of(last)[:-1], len(matrix))), -1, axis)
