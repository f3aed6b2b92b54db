"""Functions given by samples or coefficients: differences, integrals, interpolation, polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ShapeError, UsageError
from .._arguments import along, as_array, axis_of, data_of, dtype_of
from .._carriers import is_plain
from .._function import composed
from .._op import shape_of
from ..arrays.indexing import getitem
from ..arrays.joining import concatenate
from ..arrays.reduction import sum
from ..arrays.shape import astype, at_least, broadcast_to, reshape
from ..elementwise.arithmetic import remainder, where


def _between(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    return getitem(x, along(axis, slice(start, stop)))


def _joined(x: Any, axis: int, before: Any, after: Any) -> Any:
    """x with the arrays before and after (or slices of one number) at its ends."""
    one = (*shape_of(x)[:axis], 1, *shape_of(x)[axis + 1:])
    parts = [p if p is x or shape_of(p) else broadcast_to(_number(p, x), one)
             for p in (before, x, after) if p is not None]
    return x if len(parts) == 1 else concatenate(parts, axis=axis)


def _number(p: Any, x: Any) -> Any:
    """A number beside x: Python's own do not widen x's dtype."""
    return np.asarray(p, dtype=np.result_type(dtype_of(x), p)) if type(p) in (int, float) else p


@composed(np.diff, cases=[(((5,),), {}), (((3, 4),), {"n": 2}), (((3, 4),), {"axis": 0}), (((3,),), {"n": 0}),
                          (((3, 2),), {"axis": 0, "prepend": 1.0, "append": 2.0}), (((2,),), {"n": 3})])
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Differences between neighbours along an axis, taken n times; prepend and append are joined on first.

    >>> diff([1.0, 4.0, 9.0]).tolist()
    [3.0, 5.0]
    """
    a = at_least("diff", a, 1)
    axis = axis_of("diff", a, axis)
    if n < 0:
        raise UsageError(f"diff: n={n}; differences are taken 0 or more times")
    a = _joined(a, axis, as_array(prepend), as_array(append)) if n else a
    for _ in range(min(n, shape_of(a)[axis])):           # then nothing is left
        a = _between(a, axis, 1, None) - _between(a, axis, None, -1)
    return a


@composed(np.ediff1d, cases=[(((2, 3),), {}), (((3,),), {"to_end": [1.0, 2.0], "to_begin": 5.0})])
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Differences between neighbours in the row of all elements, with others before and behind."""
    ary = as_array(ary)
    ends = [None if end is None else astype(reshape(as_array(end), -1), dtype_of(ary)) for end in (to_begin, to_end)]
    return _joined(diff(reshape(ary, -1)), 0, *ends)


@composed(np.trapezoid, cases=[(((5,),), {}), (((3, 4),), {"dx": 0.5, "axis": 0}), (((4,), (4,)), {}),
                               (((3, 4), (4,)), {}), (((3, 4), (3,)), {"axis": 0}), (((3, 4), (3, 4)), {"axis": 0})])
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of samples y by the trapezoidal rule, at places x or in steps of dx.

    >>> trapezoid([1.0, 2.0, 3.0])
    np.float64(4.0)
    """
    y = at_least("trapezoid", y, 1)
    axis = axis_of("trapezoid", y, axis)
    if x is not None:
        x = at_least("trapezoid", x, 1)
        if len(shape_of(x)) == 1:
            x = reshape(x, (-1,) + (1,) * (len(shape_of(y)) - axis - 1))
            dx = diff(x, axis=0)
        else:
            dx = diff(x, axis=axis)
    return sum((_between(y, axis, 1, None) + _between(y, axis, None, -1)) * (dx / 2), axis=axis)


@composed(np.gradient, cases=[
    (((5,),), {}), (((3, 4),), {}), (((3, 4),), {"axis": 1, "edge_order": 2}), (((4, 3),), {"axis": (1, 0)}),
    (((5,), (5,)), {}), (((5,), (5,)), {"edge_order": 2}), (((5,), ()), {}), (((3, 4), (3,), (4,)), {}),
    (((3, 4), (), (4,)), {"axis": (0, 1)})])
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """The slopes of samples f along each axis: central differences inside, one-sided ones at the ends.

    varargs       the spacing: none (1), one for all axes, or one for each axis; a number, or the
                  places of the samples
    axis          one axis or several; all by default
    edge_order    1 or 2: how accurate the differences at the ends are

    One array for one axis, a tuple of arrays for several.

    >>> gradient([1.0, 4.0, 9.0], 2.0).tolist()
    [1.5, 2.0, 2.5]
    """
    f = at_least("gradient", f, 1)
    ndim = len(shape_of(f))
    axes = range(ndim) if axis is None else [axis_of("gradient", f, i) for i in np.atleast_1d(axis)]
    spacings = [as_array(v) for v in varargs] or [1.0]
    if len(spacings) == 1 and not shape_of(spacings[0]):
        spacings *= len(axes)
    if len(spacings) != len(axes):
        raise UsageError(f"gradient: {len(spacings)} spacings for {len(axes)} axes\n"
                         "  help: one for each axis, or one number")
    if edge_order not in (1, 2):
        raise UsageError(f"gradient: edge_order={edge_order!r} is neither 1 nor 2")
    slopes = tuple(_slopes(f, i, h, edge_order) for i, h in zip(axes, spacings))
    return slopes[0] if len(slopes) == 1 else slopes


def _slopes(f: Any, axis: int, h: Any, edge_order: int) -> Any:
    """The slopes along one axis: those of the parabola through three neighbours, and at the ends of
    that through the last three (edge_order 2) or of the line through the last two. In NumPy's order."""
    n = shape_of(f)[axis]
    if n < edge_order + 1:
        raise ShapeError(f"gradient: axis {axis} of {shape_of(f)} has {n} elements, and needs {edge_order + 1} or more")
    if shape_of(h) not in ((), (n,)):
        raise ShapeError(f"gradient: places of shape {shape_of(h)} for the {n} samples "
                         f"along axis {axis} of {shape_of(f)}")
    if shape_of(h):
        h = reshape(diff(h * 1.0), (-1,) + (1,) * (len(shape_of(f)) - axis - 1))
        if is_plain(h) and (h == h[0]).all():
            h = h.ravel()[0]
    first, last = (h, h) if not shape_of(h) else (_between(h, 0, 0, 1), _between(h, 0, -1, None))
    y = concatenate([_end(f, axis, 0, first, h if not shape_of(h) else _between(h, 0, 1, 2), edge_order),
                     _inner_slopes(f, axis, h),
                     _end(f, axis, n - 1, last, h if not shape_of(h) else _between(h, 0, n - 3, n - 2), edge_order)],
                    axis=axis)
    return y if dtype_of(f).kind != "f" or dtype_of(y) == dtype_of(f) else astype(y, dtype_of(f))     # as NumPy does


def _inner_slopes(f: Any, axis: int, h: Any) -> Any:
    """The slopes at all samples but the first and the last one."""
    before, at, after = _between(f, axis, None, -2), _between(f, axis, 1, -1), _between(f, axis, 2, None)
    if not shape_of(h):
        return (after - before) / (2.0 * h)
    left, right = _between(h, 0, None, -1), _between(h, 0, 1, None)
    return (-right / (left * (left + right)) * before + (right - left) / (left * right) * at
            + left / (right * (left + right)) * after)


def _end(f: Any, axis: int, end: int, h: Any, further: Any, edge_order: int) -> Any:
    """The slope at the first or the last sample. h is the step there, and `further` the one beside it."""
    start = 0 if end == 0 else end - edge_order
    samples = [_between(f, axis, i, i + 1) for i in range(start, start + edge_order + 1)]
    if edge_order == 1:
        return (samples[1] - samples[0]) / h
    if not shape_of(h):
        weights = (-1.5 / h, 2.0 / h, -0.5 / h) if end == 0 else (0.5 / h, -2.0 / h, 1.5 / h)
    else:
        near, middle, far = ((2.0 * h + further) / (h * (h + further)), (h + further) / (h * further),
                             h / (further * (h + further)))
        weights = (-near, middle, -far) if end == 0 else (far, -middle, near)
    return weights[0] * samples[0] + weights[1] * samples[1] + weights[2] * samples[2]


@composed(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """The value at x of the line through the points (xp, fp), xp rising; differentiable in all three.

    Outside, left and right (the first and last of fp by default). At a point the slope by x is that
    of the piece to its right, at the last point that of the piece to its left. With a period xp
    need not rise, and x is taken round into it. The dtype is that of the arithmetic, so float32
    stays float32.

    >>> interp(2.5, [1.0, 2.0, 3.0], [10.0, 20.0, 40.0])
    np.float64(30.0)
    """
    x, xp, fp = as_array(x), as_array(xp), as_array(fp)
    if len(shape_of(xp)) != 1 or shape_of(xp) != shape_of(fp) or not shape_of(xp)[0]:
        raise ShapeError(f"interp: xp and fp are sequences of equal length, not {shape_of(xp)} and {shape_of(fp)}")
    if period is not None:
        x, xp, fp = _one_period(x, xp, fp, period)
        left = right = None
    n, places, at = shape_of(xp)[0], data_of(xp), data_of(x)
    left = getitem(fp, 0) if left is None else left
    right = getitem(fp, n - 1) if right is None else right
    below, above = at < places[0], at > places[-1]
    if n == 1:
        return where(below, left, where(above, right, getitem(fp, 0) + 0 * x))
    i = np.asarray(np.searchsorted(places, at, side="right") - 1).clip(0, n - 2)
    x0, y0 = getitem(xp, i), getitem(fp, i)
    slope = (getitem(fp, i + 1) - y0) / (getitem(xp, i + 1) - x0)
    if np.isnan(at).any():                               # on no piece
        slope = slope * np.where(np.isnan(at), at, np.ones_like(at))[()]
    y = y0 + slope * (x - x0)
    return where(below, left, where(above, right, y))


def _one_period(x: Any, xp: Any, fp: Any, period: Any) -> tuple[Any, Any, Any]:
    """x and the points taken round into one period, in order, with a neighbour at either end."""
    if data_of(period) == 0:
        raise UsageError("interp: a period of 0")
    period = abs(period)
    x, xp = remainder(x, period), remainder(xp, period)
    order = np.argsort(data_of(xp), kind="stable")
    xp, fp = getitem(xp, order), getitem(fp, order)
    ends = (lambda v: getitem(v, slice(-1, None))), (lambda v: getitem(v, slice(0, 1)))
    return (x, concatenate([ends[0](xp) - period, xp, ends[1](xp) + period]),
            concatenate([ends[0](fp), fp, ends[1](fp)]))


@composed(np.polyval, cases=[(((3,), (2, 2)), {}), (((1,), (3,)), {}), (((4,), ()), {})])
def polyval(p: Any, x: Any) -> Any:
    """The polynomial with coefficients p, the highest power first, at x: p[0] x^(n-1) + ... + p[n-1].

    >>> polyval([1.0, 0.0, 3.0], 2.0)
    np.float64(7.0)
    """
    p, x = as_array(p), as_array(x)
    if len(shape_of(p)) != 1:
        raise ShapeError(f"polyval: the coefficients are one sequence, and these have shape {shape_of(p)}")
    y = 0 * x
    for i in range(shape_of(p)[0]):
        y = y * x + getitem(p, i)
    return y
