"""Data that are assigned between forward and backward: the gradient is right, or an error says what to do."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from helpers.engines import engines

import autograd_nn as ag
from autograd_nn import Op, Tensor, checkpoint, dot, errors, nn, optim, sum_of

WAYS = {
    "data =": lambda x: setattr(x, "data", 5.0),
    "data +=": lambda x: setattr(x, "data", x.data + 1.0),
    "the same number": lambda x: setattr(x, "data", x.data),
    "_take": lambda x: x._take(5.0),
    "__init__": lambda x: x.__init__(5.0, name="x"),
    "SGD": lambda x: step(optim.SGD([x], lr=0.1), x), "momentum": lambda x: step(optim.SGD([x], 0.1, momentum=0.9), x),
    "Adam": lambda x: step(optim.Adam([x], lr=0.1), x), "RMSprop": lambda x: step(optim.RMSprop([x], lr=0.1), x),
    "LBFGS": lambda x: optim.LBFGS([x]).step(lambda: closure(x)),
    "load_state_dict": lambda x: Holder(x).load_state_dict({"x": np.array(5.0)}),
}


class Holder(nn.Module):
    def __init__(self, x):
        self.x = x


def step(optimizer, x):
    before = x.grad if x.has_grad else None
    x.grad = 1.0
    optimizer.step()
    x.grad = before


def closure(x):
    x.zero_grad()
    loss = (x - 5.0) ** 2
    loss.backward()
    return loss


GRAPHS = {
    "x * x": lambda x: x * x, "deep": lambda x: ((x * x).tanh() + 1.0) * 2.0,
    "sum_of": lambda x: sum_of([x * x, x, 1.0]),
    "dot": lambda x: dot([x, x], [x, 2.0], x), "where": lambda x: ag.where(x > 0, x * x, x),
    "clip": lambda x: x.clip(-9.0, 9.0) * x, "tensor": lambda x: (Tensor([1.0, 2.0]) * x * x).sum(),
    "leaky_relu": lambda x: (x * x).leaky_relu(0.1), "checkpoint": lambda x: checkpoint(lambda x: x * x * x)(x),
}


@engines
def test_a_value_that_was_used_is_refused(Value):
    for way, assign in WAYS.items():
        for name, f in GRAPHS.items():
            x = Value(2.0, name="x")
            y = f(x)
            y.backward()
            before = x.grad
            assign(x)
            for create_graph in (False, True, False):
                x.grad = 7.0
                try:
                    y.backward(create_graph=create_graph)
                except errors.GraphError as error:
                    assert "x was assigned" in str(error) or "checkpoint" in str(error), (way, name)
                    assert x.grad == 7.0
                else:                                    # a Tensor has recorded the number, if it is the same
                    assert (name == "tensor" and not create_graph) or way == "the same number", (way, name)
                    assert getattr(x.grad, "data", x.grad) == before + 7.0, (way, name)
            x.zero_grad()
            f(x).backward()                              # a new forward pass
            fresh = Value(x.data)
            f(fresh).backward()
            assert x.grad == fresh.grad, (way, name)


@engines
def test_transforms_and_leaves_are_refused_too(Value):
    x, w = Value(2.0, name="x"), Value(3.0)
    y = x * w
    x.data = 5.0
    for _ in range(2):
        with pytest.raises(errors.GraphError, match="x was assigned"):
            ag.core.below.cotangents_of([w], {y: 1.0})
    assert list(ag.core.below.ends_below([y])) == [x, w]


@engines
def test_what_does_not_read_the_number_is_right(Value):
    """An input that is used anew at every step: its sum needs no number."""
    x, w, h = Value(1.0), Value(0.5), 0.0
    for number in (1.0, 2.0, 3.0):
        x.data = number
        h = h * w + x
    h.backward()
    assert x.grad == 1.0 + 0.5 + 0.25 and w.grad == 1.0 * 0.5 + (1.0 * 0.5 + 2.0)
    y = x * 3.0 - 1.0
    x.data = 9.0
    x.zero_grad()
    y.backward()
    assert x.grad == 3.0


@engines
def test_a_loop_assigns_between_steps(Value):
    x = Value(3.0)
    for _ in range(5):
        x.zero_grad()
        loss = (x * x).tanh() + x * x
        loss.backward()
        x.data = x.data - 0.1 * x.grad
        x.data = x.data * 0.5
    assert x.data < 3.0


@engines
def test_a_node_that_an_op_made_keeps_its_data(Value):
    for y in (Value(2.0) * 3.0, Tensor([1.0, 2.0]) * 3.0):
        before = np.array(y.data)
        with pytest.raises(errors.GraphError, match=r"multiply.*cannot be assigned"):
            y.data = 0.0 * y.data
        with pytest.raises(TypeError, match="initialized again"):
            y.__init__(0.0 * y.data)
        np.testing.assert_array_equal(y.data, before)


@engines
def test_a_copy_is_no_fresher_than_its_original(Value):
    x = Value(2.0, name="x")
    y = x * x
    fresh = pickle.loads(pickle.dumps(y))
    fresh.backward()
    x.data = 5.0
    for other in (copy.copy(y), copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
        with pytest.raises(errors.GraphError, match="x was assigned"):
            other.backward()
    t = Tensor([1.0, 2.0])
    y = (t * t).sum()
    t.data = [5.0, 5.0]
    other = pickle.loads(pickle.dumps(y))
    other.backward()
    (leaf,) = ag.core.below.ends_below([other])
    assert leaf.data.tolist() == [5.0, 5.0] and leaf.grad.tolist() == [2.0, 4.0]
    with pytest.raises(errors.GraphError, match="was assigned"):
        other.backward(create_graph=True)


# --- arrays -------------------------------------------------------------------------------------------

def arrays_of(t, c, y):
    """Every array that can be got hold of: of a leaf, a constant, a node between, what is behind them."""
    index = t[np.array([1, 0])]
    return {"data": t.data, "a node's": y.data, "a view": t.data[:1], "T": t.data.T, "detached": t.detach().data,
            "stopped": ag.stop_gradient(t), "an input": y.inputs[1], "a parameter": index.params["index"],
            "base": t.data.base, "a constant's base": y.inputs[1].base, "reshaped": t.reshape(-1).data,
            "state": Holder(t).state_dict()["x"], "nn.Buffer": nn.Buffer(np.ones(2)).data}


def test_no_array_of_a_graph_can_be_made_writable():
    t, c = Tensor([1.0, 2.0]), np.array([3.0, 4.0])
    for name in arrays_of(t, c, t * c):
        y = t * c
        array = arrays_of(t, c, y)[name]
        with pytest.raises((ValueError, AttributeError)):
            array.setflags(write=True)
        with pytest.raises((ValueError, AttributeError)):
            array.flags.writeable = True
        with pytest.raises((ValueError, TypeError)):
            array[...] = 9.0


def test_a_constant_is_copied_unless_nobody_can_change_it():
    c = np.array([3.0, 4.0])
    c.setflags(write=False)
    t = Tensor([1.0, 2.0])
    y = (t * c).sum()
    c.setflags(write=True)
    c[:] = 0
    c.setflags(write=False)
    y.backward()
    assert t.grad.tolist() == [3.0, 4.0]
    frozen = t.data
    assert (t * frozen).inputs[1] is frozen


def test_functions_that_hold_on_to_their_arrays(forget):
    """An op that writes into its operands, or into what it gave before, is refused by NumPy."""
    buffer = np.zeros(3)

    def reused(x):
        np.multiply(x, 2.0, out=buffer)
        return buffer

    def in_place(x):
        x *= 2.0
        return x

    def reused_rule(g, y, x):
        other[:] = g * 2.0
        return other

    def rule_in_place(g, y, x):
        g *= 2.0
        return g

    twice = lambda x: x * 2.0
    good = lambda g, y, x: g * 2.0
    cases = [(reused, good), (in_place, good), (twice, reused_rule), (twice, rule_in_place)]
    for number, (f, rule) in enumerate(cases):
        op, other = Op(f"careless{number}", None, f, rule, tex="{0}"), np.zeros(3)
        t = Tensor([1.0, 2.0, 3.0])
        middle = t * 1.0
        try:
            y = op(middle) * op(t + 1.0) + middle
            y.backward(np.ones(3))
        except ValueError as error:
            assert "read-only" in str(error)
            assert t.data.tolist() == [1.0, 2.0, 3.0] and middle.data.tolist() == [1.0, 2.0, 3.0]
        else:
            assert t.grad.tolist() == [13.0, 21.0, 29.0]


def test_a_seed_stays_the_callers():
    t, seed = Tensor([1.0, 2.0]), np.ones(2)
    y = t * 3.0
    y.backward(seed)
    (_, pull), _ = ag.vjp(lambda a: a * 3.0, np.ones(2)), None
    (g,) = pull(seed)
    seed += 1.0
    assert t.grad.tolist() == g.tolist() == [3.0, 3.0]
