"""Difference quotients from the left, from the right and central, and what they say together."""

from __future__ import annotations

import itertools
import math
from typing import Literal, NamedTuple

from ._noise import Noise
from ._samples import Samples
from ._tableau import APART, CLEAN, Entry, best, settled, tableau

ROWS = 8                    # changes in a row that make a trend: with more of them fewer sides are called diverging
CLOSE = 2.0 ** -8           # step beside the scale: a trend that ends at a larger one says nothing of x itself
TREMBLING = 0.1             # noise beside |f|: what trembles more is f itself
FLOATS = 2.0 ** 8           # step in floats: below it a trend may end because floats do
UNBOUNDED = 1.15            # growth of quotients an octave: if they grow by more, they have no bound
NONE = Entry(math.nan, math.inf, 0, math.inf, math.inf)


class Side(NamedTuple):
    """A derivative from one side: its value and its error bar.

    Of a jump or an infinite slope the value is inf or -inf. Where the quotients do not settle, value and bar
    hold all of them. Where f has no value the value is nan.
    """

    value: float
    bar: float


class Quotients:
    """The quotients on all steps, and the best entry of each of the three tableaux."""

    def __init__(self, samples: Samples, steps: list[float], noise: Noise, s: float) -> None:
        self.samples, self.s = samples, s
        self.trembles = noise.deviation <= TREMBLING * noise.size and not noise.proportion
        self.hidden = False                          # whether quotients that do not settle go on until noise hides them
        x, f0 = samples.x, samples.centre
        self.hs: list[float] = []
        self.central: list[float] = []
        self.lefts: list[float] = []
        self.rights: list[float] = []
        self.noises: list[float] = []
        for h in steps:
            up, down = x + h, x - h                  # the step is what the floats make of it
            if not down < x < up:
                break
            if self.hs and up - down > 1.8 * self.hs[-1]:
                continue                             # too close to the last to extrapolate
            a, b = samples.at(up), samples.at(down)
            self.hs.append((up - down) / 2)
            self.central.append((a - b) / (up - down))
            self.rights.append((a - f0) / (up - x))
            self.lefts.append((f0 - b) / (x - down))
            peak = max((abs(v) for v in (a, b, f0) if v == v), default=0.0)
            self.noises.append(max(noise.at(peak), samples.eps * peak) / self.hs[-1])
        one_sided = [2.0 * n for n in self.noises]
        self.middle = extrapolated(self.hs, self.central, self.noises, 2)
        self.left = extrapolated(self.hs, self.lefts, one_sided, 1)
        self.right = extrapolated(self.hs, self.rights, one_sided, 1)

    @property
    def slope(self) -> float:
        """The largest of the slopes over the larger steps."""
        seen = [abs(q) for q in (*self.lefts[:6], *self.rights[:6]) if math.isfinite(q)]
        return max(seen, default=math.nan)

    def choice(self) -> Entry:
        """The best of the three."""
        return min((self.middle, self.left, self.right), key=lambda e: e.bar)

    def kind(self) -> tuple[Literal["smooth", "kink", "unclear"], str, Side, Side]:
        """Whether f has a derivative here, why not, and what its derivatives from the left and the right are."""
        settled = {"left": (self.lefts, self.left), "right": (self.rights, self.right)}
        sides, troubles = {}, []
        for name, (q, entry) in settled.items():
            trouble, side = self.diverging(q)
            sides[name] = side or Side(entry.value, entry.bar)
            troubles += [f"{trouble} to the {name}"] * bool(trouble)
        missing = [name for name, (q, _) in settled.items() if len(q) >= 3 and not any(map(math.isfinite, q[-3:]))]
        sides |= dict.fromkeys(missing, Side(math.nan, math.inf))
        return *self._kind(missing, troubles), sides["left"], sides["right"]

    def _kind(self, missing: list[str], troubles: list[str]) -> tuple[Literal["smooth", "kink", "unclear"], str]:
        if len(missing) == 2 or not self.hs:
            return "unclear", f"f has no value around x: it {self.samples.complaint}"
        if missing:
            return "kink", f"a border: to the {missing[0]} f {self.samples.complaint}"
        if troubles:
            return "kink", troubles[0]
        if self.hidden:
            return "unclear", "f changes over steps so small that noise hides whether its quotients settle"
        left, right, middle = self.left, self.right, self.middle
        gap, size = abs(left.value - right.value), max(abs(left.value), abs(right.value))
        if gap > APART * (left.bar + right.bar) + 1e-6 * size:
            return "kink", (f"a kink: the derivative is {left.value:.6g} from the left "
                            f"and {right.value:.6g} from the right")
        unseen = max(0.1 * size, 0.1 * abs(middle.value), 1e-5 * self.slope,
                     256 * self.samples.eps * abs(self.samples.centre) / self.s)
        if left.bar + right.bar > unseen:
            return "unclear", "the noise or the curvature of f leaves room for a kink"
        if any(abs(middle.value - side.value) > APART * (middle.bar + side.bar) for side in (left, right)):
            return "unclear", "central and one-sided differences contradict each other"
        return "smooth", ""

    def diverging(self, quotients: list[float]) -> tuple[str, Side | None]:
        """What is wrong with a side whose quotients do not settle as the step shrinks, if they do not; and the side."""
        changes = [r - q for q, r in itertools.pairwise(quotients)]
        limits = [CLEAN * (n + m) for n, m in itertools.pairwise(self.noises)]
        clean = [i for i, (c, limit) in enumerate(zip(changes, limits)) if abs(c) > limit]
        end = clean[-1] + 1 if clean else 0
        if len(clean) < ROWS or clean[-ROWS] != end - ROWS or self.hs[end] > self.s * CLOSE:
            return "", None
        if end < len(changes) and limits[end] < 0.3 * abs(changes[end - 1]):
            return "", None                         # below these steps they do settle
        last = [changes[i] / math.log2(self.hs[i] / self.hs[i + 1]) for i in range(end - ROWS, end)]      # an octave
        octaves = math.log2(self.hs[end - ROWS] / self.hs[end - ROWS // 2])
        growth = (max(map(abs, last[ROWS // 2:])) / max(map(abs, last[:ROWS // 2]))) ** (1 / octaves)
        steady = monotone(last)
        if growth < 0.97 or (steady and abs(last[-1]) < 0.7 * abs(last[-ROWS // 2])):
            return "", None
        if steady:
            before, after = (abs(quotients[i] * self.hs[i]) for i in (end - ROWS, end))
            infinite = Side(math.copysign(math.inf, last[-1]), 0.0)
            return "a jump" if after > 0.5 * before else "an infinite slope", infinite
        if (end < len(changes) and self.trembles) or self.hs[end] < FLOATS * math.ulp(self.samples.x):
            self.hidden = True
            return "", None
        trouble = "the difference quotients do not settle"
        if growth > UNBOUNDED:
            return trouble, Side(0.0, math.inf)
        low, high = min(quotients[end - ROWS:end + 1]), max(quotients[end - ROWS:end + 1])
        return trouble, Side((low + high) / 2, (high - low) / 2)


def extrapolated(hs: list[float], quotients: list[float], noises: list[float], power: int) -> Entry:
    """The best entry of the tableau of some quotients."""
    return best(tableau(hs, quotients, noises, power), settled(quotients, noises)) or NONE


def monotone(changes: list[float]) -> bool:
    """Whether they all go one way."""
    return all(c > 0 for c in changes) or all(c < 0 for c in changes)
