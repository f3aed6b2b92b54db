"""Kinked elements among many: they are set aside, however many there are, and the others are judged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import autograd_nn as ag
from autograd_nn import check_gradients, errors
from autograd_nn.check import Verdict

AGREE, DISAGREE, KINK, INCONCLUSIVE = Verdict


def checked(*args, **kwargs):
    """The Report of a check, whether it fails or not."""
    try:
        return check_gradients(*args, rng=0, **kwargs)
    except errors.CheckError as error:
        return error.report


def named(report):
    """The elements that disagree."""
    return {f.where for f in report.findings if f.verdict is DISAGREE and "direction" not in f.where}


def relu(x):
    return float(np.maximum(x, 0).sum())


# A function, its gradient, and the value at which an element has a kink, a jump, an infinite slope or a border.
KINKS = {
    "relu": (relu, lambda x: 1.0 * (x > 0), 0.0),
    "abs": (lambda x: float(np.abs(x).sum()), np.sign, 0.0),
    "clip": (lambda x: float((x * np.clip(x, -1, 1)).sum()), lambda x: np.clip(x, -1, 1) + x * (np.abs(x) < 1), 1.0),
    "sqrt": (lambda x: float(np.sqrt(x).sum()), lambda x: 0.5 / np.sqrt(x), 0.0),
    "cbrt": (lambda x: float(np.cbrt(x).sum()), lambda x: 1 / (3 * np.cbrt(x) ** 2), 0.0),
    "sign": (lambda x: float((np.sign(x) + x).sum()), np.ones_like, 0.0),
    "power": (lambda x: float((x ** 1.5).sum()), lambda x: 1.5 * np.sqrt(x), 0.0),
}


def inputs(rng, place, count, size=200):
    """Numbers between 0.2 and 3, `count` of which are put at the place of a kink."""
    x = rng.uniform(0.2, 3, size)
    x[rng.permutation(size)[:count]] = place
    return x


@pytest.mark.slow
@settings(max_examples=20, phases=[Phase.explicit, Phase.reuse, Phase.generate])     # slow to shrink
@given(st.sampled_from(sorted(KINKS)), st.integers(1, 190), st.integers(0, 2 ** 32 - 1), st.sampled_from([1.01, -1, 0]))
def test_one_wrong_element_among_kinks_is_named(name, count, seed, factor):
    f, gradient, place = KINKS[name]
    rng = np.random.default_rng(seed)
    x = inputs(rng, place, count)
    smooth = np.flatnonzero(x != place)
    k = int(rng.choice(smooth))
    wrong = lambda x: gradient(x) * np.where(np.arange(x.size) == k, factor, 1.0)
    report = checked(f, x, gradient=gradient)
    assert report.ok and report.counts[DISAGREE] == 0 and report.counts[AGREE] >= 1
    assert f"input 0 [{k}]" in named(checked(f, x, gradient=wrong))


@pytest.mark.slow
@settings(max_examples=20, phases=[Phase.explicit, Phase.reuse, Phase.generate])     # slow to shrink
@given(st.sampled_from(sorted(KINKS)), st.integers(1, 200), st.integers(0, 2 ** 32 - 1),
       st.sampled_from([-40.0, np.nan]))
def test_a_wrong_gradient_at_one_of_many_kinks_is_named(name, count, seed, g):
    f, gradient, place = KINKS[name]
    rng = np.random.default_rng(seed)
    x = inputs(rng, place, count)
    k = int(rng.choice(np.flatnonzero(x == place)))

    def wrong(x):
        found = gradient(x)
        found[k] = g
        return found
    assert f"input 0 [{k}]" in named(checked(f, x, gradient=wrong))


@pytest.mark.parametrize("count", [1, 8, 9, 50, 191])
def test_however_many_kinks(count):
    x = np.r_[np.zeros(count), np.full(200 - count, 1.5)]
    report = checked(relu, x, gradient=lambda x: 1.5 * (x > 0))
    assert not report.ok and report.counts[DISAGREE] >= 2
    report = checked(relu, x, gradient=lambda x: 1.0 * (x > 0))
    part, = report.parts
    assert report.ok and part.kinked == count and report.counts[AGREE] == 2
    assert f"{count} of 200 elements lie at kinks and were set aside" in str(report)


def test_own_gradients_of_arrays_and_parameters():
    rng = np.random.default_rng(0)
    x = ag.Tensor(inputs(rng, 0.0, 150).reshape(20, 10), name="x")
    report = checked(lambda y: (ag.relu(x) * y).sum(), inputs(rng, 1.0, 3).reshape(20, 10), parameters=[x])
    assert report.ok and [p.kinked for p in report.parts] == [0, 150]
    assert [[f.verdict for f in p.findings][:2] for p in report.parts] == [[AGREE, AGREE]] * 2


def test_float32():
    x = inputs(np.random.default_rng(0), 0.0, 60).astype(np.float32)
    f = lambda x: np.maximum(x, 0).sum()
    assert checked(f, x, gradient=lambda x: (x > 0).astype(x.dtype)).counts[AGREE] == 2
    assert not checked(f, x, gradient=lambda x: (1.1 * (x > 0)).astype(x.dtype)).ok


@pytest.mark.slow
@pytest.mark.parametrize(("f", "x", "gradient"), [
    (relu, np.zeros(200), lambda x: 1.0 * (x > 0)),
    (lambda x: float(np.linalg.norm(x)), np.zeros(200), np.zeros_like),
    (lambda x: float(x.max()), np.ones(200), lambda x: np.full(200, 1 / 200)),
    (lambda x: float(np.sqrt(x).sum()), np.zeros(200), lambda x: np.full(200, np.inf)),
], ids=["relu", "norm", "max", "sqrt"])
def test_kinks_alone_are_not_checked(f, x, gradient):
    with pytest.raises(errors.CheckError, match=r"NOT CHECKED: input 0(.|\n)*not checked: input 0: all ele") as caught:
        check_gradients(f, x, gradient=gradient, rng=0)
    report = caught.value.report
    assert not report.ok and not report.wrong and report.parts[0].unchecked and report.to_dict()["ok"] is False
    assert checked(f, x, gradient=gradient, elements=20).ok             # each lies between its one-sided derivatives
    assert checked(f, x, gradient=lambda x: np.full(200, -7.0)).wrong


def test_kinks_along_directions_alone():
    """relu(min(x, y)) at 0 has no kink along x or y: then some elements are judged by themselves."""
    f = lambda x: float(np.maximum(np.minimum(x[:100], x[100:]), 0).sum() + x.sum())
    report = checked(f, np.zeros(200), gradient=np.ones_like)
    assert report.ok and report.counts[AGREE] >= 2
    assert not checked(f, np.zeros(200), gradient=lambda x: np.full(200, 1.1)).ok


def test_infinite_gradients_are_looked_at_where_f_is_not_steep():
    x = inputs(np.random.default_rng(0), 0.0, 60)
    steep = np.flatnonzero(x == 0)
    place = int(np.flatnonzero(x)[7])

    def gradient(x):
        g = 0.5 / np.sqrt(x)
        g[place] = np.inf
        return g
    assert len(steep) == 60 and named(checked(lambda x: float(np.sqrt(x).sum()), x, gradient=gradient)) == \
        {f"input 0 [{place}]"}


def test_what_there_was_no_time_for_is_told(monkeypatch):
    monkeypatch.setattr("autograd_nn.check._input.KINK_BUDGET", 50)
    x = inputs(np.random.default_rng(0), 0.0, 100)
    part, = checked(relu, x, gradient=lambda x: 1.0 * (x > 0)).parts
    assert part.unseen and part.kinked + part.unseen >= 100
    assert "were not told apart" in str(checked(relu, x, gradient=lambda x: 1.0 * (x > 0)))
