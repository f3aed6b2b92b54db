"""Metrics against scikit-learn and against counting by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograd_nn import Tensor, errors
from autograd_nn.train import METRICS, accuracy, confusion_matrix, f1, precision, r2, recall, roc_auc


def pairs(classes):
    return st.integers(1, 40).flatmap(lambda n: st.tuples(*[
        hnp.arrays(np.int64, n, elements=st.integers(0, classes - 1))] * 2))


@given(pairs(4))
def test_classes_against_counting(both):
    p, y = both
    table = confusion_matrix(p, y, classes=4)
    assert all(table[i, j] == sum(a == j and b == i for a, b in zip(p, y)) for i in range(4) for j in range(4))
    assert accuracy(p, y) == sum(a == b for a, b in zip(p, y)) / len(y)
    k = max(p.max(), y.max()) + 1
    for metric, whole in ((precision, p), (recall, y)):
        expected = [sum((p == c) & (y == c)) / max(1, sum(whole == c)) for c in range(k)]
        assert metric(p, y, average=None) == pytest.approx(expected)
        assert metric(p, y, average="macro") == pytest.approx(np.mean(expected))
    if k <= 2:
        a, b = precision(p, y), recall(p, y)
        assert f1(p, y) == pytest.approx(2 * a * b / (a + b) if a + b else 0)


@given(pairs(2), st.integers(0, 100))
def test_the_area_is_the_chance_of_the_right_order(both, seed):
    y = both[1]
    scores = np.round(np.random.default_rng(seed).normal(size=len(y)), 1)          # with ties
    if y.min() == y.max():
        with pytest.raises(errors.DataError, match="rows of both"):
            roc_auc(scores, y)
        return
    order = [(a > b) + 0.5 * (a == b) for a in scores[y == 1] for b in scores[y == 0]]
    assert roc_auc(scores, y) == pytest.approx(np.mean(order))


@pytest.mark.slow
def test_against_scikit_learn():
    from sklearn import metrics
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 5, 300), rng.integers(0, 5, 300)
    assert f1(p, y, "macro") == pytest.approx(metrics.f1_score(y, p, average="macro"))
    assert (confusion_matrix(p, y) == metrics.confusion_matrix(y, p)).all()
    t, g = rng.normal(size=50), rng.normal(size=50)
    assert r2(g, t) == pytest.approx(metrics.r2_score(t, g))
    assert roc_auc(g, t > 0) == pytest.approx(metrics.roc_auc_score(t > 0, g))


def test_tensors_and_scores():
    scores = Tensor([[0.1, 0.9], [0.8, 0.2]])
    assert accuracy(scores, np.array([1, 1])) == 0.5
    assert r2(Tensor([1.0, 2.0]), [1.0, 2.0]) == 1
    assert set(METRICS) == {"accuracy", "precision", "recall", "f1", "roc_auc", "r2"}


@pytest.mark.parametrize(("call", "error"), [
    (lambda: accuracy([0, 1], [0, 1, 1]), "do not fit"),
    (lambda: accuracy([0.3, 0.7], [0, 1]), "labels are integers"),
    (lambda: accuracy([[np.nan, 1.0]], [1]), "nan"),
    (lambda: accuracy([[0.3], [0.7]], [0, 1]), "one score a row"),
    (lambda: precision([0, 2], [1, 2]), "more than two classes"),
    (lambda: recall([0, 1], [1, 0], average="micro"), "average must be"),
    (lambda: confusion_matrix([0, -1], [0, 0]), "not all within"),
    (lambda: confusion_matrix([0, 3], [0, 0], classes=3), "not all within"),
    (lambda: roc_auc([0.1, np.nan], [0, 1]), "nan"),
    (lambda: roc_auc([0.1, 0.2], [1, 2]), "labels 0 and 1"),
    (lambda: r2([1.0, 2.0], [3.0, 3.0]), "no variance"),
    (lambda: r2([1.0], [3.0, 3.0]), "one shape"),
])
def test_errors(call, error):
    with pytest.raises(errors.AutogradError, match=error):
        call()
