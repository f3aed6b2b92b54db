"""Initialisers: arrays for weights to start from.

Each takes a shape, its own numbers, `rng` (a seed, a numpy.random.Generator or None) and a `dtype`.
All draw in float64 and round afterwards, so the same seed gives the same weights in every dtype, up
to that rounding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.random import Rng, generator
from ..errors import ShapeError

Array = np.ndarray[Any, Any]
Shape = int | Sequence[int]


def fans(shape: Shape) -> tuple[int, int]:
    """How many inputs feed an output, and how many outputs an input feeds: (fan_in, fan_out).

    The shape is (out, in, *kernel). Raises ShapeError for fewer than two axes or an empty one.

    >>> fans((4, 3)), fans((8, 3, 5, 5))
    ((3, 4), (75, 200))
    """
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
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
    return np.zeros(shape, dtype=dtype)


def uniform(shape: Shape, low: float = 0.0, high: float = 1.0, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Numbers from the uniform distribution on [low, high).

    >>> uniform((2, 3), -1, 1, rng=0).shape
    (2, 3)
    """
    return generator(rng).uniform(low, high, shape).astype(dtype)


def normal(shape: Shape, mean: float = 0.0, std: float = 1.0, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Numbers from the normal distribution N(mean, std^2).

    >>> normal(3, rng=0).dtype
    dtype('float32')
    """
    return generator(rng).normal(mean, std, shape).astype(dtype)


def xavier_uniform(shape: Shape, gain: float = 1.0, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Uniform on +-gain sqrt(6 / (fan_in + fan_out)): variance 2 / (fan_in + fan_out) times gain^2.

    Source: Glorot & Bengio 2010. Raises ShapeError for fewer than two axes.

    >>> bool((abs(xavier_uniform((4, 2), rng=0)) <= 1).all())
    True
    """
    bound = gain * math.sqrt(6 / sum(fans(shape)))
    return uniform(shape, -bound, bound, rng=rng, dtype=dtype)


def xavier_normal(shape: Shape, gain: float = 1.0, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """N(0, gain^2 2 / (fan_in + fan_out)).

    Source: Glorot & Bengio 2010. Raises ShapeError for fewer than two axes.

    >>> xavier_normal((4, 2), rng=0).shape
    (4, 2)
    """
    return normal(shape, 0.0, gain * math.sqrt(2 / sum(fans(shape))), rng=rng, dtype=dtype)


def he_uniform(shape: Shape, negative_slope: float = 0.0, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Uniform with variance 2 / ((1 + negative_slope^2) fan_in), which relu layers keep level.

    `negative_slope` is that of the leaky relu that follows; 0 for relu. Source: He et al. 2015.
    Raises ShapeError for fewer than two axes.

    >>> bool((abs(he_uniform((4, 6), rng=0)) <= 1).all())
    True
    """
    bound = math.sqrt(6 / ((1 + negative_slope ** 2) * fans(shape)[0]))
    return uniform(shape, -bound, bound, rng=rng, dtype=dtype)


def he_normal(shape: Shape, negative_slope: float = 0.0, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """N(0, 2 / ((1 + negative_slope^2) fan_in)), which relu layers keep level.

    `negative_slope` is that of the leaky relu that follows; 0 for relu. Source: He et al. 2015.
    Raises ShapeError for fewer than two axes.

    >>> he_normal((4, 6), rng=0).shape
    (4, 6)
    """
    return normal(shape, 0.0, math.sqrt(2 / ((1 + negative_slope ** 2) * fans(shape)[0])), rng=rng, dtype=dtype)
