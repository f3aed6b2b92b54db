"""Saliency against what each method is by definition, on functions whose answer is known."""

from __future__ import annotations

import itertools

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_nn import Tensor, errors, nn, ops, optim, saliency, train
from autograd_nn.data import digits

matplotlib.use("Agg")
RNG = np.random.default_rng(0)
METHODS = [saliency.gradient, saliency.gradient_x_input, saliency.integrated_gradients, saliency.occlusion,
           lambda model, x, *rest: saliency.smooth_grad(model, x, *rest, samples=3, rng=0)]


def tanh_net(seed=0):
    return nn.MLP(5, 7, 3, activation="tanh", rng=seed, dtype=float)


def cnn():
    return nn.Sequential(nn.Conv2d(2, 3, 3, padding=1, rng=0), nn.BatchNorm2d(3), nn.Tanh(), nn.Dropout(0.5, rng=0),
                         nn.Flatten(), nn.Linear(3 * 6 * 5, 4, rng=1)).astype(float)


def f(model, x, targets):
    was = model.training
    y = model.eval()(x).data[np.arange(len(x)), targets]
    model.train(was)
    return y


# --- what each one is -----------------------------------------------------------------------------------

@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_the_gradient_is_the_limit_of_differences(seed):
    model, x = tanh_net(seed), np.random.default_rng(seed).normal(size=(4, 5))
    targets = np.array([0, 2, 1, 1])
    found = saliency.gradient(model, x, targets)
    for i in range(5):
        step = np.eye(5)[i] * 1e-6
        slope = (f(model, x + step, targets) - f(model, x - step, targets)) / 2e-6
        np.testing.assert_allclose(found[:, i], slope, rtol=1e-5, atol=1e-8)
    np.testing.assert_array_equal(saliency.gradient_x_input(model, x, targets), x * found)


@settings(max_examples=20)
@given(st.integers(0, 1000), st.sampled_from([0.0, 0.5, "row", "rows"]))
def test_integrated_gradients_are_complete(seed, baseline):
    """A row's map adds up to f(x) - f(baseline)."""
    rng = np.random.default_rng(seed)
    model, x = tanh_net(seed), rng.normal(size=(4, 5))
    base = {"row": rng.normal(size=5), "rows": rng.normal(size=(4, 5))}.get(baseline, baseline)
    found = saliency.integrated_gradients(model, x, 1, baseline=base, steps=40)
    expected = f(model, x, 1) - f(model, np.broadcast_to(base, x.shape), 1)
    np.testing.assert_allclose(found.sum(1), expected, rtol=1e-8, atol=1e-10)


def test_integrated_gradients_of_a_polynomial_and_of_images():
    x = RNG.normal(size=(3, 4))
    cubic = lambda x: (x ** 3).sum(axis=1) + 2 * x[:, 0] * x[:, 1]
    expected = x ** 3
    expected[:, :2] += (x[:, 0] * x[:, 1])[:, None]                     # the product is shared equally
    np.testing.assert_allclose(saliency.integrated_gradients(cubic, x, steps=2), expected, atol=1e-12)
    model, images = cnn(), RNG.normal(size=(2, 2, 6, 5))
    found = saliency.integrated_gradients(model, images, [1, 3])
    np.testing.assert_allclose(found.sum((1, 2, 3)), f(model, images, [1, 3]) - f(model, 0 * images, [1, 3]), rtol=1e-7)


def test_linear_models_have_the_map_that_everyone_expects():
    """w . x + b: each method but the gradient gives w x."""
    model, x = nn.Linear(5, 3, rng=0, dtype=float), RNG.normal(size=(4, 5))
    w = model.weight.data[2]
    np.testing.assert_allclose(saliency.gradient(model, x, 2), np.tile(w, (4, 1)))
    np.testing.assert_allclose(saliency.smooth_grad(model, x, 2, rng=0), np.tile(w, (4, 1)))
    for method in (saliency.gradient_x_input, saliency.integrated_gradients, saliency.occlusion):
        np.testing.assert_allclose(method(model, x, 2), w * x)


def test_a_relu_network_without_biases_adds_up():
    model = nn.Sequential(nn.Linear(5, 8, bias=False, rng=0, dtype=float), nn.ReLU(),
                          nn.Linear(8, 2, bias=False, rng=1, dtype=float))
    x = RNG.normal(size=(4, 5))
    np.testing.assert_allclose(saliency.gradient_x_input(model, x, 0).sum(1), f(model, x, 0))


def test_smooth_grad_is_the_mean_over_the_noise():
    model, x = tanh_net(), RNG.normal(size=(2, 5))
    found = saliency.smooth_grad(model, x, 1, noise=0.3, samples=4, rng=7)
    rng, total = np.random.default_rng(7), 0.0
    for _ in range(4):
        spread = 0.3 * (x.max(1) - x.min(1))[:, None]
        total = total + saliency.gradient(model, x + spread * rng.normal(size=x.shape), 1)
    np.testing.assert_allclose(found, total / 4)
    square = lambda x: (x ** 2).sum(axis=1)
    np.testing.assert_allclose(saliency.smooth_grad(square, x, samples=3000, rng=0), 2 * x, atol=0.1)


@pytest.mark.parametrize(("shape", "window", "stride"), [
    ((2, 2, 6, 5), 1, 1), ((2, 2, 6, 5), 3, 2), ((2, 2, 6, 5), (2, 5), (2, 3)), ((3, 7), 1, 1), ((3, 7), 3, 2),
    ((2, 3, 4), 2, 2)])
def test_occlusion_covers_window_by_window(shape, window, stride):
    x, w = RNG.normal(size=shape), RNG.normal(size=shape[1:])
    model = lambda x: ops.tanh((x * w).sum(axis=tuple(range(1, len(shape)))))
    found = saliency.occlusion(model, x, window=window, stride=stride, fill=0.25)
    lengths = shape[2:] if len(shape) == 4 else shape[-1:]
    both = [v if isinstance(v, tuple) else (v,) * len(lengths) for v in (window, stride)]
    starts = [sorted({min(i, n - k) for i in range(0, n + s, s)}) for n, k, s in zip(lengths, *both)]
    total, count = np.zeros(shape), np.zeros(shape)
    for place in itertools.product(*starts):
        inside = (..., *(slice(i, i + k) for i, k in zip(place, both[0])))
        covered = x.copy()
        covered[inside] = 0.25
        total[inside] += (model(x) - model(covered)).reshape(-1, *[1] * (len(shape) - 1))
        count[inside] += 1
    assert count.min() >= 1
    np.testing.assert_allclose(found, total / count, atol=1e-12)


# --- what holds for all ---------------------------------------------------------------------------------

@pytest.mark.parametrize("method", METHODS)
def test_the_model_stays_as_it_is(method):
    model, x = cnn(), RNG.normal(size=(2, 2, 6, 5))
    model.layers[1].eval()
    before = {k: a.copy() for k, a in model.state_dict().items()}
    draws = model.layers[3].rng.bit_generator.state
    y = model(x).sum()
    y.backward()
    held = [p.grad.copy() for p in model.parameters()]
    before = {k: a.copy() for k, a in model.state_dict().items()}
    draws = model.layers[3].rng.bit_generator.state
    t = Tensor(x)
    found = method(model, t, 1)
    assert found.shape == x.shape and not t.has_grad and model.layers[3].rng.bit_generator.state == draws
    assert all((a == p.grad).all() for a, p in zip(held, model.parameters()))
    assert all((before[k] == a).all() for k, a in model.state_dict().items())
    assert [m.training for m in model.layers[:2]] == [True, False]


@pytest.mark.parametrize("method", METHODS)
def test_targets_dtypes_and_single_outputs(method):
    model, x = nn.MLP(5, 7, 3, activation="tanh", rng=0), RNG.normal(size=(4, 5)).astype(np.float32)
    best = model(x).data.argmax(1)
    found = method(model, x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, method(model, x, best), rtol=1e-6)
    np.testing.assert_allclose(found[2], method(model, x[2:3], best[2])[0], rtol=1e-4, atol=1e-6) \
        if method in METHODS[:4] else None
    np.testing.assert_allclose(method(model, x.tolist(), 1), method(model, x, 1), rtol=1e-6)
    assert method(model, x.tolist(), 1).dtype == np.float32
    one = nn.LogisticRegression(5)
    one.linear.weight.data = [[1.0, 2.0, 3.0, 4.0, 5.0]]
    assert method(one, x).shape == x.shape
    assert method(nn.MLP(5, 3, 1, rng=0), [[1, 2, 3, 4, 5]]).dtype == np.float32


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("model", "x", "target", "told"), [
    (tanh_net(), np.ones((2, 5)), 3, "no class 3"), (tanh_net(), np.ones((2, 5)), -1, "no class -1"),
    (tanh_net(), np.ones((2, 5)), 0.5, "an integer"), (tanh_net(), np.ones((2, 5)), [0, 1, 2], "one for each of the 2"),
    (tanh_net(), np.ones(5), 0, r"\(rows, \.\.\.\)"), (tanh_net(), np.ones((0, 5)), 0, "a row at least"),
    (tanh_net(), np.ones((2, 5), complex), 0, "array of real numbers"),
    (tanh_net(), np.ones((2, 4)), 0, "takes inputs"),
    (lambda x: x.sum(), np.ones((2, 5)), 0, "the model gives shape"),
    (lambda x: (x, x), np.ones((2, 5)), 0, "a tuple of outputs"),
    (lambda x: x / 0.0, np.zeros((2, 5)), 0, "nan or inf")])
def test_errors(method, model, x, target, told):
    with np.errstate(all="ignore"), pytest.raises(errors.AutogradError, match=told):
        method(model, x, target)


@pytest.mark.parametrize(("call", "told"), [
    (lambda: saliency.integrated_gradients(tanh_net(), np.ones((2, 5)), baseline=np.ones(3)), "does not broadcast"),
    (lambda: saliency.integrated_gradients(tanh_net(), np.ones((2, 5)), steps=0), "steps"),
    (lambda: saliency.smooth_grad(tanh_net(), np.ones((2, 5)), noise=-1), "noise"),
    (lambda: saliency.smooth_grad(tanh_net(), np.ones((2, 5)), samples=0), "samples"),
    (lambda: saliency.occlusion(tanh_net(), np.ones((2, 5)), window=6), "does not go over"),
    (lambda: saliency.occlusion(tanh_net(), np.ones((2, 5)), window=2, stride=3), "does not go over"),
    (lambda: saliency.occlusion(tanh_net(), np.ones((2, 5)), window=(2, 2)), "or 1 of them"),
    (lambda: saliency.occlusion(tanh_net(), np.ones((2, 5)), window=0), "window"),
    (lambda: saliency.occlusion(tanh_net(), np.ones((2, 5)), fill="grey"), "fill must be an array of real numbers"),
    (lambda: saliency.gradient(lambda x: x.data.sum(axis=1), np.ones((2, 5))), "no gradient leads back"),
    (lambda: saliency.show(np.ones((8, 8)), np.ones((8, 7))), "do not lie over"),
    (lambda: saliency.show(np.ones(8), np.ones(8)), "image is an array"),
    (lambda: saliency.show(np.ones((2, 2)), np.full((2, 2), np.nan)), "nan or an inf")])
def test_errors_of_options(call, told):
    with pytest.raises(errors.AutogradError, match=told):
        call()


def test_no_gradient_is_needed_for_occlusion():
    unit = nn.Perceptron(2)
    unit.learn([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])
    assert saliency.occlusion(unit, [[1.0, 1.0]]).tolist() == [[1.0, 1.0]]


def test_it_finds_what_the_label_was_made_of():
    """The label is whether one pixel is bright; each method points at it."""
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(400, 1, 6, 6)).astype(np.float32)
    y = (x[:, 0, 2, 4] > 0.5).astype(int)
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1, rng=0), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2, rng=1))
    train.fit(model, (x, y), loss=nn.cross_entropy, optimizer=optim.Adam(model.parameters(), lr=0.01), epochs=15,
              rng=0, progress=False)
    for method in (*METHODS[:1], *METHODS[2:]):
        found = abs(method(model, x[:50], 1)).mean((0, 1))
        assert np.unravel_index(found.argmax(), found.shape) == (2, 4)


# --- the picture ----------------------------------------------------------------------------------------

def test_the_picture_has_the_signs_colours():
    found = np.zeros((8, 8))
    found[1, 2], found[5, 6] = 2.0, -1.0
    image = digits().x[0].reshape(1, 1, 8, 8)
    ax = saliency.show(image, found)
    below, above = ax.images
    assert below.get_array().shape == (8, 8) and below.get_cmap().name == "gray"
    rgba = above.to_rgba(above.get_array())
    assert rgba[0, 0, 3] == 0.0 or rgba[0, 0, 3] < 0.02                        # nothing is said: the image is seen
    assert rgba[1, 2, 2] > rgba[1, 2, 0] and rgba[5, 6, 0] > rgba[5, 6, 2]      # blue for, orange against
    assert rgba[1, 2, 3] > rgba[5, 6, 3] > 0.2
    same = saliency.show(np.ones((3, 8, 8)), np.ones((3, 8, 8)) * 0.0, ax=ax)
    assert same is ax
    matplotlib.pyplot.close("all")
