"""Graphs of Values built twice in step, once by the engine in Python and once by the engine in C."""

from __future__ import annotations

import math
import operator
import struct

import numpy as np
import pytest
from hypothesis import strategies as st

import autograd_nn
from autograd_nn import dot, sum_of, topological
from autograd_nn.core.node import Node
from autograd_nn.core.value import PureValue, Value
from autograd_nn.ops import OPS

native = pytest.mark.skipif(not autograd_nn.NATIVE, reason="the C engine is not compiled here, or not asked for")
ELEMENTWISE = [name for name, op in OPS.items() if op.elementwise and op.module.startswith("autograd_nn.ops.")]
# CPython has its own hypot, which rounds correctly more often than the C library's.
ULPS = {"hypot": 1}
SPECIAL = [0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 0.5, 2.0, 3.0, -3.0, 1e300, 5e-324, 710.0, -750.0]

numbers = st.floats(-4, 4) | st.sampled_from(SPECIAL) | st.floats()
constants = numbers | st.integers(-4, 4) | st.sampled_from(
    [True, False, 2**53, 2**53 + 1, -2**60, 2**70, np.float64(1.5), np.float64(-0.0), np.float32(0.1), np.int64(3),
     np.bool_(True), np.float16(0.5)])


def bits(x):
    """What distinguishes one float from another; any nan is as good as any other."""
    return "nan" if x != x else struct.pack("d", x)


def near(a, b, ulps):
    return bits(a) == bits(b) or (ulps > 0 and abs(a - b) <= ulps * math.ulp(max(abs(a), abs(b))))


OPERATORS = {"add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
             "power": operator.pow, "remainder": operator.mod, "negative": operator.neg, "absolute": abs}


def run(op, how, args, params):
    """One step of a program: by function, operator or method."""
    if op.arity < 0:
        if op.name == "sum_of":
            return sum_of(list(args))
        n = len(args) // 2
        return dot(args[:n], args[n:2 * n], args[-1])
    if how == "operator" and op.name in OPERATORS:
        return OPERATORS[op.name](*args)
    if how == "method" and op.method and isinstance(args[0], Node):
        return getattr(args[0], op.name)(*args[1:], **params)
    return op(*args, **params)


@st.composite
def twins(draw, size=14):
    """A random graph built on both engines in step: leaves and all nodes, as pairs."""
    leaves = []
    for number in draw(st.lists(numbers, min_size=1, max_size=4)):
        name = draw(st.sampled_from([None, "w", "x"]))
        pair = PureValue(number, name=name), Value(number, name=name)
        before = draw(st.none() | numbers)
        for v in pair:
            v.grad = before
        leaves.append(pair)
    pool = list(leaves)
    for _ in range(draw(st.integers(1, size))):
        op = OPS[draw(st.sampled_from([*ELEMENTWISE, "sum_of", "weighted_sum"]))]
        count = op.arity if op.arity > 0 else draw(st.integers(1, 5))
        if op.name == "weighted_sum":
            count = 2 * count + 1
        args = [draw(st.sampled_from(pool) | constants.map(lambda c: (c, c))) for _ in range(count)]
        args[draw(st.integers(0, count - 1))] = draw(st.sampled_from(pool))
        if op.arity < 0:                             # Python would add and multiply leading ints exactly
            args = [(float(a), float(a)) if type(a) is int and abs(a) > 4 else (a, b) for a, b in args]
        if not any(isinstance(a, Node) for a, _ in args):
            continue
        params = {p: draw(numbers | st.integers(-2, 2)) for p in op.params}
        how = draw(st.sampled_from(["function", "operator", "method"]))
        pure, fast = (run(op, how, side, params) for side in zip(*args))
        assert type(pure) is PureValue and type(fast) is Value
        note = f"{op.name} of {args}, {params}: {pure.data!r} in Python, {fast.data!r} in C"
        assert near(pure.data, fast.data, ULPS.get(op.name, 0)), note
        pure._data = fast.data                       # where an ulp is allowed, both go on from the same number
        pool.append((pure, fast))
    return leaves, pool


def assert_same_graph(pure, fast):
    a, b = topological([pure]), topological([fast])
    place = [{node: i for i, node in enumerate(order)} for order in (a, b)]
    assert [n.op for n in a] == [n.op for n in b]
    for p, q in zip(a, b):
        what = f"{p.op}: {p!r} in Python, {q!r} in C"
        assert bits(p.data) == bits(q.data) and type(q.data) is float, what
        assert p.has_grad == q.has_grad and bits(p.grad) == bits(q.grad), f"the gradient of {what}"
        assert repr(p) == repr(q) and p.name == q.name and p.is_leaf == q.is_leaf, what
        assert p.params == q.params or any(v != v for v in p.params.values()), what
        assert len(p.inputs) == len(q.inputs)
        for x, y in zip(p.inputs, q.inputs):
            if isinstance(x, Node):
                assert place[0][x] == place[1][y]
            else:
                assert type(x) is type(y) and (x == y or x != x) and repr(x) == repr(y), what
