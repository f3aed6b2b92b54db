"""Fourier transforms along one axis.

Complex numbers never enter the graph: the entries transform pairs of real arrays, the real part
before the imaginary one along a new first axis, and what the functions return is a `Complex`, which
holds both parts. So every rule is about real numbers, and none needs a convention for complex
derivatives. Axes are counted from the end in the entries.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import DTypeError, ShapeError, UsageError
from .._arguments import affordable, as_array, axis_of, data_of, dtype_of, no_out
from .._carriers import is_plain
from .._function import composed
from .._lanes import Lanes, axis_moved
from .._op import Op, shape_of
from .._refusal import shown_in_error, takes
from ..elementwise.elementary import arctan2
from .joining import concatenate, stack

# The adjoint of a transform is the other one with this normalisation.
_SWAPPED = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}


def _complex(pair: Any) -> Any:
    z = np.empty(pair.shape[1:], dtype=np.result_type(pair.dtype, np.complex64))
    z.real, z.imag = pair
    return z


def _pair(z: Any) -> Any:
    return np.stack([z.real, z.imag])


def _dft(pair: Any, n: int | None = None, axis: int = -1, norm: Any = None, inverse: bool = False) -> Any:
    affordable("dft", n or 0)
    return _pair((np.fft.ifft if inverse else np.fft.fft)(_complex(pair), n, axis, norm))


def _rdft(x: Any, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    affordable("rdft", n or 0)
    return _pair(np.fft.rfft(x, n, axis, norm))


def _irdft(pair: Any, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    affordable("irdft", n or 0)
    if not pair.shape[axis]:                             # NumPy leaves the result of nothing undefined
        pair = _resized(pair, 1, axis)
    return np.fft.irfft(_complex(pair), n, axis, norm)


def _resized(x: Any, n: int, axis: int) -> Any:
    """x with n elements along an axis: cut, or followed by zeros."""
    shape = list(shape_of(x))
    if shape[axis] > n:
        return x[(..., slice(n), *(slice(None),) * (-axis - 1))]
    if shape[axis] < n:
        shape[axis] = n - shape[axis]
        return concatenate([x, np.zeros(shape, dtype_of(x))], axis=axis)
    return x


def _shares(n: int, axis: int, dtype: Any) -> Any:
    """How much of a real signal of n elements each frequency of its half spectrum stands for: the most for two."""
    shares = np.full(n // 2 + 1, 0.5, dtype)
    shares[0] = 1
    if n % 2 == 0:
        shares[-1] = 1
    return shares.reshape((-1,) + (1,) * (-axis - 1))


def _rdft_back(g: Any, x: Any, n: int | None, axis: int, norm: Any) -> Any:
    n = n or shape_of(x)[axis]
    back = irdft(g * _shares(n, axis, dtype_of(g)), n=n, axis=axis, norm=_SWAPPED[norm])
    return _resized(back, shape_of(x)[axis], axis)


def _irdft_back(g: Any, x: Any, axis: int, norm: Any) -> Any:
    back = rdft(g, n=None, axis=axis, norm=_SWAPPED[norm]) / _shares(shape_of(g)[axis], axis, dtype_of(g))
    return _resized(back, shape_of(x)[axis], axis)


def _pairs_from_pairs(op: Op, lanes: Lanes) -> Any:
    return axis_moved(op(axis_moved(lanes.xs[0], 1, 0), **lanes.params), 1, 0)


def _pairs(op: Op, lanes: Lanes) -> Any:
    return axis_moved(op(lanes.xs[0], **lanes.params), 1, 0)


def _from_pairs(op: Op, lanes: Lanes) -> Any:
    return op(axis_moved(lanes.xs[0], 1, 0), **lanes.params)


_PARAMS: dict[str, Any] = {"n": None, "axis": -1, "norm": None}

dft = Op("dft", None, _dft,
         lambda g, y, x, n, axis, norm, inverse:
             _resized(dft(g, n=None, axis=axis, norm=_SWAPPED[norm], inverse=not inverse), shape_of(x)[axis], axis),
         tex=r"\mathcal{{F}} {0}", internal=True, params={**_PARAMS, "inverse": False},
         cases=[(((2, 4),), {}), (((2, 3),), {"n": 5, "inverse": True}), (((2, 3, 4),), {"n": 5, "axis": -2}),
                (((2, 5),), {"n": 3, "norm": "ortho"}), (((2, 4),), {"norm": "forward"}),
                (((2, 2, 4),), {"n": 3, "norm": "forward", "inverse": True})], linear=True, lanes=_pairs_from_pairs)
rdft = Op("rdft", None, _rdft,
          lambda g, y, x, n, axis, norm: _rdft_back(g, x, n, axis, norm),
          tex=r"\mathcal{{F}} {0}", internal=True, params=_PARAMS,
          cases=[(((4,),), {}), (((5,),), {}), (((3, 4),), {"n": 5, "axis": -2}),
                 (((2, 5),), {"n": 4, "norm": "ortho"}), (((4,),), {"norm": "forward"}), (((1,),), {})], linear=True,
          lanes=_pairs)
irdft = Op("irdft", None, _irdft,
           lambda g, y, x, n, axis, norm: _irdft_back(g, x, axis, norm),
           tex=r"\mathcal{{F}}^{{-1}} {0}", internal=True, params=_PARAMS,
           cases=[(((2, 4),), {}), (((2, 3),), {"n": 5}), (((2, 3, 4),), {"n": 6, "axis": -2}),
                  (((2, 5),), {"n": 4, "norm": "ortho"}), (((2, 3),), {"norm": "forward"}), (((2, 3),), {"n": 1})],
           linear=True, lanes=_from_pairs)


# --- the functions of numpy.fft ------------------------------------------------------------------------

def _parts(x: Any) -> Any:
    """The real and the imaginary part of x in one array."""
    from ...core.complex import Complex
    if isinstance(x, Complex):
        return stack([x.real, x.imag])
    return stack([x, np.zeros(shape_of(x), dtype_of(x))])


def _made(pair: Any) -> Any:
    from ...core.complex import Complex
    return Complex(pair[0], pair[1])


def _prepared(name: str, plain: Callable[..., Any], transform: Callable[..., Any], a: Any, n: int | None, axis: int,
              norm: Any, out: Any) -> Any:
    """The transform of a node; NumPy's own of anything else."""
    no_out(name, out)
    a = as_array(a)
    if n is not None:
        affordable(name, operator.index(n))
    if is_plain(a):
        return plain(a, n, axis, norm)
    axis = axis_of(name, a, axis) - len(shape_of(a))
    if norm not in _SWAPPED:
        raise ShapeError(f"{name}: norm is 'backward', 'ortho' or 'forward', not {norm!r}")
    if (n if n is not None else shape_of(a)[axis]) < 1:
        raise ShapeError(f"{name}: {shape_of(a)} has nothing to transform along axis {axis} (n={n})")
    return transform(a, n=n, axis=axis, norm=norm)


@composed(np.fft.fft, name="fft.fft")
def fft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """The discrete Fourier transform along an axis, of a real or Complex array: a Complex.

    `n` cuts the axis or fills it up with zeros first; `norm` is NumPy's: "backward", "ortho" or
    "forward". Of plain arrays the result is NumPy's own.

    >>> from autograd_nn import Tensor
    >>> fft(Tensor([1.0, 0.0, 0.0])).real
    Tensor([1., 1., 1.])
    """
    return _prepared("fft", np.fft.fft, lambda a, **given: _made(dft(_parts(a), **given)), a, n, axis, norm, out)


@composed(np.fft.ifft, name="fft.ifft")
def ifft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """The inverse of `fft`, with the same arguments.

    >>> from autograd_nn import Tensor
    >>> ifft(fft(Tensor([1.0, 2.0]))).real
    Tensor([1., 2.])
    """
    return _prepared("ifft", np.fft.ifft, lambda a, **given: _made(dft(_parts(a), **given, inverse=True)),
                     a, n, axis, norm, out)


@composed(np.fft.rfft, name="fft.rfft")
def rfft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """The transform of a real array: a Complex of n // 2 + 1 elements along the axis. See `fft`.

    >>> from autograd_nn import Tensor
    >>> abs(rfft(Tensor([1.0, -1.0, 1.0, -1.0])))
    Tensor([0., 0., 4.])
    """
    return _prepared("rfft", np.fft.rfft, lambda a, **given: _made(rdft(_real(a), **given)), a, n, axis, norm, out)


def _real(a: Any) -> Any:
    from ...core.complex import Complex
    if isinstance(a, Complex):
        raise DTypeError("rfft: takes real arrays, not Complex ones\n  help: fft takes both; x.real is the real part")
    return a


@composed(np.fft.irfft, name="fft.irfft",
          cases=[(((4,),), {}), (((2, 3),), {"n": 5, "axis": 0}), (((4,),), {"norm": "ortho"})])
def irfft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """The inverse of `rfft`: a real array of n elements along the axis, 2 * (m - 1) of m by default.

    >>> from autograd_nn import Tensor
    >>> irfft(rfft(Tensor([1.0, 2.0, 3.0])), n=3)
    Tensor([1., 2., 3.])
    """
    return _prepared("irfft", np.fft.irfft, lambda a, **given: irdft(_parts(a), **given), a, n, axis, norm, out)


# --- parts of complex numbers --------------------------------------------------------------------------

@composed(np.imag)
def imag(val: Any) -> Any:
    """The imaginary part of a Complex; of real numbers a plain array of 0.

    >>> from autograd_nn import Tensor
    >>> imag(fft(Tensor([0.0, 1.0, 0.0, 0.0])))
    Tensor([ 0., -1.,  0.,  1.])
    """
    from ...core.complex import Complex
    val = as_array(val)
    return val.imag if isinstance(val, Complex) else np.imag(data_of(val))


@composed(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    """The angle of a Complex in the plane, in radians (or degrees); of real numbers a plain array of 0 and pi.

    >>> from autograd_nn import Tensor
    >>> angle(fft(Tensor([1.0, -3.0])), deg=True)
    Tensor([180.,   0.])
    """
    from ...core.complex import Complex
    z = as_array(z)
    if not isinstance(z, Complex):
        return np.angle(data_of(z), deg)
    turned = arctan2(z.imag, z.real)
    return turned * (180 / np.pi) if deg else turned


A_GRID = "the number of samples, an integer >= 1, and the step from one to the next, a number"


@takes(A_GRID)
def fftfreq(n: int, d: float = 1.0) -> Any:
    """The frequencies of the elements of `fft` of n samples whose distance is d.

    >>> fftfreq(4, 0.5).tolist()
    [0.0, 0.5, -1.0, -0.5]
    """
    affordable("fftfreq", operator.index(n))
    return np.fft.fftfreq(n, _step("fftfreq", d))


@takes(A_GRID)
def rfftfreq(n: int, d: float = 1.0) -> Any:
    """The frequencies of the elements of `rfft` of n samples whose distance is d.

    >>> rfftfreq(4, 0.5).tolist()
    [0.0, 0.5, 1.0]
    """
    affordable("rfftfreq", operator.index(n))
    return np.fft.rfftfreq(n, _step("rfftfreq", d))


def _step(name: str, d: Any) -> float:
    if isinstance(d, (bool, str)) or shape_of(d) or not (step := float(d)):
        raise UsageError(f"{name}: d must be a number other than 0, not {shown_in_error(d)}")
    return step
