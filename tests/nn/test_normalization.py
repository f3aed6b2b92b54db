"""Normalisation, dropout and reshaping layers: values against loops, derivatives against differences, PyTorch."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers.numeric import on_a_line

import autograd_nn as ag
from autograd_nn import Tensor, check_gradients, nn, ops
from autograd_nn.errors import DTypeError, ShapeError, StateError, UsageError


def arrays(*shape, seed=0):
    return np.random.default_rng(seed).normal(1.0, 2.0, size=shape)


def standardized(part, eps):
    return (part - part.mean()) / math.sqrt(((part - part.mean()) ** 2).mean() + eps)


def naive_batch(x, eps):
    y = np.empty_like(x)
    for c in range(x.shape[1]):
        y[:, c] = standardized(x[:, c], eps)
    return y


def naive_groups(x, groups, eps):
    y, step = np.empty_like(x), x.shape[1] // groups
    for n in range(len(x)):
        for start in range(0, x.shape[1], step):
            y[n, start:start + step] = standardized(x[n, start:start + step], eps)
    return y


def naive_response(x, size, alpha, beta, k):
    y = np.empty_like(x)
    for c in range(x.shape[1]):
        near = range(max(c - size // 2, 0), min(c + (size - 1) // 2, x.shape[1] - 1) + 1)
        y[:, c] = x[:, c] / (k + alpha / size * sum(x[:, j] ** 2 for j in near)) ** beta
    return y


def naive_contrast(x, size, sigma, eps):
    """Local contrast normalisation of one image (C, H, W), place by place."""
    _, height, width = x.shape
    half = size // 2

    def average(a, i, j):
        total = weight = 0.0
        for p in range(max(i - half, 0), min(i + half, height - 1) + 1):
            for q in range(max(j - half, 0), min(j + half, width - 1) + 1):
                w = math.exp(-((p - i) ** 2 + (q - j) ** 2) / (2 * sigma ** 2))
                total, weight = total + w * a[:, p, q].mean(), weight + w
        return total / weight

    v, s = np.empty_like(x), np.empty((height, width))
    for i, j in np.ndindex(height, width):
        v[:, i, j] = x[:, i, j] - average(x, i, j)
    for i, j in np.ndindex(height, width):
        s[i, j] = math.sqrt(average(v * v, i, j) + eps)
    return v / np.maximum(s, s.mean())


def layer_of(kind, *args, **options):
    return getattr(nn, kind)(*args, **options).astype(np.float64)


NAIVE = [(lambda: layer_of("BatchNorm1d", 3), (4, 3), lambda x: naive_batch(x, 1e-5)),
         (lambda: layer_of("BatchNorm1d", 3), (4, 3, 2), lambda x: naive_batch(x, 1e-5)),
         (lambda: layer_of("BatchNorm2d", 2, eps=0.5), (3, 2, 2, 3), lambda x: naive_batch(x, 0.5)),
         (lambda: layer_of("LayerNorm", 3), (4, 3), lambda x: np.array([standardized(row, 1e-5) for row in x])),
         (lambda: layer_of("LayerNorm", (2, 3), eps=0.1), (4, 2, 3),
          lambda x: np.array([standardized(row, 0.1) for row in x])),
         (lambda: layer_of("GroupNorm", 2, 4), (3, 4, 2), lambda x: naive_groups(x, 2, 1e-5)),
         (lambda: layer_of("GroupNorm", 4, 4, affine=False), (2, 4, 2, 2), lambda x: naive_groups(x, 4, 1e-5)),
         (lambda: layer_of("RMSNorm", 3, eps=0.2), (4, 3),
          lambda x: np.array([row / math.sqrt((row ** 2).mean() + 0.2) for row in x])),
         (lambda: nn.LocalResponseNorm(3, 0.5, 0.6, 2.0), (2, 5, 2, 2), lambda x: naive_response(x, 3, 0.5, 0.6, 2.0)),
         (lambda: nn.LocalResponseNorm(2, 0.5), (2, 3, 4), lambda x: naive_response(x, 2, 0.5, 0.75, 1.0)),
         (lambda: nn.LocalContrastNorm(3, eps=1e-3), (2, 2, 5, 4),
          lambda x: np.array([naive_contrast(image, 3, 0.75, 1e-3) for image in x])),
         (lambda: nn.LocalContrastNorm(9, sigma=1.5), (1, 6, 5), lambda x: naive_contrast(x, 9, 1.5, 1e-8))]


@pytest.mark.parametrize(("make", "shape", "naive"), NAIVE)
def test_value_is_the_naive_loops(make, shape, naive):
    x = arrays(*shape)
    y = make()(x)
    np.testing.assert_allclose(getattr(y, "data", y) if isinstance(y, Tensor) else y, naive(x), rtol=1e-10, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize(("make", "shape", "naive"), NAIVE)
def test_gradients_of_first_and_second_order(make, shape, naive):
    layer, x = make(), arrays(*shape)
    parameters = dict(layer.named_parameters())
    starts = [arrays(*p.shape, seed=1) for p in parameters.values()]
    g = np.cos(np.arange(x.size)).reshape(x.shape)

    def loss(x, *given):
        for name, p in zip(parameters, given):
            setattr(layer, name, p)
        return (layer(x) ** 2 * g).sum()
    check_gradients(loss, x, *starts)
    u = arrays(*shape, seed=2)
    check_gradients(*on_a_line(lambda x, *ps: (ag.grad(loss)(x, *ps) * u).sum(), x, *starts))


@pytest.mark.parametrize(("make", "shape", "naive"), NAIVE)
def test_float32_stays_float32(make, shape, naive):
    layer, x = make().astype(np.float32), Tensor(arrays(*shape), dtype=np.float32)
    y = layer(x)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == np.float32
    assert layer.eval()(x).dtype == np.float32
    assert all(p.grad.dtype == np.float32 for p in layer.parameters())


TORCH = [("BatchNorm1d", (3,), {}, (6, 3)), ("BatchNorm1d", (3,), {"momentum": None}, (4, 3, 5)),
         ("BatchNorm2d", (3,), {"momentum": 0.3, "eps": 0.01}, (4, 3, 5, 2)),
         ("BatchNorm2d", (3,), {"affine": False}, (4, 3, 5, 2)),
         ("BatchNorm2d", (3,), {"track_running_stats": False}, (4, 3, 5, 2)),
         ("LayerNorm", (5,), {}, (4, 3, 5)), ("LayerNorm", ((3, 5),), {"bias": False}, (4, 3, 5)),
         ("LayerNorm", (5,), {"elementwise_affine": False}, (4, 5)), ("GroupNorm", (2, 4), {}, (3, 4, 5)),
         ("RMSNorm", (5,), {}, (4, 5)), ("LocalResponseNorm", (3,), {"alpha": 0.1, "k": 2.0}, (2, 5, 4, 3)),
         ("LocalResponseNorm", (4,), {}, (2, 5, 4))]


@pytest.mark.parametrize(("kind", "args", "options", "shape"), TORCH)
def test_layers_are_torchs(kind, args, options, shape):
    """Three training steps, with what they leave in the running statistics, and then eval()."""
    torch = pytest.importorskip("torch", reason="the comparison with PyTorch needs it")
    mine, other = getattr(nn, kind)(*args, **options), getattr(torch.nn, kind)(*args, **options)
    assert set(mine.state_dict()) == set(other.state_dict())
    for step in range(5):
        if step == 3:
            mine.eval()
            other.eval()
        a = arrays(*shape, seed=step).astype(np.float32)
        x, tx = Tensor(a), torch.tensor(a, requires_grad=True)
        y, ty = mine(x), other(tx)
        np.testing.assert_allclose(y.data, ty.detach().numpy(), rtol=1e-4, atol=1e-5)
        g = np.cos(np.arange(y.size)).reshape(y.shape).astype(np.float32)
        y.backward(g)
        ty.backward(torch.tensor(g))
        np.testing.assert_allclose(x.grad, tx.grad.numpy(), rtol=1e-3, atol=1e-4)
        for (name, p), (_, tp) in zip(mine.named_parameters(), other.named_parameters()):
            np.testing.assert_allclose(p.grad, tp.grad.numpy(), rtol=1e-3, atol=1e-4, err_msg=name)
        for name, array in mine.state_dict().items():
            np.testing.assert_allclose(array, other.state_dict()[name].numpy(), rtol=1e-5, atol=1e-6, err_msg=name)


# --- running statistics ---------------------------------------------------------------------------

def test_buffers_are_state_and_no_parameters(tmp_path):
    net = nn.Sequential(nn.Linear(2, 3, rng=0), nn.BatchNorm1d(3))
    net(arrays(8, 2))
    names = [f"layers.{i}.{p}" for i in (0, 1) for p in ("weight", "bias")]
    assert [name for name, _ in net.named_parameters()] == names
    state = net.state_dict()
    assert state["layers.1.num_batches_tracked"] == 1 and state["layers.1.running_mean"].any()
    net.save(tmp_path / "net.safetensors")
    other = nn.Sequential(nn.Linear(2, 3, rng=1), nn.BatchNorm1d(3)).load(tmp_path / "net.safetensors")
    x = arrays(4, 2, seed=3)
    np.testing.assert_array_equal(net.eval()(x).data, other.eval()(x).data)
    assert other.layers[1].num_batches_tracked.data.dtype == np.int64
    with pytest.raises(StateError, match=r"missing     layers\.1\.running_var"):
        other.load_state_dict({k: v for k, v in state.items() if not k.endswith("running_var")})
    with pytest.raises(StateError, match=r"shape       layers.1.running_mean: \(2,\)"):
        other.load_state_dict({**state, "layers.1.running_mean": np.zeros(2)})
    other.astype(np.float64)
    assert other.state_dict()["layers.1.running_mean"].dtype == np.float64
    assert other.layers[1].num_batches_tracked.data.dtype == np.int64


def test_an_earlier_state_is_not_moved_by_later_steps():
    layer = nn.BatchNorm1d(2)
    layer(arrays(5, 2))
    before = layer.state_dict()
    kept = before["running_mean"].copy()
    layer(arrays(5, 2, seed=1))
    np.testing.assert_array_equal(before["running_mean"], kept)
    assert not np.array_equal(layer.state_dict()["running_mean"], kept)
    with pytest.raises(ValueError, match="read-only"):
        layer.running_mean.data[0] = 1.0


@pytest.mark.parametrize("shape", [(7, 3), (7, 3, 4), (7, 3, 4, 2)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_batch_in_parts_is_the_whole(shape, order, monkeypatch):
    x, g, w = np.asarray(arrays(*shape), order=order), arrays(*shape, seed=1), arrays(3, seed=2)
    axes = (0, *range(2, len(shape)))
    beside = w.reshape(-1, *(1,) * (len(shape) - 2))

    def gradients(f):
        tx, tw = Tensor(x), Tensor(w)
        y = f(tx, tw)
        (y * g).sum().backward()
        return y.data, tx.grad, tw.grad

    whole = gradients(lambda x, w: ag.standardize(x, axis=axes) * ag.reshape(w, beside.shape) + 0.5)
    monkeypatch.setattr("autograd_nn.ops.normalization.BLOCK", 3 * x.nbytes // 7)     # three images at a time
    parts = gradients(lambda x, w: ag.batch_normalize(x, w, np.full(3, 0.5)))
    for a, b in zip(whole, parts):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("x", "w", "b"), [((3,), (3,), (3,)), ((2, 3), (2,), (2,)), ((2, 3), (3,), ()),
                                           ((2, 3, 4), (3, 1), (3, 1))])
def test_batch_normalize_refuses_other_shapes(x, w, b):
    with pytest.raises(ShapeError, match="batch_normalize: takes a batch"):
        ag.batch_normalize(*map(np.ones, (x, w, b)))


def test_batch_norm_is_accurate_far_from_zero():
    x = (1000 + np.random.default_rng(0).normal(size=(16, 2, 9, 9))).astype(np.float32)
    layer = nn.BatchNorm2d(2)
    np.testing.assert_allclose(layer(x).data, naive_batch(x.astype(float), 1e-5), atol=2e-4)
    np.testing.assert_allclose(layer.running_var.data, 0.9 + 0.1 * x.astype(float).var(axis=(0, 2, 3), ddof=1),
                               rtol=1e-4)


def test_batch_norm_without_a_shift_is_one_with_ones_and_zeros():
    x, g = arrays(5, 2, 3, 3), arrays(5, 2, 3, 3, seed=1)
    found = []
    for layer in (nn.BatchNorm2d(2, dtype=np.float64), nn.BatchNorm2d(2, affine=False, dtype=np.float64)):
        leaf = Tensor(x)
        y = layer(leaf)
        (y * g).sum().backward()
        found.append((y.data, leaf.grad))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])


def test_evaluation_moves_nothing():
    layer = nn.BatchNorm1d(2).eval()
    layer(arrays(5, 2))
    assert layer.num_batches_tracked.data == 0 and not layer.running_mean.data.any()


def test_a_transform_moves_the_running_statistics_of_the_module_that_it_is_given():
    layer = nn.BatchNorm1d(2)
    ag.grad(lambda layer: (layer(arrays(5, 2)) ** 2).sum())(layer)
    assert layer.num_batches_tracked.data >= 1


def test_a_flat_image_is_normalised_to_zeros_with_finite_gradients():
    for layer, want in ((nn.LocalContrastNorm(), 0.0), (nn.BatchNorm2d(1), 0.0), (nn.LocalResponseNorm(3), 0.0)):
        x = Tensor(np.zeros((2, 1, 6, 6)) + (0.0 if isinstance(layer, nn.LocalResponseNorm) else 7.0))
        y = layer(x)
        (y ** 2).sum().backward()
        assert np.allclose(y.data, want, atol=1e-6) and np.isfinite(x.grad).all()


# --- dropout --------------------------------------------------------------------------------------

def test_dropout_keeps_the_expectation():
    x = np.ones((400, 50))
    y = nn.Dropout(0.3, rng=0)(x)
    assert sorted(set(y.ravel().tolist())) == [0.0, pytest.approx(1 / 0.7)]
    assert (y == 0).mean() == pytest.approx(0.3, abs=0.01) and y.mean() == pytest.approx(1.0, abs=0.02)


def test_dropout_draws_anew_each_time_and_the_same_from_one_seed():
    x, layer = np.ones(64), nn.Dropout(rng=5)
    first, second = layer(x), layer(x)
    assert not np.array_equal(first, second)
    again = nn.Dropout(rng=5)
    np.testing.assert_array_equal(again(x), first)
    np.testing.assert_array_equal(again(x), second)
    ag.seed(1)
    third = nn.Dropout()(x)
    ag.seed(1)
    np.testing.assert_array_equal(nn.Dropout()(x), third)


def test_a_rule_of_batch_norm_that_is_asked_again_looks_again():
    """The rules by x and by w share a sum; a cotangent that was written to in between has another one."""
    rng = np.random.default_rng(0)
    x, w, b, g = rng.normal(size=(5, 3)), rng.normal(size=3), np.zeros(3), rng.normal(size=(5, 3))
    y, (by_x, by_w, _) = ops.batch_normalize.array(x, w, b), ops.batch_normalize.array_rules
    alone = [rule(g, y.copy(), x, w, b, eps=1e-5) for rule in (by_x, by_w)]
    for rules in ((by_x, by_w), (by_w, by_x)):
        for rule in rules:
            want = alone[rule is by_w]
            np.testing.assert_allclose(rule(g, y, x, w, b, eps=1e-5), want, rtol=1e-13)
    for rule in (by_x, by_w):
        held = g.copy()
        rule(held, y, x, w, b, eps=1e-5)
        held *= -1
        want = -alone[rule is by_w]
        np.testing.assert_allclose(rule(held, y, x, w, b, eps=1e-5), want, rtol=1e-13)


def test_dropout_passes_the_gradient_where_it_passes_the_value():
    x = Tensor(np.full((3, 40), 2.0), dtype=np.float32)
    y = nn.Dropout(0.5, rng=0)(x)
    y.sum().backward()
    assert y.dtype == np.float32
    np.testing.assert_array_equal(x.grad, y.data / 2)


def test_dropout_at_its_ends_and_in_evaluation():
    x = Tensor(arrays(4, 5))
    assert nn.Dropout(0.0)(x) is x and nn.Dropout(0.9).eval()(x) is x
    y = nn.Dropout(1.0)(x)
    y.sum().backward()
    assert not y.data.any() and not x.grad.any()
    assert not nn.Dropout(1.0)([1.0, 2.0]).any()


def test_dropout2d_leaves_out_whole_channels():
    y = nn.Dropout2d(0.5, rng=0)(np.ones((20, 10, 3, 4)))
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :, :1, :1], y.shape))
    assert 60 < (y[:, :, 0, 0] == 0).sum() < 140


# --- reshaping ------------------------------------------------------------------------------------

def test_reshaping_layers():
    x = Tensor(arrays(2, 3, 4, 5))
    assert nn.Flatten()(x).shape == (2, 60) and nn.Flatten(2)(x).shape == (2, 3, 20)
    assert nn.Flatten(0, 1)(x).shape == (6, 4, 5) and nn.Flatten(-2, -1)(x).shape == (2, 3, 20)
    np.testing.assert_array_equal(nn.Unflatten(1, (3, -1, 5))(nn.Flatten()(x)).data, x.data)
    np.testing.assert_array_equal(nn.ZeroPad2d((1, 2, 3, 0))(x).data, np.pad(x.data, ((0, 0), (0, 0), (3, 0), (1, 2))))
    np.testing.assert_array_equal(nn.ZeroPad2d(1)(x).data, np.pad(x.data, ((0, 0), (0, 0), (1, 1), (1, 1))))
    np.testing.assert_array_equal(nn.Pad((1, -2), value=4.0)(x).data,
                                  np.pad(x.data[..., :-2], [(0, 0)] * 3 + [(1, 0)], constant_values=4.0))
    np.testing.assert_array_equal(nn.Upsample((2, 3))(x).data, x.data.repeat(2, axis=2).repeat(3, axis=3))
    for layer in (nn.Flatten(), nn.Unflatten(3, (5, 1)), nn.ZeroPad2d((1, 2, 3, -1)), nn.Upsample(2)):
        check_gradients(lambda x, layer=layer: (layer(x) ** 3).sum(), x.data)


WRONG = [(lambda: nn.BatchNorm2d(3)(np.zeros((2, 3, 4))), ShapeError, r"takes inputs of shape \(N, 3, H, W\)"),
         (lambda: nn.BatchNorm2d(3)(np.zeros((2, 2, 4, 4))), ShapeError, r"shape \(2, 2, 4, 4\)"),
         (lambda: nn.BatchNorm1d(3)(np.zeros((1, 3))), ShapeError, "one number for each channel"),
         (lambda: nn.BatchNorm1d(3, momentum=2), UsageError, "momentum must be a number from 0 to 1"),
         (lambda: nn.BatchNorm1d(0), UsageError, "num_features must be"),
         (lambda: nn.BatchNorm1d(3, eps=0), UsageError, "eps must be"),
         (lambda: nn.BatchNorm1d(1)(np.zeros((3, 1), complex)), DTypeError, "no real numbers"),
         (lambda: nn.BatchNorm1d(1)([[ag.Value(1.0)]]), UsageError, "are Values"),
         (lambda: nn.LayerNorm(3)(np.zeros((2, 4))), ShapeError, r"inputs of shape \(..., 3\)"),
         (lambda: nn.RMSNorm((2, 3))(np.zeros(3)), ShapeError, r"inputs of shape \(..., 2, 3\)"),
         (lambda: nn.LayerNorm("x"), UsageError, "normalized_shape must be"),
         (lambda: nn.GroupNorm(2, 3), UsageError, "must divide"),
         (lambda: nn.GroupNorm(1, 3)(np.zeros((2, 4))), ShapeError, r"\(N, 3, ...\)"),
         (lambda: nn.LocalResponseNorm(3)(np.zeros((2, 4))), ShapeError, "takes inputs of shape"),
         (lambda: nn.LocalContrastNorm(4), UsageError, "is even"),
         (lambda: nn.LocalContrastNorm(3, sigma=0), UsageError, "sigma must be"),
         (lambda: nn.LocalContrastNorm()(np.zeros((3, 3))), ShapeError, "takes inputs of shape"),
         (lambda: nn.Dropout(1.5), UsageError, "p must be a number from 0 to 1"),
         (lambda: nn.Dropout("half"), UsageError, "p must be a number from 0 to 1"),
         (lambda: nn.Dropout2d()(np.zeros(3)), ShapeError, "Dropout2d takes"),
         (lambda: nn.Flatten()(np.zeros(3)), ShapeError, "there is no axis 1"),
         (lambda: nn.Flatten(2, 1)(np.zeros((1, 2, 3))), ShapeError, "stands behind"),
         (lambda: nn.Unflatten(1, (3, 5))(np.zeros((2, 12))), ShapeError, "do not make up"),
         (lambda: nn.Unflatten(1, (-1, -1)), UsageError, "at most one"),
         (lambda: nn.Pad((1, 2, 3)), UsageError, "two widths for each axis"),
         (lambda: nn.Pad((1, 2, 3, 4))(np.zeros(3)), ShapeError, "for 2 axes"),
         (lambda: nn.Pad((-2, -1))(np.zeros(3)), ShapeError, "leaves nothing"),
         (lambda: nn.ZeroPad2d((1, 2)), UsageError, "one width or four"),
         (lambda: nn.Upsample(1.5), UsageError, "scale_factor must be"),
         (lambda: nn.Upsample(2, mode="bilinear"), UsageError, "mode must be"),
         (lambda: nn.Upsample(2)(np.zeros((2, 2))), ShapeError, "Upsample takes")]


@pytest.mark.parametrize(("call", "kind", "message"), WRONG)
def test_what_does_not_fit_is_one_clear_error(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


@pytest.mark.parametrize("layer", [nn.LayerNorm(6), nn.GroupNorm(2, 6), nn.RMSNorm(6)], ids=lambda m: type(m).__name__)
@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 2.0 ** 70), (np.float32, 2.0 ** 126),
                                             (np.float64, 2.0 ** 600)])
def test_of_numbers_whose_squares_overflow(layer, dtype, size):
    """They depend on the ratios of the numbers alone, row by row."""
    x, g = np.random.default_rng(0).uniform(-1, 1, (4, 6)), np.arange(24.0).reshape(4, 6).astype(dtype)
    rows = np.array([[2.0 ** 20], [2.0 ** 20], [size], [size]])
    near, far = (Tensor((x * scale).astype(dtype)) for scale in (2.0 ** 20, rows))
    for t in (near, far):
        layer(t).backward(g)
    rtol = 50 * np.finfo(dtype).eps
    np.testing.assert_allclose(layer(far).data, layer(near).data, rtol=rtol)
    np.testing.assert_allclose(far.grad * rows, near.grad * 2.0 ** 20, rtol=1e-3, atol=100 * rtol)


def test_one_row_is_fine_in_evaluation():
    assert nn.BatchNorm1d(3).eval()(np.zeros((1, 3))).shape == (1, 3)


def test_repr():
    assert repr(nn.BatchNorm2d(3, momentum=None, affine=False)) == "BatchNorm2d(3, momentum=None, affine=False)"
    assert repr(nn.Dropout2d(0.25)) == "Dropout2d(p=0.25)"
    assert repr(nn.GroupNorm(2, 4, eps=0.1)) == "GroupNorm(2, 4, eps=0.1)"
