"""The figure of gradient_flow: a row for each layer, a column for each thing measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from .axes import COLOURS, MARKERS, axes, label_text, with_font

if TYPE_CHECKING:
    from .flow import Flow
    from .measure import LayerFlow, Spread

COLUMNS = (("gradient", 0.0, 0.29), ("activation", 0.33, 0.19), ("update / weight", 0.56, 0.16),
           ("dead, saturated", 0.76, 0.14))
"""Title, left edge and width of each panel, in shares of the Axes; the words stand to the right of the last."""
SEEN = 40
"""Layers, at most, of which each has a label; in a deeper network every second or third one has."""
LETTER = 6.0
"""The width of a letter of the heading, about, in points. A larger one breaks the lines earlier."""


def plot_flows(flows: Mapping[str, Flow], ax: Any = None) -> Any:
    """Draw one or more flows into `ax`, side by side in each row. Returns it; the panels are its child_axes."""
    rows = max(len(flow.layers) for flow in flows.values())
    height = min(max(rows, 3), SEEN) * max(0.34, 0.25 * len(flows))
    ax = axes(ax, (10.5, 1.6 + height + 0.2 * len(flows)))
    ax.set_axis_off()
    panels = [ax.inset_axes((left, 0.0, width, 1.0)) for _, left, width in COLUMNS]
    step = 0.8 / len(flows)
    for k, flow in enumerate(flows.values()):
        offset = (k - (len(flows) - 1) / 2) * step
        y = np.arange(1, len(flow.layers) + 1) + offset
        colour, marker = COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)]
        style = {"color": colour, "marker": marker}
        _spreads(panels[0], y, [x.gradient for x in flow.layers], style)
        _spreads(panels[1], y, [x.activation for x in flow.layers], style)
        _dots(panels[2], y, [x.update for x in flow.layers], style)
        panels[3].barh(y, [max(x.dead, x.saturated) for x in flow.layers], height=0.8 * step, color=colour,
                       hatch="////" if k % 2 else None, edgecolor="white", linewidth=0)
        _words(panels[3], y, flow, colour)
    _dress(panels, flows, rows)
    _heading(ax, [f"{label}: {flow.verdict}" if label else flow.verdict for label, flow in flows.items()])
    with_font(ax.figure)
    return ax


def _spreads(panel: Any, y: Any, spreads: list[Spread | None], style: dict[str, Any]) -> None:
    """A thin line from 5 to 95 %, a thick one from 25 to 75 %, and the median."""
    shown = [(at, s.quantiles) for at, s in zip(y, spreads) if s is not None and s.median > 0]
    for at, (low, lower, _, upper, high) in shown:
        panel.plot([low, high], [at, at], color=style["color"], lw=1, alpha=0.7, solid_capstyle="butt")
        panel.plot([lower, upper], [at, at], color=style["color"], lw=4, alpha=0.45, solid_capstyle="butt")
    _dots(panel, [at for at, _ in shown], [q[2] for _, q in shown], style)


def _dots(panel: Any, y: Any, x: list[float | None], style: dict[str, Any]) -> None:
    seen = [(value, at) for value, at in zip(x, y) if value]
    if seen:
        panel.plot(*zip(*seen), ls="", ms=5, markeredgecolor="white", markeredgewidth=0.6, **style)


def _words(panel: Any, y: Any, flow: Flow, colour: str) -> None:
    """The verdict on each layer at the right of its row."""
    every = -(-len(flow.layers) // SEEN)
    for i, (at, layer) in enumerate(zip(y, flow.layers)):
        well = layer.status == "healthy"
        if well and i % every:
            continue
        panel.annotate(layer.status + _zeros(layer), (1.0, at), xycoords=("axes fraction", "data"), xytext=(8, 0),
                       textcoords="offset points", va="center", fontsize="small", annotation_clip=False,
                       color="0.45" if well else colour, fontweight="normal" if well else "bold")


def _zeros(layer: LayerFlow) -> str:
    return " (gradient 0)" if layer.gradient is not None and layer.gradient.zeros == 1 else ""


def _dress(panels: list[Any], flows: Mapping[str, Flow], rows: int) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator, PercentFormatter
    longest = max(flows.values(), key=lambda flow: len(flow.layers))
    every = -(-rows // SEEN)
    ticks = range(1, rows + 1, every)
    names = [label_text(f"{i}  {longest.layers[i - 1].name}" if len(flows) == 1 else f"layer {i}") for i in ticks]
    for panel, (title, _, _) in zip(panels, COLUMNS):
        panel.set_title(title, fontsize="medium")
        panel.set_ylim(rows + 0.6, 0.4)
        panel.set_yticks(list(ticks), names if panel is panels[0] else [""] * len(names))
        panel.tick_params(axis="y", length=0)
        panel.tick_params(axis="x", labelsize="small")
        panel.spines[["top", "right", "left"]].set_visible(False)
        panel.grid(axis="x", alpha=0.3, lw=0.6)
        panel.set_axisbelow(True)
        for i in range(2, rows + 1, 2):                  # shades every other row, across the panels
            panel.axhspan(i - 0.5, i + 0.5, color="0.5", alpha=0.08, lw=0)
    for panel in panels[:3]:
        if not panel.lines:
            panel.set_xticks([])
            panel.text(0.5, 0.5, "no optimizer given" if panel is panels[2] else "none", transform=panel.transAxes,
                       ha="center", va="center", color="0.45", fontsize="small", rotation=90)
            continue
        panel.set_xscale("log")
        decades = np.diff(np.log10(panel.get_xlim()))[0]
        if decades < 2:                                  # two ticks at least
            middle = np.mean(np.log10(panel.get_xlim()))
            panel.set_xlim(10 ** (middle - 1.1), 10 ** (middle + 1.1))
        panel.xaxis.set_major_locator(LogLocator(numticks=5 if panel is panels[0] else 4))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.xaxis.set_major_formatter(FuncFormatter(_power))
    if panels[2].lines:
        panels[2].axvline(1e-3, color="0.4", lw=0.9, ls=":")
        panels[2].annotate("usual", (1e-3, 1), xycoords=("data", "axes fraction"), xytext=(2, -1), color="0.4",
                           textcoords="offset points", fontsize="x-small", va="top")
    panels[3].set_xlim(0, 1)
    panels[3].set_xticks([0, 0.5, 1])
    panels[3].xaxis.set_major_formatter(PercentFormatter(1.0))


def _heading(ax: Any, verdicts: list[str]) -> None:
    """The verdict on each model, in its colour."""
    from matplotlib import rcParams
    up, width = 26.0, ax.get_window_extent().width * 72 / ax.figure.dpi
    for k, text in reversed(list(enumerate(verdicts))):
        lines = wrap(text, max(30, int(width / LETTER)))
        ax.annotate(label_text("\n".join(lines)), (0.0, 1.0), xycoords="axes fraction", xytext=(0, up),
                    textcoords="offset points", fontsize=9.5, fontweight="bold", annotation_clip=False,
                    color=rcParams["text.color"] if len(verdicts) == 1 else COLOURS[k % len(COLOURS)])
        up += 13.5 * len(lines)


_power: Callable[[float, int], str] = lambda x, _: f"$10^{{{round(np.log10(x))}}}$" if x > 0 else "0"
