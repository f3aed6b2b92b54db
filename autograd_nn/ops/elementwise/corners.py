"""Arithmetic at its corners: the products, quotients, logarithms and roots that rules need where IEEE says nan.

Away from the corner each is the plain operation. There, 0 wins: 0 times anything is 0, as in the
theory of measure; anything over 0 is 0; the logarithm of 0 is 0. Only rules and functions whose
derivative has a finite value by mathematics or by a stated convention use them: x ** 0 has slope 0
also at x = 0, |x|' = 0 at 0 even where an infinite cotangent arrives, a length has gradient 0 at the
origin. What users write stays IEEE: `x / 0` is inf, and sqrt has slope inf at 0.

slope0 is what the chain rule makes of a cotangent of 0 times a slope that is inf or nan: it is 0, and
its derivative is the slope all the same, also where a cotangent of 0 arrives. For where a cotangent is
0 at this point alone, the product may be any number, and it would be wrong to say that it stays 0.

scale0 is what a root y of squares hands on of its cotangent w: w x / y, and 0 where y is 0, for the
root has a kink there. Its own derivatives by x and y stay IEEE's, also where a cotangent of 0 arrives
(that of the square of a root is one): a second derivative through a root of 0 is no number.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._composite import Composite
from .._op import Op

POSITIVE = (0.1, 4.0)


def _multiply0(x: Any, y: Any) -> Any:
    z = x * y
    if type(x) in (float, int) and x and math.isfinite(x):       # a constant exponent: the common case, fast
        return z
    if math.isfinite(np.vdot(z, z)):                     # quicker to look for than to prevent; a false alarm costs time
        return z
    zero = np.logical_or(np.equal(x, 0), np.equal(y, 0))
    return np.where(zero, np.asarray(z).dtype.type(0), z)


def _divide0(x: Any, y: Any) -> Any:
    zero = np.equal(y, 0)
    if not np.logical_or.reduce(zero, axis=None):
        return x / y
    return np.where(zero, np.result_type(x, y).type(0), x / _with_1(zero, x, y))


def _log0(x: Any) -> Any:
    return np.log(_with_1(np.equal(x, 0), x, x))


def _xlogy(x: Any, y: Any) -> Any:
    return x * np.log(_with_1(np.equal(x, 0) & np.equal(y, y), x, y))


def _with_1(where: Any, x: Any, y: Any) -> Any:
    """y with 1 in some places, in the dtype of x and y together."""
    dtype = np.result_type(x, y)
    return np.where(where, dtype.type(1), np.asarray(y, dtype=dtype))


multiply0 = Op("multiply0", lambda x, y: x * y if x and y else 0.0, _multiply0,
               lambda g, z, x, y: multiply0(g, y),
               lambda g, z, x, y: multiply0(g, x),
               text="{0} * {1}", neutral=(1, 1), absorbing=(0, 0),
               internal=True, tex=r"{0} \, {1}", c="ag_multiply0({0}, {1})", symbol="×",
               commutes=True, multilinear=True,
               ulps=(1, 0, 0))
divide0 = Op("divide0", lambda x, y: x / y if y else 0.0, _divide0,
             lambda g, z, x, y: divide0(g, y),
             lambda g, z, x, y: -divide0(g * z, y),
             text="{0} / {1}", neutral=(None, 1), absorbing=(0, None),
             internal=True, tex=r"\frac{{{0}}}{{{1}}}", c="ag_divide0({0}, {1})", symbol="÷",
             domain=((-3, 3), POSITIVE), linear=(0,),
             ulps=(1, 4, 4))
slope0 = Composite("slope0", lambda x, y: multiply0(x, y),
                   lambda g, z, x, y: g * y,
                   lambda g, z, x, y: g * x,
                   text="{0} * {1}", unguarded=True, internal=True, tex=r"{0} \, {1}", symbol="×",
                   commutes=True, multilinear=True,
                   ulps=(1, 1, 0))
log0 = Op("log0", lambda x: math.log(x) if x else 0.0, _log0,
          lambda g, y, x: divide0(g, x),
          text="log",
          internal=True, tex=r"\ln {0}", c="ag_log0({0})", symbol="log", domain=(POSITIVE,),
          ulps=(4, 1, 4))
scale0 = Composite("scale0", lambda w, x, y: w * divide0(x, y),
                   lambda g, z, w, x, y: scale0(g, x, y),
                   lambda g, z, w, x, y: g * (w / y),
                   lambda g, z, w, x, y: -g * z / y,
                   text="{0} * {1} / {2}", unguarded=True, internal=True,
                   tex=r"{0} \, \frac{{{1}}}{{{2}}}", symbol="w x/y", domain=((-3, 3), (-3, 3), POSITIVE),
                   ulps=(4, 4, 4))
xlogy = Op("xlogy", lambda x, y: x * math.log(y) if x or y != y else 0.0, _xlogy,
           lambda g, z, x, y: g * log0(y),
           lambda g, z, x, y: g * multiply0(x, 1 / y),
           tex=r"{0} \, \ln {1}", domain=((-3, 3), POSITIVE),
           ulps=(4, 4, 4))
