"""Layers, losses, metrics and loaders with a batch of size 0: empty results, sums of 0, and no change of state."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
from helpers.losses_table import CASES as LOSSES

import autograd_nn as ag
from autograd_nn import Tensor, Value, data, grad, jvp, nn, vjp
from autograd_nn.errors import DataError
from autograd_nn.train import confusion_matrix
from autograd_nn.train.metrics import METRICS

N = 3
"""Stands for the size of the batch in the shapes below."""
IMAGES = (N, 2, 6, 6)
# Every layer that takes a batch: how one is made, and the shapes of its inputs. A list is one of integers.
LAYERS = {
    nn.Linear: [(lambda: nn.Linear(4, 2), [(N, 4)]), (lambda: nn.Linear(4, 2, bias=False), [(2, N, 4)])],
    nn.MLP: [(lambda: nn.MLP(4, 5, 2), [(N, 4)])],
    nn.Conv1d: [(lambda: nn.Conv1d(2, 4, 3, stride=2, padding=1, groups=2), [(N, 2, 6)])],
    nn.Conv2d: [(lambda: nn.Conv2d(2, 4, 3), [IMAGES]), (lambda: nn.Conv2d(2, 4, 2, 2, 1, bias=False), [IMAGES]),
                (lambda: nn.Conv2d(2, 4, 1, padding="same"), [IMAGES])],
    nn.ConvTranspose2d: [(lambda: nn.ConvTranspose2d(2, 4, 3, stride=2, padding=1), [IMAGES])],
    nn.MaxPool1d: [(lambda: nn.MaxPool1d(2), [(N, 2, 6)])],
    nn.MaxPool2d: [(lambda: nn.MaxPool2d(2), [IMAGES]), (lambda: nn.MaxPool2d(3, 2, 1, ceil_mode=True), [IMAGES])],
    nn.AvgPool1d: [(lambda: nn.AvgPool1d(2), [(N, 2, 6)])],
    nn.AvgPool2d: [(lambda: nn.AvgPool2d(2), [IMAGES]), (lambda: nn.AvgPool2d(3, 1, 1), [IMAGES])],
    nn.AdaptiveAvgPool1d: [(lambda: nn.AdaptiveAvgPool1d(2), [(N, 2, 6)])],
    nn.AdaptiveAvgPool2d: [(lambda: nn.AdaptiveAvgPool2d((2, 5)), [IMAGES])],
    nn.BatchNorm1d: [(lambda: nn.BatchNorm1d(2), [(N, 2)]), (lambda: nn.BatchNorm1d(2, momentum=None), [(N, 2, 6)])],
    nn.BatchNorm2d: [(lambda: nn.BatchNorm2d(2), [IMAGES]), (lambda: nn.BatchNorm2d(2, affine=False), [IMAGES]),
                     (lambda: nn.BatchNorm2d(2, track_running_stats=False), [IMAGES])],
    nn.LayerNorm: [(lambda: nn.LayerNorm(4), [(N, 4)]), (lambda: nn.LayerNorm((2, 4)), [(N, 2, 4)])],
    nn.RMSNorm: [(lambda: nn.RMSNorm(4), [(N, 4)])],
    nn.GroupNorm: [(lambda: nn.GroupNorm(2, 4), [(N, 4)]), (lambda: nn.GroupNorm(4, 4), [(N, 4, 5, 5)])],
    nn.LocalContrastNorm: [(lambda: nn.LocalContrastNorm(3), [IMAGES])],
    nn.LocalResponseNorm: [(lambda: nn.LocalResponseNorm(3), [IMAGES])],
    nn.RNN: [(lambda: nn.RNN(4, 2), [(5, N, 4)])],
    nn.GRU: [(lambda: nn.GRU(4, 2, bidirectional=True, num_layers=2), [(5, N, 4)])],
    nn.LSTM: [(lambda: nn.LSTM(4, 2), [(5, N, 4)]), (lambda: nn.LSTM(4, 2, 2, batch_first=True), [(N, 5, 4)])],
    nn.MultiheadAttention: [(lambda: nn.MultiheadAttention(4, 2), [(5, N, 4)] * 3),
                            (lambda: nn.MultiheadAttention(4, 2), [(N, 2, 4), (5, 2, 4), (5, 2, 4)])],
    nn.TransformerEncoderLayer: [(lambda: nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), [(N, 5, 4)])],
    nn.Embedding: [(lambda: nn.Embedding(5, 2), [[N]]), (lambda: nn.Embedding(5, 2), [[N, 4]])],
    nn.Dropout: [(lambda: nn.Dropout(), [(N, 4)])], nn.Dropout2d: [(lambda: nn.Dropout2d(), [IMAGES])],
    nn.Flatten: [(lambda: nn.Flatten(), [IMAGES])], nn.Unflatten: [(lambda: nn.Unflatten(1, (2, 2)), [(N, 4)])],
    nn.Upsample: [(lambda: nn.Upsample(2), [IMAGES])], nn.Pad: [(lambda: nn.Pad((1, 2)), [(N, 4)])],
    nn.ZeroPad2d: [(lambda: nn.ZeroPad2d(1), [IMAGES])],
    nn.SinusoidalEncoding: [(lambda: nn.SinusoidalEncoding(4), [(5, N, 4)])],
    nn.LearnedPositionalEncoding: [(lambda: nn.LearnedPositionalEncoding(4, 9), [(5, N, 4)])],
    nn.Inception: [(lambda: nn.Inception(2, 2, 2, 2, 2, 2, 2), [IMAGES])],
    nn.LeNet5: [(lambda: nn.LeNet5(), [(N, 1, 32, 32)])],
    nn.Autoencoder: [(lambda: nn.Autoencoder(4, 2), [(N, 4)])],
    nn.VariationalAutoencoder: [(lambda: nn.VariationalAutoencoder(4, 2), [(N, 4)])],
    nn.LinearRegression: [(lambda: nn.LinearRegression(4), [(N, 4)])],
    nn.LogisticRegression: [(lambda: nn.LogisticRegression(4), [(N, 4)])],
    nn.SoftmaxRegression: [(lambda: nn.SoftmaxRegression(4, 2), [(N, 4)])],
    **{kind: [(kind, [(N, 4)])] for kind in nn.Activation.__subclasses__()},
}
ELSEWHERE = {nn.Module, nn.Sequential, nn.Activation, nn.Loss, nn.Layer, nn.Neuron}
"""Layers of layers, what stands for others, and layers of Values, whose batch is an array of objects."""
NOT_BY_GRADIENTS = {nn.Perceptron, nn.RBM, nn.DeepBeliefNetwork, nn.CBOW, nn.SkipGram}
LARGE = {nn.AlexNet, nn.VGG, nn.GoogLeNet}
"""Networks of the layers above, which take seconds to build."""



def test_every_layer_is_here():
    public = {kind for name in nn.__all__ if isinstance(kind := getattr(nn, name), type) and issubclass(kind, nn.Module)
              and not issubclass(kind, nn.Loss)}
    assert public - ELSEWHERE - NOT_BY_GRADIENTS - LARGE == {kind for kind in LAYERS if kind.__name__ in nn.__all__}


def empty(shape):
    """An input whose batch has size 0."""
    if isinstance(shape, list):
        return np.zeros([0 if n is N or n == N else n for n in shape], int)
    return np.zeros([0 if n == N else n for n in shape], np.float32)


def full(shape):
    rng = np.random.default_rng(0)
    return rng.integers(0, 5, shape) if isinstance(shape, list) else rng.normal(size=shape).astype(np.float32)


def first(y):
    while isinstance(y, tuple):
        y = y[0]
    return y


@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
def test_a_layer_gives_what_it_gives_of_a_batch_without_the_batch(kind):
    for make, shapes in LAYERS[kind]:
        layer = make()
        for mode in (layer.train, layer.eval):
            mode()
            state = {name: np.array(x) for name, x in layer.state_dict().items()}
            inputs = [empty(s) for s in shapes]
            leaves = [x if x.dtype == int else Tensor(x) for x in inputs]
            y = first(layer(*leaves))
            assert 0 in y.shape and y.dtype == np.float32, (make, y.shape)
            y.sum().backward()
            for x in [*leaves, *layer.parameters()]:
                if isinstance(x, Tensor) and x.has_grad:
                    assert x.grad.shape == x.shape and not np.any(x.grad)
            assert all(p.has_grad for p in layer.parameters())
            for name, x in layer.state_dict().items():
                np.testing.assert_array_equal(x, state[name], err_msg=name)
            want = first(layer(*[full(s) for s in shapes])).shape
            assert y.shape == tuple(0 if a == 0 else b for a, b in zip(y.shape, want, strict=True))
            if inputs[0].dtype != int:
                check_transforms(lambda *xs, layer=layer: first(layer(*xs)), inputs)


def check_transforms(f, inputs):
    gradient = grad(lambda *xs: (f(*xs) ** 2).sum())(*inputs)
    assert gradient.shape == inputs[0].shape and gradient.dtype == np.float32
    y, dy = jvp(f, tuple(inputs), tuple(inputs))
    assert y.shape == dy.shape and dy.dtype == np.float32
    y, pull = vjp(f, *inputs)
    assert [g.shape for g in pull(np.zeros(y.shape, np.float32))] == [x.shape for x in inputs]


def test_an_empty_batch_is_none_to_batch_norm():
    layer = nn.BatchNorm1d(2, momentum=None)
    layer(np.array([[0.0, 1.0], [2.0, 5.0]], np.float32))
    before = {name: np.array(x) for name, x in layer.state_dict().items()}
    layer(np.zeros((0, 2), np.float32))
    assert all(np.array_equal(x, before[name]) for name, x in layer.state_dict().items())
    assert before["num_batches_tracked"] == 1
    second = grad(lambda x: grad(lambda x: (layer(x) ** 3).sum())(x).sum())(np.zeros((0, 2)))
    assert second.shape == (0, 2)


def test_layers_of_values():
    for none in (np.zeros((0, 2)), np.zeros((0, 2), object)):
        assert nn.Layer(2, 3)(none).shape == (0, 3) and nn.Neuron(2)(none).shape == (0,)
    assert nn.Perceptron(2)(np.zeros((0, 2))).shape == (0,)
    assert nn.MLP(2, 3, 1, of=Value)(np.zeros((0, 2))).shape[0] == 0


@pytest.mark.parametrize("case", LOSSES, ids=str)
def test_a_loss_of_nothing(case):
    inputs = [np.zeros((0, *np.shape(x)[1:]), np.asarray(x).dtype) for x in case.inputs(np.random.default_rng(0))]
    options = {k: x if np.ndim(x) < 2 else [[1.0]] for k, x in case.options.items()}
    for form in (Tensor, np.asarray, lambda x: x.astype(object)):
        made = [form(x) for x in inputs[:case.nodes]] + inputs[case.nodes:]
        none, total = (ag.stop_gradient(case.function(*made, reduction, **options)) for reduction in ("none", "sum"))
        assert np.shape(none)[0] == 0 and np.shape(total) == () and total == 0.0
        with pytest.warns(RuntimeWarning, match="Mean of empty slice"), np.errstate(invalid="ignore"):
            assert np.isnan(ag.stop_gradient(case.function(*made, "mean", **options)))
    for reduction in ("none", "sum", "mean"):
        with pytest.warns(RuntimeWarning) if reduction == "mean" else nullcontext(), np.errstate(invalid="ignore"):
            leaves = [Tensor(x) for x in inputs[:case.nodes]] + inputs[case.nodes:]
            case.function(*leaves, reduction, **options).sum().backward()
            assert all(x.grad.shape == x.shape for x in leaves[:case.nodes])
            g = grad(lambda x, r=reduction: case.function(x, *inputs[1:], r, **options).sum())(inputs[0])
            assert g.shape == inputs[0].shape


def test_empty_lists_are_labels():
    assert nn.cross_entropy(Tensor(np.zeros((0, 3))), [], "sum").item() == 0.0
    assert nn.nll_loss(Tensor(np.zeros((0, 3))), [], "none").shape == (0,)


def test_metrics_of_nothing():
    for name in ("accuracy", "r2"):
        with pytest.warns(RuntimeWarning, match="Mean of empty slice"), np.errstate(invalid="ignore"):
            assert np.isnan(METRICS[name]([], []))
    for name in ("precision", "recall", "f1"):
        assert METRICS[name]([], []) == 0.0
    with pytest.raises(DataError, match="rows of both"):
        METRICS["roc_auc"]([], [])
    assert confusion_matrix([], []).shape == (0, 0) and not confusion_matrix([], [], classes=2).any()


def test_loaders_of_nothing():
    none = np.zeros((0, 4, 4))
    for drop_last in (False, True):
        assert list(data.batches(none, none, size=2, rng=0, drop_last=drop_last)) == []
    assert data.one_hot([], 3).shape == (0, 3)
    assert data.standardise(np.eye(3), np.zeros((0, 3)))[1].shape == (0, 3)
    for augment in (lambda x: data.shift(x, 1), data.flip, lambda x: data.rotate(x, 10.0)):
        assert augment(none).shape == none.shape
