"""Windows that slide along an array, and what is computed with them: convolution and correlation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import ShapeError, UsageError
from .._arguments import as_array
from .._function import composed
from .._lanes import Lanes, axes_in
from .._op import Op, shape_of
from .indexing import getitem
from .shape import flip, reshape


def _windows(x: Any, window_shape: Any = 1, axis: Any = None, subok: bool = False, writeable: bool = False) -> Any:
    if writeable:
        raise UsageError("sliding_window_view: writeable=True: what a graph has recorded is read-only")
    return np.lib.stride_tricks.sliding_window_view(x, window_shape, axis)


def _sum_windows(g: Any, window_shape: Any = 1, axis: Any = None, shape: tuple[int, ...] = ()) -> Any:
    """The adjoint of sliding_window_view: an array of `shape`, every window of g added in its place."""
    window = tuple(np.atleast_1d(window_shape).tolist())
    if g.shape[max(g.ndim - len(window), 0):] != window:
        raise ShapeError(f"sum_windows: windows of shape {window} do not stand at the end of an array {g.shape}")
    axes = range(len(shape)) if axis is None else [a % len(shape) for a in np.atleast_1d(axis).tolist()]
    z = np.zeros(shape, dtype=g.dtype)
    for offset in np.ndindex(*window):
        start = [0] * len(shape)
        for a, i in zip(axes, offset):               # an axis may be named twice
            start[a] += i
        z[tuple(slice(i, i + n) for i, n in zip(start, g.shape))] += g[(..., *offset)]
    return z


def _window_axes(op: Op, lanes: Lanes, n: int) -> Any:
    axis = lanes.params["axis"]
    return axes_in(op, axis if axis is None or isinstance(axis, int) else tuple(axis), n)


def _windows_in_lanes(op: Op, lanes: Lanes) -> Any:
    return op(lanes.xs[0], **{**lanes.params, "axis": _window_axes(op, lanes, lanes.ndim(0))})


def _sums_in_lanes(op: Op, lanes: Lanes) -> Any:
    shape = lanes.params["shape"]
    return op(lanes.xs[0], window_shape=lanes.params["window_shape"], axis=_window_axes(op, lanes, len(shape)),
              shape=(lanes.size, *shape))


sliding_window_view = Op("sliding_window_view", None, _windows,
                         lambda g, y, x, window_shape, axis, **_: sum_windows(g, window_shape, axis, shape_of(x)),
                         tex=r"\operatorname{{windows}} {0}", symbol="windows", method=False,
                         params={"window_shape": 1, "axis": None, "subok": False, "writeable": False},
                         cases=[(((5,),), {"window_shape": 3}), (((3, 4),), {"window_shape": (2, 3)}),
                                (((3, 4),), {"window_shape": 2, "axis": -1}),
                                (((5,),), {"window_shape": (2, 2), "axis": (0, 0)}),
                                (((2, 3, 4),), {"window_shape": (2, 2), "axis": (2, 0)})],
                         linear=True, lanes=_windows_in_lanes)
sum_windows = Op("sum_windows", None, _sum_windows,
                 lambda g, y, x, window_shape, axis, shape: sliding_window_view(g, window_shape, axis),
                 tex=r"\sum_{{\text{{windows}}}} {0}", internal=True,
                 params={"window_shape": 1, "axis": None, "shape": ()},
                 cases=[(((3, 2, 2, 3),), {"window_shape": (2, 3), "shape": (4, 4)}),
                        (((2, 3, 2),), {"window_shape": 2, "axis": 1, "shape": (2, 4)})],
                 linear=True, lanes=_sums_in_lanes)


def _factor(g: Any, other: Any, shape: tuple[int, ...]) -> Any:
    """The cotangent of one factor of a full convolution, of this shape: g correlated with the other factor."""
    before = shape_of(other)[0] - 1
    return full_convolution(g, flip(other))[before:before + shape[0]]


full_convolution = Op("full_convolution", None, lambda x, y: np.convolve(x, y, "full"),
                      lambda g, z, x, y: _factor(g, y, shape_of(x)),
                      lambda g, z, x, y: _factor(g, x, shape_of(y)),
                      text="{0} ∗ {1}",
                      tex="{0} * {1}", symbol="∗", internal=True,
                      cases=[(((4,), (3,)), {}), (((2,), (5,)), {}), (((1,), (3,)), {})],
                      commutes=True, multilinear=True, cost=lambda shapes, out: math.prod(shapes[0] + shapes[1]))


def _vectors(name: str, a: Any, v: Any) -> tuple[Any, Any, int, int]:
    """The two sequences and their lengths."""
    a, v = (reshape(x, 1) if shape_of(x) == () else x for x in map(as_array, (a, v)))
    if len(shape_of(a)) != 1 or len(shape_of(v)) != 1 or not (shape_of(a)[0] and shape_of(v)[0]):
        raise ShapeError(f"{name}: takes two sequences of one axis that are not empty, "
                         f"not {shape_of(a)} and {shape_of(v)}")
    return a, v, shape_of(a)[0], shape_of(v)[0]


def _span(name: str, mode: Any, n: int, m: int) -> tuple[int, int]:
    """Where in the full convolution of n and m elements those of a mode begin, and how many there are."""
    longer, shorter = max(n, m), min(n, m)
    match mode:
        case "full":
            return 0, n + m - 1
        case "same":
            return (shorter - 1) // 2, longer
        case "valid":
            return shorter - 1, longer - shorter + 1
    raise UsageError(f"{name}: mode={mode!r} is not one of 'full', 'same' and 'valid'")


@composed(np.convolve, cases=[(((5,), (2,)), {"mode": mode}) for mode in ("full", "same", "valid")] + [
    (((3,), (4,)), {"mode": "same"}), (((2,), (5,)), {"mode": "valid"}), (((), (3,)), {})])
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """The convolution of two sequences: out[k] = sum over i of a[i] v[k - i].

    mode="full" gives every k with a term, "same" as many from the middle as the longer sequence
    has, "valid" those in which the shorter one lies wholly within the longer.

    >>> convolve([1.0, 2.0], [1.0, 10.0]).tolist()
    [1.0, 12.0, 20.0]
    """
    a, v, n, m = _vectors("convolve", a, v)
    start, count = _span("convolve", mode, n, m)
    return getitem(full_convolution(a, v), slice(start, start + count))


@composed(np.correlate, cases=[(((5,), (2,)), {"mode": mode}) for mode in ("full", "same", "valid")] + [
    (((3,), (4,)), {"mode": "same"}), (((2,), (5,)), {}), (((2,), (5,)), {"mode": "same"})])
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """The correlation of two sequences: out[k] = sum over i of a[i + k] v[i]; the modes are convolve's.

    >>> correlate([1.0, 2.0, 3.0], [0.0, 1.0]).tolist()
    [2.0, 3.0]
    """
    a, v, n, m = _vectors("correlate", a, v)
    start, count = _span("correlate", mode, n, m)
    if m > n:                                        # the mirror image of correlate(v, a)
        start = n + m - 1 - count - start
    return getitem(full_convolution(a, flip(v)), slice(start, start + count))
