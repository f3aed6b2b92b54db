"""What is checked of an op because it is in the table: a built-in one, a user's own, or one with a planted fault.

The elementwise ops are drawn inside their domains and away from their kinks; the array ops run on their cases.
`house/plant_faults.py` shows what these checks catch.
"""

from __future__ import annotations

import functools
import math
import re

import numpy as np
import pytest

from autograd_nn import Tensor, jvp
from autograd_nn import transforms as _transforms  # noqa: F401  (enters its op)
from autograd_nn.core.reverse import cotangents
from autograd_nn.core.value import BaseValue
from autograd_nn.notation.symbol import Symbol, applied, local_derivatives
from autograd_nn.ops import OPS
from helpers.arrays import distinct
from helpers.each import each
from helpers.numeric import slope

SCALAR = [op for op in OPS.values() if op.elementwise]
ARRAY = [op for op in OPS.values() if op.cases]
EXTREMES = [OPS[name] for name in ("max", "min", "maximum", "minimum")]
OF_ANY_SIZE = [OPS["standardize"]]
CASES = [pytest.param(op, *case, id=f"{op.name}-{i}") for op in ARRAY for i, case in enumerate(op.cases)]


of = functools.partial(each, "op")          # all ops of a list in one test


ROUND = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0)
"""Numbers at which a wrong formula may still be right, or a right one special: some of each op's points have these."""


def points(op, count=60):
    """Inputs inside the op's domain, at some distance from its edges and from the op's kinks: up to `count` of them.

    They differ from run to run, as pytest-randomly says: `-p randomly_seed=...` repeats them.
    """
    rng = np.random.default_rng(np.random.randint(2**31))
    found = []
    while len(found) < count / 10:                       # of a few points, all may be at a kink
        found = _drawn(op, count, rng)
    return found


def _drawn(op, count, rng):
    columns = []
    for domain in op.domain:
        if isinstance(domain, frozenset):
            few, many = sorted(domain), sorted(domain)
        else:
            margin = 0.01 * (domain[1] - domain[0])
            low, high = domain[0] + margin, domain[1] - margin
            few = [low, high, *(x for x in ROUND if low <= x <= high)]
            many = rng.uniform(low, high, count).tolist()
        columns.append([source[rng.integers(len(source))] for source in (few, many, many) for _ in range(count // 3)])
    for column in columns:
        rng.shuffle(column)
    return [list(xs) for xs in zip(*columns) if op.kink is None or abs(op.kink(*xs)) > 0.05]


def at_points(check):
    """A check of an op and an engine: of all the op's points, by one of a point."""
    def of_all(op, Value):
        for xs in points(op):
            check(op, Value, xs)
    of_all.__name__, of_all.__doc__ = check.__name__, check.__doc__
    return of_all


def moved(xs, i, t):
    return [x + t if j == i else x for j, x in enumerate(xs)]


def close(got, want, scale=1.0):
    assert got == pytest.approx(want, rel=2e-7, abs=2e-7 * scale)


def call(op, xs, params):
    return op(xs, **params) if op.arity < 0 else op(*xs, **params)


def params_of(op):
    """Parameters other than the defaults, which may hide a factor (of 1)."""
    return {name: 1.25 * value if type(value) is float else value for name, value in op.params.items()}


def drawn(op, shapes, seed=0):
    """Arrays without ties; one element is 0. Where a case gives an array for a shape, it is the input (seed 0)."""
    rng = np.random.default_rng(seed)
    xs = [distinct(*np.shape(s) if isinstance(s, np.ndarray) else s, rng=rng) for s in shapes]
    for x in xs:
        if x.size > 1:
            x.flat[rng.integers(x.size)] = 0.0
    return [s if isinstance(s, np.ndarray) and seed == 0 else x for s, x in zip(shapes, xs)]


@at_points
def first_derivative(op, Value, xs):
    nodes = [Value(x) for x in xs]
    y = op(*nodes, **params_of(op))
    y.backward()
    assert y.data == pytest.approx(op.number(*xs, **params_of(op)), rel=3e-16, abs=0)      # hypot: 1 ulp in C
    for i, (node, rule) in enumerate(zip(nodes, op.vjps)):
        if rule is not None:
            close(node.grad, slope(lambda t, i=i: op.number(*moved(xs, i, t), **params_of(op))))


@at_points
def second_derivative(op, Value, xs):
    """The gradient as a graph, differentiated, against differences of the gradient as a number."""
    for i, rule in enumerate(op.vjps):
        if rule is None:
            continue

        def first(ps, i=i):
            nodes = [Value(p) for p in ps]
            op(*nodes, **params_of(op)).backward()
            return nodes[i].grad

        nodes = [Value(x) for x in xs]
        op(*nodes, **params_of(op)).backward(create_graph=True)
        g = nodes[i].grad
        assert isinstance(g, BaseValue) and g.data == pytest.approx(first(xs), rel=1e-14, abs=1e-14)
        found = cotangents({g: 1.0})
        for j, node in enumerate(nodes):
            if op.vjps[j] is not None:
                close(found.get(node, 0.0), slope(lambda t, j=j, first=first: first(moved(xs, j, t))), scale=10)


def value_and_tensor_agree_under_broadcasting(op, Value):
    """A Tensor of points gives what a Value at each point gives, and the gradients summed."""
    every = points(op)
    for k in range(0, len(every), 6):
        _agree_under_broadcasting(op, Value, every[k:k + 6])


def _agree_under_broadcasting(op, Value, draws):
    shapes = [(2, 3), (3,), (2, 1)][:op.arity]
    out = np.broadcast_shapes(*shapes)
    size = int(np.prod(out))
    arrays = [np.resize([d[i] for d in draws], shape) for i, shape in enumerate(shapes)]
    spread = [np.broadcast_to(a, out).reshape(-1) for a in arrays]
    if op.kink is not None and any(abs(op.kink(*xs)) < 0.05 for xs in zip(*spread)):
        return                                   # broadcasting mixed the points into a kink

    tensors = [Tensor(a) for a in arrays]
    y = op(*tensors, **params_of(op))
    g = np.linspace(-1, 2, size).reshape(out)
    y.backward(g)
    values = [[Value(a[k]) for a in spread] for k in range(size)]
    ys = [op(*row, **params_of(op)) for row in values]
    assert y.data.reshape(-1) == pytest.approx([v.data for v in ys], rel=1e-12, abs=1e-14)
    for v, seed in zip(ys, g.reshape(-1)):
        v.backward(seed)
    for i, (t, a) in enumerate(zip(tensors, arrays)):
        if op.vjps[i] is None:
            assert t.grad is None
            continue
        want = np.zeros(out).reshape(-1)
        want[:] = [row[i].grad for row in values]
        want = want.reshape(out)
        while want.ndim > a.ndim:
            want = want.sum(0)
        for axis, n in enumerate(a.shape):
            if n == 1:
                want = want.sum(axis, keepdims=True)
        assert t.grad.shape == a.shape
        np.testing.assert_allclose(t.grad, want, rtol=1e-10, atol=1e-10)


@at_points
def forward_mode_is_reverse_mode(op, Value, xs):
    dxs = [np.random.uniform(-1, 1) if rule is not None else 0.0 for rule in op.vjps]
    nodes = [Value(x) for x in xs]
    op(*nodes, **params_of(op)).backward()
    _, tangent = jvp(lambda *vs: op(*vs, **params_of(op)), xs, dxs)
    assert tangent == pytest.approx(sum(n.grad * dx for n, dx in zip(nodes, dxs)), rel=1e-12, abs=1e-12)


def an_unbound_rule_gives_what_the_bound_ones_give(op):
    for xs in points(op):
        g, y = np.random.uniform(-2, 2), op.number(*xs, **params_of(op))
        arrays = [np.array([x, x]) for x in xs]
        for rule, on_floats, on_arrays in zip(op.vjps, op.float_rules, op.array_rules):
            if rule is not None:
                want = rule(g, y, *xs, **params_of(op))
                assert on_floats(g, y, *xs, **params_of(op)) == want
                got = on_arrays(np.array([g, g]), np.array([y, y]), *arrays, **params_of(op))
                np.testing.assert_allclose(np.broadcast_to(got, (2,)), [want] * 2, rtol=1e-12, atol=1e-14)


def array_op(op, shapes, params):
    """Value, first and second derivative along random directions, and forward mode."""
    xs, us = drawn(op, shapes), drawn(op, shapes, seed=1)
    full = {**op.params, **params}
    y = op.array(*xs, **full)
    w = np.random.default_rng(2).normal(size=np.shape(y))

    def gradients(ps, create_graph=False):
        nodes = [Tensor(p) for p in ps]
        found = cotangents({call(op, nodes, params): w}, create_graph=create_graph)      # no sum: that is an op, too
        return nodes, [found[n] for n in nodes]

    np.testing.assert_array_equal(call(op, [Tensor(x) for x in xs], params).data, y)
    for x, rule in zip(xs, op.array_rules):
        if rule is not None:                             # what it gives may be summed to the input's shape, not spread
            shape = np.shape(rule(w, y, *xs, **full))
            assert np.broadcast_shapes(shape, x.shape) == shape
    nodes, grads = gradients(xs)
    for i, (g, x, u) in enumerate(zip(grads, xs, us)):
        assert g.shape == x.shape and g.dtype == x.dtype
        along = slope(lambda t, i=i, u=u: float((op.array(*moved(xs, i, t * u), **full) * w).sum()))
        close((g * u).sum(), along)
        _, tangent = jvp(lambda p, i=i: call(op, [p if j == i else v for j, v in enumerate(xs)], params), (x,), (u,))
        assert np.shape(tangent) == np.shape(y)
        close((tangent * w).sum(), (g * u).sum())
    nodes, grads = gradients(xs, create_graph=True)
    for i, (g, u) in enumerate(zip(grads, us)):
        # a linear op's gradient is a plain constant, and its second derivative 0
        found = cotangents({g: u}) if isinstance(g, Tensor) else {}
        for j, (node, v) in enumerate(zip(nodes, us)):
            second = slope(lambda t, i=i, j=j, u=u, v=v: float((gradients(moved(xs, j, t * v))[1][i] * u).sum()))
            close((found.get(node, np.zeros(v.shape)) * v).sum(), second, scale=10)


def numbers_of_any_size(op, shapes, params):
    """Of numbers whose squares overflow, and eps with them, the op is that of ordinary ones; its derivative is less."""
    size, eps = np.float32(2.0 ** 66), 1e-3
    xs = [x.astype(np.float32) for x in drawn(op, shapes)]
    w = np.random.default_rng(2).normal(size=np.shape(xs[0])).astype(np.float32)
    nodes, large = [Tensor(x) for x in xs], [Tensor(x * size) for x in xs]
    y, z = call(op, nodes, {**params, "eps": eps}), call(op, large, {**params, "eps": eps * float(size) ** 2})
    np.testing.assert_allclose(z.data, y.data, rtol=1e-5, atol=1e-6)
    y.backward(w)
    z.backward(w)
    for x, far in zip(nodes, large):
        np.testing.assert_allclose(far.grad * size, x.grad, rtol=1e-4, atol=1e-5)


def ties_share_evenly(op, Value):
    """As a central difference sees it, where the tied inputs move one at a time."""
    if op.elementwise:
        x, y = Value(2.0), Value(2.0)
        op(x, y).backward(3.0)
        assert (x.grad, y.grad) == (1.5, 1.5)
        return
    t = Tensor([[2.0, 1.0, 2.0, 2.0], [3.0, 3.0, 3.0, 3.0]] if op.name == "max" else
               [[2.0, 5.0, 2.0, 2.0], [3.0, 3.0, 3.0, 3.0]])
    op(t, axis=1).backward(np.array([3.0, 4.0]))
    assert t.grad.tolist() == [[1.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]]


def array_op_keeps_float32(op, shapes, params):
    nodes = [Tensor(x, dtype=np.float32) for x in drawn(op, shapes)]
    y = call(op, nodes, params)
    y.backward(np.ones(y.shape, np.float32))
    assert all(n.grad.dtype == np.float32 for n in nodes)
    assert y.dtype == np.float32 or op.name == "astype"


def elementwise_op_keeps_float32(op):
    xs = [sorted(d)[0] if isinstance(d, frozenset) else (d[0] + 2 * d[1]) / 3 for d in op.domain]
    nodes = [Tensor(np.full(3, x), dtype=np.float32) for x in xs]
    y = op(*nodes, **params_of(op))
    y.sum().backward()
    assert y.dtype == np.float32
    assert all(n.grad.dtype == np.float32 for n, rule in zip(nodes, op.vjps) if rule is not None)
    first = next(i for i, rule in enumerate(op.vjps) if rule is not None)
    x32 = op(*xs[:first], Tensor(np.full(3, xs[first]), dtype=np.float32), *xs[first + 1:], **params_of(op))
    assert x32.dtype == np.float32                  # Python numbers do not widen it


@at_points
def an_object_array_of_values_runs_element_by_element(op, Value, xs):
    row = np.array([Value(xs[0]), Value(xs[0])], dtype=object)
    got = op(row, *xs[1:], **params_of(op))
    one = op(Value(xs[0]), *xs[1:], **params_of(op))
    assert got.shape == (2,) and all(type(v) is Value and v.data == one.data for v in got)


def entry_is_complete(op):
    """Each entry states its LaTeX, its domain, its kinks (as a function of the inputs), or its cases."""
    names = ["x"] * 9
    tex = op.tex.format(*names, **dict.fromkeys(op.params, "p"))
    assert tex.count("{") == tex.count("}") and tex.count(r"\left") == tex.count(r"\right")
    assert re.fullmatch(r"[a-z]\w*", op.name)
    if op.elementwise:
        assert len(op.domain) == op.arity
        assert op.kink is None or isinstance(float(op.kink(*[1.0] * op.arity)), float)
        derivatives = [d for d in local_derivatives(op) if d is not None]
        assert op.zero == all(not isinstance(d, Symbol) and d == 0 for d in derivatives)
        assert applied(op).text() and applied(op).latex()
    else:
        assert op.cases or op.name in ("as_value",), "an array op needs cases for its tests"


def straight(f, x, u):
    """Whether f is a straight line from x - u to x + u, so that its derivative may not depend on x."""
    with np.errstate(all="ignore"):
        below, here, between, above = f(x - u), f(x), f(x + u / 2), f(x + u)
    pairs = (below + above, 2 * here), (here + above, 2 * between)
    return all(np.allclose(a, b, rtol=1e-9, atol=1e-9) for a, b in pairs)


def nan_rows(op):
    """(number of the input, inputs with nan there), where the op's value is nan, too, and no straight line."""
    found = []
    for xs in points(op):
        for i in range(op.arity):
            def along(t, i=i, xs=xs):
                return op.number(*xs[:i], t, *xs[i + 1:], **params_of(op))
            if op.vjps[i] is None or not math.isnan(along(math.nan)):
                continue
            low, high = op.domain[i]
            if not straight(along, (low + high) / 2, (high - low) / 2.1):
                found.append((i, [*xs[:i], math.nan, *xs[i + 1:]]))
    slots = range(op.arity)
    singly = [op.number(*[math.nan if j == i else 1.0 for j in slots], **params_of(op)) for i in slots]
    if not any(map(math.isnan, singly)):                 # it takes another input for a nan: all of them are nan
        found += [(i, [math.nan] * op.arity) for i in range(op.arity)]
    return found


def nan_reaches_the_derivative(op, Value):
    """In a backward pass with and without a graph, and in forward mode; a cotangent of 0 lets none through."""
    for i, xs in nan_rows(op):
        for g, want in ((2.0, math.nan), (0.0, 0.0)):
            nodes = [Value(x) for x in xs]
            op(*nodes, **params_of(op)).backward(g)
            assert nodes[i].grad == pytest.approx(want, nan_ok=True), f"{op.name} of {xs}, input {i}, cotangent {g}"
        nodes = [Value(x) for x in xs]
        op(*nodes, **params_of(op)).backward(create_graph=True)
        assert math.isnan(nodes[i].grad.data)
        dxs = [float(j == i) for j in range(op.arity)]
        assert math.isnan(jvp(lambda *vs: op(*vs, **params_of(op)), xs, dxs)[1])


def nan_reaches_the_derivative_of_an_array_op(op, shapes, params):
    """The derivative by an element that is nan is nan, where the value is."""
    for i in range(len(shapes)):
        xs = [x.copy() for x in drawn(op, shapes)]
        at = np.unravel_index(np.argmax(xs[i]), xs[i].shape)
        far = np.zeros_like(xs[i])
        far[at] = 20.0
        try:
            if straight(lambda x, xs=xs, i=i: call(op, [*xs[:i], x, *xs[i + 1:]], params), xs[i], far):
                continue
            xs[i][at] = math.nan
            nodes = [Tensor(x) for x in xs]
            y = call(op, nodes, params)
        except np.linalg.LinAlgError:                    # it refuses such a matrix
            continue
        if np.isnan(y.data).any():
            g = cotangents({y: np.where(np.isnan(y.data), 2.0, 1.0)}).get(nodes[i])
            assert np.isnan(g[at]), f"{op.name}: nan in input {i}"
