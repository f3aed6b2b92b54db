"""Every function of NumPy, called with a Value: an answer with its gradient, a fact, or a refusal in words."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.engines import ENGINES

import autograd_nn as ag
from autograd_nn import AutogradError, Tensor, Value, grad
from autograd_nn.core.complex import Complex
from autograd_nn.core.node import Node
from autograd_nn.errors import UsageError
from autograd_nn.ops import FUNCTIONS, OPS

ROW, MATRIX = np.array([1.5, 2.5]), np.array([[2.0, 0.5], [0.25, 1.0]])
X = 1.5
FORMS = {"x": (X,), "x, 0": (X, 0), "x, x": (X, X), "x, x, x": (X, X, X), "0, x": (0, X), "row, x": (ROW, X),
         "x, row": (X, ROW), "matrix, x": (MATRIX, X), "True, x, 0": (True, X, 0), "row, row, x": (ROW, ROW, X),
         "row, 0, x": (ROW, 0, X)}
"""Arguments: each X is made a Value."""
CONSTANT = {"angle", "imag"}
"""Of a real number they are 0 or a step."""


def every_function():
    for place, name in ((np, ""), (np.linalg, "linalg."), (np.fft, "fft.")):
        for own, f in vars(place).items():
            if isinstance(f, np.ufunc) or type(f).__name__ == "_ArrayFunctionDispatcher":
                yield name + own, f


EVERY = dict(every_function())


def with_values(form, kind):
    return [kind(x) if type(x) is float else x for x in form]


def parts_of(y):
    if isinstance(y, (tuple, list)) or (isinstance(y, np.ndarray) and y.dtype == object and y.shape):
        return [p for part in y for p in parts_of(part)]
    return [y.item() if isinstance(y, np.ndarray) and y.dtype == object else y]


def answer(f, xs):
    """What f gives, None where it refuses in the words of NumPy, or of ours."""
    try:
        return f(*xs)
    except (AutogradError, TypeError, ValueError, IndexError, AttributeError, np.linalg.LinAlgError) as error:
        return error


def has_derivative(name):
    op, function = OPS.get(name), FUNCTIONS.get(name)
    return (op is not None and not op.zero) or (function is not None and function.order > 0)


def same(got, want):
    """Whether the parts of two answers are the same numbers, to rounding."""
    parts, wanted = parts_of(got), parts_of(want)
    return len(parts) == len(wanted) and all(
        np.shape(data) == np.shape(w) and np.allclose(data, w, rtol=1e-14, atol=1e-300, equal_nan=True)
        for data, w in zip([p.data if isinstance(p, (Node, Complex)) else p for p in parts], wanted))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("Value", ENGINES.values(), ids=ENGINES)
def test_each_function(Value):
    wrong = []
    for name, f in EVERY.items():
        for form, xs in FORMS.items():
            want, got = answer(f, xs), answer(f, with_values(xs, Value))
            if isinstance(want, Exception):              # NumPy refuses a float where it takes an array
                continue
            if isinstance(got, Exception):
                right = isinstance(got, AutogradError)
            else:
                right = name in NOT_COMPARED or same(got, want)
                if has_derivative(name) and form in ("x", "x, x") and name not in CONSTANT:
                    right = right and any(isinstance(p, (Node, Complex)) for p in parts_of(got))
            if not right:
                wrong.append(f"{name}({form}): {got!r:.100}, not {want!r:.100}")
    assert not wrong, "\n".join(wrong)


NOT_COMPARED = {"empty_like", "result_type", "min_scalar_type", "array_repr", "array_str", "array2string"}
"""What is no number, or any number."""


def test_these_are_all():
    assert len(EVERY) > 350 and {"max", "clip", "linalg.norm", "fft.fft", "sin"} <= EVERY.keys()


REDUCTIONS = [np.max, np.min, np.var, np.std, np.ptp, np.mean, np.sum, np.prod, np.median, np.average]


@pytest.mark.parametrize("Value", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("f", REDUCTIONS, ids=lambda f: f.__name__)
def test_a_list_of_values_is_reduced_with_its_gradient(f, Value):
    data = np.array([1.0, 2.5, 4.5])
    values, tensor = [Value(x) for x in data], Tensor(data)
    of_values, of_tensor = f(values), f(tensor)
    of_values.backward()
    of_tensor.backward()
    assert of_values.data == pytest.approx(f(data), rel=1e-15)
    np.testing.assert_allclose([v.grad for v in values], tensor.grad, rtol=1e-12, atol=1e-15)
    assert f(np.array(values)).data == of_values.data


BESIDE_OBJECTS = {
    "append": lambda o, v: np.append(o, v), "insert": lambda o, v: np.insert(o, 0, v), "dot": lambda o, v: np.dot(o, v),
    "where": lambda o, v: np.where([True, False], o, v), "clip": lambda o, v: np.clip(o, v, 4.0),
    "outer": lambda o, v: np.outer(o, v), "maximum": lambda o, v: np.maximum(o, v),
    "hstack": lambda o, v: np.hstack([o, v]), "kron": lambda o, v: np.kron(o, v),
    "tensordot": lambda o, v: np.tensordot(o, v, 0), "einsum": lambda o, v: np.einsum("i,->i", o, v),
    "block": lambda o, v: np.block([o, v]), "meshgrid": lambda o, v: np.meshgrid(o, v)[1],
    "select": lambda o, v: np.select([np.array([True, False])], [o], v), "pad": lambda o, v: np.pad(
        o, 1, constant_values=v), "round": lambda o, v: np.round(o) * v, "rint": lambda o, v: np.rint(o) * v,
    "degrees": lambda o, v: np.rad2deg(o) * v, "radians": lambda o, v: np.deg2rad(o) * v,
    "full": lambda o, v: np.full(2, v, dtype=getattr(o, "dtype", None)), "polyval": lambda o, v: np.polyval(o, v)}


@pytest.mark.parametrize("Value", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("name", BESIDE_OBJECTS)
def test_beside_an_array_of_values_the_answer_is_one(name, Value):
    f, data = BESIDE_OBJECTS[name], np.array([1.25, 2.5])
    values, v = np.array([Value(x) for x in data]), Value(3.0)
    y = f(values, v)
    np.testing.assert_allclose([p.data for p in parts_of(y)], np.ravel(f(data, 3.0)), rtol=1e-15)
    ag.sum_of(parts_of(y)).backward()
    slope = (np.sum(f(data, 3.0 + 1e-3)) - np.sum(f(data, 3.0 - 1e-3))) / 2e-3
    assert v.grad == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("Value", ENGINES.values(), ids=ENGINES)
def test_assignment_into_an_array_of_values(Value):
    o, v = np.array([Value(1.0), Value(2.0)]), Value(3.0)
    np.copyto(o, v)
    np.put(o, 0, v)
    assert [x is v for x in o] == [True, True]
    with pytest.raises(UsageError, match="writes into an array"):
        np.copyto(np.zeros(2), v)


@pytest.mark.parametrize("Value", ENGINES.values(), ids=ENGINES)
def test_facts_of_an_array_of_values(Value):
    o = np.array([Value(1.0), Value(np.nan)])
    assert ag.isnan(o).tolist() == [False, True] and ag.argmax(np.array([Value(1.0), 2.0])) == 1
    assert ag.isfinite([Value(1.0), 2.0]).tolist() == [True, True]


@pytest.mark.parametrize("f", [np.linspace, np.geomspace, np.logspace], ids=lambda f: f.__name__)
def test_spaced_numbers_with_values_for_ends(f):
    for more in ({"num": 4}, {"num": 1}, {"num": 0}, {"num": 3, "endpoint": False}):
        for ends in ((1.0, 2.0), (1.5, 1.5)):
            np.testing.assert_allclose(f(*map(Value, ends), **more).data, f(*ends, **more), rtol=1e-15)
    w = np.array([1.0, -2.0, 0.5])
    slope = (f(1.5 + 1e-4, 2.0, 3) - f(1.5 - 1e-4, 2.0, 3)) @ w / 2e-4
    assert grad(lambda a: np.dot(f(a, 2.0, 3), w))(1.5) == pytest.approx(slope, rel=1e-6, abs=1e-9)


def test_powers_of_several_bases():
    bases = np.array([2.0, 3.0])
    np.testing.assert_allclose(np.logspace(Value(0.0), 1.0, 4, base=bases).data, np.logspace(0.0, 1.0, 4, base=bases))
    assert np.geomspace(Value(-1.0), -8.0, 4).data == pytest.approx([-1, -2, -4, -8])


def test_what_stands_for_a_nan_has_a_gradient():
    v = Value(3.0)
    np.nan_to_num(Tensor([np.nan, 1.0, np.nan]), nan=v).sum().backward()
    assert v.grad == 2.0
    assert ag.nan_to_num(np.nan, nan=v).data == 3.0
