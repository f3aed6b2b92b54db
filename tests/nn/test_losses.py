"""Losses: values against loops, gradients against central differences, and every refusal."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers.numeric import differences
from hypothesis import given
from hypothesis import strategies as st

from autograd_nn import Tensor, Value, grad, nn, ops
from autograd_nn.errors import DataError, DTypeError, ShapeError, UsageError

REDUCE = {"mean": np.mean, "sum": np.sum, "none": np.asarray}
SAME_SHAPE = [nn.half_sum_of_squares, nn.mse_loss, nn.binary_cross_entropy_with_logits]
ALL = [*SAME_SHAPE, nn.cross_entropy]
MODULES = {nn.half_sum_of_squares: nn.HalfSumOfSquares, nn.mse_loss: nn.MSELoss,
           nn.cross_entropy: nn.CrossEntropyLoss, nn.binary_cross_entropy_with_logits: nn.BCEWithLogitsLoss}


# --- the loops ----------------------------------------------------------------------------------

def naive(loss, y, t):
    """The losses one by one, straight from the definitions (for small y)."""
    if loss is nn.cross_entropy:
        losses = []
        for row, target in zip(y, t):
            p = [math.exp(v) / sum(math.exp(u) for u in row) for v in row]
            wanted = target if np.ndim(target) else [float(k == target) for k in range(len(row))]
            losses.append(-sum(q * math.log(r) for q, r in zip(wanted, p)))
        return np.array(losses)
    one = {nn.half_sum_of_squares: lambda a, b: (a - b) ** 2 / 2,
           nn.mse_loss: lambda a, b: (a - b) ** 2,
           nn.binary_cross_entropy_with_logits:
               lambda z, b: -(b * math.log(1 / (1 + math.exp(-z))) + (1 - b) * math.log(1 / (1 + math.exp(z))))}[loss]
    return np.array([[one(a, b) for a, b in zip(u, v)] for u, v in zip(y, t)])


def problem(loss, seed, n=3, k=4):
    """Predictions (n, k) and targets of every kind that the loss takes."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(n, k)) * 2
    if loss is nn.cross_entropy:
        classes, p = rng.integers(0, k, n), rng.random((n, k))
        return y, [classes, np.eye(k, dtype=int)[classes], p / p.sum(axis=1, keepdims=True)]
    if loss is nn.binary_cross_entropy_with_logits:
        return y, [rng.integers(0, 2, (n, k)), rng.random((n, k)), rng.random((n, k)) > 0.5]
    return y, [rng.normal(size=(n, k)), rng.integers(-3, 3, (n, k))]


def objects(x):
    """x as an object array of Values."""
    out = np.empty(np.shape(x), dtype=object)
    for index, number in np.ndenumerate(x):
        out[index] = Value(number)
    return out


def plain(x):
    if isinstance(x, np.ndarray) and x.dtype == object:
        return np.array([v.data for v in x.flat]).reshape(x.shape)
    return np.asarray(getattr(x, "data", x))


@pytest.mark.slow
@pytest.mark.parametrize("reduction", sorted(REDUCE))
@pytest.mark.parametrize("loss", ALL)
@given(seed=st.integers(0, 10 ** 6), n=st.integers(1, 4), k=st.integers(1, 4))
def test_values_against_a_loop(loss, reduction, seed, n, k):
    y, targets = problem(loss, seed, n, k)
    for t in targets:
        expected = REDUCE[reduction](naive(loss, y, t))
        for form in (y, Tensor(y), objects(y), [[Value(v) for v in row] for row in y]):
            got = loss(form, t, reduction)
            np.testing.assert_allclose(plain(got), expected, rtol=1e-11, atol=1e-14)
            if reduction != "none" and form is not y:
                assert type(got) is (Tensor if isinstance(form, Tensor) else Value)
        np.testing.assert_allclose(plain(loss(y, t.tolist(), reduction)), expected, rtol=1e-11, atol=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ALL)
@given(seed=st.integers(0, 10 ** 6))
def test_gradients_by_differences(loss, seed):
    y, targets = problem(loss, seed)
    for t in targets:
        for reduction in ("mean", "sum"):
            tensor, values = Tensor(y), objects(y)
            loss(tensor, t, reduction).backward()
            loss(values, t, reduction).backward()
            numeric = differences(lambda y, t=t, reduce=REDUCE[reduction]: reduce(naive(loss, y, t)), y, h=1e-5)
            np.testing.assert_allclose(tensor.grad, numeric, rtol=1e-5, atol=1e-8)
            np.testing.assert_allclose([v.grad for v in values.ravel()], tensor.grad.ravel(), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("loss", ALL)
def test_gradients_reach_a_target_that_is_a_node(loss):
    y, targets = problem(loss, 5)
    t = Tensor(targets[-1], dtype=float) if loss is not nn.cross_entropy else Tensor(targets[2])
    loss(Tensor(y), t, "sum").backward()
    numeric = differences(lambda t: naive(loss, y, t).sum(), t.data)
    np.testing.assert_allclose(t.grad, numeric, rtol=1e-6, atol=1e-8)


def test_gradients_in_closed_form():
    """softmax(z) - t and sigmoid(z) - t, also where the logits are large."""
    z = np.array([[0.5, -1.0, 2.0], [1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]])
    t = np.eye(3)[[1, 1, 0]]
    np.testing.assert_allclose(grad(lambda z: nn.cross_entropy(z, [1, 1, 0], "sum"))(z), ops.softmax(z) - t, atol=1e-15)
    np.testing.assert_allclose(grad(lambda z: nn.binary_cross_entropy_with_logits(z, t, "sum"))(z),
                               ops.sigmoid(z) - t, atol=1e-15)


# --- large, small, and excluded --------------------------------------------------------------------

@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("target", [[0, 1], [[1, 0], [0, 1]], [[0.5, 0.5], [0.25, 0.75]]])
def test_cross_entropy_is_finite_at_large_logits(dtype, target):
    z = Tensor([[1e4, -1e4], [1e4, -1e4]], dtype=dtype)
    losses = nn.cross_entropy(z, target, "none")
    wrong = [1 - (target[i][0] if np.ndim(target[i]) else 1 - target[i]) for i in range(2)]
    np.testing.assert_allclose(losses.data, [2e4 * w for w in wrong], rtol=1e-6)
    losses.sum().backward()
    assert np.isfinite(z.grad).all() and z.grad.dtype == dtype


@pytest.mark.parametrize("of", [lambda z: Tensor(z, dtype=np.float32), Tensor, Value])
@pytest.mark.parametrize(("z", "t", "expected"), [(1e4, 1, 0), (1e4, 0, 1e4), (-1e4, 1, 1e4), (-1e4, 0, 0)])
def test_bce_is_finite_at_large_logits(of, z, t, expected):
    z = of(z)
    loss = nn.binary_cross_entropy_with_logits(z, t)
    loss.backward()
    assert loss.item() == expected and np.isfinite(z.grad)


def test_bce_keeps_its_digits_where_the_prediction_is_right():
    z = Tensor([20.0], dtype=np.float32)
    loss = nn.binary_cross_entropy_with_logits(z, [1.0])
    assert loss.item() == pytest.approx(math.log1p(math.exp(-20)), rel=1e-6)


def test_a_class_excluded_by_minus_infinity():
    z = Tensor([[0.0, -np.inf, 0.0]])
    for target in ([0], [[1, 0, 0]], [[0.5, 0, 0.5]]):
        z.zero_grad()
        loss = nn.cross_entropy(z, target)
        loss.backward()
        assert loss.item() == pytest.approx(math.log(2))
        assert z.grad[0, 1] == 0 and np.isfinite(z.grad).all()


# --- dtypes and shapes --------------------------------------------------------------------------------

@pytest.mark.parametrize("reduction", sorted(REDUCE))
@pytest.mark.parametrize("loss", ALL)
def test_float32_stays_float32(loss, reduction):
    y, targets = problem(loss, 0)
    for t in targets:
        for target in (t, t.tolist()):
            z = Tensor(y, dtype=np.float32)
            out = loss(z, target, reduction)
            assert out.dtype == np.float32
            out.sum().backward()
            assert z.grad.dtype == np.float32
            assert np.asarray(loss(y.astype(np.float32), target, reduction)).dtype == np.float32


def test_single_numbers():
    y = Value(3.0)
    for out in (nn.half_sum_of_squares(y, 1), nn.mse_loss(y, 1.0), nn.mse_loss(y, Value(1.0), "none")):
        assert type(out) is Value
    assert nn.half_sum_of_squares(y, 1).data == 2.0
    assert nn.mse_loss(Tensor(3.0), 1).item() == 4.0
    assert nn.cross_entropy([Value(0.0), Value(0.0)], 1).data == pytest.approx(math.log(2))
    assert nn.cross_entropy([Value(0.0), 0.0], 1).data == pytest.approx(math.log(2))


def test_more_axes():
    z = np.random.default_rng(0).normal(size=(2, 3, 4))
    t = np.array([[0, 1, 2], [3, 0, 1]])
    losses = nn.cross_entropy(Tensor(z), t, "none")
    assert losses.shape == (2, 3)
    np.testing.assert_allclose(losses.data.ravel(), naive(nn.cross_entropy, z.reshape(6, 4), t.ravel()))


@pytest.mark.parametrize("loss", SAME_SHAPE)
@pytest.mark.parametrize(("y", "t"), [((3,), (3, 1)), ((3, 1), (3,)), ((3, 1), (1,)), ((2, 2), ()), ((1,), ())])
def test_different_shapes_are_an_error(loss, y, t):
    for form in (Tensor(np.zeros(y)), np.zeros(y), objects(np.zeros(y))):
        with pytest.raises(ShapeError, match="must have one shape"):
            loss(form, np.zeros(t))


@pytest.mark.parametrize(("z", "t"), [((3, 2), (2,)), ((3, 2), (3, 1)), ((3, 2), (2, 3)), ((3, 2), ()), ((2,), (3,))])
def test_cross_entropy_of_other_shapes(z, t):
    with pytest.raises(ShapeError, match="take class indices of shape"):
        nn.cross_entropy(Tensor(np.zeros(z)), np.zeros(t, dtype=int))


@pytest.mark.parametrize("form", [Tensor, objects, np.array])
@pytest.mark.parametrize(("target", "error", "message"), [
    ([0, 3], DataError, "no class 3; the logits have 3 classes, 0 to 2"),
    ([-1, 0], DataError, "no class -1"),
    ([0.0, 1.0], DTypeError, "integers, and these are of dtype float64"),
    ([True, False], DTypeError, "bool"),
    (Tensor([0.0, 1.0]), DTypeError, "a Tensor"),
    ([[1, 0, 0], [1, 1, 0]], DataError, "sum of some rows is not 1"),
    ([[1, 0, 0], [2, -1, 0]], DataError, "from 0 to 1"),
    ([["a", "b", "c"]] * 2, DTypeError, "no real numbers"),
])
def test_wrong_class_targets(form, target, error, message):
    with pytest.raises(error, match=message):
        nn.cross_entropy(form(np.zeros((2, 3))), target)


def test_other_wrong_inputs():
    with pytest.raises(DataError, match=r"from 0 to 1 \(least 0, greatest 2\)"):
        nn.binary_cross_entropy_with_logits(Tensor([1.0, 2.0]), [0, 2])
    with pytest.raises(ShapeError, match="axis of classes"):
        nn.cross_entropy(Value(1.0), 0)
    with pytest.raises(UsageError, match="stack"):
        nn.mse_loss(Tensor([1.0]), [Value(1.0)])
    with pytest.raises(UsageError, match="stack"):
        nn.mse_loss([Value(1.0)], Tensor([1.0]))
    with pytest.raises(DTypeError, match="complex"):
        nn.mse_loss(Tensor([1.0]), [1j])


@pytest.mark.parametrize("loss", ALL)
def test_reductions(loss):
    y, targets = problem(loss, 0)
    with pytest.raises(UsageError, match='"mean", "sum" or "none", not \'average\''):
        loss(y, targets[0], "average")
    with pytest.raises(UsageError, match="average"):
        MODULES[loss]("average")
    assert plain(MODULES[loss]()(y, targets[0])) == loss(y, targets[0])
    for reduction in REDUCE:
        module = MODULES[loss](reduction)
        np.testing.assert_array_equal(module(y, targets[0]), loss(y, targets[0], reduction))
        assert repr(module) == f"{MODULES[loss].__name__}(reduction={reduction!r})"


def test_default_reductions():
    assert nn.half_sum_of_squares([3.0, 1.0], [0.0, 0.0]) == 5.0
    assert nn.mse_loss([3.0, 1.0], [0.0, 0.0]) == 5.0
    assert nn.cross_entropy([[0.0, 0.0]] * 3, [0, 1, 1]) == pytest.approx(math.log(2))
    assert nn.binary_cross_entropy_with_logits([0.0] * 3, [0, 1, 1]) == pytest.approx(math.log(2))
