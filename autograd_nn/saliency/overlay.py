"""A map drawn over its image."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.node import data_of
from ..core.options import axes_or_none, real_array
from ..errors import DataError, ShapeError

Array = np.ndarray[Any, Any]
FOR, AGAINST = "#0072B2", "#D55E00"      # Okabe and Ito's blue and vermilion
STRONG = 99.5            # percentile of |map| that has the full colour: at 100 a few spikes would pale the rest
# How far below the least number of an image black lies, in ranges of its numbers. The larger, the paler is the image
# under the colours: at 0 its darkest points are black, and no colour shows on them.
PALE = 1.0


def show(image: Any, map: Any, ax: Any = None) -> Any:
    """Draw a map over its image, blue where an element speaks for the prediction and orange against. The Axes.

    image       (height, width) or (channels, height, width); a batch of one row is taken as that row. It is drawn
                in greys from medium to white, the mean of its channels
    map         a row of a map, in the image's shape or (height, width); its channels are added up
    ax          matplotlib's Axes; None makes a figure

    The stronger, the more opaque; 0 leaves the image as it is. Raises ShapeError for other shapes, DataError for
    numbers that are not finite.

    >>> import numpy as np
    >>> from autograd_nn.saliency import show
    >>> ax = show(np.ones((1, 8, 8)), np.eye(8))
    >>> len(ax.images)
    2
    """
    picture, found = _plane("image", image).mean(0), _plane("map", map).sum(0)
    if picture.shape != found.shape:
        raise ShapeError(f"show: an image of {picture.shape} and a map of {found.shape} do not lie over one another")
    axes_or_none("show: ax", ax)
    from matplotlib.colors import LinearSegmentedColormap, to_rgb
    if ax is None:
        import matplotlib.pyplot as plt
        ax = plt.subplots(figsize=(4.6, 3.8), layout="constrained")[1]
    low, high = picture.min(), picture.max()
    ax.imshow(picture, cmap="gray", vmin=low - PALE * (high - low or 1), vmax=high, interpolation="nearest")
    largest = float(np.percentile(abs(found), STRONG)) or float(abs(found).max()) or 1.0
    stops = zip((0, 0.5, 0.5, 1), (AGAINST, AGAINST, FOR, FOR), (0.95, 0.0, 0.0, 0.95))
    colours = LinearSegmentedColormap.from_list("saliency", [(at, (*to_rgb(c), alpha)) for at, c, alpha in stops])
    drawn = ax.imshow(found, cmap=colours, vmin=-largest, vmax=largest, interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([])
    bar = ax.figure.colorbar(drawn, ax=ax, extend="both" if abs(found).max() > largest else "neither", shrink=0.85)
    bar.ax.set_title("for", fontsize=9)
    bar.ax.set_xlabel("against", fontsize=9, labelpad=8)
    bar.outline.set_visible(False)
    return ax


def _plane(name: str, x: Any) -> Array:
    """(channels, height, width) of an image or a map, with a batch of one row taken out."""
    array = real_array(f"show: {name}", data_of(x))
    given = array.shape
    array = array[0] if array.ndim == 4 and len(array) == 1 else array
    array = array[None] if array.ndim == 2 else array
    if array.ndim != 3 or not array.size or array.dtype.kind not in "biuf":
        raise ShapeError(f"show: {name} is an array (height, width) or (channels, height, width) of numbers, and this "
                         f"is {array.dtype} of shape {given}")
    if not np.isfinite(array).all():
        raise DataError(f"show: {name} holds a nan or an inf")
    return array.astype(float)
