"""The verdict on the layers of a network, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ...notation.summary import short

if TYPE_CHECKING:
    from .measure import LayerFlow, Spread

FAR = 1e3
"""So many times smaller or larger than in another layer is vanishing or exploding."""
MOST = 0.5
"""The share of units from which on a layer is called dead or saturated."""
FEW = 8
"""With fewer samples a unit that is 0 for all of them need not be dead."""
LARGE = 0.1
"""A step of this share of the weights is large; about 0.001 is usual."""
SEVERITY = ("not finite", "exploding", "vanishing", "dead", "saturated", "unused", "large steps", "healthy")


def verdict(i: int, layers: Sequence[LayerFlow]) -> LayerFlow:
    """Layer i with its `status`, and its `verdict` in a sentence."""
    status, reason = _judge(i, layers)
    layer = layers[i]
    median = f"median gradient {short(layer.gradient.median, 2)}, " if layer.gradient else ""
    return replace(layer, status=status, verdict=f"layer {i + 1}: {median}{status}{': ' * bool(reason)}{reason}")


def overall(layers: Sequence[LayerFlow]) -> str:
    """The gravest of the verdicts, and which layers share it."""
    worst = min((layer.status for layer in layers), key=SEVERITY.index)
    if worst == "healthy":
        medians = [layer.gradient.median for layer in layers if layer.gradient]
        return f"all {len(layers)} layers are healthy: median gradients from {short(min(medians), 2)} " \
               f"to {short(max(medians), 2)}"
    these = [i for i, layer in enumerate(layers, 1) if layer.status == worst]
    alike = "" if len(these) == 1 else f" ({worst}: {_ranges(these)} of {len(layers)})"
    return layers[these[0] - 1].verdict + alike


def _judge(i: int, layers: Sequence[LayerFlow]) -> tuple[str, str]:
    layer = layers[i]
    g, a = layer.gradient, layer.activation
    if g is None:
        return "unused", "the loss does not depend on its parameters"
    for what, s in (("gradients", g), ("activations", a), ("weights", layer.weights)):
        if s is not None and s.nonfinite:
            return "not finite", f"{s.nonfinite:.0%} of its {what} are nan or inf"
    if not g.rms:
        return _nothing(i, layers)
    if layer.dead > MOST and layer.samples >= FEW:
        return "dead", f"{layer.dead:.0%} of its {layer.op} units have slope 0 for all {layer.samples} samples"
    later = [x for x in layers[i + 1:] if x.gradient is not None]
    most = max((x.gradient.rms for x in later if x.gradient), default=0.0)
    if g.rms * FAR < most:
        return "vanishing", _why_small(layers[i:], g.rms / most)
    grown = _ratio(layer.signal, later[-1].signal) if later else 0.0
    swollen = _ratio(a, layers[0].activation)
    if max(grown, 1.0) * max(swollen, 1.0) > FAR:        # a gradient of weights is the product of the two
        reasons = [(grown, "the gradient of its outputs is {} times the last layer's"),
                   (swollen, "its outputs are {} times those of layer 1")]
        ratio, reason = max(reasons)
        return "exploding", reason.format(short(ratio, 2))
    if layer.saturated > MOST:
        return "saturated", f"{layer.saturated:.0%} of its {layer.op} outputs have a slope near 0"
    if layer.update is not None and layer.update > LARGE:
        return "large steps", f"the next step is {short(layer.update, 2)} of the weights' size; about 0.001 is usual"
    return "healthy", ""


def _nothing(i: int, layers: Sequence[LayerFlow]) -> tuple[str, str]:
    """Why a layer's gradient is exactly 0."""
    for j, layer in enumerate(layers[i:], i):
        if layer.dead == 1:
            whose = "its" if j == i else f"layer {j + 1}'s"
            return "dead", f"all of {whose} {layer.op} units have slope 0, and let no gradient through"
    return ("saturated", "exactly 0: the activations after it are flat") if any(x.saturated for x in layers[i:]) \
        else ("vanishing", "exactly 0: nothing comes back from the loss")


def _why_small(layers: Sequence[LayerFlow], share: float) -> str:
    """What makes the gradient shrink between a layer and the end."""
    lead = f"{short(share, 2)} of a later layer's"
    ops = [layer.op for layer in layers if layer.op]
    op = max(ops, key=ops.count) if ops else None
    steepest = next((layer.steepest for layer in layers if layer.op == op), None)
    flat = max((layer.saturated for layer in layers), default=0.0)
    if steepest is not None and steepest < 1:
        return f"{lead}; {op}'s derivative is at most {short(steepest, 3)}"
    if op and flat > MOST:
        return f"{lead}; up to {flat:.0%} of the {op} outputs are saturated"
    return f"{lead}; the weights are too small to carry it back"


def _ratio(a: Spread | None, b: Spread | None) -> float:
    return a.rms / b.rms if a is not None and b is not None and b.rms else 0.0


def _ranges(numbers: Sequence[int]) -> str:
    """1, 2, 3, 7 as "layers 1–3, 7"."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    return "layers " + ", ".join(f"{r[0]}–{r[-1]}" if len(r) > 1 else str(r[0]) for r in runs)
