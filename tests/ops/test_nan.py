"""A nan does not get lost: where it reaches the value of an op, the derivative by it is nan as well.

Two things stop it. A cotangent of exactly 0: what nobody asks for is 0. And an op that is a straight line in
an input: its derivative does not depend on that input.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
from helpers import op_checks as checks
from helpers.each import each
from helpers.engines import engines
from helpers.op_checks import CASES, SCALAR, of, params_of, points

from autograd_nn import Tensor, grad, jvp, nn, ops
from autograd_nn.ops import OPS

INF, NAN = np.inf, np.nan


NOT_LOST = [op for op in SCALAR if checks.nan_rows(op)]


@pytest.mark.slow
@of(NOT_LOST)
@engines
def test_of_a_number(op, Value):
    checks.nan_reaches_the_derivative(op, Value)


@pytest.mark.slow
@of(NOT_LOST)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_in_an_array(op, dtype):
    """Beside the nan all other elements keep their derivatives, and a cotangent of 0 lets none through."""
    for i, xs in checks.nan_rows(op):
        clean = points(op, 6)
        columns = [np.array([*c, xs[j]], dtype) for j, c in enumerate(zip(*clean))]
        nodes = [Tensor(c) for c in columns]
        g = np.ones(len(columns[0]), dtype)
        op(*nodes, **params_of(op)).backward(g)
        beside = [Tensor(c[:-1]) for c in columns]
        op(*beside, **params_of(op)).backward(g[:-1])
        assert np.isnan(nodes[i].grad[-1]) and nodes[i].grad.dtype == dtype
        for node, alone in zip(nodes, beside):
            if node.grad is not None:
                np.testing.assert_array_max_ulp(node.grad[:-1], alone.grad, 4, dtype)
        nodes = [Tensor(c) for c in columns]
        g[-1] = 0
        op(*nodes, **params_of(op)).backward(g)
        assert nodes[i].grad[-1] == 0


@each(("op", "shapes", "params"), CASES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_in_an_op_on_arrays(op, shapes, params):
    checks.nan_reaches_the_derivative_of_an_array_op(op, shapes, params)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("f", [ops.max, ops.min, ops.median, ops.logsumexp], ids=lambda f: f.name)
def test_a_row_without_cotangent_lets_no_nan_through(f):
    t = Tensor([[1.0, 2.0, 4.0], [3.0, NAN, 5.0]])
    f(t, axis=1).backward(np.array([1.0, 0.0]))
    assert np.isfinite(t.grad).all() and t.grad[0].sum() == pytest.approx(1) and not t.grad[1].any()
    t.zero_grad()
    f(t, axis=1).backward(np.array([1.0, 1.0]))
    assert np.isfinite(t.grad[0]).all() and np.isnan(t.grad[1]).all()


WINDOWS = {
    "max": np.max, "amax": lambda x: np.amax(x, axis=(0, 1)), "min": np.min, "ptp": np.ptp, "median": np.median,
    "masked max": lambda x: np.max(x, initial=0.0, where=np.ones((2, 3), bool)),
    "max of values": lambda x: functools.reduce(np.maximum, [x[i, j] for i in range(2) for j in range(3)]),
    "max_pool2d": lambda x: ops.max_pool2d(x[None], (2, 3)), "logsumexp": ops.logsumexp,
    "max_pool1d": lambda x: ops.max_pool1d(x.reshape(1, 6), 6), "norm inf": lambda x: np.linalg.norm(x.ravel(), np.inf),
    "pooled twice": lambda x: ops.max_pool2d(ops.max_pool2d(x[None], (1, 3)), (2, 1)),
    "dilated": lambda x: ops.max_pool1d(np.repeat(x.reshape(1, 6), 2, axis=1), 6, dilation=2)}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", WINDOWS)
def test_of_several_nans_none_is_lost(name):
    """Where the value is nan, it is so by every nan among the elements; in forward mode, too."""
    f, data = WINDOWS[name], np.array([[NAN, 1.0, NAN], [2.0, NAN, 0.5]])
    x = Tensor(data)
    f(x).sum().backward()
    assert np.isnan(x.grad[np.isnan(data)]).all()
    x.zero_grad()
    f(x).sum().backward(0.0)
    assert not x.grad.any()
    for at in np.argwhere(np.isnan(data)):
        along = np.zeros((2, 3))
        along[tuple(at)] = 1
        assert np.isnan(jvp(lambda x: f(x).sum(), (data,), (along,))[1]), f"along {at}"


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_window_without_nan_keeps_its_derivative():
    x = Tensor([[[NAN, NAN, 1.0, 2.0], [0.0, 1.0, 3.0, 0.0]]])
    ops.max_pool2d(x, 2).sum().backward()
    assert np.isnan(x.grad[0, :, :2]).all() and x.grad[0, :, 2:].tolist() == [[0, 0], [1, 0]]
    overlapping = Tensor([NAN, 1.0, 3.0, 2.0, 5.0])
    ops.max_pool1d(overlapping[None], 2, stride=1).sum().backward()
    np.testing.assert_array_equal(overlapping.grad, [NAN, NAN, 2, 0, 1])
    np.nanmax(y := Tensor([NAN, 1.0, 3.0])).backward()
    assert y.grad.tolist() == [0, 0, 1]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_constant_in_pieces_is_nan_at_nan_in_every_mode():
    """And 0 at inf, and under a cotangent that is inf."""
    pieces = [lambda x, f=OPS[op]: f(x, *[2.0] * (f.arity - 1)) for op in OPS if OPS[op].zero and not OPS[op].internal]
    pieces += [np.rint, np.fix, lambda x: np.heaviside(x, 0.5), lambda x: np.modf(x)[1], lambda x: np.round(x, 2),
               lambda x: np.divmod(x, 2.0)[0], lambda x: x // 2]
    for i, f in enumerate(pieces):
        for x in (Tensor([NAN, INF, 1.5]), Tensor(np.array([NAN, -INF, 1.5], np.float32))):
            y = f(x)
            want = np.where(np.isnan(y.data), NAN, 0.0)
            (y * np.array([1.0, INF, 2.0], x.dtype)).sum().backward()
            tangent = jvp(f, (x.data,), (np.ones(3, x.dtype),))[1]
            twice = grad(lambda x, f=f: grad(lambda x: f(x).sum())(x).sum())(x.data)
            for got in (x.grad, tangent, twice):
                np.testing.assert_array_equal(got, want, err_msg=f"function {i}")
    for i, f in enumerate(pieces):
        assert math.isnan(grad(f)(NAN)) and grad(f)(1.5) == 0, f"function {i}"


FUNCTIONS = {
    "ptp": ops.ptp, "median": ops.median,
    "norm inf": lambda x: ops.max(abs(x)), "amax": np.max, "std": ops.std, "var": ops.var,
    "smooth l1": lambda x: nn.SmoothL1Loss()(x, np.zeros(6)), "huber": lambda x: nn.HuberLoss()(x, np.zeros(6)),
    "l1": lambda x: nn.L1Loss()(x, np.zeros(6)), "mse": lambda x: nn.MSELoss()(x, np.zeros(6)),
    "sort": ops.sort, "partition": lambda x: ops.partition(x, 2), "cumprod": ops.cumprod, "prod": ops.prod,
    "interp": lambda x: np.interp(x, [-9.0, 0.0, 9.0], [0.0, 1.0, 4.0]),
    "floor": np.floor, "heaviside": lambda x: np.heaviside(x, 0.5), "sign": np.sign,
}


STRAIGHT = ("sort", "partition", "prod", "cumprod")      # lines in each element


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_in_a_function_of_arrays(name):
    x = Tensor([0.5, 2.0, NAN, -1.0, 3.0, -4.0])
    y = FUNCTIONS[name](x)
    assert np.isnan(y.data).any()
    y.sum().backward()                                   # a nan factor would make a nan of any derivative
    assert np.isnan(x.grad[2]) or name in STRAIGHT
    (y * y).sum().backward()
    assert np.isnan(x.grad[2])


ROWS = {
    "softmax": lambda t: ops.softmax(t, axis=1), "log_softmax": lambda t: ops.log_softmax(t, axis=1),
    "standardize": lambda t: ops.standardize(t, axis=1), "prod": lambda t: np.prod(t, axis=1),
    "cumprod": lambda t: np.cumprod(t, axis=1), "norm": lambda t: np.linalg.norm(t, axis=1),
    "norm 3": lambda t: np.linalg.norm(t, 3, axis=1), "std": lambda t: np.std(t, axis=1),
    "var": lambda t: np.var(t, axis=1), "max_pool1d": lambda t: ops.max_pool1d(t.reshape(2, 1, 3), 3).reshape(2),
    "cross entropy": lambda t: nn.CrossEntropyLoss(reduction="none")(t, np.array([0, 1])),
    "det": lambda t: np.linalg.det(t[:, :1, None] * t[:, 1:2, None])}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", ROWS)
def test_nothing_leaks_from_a_row_without_cotangent(name):
    """The row with the nan is not asked for; asked for, it is nan, and the row beside it what it is by itself."""
    f, data = ROWS[name], np.array([[1.0, 2.0, 4.0], [3.0, NAN, 5.0]])
    for asked in (0.0, 1.0):
        t = Tensor(data)
        y = f(t)
        seed = np.ones(y.shape)
        seed[1] = asked
        alone, want = Tensor(np.vstack([data[:1], [[3.0, 1.0, 5.0]]])), seed.copy()
        want[1] = 0
        y.backward(seed)
        f(alone).backward(want)
        np.testing.assert_allclose(t.grad[0], alone.grad[0], rtol=1e-12)
        assert np.isnan(t.grad[1]).any() if asked else not t.grad[1].any()
