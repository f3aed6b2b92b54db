"""Where little can be known: ripples, slow powers, chaotic maps, and functions that compute in float32 inside."""

from __future__ import annotations

import importlib.util
import math
from collections import Counter

import numpy as np
import pytest
from helpers.checking import laws
from hypothesis import given
from hypothesis import strategies as st

import autograd_nn as ag
from autograd_nn import Tensor, check_gradients
from autograd_nn.check import Verdict, differentiate, judge
from autograd_nn.check._laws import trembling
from autograd_nn.transforms.dual import Dual

AGREE, DISAGREE, KINK, INCONCLUSIVE = Verdict


def places(count, low, high, seed=0):
    return np.random.default_rng(seed).uniform(low, high, count).tolist()


@pytest.mark.slow
@pytest.mark.parametrize("r", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("k", [1e6, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13])
def test_ripples(k, r):
    """Steps on which a ripple is seen may be smaller than noise allows: what cannot be told is not refused."""
    f = lambda t: math.sin(t) + r / k * math.sin(k * t)
    verdicts = Counter(judge(math.cos(x) + r * math.cos(k * x), differentiate(f, x)) for x in places(30, 0.2, 3.0))
    if r / k >= 1e-13:                               # the ripple is a thousand times what f is rounded to
        assert verdicts[DISAGREE] + verdicts[KINK] <= 1 and verdicts[AGREE] + verdicts[INCONCLUSIVE] >= 29
    if k < 1e8:
        assert verdicts[AGREE] >= 28


@pytest.mark.parametrize("k", [1e8, 1e10, 1e12, 1e15])
def test_ripples_in_a_whole_check(k):
    f = lambda t: math.sin(t) + math.sin(k * t) / k
    for x in places(10, 0.2, 3.0):
        assert check_gradients(f, x, gradient=lambda t: math.cos(t) + math.cos(k * t)).ok


def test_smooth_functions_are_as_sure_as_before():
    """Noise of a few units in the last place is no ripple."""
    bell = lambda x: math.exp(math.sin(x) ** 3) / (1 + x * x)
    for f, g in ((math.sin, math.cos), (math.exp, math.exp), (bell, None)):
        for x in places(20, 0.2, 3.0):
            d = differentiate(f, x)
            slope = g(x) if g is not None else d.value
            assert d.kind == "smooth" and judge(slope, d) is AGREE and judge(1.001 * slope, d) is DISAGREE


@given(st.floats(1.02, 1.5), st.sampled_from([0.0, 1.0]), st.sampled_from([0.5, 1.0, 3.0]))
def test_slow_powers_are_no_kinks(p, place, scale):
    """relu(x)^p has derivative 0 at 0, though its quotients hardly fall."""
    d = differentiate(lambda x: scale * max(x - place, 0.0) ** p, place)
    assert judge(0.0, d) in (AGREE, INCONCLUSIVE) or p < 1.1
    assert judge(0.0, d) is not DISAGREE


def test_powers_that_fall_fast_enough_are_told():
    for p in (1.1, 1.3, 1.5, 2.0):
        d = differentiate(lambda x, p=p: abs(x) ** p * np.sign(x), 0.0)
        assert judge(0.0, d) in (AGREE, INCONCLUSIVE) and d.kind != "kink"
    assert judge(0.0, differentiate(lambda x: max(x, 0.0) ** 1.5, 0.0)) is not KINK


def logistic(n, x):
    """(a chaotic map applied n times, its derivative)."""
    slope = 1.0
    for _ in range(n):
        slope *= 4.0 - 8.0 * x
        x = 4.0 * x * (1.0 - x)
    return x, slope


@pytest.mark.slow
@pytest.mark.parametrize("n", [10, 20, 30, 33, 35, 38, 40, 45, 50, 100])
def test_a_chaotic_map_has_no_kinks(n):
    verdicts = Counter(judge(logistic(n, x)[1], differentiate(lambda t: logistic(n, t)[0], x))
                       for x in places(30, 0.1, 0.9))
    assert verdicts[DISAGREE] + verdicts[KINK] <= 1
    assert n > 20 or verdicts[AGREE] == 30


def test_an_oscillation_without_end_is_still_told():
    d = differentiate(lambda x: x * math.sin(1 / x) if x else 0.0, 0.0)
    assert d.kind == "kink" and "do not settle" in d.reason


# --- float32 and half inside -------------------------------------------------------------------------

W = np.random.default_rng(7).normal(size=(3, 3)).astype(np.float32)
INSIDE = {
    "float32": lambda x: ag.tanh(x.astype(np.float32) @ W).sum() * x[0, 0],
    "half": lambda x: ag.tanh(x.astype(np.float16) * x.astype(np.float16)).sum() * x[0, 0],
    "float32 for a while": lambda x: (ag.exp(x.astype(np.float32)).astype(np.float64) * x).sum(),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(INSIDE))
@pytest.mark.parametrize("seed", range(3))
def test_laws_allow_the_rounding_of_the_function(name, seed):
    x = Tensor(np.random.default_rng(seed).normal(size=(4, 3)))
    verdicts = laws(INSIDE[name], x, rng=seed, elements=1, order=2)
    assert {verdicts["forward as reverse"], verdicts["Hessian symmetric"]} == {AGREE}


def test_a_law_allows_what_underflow_leaves():
    """A derivative of 4e-322 has two digits in either mode."""
    for x, y in ((1.3e-228, -2.08e-94), (2.9e-233, -4.64e-89), (1.3e-239, -2.08e-83)):
        assert laws(lambda x, y: ag.tanh(x) * y, Tensor(x), ag.Value(y), rng=0,
                    cotangents="random")["forward as reverse"] is AGREE


@pytest.mark.parametrize("error", [1.01, -1.0, 0.0])
def test_a_law_is_broken_by_more_than_that(error):
    f = lambda x: x.astype(np.float32).sum() * (error if isinstance(x, Dual) else 1.0)
    assert laws(f, Tensor(np.ones((4, 3))), rng=0, elements=1)["forward as reverse"] is DISAGREE
    exact = lambda x: x * x * (1 + 1e-5 if isinstance(x, Dual) else 1.0)
    assert laws(exact, 3.0, rng=0)["forward as reverse"] is DISAGREE


def test_the_noise_of_a_derivative():
    assert trembling(lambda xs: float(np.sin(xs[0]).sum()), [np.ones(3)]) < 1e-14
    assert 1e-9 < trembling(lambda xs: float(np.sin(xs[0].astype(np.float32)).sum()), [np.ones(3)]) < 1e-6
    assert 1e-5 < trembling(lambda xs: float(np.sin(xs[0].astype(np.float16)).sum()), [np.ones(3)]) < 1e-2


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
@pytest.mark.parametrize("seed", range(3))
def test_float32_inside_a_function_of_torch(seed):
    import torch
    x = torch.tensor(np.random.default_rng(seed).normal(size=(4, 3)))
    for f in (lambda x: torch.tanh(x.float() @ torch.tensor(W)).sum() * x[0, 0],
              lambda x: torch.tanh(x.half() * x.half()).sum().double() * x[0, 0]):
        assert laws(f, x, rng=seed, elements=1)["forward as reverse"] is AGREE


def test_jumps_against_the_slope_are_noise_all_the_same():
    """float32 inside, times x: on each step of the staircase f rises faster than as a whole."""
    f = lambda x: float(np.tanh(np.float32(x) * np.float32(0.7) + np.float32(0.3))) * x
    for x in places(40, -2.0, 2.0):
        t = math.tanh(0.7 * x + 0.3)
        g = t + 0.7 * x * (1 - t * t)
        d = differentiate(f, x)
        assert judge(g, d) in (AGREE, INCONCLUSIVE) and judge(1.01 * g, d) in (DISAGREE, INCONCLUSIVE)
