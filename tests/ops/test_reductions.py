"""Reductions as NumPy has them: arguments, dtypes, memory layouts; and facts about the data."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from helpers.arrays import layouts
from helpers.each import each
from helpers.numeric import slope

import autograd_nn as ag
from autograd_nn import Tensor, errors, grad, hessian, hvp, jvp
from autograd_nn.ops.arrays.reduction import largest

RNG = np.random.default_rng


# --- facts about the data -------------------------------------------------------------------------------

A = np.array([[3.0, 0.0, 2.0], [1.0, 5.0, 4.0]])
FACT_CALLS = [
    (np.argmax, (A,), {"axis": 1}), (np.argmin, (A,), {}), (np.any, (A,), {"axis": 0}), (np.all, (A,), {"axis": 1}),
    (np.argsort, (A,), {"axis": 0}), (np.searchsorted, (np.sort(A[0]), A[1]), {}), (np.nonzero, (A,), {}),
    (np.count_nonzero, (A,), {"axis": 1}), (np.flatnonzero, (A,), {}), (np.argwhere, (A,), {}),
    (np.allclose, (A, A + 1e-12), {}), (np.array_equal, (A, A), {}), (np.array_equiv, (A, A), {}),
    (np.isclose, (A, A + 1), {}), (np.digitize, (A, A[0, ::-1].copy() + np.arange(3) * 3), {}),
    (np.isin, (A, A[0]), {}), (np.isneginf, (A,), {}), (np.isposinf, (A,), {}), (np.isreal, (A,), {}),
    (np.isrealobj, (A,), {}), (np.nanargmax, (A,), {"axis": 1}), (np.nanargmin, (A,), {}), (np.ndim, (A,), {}),
    (np.shape, (A,), {}), (np.size, (A,), {}), (np.lexsort, (A,), {}), (np.argpartition, (A, 1), {}),
    (np.result_type, (A, 1.0), {}), (np.zeros_like, (A,), {}), (np.ones_like, (A,), {}), (np.full_like, (A, 2.0), {}),
]


@each(("f", "args", "kwargs"), FACT_CALLS)
def test_a_fact_about_the_data_is_plain(f, args, kwargs):
    got = f(*[Tensor(a) if isinstance(a, np.ndarray) else a for a in args], **kwargs)
    want = f(*args, **kwargs)
    assert not isinstance(got, Tensor)
    for g, w in zip(got, want) if isinstance(want, tuple) else [(got, want)]:
        assert type(g) is type(w)
        np.testing.assert_array_equal(g, w)


def test_facts_as_methods():
    t = Tensor(A)
    assert t.argmax() == 4 and t.argmin(axis=1).tolist() == [1, 0] and t.any() and not t.all()
    assert t.all(axis=0).tolist() == [True, False, True] and t.any(1, keepdims=True).shape == (2, 1)
    assert [i.tolist() for i in t.nonzero()] == [i.tolist() for i in A.nonzero()]
    assert t.argsort(axis=1).tolist() == A.argsort(axis=1).tolist()
    assert [i.tolist() for i in ag.where(t > 0)] == [i.tolist() for i in np.where(t > 0)] and ag.size(t) == 6
    assert ag.allclose(t, A) and ag.array_equal(t, A) and ag.count_nonzero(t, axis=1).tolist() == [2, 3]
    assert ag.isfinite(2.0) and ag.greater(ag.Value(2.0), 1) and ag.isin(t, [1.0, 3.0]).sum() == 2
    assert jvp(lambda x: ag.where(ag.less(x, 2.5), x, 0.0), (A,), (A,))[1].tolist() == (A * (A < 2.5)).tolist()


# --- the arguments of reductions --------------------------------------------------------------------------

MASK = np.array([[True, False, True], [True, True, False]])
AXES = [{}, {"axis": 0}, {"axis": -1}, {"axis": (0, 1)}, {"axis": (-1, 0)}, {"axis": None}, {"axis": ()}]
KEEP = [{}, {"keepdims": True}]
EXTRA = {
    "sum": [{}, {"initial": 2.5}, {"where": MASK}, {"where": MASK[0], "initial": -1.0}, {"dtype": np.float32}],
    "prod": [{}, {"initial": 2.5}, {"where": MASK}, {"where": MASK[:, :1], "initial": -1.0}],
    "mean": [{}, {"where": MASK}, {"dtype": np.float32}],
    "max": [{}, {"initial": 0.1}, {"initial": 0.1, "where": MASK}],
    "min": [{}, {"initial": 9.0}, {"initial": 9.0, "where": MASK}],
    "amax": [{}, {"initial": 0.1, "where": MASK}],
    "amin": [{}, {"initial": 9.0, "where": MASK}],
    "var": [{}, {"ddof": 1}, {"where": MASK}, {"where": MASK, "ddof": 0.5}, {"correction": 1}],
    "std": [{}, {"ddof": 1}, {"where": MASK}, {"correction": 0.5}],
    "ptp": [{}],
    "median": [{}],
    "average": [{}, {"weights": A + 1.0}],
    "nansum": [{}, {"initial": 2.5, "where": MASK}], "nanprod": [{}, {"where": MASK}],
    "nanmean": [{}, {"where": MASK}], "nanmax": [{}, {"initial": 0.1, "where": MASK}], "nanmin": [{}],
    "nanvar": [{}, {"ddof": 1}], "nanstd": [{}, {"where": MASK}],
}
CALLS = [(name, {**axis, **keep, **extra}) for name, extras in EXTRA.items()
         for axis, keep, extra in itertools.product(AXES, KEEP, extras)
         if not (name in ("median", "ptp", "average") and axis.get("axis") == ())]
POINTS = np.array([[0.7, 1.9, -1.2], [2.3, -0.4, 1.1]])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Degrees of freedom", "ignore:Mean of empty", "ignore:invalid value",
                            "ignore:divide by zero")
@each(("name", "kwargs"), CALLS)
def test_a_reduction_with_numpys_arguments(name, kwargs):
    f = getattr(np, name)
    want = f(POINTS, **kwargs)
    t = Tensor(POINTS)
    y = f(t, **kwargs)
    assert isinstance(y, Tensor) and y.shape == np.shape(want) and y.dtype == want.dtype
    np.testing.assert_allclose(y.data, want, rtol=1e-6 if want.dtype == np.float32 else 1e-13)
    np.testing.assert_allclose(getattr(ag, name)(t, **kwargs).data, y.data)
    if not np.isfinite(want).all() or (kwargs.get("axis") == () and name in ("std", "nanstd")):
        return                                       # too few elements, or a cone: nothing to compare with
    w = RNG(1).normal(size=y.shape)
    y.backward(w.astype(y.dtype))
    u = RNG(2).normal(size=POINTS.shape)
    along = slope(lambda s: float((f(POINTS + s * u, **{**kwargs, "dtype": float} if "dtype" in kwargs else kwargs)
                                   * w).sum()))
    assert (t.grad * u).sum() == pytest.approx(along, rel=1e-6, abs=1e-6)
    if "dtype" not in kwargs:
        _, tangent = jvp(lambda x: getattr(ag, name)(x, **kwargs), (POINTS,), (u,))
        assert (tangent * w).sum() == pytest.approx(along, rel=1e-7, abs=1e-7)


def test_numpys_order_of_arguments():
    t, a = Tensor(POINTS), POINTS
    by_function = [(np.sum, 0, None, None, True), (np.mean, 1, None, None, True), (np.min, 1, None, True, 0.0),
                   (np.std, 1, None, None, 1, True), (np.cumprod, 1, np.float32), (np.median, 1, None, False, True),
                   (np.ptp, 0, None, True), (np.trace, 0, 1, 0), (np.average, 1, a[0] + 5)]
    by_method = [("sum", 0, np.float32), ("sum", 1), ("mean", 0), ("max", 0, None, True), ("var", 0, None, None, 1),
                 ("prod", 0), ("cumsum", 1), ("trace", 1)]
    pairs = [(f(t, *args), f(a, *args)) for f, *args in by_function]
    pairs += [(getattr(t, name)(*args), getattr(a, name)(*args)) for name, *args in by_method]
    pairs += [(np.sum(a=t, axis=1), a.sum(1)), (t.sum(0, keepdims=True), a.sum(0, keepdims=True))]
    for got, want in pairs:
        assert isinstance(got, Tensor) and got.dtype == want.dtype
        np.testing.assert_allclose(got.data, want, rtol=1e-6)


def test_plain_arrays_stay_plain():
    for name, extras in EXTRA.items():
        for extra in extras:
            got, want = getattr(ag, name)(POINTS, **extra), getattr(np, name)(POINTS, **extra)
            assert not isinstance(got, Tensor)
            np.testing.assert_allclose(got, want, rtol=1e-13, err_msg=name)
    assert ag.sum([1, 2]) == 3 and ag.sum(np.arange(3), dtype=np.int8).dtype == np.int8


def test_derivatives_by_the_weights_of_an_average():
    a, w = Tensor(POINTS), Tensor([1.0, 2.0, 4.0])
    y = np.average(a, axis=1, weights=w)
    y.backward(np.array([1.0, -2.0]))
    for node, xs in ((a, lambda s, u: (POINTS + s * u, w.data)), (w, lambda s, u: (POINTS, w.data + s * u))):
        u = RNG(0).normal(size=node.shape)

        def f(s, xs=xs, u=u):
            points, weights = xs(s, u)
            return float(np.average(points, axis=1, weights=weights) @ [1.0, -2.0])
        assert (node.grad * u).sum() == pytest.approx(slope(f), rel=1e-8)
    y, total = np.average(a, axis=1, weights=w, returned=True)
    assert total.data.tolist() == [7, 7]
    with pytest.raises(errors.UsageError, match="weights"):
        np.average(a, axis=1, weights=w - w)
    with pytest.raises(errors.ShapeError, match="weights"):
        np.average(a, axis=0, weights=w)
    with pytest.raises(errors.ShapeError, match="axis"):
        np.average(a, weights=w)


def test_bincount_with_weights():
    places = np.array([2, 0, 2, 5])
    w = Tensor([1.0, 2.0, 3.0, 4.0], dtype=np.float32)
    y = np.bincount(places, weights=w, minlength=8)
    want = np.bincount(places, weights=w.data, minlength=8)
    assert y.dtype == want.dtype and y.data.tolist() == want.tolist()
    y.backward(np.arange(8.0))
    assert w.grad.tolist() == [2, 0, 2, 5] and w.grad.dtype == np.float32
    with pytest.raises(errors.ShapeError, match="bincount"):
        np.bincount(places, weights=w[:2])


def test_a_given_mean_is_an_input():
    t, m = Tensor([1.0, 2.0, 6.0]), Tensor([2.0])
    y = np.var(t, mean=m)
    assert y.item() == np.var(t.data, mean=m.data)
    y.backward()
    np.testing.assert_allclose(t.grad, [-2 / 3, 0, 8 / 3])
    np.testing.assert_allclose(m.grad, [-2.0])


EMPTY = [((0,), None), ((0, 3), 0), ((0, 3), 1), ((0, 3), None), ((3, 0), 1), ((2, 0, 3), (0, 2))]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@each(("shape", "axis"), EMPTY)
def test_reductions_of_nothing(shape, axis):
    a = np.zeros(shape, np.float32)
    for name in ("sum", "prod", "mean", "var", "std", "nansum", "nanmean", "cumsum", "cumprod", "max", "min"):
        if name.startswith("cum") and isinstance(axis, tuple):
            continue
        kwargs = {"initial": 1.0} if name in ("max", "min") else {}
        t = Tensor(a)
        y = getattr(np, name)(t, axis=axis, **kwargs)
        want = getattr(np, name)(a, axis=axis, **kwargs)
        assert y.shape == want.shape and y.dtype == np.float32
        np.testing.assert_array_equal(y.data, want)
        y.backward(np.ones(y.shape, np.float32))
        assert t.grad.shape == shape and t.grad.dtype == np.float32
    with pytest.raises(ValueError, match="max"):
        Tensor(np.zeros((0,))).max()


def test_reductions_of_a_single_number():
    for name in ("sum", "prod", "mean", "max", "min", "median", "ptp", "var", "std", "cumsum", "cumprod"):
        t = Tensor(3.0)
        y = getattr(np, name)(t)
        want = getattr(np, name)(np.array(3.0))
        assert y.shape == np.shape(want) and float(y.data.reshape(())) == float(np.reshape(want, ()))
        y.backward(np.ones(y.shape))
        assert t.grad.shape == () and t.grad == (0 if name in ("ptp", "var", "std") else 1)


def test_float16_sums_do_not_overflow_on_the_way():
    a = np.full(100_000, 10.0, np.float16)
    t = Tensor(a)
    assert t.mean().data == a.mean() and t.var().item() == t.std().item() == 0
    assert t.mean(where=np.ones(a.shape, bool)).item() == 10


# --- dtypes ------------------------------------------------------------------------------------------------

DTYPES = [np.float16, np.float32, np.float64]
names = {"ids": lambda x: getattr(x, "name", None) or getattr(x, "__name__", str(x))}


@pytest.mark.parametrize("dtype", DTYPES, **names)
@each("name", EXTRA)
def test_reductions_keep_the_dtype(name, dtype):
    for extra in EXTRA[name]:
        if "weights" in extra or "dtype" in extra:
            continue
        t = Tensor(POINTS, dtype=dtype)
        y = getattr(np, name)(t, axis=1, **extra)
        want = getattr(np, name)(t.data, axis=1, **extra)
        assert y.dtype == want.dtype == dtype
        np.testing.assert_allclose(y.data, want, rtol=4 * np.finfo(dtype).eps, atol=np.finfo(dtype).eps)
        y.backward(np.ones(y.shape, dtype))
        assert t.grad.dtype == dtype and t.grad.shape == POINTS.shape


# --- shapes and memory layouts --------------------------------------------------------------------------------

@each("name", [*EXTRA, "cumsum", "cumprod", "trace"])
def test_reductions_in_every_layout(name):
    a = RNG(0).normal(size=(3, 3)) + 0.1
    f = getattr(ag, name)

    def run(array, **kwargs):
        node = Tensor(0.0)._made(array, None, (), {})
        y = f(node, **kwargs)
        y.backward(np.linspace(1, 2, y.size).reshape(y.shape))
        return y.data, node.grad

    for kwargs in [{}] if name == "trace" else [{}, {"axis": 0}, {"axis": 1}]:
        want = run(a, **kwargs)
        for _, moved in layouts(a):
            got = run(moved, **kwargs)
            np.testing.assert_allclose(got[0], want[0], rtol=1e-13)
            np.testing.assert_allclose(got[1], want[1], rtol=1e-12, atol=1e-14)
            assert got[1].shape == (3, 3)


def test_a_number_has_one_axis_to_reduce_over():
    for name in ("sum", "prod", "max", "min", "ptp", "nansum", "nanmean", "nanmax", "nanvar"):
        for axis, keepdims in ((0, False), (-1, True)):
            t = Tensor(2.5)
            y = getattr(np, name)(t, axis=axis, keepdims=keepdims)
            want = getattr(np, name)(np.array(2.5), axis=axis, keepdims=keepdims)
            y.backward()
            assert y.shape == want.shape and y.data == want and t.grad.shape == ()
    with pytest.raises(errors.ShapeError):
        np.sum(Tensor(2.5), axis=1)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_the_median_of_nothing(shape):
    t = Tensor(np.zeros(shape))
    y = np.median(t, axis=0)
    assert np.isnan(y.data).all() and y.shape == shape[1:]
    y.backward(np.ones(y.shape))
    assert t.grad.shape == shape and not np.nan_to_num(t.grad).any()


@each("dtype", [np.float16, np.float32, np.float64, np.longdouble, np.int64])
@each("shape", [(3,), (1,), (2, 3), (0, 3), (2, 1), (2, 3, 4), (5, 1, 7)])
def test_the_largest_by_argmax_is_numpys_maximum(shape, dtype):
    x = (RNG(0).normal(size=shape) * 5).astype(dtype)
    if x.size > 3 and x.dtype.kind == "f":
        x.flat[1], x.flat[3], x.flat[0] = np.nan, np.inf, -np.inf
    for y in (x, x.T, x[..., ::-1], np.full_like(x, 2)):
        for axis in {-1, y.ndim - 1, 0}:
            if y.shape[axis]:
                got, want = largest(y, axis), np.maximum.reduce(y, axis=axis, keepdims=True)
                assert got.dtype == want.dtype and got.shape == want.shape
                np.testing.assert_array_equal(got, want)
    assert largest(np.array(3.0), -1) == 3.0


@each("row", [[1.0, 2, 3, 4], [0, 2, 3, 4], [0, 0, 3, 4], [0, 0, 0, 4], [0, 0, 0, 0], [1e-17, 1, 2],
              [-1, 1e-9, 3], [1e-200, 1e-200, 1e300], [1e-200, 1e-200], [1e-30, 0, 1e30, 2], [2], [0]])
@pytest.mark.parametrize("f", [np.prod, np.nanprod, np.multiply.reduce, lambda x: np.cumprod(x)[-1],
                               lambda x: np.prod(x[None], axis=1)[0]])
def test_derivatives_of_products_of_any_size(f, row):
    """Of each order the products of the others: also where some are 0, and where the whole is out of range."""
    x, n = np.array(row, float), len(row)
    u, v, w = np.random.default_rng(0).normal(size=(3, n))

    def others(*places):
        if len({*places}) < len(places):
            return 0
        return math.prod(Fraction(t) for i, t in enumerate(x.tolist()) if i not in places)
    np.testing.assert_allclose(grad(f)(x), [float(others(i)) for i in range(n)], rtol=1e-12)
    second = [[float(others(i, j)) for j in range(n)] for i in range(n)]
    np.testing.assert_allclose(hessian(f)(x), second, rtol=1e-12, atol=1e-14 * np.max(second))
    terms = [float(others(i, j, k)) * u[i] * v[j] * w[k] for i, j, k in np.ndindex(n, n, n)]
    if np.abs(x).max() < 1e100:
        third = grad(lambda x: (hvp(f, x, u) * v).sum())(x) @ w
        assert third == pytest.approx(sum(terms), rel=1e-9, abs=1e-12 * np.abs(terms).max())
