"""NumPy's ufuncs: which there are, their arguments, and what they refuse."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest
from helpers.each import each
from helpers.engines import engines

import autograd_nn as ag
from autograd_nn import Tensor, errors
from autograd_nn.ops import FUNCTIONS, OPS

RNG = np.random.default_rng


# --- which ufuncs there are ---------------------------------------------------------------------------

UFUNCS = sorted({f for f in vars(np).values() if isinstance(f, np.ufunc)}, key=lambda f: f.__name__)
REAL = [f for f in UFUNCS if "d" * f.nin + "->" + "d" * f.nout in f.types]
FACTS = [f for f in UFUNCS if "d" * f.nin + "->?" in f.types]
REFUSED = {"nextafter", "spacing",                           # about the bits of a number
           "matmul", "matvec", "vecmat", "vecdot"}           # on matrices: tested with linear algebra


@each("ufunc", [f for f in REAL if f.__name__ not in REFUSED])
def test_every_ufunc_of_real_numbers_takes_tensors(ufunc):
    xs = [RNG(i).uniform(0.1, 0.9, 3) + (ufunc.__name__ == "arccosh") for i in range(ufunc.nin)]
    got, want = ufunc(*map(Tensor, xs)), ufunc(*xs)
    for g, w in zip(got, want) if ufunc.nout > 1 else [(got, want)]:
        assert isinstance(g, Tensor) and g.dtype == w.dtype
        np.testing.assert_allclose(g.data, w, rtol=1e-15)
    if ufunc.nin == 2 and ufunc.nout == 1:           # an array on the left
        np.testing.assert_allclose(ufunc(xs[0], Tensor(xs[1])).data, want, rtol=1e-15)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@each("ufunc", [f for f in REAL if f.__name__ in OPS])
def test_a_ufunc_is_the_op_of_its_name(ufunc):
    assert ufunc(*[Tensor([1.5])] * ufunc.nin).op is OPS[ufunc.__name__]


@each("ufunc", FACTS)
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


@each("f", WITH_OUT)
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
    np.testing.assert_array_equal(x.grad, [0, 0, 0, np.nan])
    assert h.grad.tolist() == [0, 1, 0, 0]
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


# --- shapes and memory layouts --------------------------------------------------------------------------------

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
