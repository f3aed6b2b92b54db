"""The steps of optimizers in C, against the same in Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers.tensor_bits import in_python, same

from autograd_nn import Tensor, Value, optim
from autograd_nn.core import reverse

STEPS = [(optim.SGD, {}), (optim.SGD, {"weight_decay": 0.1}), (optim.SGD, {"momentum": 0.9}),
         (optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}), (optim.GradientDescent, {}),
         (optim.GradientDescent, {"weight_decay": 0.5}), (optim.Adam, {}),
         (optim.Adam, {"betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.02})]


def stepped(kind: Any, options: dict[str, Any], start: list[Any], grads: list[list[Any]]) -> Any:
    """The parameters after each step, and the state in the end."""
    params = [Tensor(x) for x in start]
    optimizer, path = kind(params, lr=0.03, **options), []
    for step in grads:
        for p, g in zip(params, step):
            p.grad = g
        optimizer.step()
        path += [p.data.copy() for p in params]
    return path, optimizer.state


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("kind", "options"), STEPS)
def test_steps_have_the_bits_of_python(kind, options, dtype, monkeypatch):
    rng = np.random.default_rng(0)
    shapes = [(), (1,), (7,), (33, 5), (0, 3), (2, 3, 4)]
    start = [rng.normal(size=s).astype(dtype) for s in shapes]
    grads = [[None if (i + k) % 4 == 3 else (rng.normal(size=s) * 10.0 ** rng.integers(-20, 10)).astype(dtype)
              for i, s in enumerate(shapes)] for k in range(6)]
    grads[2][2][:3] = [np.inf, np.nan, 0.0]
    calls = []
    step = reverse.in_c.sgd if kind is not optim.Adam else reverse.in_c.adam
    monkeypatch.setattr(reverse, "in_c", Spy(reverse.in_c, lambda *args: calls.append(step(*args)) or calls[-1]))
    with np.errstate(all="ignore"):
        got, state = stepped(kind, options, start, grads)
        want, expected = in_python(monkeypatch, lambda: stepped(kind, options, start, grads))
    assert calls == [True] * 6
    same(got, want)
    for a, b in zip(state, expected):
        assert a.keys() == b.keys() and a.get("step") == b.get("step")
        same([np.asarray(a[k]) for k in a if k != "step"], [np.asarray(b[k]) for k in b if k != "step"])


class Spy:
    """The engine, where the optimizers' steps are watched."""

    def __init__(self, engine: Any, step: Any) -> None:
        self.backward, self.cotangents, self.sgd, self.adam = engine.backward, engine.cotangents, step, step


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam])
def test_steps_that_python_has_to_take(kind, monkeypatch):
    """A strided parameter, half precision, a Value among Tensors, a state from elsewhere, or a graph."""
    rng = np.random.default_rng(0)

    def params() -> list[Any]:
        strided = Tensor(np.ones((3, 4)))
        strided._take(np.arange(24.0).reshape(3, 8)[:, ::2])
        return [strided, Tensor(np.ones(3, np.float16)), Value(2.0), Tensor(np.ones(2))]

    for group in [[k] for k in range(4)] + [[0, 3], [3, 2], [3, 1]]:
        results = []
        for engine in (reverse.in_c, None):
            monkeypatch.setattr(reverse, "in_c", engine)
            chosen = [params()[k] for k in group]
            optimizer = kind(chosen, lr=0.1)
            for p in chosen:
                p.grad = 0.5 if isinstance(p, Value) else np.full(p.shape, 0.5)
            if group == [3]:
                optimizer.step()
                optimizer.state = [{k: np.float64(0.5) if isinstance(x, np.ndarray) else x for k, x in s.items()}
                                   for s in optimizer.state]
            optimizer.step()
            results.append([np.asarray(p.data) for p in chosen])
        same(*results)
        monkeypatch.undo()
    x = Tensor(rng.normal(size=3))
    (x * x * x).sum().backward(create_graph=True)
    before, g = x.data.copy(), x.grad.data.copy()
    kind([x], lr=0.1).step()
    assert (np.sign(before - x.data) == np.sign(g)).all()


def test_a_recorded_array_is_not_changed_by_a_step():
    x = Tensor([1.0, 2.0])
    recorded, y = x.data, (x * x).sum()
    y.backward()
    optim.SGD([x], lr=0.5).step()
    assert recorded.tolist() == [1.0, 2.0] and x.data.tolist() == [0.0, 0.0] and not x.data.flags.writeable
    x.zero_grad()
    y.backward()
    assert x.grad.tolist() == [2.0, 4.0]


@pytest.mark.skipif(reverse.values_in_c is None, reason="it calls the engine in C")
def test_what_an_op_made_is_no_parameter():
    """It has its inputs where a leaf has a time, and no step may write there."""
    x = Value(2.0)
    y = x * x
    y.backward()
    assert not reverse.values_in_c.sgd([y], [{}], 0.1, 0.0, False, 0.0)
    assert not reverse.values_in_c.adam([y], [{}], lambda t: (0.1, 1e-8), 0.9, 0.9, 0.0)
    assert y.data == 4.0 and y.inputs == (x, x)
