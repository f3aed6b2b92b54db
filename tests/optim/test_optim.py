"""Optimizers against plain loops, on Values and on Tensors."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_nn import Tensor, Value, nn, ops, optim
from autograd_nn.errors import StateError, UsageError

STEPS = 50
SETTINGS = [
    (optim.GradientDescent, {"lr": 0.1}),
    (optim.GradientDescent, {"lr": 0.1, "weight_decay": 0.3}),
    (optim.SGD, {"lr": 0.1}),
    (optim.SGD, {"lr": 0.05, "weight_decay": 0.3}),
    (optim.SGD, {"lr": 0.02, "momentum": 0.9}),
    (optim.SGD, {"lr": 0.02, "momentum": 0.9, "dampening": 0.9}),
    (optim.SGD, {"lr": 0.02, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}),
    (optim.Momentum, {"lr": 0.1}),
    (optim.Momentum, {"lr": 0.1, "momentum": 0.5, "weight_decay": 0.3}),
    (optim.Adagrad, {"lr": 0.1}),
    (optim.Adagrad, {"lr": 0.3, "lr_decay": 0.1, "weight_decay": 0.2, "initial_accumulator_value": 0.5, "eps": 1e-4}),
    (optim.Adadelta, {"lr": 0.5, "rho": 0.7, "eps": 1e-4, "weight_decay": 0.2}),
    (optim.RMSprop, {"lr": 0.02, "alpha": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
    (optim.RMSprop, {"lr": 0.02, "alpha": 0.9, "eps": 1e-4, "momentum": 0.5, "centered": True}),
    (optim.Adam, {}),
    (optim.Adam, {"lr": 0.2, "betas": (0.7, 0.95), "eps": 1e-3, "weight_decay": 0.2}),
    (optim.Adam, {"lr": 0.2, "betas": (0.7, 0.8), "amsgrad": True}),
    (optim.AdamW, {"lr": 0.2, "betas": (0.7, 0.95), "eps": 1e-3, "weight_decay": 0.2}),
    (optim.AdamW, {"lr": 0.2, "betas": (0.7, 0.8), "amsgrad": True}),
    (optim.NAdam, {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.2, "momentum_decay": 0.05}),
    (optim.NAdam, {"lr": 0.1, "weight_decay": 0.2, "decoupled_weight_decay": True}),
    (optim.Lion, {"lr": 0.01}),
    (optim.Lion, {"lr": 0.01, "betas": (0.7, 0.8), "weight_decay": 0.5}),
]
START = np.array([[1.5, -2.0, 0.3], [0.0, 4.0, -1.0]])


def slope(x, i):
    """The gradient of a bumpy function that is another one in each step i."""
    return np.cos(3 * x + i) + 0.5 * x


def loss(p, i):
    """The function itself, of a Tensor or of an object array of Values."""
    return ops.sum(ops.sin(p * 3 + i) * (1 / 3) + 0.25 * ops.square(p))


def rule(kind, x, g, m, t, lr=1e-3, momentum=None, dampening=0.0, nesterov=False, weight_decay=None, betas=(0.9, 0.999),
         eps=1e-8, amsgrad=False, lr_decay=0.0, initial_accumulator_value=0.0, rho=0.9, alpha=0.99, centered=False,
         momentum_decay=4e-3, decoupled_weight_decay=False):
    """Step t of one number, written down from the papers; m is its memory, 0 where nothing is in it yet."""
    wd = (0.01 if kind is optim.AdamW else 0.0) if weight_decay is None else weight_decay
    b1, b2 = betas
    if kind is optim.Lion:
        b1, b2 = betas if betas != (0.9, 0.999) else (0.9, 0.99)
        c = b1 * m["m"] + (1 - b1) * g
        m["m"] = b2 * m["m"] + (1 - b2) * g
        return x - lr * ((c > 0) - (c < 0) + wd * x)
    if kind is optim.AdamW or decoupled_weight_decay:
        x -= lr * wd * x
    else:
        g += wd * x
    if kind is optim.GradientDescent:
        return x - lr * g
    if kind is optim.SGD:
        mu = momentum or 0.0
        m["v"] = mu * m["v"] + (1 - dampening if t > 1 else 1) * g
        return x - lr * (g + mu * m["v"] if nesterov else m["v"])
    if kind is optim.Momentum:
        mu = 0.9 if momentum is None else momentum
        m["v"] = mu * m["v"] + (1 - mu) * g
        return x - lr * m["v"]
    if kind is optim.Adagrad:
        m["s"] += g ** 2 + (initial_accumulator_value if t == 1 else 0)
        return x - lr / (1 + (t - 1) * lr_decay) * g / (math.sqrt(m["s"]) + eps)
    if kind is optim.Adadelta:
        m["s"] = rho * m["s"] + (1 - rho) * g ** 2
        d = math.sqrt(m["d"] + eps) / math.sqrt(m["s"] + eps) * g
        m["d"] = rho * m["d"] + (1 - rho) * d ** 2
        return x - lr * d
    if kind is optim.RMSprop:
        m["s"] = alpha * m["s"] + (1 - alpha) * g ** 2
        m["m"] = alpha * m["m"] + (1 - alpha) * g
        d = g / (math.sqrt(m["s"] - m["m"] ** 2 if centered else m["s"]) + eps)
        m["v"] = (momentum or 0.0) * m["v"] + d
        return x - lr * m["v"]
    m["m"] = b1 * m["m"] + (1 - b1) * g
    m["s"] = b2 * m["s"] + (1 - b2) * g ** 2
    s = m["greatest"] = max(m["greatest"], m["s"]) if amsgrad else m["s"]
    size = math.sqrt(s / (1 - b2 ** t)) + eps
    if kind is optim.NAdam:
        u = [b1 * (1 - 0.96 ** (i * momentum_decay) / 2) for i in range(1, t + 2)]
        return x - lr * ((1 - u[-2]) * g / (1 - math.prod(u[:-1])) + u[-1] * m["m"] / (1 - math.prod(u))) / size
    return x - lr * m["m"] / (1 - b1 ** t) / size


def loop(kind, **options):
    """One number at a time, in Python floats."""
    path, xs, memories = [], START.ravel().tolist(), [defaultdict(float) for _ in range(6)]
    if kind is optim.Adagrad:
        options = {"eps": 1e-10, **options}
    for i in range(STEPS):
        xs = [rule(kind, x, math.cos(3 * x + i) + 0.5 * x, m, i + 1, **options) for x, m in zip(xs, memories)]
        path.append(np.reshape(xs, START.shape))
    return path


def values(array):
    out = np.empty(array.shape, dtype=object)
    for index, number in np.ndenumerate(array):
        out[index] = Value(number)
    return out


@pytest.mark.parametrize(("kind", "options"), SETTINGS)
def test_fifty_steps_against_a_loop(kind, options):
    expected = loop(kind, **options)
    t, v = Tensor(START), values(START)
    for p, opt in ((t, kind([t], **{"lr": 1e-3, **options})), (v, kind(v.flat, **{"lr": 1e-3, **options}))):
        for i in range(STEPS):
            opt.zero_grad()
            loss(p, i).backward()
            opt.step()
            data = p.data if p is t else np.array([x.data for x in v.flat]).reshape(v.shape)
            np.testing.assert_allclose(data, expected[i], rtol=1e-10, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "options"), SETTINGS)
@given(seed=st.integers(0, 10 ** 6))
def test_values_and_tensors_take_the_same_bits(kind, options, seed):
    """From the same gradients the rule gives the same bits, for it is the same rule."""
    rng = np.random.default_rng(seed)
    t, v = Tensor(START), values(START)
    of_t, of_v = kind([t], **{"lr": 1e-3, **options}), kind(v.flat, **{"lr": 1e-3, **options})
    for _ in range(10):
        t.grad = rng.normal(size=START.shape) * 10.0 ** rng.integers(-6, 6)
        for x, g in zip(v.flat, t.grad.flat):
            x.grad = g
        of_t.step()
        of_v.step()
    assert np.array([x.data for x in v.flat]).tobytes() == t.data.tobytes()


@pytest.mark.parametrize(("kind", "options"), SETTINGS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_the_dtype_is_kept(kind, options, dtype):
    t = Tensor(START, dtype=dtype)
    opt = kind([t, Tensor(1.0, dtype=dtype)], **{"lr": 1e-3, **options})
    for i in range(3):
        for p in opt.params:
            p.grad = np.full(p.shape, 0.5 + i)
        opt.step()
    for p, state in zip(opt.params, opt.state):
        assert p.dtype == dtype and not p.data.flags.writeable
        assert {np.asarray(x).dtype for key, x in state.items() if key not in ("step", "product")} <= {np.dtype(dtype)}


def test_a_recorded_array_is_not_changed_by_a_step():
    w = Tensor([1.0, 2.0])
    y = (w * w).sum()
    y.backward()
    before = w.data
    optim.SGD([w], lr=0.5).step()
    assert before.tolist() == [1.0, 2.0] and w.data.tolist() == [0.0, 0.0]


def test_parameters_without_a_gradient_are_passed_over():
    for a, b in ((Tensor([1.0]), Tensor([1.0])), (Value(1.0), Value(1.0))):
        opt = optim.Adam([a, b], lr=0.1, weight_decay=1.0)
        (a * 2).backward()
        opt.step()
        assert a.item() != 1.0 and b.item() == 1.0
        assert opt.state[1] == {}, "no step is counted for it"
        b.grad = 0.0 if isinstance(b, Value) else [0.0]
        opt.step()
        assert b.item() < 1.0, "a gradient of 0 is a gradient: the weight decays"


def test_gradients_that_are_nodes():
    w = Tensor([3.0])
    (w * w).sum().backward(create_graph=True)
    optim.SGD([w], lr=0.5).step()
    assert w.data.tolist() == [0.0] and w.is_leaf


def test_tensors_and_values_in_one_optimizer():
    net = nn.Sequential(nn.Linear(2, 1, rng=0), nn.Neuron(2, rng=0))
    opt = optim.SGD(net.parameters(), lr=1.0)
    assert len(opt.params) == 5
    for p in opt.params:
        p.grad = np.ones(p.shape) if isinstance(p, Tensor) else 1.0
    before = [np.array(p.data) for p in opt.params]
    opt.step()
    for p, old in zip(opt.params, before):
        np.testing.assert_allclose(p.data, old - 1, rtol=1e-6)
    opt.zero_grad()
    assert not any(p.has_grad for p in opt.params)


@pytest.mark.parametrize("make", [lambda p: optim.SGD(p, lr=0.3, momentum=0.5), lambda p: optim.Adam(p, lr=0.05)])
def test_a_network_learns(make):
    """XOR, at both granularities."""
    x, t = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([[0], [1], [1], [0]])
    net = nn.MLP(2, 8, 1, activation="tanh", rng=1)
    opt = make(net.parameters())
    for _ in range(300):
        opt.zero_grad()
        nn.binary_cross_entropy_with_logits(net(x), t).backward()
        opt.step()
    assert ((net(x).data > 0) == t).all()


# --- state ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("of", [Value, Tensor])
@pytest.mark.parametrize(("kind", "options"), SETTINGS)
def test_stopping_and_going_on_changes_no_bit(kind, options, of):
    def run(p, opt, steps):
        for i in steps:
            opt.zero_grad()
            loss(p, i).backward()
            opt.step()

    def make(start):
        p = Tensor(start, dtype=np.float32) if of is Tensor else values(start)
        return p, kind([p] if of is Tensor else p.flat, **{"lr": 1e-3, **options})

    def data(p):
        return np.asarray(p.data) if of is Tensor else np.array([x.data for x in p.flat]).reshape(p.shape)

    through, opt = make(START)
    run(through, opt, range(20))
    first, opt = make(START)
    run(first, opt, range(8))
    saved = opt.state_dict()
    run(first, opt, range(8, 12))                        # the saved state does not follow
    again, fresh = make(START)
    run(again, fresh, range(8))
    second, other = make(data(again))
    other.lr = 77.0
    other.load_state_dict(saved)
    run(second, other, range(8, 20))
    assert data(second).tobytes() == data(through).tobytes()


def test_a_state_that_does_not_fit_loads_nothing():
    a, b = Tensor(np.ones(2)), Tensor(np.ones(3))
    opt = optim.SGD([a], lr=0.1, momentum=0.9)
    a.grad = np.ones(2)
    opt.step()
    saved = opt.state_dict()
    other = optim.SGD([b], lr=0.2, momentum=0.5)
    with pytest.raises(StateError, match=r"velocity of parameter 0: float64 \(2,\) in the state, \(3,\) in"):
        other.load_state_dict(saved)
    assert other.lr == 0.2 and other.state == [{}]
    with pytest.raises(StateError, match="it is the state of SGD"):
        optim.Adam([a]).load_state_dict(saved)
    with pytest.raises(StateError, match="it has 1 parameters, and this one has 2 parameters"):
        optim.SGD([a, b], lr=0.1).load_state_dict(saved)
    for foreign in ({}, {"weight": np.ones(2)}, {"optimizer": "SGD", "param_groups": 3, "state": []}):
        with pytest.raises(StateError, match="no state of an optimizer"):
            opt.load_state_dict(foreign)


@pytest.mark.parametrize(("kind", "options"), SETTINGS)
def test_a_single_number_for_an_array_in_the_state_is_taken_for_each_element(kind, options):
    """A file may hold the number as an array of shape (), which cannot grow in place."""
    p = Tensor(np.ones((3, 1), np.float32))
    opt = kind([p], **options)
    for number in (np.zeros(()), np.float32(0), 0.0):
        p.grad = np.full((3, 1), 0.5, np.float32)
        opt.step()
        saved = opt.state_dict()
        saved["state"] = [{k: number if isinstance(x, np.ndarray) else x for k, x in s.items()} for s in saved["state"]]
        opt.load_state_dict(saved)
        opt.step()
        assert p.data.dtype == np.float32 and p.data.shape == (3, 1)


# --- refusals ---------------------------------------------------------------------------------------

def test_wrong_parameters():
    w, linear = Tensor([1.0], name="w"), nn.Linear(1, 1)
    for params, message in (([], "at least one"), (w, r"\[p\] for a single one"), (linear, r"model\.parameters"),
                            ([w * 2], "computed by multiply"), ([w, Value(1.0), w], r"parameter 2 \(w\) comes twice"),
                            ([1.0], "is a float"), (linear.named_parameters(), "is a tuple")):
        with pytest.raises(UsageError, match=message):
            optim.SGD(params, lr=0.1)


@pytest.mark.parametrize("options", [
    {"lr": 0.0}, {"lr": -1.0}, {"lr": math.nan}, {"lr": math.inf}, {"lr": "0.1"}, {"lr": Value(0.1)},
    {"momentum": -0.1}, {"weight_decay": -1.0}, {"nesterov": True}])
def test_wrong_numbers_for_sgd(options):
    with pytest.raises(UsageError, match=next(iter(options))):
        optim.SGD([Value(1.0)], **{"lr": 0.1, **options})


@pytest.mark.parametrize("options", [
    {"lr": 0.0}, {"betas": (1.0, 0.9)}, {"betas": (0.9, -0.1)}, {"betas": 0.9}, {"betas": (0.9,)}, {"eps": 0.0},
    {"weight_decay": math.nan}])
def test_wrong_numbers_for_adam(options):
    with pytest.raises(UsageError, match=next(iter(options))):
        optim.Adam([Value(1.0)], **options)


def test_an_optimizer_without_a_rule_says_so():
    w = Value(1.0)
    w.grad = 1.0
    with pytest.raises(UsageError, match="has no update"):
        optim.Optimizer([w], lr=0.1).step()


def test_repr():
    assert repr(optim.SGD([Value(1.0)], lr=0.1)) == (
        "SGD(1 parameters, lr=0.1, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0)")
    groups = [{"params": [Value(1.0)]}, {"params": [Value(1.0), Tensor(1.0)], "lr": 1.0}]
    assert repr(optim.Momentum(groups, lr=0.1)) == (
        "Momentum(1 parameters, lr=0.1, momentum=0.9, weight_decay=0.0; "
        "2 parameters, lr=1.0, momentum=0.9, weight_decay=0.0)")
