"""Fourier transforms against NumPy's, with their derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.each import each
from helpers.matrices import check, normal
from helpers.numeric import slope

from autograd_nn import Tensor, fft, grad, hessian, jacobian, jvp, vjp
from autograd_nn.errors import ShapeError, UsageError
from autograd_nn.fft import Complex

SIZES = [None, 1, 3, 4, 7]
NORMS = [None, "backward", "ortho", "forward"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft"])
@each("n", SIZES)
@each("norm", NORMS)
@each("axis", [-1, 0, 1])
def test_transforms_are_numpys(name, n, norm, axis):
    x = normal(5, 4)
    given = {"n": n, "axis": axis, "norm": norm}
    f = getattr(np.fft, name)
    got, want = f(Tensor(x), **given), f(x, **given)
    assert got.shape == want.shape and got.dtype == want.dtype
    np.testing.assert_allclose(got.data, want, atol=1e-14)
    w = normal(*want.shape, seed=1)

    def loss(x):
        y = f(x, **given)
        return (w * (y ** 2 if name == "irfft" else np.abs(y) ** 2 + np.real(y) * np.imag(y))).sum()
    check(loss, x)


@each("name", ["fftn", "ifftn", "fft2", "ifft2", "rfftn", "rfft2", "irfftn", "irfft2"])
@each("given", [{}, {"axes": (0, 2)}, {"s": (3, 4), "axes": (1, 0)}])
def test_transforms_along_several_axes(name, given):
    x, f = normal(2, 3, 4), getattr(np.fft, name)
    got, want = f(Tensor(x), **given), f(x, **given)
    np.testing.assert_allclose(got.data, want, atol=1e-13)
    np.testing.assert_allclose(getattr(fft, name)(x, **given), want, atol=1e-13)
    w = normal(*want.shape, seed=1)
    g = grad(lambda x: (w * np.abs(f(x, **given)) ** 2).sum())(x)
    u = normal(2, 3, 4, seed=2)
    assert (g * u).sum() == pytest.approx(slope(lambda t: (w * np.abs(f(x + t * u, **given)) ** 2).sum()), rel=1e-8)


def test_the_transform_back_of_nothing_is_zeros():
    for dtype in (np.float32, np.float64):               # where NumPy leaves it undefined
        t = Tensor(np.zeros(0), dtype=dtype)
        y = np.fft.irfft(t, 7)
        assert y.dtype == dtype and y.data.tolist() == [0] * 7
        y.sum().backward()
        assert t.grad.shape == (0,)


def test_parseval():
    x = normal(6)
    t = Tensor(x)
    np.sum(np.abs(np.fft.fft(t)) ** 2).backward()
    np.testing.assert_allclose(t.grad, 2 * 6 * x)
    np.testing.assert_allclose(hessian(lambda x: (np.abs(np.fft.fft(x)) ** 2).sum())(x), 12 * np.eye(6), atol=1e-12)


def test_filters():
    """ifft(fft(x) * filter) is a circular convolution, for plain, complex and differentiated filters."""
    x, kernel, w = normal(8), normal(8, seed=1), normal(8, seed=2)
    by_hand = [sum(x[j] * kernel[i - j] for j in range(8)) for i in range(8)]
    response = np.fft.fft(kernel)
    np.testing.assert_allclose(np.fft.ifft(np.fft.fft(Tensor(x)) * response).real.data, by_hand, atol=1e-13)
    np.testing.assert_allclose(np.fft.ifft(response * np.fft.fft(Tensor(x))).real.data, by_hand, atol=1e-13)
    check(lambda x: (np.fft.ifft(np.fft.fft(x) * response).real ** 3 * w).sum(), x)
    check(lambda k: (np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(k)) ** 3 * w).sum(), kernel)
    check(lambda k: (np.fft.irfft(np.fft.rfft(k) / (2 + np.abs(np.fft.rfft(k)) ** 2)) ** 2 * w).sum(), kernel)


def test_transforms_take_functions_of_and_to_complex_numbers():
    x, u = normal(4), normal(4, seed=1)
    matrix = np.fft.fft(np.eye(4))
    np.testing.assert_allclose(jacobian(lambda x: fft.fft(x))(x).data, matrix, atol=1e-14)
    np.testing.assert_allclose(jvp(lambda x: fft.fft(x), (x,), (u,))[1].data, matrix @ u, atol=1e-14)
    y, pull = vjp(lambda x: fft.fft(x), x)
    v = Complex(normal(4, seed=2), normal(4, seed=3))            # a cotangent for each part
    np.testing.assert_allclose(y.data, matrix @ x, atol=1e-14)
    np.testing.assert_allclose(pull(v)[0], v.real @ matrix.real + v.imag @ matrix.imag)
    g = grad(lambda z: (np.abs(z) ** 2).sum())(v)
    np.testing.assert_allclose(g.data, 2 * v.data)
    with pytest.raises(UsageError, match="single number"):
        grad(lambda x: fft.fft(x)[0])(x)


def test_float32_stays_float32():
    t = Tensor(normal(6), dtype=np.float32)
    z = np.fft.rfft(t)
    assert z.dtype == np.complex64 and np.abs(z).dtype == np.float32
    y = np.fft.irfft(z * np.complex64(2j) / 3, n=7)
    y.sum().backward()
    assert y.dtype == np.float32 and t.grad.dtype == np.float32


@pytest.mark.parametrize(("call", "says"), [
    (lambda t: np.fft.fft(t, n=0), "fft"), (lambda t: np.fft.rfft(t, norm="other"), "norm"),
    (lambda t: np.fft.ifft(t, axis=3), "axis 3"), (lambda t: np.fft.fftn(t, s=(1,), axes=(0, 1)), "one length"),
    (lambda t: np.fft.irfft(t, axis=0), "irdft")])
def test_transforms_say_what_is_wrong(call, says):
    with pytest.raises(ShapeError, match=says):
        call(Tensor(np.ones((1, 3))))


@pytest.mark.parametrize(("dtype", "size"), [(np.float64, 1e200), (np.float64, 1e-200), (np.float64, 1e300),
                                             (np.float64, 1e-300), (np.float32, 1e-23), (np.float32, 1e25)])
def test_a_quotient_whose_square_is_out_of_range(dtype, size):
    """It and its derivatives are those of numbers near 1, scaled."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 2, 5)).astype(dtype)
    w = rng.normal(size=(2, 5)).astype(dtype)
    rtol = 1e-12 if dtype == np.float64 else 2e-5

    def weighed(z):
        return (z.real * w[0] + z.imag * w[1]).sum()

    def quotient(x, y):
        return weighed(fft.Complex(x[0], x[1]) / fft.Complex(y[0], y[1]))
    for got, want in zip(grad(quotient, argnums=(0, 1))(x * dtype(size), y * dtype(size)),
                         grad(quotient, argnums=(0, 1))(x, y)):
        assert got.dtype == dtype
        np.testing.assert_allclose(got * dtype(size), want, rtol=rtol, atol=rtol)
    for f in (lambda z: 1 / z, lambda z: np.reciprocal(z), lambda z: z ** -1):
        def scaled(y, f=f, by=1.0):
            return weighed(f(fft.Complex(y[0], y[1]))) * by
        assert scaled(y * dtype(size), by=size) == pytest.approx(scaled(y), rel=rtol)
        got = grad(lambda y, scaled=scaled: scaled(y, by=size))(y * dtype(size))
        np.testing.assert_allclose(got * dtype(size), grad(scaled)(y), rtol=rtol)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_quotient_has_numpys_bits(dtype):
    rng = np.random.default_rng(0)
    a, b, c, d = (rng.normal(size=(4, 200)) * 10.0 ** rng.integers(-15, 15, (4, 200))).astype(dtype)
    got = fft.Complex(Tensor(a), Tensor(b)) / fft.Complex(Tensor(c), Tensor(d))
    np.testing.assert_array_equal(got.data, fft.Complex(a, b).data / fft.Complex(c, d).data)
