"""The derivative of a function of one number, with an error bar that is measured and not assumed.

How it decides is told in the README beside this file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import numpy as np

from ..core.options import above_zero, function, real_number
from ._flat import FINE, ROUNDING, plateau
from ._noise import Noise, hidden_steps, noise, noise_of_both_sides, together
from ._quotients import Quotients, Side
from ._rounding import EPS
from ._samples import Samples

Kind = Literal["smooth", "kink", "unclear"]

FIRST = 13                              # number of steps that are tried first: scale * 2^-k for k below it
# The k of the steps that are tried where the first ones settle nothing.
MORE = (*range(13, 28), *range(28, 46, 2), *range(48, 120, 6))
TIGHT = 1e-6                            # relative bar: with a narrower one no more steps are tried
CALM = 2.0                              # times eps |f|: noise above it may be a ripple, and is looked at closely
CLOSEST = ((6, 1.0), (8, -1.0), (9, 1.0))      # windows for that: (k of their width in floats, 2^k; side)
RIPPLE = 8.0                            # times the noise in those: more noise in wider windows is a ripple
FINELY = 5e-5                           # relative bar: with a wider one the slope of a ripple is not known
TINY = 2.0 ** -24                       # step beside the scale, to see what f does close to x
NEAR = ((9, 1.0), (24, -1.0))           # windows in which noise is measured: (k of their width scale * 2^-k, side)
# The k of the windows for the hard cases, on both sides, as far as floats allow.
WINDOWS = (3, 6, 9, 14, 19, 24, 29, 34, 39, 44, 60, 80)


class Step(NamedTuple):
    """One point of the V curve: a central difference, and what its truncation and noise are taken for."""

    h: float
    estimate: float
    truncation: float
    noise: float


@dataclass(frozen=True)
class Derivative:
    """A numerical derivative, `value` ± `bar`, and what it rests on.

    left, right   the derivatives from either side, extrapolated by themselves; infinite at a jump or an infinite
                  slope, nan where f has no value
    step, noise   the step chosen, and the standard deviation of the noise in f
    steps         the V curve: `Step`s of decreasing h
    evaluations   how often f was called
    kind          "smooth"; "kink" where f has no derivative at x; "unclear" where it cannot be told
    reason        why it is not smooth, in words
    slope         the size of the slopes of f around x, beside which a derivative is small or not
    negligible    derivatives below this are rounding errors of f itself
    tread         the slope of the step that x lies on, where f is a staircase too coarse to be float64's rounding
    """

    value: float
    bar: float
    left: Side
    right: Side
    step: float
    noise: float
    steps: tuple[Step, ...] = field(repr=False)
    evaluations: int
    kind: Kind
    reason: str = ""
    slope: float = math.nan
    negligible: float = 0.0
    tread: Side | None = None

    @property
    def sides(self) -> dict[str, Side]:
        """The derivatives from the left and from the right that f has."""
        return {name: side for name, side in (("left", self.left), ("right", self.right)) if not math.isnan(side.value)}


def differentiate(f: Callable[[float], float], x: float = 0.0, *, scale: float | None = None,
                  eps: float = EPS) -> Derivative:
    """f'(x) with its error bar, by extrapolated differences on steps that the function itself chooses.

    f maps a float to a float. Where it raises an ArithmeticError or ValueError, or is nan or inf, it
    has no value; other exceptions pass. `scale` is the distance over which f may change: by default
    |x|, or 1 where x is 0. `eps` is the rounding of the arithmetic that f is known to be computed in,
    2**-23 for float32; how much f trembles is measured all the same. A smooth f is evaluated 45 times,
    a hard one some 300 to 700, at most 1,500 times.

    >>> import math
    >>> d = differentiate(math.sin, 1.0)
    >>> d.kind, abs(d.value - math.cos(1.0)) <= d.bar < 1e-9
    ('smooth', True)
    >>> differentiate(abs).reason
    'a kink: the derivative is -1 from the left and 1 from the right'
    """
    x, eps = real_number("differentiate: x", x), above_zero("differentiate: eps", eps)
    s = abs(x) or 1.0 if scale is None else above_zero("differentiate: scale", scale)
    function("differentiate: f", f, "a function of a number")
    with np.errstate(all="ignore"):
        samples = Samples(f, x, eps)
        if math.isnan(samples.centre):
            nothing = Side(math.nan, math.inf)
            return Derivative(math.nan, math.inf, nothing, nothing, math.nan, math.nan, (), 1, "kink",
                              f"f(x) {samples.complaint}")
        return _Search(samples, s).run()


class _Search:
    """Steps and windows are added until the evidence suffices, or there is no more to be had."""

    def __init__(self, samples: Samples, s: float) -> None:
        self.samples, self.s = samples, s
        self.steps = ladder(s, range(FIRST))
        self.noise = together(noise(samples, s * 2.0 ** -k, side) for k, side in NEAR)
        self.tread: Side | None = None

    def run(self) -> Derivative:
        """The derivative, from the steps that are tried first if they settle it."""
        found = self.measure()
        if found.kind == "smooth" and found.bar <= TIGHT * abs(found.value) and self.confirms(found) \
                and self.ripples(self.noise) is None:
            return replace(found, evaluations=self.samples.evaluations)
        return self.search()

    def ripples(self, known: Noise | None) -> Noise | None:
        """The noise over a few floats, if f trembles there much less than it does over wider windows; else None.

        Then what seems to be noise is f itself: a ripple that is shorter than the steps on which it passes for noise.
        """
        x = self.samples.x
        if known is None or known.deviation <= CALM * self.samples.eps * known.size:
            return None
        unit = math.ulp(x) * self.samples.eps / EPS
        fine = max((n for k, side in CLOSEST if (n := noise(self.samples, unit * 2.0 ** k, side))), default=None)
        return fine if fine is not None and known.deviation > RIPPLE * fine.deviation else None

    def confirms(self, found: Derivative) -> bool:
        """Whether f continues towards x as it does over the steps: quotients over a tiny step say so, too."""
        x, f0, h = self.samples.x, self.samples.centre, self.s * TINY
        if self.noise is None:
            return False
        allowed = 1e-4 * abs(found.value) + 4 * self.noise.at(abs(f0)) / h
        return all(abs((self.samples.at(x + d) - f0) / d - found.value) <= allowed for d in (h, -h))

    def search(self) -> Derivative:
        """The derivative, from all evidence."""
        self.extend(ladder(self.s, MORE))
        samples, border = self.samples, self.border()
        self.extend(ladder(border, range(FIRST)))
        widths = [self.s * 2.0 ** -k for k in WINDOWS] + [border * 2.0 ** -k for k in (2, 4)]
        widths = sorted((w for w in widths if w > 32 * math.ulp(samples.x)), reverse=True)
        if self.s < 0.5:                            # the scale of f need not be that of x
            self.extend([h for h in ladder(1.0, (*range(FIRST), *MORE[:24])) if h > self.s])
            widths = [2.0 ** -k for k in WINDOWS[:10] if 2.0 ** -k > self.s] + widths
        near, self.noise = self.noise, noise_of_both_sides(samples, widths)
        known = self.noise or Noise()
        steps = hidden_steps(samples, widths, known.deviation)
        size = max(1.0, abs(samples.centre))
        if 0 < steps <= ROUNDING * size:
            if steps > FINE * samples.eps * size:
                on_step = self.measure()
                self.tread = Side(on_step.value, on_step.bar)
            self.noise = known = known._replace(deviation=max(known.deviation, steps))
        fine = (self.ripples(near) or self.ripples(known)) if steps == 0 else None
        level = plateau(samples, self.steps)
        if level is not None:
            if not level.rounded(samples.eps, size):
                return self.constant(level.width)
            if level.height > FINE * samples.eps * size:
                self.tread = Side(0.0, 0.0)
            self.noise = known._replace(deviation=max(known.deviation, level.height / 2))
        elif fine is not None:
            self.noise = min(fine, known)            # between floats points are rounded, and that is no noise of f
            found = self.measure()
            border = math.isnan(found.left.value + found.right.value)
            within = noise(samples, found.step / 64, 1.0)
            steepest = self.steepest(found)
            told = found.bar <= FINELY * steepest and within is not None and within.deviation <= \
                RIPPLE * max(fine.deviation, samples.eps * within.size, math.ulp(samples.x) * steepest)
            if not border and not told:
                reason = "f ripples over steps so small that noise hides its slope"
                found = replace(found, kind="unclear", reason=reason)
            return found
        return self.measure()

    def steepest(self, found: Derivative) -> float:
        """How steep f is on the way to the two ends of a step: more than its slope, where that is 0 at a minimum."""
        ends = (self.samples.at(self.samples.x + found.step), self.samples.at(self.samples.x - found.step))
        return max(abs(found.value), *(abs(end - self.samples.centre) / found.step for end in ends if end == end)) \
            if found.step else abs(found.value)

    def extend(self, steps: list[float]) -> None:
        x = self.samples.x
        self.steps = sorted({*self.steps, *(h for h in steps if x - h < x < x + h)}, reverse=True)

    def border(self) -> float:
        """The largest step below which f has values on both sides, for that is its scale there; 0 if it is no less."""
        there = [not math.isnan(self.samples.at(self.samples.x + h) + self.samples.at(self.samples.x - h))
                 for h in self.steps]
        missing = [h for h, here in zip(self.steps, there) if not here]
        return missing[-1] if missing and there[-1] else 0.0

    def constant(self, width: float) -> Derivative:
        """The derivative where f is flat: 0, but for what f may hide by adding it to a number of size 1."""
        hidden = 16 * self.samples.eps * max(1.0, abs(self.samples.centre)) / self.s
        zero = Side(0.0, hidden)
        curve = tuple(Step(h, 0.0, 0.0, hidden * self.s / h) for h in self.steps if h <= width)
        return Derivative(0.0, hidden, zero, zero, width, 0.0, curve, self.samples.evaluations, "smooth", "", 0.0,
                          hidden)

    @property
    def negligible(self) -> float:
        return 16 * self.samples.eps * abs(self.samples.centre) / max(1.0, self.s)

    def measure(self) -> Derivative:
        q = Quotients(self.samples, self.steps, self.noise or Noise(), self.s)
        kind, reason, left, right = q.kind()
        c = q.choice()
        noise = (self.noise or Noise()).deviation
        curve = tuple(Step(h, v, abs(v - c.value), n) for h, v, n in zip(q.hs, q.central, q.noises))
        return Derivative(c.value, c.bar, left, right, q.hs[c.row] if q.hs else math.nan, noise, curve,
                          self.samples.evaluations, kind, reason, q.slope, self.negligible, self.tread)


def ladder(s: float, levels: Iterable[int]) -> list[float]:
    """Steps s * 0.37 * 2^-k; 0.37, for of a power of two the period of a function might be a fraction."""
    return [0.37 * s * 2.0 ** -k for k in levels]
