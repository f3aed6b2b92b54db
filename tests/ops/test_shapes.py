"""Shaping as in NumPy: arguments, layouts, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.array_checks import flat
from helpers.arrays import distinct
from helpers.each import each

import autograd_nn as ag
from autograd_nn import Tensor, Value, errors, jvp
from autograd_nn.ops import OPS

# --- NumPy's arguments ------------------------------------------------------------------------------

def test_numpys_names_of_arguments():
    a = distinct(2, 3)
    t = Tensor(a)
    pairs = [
        (np.reshape(t, (3, 2), "C"), a.reshape(3, 2)), (np.reshape(t, shape=(3, 2), order="C"), a.reshape(3, 2)),
        (t.reshape(-1, order="C", copy=True), a.ravel()), (np.transpose(t, axes=(1, 0)), a.T),
        (np.concatenate([t, t], axis=1, out=None, casting="same_kind"), np.concatenate([a, a], 1)),
        (np.stack(arrays=[t, t], axis=-1), np.stack([a, a], -1)), (np.swapaxes(a=t, axis1=0, axis2=1), a.T),
        (np.moveaxis(t, source=0, destination=1), a.T), (np.expand_dims(a=t, axis=0), a[None]),
        (np.broadcast_to(t, shape=(2, 2, 3), subok=True), np.broadcast_to(a, (2, 2, 3))),
        (np.take(a=t, indices=[1], axis=1), a[:, [1]]), (np.repeat(t, repeats=2, axis=0), np.repeat(a, 2, 0)),
        (np.tile(t, reps=[2, 1]), np.tile(a, (2, 1))),
        (np.roll(t, shift=[1, 1], axis=[0, 1]), np.roll(a, (1, 1), (0, 1))),
        (np.pad(array=t, pad_width=1, mode="edge"), np.pad(a, 1, mode="edge")), (np.ravel(t, order="C"), a.ravel()),
        (t.flatten("C"), a.ravel()), (t.ravel(), a.ravel()), (np.flip(m=t, axis=0), a[::-1]), (t.mT, a.T), (t.T, a.T),
        (t.take([0, 1]), a.take([0, 1])), (t.compress([True, False], axis=0), a.compress([True, False], axis=0)),
        (t.squeeze(), a), (t.copy(), a), (t.copy(order="C"), a), (t.swapaxes(0, 1), a.T), (t.repeat(2), a.repeat(2)),
        (t.diagonal(offset=1), a.diagonal(1)), (t.sort(), np.sort(a)), (t.sort(axis=0), np.sort(a, 0)),
        (t.partition(1), np.partition(a, 1)), (np.copy(t), a), (np.permute_dims(t), a.T),
        (np.concat([t, t]), np.concat([a, a])),
        (ag.concat([t, t], axis=1), np.concat([a, a], axis=1)), (ag.permute_dims(t, (1, 0)), a.T),
        (np.resize(t, (3, 3)), np.resize(a, (3, 3))),
        (np.rot90(m=t, k=3), np.rot90(a, 3)), (np.squeeze(t[None], axis=0), a),
        (np.diff(a=t, n=1, axis=0), np.diff(a, axis=0)),
    ]
    for i, (got, want) in enumerate(pairs):
        assert isinstance(got, Tensor), i
        np.testing.assert_array_equal(got.data, want, err_msg=str(i))


def test_copy_and_astype():
    t = Tensor([1.5, 2.5])
    c = t.copy()
    assert c is not t and c.op is OPS["copy"]
    half = t.astype(np.float32)
    assert half.dtype == np.float32 and t.astype("float32", copy=False).dtype == np.float32
    (half * half).sum().backward()
    assert t.grad.dtype == np.float64 and t.grad.tolist() == [3.0, 5.0]
    joined = np.concatenate([half, half], dtype=np.float64)
    assert joined.dtype == np.float64 and np.vstack([half, half], dtype=np.float64).dtype == np.float64
    joined.sum().backward()
    assert half.grad.dtype == np.float32
    for dtype in (int, bool, complex):
        with pytest.raises(errors.DTypeError, match="gradient"):
            t.astype(dtype)
    assert ag.astype(np.array([1, 2]), bool).dtype == bool


REFUSED = {
    "out": [lambda t: np.concatenate([t, t], out=np.empty(8)), lambda t: np.stack([t, t], out=np.empty((2, 4))),
            lambda t: np.take(t, [0], out=np.empty(1)), lambda t: np.compress([True], t, out=np.empty(1)),
            lambda t: np.choose([0], [t[:1]], out=np.empty(1))],
    "order": [lambda t: np.reshape(t, (2, 2), order="F"), lambda t: t.reshape(2, 2, order="A"),
              lambda t: np.ravel(t, "K"),
              lambda t: t.flatten(order="F"), lambda t: t.astype(np.float32, order="F"),
              lambda t: np.copy(t, order="F"),
              lambda t: np.sort(t, order="x")],
    "casting": [lambda t: np.concatenate([t, t], dtype=int, casting="unsafe"),
                lambda t: np.stack([t], casting="unsafe")],
    "mode": [lambda t: np.pad(t, 1, mode="empty"), lambda t: np.pad(t, 1, mode=lambda *_: None),
             lambda t: np.pad(t, 1, mode="no"),
             lambda t: np.take(t, [0], mode="no"), lambda t: np.convolve(t, t, mode="no")],
    "pad": [lambda t: np.pad(t, 1, mode="edge", constant_values=1), lambda t: np.pad(t, 1.5)],
    "writeable": [lambda t: np.lib.stride_tricks.sliding_window_view(t, 2, writeable=True)],
    "integers": [lambda t: np.take(t, [0.0]), lambda t: np.take(t, [True, False]), lambda t: np.take(t, t)],
    "indexing": [lambda t: np.meshgrid(t, t, indexing="no")], "booleans": [lambda t: np.select([t], [t])],
    "index_set": [lambda t: np.copyto(t, 0.0), lambda t: np.put(t, [0], 1.0), lambda t: np.fill_diagonal(t, 0.0),
                  lambda t: np.place(t, [True], [1.0]), lambda t: np.putmask(np.zeros(4), np.ones(4, bool), t)],
    "sequence": [lambda t: ag.vstack(3.0), lambda t: ag.hstack([]), lambda t: ag.concat([])],
    "lists": [lambda t: ag.block([(t, t)])], "spacing": [lambda t: np.gradient(t, 1.0, 2.0)],
    "edge_order": [lambda t: np.gradient(t, edge_order=3)],
    "period": [lambda t: np.interp(1.0, [0.0, 1.0, 2.0, 3.0], t, period=0)],
    "n=-1": [lambda t: np.diff(t, n=-1)],
}


@each(("word", "call"), [(word, call) for word, calls in REFUSED.items() for call in calls])
def test_what_makes_no_sense_is_refused_with_a_reason(word, call):
    with pytest.raises(errors.UsageError, match=word):
        call(Tensor([1.0, 2.0, 3.0, 4.0]))


@each("call", [
    lambda t: ag.index_add(t, 0, 1j), lambda t: ag.index_set(t, 0, np.array(1j)), lambda t: np.insert(t, 0, 1j),
    lambda t: np.put_along_axis(t, np.array([0]), 1j, 0), lambda t: np.pad(t, 1, constant_values=1j),
    lambda t: np.pad(t, 1, "linear_ramp", end_values=1j), lambda t: np.nan_to_num(t, nan=1j),
    lambda t: np.float_power(t, np.array([1j] * 4)), lambda t: np.float_power(1j, t),
    lambda t: jvp(lambda x: x + 1j, (t.data,), (t.data,)),
    lambda t: jvp(lambda x: np.concatenate([x, [1j]]), (t.data,), (t.data,))])
def test_complex_numbers_are_not_made_real_without_a_word(call):
    with pytest.raises(errors.DTypeError, match="complex"):
        call(Tensor([1.0, 2.0, 3.0, 4.0]))


@pytest.mark.parametrize("other", [1j, np.complex128(1j)])
def test_operators_refuse_complex_numbers(other):
    t = Tensor([1.0, 2.0])
    for call in (lambda: t * other, lambda: other - t, lambda: t ** other, lambda: other / t):
        with pytest.raises(errors.AutogradError, match="complex"):
            call()


def test_arrays_given_by_name():
    a = np.array([[1.0, 2.0], [3.0, 5.0]])
    t = Tensor(a)
    for f, names in ((np.dot, "ab"), (np.linalg.solve, "ab"), (np.flip, "m"), (np.tile, "A"), (np.fix, "x"),
                     (np.stack, ["arrays"]), (np.linalg.inv, "a"), (np.allclose, "ab"), (np.sum, "a")):
        more = {"reps": 2} if f is np.tile else {}
        got, want = f(**dict.fromkeys(names, t), **more), f(**dict.fromkeys(names, a), **more)
        np.testing.assert_array_equal(got.data if isinstance(got, Tensor) else got, want)
    np.testing.assert_array_equal(np.dot(t, b=a).data, a @ a)
    y = np.concatenate(t)                            # the rows of one array are a sequence of arrays too
    y.backward(np.arange(4.0))
    assert y.data.tolist() == [1, 2, 3, 5] and t.grad.tolist() == [[0, 1], [2, 3]]


def test_padding_a_number_is_the_number():
    for options in ({"constant_values": 3.0}, {"mode": "edge"}):
        t = Tensor(2.5)
        y = np.pad(t, 1, **options)
        y.backward()
        assert y.shape == () and y.item() == 2.5 and t.grad == 1


def test_the_slopes_have_the_dtype_of_the_samples():
    t, places = Tensor([1.0, 2.0, 4.0], dtype=np.float32), np.array([0.0, 1.0, 3.0])
    y = np.gradient(t, places)
    assert y.dtype == np.gradient(t.data, places).dtype == np.float32
    y.sum().backward()
    assert t.grad.dtype == np.float32


# --- shapes and layouts ---------------------------------------------------------------------------

EVERYWHERE = {
    "ravel": np.ravel, "atleast_3d": np.atleast_3d, "T": lambda t: t.T, "tile": lambda t: np.tile(t, 2),
    "copy": np.copy,
    "expand_dims": lambda t: np.expand_dims(t, 0), "flip": np.flip, "roll": lambda t: np.roll(t, 1),
    "squeeze": np.squeeze, "repeat": lambda t: np.repeat(t, 2), "append": lambda t: np.append(t, 1.0),
    "stack": lambda t: np.stack([t, t]), "hstack": lambda t: np.hstack([t, t]), "meshgrid": lambda t: np.meshgrid(t, t),
    "pad": lambda t: np.pad(t, 1), "resize": lambda t: np.resize(t, (2, 2)), "sort": lambda t: np.sort(t, axis=None),
    "broadcast_to": lambda t: np.broadcast_to(t, (2, *t.shape)), "ediff1d": np.ediff1d,
    "polyval": lambda t: np.polyval([2.0, 1.0], t),
    "block": lambda t: np.block([t, t]), "broadcast_arrays": lambda t: np.broadcast_arrays(t, np.ones((2, 1, 1))),
    "delete": lambda t: np.delete(t, slice(0, 1)), "insert": lambda t: np.insert(t, 0, 1.0),
    "dstack": lambda t: np.dstack([t, t]),
}
LAYOUTS = {
    "()": np.array(1.5), "(0,)": np.zeros(0), "(0, 3)": np.zeros((0, 3)), "(1,)": np.array([2.0]),
    "(2, 3)": distinct(2, 3),
    "reversed": distinct(2, 3)[::-1, ::-1], "Fortran": np.asfortranarray(distinct(2, 3)),
    "strided": distinct(4, 6)[::2, ::2],
    "broadcast": np.broadcast_to(distinct(3), (2, 3)), "float32": distinct(2, 3).astype(np.float32),
}


@each("layout", LAYOUTS)
@each("name", EVERYWHERE)
def test_any_shape_and_layout(name, layout):
    f, x = EVERYWHERE[name], LAYOUTS[layout]
    t = Tensor(x)
    want, got = flat(f(x)), flat(f(t))
    weights = [np.random.default_rng(i).normal(size=w.shape).astype(x.dtype) for i, w in enumerate(want)]
    for y, w in zip(got, want):
        assert y.shape == w.shape and y.dtype == w.dtype
        np.testing.assert_array_equal(y.data, w)
    sum((y * w).sum() for y, w in zip(got, weights)).backward()
    assert t.grad.shape == x.shape and t.grad.dtype == x.dtype
    if x.dtype == np.float64:
        u = np.ones(x.shape)
        change = sum(((f1 - f0) * w).sum() for f1, f0, w in zip(flat(f(x + u)), want, weights))
        assert t.grad.sum() == pytest.approx(change, rel=1e-9, abs=1e-9)       # all of these are affine


def test_numbers_lists_arrays_and_values():
    """A composed function of plain things is NumPy's; Values make a Tensor."""
    assert type(ag.atleast_2d([1.0, 2.0])) is np.ndarray and ag.hstack([[1.0], [2.0]]).tolist() == [1.0, 2.0]
    assert ag.sort([2, 1]).tolist() == [1, 2] and ag.tril(np.ones((2, 2), int)).dtype.kind == "i"
    assert ag.diff([1, 4, 9]).tolist() == [3, 5] and ag.pad([1, 2], 1).tolist() == [0, 1, 2, 0]
    vs = [Value(1.0), Value(2.0)]
    y = ag.hstack([vs[0], vs[1], 3.0])
    (y * y).sum().backward()
    assert isinstance(y, Tensor) and [v.grad for v in vs] == [2.0, 4.0]
    v = Value(3.0)
    ag.pad(v * Tensor([1.0]), 1, mode="edge").sum().backward()
    assert v.grad == 3.0
    parts = ag.split(Tensor(distinct(4)), 2)
    assert all(isinstance(p, Tensor) for p in parts)
    assert [p.shape for p in ag.unstack(Tensor(distinct(2, 3)))] == [(3,), (3,)]


def test_transforms_run_through():
    f = lambda x: (np.sort(np.pad(x, 1, mode="reflect")) ** 3 * np.arange(6.0)).sum()
    x = distinct(4)
    h = ag.hessian(f)(x)
    np.testing.assert_allclose(h, h.T, rtol=1e-12)
    np.testing.assert_allclose(ag.hvp(f, x, np.ones(4)), h.sum(1), rtol=1e-12)
    j = ag.jacobian(lambda x: np.convolve(x, x))(x)
    np.testing.assert_allclose(j @ x, 2 * np.convolve(x, x), rtol=1e-12)
