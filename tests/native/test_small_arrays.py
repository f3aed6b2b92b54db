"""What C does at once on small arrays has the bits, the type and the warnings of the Python that it stands for."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest

import autograd_nn as ag
from autograd_nn import Tensor
from autograd_nn.core import reverse
from autograd_nn.ops import OPS
from autograd_nn.ops.elementwise import activation
from autograd_nn.ops.networks import normalization

Tensor(1.0)                                              # which puts them in their places
SMALL = {name: op.array for name, op in OPS.items() if type(op.array).__module__.startswith("autograd_nn.native")}
ONE_STEP = (activation.from_probabilities, normalization.from_standardized)        # which rules call
SMALL |= {function.function.__name__: function.bound("array") for function in ONE_STEP}
pytestmark = pytest.mark.skipif(reverse.in_c is None, reason="what is compared is in C")
WIDTHS = [0, 1, 2, 3, 7, 8, 9, 17, 63, 64, 65, 130, 1000]
ODD = [np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-45, -1e-310, 3e38, -3e38, 1e308, 89.0, -104.0, 700.0, -745.0]


def told(f, *args, **params):
    """What a function gives or raises, and of what it warns."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            y = f(*args, **params)
        except Exception as error:
            return type(error), str(error)
    plain = np.where(np.isnan(y), np.nan, y)             # a nan has many bits, and they mean nothing
    return type(y), y.dtype, y.shape, plain.tobytes(), [str(w.message) for w in seen]


def numbers(rng, shape, dtype, odd):
    x = rng.normal(size=shape, scale=rng.choice([0.1, 1, 20])).astype(dtype)
    if odd and x.size:
        with np.errstate(all="ignore"):
            x.flat[rng.integers(x.size, size=rng.integers(1, 4))] = rng.choice(ODD)
    return x


def layouts(rng, x):
    """The array as it is, and in layouts that are not C's."""
    return [x, np.asfortranarray(x), np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x,
            x.astype(x.dtype.newbyteorder())]


def same(name, *args, **params):
    small = SMALL[name]
    assert told(small, *args, **params) == told(small.__wrapped__, *args, **params), (name, args, params)


def cases(name, rng, dtype, odd):
    rows, m = int(rng.choice([0, 1, 2, 5, 32])), int(rng.choice(WIDTHS))
    def x(*shape):
        made = numbers(rng, shape, dtype, odd)
        return made if rng.random() < 0.8 else layouts(rng, made)[rng.integers(4)]
    index = rng.integers(0, max(m, 1), rows)
    if odd and rows and rng.random() < 0.2:
        index[0] = rng.choice([-1, m, m + 5])
    if name == "softmax_cross_entropy":
        return [((x(rows, m),), {"index": index}), ((x(m),), {"index": np.array(0)}),
                ((x(2, rows, m),), {"index": np.stack([index, index])}),
                ((x(rows, m),), {"index": index.astype(np.int32)})]
    if name == "softmax_excess":
        return [((x(rows), x(rows, m)), {"index": index, "loss": x(rows)}), ((x(rows), x(rows, m)), {"index": index}),
                ((x(), x(m)), {"index": np.array(0), "loss": x()}),
                ((x(rows, 1)[:, 0], x(rows, m)), {"index": index, "loss": x(rows)})]
    if name == "matmul":
        return [((x(rows, m), x(m, 4)), {}), ((x(m), x(m, 4)), {}), ((x(2, rows, m), x(m, 3)), {}),
                ((x(2, 3), x(2, 3)), {})]
    if name == "linear":
        return [((x(rows, m), x(4, m), x(4)), {}), ((x(rows, m), x(m, m), x(m)), {}), ((x(m), x(4, m), x(4)), {}),
                ((x(rows, m), x(4, m + 1), x(4)), {}), ((x(rows, m), x(4, m), x(1)), {}),
                ((x(2, 3, m), x(4, m), x(4)), {})]
    if name == "softmax":
        shapes = (rows, m), (m,), (2, rows, m), (7, 1000)
        return [((x(*shape),), {"axis": axis}) for shape in shapes for axis in (-1, 0)]
    if name == "from_probabilities":
        with np.errstate(all="ignore"):
            return [((x(*shape), OPS["softmax"].array(x(*shape), axis=axis), axis), {})
                    for shape in ((rows, m), (m,), (2, rows, m)) for axis in (-1, 0) if m and rows]
    if name in ("standardize", "from_standardized"):
        shapes = [((rows, m), -1), ((rows, m), (1,)), ((m,), 0), ((2, rows, m), (1, 2)), ((rows, m), None),
                  ((7, 1000), (-1,))]
        if name == "standardize":
            return [((x(*shape),), {"axis": axis, "eps": eps}) for shape, axis in shapes for eps in (1e-5, 0.1, 1)]
        return [((x(*shape), x(*shape), x(*shape), axis, 1e-5), {}) for shape, axis in shapes if m and rows]
    if name in ("sum", "mean"):
        return [((x(*shape),), {"axis": axis, "keepdims": keep}) for shape in ((rows, m), (m,), (2, rows, m), ())
                for axis in (None, *([-1] if shape else [])) for keep in (False, True)] + [((x(rows, m),), {})]
    if name == "spread":
        return [((x(),), {"shape": (rows, m), "kept": (1, 1)}), ((x(2)[0],), {"shape": (m,), "kept": (1,)}),
                ((x(m),), {"shape": (rows, m), "kept": (1, m)}), ((x(),), {"shape": (), "kept": ()})]
    if name == "over_cosh2":
        return [((x(rows, m), x(rows, m)), {}), ((x(), x()), {}), ((x(m), x(rows, m)), {})]
    return [((x(rows, m),), {}), ((x(m),), {}), ((x(),), {}), ((x(2, rows, m),), {})]


@pytest.mark.parametrize("name", SMALL)
def test_the_bits_of_python(name):
    rng = np.random.default_rng()
    for dtype in (np.float32, np.float64, np.float16):
        for odd in (False, False, True, True):
            for args, params in cases(name, rng, dtype, odd):
                same(name, *args, **params)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nearly_certain_rows(dtype):
    x = np.array([[0, -3, -9], [5, 5, 5], [30, 0, 0], [0, -1.5, -2], [1, 0, 0], [800, 0, -800]], dtype)
    for rows in (x, x[:1], x[4:], x[:, ::-1].copy()):
        for t in range(3):
            index = np.full(len(rows), t)
            same("softmax_cross_entropy", rows, index=index)
            y = OPS["softmax_cross_entropy"].array.__wrapped__(rows, index=index)
            same("softmax_excess", np.full(len(rows), 0.25, dtype), rows, index=index, loss=y)


def test_ufuncs_of_ops():
    rng = np.random.default_rng()
    found = [op for op in OPS.values() if isinstance(op.array, np.ufunc) and op.arity in (1, 2) and not op.params]
    assert len(found) > 20
    constants = [(2,), (2.5,), (1e300,), (2**24 + 1,), (-0.0,), (np.nan,), (True,)]
    for op in found:
        for dtype in (np.float32, np.float64):
            for shape in ((), (8,), (3, 17), (0, 2)):
                for odd in (False, True):
                    x, y = (numbers(rng, shape, dtype, odd) for _ in range(2))
                    others = [()] if op.arity == 1 else [(y,), *constants]
                    for rest in others:
                        for args in ((x, *rest), (*rest, x)):
                            nodes = [Tensor(a) if a is x else a for a in args]
                            right = told(lambda op=op, args=args: np.asarray(op.array(*args)))
                            assert told(lambda op=op, nodes=nodes: op(*nodes).data) == right, (op, args)


def test_errors_that_numpy_is_told_to_raise():
    big, rows = Tensor([1e308, 1.0]), Tensor([[1.0, -800.0]])
    for f in (lambda: big * 10.0, lambda: (big + 1e308).sum(), lambda: big.exp(),
              lambda: ag.ops.linear(rows, rows * 1e308, big[:1]), lambda: ag.nn.cross_entropy(rows, [0])):
        with np.errstate(all="raise"), pytest.raises((FloatingPointError, ag.AutogradError)):
            f()


def test_what_is_next_to_nothing_is_told_to_those_who_ask():
    rows = np.array([[0.0, -800.0, 1.0]])
    assert told(OPS["softmax"].array, rows, axis=-1)[-1] == []
    with np.errstate(under="warn"):
        same("softmax", rows, axis=-1)
        assert told(OPS["softmax"].array, rows, axis=-1)[-1]


def test_they_look_like_the_functions_that_they_stand_for():
    for name, small in SMALL.items():
        python = small.__wrapped__
        assert inspect.signature(small) == inspect.signature(python) and small.__doc__ == python.__doc__, name
        assert repr(small) == repr(python) and small.__name__ == python.__name__, name
    assert {op.name for op in OPS.values() if op.array in SMALL.values()} \
        == set(SMALL) - {function.function.__name__ for function in ONE_STEP}
