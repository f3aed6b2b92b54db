"""Every loss with its options: values against a loop, gradients, float32, extremes and refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers.each import each
from helpers.losses_table import CASES, WEIGHTS, K, N

from autograd_nn import Tensor, Value, check_gradients, hvp, nn, ops
from autograd_nn.errors import DataError, DTypeError, ShapeError, UsageError

every_loss = pytest.mark.parametrize("case", CASES, ids=str)
REDUCTIONS = ["mean", "sum", "none"]


def expected(case, inputs, reduction):
    losses = case.loop(*inputs, **case.options)
    if reduction == "none":
        return case.shape(losses, inputs[0])
    if reduction == "sum":
        return sum(losses)
    return case.mean(*inputs, **case.options) if case.mean else sum(losses) / len(losses)


def values(array):
    return np.frompyfunc(Value, 1, 1)(array)


def plain(x):
    if isinstance(x, np.ndarray) and x.dtype == object:
        return np.array([v.data for v in x.flat]).reshape(x.shape)
    return np.asarray(getattr(x, "data", x))


@pytest.mark.slow
@each("reduction", REDUCTIONS)
@each("seed", range(3))
@every_loss
def test_values_against_a_loop(case, reduction, seed):
    inputs = case.inputs(np.random.default_rng(seed))
    want = expected(case, inputs, reduction)
    for form in (np.asarray, Tensor, values, np.ndarray.tolist):
        made = [form(x) for x in inputs[:case.nodes]] + inputs[case.nodes:]
        got = case.function(*made, reduction=reduction, **case.options)
        np.testing.assert_allclose(plain(got), want, rtol=1e-11, atol=1e-13)
        module = case.module(reduction, **case.options)
        np.testing.assert_array_equal(plain(module(*made)), plain(got))


@pytest.mark.slow
@every_loss
def test_gradients_by_differences(case):
    """The second derivative too, where the loss has one; of Values as of Tensors.

    The sum is the mean times a number, and so are its derivatives.
    """
    inputs = case.inputs(np.random.default_rng(1))
    nodes, rest = inputs[:case.nodes], inputs[case.nodes:]

    def f(*xs, reduction="mean"):
        return case.function(*xs, *rest, reduction=reduction, **case.options)

    def derivatives(reduction):
        tensors, objects = [Tensor(x) for x in nodes], [values(x) for x in nodes]
        f(*tensors, reduction=reduction).backward()
        f(*objects, reduction=reduction).backward()
        along = hvp(lambda xs: f(*xs, reduction=reduction), nodes, nodes) if case.smooth else []
        first = [t.grad for t in tensors]
        for g, v in zip(first, objects):
            np.testing.assert_allclose([x.grad for x in v.flat], g.ravel(), rtol=1e-10, atol=1e-13)
        return [*first, *along]

    report = check_gradients(f, *nodes, order=2 if case.smooth else 1, rng=0)
    assert report.inconclusive == 0
    factor = f(*nodes, reduction="sum") / f(*nodes)
    for of_sum, of_mean in zip(derivatives("sum"), derivatives("mean")):
        np.testing.assert_allclose(of_sum, factor * of_mean, rtol=1e-10, atol=1e-13)


@each("reduction", REDUCTIONS)
@every_loss
def test_float32_stays_float32(case, reduction):
    inputs = case.inputs(np.random.default_rng(2))
    made = [Tensor(x, dtype=np.float32) for x in inputs[:case.nodes]] + inputs[case.nodes:]
    out = case.function(*made, reduction=reduction, **case.options)
    out.sum().backward()
    assert out.dtype == np.float32 and all(x.grad.dtype == np.float32 for x in made[:case.nodes])
    np.testing.assert_allclose(out.data, expected(case, inputs, reduction), rtol=1e-5, atol=2e-6)


@each("dtype", [np.float32, np.float64])
@every_loss
def test_finite_at_the_extremes(case, dtype):
    """Predictions of +-1e4 (as log probabilities, -1e4 and 0)."""
    inputs = case.inputs(np.random.default_rng(4))
    for i in range(case.nodes):
        size = np.where(np.arange(N * K).reshape(N, K) % 2, -1e4, 1e4)
        inputs[i] = np.minimum(size, 0) if case.function in (nn.nll_loss, nn.kl_div) else np.roll(size, i, axis=1)
    made = [Tensor(x, dtype=dtype) for x in inputs[:case.nodes]] + inputs[case.nodes:]
    loss = case.function(*made, **case.options)
    loss.backward()
    assert np.isfinite(loss.item()) and all(np.isfinite(x.grad).all() for x in made[:case.nodes])


@every_loss
def test_other_reductions(case):
    for call in (lambda: case.function(*case.inputs(np.random.default_rng(0)), reduction="average"),
                 lambda: case.module("average")):
        with pytest.raises(UsageError, match="not 'average'"):
            call()
    with pytest.raises(UsageError, match="has no option gamma; its options are reduction"):
        case.module(gamma=2.0)


# --- what one loss alone has ------------------------------------------------------------------------

def test_nll_of_log_softmax_is_cross_entropy():
    z, t = np.random.default_rng(0).normal(size=(2, 5, K)), np.random.default_rng(1).integers(0, K, (2, 5))
    np.testing.assert_allclose(nn.nll_loss(ops.log_softmax(z), t, weight=WEIGHTS),
                               nn.cross_entropy(z, t, weight=WEIGHTS), rtol=1e-13)


def test_an_ignored_row_may_hold_anything():
    z = Tensor([[0.0, 1.0], [np.inf, np.nan]])
    loss = nn.cross_entropy(z, [0, -100])
    loss.backward()
    assert loss.item() == pytest.approx(math.log(1 + math.e))
    assert z.grad[1].tolist() == [0.0, 0.0] and np.isfinite(z.grad).all()


def test_the_mean_of_nothing_is_an_error():
    for loss in (nn.cross_entropy, nn.nll_loss):
        with pytest.raises(DataError, match="no mean of nothing"):
            loss([[0.0, 1.0]], [-100])
        with pytest.raises(DataError, match="no mean of nothing"):
            loss([[0.0, 1.0]], [0], weight=[0.0, 1.0])
        assert loss([[0.0, 1.0]], [-100], "sum") == 0
    with pytest.raises(DataError, match="no class -100"):
        nn.cross_entropy([[0.0, 1.0]], [-100], ignore_index=7)


def test_kl_divergence():
    """batchmean is the divergence of distributions; a class of probability 0 may be excluded by -inf."""
    p, q = np.array([[0.5, 0.25, 0.25]] * 2), np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    want = (0.5 * math.log(0.5 / 0.25) + math.log(1 / 0.5)) / 2
    assert nn.kl_div(np.log(p), q, "batchmean") == pytest.approx(want)
    assert nn.KLDivLoss("batchmean")(Tensor(np.log(p)), q).item() == pytest.approx(want)
    z = Tensor([[0.0, -np.inf]])
    nn.kl_div(z, [[1.0, 0.0]]).backward()
    assert z.grad.tolist() == [[-0.5, 0.0]]
    with pytest.raises(DataError, match="from 0 to 1"):
        nn.kl_div([0.0], [1.5])


def test_huber_of_a_large_difference_is_not_squared():
    y = Tensor([1e30, -1e30, 0.5], dtype=np.float32)
    loss = nn.huber_loss(y, np.zeros(3), "sum")
    loss.backward()
    assert loss.item() == pytest.approx(2e30) and y.grad.tolist() == [1.0, -1.0, 0.5]


@pytest.mark.slow
def test_cosine_similarity():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4))
    want = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    np.testing.assert_allclose(nn.cosine_similarity(a, b, axis=1), want, rtol=1e-13)
    check_gradients(lambda x, y: nn.cosine_similarity(x, y, axis=1).sum(), a, b, order=2, rng=0)
    assert nn.cosine_similarity([0.0, 0.0], [1.0, 0.0]) == 0.0
    zero = Tensor([0.0, 0.0])
    nn.cosine_similarity(zero, [1.0, 0.0]).backward()
    assert zero.grad.tolist() == [1e8, 0.0]
    with pytest.raises(ShapeError, match="need an axis"):
        nn.cosine_similarity(1.0, 2.0)
    with pytest.raises(ShapeError, match="one shape"):
        nn.cosine_similarity(a, b[0])


ROW, TWO = [[0.0, 1.0, 2.0]], [[0.0, 1.0]]


@each(("call", "error", "message"), [
    (lambda: nn.cross_entropy(ROW, [0], weight=[1.0, 2.0]), ShapeError, "does not broadcast|one number for each"),
    (lambda: nn.cross_entropy(ROW, [0], weight=2.0), ShapeError, "one number for each of the 3 classes"),
    (lambda: nn.cross_entropy(ROW, [0], weight=[1.0, -1.0, 1.0]), DataError, "finite numbers >= 0"),
    (lambda: nn.cross_entropy(ROW, [0], weight=[1.0, math.nan, 1.0]), DataError, "finite numbers >= 0"),
    (lambda: nn.cross_entropy(ROW, [0], weight=Tensor([1.0, 1.0, 1.0])), UsageError, "constant"),
    (lambda: nn.cross_entropy(ROW, [0], weight=[Value(1.0)] * 3), UsageError, "constant"),
    (lambda: nn.cross_entropy(ROW, [0], label_smoothing=1.5), UsageError, "label_smoothing must be a number from 0"),
    (lambda: nn.nll_loss(ROW, [[0]]), ShapeError, "take class indices of shape"),
    (lambda: nn.nll_loss(ROW, [3]), DataError, "nll_loss: there is no class 3"),
    (lambda: nn.nll_loss(ROW, [0.0]), DTypeError, "integers"),
    (lambda: nn.binary_cross_entropy_with_logits(TWO, TWO, pos_weight=[1.0, 2.0, 3.0]), ShapeError, "broadcast"),
    (lambda: nn.binary_cross_entropy_with_logits(TWO, TWO, weight=-1.0), DataError, "finite numbers >= 0"),
    (lambda: nn.huber_loss(TWO, TWO, delta=0.0), UsageError, "delta must be a number > 0"),
    (lambda: nn.smooth_l1_loss(TWO, TWO, beta=-1.0), UsageError, "beta must be a number >= 0"),
    (lambda: nn.hinge_loss(TWO, TWO), DataError, r"targets are 1 or -1(.|\n)*2 \* t - 1"),
    (lambda: nn.hinge_loss(TWO, [[1, -1]], margin=math.inf), UsageError, "margin"),
    (lambda: nn.multi_margin_loss(ROW, [0], p=3), UsageError, "p must be 1 or 2"),
    (lambda: nn.multi_margin_loss(ROW, [-100]), DataError, "no class -100"),
    (lambda: nn.multi_margin_loss(ROW, 0), ShapeError, "scores of shape"),
    (lambda: nn.cosine_embedding_loss(ROW, ROW, [0]), DataError, "1 or -1"),
    (lambda: nn.cosine_embedding_loss(ROW, ROW, [[1]]), ShapeError, "take targets of shape"),
    (lambda: nn.cosine_embedding_loss(ROW, ROW, [1], margin=2.0), UsageError, "margin must be a number from -1 to 1"),
    (lambda: nn.triplet_margin_loss(ROW, ROW, TWO), ShapeError, "one shape"),
    (lambda: nn.triplet_margin_loss(ROW, ROW, ROW, p=0.5), UsageError, "p must be a number >= 1"),
    (lambda: nn.triplet_margin_loss(ROW, Tensor(ROW), [[Value(1.0)] * 3]), UsageError, "stack"),
    (lambda: nn.triplet_margin_loss(1.0, 1.0, 1.0), ShapeError, "need an axis"),
])
def test_wrong_inputs(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_modules_show_their_options():
    assert repr(nn.CrossEntropyLoss(weight=[1.0, 2.0], label_smoothing=0.1)) == (
        "CrossEntropyLoss(reduction='mean', weight=[1.0, 2.0], label_smoothing=0.1)")
    assert list(nn.CrossEntropyLoss(weight=[1.0, 2.0]).parameters()) == []


def test_every_loss_has_a_case():
    assert {kind.function for kind in nn.Loss.__subclasses__()} == {case.function for case in CASES}
