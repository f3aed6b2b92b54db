"""Numerical derivatives: what a gradient is compared with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..core.options import above_zero, function, item, real_number

# The step that balances truncation (h^2) against rounding (eps / h).
STEP = float(np.finfo(float).eps ** (1 / 3))


def central_difference(f: Callable[[float], float], x: float = 0.0, step: float | None = None) -> float:
    """f'(x) by (f(x + h) - f(x - h)) / 2h, a number of 9 or 10 right digits for a smooth f.

    `step` is h; by default cbrt(eps) * max(1, |x|). f is evaluated twice, on Python floats.

    >>> round(central_difference(lambda x: x ** 3, 2.0), 6)
    12.0
    """
    x = real_number("central_difference: x", x)
    step = None if step is None else above_zero("central_difference: step", step)
    function("central_difference: f", f, "a function of a number")
    h = STEP * max(1.0, abs(x)) if step is None else step
    up, down = x + h, x - h
    above, below = (real_number("central_difference: what f gives", item(f(at))) for at in (up, down))
    return (above - below) / (up - down)        # the step as the floats have it, not as it was meant
