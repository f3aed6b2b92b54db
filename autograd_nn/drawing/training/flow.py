"""gradient_flow: how gradients and activations fare on their way through the layers of a network."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...core.node import Node, topological
from ...core.options import items
from ...core.reverse import cotangents
from ...errors import ShapeError, UsageError
from ...notation.summary import short
from ...ops._refusal import shown_in_error
from .health import overall, verdict
from .layers import check_unchanged, layers_of
from .measure import LayerFlow, Spread, change_by, measured


@dataclass(frozen=True)
class Flow:
    """What `flow_of` found: `layers` first to last, and a `verdict` on the whole. print() shows a table."""

    layers: tuple[LayerFlow, ...]
    verdict: str

    def as_dict(self) -> dict[str, Any]:
        """The same as plain dicts, lists and numbers: a row of a table for each of `["layers"]`."""
        return asdict(self)

    def plot(self, ax: Any = None) -> Any:
        """The figure of gradient_flow. Returns the Axes."""
        from .flow_plot import plot_flows
        return plot_flows({"": self}, ax)

    def __str__(self) -> str:
        head = ["layer", "", "gradient", "activation", "update/weight", "dead", "saturated", "verdict"]
        rows = [head] + [[str(i), layer.name, _middle(layer.gradient), _middle(layer.activation),
                          "-" if layer.update is None else short(layer.update, 2),
                          f"{layer.dead:.0%}", f"{layer.saturated:.0%}", layer.status]
                         for i, layer in enumerate(self.layers, 1)]
        width = [max(len(row[i]) for row in rows) for i in range(len(head))]
        table = ["  ".join(cell.ljust(w) for cell, w in zip(row, width)).rstrip() for row in rows]
        ill = [layer.verdict for layer in self.layers if layer.status != "healthy"]
        return "\n".join([*table, *(ill or [self.verdict])])


def gradient_flow(model: Any, loss: Any, optimizer: Any = None, *, labels: Iterable[str] | None = None,
                  ax: Any = None) -> Any:
    """One figure of a network's health, layer by layer, with a verdict in words. Returns the Axes.

    Rows are layers. Columns are the sizes of the gradients (of the parameters) and of the activations
    as quantiles at 5, 25, 50, 75 and 95 % on a logarithmic scale, exact zeros left out; the size of
    the next step relative to the weights; and the share of dead relu units and of saturated sigmoids
    and tanhs. `flow_of` gives the same as numbers, and as text.

    model       a Module, or a list of parameters; or a list, or a dict by name, of Modules to compare
    loss        the finished loss (a Value, or a Tensor of one element), or a function that computes
                it; for several models a list or dict of them. Take it before the optimizer's step,
                which changes the parameters. `.grad` is neither needed nor touched.
    optimizer   an Optimizer, or a learning rate, for the update-to-weight ratio: a list or dict for
                several models
    labels      the names of several models
    ax          Axes to draw in; a new figure by default. Its panels are `ax.child_axes`.

    Raises UsageError and ShapeError as flow_of does, and UsageError for lists of different lengths.

    >>> from autograd_nn import nn
    >>> model = nn.MLP(2, 8, 1, rng=0)
    >>> axes = gradient_flow(model, nn.mse_loss(model([[1.0, 2.0]]), [[0.0]]))
    >>> [panel.get_title() for panel in axes.child_axes][:2]
    ['gradient', 'activation']
    """
    from .flow_plot import plot_flows
    labels = None if labels is None else items("gradient_flow: labels", labels, "names")
    if isinstance(model, Mapping):
        names: list[Any] = list(model)
        models = list(model.values())
        labels = labels or names
    else:
        several = isinstance(model, (list, tuple)) and any(hasattr(m, "named_parameters") for m in model)
        models = list(model) if several else [model]
        names = list(range(len(models))) if several else []
    if not names:
        return plot_flows({next(iter(labels or ()), ""): flow_of(model, loss, optimizer)}, ax)
    flows = [flow_of(*one) for one in zip(models, _each(loss, names, "losses"), _each(optimizer, names, "optimizers"))]
    titles = [str(label) for label in labels] if labels is not None else [f"model {i + 1}" for i in names]
    if len(set(titles)) != len(flows):
        raise UsageError(f"{len(flows)} models need {len(flows)} different labels, not {titles}")
    return plot_flows(dict(zip(titles, flows)), ax)


def flow_of(model: Any, loss: Any, optimizer: Any = None) -> Flow:
    """The numbers behind `gradient_flow(model, loss)`, for one model.

    Arguments as there. The gradients are computed anew, and nothing is written anywhere. A copy
    of the optimizer takes its next step, on copies of the parameters.

    Raises UsageError for a model without parameters, for what is no loss, and for a loss that does
    not depend on the model, or was computed before the parameters changed; ShapeError for a loss of more
    than one element.

    >>> from autograd_nn import nn
    >>> model = nn.MLP(2, 8, 8, 1, activation="sigmoid", rng=0)
    >>> flow = flow_of(model, nn.mse_loss(model([[1.0, 2.0], [3.0, -1.0]]), [[0.0], [1.0]]), optimizer=0.1)
    >>> [layer.name for layer in flow.layers], flow.layers[0].op
    (['layers.0', 'layers.1', 'layers.2'], 'sigmoid')
    """
    loss = loss() if callable(loss) and not isinstance(loss, Node) and not hasattr(loss, "parameters") else loss
    if isinstance(loss, np.ndarray) and loss.dtype == object and loss.size == 1:
        loss = loss.item()
    if not isinstance(loss, Node):
        raise UsageError(f"the loss is a Value or Tensor, not {type(loss).__name__} {shown_in_error(loss)}")
    if math.prod(loss.shape) != 1:
        raise ShapeError(f"a loss is a single number, and this has shape {loss.shape}\n"
                         "  help: reduce it, as in y.mean()")
    order = topological([loss])
    layers = layers_of(model, order)
    check_unchanged(order, {p for layer in layers for p in layer.parameters})
    if not any(layer.used for layer in layers):
        raise UsageError(f"the loss does not depend on any parameter of this {type(model).__name__}\n"
                         "  help: was it computed by another model, or under no_grad()?")
    found = cotangents({loss: loss._one()})
    change = change_by(optimizer, found)
    rows = [measured(layer, found, change) for layer in layers]
    judged = [verdict(i, rows) for i in range(len(rows))]
    return Flow(tuple(judged), overall(judged))


def _each(given: Any, names: list[Any], what: str) -> list[Any]:
    """One for each model: by name, in order, or (not a loss) the same for all."""
    if isinstance(given, Mapping) and set(given) == set(names):
        return [given[name] for name in names]
    if isinstance(given, (list, tuple)) and len(given) == len(names):
        return list(given)
    if what == "optimizers" and (given is None or isinstance(given, (int, float))):
        return [given] * len(names)
    raise UsageError(f"{len(names)} models need {len(names)} {what}, in a list or in a dict of the same names")


def _middle(s: Spread | None) -> str:
    return "-" if s is None else short(s.median, 2)
