"""The complex step: a derivative without a difference, for functions that take complex numbers."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.options import above_zero, function, real_number


def complex_step(f: Callable[[Any], Any], x: float = 0.0, step: float | None = None) -> float | None:
    """Im f(x + ih) / h, right to rounding where f is analytic and handles complex numbers; else None or wrong.

    A function that drops the imaginary part, or is not analytic (abs, real, comparisons), gives a
    wrong number without a word. So it is a second opinion only: `judge` takes it where it lies
    within the error bar of the differences. None where f raises, or returns no complex number.
    Source: W. Squire and G. Trapp, Using Complex Variables to Estimate Derivatives, SIAM Review 40, 1998.

    >>> complex_step(lambda x: x ** 3, 2.0)
    12.0
    >>> complex_step(math.sin, 1.0) is None
    True
    """
    x = real_number("complex_step: x", x)
    step = None if step is None else above_zero("complex_step: step", step)
    function("complex_step: f", f, "a function of a number")
    step = step or max(abs(x) * 1e-20, 1e-307) if x else 1e-100
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)    # the imaginary part dropped
            y = f(complex(x, step))
            if not isinstance(y, (complex, np.complexfloating)):
                return None
            slope = float(y.imag) / step
    except Exception:       # whatever f says to a complex number: it has no opinion
        return None
    return slope if math.isfinite(slope) else None
