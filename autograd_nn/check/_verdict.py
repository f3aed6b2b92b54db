"""An analytic derivative judged by a numerical one: four verdicts, of which one is a failure."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

from ..core.options import instance, real_number
from ._derivative import Derivative
from ._quotients import Side

# "Relative" is beside the larger of the two derivatives. A "bar" is the error bar of the numerical one.
RTOL = 1e-5             # relative difference: a smaller one may come from rounding or iteration and refuses nothing
SURE = 5e-7             # relative difference: a larger one, if it is also above DOUBT bars, confirms nothing
DOUBT = 4.0             # bars
RESOLUTION = 5e-5       # relative bar: a wider one might hide an error of 0.01 %, and confirms nothing
ZERO = 1e-6             # bar beside the slopes of f nearby: up to this width it confirms a derivative of 0
NOISY = 1e-6            # relative bar: a wider one was measured from noise, and its width is a matter of chance
CHANCE = 16.0           # bars that a derivative must be off to be refused, where the bar is wider than NOISY
ROUGH = 1e-2            # relative bar: a wider one is a rough guess, as f may change over the steps that measure noise
CAUTION = 50.0          # bars that a derivative must be off to be refused, where the bar is wider than ROUGH


class Verdict(enum.StrEnum):
    """What can be said of an analytic derivative. Only DISAGREE is a failure.

    >>> print(Verdict.NOT_DIFFERENTIABLE)
    not differentiable here
    """

    AGREE = "agree"
    DISAGREE = "disagree"
    NOT_DIFFERENTIABLE = "not differentiable here"
    INCONCLUSIVE = "inconclusive"


def judge(analytic: float, numeric: Derivative, second: float | None = None) -> Verdict:
    """The verdict on `analytic`; `second` is a second opinion, as `complex_step` gives.

    disagree       it lies outside the error bar, of a noisy f by several bars, and off by more than 0.001 %
    agree          it lies within, and the bar is so narrow that an error of 0.01 % would lie outside;
                   or it is 0 and the bar is narrow beside the slopes of f nearby; or the second
                   opinion lies within the bar and confirms it
    inconclusive   the bar is wider than that, or the differences say nothing; or it lies outside, but
                   off by so little (0.00005 % to 0.001 %) that rounding or an iteration may be the reason

    At a kink it disagrees where it lies outside the closed interval of the one-sided derivatives; inside and at
    its ends it is "not differentiable here". A nan disagrees wherever f has values.

    >>> from autograd_nn.check import differentiate
    >>> d = differentiate(lambda x: x ** 3, 2.0)
    >>> print(judge(12.0, d), judge(12.001, d), sep=", ")
    agree, disagree
    """
    analytic = real_number("judge: analytic", analytic)
    instance("judge: numeric", numeric, Derivative, "what differentiate gives")
    second = None if second is None else real_number("judge: second", second)
    if math.isnan(analytic) and numeric.sides:
        return Verdict.DISAGREE
    if numeric.kind == "kink":
        return Verdict.DISAGREE if outside(analytic, numeric) else Verdict.NOT_DIFFERENTIABLE
    if numeric.kind == "unclear" or not math.isfinite(numeric.bar):
        return Verdict.INCONCLUSIVE
    if not math.isfinite(analytic):
        return Verdict.DISAGREE
    gap, size = abs(analytic - numeric.value), max(abs(analytic), abs(numeric.value))
    bar = max(numeric.bar, numeric.negligible)
    if gap > max(caution(numeric.bar, size) * bar, RTOL * size):
        tread = numeric.tread                   # on a step of a staircase its slope is the derivative, too
        on_it = tread is not None and abs(analytic - tread.value) <= max(tread.bar, RTOL * abs(analytic))
        return Verdict.INCONCLUSIVE if on_it else Verdict.DISAGREE
    if gap > max(bar, RTOL * size) or gap > max(DOUBT * bar, SURE * size):
        return Verdict.INCONCLUSIVE
    zero = analytic == 0 and numeric.bar <= max(ZERO * numeric.slope, numeric.negligible)
    if zero or max(gap, numeric.bar) <= RESOLUTION * size:
        return Verdict.AGREE
    if second is not None and abs(second - numeric.value) <= bar and abs(second - analytic) <= RTOL * abs(second):
        return Verdict.AGREE
    return Verdict.INCONCLUSIVE


def caution(bar: float, size: float) -> float:
    """How many bars are needed to refuse something of this size."""
    return CAUTION if bar > ROUGH * size else CHANCE if bar > NOISY * size else 1.0


def outside(analytic: float, numeric: Derivative) -> bool:
    """Whether it lies outside the closed interval of the one-sided derivatives, by more than their bars.

    Where one of them is infinite no finite slope is too steep, and 0 is what such a slope is often clipped to.
    """
    ends = sorted(numeric.sides.values())
    if not ends or any(math.isinf(bar) for _, bar in ends):
        return False
    if math.isinf(analytic):
        return all(value != analytic for value, _ in ends)
    height = ends[-1].value - ends[0].value if ends[0].value < ends[-1].value else 0.0
    flat = Side(0.0, 0.0)
    low = flat if ends[0].value == math.inf else ends[0]
    high = flat if ends[-1].value == -math.inf else ends[-1]

    def allowed(end: Side) -> float:
        size, bar = max(abs(analytic), abs(end.value)), max(end.bar, numeric.negligible)
        return max(min(caution(bar, size) * bar, max(height, DOUBT * bar)), RTOL * size)
    return low.value - analytic > allowed(low) or analytic - high.value > allowed(high)


@dataclass(frozen=True)
class Finding:
    """What was found at one place: an element of an input, or a direction. Its str() is one line.

    where   e.g. "input 0 [3, 1]"

    >>> from autograd_nn.check import differentiate
    >>> d = differentiate(abs, 0.0)
    >>> print(Finding("input 0", 0.0, d, judge(0.0, d)))                  # doctest: +ELLIPSIS
    not differentiable here: left -1 +- ...e-16, right 1 +- ...e-16, analytic 0 lies between, at input 0
    """

    where: str
    analytic: float
    numeric: Derivative
    verdict: Verdict

    def __str__(self) -> str:
        n = self.numeric
        known = [f"{name} {value:.10g}" + (f" +- {bar:.0e}" if bar else "") for name, (value, bar) in n.sides.items()
                 if math.isfinite(bar)]
        if n.kind == "kink" and known:
            text = f"{', '.join(known)}, analytic {self.analytic:.10g}"
            if len(known) > 1 or not self.between:
                text += f" {'lies' if self.between else 'does not lie'} {'between' if len(known) > 1 else 'there'}"
        elif math.isfinite(n.bar):
            text = f"numeric {n.value:.10g} +- {n.bar:.0e}, analytic {self.analytic:.10g}"
            gap = abs(self.analytic - n.value)
            if self.verdict is Verdict.INCONCLUSIVE and DOUBT * n.bar < gap <= RTOL * abs(n.value):
                text += f", off by {gap / abs(n.value):.0e} of it and {gap / n.bar:.0e} bars"
            if self.verdict is Verdict.DISAGREE and n.value:
                text += f", ratio {self.analytic / n.value:.6g}"
        else:
            text = f"analytic {self.analytic:.10g}"
        place = f", at {self.where}" if self.where else ""
        reason = f" ({n.reason})" if n.reason and not n.reason.startswith("a kink") else ""
        return f"{self.verdict}: {text}{place}{reason}"

    @property
    def between(self) -> bool:
        """Whether the analytic value lies between the left and the right derivative, as a subgradient does."""
        return not (math.isnan(self.analytic) or outside(self.analytic, self.numeric))
