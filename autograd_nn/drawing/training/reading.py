"""How the single output of a classifier of two classes is read: where its boundary lies. A guess may draw a wrong one.

Of several outputs the greatest is the answer, however they were trained. Of one it depends on the loss: a linear output
that was trained by cross entropy is a logit, and 0 is the boundary; by squared errors on 0 and 1 it is 0.5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.node import Node, data_of, topological
from ...core.reverse import cotangents
from ...errors import UsageError
from ...ops.arrays import indexing, shape

Array = np.ndarray[Any, Any]
MOVES = {shape.__name__, indexing.__name__}
"""Where the ops stand that move elements and compute nothing."""
BOUNDED = (0, 1), (-1, 1)
"""The ranges of the ops that a classifier may end in."""


@dataclass(frozen=True)
class Reading:
    """Above the threshold it is the second class. At `ends` one class is sure; without them the output is a logit."""

    threshold: float
    ends: tuple[float, float] | None = None

    def probability(self, z: Array) -> Array:
        """How likely the second class is, 0.5 being at the threshold."""
        if self.ends is None:
            with np.errstate(over="ignore"):
                return np.asarray(1 / (1 + np.exp(self.threshold - z)))
        return np.interp(z, [self.ends[0], self.threshold, self.ends[1]], [0.0, 0.5, 1.0])


def halfway(low: float, high: float) -> Reading:
    """Of an output that is `low` for the one class and `high` for the other."""
    return Reading((low + high) / 2, (low, high))


LOGIT = Reading(0.0)
NAMED = {"logits": LOGIT, "probabilities": halfway(0.0, 1.0), "signs": halfway(-1.0, 1.0)}


def coding_of(y: Any) -> tuple[float, float] | None:
    """The numbers that stand for the two classes; None where they are texts, or too many."""
    y = np.asarray([data_of(item) for item in np.asarray(data_of(y)).ravel()])
    kinds = {*y.tolist()}
    if y.dtype.kind not in "iufb" or len(kinds) > 2:
        return None
    if kinds <= {0, 1}:
        return 0.0, 1.0
    if kinds <= {-1, 1}:
        return -1.0, 1.0
    return (float(min(kinds)), float(max(kinds))) if len(kinds) == 2 else None


def range_of(node: Any) -> tuple[float, float] | None:
    """The range of the op that computed a model's output, seen through those that only move elements."""
    while isinstance(node, Node) and node.op is not None and node.op.module in MOVES:
        node = node.inputs[0]
    return (node.op.range or None) if isinstance(node, Node) and node.op is not None else None


def by_range(lies_in: tuple[float, float] | None, targets: tuple[float, float] | None, z: Array,
             classes: Array | None = None) -> Reading | None:
    """The reading that the output's range, the targets and the outputs z leave no doubt of; else None.

    That y is -1 and 1 does not say that the model was trained on these: on 0 and 1 its outputs for the first class are
    about 0. (The mean of a least squares fit of 0 and 1 over the first class is never below 0.)
    """
    if targets is not None and {*z.ravel().tolist()} == {*targets}:
        return halfway(*targets)                         # a function that gives the classes themselves
    signs = classes is None or (bool((classes == 0).any()) and float(z[classes == 0].mean()) <= -0.25)
    if lies_in is not None and lies_in in BOUNDED:
        return halfway(*lies_in) if targets in (None, lies_in) and (signs or lies_in == (0, 1)) else None
    return halfway(-1.0, 1.0) if targets == (-1, 1) and signs else None      # all usual losses agree on 0


def by_loss(loss: Callable[[Any, Any], Any], targets: tuple[float, float] | None, like: tuple[int, ...],
            lies_in: tuple[float, float] | None) -> Reading:
    """The reading by a loss(output, target): the boundary is the output for which both classes cost the same.

    `like` is the shape of the output for one point. Raises UsageError where there is no such output, or no only one.
    """
    if targets is None:
        raise UsageError("loss= needs the numbers that the model was trained on as y, two kinds such as 0 and 1\n"
                         "  help: y as the loss took it; class_names= says what the classes are called")

    low, high = targets

    def preferred(z: float) -> float:
        """How much the first class costs more than the second."""
        first, second = [float(np.mean(data_of(loss(np.full(like, z), np.full(like, t))))) for t in (low, high)]
        return first - second
    inside = lies_in if lies_in in BOUNDED else None
    steps = np.linspace(-1.0, 1.0, 402)
    grid = low + (high - low) * (0.5 + 0.5 * np.sinh(8 * steps) / np.sinh(8) * 100) if inside is None else \
        inside[0] + (inside[1] - inside[0]) * (0.5 + 0.4999 * steps)
    with np.errstate(all="ignore"):
        costs = np.sign([preferred(z) for z in grid.tolist()])
        grid, costs = grid[~np.isnan(costs)], costs[~np.isnan(costs)]
        changes = np.flatnonzero(np.diff(costs))
        if len(changes) != 1 or costs[0] != -1:
            raise UsageError("loss= does not tell two classes apart by one number: there is no single output for which "
                             f"both {low:g} and {high:g} cost the same\n"
                             "  help: loss(output, target), as the model was trained; or output= says what it gives")
        left, right = grid[changes[0]], grid[changes[0] + 1]
        for _ in range(60):
            middle = (left + right) / 2
            left, right = (middle, right) if preferred(middle) < 0 else (left, middle)
    at, middle = (left + right) / 2, (low + high) / 2
    return halfway(low, high) if abs(at - middle) < 1e-6 * (high - low) else Reading(float(at))


def by_training(loss: Node, z: Array, classes: Array, targets: tuple[float, float] | None) -> Reading | None:
    """The reading by the derivative of a loss by the outputs z, which the loss's graph contains; None if none fits."""
    g = _cotangent_of(loss, z)
    if g is None or not np.linalg.norm(g):
        return None
    fit = []
    for reading, losses, d in _usual_losses(z, classes, targets):
        factor = float(np.dot(g, d) / max(np.dot(d, d), 1e-300))
        if factor > 0 and np.linalg.norm(g - factor * d) < 1e-3 * np.linalg.norm(g):
            fit.append((reading, np.isclose(factor * losses.sum(), np.ravel(loss._data)[0], rtol=1e-4)))
    if len({reading.threshold for reading, _ in fit}) > 1:           # one derivative may be that of two losses
        fit = [(reading, same) for reading, same in fit if same]
    return fit[0][0] if len({reading.threshold for reading, _ in fit}) == 1 else None


def _usual_losses(z: Array, classes: Array, targets: tuple[float, float] | None
                  ) -> Iterable[tuple[Reading, Array, Array]]:
    """How an output is read after a usual loss, with the losses of the outputs z and their derivatives."""
    own = targets or (0.0, 1.0)
    for low, high in dict.fromkeys([own, (0.0, 1.0), (-1.0, 1.0)]):      # it may have been trained on 2 y - 1
        off = z - np.where(classes, high, low)
        yield halfway(low, high), off * off / 2, off
    off = z - np.where(classes, own[1], own[0])
    size = np.abs(off)
    yield halfway(*own), size, np.sign(off)
    yield halfway(*own), np.where(size < 1, off * off / 2, size - 0.5), np.clip(off, -1, 1)          # Huber's
    sign = np.where(classes, 1.0, -1.0)
    yield halfway(-1.0, 1.0), np.maximum(0, 1 - sign * z), -sign * (sign * z < 1)                    # hinge
    yield LOGIT, np.logaddexp(0, -sign * z), LOGIT.probability(z) - classes                          # cross entropy


def _cotangent_of(loss: Node, z: Array) -> Array | None:
    """The derivative of the loss by the nodes that hold the outputs z, one by one; None if they are not there."""
    order = topological([loss])
    found: dict[Node, Any] = {}
    for node in order:
        data = np.ravel(node._data)
        if node.op is not None and data.size == z.size and np.allclose(data, z, rtol=1e-4, atol=1e-6):
            found = found or cotangents({loss: loss._one()})
            if node in found:
                return np.asarray(data_of(found[node]), dtype=float).ravel()
    numbers = [node for node in order if node.op is not None and node.shape == ()]
    parts = []
    for one in z.tolist():
        same = [node for node in numbers if abs(node._data - one) <= 1e-9 * (1 + abs(one))]
        if not same:
            return None
        parts.append(same[-1])
        numbers = [node for node in numbers if node is not same[-1]]
    found = cotangents({loss: loss._one()})
    return np.asarray([float(found.get(node, 0.0)) for node in parts])


def ask(lies_in: tuple[float, float] | None, targets: tuple[float, float] | None) -> UsageError:
    """The error where nothing tells how the output is to be read."""
    of = "whose classes are no numbers" if targets is None else f"for the classes {targets[0]:g} and {targets[1]:g}"
    what = f"a single output from {lies_in[0]:g} to {lies_in[1]:g}" if lies_in and lies_in in BOUNDED else \
        "a single output"
    return UsageError(
        f"{what} {of} may be read in several ways, and the boundary lies elsewhere in each\n"
        "  help: loss=nn.mse_loss, or whichever the model was trained with (on this y), tells; or say what it is: "
        'output="logits" (0 is the boundary), "probabilities" (0.5, also after squared errors on 0 and 1) or '
        '"signs" (0, between -1 and 1)')
