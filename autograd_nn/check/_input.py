"""One input of a function, and how its gradient is checked: by elements, or by random directions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import AutogradError, EvaluationError
from ._bisection import kinked_elements, wrong_elements
from ._complex_step import complex_step
from ._derivative import Derivative, differentiate
from ._laws import random_direction
from ._own import Handwritten
from ._report import Checked, Lines
from ._rounding import SPREAD, neighbours
from ._samples import MISSING
from ._subject import Array, Subject
from ._verdict import Finding, Verdict, judge

NAMED = 8                        # at most so many wrong elements of an input are looked for
BUDGET = 400                     # evaluations to name those of one direction
WITNESSES = 4                    # elements that are asked where halving names none
CLOSE = 2.0 ** -16               # of x: a step at which a kink at x stands alone
SUSPICIOUS = 2.0                 # so many error bars off, and the elements of a direction are asked


class Input:
    """One array of a subject and its gradient: what is checked at a time."""

    def __init__(self, subject: Subject, i: int, gradient: Array, cotangent: Array | None, order: int,
                 rng: np.random.Generator, lines: Lines, wide: Input | None = None) -> None:
        self.lines, self.wide, self.note = lines, wide, ""
        if wide is not None:
            wide.note = "in float64"
        self.subject, self.i, self.gradient, self.cotangent, self.rng = subject, i, gradient, cotangent, rng
        self.x = subject.start[i]
        self.order = order
        self.name = subject.names[i] if order == 1 else f"{subject.names[i]}, derivative {order}"

    def checked(self, elements: int | str | None, directions: int) -> Checked:
        """The findings, by elements or by directions."""
        if elements is None and self.x.size > 1:
            findings, how = self._by_directions(directions), "directions"
        else:
            places: Any = range(self.x.size)
            if isinstance(elements, int) and elements < self.x.size:
                places = sorted(self.rng.choice(self.x.size, size=elements, replace=False).tolist())
            findings, how = [self._element(k) for k in places], "elements"
        return Checked(self.subject.names[self.i], self.order, self.x.shape, str(self.x.dtype), how, tuple(findings))

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

    def _by_directions(self, directions: int) -> list[Finding]:
        bad = np.flatnonzero(~np.isfinite(self.gradient))
        named = {int(k): self._element(int(k)) for k in bad[:NAMED]}
        free = np.isfinite(self.gradient)
        whole: list[Finding] = []
        for d in range(directions):
            finding = self._direction(d, free, named)
            if finding is not None:
                whole.append(finding)
            if len(named) >= NAMED:
                break
        return [*whole, *named.values()]

    def _direction(self, d: int, free: Array, named: dict[int, Finding]) -> Finding | None:
        """The verdict on a random direction through the elements that are `free`; those to blame are named."""
        where = f"{self.name}, random direction {d + 1}"
        finding = None
        for relative in (False, True):
            if not free.any():
                return None
            u = np.where(free, random_direction(self.x, self.rng, relative), 0.0)
            products = np.where(free, self.gradient, 0.0).astype(float) * u
            analytic = float(products.sum())
            numeric = self._differentiated(self._line(u), 0.0, scale=1.0)
            self.lines[where] = self._again(self._line(u)), 0.0
            finding = self._finding(where, analytic, numeric, judge(analytic, numeric),
                                    lambda g, u=u: float((g.astype(float) * u).sum()))  # type: ignore[misc]
            if finding.verdict is not Verdict.AGREE and self.wide is not None:
                return self.wide._direction(d, free, named)
            if finding.verdict is Verdict.NOT_DIFFERENTIABLE:
                self._name(kinked_elements(self._line, u, numeric, NAMED, BUDGET), free, named)
            elif finding.verdict is not Verdict.INCONCLUSIVE:
                break
        assert finding is not None
        gap = abs(analytic - numeric.value)
        if finding.verdict is Verdict.DISAGREE or (numeric.kind == "smooth" and
                                                   gap > SUSPICIOUS * numeric.bar + numeric.negligible):
            suspects = wrong_elements(self._line, u, products, numeric, NAMED - len(named), BUDGET)
            largest = np.argsort(-np.abs(products), axis=None)[:WITNESSES].tolist()
            if self._name(suspects or largest, free, named):
                # The tolerance of a sum may hide what that of an element does not.
                return Finding(where, analytic, numeric, Verdict.DISAGREE)
            if finding.verdict is Verdict.DISAGREE:
                # Kinks of many elements together, closely spaced, look like a smooth function of another slope.
                numeric = replace(numeric, reason="none of its elements disagrees by itself")
                return Finding(where, analytic, numeric, Verdict.INCONCLUSIVE)
        return finding

    def _name(self, places: list[int], free: Array, named: dict[int, Finding]) -> bool:
        """Check these elements by themselves, and leave those that do not agree out of further directions."""
        wrong = False
        for k in places:
            if k not in named:
                finding = self._element(k)
                if finding.verdict in (Verdict.DISAGREE, Verdict.NOT_DIFFERENTIABLE):
                    named[k] = finding
                    free.flat[k] = False
                wrong |= finding.verdict is Verdict.DISAGREE
        return wrong
