"""decision_boundary: what a classifier of points in the plane answers everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.modes import no_grad
from ...core.node import Node, data_of
from ...core.options import choice, function, real_array, whole_number
from ...core.value import BaseValue
from ...errors import DataError, ShapeError, UsageError
from .axes import COLOURS, MARKERS, axes, label_text, with_font
from .reading import LOGIT, NAMED, Reading, ask, by_loss, by_range, by_training, coding_of, range_of

Array = np.ndarray[Any, Any]
FINE, COARSE = 200, 70
"""Points of the grid along each side: FINE for models of arrays, COARSE for those of Values, which are slower."""
MARGIN = 0.12
"""Room on each side of the data, as a share of its width (and height)."""


def decision_boundary(model: Callable[[Any], Any], x: Any, y: Any, *, output: str | None = None,
                      loss: Callable[[Any, Any], Any] | None = None, class_names: Sequence[str] | None = None,
                      resolution: int | None = None, ax: Any = None) -> Any:
    """Shade the plane by a classifier's probabilities, with the data on top. Returns the Axes.

    The hue is the likeliest class, the shade its probability, and the line is where two classes are
    equally likely. Each class has a colour and a marker of its own; points on the wrong side are ringed.

    model       takes points of shape (n, 2) and gives (n,) or (n, 1) numbers, or (n, k) for k classes: a
                Module of Tensors or of Values, or any function. Modules are put in eval() meanwhile.
    x, y        the data, (n, 2), and its classes, (n,) or (n, 1): numbers or texts of two (or k) kinds,
                the lower (or first in the alphabet) class first; or one-hot rows (n, k)
    loss        the loss(output, target) that a model of one output was trained with, such as nn.mse_loss: the
                boundary is the output for which both classes cost the same, the targets being those of y
    output      or what such a model gives: "logits" (0 is the boundary), "probabilities" (0.5 is; as after squared
                errors on 0 and 1) or "signs" (0, between -1 and 1). Neither is needed where there is no doubt: after a
                sigmoid with classes 0 and 1, with -1 and 1 where the outputs for the first class are below 0 (as
                those of a model that was trained on 0 and 1 are not), and for k outputs, of which the greatest is the
                answer (their softmax, or themselves after an op from 0 to 1, is the shade)
    resolution  points of the grid along each side

    Raises ShapeError for other shapes, DataError for nan in the data and for classes that do not fit the
    outputs, UsageError for another `output`, and where the boundary of a model of one output cannot be known.

    >>> ax = decision_boundary(lambda x: x[:, 0] - x[:, 1], [[0.0, 1.0], [1.0, 0.0]], [-1, 1])
    >>> ax.get_xlabel()
    '$x_1$'
    """
    points = points_of(x)
    field = Field(model, points, output, resolution, y, loss)
    classes, labels = predicted_classes(y, len(points), field.k)
    names = [label_text(name) for name in (labels if class_names is None else class_names)]
    if len(names) != field.k:
        raise DataError(f"class_names: {len(names)} names for {field.k} classes")
    scores = field.on_grid()
    p = field.probabilities(scores)
    ax = axes(ax, (6.0, 4.8))
    left, right, low, high = field.extent
    ax.imshow(_shades(p, scores.argmax(axis=-1)), extent=field.extent, origin="lower", interpolation="bilinear",
              aspect="auto", zorder=0)
    gx, gy = np.meshgrid(np.linspace(left, right, field.n), np.linspace(low, high, field.n))
    for margin in _margins(scores):
        if (margin < 0).any() and (margin > 0).any():
            ax.contour(gx, gy, margin, levels=[0.0], colors="#222222", linewidths=1.2, zorder=1)
    answers = field.answers(points)
    for k, name in enumerate(names):
        here = points[classes == k]
        ax.scatter(here[:, 0], here[:, 1], s=34, color=COLOURS[k % len(COLOURS)], edgecolor="white", linewidth=0.8,
                   marker=MARKERS[k % len(MARKERS)], label=name, zorder=3)
    wrong = points[answers != classes]
    if len(wrong):
        ax.scatter(wrong[:, 0], wrong[:, 1], s=95, facecolor="none", edgecolor="#111111", linewidth=1.3,
                   label=f"wrong ({len(wrong)} of {len(points)})", zorder=2)
    ax.set(xlim=(left, right), ylim=(low, high), xlabel="$x_1$", ylabel="$x_2$")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), frameon=False, ncols=min(field.k + 1, 5),
              columnspacing=1.0, handletextpad=0.2, borderaxespad=0.2)
    with_font(ax.figure)
    return ax


LARGEST_GRID = 4000          # points along a side: more than any screen has


@dataclass
class Field:
    """A model's answers on a grid around some points; replay keeps it over many steps."""

    model: Callable[[Any], Any]
    points: Array
    output: str | None = None
    resolution: int | None = None
    y: Any = None
    loss: Callable[[Any, Any], Any] | None = None

    def __post_init__(self) -> None:
        function("model", self.model, "a function of points")
        if self.output is not None:
            choice("output", self.output, tuple(NAMED))
        if self.resolution is not None:
            self.resolution = whole_number("resolution", self.resolution, 2, most=LARGEST_GRID)
        if self.output is not None and self.loss is not None:
            raise UsageError("output= and loss= both say how the output is read: give one of them")
        moved = getattr(self.model, "threshold", None) if hasattr(self.model, "probability") else None
        self.function = self.model.probability if moved is not None else self.model     # type: ignore[attr-defined]
        with evaluating(self.model):
            sample, self.by_rows = _answers(self.function, self.points[:3])
        first = sample.flat[0] if isinstance(sample, np.ndarray) and sample.dtype == object else sample
        self.of_values = isinstance(first, BaseValue)
        self.n = self.resolution or (COARSE if self.of_values else FINE)
        outputs = _numbers(sample, min(3, len(self.points))).shape[1]
        self.k, self._single = max(2, outputs), outputs == 1
        self.lies_in, self.targets = range_of(first), None if self.y is None else coding_of(self.y)
        self.like = (1, *np.shape(data_of(sample))[1:])
        self._reading: Reading | None = None
        if outputs > 1:
            self._reading = NAMED[self.output or ("probabilities" if self.lies_in == (0, 1) else "logits")]
        elif moved is not None:
            self._reading = Reading(float(moved), (0.0, 1.0))
        elif self.output is not None:
            self._reading = NAMED[self.output]
        elif self.loss is not None:
            self._reading = by_loss(self.loss, self.targets, self.like, self.lies_in)
        else:
            classes = None if self.y is None else predicted_classes(self.y, len(self.points), self.k)[0]
            self._reading = by_range(self.lies_in, self.targets, self.outputs(self.points), classes)
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        room = np.where(high > low, (high - low) * MARGIN, 1.0)
        (left, bottom), (right, top) = low - room, high + room
        self.extent = float(left), float(right), float(bottom), float(top)

    @property
    def reading(self) -> Reading:
        """How a single output is read. Raises UsageError where that is not known."""
        if self._reading is None:
            raise ask(self.lies_in, self.targets)
        return self._reading

    def learn(self, loss: Node, classes: Array) -> None:
        """See from a training loss of all the points how a single output is read, unless that is known."""
        if self._reading is None:
            self._reading = by_training(loss, self.outputs(self.points)[:, 0], classes, self.targets)

    def outputs(self, points: Array) -> Array:
        """The model's outputs at points (n, 2): an array (n, 1) or (n, k)."""
        # the C engine makes a graph of Values sooner than Python makes none
        with evaluating(self.model), nullcontext() if self.of_values else no_grad():
            raw, _ = _answers(self.function, points, self.by_rows)
        return _numbers(raw, len(points))

    def scores(self, points: Array) -> Array:
        """A score of each class at points (n, 2), (n, k); the class with the greatest is the answer."""
        z = self.outputs(points)
        if not self._single:
            return z
        above = z - self.reading.threshold
        return np.concatenate([-above, above], axis=1)

    def answers(self, points: Array) -> Array:
        """The class at each point, an array (n,); -1 where the outputs are nan."""
        scores = self.scores(points)
        return np.where(np.isnan(scores).any(axis=1), -1, scores.argmax(axis=1))

    def on_grid(self) -> Array:
        """The scores on the grid, rows from low to high: an array (n, n, k)."""
        left, right, low, high = self.extent
        gx, gy = np.meshgrid(np.linspace(left, right, self.n), np.linspace(low, high, self.n))
        return self.scores(np.stack([gx.ravel(), gy.ravel()], axis=1)).reshape(self.n, self.n, -1)

    def probabilities(self, scores: Array) -> Array:
        """How likely each class is by these scores (..., k), an array of the same shape."""
        if self._single:
            second = self.reading.probability(scores[..., 1] + self.reading.threshold)
            p = np.stack([1 - second, second], axis=-1)
        elif self.reading == LOGIT:
            with np.errstate(over="ignore", invalid="ignore"):
                e = np.exp(scores - scores.max(axis=-1, keepdims=True))
                p = e / e.sum(axis=-1, keepdims=True)
        else:
            low, high = self.reading.ends or (0.0, 1.0)
            p = np.clip((scores - low) / (high - low), 0, 1)
        return np.asarray(np.nan_to_num(p, nan=1 / p.shape[-1]))


def points_of(x: Any) -> Array:
    """The data as a float array (n, 2). Raises ShapeError and DataError."""
    points = real_array("x", data_of(x)).astype(float)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ShapeError(f"x: points of the plane have shape (n, 2), and these {points.shape}")
    if not np.isfinite(points).all():
        raise DataError("x: some points are nan or inf")
    return points


def predicted_classes(y: Any, n: int, k: int) -> tuple[Array, list[str]]:
    """The class of each point as an index, and the names of the k classes. Raises ShapeError and DataError."""
    y = np.asarray(data_of(y))
    if y.dtype == object:
        y = np.asarray([data_of(item) for item in y.ravel()]).reshape(y.shape)
    if y.shape == (n, k) and (n, k) != (n, 1):
        return y.argmax(axis=1), [f"class {i}" for i in range(k)]
    if y.shape not in ((n,), (n, 1)):
        raise ShapeError(f"y: {n} points have {n} classes, of shape ({n},), or one-hot rows ({n}, {k}), not {y.shape}")
    y = y.ravel()
    kinds = np.unique(y)
    if y.dtype.kind in "iufb" and set(kinds.tolist()) <= set(range(k)):
        return y.astype(int), [f"class {i}" for i in range(k)]
    if len(kinds) != k and not (k == 2 and y.dtype.kind in "if" and set(kinds.tolist()) <= {-1, 1}):
        raise DataError(f"y has {len(kinds)} classes, and the model tells {k} apart")
    kinds = kinds if len(kinds) == k else np.array([-1, 1])
    names = [f"class {kind:g}" if y.dtype.kind in "if" else str(kind) for kind in kinds]
    return np.searchsorted(kinds, y), names


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """With a Module and its parts in eval(); each is put back as it was."""
    modules = [m for _, m in model.named_modules()] if hasattr(model, "named_modules") else []
    before = [m.training for m in modules]
    try:
        for m in modules:
            m.training = False
        yield
    finally:
        for m, training in zip(modules, before):
            m.training = training


def _answers(model: Callable[[Any], Any], points: Array, by_rows: bool | None = None) -> tuple[Any, bool]:
    """The model's answers, for all points at once if it takes them, else one by one; and which of the two."""
    if not by_rows:
        try:
            raw = model(points)
            _numbers(raw, len(points))
            return raw, False
        except Exception:
            if by_rows is False:
                raise
    rows = [model(list(map(float, point))) for point in points]
    flat = [np.asarray(_unpacked(row), dtype=object).ravel() for row in rows]
    if len({len(row) for row in flat}) != 1:
        raise ShapeError("the model gives another number of outputs for each point")
    return np.stack(flat), True


def _unpacked(row: Any) -> Any:
    return row._data if isinstance(row, Node) and not isinstance(row, BaseValue) else \
        [row] if isinstance(row, BaseValue) or np.ndim(row) == 0 else list(row)


def _numbers(raw: Any, n: int) -> Array:
    """A model's outputs as a float array (n, k). Raises ShapeError."""
    array = np.asarray(data_of(raw) if isinstance(raw, Node) else raw)
    if array.dtype == object:
        array = np.asarray([data_of(v) for v in array.ravel()], dtype=float).reshape(array.shape)
    if array.ndim not in (1, 2) or len(array) != n or array.size == 0:
        raise ShapeError(f"a classifier gives ({n},), ({n}, 1) or ({n}, k) numbers for {n} points, not {array.shape}")
    return array.reshape(n, -1).astype(float)


def _shades(p: Array, top: Array) -> Array:
    """A colour for each point of the grid: nearly white where no class is likelier, its own where one is sure."""
    from matplotlib.colors import to_rgb
    colours = np.array([to_rgb(COLOURS[i % len(COLOURS)]) for i in range(p.shape[-1])])
    k = p.shape[-1]
    sure = np.clip((p.max(axis=-1) - 1 / k) / (1 - 1 / k), 0, 1)[..., None]
    return np.asarray(1 - (0.08 + 0.5 * sure) * (1 - colours[top]))


def _margins(scores: Array) -> Iterator[Array]:
    """For each class how much greater its score is than the greatest other; the boundary is at 0."""
    k = scores.shape[-1]
    for i in range(k if k > 2 else 1):
        yield scores[..., i] - np.delete(scores, i, axis=-1).max(axis=-1)
