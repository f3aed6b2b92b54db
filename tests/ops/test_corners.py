"""Where IEEE arithmetic has no good answer: the stated derivative at each corner.

A finite value stands where mathematics or a convention gives one; an infinite slope (sqrt at 0) is told as it is.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers.each import each
from helpers.engines import engines

import autograd_nn as ag
from autograd_nn import Tensor, grad
from autograd_nn.ops import OPS

INF, NAN = math.inf, math.nan

XS = [-INF, -2.0, -1.0, -0.0, 0.0, 1.0, 2.0, INF, NAN]
YS = [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, INF]
R2, L2 = math.sqrt(2), math.log(2)

# One row for each x, one column for each y. By x: y x^(y-1); constant functions (y = 0, and 0^inf) have slope 0.
BY_X = [
    [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, -INF, INF, INF],
    [0.25, -0.25, NAN, 0.0, NAN, 1.0, -4.0, 12.0, INF],
    [2.0, -1.0, NAN, 0.0, NAN, 1.0, -2.0, 3.0, INF],
    [INF, -INF, -INF, 0.0, INF, 1.0, 0.0, 0.0, 0.0],
    [-INF, -INF, -INF, 0.0, INF, 1.0, 0.0, 0.0, 0.0],
    [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, INF],
    [-0.25, -0.25, -0.25 / R2, 0.0, 0.5 / R2, 1.0, 4.0, 12.0, INF],
    [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, INF, INF, INF],
    [NAN, NAN, NAN, 0.0, NAN, 1.0, NAN, NAN, NAN],
]
# By y: x^y ln x; none where x < 0 (but at -inf, y < 0 it is 0 on both sides); 0 where x is 0, also at 0^0.
BY_Y = [
    [0.0, 0.0, 0.0, NAN, NAN, NAN, NAN, NAN, NAN],
    [NAN] * 9,
    [NAN] * 9,
    [0.0] * 9,
    [0.0] * 9,
    [0.0] * 9,
    [L2 / 4, L2 / 2, L2 / R2, L2, L2 * R2, L2 * 2, L2 * 4, L2 * 8, INF],
    [0.0, 0.0, 0.0, INF, INF, INF, INF, INF, INF],
    [NAN] * 9,
]
# The second derivative by x, for finite y: y (y-1) x^(y-2), and 0 where y is 0 or 1.
TWICE = [(-2.0, [0.375, -0.25, NAN, 0.0, NAN, 0.0, 2.0, -12.0]),
         (-0.0, [INF, -INF, INF, 0.0, -INF, 0.0, 2.0, 0.0]),
         (0.0, [INF, INF, INF, 0.0, -INF, 0.0, 2.0, 0.0]),
         (1.0, [6.0, 2.0, 0.75, 0.0, -0.25, 0.0, 2.0, 6.0])]


def same(got, want):
    np.testing.assert_allclose(got, want, rtol=1e-14, atol=0)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@each("i", range(len(XS)))
def test_power_of_arrays(i):
    with np.errstate(all="ignore"):
        x, y = Tensor(np.full(9, XS[i])), Tensor(YS)
        z = x ** y
        np.testing.assert_array_equal(z.data, np.power(x.data, y.data))
        z.backward(np.ones(9))
        same(x.grad, BY_X[i])
        same(y.grad, BY_Y[i])
        for j, exponent in enumerate(YS):            # a constant exponent takes other ways
            x = Tensor([XS[i], XS[i]])
            (x ** exponent).backward(np.ones(2))
            same(x.grad, [BY_X[i][j]] * 2)


@engines
@each("i", range(len(XS)))
def test_power_of_numbers(Value, i):
    for j, exponent in enumerate(YS):
        x, y = Value(XS[i]), Value(exponent)
        z = x ** y
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(z.data, np.power([XS[i]] * 3, [exponent] * 3)[0])
        z.backward()
        same([x.grad, y.grad], [BY_X[i][j], BY_Y[i][j]])


@each(("x", "want"), TWICE)
def test_power_twice(x, want):
    with np.errstate(all="ignore"):
        same([grad(grad(lambda t, y=y: t ** y))(x) for y in YS[:-1]], want)
        t = Tensor(np.full(8, x))
        (t ** np.array(YS[:-1])).backward(np.ones(8), create_graph=True)
        g, t.grad = t.grad, None
        g.backward(np.ones(8))
        same(t.grad, want)


# (what, f, where, the derivatives by each argument)
IDIOMS = [
    ("sqrt at 0", OPS["sqrt"], [0.0], [INF]),                                # a vertical slope, told as it is
    ("cbrt at 0", OPS["cbrt"], [0.0], [INF]),
    ("log at 0", OPS["log"], [0.0], [INF]),
    ("where guards sqrt", lambda x: ag.where(x > 0, OPS["sqrt"](x), 0.0), [0.0], [0.0]),
    ("where guards x log x", lambda x: ag.where(x > 0, x * OPS["log"](x), 0.0), [0.0], [0.0]),
    ("where guards 1/x", lambda x: ag.where(x != 0, 1 / x, 0.0), [0.0], [0.0]),
    ("xlogy(x, x) at 0", lambda x: OPS["xlogy"](x, x), [0.0], [0.0]),
    ("xlogy(0, y)", OPS["xlogy"], [0.0, 2.0], [math.log(2), 0.0]),
    ("0 ** 0", OPS["power"], [0.0, 0.0], [0.0, 0.0]),
    ("hypot(0, 0)", OPS["hypot"], [0.0, 0.0], [0.0, 0.0]),
    ("arctan2(0, 0)", OPS["arctan2"], [0.0, 0.0], [0.0, 0.0]),
    ("arctan2 of tiny numbers", OPS["arctan2"], [3e-200, 4e-200], [0.16e200, -0.12e200]),
    ("|x| at 0", abs, [0.0], [0.0]),
    ("|x| ** 0.5 at 0", lambda x: abs(x) ** 0.5, [0.0], [0.0]),
    ("|x| ** 1 at 0", lambda x: abs(x) ** 1, [0.0], [0.0]),
    ("|x| ** 1.5 at 0", lambda x: abs(x) ** 1.5, [0.0], [0.0]),
    ("fabs ** 0.5 at 0", lambda x: OPS["fabs"](x) ** 0.5, [0.0], [0.0]),
    ("logaddexp of -inf", OPS["logaddexp"], [-INF, -INF], [0.0, 0.0]),
    ("logaddexp of one -inf", OPS["logaddexp"], [-INF, 1.0], [0.0, 1.0]),
    ("logaddexp2 of -inf", OPS["logaddexp2"], [-INF, -INF], [0.0, 0.0]),
    ("sinc at 0", OPS["sinc"], [0.0], [0.0]),
    ("fmax of nan", OPS["fmax"], [NAN, 1.0], [0.0, 1.0]),
    ("fmin of nan", OPS["fmin"], [1.0, NAN], [1.0, 0.0]),
    ("fmax of a tie", OPS["fmax"], [1.0, 1.0], [0.5, 0.5]),
    ("fmin of a tie", OPS["fmin"], [1.0, 1.0], [0.5, 0.5]),
    ("copysign of 0", OPS["copysign"], [0.0, -1.0], [0.0, 0.0]),
    ("heaviside at 0", ag.heaviside, [0.0, 0.5], [0.0, 1.0]),
    ("nan_to_num of nan", ag.nan_to_num, [NAN], [0.0]),
    ("nan_to_num of inf", ag.nan_to_num, [INF], [0.0]),
]
of_idioms = pytest.mark.parametrize(("f", "xs", "want"), [i[1:] for i in IDIOMS], ids=[i[0] for i in IDIOMS])


@of_idioms
@engines
def test_idiom_on_numbers(Value, f, xs, want):
    nodes = [Value(x) for x in xs]
    f(*nodes).backward()
    same([n.grad for n in nodes], want)


@of_idioms
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_idiom_on_arrays(f, xs, want, dtype):
    if dtype == np.float32 and 0 < abs(xs[0]) < 1e-100:
        xs, want = [1e150 * x for x in xs], [1e-150 * x for x in want]     # float32 has no such numbers
        xs, want = [1e15 * x for x in xs], [1e-15 * x for x in want]
    with np.errstate(all="ignore"):
        nodes = [Tensor([x, x], dtype=dtype) for x in xs]
        f(*nodes).backward(np.ones(2, dtype))
    np.testing.assert_allclose([n.grad for n in nodes], [[w, w] for w in want], rtol=1e-6)


KINKS = {                                            # (f, its second derivative at 0 by convention)
    "|x|": (abs, 0.0), "|x|^2": (lambda x: abs(x) ** 2, 0.0), "relu^2": (lambda x: OPS["relu"](x) ** 2, 0.0),
    "max(x, -x)^2": (lambda x: np.maximum(x, -x) ** 2, 0.0), "a tie": (lambda x: np.maximum(x, 3 * x) ** 2, 8.0),
    "the edge of clip": (lambda x: ag.clip(x, 0.0, 1.0) ** 2, 0.5), "x |x|": (lambda x: x * abs(x), 0.0),
    "smooth beside a kink": (lambda x: OPS["relu"](x) + OPS["exp"](x), 1.0)}


@pytest.mark.parametrize("name", KINKS)
def test_at_a_kink_the_slope_counts_as_constant(name):
    """As in other engines: the second derivative is that of the convention's slope, times that of what follows."""
    f, want = KINKS[name]
    zeros, ones = np.zeros(2), np.ones(2)
    for got in (grad(grad(f))(0.0), ag.hvp(f, 0.0, 1.0), ag.hvp(lambda x: f(x).sum(), zeros, ones),
                grad(lambda x: grad(lambda x: f(x).sum())(x).sum())(zeros)):
        np.testing.assert_array_equal(got, want)


def test_values_at_the_corners():
    assert OPS["xlogy"](0.0, 0.0) == 0 and math.isnan(OPS["xlogy"](0.0, NAN))
    np.testing.assert_array_equal(ag.xlogy(np.array([0.0, 0.0, 2.0]), np.array([0.0, NAN, 1.0])), [0, NAN, 0])
    assert OPS["power"](0.0, 0.0) == 1 and OPS["logaddexp"](-INF, -INF) == -INF
    assert ag.sinc(0.0) == 1 and ag.nan_to_num(Tensor(NAN), nan=2.0).item() == 2
    f = ag.nan_to_num(Tensor([INF, -INF, 1.0], dtype=np.float32))
    assert f.dtype == np.float32 and f.data.tolist() == [np.finfo(np.float32).max, np.finfo(np.float32).min, 1]


def test_sinc_of_every_order_near_0():
    """The nth derivative at 0 is 0 for odd n and (-1)^(n/2) pi^n / (n + 1) for even."""
    f = OPS["sinc"]
    for n in range(1, 7):
        f = grad(f)
        want = 0.0 if n % 2 else (-1) ** (n // 2) * math.pi ** n / (n + 1)
        assert f(0.0) == pytest.approx(want, rel=1e-12, abs=1e-12)
        assert f(1e-9) == pytest.approx(want, rel=1e-6, abs=1e-4)
    for n in (1, 2, 3, 5, 8):                        # the two ways of computing it meet
        edge = 1 + n / 4
        below, above = (OPS["sinc_derivative"](edge + e, n=n) for e in (-1e-12, 1e-12))
        assert below == pytest.approx(above, rel=1e-8, abs=1e-8)
    assert math.isnan(OPS["sinc_derivative"](1.0, n=0.5))
    assert OPS["sinc_derivative"](6e307, n=0) == 0       # pi x is inf; no warning, as of any op on floats


@pytest.mark.parametrize(("op", "masked"), [(ag.softmax, 0.0), (lambda t: ag.logsumexp(t, axis=-1), 0.0),
                                            (ag.log_softmax, 0.5)], ids=["softmax", "logsumexp", "log_softmax"])
def test_a_row_of_minus_inf_has_a_finite_gradient(op, masked):
    """That of log_softmax is the cotangent itself: it is x - logsumexp(x), whose second term has gradient 0."""
    t = Tensor([[-INF, -INF], [0.0, 1.0], [-INF, 2.0]])
    y = op(t)
    y.backward(np.full(y.shape, 0.5))
    assert np.isfinite(t.grad).all() and t.grad[0].tolist() == [masked, masked]
    assert t.grad[2, 0] == masked


def test_logsumexp_and_softmax_of_minus_inf():
    t = Tensor([-INF, -INF])
    assert ag.logsumexp(t).item() == -INF and ag.softmax(t).data.tolist() == [0, 0]


@pytest.mark.parametrize("call", [lambda t: t.std(), lambda t: np.std(t, ddof=1), lambda t: t.var(),
                                  lambda t: np.std(t, where=np.array([True, True, False])),
                                  lambda t: ag.nanstd(t), lambda t: t.std(mean=t.mean())])
def test_spread_of_a_constant_has_gradient_0(call):
    t = Tensor([2.0, 2.0, 2.0])
    y = call(t)
    y.backward()
    assert y.item() == 0 and t.grad.tolist() == [0, 0, 0]


PRODUCTS = [[2.0, 0.0, 3.0, 4.0], [0.0, 0.0, 3.0, 4.0], [0.0, 0.0, 0.0, 4.0], [1.0, 2.0, 3.0, 0.0], [0.0]]


@each("row", PRODUCTS)
@each("name", ["prod", "cumprod"])
def test_products_with_zeros_to_the_third_order(row, name):
    """Against products written out by multiplication, which knows no corner."""
    n = len(row)
    weights = np.array([0.5, -1.0, 2.0, 3.0])[:n]
    directions = np.random.default_rng(0).normal(size=(3, n))

    def written_out(x):
        parts, total = [], 1.0
        for i in range(n):
            total = total * x[i]
            parts.append(total * weights[i])
        return parts[-1] if name == "prod" else sum(parts)

    def by_op(x):
        return x.prod() * weights[-1] if name == "prod" else (x.cumprod() * weights).sum()

    def along(f, u):
        return lambda x: (grad(f)(x) * u).sum()

    a = np.array(row)
    for f in (written_out, by_op):
        np.testing.assert_array_equal(f(a), written_out(a))
    f, g = by_op, written_out
    for u in directions:
        f, g = along(f, u), along(g, u)
        assert f(a) == pytest.approx(g(a), rel=1e-12, abs=1e-12)


def test_products_with_zeros_over_several_axes():
    a = np.array([[[1.0, 2.0], [0.0, 3.0]], [[2.0, 1.0], [5.0, 0.0]]])
    for axis in (0, 1, 2, (0, 2), None):
        t = Tensor(a)
        t.prod(axis=axis).sum().backward()
        h = 1e-6
        for i in np.ndindex(a.shape):
            e = np.zeros_like(a)
            e[i] = h
            assert t.grad[i] == pytest.approx(((a + e).prod(axis) - (a - e).prod(axis)).sum() / (2 * h), abs=1e-8)


TIES = [
    ("max", [1.0, 3.0, 3.0], [0.0, 0.5, 0.5]), ("min", [1.0, 1.0, 3.0], [0.5, 0.5, 0.0]),
    ("amax", [3.0, 3.0, 3.0], [1 / 3] * 3), ("amin", [3.0, 3.0], [0.5, 0.5]),
    ("ptp", [1.0, 3.0, 3.0], [-1.0, 0.5, 0.5]), ("ptp", [2.0, 2.0], [0.0, 0.0]),
    ("median", [1.0, 4.0, 2.0, 3.0], [0.0, 0.0, 0.5, 0.5]), ("median", [1.0, 4.0, 2.0], [0.0, 0.0, 1.0]),
    ("median", [2.0, 2.0, 1.0, 5.0, 2.0], [1 / 3, 1 / 3, 0.0, 0.0, 1 / 3]),
    ("median", [2.0, 2.0, 1.0, 3.0], [0.5, 0.5, 0.0, 0.0]), ("median", [1.0, 2.0, 2.0, 3.0, 3.0, 9.0],
                                                            [0.0, 0.25, 0.25, 0.25, 0.25, 0.0]),
    ("nanmax", [NAN, 3.0, 3.0], [0.0, 0.5, 0.5]), ("nanmin", [1.0, NAN, 3.0], [1.0, 0.0, 0.0]),
]


@each(("name", "row", "want"), TIES)
def test_those_that_tie_share_evenly(name, row, want):
    t = Tensor([row, row])
    y = getattr(np, name)(t, axis=1)
    y.backward(np.array([1.0, 2.0]))
    np.testing.assert_allclose(t.grad, [want, [2 * w for w in want]], rtol=1e-12)
    assert y.data.tolist() == getattr(np, name)(t.data, axis=1).tolist()


def test_initial_ties_with_the_elements():
    t = Tensor([1.0, 2.0])
    np.max(t, initial=2.0).backward()
    assert t.grad.tolist() == [0, 0.5]


def test_nan_is_left_out():
    a = np.array([[1.0, NAN, 3.0], [NAN, NAN, 2.0]])
    for name, want in (("nansum", [[1, 0, 1], [0, 0, 1]]), ("nanmean", [[0.5, 0, 0.5], [0, 0, 1]]),
                       ("nanprod", [[3, 0, 1], [0, 0, 1]]), ("nanvar", [[-1, 0, 1], [0, 0, 0]]),
                       ("nanstd", [[-0.5, 0, 0.5], [0, 0, 0]]), ("nancumsum", [[3, 0, 1], [0, 0, 1]])):
        t = Tensor(a)
        y = getattr(np, name)(t, axis=1)
        np.testing.assert_allclose(y.data, getattr(np, name)(a, axis=1), rtol=1e-12)
        y.backward(np.ones(y.shape))
        np.testing.assert_allclose(t.grad, want, rtol=1e-12, err_msg=name)
    empty = Tensor([[NAN, NAN], [1.0, NAN]])
    y = np.nanmax(empty, axis=1)
    np.testing.assert_array_equal(y.data, [NAN, 1.0])
    y.backward(np.array([0.0, 1.0]))
    assert empty.grad.tolist() == [[0, 0], [1, 0]]
