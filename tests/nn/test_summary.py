"""Module.summary against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_nn as ag
from autograd_nn import Tensor, Value, drawing, errors, nn, ops
from autograd_nn.core.modes import mode


def lenet():
    return nn.Sequential(nn.Conv2d(1, 6, 5, padding=2, rng=0), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5, rng=0),
                         nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, 120, rng=0), nn.Tanh(),
                         nn.Dropout(rng=0), nn.Linear(120, 84, rng=0), nn.Tanh(), nn.Linear(84, 10, rng=0))


def test_a_perceptron_of_two_layers():
    found = nn.MLP(3, 5, 2, rng=0).summary((7, 3))
    assert [(r.name, r.kind, r.depth, r.outputs, r.parameters, r.multiply_adds, r.activations) for r in found.rows] == [
        ("", "MLP", 0, [(7, 2)], 0, 0, 0),
        ("layers.0", "Linear", 1, [(7, 5)], 20, 7 * 15, 7 * 5 * 4),
        ("activation", "ReLU", 1, [(7, 5)], 0, 0, 7 * 5 * 4),
        ("layers.1", "Linear", 1, [(7, 2)], 12, 7 * 10, 7 * 2 * 4)]
    assert (found.parameters, found.multiply_adds, found.activations, found.parameter_bytes) == (32, 175, 336, 128)


def test_lenet_as_its_paper_counts():
    """LeCun et al. 1998, with every map of S2 connected to every one of C3, as is usual now."""
    found = lenet().summary((1, 1, 28, 28))
    by = {r.name: r for r in found.rows}
    assert [by[f"layers.{i}"].parameters for i in (0, 3, 7, 10, 12)] == [156, 2416, 48120, 10164, 850]
    assert [by[f"layers.{i}"].multiply_adds for i in (0, 3, 7, 10, 12)] == [
        28 * 28 * 6 * 25, 10 * 10 * 16 * 6 * 25, 48000, 10080, 840]
    assert found.parameters == 61706 and found.multiply_adds == 416520
    assert by["layers.6"].activations == 0 and by["layers.3"].activations == 16 * 100 * 4      # a view; an array
    assert lenet().summary((4, 1, 28, 28)).multiply_adds == 4 * 416520


@pytest.mark.parametrize(("model", "shape", "expected"), [
    (lambda: nn.Conv2d(4, 6, 3, groups=2, stride=2, rng=0), (2, 4, 9, 9), 2 * 6 * 4 * 4 * 2 * 9),
    (lambda: nn.Conv1d(4, 6, 3, rng=0), (2, 4, 10), 2 * 6 * 8 * 4 * 3),
    (lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, rng=0), (2, 4, 5, 5), 2 * 4 * 25 * 6 * 9),
    (lambda: nn.LSTM(3, 5, rng=0), (7, 2, 3), 7 * 2 * 4 * 5 * (3 + 5)),
    (lambda: nn.GRU(3, 5, rng=0), (7, 2, 3), 7 * 2 * 3 * 5 * (3 + 5)),
    (lambda: nn.Linear(3, 5, bias=False, rng=0), (7, 2, 3), 7 * 2 * 15)])
def test_multiply_adds_of_a_layer(model, shape, expected):
    assert model().summary(shape).multiply_adds == expected


class Free(nn.Module):
    """No layers at all: what is counted is what is computed."""

    def __init__(self, compute):
        self.weight, self.compute = Tensor(np.ones((4, 5))), compute

    def forward(self, x):
        return self.compute(x, self.weight)


@pytest.mark.parametrize(("compute", "expected"), [
    (lambda x, w: x @ w, 2 * 3 * 4 * 5), (lambda x, w: ops.einsum("bij,jk->bik", x, w), 2 * 3 * 4 * 5),
    (lambda x, w: ops.einsum("bij,jk,kl->bil", x, w, w.T), 2 * (2 * 3 * 4 * 5 * 4)),
    (lambda x, w: ops.dot(x, w), 120), (lambda x, w: (x.sum() * w).tanh(), 0), (lambda x, w: ops.dot(x, 2.0), 0)])
def test_what_is_computed_is_counted_without_layers(compute, expected):
    assert Free(compute).summary((2, 3, 4)).multiply_adds == expected


def test_values_count_too():
    found = nn.MLP(2, 3, 1, of=Value, rng=0).summary([[1.0, 2.0]])
    assert (found.parameters, found.multiply_adds) == (13, 9) and found.rows[1].outputs == [(1, 3)]


class Odd(nn.Module):
    """A layer that runs twice, one that never does, one that is made on the way, and a parameter of two names."""

    def __init__(self):
        self.twice, self.never = nn.Linear(4, 4, rng=0), nn.Sequential(nn.Linear(4, 2, rng=0))
        self.tied = self.twice.weight

    def forward(self, x):
        return {"a": nn.Tanh()(self.twice(self.twice(x))), "b": (x, [x.sum()])}


def test_odd_models():
    found = Odd().summary((3, 4))
    assert [(r.name, r.calls) for r in found.rows] == [("", 1), ("twice", 2), ("Tanh", 1), ("never", 0),
                                                       ("never.layers.0", 0)]
    assert [r.depth for r in found.rows] == [0, 1, 1, 1, 2]
    assert found.parameters == 20 + 10 == sum(p.size for p in Odd().parameters())
    assert found.rows[1].multiply_adds == 2 * 3 * 16 and found.rows[0].outputs == [(3, 4), (3, 4), ()]
    text = str(found)
    assert "Linear ×2" in text and "not called" in text


def test_nothing_changes():
    model = nn.Sequential(nn.Conv2d(1, 2, 3, rng=0), nn.BatchNorm2d(2), nn.Dropout(0.5, rng=3))
    model.layers[1].eval()
    before, draws = {k: a.copy() for k, a in model.state_dict().items()}, model.layers[2].rng.bit_generator.state
    x = Tensor(np.random.default_rng(0).normal(size=(2, 1, 5, 5)), name="x")
    model.summary(x)
    assert [m.training for _, m in model.named_modules()] == [True, True, False, True]
    assert all((before[k] == a).all() for k, a in model.state_dict().items())
    assert model.layers[2].rng.bit_generator.state == draws and not x.has_grad
    with pytest.raises(errors.ShapeError):
        model.summary((2, 3, 5, 5))
    assert [m.training for _, m in model.named_modules()] == [True, True, False, True]
    assert mode.note is None and mode.call is None


def test_inside_other_modes():
    model = nn.MLP(2, 3, 1, rng=0)
    expected = str(model.summary((4, 2)))
    with ag.no_grad():
        assert str(model.summary((4, 2))) == expected
    with drawing.trace() as t:
        assert str(model.summary((4, 2))) == expected
        y = model(np.ones((4, 2)))
    assert y.shape == (4, 1) and t.trace()["nodes"]


def test_it_fits_a_terminal():
    deep = nn.Sequential(nn.Sequential(nn.Sequential(nn.Sequential(nn.LocalContrastNorm(5), lenet()))))
    for found in (lenet().summary((64, 1, 28, 28)), deep.summary((512, 1, 28, 28)), nn.Linear(1, 1).summary((1, 1))):
        assert max(map(len, str(found).splitlines())) <= 80
    found = lenet().summary((1, 1, 28, 28))
    assert str(found).splitlines()[-2].split() == ["total", "61,706", "416,520", "63.2", "KiB"]
    page = found._repr_html_()
    assert page.count("<tr>") == 16 and "416,520" in page


@pytest.mark.parametrize(("inputs", "told"), [((), "an input, or its shape"), (((2, 0),), "positive lengths"),
                                              (((2, 5),), "takes inputs of shape")])
def test_errors(inputs, told):
    with pytest.raises(errors.AutogradError, match=told):
        nn.MLP(3, 2).summary(*inputs)
