"""A leaf that is held fixed is to every op what its number or array would be."""

from __future__ import annotations

import copy
import pickle
import threading
from fractions import Fraction

import numpy as np
import pytest
from helpers.engines import engines
from helpers.op_checks import ARRAY, SCALAR, call, drawn, of, params_of, points
from helpers.tensor_bits import in_python, same
from helpers.twins import bits

import autograd_nn as ag
from autograd_nn import Tensor, Value, checkpoint, dot, no_grad, ops, sum_of
from autograd_nn.core.nary import weighted_sums
from autograd_nn.core.tensor import _apply
from autograd_nn.core.value import PureValue
from autograd_nn.errors import GraphError, UsageError


def fixed(leaf):
    leaf.requires_grad = False
    return leaf


def is_constant(node, data):
    recorded = node.op or node.inputs or node.requires_grad
    return not recorded and np.array_equal(node.data, data, equal_nan=True)


# --- every op of the table ------------------------------------------------------------------------

@pytest.mark.slow
@of(ARRAY)
def test_of_tensors_the_others_have_the_gradient_beside_a_plain_array(op, monkeypatch):
    for n, (shapes, params) in enumerate(op.cases):
        xs = [x.astype([np.float32, np.float64][n % 2]) for x in drawn(op, shapes)]
        for i in range(len(xs)):
            def run(constant, run_op, i=i, xs=xs, params=params):
                nodes = [constant(x) if j == i else Tensor(x) for j, x in enumerate(xs)]
                y = run_op(nodes, params)
                if not isinstance(y, Tensor):                # of a plain array
                    return [y]
                if y.requires_grad:
                    y.backward(np.random.default_rng(0).normal(size=y.shape))
                return [y.data, *(x.grad for j, x in enumerate(nodes) if j != i)]
            want = run(lambda x: x, lambda nodes, params: call(op, nodes, params))
            got = run(lambda x: fixed(Tensor(x)), lambda nodes, params: call(op, nodes, params))
            same([np.asarray(want[0]), *want[1:]], got)
            in_order = {**op.params, **params}
            pure = in_python(monkeypatch, lambda run=run, in_order=in_order: run(
                lambda a: fixed(Tensor(a)), lambda nodes, _: _apply(op, tuple(nodes), in_order)))
            same(got, pure)


@of(SCALAR)
@engines
def test_of_values_the_others_have_the_gradient_beside_a_plain_number(op, Value):
    for xs in points(op, 15):
        for i in range(len(xs)):
            found = []
            for constant in (lambda x: x, lambda x: fixed(Value(x))):
                nodes = [constant(x) if j == i else Value(x) for j, x in enumerate(xs)]
                y = op(*nodes, **params_of(op))
                if not isinstance(y, Value):                 # of a plain number
                    found.append([bits(float(y))])
                    continue
                if y.requires_grad:
                    y.backward()
                found.append([bits(y.data), *(x.grad for j, x in enumerate(nodes) if j != i)])
                if len(xs) == 1:
                    assert is_constant(y, y.data)
                else:
                    assert type(y.inputs[i]) is float and not y.is_leaf
            assert found[0] == found[1], (xs, i)


@engines
def test_operators_methods_and_functions_of_numpy(Value):
    w, c = Value(3.0), fixed(Value(2.0))
    for f in (lambda a, b: a + b, lambda a, b: b - a, lambda a, b: a ** b, lambda a, b: b % a, np.multiply,
              lambda a, b: np.hypot(b, a), lambda a, b: ops.maximum(a, b)):
        got, want = f(w, c), f(w, 2.0)
        assert got.data == want.data and all(type(x) in (Value, float) for x in got.inputs)
        assert [x for x in got.inputs if isinstance(x, Value)] == [w]
    for y in (c.exp(), np.exp(c), -c, abs(c), c * 2, 2 * c, c / c, np.float64(2) * c, c ** 2, sum_of([c, 1.0, c]),
              dot([c], [3.0], c), dot([c], [c]), ops.clip(c, 0.0, 1.0)):
        assert type(y) is Value and is_constant(y, y.data), y
    assert c.exp().data == Value(2.0).exp().data


@engines
def test_sums_of_many(Value):
    w, x, c = Value(3.0), Value(5.0), fixed(Value(2.0))
    y = sum_of([w, c, 1, x])
    assert y.inputs == (w, 2.0, 1, x) and type(y.inputs[1]) is float and y.data == 11.0
    y = dot([w, c], [c, x], bias=c)
    y.backward()
    assert (y.data, w.grad, x.grad, c.has_grad) == (18.0, 2.0, 2.0, False)
    weight = np.array([[Value(1.0), fixed(Value(2.0))], [Value(3.0), fixed(Value(4.0))]])
    bias = np.array([fixed(Value(5.0)), Value(6.0)])
    y = weighted_sums(weight, np.array([[1.0, 2.0], [3.0, 4.0]]), bias)
    assert y[1, 0].inputs == (weight[0, 0], 2.0, 3.0, 4.0, 5.0)
    sum_of(list(y.flat)).backward()
    assert [weight[0, 0].grad, weight[1, 0].grad, bias[1].grad] == [4.0, 4.0, 2.0]
    assert not any(v.has_grad for v in (weight[0, 1], weight[1, 1], bias[0]))
    y = weighted_sums(weight[:, 1:], np.array([[3.0]]), None)
    assert [is_constant(v, x) for v, x in zip(y.flat, [6.0, 12.0])] == [True, True]


def test_a_value_beside_tensors_and_a_tensor_beside_values():
    t, v, c, d = Tensor([1.0, 2.0]), Value(3.0), fixed(Value(2.0)), fixed(Tensor([5.0, 7.0], np.float32))
    for y, want in ((t * c, t * 2.0), (v * d, v * d.data), (ops.stack([v, c]), ops.stack([v, 2.0]))):
        assert y.dtype == want.dtype and np.array_equal(y.data, want.data)
        assert sum(isinstance(x, (Tensor, ag.Value)) for x in y.inputs) == 1
    assert is_constant(c * d, np.array([10.0, 14.0], np.float32)) and is_constant(ops.stack([c, c]), [2.0, 2.0])
    assert (t @ d).inputs[1] is d.data


# --- what it is to fix and to free ----------------------------------------------------------------

@pytest.mark.parametrize("make", [lambda: Value(2.0, name="w"), lambda: PureValue(2.0, name="w"),
                                  lambda: Tensor([2.0, 3.0], name="w")], ids=["Value", "PureValue", "Tensor"])
def test_a_leaf_is_fixed_and_freed(make):
    w = make()
    assert w.requires_grad and "requires_grad" not in repr(w)
    (w * w).sum().backward() if isinstance(w, Tensor) else (w * w).backward()
    w.requires_grad = False
    assert not w.has_grad and not w.requires_grad and repr(w).endswith("name='w', requires_grad=False)")
    w.zero_grad()
    w.grad = None
    with pytest.raises(GraphError, match=r"w is fixed.*so it has no gradient"):
        w.grad = w.data
    y = w * w
    assert is_constant(y, w.data * w.data) and "requires_grad=False" in repr(y)
    with pytest.raises(GraphError, match="is a constant: nothing that it was computed from requires a gradient"):
        y.backward(y.data)
    w.requires_grad = False                                  # again
    w.data = w.data + 1                                      # between graphs
    w.requires_grad = True
    y = w * w
    assert y.inputs == (w, w) and y.requires_grad
    with pytest.raises(GraphError, match=r"requires_grad: this node was made by multiply(.|\n)*detach"):
        y.requires_grad = False
    y.requires_grad = True
    with pytest.raises(UsageError, match="requires_grad"):
        w.requires_grad = "no"
    assert w.detach().requires_grad and w.requires_grad


@pytest.mark.parametrize("kind", [Value, PureValue, Tensor])
def test_a_leaf_that_is_fixed_after_the_graph_was_made_gets_no_gradient(kind):
    for through in ("fixed before the pass", "freed again"):
        w, x = kind(2.0), kind(3.0)
        y = w * x + w.exp()
        w.requires_grad = False
        if through == "freed again":
            w.requires_grad = True
        y.backward()
        assert w.has_grad == (through == "freed again") and x.grad == 2.0
    w, x = kind(2.0), kind(3.0)
    y = w * x
    w.requires_grad = False
    y.backward(create_graph=True)
    assert not w.has_grad and x.grad.item() == 2.0


@pytest.mark.parametrize("kind", [Value, PureValue, Tensor])
def test_copies_and_pickles(kind):
    w = fixed(kind(2.0, name="w"))
    made = w * 3.0
    for copied in (copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))):
        other = copied(w)
        assert other is not w and other.name == "w" and is_constant(other, 2.0) and type(other) is kind
        other.requires_grad = True
        assert not w.requires_grad
        assert copied(kind(1.0)).requires_grad and is_constant(copied(made), 6.0)
    assert copy.copy(made) is made and copy.deepcopy(made) is made
    x = kind(5.0)
    y = pickle.loads(pickle.dumps((w * x, w)))
    assert y[0].inputs[1].requires_grad and is_constant(y[1], 2.0)


def test_a_pickle_of_either_engine_is_read_by_the_other():
    for kind, other in ((Value, PureValue), (PureValue, Value)):
        w = fixed(kind(2.0))
        function, args = w.__reduce__()
        assert is_constant(function(other, *args[1:]), 2.0)


@engines
def test_a_graph_whose_leaf_was_fixed_later_is_the_same_in_a_pickle(Value):
    for op in (ops.multiply, ops.maximum, ops.where, sum_of, lambda a, b, *_: dot([a], [b])):
        w, c = Value(3.0), Value(2.0)
        y = op([w, c, w]) if op is sum_of else op(w, c, *(w,) * (op is ops.where))
        c.requires_grad = False
        read = pickle.loads(pickle.dumps(y))
        assert [n.requires_grad for n in ag.topological(read)] == [n.requires_grad for n in ag.topological(y)]
        read.backward()
        y.backward()
        leaves = [n for n in ag.topological(read) if n.is_leaf]
        assert [(n.grad, n.has_grad) for n in leaves] == [(w.grad, w.has_grad), (0.0, False)]
        c.data = 5.0
        for z in (pickle.loads(pickle.dumps(y)), y) if op is ops.multiply else ():
            with pytest.raises(GraphError, match="was assigned after the forward pass"):
                z.backward()


def test_an_error_names_a_fixed_leaf():
    w = fixed(Tensor(np.ones((2, 3)), name="kernel"))
    with pytest.raises(ag.errors.ShapeError, match=r"kernel"):
        Tensor(np.ones((2, 3))) @ w


@engines
def test_what_a_fixed_leaf_held_when_an_op_used_it_is_what_counts(Value):
    w, c = Value(3.0), fixed(Value(2.0))
    y = w * c
    c.data = 100.0
    y.backward()
    assert w.grad == 2.0
    t, d = Tensor([1.0, 2.0]), fixed(Tensor([3.0, 4.0]))
    z = (t * d).sum()
    d.data = [0.0, 0.0]
    z.backward()
    assert t.grad.tolist() == [3.0, 4.0]


def test_modes():
    c = fixed(Tensor([1.0, 0.0]))
    with no_grad():
        assert is_constant(c * 2, [2.0, 0.0]) and (Tensor([1.0]) * 2).requires_grad
    with ag.check_finite(), np.errstate(all="ignore"), pytest.raises(ag.errors.NonFiniteError, match="log gave"):
        c.log()
    assert is_constant(c * Fraction(1, 2), [0.5, 0.0])


def test_in_a_checkpoint_a_fixed_leaf_is_a_constant_given_or_closed_over():
    c, x = fixed(Tensor([2.0, 3.0])), Tensor([0.5, 0.25])
    for f, args in ((lambda x: (x * c).exp() * (c + 1), (x,)), (lambda x, c: (x * c).exp() * (c + 1), (x, c))):
        x.zero_grad()
        y = checkpoint(f)(*args)
        assert [i for i in y.inputs if isinstance(i, Tensor)] == [x]
        y.sum().backward()
        got = x.grad
        x.zero_grad()
        f(*args).sum().backward()
        assert np.array_equal(got, x.grad) and not c.has_grad
    assert np.array_equal(checkpoint(lambda c: c * 2)(c), [4.0, 6.0])


# --- transforms -----------------------------------------------------------------------------------

def test_transforms_differentiate_by_their_arguments_and_take_a_fixed_leaf_that_they_close_over_for_data():
    c = fixed(Tensor([2.0, 3.0]))
    given = ag.grad(lambda t: (t * t).sum())(c)
    assert np.array_equal(given.data, [4.0, 6.0])
    for got in (ag.grad(lambda x: (x * c).sum())(2.0), ag.jacobian(lambda x: c * x)(1.0),
                ag.jvp(lambda x: c * x, (1.0,), (1.0,))[1], ag.value_and_grad(lambda x: (c * x).sum())(2.0)[1]):
        assert not isinstance(got, Tensor)
    assert np.array_equal(ag.jacobian(lambda x: c * 2)(1.0), [0.0, 0.0])
    assert np.array_equal(ag.jvp(lambda x: c * 2, (1.0,), (1.0,))[1], [0.0, 0.0])
    want = ag.hessian(lambda x: (np.array([2.0, 3.0]) * x ** 3).sum())(np.array([1.0, 2.0]))
    assert np.array_equal(ag.hessian(lambda x: (c * x ** 3).sum())(np.array([1.0, 2.0])), want)


def test_fft_of_a_fixed_leaf():
    c, x = fixed(Tensor([1.0, 2.0, 4.0])), Tensor([1.0, 0.0, 2.0])
    both = ag.fft.fft(c) * ag.fft.fft(x)
    ag.fft.ifft(both).real.sum().backward()
    assert np.allclose(x.grad, 7.0) and is_constant(ag.fft.fft(c).real, np.fft.fft(c.data).real)


# --- threads --------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", [Value, PureValue, Tensor])
def test_while_another_thread_differentiates_a_fixed_leaf_never_ends_with_a_gradient(kind):
    w, stop = kind(2.0), threading.Event()

    def differentiate():
        while not stop.is_set():
            y = w * w * 2.0
            if y.requires_grad:
                y.backward()

    thread = threading.Thread(target=differentiate)
    thread.start()
    try:
        for _ in range(300):
            w.requires_grad = False
            assert not w.has_grad
            w.requires_grad = True
    finally:
        stop.set()
        thread.join()
