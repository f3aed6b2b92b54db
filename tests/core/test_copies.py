"""Copies: of a leaf another leaf, which shares nothing; of what is computed the node itself, with its gradient."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from helpers.engines import engines

import autograd_nn as ag
from autograd_nn import Tensor, Value, checkpoint, grad, hessian, jvp, nn, optim, vjp
from autograd_nn.errors import LeavesGraphError


@dataclasses.dataclass
class Pair:
    a: object
    b: object = 1.0


def round_trip(x):
    return pickle.loads(pickle.dumps(x))


class Kept(Value):
    """A class of a program's own."""


COPIES = {
    "copy": copy.copy, "deepcopy": copy.deepcopy, "__copy__": lambda x: x.__copy__(),
    "a list": lambda x: copy.deepcopy([x])[0], "a tuple in a dict": lambda x: copy.deepcopy({"a": (x, 1)})["a"][0],
    "a dataclass": lambda x: copy.deepcopy(Pair(x)).a, "replace": lambda x: dataclasses.replace(Pair(x), b=2.0).a,
    "of a result": lambda x: copy.deepcopy(x * 1.0), "shallow, of a result": lambda x: copy.copy(x * 1.0),
    "twice": lambda x: copy.copy(copy.deepcopy(copy.copy(x))), "np.copy": np.copy,
}
ONLY_NUMBERS = {"an array of objects": lambda x: copy.deepcopy(ag.ops._carriers.array_of([x, None], (2,)))[0]}
REFUSED = {"a pickle": round_trip, "a pickle of a list": lambda x: round_trip([x])[0],
           "a pickle of a result": lambda x: round_trip(x * 1.0), "float": float, "int": int}
# Each gives the derivative, or the second derivative, of f(x) = x^2 + 2 c(x) x, elementwise.
DERIVATIVES = {
    "grad": (1, lambda f, x: grad(lambda x: np.sum(f(x)))(x)),
    "jvp": (1, lambda f, x: jvp(f, (x,), (x * 0 + 1.0,))[1]),
    "vjp": (1, lambda f, x: vjp(f, x)[1](x * 0 + 1.0)[0]),
    "grad of checkpoint": (1, lambda f, x: grad(lambda x: np.sum(checkpoint(f)(x)))(x)),
    "jvp of checkpoint": (1, lambda f, x: jvp(checkpoint(f), (x,), (x * 0 + 1.0,))[1]),
    "hessian": (2, lambda f, x: np.sum(hessian(lambda x: np.sum(f(x)))(x), axis=-1) if np.ndim(x) else hessian(f)(x)),
    "grad of grad": (2, lambda f, x: grad(lambda x: np.sum(grad(lambda x: np.sum(f(x)))(x)))(x)),
    "jvp of grad": (2, lambda f, x: jvp(grad(lambda x: np.sum(f(x))), (x,), (x * 0 + 1.0,))[1]),
    "grad of jvp": (2, lambda f, x: grad(lambda x: np.sum(jvp(f, (x,), (x * 0 + 1.0,))[1]))(x)),
    "jvp of jvp": (2, lambda f, x: jvp(lambda x: jvp(f, (x,), (x * 0 + 1.0,))[1], (x,), (x * 0 + 1.0,))[1]),
    "hessian of checkpoint": (2, lambda f, x: grad(lambda x: np.sum(grad(lambda x: np.sum(checkpoint(f)(x)))(x)))(x)),
}


def cases():
    for x in (1.5, np.array([1.0, -2.0, 0.5]), np.array([1.0, 2.0], np.float32)):
        for name, (order, derivative) in DERIVATIVES.items():
            yield name, x, derivative, 6.0 * x if order == 1 else 6.0 + 0 * x


def test_a_copy_inside_a_differentiated_function_keeps_the_gradient():
    for name, x, derivative, want in cases():
        for how, c in (COPIES | (ONLY_NUMBERS if np.ndim(x) == 0 else {})).items():
            found = derivative(lambda x, c=c: x * x + 2 * c(x) * x, x)
            np.testing.assert_allclose(found, want, err_msg=f"{name} of {how} at {x}")


def test_what_would_lose_it_raises():
    for name, x, derivative, _ in cases():
        for how, c in REFUSED.items():
            with pytest.raises(LeavesGraphError):
                derivative(lambda x, c=c: x * x + 2 * c(x) * x, x)
                pytest.fail(f"{name} of {how} at {x} went through")
    with pytest.raises(LeavesGraphError, match=r"inside the function that a transform differ[^$]*deepcopy"):
        grad(lambda x: round_trip(x))(1.0)


@engines
def test_a_copy_of_what_is_computed_keeps_the_gradient_in_backward(Value):
    for w in (Value(3.0), Tensor([1.0, 2.0])):
        for c in (copy.copy, copy.deepcopy, lambda y: copy.deepcopy({"a": [y]})["a"][0]):
            w.zero_grad()
            y = w * w
            np.sum(y + 2 * c(y)).backward()
            np.testing.assert_array_equal(w.grad, 6 * w.data)


def test_modules_inside_a_differentiated_function():
    net = nn.MLP(2, 3, 1, rng=0)
    x = np.array([[0.3, -0.4]])
    loss = lambda net: (net(x) ** 2).sum()
    want = grad(loss)(net)
    v = {name: np.ones_like(g) for name, g in want.items()}
    for c in (copy.copy, copy.deepcopy, lambda net: copy.deepcopy({"a": net})["a"]):
        found = grad(lambda net, c=c: loss(c(net)))(net)
        along = jvp(lambda net, c=c: loss(c(net)), (net,), (v,))[1]
        again = grad(lambda net, c=c: checkpoint(lambda net: loss(c(net)))(net))(net)
        np.testing.assert_allclose(along, sum(np.sum(g) for g in want.values()), rtol=1e-5)
        for name, g in want.items():
            np.testing.assert_array_equal(found[name], g)
            np.testing.assert_allclose(again[name], g, rtol=1e-6)
    with pytest.raises(LeavesGraphError):
        grad(lambda net: loss(round_trip(net)))(net)


def test_a_thread_of_f_sees_its_variables():
    import threading
    found = []

    def f(x):
        thread = threading.Thread(target=lambda: found.append(copy.deepcopy(x)))
        thread.start()
        thread.join()
        return x * found[-1]
    assert grad(f)(3.0) == 6.0


def test_a_variable_that_has_served_is_a_constant_and_its_copies_are():
    kept = []
    grad(lambda x: kept.append(x) or x * x)(2.0)
    for c in (copy.copy, copy.deepcopy):
        found = grad(lambda x, c=c: x * c(kept[0]))(3.0)
        assert type(found) is float and found == 2.0
    assert round_trip(kept[0]).data == 2.0


def test_leaves_made_by_the_program_inside_are_copied():
    w = Value(2.0)
    other = []
    assert grad(lambda x: other.append(copy.deepcopy(w)) or x * 3.0)(1.0) == 3.0
    assert other[0] is not w and other[0].data == 2.0


# --- what a copy of a leaf shares with it ------------------------------------------------------------

def test_copies_of_leaves_share_no_gradient_and_no_memory():
    for leaf in (Value(2.0, name="w"), Tensor([1.0, -0.0], name="w"), Tensor(np.float32(2.0), name="w")):
        (leaf * leaf).sum().backward() if isinstance(leaf, Tensor) else (leaf * leaf).backward()
        before = copy.copy(leaf.grad)
        for c in (copy.copy, copy.deepcopy, round_trip):
            made = c(leaf)
            assert type(made) is type(leaf) and made is not leaf and made.name == "w"
            np.testing.assert_array_equal(made.grad, before)
            assert np.array_equal(np.signbit(made.grad), np.signbit(before))
            if isinstance(leaf, Tensor):
                assert not np.shares_memory(made.grad, leaf.grad) and made.grad.dtype == leaf.dtype
                made.grad *= 0
                np.testing.assert_array_equal(leaf.grad, before)
            if c is not copy.copy and isinstance(leaf, Tensor):
                assert not np.shares_memory(made.data, leaf.data)


@engines
def test_a_gradient_that_is_a_graph_stays_one(Value):
    for w in (Value(3.0), Tensor(3.0)):
        (w ** 3).backward(create_graph=True)
        made = copy.deepcopy(w)
        slope = made.grad * 1.0
        w.zero_grad()
        slope.backward()
        assert w.grad == 18.0 and float(round_trip(made).grad) == 27.0
        w.zero_grad()
        made.zero_grad()


def test_a_copied_model_and_optimizer_train_alone():
    for make in (lambda p: optim.SGD(p, lr=0.1, momentum=0.9), lambda p: optim.Adam(p, lr=0.1),
                 lambda p: optim.RMSprop(p, lr=0.1)):
        net = nn.Sequential(nn.Linear(2, 3, rng=0), nn.BatchNorm1d(3), nn.Linear(3, 1, rng=1))
        optimizer = make(net.parameters())
        x = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)

        def step(net, optimizer, x=x):
            optimizer.zero_grad()
            (net(x) ** 2).mean().backward()
            optimizer.step()
        step(net, optimizer)
        for c in (copy.deepcopy, round_trip):
            twin, own = c((net, optimizer))
            before = copy.deepcopy((net.state_dict(), optimizer.state_dict(), [p.grad for p in net.parameters()]))
            assert {*map(id, own.params)} == {*map(id, twin.parameters())}
            for p in twin.parameters():
                p.grad *= 0
            step(twin, own)
            after = net.state_dict(), optimizer.state_dict(), [p.grad for p in net.parameters()]
            np.testing.assert_equal(after, before)
            step(net, optimizer)
            np.testing.assert_equal(twin.state_dict()["layers.0.weight"], net.state_dict()["layers.0.weight"])


def test_a_state_dict_is_not_written_to_by_what_loaded_it():
    net, other = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    state = {name: np.array(a) for name, a in net.state_dict().items()}
    other.load_state_dict(state)
    before = copy.deepcopy(state)
    other(np.random.default_rng(0).normal(size=(4, 3))).sum().backward()
    optim.SGD(other.parameters(), lr=1.0).step()
    np.testing.assert_equal(state, before)
    state["weight"] *= 7.0
    assert not np.any(np.asarray(net.state_dict()["weight"]) == 7.0)
    assert not np.any(np.asarray(other.state_dict()["weight"]) == 7.0)


def test_what_a_program_attached_goes_along():
    w = Kept(2.0)
    w.tags = ["a"]
    for c, same in ((copy.copy, True), (copy.deepcopy, False), (round_trip, False)):
        made = c(w)
        assert type(made) is Kept and made.tags == ["a"] and (made.tags is w.tags) == same
