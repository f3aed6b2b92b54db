"""The scalar engine in C gives the answers of the one in Python, to the last bit."""

from __future__ import annotations

import itertools
import math
import pickle
import random
import sys

import numpy as np
import pytest
from helpers.twins import ELEMENTWISE, SPECIAL, ULPS, assert_same_graph, bits, native, near, numbers, twins
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_nn
from autograd_nn import Dual, Op, Tensor, check_finite, dot, errors, no_grad, sum_of
from autograd_nn.core import modes, reverse
from autograd_nn.core.below import cotangents_of, ends_below
from autograd_nn.core.nary import weighted_sums
from autograd_nn.core.value import PureValue, Value
from autograd_nn.ops import OPS


@pytest.mark.slow
@native
@given(data=st.data())
def test_cotangents_and_leaves_without_a_trace(data):
    """As the transforms ask for them: the same bits as in Python, and no node has changed."""
    _, pool = data.draw(twins())
    pure, fast = data.draw(st.sampled_from(pool))
    seed = float(data.draw(numbers))
    if data.draw(st.booleans()):
        fast.backward(), pure.backward()
    state = [(q.has_grad, bits(q.grad)) for _, q in pool]
    want = reverse.cotangents({pure: seed})
    found = cotangents_of([q for _, q in pool], {fast: seed})
    for (p, _), g in zip(pool, found):
        assert (g is None) == (want.get(p) is None) and (g is None or bits(g) == bits(want[p]))
    below = set(ends_below([fast]))
    assert [q in below for _, q in pool] == [p in set(ends_below([pure])) for p, _ in pool]
    assert [(q.has_grad, bits(q.grad)) for _, q in pool] == state
    assert_same_graph(pure, fast)


@native
def test_cotangents_that_python_finds(forget):
    x, t, other = Value(2.0, name="x"), Tensor([1.0, 2.0]), Value(1.0)
    cube = Op("cube", lambda x: x * x * x, lambda x: x * x * x, lambda g, y, x: g * 3 * x * x, tex="{0}^3")
    assert reverse.values_in_c.cotangents(cube(x), 1.0, [x], 0, False) is None
    assert cotangents_of([x, other], {cube(x): 1.0}) == [12.0, None]
    assert cotangents_of([x], {(x * t).sum(): np.float64(1.0)}) == [3.0]
    assert cotangents_of([x, other], {x * x: 1.0, x * other: 2.0}) == [4.0 + 2.0, 4.0]
    assert cotangents_of([x], {x: 5.0}) == [5.0] and cotangents_of([], {x: 5.0}) == []
    assert set(ends_below([cube(x) * other, x * t])) == {x, t, other}
    assert list(ends_below([x])) == [x] and reverse.values_in_c.ends(cube(x), 0) is None
    (x * x).backward(create_graph=True)              # a gradient that is a node
    assert cotangents_of([x], {x * x * x: 1.0}) == [12.0] and isinstance(x._grad, Value)
    x.zero_grad()
    for args in [(), (x, 1.0), (x, 1.0, [x]), (x, 1.0, [x], 0), (x, 1.0, (x,), 0, False), (x, 1.0, [x], None, False)]:
        with pytest.raises(TypeError):
            reverse.values_in_c.cotangents(*args)
    for args in [(x, 1, [x], 0, False), (t, 1.0, [], 0, False), (x, 1.0, [t], 0, False)]:
        assert reverse.values_in_c.cotangents(*args) is None
    count = sys.getrefcount(x)
    for _ in range(1000):
        cotangents_of([x, other], {x * other: 1.0})
        list(ends_below([x * other]))
    assert sys.getrefcount(x) == count


@pytest.mark.slow
@native
@settings(max_examples=250)
@given(data=st.data())
def test_random_graphs_agree_to_the_last_bit(data):
    _, pool = data.draw(twins())
    for _ in range(data.draw(st.integers(1, 3))):    # again and again, from anywhere
        seed = data.draw(st.none() | numbers | st.sampled_from([1, True, np.float32(0.5)]))
        pure, fast = data.draw(st.sampled_from(pool))
        pure.backward(seed)
        fast.backward(seed)
        assert_same_graph(pure, fast)
    for pure, fast in pool:
        assert_same_graph(pure, fast)


@native
def test_what_arrives_in_a_leaf_is_added_in_the_same_order():
    """Graphs in which a few leaves and nodes are used many times, so that another order rounds otherwise."""
    def build(kind, seed):
        rng = random.Random(seed)
        leaves = [kind(rng.uniform(-1, 1)) for _ in range(3)]
        pool = list(leaves)
        for _ in range(30):
            a, b, c = (rng.choice(pool[-6:] + leaves) for _ in range(3))
            pool.append(rng.choice([lambda a=a, b=b: a * b, lambda a=a, b=b: a - 0.7 * b, lambda a=a: a.sin(),
                                    lambda a=a, b=b, c=c: sum_of([a, b, c, a]) * 0.3,
                                    lambda a=a, b=b, c=c: dot([a, b, 0.1], [b, c, a], c) * 0.3,
                                    lambda a=a, b=b, c=c: autograd_nn.where(a > 0, b, c) / 3])())
        root = (pool[-1] * pool[-2] + pool[-3]) - (pool[-4] + pool[-5] * pool[-1])
        root.backward()
        return root

    for seed in range(200):
        assert_same_graph(build(PureValue, seed), build(Value, seed))


@pytest.mark.slow
@native
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_each_op_agrees_on_a_grid_of_corners(name):
    op = OPS[name]
    rng = np.random.default_rng(0)
    grid = [*SPECIAL, *rng.uniform(-4, 4, 20).tolist(), *(rng.uniform(-1, 1, 10) * 10.0 ** rng.integers(-300, 300, 10))]
    columns = [grid] + [rng.permutation(grid).tolist() * 3 for _ in range(op.arity - 1)]
    rows = list(zip(grid * 3, *columns[1:])) if op.arity > 1 else list(zip(grid))
    rows += itertools.product(SPECIAL, SPECIAL) if op.arity == 2 else []
    for params in [{}, *[{p: v} for p in op.params for v in (0.3, -2.0, 0.0, math.inf, 2)]]:
        for xs in rows:
            if name == "clip" and any(x != x for x in xs):
                continue                             # max(x, nan) of Python and of C differ
            for seed in (1.0, -0.25, 0.0, -0.0, math.inf, math.nan):
                pure, fast = ([kind(float(x)) for x in xs] for kind in (PureValue, Value))
                y, z = op(*pure, **params), op(*fast, **params)
                assert near(y.data, z.data, ULPS.get(name, 0)), (name, xs, params, y, z)
                y._data = z.data
                y.backward(seed)
                z.backward(seed)
                assert [v.has_grad for v in pure] == [v.has_grad for v in fast], (name, xs)
                grads = [[bits(v.grad) for v in side] for side in (pure, fast)]
                assert grads[0] == grads[1], (name, xs, params, seed, pure, fast)


@native
def test_constants_are_kept_as_pythons_own_numbers():
    """A numpy.float64 is a float too, and must not stay in the graph, where it would warn of a division by 0."""
    x, c = Value(2.0), np.float64(0.0)
    row = np.array([0.0, 1.5])
    layer = weighted_sums(np.array([[x, c]], dtype=object), np.array([c, x], dtype=object), None)
    for y in (*layer, x + c, sum_of([c, x, c]), dot([x, c], row, c), dot((x, x), tuple(row)),
              autograd_nn.where(x, c, x), OPS["clip"](x, c, np.float64(3)), c * x, x + np.float32(0.5), x * np.True_):
        assert {type(i) for i in y.inputs} <= {float, int, Value}
        y.backward()
    assert row.tolist() == [0.0, 1.5] and OPS["clip"](x, 0, 3).inputs == (x, 0, 3)


@native
@given(data=st.data())
def test_layers_and_lists_agree_to_the_last_bit(data):
    """The functions that make many nodes at once: weighted_sums, and an op over an object array."""
    units, n, rows = (data.draw(st.integers(1, 3)) for _ in range(3))
    given = [[data.draw(st.floats(-4, 4)) for _ in range(k)] for k in (units * n, units, rows * n)]
    constant = [[data.draw(st.booleans()) and part is not given[1] for _ in part] for part in given]
    op = OPS[data.draw(st.sampled_from(["tanh", "relu", "exp", "floor", "negative"]))]
    answers = []
    for kind in (PureValue, Value):
        w, b, x = (np.array([v if fixed else kind(v) for v, fixed in zip(*pair)] + [None], dtype=object)[:-1]
                   for pair in zip(given, constant))
        leaves = [v for v in (*w, *b, *x) if isinstance(v, kind)]
        y = op(weighted_sums(w.reshape(units, n), x.reshape(rows, n), b))
        assert y.shape == (rows, units)
        for v in y.ravel():
            v.backward()
        answers.append([bits(v.data) for v in y.ravel()] + [bits(v.grad) for v in leaves])
    assert answers[0] == answers[1]


@native
@pytest.mark.parametrize("how", ["create_graph", "dual", "own op", "tensor", "object array"])
def test_what_the_general_engine_runs_is_the_same(how):
    answers = []
    cube = Op("cubed", lambda x: x * x * x, lambda x: x * x * x, lambda g, y, x: g * 3 * x * x, tex="{0}^3")
    try:
        for kind in (PureValue, Value):
            x, w = kind(0.7), kind(-1.3)
            y = x.sin() * w + dot([x, 2.0], [w, x], 0.5) + autograd_nn.where(x > 0, x * w, 1.0) + sum_of([x, x, 1])
            if how == "create_graph":
                y.backward(create_graph=True)
                first, x.grad, w.grad = x.grad, None, None
                first.backward()
                assert type(first) is kind
                answers.append([first.data, x.grad, w.grad])
            elif how == "dual":
                z = Dual(x, 1.0) * Dual(w, 2.0) + y
                z.tangent.backward()
                answers.append([z.primal.data, z.tangent.data, x.grad, w.grad])
            elif how == "own op":
                z = cube(y) * cube(x)
                z.backward()
                z.backward(0.5)
                assert z.inputs[0].op is cube and pickle.loads(pickle.dumps(cube(x))).op is cube
                answers.append([z.data, y.grad, x.grad, w.grad])
            elif how == "tensor":
                t = Tensor([1.0, 2.0])
                z = (y * t).sum() * w
                z.backward()
                answers.append([z.item(), y.grad, x.grad, w.grad, *t.grad])
            else:
                z = np.array([[x, w], [y, 2.0]], dtype=object) @ np.array([w, 3.0], dtype=object)
                np.tanh(z * 0.1).sum().backward()
                answers.append([*[v.data for v in z], x.grad, w.grad, y.grad])
    finally:
        cube.forget()
    assert [bits(v) for v in answers[0]] == [bits(v) for v in answers[1]]


@native
def test_modes(monkeypatch):
    x = Value(2.0)
    makers = [lambda: x * x, lambda: -x, lambda: 2 ** x, lambda: x.exp(), lambda: sum_of([x, 1]),
              lambda: dot([x], [x]), lambda: autograd_nn.where(x, x, x), lambda: OPS["leaky_relu"](x, 0.1)]
    recorded = [make() for make in makers]
    assert not any(y.is_leaf for y in recorded)
    with no_grad(), monkeypatch.context() as patch:
        patch.setattr("autograd_nn.core.value.record", None)         # Python has nothing to do
        leaves = [make() for make in makers]
    assert all(y.is_leaf and y.inputs == () and y.params == {} for y in leaves)
    assert [bits(y.data) for y in leaves] == [bits(y.data) for y in recorded]
    for maker in (lambda v: v * 1e308, lambda v: v.exp(), lambda v: sum_of([v, v]), lambda v: dot([v], [v]),
                  lambda v: v / 0):
        with check_finite(), pytest.raises(errors.NonFiniteError):
            maker(Value(1e308))
        assert maker(Value(1e308)).data == math.inf
    assert modes.special == 0
