"""Parts of numbers: sign, whole and fraction, mantissa and exponent; and powers in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import UsageError
from .._arguments import data_of, dtype_of, no_out, real_only
from .._carriers import is_plain
from .._function import composed
from ..arrays.shape import astype
from ..elementwise.arithmetic import (
    absolute,
    conjugate,
    floor_divide,
    fmod,
    power,
    remainder,
    round,
    step,
    trunc,
    where,
)


@composed(np.positive, cases=[(((2, 3),), {})])
def positive(x: Any, /, out: Any = None) -> Any:
    """x itself.

    >>> positive(2.0)
    2.0
    """
    no_out("positive", out)
    return +x


@composed(np.conj, cases=[(((2, 3),), {})], method=True)
def conj(x: Any, /, out: Any = None) -> Any:
    """The complex conjugate, which of a real x is x.

    >>> conj(2.0)
    2.0
    """
    no_out("conj", out)
    return conjugate(x)


@composed(np.rint, order=0, cases=[(((2, 3),), {})])
def rint(x: Any, /, out: Any = None) -> Any:
    """x rounded to whole numbers, halves to even ones: `round` without decimals; derivative 0.

    >>> rint(2.5)
    2.0
    """
    no_out("rint", out)
    return round(x)


@composed(np.fix, order=0, cases=[(((2, 3),), {})])
def fix(x: Any, out: Any = None) -> Any:
    """x rounded towards 0, with derivative 0.

    >>> fix(-2.7)
    -2.0
    """
    no_out("fix", out)
    return trunc(x)


@composed(np.modf, cases=[(((1,),), {})])
def modf(x: Any, /, out: Any = None) -> tuple[Any, Any]:
    """The fractional part of x, which has its sign and derivative 1, and the integral part, with derivative 0.

    >>> modf(-2.5)
    (-0.5, -2.0)
    """
    no_out("modf", out)
    return fmod(where(absolute(x) == math.inf, 0.0, x), 1.0), trunc(x)


@composed(np.divmod, cases=[(((2, 3), (3,)), {})])
def divmod(x: Any, y: Any, /, out: Any = None) -> tuple[Any, Any]:
    """(x // y, x % y); the quotient has derivative 0.

    >>> divmod(7.0, 2.0)
    (3.0, 1.0)
    """
    no_out("divmod", out)
    return floor_divide(x, y), remainder(x, y)


@composed(np.frexp, cases=[(((2, 3),), {})])
def frexp(x: Any, /, out: Any = None) -> tuple[Any, Any]:
    """(m, n) with x = m 2ⁿ and |m| from 1/2 to 1: m has derivative 2⁻ⁿ, and n are plain integers.

    >>> mantissa, exponent = frexp(12.0)
    >>> float(mantissa), int(exponent)
    (0.75, 4)
    """
    no_out("frexp", out)
    exponent = np.frexp(data_of(x))[1]
    return ldexp(x, -exponent), exponent


@composed(np.ldexp)
def ldexp(x1: Any, x2: Any, /, out: Any = None) -> Any:
    """x1 2ⁿ, for integers n = x2.

    >>> float(ldexp(0.75, 4))
    12.0
    """
    no_out("ldexp", out)
    n = np.asarray(data_of(x2))
    if n.dtype.kind not in "iu":
        raise UsageError(f"ldexp: exponents are integers, and these are {n.dtype}")
    one, third = dtype_of(x1).type(1), n // 3            # in steps, for 2ⁿ itself may be inf or 0
    factor = np.ldexp(one, third)
    return x1 * factor * factor * np.ldexp(one, n - 2 * third)


@composed(np.heaviside, cases=[(((2, 3), (3,)), {})])
def heaviside(x: Any, h: Any, /, out: Any = None) -> Any:
    """0 for negative x, 1 for positive, h at 0. Derivative by x: 0, also at the jump; by h: 1 where x is 0.

    >>> float(heaviside(-1.0, 0.5)), float(heaviside(0.0, 0.5))
    (0.0, 0.5)
    """
    no_out("heaviside", out)
    beside = np.heaviside(x, data_of(h)) if is_plain(x) else step(x)
    return where(data_of(x) == 0, h, beside)


@composed(np.float_power, order=0)
def float_power(x: Any, y: Any, /, out: Any = None) -> Any:
    """x ** y in float64 (or wider), whatever the dtypes of x and y.

    >>> float_power(2, -1)
    0.5
    """
    no_out("float_power", out)
    wide = np.result_type(np.float64, dtype_of(x), dtype_of(y))
    return power(_as_wide(x, wide), _as_wide(y, wide))


def _as_wide(x: Any, wide: Any) -> Any:
    real_only("float_power", x)
    return x if type(x) in (int, float) or dtype_of(x) == wide else astype(x, wide)
