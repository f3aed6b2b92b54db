"""What gradient_flow measures of a layer: how large its numbers are, and how its activation fares."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.node import Node, data_of
from ...core.value import BaseValue
from ...errors import UsageError
from ...ops import Op
from ...ops._refusal import shown_in_error
from ..record.states import is_flat, slopes_of
from .layers import LayerNodes, is_activation

Array = np.ndarray[Any, Any]
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)          # of the quantiles of a Spread


@dataclass(frozen=True)
class Spread:
    """How large numbers are: |x| over those that are finite and not 0.

    quantiles   at 5, 25, 50, 75 and 95 %, linear between neighbours; 0 if there are no such numbers
    rms         the root of the mean of x^2 over all finite x
    zeros       the share that is exactly 0
    nonfinite   the share that is nan or inf
    count       how many numbers there are
    """

    quantiles: tuple[float, ...]
    rms: float
    zeros: float
    nonfinite: float
    count: int

    @property
    def median(self) -> float:
        """The quantile at 50 %."""
        return self.quantiles[2]


@dataclass(frozen=True)
class LayerFlow:
    """One layer, by numbers and in words.

    gradient    of its parameters; None if the loss does not depend on them
    activation  of what comes out of it; None if nothing does
    signal      the gradient of what comes out of it
    weights     the parameters themselves
    update      rms of the next step / rms of the parameters; None without an optimizer
    op          the activation, if it ends in one
    dead        the share of units whose activation, one without bounds such as relu, has slope 0 for every sample
    saturated   the share of outputs of a bounded activation, such as tanh, with a slope below 1 % of the steepest
    slope       the mean derivative of its activation; None without one
    steepest    the steepest that its activation is anywhere
    samples     how many outputs each unit has
    status      "healthy", "vanishing", "exploding", "dead", "saturated", "not finite", "unused", "large steps"
    verdict     the same in a sentence
    """

    name: str
    weights: Spread
    gradient: Spread | None
    activation: Spread | None
    signal: Spread | None
    update: float | None
    op: str | None
    dead: float
    saturated: float
    slope: float | None
    steepest: float | None
    samples: int
    status: str = "healthy"
    verdict: str = ""


def spread(x: Array) -> Spread:
    """The Spread of an array's elements.

    >>> spread(np.array([0.0, 1.0, -2.0, 3.0])).quantiles[2], spread(np.array([0.0, 1.0])).zeros
    (2.0, 0.5)
    """
    x = np.abs(x.ravel().astype(float))
    finite = x[np.isfinite(x)]
    some = finite[finite > 0]
    q = np.quantile(some, LEVELS) if some.size else np.zeros(len(LEVELS))
    top = float(some.max()) if some.size else 0.0     # kept out of the square, which could overflow
    rms = top * math.sqrt(float(np.mean((finite / top) ** 2))) if top else 0.0
    n = max(x.size, 1)
    return Spread(tuple(map(float, q)), rms, (finite.size - some.size) / n, (x.size - finite.size) / n, x.size)


def _flat(parts: Iterable[Any]) -> Array:
    """Numbers and arrays as one vector."""
    arrays = [np.ravel(np.asarray(data_of(p), dtype=float)) for p in parts]
    return np.concatenate(arrays) if arrays else np.zeros(0)


def measured(layer: LayerNodes, found: dict[Node, Any], change: Callable[[Node], Any] | None) -> LayerFlow:
    """The numbers of a layer, from the gradients of all nodes; no verdict yet."""
    weights = spread(_flat(layer.parameters))
    reached = [p for p in layer.parameters if p in found]
    update = None
    if change is not None and weights.rms:
        update = spread(_flat(change(p) for p in reached)).rms / weights.rms
    outputs = layer.outputs
    ops = {n.op for n in outputs if is_activation(n)}
    op = next(iter(ops)) if len(ops) == 1 else None
    slopes = _flat(slopes_of(n) for n in outputs if n.op is op) if op is not None else None
    dead, samples = _dead(layer, op)
    return LayerFlow(
        layer.name, weights,
        spread(_flat(found[p] for p in reached)) if reached else None,
        spread(_flat(outputs)) if outputs else None,
        spread(_flat(found[n] for n in outputs if n in found)) if outputs else None,
        update, op.name if op else None, dead,
        float(np.mean(is_flat(op, slopes))) if op is not None and op.is_bounded else 0.0,
        float(np.mean(slopes)) if slopes is not None else None, op.steepest if op else None, samples)


def _dead(layer: LayerNodes, op: Op | None) -> tuple[float, int]:
    """The share of units whose activation lets no gradient through, and how many samples there are."""
    alive: dict[Any, bool] = {}
    samples: dict[Any, int] = {}
    for node, unit in zip(layer.outputs, layer.units):
        if isinstance(node, BaseValue):
            one = node if unit is None else unit         # a Value that is 0 is false
            alive[one] = alive.get(one, False) or (node.op is op is not None and slopes_of(node) != 0)
            samples[one] = samples.get(one, 0) + 1
        elif node.shape:
            data = data_of(node)
            axis = 1 if data.ndim == 4 else data.ndim - 1        # of images the channel is the unit
            slopes = np.broadcast_to(slopes_of(node) if node.op is op is not None else 0.0, data.shape)
            active = np.any(slopes != 0, axis=tuple(i for i in range(data.ndim) if i != axis))
            for i, some in enumerate(active):
                key = (len(active), i)
                alive[key] = alive.get(key, False) or bool(some)
                samples[key] = samples.get(key, 0) + data.size // len(active)
    n = max(samples.values(), default=0)
    can_die = op is not None and not op.is_bounded
    return (float(np.mean([not a for a in alive.values()])) if alive and can_die else 0.0), n


def change_by(optimizer: Any, found: dict[Node, Any]) -> Callable[[Node], Any] | None:
    """What a parameter would change by in the next step."""
    if optimizer is None:
        return None
    if isinstance(optimizer, (int, float, np.number)):
        rate = float(optimizer)
        return lambda p: rate * data_of(found[p])
    if not hasattr(optimizer, "params") or not hasattr(optimizer, "step"):
        raise UsageError(f"an optimizer or a learning rate is needed, not {type(optimizer).__name__} "
                         f"{shown_in_error(optimizer)}")
    trial = copy.deepcopy(optimizer)                 # with parameters and a state of its own
    changes: dict[int, Any] = {}
    for p, twin in zip(optimizer.params, trial.params):
        twin._data, twin._grad = copy.copy(p._data), found.get(p)
    try:
        trial.step()
    except UsageError as error:
        raise UsageError(f"{type(optimizer).__name__} cannot say its next step from one gradient\n"
                         "  help: give a learning rate in its place, or nothing") from error
    for p, twin in zip(optimizer.params, trial.params):
        changes[id(p)] = data_of(twin) - data_of(p)
    return lambda p: changes.get(id(p), np.zeros(p.shape))       # 0 where the optimizer does not have it
