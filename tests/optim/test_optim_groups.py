"""Groups of parameters, large arrays, clipping, L-BFGS, and what they refuse."""

from __future__ import annotations

import json
import math
import sys

import numpy as np
import pytest
from helpers.optimizers import with_options

from autograd_nn import Tensor, Value, nn, ops, optim
from autograd_nn.core.value import PureValue
from autograd_nn.errors import NonFiniteError, StateError, UsageError
from autograd_nn.optim import _rule, optimizer

RULES = with_options({
    optim.SGD: [{"momentum": 0.9, "nesterov": True}, {"momentum": 0.9, "dampening": 0.5}],
    optim.RMSprop: [{"centered": True, "momentum": 0.5}], optim.Adam: [{"amsgrad": True}]})
every_rule = pytest.mark.parametrize(("kind", "options"), RULES, ids=lambda x: getattr(x, "__name__", None))


def minimise(opt, loss, steps):
    for _ in range(steps):
        opt.zero_grad()
        loss().backward()
        opt.step()


# --- groups ---------------------------------------------------------------------------------------

@every_rule
@pytest.mark.parametrize("of", [Value, PureValue, Tensor])
def test_each_group_has_its_own_numbers(kind, options, of):
    """Two groups take the steps of two optimizers."""
    def run(make):
        a, b, c = of(1.0), of(-2.0), of(0.5)
        opts = make(a, b, c)
        for i in range(5):
            for p, g in zip((a, b, c), (0.3 + i, -0.7, 0.1 * i)):
                p.grad = g
            for opt in opts:
                opt.step()
        return [np.asarray(p.data).tobytes() for p in (a, b, c)]

    numbers = {"lr": 0.03, "weight_decay": 0.2}
    together = run(lambda a, b, c: [kind([{"params": [a, b], **numbers}, {"params": [c]}], lr=0.1, **options)])
    apart = run(lambda a, b, c: [kind([a, b], **{**options, **numbers}), kind([c], lr=0.1, **options)])
    assert together == apart


def test_numbers_as_attributes():
    opt = optim.Adam([{"params": [Value(1.0)]}, {"params": [Value(2.0)], "lr": 0.5}], lr=0.1)
    assert opt.betas == (0.9, 0.999)
    with pytest.raises(UsageError, match=r"the groups differ in lr: 0\.1, 0\.5"):
        _ = opt.lr
    opt.lr = 0.0
    assert [group["lr"] for group in opt.param_groups] == [0.0, 0.0] and opt.lr == 0.0
    for name, wrong in (("lr", -1.0), ("betas", (0.9, 1.0)), ("amsgrad", 1)):
        with pytest.raises(UsageError, match=name):
            setattr(opt, name, wrong)


def test_the_state_of_groups_goes_through_json_and_back():
    def make():
        return optim.NAdam([{"params": [a]}, {"params": [b, c], "lr": 0.5}], lr=0.1)
    a, b, c = Tensor([1.0, 2.0]), Tensor(3.0, dtype=np.float32), Value(4.0)
    opt = make()
    optim.StepLR(opt, 3)
    for p, g in ((a, [1.0, -1.0]), (b, 2.0), (c, -3.0)):
        p.grad = g
    opt.step()
    state = opt.state_dict()
    arrays = {f"{i}.{k}": x for i, part in enumerate(state["state"]) for k, x in part.items()
              if isinstance(x, np.ndarray)}
    text = json.loads(json.dumps({**state, "state": [{k: x for k, x in part.items() if not isinstance(x, np.ndarray)}
                                                    for part in state["state"]]}))
    for name, x in arrays.items():
        i, k = name.split(".")
        text["state"][int(i)][k] = x
    other = make()
    other.load_state_dict(text)
    assert repr(other) == repr(opt) and other.param_groups[0]["betas"] == (0.9, 0.999)
    for i, part in enumerate(opt.state):
        for k, x in part.items():
            y = other.state[i][k]
            assert np.asarray(x).tobytes() == np.asarray(y).tobytes() and np.asarray(x).dtype == np.asarray(y).dtype
    one = optim.NAdam([a, b, c])
    with pytest.raises(StateError, match=r"1 \+ 2 parameters in 2 groups, and this one has 3 parameters"):
        one.load_state_dict(state)
    state["param_groups"][0]["lr"] = -1.0
    with pytest.raises(StateError, match="lr must be a number >= 0"):
        other.load_state_dict(state)


@pytest.mark.parametrize(("params", "options", "message"), [
    ([{"params": [Value(1.0)], "rate": 1.0}], {}, "has no 'rate'; its numbers are lr, "),
    ([{"params": [Value(1.0)], "lr": 0.0}], {}, "lr must be a number > 0"),
    ([{"params": []}], {}, "at least one parameter in each group"),
    ([{"lr": 0.1}], {}, "group 0 of the parameters is no dict with 'params'"),
    ([{"params": [Value(1.0)]}, Value(2.0)], {}, "group 1 of the parameters is no dict"),
    ({"params": [Value(1.0)]}, {}, "takes parameters, not a dict"),
    ([{"params": Value(1.0)}], {}, r"\[p\] for a single one"),
])
def test_wrong_groups(params, options, message):
    with pytest.raises(UsageError, match=message):
        optim.SGD(params, lr=0.1, **options)


def test_a_parameter_in_two_groups():
    w = Value(1.0, name="w")
    with pytest.raises(UsageError, match=r"parameter 1 \(w\) comes twice"):
        optim.SGD([{"params": [w]}, {"params": [w]}], lr=0.1)
    opt = optim.SGD([w], lr=0.1)
    with pytest.raises(UsageError, match="comes twice"):
        opt.add_param_group({**opt.param_groups[0]})
    with pytest.raises(UsageError, match="a group needs momentum, dampening"):
        opt.add_param_group({"params": [Value(1.0)], "lr": 0.1})
    assert len(opt.param_groups) == len(opt.params) == len(opt.state) == 1


@pytest.mark.parametrize(("kind", "options"), [
    (optim.SGD, {"dampening": 1.5}), (optim.SGD, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}),
    (optim.SGD, {"nesterov": 1}), (optim.Momentum, {"momentum": 1.0}), (optim.Adagrad, {"lr_decay": -1.0}),
    (optim.Adagrad, {"initial_accumulator_value": -1.0}), (optim.RMSprop, {"alpha": 1.1}), (optim.RMSprop, {"eps": 0}),
    (optim.Adadelta, {"rho": -0.1}), (optim.AdamW, {"betas": (0.9, 1.0)}), (optim.NAdam, {"momentum_decay": -1.0}),
    (optim.Lion, {"betas": (1.0, 0.9)}), (optim.LBFGS, {"max_iter": 0}), (optim.LBFGS, {"history_size": 2.5}),
    *((kind, {"lr": lr}) for kind, _ in RULES for lr in (0.0, -1.0, math.nan))])
def test_numbers_out_of_range(kind, options):
    rate = {} if kind is optim.LBFGS else {"lr": 0.1}
    with pytest.raises(UsageError, match=next(iter(options))):
        kind([Value(1.0)], **{**rate, **options})


def test_step_takes_a_closure():
    w = Value(3.0)
    opt = optim.SGD([w], lr=0.5)

    def closure():
        opt.zero_grad()
        loss = w * w
        loss.backward()
        return loss
    assert opt.step(closure).data == 9.0 and w.data == 0.0


# --- laws ---------------------------------------------------------------------------------------------

def test_the_two_conventions_of_momentum():
    """An average with lr is a sum with lr (1 - momentum)."""
    a, b = Tensor([1.0, -2.0]), Tensor([1.0, -2.0])
    average, total = optim.Momentum([a], lr=0.4, momentum=0.8), optim.SGD([b], lr=0.08, momentum=0.8)
    for i in range(20):
        a.grad = b.grad = [math.sin(i), math.cos(i)]
        average.step()
        total.step()
        np.testing.assert_allclose(a.data, b.data, rtol=1e-12)


@every_rule
def test_every_rule_descends(kind, options):
    w = Tensor([3.0, -2.0])
    opt = kind([w], lr={optim.Adadelta: 50.0, optim.Lion: 0.01, optim.Adagrad: 0.5}.get(kind, 0.05), **options)
    minimise(opt, lambda: (w * w).sum(), 300)
    assert np.abs(w.data).max() < 0.5


def test_a_steady_gradient_does_not_break_the_centered_rule():
    """s - m^2 is 0 but for rounding, which may make it negative."""
    w = Tensor(np.full(100, 1.0, dtype=np.float32))
    opt = optim.RMSprop([w], lr=1e-9, alpha=0.5, centered=True)
    for _ in range(200):
        w.grad = np.linspace(0.1, 1, 100)
        opt.step()
    assert np.isfinite(w.data).all()


def test_the_first_velocity_is_not_the_gradient_itself():
    w = Tensor([1.0])
    opt = optim.SGD([w], lr=0.1, momentum=0.9)
    w.grad = np.array([1.0])
    opt.step()
    w.grad[:] = 100.0
    assert opt.state[0]["velocity"].tolist() == [1.0]


# --- large arrays ---------------------------------------------------------------------------------------

@every_rule
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_blocks_change_no_bit(kind, options, dtype, monkeypatch):
    rng = np.random.default_rng(0)
    start = rng.normal(size=(37, 11)).astype(dtype)
    a, b = Tensor(start), Tensor(start.T.copy().T)                    # the second in another order of memory
    whole, parts = kind([a], lr=0.1, weight_decay=0.1, **options), kind([b], lr=0.1, weight_decay=0.1, **options)
    for _ in range(4):
        a.grad = rng.normal(size=a.shape).astype(dtype)
        b.grad = a.grad.T.copy().T
        whole.step()
        with monkeypatch.context() as patch:
            patch.setattr(optimizer, "SMALL", 0)
            patch.setattr(_rule, "BLOCK", 100 * a.dtype.itemsize)
            parts.step()
        assert a.data.tobytes() == b.data.tobytes()
    assert whole.state_dict()["state"][0].keys() == parts.state_dict()["state"][0].keys()
    for name, x in whole.state[0].items():
        assert np.asarray(x).tobytes() == np.asarray(parts.state[0][name]).tobytes()


def test_a_rule_that_sees_the_whole_array_is_not_cut():
    class Normed(optim.SGD):
        def update(self, x, g, state, *, lr, **numbers):
            return x - lr * g / ops.sqrt(ops.sum(g * g))

    w = Tensor(np.zeros(1 << 18))
    w.grad = np.ones(1 << 18)
    Normed([w], lr=1.0).step()
    assert w.data[0] == w.data[-1] == -1 / 512


# --- clipping -------------------------------------------------------------------------------------------

def test_clipping_values_and_tensors_together():
    v, t, nothing = Value(0.0), Tensor([0.0, 0.0], dtype=np.float32), Tensor([1.0])
    v.grad, t.grad = 2.0, [1.0, 2.0]
    before = t.grad
    assert optim.clip_grad_norm_([v, t, nothing], 1.5) == pytest.approx(3.0)
    assert v.grad == pytest.approx(1.0, rel=1e-6) and t.grad == pytest.approx([0.5, 1.0], rel=1e-6)
    assert before.tolist() == [1.0, 2.0] and t.grad.dtype == np.float32 and nothing.grad is None
    kept = t.grad
    assert optim.clip_grad_norm_([v, t], 1e3) == pytest.approx(1.5) and t.grad is kept
    optim.clip_grad_value_([v, t], 0.75)
    assert v.grad == 0.75 and t.grad == pytest.approx([0.5, 0.75], rel=1e-6)
    assert optim.clip_grad_norm_([nothing], 1.0) == 0.0


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_the_norm_of_very_small_and_very_large_gradients(size):
    w = Tensor([0.0, 0.0], dtype=np.float32)
    w.grad = [3 * size, 4 * size]
    assert optim.clip_grad_norm_(w, math.inf) == pytest.approx(5 * size, rel=1e-6)
    optim.clip_grad_norm_(w, 1.0)
    assert w.grad == pytest.approx([0.6, 0.8] if size > 1 else [3e-30, 4e-30], rel=1e-6, abs=0)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("p", [1.0, 2.0, math.inf])
def test_a_norm_that_is_not_finite(bad, p):
    good, w = Tensor([1.0]), Tensor([0.0, 0.0])
    good.grad, w.grad = [7.0], [bad, 1.0]
    for order in ([good, w], [w, good]):
        with pytest.raises(NonFiniteError, match="the norm of the gradients is"):
            optim.clip_grad_norm_(order, 1.0, norm_type=p)
    assert good.grad.tolist() == [7.0]
    with np.errstate(invalid="ignore"):               # inf times 0
        norm = optim.clip_grad_norm_([good, w], 1.0, norm_type=p, error_if_nonfinite=False)
    assert not math.isfinite(norm) and good.grad[0] != 7.0


def test_wrong_clipping():
    w = Value(1.0)
    for call in (lambda: optim.clip_grad_norm_([w], 0.0), lambda: optim.clip_grad_norm_([w], 1.0, norm_type=0.5),
                 lambda: optim.clip_grad_value_([w], -1.0), lambda: optim.clip_grad_value_([1.0], 1.0)):
        with pytest.raises(UsageError):
            call()


# --- L-BFGS ---------------------------------------------------------------------------------------------

def test_lbfgs_of_a_network():
    """Logistic regression to its optimum, where the gradient is 0; mixed parameters in float32 and Values."""
    pytest.importorskip("scipy")
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)
    w, b, unused = Tensor(np.zeros(3)), Tensor(0.0), Value(5.0)
    opt = optim.LBFGS([w, b, unused], max_iter=100, tolerance_grad=1e-9, tolerance_change=0.0)
    calls = []

    def closure():
        opt.zero_grad()
        loss = nn.binary_cross_entropy_with_logits(ops.matmul(x, w) + b, t) + 0.01 * (w * w).sum()
        loss.backward()
        calls.append(loss.item())
        return loss

    last = opt.step(closure)
    assert last == pytest.approx(min(calls)) and len(calls) < 60
    closure()
    assert np.abs(w.grad).max() < 1e-6 and abs(b.grad) < 1e-6 and unused.data == 5.0


def test_lbfgs_refusals(monkeypatch):
    pytest.importorskip("scipy")
    w = Value(1.0)
    with pytest.raises(UsageError, match="one group"):
        optim.LBFGS([{"params": [w]}, {"params": [Value(2.0)]}])
    opt = optim.LBFGS([w])
    with pytest.raises(UsageError, match="needs a closure"):
        opt.step()
    with pytest.raises(NonFiniteError, match="the loss is nan"):
        opt.step(lambda: w * math.nan)
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(UsageError, match="pip install scipy"):
        optim.LBFGS([w])
