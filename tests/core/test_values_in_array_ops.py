"""A Value in an op on arrays is an array of shape (); it has the elementwise ops alone as methods."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import numpy as np
import pytest
from helpers.each import each
from helpers.engines import ENGINES

import autograd_nn
from autograd_nn import AutogradError, Tensor, Value
from autograd_nn.core import surface
from autograd_nn.core.value import PureValue, as_value
from autograd_nn.ops import FUNCTIONS, OPS

OWN = [op for op in OPS.values() if op.module.startswith("autograd_nn.ops.") and not op.internal]


def numbers(op, n):
    """A number for each input, inside its domain."""
    domain = (*op.domain, *op.domain[-1:] * n)[:n]
    return [0.3 + 0.1 * i if not isinstance(d, frozenset) and d[0] < 0.3 < d[1] - 0.7 else
            sorted(d)[0] if isinstance(d, frozenset) else (max(d[0], -3) + min(d[1], 3)) / 2 + 0.01 * i
            for i, d in enumerate(domain)]


def parts_of(y):
    return [p for part in y for p in parts_of(part)] if isinstance(y, (tuple, list)) else [y]


def data_of(part):
    return np.asarray(getattr(part, "data", part) if not isinstance(part, np.ndarray) else part)


def caller(function, params, listed):
    return lambda xs: function(xs, **params) if listed else function(*xs, **params)


def outcome(call, xs):
    """What `call` answers, or the kind of error; and the gradient that reaches each node among xs."""
    try:
        parts = parts_of(call(xs))
        nodes = [p for p in parts if isinstance(p, autograd_nn.core.node.Node) and p.op is not None]
        if nodes:
            autograd_nn.sum_of([autograd_nn.sum(p) for p in nodes]).backward()
    except AutogradError as error:
        return type(error), []
    return [data_of(p) for p in parts], [getattr(x, "grad", None) for x in xs]


def check_as_tensor(call, xs, places, Value):
    """`call` treats a Value in these places of xs as it treats a Tensor of shape ()."""
    values = [Value(x) if i in places else x for i, x in enumerate(xs)]
    tensors = [Tensor(x) if i in places else x for i, x in enumerate(xs)]
    (got, grads), (want, wanted) = outcome(call, values), outcome(call, tensors)
    if isinstance(want, type):
        assert got is want
        return
    assert not isinstance(got, type), got
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    for i in places:
        assert type(grads[i]) is float
        np.testing.assert_allclose(grads[i], 0.0 if wanted[i] is None else wanted[i], rtol=1e-12)


def mixtures(numbers, shapes):
    """Inputs and the places of Values among them: all of them, and each alone among arrays of a case's shapes."""
    yield numbers, range(len(numbers))
    rng = np.random.default_rng(0)
    arrays = [s if isinstance(s, np.ndarray) else rng.uniform(0.2, 0.9, s) for s in shapes]
    for i, x in enumerate(numbers[:len(arrays)]):
        yield [*arrays[:i], x, *arrays[i + 1:]], [i]


@pytest.mark.parametrize("Value", ENGINES.values(), ids=ENGINES)
@each("op", OWN)
def test_each_op_takes_a_value_as_an_array_of_shape_zero(op, Value):
    for shapes, params in op.cases or [(((),) * max(op.arity, 2), dict(op.params))]:
        n = op.arity if op.arity > 0 else len(shapes)
        for xs, places in mixtures(numbers(op, n), shapes):
            check_as_tensor(caller(op, params, op.arity < 0), xs, places, Value)


@pytest.mark.parametrize("Value", ENGINES.values(), ids=ENGINES)
@each("f", FUNCTIONS.values())
def test_each_function_takes_a_value_as_an_array_of_shape_zero(f, Value):
    for shapes, params in f.cases:
        for xs, places in mixtures([1.5 + 0.1 * i for i in range(len(shapes))], shapes):
            check_as_tensor(caller(f.call, params, f.listed), xs, places, Value)


@each("op", [op for op in OWN if op.arity == 1 and not op.params])
def test_an_op_of_a_value_is_numpys_of_an_array_of_shape_zero(op):
    x, = numbers(op, 1)
    try:
        want = op.array(np.array(x))
    except (ValueError, IndexError):
        with pytest.raises(AutogradError):
            op(Value(x))
    else:
        np.testing.assert_allclose(data_of(op(Value(x))), want, rtol=1e-12)


def test_softmax_and_its_like():
    for name, want in {"softmax": 1.0, "log_softmax": 0.0, "logsumexp": 3.0, "var": 0.0, "std": 0.0}.items():
        assert getattr(autograd_nn, name)(Value(3.0)).item() == want
    assert autograd_nn.astype(Value(3.0), np.float32).dtype == np.float32
    assert autograd_nn.take_along_axis(Value(3.0), np.array([0]), axis=None).data.tolist() == [3.0]


def test_a_value_beside_a_float32_tensor_leaves_it_float32():
    joined = autograd_nn.stack([Tensor(np.float32(2.0)), Value(3.0), 4.0])
    assert joined.dtype == np.float32 and joined.data.tolist() == [2.0, 3.0, 4.0]


def stub(name):
    """The methods that surface.pyi gives to a class."""
    tree = ast.parse(Path(inspect.getfile(surface)).with_suffix(".pyi").read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    return {part.name for part in body if isinstance(part, ast.FunctionDef)}


@pytest.mark.parametrize("Value", ENGINES.values(), ids=ENGINES)
def test_the_public_methods_are_those_of_the_stub(Value):
    written = {name for kind in PureValue.__mro__ for name, thing in vars(kind).items() if not hasattr(thing, "op")}
    shown = {name for name in dir(Value) if not name.startswith("_")}
    assert shown - written == {name for name in stub("ValueMethods") if not name.startswith("_")}
    assert {f"__{op.dunder}__" for op in OWN if op.dunder and not op.elementwise} & set(dir(Value)) == set()
    assert stub("ValueMethods") <= set(dir(Value))


@pytest.mark.parametrize("Value", [float, *ENGINES.values()], ids=["float", *ENGINES])
def test_dot_without_a_bias(Value):
    weights, inputs = [Value(1.0), Value(2.0)], [3.0, 4.0]
    with_none, without = autograd_nn.dot(weights, inputs, None), autograd_nn.dot(weights, inputs)
    assert data_of(with_none) == data_of(without) == 11.0
    assert autograd_nn.dot(np.array([1.0, 2.0]), Tensor([3.0, 4.0]), None).item() == 11.0


@pytest.mark.parametrize("Value", ENGINES.values(), ids=ENGINES)
def test_a_gradient_through_a_stacked_value_is_a_graph(Value):
    x = Value(3.0)
    autograd_nn.sum(autograd_nn.stack([x, Tensor(2.0)]) ** 3).backward(create_graph=True)
    first, x.grad = x.grad, None
    first.backward()
    assert (first.item(), x.grad) == (27.0, 18.0)


@each("name", ["logsumexp", "sum", "mean", "max", "std", "var", "prod", "median"])
def test_a_row_of_values_gives_a_value(name):
    """As a transform wants it."""
    f, row = OPS[name], np.array([0.5, 2.0, -1.0])
    for whole in (list, lambda parts: np.array(parts, dtype=object)):
        found = autograd_nn.value_and_grad(lambda x, f=f, whole=whole: f(whole([x, 2.0, -1.0])))(0.5)
        want, slope = autograd_nn.value_and_grad(f)(row)
        assert type(found[0]) is type(found[1]) is float
        assert found == pytest.approx((want, slope[0]))


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_values_beside_rows_of_numbers(name):
    x = [[0.5, 2.0], [3.0, 1.0]]
    mixed = np.array([[Value(0.5), 2.0], [3.0, 1.0]], dtype=object)
    found = [float(getattr(y, "data", y)) for y in np.ravel(OPS[name](mixed, axis=-1))]
    assert found == pytest.approx(np.ravel(OPS[name](np.array(x), axis=-1)))


@pytest.mark.parametrize("Value", ENGINES.values(), ids=ENGINES)
def test_a_value_taken_as_a_value_hands_its_gradient_down(Value):
    for x in (Value(3.0), Tensor(3.0)):
        y = as_value(x) * 2.0
        y.backward()
        assert x.grad == 2.0 and y.data == 6.0
