"""What a function keeps of a run and uses in the next is a constant there, and does not hold the runs before."""

from __future__ import annotations

import gc
import pickle
import weakref

import numpy as np
import pytest
from helpers.threads import in_threads

import autograd_nn as ag
from autograd_nn import Tensor, Value, elementwise_grad, grad, hessian, hvp, jacobian, jvp, nn, value_and_grad, vjp
from autograd_nn.core.node import Node, topological
from autograd_nn.drawing import trace

one = lambda x: np.ones_like(x) if isinstance(x, np.ndarray) else 1.0


def unrecorded(f, x):
    with ag.no_grad():
        return grad(f)(x)


TRANSFORMS = {
    "grad": lambda f, x: grad(f)(x), "value_and_grad": lambda f, x: value_and_grad(f)(x)[1], "no_grad": unrecorded,
    "aux": lambda f, x: grad(lambda x: (np.sum(x * x), f(x)), has_aux=True)(x)[0],
    "elementwise_grad": lambda f, x: elementwise_grad(f)(x), "vjp": lambda f, x: vjp(f, x)[1](1.0)[0],
    "jacobian": lambda f, x: jacobian(f)(x), "jvp": lambda f, x: jvp(f, (x,), (one(x),))[1],
    "hessian": lambda f, x: hessian(f)(x), "hvp": lambda f, x: hvp(f, x, one(x)),
    "grad of grad": lambda f, x: grad(lambda x: np.sum(grad(f)(x)))(x),
    "inner": lambda f, x: grad(lambda y: y * np.sum(grad(f)(x)))(1.0),
}
each = pytest.mark.parametrize("x", [0.5, np.array([0.5, -0.25])], ids=["number", "array"])


def recurrent(x):
    """f, whose state goes from run to run, and where it is."""
    state = [x * 0.0]

    def f(y):
        state[0] = np.tanh(y + 0.5 * state[0])
        return np.sum(state[0] * state[0])
    return f, state


@each
def test_the_history_of_what_is_kept_does_not_grow(x):
    for name, transform in TRANSFORMS.items():
        f, state = recurrent(x)
        sizes = []
        for _ in range(12):
            transform(f, x)
            sizes.append(len(topological([state[0]])) if isinstance(state[0], Node) else 0)
        assert len({*sizes[2:]}) == 1 and sizes[-1] < 12, (name, sizes)


@each
def test_the_numbers_are_those_of_a_constant_state(x):
    for name, transform in TRANSFORMS.items():
        if " of " in name or name in ("hvp", "hessian", "inner", "aux"):
            continue
        f, state = recurrent(x)
        for _ in range(5):
            before = state[0].data if isinstance(state[0], Node) else state[0]
            expected = 2 * np.tanh(x + 0.5 * before) * (1 - np.tanh(x + 0.5 * before) ** 2)
            found = transform(f, x)
            np.testing.assert_allclose(found, np.sum(expected) if name == "jvp" else expected, rtol=1e-12, err_msg=name)
            assert not isinstance(found, Node)


@each
def test_the_first_run_is_freed(x):
    f, state = recurrent(x)
    grad(f)(x)
    first = weakref.ref(state[0])
    for _ in range(3):
        grad(f)(x)
    gc.collect()
    assert first() is None


@each
def test_a_pull_that_is_kept_has_its_history(x):
    """The next run's state is made of this one's: that it is a constant there takes nothing from the pull."""
    f, _ = recurrent(x)
    _, pull = vjp(f, x)
    want = pull(1.0)[0]
    for _ in range(3):
        grad(f)(x)
        np.testing.assert_array_equal(pull(1.0)[0], want)
    late = vjp(lambda s: f(x) * np.sum(s), x)[1]
    for _ in range(3):
        grad(f)(x)
    np.testing.assert_array_equal(late(1.0)[0], late(1.0)[0])


@each
def test_what_a_user_s_node_is_part_of_is_not_forgotten(x):
    w = Value(2.0) if isinstance(x, float) else Tensor([2.0, 3.0])
    kept = []

    def f(y):
        kept.append(np.sum(y * w + (kept[-1] if kept else 0.0)))
        return kept[-1]
    found = [grad(f)(x) for _ in range(3)]
    assert all(isinstance(g, Node) for g in found)
    kept[-1].backward()
    np.testing.assert_allclose(w.grad, x * 3 if isinstance(x, float) else x * (1 + 2 + 4))


@each
def test_an_outer_variable_is_not_forgotten_while_it_runs(x):
    def outer(b):
        f, state = recurrent(x)
        total = 0.0
        for _ in range(4):
            total = total + np.sum(grad(lambda y: f(y * b))(x))
        return total + np.sum(state[0])

    def by_hand(b):
        h, total = x * 0.0, 0.0
        for _ in range(4):
            total = total + np.sum(grad(lambda y, h=h: np.sum(np.tanh(y * b + 0.5 * h) ** 2))(x))
            h = np.tanh(x * b + 0.5 * h)
        return total + np.sum(h)
    for transform in (TRANSFORMS[name] for name in ("grad", "vjp", "jacobian", "jvp", "hessian", "hvp")):
        np.testing.assert_allclose(transform(outer, 0.7), transform(by_hand, 0.7), rtol=1e-12)


def test_a_checkpoint_s_second_run_keeps_its_variables():
    """A grad inside two checkpoints closes over what the outer one made of its arguments."""
    def inner(y):
        return np.sum(y * grad(lambda z: np.sum(z * z * y))(np.array([1.0, 2.0])))
    f = ag.checkpoint(lambda y: inner(y * 2.0) + ag.checkpoint(lambda z: inner(z))(y * 3.0))
    x = np.array([0.5, -0.25])
    want = grad(lambda y: inner(y * 2.0) + inner(y * 3.0))(x)
    np.testing.assert_allclose(grad(f)(x), want)
    t = Tensor(x)
    f(t).backward()
    np.testing.assert_allclose(t.grad, want)


@pytest.mark.slow
@each
def test_threads_that_share_a_state(x):
    """One thread's run may forget what another's backward pass goes through: that is a constant there as well."""
    f, _ = recurrent(x)

    def work(i):
        for _ in range(60):
            assert np.all(np.isfinite(grad(f)(x)))
    in_threads(work, 4)


def test_a_recording_shows_all_runs():
    f, state = recurrent(0.5)
    with trace():
        for _ in range(3):
            grad(f)(0.5)
    assert sum(node.op is not None and node.op.name == "tanh" for node in topological([state[0]])) == 3


class Net(nn.Module):
    def __init__(self):
        self.w, self.h = Tensor([2.0]), np.zeros(1)

    def forward(self, x):
        self.h = np.tanh(x + self.h)
        return np.sum(self.h * self.w)


def test_what_is_kept_in_a_module_is_no_parameter():
    net = Net()
    for _ in range(3):
        grad(lambda x: net(x))(np.ones(1))
        other = pickle.loads(pickle.dumps(net))
        for made in (net, other):
            assert [*made.state_dict()] == ["w"] and isinstance(made.h, Node)
        assert [*grad(lambda m: m(np.ones(1)))(other)] == ["w"]
        assert [*pickle.loads(pickle.dumps(other)).state_dict()] == ["w"]
    h = net.h
    grad(lambda x: np.sum(x * h))(np.ones(1))
    assert h.is_leaf and [*pickle.loads(pickle.dumps(net)).state_dict()] == [*net.state_dict()] == ["w"]
