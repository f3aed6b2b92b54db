"""Occlusion: what a prediction loses with a part of its input. It needs no gradient."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core.modes import no_grad
from ..core.options import whole_number
from ..errors import UsageError
from ..nn._evaluated import evaluated
from ..ops._refusal import shown_in_error
from ._rows import Array, filled, rows_of, scores, targets_of


def occlusion(model: Any, x: Any, target: Any = None, *, window: Any = 1, stride: Any = 1, fill: Any = 0.0) -> Array:
    """f(x) - f(x with a window of it covered): what f loses with each part. No gradient is used.

    Of images (rows, channels, height, width) a window covers all channels at once; of any other x it covers
    `window` neighbours along the last axis. An element that several windows cover has the mean of them.

    window, stride  a number of elements, or (height, width) for images
    fill            what covers: a number, or an array that broadcasts to x

    Costs a model call for each place of the window. Other arguments and errors as for `gradient`; UsageError for a
    window larger than x, or a stride larger than the window, which would leave gaps.
    Source: M. Zeiler, R. Fergus, Visualizing and understanding convolutional networks, 2014.

    >>> from autograd_nn import saliency
    >>> saliency.occlusion(lambda x: (x ** 2).sum(axis=1), [[1.0, -3.0]])
    array([[1., 9.]])
    """
    with evaluated(model), no_grad():
        rows = rows_of(model, x)
        cover, targets = filled(fill, rows, "fill"), targets_of(model, rows, target)
        lengths = rows.shape[2:] if rows.ndim == 4 else rows.shape[-1:]
        sizes, steps = _each("window", window, len(lengths)), _each("stride", stride, len(lengths))
        if any(w > n for w, n in zip(sizes, lengths)) or any(s > w for s, w in zip(steps, sizes)):
            raise UsageError(f"occlusion: a window of {sizes} with stride {steps} does not go over {lengths}\n"
                             "  help: a window no larger than the input, and a stride no larger than the window")
        whole = scores(model, rows, targets)
        total, count = np.zeros(rows.shape), np.zeros(rows.shape)
        for place in _places(lengths, sizes, steps):
            inside: Any = (..., *place)
            covered = rows.copy()
            covered[inside] = cover[inside]
            lost = whole - scores(model, covered, targets)
            total[inside] += lost.reshape(-1, *[1] * (rows.ndim - 1))
            count[inside] += 1
        return np.asarray((total / count).astype(rows.dtype))


def _each(name: str, n: Any, axes: int) -> tuple[int, ...]:
    """One length for each axis, of a number or a sequence of them."""
    found = tuple(n) if isinstance(n, (tuple, list)) else (n,) * axes
    if len(found) != axes:
        raise UsageError(f"occlusion: {name} is an integer, or {axes} of them here, not {shown_in_error(n)}")
    return tuple(whole_number(f"occlusion: {name}", part) for part in found)


def _places(lengths: tuple[int, ...], sizes: tuple[int, ...], steps: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """The window in every place; the last one along each axis ends at the edge."""
    starts = [[*range(0, n - w, s), n - w] for n, w, s in zip(lengths, sizes, steps)]
    return (tuple(slice(i, i + w) for i, w in zip(place, sizes)) for place in itertools.product(*starts))
