"""The restricted Boltzmann machine against sums over all of its states, and the deep belief network."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_nn import Tensor, Value, check_gradients, errors, nn, optim


def machine(n, m, seed, **kinds):
    made = nn.RBM(n, m, rng=seed, dtype=float, **kinds)
    rng = np.random.default_rng(seed)
    for p in made.parameters():
        p.data = rng.normal(size=p.shape)
    return made


def states(n):
    return np.array(list(itertools.product([0, 1], repeat=n)), dtype=float)


def energy(rbm, v, h):
    return -(h @ rbm.weight.data @ v) - rbm.visible_bias.data @ v - rbm.hidden_bias.data @ h


sizes = st.integers(1, 4)


@settings(max_examples=25)
@given(sizes, sizes, st.integers(0, 1000))
def test_everything_that_can_be_summed(n, m, seed):
    """Z, p(v), p(h | v), p(v | h) and F(v), from the energies of all states."""
    rbm = machine(n, m, seed)
    table = np.array([[np.exp(-energy(rbm, v, h)) for h in states(m)] for v in states(n)])
    assert rbm.log_partition() == pytest.approx(np.log(table.sum()))
    np.testing.assert_allclose(rbm.free_energy(states(n)).data, -np.log(table.sum(1)), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(rbm.hidden(states(n)).data, table @ states(m) / table.sum(1)[:, None], rtol=1e-10)
    np.testing.assert_allclose(rbm.visible(states(m)).data, table.T @ states(n) / table.sum(0)[:, None], rtol=1e-10)
    assert rbm.log_likelihood(states(n)) == pytest.approx(np.mean(np.log(table.sum(1) / table.sum())))


@pytest.mark.parametrize("kinds", [{"visible": "gaussian"}, {"hidden": "gaussian"}])
def test_the_partition_function_of_gaussian_units_is_the_integral(kinds):
    rbm = machine(1, 1, 3, **kinds)
    grid = np.linspace(-15, 15, 4001)
    w, b, c = (float(p.data.ravel()[0]) for p in (rbm.weight, rbm.visible_bias, rbm.hidden_bias))
    if "visible" in kinds:
        density = sum(np.exp(h * w * grid - (grid - b) ** 2 / 2 + c * h) for h in (0, 1))
    else:
        density = sum(np.exp(grid * w * v + b * v + c * grid - grid ** 2 / 2) for v in (0, 1))
    assert rbm.log_partition() == pytest.approx(np.log(np.trapezoid(density, grid)), rel=1e-6)


def test_the_gradient_of_contrastive_divergence_is_the_textbooks(monkeypatch):
    """<v h>_data - <v h>_sample, with its sign, for the means of the hidden units."""
    rbm = machine(4, 3, 0)
    data, sample = states(4)[3:9], states(4)[5:11]
    monkeypatch.setattr(rbm, "sample", lambda v, steps: sample)
    rbm.contrastive_divergence(data).backward()
    up = lambda v: 1 / (1 + np.exp(-(v @ rbm.weight.data.T + rbm.hidden_bias.data)))
    np.testing.assert_allclose(rbm.weight.grad, -(up(data).T @ data - up(sample).T @ sample) / 6, atol=1e-12)
    np.testing.assert_allclose(rbm.visible_bias.grad, sample.mean(0) - data.mean(0), atol=1e-12)
    np.testing.assert_allclose(rbm.hidden_bias.grad, (up(sample) - up(data)).mean(0), atol=1e-12)


@pytest.mark.parametrize("kinds", [{}, {"visible": "gaussian"}, {"hidden": "gaussian"}])
def test_free_energy_is_differentiable(kinds):
    rbm = machine(3, 2, 1, **kinds)
    v = np.random.default_rng(0).uniform(0.1, 0.9, (2, 3))
    assert check_gradients(lambda v: rbm.free_energy(v).sum(), v, parameters=rbm.parameters(), order=2).ok


@pytest.mark.parametrize("kinds", [{}, {"visible": "gaussian"}, {"hidden": "gaussian"}])
def test_gibbs_sampling_reaches_the_models_distribution(kinds):
    rbm = machine(2, 2, 5, **kinds)
    sample = rbm.sample(np.zeros((40_000, 2)), steps=30)
    if kinds.get("visible") != "gaussian":
        counts = np.bincount((sample @ [2, 1]).astype(int), minlength=4) / len(sample)
        expected = np.exp(-rbm.free_energy(states(2)).data - rbm.log_partition())
        np.testing.assert_allclose(counts, expected, atol=0.015)
    else:
        h = states(2)
        weight = np.array([np.exp(np.sum((rbm.visible_bias.data + s @ rbm.weight.data) ** 2
                                         - rbm.visible_bias.data ** 2) / 2 + rbm.hidden_bias.data @ s) for s in h])
        mean = weight / weight.sum() @ (h @ rbm.weight.data + rbm.visible_bias.data)
        np.testing.assert_allclose(sample.mean(0), mean, atol=0.05)


def test_the_likelihood_rises_and_persistent_chains_go_on():
    data = np.array([[1, 1, 0, 0], [0, 0, 1, 1]] * 10)
    for persistent in (False, True):
        rbm = nn.RBM(4, 2, rng=1)
        start = rbm.log_likelihood(data)
        optimizer = optim.SGD(rbm.parameters(), lr=0.2)
        for _ in range(300):
            optimizer.zero_grad()
            rbm.contrastive_divergence(data, persistent=persistent).backward()
            optimizer.step()
        assert rbm.log_likelihood(data) > start + 0.5
    first = rbm._chain
    rbm.contrastive_divergence(data, persistent=True)
    assert rbm._chain is not first and rbm._chain.shape == data.shape


def test_errors():
    rbm = nn.RBM(3, 2, rng=0)
    with pytest.raises(errors.DataError, match="from 0 to 1"):
        rbm.free_energy([[0.0, 1.0, 2.0]])
    with pytest.raises(errors.ShapeError, match=r"\(\.\.\., 3\)"):
        rbm([[0.0, 1.0]])
    with pytest.raises(errors.DataError, match="a batch has shape"):
        rbm.contrastive_divergence(np.zeros((0, 3)))
    with pytest.raises(errors.UsageError, match="only one layer may be gaussian"):
        nn.RBM(3, 2, visible="gaussian", hidden="gaussian")
    with pytest.raises(errors.UsageError, match="too many"):
        nn.RBM(30, 25).log_partition()
    with pytest.raises(errors.UsageError, match="lr must be a number > 0"):
        nn.DeepBeliefNetwork(3, 2).pretrain(np.zeros((4, 3)), lr=0)


def test_another_dtype_reaches_everything():
    x = np.random.default_rng(0).integers(0, 2, (20, 4))
    stack = nn.DeepBeliefNetwork(4, 3, 2, rng=0).astype(np.float64)
    stack.pretrain(x, epochs=1)
    assert stack(x).dtype == np.float64 and {p.dtype for p in stack.mlp(2).parameters()} == {np.dtype(float)}
    small = nn.RBM(4, 3, rng=0)
    small.contrastive_divergence(x).backward()
    assert {p.grad.dtype for p in small.parameters()} == {small.sample(x).dtype} == {np.dtype(np.float32)}


def test_values_are_refused():
    with pytest.raises(errors.UsageError, match="these inputs are Values"):
        nn.RBM(2, 2)([[Value(0.5), 1.0]])


def test_a_stack_learns_and_hands_its_weights_on():
    x = np.random.default_rng(0).integers(0, 2, (200, 4)).repeat(2, axis=1)       # each bit twice
    stack = nn.DeepBeliefNetwork(8, 6, 5, rng=0)
    before = [m.reconstruction_error(x) for m in stack.machines[:1]]
    errors_ = stack.pretrain(x, epochs=30, lr=1.0)
    assert errors_[0][-1] < 0.6 * before[0] and all(len(e) == 30 for e in errors_)
    model = stack.mlp(3)
    hidden = Tensor(x.astype(np.float32))
    for layer in model.layers[:-1]:
        hidden = (layer(hidden)).sigmoid()
    np.testing.assert_allclose(hidden.data, stack(x).data, rtol=1e-5)
    assert [p.shape for p in model.parameters()] == [(6, 8), (6,), (5, 6), (5,), (3, 5), (3,)]


def test_the_same_seed_the_same_bits():
    x = np.random.default_rng(0).integers(0, 2, (20, 4))
    a, b = (nn.DeepBeliefNetwork(4, 3, rng=7) for _ in range(2))
    assert a.pretrain(x, epochs=3) == b.pretrain(x, epochs=3)
