"""The elementwise ops in mpmath, and how far a result is from what they give: the reference for every digit.

A derivative is a difference with so many digits that its own error is far below one unit of the last place. So
nothing here differentiates by a rule, and an op needs its value alone.
"""

from __future__ import annotations

import math

import mpmath as mp

STEP = mp.mpf(10) ** -30
ALPHA, SCALE = mp.mpf(1.6732632423543772), mp.mpf(1.0507009873554805)


def _logaddexp(x, y):
    return max(x, y) + mp.log1p(mp.exp(-abs(x - y)))


def _sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def _expm1(x):
    return mp.expm1(x) if abs(x) < 1 else mp.exp(x) - 1


def _tanh(x):
    return _expm1(2 * x) / (mp.exp(2 * x) + 1)


def _erf(x):
    return mp.erf(x) if abs(x) < 50 else mp.sign(x)


def _normal(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2 if abs(x) < 60 else mp.mpf(x > 0)


def _sinc(x):
    return mp.sin(mp.pi * x) / (mp.pi * x)


def _sinc_derivative(x, n):
    """Of order 1, the default."""
    if abs(x) < 0.01:
        return mp.fsum((-1) ** k * mp.pi ** (2 * k) * 2 * k * x ** (2 * k - 1) / mp.factorial(2 * k + 1)
                       for k in range(1, 60))
    return (mp.cos(mp.pi * x) - mp.sin(mp.pi * x) / (mp.pi * x)) / x


def _elu(x, alpha=1):
    return x if x > 0 else alpha * _expm1(x)


def _power(x, y):
    return mp.sign(x) ** int(y) * mp.exp(y * mp.log(abs(x))) if y == int(y) or x > 0 else mp.nan


EXACT = {
    "variable": lambda x: x,
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "multiply0": lambda x, y: x * y,
    "slope0": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "divide0": lambda x, y: x / y,
    "negative": lambda x: -x,
    "power": _power,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "absolute": abs,
    "fabs": abs,
    "sign": mp.sign,
    "step": lambda x: mp.mpf(x > 0),
    "tie": lambda x, y: mp.mpf(x > y) + mp.mpf(x == y) / 2,
    "same": lambda x, y: mp.mpf(x == y),
    "flat": lambda g, x: mp.mpf(0),
    "floor": mp.floor,
    "ceil": mp.ceil,
    "round": mp.nint,
    "trunc": lambda x: mp.sign(x) * mp.floor(abs(x)),
    "floor_divide": lambda x, y: mp.floor(x / y),
    "maximum": max,
    "minimum": min,
    "fmax": max,
    "fmin": min,
    "where": lambda condition, x, y: x if condition else y,
    "clip": lambda x, low, high: min(max(x, low), high),
    "fmod": lambda x, y: mp.sign(x) * mp.fmod(abs(x), abs(y)),
    "remainder": lambda x, y: x - y * mp.floor(x / y),
    "copysign": lambda x, y: abs(x) * mp.sign(y),
    "conjugate": lambda x: x,
    "real": lambda x: x,
    "log0": mp.log,
    "scale0": lambda w, x, y: w * x / y,
    "xlogy": lambda x, y: x * mp.log(y),
    "exp": mp.exp,
    "exp2": lambda x: mp.exp(x * mp.log(2)),
    "expm1": _expm1,
    "log": mp.log,
    "log1p": mp.log1p,
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "sqrt": mp.sqrt,
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "arcsin": mp.asin,
    "arccos": mp.acos,
    "arctan": mp.atan,
    "arctan2": mp.atan2,
    "sinh": lambda x: (_expm1(x) - _expm1(-x)) / 2,
    "cosh": lambda x: (mp.exp(x) + mp.exp(-x)) / 2,
    "tanh": _tanh,
    "gauss": lambda x, scale: mp.exp(-scale * x * x),
    "normal_cdf": _normal,
    "toward": lambda w, x, y: w * x / mp.sqrt(x * x + y * y),
    "over_square1": lambda g, x: g / (1 + x * x),
    "over_cosh2": lambda g, x: 4 * g / (mp.exp(x) + mp.exp(-x)) ** 2,
    "over_cosh1": lambda g, x: g / (2 + mp.exp(x) + mp.exp(-x)),
    "one_less_square": lambda x: (1 - x) * (1 + x),
    "arcsinh": lambda x: mp.sign(x) * mp.log1p(abs(x) + x * x / (1 + mp.sqrt(x * x + 1))),
    "arccosh": lambda x: mp.log1p(x - 1 + mp.sqrt(x - 1) * mp.sqrt(x + 1)) if x >= 1 else mp.nan,
    "arctanh": lambda x: mp.log1p(2 * x / (1 - x)) / 2 if abs(x) < 1 else mp.nan,
    "hypot": lambda x, y: mp.sqrt(x * x + y * y),
    "hypot1": lambda x: mp.sqrt(x * x + 1),
    "erf": _erf,
    "sigmoid": _sigmoid,
    "logaddexp": _logaddexp,
    "log_ratio": lambda x, y: x - y,
    "logaddexp2": lambda x, y: _logaddexp(x * mp.log(2), y * mp.log(2)) / mp.log(2),
    "sinc": _sinc,
    "sinc_derivative": _sinc_derivative,
    "radians": lambda x: x * mp.pi / 180,
    "degrees": lambda x: x * 180 / mp.pi,
    "hard_sigmoid": lambda x: min(max(x / 6 + mp.mpf(1) / 2, 0), 1),
    "hard_tanh": lambda x: min(max(x, -1), 1),
    "relu": lambda x: max(x, 0),
    "leaky_relu": lambda x, negative_slope: x if x > 0 else negative_slope * x,
    "elu": _elu,
    "selu": lambda x: SCALE * _elu(x, ALPHA),
    "softplus": lambda x: _logaddexp(x, 0),
    "silu": lambda x: x * _sigmoid(x),
    "gelu": lambda x: x * _normal(x),
    "gelu_tanh": lambda x: x * _sigmoid(2 * mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x ** 3)),
    "mish": lambda x: x * _tanh(_logaddexp(x, 0)),
}


KINKED = ("fmod", "remainder")


def exact(name, xs, params, tiny):
    """{(): value, (i,): derivative by input i, (i, j): second derivative} of the op at the floats xs.

    Where the op has no value nothing is in it, and only the value at a kink.
    """
    f = EXACT[name]
    exponents = [math.log10(abs(x)) for x in xs if x] or [0.0]
    kinks = max(exponents[0] - exponents[-1], 0) if name in KINKED else 0        # how many there are from 0 to here
    start = 80 + 2 * max(*exponents, 0) + max(exponents) - min(exponents) + 2 * kinks
    for digits in (start, start + 100, start + 420, start + 800, 2000):
        with mp.workdps(int(digits)):
            found, noise = _differences(lambda ys: f(*ys, **params), [mp.mpf(x) for x in xs],
                                        STEP * mp.mpf(10) ** -kinks, mp.mpf(10) ** (5 - digits))
        if all(noise[k] <= max(abs(found[k]) * 1e-18, tiny * 1e-9) for k in noise):
            break
    return found


def _real(y):
    return isinstance(y, mp.mpf | int) and mp.isfinite(y)


def _differences(f, xs, step, eps):
    steps = [step * min(abs(x), 1) for x in xs]

    def at(*moves):
        ys = list(xs)
        for i, sign in moves:
            ys[i] += sign * steps[i]
        return f(ys)

    y = at()
    if not _real(y):
        return {}, {}
    found, noise, size = {(): mp.mpf(y)}, {}, abs(y) * eps
    for i, h in enumerate(steps):
        if not h:
            continue
        above, below = at((i, 1)), at((i, -1))
        if not (_real(above) and _real(below)) or \
                abs(above + below - 2 * y) > 1e-9 * (abs(above - y) + abs(y - below)) + size * 100:
            return {(): found[()]}, {}
        found[i,], noise[i,] = (above - below) / (2 * h), size / h
        found[i, i], noise[i, i] = (above + below - 2 * y) / h ** 2, size / h ** 2
        for j, k in enumerate(steps[:i]):
            if k:
                mixed = at((i, 1), (j, 1)) - at((i, 1), (j, -1)) - at((i, -1), (j, 1)) + at((i, -1), (j, -1))
                found[i, j] = found[j, i] = mixed / (4 * h * k)
                noise[i, j] = noise[j, i] = size / (h * k)
    return found, noise
