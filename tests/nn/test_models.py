"""Perceptron, regressions and autoencoders against what they are by definition."""

from __future__ import annotations

import copy
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_nn import Tensor, Value, check_gradients, errors, nn, optim
from autograd_nn.core.node import data_of


def descended(model, loss, *, lr, steps):
    optimizer = optim.SGD(model.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()


# --- perceptron ---------------------------------------------------------------------------------------

@settings(max_examples=30)
@given(st.integers(1, 5), st.integers(0, 10_000))
def test_the_rule_converges_where_a_plane_separates(n, seed):
    """And within Novikoff's bound on the mistakes, (R / margin)^2."""
    rng = np.random.default_rng(seed)
    plane = rng.normal(size=n + 1)
    x = rng.normal(size=(60, n))
    margins = (x @ plane[:-1] + plane[-1]) / np.linalg.norm(plane)
    x, margins = x[abs(margins) > 0.1], margins[abs(margins) > 0.1]
    if not len(x):
        return
    unit, y = nn.Perceptron(n), margins > 0
    mistakes = unit.learn(x, y, epochs=100_000)
    assert mistakes[-1] == 0 and (unit(x) == y).all()
    assert sum(mistakes) <= (1 + (x ** 2).sum(1).max()) / abs(margins).min() ** 2


def test_the_rule_step_by_step():
    unit = nn.Perceptron(2, rng=0)
    w, b = unit.weight.data.copy(), unit.bias.data.copy()
    x, y = np.array([[1.0, 2.0], [-1.0, 0.5], [3.0, -2.0]]), np.array([0, 1, 0])
    unit.learn(x, y, lr=0.5, epochs=1)
    for row, t in zip(x, y):
        out = 1.0 if w @ row + b > 0 else 0.0
        w, b = w + 0.5 * (t - out) * row, b + 0.5 * (t - out)
    np.testing.assert_allclose(unit.weight.data, w)
    np.testing.assert_allclose(unit.bias.data, b)


@pytest.mark.parametrize(("x", "y", "given", "told"), [
    ([[1.0, 2.0]], [0.5], {}, "targets are 0 or 1"), ([[1.0, 2.0]], [1, 0], {}, r"y of shape \(rows,\)"),
    ([[1.0]], [1], {}, "takes inputs"), ([[1.0, np.nan]], [1], {}, "nan or inf"),
    ([[Value(1.0), 2.0]], [1], {}, "are Values"), ([[1.0, 2.0]], [1], {"lr": 0}, "lr must be positive"),
    ([[1.0, 2.0]], [1], {"epochs": 0}, "epochs")])
def test_perceptron_errors(x, y, given, told):
    with pytest.raises(errors.AutogradError, match=told):
        nn.Perceptron(2).learn(x, y, **given)


# --- regressions ----------------------------------------------------------------------------------------

def test_linear_regression_finds_least_squares():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 3)), rng.normal(size=30)
    model = nn.LinearRegression(3, dtype=float)
    descended(model, lambda: model.loss(x, y), lr=0.2, steps=500)
    exact = np.linalg.lstsq(np.c_[x, np.ones(30)], y, rcond=None)[0]
    np.testing.assert_allclose([*model.linear.weight.data[0], model.linear.bias.data[0]], exact, atol=1e-8)


@pytest.mark.slow
def test_logistic_regression_finds_what_scikit_learn_finds():
    from sklearn.linear_model import LogisticRegression
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 2))
    y = (x @ [1.0, -2.0] + rng.normal(size=200) > 0).astype(int)
    model = nn.LogisticRegression(2, dtype=float)
    descended(model, lambda: model.loss(x, y), lr=2.0, steps=1000)
    other = LogisticRegression(C=np.inf, tol=1e-10).fit(x, y)
    np.testing.assert_allclose(model.linear.weight.data, other.coef_, atol=1e-4)
    np.testing.assert_allclose(model.probability(x).data, other.predict_proba(x)[:, 1], atol=1e-4)


@given(st.integers(0, 1000), st.floats(0, 1))
def test_the_threshold_moves_the_decision(seed, threshold):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(30, 1)), rng.integers(0, 2, 30)
    model = nn.LogisticRegression(1, threshold=threshold)
    model.linear.weight.data = [[2.0]]
    called = model.predict(x)
    assert (called == (model.probability(x).data > threshold)).all()
    table = model.at_thresholds(x, y, [threshold])
    counts = [int(sum((called == a) & (y == b))) for a, b in ((1, 1), (1, 0), (0, 1), (0, 0))]
    assert [int(c[0]) for c in (table.true_positives, table.false_positives, table.false_negatives,
                                table.true_negatives)] == counts
    assert table.precision[0] == (counts[0] / max(1, counts[0] + counts[1]))
    assert table.recall[0] == (counts[0] / max(1, counts[0] + counts[2]))


def test_a_higher_threshold_calls_no_more_positive():
    rng = np.random.default_rng(0)
    model = nn.LogisticRegression(2)
    table = model.at_thresholds(rng.normal(size=(50, 2)), rng.integers(0, 2, 50))
    assert len(table.threshold) == 9 and (np.diff(table.recall) <= 0).all()
    assert len(str(table).splitlines()) == 10


def test_regression_errors():
    model = nn.LogisticRegression(2, threshold=1.5)
    with pytest.raises(errors.UsageError, match="a probability from 0 to 1"):
        model.predict([[1.0, 2.0]])
    with pytest.raises(errors.DataError, match="labels are 0 or 1"):
        model.at_thresholds([[1.0, 2.0]], [2])
    with pytest.raises(errors.ShapeError, match="one shape"):
        model.at_thresholds([[1.0, 2.0]], [1, 0])


@pytest.mark.parametrize("thresholds", [[1.5], [-0.1], ["a"], [float("nan")]])
def test_thresholds_are_probabilities(thresholds):
    with pytest.raises(errors.UsageError, match="from 0 to 1"):
        nn.LogisticRegression(2).at_thresholds([[1.0, 2.0]], [1], thresholds)


MODELS = [nn.RBM(4, 3, rng=0), nn.DeepBeliefNetwork(4, 3, 2, rng=0), nn.Autoencoder(4, 3, 2, noise=0.1, rng=0),
          nn.VariationalAutoencoder(4, 3, 2, rng=0), nn.LinearRegression(4), nn.LogisticRegression(4),
          nn.SoftmaxRegression(4, 3), nn.Perceptron(4, rng=0)]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_what_every_model_does(model, tmp_path):
    x = np.random.default_rng(0).uniform(size=(5, 4)).astype(np.float32)
    model = copy.deepcopy(model).eval()
    for rows in (x, x.astype(float), x.tolist()):
        y = model(rows)
        assert y.dtype == (float if isinstance(model, nn.Perceptron) else np.float32)
    model.save(tmp_path / "w")
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model), copy.deepcopy(model).load(tmp_path / "w")):
        assert (np.asarray(data_of(other(x))) == np.asarray(data_of(model(x)))).all() and repr(other) == repr(model)
    if not isinstance(model, nn.Perceptron):
        t = Tensor(x)
        model(t).sum().backward()
        assert t.grad.dtype == np.float32 and all(p.grad.dtype == np.float32 for p in model.parameters() if p.has_grad)
        assert model.astype(np.float64)(x.astype(float)).dtype == np.float64
    assert model.summary((5, 4)).parameters == sum(p.size for p in model.parameters())


def test_the_layer_that_the_readme_writes():
    text = Path(nn.__file__).with_name("README.md").read_text(encoding="utf-8")
    names = {}
    exec(re.search(r"```python\n(.*?)```", text, re.S).group(1), names)
    layer, x = names["Gated"](3, 2, rng=0), np.random.default_rng(0).normal(size=(4, 3))
    assert layer(x).dtype == np.float32 and "calls" in layer.state_dict() and repr(layer).startswith("Gated(3, 2)")
    layer.astype(float)
    assert check_gradients(lambda x: layer(x).sum(), x, parameters=layer.parameters()).ok


def test_softmax_regression_is_logistic_for_two_classes():
    x, y = np.random.default_rng(0).normal(size=(20, 3)), np.random.default_rng(1).integers(0, 2, 20)
    two, one = nn.SoftmaxRegression(3, 2, dtype=float), nn.LogisticRegression(3, dtype=float)
    descended(two, lambda: two.loss(x, y), lr=0.5, steps=50)
    descended(one, lambda: one.loss(x, y), lr=1.0, steps=50)
    np.testing.assert_allclose(two.probability(x).data[:, 1], one.probability(x).data, rtol=1e-10)
    assert (two.predict(x) == one.predict(x)).all()


# --- autoencoders -------------------------------------------------------------------------------------

def test_a_linear_autoencoder_finds_the_principal_components():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 5)) * [3, 2, 0.1, 0.1, 0.1]
    x -= x.mean(0)
    model = nn.Autoencoder(5, 2, activation=None, rng=0, dtype=float)
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    for _ in range(600):
        optimizer.zero_grad()
        model.loss(x).backward()
        optimizer.step()
    singular = np.linalg.svd(x, compute_uv=False)
    assert model.loss(x).item() == pytest.approx((singular[2:] ** 2).sum() / x.size, rel=0.02)


def test_noise_is_for_training_alone():
    x = np.ones((50, 6), np.float32)
    for model in (nn.Autoencoder(6, 3, noise=0.5, rng=0), nn.Autoencoder(6, 3, masking=0.5, rng=0)):
        assert (model(x).data != model(x).data).any() and model(x).dtype == np.float32
        model.eval()
        assert (model(x).data == model.decode(model.encode(x)).data).all()
    seen = []
    model = nn.Autoencoder(6, 3, masking=0.25, rng=0)
    model.encoder.forward = lambda v: seen.append(v) or nn.MLP.forward(model.encoder, v)
    model(np.ones((2000, 6), np.float32))
    assert set(np.unique(seen[0])) == {0.0, 1.0} and abs(1 - seen[0].mean() - 0.25) < 0.02


@pytest.mark.slow
@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_the_variational_loss_is_error_plus_divergence(likelihood):
    x = np.random.default_rng(0).uniform(size=(2, 3))
    model = nn.VariationalAutoencoder(3, 4, 2, activation="tanh", likelihood=likelihood, rng=0, dtype=float)
    model.eval()
    mean, log_variance = (part.data for part in model.encode(x))
    y = model.decode(mean).data
    kl = sum(0.5 * (m ** 2 + np.exp(s) - 1 - s) for m, s in zip(mean.ravel(), log_variance.ravel()))
    error = 0.5 * ((x - y) ** 2).sum() if likelihood == "gaussian" else -(x * np.log(y) + (1 - x) * np.log(1 - y)).sum()
    assert model.loss(x).item() == pytest.approx((error + kl) / 2)
    assert model.loss(x, beta=4.0).item() == pytest.approx((error + 4 * kl) / 2)
    assert (model(x).data == y).all()
    assert check_gradients(lambda x: model.loss(x), x, parameters=model.parameters(), order=2).ok


@pytest.mark.slow
def test_the_divergence_is_that_of_the_drawn_codes():
    """KL = E[log q(z) - log p(z)], by drawing."""
    model = nn.VariationalAutoencoder(4, 5, 2, rng=0, dtype=float)
    x = np.random.default_rng(0).normal(size=(1, 4))
    m, s = (part.data for part in model.encode(x))
    z = np.concatenate([model._code(*model.encode(x)).data for _ in range(20_000)])
    drawn = np.mean(np.sum(-0.5 * (z - m) ** 2 / np.exp(s) - 0.5 * s + 0.5 * z ** 2, axis=1))
    exact = 0.5 * (m ** 2 + np.exp(s) - 1 - s).sum()
    assert drawn == pytest.approx(exact, abs=0.03)


def test_a_variational_autoencoder_learns_to_generate():
    x = np.random.default_rng(0).normal(3, 0.5, (400, 2)).astype(np.float32)
    model = nn.VariationalAutoencoder(2, 16, 1, rng=0)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    first = model.loss(x).item()
    for _ in range(200):
        optimizer.zero_grad()
        model.loss(x).backward()
        optimizer.step()
    assert model.loss(x).item() < 0.2 * first
    np.testing.assert_allclose(model.generate(500).data.mean(0), [3, 3], atol=0.2)


@pytest.mark.parametrize(("make", "told"), [
    (lambda: nn.Autoencoder(3), "at least two sizes"), (lambda: nn.Autoencoder(3, 2, noise=-1), "noise"),
    (lambda: nn.Autoencoder(3, 2, masking=1.0), "masking"), (lambda: nn.Autoencoder(3, 2, noise="a"), "noise"),
    (lambda: nn.VariationalAutoencoder(3), "at least two"),
    (lambda: nn.VariationalAutoencoder(3, 2, likelihood="poisson"), "likelihood"),
    (lambda: nn.Autoencoder(3, 2)([[1.0]]), "takes inputs")])
def test_autoencoder_errors(make, told):
    with pytest.raises(errors.AutogradError, match=told):
        make()
