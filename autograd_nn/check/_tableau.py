"""Richardson's extrapolation of difference quotients to step 0, with an error estimate for every entry."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

COLUMNS = 6             # extrapolations of a row: each takes one more step into account
GAP = 2.0 ** 8          # ratio of two steps: steps farther apart are not extrapolated together
CLEAN = 4.0             # times its noise: a larger change is no noise
GROWTH = 4.0            # ratio of changes: if they grow by more as the step shrinks, the larger steps had not settled
LAZY = 0.85             # fall of the changes an octave: where they fall by less, there is no series to extrapolate ...
SLOW = 3                # ... after so many of them in a row
APART = 2.0             # bars: two estimates farther apart contradict each other


class Entry(NamedTuple):
    """An estimate of the derivative: its value, its bar = truncation + noise, and the row (step) that it is from.

    `change` is that of a quotient since the step before.
    """

    value: float
    bar: float
    row: int
    truncation: float
    noise: float
    change: float = math.inf


def tableau(steps: Sequence[float], quotients: Sequence[float], noises: Sequence[float], power: int) -> list[Entry]:
    """The entries of Neville's scheme for quotients whose error is a series in h**power.

    `steps` decrease; a nan quotient interrupts the scheme. `noises` are those of the quotients. The
    truncation of an entry is estimated by how far it lies from the entries that it was made of.
    """
    entries: list[Entry] = []
    previous: list[Entry] = []
    least, before, slow = math.inf, math.inf, 0
    for i, (h, q, n) in enumerate(zip(steps, quotients, noises)):
        if not math.isfinite(q) or (previous and before > GAP * h):
            previous = []
        if not math.isfinite(q):
            continue
        entry = column_0(Entry(q, math.inf, i, math.inf, n), previous[0]) if previous else \
            Entry(q, math.inf, i, math.inf, n)
        slow = slow + 1 if previous and slowly(entry.change, previous[0].change, before / h) else 0
        row = [entry]
        value, noise = q, n
        # Where the noise alone exceeds a bar that was reached, a row cannot win; it can contradict.
        for j in range(1, min(len(previous), COLUMNS if n < least else 1) + 1):
            w = 1.0 / ((steps[i - j] / h) ** power - 1.0)
            b, _, _, _, b_noise, _ = previous[j - 1]
            a, value = value, value + (value - b) * w
            noise = (1.0 + w) * noise + w * b_noise
            truncation, gap = abs(value - a), abs(value - b)
            if gap > truncation:
                truncation = gap
            if j < len(previous):
                # It should fall like h**(power * j); where it fell faster, that may be chance.
                above = previous[j]
                gap, old = abs(value - above.value), inherited(value, above, (h / before) ** (power * j))
                if gap > truncation:
                    truncation = gap
                if old > truncation:
                    truncation = old
            if slow >= SLOW and entry.truncation > truncation:      # no series in powers of h
                truncation = entry.truncation
            bar = truncation + noise
            row.append(Entry(value, bar, i, truncation, noise))
            if bar < least:
                least = bar
        entries += row
        previous, before = row, h
    return entries


def column_0(entry: Entry, previous: Entry) -> Entry:
    """The quotient itself, with the change since the last as its error: more if the changes fall slowly.

    Changes that fall by a factor r from row to row leave an error of r / (1 - r) times the last of them.
    """
    change, last = entry.value - previous.value, abs(previous.change)
    r = abs(change) / last if 0.5 * last < abs(change) < last else 0.5
    truncation = max(abs(change) * r / (1.0 - r), inherited(entry.value, previous, 0.5))
    return Entry(entry.value, truncation + entry.noise, entry.row, truncation, entry.noise, change)


def slowly(change: float, last: float, ratio: float) -> bool:
    """Whether the changes go one way, and fall by less an octave than the error of any smooth function does."""
    return bool(last) and math.isfinite(last) and LAZY ** math.log2(ratio) < change / last < 1.0


def inherited(value: float, above: Entry, fall: float) -> float:
    """The truncation of the entry above, reduced by its fall; but not of one of another order of magnitude."""
    old = fall * above.truncation
    if old <= abs(value) or old <= abs(above.value):
        return old
    return max(abs(value), abs(above.value)) if math.isfinite(above.truncation) else 0.0


def settled(quotients: Sequence[float], noises: Sequence[float]) -> list[bool]:
    """For every row, whether the quotients of all smaller steps change no more than those there do.

    The quotients of a bounded f that oscillates get small as the step grows, and so do their
    changes; but for a derivative they must get small as the step shrinks. Noise does not count.
    """
    changes = [abs(r - q) for q, r in itertools.pairwise(quotients)]
    limits = [CLEAN * (n + m) for n, m in itertools.pairwise(noises)]
    out, beyond = [True] * len(quotients), 0.0
    for i in range(len(changes) - 1, -1, -1):
        here = max(changes[max(i - 1, 0):i + 1])
        out[i + 1] = beyond <= GROWTH * here + limits[i]
        if changes[i] > limits[i]:              # False for nan, too
            beyond = max(beyond, changes[i])
    return out


def best(entries: list[Entry], settled: Sequence[bool]) -> Entry | None:
    """The entry of a settled row with the least bar that no smaller step contradicts; its bar spans its rivals.

    A large step may seem to have converged, but on the wrong thing: by aliasing, or beyond a kink. A
    derivative is a limit, so where smaller steps say otherwise they are believed.
    """
    ranked = sorted((e for e in entries if math.isfinite(e.bar)), key=lambda e: e.bar)
    found = next((e for e in ranked if settled[e.row]), None)
    if found is None:
        return None
    for e in ranked:
        if e.row > found.row and abs(e.value - found.value) > APART * (e.bar + found.bar):
            found = e
    rivals = [abs(e.value - found.value) for e in ranked if e.bar <= 3.0 * found.bar and abs(e.row - found.row) <= 4]
    return found._replace(bar=max(found.bar, *rivals))
