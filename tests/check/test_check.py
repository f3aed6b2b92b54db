"""check_gradients: right gradients pass, and what cannot be checked says so."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from helpers.checking import AGREE, DISAGREE, INCONCLUSIVE, KINK, failing
from hypothesis import given
from hypothesis import strategies as st

import autograd_nn as ag
from autograd_nn import Op, Tensor, Value, check_gradients, errors, nn
from autograd_nn.check import Verdict, central_difference
from autograd_nn.check._bisection import neville

RNG = np.random.default_rng(0)


# --- right gradients ---------------------------------------------------------------------------

def test_functions_of_values_tensors_and_arrays():
    for report in [
        check_gradients(lambda x, y: x * y.sin() + 1, 2.0, 0.5),
        check_gradients(lambda a, b: (a @ b).tanh().sum(), 0.1 * np.ones((2, 3)), np.linspace(-1, 1, 3)),
        check_gradients(lambda x, y: x * y, 2.0, 3.0, gradient=lambda x, y: (y, x)),
        check_gradients(lambda x: x * 3, 2),
    ]:
        assert set(report.counts.items()) >= {(DISAGREE, 0), (INCONCLUSIVE, 0), (KINK, 0)} and report.ok
    plain = check_gradients(lambda x: float((x ** 3).sum()), np.array([1.0, -2.0]), gradient=lambda x: 3 * x ** 2)
    assert [f.numeric.value for f in plain.findings] == pytest.approx([3.0, 12.0])
    assert [f.where for f in plain.findings] == ["input 0 [0]", "input 0 [1]"]


def test_every_input_arrives_as_it_was_given():
    given = []

    def f(v, t, x, n):
        given.append((v, t, x, n))
        return (v * t).sum() + x.sum() + n
    check_gradients(f, Value(2.0), Tensor([1.0, 2.0], dtype=np.float32), np.ones(2, np.float32), 1.5)
    v, t, x, n = given[0]
    assert isinstance(v, Value) and isinstance(n, Value) and t.dtype == x.dtype == np.float32


@dataclasses.dataclass
class Model:
    w: np.ndarray
    name: str


def test_nests():
    report = check_gradients(lambda p, pair: (p["w"] @ p["b"][0]).sum() * pair[0] * pair[1] * p["m"].w.sum(),
                             {"w": np.ones((2, 3)), "b": [Tensor([1.0, 2, 3]), 7, None],
                              "m": Model(np.ones(2), "x")}, (2.0, 3))
    assert [p.name for p in report.parts] == ["input 0.w", "input 0.b[0]", "input 0.m.w", "input 1[0]"]
    assert report.counts[AGREE] == len(report.findings) == 6 + 3 + 2 + 1
    wrong = failing(lambda p: float(p["a"] ** 2 + p["b"][0] ** 2), {"a": 1.0, "b": [2.0]},
                    gradient=lambda p: {"a": 2 * p["a"], "b": [p["b"][0]]})
    assert [f.where for f in wrong.findings if f.verdict is DISAGREE] == ["input 0.b[0]"]


def test_a_module_as_an_input():
    model = nn.MLP(2, 3, 1, activation="tanh", rng=0).astype(np.float64)
    report = check_gradients(lambda m, x: (m(x) ** 2).sum(), model, RNG.normal(size=(4, 2)))
    assert report.ok and report.parts[0].name == "input 0.layers.0.weight" and report.counts[AGREE] == 21


def test_parameters_that_a_function_closes_over():
    model = nn.MLP(3, 4, 2, activation="tanh", rng=0).astype(np.float64)
    x = np.random.default_rng(0).normal(size=(5, 3))
    before = [p.data.copy() for p in model.parameters()]
    report = check_gradients(lambda: nn.cross_entropy(model(x), np.array([0, 1, 1, 0, 1])),
                             parameters=model.named_parameters())
    assert [p.name for p in report.parts] == [name for name, _ in model.named_parameters()]
    assert report.counts[AGREE] == len(report.findings) == 12 + 4 + 8 + 2
    assert all((p.data == b).all() and p.grad is None for p, b in zip(model.parameters(), before))
    w = Value(2.0, name="w")
    assert check_gradients(lambda: w * w, parameters=[w]).parts[0].name == "w" and w.data == 2.0 and not w.has_grad


def test_parameters_are_as_before_after_a_failure_and_after_a_plot():
    plt = pytest.importorskip("matplotlib.figure")
    w = Tensor([1.0, 2.0])
    report = failing(lambda: (w * w.data).sum(), parameters=[w])
    assert w.data.tolist() == [1.0, 2.0]
    w.data = [5.0, 6.0]
    ax = report.plot(ax=plt.Figure().subplots())
    assert w.data.tolist() == [5.0, 6.0] and ax.lines
    y = ax.lines[0].get_ydata()
    assert np.min(y) < 1e-9                              # about the place that was checked, not the new one


@pytest.mark.slow
def test_float32_is_evaluated_as_it_is_and_not_refused():
    model = nn.MLP(3, 4, 2, activation="tanh", rng=0)
    report = check_gradients(lambda: nn.cross_entropy(model(np.ones((5, 3), np.float32)), np.array([0, 1, 1, 0, 1])),
                             parameters=model.parameters())
    assert report.counts[AGREE] == len(report.findings) and {p.dtype for p in report.parts} == {"float32"}
    assert all(p.dtype == np.float32 for p in model.parameters())
    wrong = failing(lambda x: np.sum(x ** 2), np.array([1.0, 2.0], np.float32), gradient=lambda x: 2.02 * x)
    assert wrong.counts[DISAGREE] == 2


def test_a_function_that_is_right_in_float64_alone_is_not_excused():
    """Where float32 and float64 have different gradients, the one that was given is checked."""
    wrong = lambda x: 2 * x * (1.1 if x.dtype == np.float32 else 1.0)
    assert failing(lambda x: np.sum(x ** 2), np.array([1.0, 2.0], np.float32), gradient=wrong).counts[DISAGREE] == 2
    assert check_gradients(lambda x: np.sum(x ** 2), np.array([1.0, 2.0]), gradient=wrong).ok


@pytest.mark.slow
def test_relus_in_float32():
    """More kinks within reach than float32 tells from slopes: judged in float64, and never wrong."""
    for seed in range(2):
        rng = np.random.default_rng(seed)
        model, x = nn.MLP(64, 32, 10, rng=seed), rng.normal(size=(32, 64)).astype(np.float32)
        report = check_gradients(lambda m, x: nn.cross_entropy(m(x), np.arange(32) % 10), model, x, rng=seed)
        assert report.counts[DISAGREE] == 0 and report.counts[AGREE] >= 0.9 * len(report.findings)
        assert all(p.dtype == np.float32 for p in model.parameters())
    assert any("in float64" in str(f) for f in report.findings)


def test_a_constant_function_has_gradient_zero():
    assert check_gradients(lambda x: 5.0, 1.0).counts[AGREE] == 1
    assert check_gradients(lambda x, y: y * 2, 1.0, 2.0).counts[AGREE] == 2
    assert check_gradients(lambda x: x.sum(), np.zeros((0, 3))).findings == ()


def test_inside_no_grad():
    with ag.no_grad():
        assert check_gradients(lambda x: x.sin(), 1.0).counts[AGREE] == 1
        assert check_gradients(lambda x: x.sin(), 1.0, order=2).counts[AGREE] == 2


@pytest.mark.parametrize("order", [2, 3])
def test_orders(order):
    report = check_gradients(lambda x, y: (x ** 3).sum() * y.sin(), np.array([0.5, -1.5]), 0.7, order=order, rng=0)
    assert [p.order for p in report.parts] == [k + 1 for k in range(order) for _ in range(2)]
    assert report.counts[AGREE] == 3 * order
    assert any(law.name == "Hessian symmetric" and law.verdict is AGREE for law in report.laws)
    w = Tensor([1.0, 2.0], name="w")
    assert check_gradients(lambda: (w ** 3).sum(), parameters=[w], order=order).counts[AGREE] == 2 * order


def test_a_wrong_second_derivative():
    """The rule is right, and its own derivative is not: what it keeps back from the graph is missing there."""
    half = Op("half_graph", np.sin, np.sin, lambda g, y, x: g * np.cos(getattr(x, "data", x)), tex="{0}")
    try:
        assert check_gradients(lambda x: half(x) ** 2, 0.5).ok
        report = failing(lambda x: half(x) ** 2, 0.5, order=2)
        assert [f.verdict for f in report.findings] == [AGREE, DISAGREE]
        assert "input 0, derivative 2" in str(report)
    finally:
        half.forget()


@pytest.mark.slow
@given(st.integers(0, 2 ** 32 - 1))
def test_random_cotangents(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, 3)), rng.normal(size=(3, 2))
    assert check_gradients(lambda x: np.tanh(x @ b), 0.3 * a, cotangents="random", rng=rng).counts[AGREE] == 6
    w = rng.normal(size=(2, 2))
    report = check_gradients(lambda x: x @ b, a, cotangents=w, gradient=lambda x, w: w @ b.T)
    assert [f.analytic for f in report.findings] == pytest.approx((w @ b.T).ravel())
    assert report.ok


# --- what cannot be checked -----------------------------------------------------------------------

def changing(x):
    x *= 2
    return x.sum()


def rebinding(x):
    x.data = x.data * 2
    return x.sum()


W = Value(1.0, name="w")


def moving():
    W.data = W.data + 1
    return W * 2


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: check_gradients(3, 1.0), errors.UsageError, "function, not int"),
    (lambda: check_gradients(lambda: 1.0), errors.UsageError, "nothing to check"),
    (lambda: check_gradients(lambda x: x, np.arange(3)), errors.DTypeError, "input 0 is int64.*\n.*float"),
    (lambda: check_gradients(lambda x: x, np.ones(3, np.float16)), errors.DTypeError,
     "input 0 is float16.*\n.*float64"),
    (lambda: check_gradients(lambda x: x, np.ones(3, bool)), errors.DTypeError, "input 0 is bool"),
    (lambda: check_gradients(lambda x, z: x, 1.0, 1j), errors.DTypeError, "input 1 is complex"),
    (lambda: check_gradients(lambda x: x, "text"), errors.UsageError, "input 0 has nothing to differentiate: str"),
    (lambda: check_gradients(lambda x: x, [1, None]), errors.UsageError, "input 0 has nothing"),
    (lambda: check_gradients(lambda x: x, np.nan), errors.DataError, "input 0 holds a nan"),
    (lambda: check_gradients(lambda x: x * 2, np.ones(3)), errors.ShapeError, r"\(3,\)\n.*\.sum\(\).*cotangents"),
    (lambda: check_gradients(lambda x: "no", 1.0), errors.UsageError, "number, not str"),
    (lambda: check_gradients(lambda x: None, 1.0), errors.UsageError, "NoneType\n.*return"),
    (lambda: check_gradients(lambda x: 1j, 1.0), errors.DTypeError, "complex"),
    (lambda: check_gradients(lambda: 1.0, parameters=[Value(1.0) * 2]), errors.UsageError, "leaves"),
    (lambda: check_gradients(lambda x: 1.0, 1.0, parameters=[W], gradient=lambda x: x), errors.UsageError, "goes with"),
    (lambda: check_gradients(lambda x: x, 1.0, gradient=3), errors.UsageError, "must be a function"),
    (lambda: check_gradients(lambda x: x.sum(), np.ones(3), gradient=lambda x: np.ones(2)), errors.ShapeError,
     r"input 0 has shape \(2,\), the input \(3,\)"),
    (lambda: check_gradients(lambda x, y: x, 1.0, 2.0, gradient=lambda x, y: 1.0), errors.ShapeError, "1 parts for 2"),
    (lambda: check_gradients(lambda x: x, 1.0, gradient=lambda x: "a"), errors.DTypeError, "real numbers"),
    (lambda: check_gradients(lambda x, y: 1 / 0, 1.0, np.ones(2)), errors.EvaluationError,
     r"function raised ZeroDivisionError.*\n.*input 0 = 1; input 1: float64 \(2,\)"),
    (lambda: check_gradients(lambda x: x, 1.0, gradient=lambda x: 1 / 0), errors.EvaluationError,
     "the gradient raised ZeroDivisionError"),
    (lambda: check_gradients(lambda x: x.log(), -1.0), errors.EvaluationError, "returned nan.*\n.*input 0 = -1"),
    (lambda: check_gradients(lambda x: x.log(), 0.0), errors.EvaluationError, "returned -inf"),
    (lambda: check_gradients(changing, np.ones(3), gradient=np.ones_like), errors.EvaluationError,
     "the function changed input 0 in place"),
    (lambda: check_gradients(np.sum, np.ones(3), gradient=lambda x: changing(x) * np.ones(3)), errors.EvaluationError,
     "the gradient changed input 0 in place"),
    (lambda: check_gradients(rebinding, np.ones(3)), errors.EvaluationError, "changed input 0 in place"),
    (lambda: check_gradients(moving, parameters=[W]), errors.EvaluationError, "changed w in place"),
    (lambda: check_gradients(lambda x: x, 1.0, elements=0), errors.UsageError, "elements"),
    (lambda: check_gradients(lambda x: x, 1.0, elements="some"), errors.UsageError, "elements"),
    (lambda: check_gradients(lambda x: x, 1.0, order=2.5), errors.UsageError, "order"),
    (lambda: check_gradients(lambda x: x, 1.0, directions=True), errors.UsageError, "directions"),
    (lambda: check_gradients(lambda x: x, 1.0, inconclusive=5), errors.UsageError, "inconclusive must be"),
    (lambda: check_gradients(lambda x: x, 1.0, order=2, gradient=lambda x: 1.0), errors.UsageError, "hand-written"),
    (lambda: check_gradients(lambda x: x, 1.0, cotangents="ones"), errors.UsageError, "random"),
    (lambda: check_gradients(lambda x: x, np.ones(3), cotangents=np.ones(2)), errors.ShapeError, "cotangent has shape"),
    (lambda: check_gradients(lambda x: x, 1.0, framework="tf"), errors.UsageError, "torch, jax, autograd"),
])
def test_what_cannot_be_checked_says_so(call, error, words):
    with pytest.raises(error, match=words) as caught:
        call()
    assert isinstance(caught.value, errors.AutogradError) and W.data == 1.0


def test_a_function_that_raises_or_is_nan_close_by():
    """Outside its domain an f may do as it likes: as far as it goes it is checked."""
    def f(x):
        assert x <= 1.0001, "too far"
        return x ** 2
    assert check_gradients(f, 1.0, gradient=lambda x: 2 * x).counts[AGREE] == 1
    assert check_gradients(lambda x: np.log(x).sum(), np.array([1e-5, 1.0])).counts[AGREE] == 2
    assert check_gradients(lambda x: np.log(x).sum(), np.geomspace(1e-3, 1, 200)).counts[AGREE] == 2


# --- numerics -------------------------------------------------------------------------------------------

@given(st.floats(-2, 2))
def test_central_difference(x):
    assert central_difference(np.exp, x) == pytest.approx(np.exp(x), rel=1e-8)
    assert central_difference(ag.sin, x, step=1e-4) == pytest.approx(np.cos(x), abs=1e-8)


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=4))
def test_extrapolation_is_exact_for_even_polynomials(coefficients):
    steps = [0.5 * 2.0 ** -k for k in range(len(coefficients))]
    values = [sum(c * h ** (2 * k) for k, c in enumerate(coefficients)) for h in steps]
    assert neville(steps, values) == pytest.approx(coefficients[0], abs=1e-9)


def test_a_gradient_that_is_off_by_its_own_rounding_is_not_refused():
    """A rule whose last bits are amplified changes by 1e-3 where x does by 2e-16; one that is wrong does not."""
    rule = lambda x: 2 * x + 1e-3 * np.cos(1e17 * (x - 1))
    report = check_gradients(lambda x: x * x, 1.0, gradient=rule)
    assert report.counts[Verdict.INCONCLUSIVE] == 1 and "gradient itself changes by" in str(report)
    for wrong in (lambda x: rule(x) + 0.1, lambda x: 2 * x + 1e-3):
        with pytest.raises(errors.CheckError):
            check_gradients(lambda x: x * x, 1.0, gradient=wrong)


@pytest.mark.parametrize("seed", range(3))
def test_many_kinks_of_one_direction_accuse_nobody(seed):
    rng = np.random.default_rng(seed)
    x = (0.01 * rng.normal(size=1000)).astype(np.float32)
    report = check_gradients(lambda x: np.maximum(x, 0).sum(), x, gradient=lambda x: (x > 0).astype(np.float32),
                             rng=seed)
    assert report.ok
