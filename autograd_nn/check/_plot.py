"""The V curve of a numerical derivative: truncation falls with the step, rounding rises."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.options import axes_or_none
from ._derivative import Derivative
from ._samples import Samples
from ._verdict import Finding, Verdict

Array = np.ndarray[Any, Any]
DOTS, TRUNCATION, ROUNDING, ANALYTIC = "#222222", "#0072B2", "#D55E00", "#009E73"
LEVELS = 46                      # halvings of the step, from the largest to below the spacing of floats
FLOOR = 1e-17                    # relative error: smaller ones, and 0, are drawn at this height


def plot_finding(finding: Finding, f: Callable[[float], float], x: float, ax: Any = None) -> Any:
    """Draw the error of (f(x+h) - f(x-h)) / 2h against h. Returns the Axes.

    Against the extrapolated derivative, that is: its own error bar is the band at the bottom, and
    the step that it was extrapolated from is marked. The lines are the laws of the two errors,
    truncation c h^2 and rounding noise / h. Where the analytic derivative disagrees, a line shows
    by how much. At a kink it is the difference of the right and left quotients that is drawn,
    which for a smooth function would vanish with h.
    """
    n = finding.numeric
    if ax is None:
        import matplotlib.pyplot as plt
        _, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    axes_or_none("plot: ax", ax)
    ax.set_xscale("log")
    ax.set_yscale("log")
    samples = Samples(f, x)
    top = n.steps[0].h if n.steps else abs(x) or 1.0
    h = top * 2.0 ** -np.arange(LEVELS)
    h = h[(x + h > x) & (x - h < x) & (h > 1e-17 * top)]
    with np.errstate(all="ignore"):
        up, down = (np.array([samples.at(x + s * sign) for s in h]) for sign in (1.0, -1.0))
        if finding.verdict is Verdict.NOT_DIFFERENTIABLE:
            _kink(ax, n, h, np.abs(up - 2 * samples.centre + down) / h)
        else:
            _curve(ax, finding, h, np.abs((up - down) / (2 * h) - n.value))
    ax.set_xlabel("step h")
    ax.set_title(f"{finding.where}: {finding.verdict}", loc="left", fontsize="medium")
    ax.grid(alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=True, framealpha=0.9, edgecolor="none", fontsize="small", loc="upper center")
    return ax


def _curve(ax: Any, finding: Finding, h: Array, error: Array) -> None:
    n = finding.numeric
    ax.set_ylabel("absolute error")
    seen = np.isfinite(error)
    if not math.isfinite(n.value) or not seen.any():
        ax.text(0.5, 0.5, n.reason or "no finite difference", transform=ax.transAxes, ha="center", wrap=True)
        return
    noise = n.noise if n.noise and n.noise > 0 else 0.0
    bottom = FLOOR * max(abs(n.value), n.bar if math.isfinite(n.bar) else 0.0, 1e-290)
    ax.plot(h[seen], np.maximum(error[seen], bottom), "o", color=DOTS, ms=3.5, label="central difference")
    truncated = seen & (error > 30 * noise / h) & (error > 30 * bottom) & (error < 0.1 * error[seen].max())
    if truncated.sum() >= 3:
        c = np.median((error / h ** 2)[truncated][-5:])
        line = c * h ** 2
        ax.plot(h, np.where(line > error[seen & (error > 0)].min() / 30, line, np.nan), color=TRUNCATION, lw=1.4,
                label="truncation, c h²")
    if noise:
        line = noise / h
        ax.plot(h, np.where(line < 10 * error[seen].max(), line, np.nan), color=ROUNDING, lw=1.4,
                label="rounding, noise / h")
    gap = abs(finding.analytic - n.value)
    if finding.verdict is Verdict.DISAGREE and math.isfinite(gap):
        ax.axhline(gap, color=ANALYTIC, lw=1.8, label=f"analytic derivative: off by {gap:.0e}")
    known = [v for v in (*error[seen], n.bar) if bottom < v < math.inf]
    low = min(known, default=bottom) / 8
    high = max([*known, gap if math.isfinite(gap) else 0.0, 10 * low])
    high *= (high / low) ** 0.55                         # room for the legend
    ax.set_ylim(low, high)
    if 0 < n.bar < math.inf:
        ax.axhspan(low, n.bar, color="0.5", alpha=0.2, lw=0, label=f"error bar of the result: ± {n.bar:.0e}")
    if math.isfinite(n.step):
        ax.axvline(n.step, color="0.35", lw=1.2, ls="--", label=f"chosen step: {n.step:.0e}, extrapolated from there")


def _kink(ax: Any, n: Derivative, h: Array, gaps: Array) -> None:
    ax.set_ylabel("right minus left quotient")
    seen = np.isfinite(gaps) & (gaps > 0)
    if not seen.any():
        ax.text(0.5, 0.5, n.reason, transform=ax.transAxes, ha="center", wrap=True)
        return
    ax.plot(h[seen], gaps[seen], "o", color=DOTS, ms=3.5, label="|right - left| difference quotient")
    gap = abs(n.right.value - n.left.value)
    if 0 < gap < math.inf:
        ax.axhline(gap, color=ANALYTIC, lw=1.8, zorder=1,
                   label=f"left {n.left.value:.4g}, right {n.right.value:.4g}: they do not meet")
    ax.set_ylim(gaps[seen].min() / 30, gaps[seen].max() * 100)
