"""One input of a function, and how its gradient is checked: by elements, or by random directions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import AutogradError, EvaluationError
from ._bisection import or_nan, wrong_elements
from ._complex_step import complex_step
from ._derivative import Derivative, differentiate
from ._kinked import kinked_elements
from ._laws import random_direction
from ._own import Handwritten
from ._report import Checked, Lines
from ._rounding import SPREAD, neighbours
from ._samples import MISSING
from ._subject import Array, Subject
from ._verdict import Finding, Verdict, judge

NAMED = 8                        # wrong elements of one input that are named: more cost more evaluations
BUDGET = 400                     # evaluations of f to name the wrong elements of one direction
KINK_BUDGET = 20_000             # evaluations of f to find the elements of one input that lie at kinks
ROUNDS = 6                       # directions that are tried in the place of one that meets kinks
WITNESSES = 4                    # elements that are checked one by one where halving names none
CLOSE = 2.0 ** -16               # step beside x, at which a kink at x stands alone
SUSPICIOUS = 2.0                 # bars that a direction is off before its elements are checked one by one


class CheckedInput:
    """One array of a subject and its gradient: what is checked at a time."""

    def __init__(self, subject: Subject, i: int, gradient: Array, cotangent: Array | None, order: int,
                 rng: np.random.Generator, lines: Lines, wide: CheckedInput | None = None) -> None:
        self.lines, self.wide, self.note = lines, wide, ""
        if wide is not None:
            wide.note = "in float64"
        self.subject, self.i, self.gradient, self.cotangent, self.rng = subject, i, gradient, cotangent, rng
        self.x = subject.start[i]
        self.order = order
        self.name = subject.names[i] if order == 1 else f"{subject.names[i]}, derivative {order}"

    def checked(self, elements: int | str | None, directions: int) -> Checked:
        """The findings, by elements or by directions."""
        by_elements, state = elements is not None or self.x.size <= 1, Elements(self.x.shape)
        if by_elements:
            places: Any = range(self.x.size)
            if isinstance(elements, int) and elements < self.x.size:
                places = sorted(self.rng.choice(self.x.size, size=elements, replace=False).tolist())
            single = {k: self._element(k) for k in places}
            kinked = [k for k, finding in single.items() if finding.numeric.kind == "kink"]
            findings = [*single.values(), *self._together(kinked, single)]
        else:
            findings = self._by_directions(directions, state)
        for checked in (self, self.wide):
            if checked is not None:
                checked.lines = {}                       # for they hold what they call, this
        return Checked(self.subject.names[self.i], self.order, self.x.shape, str(self.x.dtype),
                       "elements" if by_elements else "directions", tuple(findings), state.kinked,
                       int(state.unseen.sum()))

    def _value(self, array: Array) -> float:
        """The number that is differentiated, with this input in the place of its own."""
        y = self._output(array)
        return float(y.item()) if self.cotangent is None else float(np.vdot(self.cotangent, y))

    def _output(self, array: Array) -> Array:
        arrays = list(self.subject.start)
        arrays[self.i] = array
        try:
            return self.subject.value(arrays)
        except AutogradError as error:               # what it raises, or returns, where it has no value
            cause = error.__cause__ or error
            if isinstance(cause, MISSING):
                raise cause from None
            said = f"{type(cause).__name__}: {cause}" if isinstance(error, EvaluationError) else \
                str(error).partition("\n")[0].removeprefix("check_gradients: ")
            raise ValueError(said) from cause

    @cached_property
    def _nearby(self) -> list[Array]:
        """The gradient where the inputs are moved by units in the last place: it shows its own rounding."""
        try:
            return [self.subject.trace(xs).pull(self.cotangent)[self.i] for xs in neighbours(self.subject.start)]
        except Exception:                            # f may have no value there
            return []

    def _finding(self, where: str, analytic: float, numeric: Derivative, verdict: Verdict,
                 part: Callable[[Array], float]) -> Finding:
        """The finding; a gradient that is off by its own rounding is not refused. `part` gives it of a gradient."""
        if verdict is Verdict.DISAGREE and math.isfinite(analytic) and numeric.kind != "kink" and self._nearby:
            spread = float(np.ptp([*map(part, self._nearby)]))
            if abs(analytic - numeric.value) <= SPREAD * spread:
                reason = f"the gradient itself changes by {spread:.0e} where the inputs do by rounding"
                return Finding(where, analytic, replace(numeric, reason=reason), Verdict.INCONCLUSIVE)
        return Finding(where, analytic, numeric, verdict)

    def _differentiated(self, line: Callable[[float], float], x: float, scale: float | None = None) -> Derivative:
        found = differentiate(line, x, scale=scale, eps=self.subject.eps)
        return replace(found, reason=found.reason or self.note) if self.note else found

    # --- one element -----------------------------------------------------------------------------
    def _element(self, k: int) -> Finding:
        index = np.unravel_index(k, self.x.shape) if self.x.ndim else ()

        def moved(number: Any) -> Array:
            array = self.x.copy() if not isinstance(number, complex) else self.x.astype(complex)
            array[index] = number
            return array
        analytic = float(self.gradient[index])
        line, x = (lambda number: self._value(moved(number))), float(self.x[index])
        numeric = self._differentiated(line, x)
        verdict = judge(analytic, numeric)
        if verdict is Verdict.INCONCLUSIVE and isinstance(self.subject, Handwritten) and self.cotangent is None:
            verdict = judge(analytic, numeric, complex_step(lambda z: self._complex(moved(z)), x))
        if verdict is not Verdict.AGREE and self.wide is not None:
            return self.wide._element(k)
        if verdict is Verdict.DISAGREE and numeric.kind == "kink" and self._allowed_by_each_output(moved, x, analytic):
            verdict = Verdict.NOT_DIFFERENTIABLE
            numeric = replace(numeric, reason="each output has a kink of its own")
        where = f"{self.name} [{', '.join(str(int(j)) for j in index)}]" if index else self.name
        self.lines[where] = self._again(line), x
        return self._finding(where, analytic, numeric, verdict, lambda g: float(g[index]))

    def _allowed_by_each_output(self, moved: Callable[[float], Array], x: float, analytic: float) -> bool:
        """Whether it is a sum of cotangent * slope, with a slope for each output between that output's two."""
        if self.cotangent is None or self.cotangent.size == 1:
            return False
        try:
            y0, w, h = self._output(moved(x)), self.cotangent, CLOSE * (abs(x) or 1.0)
            left, right = (sum(c * (self._output(moved(x + s * t)) - y0) / (s * t) for c, t in ((2, h / 2), (-1, h)))
                           for s in (-1.0, 1.0))
        except MISSING:
            return False
        low, high = (float(np.sum(each(w * left, w * right))) for each in (np.minimum, np.maximum))
        slack = 1e-3 * float(np.sum(np.abs(w) * np.maximum(np.abs(left), np.abs(right))))
        return low - slack <= analytic <= high + slack

    def _again(self, line: Callable[[float], float]) -> Callable[[float], float]:
        """The line as a function that may be called when the check is over, for a plot."""
        def later(t: float) -> float:
            with self.subject.at_start():
                return line(t)
        return later

    def _complex(self, array: Array) -> Any:
        arrays = list(self.subject.start)
        arrays[self.i] = array
        return np.asarray(self.subject.output(arrays)).item()

    # --- random directions -----------------------------------------------------------------------
    def _line(self, u: Array) -> Callable[[float], float]:
        return lambda t: self._value(np.asarray(self.x + t * u, dtype=self.x.dtype))

    def _by_directions(self, directions: int, elements: Elements) -> list[Finding]:
        self._not_finite(elements)
        whole: list[Finding] = []
        for d in range(directions):
            finding = self._direction(d, elements)
            if finding is not None:
                whole.append(finding)
            if elements.wrong >= NAMED:
                break
        return [*whole, *elements.named.values(), *self._together(elements.kinks, elements.named)]

    def _together(self, kinked: list[int], single: dict[int, Finding]) -> list[Finding]:
        """The elements at kinks that are of one size, as where they tie for a maximum, moved together: what disagrees.

        Along that f may be smooth, and the sum of slopes wrong that are each within their own kink. If all of these
        are up, or all down, they are kinks of one thing: those of a sum of functions would show in the sum.
        """
        sizes: dict[float, list[int]] = {}
        for k in kinked:
            sizes.setdefault(abs(float(self.x.flat[k])), []).append(k)
        found = []
        for size, group in sorted(sizes.items(), key=lambda item: -len(item[1]))[:WITNESSES]:
            jumps = [n.right.value - n.left.value for n in (single[k].numeric for k in group if k in single)
                     if n.kind == "kink"]
            if len(group) < 2 or not jumps or not (min(jumps) > 0 or max(jumps) < 0):
                continue
            u = np.zeros(self.x.shape)
            u.flat[group] = np.where(self.x.flat[group] < 0, -1.0, 1.0)
            numeric = self._differentiated(self._line(u), 0.0, scale=size or 1.0)
            analytic = float((self.gradient.flat[group] * u.flat[group]).sum())
            if numeric.kind == "smooth" and judge(analytic, numeric) is Verdict.DISAGREE:
                if self.wide is not None:
                    return self.wide._together(kinked, single)
                where = f"{self.name}, {len(group)} elements that are {self.x.flat[group[0]]:g} moved together"
                found.append(self._finding(where, analytic, numeric, Verdict.DISAGREE,
                                           lambda g, u=u: float((g.astype(float) * u).sum())))  # type: ignore[misc]
        return found

    def _not_finite(self, elements: Elements) -> None:
        """The elements whose gradient is no number: an infinite one may be right, where f is infinitely steep."""
        h = self.subject.eps ** 0.42

        def steepening(k: int) -> float:
            """How much steeper f is over h / 16 than over h; least where nothing speaks for the gradient."""
            if math.isnan(self.gradient.flat[k]):
                return -math.inf
            u = np.zeros(self.x.shape)
            u.flat[k] = abs(float(self.x.flat[k])) or 1.0
            phi = or_nan(self._line(u))
            centre = phi(0.0)
            over = [(abs(phi(s * h) - centre), 16 * abs(phi(s * h / 16) - centre)) for s in (-1.0, 1.0)]
            return max((b / (a or 1.0) for a, b in over if a + b == a + b), default=0.0)
        bad = np.flatnonzero(~np.isfinite(self.gradient)).tolist()
        self._name(sorted(bad, key=steepening)[:NAMED] if len(bad) > NAMED else bad, elements)
        elements.set_aside(bad)

    def _direction(self, d: int, elements: Elements) -> Finding | None:
        """The verdict on a random direction through the elements that are free; those to blame are named."""
        where = f"{self.name}, random direction {d + 1}"
        finding = None
        for attempt in range(ROUNDS):
            free = elements.free
            if not free.any():
                return None
            u = np.where(free, random_direction(self.x, self.rng, relative=attempt % 2 == 1), 0.0)
            products = np.where(free, self.gradient, 0.0).astype(float) * u
            analytic = float(products.sum())
            numeric = self._differentiated(self._line(u), 0.0, scale=1.0)
            self.lines[where] = self._again(self._line(u)), 0.0
            verdict = judge(analytic, numeric)
            if numeric.kind == "kink":               # of many, each within its bounds: the sum need not be
                verdict = Verdict.NOT_DIFFERENTIABLE
            finding = self._finding(where, analytic, numeric, verdict,
                                    lambda g, u=u: float((g.astype(float) * u).sum()))  # type: ignore[misc]
            if finding.verdict is not Verdict.AGREE and self.wide is not None:
                return self.wide._direction(d, elements)
            if numeric.kind == "kink" or not numeric.sides:
                kinked = kinked_elements(self._line, u, self.x, products, numeric, self.subject.eps, elements.budget)
                elements.budget -= kinked.evaluations
                self._name([*kinked.suspects[:NAMED], *kinked.found[:NAMED - len(elements.named)]], elements)
                elements.set_aside(kinked.found)
                elements.kinks += kinked.found
                elements.set_aside(kinked.unseen, unseen=True)
                if not kinked.found and not kinked.unseen:
                    break                            # no element is kinked by itself
            elif finding.verdict is not Verdict.INCONCLUSIVE or attempt > 0:
                break
        assert finding is not None
        if finding.numeric.kind != "smooth":
            self._sample(elements)
        gap = abs(analytic - numeric.value)
        if finding.verdict is Verdict.DISAGREE or (numeric.kind == "smooth" and
                                                   gap > SUSPICIOUS * numeric.bar + numeric.negligible):
            suspects = wrong_elements(self._line, u, products, numeric, NAMED - elements.wrong, BUDGET)
            largest = np.argsort(-np.abs(products), axis=None)[:WITNESSES].tolist()
            if self._name(suspects or largest, elements):
                # The tolerance of a sum may hide what that of an element does not.
                return Finding(where, analytic, numeric, Verdict.DISAGREE)
            if finding.verdict is Verdict.DISAGREE:
                # Kinks of many elements together, closely spaced, look like a smooth function of another slope.
                numeric = replace(numeric, reason="none of its elements disagrees by itself")
                return Finding(where, analytic, numeric, Verdict.INCONCLUSIVE)
        return finding

    def _sample(self, elements: Elements) -> None:
        """Some elements by themselves, where no direction through all of them can be judged."""
        if not elements.sampled:
            elements.sampled = True
            left = np.flatnonzero(elements.free | elements.unseen)
            for k in self.rng.permutation(left)[:WITNESSES].tolist():
                elements.named.setdefault(k, self._element(k))

    def _name(self, places: list[int], elements: Elements) -> bool:
        """Check these elements by themselves, and leave those that do not agree out of further directions."""
        wrong = False
        for k in places:
            if k not in elements.named:
                finding = self._element(k)
                if finding.verdict in (Verdict.DISAGREE, Verdict.NOT_DIFFERENTIABLE):
                    elements.named[k] = finding
                    elements.free.flat[k] = False
                wrong |= finding.verdict is Verdict.DISAGREE
        return wrong


class Elements:
    """The elements of an input while directions are checked: which are free, and what is known of the others.

    free    those that directions go through
    kinks   those of them that lie at kinks
    kinked  how many were set aside, since they lie at kinks or have no finite gradient
    unseen  those set aside among kinked ones without being told apart from them
    named   the findings on single elements
    budget  evaluations that are left to find kinked ones
    sampled whether some were checked by themselves for want of a direction
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.free, self.unseen = np.ones(shape, bool), np.zeros(shape, bool)
        self.named: dict[int, Finding] = {}
        self.kinks: list[int] = []
        self.kinked, self.budget, self.sampled = 0, KINK_BUDGET, False

    @property
    def wrong(self) -> int:
        """How many elements disagree."""
        return sum(f.verdict is Verdict.DISAGREE for f in self.named.values())

    def set_aside(self, places: list[int], unseen: bool = False) -> None:
        """Leave these out of further directions."""
        self.free.flat[places] = False
        if unseen:
            self.unseen.flat[places] = True
        else:
            self.kinked += len(places)
