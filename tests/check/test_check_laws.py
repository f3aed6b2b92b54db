"""The laws of gradients: broken ones are told, and none is told to be broken that is not."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.checking import laws
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_nn as ag
from autograd_nn import Op, Tensor, check_gradients, errors, nn
from autograd_nn.check import Verdict
from autograd_nn.check._laws import random_direction
from autograd_nn.transforms.dual import Dual

HELD = {"inputs unchanged", "dtypes", "same bits twice", "independent of other runs", "linear in the cotangent",
        "forward as reverse"}


def broken(found):
    return {name for name, verdict in found.items() if verdict is Verdict.DISAGREE}


@pytest.fixture
def op():
    """Makes an op that is forgotten after the test."""
    made = []

    def make(forward, rule):
        made.append(Op("lawless", forward, forward, rule, tex="{0}"))
        return made[-1]
    yield make
    for each in made:
        each.forget()


def test_what_holds():
    found = laws(lambda x, y: (x @ y).tanh().sum(), 0.1 * np.ones((2, 3)), np.ones(3))
    assert set(found) == HELD and set(found.values()) == {Verdict.AGREE}
    second = laws(lambda x: (x ** 3).sum(), np.ones(3), order=2)
    assert set(second) == {*HELD, "Hessian symmetric"} and set(second.values()) == {Verdict.AGREE}
    assert laws(lambda x: x, 1.0, laws=False) == {}


@pytest.mark.slow
@settings(max_examples=30)
@given(st.sampled_from([
    lambda x: (ag.exp(15 * x) * ag.exp(-15 * x)).sum(),              # the derivative is 0, of two large numbers
    lambda x: ((x + 1e8) - 1e8).sum(),
    lambda x: ag.log(1 + x * x).sum(),
    lambda x: ag.where(x > 0, ag.sqrt(ag.abs(x)), 0.0).sum(),
    lambda x: ag.logsumexp(1e3 * x),
    lambda x: (x / ag.sum(x * x)).sum(),
    lambda x: ag.max(x) * ag.min(x),
    lambda x: (1e-30 * x).sum() * 1e20,
]), st.integers(0, 2 ** 32 - 1), st.sampled_from([np.float32, np.float64]))
def test_no_law_is_broken_by_rounding(f, seed, dtype):
    x = np.random.default_rng(seed).normal(size=4).astype(dtype)
    assert not broken(laws(f, x, rng=seed, elements=1, order=2))


@pytest.mark.parametrize("x", [2.1526537824109884e-163, np.float32(3e-23), np.array([1e-160, 1e-162])])
def test_underflow_breaks_no_law(x):
    assert not broken(laws(lambda x: (x * x * x).sum() if np.ndim(x) else x * x * x, x, rng=0))


def test_a_network_obeys():
    model = nn.MLP(4, 8, 3, rng=0)
    assert not broken(laws(lambda x: nn.cross_entropy(model(x), np.array([0, 2])), np.ones((2, 4), np.float32),
                           parameters=model.parameters(), elements=1))


@pytest.mark.parametrize("rule", [lambda g, y, x: 2 * x * abs(g), lambda g, y, x: 2 * x + 0 * g,
                                  lambda g, y, x: 2 * x * np.clip(g, -1, 1)], ids=["abs", "constant", "clipped"])
def test_a_rule_that_is_not_linear(op, rule):
    """The gradient is right, with a cotangent of 1, and no difference can tell."""
    square = op(lambda x: x * x, rule)
    assert "linear in the cotangent" in broken(laws(lambda x: square(x), 3.0))
    assert "linear in the cotangent" in broken(laws(lambda x: square(x).sum(), np.array([1.0, -2.0])))
    with pytest.raises(errors.CheckError, match=r"1 of 2|laws? broken(.|\n)*not linear in the cotangent"):
        check_gradients(lambda x: square(x).sum(), np.ones(2))


def test_parts_of_a_cotangent_add_up(op):
    """Homogeneous, and yet not linear: the largest part of the cotangent decides for all."""
    square = op(lambda x: x * x, lambda g, y, x: 2 * x * g * (np.abs(g).sum() / np.sqrt((g * g).sum())) / np.sqrt(2))
    found = laws(lambda x: square(x), np.array([1.0, 2.0]), cotangents=np.ones(2), rng=3)
    assert broken(found) >= {"linear in the cotangent"}


def test_a_rule_that_keeps_something_between_calls(op):
    last = [0.0]

    def forward(x):
        last[0] = x
        return x * x
    square = op(forward, lambda g, y, x: 2 * last[0] * g)
    assert "independent of other runs" in broken(laws(lambda x: square(x), 3.0))


def test_a_gradient_that_adds_to_what_it_gave():
    total = np.zeros(3)

    def gradient(x):
        total[:] += 2 * x
        return total
    found = laws(lambda x: float((x ** 2).sum()), np.ones(3), gradient=gradient)
    assert "same bits twice" in broken(found)


def test_a_function_that_is_random_is_told_and_does_not_fail():
    rng = np.random.default_rng(0)
    report = check_gradients(lambda x: x * x * (1 + 1e-9 * rng.normal()), 2.0)
    law, = [law for law in report.laws if law.name == "same bits twice"]
    assert law.verdict is Verdict.INCONCLUSIVE and "differ by" in law.text and law.text in str(report)


def test_dtypes():
    found = laws(lambda x: float((x ** 2).sum()), np.ones(3, np.float32), gradient=lambda x: 2.0 * x.astype(float))
    assert found["dtypes"] is Verdict.INCONCLUSIVE and not broken(found)
    assert laws(lambda x: float(x.sum()), np.ones(3), gradient=lambda x: np.ones(3, int))["dtypes"] is \
        Verdict.INCONCLUSIVE


def test_forward_mode_against_reverse(op):
    square = op(lambda x: x * x, lambda g, y, x: g * (2 * x))
    assert laws(lambda x: square(x), 3.0)["forward as reverse"] is Verdict.AGREE
    assert broken(laws(lambda x: x * x * (2.0 if isinstance(x, Dual) else 1.0), 3.0)) == {"forward as reverse"}
    told = laws(lambda x: x * x.item(), 3.0)["forward as reverse"]
    assert told is Verdict.INCONCLUSIVE              # a Dual has no item()


def test_a_hessian_that_is_not_symmetric(op):
    """What should be a gradient is no field of slopes: the rule drops a term of the second derivative."""
    def rule(g, y, x):
        return g * ag.stack([x[1] + 0.0 * x[0], Tensor(ag.stop_gradient(x[0]))]) if not isinstance(x, np.ndarray) \
            else g * np.array([x[1], x[0]])
    product = op(lambda x: np.asarray(x[0] * x[1]), rule)
    product.scalar = None
    found = laws(lambda x: product(x), np.array([2.0, 3.0]), order=2, rng=0)
    assert "Hessian symmetric" in broken(found)


@given(st.integers(0, 2 ** 32 - 1), st.booleans())
def test_random_directions(seed, relative):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=50) * 10.0 ** rng.integers(-8, 8)
    x[rng.integers(50)] = 0.0
    u = random_direction(x, rng, relative)
    size, typical = np.abs(x), np.median(np.abs(x[x != 0]))
    assert (u != 0).all() and (np.abs(u) <= 1.5 * np.maximum(size, typical / 8)).all()
    if relative:
        assert (np.abs(u[x != 0]) <= 1.5 * size[x != 0]).all()
    assert (random_direction(np.zeros(3), rng) != 0).all()
