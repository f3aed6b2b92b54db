"""Convolution and pooling in C have the bits of NumPy's way, for every option and kind of array."""

from __future__ import annotations

import numpy as np
import pytest

from autograd_nn import ops
from autograd_nn.ops.networks import _sliding

in_c = pytest.importorskip("autograd_nn.native._windows", reason="it is not compiled")
pytestmark = pytest.mark.skipif(_sliding.quick is None, reason="Python alone is asked for")
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, 1.0, 2.0])


def odd(x):
    """The same numbers at an address that is no multiple of their size."""
    memory = np.empty(x.nbytes + 1, np.uint8)[1:]
    moved = memory.view(x.dtype).reshape(x.shape) if x.size else x
    moved[...] = x
    return moved


KINDS = {"single": lambda x: x.astype(np.float32), "double": lambda x: x, "half": lambda x: x.astype(np.float16),
         "long": lambda x: x.astype(np.longdouble), "other end first": lambda x: x.astype(x.dtype.newbyteorder()),
         "Fortran's order": lambda x: np.asfortranarray(x.astype(np.float32)), "not aligned": odd,
         "backwards": lambda x: x[..., ::-1], "every second": lambda x: np.repeat(x, 2, axis=0)[::2]}


def both(monkeypatch, f, *args, **options):
    """What C and NumPy give."""
    found = f(*args, **options)
    with monkeypatch.context() as patch:
        patch.setattr(_sliding, "quick", None)
        return found, f(*args, **options)


def same_bits(found, meant, what):
    assert found.dtype == meant.dtype and found.shape == meant.shape, what
    if found.dtype == np.longdouble:                     # there are bytes between the numbers
        np.testing.assert_array_equal(found, meant, err_msg=what)
    else:
        assert found.tobytes() == meant.tobytes(), what


def drawn_options(rng):
    """Kernel, stride, padding, dilation, and the smallest image."""
    kernel, stride, dilation = (tuple(map(int, rng.integers(1, most, 2))) for most in (4, 4, 3))
    padding = tuple((int(rng.integers(0, k // 2 + 1)), int(rng.integers(0, k // 2 + 1))) for k in kernel)
    return kernel, stride, padding, dilation, [d * (k - 1) + 1 for k, d in zip(kernel, dilation)]


@pytest.mark.parametrize("kind", KINDS)
def test_pooling(kind, monkeypatch):
    rng = np.random.default_rng(1)
    for turn in range(25):
        kernel, stride, padding, dilation, least = drawn_options(rng)
        shape = (int(rng.integers(0, 3)), int(rng.integers(1, 3)), *(n + int(rng.integers(0, 9)) for n in least))
        x = KINDS[kind](rng.choice(SPECIAL, shape) if turn % 2 else rng.normal(size=shape))
        options = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}
        what = f"{shape} {options}"
        y, meant = both(monkeypatch, ops.window_max.array, x, **options)
        same_bits(y, meant, what)
        rule, = ops.window_max.array_rules
        g = KINDS[kind](rng.normal(size=y.shape))
        with np.errstate(all="ignore"):
            same_bits(*both(monkeypatch, rule, g, y, x, **options), what)


@pytest.mark.parametrize("kind", KINDS)
def test_convolution(kind, monkeypatch):
    rng = np.random.default_rng(2)
    for _ in range(25):
        kernel, stride, padding, dilation, least = drawn_options(rng)
        groups, per, out = (int(n) for n in rng.integers(1, 3, 3))
        size = [n + int(rng.integers(0, 20)) for n in least]
        x = KINDS[kind](rng.normal(size=(int(rng.integers(0, 4)), groups * per, *size)))
        w, b = KINDS[kind](rng.normal(size=(groups * out, per, *kernel))), KINDS[kind](rng.normal(size=groups * out))
        options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        what = f"{x.shape} {w.shape} {options}"
        y, meant = both(monkeypatch, ops.correlate2d_bias.array, x, w, b, **options)
        same_bits(y, meant, what)
        g = KINDS[kind](rng.normal(size=y.shape))
        for rule in ops.correlate2d_bias.array_rules[:2]:
            same_bits(*both(monkeypatch, rule, g, y, x, w, b, **options), what)


def test_large_images_and_windows(monkeypatch):
    """Rows of one image in several blocks, many images in one, and a window whose numbers need two bytes."""
    rng = np.random.default_rng(3)
    for shape, kernel in (((1, 40, 40, 40), (3, 3)), ((90, 2, 5, 5), (3, 3)), ((3, 2, 20, 20), (2, 2)),
                          ((2, 3, 4, 4), (1, 1)), ((2, 3, 20, 20), (1, 1))):
        x, w = (rng.normal(size=s).astype(np.float32) for s in (shape, (3, shape[1], *kernel)))
        y, meant = both(monkeypatch, ops.correlate2d.array, x, w)
        same_bits(y, meant, f"{shape}")
        for rule in ops.correlate2d.array_rules:
            same_bits(*both(monkeypatch, rule, y, y, x, w, **ops.correlate2d.params), f"{shape}")
    x = rng.normal(size=(2, 40, 40))
    options = {"kernel": (20, 20), "stride": (3, 3), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}
    y, meant = both(monkeypatch, ops.window_max.array, x, **options)
    same_bits(y, meant, "20 by 20")
    same_bits(*both(monkeypatch, ops.window_max.array_rules[0], y, y, x, **options), "20 by 20")


def test_other_arrays_are_refused_and_nothing_is_written():
    x, columns = np.ones((2, 3, 5, 5)), np.ones((3, 2, 2, 2, 4, 4))
    at = ((1, 1), (1, 1), (0, 0))
    closed = np.ones_like(columns)
    closed.flags.writeable = False
    for wrong in ((x[0], columns), (x, columns[0]), (x.astype(np.float32), columns), (x[:, :2], columns),
                  (x[:1], columns), (x, closed), (x[..., ::2], columns), (x.astype(int), columns.astype(int)),
                  ([1.0], columns)):
        with pytest.raises((ValueError, TypeError)):
            in_c.gather(*wrong, *at)
    for stride in ((0, 1), (1, -1)):
        with pytest.raises(ValueError, match="other images"):
            in_c.scatter(x, columns, stride, *at[1:])
    planes, y = np.ones((2, 4, 4)), np.ones((2, 2, 2))
    where = ((2, 2), (2, 2), (1, 1), (0, 0))
    with pytest.raises(ValueError, match="other images"):
        in_c.largest(planes[:1], y, *where)
    with pytest.raises(ValueError, match="other images"):
        in_c.numbers(planes, y, np.ones((2, 2, 1), np.uint8), *where)
    with pytest.raises(ValueError, match="read-only"):
        in_c.put(np.broadcast_to(planes, planes.shape), y, np.zeros((2, 2, 2), np.uint8), True, *where)
    assert not in_c.largest(planes[0], y, *where) and not in_c.largest(planes, y, (20, 20), *where[1:])
    assert in_c.put(planes, y, np.full((2, 2, 2), 255, np.uint8), False, *where) and (planes == 1).all()
