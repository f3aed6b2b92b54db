"""Functions of several arrays, or of arguments that the generated cases do not draw."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.array_checks import check
from helpers.arrays import distinct
from hypothesis import given
from hypothesis import strategies as st

import autograd_nn as ag
from autograd_nn import Tensor, Value


def test_conditions_choose():
    a, b, c = distinct(2, 3), distinct(2, 3, rng=1), distinct(3, rng=2)
    mask = distinct(2, 3, rng=3) > 0
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
    x = distinct(3, 4)
    for index in (1, (slice(None), 2), [0, 0, 2], ([0, 0, 1], [1, 1, 2]), x > 0, ..., np.array([-1, 2, 1])):
        size = x[index].shape
        for shape in (size, size[1:], ()):
            v = distinct(*shape, rng=1)
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
    x = distinct(3, 4)
    indices = np.argsort(x, axis=axis)[:2] if axis == 0 else np.argsort(x, axis=axis)[:, :2]
    v = distinct(*indices.shape, rng=1)
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
    x, v = distinct(3, 2), distinct(2, rng=1)
    check(lambda t, u: np.insert(t, 1, u, axis=0), x, v)
    check(lambda t, u: np.insert(t, [0, 2], u, axis=1), x, distinct(3, 2, rng=1))
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
    check(lambda x: ag.top_k(x, 2, axis=0)[0], distinct(3, 4), want=-np.sort(-distinct(3, 4), axis=0)[:2])
    assert np.sort(Tensor([2.0, np.nan, 1.0])).data[:2].tolist() == [1.0, 2.0]
    assert ag.top_k(Tensor([2.0, np.nan, 1.0]), 2)[0].data.tolist() == [2.0, 1.0]
    for empty in (np.zeros(0), np.zeros((0, 3)), np.zeros((3, 0))):
        assert np.sort(Tensor(empty)).shape == empty.shape
    check(lambda x: np.sort(x, axis=0), distinct(4, 3)[::-1].T)


def test_facts_about_the_data_are_plain_arrays():
    a = distinct(3, 4)
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
        a = distinct(*shape)
        for mode in modes:
            for width in (0, 1, 5, (3, 0)):
                np.testing.assert_allclose(np.pad(Tensor(a), width, mode=mode).data, np.pad(a, width, mode=mode),
                                           rtol=1e-13)
    a = distinct(3, 4)
    for mode in ("mean", "maximum", "minimum", "median"):
        for length in (2, ((1, 2), (9, 3))):
            check(lambda t, mode=mode, length=length: np.pad(t, 2, mode=mode, stat_length=length), a)
    check(lambda t: np.pad(t, 2, mode="linear_ramp", end_values=((1.0, 2.0), (3.0, 4.0))), a)
    check(lambda t: np.pad(t, ((1, 2), (0, 3)), mode="reflect", reflect_type="odd"), a)
    check(lambda t: np.pad(t, 0), a)
    check(lambda t: np.pad(t, (1, 0), constant_values=np.nan)[1:], distinct(2))
    check(lambda t: np.pad(t, 1), distinct(0, 2))
    got = np.pad(Tensor(a), {-1: (1, 2)}, constant_values=(7.0, 8.0))
    np.testing.assert_array_equal(got.data, np.pad(a, ((0, 0), (1, 2)), constant_values=(7.0, 8.0)))
    for mode in modes:
        with pytest.raises(ValueError, match="pad"):
            np.pad(Tensor(np.zeros((0, 2))), 1, mode=mode)
    assert np.pad(Tensor(a, dtype=np.float32), 1, constant_values=1.5).dtype == np.float32


def test_interpolation():
    xp, fp = np.array([-1.0, 0.5, 1.0, 3.0]), distinct(4)
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
    y, x = distinct(3, 4), np.sort(distinct(4))
    check(lambda a, b: np.diff(a, prepend=b, axis=1), y, distinct(3, 1, rng=2))
    check(lambda a, b: np.diff(a, append=b, n=2), y, np.array(0.3))
    check(lambda a, b: np.trapezoid(a, b), y, x)
    check(lambda a, h: ag.trapezoid(a, dx=h), y, np.array(0.3), want=np.trapezoid(y, dx=0.3))
    check(lambda a, p, q: np.gradient(a, p, q, edge_order=2), y, np.array([0.0, 0.4, 1.7]), x)
    check(lambda a: np.gradient(a, [0.0, 0.4, 1.7], 0.5), y)
    check(lambda a: np.gradient(a), distinct(2))
    check(lambda a: np.gradient(a, 2.0, axis=-1), y)
    check(lambda p, t: np.polyval(p, t), distinct(4), y)
    assert np.diff(Tensor(y, dtype=np.float32), prepend=0.0).dtype == np.float32
    check(lambda t: np.ediff1d(t, to_begin=[1.0]), np.zeros(0))
    ps = [Value(1.0), Value(2.0), Value(3.0)]
    y = ag.polyval(ps, 2.0)
    y.backward()
    assert y.item() == 11.0 and [p.grad for p in ps] == [4.0, 2.0, 1.0]


@given(st.integers(1, 6), st.integers(1, 6), st.sampled_from(["full", "same", "valid"]))
def test_convolution_is_numpys(n, m, mode):
    a, v = distinct(n), distinct(m, rng=1)
    for f in (np.convolve, np.correlate):
        np.testing.assert_allclose(f(Tensor(a), Tensor(v), mode).data, f(a, v, mode), rtol=1e-12, atol=1e-12)


def test_windows_add_up_their_gradients():
    view = np.lib.stride_tricks.sliding_window_view
    t = Tensor(np.zeros((4, 4)))
    y = view(t, (3, 3))
    assert y.shape == (2, 2, 3, 3)
    y.sum().backward()
    assert t.grad.tolist() == [[1, 2, 2, 1], [2, 4, 4, 2], [2, 4, 4, 2], [1, 2, 2, 1]]
    image, kernel = distinct(5, 5), distinct(3, 3, rng=1)
    check(lambda x, k: (view(x, (3, 3)) * k).sum(axis=(2, 3)), image, kernel)
