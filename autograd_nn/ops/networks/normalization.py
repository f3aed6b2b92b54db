"""Mean 0 and variance 1: over some axes, and for each channel of a batch.

standardize          over any axes, which layer and group normalisation use
batch_normalize      each channel of (N, C, ...), times w, plus b: batch normalisation in one op

The derivative of (x - mean) / sqrt(var + eps) by x is a symmetric linear map of the cotangent g,

    batch_normalize_input(g, x, w) = w (g - mean(g) - y mean(g y)) / sqrt(var + eps)

so its own rule by g is the same map, and batch_normalize_weight(g, x), the sum of g y that is the
derivative by w, has it as its rule by x. On arrays each works on parts of the batch that fit into
the cache.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...errors import ShapeError
from .._arguments import data_of, dtype_of
from .._bind import InOneStep
from .._frozen import original
from .._lanes import Lanes, along_axis, axis_moved, shaped
from .._op import Op, shape_of
from ..arrays.reduction import mean, sum
from ..arrays.shape import reshape
from ..arrays.statistics import var
from ..elementwise.elementary import sqrt

BLOCK = 1 << 18
"""Bytes of a part of a batch. A part stays in the second-level cache while several steps go over it."""


@np.errstate(over="ignore")
def _standardize(x: Any, axis: Any = None, eps: Any = 1e-5) -> Any:
    if not x.size:
        return _floats(x).copy()
    centred = x - np.mean(x, axis=axis, keepdims=True)
    spread = np.mean(centred * centred, axis=axis, keepdims=True)
    if not math.isfinite(np.vdot(spread, spread)):       # quick; a false alarm costs time
        scale = into_range(x, axis)
        if (scale != 1).any():
            return _standardize(x * scale, axis, eps * scale * scale)
    centred *= 1 / np.sqrt(spread + eps)
    return centred


def into_range(x: Any, axis: Any) -> Any:
    """A factor for each row of x over the axes, which are kept: a power of 2 with which its squares do not overflow.

    Where they do not anyway it is 1.
    """
    most, exponent = np.finfo(x.dtype).maxexp // 2 - 16, np.frexp(np.max(abs(x), axis=axis, keepdims=True))[1]
    return np.ldexp(np.ones(exponent.shape, x.dtype), np.where(exponent > most, -exponent, 0))


@InOneStep
def from_standardized(g: Any, y: Any, x: Any, axis: Any, eps: float) -> Any:
    g = g - mean(g, axis=axis, keepdims=True) - y * mean(g * y, axis=axis, keepdims=True)
    with np.errstate(over="ignore"):
        spread = var(x, axis=axis, keepdims=True) + eps
    seen = data_of(spread)
    if math.isfinite(np.vdot(seen, seen)):
        return g / sqrt(spread)
    scale = into_range(data_of(x), axis)
    return g * scale / sqrt(var(x * scale, axis=axis, keepdims=True) + eps * scale * scale)


standardize = Op("standardize", None, _standardize,
                 lambda g, y, x, axis, eps: g if 0 in shape_of(x) else from_standardized(g, y, x, axis, eps),
                 tex=r"\frac{{{0} - \overline{{{0}}}}}{{\sqrt{{\operatorname{{var}} {0} + {eps}}}}}",
                 symbol="(x − μ) / σ", params={"axis": None, "eps": 1e-5}, method=False,
                 cases=[(((3, 4),), {"axis": 0}), (((2, 3, 4),), {"axis": (0, 2), "eps": 0.1}), (((5,),), {})],
                 jvps=(lambda t, y, x, axis, eps: t if 0 in shape_of(x) else from_standardized(t, y, x, axis, eps),),
                 lanes=along_axis)


# --- each channel of a batch ----------------------------------------------------------------------

class _Normalized(np.ndarray[Any, Any]):
    """The memory of the result of batch_normalize, which knows the moments of the input."""

    moments: tuple[Any, Any]
    against: Any = None      # what _against found for one rule, for the other one: (g, that rule, the sums)


def _by_channel(x: Any) -> Any:
    """x as (images, channels, places): a view, if x is in C order."""
    return x.T[None] if x.ndim == 2 else x.reshape(*x.shape[:2], math.prod(x.shape[2:]))


def _parts(x: Any) -> Iterator[Any]:
    """Slices of images, of which each is of about BLOCK bytes."""
    step = max(BLOCK * len(x) // max(x.nbytes, 1), 1)
    return (slice(n, n + step) for n in range(0, len(x), step))


def _count(x: Any) -> int:
    """How many numbers of a channel are averaged; 1 where there are none, whose sums are 0."""
    n, _, *places = shape_of(x)
    return max(n * math.prod(places), 1)


def moments(x: Any, y: Any = None) -> tuple[Any, Any]:
    """Mean and (biased) variance of each channel; those that batch_normalize found, where it made y of x."""
    known = _known(y)
    if known is not None:
        return known.moments
    count, x = _count(x), _by_channel(x)
    centre = (x @ np.ones(x.shape[2], x.dtype)).sum(axis=0) / x.dtype.type(count)
    spread = np.zeros_like(centre)
    for part in _parts(x):
        away = x[part] - centre[:, None]
        spread += np.vecdot(away, away).sum(axis=0)
    return centre, spread / x.dtype.type(count)


def _known(y: Any) -> _Normalized | None:
    """The memory of the result of batch_normalize."""
    base = original(y).base if isinstance(y, np.ndarray) else None
    return base if isinstance(base, _Normalized) else None


def _floats(x: Any) -> Any:
    return x if x.dtype.kind == "f" else x.astype(float)


def _batch_normalize(x: Any, w: Any, b: Any, eps: float = 1e-5) -> Any:
    if x.ndim < 2 or not w.shape == b.shape == x.shape[1:2]:
        raise ShapeError("batch_normalize: takes a batch of shape (N, C, ...), and w and b of shape (C,); "
                         f"their shapes are {x.shape}, {w.shape} and {b.shape}")
    x = _floats(x)
    y = _Normalized(x.shape, np.result_type(x, w, b))
    y.moments = centre, spread = moments(x)
    factor = w / np.sqrt(spread + x.dtype.type(eps))
    seen, made = _by_channel(x), _by_channel(y.view(np.ndarray))
    for part in _parts(seen):
        away = np.subtract(seen[part], centre[:, None], out=made[part])
        away *= factor[:, None]
        away += b[:, None]
    return y.view(np.ndarray)


def _input(g: Any, x: Any, w: Any, eps: float = 1e-5, known: Any = None) -> Any:
    x = _floats(x)
    centre, spread = moments(x) if known is None else known.moments
    scale = 1 / np.sqrt(spread + x.dtype.type(eps))
    result = np.empty(x.shape, np.result_type(g, x, w))
    against = _against("x", g, x, centre, known)
    g, seen, made = _by_channel(g), _by_channel(x), _by_channel(result)
    count = x.dtype.type(_count(x))
    outer = (w * scale)[:, None]
    shift = outer * ((g @ np.ones(g.shape[2], g.dtype)).sum(axis=0) / count)[:, None]
    along = outer * (against * scale * scale / count)[:, None]
    for part in _parts(seen):
        away = seen[part] - centre[:, None]
        away *= along
        away += shift
        np.multiply(g[part], outer, out=made[part])
        made[part] -= away
    return result


def _against(rule: str, g: Any, x: Any, centre: Any, known: Any) -> Any:
    """The sum of g (x - centre) of each channel, which the rules by x and by w both need.

    A rule that asks again may have another g in the same array.
    """
    if known is not None and known.against is not None:
        (given, asked, total), known.against = known.against, None
        if given is g and asked != rule:
            return total
    total, by_channel, x = np.zeros(x.shape[1], np.result_type(g, x)), _by_channel(g), _by_channel(x)
    for part in _parts(x):
        total += np.vecdot(x[part] - centre[:, None], by_channel[part]).sum(axis=0)
    if known is not None:
        known.against = g, rule, total
    return total


def _weight(g: Any, x: Any, eps: float = 1e-5, known: Any = None) -> Any:
    x = _floats(x)
    centre, spread = moments(x) if known is None else known.moments
    return _against("w", g, x, centre, known) / np.sqrt(spread + x.dtype.type(eps))


def _over(x: Any) -> tuple[int, ...]:
    """The axes of (N, C, ...) but the channels'."""
    return (0, *range(2, len(shape_of(x))))


def _beside(w: Any, x: Any) -> Any:
    """A number for each channel, to stand beside x."""
    return reshape(w, (-1, *(1,) * (len(shape_of(x)) - 2)))


def _mean(a: Any, x: Any) -> Any:
    return sum(a, axis=_over(x), keepdims=True) / _count(x)


def _total(g: Any) -> Any:
    """g summed over all but its channels."""
    return sum(g, axis=_over(g))


def _ones(x: Any) -> Any:
    return np.ones(shape_of(x)[1], dtype_of(x))


def _curvature(h: Any, g: Any, x: Any, w: Any, eps: float) -> Any:
    """The derivative of the sum of h batch_normalize_input(g, x, w) by x."""
    centred = x - _mean(x, x)
    by_variance = 1 / (_mean(centred * centred, x) + eps)
    scale = sqrt(by_variance)
    y = centred * scale
    mean_hy, mean_gy = _mean(h * y, x), _mean(g * y, x)
    common = _mean(h * g, x) - _mean(h, x) * _mean(g, x) - mean_hy * mean_gy
    by_h, by_g = (scale * (a - _mean(a, x) - y * m) for a, m in ((h, mean_hy), (g, mean_gy)))
    return -_beside(w, x) * (by_variance * y * common + scale * (by_h * mean_gy + by_g * mean_hy))


def _channels_in_lanes(op: Op, lanes: Lanes) -> Any:
    """The channels of all lanes beside each other, for each channel is normalized by itself."""
    def beside(x: Any) -> Any:
        if len(shape_of(x)) == 2:                        # a number for each channel
            return shaped(x, (-1,))
        x = axis_moved(x, 0, 1)
        return shaped(x, (shape_of(x)[0], -1, *shape_of(x)[3:]))
    y = op(*(beside(lanes.full(i)) for i in range(len(lanes.xs))), eps=lanes.params["eps"])
    if len(shape_of(y)) == 1:
        return shaped(y, (lanes.size, -1))
    return axis_moved(shaped(y, (shape_of(y)[0], lanes.size, -1, *shape_of(y)[2:])), 1, 0)


batch_normalize = Op(
    "batch_normalize", None, _batch_normalize,
    lambda g, y, x, w, b, eps: batch_normalize_input(g, x, w, eps=eps, known=_known(y)),
    lambda g, y, x, w, b, eps: batch_normalize_weight(g, x, eps=eps, known=_known(y)),
    lambda g, y, x, w, b, eps: _total(g),
    tex=r"\operatorname{{norm}}({0}) {1} + {2}", symbol="norm(x) w + b", params={"eps": 1e-5}, method=False,
    cases=[(((3, 2), (2,), (2,)), {}), (((2, 3, 2), (3,), (3,)), {"eps": 0.1}), (((2, 1, 2, 2), (1,), (1,)), {})],
    slots=("x", "w", "b"), linear=(1, 2),
    jvps=(lambda t, y, x, w, b, eps: batch_normalize_input(t, x, w, eps=eps, known=_known(y)), None, None),
    lanes=_channels_in_lanes)
batch_normalize_input = Op(
    "batch_normalize_input", None, _input,
    lambda h, z, g, x, w, eps, known: batch_normalize_input(h, x, w, eps=eps),
    lambda h, z, g, x, w, eps, known: _curvature(h, g, x, w, eps),
    lambda h, z, g, x, w, eps, known: _total(h * batch_normalize_input(g, x, _ones(x), eps=eps)),
    tex=r"\operatorname{{norm}}'({1}) {0} {2}", symbol="norm′ g w", params={"eps": 1e-5, "known": None}, internal=True,
    cases=[(((3, 2), (3, 2), (2,)), {}), (((2, 3, 2), (2, 3, 2), (3,)), {"eps": 0.1})],
    slots=("g", "x", "w"), linear=((0,), (2,)),
    jvps=(None, lambda t, z, g, x, w, eps, known: _curvature(t, g, x, w, eps), None), lanes=_channels_in_lanes)
batch_normalize_weight = Op(
    "batch_normalize_weight", None, _weight,
    lambda h, z, g, x, eps, known: batch_normalize(x, h, 0 * h, eps=eps),
    lambda h, z, g, x, eps, known: batch_normalize_input(g, x, h, eps=eps),
    tex=r"\sum {0} \operatorname{{norm}}({1})", symbol="Σ g norm(x)", params={"eps": 1e-5, "known": None},
    internal=True, cases=[(((3, 2), (3, 2)), {}), (((2, 3, 2), (2, 3, 2)), {"eps": 0.1})], linear=(0,),
    jvps=(None, lambda t, z, g, x, eps, known: _total(g * batch_normalize_input(t, x, _ones(x), eps=eps))),
    lanes=_channels_in_lanes)
