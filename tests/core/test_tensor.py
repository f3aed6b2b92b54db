"""Tensor: arrays in the graph, as a NumPy user meets them."""

from __future__ import annotations

import pickle
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from helpers.numeric import slope
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_nn as ag
from autograd_nn import Tensor, Value, errors, nn, optim, stop_gradient

shapes = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3, min_side=0)


def array(shape, seed):
    return np.random.default_rng(seed).normal(size=shape)


@given(shapes)
def test_broadcasting_is_undone(pair):
    """d sum(a * b * w): each gradient is what einsum-like summing over the copies gives."""
    a, b = (array(s, i) for i, s in enumerate(pair.input_shapes))
    w = array(pair.result_shape, 2)
    x, y = Tensor(a), Tensor(b)
    (x * y * w).sum().backward()
    for t, other in ((x, b), (y, a)):
        full = np.broadcast_to(other, pair.result_shape) * w
        lead = full.ndim - t.ndim
        axes = tuple(range(lead)) + tuple(i + lead for i, n in enumerate(t.shape) if n == 1)
        want = full.sum(axis=axes, keepdims=True).reshape(t.shape)
        np.testing.assert_allclose(t.grad, want, rtol=1e-12, atol=1e-12)
        assert t.grad.dtype == t.dtype


@given(st.sampled_from(["float32", "float64"]), st.sampled_from(["float32", "float64", "int64", "python"]))
def test_promotion_is_numpys(left, right):
    a = np.array([1.5, 2.5], dtype=left)
    b = 2.5 if right == "python" else np.array([1, 2], dtype=right)
    t = Tensor(a)
    y = np.sin(t) * b + t ** 2
    assert y.dtype == (np.sin(a) * b + a ** 2).dtype
    y.sum().backward()
    assert t.grad.dtype == a.dtype


@pytest.mark.parametrize("layout", [lambda a: a[::-1], np.asfortranarray, lambda a: a.T, lambda a: a[:, ::2],
                                    lambda a: np.broadcast_to(a[0], a.shape), lambda a: a[:0], lambda a: a[:1, :1]])
def test_any_memory_layout(layout):
    a = layout(array((4, 4), 0))
    t = Tensor(a)
    np.exp(t).sum().backward()
    np.testing.assert_array_equal(t.grad, np.exp(a))
    assert t.grad.shape == a.shape


def test_numpys_own_functions_take_tensors():
    t = Tensor(array((3, 4), 0))
    a = t.data
    pairs = [(np.sum(t, axis=0), a.sum(0)), (np.mean(t), a.mean()), (np.max(t, axis=1), a.max(1)),
             (np.concatenate([t, t], axis=1), np.concatenate([a, a], axis=1)), (np.stack([t, t]), np.stack([a, a])),
             (np.where(t > 0, t, 0.0), np.where(a > 0, a, 0.0)), (np.transpose(t), a.T),
             (np.reshape(t, (4, 3)), a.reshape(4, 3)), (np.clip(t, -1.0, 1.0), a.clip(-1, 1)),
             (np.matmul(t, a.T), a @ a.T), (a.T @ t, a.T @ a), (np.add.reduce(t), a.sum(0)),
             (np.std(t, axis=0), a.std(0)), (np.expand_dims(t, 1), a[:, None]), (np.split(t, 2, axis=1)[1], a[:, 2:])]
    for got, want in pairs:
        assert isinstance(got, Tensor)
        np.testing.assert_allclose(got.data, want, rtol=1e-12)
    assert np.shape(t) == (3, 4) and np.isfinite(t).all() and np.argmax(t) == a.argmax()
    assert (t > 0).sum() == (a > 0).sum()
    assert t.T.shape == (4, 3) and t.reshape(2, 6).shape == (2, 6) and t.flatten().shape == (12,)
    assert t.transpose(1, 0).shape == (4, 3) and len(t) == 3 and [row.shape for row in t] == [(4,)] * 3
    with pytest.raises(TypeError, match="histogram"):
        np.histogram(t)
    with pytest.raises(TypeError, match="out"):
        np.sin(t, out=np.empty((3, 4)))


def test_what_cannot_be_differentiated_is_refused():
    for bad in (np.arange(3), np.array([True]), np.array([1j])):
        with pytest.raises(errors.DTypeError):
            Tensor(bad)
    for bad in ("abc", [[1.0], [1.0, 2.0]], None, [Value(1.0)], Tensor([1.0]), object()):
        with pytest.raises(TypeError):
            Tensor(bad)
    assert Tensor([1, 2]).dtype == np.float64 and Tensor(3).shape == ()
    assert Tensor(np.arange(3), dtype=np.float32).dtype == np.float32


def test_a_recorded_array_cannot_change():
    a = array((3,), 0)
    t = Tensor(a)
    constant = np.ones(3)
    y = (t * t * constant).sum()
    a += 1.0
    constant *= 5.0
    for change in (lambda: t.data.__iadd__(1), lambda: t.data.sort(), lambda: t.data.fill(0),
                   lambda: np.copyto(t.data, 0.0), lambda: np.add(t.data, 1, out=t.data),
                   lambda: t.data.reshape(3, 1).__setitem__(0, 1.0)):
        with pytest.raises(ValueError, match="read-only"):
            change()
    with pytest.raises(TypeError, match="where"):
        t[0] = 1.0
    y.backward()
    np.testing.assert_allclose(t.grad, 2 * (a - 1))
    t.data = t.data - t.grad
    np.testing.assert_allclose(t.data, -(a - 1))
    with pytest.raises(errors.ShapeError):
        t.data = np.zeros(4)
    index = np.array([0, 1])
    z = t[index].sum()
    t.zero_grad()
    index[:] = 2
    z.backward()
    assert t.grad.tolist() == [1.0, 1.0, 0.0]


def test_a_gradient_is_an_array_of_its_own():
    x, y = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    z = x + y
    z.sum().backward()
    x.grad[0] = 99.0
    assert y.grad.tolist() == [1.0, 1.0] and z.grad.tolist() == [1.0, 1.0]
    seed = np.array([1.0, 1.0])
    w = Tensor([1.0, 2.0])
    (w + 0.0).backward(seed)
    w.grad[0] = 7.0
    assert seed.tolist() == [1.0, 1.0]
    v = Tensor([1.0, 2.0])
    (v + 0.0).backward(seed, create_graph=True)
    seed[:] = 9.0
    assert v.grad.data.tolist() == [1.0, 1.0]


def test_backward_twice():
    w = Tensor([1.0, 2.0])
    middle = w * w
    y = middle.sum()
    y.backward()
    y.backward()
    assert w.grad.tolist() == [4.0, 8.0] and middle.grad.tolist() == [1.0, 1.0]


def test_backward_of_many_elements_says_what_to_do():
    t = Tensor([1.0, 2.0])
    with pytest.raises(ValueError, match=r"\.sum\(\)\.backward\(\)"):
        (t * 2).backward()
    with pytest.raises(ValueError, match=r"\(3,\)"):
        (t * 2).backward(np.ones(3))
    (t * 2).backward([1.0, 10.0])
    assert t.grad.tolist() == [2.0, 20.0]
    one = Tensor([[3.0]])
    (one * one).backward()
    assert one.grad.tolist() == [[6.0]]


def test_shape_errors_name_the_operands():
    left, right = Tensor(np.ones((32, 10)), name="hidden"), Tensor(np.ones((8, 4)), name="weight")
    with pytest.raises(errors.ShapeError) as caught:
        left @ right
    text = str(caught.value)
    assert all(word in text for word in ("matmul", "(32, 10)", "(8, 4)", "hidden", "weight"))
    with pytest.raises(ValueError, match="sum"):
        left.sum(axis=5)
    with pytest.raises(ValueError, match="concatenate"):
        ag.concatenate([left, right])
    with pytest.raises(TypeError, match="parameter"):
        left.sum(axes=1)
    with pytest.raises(IndexError):
        left[99]


def test_no_nan_leaks_past_a_zero_cotangent():
    t = Tensor([0.0, 4.0])
    np.where(t > 0, np.sqrt(t), 0.0).sum().backward()
    assert t.grad.tolist() == [0.0, 0.25]
    t.zero_grad()
    np.where(t > 0, t * np.log(np.where(t > 0, t, 1.0)), 0.0).sum().backward()
    assert t.grad[0] == 0.0 and np.isfinite(t.grad).all()
    u = Tensor([np.nan, 1.0])
    np.where([False, True], u * u, 0.0).sum().backward()
    assert u.grad.tolist() == [0.0, 2.0]
    c = Tensor([3.0, 3.0])
    c.std().backward()
    assert c.grad.tolist() == [0.0, 0.0]
    rows = Tensor([[-np.inf, -np.inf], [0.0, -np.inf]])
    p = ag.softmax(rows)
    assert p.data.tolist() == [[0.0, 0.0], [1.0, 0.0]]
    (p * [[1.0, 2.0], [3.0, 4.0]]).sum().backward()
    assert rows.grad.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    rows.zero_grad()
    ag.logsumexp(rows, axis=1)[1].backward()
    assert rows.grad.tolist() == [[0.0, 0.0], [1.0, 0.0]]
    assert ag.log_softmax(Tensor([1e4, -1e4])).data.tolist() == [0.0, -2e4]


def test_extreme_arguments_are_quiet_and_finite():
    for op in (ag.sigmoid, ag.tanh, ag.silu, ag.softplus, ag.elu, ag.selu, ag.mish, ag.gelu):
        for dtype in (np.float32, np.float64):
            t = Tensor([-1e4, -100.0, 0.0, 100.0, 1e4], dtype=dtype)
            y = op(t)
            y.sum().backward()
            assert np.isfinite(y.data).all() and np.isfinite(t.grad).all(), op


def test_leaving_the_graph_takes_words():
    t = Tensor([1.0, 2.0], name="t")
    for convert in (np.asarray, np.array, float, lambda x: np.array([x, x]), lambda x: [0][x]):
        with pytest.raises(TypeError):
            convert(t)
    assert t.numpy().flags.writeable and t.detach().is_leaf and stop_gradient(t) is t.data
    assert Tensor([5.0]).item() == 5.0 and f"{Tensor(2.5):.2f}" == "2.50"
    with pytest.raises(ValueError, match="item"):
        t.item()
    assert "name='t'" in repr(t) and "float32" in repr(Tensor([1.0], dtype=np.float32))


def test_indexing():
    t = Tensor(array((4, 5), 0))
    picks = [1, (slice(None, None, -1), 2), (None, ..., 0), np.array([0, 0, 3]), t.data > 0, [1, 1, 1],
             (np.array([[0, 1]]), np.array([2, 2])), (slice(1, 3), [0, 0])]
    for index in picks:
        t.zero_grad()
        t[index].sum().backward()
        want = np.zeros((4, 5))
        np.add.at(want, index if not isinstance(index, list) else np.array(index), 1.0)
        np.testing.assert_array_equal(t.grad, want)
    with pytest.raises(TypeError, match="index"):
        t[Tensor([1.0])]


def test_values_and_tensors_together():
    values = [Value(float(i)) for i in range(3)]
    t = ag.stack(values)
    assert t.shape == (3,)
    (t * t).sum().backward()
    assert [v.grad for v in values] == [0.0, 2.0, 4.0] and all(type(v.grad) is float for v in values)
    v = Value(2.0)
    (ag.exp(v * Tensor([0.0, 1.0])) + v).sum().backward()
    assert v.grad == pytest.approx(np.exp(2.0) + 2)
    v.zero_grad()
    ag.softmax(ag.stack([v, v * 2]))[0].backward(create_graph=True)
    assert isinstance(v.grad, Value)


def test_second_order_through_broadcasting_and_matmul():
    rng = np.random.default_rng(0)
    w, b, x = Tensor(rng.normal(size=(3, 2))), Tensor(rng.normal(size=2)), rng.normal(size=(5, 3))
    u = rng.normal(size=(3, 2))

    def loss():
        return (np.tanh(x @ w + b) ** 2).sum()

    loss().backward(create_graph=True)
    g, w.grad, b.grad = w.grad, None, None
    (g * u).sum().backward()
    product = w.grad

    def gradient(data):
        w.data, w.grad = data, None
        loss().backward()
        return w.grad

    start = w.data
    numeric = slope(lambda t: gradient(start + t * u))
    np.testing.assert_allclose(product, numeric, rtol=1e-7, atol=1e-9)


def test_a_pickle_has_leaves_of_its_own():
    t = Tensor([1.0, 2.0], name="t")
    other = pickle.loads(pickle.dumps((t * t).sum()))
    other.backward()
    assert t.grad is None and other.data == 5.0


def test_float_error_state_is_left_as_it_was():
    before = np.geterr()
    t = Tensor([0.0])
    with np.errstate(divide="ignore"):
        np.log(t).sum().backward()
    assert np.geterr() == before and t.grad.tolist() == [np.inf]
    with pytest.warns(RuntimeWarning, match="divide"):
        np.log(t)


def test_real_and_imaginary_part():
    t = Tensor(np.array([1.0, 2.0], np.float32))
    (t.real * t.real).sum().backward()
    assert t.real is t and t.grad.tolist() == [2, 4]
    assert t.imag.dtype == np.float32 and t.imag.tolist() == [0, 0]
    assert np.array_equal(np.imag(t), t.imag) and np.array_equal(np.real(t).data, t.data)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_places_take_numpys_arguments(name):
    a = np.array([[1.0, 3.0, 3.0], [5.0, 4.0, 0.0]])
    t = Tensor(a)
    for options in ({}, {"axis": 0}, {"axis": 1, "keepdims": True}, {"keepdims": True}, {"axis": -1}):
        for ours in (getattr(t, name)(**options), getattr(np, name)(t, **options), getattr(ag, name)(t, **options)):
            theirs = getattr(a, name)(**options)
            assert np.array_equal(ours, theirs) and np.shape(ours) == np.shape(theirs)
    with pytest.raises(errors.UsageError, match="out="):
        getattr(t, name)(out=np.empty((), int))
    with pytest.raises(errors.ShapeError, match="axis 2 is out of bounds"):
        getattr(t, name)(axis=2)


def test_memory_of_a_training_step():
    """At its peak it holds activations, their cotangents, gradients and one new weight, and less than 1 MB more."""
    sizes, batch = (784, 256, 128, 10), 128
    rng = np.random.default_rng(0)
    model, x = nn.MLP(*sizes, rng=0), rng.normal(size=(batch, sizes[0])).astype(np.float32)
    labels = rng.integers(0, 10, batch)
    optimizer = optim.Adam(model.parameters())

    def step():
        optimizer.zero_grad()
        nn.cross_entropy(model(x), labels).backward()
        optimizer.step()
    step()
    step()
    tracemalloc.start()
    step()                                                   # from here on its gradients are counted
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    step()
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    weights = [a * b + b for a, b in pairwise(sizes)]
    activations = 2 * batch * sum(sizes[1:])                 # of linear and of relu
    assert peak < 4 * (2 * activations + sum(weights) + max(weights)) + 1_000_000


def test_divmod():
    a = np.array([3.5, -2.0])
    t = Tensor(a)
    for ours, theirs in ((divmod(t, 1.5), divmod(a, 1.5)), (divmod(7.0, t), divmod(7.0, a)),
                         (divmod(t, t), divmod(a, a)), (divmod(a, t), divmod(a, a))):
        assert [x.data.tolist() for x in ours] == [x.tolist() for x in theirs]
    divmod(t, 1.5)[1].sum().backward()
    assert t.grad.tolist() == [1, 1]
    with pytest.raises(TypeError):
        divmod(t, "a")


@pytest.mark.parametrize("kind", "efdg")
@pytest.mark.parametrize("shape", [(), (3,), (63,), (64,), (2, 100), (0, 70)])
def test_relu_of_rows_of_any_length(shape, kind):
    """Wide rows are compared with a row of zeros, narrow ones with a number."""
    a = np.asarray(np.random.default_rng(0).normal(size=shape)).astype(kind)
    if a.size > 3:
        a[..., :3] = [np.nan, np.inf, -np.inf]
    t = Tensor(a)
    y = ag.relu(t)
    assert y.dtype == a.dtype and y.shape == a.shape
    assert np.array_equal(y.data, np.where(a <= 0, np.zeros_like(a), a), equal_nan=True)
    y.backward(np.ones_like(a))
    slope = np.where(np.isnan(a), a, a > 0)          # nothing is known of a nan's
    assert t.grad.dtype == a.dtype and np.array_equal(t.grad, slope, equal_nan=True)


@pytest.mark.parametrize("kind", "efd")
def test_cross_entropy_of_extreme_logits(kind):
    """However large: no warning, and the derivative is softmax less the target."""
    top = float(np.finfo(kind).max) / 4
    logits = np.array([[top, -top, 0], [top, top, -top], [-np.inf, 1, 1], [3e2, 2e2, 3e2]], dtype=kind)
    index = np.array([0, 1, 2, 0])
    t = Tensor(logits)
    loss = nn.cross_entropy(t, index, reduction="none")
    loss.backward(np.ones(4, kind))
    assert np.allclose(loss.data, [0, np.log(2), np.log(2), np.log(2)], rtol=1e-3)
    assert np.allclose(t.grad, [[0, 0, 0], [.5, -.5, 0], [0, .5, -.5], [-.5, 0, .5]], atol=1e-3)
    assert t.grad.dtype == loss.dtype == logits.dtype
