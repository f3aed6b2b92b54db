"""NumPy's functions of arrays, of a single number: NumPy takes it for a row of one, and the derivative follows."""

from __future__ import annotations

import numpy as np
import pytest

from autograd_nn import Tensor, Value, grad, jvp, put_along_axis, vjp
from autograd_nn.errors import ShapeError
from autograd_nn.ops import OPS

ROWS = {
    "repeat": (lambda x: np.repeat(x, 2), 2.0), "repeat, axis 0": (lambda x: np.repeat(x, 2, axis=0), 2.0),
    "repeat, axis -1": (lambda x: np.repeat(x, [3], axis=-1), 3.0), "take": (lambda x: np.take(x, [0, 0]), 2.0),
    "take, axis 0": (lambda x: np.take(x, [0, -1, 0], axis=0), 3.0),
    "take, axis -1": (lambda x: np.take(x, 0, axis=-1), 1.0),
    "compress": (lambda x: np.compress([True], x), 1.0),
    "compress, axis 0": (lambda x: np.compress([True], x, axis=0), 1.0),
    "nothing": (lambda x: np.compress([False], x, axis=0), 0.0),
    "take along": (lambda x: np.take_along_axis(x, np.array([0, -1]), axis=None), 2.0),
    "take nothing": (lambda x: np.take(x, [], axis=0), 0.0), "take ()": (lambda x: np.take(x, ()), 0.0),
    "cumprod": (lambda x: np.cumprod(x, axis=0), 1.0), "cumprod, axis -1": (lambda x: np.cumprod(x, axis=-1), 1.0),
    "nancumprod": (lambda x: np.nancumprod(x, axis=0), 1.0), "nancumsum": (lambda x: np.nancumsum(x, axis=-1), 1.0),
    "cumsum": (lambda x: np.cumsum(x, axis=0), 1.0), "sum": (lambda x: np.sum(x, axis=0), 1.0),
    "tile": (lambda x: np.tile(x, (2, 2)), 4.0), "flip": (np.flip, 1.0), "sort": (lambda x: np.sort(x, axis=None), 1.0),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_tensor_of_shape_nothing(name):
    f, slope = ROWS[name]
    x = Tensor(3.0)
    y = f(x)
    np.testing.assert_array_equal(y.data, f(np.array(3.0)))
    y.sum().backward()
    assert x.grad == slope and x.grad.shape == ()
    x = np.array(3.0)
    assert grad(lambda x: np.sum(f(x)))(x) == slope
    assert jvp(lambda x: np.sum(f(x)), (x,), (np.array(1.0),))[1] == slope


@pytest.mark.parametrize("f", [np.mean, np.var, np.std, np.average, np.median], ids=lambda f: f.__name__)
def test_a_single_number_has_no_axis_where_numpy_counts(f):
    for axis in (0, -1, 1, (0,)):
        with pytest.raises(ValueError, match="axis"):
            f(np.array(3.0), axis=axis)
        for x in (Tensor(3.0), Value(3.0)):
            with pytest.raises(ShapeError, match="axis"):
                f(x, axis=axis)
    assert f(Tensor(3.0), axis=()).item() == f(np.array(3.0), axis=())


def test_a_single_number_is_replaced():
    for x in (Tensor(3.0), Value(3.0), np.array(3.0)):
        v = Value(9.0)
        y = put_along_axis(x, np.array([0, -1]), v, axis=None)
        y.backward()
        assert y.shape == () and y.item() == 9.0 and v.grad == 2.0 - 1.0
    for index in (1, -2):
        with pytest.raises(IndexError):
            put_along_axis(Tensor(3.0), np.array([index]), 9.0, axis=None)
        with pytest.raises(IndexError):
            put_along_axis(Tensor([[3.0]]), np.array([index]), 9.0, axis=None)


REDUCTIONS = {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "prod": np.prod, "var": np.var,
              "std": lambda x: np.std(x) if np.ndim(x) else np.sqrt(np.var(x) + 1), "norm": np.linalg.norm,
              "median": np.median, "nansum": np.nansum}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_a_cotangent_that_is_a_variable_number(name):
    """d/dv of sum(v J) is the sum of J."""
    f, x = REDUCTIONS[name], np.array([1.0, 2.0, 4.0])
    pulled = lambda v: np.sum(vjp(f, x)[1](v)[0])
    total = float(np.sum(grad(f)(x)))
    assert grad(pulled)(2.0) == pytest.approx(total, abs=1e-15)
    assert jvp(pulled, (2.0,), (1.0,))[1] == pytest.approx(total, abs=1e-15)


@pytest.mark.parametrize("name", sorted(REDUCTIONS.keys() & OPS.keys() - {"std"}))
def test_a_value_is_an_array_of_one_number(name):
    f = OPS[name]
    v, t = Value(2.0), Tensor(2.0)
    f(v).backward()
    f(t).backward()
    assert float(f(np.array(2.0))) == f(v).item() == f(t).item()
    assert v.grad == t.grad and grad(f)(2.0) == grad(f)(np.array(2.0))


def takes_a_number(op):
    try:
        return bool(np.isfinite(op.array(np.array(0.5), **op.params)).all())
    except Exception:
        return False


UNARY = [op for op in OPS.values() if op.method and op.scalar is None and op.arity == 1 and takes_a_number(op)]


@pytest.mark.parametrize("op", UNARY, ids=[op.name for op in UNARY])
def test_every_op_that_takes_an_array_of_one_number_takes_a_value(op):
    v, t = Value(0.5), Tensor(0.5)
    of_value, of_tensor = op(v), op(t)
    np.testing.assert_array_equal(of_value.data, of_tensor.data)
    (of_value * of_value).sum().backward()
    (of_tensor * of_tensor).sum().backward()
    assert v.grad == t.grad


def test_there_are_many_such_ops():
    assert {"sum", "mean", "var", "reshape", "repeat"} <= {op.name for op in UNARY}
