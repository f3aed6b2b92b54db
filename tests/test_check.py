"""check_gradients: right gradients pass, wrong ones are named, and what cannot be checked says so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_nn as ag
from autograd_nn import Op, Tensor, Value, check_gradients, errors, nn
from autograd_nn.check import central_difference


def test_functions_of_values_tensors_and_arrays():
    assert check_gradients(lambda x, y: x * y.sin() + 1, 2.0, 0.5).ok
    assert check_gradients(lambda a, b: (a @ b).tanh().sum(), np.ones((2, 3)), np.linspace(-1, 1, 3)).ok
    assert check_gradients(lambda v, t: (v * t).sum(), Value(2.0), Tensor([1.0, 2.0], dtype=np.float32)).ok
    plain = check_gradients(lambda x: float((x ** 3).sum()), np.array([1.0, -2.0]), gradient=lambda x: 3 * x ** 2)
    assert plain.ok and plain.comparisons[0].numeric == pytest.approx([3.0, 12.0])
    assert check_gradients(lambda x, y: x * y, 2.0, 3.0, gradient=lambda x, y: (y, x)).ok


def test_parameters_that_a_function_closes_over():
    model = nn.MLP(3, 4, 2, activation="tanh", rng=0).astype(np.float64)
    x = np.random.default_rng(0).normal(size=(5, 3))
    before = [p.data.copy() for p in model.parameters()]
    report = check_gradients(lambda: nn.cross_entropy(model(x), np.array([0, 1, 1, 0, 1])),
                             parameters=model.parameters())
    assert report.ok and len(report.comparisons) == 4
    assert all((p.data == b).all() and p.grad is None for p, b in zip(model.parameters(), before))
    w = Value(2.0, name="w")
    assert "w " in str(check_gradients(lambda: w * w, parameters=[w])) and w.data == 2.0 and not w.has_grad


@given(st.floats(0.9, 1.1), st.integers(0, 5))
def test_a_wrong_element_is_named(factor, place):
    if abs(factor - 1) < 1e-4:
        return
    x = np.linspace(0.5, 2, 6).reshape(2, 3)

    def gradient(x):
        g = np.cos(x)
        g.flat[place] *= factor
        return g

    with pytest.raises(errors.CheckError) as caught:
        check_gradients(lambda x: np.sin(x).sum(), x, gradient=gradient)
    if abs(np.cos(x.flat[place])) > 0.05:
        assert str(list(np.unravel_index(place, (2, 3)))).replace("np.int64(", "").replace(")", "") in str(caught.value)
    assert "DISAGREE" in str(caught.value) and "1 of 6" in str(caught.value)
    assert isinstance(caught.value, AssertionError)


def test_a_wrong_rule_is_found():
    wrong = Op("wrong_square", lambda x: x * x, lambda x: x * x, lambda g, y, x: g * x, tex="{0}^2")
    try:
        with pytest.raises(errors.CheckError, match="DISAGREE"):
            check_gradients(lambda x: wrong(x), 3.0)
        with pytest.raises(errors.CheckError):
            check_gradients(lambda x: (wrong(x) * 2).sum(), np.ones(3))
    finally:
        wrong.forget()


def test_a_nan_gradient_is_wrong():
    with pytest.raises(errors.CheckError):
        check_gradients(lambda x: x * 2.0, 1.0, gradient=lambda x: float("nan"))
    with pytest.raises(errors.CheckError):
        check_gradients(lambda x: x.sum(), np.ones(2), gradient=lambda x: np.array([1.0, np.inf]))


def test_a_function_that_turns_nan_nearby_does_not_pass():
    with np.errstate(invalid="ignore"), pytest.raises(errors.CheckError, match="nan"):
        check_gradients(lambda x: float(np.sqrt(x)), 0.0, gradient=lambda x: 5.0)


def test_a_sample_of_the_elements():
    calls = []

    def f(x):
        calls.append(1)
        return (x * x).sum()

    report = check_gradients(f, np.ones((50, 40)), elements=7, rng=0)
    assert report.ok and report.comparisons[0].checked.sum() == 7 and len(calls) < 20
    assert "0 of 7" in str(report)


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: check_gradients(3, 1.0), errors.UsageError, "function"),
    (lambda: check_gradients(lambda: 1.0), errors.UsageError, "nothing to check"),
    (lambda: check_gradients(lambda x: x, np.arange(3)), errors.DTypeError, "int64"),
    (lambda: check_gradients(lambda x: x * 2, np.ones(3)), errors.ShapeError, r"\.sum\(\)"),
    (lambda: check_gradients(lambda x: "no", 1.0), errors.UsageError, "str"),
    (lambda: check_gradients(lambda: 1.0, parameters=[Tensor([1.0], dtype=np.float32)]), errors.DTypeError, "astype"),
    (lambda: check_gradients(lambda: 1.0, parameters=[Value(1.0) * 2]), errors.UsageError, "leaves"),
    (lambda: check_gradients(lambda x: x.sum(), np.ones(3), gradient=lambda x: np.ones(2)), errors.ShapeError, "shape"),
    (lambda: check_gradients(lambda x, y: x, 1.0, 2.0, gradient=lambda x, y: 1.0), errors.ShapeError, "1 parts"),
])
def test_what_cannot_be_checked_says_so(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_constant_function_has_gradient_zero():
    assert check_gradients(lambda x: 5.0, 1.0).ok
    assert check_gradients(lambda x, y: y * 2, 1.0, 2.0).ok


@given(st.floats(-2, 2))
def test_central_difference(x):
    assert central_difference(np.exp, x) == pytest.approx(np.exp(x), rel=1e-8)
    assert central_difference(ag.sin, x, step=1e-4) == pytest.approx(np.cos(x), abs=1e-8)
