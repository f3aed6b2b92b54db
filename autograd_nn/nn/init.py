"""Initialisers: arrays for weights to start from.

Each takes a shape, its own numbers, `rng` (a seed, a numpy.random.Generator or None) and a `dtype`.
All draw in float64 and round afterwards, so the same seed gives the same weights in every dtype, up
to that rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.options import finite_number, float_dtype, function, lengths, non_negative
from ..core.random import Rng, generator
from ..errors import ShapeError, UsageError
from ..ops._arguments import affordable
from ..ops._carriers import is_traced
from ..ops._refusal import shown_in_error

Array = np.ndarray[Any, Any]
Shape = int | Sequence[int]
Init = Callable[..., Array]


def fans(shape: Shape) -> tuple[int, int]:
    """How many inputs feed an output, and how many outputs an input feeds: (fan_in, fan_out).

    The shape is (out, in, *kernel). Raises ShapeError for fewer than two axes or an empty one.

    >>> fans((4, 3)), fans((8, 3, 5, 5))
    ((3, 4), (75, 200))
    """
    shape = lengths("fans: shape", shape)
    if len(shape) < 2 or 0 in shape:
        raise ShapeError(f"a weight of shape {shape} has no fan in and fan out; they need (out, in, *kernel)\n"
                         "  help: zeros, uniform and normal work for any shape")
    area = math.prod(shape[2:])
    return shape[1] * area, shape[0] * area


def zeros(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Zeros: the usual start of a bias. `rng` is taken, and not used, as by the other initialisers.

    >>> zeros((2,))
    array([0., 0.], dtype=float32)
    """
    return np.zeros(lengths("zeros: shape", shape), float_dtype("zeros: dtype", dtype))


def uniform(shape: Shape, low: float = 0.0, high: float = 1.0, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Numbers from the uniform distribution on [low, high).

    >>> uniform((2, 3), -1, 1, rng=0).shape
    (2, 3)
    """
    dtype, shape = float_dtype("uniform: dtype", dtype), lengths("uniform: shape", shape)
    low, high = finite_number("uniform: low", low), finite_number("uniform: high", high)
    if not 0 <= high - low < math.inf:
        raise UsageError(f"uniform: low={low:g} and high={high:g} bound no interval")
    return generator(rng).uniform(low, high, shape).astype(dtype)


def normal(shape: Shape, mean: float = 0.0, std: float = 1.0, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Numbers from the normal distribution N(mean, std^2).

    >>> normal(3, rng=0).dtype
    dtype('float32')
    """
    dtype, shape = float_dtype("normal: dtype", dtype), lengths("normal: shape", shape)
    mean, std = finite_number("normal: mean", mean), non_negative("normal: std", std)
    return generator(rng).normal(mean, std, shape).astype(dtype)


def xavier_uniform(shape: Shape, gain: float = 1.0, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Uniform on +-gain sqrt(6 / (fan_in + fan_out)): variance 2 / (fan_in + fan_out) times gain^2.

    Source: Glorot & Bengio 2010. Raises ShapeError for fewer than two axes.

    >>> bool((abs(xavier_uniform((4, 2), rng=0)) <= 1).all())
    True
    """
    bound = non_negative("xavier_uniform: gain", gain) * math.sqrt(6 / sum(fans(shape)))
    return uniform(shape, -bound, bound, rng=rng, dtype=dtype)


def xavier_normal(shape: Shape, gain: float = 1.0, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """N(0, gain^2 2 / (fan_in + fan_out)).

    Source: Glorot & Bengio 2010. Raises ShapeError for fewer than two axes.

    >>> xavier_normal((4, 2), rng=0).shape
    (4, 2)
    """
    std = non_negative("xavier_normal: gain", gain) * math.sqrt(2 / sum(fans(shape)))
    return normal(shape, 0.0, std, rng=rng, dtype=dtype)


def he_uniform(shape: Shape, negative_slope: float = 0.0, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Uniform with variance 2 / ((1 + negative_slope^2) fan_in), which relu layers keep level.

    `negative_slope` is that of the leaky relu that follows; 0 for relu. Source: He et al. 2015.
    Raises ShapeError for fewer than two axes.

    >>> bool((abs(he_uniform((4, 6), rng=0)) <= 1).all())
    True
    """
    bound = math.sqrt(6 / _he("he_uniform", shape, negative_slope))
    return uniform(shape, -bound, bound, rng=rng, dtype=dtype)


def he_normal(shape: Shape, negative_slope: float = 0.0, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """N(0, 2 / ((1 + negative_slope^2) fan_in)), which relu layers keep level.

    `negative_slope` is that of the leaky relu that follows; 0 for relu. Source: He et al. 2015.
    Raises ShapeError for fewer than two axes.

    >>> he_normal((4, 6), rng=0).shape
    (4, 6)
    """
    return normal(shape, 0.0, math.sqrt(2 / _he("he_normal", shape, negative_slope)), rng=rng, dtype=dtype)


def started(name: str, init: Init | None, shape: tuple[int, ...], bound: float, rng: Rng, dtype: Any) -> Array:
    """The weight that a layer starts from: from `init`, or uniform on +-bound."""
    affordable(name, *shape)
    if init is None:
        return uniform(shape, -bound, bound, rng=rng, dtype=dtype)
    function(f"{name}: init", init, "a function of nn.init, or one like it,")
    try:
        weight = init(shape, rng=rng, dtype=dtype)
    except TypeError as error:
        if error.__traceback__ is None or error.__traceback__.tb_next is not None:
            raise
        raise UsageError(f"{name}: init is called as init(shape, rng=..., dtype=...), and {error}") from None
    found = np.asarray(weight) if not is_traced(weight) else weight
    if found.shape != shape or not isinstance(found, np.ndarray) or found.dtype.kind not in "iuf":
        raise ShapeError(f"{name}: init gave {shown_in_error(weight)} for a weight of shape {shape}")
    return found


def _he(name: str, shape: Shape, negative_slope: float) -> float:
    """(1 + negative_slope^2) fan_in."""
    slope = finite_number(f"{name}: negative_slope", negative_slope)
    return (1 + slope * slope) * fans(shape)[0]
