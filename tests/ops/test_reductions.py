"""ufuncs and reductions as NumPy has them: which there are, their arguments, dtypes and memory layouts."""

from __future__ import annotations

import inspect
import itertools
import math

import numpy as np
import pytest
from engines import engines
from numeric import slope

import autograd_nn as ag
from autograd_nn import Tensor, errors, jvp
from autograd_nn.core.reverse import cotangents
from autograd_nn.ops import FUNCTIONS, OPS
from autograd_nn.ops.arrays.reduction import largest

RNG = np.random.default_rng


# --- which ufuncs there are ---------------------------------------------------------------------------

UFUNCS = sorted({f for f in vars(np).values() if isinstance(f, np.ufunc)}, key=lambda f: f.__name__)
REAL = [f for f in UFUNCS if "d" * f.nin + "->" + "d" * f.nout in f.types]
FACTS = [f for f in UFUNCS if "d" * f.nin + "->?" in f.types]
REFUSED = {"nextafter", "spacing",                           # about the bits of a number
           "matmul", "matvec", "vecmat", "vecdot"}           # on matrices: tested with linear algebra


@pytest.mark.parametrize("ufunc", [f for f in REAL if f.__name__ not in REFUSED], ids=lambda f: f.__name__)
def test_every_ufunc_of_real_numbers_takes_tensors(ufunc):
    xs = [RNG(i).uniform(0.1, 0.9, 3) + (ufunc.__name__ == "arccosh") for i in range(ufunc.nin)]
    got, want = ufunc(*map(Tensor, xs)), ufunc(*xs)
    for g, w in zip(got, want) if ufunc.nout > 1 else [(got, want)]:
        assert isinstance(g, Tensor) and g.dtype == w.dtype
        np.testing.assert_allclose(g.data, w, rtol=1e-15)
    if ufunc.nin == 2 and ufunc.nout == 1:           # an array on the left
        np.testing.assert_allclose(ufunc(xs[0], Tensor(xs[1])).data, want, rtol=1e-15)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("ufunc", [f for f in REAL if f.__name__ in OPS], ids=lambda f: f.__name__)
def test_a_ufunc_is_the_op_of_its_name(ufunc):
    assert ufunc(*[Tensor([1.5])] * ufunc.nin).op is OPS[ufunc.__name__]


@pytest.mark.parametrize("ufunc", FACTS, ids=lambda f: f.__name__)
def test_a_ufunc_that_answers_yes_or_no_gives_plain_booleans(ufunc):
    xs = [np.array([0.0, -1.0, np.nan, np.inf]), np.array([0.0, 1.0, 2.0, np.inf])][:ufunc.nin]
    got = ufunc(*map(Tensor, xs))
    assert type(got) is np.ndarray and got.dtype == bool
    np.testing.assert_array_equal(got, ufunc(*xs))
    np.testing.assert_array_equal(getattr(ag, ufunc.__name__)(*map(Tensor, xs)), ufunc(*xs))


def test_what_ufuncs_refuse():
    t = Tensor([1.0, 2.0])
    for call, word in ((lambda: np.spacing(t), "spacing"), (lambda: np.sin(t, out=np.empty(2)), "out"),
                       (lambda: np.subtract.reduce(t), "reduce"),
                       (lambda: np.isfinite(t, out=np.empty(2, bool)), "out"),
                       (lambda: np.modf(t, out=(np.empty(2), np.empty(2))), "out"),
                       (lambda: np.add(t, 1, where=np.array([True, False])), "where"),
                       (lambda: np.add(t, 1, dtype=int), "int"), (lambda: np.add(t, 1, dtype=complex), "complex"),
                       (lambda: np.ldexp(t, 0.5), "integers"), (lambda: ag.where(t > 0, t), "condition"),
                       (lambda: np.add.at(t, 0, 1.0), "at"), (lambda: np.sum(t, out=np.empty(())), "out"),
                       (lambda: np.cumprod(t, out=np.empty(2)), "out"), (lambda: t.var(out=np.empty(())), "out"),
                       (lambda: np.median(t, out=np.empty(())), "out"), (lambda: np.clip(t, 0, 1, np.empty(2)), "out"),
                       (lambda: np.round(t, 1, np.empty(2)), "out"), (lambda: np.any(t, out=np.empty((), bool)), "out"),
                       (lambda: t.sum(axsi=0), "axsi"), (lambda: np.max(t, where=np.array([True, False])), "initial"),
                       (lambda: np.sum(t, where=np.array([1, 0])), "mask"),
                       (lambda: np.std(t, ddof=1, correction=1), "correction"),
                       (lambda: np.sum(t, dtype=int), "int")):
        with pytest.raises(errors.AutogradError, match=word):
            call()
    with pytest.raises(errors.ShapeError, match="mask"):
        np.sum(t, where=np.ones((3, 2), bool))
    with pytest.raises(errors.ShapeError, match="max"):
        np.max(Tensor(np.zeros((0, 3))), axis=0)
    for name in ("any", "argmax", "count_nonzero", "argsort"):
        with pytest.raises(errors.ShapeError, match=rf"{name}: \(2,\): axis 3"):
            getattr(np, name)(t, axis=3)


WITH_OUT = [f for f in FUNCTIONS.values() if f.numpy is not None and "." not in f.name
            and (isinstance(f.numpy, np.ufunc) or "out" in inspect.signature(f.numpy).parameters)]


@pytest.mark.parametrize("f", WITH_OUT, ids=lambda f: f.name)
def test_out_is_refused_with_a_reason(f):
    """By the functions of the package too, composed ones and entries."""
    t = Tensor([[1.0, 2.0], [3.0, 4.0]])
    inputs = getattr(f.numpy, "nin", {"choose": 2, "compress": 2, "take": 2, "outer": 2, "concat": -1}.get(f.name, 1))
    args = ([t],) if f.listed or inputs < 0 else \
        ([True], t) if f.name == "compress" else (t, 1) if f.name == "take" else (t,) * inputs
    with pytest.raises(errors.UsageError, match="out= would overwrite"):
        f.call(*(("ij->ji", t) if f.name == "einsum" else args), out=np.empty((2, 2)))


def test_ufuncs_compute_in_the_dtype_they_are_given():
    t = Tensor([0.1, 0.7], dtype=np.float32)
    for y, want in ((np.exp(t, dtype=np.float64), np.exp(t.data, dtype=np.float64)),
                    (np.multiply(t, 1 / 3, dtype=np.float64), np.multiply(t.data, 1 / 3, dtype=np.float64)),
                    (np.add([1, 2], t, dtype=np.float16), np.add([1, 2], t.data, dtype=np.float16))):
        assert y.dtype == want.dtype
        np.testing.assert_array_equal(y.data, want)
        t.grad = None
        y.backward(np.ones(2, y.dtype))
        assert t.grad.dtype == np.float32 and t.grad.all()


def test_the_methods_of_ufuncs():
    a = RNG(0).normal(size=(2, 3))
    t = Tensor(a)
    for got, want in ((np.add.reduce(t), a.sum(0)), (np.add.reduce(t, 1, keepdims=True), a.sum(1, keepdims=True)),
                      (np.multiply.reduce(t, axis=1, initial=2.0), 2 * a.prod(1)),
                      (np.maximum.reduce(t, axis=None), a.max()), (np.minimum.reduce(t), a.min(0)),
                      (np.add.accumulate(t), a.cumsum(0)), (np.multiply.accumulate(t, axis=1), a.cumprod(1)),
                      (np.add.reduce(t, where=a > 0, axis=1), np.add.reduce(a, where=a > 0, axis=1))):
        assert isinstance(got, Tensor)
        np.testing.assert_allclose(got.data, want, rtol=1e-14)
    np.testing.assert_array_equal(np.logical_or.reduce(t > 0), np.logical_or.reduce(a > 0))
    np.testing.assert_array_equal(np.logical_and.reduce(t), np.logical_and.reduce(a))


def test_other_names():
    x = Tensor([0.3, -1.7])
    for name, other in (("deg2rad", "radians"), ("rad2deg", "degrees"), ("conj", "conjugate"), ("fix", "trunc"),
                        ("rint", "round"), ("mod", "remainder"), ("true_divide", "divide")):
        args = (x,) if getattr(np, other).__class__ is not np.ufunc or getattr(np, other).nin == 1 else (x, 2.0)
        got, want = getattr(np, name)(*args), getattr(np, other)(*args)
        np.testing.assert_array_equal(got.data, want.data)
    assert np.abs is np.absolute and (np.abs(x).data == abs(x.data)).all()
    assert (np.real(x).data == x.data).all() and (np.around(x, 1).data == np.around(x.data, 1)).all()


def test_a_whole_and_a_fractional_part():
    a = np.array([2.7, -2.7, np.inf, -3.0])
    for f, args in ((np.modf, ()), (np.divmod, (0.8,))):
        with np.errstate(invalid="ignore"):
            t = Tensor(a if f is np.modf else a[[0, 1, 3]])
            parts, want = f(t, *args), f(t.data, *args)
        for part, w in zip(parts, want):
            np.testing.assert_array_equal(part.data, w)
        sum(p.sum() * k for p, k in zip(parts, (2.0, 3.0))).backward()
        assert t.grad.tolist() == ([2, 2, 0, 2] if f is np.modf else [3, 3, 3])
    t = Tensor([12.0, -0.3])
    mantissa, exponent = np.frexp(t)
    assert mantissa.data.tolist() == [0.75, -0.6] and exponent.tolist() == [4, -1]
    (mantissa * [1.0, 2.0]).sum().backward()
    assert t.grad.tolist() == [2.0 ** -4, 4.0]
    t.grad, tiny = None, Tensor([5e-324, 1.0], dtype=np.float64)
    y = np.ldexp(t, [-3, 2])
    y.sum().backward()
    assert y.data.tolist() == np.ldexp(t.data, [-3, 2]).tolist() and t.grad.tolist() == [0.125, 4.0]
    assert np.ldexp(tiny, [1074 + 1000, -1074]).data.tolist() == [2.0 ** 1000, 5e-324]
    assert np.ldexp(Tensor([1.0], dtype=np.float32), 2).dtype == np.float32
    y = Tensor([2.0])
    np.divmod(7.5, y)[1].sum().backward()
    assert y.grad.tolist() == [-3]


def test_heaviside_and_float_power():
    x, h = Tensor([-1.0, 0.0, 2.0, np.nan]), Tensor([5.0, 6.0, np.inf, 8.0])
    y = np.heaviside(x, h)
    np.testing.assert_array_equal(y.data, np.heaviside(x.data, h.data))
    y.backward(np.ones(4))
    assert x.grad.tolist() == [0, 0, 0, 0] and h.grad.tolist() == [0, 1, 0, 0]
    b = Tensor([4.0], dtype=np.float32)
    p = np.float_power(b, 1.5)
    p.backward(np.ones(1))
    assert p.dtype == np.float64 and p.data.tolist() == [8] and b.grad.tolist() == [3] and b.grad.dtype == np.float32
    long = np.float_power(Tensor([4.0], dtype=np.longdouble), 2)
    assert long.dtype == np.longdouble and long.data.tolist() == [16]
    assert np.heaviside(np.array([1, 0], np.int8), b).dtype == np.float32
    assert ag.float_power(2, -2) == 0.25 and np.float_power(np.array([2]), Tensor([2.0])).data.tolist() == [4]


@engines
def test_round_to_decimals(Value):
    t = Tensor([1.26, -137.5, 2.5])
    for d in (-2, -1, 0, 1, 2):
        for got in (np.round(t, d), t.round(d), round(t, d), ag.round(t, decimals=d)):
            np.testing.assert_array_equal(got.data, np.round(t.data, d))
    assert round(Value(1.26), 1).item() == 1.3 and Value(1.26).round(1).item() == 1.3 and round(Value(2.5)).item() == 2
    y = t.round(1).sum()
    y.backward()
    assert t.grad.tolist() == [0, 0, 0]


def test_clip_as_numpy_calls_it():
    a = np.array([-2.0, -0.5, 0.5, 2.0])
    for args, kwargs in (((-1, 1), {}), ((None, 1), {}), ((0, None), {}), ((), {"a_min": 0.0, "a_max": 1.0}),
                         ((), {"min": -1.0}), ((), {"max": 0.0}), ((), {})):
        t = Tensor(a)
        y = np.clip(t, *args, **kwargs)
        want = np.clip(a, *args, **kwargs)
        np.testing.assert_array_equal(y.data, want)
        y.backward(np.ones(4))
        np.testing.assert_array_equal(t.grad, (want == a) * 1.0)
    assert t.clip(0, 1).data.tolist() == [0, 0, 0.5, 1] and t.clip(min=0).data.tolist() == [0, 0, 0.5, 2]


def test_nan_to_num_and_floor_divide_by_operator():
    t = Tensor([np.nan, 1.0, -np.inf])
    assert np.nan_to_num(t, neginf=-5.0).data.tolist() == [0, 1, -5]
    assert (Tensor([7.0, -7.0]) // 2).data.tolist() == [3, -4] and (7.0 // Tensor([2.0])).data.tolist() == [3]
    assert math.trunc(Tensor([-1.5])).data.tolist() == [-1]


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


@pytest.mark.parametrize(("f", "args", "kwargs"), FACT_CALLS, ids=lambda x: getattr(x, "__name__", ""))
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


@pytest.mark.filterwarnings("ignore:Degrees of freedom", "ignore:Mean of empty", "ignore:invalid value",
                            "ignore:divide by zero")
@pytest.mark.parametrize(("name", "kwargs"), CALLS, ids=lambda x: x if isinstance(x, str) else "-".join(map(str, x)))
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
@pytest.mark.parametrize(("shape", "axis"), EMPTY, ids=str)
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

ELEMENTWISE = [op for op in OPS.values() if op.elementwise and op.module.startswith("autograd_nn.ops.")]
BINARY = [op for op in ELEMENTWISE if op.arity == 2 and isinstance(getattr(np, op.name, None), np.ufunc)]
UNARY = [op for op in ELEMENTWISE if op.arity == 1 and not op.params]
OPERANDS = {"float16": np.full(2, 1.5, np.float16), "float32": np.full(2, 1.5, np.float32), "float64": np.full(2, 1.5),
            "int": 2, "float": 1.5, "int8[]": np.full(2, 2, np.int8), "int64[]": np.full(2, 2),
            "bool[]": np.full(2, True), "float32()": np.float32(1.5), "float64()": np.float64(1.5),
            "int64()": np.int64(2)}
DTYPES = [np.float16, np.float32, np.float64]
names = {"ids": lambda x: getattr(x, "name", None) or getattr(x, "__name__", str(x))}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("op", BINARY, **names)
@pytest.mark.parametrize("dtype", DTYPES, **names)
def test_the_dtype_of_two_operands_is_numpys(op, dtype):
    """And of each gradient the operand's own; in the second derivative too."""
    f = getattr(np, op.name)
    for kind, other in OPERANDS.items():
        for turned in (False, True):
            a = np.full(2, 1.25, dtype)
            try:
                want = f(*((other, a) if turned else (a, other)))
            except TypeError:
                continue                             # NumPy has none: np.negative of booleans and such
            t = Tensor(a)
            y = f(*((other, t) if turned else (t, other)))
            assert y.dtype == want.dtype, (kind, turned)
            y.backward(np.ones(2, y.dtype), create_graph=True)
            g = t.grad
            assert g.dtype == dtype and g.shape == (2,), (kind, turned)
            if isinstance(g, Tensor) and g.op is not None:
                found = cotangents({g: np.ones(2, dtype)})
                assert found[t].dtype == dtype if t in found else True


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("op", UNARY, **names)
@pytest.mark.parametrize("dtype", DTYPES, **names)
def test_the_dtype_of_one_operand_stays(op, dtype):
    t = Tensor(np.full(2, 0.5 + (op.name == "arccosh")), dtype=dtype)
    y = op(t)
    assert y.dtype == dtype
    y.backward(np.ones(2, dtype), create_graph=True)
    assert t.grad.dtype == dtype
    if isinstance(t.grad, Tensor) and t.grad.op is not None:
        found = cotangents({t.grad: np.ones(2, dtype)})
        assert t not in found or found[t].dtype == dtype


@pytest.mark.parametrize("dtype", DTYPES, **names)
@pytest.mark.parametrize("name", EXTRA)
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

def layouts(a):
    """The same numbers, lying differently in memory."""
    readonly = a.copy()
    readonly.setflags(write=False)
    wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1])) if a.ndim else a
    if a.ndim:
        wide[..., ::2] = a
        yield "stepped", wide[..., ::2]
        yield "turned", a[..., ::-1].copy()[..., ::-1]
    yield "Fortran", np.array(a, order="F")
    yield "transposed", a.T.copy().T
    yield "read-only", readonly


SHAPES = [(), (1,), (0,), (0, 3), (3,), (2, 3), (2, 1, 3)]


def inside(op, shapes):
    """Inputs inside the op's domain, away from its kinks."""
    rng = RNG(len(op.name))
    for _ in range(100):
        xs = []
        for domain, shape in zip(op.domain, shapes):
            low, high = (sorted(domain)[0], sorted(domain)[-1])
            xs.append(rng.choice([low, high], shape) if isinstance(domain, frozenset) else
                      np.asarray(rng.uniform(0.9 * low + 0.1 * high, 0.1 * low + 0.9 * high, shape)))
        if op.kink is None or all(abs(op.kink(*p)) > 1e-3 for p in zip(*[x.ravel().tolist() for x in
                                                                        np.broadcast_arrays(*xs)])):
            return xs
    raise AssertionError("no such points")


@pytest.mark.parametrize("op", ELEMENTWISE, **names)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gradients_have_the_inputs_shape_in_every_layout(op, shape):
    xs = inside(op, [shape] * op.arity)
    seed = np.asarray(RNG(5).normal(size=shape))

    def gradients(arrays):
        nodes = [Tensor(0.0)._made(x, None, (), {}) for x in arrays]      # not copied: the layout is kept
        y = op(*nodes, **op.params)
        y.backward(seed)
        return y.data, [n.grad for n in nodes]

    value, want = gradients(xs)
    assert value.shape == shape
    for _, moved in zip("stfro", zip(*[[a for _, a in layouts(x)] for x in xs])):
        y, grads = gradients(moved)
        np.testing.assert_allclose(y, value, rtol=1e-14)
        for g, w, rule in zip(grads, want, op.vjps):
            if rule is None:
                assert g is None
            else:
                assert g.shape == shape and g.dtype == np.float64
                np.testing.assert_allclose(g, w, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("op", [op for op in ELEMENTWISE if op.arity > 1], **names)
@pytest.mark.parametrize("shapes", [((2, 3), (3,)), ((3,), (2, 3)), ((), (2, 3)), ((2, 1), (1, 3)), ((0, 3), (3,)),
                                    ((0, 3), (1, 1)), ((1,), ()), ((4, 1, 3), (2, 1))], ids=str)
def test_gradients_of_broadcast_inputs_have_their_shapes(op, shapes):
    shapes = (*shapes, shapes[1])[:op.arity]
    xs = inside(op, shapes)
    nodes = [Tensor(x) for x in xs]
    y = op(*nodes)
    seed = np.asarray(RNG(3).normal(size=y.shape))
    y.backward(seed)
    full = [Tensor(np.broadcast_to(x, y.shape)) for x in xs]
    op(*full).backward(seed)
    for n, f, x, rule in zip(nodes, full, xs, op.vjps):
        if rule is not None:
            assert n.grad.shape == x.shape
            lead = y.ndim - x.ndim
            axes = (*range(lead), *(i + lead for i, k in enumerate(x.shape) if k == 1 != y.shape[i + lead]))
            np.testing.assert_allclose(n.grad, f.grad.sum(axes, keepdims=True).reshape(x.shape), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", [*EXTRA, "cumsum", "cumprod", "trace"])
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


def test_other_names_are_the_same_entries():
    for name, other in (("abs", "absolute"), ("mod", "remainder"), ("pow", "power"), ("acos", "arccos"),
                        ("atan2", "arctan2"), ("around", "round"), ("deg2rad", "radians"), ("amax", "max"),
                        ("concat", "concatenate"), ("permute_dims", "transpose"), ("true_divide", "divide")):
        assert getattr(ag, name) is getattr(ag, other)


def test_functions_composed_here_have_numpys_names():
    for name in ("amax", "average", "conj", "deg2rad", "divmod", "fix", "float_power", "isnan", "modf",
                 "nan_to_num", "nancumprod", "nancumsum", "nanmax", "nanmean", "nanmin", "nanprod", "nanstd", "nansum",
                 "nanvar", "positive", "ptp", "rad2deg", "rint", "trace"):
        assert FUNCTIONS[name].numpy is getattr(np, name) and getattr(ag, name) is FUNCTIONS[name].call


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, np.int64])
@pytest.mark.parametrize("shape", [(3,), (1,), (2, 3), (0, 3), (2, 1), (2, 3, 4), (5, 1, 7)])
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
