"""Transforms by the parameters of a module."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers.transformed import plain

import autograd_nn as ag
from autograd_nn import (
    Tensor,
    grad,
    hessian,
    hvp,
    jvp,
    nn,
    stop_gradient,
    value_and_grad,
)


def network():
    return nn.MLP(2, 3, 1, activation="tanh", rng=0, dtype=np.float64)


def loss(net, x, y):
    return ((net(x)[..., 0] - y) ** 2).mean()


DATA = np.random.default_rng(0).normal(size=(5, 2)), np.random.default_rng(1).normal(size=5)


def gradients_by_backward(net):
    net.zero_grad()
    loss(net, *DATA).backward()
    found = {name: p.grad for name, p in net.named_parameters()}
    net.zero_grad()
    return found


def test_the_gradient_of_a_module():
    net = network()
    value, g = value_and_grad(loss)(net, *DATA)
    want = gradients_by_backward(net)
    assert plain(value) and g.keys() == want.keys() == net.state_dict().keys()
    for name in want:
        np.testing.assert_allclose(g[name], want[name], rtol=1e-13)
        assert plain(g[name]) and g[name].flags.writeable
    assert not any(p.has_grad for p in net.parameters())
    nest = grad(lambda t: loss(t["net"], *DATA) * t["scale"])({"net": net, "scale": 2.0})
    assert plain(nest["scale"]) and nest["net"].keys() == want.keys()
    before = value
    for _ in range(20):
        value, g = value_and_grad(loss)(net, *DATA)
        for name, p in net.named_parameters():
            p.data = p.data - 0.1 * g[name]
    assert value < 0.7 * before


def test_higher_derivatives_of_modules():
    net = network()
    names = list(net.state_dict())
    rng = np.random.default_rng(2)
    v = {name: rng.normal(size=a.shape) for name, a in net.state_dict().items()}
    start = net.state_dict()

    def gradient_at(t):
        net.load_state_dict({name: start[name] + t * v[name] for name in names})
        found = gradients_by_backward(net)
        net.load_state_dict(start)
        return found
    plus, minus = gradient_at(1e-5), gradient_at(-1e-5)
    want = {name: (plus[name] - minus[name]) / 2e-5 for name in names}
    f = lambda net: loss(net, *DATA)
    dot = lambda g: sum(((g[name] * v[name]).sum() for name in names), 0.0)
    products = {"hvp": hvp(f, net, v), "double backward": grad(lambda m: dot(grad(f)(m)))(net),
                "reverse of forward": grad(lambda m: jvp(f, (m,), (v,))[1])(net),
                "of a checkpoint": grad(lambda m: dot(grad(ag.checkpoint(f))(m)))(net),
                "a checkpoint of it": grad(lambda m: dot(ag.checkpoint(grad(f))(m)))(net)}
    for how, got in products.items():
        for name in names:
            np.testing.assert_allclose(got[name], want[name], atol=2e-9, err_msg=how)
            assert plain(got[name])
    second = jvp(lambda m: jvp(f, (m,), (v,))[1], (net,), (v,))[1]
    assert second == pytest.approx(sum((want[name] * v[name]).sum() for name in names), abs=1e-8)
    h = hessian(f)(net)
    for a in names:
        along = sum(np.tensordot(h[a][b], v[b], axes=v[b].ndim) for b in names)
        np.testing.assert_allclose(along, want[a], atol=2e-9)


def test_nested_transforms_of_modules_are_not_confused():
    scale = nn.Linear(1, 1, bias=False, rng=0, dtype=np.float64)
    scale.weight.data = [[3.0]]
    f = lambda m: m.weight[0, 0] * grad(lambda n: m.weight[0, 0] * n.weight[0, 0])(m)["weight"][0, 0]
    for mode in (lambda f: grad(f)(scale)["weight"].item(),
                 lambda f: jvp(f, (scale,), ({"weight": np.ones((1, 1))},))[1]):
        assert mode(f) == 6.0
        assert mode(lambda m: m.weight[0, 0] * jvp(lambda n: m.weight[0, 0] + n.weight[0, 0], (m,),
                                                   ({"weight": np.ones((1, 1))},))[1]) == 1.0


def test_modules_of_values():
    neuron = nn.Neuron(2, rng=0)
    f = lambda m: m([1.0, -2.0]) ** 2
    g = grad(f)(neuron)
    f(neuron).backward()
    assert g == {name: p.grad for name, p in neuron.named_parameters()} and list(g) == ["weight.0", "weight.1", "bias"]
    along = {"weight.0": 1.0, "weight.1": 2.0, "bias": 3.0}
    assert jvp(f, (neuron,), (along,))[1] == pytest.approx(sum(g[k] * along[k] for k in g), rel=1e-13)
    by_hand = grad(lambda m: sum((grad(f)(m)[k] * along[k] for k in along), 0.0))(neuron)
    assert hvp(f, neuron, along) == pytest.approx(by_hand, rel=1e-12)
    assert jvp(neuron, ([1.0, -2.0],), ([1.0, 1.0],))[1].data == pytest.approx(
        sum(grad(lambda x: stop_gradient(neuron)(x))([1.0, -2.0])), rel=1e-13)


def test_a_frozen_module():
    net = network()
    x = DATA[0]
    through = grad(lambda x: net(x).sum())(x)
    assert isinstance(through, Tensor)                   # it depends on the parameters
    frozen = grad(lambda x: stop_gradient(net)(x).sum())(x)
    assert plain(frozen)
    np.testing.assert_allclose(frozen, through.data, rtol=1e-14)
    assert all(isinstance(p, Tensor) for p in net.parameters())


class Counting(nn.Module):
    """A layer with statistics."""

    def __init__(self):
        self.weight = Tensor([2.0])
        self.mean, self.seen, self.last = np.zeros(1), 0, None

    def forward(self, x):
        self.mean = 0.5 * self.mean + 0.5 * stop_gradient(x)
        self.seen += 1
        self.last = x * self.weight
        return self.last


def test_what_a_module_notes_down_is_kept():
    m = Counting()
    f = lambda m: m(np.array([4.0])).sum()
    assert grad(f)(m)["weight"].tolist() == [4.0]
    assert m.seen == 1 and m.mean.tolist() == [2.0] and m.last is None
    jvp(f, (m,), ({"weight": np.ones(1)},))
    assert m.seen == 2 and m.mean.tolist() == [3.0] and m.last is None
    assert grad(lambda m: f(m) * grad(lambda n: f(n))(m)["weight"].sum())(m)["weight"].tolist() == [16.0]


def test_a_layer_of_values_in_forward_mode():
    layer = nn.Layer(2, 3, rng=0)
    linear = nn.Linear(2, 3, rng=0, dtype=np.float64)
    for shape in ((2,), (4, 2)):
        x, dx = np.linspace(-1, 1, math.prod(shape)).reshape(shape), np.cos(np.arange(math.prod(shape))).reshape(shape)
        y, dy = jvp(layer, (x,), (dx,))
        want, dwant = jvp(lambda x: np.tanh(linear(x)), (x,), (dx,))
        np.testing.assert_allclose([v.data for v in y.ravel()], want.data.ravel(), rtol=1e-12)
        np.testing.assert_allclose([v.data for v in dy.ravel()], dwant.data.ravel(), rtol=1e-12)
    y, dy = jvp(nn.Neuron(2, rng=0), (np.ones(2),), (np.ones(2),))
    assert y.shape == dy.shape == ()
