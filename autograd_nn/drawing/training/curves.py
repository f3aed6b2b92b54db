"""plot_history: the curves of a training run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...core.options import string
from ...errors import DataError, UsageError
from .axes import COLOURS, axes, label_text, with_font

DECADES = 2
"""Powers of ten: a curve that spans at least this many is drawn on a logarithmic scale."""
# What stands before the name of a metric for each part of the data: "train_loss", "val_loss".
TRAINING, VALIDATION = ("train", "training"), ("val", "valid", "validation", "dev")
RISING = ("acc", "accuracy", "score", "f1", "auc", "precision", "recall", "r2")
"""Words in the name of a metric of which more is better."""


def plot_history(history: Mapping[str, Sequence[float]], metric: str | None = None, ax: Any = None) -> Any:
    """Draw the training and validation curves of one metric, and mark the best epoch. Returns the Axes.

    history     a list for each curve: "loss" and "val_loss", or "train_loss" and "val_loss", and the like.
                "epoch" or "step", if it is there, says where the numbers stand; else they are epochs 1, 2, ...
    metric      which: "loss" by default, or else the first

    The scale is logarithmic where the numbers are positive and span two powers of ten. Best is the least
    validation value (training, if there is none), or the greatest of an accuracy. A nan leaves a gap.
    Raises UsageError for what is no such history, or has no such metric; DataError for lists of no numbers.

    >>> ax = plot_history({"loss": [1.0, 0.1, 0.001], "val_loss": [1.0, 0.3, 0.4]})
    >>> ax.get_yscale(), [line.get_label() for line in ax.lines if line.get_label()[0] != "_"]
    ('log', ['training', 'validation', 'best: 0.3 in epoch 2'])
    """
    if not isinstance(history, Mapping):
        raise UsageError(f"a history is a dict of lists, not {type(history).__name__}")
    unit = next((key for key in ("epoch", "step") if key in history), "epoch")
    curves = [(key, *_parsed(str(key))) for key in history if key != unit]
    metrics = list(dict.fromkeys(name for _, name, _ in curves))
    metric = string("plot_history: metric", metric) if metric is not None else \
        ("loss" if "loss" in metrics else next(iter(metrics), None))
    if metric not in metrics:
        raise UsageError(f"the history has no {metric!r}; it has {', '.join(map(str, metrics)) or 'nothing'}")
    shown = [(key, part, _numbers(str(key), history[key])) for key, name, part in curves if name == metric]
    places = _numbers(unit, history[unit]) if unit in history else None

    ax = axes(ax, (6.4, 4.0))
    used = np.concatenate([values for _, _, values in shown])
    used = used[np.isfinite(used)]
    if used.size and used.min() > 0 and used.max() >= 10 ** DECADES * used.min():
        ax.set_yscale("log")
    drawn: dict[str, tuple[Any, Any]] = {}
    styles = {"training": (COLOURS[0], "-"), "validation": (COLOURS[1], "--")}
    for i, (key, part, values) in enumerate(shown):
        x = places if places is not None and len(places) == len(values) else np.arange(1, len(values) + 1)
        colour, dashes = styles.get(part, (COLOURS[2 + i % 6], "-."))
        ax.plot(x, values, color=colour, ls=dashes, lw=1.8, marker="o" if len(values) < 20 else None, ms=3.5,
                label=label_text(part or key))
        drawn.setdefault(part, (x, values))
    if drawn:
        _mark_best(ax, drawn.get("validation") or next(iter(drawn.values())), metric, unit)
    ax.set_xlabel(unit)
    ax.set_ylabel(label_text(metric))
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    with_font(ax.figure)
    return ax


def _parsed(key: str) -> tuple[str, str]:
    """The metric and the part of the data that a name such as "val_loss" says."""
    for part, words in (("training", TRAINING), ("validation", VALIDATION)):
        for word in words:
            for joint in "_/ .":
                if key.startswith(word + joint):
                    return key[len(word) + 1:], part
    head, _, rest = key.partition("_")
    return (rest, head) if head == "test" and rest else (key, "training")


def _numbers(key: str, values: Any) -> Any:
    try:
        array = np.asarray([np.nan if v is None else float(v) for v in values])
    except (TypeError, ValueError):
        raise DataError(f"history[{key!r}] is no list of numbers") from None
    if not array.size:
        raise DataError(f"history[{key!r}] is empty: nothing has been recorded yet")
    return array


def _mark_best(ax: Any, curve: tuple[Any, Any], metric: str, unit: str) -> None:
    x, values = curve
    if not np.isfinite(values).any():
        return
    rises = any(word in RISING for word in metric.lower().replace("-", "_").split("_"))
    clean = np.where(np.isfinite(values), values, -np.inf if rises else np.inf)
    i = int(clean.argmax() if rises else clean.argmin())
    ax.axvline(x[i], color="0.5", lw=0.9, ls=":", zorder=0)
    ax.plot([x[i]], [values[i]], ls="", marker="*", ms=12, color="#222222", markeredgecolor="white", zorder=4,
            label=f"best: {values[i]:.3g} in {unit} {x[i]:g}")
