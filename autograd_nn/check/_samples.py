"""A function of one number, sampled around a point: what was asked is kept, and what has no value is missing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import AutogradError, UsageError
from ..ops._refusal import shown_in_error
from ._rounding import EPS

MISSING = (ArithmeticError, ValueError)         # outside its domain a function raises, or is nan or inf


class Samples:
    """f at x + h for the offsets h that are asked for, each evaluated once; nan where f has no value.

    At x itself an exception that is not one of `MISSING` passes; elsewhere f may raise what it likes.
    `eps` is the rounding of the arithmetic that f is known to be computed in.
    """

    def __init__(self, f: Callable[[float], float], x: float, eps: float = EPS) -> None:
        self.f, self.x, self.eps = f, x, eps
        self.complaint = ""                     # of the sample taken last that is missing
        self._seen: dict[float, float] = {}
        self._passing: tuple[type[Exception], ...] = MISSING
        self.centre = self.at(x)
        self._passing = (Exception,)

    @property
    def evaluations(self) -> int:
        """How often f was called."""
        return len(self._seen)

    def at(self, point: float) -> float:
        """f(point), or nan."""
        known = self._seen.get(point)
        if known is not None:
            return known
        try:
            y = self.f(point)
            # As (-1.0) ** 0.5 is, outside the domain of a real function.
            if not isinstance(y, float) and np.iscomplexobj(y):
                raise ValueError("a complex number")
            y = _number(y)
            if not math.isfinite(y):
                self.complaint = f"is {y}"
                y = math.nan
        except self._passing as error:
            self.complaint = f"raises {type(error).__name__}: {error}"
            y = math.nan
        self._seen[point] = y
        return y


def _number(y: Any) -> float:
    try:
        return float(y)
    except TypeError as error:
        if isinstance(error, AutogradError):
            raise
        raise UsageError(f"the function must give a number, not {shown_in_error(y)}") from None
