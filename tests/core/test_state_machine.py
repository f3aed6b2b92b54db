"""Random programs, step by step, against the naive engine in reference.py."""

from __future__ import annotations

import gc
import itertools
import operator
import threading
import weakref

import numpy as np
import pytest
from helpers import reference
from helpers.engines import ENGINES, engines
from helpers.numeric import central
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

import autograd_nn as ag
from autograd_nn import Tensor, checkpoint, no_grad, stop_gradient
from autograd_nn.core.node import Node
from autograd_nn.core.reverse import cotangents
from autograd_nn.core.value import BaseValue
from autograd_nn.ops import OPS

pytestmark = pytest.mark.slow

OPERATORS = {"add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
             "power": operator.pow, "negative": operator.neg, "absolute": abs}
LARGEST, MOST_PATHS = 30.0, 300
SHAPES = [(), (1,), (3,), (2, 3), (3, 2), (2, 1), (1, 3), (0, 3)]

numbers = st.floats(-2, 2).map(lambda x: round(x, 2))
seeds = st.integers(0, 1000)
WAYS = ["function", "operator", "numpy", "method", "checkpoint"]
ways = st.sampled_from(WAYS)


class Pair:
    """A node of the package and the reference's; `ours` is None once the program has dropped it."""

    def __init__(self, ours, ref):
        self.ours, self.ref, self.weak = ours, ref, weakref.ref(ours)


def close(got, want):
    want = np.asarray(want)
    if not np.array_equal(got, want):                    # which is quick, and mostly so
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9 * (1 + np.abs(want).max(initial=0.0)))


def apply(name, way, *xs):
    """The op `name`, called in one of the ways there are."""
    op = OPS[name]
    nodes = [x for x in xs if isinstance(x, Node)]
    if way == "operator" and name in OPERATORS:
        return OPERATORS[name](*xs)
    if way == "method" and op.method and xs[0] is nodes[0]:
        return getattr(xs[0], name)(*xs[1:])
    if way == "numpy" and hasattr(np, name) and any(isinstance(x, Tensor) for x in xs):
        return getattr(np, name)(*xs)
    if way == "checkpoint":
        return checkpoint(op)(*xs)
    return op(*xs)


class Programs(RuleBasedStateMachine):
    """One program: nodes are made, differentiated, dropped, in any order."""

    Value = None
    pairs = Bundle("pairs")

    def __init__(self):
        super().__init__()
        self.held, self.all, self.workers, self.failures = [], [], [], []

    def add(self, ours, ref, recording=True):
        """A new pair, where the numbers and the graph stay small."""
        assert ours.is_leaf == (ref.is_leaf or not recording)
        if np.abs(ref.data).max(initial=0.0) > LARGEST or ref.paths > MOST_PATHS:
            return multiple()
        if not recording:
            ref = reference.Node(ref.data)
        pair = Pair(ours, ref)
        self.held.append(pair)
        self.all.append(pair)
        return pair

    def made(self, recording, ours, ref):
        """The pair of what two functions make, with or without recording."""
        if recording:
            return self.add(ours(), ref)
        with no_grad():
            return self.add(ours(), ref, recording=False)

    @initialize(target=pairs, seed=seeds, steps=st.integers(0, 20))
    def start(self, seed, steps):
        leaves = [self.value(x=1.5), self.tensor(shape=(2, 3), seed=seed), self.tensor(shape=(3,), seed=seed + 1)]
        return multiple(*leaves, *self.grown(seed, steps))

    # --- leaves ----------------------------------------------------------------------------------
    @rule(target=pairs, x=numbers)
    def value(self, x):
        return self.add(self.Value(x), reference.Node(x))

    @rule(target=pairs, shape=st.sampled_from(SHAPES), seed=seeds)
    def tensor(self, shape, seed):
        data = np.random.default_rng(seed).uniform(-1, 2, shape)
        return self.add(Tensor(data), reference.Node(data))

    @rule(target=pairs, x=pairs)
    def detached(self, x):
        return self.add(x.ours.detach(), reference.Node(x.ref.data))

    # --- ops -------------------------------------------------------------------------------------
    @rule(target=pairs, name=st.sampled_from(sorted(reference.UNARY)), x=pairs, way=ways, recording=st.booleans())
    def unary(self, name, x, way, recording):
        if not reference.applies(name, x.ref):
            return multiple()
        return self.made(recording, lambda: apply(name, way, x.ours), reference.elementwise(name, x.ref))

    def combined(self, name, ours, refs, way, recording=True):
        try:
            np.broadcast_shapes(*[reference.data_of(r).shape for r in refs])
        except ValueError:
            with pytest.raises(ValueError, match=name):
                OPS[name](*ours)
            return multiple()
        if not reference.applies(name, *refs):
            return multiple()
        return self.made(recording, lambda: apply(name, way, *ours), reference.elementwise(name, *refs))

    @rule(target=pairs, name=st.sampled_from(sorted(reference.BINARY)), x=pairs, y=pairs, way=ways,
          recording=st.integers(0, 4))
    def binary(self, name, x, y, way, recording):
        return self.combined(name, (x.ours, y.ours), (x.ref, y.ref), way, recording > 0)

    @rule(target=pairs, name=st.sampled_from(sorted(reference.BINARY)), x=pairs, way=ways, left=st.booleans(),
          shape=st.sampled_from(SHAPES[:6]), seed=seeds)
    def with_a_constant(self, name, x, way, left, shape, seed):
        c = np.random.default_rng(seed).uniform(0.3, 2, shape)
        c = float(c) if shape == () else c
        ours, refs = ((c, x.ours), (c, x.ref)) if left else ((x.ours, c), (x.ref, c))
        return self.combined(name, ours, refs, "function" if way == "method" and left else way)

    @rule(target=pairs, x=pairs, y=pairs, name=st.sampled_from(sorted(reference.BINARY)))
    def with_a_stopped_one(self, x, y, name):
        c = stop_gradient(y.ours)
        assert not isinstance(c, Node)
        return self.combined(name, (x.ours, c), (x.ref, y.ref.data), "function")

    @rule(target=pairs, x=pairs, y=pairs)
    def matmul(self, x, y):
        try:
            np.matmul(x.ref.data, y.ref.data)
        except ValueError:
            with pytest.raises((TypeError, ValueError)):
                x.ours @ y.ours
            return multiple()
        return self.add(x.ours @ y.ours, reference.affine(np.matmul, x.ref, y.ref))

    @rule(target=pairs, x=pairs, name=st.sampled_from(["sum", "mean"]), axis=st.sampled_from([None, 0, -1]),
          keepdims=st.booleans())
    def reduced(self, x, name, axis, keepdims):
        if (x.ref.data.ndim == 0 and axis is not None) or (name == "mean" and x.ref.data.size == 0):
            return multiple()
        f = lambda a: getattr(np, name)(a, axis=axis, keepdims=keepdims)
        return self.add(getattr(ag, name)(x.ours, axis=axis, keepdims=keepdims), reference.affine(f, x.ref))

    @rule(target=pairs, x=pairs, shape=st.sampled_from([(-1,), (1, -1), (-1, 1), (3, -1), (2, -1)]),
          order=st.sampled_from([None, "transpose"]))
    def reshaped(self, x, shape, order):
        data = x.ref.data
        if data.size == 0 or data.size % abs(np.prod(shape)):
            return multiple()
        f = lambda a: np.reshape(a.T if order else a, shape)
        ours = ag.transpose(x.ours) if order else x.ours
        return self.add(ag.reshape(ours, shape), reference.affine(f, x.ref))

    @rule(target=pairs, x=pairs, index=st.sampled_from([
        0, -1, slice(None, None, -1), slice(1, None), (Ellipsis, 0), (None, 0), [0, 0, -1], (slice(None), [1, 0, 1])]))
    def view(self, x, index):
        try:
            x.ref.data[index]
        except IndexError:
            return multiple()
        if isinstance(x.ours, BaseValue):
            return multiple()
        return self.add(x.ours[index], reference.affine(lambda a: a[index], x.ref))

    @rule(target=pairs, xs=st.lists(pairs, min_size=1, max_size=3), join=st.sampled_from(["concatenate", "stack"]),
          axis=st.sampled_from([0, -1]))
    def joined(self, xs, join, axis):
        f = lambda *arrays: getattr(np, join)(arrays, axis=axis)
        try:
            f(*[x.ref.data for x in xs])
        except ValueError:
            return multiple()
        return self.add(getattr(ag, join)([x.ours for x in xs], axis=axis), reference.affine(f, *[x.ref for x in xs]))

    @rule(target=pairs, x=pairs, y=pairs, seed=seeds)
    def chosen(self, x, y, seed):
        try:
            shape = np.broadcast_shapes(x.ref.data.shape, y.ref.data.shape)
        except ValueError:
            return multiple()
        mask = np.random.default_rng(seed).random(shape) < 0.5
        f = lambda a, b: np.where(mask, a, b)
        return self.add(ag.where(mask, x.ours, y.ours), reference.affine(f, x.ref, y.ref))

    @rule(target=pairs, seed=seeds, steps=st.integers(1, 12))
    def grow(self, seed, steps):
        return multiple(*self.grown(seed, steps))

    def grown(self, seed, steps):
        """Several ops at once, on nodes that are there: larger graphs than single steps make."""
        rng = np.random.default_rng(seed)
        grown = []
        if not self.held:
            return grown
        for _ in range(steps):
            x, y = (self.held[max(rng.integers(len(self.held), size=2))] for _ in "xy")
            made = [lambda x: self.unary(str(rng.choice(sorted(reference.UNARY))), x, "function", True),
                    lambda x, y=y: self.binary(str(rng.choice(sorted(reference.BINARY))), x, y, "function", 1),
                    lambda x, y=y: self.binary(str(rng.choice(["add", "multiply", "subtract"])), x, y, "operator", 1),
                    lambda x, y=y: self.matmul(x, y),
                    lambda x, y=y: self.joined([x, y], str(rng.choice(["concatenate", "stack"])), 0),
                    lambda x: self.reduced(x, "sum", None, bool(rng.random() < 0.5)),
                    lambda x: self.view(x, slice(None, None, -1))][rng.integers(7)](x)
            if isinstance(made, Pair):
                grown.append(made)
        return grown

    # --- derivatives -----------------------------------------------------------------------------
    @rule(x=pairs, seed=seeds, times=st.sampled_from([1, 1, 2]))
    def backward(self, x, seed, times):
        shape = x.ref.data.shape
        g = np.random.default_rng(seed).uniform(-1, 1, shape)
        for _ in range(times):
            x.ours.backward(g if shape else float(g))
            reference.backward(x.ref, g)

    @rule(x=pairs)
    def zero_grad(self, x):
        x.ours.zero_grad()
        x.ref.grad = None

    @rule(x=pairs, y=pairs, seed=seeds)
    def second_derivative(self, x, y, seed):
        """The gradient's own gradient against differences of the reference's gradient."""
        root, leaf = x.ref, y.ref
        if not leaf.is_leaf or not leaf.data.size or root is leaf or not root.depends_on(leaf):
            return
        rng = np.random.default_rng(seed)
        w, v = rng.normal(size=root.data.shape), rng.normal(size=leaf.data.shape)
        first = cotangents({x.ours: w if w.shape else float(w)}, create_graph=True)[y.ours]
        along = ag.sum(first * v) if isinstance(first, Node) else None
        second = cotangents({along: along._one()}).get(y.ours) if isinstance(along, Node) else None
        def gradient(t):
            root_t, leaf_t = reference.again(root, leaf, leaf.data + t * v)
            return reference.gradients(root_t, w)[leaf_t]
        want = central(gradient, 1e-5)
        got = np.zeros(leaf.data.shape) if second is None else np.asarray(second)
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-4 * (1 + np.abs(gradient(0.0)).max()))

    # --- the life of nodes -----------------------------------------------------------------------
    @rule(x=consumes(pairs), collect=st.booleans())
    def drop(self, x, collect):
        x.ours = None
        self.held.remove(x)
        if collect:
            gc.collect()

    @precondition(lambda self: len(self.workers) < 3)
    @rule(seed=seeds)
    def meanwhile(self, seed):
        """Another thread builds and differentiates a graph of its own."""
        def work():
            try:
                a = np.random.default_rng(seed).uniform(0.5, 1.5, 3)
                ours, ref = Tensor(a), reference.Node(a)
                y, r = ours, ref
                for name in ("sin", "exp", "tanh", "square"):
                    y, r = y * OPS[name](y), reference.elementwise("multiply", r, reference.elementwise(name, r))
                y.sum().backward()
                reference.backward(r, np.ones(3))
                assert y.data.tolist() == r.data.tolist()
                close(ours.grad, ref.grad)
            except BaseException as error:
                self.failures.append(error)
        thread = threading.Thread(target=work)
        thread.start()
        self.workers.append(thread)

    @invariant()
    def data_and_gradients_are_the_references(self):
        for pair in self.held:
            ours, ref = pair.ours, pair.ref
            assert ours.shape == ref.data.shape and ours.has_grad == (ref.grad is not None)
            close(ours.data, ref.data)
            if ref.grad is not None:
                close(ours.grad, ref.grad)
                assert type(ours.grad) is (float if isinstance(ours, BaseValue) else np.ndarray)

    @invariant()
    def what_nobody_holds_is_gone(self):
        below = set()

        def follow(node):
            if node not in below:
                below.add(node)
                for x in node.inputs:
                    if isinstance(x, reference.Node):
                        follow(x)
        for pair in self.held:
            follow(pair.ref)
        for pair in self.all:
            if pair.ref not in below:
                assert pair.weak() is None
            else:
                assert pair.weak() is not None
        self.all = [pair for pair in self.all if pair.ref in below]

    def teardown(self):
        for thread in self.workers:
            thread.join()
        if self.failures:
            raise self.failures[0]


QUICK = settings(max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("engine", ENGINES)
def test_programs(engine):
    machine = type(f"Programs_{engine}", (Programs,), {"Value": ENGINES[engine]})
    run_state_machine_as_test(machine, settings=QUICK)


@engines
def test_every_op_can_be_called_in_every_way(Value):
    for name in (*reference.UNARY, *reference.BINARY):
        for kind, way in itertools.product((Value, Tensor), WAYS):
            xs = [kind(0.6)] * OPS[name].arity
            with np.errstate(all="ignore"):
                assert np.array_equal(apply(name, way, *xs).data, OPS[name](*xs).data, equal_nan=True), (name, way)


def test_the_reference_knows_its_formulas():
    """Its derivatives are its own functions', and its functions the package's."""
    rng = np.random.default_rng(0)
    for table, n in ((reference.UNARY, 1), (reference.BINARY, 2)):
        for name, (f, partials, _) in table.items():
            checked = 0
            while checked < 5:
                xs = [rng.uniform(-2, 3, 1) for _ in range(n)]
                if not reference.applies(name, *xs):
                    continue
                checked += 1
                np.testing.assert_allclose(f(*xs), OPS[name].array(*xs, **OPS[name].params), rtol=1e-12, atol=1e-12)
                for i, partial in enumerate([partials] if n == 1 else partials):
                    up, down = ([x + s * 1e-6 * (i == j) for j, x in enumerate(xs)] for s in (1, -1))
                    np.testing.assert_allclose(np.broadcast_to(partial(*xs), 1), (f(*up) - f(*down)) / 2e-6, atol=1e-7)
