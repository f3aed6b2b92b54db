"""Fourier transforms along several axes, and where their frequencies stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...errors import ShapeError
from .._arguments import as_array, axis_of, no_out
from .._function import composed
from .._op import shape_of
from .fourier import fft, ifft, irfft, rfft
from .shape import roll


def _axes(name: str, a: Any, s: Sequence[int] | None, axes: Sequence[int] | None) -> list[tuple[Any, int]]:
    """The pairs (n, axis) of a transform along several axes."""
    if axes is None:
        axes = range(-(len(shape_of(a)) if s is None else len(s)), 0)
    if s is not None and len(s) != len(axes):
        raise ShapeError(f"{name}: s={s!r} and axes={axes!r} must be of one length")
    return list(zip([None] * len(axes) if s is None else s, axes))


@composed(np.fft.fftn, name="fft.fftn")
def fftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    """`fft` along several axes, the last first: all of them by default."""
    return _along_each("fftn", fft, a, s, axes, norm, out)


@composed(np.fft.ifftn, name="fft.ifftn")
def ifftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    """`ifft` along several axes, the last first: all of them by default."""
    return _along_each("ifftn", ifft, a, s, axes, norm, out)


def _along_each(name: str, transform: Callable[..., Any], a: Any, s: Any, axes: Any, norm: Any, out: Any) -> Any:
    no_out(name, out)
    for n, axis in reversed(_axes(name, a := as_array(a), s, axes)):
        a = transform(a, n, axis, norm)
    return a


@composed(np.fft.rfftn, name="fft.rfftn")
def rfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    """`rfft` along the last of several axes, then `fft` along the others."""
    no_out("rfftn", out)
    *others, (n, axis) = _axes("rfftn", a := as_array(a), s, axes)
    a = rfft(a, n, axis, norm)
    for n, axis in reversed(others):
        a = fft(a, n, axis, norm)
    return a


@composed(np.fft.irfftn, name="fft.irfftn")
def irfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    """The inverse of `rfftn`."""
    no_out("irfftn", out)
    *others, (n, axis) = _axes("irfftn", a := as_array(a), s, axes)
    for m, other in others:
        a = ifft(a, m, other, norm)
    return irfft(a, n, axis, norm)


@composed(np.fft.fft2, name="fft.fft2")
def fft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: Any = None) -> Any:
    """`fftn` along two axes."""
    return fftn(a, s, axes, norm, out)


@composed(np.fft.ifft2, name="fft.ifft2")
def ifft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: Any = None) -> Any:
    """`ifftn` along two axes."""
    return ifftn(a, s, axes, norm, out)


@composed(np.fft.rfft2, name="fft.rfft2")
def rfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: Any = None) -> Any:
    """`rfftn` along two axes."""
    return rfftn(a, s, axes, norm, out)


@composed(np.fft.irfft2, name="fft.irfft2")
def irfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: Any = None) -> Any:
    """`irfftn` along two axes."""
    return irfftn(a, s, axes, norm, out)


def _rolled(name: str, x: Any, axes: Any, shift: Callable[[int], int]) -> Any:
    x = as_array(x)
    places = range(len(shape_of(x))) if axes is None else axes if isinstance(axes, (tuple, list)) else (axes,)
    places = tuple(axis_of(name, x, i) for i in places)
    return roll(x, tuple(shift(shape_of(x)[i]) for i in places), axis=places)


@composed(np.fft.fftshift, name="fft.fftshift",
          cases=[(((5,),), {}), (((2, 3),), {"axes": 1}), (((4, 3),), {"axes": (0, 1)})])
def fftshift(x: Any, axes: Any = None) -> Any:
    """The frequency 0 moved from the start to the middle.

    >>> import numpy as np
    >>> fftshift(np.arange(5.0))
    array([3., 4., 0., 1., 2.])
    """
    return _rolled("fftshift", x, axes, lambda n: n // 2)


@composed(np.fft.ifftshift, name="fft.ifftshift", cases=[(((5,),), {}), (((2, 3),), {"axes": 1})])
def ifftshift(x: Any, axes: Any = None) -> Any:
    """The inverse of `fftshift`.

    >>> import numpy as np
    >>> ifftshift(fftshift(np.arange(5.0)))
    array([0., 1., 2., 3., 4.])
    """
    return _rolled("ifftshift", x, axes, lambda n: -(n // 2))
