"""Pooling: values against a loop over every window, derivatives against differences, and PyTorch."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers.numeric import on_a_line
from hypothesis import example, given, settings
from hypothesis import strategies as st

import autograd_nn as ag
from autograd_nn import Tensor, check_gradients, grad, nn
from autograd_nn.errors import DTypeError, ShapeError, UsageError


def windows(shape, kernel, stride, padding, dilation, ceil):
    """For each place of the output the coordinates that its window meets, also those outside of the input."""
    counts = []
    for n, k, s, p, d in zip(shape, kernel, stride, padding, dilation):
        steps = (n + 2 * p - d * (k - 1) - 1) / s
        count = (math.ceil(steps) if ceil else math.floor(steps)) + 1
        counts.append(count - (ceil and (count - 1) * s >= n + p))
    for place in np.ndindex(*counts):
        yield place, [tuple(i * s - p + j * d for i, s, p, j, d in zip(place, stride, padding, at, dilation))
                      for at in np.ndindex(*kernel)]


def inside(at, shape):
    return all(0 <= i < n for i, n in zip(at, shape))


def naive(x, reduce, *options):
    """The function of each window's coordinates, over the last two axes."""
    places = list(windows(x.shape[-2:], *options))
    out = tuple(n + 1 for n in places[-1][0])
    y = np.zeros((*x.shape[:-2], *out))
    for lead in np.ndindex(*x.shape[:-2]):
        for place, seen in places:
            y[lead + place] = reduce(x[lead], seen)
    return y


def largest(x, seen):
    return max(x[at] for at in seen if inside(at, x.shape))


def averaging(padding, include, divisor):
    def average(x, seen):
        total = sum(x[at] for at in seen if inside(at, x.shape))
        bounds = [(-p, n + p) if include else (0, n) for n, p in zip(x.shape, padding)]
        return total / (divisor or sum(all(a <= i < b for i, (a, b) in zip(at, bounds)) for at in seen))
    return average


@st.composite
def pools(draw):
    """An array without ties and options that fit."""
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    kernel, stride = draw(pair), draw(pair)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    dilation = draw(st.sampled_from([(1, 1), (2, 1)]))
    size = [d * (k - 1) + 1 + draw(st.integers(0, 4)) for k, d in zip(kernel, dilation)]
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 2)), *size)
    x = np.random.default_rng(draw(st.integers(0, 99))).permutation(np.linspace(-1, 1, math.prod(shape)))
    return x.reshape(shape), kernel, stride, padding, dilation, draw(st.booleans())


@given(pools())
def test_max_pool2d_is_the_naive_loop(case):
    np.testing.assert_array_equal(ag.max_pool2d(*case), naive(case[0], largest, *case[1:]))


@given(pools(), st.booleans(), st.sampled_from([None, 3]))
def test_avg_pool2d_is_the_naive_loop(case, include, divisor):
    x, kernel, stride, padding, _, ceil = case
    want = naive(x, averaging(padding, include, divisor), kernel, stride, padding, (1, 1), ceil)
    np.testing.assert_allclose(ag.avg_pool2d(x, kernel, stride, padding, ceil, include, divisor), want, rtol=1e-12,
                               atol=1e-14)


@pytest.mark.slow
@example((np.array([0, 1, 0.5, -1, -0.5]).reshape(1, 1, 5, 1), (2, 1), (2, 1), (0, 0), (2, 1), False), False)
@settings(max_examples=4)
@given(pools(), st.booleans())
def test_gradients_of_first_and_second_order(case, include):
    x, kernel, stride, padding, _, ceil = case
    x = x[0, :1]
    for f in (lambda x: (ag.max_pool2d(*(x, *case[1:])) ** 3).sum(),
              lambda x: (ag.avg_pool2d(x, kernel, stride, padding, ceil, include) ** 3).sum()):
        check_gradients(*on_a_line(f, x))
        u = np.random.default_rng(0).normal(size=x.shape)
        check_gradients(*on_a_line(lambda x, f=f, u=u: (grad(f)(x) * u).sum(), x))


@pytest.mark.parametrize(("kernel", "stride", "want"), [
    (2, 2, [[1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]),
    (2, 1, [[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0]])])
def test_of_equals_the_first_gets_the_gradient(kernel, stride, want):
    x = Tensor(np.full((1, 4, 4), 3.0))
    ag.max_pool2d(x, kernel, stride).sum().backward()
    assert x.grad[0].tolist() == want


@pytest.mark.parametrize("stride", [2, 1])
def test_a_cotangent_that_is_not_finite_goes_to_its_element_alone(stride):
    x = Tensor([[[1.0, 2.0, 3.0], [0.0, 1.0, 5.0]]])
    y = ag.max_pool2d(x, 2, stride)
    y.backward([[[np.inf] if stride == 2 else [np.inf, 1.0]]])
    want = [[0.0, np.inf, 0.0], [0.0, 0.0, 0.0 if stride == 2 else 1.0]]
    np.testing.assert_array_equal(x.grad[0], want)


@pytest.mark.parametrize("side", [15, 16, 17])
def test_a_window_of_more_elements_than_a_byte_counts(side):
    x = Tensor(np.arange(float(side * side)).reshape(1, side, side))
    ag.max_pool2d(x, side).sum().backward()
    np.testing.assert_array_equal(np.flatnonzero(x.grad), [side * side - 1])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_picking_and_putting_in_each_dtype(dtype):
    number = np.array([[3, 0]])
    put = ag.ops.window_put(np.array([[2.5, -1.5]], dtype), number=number, size=(2, 4), kernel=(2, 2), stride=(2, 2))
    np.testing.assert_array_equal(put, [[0, 0, -1.5, 0], [0, 2.5, 0, 0]])
    picked = ag.ops.window_pick(put, number=number, kernel=(2, 2), stride=(2, 2))
    np.testing.assert_array_equal(picked, [[2.5, -1.5]])
    assert put.dtype == picked.dtype == dtype


def test_a_nan_stays_a_nan_and_hurts_no_other_window():
    x = np.arange(8.0).reshape(1, 2, 4)
    x[0, 0, 0] = np.nan
    y = ag.max_pool2d(x, 2)
    assert np.isnan(y[0, 0, 0]) and y[0, 0, 1] == 7.0


def test_one_axis_is_two_with_one_of_length_one():
    x = np.random.default_rng(0).normal(size=(2, 3, 9))
    args = ((1, 3), (1, 2), (0, 1), (1, 1), True)
    want = naive(x[:, :, None], largest, *args)[:, :, 0]
    np.testing.assert_array_equal(ag.max_pool1d(x, 3, 2, 1, ceil_mode=True), want)
    np.testing.assert_array_equal(ag.max_pool1d(x[0], 3, 2, 1, ceil_mode=True), want[0])
    want = naive(x[:, :, None], averaging((0, 1), False, None), *args)[:, :, 0]
    np.testing.assert_allclose(ag.avg_pool1d(x, 3, 2, 1, True, False), want)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 10), st.integers(1, 10))
def test_adaptive_avg_pool_is_the_naive_loop(height, width, rows, across):
    x = np.random.default_rng(0).normal(size=(2, 1, height, width))
    y = ag.adaptive_avg_pool2d(x, (rows, across))
    assert y.shape == (2, 1, rows, across)
    for i, j in np.ndindex(rows, across):
        part = x[:, :, i * height // rows:math.ceil((i + 1) * height / rows),
                 j * width // across:math.ceil((j + 1) * width / across)]
        np.testing.assert_allclose(y[:, :, i, j], part.mean((2, 3)), atol=1e-14)
    np.testing.assert_allclose(ag.adaptive_avg_pool1d(x[:, 0], across)[:, :, 0],
                               x[:, 0, :, :math.ceil(width / across)].mean(2), atol=1e-14)


LAYERS = [("MaxPool1d", (3,), {"stride": 2, "padding": 1, "ceil_mode": True}, (2, 3, 10)),
          ("MaxPool2d", (2,), {}, (2, 3, 7, 6)),
          ("MaxPool2d", ((3, 2),), {"stride": 1, "dilation": (1, 2), "padding": (1, 1)}, (2, 3, 7, 6)),
          ("AvgPool1d", (4,), {"stride": 3, "padding": 2, "ceil_mode": True}, (2, 3, 11)),
          ("AvgPool2d", (3,), {"stride": 2, "padding": 1, "ceil_mode": True}, (2, 3, 8, 6)),
          ("AvgPool2d", (3,), {"padding": 1, "count_include_pad": False}, (2, 3, 8, 7)),
          ("AvgPool2d", ((2, 3),), {"divisor_override": 4}, (2, 3, 8, 7)),
          ("AdaptiveAvgPool1d", (4,), {}, (2, 3, 10)),
          ("AdaptiveAvgPool2d", ((3, None),), {}, (2, 3, 8, 7)), ("AdaptiveAvgPool2d", (5,), {}, (2, 3, 8, 7))]


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize(("kind", "args", "options", "shape"), LAYERS)
def test_layers_are_torchs(kind, args, options, shape, rounded):
    """Also with many ties, which go to the first here as there."""
    torch = pytest.importorskip("torch", reason="the comparison with PyTorch needs it")
    a = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    a = a.round() if rounded else a
    x, tx = Tensor(a), torch.tensor(a, requires_grad=True)
    y, ty = getattr(nn, kind)(*args, **options)(x), getattr(torch.nn, kind)(*args, **options)(tx)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.data, ty.detach().numpy(), rtol=1e-5, atol=1e-6)
    g = np.cos(np.arange(y.size)).reshape(y.shape).astype(np.float32)
    y.backward(g)
    ty.backward(torch.tensor(g))
    assert x.grad.dtype == np.float32
    np.testing.assert_allclose(x.grad, tx.grad.numpy(), rtol=1e-5, atol=1e-6)


def test_integers_are_taken_as_numbers():
    assert nn.MaxPool2d(2, padding=1)(np.arange(-9, 0).reshape(1, 3, 3)).tolist() == [[[-9.0, -7.0], [-3.0, -1.0]]]


IMAGE = np.zeros((1, 2, 4, 4))
WRONG = [(lambda: nn.MaxPool2d(2)(np.zeros((4, 4))), ShapeError, "takes an input of shape"),
         (lambda: nn.MaxPool2d(5)(IMAGE), ShapeError, "the kernel reaches over"),
         (lambda: nn.AvgPool2d(5)(IMAGE), ShapeError, "the kernel reaches over"),
         (lambda: nn.MaxPool2d(2)(np.zeros((1, 2, 0, 4))), ShapeError, "nothing to slide over"),
         (lambda: nn.MaxPool2d(2, padding=2)(IMAGE), UsageError, "more than half"),
         (lambda: nn.MaxPool2d(0)(IMAGE), UsageError, "kernel_size must be"),
         (lambda: nn.AvgPool2d(2, stride=(1, 2, 3))(IMAGE), UsageError, "stride must be"),
         (lambda: nn.AvgPool2d(2, divisor_override=0)(IMAGE), UsageError, "divisor_override must be"),
         (lambda: nn.AdaptiveAvgPool2d(0)(IMAGE), UsageError, "output_size must be"),
         (lambda: nn.AdaptiveAvgPool1d(2)(IMAGE), ShapeError, "takes an input of shape"),
         (lambda: nn.MaxPool2d(2)(IMAGE.astype(complex)), DTypeError, "real"),
         (lambda: nn.MaxPool2d(2)([[[ag.Value(1.0)]]]), UsageError, "are Values")]


@pytest.mark.parametrize(("call", "kind", "message"), WRONG)
def test_what_does_not_fit_is_one_clear_error(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_repr():
    assert repr(nn.MaxPool2d(3, 2, padding=1, ceil_mode=True)) == "MaxPool2d(3, stride=2, padding=1, ceil_mode=True)"
    assert repr(nn.AvgPool2d(2, count_include_pad=False)) == "AvgPool2d(2, count_include_pad=False)"
