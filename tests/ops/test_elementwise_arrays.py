"""Elementwise ops on arrays of every dtype, shape and memory layout."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.arrays import layouts
from helpers.each import each

from autograd_nn import Tensor
from autograd_nn.core.reverse import cotangents
from autograd_nn.ops import OPS

RNG = np.random.default_rng


# --- dtypes ------------------------------------------------------------------------------------------------

ELEMENTWISE = [op for op in OPS.values() if op.elementwise and op.module.startswith("autograd_nn.ops.")]
BINARY = [op for op in ELEMENTWISE if op.arity == 2 and isinstance(getattr(np, op.name, None), np.ufunc)]
UNARY = [op for op in ELEMENTWISE if op.arity == 1 and not op.params]
OPERANDS = {"float16": np.full(2, 1.5, np.float16), "float32": np.full(2, 1.5, np.float32), "float64": np.full(2, 1.5),
            "int": 2, "float": 1.5, "int8[]": np.full(2, 2, np.int8), "int64[]": np.full(2, 2),
            "bool[]": np.full(2, True), "float32()": np.float32(1.5), "float64()": np.float64(1.5),
            "int64()": np.int64(2)}
DTYPES = [np.float16, np.float32, np.float64]
names = {"ids": lambda x: getattr(x, "name", None) or getattr(x, "__name__", str(x))}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@each("op", BINARY)
@pytest.mark.parametrize("dtype", DTYPES, **names)
def test_the_dtype_of_two_operands_is_numpys(op, dtype):
    """And of each gradient the operand's own; in the second derivative too."""
    f = getattr(np, op.name)
    for kind, other in OPERANDS.items():
        for turned in (False, True):
            a = np.full(2, 1.25, dtype)
            try:
                want = f(*((other, a) if turned else (a, other)))
            except TypeError:
                continue                             # NumPy has none: np.negative of booleans and such
            t = Tensor(a)
            y = f(*((other, t) if turned else (t, other)))
            assert y.dtype == want.dtype, (kind, turned)
            y.backward(np.ones(2, y.dtype), create_graph=True)
            g = t.grad
            assert g.dtype == dtype and g.shape == (2,), (kind, turned)
            if isinstance(g, Tensor) and g.op is not None:
                found = cotangents({g: np.ones(2, dtype)})
                assert found[t].dtype == dtype if t in found else True


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@each("op", UNARY)
@pytest.mark.parametrize("dtype", DTYPES, **names)
def test_the_dtype_of_one_operand_stays(op, dtype):
    t = Tensor(np.full(2, 0.5 + (op.name == "arccosh")), dtype=dtype)
    y = op(t)
    assert y.dtype == dtype
    y.backward(np.ones(2, dtype), create_graph=True)
    assert t.grad.dtype == dtype
    if isinstance(t.grad, Tensor) and t.grad.op is not None:
        found = cotangents({t.grad: np.ones(2, dtype)})
        assert t not in found or found[t].dtype == dtype


# --- shapes and memory layouts --------------------------------------------------------------------------------

SHAPES = [(), (1,), (0,), (0, 3), (3,), (2, 3), (2, 1, 3)]


def inside(op, shapes):
    """Inputs inside the op's domain, away from its kinks."""
    rng = RNG(len(op.name))
    for _ in range(100):
        xs = []
        for domain, shape in zip(op.domain, shapes):
            low, high = (sorted(domain)[0], sorted(domain)[-1])
            xs.append(rng.choice([low, high], shape) if isinstance(domain, frozenset) else
                      np.asarray(rng.uniform(0.9 * low + 0.1 * high, 0.1 * low + 0.9 * high, shape)))
        if op.kink is None or all(abs(op.kink(*p)) > 1e-3 for p in zip(*[x.ravel().tolist() for x in
                                                                        np.broadcast_arrays(*xs)])):
            return xs
    raise AssertionError("no such points")


@pytest.mark.slow
@each("op", ELEMENTWISE)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gradients_have_the_inputs_shape_in_every_layout(op, shape):
    xs = inside(op, [shape] * op.arity)
    seed = np.asarray(RNG(5).normal(size=shape))

    def gradients(arrays):
        nodes = [Tensor(0.0)._made(x, None, (), {}) for x in arrays]      # not copied: the layout is kept
        y = op(*nodes, **op.params)
        y.backward(seed)
        return y.data, [n.grad for n in nodes]

    value, want = gradients(xs)
    assert value.shape == shape
    for _, moved in zip("stfro", zip(*[[a for _, a in layouts(x)] for x in xs])):
        y, grads = gradients(moved)
        np.testing.assert_allclose(y, value, rtol=1e-14)
        for g, w, rule in zip(grads, want, op.vjps):
            if rule is None:
                assert g is None
            else:
                assert g.shape == shape and g.dtype == np.float64
                np.testing.assert_allclose(g, w, rtol=1e-12, atol=1e-14)


@each("op", [op for op in ELEMENTWISE if op.arity > 1])
@each("shapes", [((2, 3), (3,)), ((3,), (2, 3)), ((), (2, 3)), ((2, 1), (1, 3)), ((0, 3), (3,)), ((0, 3), (1, 1)),
                 ((1,), ()), ((4, 1, 3), (2, 1))])
def test_gradients_of_broadcast_inputs_have_their_shapes(op, shapes):
    shapes = (*shapes, shapes[1])[:op.arity]
    xs = inside(op, shapes)
    nodes = [Tensor(x) for x in xs]
    y = op(*nodes)
    seed = np.asarray(RNG(3).normal(size=y.shape))
    y.backward(seed)
    full = [Tensor(np.broadcast_to(x, y.shape)) for x in xs]
    op(*full).backward(seed)
    for n, f, x, rule in zip(nodes, full, xs, op.vjps):
        if rule is not None:
            assert n.grad.shape == x.shape
            lead = y.ndim - x.ndim
            axes = (*range(lead), *(i + lead for i, k in enumerate(x.shape) if k == 1 != y.shape[i + lead]))
            np.testing.assert_allclose(n.grad, f.grad.sum(axes, keepdims=True).reshape(x.shape), rtol=1e-12, atol=1e-14)
