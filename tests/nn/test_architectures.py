"""The published networks: channels, sizes and parameters as in the papers, one step in float32, clear refusals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import autograd_nn as ag
from autograd_nn import Tensor, check_gradients, nn, no_grad, optim, train
from autograd_nn.errors import ShapeError, UsageError


def images(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def count(module, name=""):
    return sum(p.size for key, p in module.named_parameters() if key.startswith(name))


def layers(module):
    return [m for _, m in module.named_modules() if isinstance(m, (nn.Conv2d, nn.Linear))]


SMALL = {
    "LeNet5": lambda **o: nn.LeNet5(**{"image_size": 16, "width": 0.5, **o}),
    "AlexNet": lambda **o: nn.AlexNet(7, **{"image_size": 63, "width": 0.03, **o}),
    "VGG": lambda **o: nn.VGG(11, 7, **{"image_size": 32, "width": 0.03, **o}),
    "GoogLeNet": lambda **o: nn.GoogLeNet(7, **{"image_size": 32, "width": 0.05, **o}),
}
small = pytest.mark.parametrize("make", SMALL.values(), ids=SMALL)


# --- Inception ------------------------------------------------------------------------------------

def naive_inception(module, x):
    """The four branches out of the definition, for one image (C, H, W): each output by itself."""
    def conv(part, x):
        layer = part.layers[0]
        w, b, half = layer.weight.data, layer.bias.data, layer.kernel_size[0] // 2
        padded = np.pad(x, ((0, 0), (half, half), (half, half)))
        y = np.empty((len(w), *x.shape[1:]))
        for o, i, j in np.ndindex(y.shape):
            y[o, i, j] = max((padded[:, i:i + 2 * half + 1, j:j + 2 * half + 1] * w[o]).sum() + b[o], 0.0)
        return y

    largest = np.empty_like(x)
    for c, i, j in np.ndindex(x.shape):
        largest[c, i, j] = x[c, max(i - 1, 0):i + 2, max(j - 1, 0):j + 2].max()
    third, fifth = module.branch3.layers, module.branch5.layers
    return np.concatenate([conv(module.branch1, x), conv(third[1], conv(third[0], x)),
                           conv(fifth[1], conv(fifth[0], x)), conv(module.branch_pool.layers[1], largest)])


def test_inception_is_its_four_branches():
    module = nn.Inception(3, 2, 3, 4, 2, 3, 1, rng=0, dtype=np.float64)
    for p in module.parameters():                        # biases that are not 0
        p.data = p.data + 0.1
    x = np.random.default_rng(1).normal(size=(2, 3, 5, 6))
    y = module(x)
    assert y.shape == (2, 10, 5, 6) and module.out_channels == 10
    np.testing.assert_allclose(y.data, [naive_inception(module, image) for image in x], rtol=1e-10, atol=1e-12)


@pytest.mark.slow
def test_inception_has_the_gradients_of_its_branches():
    module = nn.Inception(2, 1, 2, 2, 1, 1, 1, rng=0, dtype=np.float64)
    check_gradients(lambda x: ag.sum(module(x) ** 2), np.random.default_rng(2).normal(size=(1, 2, 4, 3)))


def test_inception_refuses_other_channels():
    module = nn.Inception(3, 2, 3, 4, 2, 3, 1, rng=0)
    with pytest.raises(ShapeError, match="channels"):
        module(np.zeros((1, 4, 5, 5)))
    with pytest.raises(UsageError, match=">= 1"):
        nn.Inception(3, 2, 3, 0, 2, 3, 1, rng=0)
    with pytest.raises(UsageError, match="in_channels"):
        nn.Inception(0, 2, 3, 4, 2, 3, 1, rng=0)


# --- GoogLeNet, table 1 -----------------------------------------------------------------------------

PUBLISHED = {
    # output size (channels, side), parameters in units of 1024 as printed
    "stem": ((192, 28), None),
    "3a": ((256, 28), 159), "3b": ((480, 28), 380),
    "4a": ((512, 14), 364), "4b": ((512, 14), 437), "4c": ((512, 14), 463), "4d": ((528, 14), 580),
    "4e": ((832, 14), 840),
    "5a": ((832, 7), 1072), "5b": ((1024, 7), 1388),
}


@pytest.mark.slow
def test_googlenet_has_the_published_shapes_and_parameters():
    model = nn.GoogLeNet(rng=0).eval()
    with no_grad():
        shapes = {name: y.shape for name, y in model.stages(images(1, 3, 224, 224))}
    assert shapes == {**{name: (1, c, s, s) for name, ((c, s), _) in PUBLISHED.items()}, "classifier": (1, 1000)}
    first, reduced, second = layers(model.stem)
    assert [layer.weight.shape for layer in (first, reduced, second)] == [(64, 3, 7, 7), (64, 64, 1, 1),
                                                                          (192, 64, 3, 3)]
    assert (reduced.weight.size + second.weight.size) // 1024 == 112
    assert model.classifier.layers[-1].weight.size // 1024 == 1000
    for name, (_, published) in PUBLISHED.items():       # the paper's column is rounded, and not exact
        if published:
            assert count(model.inception[name]) / 1024 == pytest.approx(published, rel=0.08), name
    auxiliary = count(model, "auxiliary")
    assert (count(model) - auxiliary, count(model)) == (6_998_552, 13_378_280)
    assert [layer.weight.shape for layer in layers(model.auxiliary["4d"])] == [(128, 528, 1, 1), (1024, 2048),
                                                                              (1000, 1024)]


def test_googlenet_is_22_layers_deep_and_has_no_hidden_connected_layer():
    model = nn.GoogLeNet(10, image_size=32, width=0.05, auxiliary=False, rng=0)
    deep = 0
    for part in [model.stem, *model.inception.values(), model.classifier]:
        branches = [part.branch1, part.branch3, part.branch5, part.branch_pool] if isinstance(part, nn.Inception) \
            else [part]
        deep += max(len(layers(branch)) for branch in branches)
    assert deep == 22
    assert [name for name, m in model.named_modules() if isinstance(m, nn.Linear)] == ["classifier.layers.3"]


def test_googlenet_gives_what_its_mode_asks_for():
    model = SMALL["GoogLeNet"](rng=0)
    x = images(2, 3, 32, 32)
    outputs = model(x)
    assert isinstance(outputs, nn.GoogLeNetOutputs) and len(outputs.auxiliary) == 2
    assert [logits.shape for logits in (outputs.logits, *outputs.auxiliary)] == [(2, 7)] * 3
    model.eval()
    assert isinstance(model(x), Tensor)
    alone = SMALL["GoogLeNet"](rng=0, auxiliary=False)
    assert isinstance(alone(x), Tensor) and count(alone) == count(model) - count(model, "auxiliary")


def test_googlenet_loss_is_the_weighted_sum():
    model = SMALL["GoogLeNet"](rng=0)
    outputs, y = model(images(4, 3, 32, 32)), [1, 0, 6, 3]
    own, *others = (float(nn.cross_entropy(logits, y).data) for logits in (outputs.logits, *outputs.auxiliary))
    assert float(model.loss(outputs, y).data) == pytest.approx(own + 0.3 * sum(others), rel=1e-6)
    assert float(model.loss(outputs, y, weight=0.0).data) == pytest.approx(own, rel=1e-6)
    assert float(model.loss(outputs.logits, y).data) == pytest.approx(own, rel=1e-6)


@pytest.mark.parametrize("side", [31, 33, 46, 63])
def test_googlenet_takes_odd_sizes(side):
    model = nn.GoogLeNet(5, image_size=side, in_channels=1, width=0.03, rng=0)
    model.loss(model(images(2, 1, side, side)), [0, 4]).backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.slow
def test_googlenet_learns_with_fit():
    model = nn.GoogLeNet(2, image_size=32, in_channels=1, width=0.1, rng=0)
    x = images(16, 1, 32, 32)
    y = np.arange(16) % 2
    x[y == 1, :, :16] += 2.0                             # the upper half brighter
    history = train.fit(model, (x, y), (x, y), loss=model.loss, metrics=["accuracy"], epochs=8, batch_size=4, rng=0,
                        optimizer=optim.Adam(model.parameters(), lr=2e-3), progress=False)
    assert history["valid_loss"][-1] < 0.5 * history["valid_loss"][0]
    assert history["accuracy"][-1] > 0.8                 # while training, of the first of its outputs


# --- the others ---------------------------------------------------------------------------------------

def test_lenet5_has_the_published_layers():
    model = nn.LeNet5(rng=0)
    assert [layer.weight.shape for layer in layers(model)] == [(6, 1, 5, 5), (16, 6, 5, 5), (120, 16, 5, 5),
                                                               (84, 120), (10, 84)]
    assert count(model) == 61_706
    x, sides = images(1, 1, 32, 32), []
    for layer in model.features.layers:
        x = layer(x)
        sides.append(x.shape[2])
    assert sides == [28, 28, 14, 10, 10, 5, 1, 1]


@pytest.mark.slow
def test_alexnet_has_the_published_layers():
    model = nn.AlexNet(image_size=63, rng=0)             # the first hidden layer of 224 is larger
    assert [layer.weight.shape for layer in layers(model)] == [
        (96, 3, 11, 11), (256, 48, 5, 5), (384, 256, 3, 3), (384, 192, 3, 3), (256, 192, 3, 3), (4096, 256),
        (4096, 4096), (1000, 4096)]
    assert count(model) + 256 * 4096 * (6 * 6 - 1) == 60_965_224
    narrow = nn.AlexNet(width=0.02, rng=0)
    x, sides = images(1, 3, 224, 224), []
    for layer in narrow.features.layers:
        x = layer(x)
        sides.append(x.shape[2])
    assert [side for side, _ in itertools.groupby(sides)] == [55, 27, 13, 6]
    assert layers(narrow.classifier)[0].in_features == x.shape[1] * 6 * 6


@pytest.mark.parametrize("depth, published", [(11, 132_863_336), (13, 133_047_848), (16, 138_357_544),
                                              (19, 143_667_240)])
def test_vgg_has_the_published_depth_and_parameters(depth, published):
    narrow = nn.VGG(depth, width=1 / 64, rng=0)
    assert len(layers(narrow)) == depth
    sizes = [(layer.weight.shape[0] * 64, layer.weight.shape[1] * 64) for layer in layers(narrow.features)]
    convolutions = sum((9 * (n_in if i else 3) + 1) * n_out for i, (n_out, n_in) in enumerate(sizes))
    assert layers(narrow.classifier)[0].in_features == 8 * 49
    connected = (512 * 49 + 1) * 4096 + (4096 + 1) * 4096 + (4096 + 1) * 1000
    assert convolutions + connected == published


@small
def test_one_step_in_float32(make):
    model = make(rng=0)
    x = Tensor(images(2, model.in_channels, model.image_size, model.image_size))
    outputs = model(x)
    loss = model.loss(outputs, [0, 3]) if isinstance(model, nn.GoogLeNet) else nn.cross_entropy(outputs, [0, 3])
    loss.backward()
    assert loss.dtype == np.float32 and np.isfinite(loss.data)
    for name, p in model.named_parameters():
        assert p.grad.dtype == np.float32 and p.grad.shape == p.shape and np.isfinite(p.grad).all(), name
    assert np.any(x.grad)


@small
def test_the_same_seed_gives_the_same_network_and_eval_the_same_bits(make):
    a, b = make(rng=3).eval(), make(rng=3).eval()
    x = images(2, a.in_channels, a.image_size, a.image_size)
    np.testing.assert_array_equal(a(x).data, a(x).data)
    np.testing.assert_array_equal(a(x).data, b(x).data)
    np.testing.assert_allclose(a(x[:1]).data, a(x).data[:1], rtol=1e-3, atol=1e-5)     # rows do not meet


@small
def test_state_goes_from_one_to_another(make):
    a, b = make(rng=0).eval(), make(rng=1).eval()
    x = images(1, a.in_channels, a.image_size, a.image_size)
    assert not np.array_equal(a(x).data, b(x).data)
    b.load_state_dict(a.state_dict())
    np.testing.assert_array_equal(a(x).data, b(x).data)


@small
def test_images_of_another_size_are_refused(make):
    model = make(rng=0)
    c, n = model.in_channels, model.image_size
    said = rf"{type(model).__name__} takes images of shape \(N, {c}, {n}, {n}\)"
    for shape in ((1, c, n + 1, n + 1), (1, c, n, n + 1), (1, c + 1, n, n), (c, n, n)):
        with pytest.raises(ShapeError, match=said):
            model(np.zeros(shape, np.float32))


@small
def test_options_that_leave_nothing_are_refused(make):
    for options in ({"image_size": 15}, {"image_size": 40.0}, {"image_size": True}):
        with pytest.raises(UsageError, match="image_size must be"):
            make(**options)
    for width in (0, -1.0, float("nan"), float("inf"), "wide", True):
        with pytest.raises(UsageError, match="width must be a number > 0"):
            make(width=width)
    with pytest.raises(UsageError, match="in_channels"):
        make(in_channels=0)


def test_vgg_of_another_depth_is_refused():
    with pytest.raises(UsageError, match="11, 13, 16, 19"):
        nn.VGG(12)


def test_width_rounds_and_keeps_one_channel():
    model = nn.GoogLeNet(10, image_size=32, width=0.001, rng=0)
    assert {layer.out_channels for layer in layers(model) if isinstance(layer, nn.Conv2d)} == {1}
    assert nn.AlexNet(10, image_size=63, width=0.001, rng=0).features.layers[3].layers[0].groups == 2
    assert nn.LeNet5(width=2, rng=0).features.layers[0].out_channels == 12
