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
    assert m.seen == 1 and m.mean.tolist() == [2.0] and m.last.tolist() == [8.0] and plain(m.last)
    jvp(f, (m,), ({"weight": np.ones(1)},))
    assert m.seen == 2 and m.mean.tolist() == [3.0] and plain(m.last) and list(m.state_dict()) == ["weight"]
    assert grad(lambda m: f(m) * grad(lambda n: f(n))(m)["weight"].sum())(m)["weight"].tolist() == [16.0]


class Recurrent(nn.Module):
    """Its state is an attribute, and once more stands in a list and a dict."""

    def __init__(self):
        self.w = Tensor([0.5, -0.25])
        self.h, self.past, self.now, self.pair = np.zeros(2), [], {}, (0.0, np.zeros(2))

    def forward(self, x):
        self.h = np.tanh(self.w * x + self.w * self.h)
        self.past.append(self.h)
        self.now["h"] = self.h
        self.pair = (x, self.h * 2)
        return np.sum(self.h * self.pair[1] + sum(self.past))


TRANSFORMS_OF_MODULES = {
    "grad": lambda f: lambda m: grad(f)(m)["w"],
    "value_and_grad": lambda f: lambda m: ag.value_and_grad(f)(m)[1]["w"],
    "vjp": lambda f: lambda m: ag.vjp(f, m)[1](1.0)[0]["w"],
    "jacobian": lambda f: lambda m: ag.jacobian(f)(m)["w"],
    "jvp": lambda f: lambda m: np.array([jvp(f, (m,), ({"w": unit},))[1] for unit in np.eye(2)[:1]]),
}


def loss_by_hand(w, x, h, past):
    """What Recurrent gives in a state, and the next state."""
    h = np.tanh(w * x + w * h)
    return np.sum(h * h * 2 + h + sum(past)), h


def test_the_state_of_a_recurrent_network_goes_on_as_a_constant():
    for name, transform in TRANSFORMS_OF_MODULES.items():
        m, h, past = Recurrent(), np.zeros(2), []
        for step in range(4):
            x = 1.0 + step
            g = transform(lambda m, x=x: m(x))(m)
            want, h = grad(loss_by_hand, has_aux=True)(m.w.data, x, h, past)
            past.append(h)
            np.testing.assert_allclose(g, want[:len(g)], rtol=1e-12, err_msg=name)
            np.testing.assert_allclose(m.h, h, rtol=1e-14, err_msg=name)
            assert all(map(plain, (m.h, *m.past, m.now["h"], m.pair[1]))) and len(m.past) == step + 1, name
        assert isinstance(m.w, Tensor) and [*m.state_dict()] == ["w"]


def test_the_state_of_a_network_inside_another_transform():
    """There it depends on the outer variable; it is data when all is over."""
    m = Recurrent()

    def outer(x):
        return sum(np.sum(grad(lambda m, i=i: m(x * i))(m)["w"] ** 2) for i in (1.0, 2.0))

    def by_hand(x):
        w = m.w.data
        g, h = grad(loss_by_hand, has_aux=True)(w, x, np.zeros(2), [])
        return np.sum(g ** 2) + np.sum(grad(lambda w: loss_by_hand(w, x * 2.0, h, [h])[0])(w) ** 2)
    assert grad(outer)(3.0) == pytest.approx(grad(by_hand)(3.0), rel=1e-12)
    assert grad(lambda x: np.sum(x * m.h))(1.0) == np.sum(m.h.data)


def test_what_a_run_does_to_parameters_stays_in_the_run():
    class Decaying(nn.Module):
        def __init__(self):
            self.w, self.parts = Tensor([2.0]), [Tensor([1.0])]

        def forward(self, x):
            self.w = self.w * 0.5
            self.parts[0] = self.parts[0] * 0.5
            return np.sum(self.w * x * self.parts[0])
    m = Decaying()
    w, part = m.w, m.parts[0]
    assert grad(lambda m: m(3.0))(m)["w"].tolist() == [0.75]
    assert m.w is w and m.parts[0] is part


def test_what_a_checkpoint_inside_a_module_did_not_return_is_left_behind():
    class Noting(nn.Module):
        def __init__(self):
            self.w, self.inside = Tensor([2.0]), None

        def forward(self, x):
            def part(x):
                self.inside = self.w * x
                return self.inside * x
            return np.sum(ag.checkpoint(part)(x))
    m = Noting()
    assert grad(lambda m: m(3.0))(m)["w"].tolist() == [9.0]
    assert m.inside is None


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
