"""Indices and axes as in NumPy, and errors that name the array and the function."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.array_checks import check
from helpers.arrays import distinct
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_nn as ag
from autograd_nn import Tensor, errors

INDICES = {
    "number": 1, "negative": -1, "numpy number": np.int64(2), "zero-dimensional": np.array(2), "full": (),
    "ellipsis": ...,
    "slice": slice(1, None), "negative step": slice(None, None, -1), "steps": (slice(3, 0, -2), slice(None, None, 2)),
    "new axes": (None, 1, None, ..., None), "ellipsis in the middle": (1, ..., 0), "list": [2, 0, 2], "empty list": [],
    "empty array": np.array([], dtype=int), "empty slice": slice(2, 2), "mask": np.array([True, False, True, True]),
    "mask as a list": [True, False, True, False], "no element": np.zeros((4, 3), bool),
    "mask of two axes": distinct(4, 3) > 0, "mask in the middle": (slice(None), np.array([True, False, True])),
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
    x = distinct(4, 3, 2)
    check(lambda t: t[index], x)
    assert ag.ops.getitem(x, index).shape == x[index].shape


def test_indices_of_unusual_arrays():
    for x in (distinct(4, 3)[::-1], np.asfortranarray(distinct(4, 3)), distinct(3, 4).T, distinct(8, 6)[::2, ::2],
              np.broadcast_to(distinct(3), (4, 3))):
        check(lambda t: t[[3, 1, 1]], x)
        check(lambda t: t[::-2, 1:], x)
        check(lambda t: t[t > 0], x, want=x[x > 0])
    check(lambda t: t[()], distinct())
    check(lambda t: t[..., None], distinct())
    check(lambda t: t[:, 0:0], distinct(2, 3))
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
    x = distinct(*shape)
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
    t = Tensor(distinct(4, 5), name="weights")
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
        AXES[name](Tensor(distinct(4, 6)))


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
        SHAPES[name](Tensor(distinct(4, 6)))
