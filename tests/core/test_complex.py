"""Complex numbers: pairs of Tensors that come out of a Fourier transform."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.matrices import check, normal

import autograd_nn
from autograd_nn import Tensor, grad, no_grad
from autograd_nn.errors import AutogradError, DTypeError, LeavesGraphError, UsageError
from autograd_nn.fft import Complex

OF_COMPLEX = {
    "+": lambda z, c: z + c, "- ": lambda z, c: c - z, "*": lambda z, c: c * z, "/": lambda z, c: z / c,
    "r/": lambda z, c: c / z, "neg": lambda z, c: -z, "pos": lambda z, c: +z, "**3": lambda z, c: z ** 3,
    "**-2": lambda z, c: z ** -2, "**0": lambda z, c: z ** 0, "z*z": lambda z, c: z * z,
    "z/z": lambda z, c: z / (z * z + c),
    "real*": lambda z, c: np.abs(z) * z, "z-r": lambda z, c: z - np.real(z), "1+": lambda z, c: 1 + z,
    "1j*": lambda z, c: z * 2j, "square": lambda z, c: np.square(z), "reciprocal": lambda z, c: np.reciprocal(z),
    "conj": lambda z, c: np.conj(z) * c, "exp": lambda z, c: np.exp(z), "log": lambda z, c: np.log(z),
    "sum": lambda z, c: np.sum(z), "mean": lambda z, c: np.mean(z), "getitem": lambda z, c: z[::-2],
    "reshape": lambda z, c: np.reshape(z, (2, 2)).T, "stack": lambda z, c: np.stack([z, c, c.real]),
    "concatenate": lambda z, c: np.concatenate([z, z * c]), "roll": lambda z, c: np.roll(z, 1) * c,
    "matmul": lambda z, c: np.matmul(z, c), "outer": lambda z, c: np.outer(z, c), "vdot": lambda z, c: np.dot(c, z),
    "einsum": lambda z, c: np.einsum("i,i,j->j", z, c, z), "where": lambda z, c: np.where(c.real > 0, z, c),
    "cumsum": lambda z, c: np.cumsum(z), "fft": lambda z, c: np.fft.fft(z), "ifft": lambda z, c: np.fft.ifft(z * c, 6),
    "shift": lambda z, c: np.fft.ifftshift(np.fft.fftshift(z) * c), "irfft": lambda z, c: np.fft.irfft(z) * z[:1],
    "broadcast": lambda z, c: z + c[:, None]}


@pytest.mark.parametrize("f", OF_COMPLEX.values(), ids=OF_COMPLEX)
def test_arithmetic_of_complex_numbers(f):
    x, c = normal(4, seed=3), normal(4) + 1j * normal(4, seed=1)
    want = np.asarray(f(np.fft.fft(x) + c, c))

    def y(x):
        return f(np.fft.fft(x) + c, c)
    got = y(Tensor(x))
    assert isinstance(got, Complex)
    assert got.shape == want.shape and got.dtype == want.dtype and got.ndim == want.ndim and got.size == want.size
    np.testing.assert_allclose(got.data, want, atol=1e-12)
    w, v = normal(*want.shape, seed=4), normal(*want.shape, seed=5)
    check(lambda x: (np.real(y(x)) * w + np.imag(y(x)) * v).sum(), x, rel=1e-5)


def test_modulus_and_angle():
    x, w = normal(5), normal(5, seed=1)
    check(lambda x: (np.abs(np.fft.fft(x)) * w).sum(), x)
    check(lambda x: (np.angle(np.fft.fft(x), deg=True) * w).sum(), x)
    np.testing.assert_allclose(np.angle(np.fft.fft(Tensor(x)), deg=True).data, np.angle(np.fft.fft(x), deg=True))
    t = Tensor(np.zeros(4))
    np.abs(np.fft.fft(t)).sum().backward()
    assert not t.grad.any()                          # as a norm at 0
    assert np.angle(Tensor([-1.0, 1.0])).tolist() == [np.pi, 0.0] and np.imag(Tensor([2.0])).tolist() == [0.0]


@pytest.mark.parametrize("f", [np.floor, np.sqrt, np.var, np.sign, np.max, np.tanh, lambda z: z ** 0.5,
                               lambda z: np.maximum(z, 1.0), lambda z: autograd_nn.relu(z), lambda z: z % 2])
def test_everything_else_refuses_complex_numbers(f):
    z = np.fft.fft(Tensor(normal(4)))
    with pytest.raises((AutogradError, TypeError)):
        f(z)


def test_complex_numbers_do_not_slip_in_or_out():
    t = Tensor(normal(4))
    z, frozen = np.fft.fft(t), np.array([1j] * 4)
    frozen.setflags(write=False)
    for mixed in (lambda: t * np.array([1j, 2j, 3j, 4j]), lambda: t + 1j, lambda: t * np.complex128(1j),
                  lambda: frozen * t, lambda: Tensor(np.array([1j]))):
        with pytest.raises(TypeError, match="complex"):
            mixed()
    with pytest.raises(LeavesGraphError, match=r"x\.data"):
        np.asarray(z)
    with pytest.raises(UsageError, match="real number"):
        z.backward()
    with pytest.raises(AutogradError):
        grad(lambda x: np.fft.fft(x).sum())(t.data)
    with pytest.raises(DTypeError, match="rfft: takes real arrays"):
        np.fft.rfft(z)
    with no_grad():
        assert np.fft.fft(t).real.is_leaf
    assert np.shape(z) == (4,) and np.iscomplexobj(z) and np.allclose(z, np.fft.fft(t.data))
    assert len(z) == 4 and [p.shape for p in z] == [()] * 4 and repr(z).startswith("Complex(Tensor(")
