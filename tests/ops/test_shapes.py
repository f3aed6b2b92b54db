"""Shaping and indexing as in NumPy: what the generated cases of test_functions.py and test_table.py cannot say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numeric import slope

import autograd_nn as ag
from autograd_nn import Tensor, Value, errors, jvp
from autograd_nn.core.reverse import cotangents
from autograd_nn.ops import OPS


def array(*shape, seed=0):
    """Distinct numbers, none of them near 0."""
    rng = np.random.default_rng(seed)
    x = rng.permutation(np.linspace(0.5, 2.0, int(np.prod(shape)))).reshape(shape)
    return x * rng.choice([-1.0, 1.0], shape)


def flat(y):
    return [e for part in y for e in flat(part)] if isinstance(y, (list, tuple)) else [y]


def check(f, *xs, want=None):
    """f on Tensors: NumPy's value (f on arrays, or `want`), and the derivatives of first and second order."""
    want = [np.asarray(w) for w in flat(f(*xs) if want is None else want)]
    tensors = [Tensor(x) for x in xs]
    got = flat(f(*tensors))
    assert len(got) == len(want)
    for g, w in zip(got, want):
        assert g.shape == w.shape and g.dtype == w.dtype
        np.testing.assert_allclose(g.data, w, rtol=1e-12, atol=1e-12)
    rng = np.random.default_rng(9)
    ws, us = [rng.normal(size=w.shape) for w in want], [rng.normal(size=x.shape) for x in xs]

    def total(ps):
        return sum((y * w).sum() for y, w in zip(flat(f(*ps)), ws))

    def gradients(ps, create_graph=False):
        nodes = [Tensor(p) for p in ps]
        found = cotangents({total(nodes): 1.0}, create_graph=create_graph)
        return nodes, [found.get(n, np.zeros(n.shape)) for n in nodes]

    def number(ps):
        return total([Tensor(p) for p in ps]).item()

    def moved(i, t):
        return [x + t * u if j == i else x for j, (x, u) in enumerate(zip(xs, us))]

    nodes, grads = gradients(xs, create_graph=True)
    for i, (g, x, u) in enumerate(zip(gradients(xs)[1], xs, us)):
        assert g.shape == x.shape and g.dtype == x.dtype
        along = slope(lambda t, i=i: number(moved(i, t)))
        assert (g * u).sum() == pytest.approx(along, rel=2e-7, abs=2e-7)
        _, tangent = jvp(lambda p, i=i: total([p if j == i else v for j, v in enumerate(xs)]), (x,), (u,))
        assert tangent == pytest.approx(along, rel=2e-7, abs=2e-7)
        second = cotangents({(grads[i] * u).sum(): 1.0}) if isinstance(grads[i], Tensor) else {}
        for j, (node, v) in enumerate(zip(nodes, us)):
            mixed = slope(lambda t, i=i, j=j, u=u: float((gradients(moved(j, t))[1][i] * u).sum()))
            assert (second.get(node, np.zeros(v.shape)) * v).sum() == pytest.approx(mixed, rel=2e-6, abs=2e-6)


# --- indices ------------------------------------------------------------------------------------

INDICES = {
    "number": 1, "negative": -1, "numpy number": np.int64(2), "zero-dimensional": np.array(2), "full": (),
    "ellipsis": ...,
    "slice": slice(1, None), "negative step": slice(None, None, -1), "steps": (slice(3, 0, -2), slice(None, None, 2)),
    "new axes": (None, 1, None, ..., None), "ellipsis in the middle": (1, ..., 0), "list": [2, 0, 2], "empty list": [],
    "empty array": np.array([], dtype=int), "empty slice": slice(2, 2), "mask": np.array([True, False, True, True]),
    "mask as a list": [True, False, True, False], "no element": np.zeros((4, 3), bool),
    "mask of two axes": array(4, 3) > 0, "mask in the middle": (slice(None), np.array([True, False, True])),
    "ellipsis and mask": (..., np.array([True, False])), "ix_": np.ix_([0, 2], [1, 1], [0]),
    "arrays beside a slice": ([0, 0], slice(None), [1, 1]), "arrays that broadcast": (np.array([[0], [3]]), [0, 2]),
    "array and number": (slice(None), 1, [0, 0]), "array and new axis": (None, [1, 1, -1]), "booleans": True,
    "negative numbers that meet positive ones": [-1, 3, 0],
    "mask and array": (np.array([True, False, True, True]), [0, 1, 1]),
    "all axes": ([0, 0, -4], [1, 1, -2], [0, 0, 0]), "inner axis": (slice(None), [2, 0, 2]),
    "inner axis, distinct": (slice(None), [2, 0]), "zero-dimensional mask": np.array(False),
}


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_getitem_of_every_kind(index):
    x = array(4, 3, 2)
    check(lambda t: t[index], x)
    assert ag.ops.getitem(x, index).shape == x[index].shape


def test_indices_of_unusual_arrays():
    for x in (array(4, 3)[::-1], np.asfortranarray(array(4, 3)), array(3, 4).T, array(8, 6)[::2, ::2],
              np.broadcast_to(array(3), (4, 3))):
        check(lambda t: t[[3, 1, 1]], x)
        check(lambda t: t[::-2, 1:], x)
        check(lambda t: t[t > 0], x, want=x[x > 0])
    check(lambda t: t[()], array())
    check(lambda t: t[..., None], array())
    check(lambda t: t[:, 0:0], array(2, 3))
    empty = Tensor(np.zeros((0, 3)))
    empty[np.zeros(0, int)].sum().backward()
    assert empty.grad.shape == (0, 3)
    empty[:, [0, 0, 2]].sum().backward()
    none = Tensor(np.zeros((3, 0)))
    none[[0, 0]].sum().backward()
    assert none.grad.shape == (3, 0)


@given(st.data())
def test_any_index_is_undone(data):
    """The gradient of t[index] has a 1 for every time that an element was picked."""
    shape = data.draw(hnp.array_shapes(max_dims=3, max_side=4))
    index = data.draw(st.one_of(
        hnp.basic_indices(shape, allow_newaxis=True), hnp.integer_array_indices(shape),
        hnp.arrays(bool, shape), st.tuples(st.lists(st.integers(-shape[0], shape[0] - 1), max_size=5))))
    x = array(*shape)
    index = tuple(np.array(p, dtype=int) if isinstance(p, list) else p for p in index) \
        if isinstance(index, tuple) else index
    t = Tensor(x, dtype=data.draw(st.sampled_from([np.float32, np.float64])))
    y = t[index]
    weights = np.arange(1.0, y.size + 1).reshape(y.shape)
    (y * weights.astype(t.dtype)).sum().backward()
    want = np.zeros(shape)
    np.add.at(want, index, weights)
    np.testing.assert_allclose(t.grad, want, rtol=1e-6)
    assert t.grad.dtype == t.dtype


def test_an_index_outside_is_an_index_error_that_names_the_array():
    t = Tensor(array(4, 5), name="weights")
    for index in (4, (0, -6), [0, 9], (0, 0, 0), np.zeros((4, 4), bool), ([0, 1], [0, 1, 2])):
        with pytest.raises(IndexError, match=r"getitem: \(4, 5\)") as caught:
            t[index]
        assert isinstance(caught.value, errors.AutogradError) and "weights" in str(caught.value)
    for outside in (lambda: np.take(t, [20]), lambda: np.take(t, 5, axis=1), lambda: t.take([-5], axis=0),
                    lambda: np.take_along_axis(t, np.full((1, 5), 4), 0), lambda: np.delete(t, 4, axis=0),
                    lambda: np.insert(t, 7, 0.0, axis=1), lambda: ag.index_add(t, 4, 1.0),
                    lambda: ag.index_set(t, 4, 1.0),
                    lambda: np.compress([False] * 4 + [True], t, axis=0)):
        with pytest.raises(IndexError) as caught:
            outside()
        assert isinstance(caught.value, errors.IndexingError)
    with pytest.raises(TypeError, match="index"):
        t[Tensor([1.0])]


AXES = {
    "swapaxes": lambda t: np.swapaxes(t, 0, 7), "moveaxis": lambda t: np.moveaxis(t, 7, 0), "sum": lambda t: t.sum(7),
    "expand_dims": lambda t: np.expand_dims(t, 7), "squeeze": lambda t: np.squeeze(t, 7),
    "flip": lambda t: np.flip(t, 7),
    "concatenate": lambda t: np.concatenate([t, t], 7), "stack": lambda t: np.stack([t, t], 7),
    "roll": lambda t: np.roll(t, 1, 7), "split": lambda t: np.split(t, 2, 7), "take": lambda t: np.take(t, [0], 7),
    "repeat": lambda t: np.repeat(t, 2, 7), "sort": lambda t: np.sort(t, 7), "diff": lambda t: np.diff(t, axis=7),
    "rot90": lambda t: np.rot90(t, axes=(0, 7)), "diagonal": lambda t: np.diagonal(t, axis1=7),
    "insert": lambda t: np.insert(t, 0, 1.0, axis=7), "delete": lambda t: np.delete(t, 0, axis=7),
    "unstack": lambda t: ag.unstack(t, axis=7), "rollaxis": lambda t: np.rollaxis(t, 7),
    "top_k": lambda t: ag.top_k(t, 1, 7),
    "trapezoid": lambda t: np.trapezoid(t, axis=7), "gradient": lambda t: np.gradient(t, axis=7),
    "partition": lambda t: np.partition(t, 0, 7), "argsort": lambda t: np.argsort(t, 7),
    "tril": lambda t: np.tril(t[0, 0]),
    "transpose": lambda t: np.transpose(t, (0, 7)),
    "take_along_axis": lambda t: np.take_along_axis(t, np.zeros((1, 1), int), 7),
    "pad": lambda t: np.pad(t, {7: 1}), "scatter_add": lambda t: ag.scatter_add(t, np.zeros((1, 1), int), 1.0, 7),
    "put_along_axis": lambda t: np.put_along_axis(t, np.zeros((1, 1), int), 1.0, 7),
    "sliding_window_view": lambda t: np.lib.stride_tricks.sliding_window_view(t, 2, 7),
}


@pytest.mark.parametrize("name", AXES)
def test_a_bad_axis_is_a_shape_error_that_names_the_function(name):
    with pytest.raises(errors.ShapeError, match=name):
        AXES[name](Tensor(array(4, 6)))


SHAPES = {
    "reshape": lambda t: t.reshape(5, 5), "broadcast_to": lambda t: np.broadcast_to(t, (3, 3)),
    "broadcast_arrays": lambda t: np.broadcast_arrays(t, t[:, :3]), "concatenate": lambda t: np.vstack([t, t[:, 1:]]),
    "split": lambda t: np.split(t, 5), "pad": lambda t: np.pad(t, ((1, 1),) * 3), "fliplr": lambda t: np.fliplr(t[0]),
    "block": lambda t: np.block([[t], t]), "diag": lambda t: np.diag(t[None]), "squeeze": lambda t: np.squeeze(t, 0),
    "select": lambda t: ag.select([t > 0], []), "choose": lambda t: np.choose([3], [t, t]),
    "index_add": lambda t: ag.index_add(t, 0, [1.0, 2.0]), "index_set": lambda t: ag.index_set(t, 0, [1.0, 2.0]),
    "gradient": lambda t: np.gradient(t, axis=0, edge_order=2)[:0] + np.gradient(t[:1], axis=0),
    "convolve": lambda t: np.convolve(t, t), "interp": lambda t: np.interp(1.0, t[0], t[:, 0]),
    "polyval": lambda t: np.polyval(t, 1.0), "rot90": lambda t: np.rot90(t, axes=(0, 0)),
    "top_k": lambda t: ag.top_k(t, 9),
    "compress": lambda t: np.compress([[True]], t), "partition": lambda t: np.partition(t, 9),
    "matrix_transpose": lambda t: ag.matrix_transpose(t[0]), "diagonal": lambda t: np.diagonal(t, 0, 1, 1),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_that_do_not_fit_are_a_shape_error_that_names_the_function(name):
    with pytest.raises(errors.ShapeError, match=name):
        SHAPES[name](Tensor(array(4, 6)))


# --- NumPy's arguments ------------------------------------------------------------------------------

def test_numpys_names_of_arguments():
    a = array(2, 3)
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


@pytest.mark.parametrize(("word", "call"), [(word, call) for word, calls in REFUSED.items() for call in calls])
def test_what_makes_no_sense_is_refused_with_a_reason(word, call):
    with pytest.raises(errors.UsageError, match=word):
        call(Tensor([1.0, 2.0, 3.0, 4.0]))


@pytest.mark.parametrize("call", [
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


# --- functions of several arrays, or of arguments that the generated cases do not draw ----------------

def test_conditions_choose():
    a, b, c = array(2, 3), array(2, 3, seed=1), array(3, seed=2)
    mask = array(2, 3, seed=3) > 0
    check(lambda x, y: np.select([mask, ~mask & (a > 0)], [x, y]), a, b)
    check(lambda x, y, z: ag.select([mask, a > 1], [x, y], default=z), a, b, c,
          want=np.select([mask, a > 1], [a, b], default=c))
    check(lambda x, y: np.choose([[0, 1, 0], [1, 1, 0]], [x, y]), a, c)
    check(lambda x, y: np.choose([-1, 2, 5], [x, y], mode="clip"), c, c + 1)
    check(lambda x, y: np.choose([-1, 2, 5], [x, y], mode="wrap"), c, c + 1)
    check(lambda x: np.choose([[0], [1]], x), a)
    check(lambda x: np.compress([True, False, True], x, axis=1), a)
    check(lambda x: np.compress([False, True], x), a)
    check(lambda x: np.extract(mask, x), a)
    check(lambda x: np.extract(x > 0, x), a)
    check(lambda x: np.where(mask, x, 0.0), a)
    t = Tensor(a)
    for got, want in zip(np.where(t), np.nonzero(a)):
        np.testing.assert_array_equal(got, want)
    assert np.select([mask], [Tensor(a, dtype=np.float32)]).dtype == np.float32


def test_putting_values_in():
    """index_add, index_set and their like against np.add.at and assignment."""
    x = array(3, 4)
    for index in (1, (slice(None), 2), [0, 0, 2], ([0, 0, 1], [1, 1, 2]), x > 0, ..., np.array([-1, 2, 1])):
        size = x[index].shape
        for shape in (size, size[1:], ()):
            v = array(*shape, seed=1)
            added, replaced = x.copy(), x.copy()
            np.add.at(added, index, v)
            replaced[index] = v
            check(lambda t, u, index=index: ag.index_add(t, index, u), x, v, want=added)
            check(lambda t, u, index=index: ag.index_set(t, index, u), x, v, want=replaced)
    check(lambda t: ag.index_set(t, [], 1.0), x, want=x)
    t = Tensor([1.0, 2.0], dtype=np.float32)
    assert ag.index_add(t, 0, 1.0).dtype == ag.index_set(t, 0, np.array(1.0)).dtype == np.float32
    assert ag.index_add(x, 0, Tensor(1.0)).shape == (3, 4)
    assert ag.index_set([1.0, 2.0], 0, 5.0).tolist() == [5.0, 2.0]
    assert ag.index_add(np.array([1, 2]), 0, 5).dtype.kind == "i"


def test_the_last_of_several_values_counts():
    x, v = Tensor(np.zeros(3)), Tensor([1.0, 2.0, 3.0])
    y = ag.index_set(x, [0, 0, 2], v)
    assert y.data.tolist() == [2.0, 0.0, 3.0]
    (y * [10.0, 20.0, 30.0]).sum().backward()
    assert v.grad.tolist() == [0.0, 10.0, 30.0] and x.grad.tolist() == [0.0, 20.0, 0.0]


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_along_an_axis(axis):
    x = array(3, 4)
    indices = np.argsort(x, axis=axis)[:2] if axis == 0 else np.argsort(x, axis=axis)[:, :2]
    v = array(*indices.shape, seed=1)
    check(lambda t: np.take_along_axis(t, indices, axis), x)
    put = x.copy()
    np.put_along_axis(put, indices, v, axis)
    check(lambda t, u: ag.put_along_axis(t, indices, u, axis), x, v, want=put)
    added = x.copy()
    np.put_along_axis(added, indices, np.take_along_axis(x, indices, axis) + v, axis)
    check(lambda t, u: ag.scatter_add(t, indices, u, axis), x, v, want=added)
    if axis == 0:
        flat_put = x.copy()
        np.put_along_axis(flat_put, np.array([1, 5]), 7.0, None)
        assert (np.put_along_axis(Tensor(x), np.array([1, 5]), 7.0, None).data == flat_put).all()
        twice = ag.scatter_add(Tensor(np.zeros((1, 2))), np.array([[1, 1]]), np.array([[1.0, 2.0]]))
        assert twice.data.tolist() == [[0.0, 3.0]]


def test_putting_between_and_leaving_out():
    x, v = array(3, 2), array(2, seed=1)
    check(lambda t, u: np.insert(t, 1, u, axis=0), x, v)
    check(lambda t, u: np.insert(t, [0, 2], u, axis=1), x, array(3, 2, seed=1))
    check(lambda t, u: np.insert(t, [1, 1], u), x, v)
    check(lambda t, u: np.insert(t, [3, 0], u, axis=0), x, v)
    check(lambda t: np.insert(t, np.array([False, True, True]), 4.0, axis=0), x)
    check(lambda t: np.delete(t, [], axis=0), x)
    check(lambda t: np.delete(t, np.array([True, False, True]), axis=0), x)
    check(lambda t, u: np.append(t, u[None], axis=0), x, v)
    check(lambda t, u: np.block([[t, np.ones((3, 1))], [u, 2.0]]), x, v)
    check(lambda t, u: np.block([t[0], u, 3.0]), x, v)
    check(lambda t: np.block(t), x)
    assert np.insert(Tensor(x, dtype=np.float32), 0, np.float64(1.0)).dtype == np.float32


def test_sorting_keeps_the_derivative_of_each_element():
    t = Tensor([3.0, 1.0, 2.0, 1.0])
    y = t.sort()
    assert y.data.tolist() == [1.0, 1.0, 2.0, 3.0] and t.data.tolist() == [3.0, 1.0, 2.0, 1.0]
    (y * [1.0, 10.0, 100.0, 1000.0]).sum().backward()
    assert t.grad.tolist() == [1000.0, 1.0, 100.0, 10.0]          # of the two equal ones the first comes first
    values, indices = ag.top_k(t, 3)
    assert values.data.tolist() == [3.0, 2.0, 1.0] and indices.tolist() == [0, 2, 1]
    check(lambda x: ag.top_k(x, 2, axis=0)[0], array(3, 4), want=-np.sort(-array(3, 4), axis=0)[:2])
    assert np.sort(Tensor([2.0, np.nan, 1.0])).data[:2].tolist() == [1.0, 2.0]
    assert ag.top_k(Tensor([2.0, np.nan, 1.0]), 2)[0].data.tolist() == [2.0, 1.0]
    for empty in (np.zeros(0), np.zeros((0, 3)), np.zeros((3, 0))):
        assert np.sort(Tensor(empty)).shape == empty.shape
    check(lambda x: np.sort(x, axis=0), array(4, 3)[::-1].T)


def test_facts_about_the_data_are_plain_arrays():
    a = array(3, 4)
    t = Tensor(a)
    one = Tensor(a[0])
    pairs = [(t.argsort(), a.argsort(kind="stable")), (np.argsort(t, axis=0), a.argsort(0)),
             (ag.argsort(t, None), a.argsort(None)),
             (np.searchsorted(np.sort(one), t), np.searchsorted(np.sort(a[0]), a)),
             (one.sort().searchsorted(0.0), np.sort(a[0]).searchsorted(0.0)),
             (np.searchsorted([0.0, 1.0], t), np.searchsorted([0.0, 1.0], a)), (np.unique(t), np.unique(a)),
             (np.lexsort((one, one > 0)), np.lexsort((a[0], a[0] > 0))),
             (ag.lexsort([t, t], axis=0), np.lexsort((a, a), axis=0)),
             (t.nonzero(), a.nonzero()), (np.flatnonzero(t > 0), np.flatnonzero(a > 0)),
             (np.argwhere(t), np.argwhere(a)),
             (np.unique(t, return_inverse=True)[1], np.unique(a, return_inverse=True)[1]),
             (t.argpartition(1), a.argpartition(1)), (np.shape(t), a.shape)]
    for i, (got, want) in enumerate(pairs):
        assert not isinstance(got, Tensor), i
        np.testing.assert_array_equal(got, want, err_msg=str(i))
    assert ag.argsort(ag.stack([Value(2.0), Value(1.0)])).tolist() == [1, 0]


def test_every_mode_of_pad_on_small_arrays():
    modes = ["edge", "reflect", "symmetric", "wrap", "linear_ramp", "mean", "maximum", "minimum", "median"]
    for shape in ((1,), (2,), (3, 1), (1, 1, 2)):
        a = array(*shape)
        for mode in modes:
            for width in (0, 1, 5, (3, 0)):
                np.testing.assert_allclose(np.pad(Tensor(a), width, mode=mode).data, np.pad(a, width, mode=mode),
                                           rtol=1e-13)
    a = array(3, 4)
    for mode in ("mean", "maximum", "minimum", "median"):
        for length in (2, ((1, 2), (9, 3))):
            check(lambda t, mode=mode, length=length: np.pad(t, 2, mode=mode, stat_length=length), a)
    check(lambda t: np.pad(t, 2, mode="linear_ramp", end_values=((1.0, 2.0), (3.0, 4.0))), a)
    check(lambda t: np.pad(t, ((1, 2), (0, 3)), mode="reflect", reflect_type="odd"), a)
    check(lambda t: np.pad(t, 0), a)
    check(lambda t: np.pad(t, (1, 0), constant_values=np.nan)[1:], array(2))
    check(lambda t: np.pad(t, 1), array(0, 2))
    got = np.pad(Tensor(a), {-1: (1, 2)}, constant_values=(7.0, 8.0))
    np.testing.assert_array_equal(got.data, np.pad(a, ((0, 0), (1, 2)), constant_values=(7.0, 8.0)))
    for mode in modes:
        with pytest.raises(ValueError, match="pad"):
            np.pad(Tensor(np.zeros((0, 2))), 1, mode=mode)
    assert np.pad(Tensor(a, dtype=np.float32), 1, constant_values=1.5).dtype == np.float32


def test_interpolation():
    xp, fp = np.array([-1.0, 0.5, 1.0, 3.0]), array(4)
    x = np.array([[-2.0, -0.9, 0.7], [1.5, 2.9, 3.5]])
    check(np.interp, x, xp, fp)
    check(lambda t, u: np.interp(t, xp, u, left=5.0, right=-5.0), x, fp)
    check(lambda left, right: ag.interp(x, xp, fp, left, right), np.array(1.0), np.array(2.0),
          want=np.interp(x, xp, fp, 1.0, 2.0))
    check(lambda t, p, f: np.interp(t, p, f, period=3.5), x, xp[[2, 0, 3, 1]], fp)
    check(lambda t, p, f: np.interp(t, p, f), x, np.array([0.3]), np.array([2.0]))
    check(lambda t: np.interp(t, xp, fp), np.array(0.7))
    t = Tensor([-1.0, 0.5, 3.0])         # at a point the slope is that of the right, at the last one that of the left
    np.interp(t, xp, fp).sum().backward()
    slopes = np.diff(fp) / np.diff(xp)
    np.testing.assert_allclose(t.grad, [slopes[0], slopes[1], slopes[2]])
    assert np.interp(Tensor([0.0], dtype=np.float32), np.float32([0, 1]), np.float32([2, 3])).dtype == np.float32
    v = Value(0.7)
    ag.interp(v, xp, fp).backward()
    assert v.grad == pytest.approx(slopes[1])


def test_differences_and_integrals_take_tensors_everywhere():
    y, x = array(3, 4), np.sort(array(4))
    check(lambda a, b: np.diff(a, prepend=b, axis=1), y, array(3, 1, seed=2))
    check(lambda a, b: np.diff(a, append=b, n=2), y, np.array(0.3))
    check(lambda a, b: np.trapezoid(a, b), y, x)
    check(lambda a, h: ag.trapezoid(a, dx=h), y, np.array(0.3), want=np.trapezoid(y, dx=0.3))
    check(lambda a, p, q: np.gradient(a, p, q, edge_order=2), y, np.array([0.0, 0.4, 1.7]), x)
    check(lambda a: np.gradient(a, [0.0, 0.4, 1.7], 0.5), y)
    check(lambda a: np.gradient(a), array(2))
    check(lambda a: np.gradient(a, 2.0, axis=-1), y)
    check(lambda p, t: np.polyval(p, t), array(4), y)
    assert np.diff(Tensor(y, dtype=np.float32), prepend=0.0).dtype == np.float32
    check(lambda t: np.ediff1d(t, to_begin=[1.0]), np.zeros(0))
    ps = [Value(1.0), Value(2.0), Value(3.0)]
    y = ag.polyval(ps, 2.0)
    y.backward()
    assert y.item() == 11.0 and [p.grad for p in ps] == [4.0, 2.0, 1.0]


@given(st.integers(1, 6), st.integers(1, 6), st.sampled_from(["full", "same", "valid"]))
def test_convolution_is_numpys(n, m, mode):
    a, v = array(n), array(m, seed=1)
    for f in (np.convolve, np.correlate):
        np.testing.assert_allclose(f(Tensor(a), Tensor(v), mode).data, f(a, v, mode), rtol=1e-12, atol=1e-12)


def test_windows_add_up_their_gradients():
    view = np.lib.stride_tricks.sliding_window_view
    t = Tensor(np.zeros((4, 4)))
    y = view(t, (3, 3))
    assert y.shape == (2, 2, 3, 3)
    y.sum().backward()
    assert t.grad.tolist() == [[1, 2, 2, 1], [2, 4, 4, 2], [2, 4, 4, 2], [1, 2, 2, 1]]
    image, kernel = array(5, 5), array(3, 3, seed=1)
    check(lambda x, k: (view(x, (3, 3)) * k).sum(axis=(2, 3)), image, kernel)


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
    "(2, 3)": array(2, 3),
    "reversed": array(2, 3)[::-1, ::-1], "Fortran": np.asfortranarray(array(2, 3)), "strided": array(4, 6)[::2, ::2],
    "broadcast": np.broadcast_to(array(3), (2, 3)), "float32": array(2, 3).astype(np.float32),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", EVERYWHERE)
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
    parts = ag.split(Tensor(array(4)), 2)
    assert all(isinstance(p, Tensor) for p in parts)
    assert [p.shape for p in ag.unstack(Tensor(array(2, 3)))] == [(3,), (3,)]


def test_transforms_run_through():
    f = lambda x: (np.sort(np.pad(x, 1, mode="reflect")) ** 3 * np.arange(6.0)).sum()
    x = array(4)
    h = ag.hessian(f)(x)
    np.testing.assert_allclose(h, h.T, rtol=1e-12)
    np.testing.assert_allclose(ag.hvp(f, x, np.ones(4)), h.sum(1), rtol=1e-12)
    j = ag.jacobian(lambda x: np.convolve(x, x))(x)
    np.testing.assert_allclose(j @ x, 2 * np.convolve(x, x), rtol=1e-12)
