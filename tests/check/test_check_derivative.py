"""differentiate and judge: the derivative with its error bar, kinks, noise, borders, and the battery."""

from __future__ import annotations

import importlib
import itertools
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_nn.check import Finding, Verdict, complex_step, differentiate, judge
from autograd_nn.check._flat import plateau
from autograd_nn.check._noise import NODES, Noise, has_jump, hidden_steps, noise, window_noise
from autograd_nn.check._samples import Samples
from autograd_nn.check._tableau import best, settled, tableau

ROOT = Path(__file__).parent.parent.parent
WANTED = {"right gradients": "agree", "wrong gradients": "disagree", "kinks": "not differentiable here"}


@pytest.fixture
def battery(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("battery")


# --- the battery -----------------------------------------------------------------------------------

def test_the_battery_is_large_enough(battery):
    assert len(battery.RIGHT) >= 25 and len(battery.WRONG) >= 15 and len(battery.KINKS) >= 10


def test_no_right_gradient_of_the_battery_is_refused_and_no_wrong_one_passes(battery):
    right, wrong, kinks = (battery.summary(cases) for cases in battery.GROUPS.values())
    assert set(right) <= {"agree", "inconclusive"} and right["agree"] >= 0.95 * len(battery.RIGHT)
    assert wrong == {"disagree": len(battery.WRONG)}
    assert set(kinks) <= {"not differentiable here", "inconclusive"}
    assert kinks["not differentiable here"] >= 0.9 * len(battery.KINKS)


def test_the_published_table_is_what_the_battery_says(battery):
    text = (ROOT / "autograd_nn/check/README.md").read_text(encoding="utf-8").split("## The battery")[1]
    published = dict(re.findall(r"^\| (.+?) \| (agree|disagree|not differentiable here|inconclusive) \|", text, re.M))
    said = {case.name.replace("|", r"\|"): battery.ours(case) for cases in battery.GROUPS.values() for case in cases}
    assert published == said, "python benchmarks/battery.py"


def test_a_peer_that_is_missing_is_said_to_be(battery, monkeypatch):
    monkeypatch.setattr(battery, "PEERS", {"peer": ("no_such_module", battery.by_torch),
                                           "complex step": ("numpy", battery.by_complex_step)})
    lines = battery.table({"kinks": battery.KINKS[:1]})
    assert lines[2] == r"| \|x\| at 0 | not differentiable here | not installed | n/a |"


# --- the derivative and its bar --------------------------------------------------------------------

SMOOTH = {"sin": (np.sin, np.cos), "exp": (np.exp, np.exp), "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
          "cube": (lambda x: x ** 3, lambda x: 3 * x * x),
          "1/(4+x)": (lambda x: 1 / (4 + x), lambda x: -1 / (4 + x) ** 2)}


@given(st.sampled_from(sorted(SMOOTH)), st.floats(-3, 3), st.floats(-6, 6), st.booleans())
def test_the_bar_holds_the_error(name, x, power, in_float32):
    """For smooth functions of any size, in float64 and in float32."""
    f, slope = SMOOTH[name]
    size = float(np.float32(10.0 ** power))
    if in_float32:
        x = float(np.float32(x))
        d = differentiate(lambda t: float(np.float32(size) * f(np.float32(t))), x)
    else:
        d = differentiate(lambda t: float(size * f(t)), x)
    assert d.kind in ("smooth", "unclear")
    if d.kind == "smooth":
        # A bar is an estimate: an error of two bars is let pass here, and counted in the statistics. Near 0
        # the rounding to float32 has a slope of its own, which no difference tells from that of f.
        rounding = (1e-7 if in_float32 else 1e-13) * abs(size * slope(x))
        assert abs(d.value - size * slope(x)) <= 2 * d.bar + rounding + 1e-300
    assert in_float32 or d.bar <= 1e-6 * size * max(abs(slope(x)), 0.1)


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(1e-4, 10))
def test_a_kink_is_a_kink_at_any_height(x, slope, height):
    d = differentiate(lambda t: math.sin(slope * t) + height * abs(t - x), x)
    assert d.kind == "kink" and d.reason.startswith("a kink")
    middle = slope * math.cos(slope * x)
    assert d.left.value == pytest.approx(middle - height, rel=1e-5, abs=1e-5)
    assert d.right.value == pytest.approx(middle + height, rel=1e-5, abs=1e-5)
    for analytic, between in ((middle, True), (middle + 1.1 * height + 1e-4, False)):
        finding = Finding("input 0", analytic, d, judge(analytic, d))
        assert finding.verdict is (Verdict.NOT_DIFFERENTIABLE if between else Verdict.DISAGREE)
        assert finding.between == between and ("lies between" in str(finding)) == between


@given(st.floats(-3, 3), st.floats(-10, -5), st.sampled_from([1, -1]))
def test_a_kink_nearby_is_none(x, power, side):
    """At a distance of 1e-10 to 1e-5 the steps between are found."""
    near = x + side * 10.0 ** power
    d = differentiate(lambda t: abs(t - near), x)
    assert judge(-float(side), d) is Verdict.AGREE and judge(float(side), d) is Verdict.DISAGREE


@pytest.mark.parametrize(("f", "x", "reason"), [
    (math.floor, 1.0, "a jump to the left"),
    (lambda x: float(x > 0), 0.0, "a jump to the right"),
    (math.cbrt, 0.0, "an infinite slope to the left"),
    (lambda x: x * math.sin(1 / x) if x else 0.0, 0.0, "do not settle"),
    (math.sqrt, 0.0, "a border: to the left f raises ValueError: math domain error"),
    (lambda x: x ** 1.5 if x >= 0 else math.nan, 0.0, "a border: to the left f is nan"),
    (lambda x: 1 / x, 0.0, r"f\(x\) raises ZeroDivisionError"),
    (lambda x: float(np.log(x)), 0.0, r"f\(x\) is -inf"),
])
def test_what_is_wrong_with_a_point_is_said(f, x, reason):
    d = differentiate(f, x)
    assert d.kind == "kink" and re.search(reason, d.reason)
    assert re.search(reason, str(Finding("", 1.0, d, judge(1.0, d))))


def test_an_isolated_point_is_unclear():
    d = differentiate(lambda x: 0.0 if x == 1 else math.nan, 1.0)
    assert d.kind == "unclear" and "no value around x" in d.reason and judge(0.0, d) is Verdict.INCONCLUSIVE


def test_errors_that_are_no_borders_pass_through():
    with pytest.raises(KeyError):
        differentiate(lambda x: {}[x], 1.0)


def test_a_constant_has_derivative_zero_and_nothing_else():
    d = differentiate(lambda x: 5.0, 2.0)
    assert d.value == 0.0 and judge(0.0, d) is Verdict.AGREE and judge(1e-9, d) is Verdict.DISAGREE
    assert judge(1e-16, d) is Verdict.INCONCLUSIVE         # 5 + 1e-16 x is the same function in floats


def test_scale_tells_over_what_distance_f_changes():
    assert differentiate(math.sin, 0.0, scale=1e-3).step < 1e-3
    assert abs(differentiate(lambda t: math.exp(1e9 * t), 0.0, scale=1e-9).value / 1e9 - 1) < 1e-9


def test_smooth_functions_cost_few_evaluations():
    calls = []
    d = differentiate(lambda x: calls.append(x) or math.sin(x), 1.0)
    assert d.evaluations == len(calls) == len(set(calls)) <= 50
    assert len(d.steps) >= 10 and all(a.h > b.h for a, b in itertools.pairwise(d.steps))
    assert d.step in [s.h for s in d.steps]


# --- the verdict -----------------------------------------------------------------------------------

@given(st.floats(-3, 3).filter(lambda x: abs(math.cos(x)) > 0.01), st.floats(-4, 2), st.sampled_from([-1, 1]))
def test_an_error_of_a_hundredth_of_a_percent_is_seen(x, power, sign):
    d = differentiate(math.sin, x)
    assert judge(math.cos(x), d) is Verdict.AGREE
    assert judge(math.cos(x) * (1 + sign * 10.0 ** power), d) is Verdict.DISAGREE


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, 0.0])
def test_a_gradient_that_is_no_number_or_forgotten_disagrees(wrong):
    assert judge(wrong, differentiate(math.exp, 1.0)) is Verdict.DISAGREE


def test_a_wide_bar_is_inconclusive_unless_a_second_opinion_confirms():
    d = differentiate(lambda x: float(np.round(np.sin(x).real, 4)), 1.0)
    assert judge(math.cos(1), d) is Verdict.INCONCLUSIVE
    coarse = differentiate(lambda x: 1e11 + np.sin(x), 0.05)
    assert judge(math.cos(0.05), coarse) is Verdict.INCONCLUSIVE
    second = complex_step(lambda x: 1e11 + np.sin(x), 0.05)
    assert judge(math.cos(0.05), coarse, second) is Verdict.AGREE
    assert judge(1.0001 * math.cos(0.05), coarse, second) is not Verdict.AGREE


def test_the_second_opinion_never_decides_alone():
    kink, smooth = differentiate(abs, 0.0), differentiate(math.sin, 1.0)
    assert judge(1.0, kink, 1.0) is Verdict.NOT_DIFFERENTIABLE
    assert judge(2.0, smooth, 2.0) is Verdict.DISAGREE and judge(math.cos(1), smooth, 2.0) is Verdict.AGREE


def test_a_finding_is_one_line():
    d = differentiate(math.sin, 1.0)
    text = str(Finding("input 0 [3, 1]", 1.0001 * math.cos(1), d, judge(1.0001 * math.cos(1), d)))
    assert re.fullmatch(r"disagree: numeric 0\.5403023059 \+- \de-1\d, analytic 0\.5403563361, ratio 1\.0001, "
                        r"at input 0 \[3, 1\]", text)


@given(st.floats(-5, 5).filter(lambda x: abs(x) > 1e-3))
def test_complex_step(x):
    assert complex_step(lambda z: np.exp(z) * np.sin(z), x) == pytest.approx(math.exp(x) * (math.sin(x) + math.cos(x)))
    assert complex_step(math.exp, x) is None and complex_step(abs, x) is None
    assert complex_step(lambda z: np.float64(z), x) is None                # drops the imaginary part, with a warning


# --- the parts -------------------------------------------------------------------------------------

@given(st.floats(-12, 3), st.integers(0, 2 ** 32))
def test_the_noise_is_measured(power, seed):
    """White noise of a known deviation, on a smooth function: within a factor of 4."""
    rng = np.random.default_rng(seed)
    sigma = 10.0 ** power
    found = [window_noise([math.sin(node / 1e3) + e for node, e in zip(NODES, rng.normal(scale=sigma, size=8))])
             for _ in range(9)]
    assert sigma / 4 < float(np.median(found)) < 4 * sigma + 1e-12


def test_a_window_on_one_step_says_nothing():
    samples = Samples(lambda x: math.log(1 + x * x), 1e-9)
    assert noise(samples, 1e-10, 1.0) is None
    found = noise(samples, 1e-4, 1.0)
    assert 1e-17 < found.deviation < 1e-15 and found.at(1e-4) < 1e-14
    assert Noise(1e-9, 1.0, 1e-3).at(100.0) == pytest.approx(0.4)


def test_a_tilted_staircase_is_noise_and_a_continuous_function_is_not():
    def tilted(x):
        return x * (1 - math.tanh(x))           # 1 - tanh is a multiple of 2**-53

    widths = [15 * 2.0 ** -k for k in (6, 9, 14, 19, 24, 29)]
    assert 1e-17 < hidden_steps(Samples(tilted, 15.0), widths, 1e-28) < 1e-13
    assert hidden_steps(Samples(math.sin, 15.0), widths, 1e-28) == 0.0
    assert has_jump(Samples(math.floor, 0.6), 1.0, 0.5) and not has_jump(Samples(math.sin, 0.6), 1.0, 1e-12)


def test_plateaus():
    steps = [2.0 ** -k for k in range(20)]
    flat = plateau(Samples(math.floor, 0.5), steps)
    assert 0.2 < flat.width <= 0.5 and flat.staircase and flat.height == 1.0
    relu = plateau(Samples(lambda x: max(x, 0.0), -0.01), steps)
    assert relu.width < 0.01 and not relu.staircase
    assert plateau(Samples(math.sin, 0.5), steps) is None


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=6))
def test_extrapolation_is_exact_for_polynomials(coefficients):
    """The first column removes h, the next h^2, ...: after n columns a polynomial of degree n is at its limit."""
    steps = [2.0 ** -k for k in range(9)]
    quotients = [float(np.polyval(coefficients, h)) for h in steps]
    entries = tableau(steps, quotients, [1e-15] * 9, 1)
    found = best(entries, settled(quotients, [1e-15] * 9))
    assert found.value == pytest.approx(coefficients[-1], abs=1e-10)


def test_a_nan_interrupts_the_tableau():
    steps = [2.0 ** -k for k in range(6)]
    entries = tableau(steps, [1.0, 1.0, math.nan, 5.0, 5.0, 5.0], [1e-15] * 6, 2)
    assert {e.value for e in entries if e.row > 2} == {5.0} and all(e.row != 2 for e in entries)


def test_smaller_steps_are_believed():
    """A large step that seems to have converged, on what the smaller steps contradict."""
    steps = [2.0 ** -k for k in range(12)]
    quotients = [1.0] * 6 + [2.0] * 6
    noises = [1e-12] * 12
    assert best(tableau(steps, quotients, noises, 2), settled(quotients, noises)).value == 2.0
    assert settled(quotients, noises)[1:] == [False] * 5 + [True] * 6


# --- what was wrong once ---------------------------------------------------------------------------

def test_a_tilted_staircase_coarser_than_float64():
    """1 - cos x has steps of 1e-16, here divided by 1e-6: within one the slope is -2 f / x = -1000."""
    d = differentiate(lambda x: (1 - math.cos(x)) / x ** 2, 1e-3)
    assert judge(-1e-3 / 12, d) is Verdict.AGREE or judge(-1e-3 / 12, d) is Verdict.INCONCLUSIVE
    assert d.tread is not None and d.tread.value == pytest.approx(-1000, rel=0.1)
    assert judge(d.tread.value, d) is Verdict.INCONCLUSIVE and judge(-500.0, d) is Verdict.DISAGREE


def test_narrow_high_steps_may_be_rounding_and_wide_ones_are_not():
    inside = differentiate(lambda x: (1e8 + x) ** 2 - 1e16, 1e-7)
    assert judge(2e8, inside) is not Verdict.DISAGREE
    wide = differentiate(lambda x: math.floor(100 * x), 0.505)
    assert judge(0.0, wide) is Verdict.AGREE and judge(100.0, wide) is Verdict.DISAGREE


def test_a_function_that_falls_by_many_orders_of_magnitude():
    """The truncation of large steps, where f is 1e100 times larger, says nothing of the small ones."""
    d = differentiate(lambda x: math.exp(-1 / x ** 2), 0.05)
    assert judge(16000 * math.exp(-400), d) is Verdict.AGREE
    assert judge(8000 * math.exp(-400), d) is Verdict.DISAGREE


def test_complex_numbers_are_outside_the_domain():
    d = differentiate(lambda x: x ** x, 1e-5)
    assert judge(1e-5 ** 1e-5 * (1 + math.log(1e-5)), d) is Verdict.AGREE
    assert "complex" in differentiate(lambda x: (x - 1) ** 0.5, 1.0).reason


def test_the_distance_to_a_border_is_a_scale():
    for x in (1 + 1e-9, 1 + 1e-6):
        assert judge(1 / (x - 1), differentiate(lambda x: math.log(x - 1), x)) is Verdict.AGREE
    d = differentiate(math.acos, -1 + 1e-13)
    assert d.kind != "kink"


def test_a_small_error_is_not_confirmed():
    d = differentiate(math.sin, 1.0)
    off = [judge(math.cos(1) * (1 + e), d) for e in (0.0, 1e-7, 1e-6, 9e-6, 2e-5)]
    assert off == [Verdict.AGREE] * 2 + [Verdict.INCONCLUSIVE] * 2 + [Verdict.DISAGREE]
    analytic = math.cos(1) * (1 + 1e-6)
    assert "off by 1e-06 of it" in str(Finding("", analytic, d, judge(analytic, d)))


def test_float32_has_its_own_rounding():
    """exp(-30) added to 1 in float32 is nothing; in float64 it is a derivative."""
    f = lambda x: float(np.float32(1) + np.exp(np.float32(x)))
    single, double = differentiate(f, -30.0, eps=2.0 ** -23), differentiate(f, -30.0)
    assert judge(math.exp(-30), single) is not Verdict.DISAGREE and single.negligible > double.negligible
    assert judge(0.5, single) is Verdict.DISAGREE
