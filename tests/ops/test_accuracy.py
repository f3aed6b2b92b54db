"""Value and first derivative of the ops of one input, against mpmath, from the smallest numbers to the largest.

The unit is the last place of the right result (or the smallest normal number's, for what is below it).
"""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from helpers.op_checks import SCALAR

from autograd_nn import Tensor
from autograd_nn.ops import OPS

mp.mp.dps = 60
ROOT_HALF = mp.sqrt(mp.mpf(1) / 2)
ALPHA, SCALE = mp.mpf(1.6732632423543772), mp.mpf(1.0507009873554805)
LIMIT = mp.mpf(1e5)


def exp(x):
    return mp.exp(x) if abs(x) < LIMIT else mp.mpf(0) if x < 0 else mp.inf


def normal(x):
    return exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def upper(x):
    """How much of the normal distribution lies below x."""
    return mp.erfc(-x * ROOT_HALF) / 2 if abs(x) < 1e3 else mp.mpf(x > 0)


def erf_slope(x):
    return 2 / mp.sqrt(mp.pi) * exp(-x * x)


# op: (value, derivative)
EXACT = {
    "exp": (exp, exp),
    "expm1": (lambda x: mp.expm1(x) if abs(x) < LIMIT else exp(x) - 1, exp),
    "log": (mp.log, lambda x: 1 / x),
    "log1p": (mp.log1p, lambda x: 1 / (1 + x)),
    "sqrt": (mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x))),
    "arcsin": (mp.asin, lambda x: 1 / mp.sqrt(1 - x * x)),
    "arccos": (mp.acos, lambda x: -1 / mp.sqrt(1 - x * x)),
    "arctan": (mp.atan, lambda x: 1 / (1 + x * x)),
    "arcsinh": (mp.asinh, lambda x: 1 / mp.sqrt(x * x + 1)),
    "arccosh": (mp.acosh, lambda x: 1 / mp.sqrt(x * x - 1)),
    "arctanh": (mp.atanh, lambda x: 1 / (1 - x * x)),
    "hypot1": (lambda x: mp.sqrt(x * x + 1), lambda x: x / mp.sqrt(x * x + 1)),
    "elu": (lambda x: x if x > 0 else mp.expm1(max(x, -LIMIT)), lambda x: mp.mpf(1) if x > 0 else exp(x)),
    "selu": (lambda x: SCALE * x if x > 0 else SCALE * ALPHA * mp.expm1(max(x, -LIMIT)),
             lambda x: SCALE if x > 0 else SCALE * ALPHA * exp(x)),
    "softplus": (lambda x: mp.log1p(exp(x)) if x < 1e3 else x, lambda x: 1 / (1 + exp(-x))),
    "sigmoid": (lambda x: 1 / (1 + exp(-x)), lambda x: 1 / ((1 + exp(-x)) * (1 + exp(x)))),
    "tanh": (lambda x: mp.tanh(x) if abs(x) < LIMIT else mp.sign(x),
             lambda x: mp.sech(x) ** 2 if abs(x) < LIMIT else mp.mpf(0)),
    "erf": (lambda x: mp.erf(x) if abs(x) < 1e3 else mp.sign(x), erf_slope),
    "erfc": (lambda x: mp.erfc(x) if abs(x) < 1e3 else mp.mpf(2 * (x < 0)), lambda x: -erf_slope(x)),
    "gelu": (lambda x: x * upper(x), lambda x: upper(x) + x * normal(x)),
}
FEW = 4
# More than a few units of the last place, and why: (of the value, of the derivative).
MORE = {
    "tanh": (FEW, None, "1 - y^2, the quickest rule: an absolute error of one unit of 1"),
    "sigmoid": (FEW, None, "y (1 - y), the quickest rule: an absolute error of one unit of 1"),
    "erf": (FEW, None, "exp(-x^2) has the relative error of x^2, times x^2"),
    "erfc": (FEW, None, "as erf"),
    "gelu": (None, None, "the error of x / sqrt(2) and of x^2, times x^2; the derivative is 0 at x = -0.75"),
}


def places(op, dtype):
    info = np.finfo(dtype)
    sizes = np.exp(np.linspace(np.log(float(info.tiny)), np.log(float(info.max)), 150))
    near = 10.0 ** np.linspace(np.log10(float(info.eps)) + 0.5, -1, 20)
    middle = np.linspace(0.05, 30, 60)
    found = np.unique(np.r_[sizes, 1 - near, 1 + near, middle, -sizes, near - 1, -1 - near, -middle].astype(dtype))
    low, high = {"log": (0, np.inf), "sqrt": (0, np.inf), "log1p": (-1, np.inf), "arcsin": (-1, 1), "arccos": (-1, 1),
                 "arctanh": (-1, 1), "arccosh": (1, np.inf)}.get(op.name, (-np.inf, np.inf))
    return found[(found > low) & (found < high) & np.isfinite(found)]


def worst(got, want, xs):
    """(the largest error in units of the last place of what is right, where)."""
    info = np.finfo(got.dtype)
    errors = []
    for y, z in zip(got.tolist(), want):
        if abs(z) > float(info.max) or abs(z) < float(info.tiny) * 8:    # there a result may be inf, or have few digits
            errors.append(0.0 if abs(z) > 1 or abs(y) < float(info.tiny) * 16 else np.inf)
            continue
        unit = mp.mpf(2) ** (mp.floor(mp.log(abs(z), 2)) - info.nmant)
        errors.append(float(abs(mp.mpf(y) - z) / unit) if np.isfinite(y) else np.inf)
    at = int(np.argmax(errors))
    return errors[at], float(xs[at])


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", EXACT)
def test_digits(name, dtype):
    op = OPS[name]
    assert op in SCALAR
    xs = places(op, dtype)
    t = Tensor(xs)
    with np.errstate(all="ignore"):
        y = op(t)
        y.backward(np.ones_like(xs))
    value, slope = EXACT[name]
    of_value, of_slope, _ = MORE.get(name, (FEW, FEW, ""))
    exact = [mp.mpf(x) for x in xs.tolist()]
    for what, got, f, bound in (("value", y.data, value, of_value), ("derivative", t.grad, slope, of_slope)):
        error, at = worst(got, [f(x) for x in exact], xs)
        assert bound is None or error <= bound, f"the {what} of {name} is {error:.3g} units off at {at!r}"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gelu_far_to_the_left(dtype):
    """Where 1 + erf(x / sqrt 2) would have lost its digits: the value and the derivative keep most of theirs."""
    x = Tensor(np.linspace(-12, -2, 50).astype(dtype))
    y = OPS["gelu"](x)
    y.backward(np.ones(50, dtype))
    exact = [mp.mpf(v) for v in x.data.tolist()]
    rtol = 300 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(y.data, [float(v * upper(v)) for v in exact], rtol=rtol)
    np.testing.assert_allclose(x.grad, [float(upper(v) + v * normal(v)) for v in exact], rtol=rtol)
