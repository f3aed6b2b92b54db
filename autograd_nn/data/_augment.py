"""Augmentation: each image of a batch moved, mirrored or turned a little, at random.

Images are (rows, channels, height, width) or (rows, height, width), of any real dtype, which is kept. What comes
in from outside the frame is `fill`. Nothing is changed in place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..core.options import real_array
from ..core.random import Rng, generator
from ..errors import DataError, UsageError
from ..ops._refusal import shown_in_error

Array = np.ndarray[Any, Any]


def shift(images: ArrayLike, pixels: int, *, rng: Rng = None, fill: float = 0.0) -> Array:
    """Each image moved by whole pixels, down and across, each uniform from -pixels to pixels.

    Raises DataError for what is no batch of images, UsageError for `pixels` that is no integer >= 0.

    >>> image = np.arange(4).reshape(1, 2, 2)
    >>> sorted({tuple(shift(image, 1, rng=seed).ravel().tolist()) for seed in range(50)})[-2:]
    [(2, 3, 0, 0), (3, 0, 0, 0)]
    """
    x = _images("shift", images)
    if isinstance(pixels, bool) or not isinstance(pixels, (int, np.integer)) or pixels < 0:
        raise UsageError(f"shift: pixels is an integer >= 0, not {shown_in_error(pixels)}")
    rows, (height, width) = len(x), x.shape[-2:]
    moves = generator(rng).integers(-pixels, pixels, (2, rows, 1, 1), endpoint=True)
    down, across = np.arange(height)[:, None] - moves[0], np.arange(width) - moves[1]
    return _picked(x, down, across, fill)


def flip(images: ArrayLike, chance: float = 0.5, *, axis: int = -1, rng: Rng = None) -> Array:
    """Each image mirrored with this chance: left and right (axis=-1), or top and bottom (axis=-2).

    Raises DataError for what is no batch of images, UsageError for another axis or chance.

    >>> flip(np.arange(4).reshape(1, 2, 2), chance=1.0)
    array([[[1, 0],
            [3, 2]]])
    """
    x = _images("flip", images)
    if axis not in (-1, -2) or not _between(chance, 0, 1):
        raise UsageError(f"flip: axis is -1 or -2 and chance from 0 to 1, not "
                         f"{shown_in_error(axis)} and {shown_in_error(chance)}")
    chosen = generator(rng).random(len(x)) < chance
    return np.where(chosen.reshape(-1, *[1] * (x.ndim - 1)), np.flip(x, int(axis)), x)


def rotate(images: ArrayLike, degrees: float, *, rng: Rng = None, fill: float = 0.0) -> Array:
    """Each image turned about its centre by an angle uniform from -degrees to degrees, with bilinear interpolation.

    Integers are rounded to the nearest. Raises DataError for what is no batch of images, UsageError for
    `degrees` that is no number from 0 to 180.

    >>> image = np.zeros((1, 5, 5))
    >>> image[0, 2, 1:4] = 1
    >>> bool(abs(rotate(image, 20, rng=0).sum() - 3) < 0.2)
    True
    """
    x = _images("rotate", images)
    if not _between(degrees, 0, 180):
        raise UsageError(f"rotate: degrees is an angle from 0 to 180, not {shown_in_error(degrees)}")
    rows, (height, width) = len(x), x.shape[-2:]
    angle = np.deg2rad(generator(rng).uniform(-degrees, degrees, (rows, 1, 1)))
    down, across = np.arange(height)[:, None] - (height - 1) / 2, np.arange(width) - (width - 1) / 2
    # Where each pixel of the result comes from.
    source_down = np.cos(angle) * down + np.sin(angle) * across + (height - 1) / 2
    source_across = np.cos(angle) * across - np.sin(angle) * down + (width - 1) / 2
    top, left = np.floor(source_down).astype(int), np.floor(source_across).astype(int)
    result = np.zeros(x.shape, np.result_type(x.dtype, np.float32))
    for lower in (0, 1):
        for right in (0, 1):
            share = (abs(1 - lower - (source_down - top)) * abs(1 - right - (source_across - left)))
            share = share if x.ndim == 3 else share[:, None]
            result += (share * _picked(x, top + lower, left + right, fill)).astype(result.dtype)
    return np.rint(result).astype(x.dtype) if x.dtype.kind in "iu" else result.astype(x.dtype)


def _picked(x: Array, down: Array, across: Array, fill: float) -> Array:
    """Pixel (i, j) of row r is x[r, ..., down[r, i, j], across[r, i, j]], and `fill` where that is outside."""
    rows, (height, width) = len(x), x.shape[-2:]
    down, across = np.broadcast_arrays(down, across)
    inside = (down >= 0) & (down < height) & (across >= 0) & (across < width)
    place = np.where(inside, down * width + across, 0).reshape(rows, *[1] * (x.ndim - 3), height * width)
    found = np.take_along_axis(x.reshape(*x.shape[:-2], height * width), place, axis=-1).reshape(x.shape)
    return np.where(inside if x.ndim == 3 else inside[:, None], found, _filling(fill, x.dtype))


def _filling(fill: Any, dtype: np.dtype[Any]) -> Array:
    fits = isinstance(fill, (int, float, np.integer, np.floating))
    if fits and dtype.kind in "iu":
        fits = bool(np.iinfo(dtype).min <= fill <= np.iinfo(dtype).max and fill == int(fill))
    if not fits:
        raise UsageError(f"fill is one number that {dtype} holds, not {shown_in_error(fill)}")
    return np.asarray(fill, dtype)


def _between(x: Any, least: float, most: float) -> bool:
    return isinstance(x, (int, float, np.integer, np.floating)) and bool(least <= x <= most)


def _images(name: str, images: ArrayLike) -> Array:
    x = real_array(name, images)
    if x.ndim not in (3, 4) or x.dtype.kind not in "fiu":
        raise DataError(f"{name} takes images (rows, height, width) or (rows, channels, height, width), "
                        f"not an array of {x.dtype} of shape {x.shape}\n  help: x.reshape(-1, 8, 8)")
    return x
