"""Gradients at kinks: between the one-sided derivatives they stand, and outside they are refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_nn as ag
from autograd_nn import check_gradients, errors
from autograd_nn.check import Verdict, differentiate, judge
from autograd_nn.ops import OPS

AGREE, DISAGREE, KINK, INCONCLUSIVE = Verdict
INF, NAN = math.inf, math.nan


def checked(*args, **kwargs):
    """The Report of a check, whether it fails or not."""
    try:
        return check_gradients(*args, **kwargs)
    except errors.CheckError as error:
        return error.report


# --- one number ------------------------------------------------------------------------------------

@pytest.mark.parametrize(("f", "x", "inside", "outside"), [
    (lambda x: max(x, 0.0), 0.0, [0, 0.5, 1], [-1e6, -0.01, 1.01, 7, INF, -INF, NAN]),
    (abs, 0.0, [-1, 0, 1], [-1.001, 1.001, NAN, INF]),
    (lambda x: -abs(x - 3), 3.0, [-1, 0, 1], [-1.001, 1.001, NAN, INF]),
    (lambda x: x if x > 0 else 0.99 * x, 0.0, [0.99, 1], [0.98, 0, 1.01, NAN]),
    (lambda x: min(max(x, -1.0), 1.0), 1.0, [0, 1], [-0.1, 1.1, NAN]),
    (lambda x: math.sin(x) + 1e-5 * abs(x - 1), 1.0, [math.cos(1)], [math.cos(1) + 3e-5, 0]),
    (lambda x: float(np.float32(1) + np.abs(np.float32(x))), 0.0, [-1, 0, 1], [-1.5, 1.5, NAN]),
    (lambda x: x ** 1.5, 0.0, [0], [1, -1, NAN, INF]),                        # one side is complex, one is smooth
    (lambda x: math.sqrt(x) * x, 0.0, [0], [1, -1, NAN]),
    (math.floor, 1.0, [0, INF], [-1, -INF, NAN]),                             # a jump is an infinite slope
    (np.sign, 0.0, [0, INF], [-1, -INF, NAN]),
    (np.sqrt, 0.0, [0, INF], [-1, -INF, NAN]),                                # 0: a slope that is clipped
    (np.cbrt, 0.0, [0, INF], [-1, -INF, NAN]),
    (lambda x: math.sqrt(abs(x)), 0.0, [-INF, -1, 0, 1, INF], [NAN]),
    (np.arccos, 1.0, [0, -INF], [1, INF, NAN]),
    (lambda x: x * math.sin(1 / x) if x else 0.0, 0.0, [-1, 0, 1], [7, -1e6, NAN, INF]),
])
def test_outside_of_the_one_sided_derivatives_a_gradient_is_refused(f, x, inside, outside):
    d = differentiate(f, x)
    assert {g: judge(g, d) for g in inside} == dict.fromkeys(inside, KINK)
    assert [g for g in outside if judge(g, d) is not DISAGREE] == []
    for g in outside:
        report = checked(lambda x: float(f(float(x))), x, gradient=lambda x, g=g: float(g))
        assert not report.ok and "disagree: " in str(report)


TIES = [                                             # (f, x, gradients in the convex hull of the slopes, others)
    (np.max, np.ones(2), [[1, 0], [0.5, 0.5], [0.3, 0.7]], [[1, 1], [0, 0], [0.5, 0.6]]),
    (np.min, np.zeros(3), [[1, 0, 0], [0.2, 0.3, 0.5]], [[1, 1, 1], [0, 0, 0], [1, 0, 0.1]]),
    (np.ptp, np.array([2.0, 5.0, 5.0, 1.0]), [[0, 1, 0, -1], [0, 0.5, 0.5, -1]], [[0, 1, 1, -1], [0, 0, 0, -1]]),
    (lambda x: x.max(axis=0).sum(), np.array([[3.0, 2.0], [3.0, 1.0]]), [[[1, 1], [0, 0]], [[0.5, 1], [0.5, 0]]],
     [[[1, 1], [1, 0]], [[0, 1], [0, 0]]]),
    (lambda x: abs(x[0] + x[1]), np.array([2.0, -2.0]), [[1, 1], [0, 0]], [[1, -1], [1, 0]]),
    (lambda x: max(x[0], x[1]), np.array([1.0, 1.0], np.float32), [[1, 0], [0.5, 0.5]], [[1, 1], [0, 0]])]


@pytest.mark.slow
@pytest.mark.parametrize("elements", [None, "all"])
def test_slopes_that_are_each_inside_and_together_outside_are_refused(elements):
    """Elements that tie make a smooth function when they move together, so their slopes have a sum."""
    for i, (f, x, right, wrong) in enumerate(TIES):
        for g, ok in [*((g, True) for g in right), *((g, False) for g in wrong)]:
            report = checked(f, x, gradient=lambda _, g=g, x=x: np.array(g, x.dtype), elements=elements)
            assert ("disagree: " in str(report)) is not ok, f"function {i}, {g}: {report}"
            if not ok:
                assert "together" in str(report)


@pytest.mark.slow
def test_kinks_of_several_functions_of_one_sum_have_slopes_of_their_own():
    """Beside each other they may be smooth along a direction though no gradient tells of it."""
    for f in (lambda x: np.maximum(x[0], 0) + np.minimum(x[1], 0), lambda x: np.maximum(x[0], 0) - np.maximum(x[1], 0),
              lambda x: abs(x).sum(), lambda x: np.maximum(x, 0).sum(), lambda x: abs(x[0]) - np.maximum(x[1], 0)):
        for elements in (None, "all"):
            for g in ([0.0, 0.0], [0.0, 0.5], [0.5, 0.0]):
                assert "together" not in str(checked(f, np.zeros(2), gradient=lambda _, g=g: np.array(g),
                                                     elements=elements))


def test_a_nan_is_refused_wherever_f_has_values():
    rng = np.random.default_rng(0)
    assert judge(NAN, differentiate(lambda x: x + rng.normal(), 1.0)) is DISAGREE
    assert judge(NAN, differentiate(math.log, 0.0)) is KINK                  # there is no value either
    assert judge(NAN, differentiate(lambda x: 0.0 if x == 1 else NAN, 1.0)) is INCONCLUSIVE


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-2, 2), st.floats(1e-4, 10), st.sampled_from([1, -1]))
def test_the_interval_is_closed(x, slope, part, height, sign):
    d = differentiate(lambda t: math.sin(slope * t) + sign * height * abs(t - x), x)
    g = slope * math.cos(slope * x) + part * height
    outside = (abs(part) - 1) * height
    if not 0 < outside < 2e-5 * max(1.0, abs(g)):        # so little refuses nothing
        assert judge(g, d) is (DISAGREE if outside > 0 else KINK)


def test_a_rule_that_is_wrong_at_one_point_alone_is_not_its_own_rounding():
    report = checked(lambda x: min(x, 1.0), 1.0, gradient=lambda x: 7.0 if x == 1 else float(x < 1))
    assert report.counts[DISAGREE] == 1
    report = checked(lambda x: x * x, 1.0, gradient=lambda x: 7.0 if x == 1 else 2 * x)
    assert report.counts[DISAGREE] == 1


def test_each_output_has_an_interval_of_its_own():
    """Of two kinks one may bend up and the other down: their weighted sum is no bound for a rule that picks sides."""
    both = lambda x: np.array([max(x, 0.0), max(-x, 0.0)])
    for g, verdict in ((0.0, KINK), (1.3, KINK), (2.0, DISAGREE), (-0.5, DISAGREE), (NAN, DISAGREE)):
        report = checked(both, 0.0, gradient=lambda x, w, g=g: g, cotangents=np.array([1.0, -0.3]))
        assert report.findings[0].verdict is verdict


# --- the op table ----------------------------------------------------------------------------------

def kink_of(op, slot):
    """Inputs of an op at one of its kinks: one input is moved between those of a case until the kink function is 0."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        xs = [float(rng.uniform(*(d if not isinstance(d, frozenset) else (-2, 2)))) for d in op.domain]
        for place in (0.0, 1.0, -1.0, 0.5, 3.0, -3.0, 2.0, xs[1 - slot] if len(xs) > 1 else 0.0):
            at = [*xs[:slot], place, *xs[slot + 1:]]
            try:
                if op.kink(*at) == 0 and math.isfinite(op.number(*at, **op.params)):
                    return at
            except (ArithmeticError, ValueError):
                continue
    return None


KINKED = [(name, slot) for name, op in OPS.items() if op.elementwise and op.kink and op.arity > 0
          for slot in range(op.arity) if kink_of(op, slot)]


def test_the_table_has_kinks():
    assert len(KINKED) >= 10


@pytest.mark.parametrize(("name", "slot"), KINKED)
def test_kinks_of_the_table(name, slot):
    """The table's rule lies between the one-sided derivatives of its op; 1e6, -1e6 or nan do not."""
    op = OPS[name]
    xs = kink_of(op, slot)
    f = lambda x: op.number(*xs[:slot], x, *xs[slot + 1:], **op.params)
    v = ag.Value(xs[slot])
    out = op(*xs[:slot], v, *xs[slot + 1:], **op.params)
    out.backward()
    d = differentiate(f, xs[slot])
    assert judge(v.grad, d) in (KINK, AGREE)
    if d.kind == "kink" and all(map(math.isfinite, (d.left.value, d.right.value))):
        assert [judge(g, d) for g in (1e6, -1e6, NAN)] == [DISAGREE] * 3


# --- what a layer keeps ------------------------------------------------------------------------------

class Tanh:
    """What students write: the forward pass is kept for the backward pass."""

    def __init__(self, once=False):
        self.once = once

    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, d):
        g = d * (1 - self.y ** 2)
        if self.once:
            del self.y
        return g


class Stack(Tanh):
    """It keeps all of them."""

    def __init__(self):
        self.ys = []

    def forward(self, x):
        self.ys.append(np.tanh(x))
        return self.ys[-1]

    def backward(self, d):
        return d * (1 - self.ys.pop() ** 2)


@pytest.mark.parametrize("layer", [Tanh(), Tanh(once=True), Stack()], ids=["kept", "used once", "stack"])
def test_a_layer_that_keeps_its_forward_pass(layer):
    x = np.random.default_rng(0).normal(size=(3, 4))
    for report in (check_gradients(lambda x: float(layer.forward(x).sum()), x,
                                   gradient=lambda x: layer.backward(np.ones((3, 4)))),
                   check_gradients(layer.forward, x, gradient=lambda x, d: layer.backward(d), cotangents="random")):
        assert report.counts[AGREE] == 12
        law, = [law for law in report.laws if law.name == "independent of other runs"]
        assert law.verdict is AGREE and "which it keeps" in law.text and f"note: {law.text}" in str(report)
    wrong = checked(lambda x: float(layer.forward(x).sum()), x, gradient=lambda x: 1.01 * layer.backward(1.0) + 0 * x)
    assert wrong.counts[DISAGREE] == 12


def test_a_gradient_that_keeps_nothing_has_no_note():
    assert "note" not in str(check_gradients(lambda x: x ** 2, 3.0, gradient=lambda x: 2 * x))


# --- samples without a value ---------------------------------------------------------------------------

@pytest.mark.parametrize("f", [
    lambda x: (x - 1) ** 1.5, lambda x: complex((x - 1) ** 1.5) if x < 1 else (x - 1) ** 1.5,
    lambda x: np.complex64((x - 1) ** 1.5) if x < 1 else (x - 1) ** 1.5,
    lambda x: np.emath.sqrt(x - 1) ** 3, lambda x: np.asarray(np.emath.sqrt(x - 1) ** 3),
    lambda x: math.sqrt((x - 1) ** 3.0), lambda x: None if x < 1 else (x - 1) ** 1.5,
    lambda x: math.exp(math.log((x - 1) ** 1.5)), lambda x: np.ones(2) if x < 1 else (x - 1) ** 1.5,
], ids=["float", "complex", "complex64", "emath", "array", "math", "None", "math of complex", "shape"])
def test_a_sample_without_a_number_is_missing(f):
    for x in (1 + 1e-6, 1.5):
        report = check_gradients(f, x, gradient=lambda x: 1.5 * math.sqrt(x - 1))
        assert report.counts[AGREE] == 1
        assert judge(1.5 * math.sqrt(x - 1), differentiate(f, x)) is AGREE
        assert checked(f, x, gradient=lambda x: 1.515 * math.sqrt(x - 1)).counts[DISAGREE] == 1


def test_samples_of_an_array_that_turn_complex():
    f = lambda x: (x[0] - 1) ** 1.5 + x[1]
    assert check_gradients(f, [1 + 1e-6, 2.0], gradient=lambda x: [1.5 * (x[0] - 1) ** 0.5, 1.0]).counts[AGREE] == 2
    border = check_gradients(f, [1.0, 2.0], gradient=lambda x: [0.0, 1.0])
    assert border.counts[KINK] == 1 and "complex" in str(border)


def test_a_function_that_is_complex_where_it_is_checked_is_refused():
    with pytest.raises(errors.DTypeError, match="complex"):
        check_gradients(lambda x: (x - 1) ** 1.5, 0.5, gradient=lambda x: 1.0)
