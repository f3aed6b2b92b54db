"""check_gradients: a wrong gradient is found, and its element or rule is named."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.checking import AGREE, DISAGREE, KINK, failing
from hypothesis import given
from hypothesis import strategies as st

import autograd_nn as ag
from autograd_nn import Op, check_gradients, errors

RNG = np.random.default_rng(0)


@pytest.mark.slow
@given(st.floats(0.9, 1.1), st.integers(0, 5))
def test_a_wrong_element_is_named(factor, place):
    if abs(factor - 1) < 1e-4:
        return
    x = np.linspace(0.5, 2, 6).reshape(2, 3)

    def gradient(x):
        g = np.cos(x)
        g.flat[place] *= factor
        return g
    report = failing(lambda x: np.sin(x).sum(), x, gradient=gradient)
    index = [int(i) for i in np.unravel_index(place, (2, 3))]
    assert [f.where for f in report.findings if f.verdict is DISAGREE] == [f"input 0 {index}"]
    text = str(report)
    assert text.startswith("gradients DISAGREE: 1 of 6 checks") and f"at input 0 {index}" in text
    assert isinstance(errors.CheckError("x"), AssertionError)


class Counted:
    """A function of 10,000 numbers that counts its calls, and its gradient with mistakes."""

    def __init__(self, mistakes):
        self.mistakes, self.calls = mistakes, 0

    def __call__(self, x):
        self.calls += 1
        return float(np.sin(x).sum() ** 2 / 100 + (x ** 2).sum())

    def gradient(self, x):
        g = np.sin(x).sum() * np.cos(x) / 50 + 2 * x
        for place, factor in self.mistakes.items():
            g[place] *= factor
        return g


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("factor", [1.001, 1.1, 0.0, -1.0])
def test_one_wrong_entry_of_ten_thousand(seed, factor):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(100, 100))
    place = tuple(int(i) for i in rng.integers(100, size=2))
    f = Counted({place: factor})
    report = failing(f, x, gradient=f.gradient, rng=seed)
    named = [f.where for f in report.findings if f.verdict is DISAGREE and "direction" not in f.where]
    assert named == [f"input 0 {list(place)}"]
    assert f.calls < 1000 and abs(report.evaluations - f.calls) <= 2


def test_several_wrong_entries():
    x = RNG.normal(size=(100, 100))
    mistakes = {(3, 4): 1.01, (3, 5): 0.0, (99, 99): -1.0, (50, 0): 2.0}
    f = Counted(mistakes)
    report = failing(f, x, gradient=f.gradient, rng=0)
    named = {f.where for f in report.findings if f.verdict is DISAGREE and "direction" not in f.where}
    assert named == {f"input 0 {list(place)}" for place in mistakes} and f.calls < 2000


def test_all_entries_wrong_does_not_take_forever():
    f = Counted({...: 1.01})
    report = failing(f, RNG.normal(size=(100, 100)), gradient=f.gradient, rng=0)
    assert f.calls < 2000 and report.counts[DISAGREE] >= 3


def test_a_right_large_gradient():
    f = Counted({})
    report = check_gradients(f, RNG.normal(size=(100, 100)), gradient=f.gradient, rng=0)
    assert report.counts[AGREE] == 2 and f.calls < 400


def test_kinks_of_single_elements_do_not_hide_the_others():
    x = RNG.normal(size=400)
    x[[7, 100, 399]] = 0.0
    report = check_gradients(lambda x: ag.relu(x).sum(), x, rng=0)
    kinks = [f for f in report.findings if f.verdict is KINK]
    assert {f.where for f in kinks} == {"input 0 [7]", "input 0 [100]", "input 0 [399]"}
    assert report.counts[AGREE] == 2 and all(f.between for f in kinks)
    wrong = lambda x: np.where(x > 0, 1.0, 0.0) * np.where(np.arange(400) == 200, 1.1, 1.0)
    x[200] = 0.8
    report = failing(lambda x: float(np.maximum(x, 0).sum()), x, gradient=wrong, rng=0)
    assert "input 0 [200]" in {f.where for f in report.findings if f.verdict is DISAGREE}


def test_nan_in_a_large_gradient_is_named():
    g = np.ones(500)
    g[[3, 77]] = np.nan, np.inf
    report = failing(lambda x: float(x.sum()), np.ones(500), gradient=lambda x: g, rng=0)
    assert {f.where for f in report.findings if f.verdict is DISAGREE} == {"input 0 [3]", "input 0 [77]"}


def test_a_wrong_rule_is_found_and_named():
    wrong = Op("wrong_square", lambda x: x * x, lambda x: x * x, lambda g, y, x: g * x, tex="{0}^2")
    try:
        for report in (failing(lambda x: wrong(x).sin(), 3.0), failing(lambda x: (wrong(x) * 2).sum(), np.ones(3)),
                       failing(lambda x: (wrong(x) * 2).sum(), np.ones((20, 20)))):
            fault, = report.faults
            assert fault.op is wrong and str(fault) in str(report)
    finally:
        wrong.forget()


def test_a_nan_gradient_is_wrong():
    failing(lambda x: x * 2.0, 1.0, gradient=lambda x: float("nan"))
    failing(lambda x: x.sum(), np.ones(2), gradient=lambda x: np.array([1.0, np.inf]))


def test_a_border_and_a_kink_neither_pass_nor_fail():
    for report in (check_gradients(lambda x: float(np.sqrt(x)), 0.0, gradient=lambda x: 5.0),
                   check_gradients(lambda x: abs(x), 0.0)):
        assert report.ok and report.counts[AGREE] == 0 and "not confirmed" in str(report)


def test_the_budget_of_inconclusive_verdicts():
    rng = np.random.default_rng(0)
    noisy = lambda x: x * x + 1e-3 * rng.normal()
    report = check_gradients(noisy, 2.0)
    assert report.inconclusive == 1.0 and "same bits" in str(report)
    with pytest.raises(errors.CheckError, match="100% inconclusive, and 50% are tolerated") as caught:
        check_gradients(noisy, 2.0, inconclusive=0.5)
    assert caught.value.report.ok


def test_elements():
    calls = []

    def f(x):
        calls.append(1)
        return (x * x).sum()
    report = check_gradients(f, np.ones((50, 40)), elements=3, rng=0)
    assert report.counts[AGREE] == 3 == len({f.where for f in report.findings}) and len(calls) < 250
    assert "3 of 2000" in str(report)
    again = check_gradients(f, np.ones((50, 40)), elements=3, rng=0)
    assert [f.where for f in again.findings] == [f.where for f in report.findings]
    assert len(check_gradients(f, np.ones(101), elements="all").findings) == 101
    assert len(check_gradients(f, np.ones(101), directions=3).findings) == 3
