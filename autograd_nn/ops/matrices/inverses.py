"""Inverses, log-determinants, powers, and solving linear equations, for the matrices in the last two axes."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np

from ...errors import AutogradError
from .._arguments import as_array, dtype_of
from .._function import composed
from .._lanes import Lanes, among, over_stacks
from .._op import Op, shape_of
from ..arrays.joining import stack
from ..arrays.reduction import sum
from ..arrays.shape import expand_dims, squeeze, swapaxes
from ..elementwise.arithmetic import where
from .matmul import matmul


class LinAlgError(AutogradError, np.linalg.LinAlgError):
    """A matrix that has no inverse or no such decomposition, or is not square where it must be."""


def square_shape(name: str, a: Any) -> tuple[int, ...]:
    """The shape of a; a LinAlgError that names the function where these are no square matrices."""
    shape = shape_of(a)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise LinAlgError(f"{name}: takes square matrices in the last two axes, not an array of shape {shape}")
    return shape


def matrix_shape(name: str, a: Any) -> tuple[int, int]:
    """The number of rows and of columns of the matrices in a."""
    shape = shape_of(a)
    if len(shape) < 2:
        raise LinAlgError(f"{name}: takes matrices in the last two axes, not an array of shape {shape}")
    return shape[-2], shape[-1]


def _t(x: Any) -> Any:
    return swapaxes(x, -1, -2)


def _solve_back(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of b in solve(a, b), as a matrix; a vector is one column."""
    return solve(_t(a), expand_dims(g, -1) if len(shape_of(b)) == 1 else g)


def _solve_left(g: Any, z: Any, a: Any, b: Any) -> Any:
    z = expand_dims(z, -1) if len(shape_of(b)) == 1 else z
    return -matmul(_solve_back(g, a, b), _t(z))


def _solve_on(t: Any, z: Any, a: Any, b: Any) -> Any:
    """The tangent of z = solve(a, b), where t is that of a."""
    if len(shape_of(b)) > 1:
        return -solve(a, matmul(t, z))
    return -squeeze(solve(a, matmul(t, expand_dims(z, -1))), axis=-1)


def _solve_right(g: Any, a: Any, b: Any) -> Any:
    back = _solve_back(g, a, b)
    return squeeze(back, axis=-1) if len(shape_of(b)) == 1 else back


def _pinv(x: Any, rcond: Any = None) -> Any:
    return np.linalg.pinv(x) if rcond is None else np.linalg.pinv(x, rcond)


def pinv_back(g: Any, y: Any, x: Any) -> Any:
    """The cotangent of x in y = pinv(x)."""
    down = matmul(matmul(_t(g), y), _t(y))               # what leaves the columns of x, and what leaves its rows
    across = matmul(_t(y), matmul(y, _t(g)))
    outside = down - matmul(matmul(x, y), down) + across - matmul(across, matmul(y, x))
    return outside - matmul(_t(y), matmul(g, _t(y)))


def _slogdet_on(log: Any) -> Any:
    return stack([0 * log, log], axis=-1)


def _packed_slogdet(x: Any) -> Any:
    return np.stack(np.linalg.slogdet(x), axis=-1)


_SQUARE: list[Any] = [(((3, 3),), {}), (((2, 2, 2),), {}), (((1, 1),), {})]

def _solved(op: Op, lanes: Lanes) -> Any:
    (a, b), n, m = lanes.xs, lanes.ndim(0), lanes.ndim(1)
    column = m == 1                                      # to NumPy a vector is what has one axis
    b = expand_dims(b, -1) if column else b
    axes = max(n, m)
    z = op(*(among(x, axes) if own else x for x, own in zip((a, b), lanes.mapped)))
    return squeeze(z, axis=-1) if column else z


inv = Op("inv", None, np.linalg.inv,
         lambda g, y, x: -matmul(swapaxes(y, -1, -2), matmul(g, swapaxes(y, -1, -2))),
         tex="{0}^{{-1}}", internal=True, cases=_SQUARE, jvps=(lambda t, y, x: -matmul(y, matmul(t, y)),),
         lanes=over_stacks)
solve = Op("solve", None, np.linalg.solve,
           lambda g, z, x, y: _solve_left(g, z, x, y),
           lambda g, z, x, y: _solve_right(g, x, y),
           tex=r"{0}^{{-1}} {1}", internal=True,
           cases=[(((3, 3), (3,)), {}), (((3, 3), (3, 2)), {}), (((2, 3, 3), (3,)), {}), (((2, 3, 3), (3, 2)), {}),
                  (((3, 3), (2, 3, 1)), {}), (((2, 1, 2, 2), (3, 2, 2)), {})],
           linear=(1,), jvps=(lambda t, z, x, y: _solve_on(t, z, x, y), None), lanes=_solved)
packed_slogdet = Op("packed_slogdet", None, _packed_slogdet,
                    lambda g, y, x: g[..., 1, None, None] * _t(inv(x)),
                    tex=r"\log |\det {0}|", symbol="slogdet", internal=True, cases=_SQUARE,
                    jvps=(lambda t, y, x: _slogdet_on(sum(t * _t(inv(x)), axis=(-2, -1))),), lanes=over_stacks)
# The derivative holds while the rank does not change.
pinv = Op("pinv", None, _pinv,
          lambda g, y, x, rcond: pinv_back(g, y, x),
          tex="{0}^{{+}}", internal=True, params={"rcond": None},
          cases=[(((3, 2),), {}), (((2, 3),), {}), (((3, 3),), {}), (((2, 3, 2),), {"rcond": 1e-10})],
          lanes=over_stacks)


class SlogdetResult(NamedTuple):
    """What slogdet returns."""

    sign: Any
    logabsdet: Any


@composed(np.linalg.slogdet, name="linalg.slogdet", cases=_SQUARE)
def slogdet(a: Any) -> SlogdetResult:
    """The sign of the determinant, whose derivative is 0, and the logarithm of its absolute value.

    >>> import numpy as np
    >>> sign, log = slogdet(-np.eye(3))
    >>> float(sign), float(log)
    (-1.0, 0.0)
    """
    packed = packed_slogdet(as_array(a))
    return SlogdetResult(packed[..., 0], packed[..., 1])


@composed(np.linalg.matrix_power, name="linalg.matrix_power",
          cases=[(((3, 3),), {"n": n}) for n in (1, 2, 3, 5, -1, -2)] + [(((2, 2, 2),), {"n": 4})])
def matrix_power(a: Any, n: int) -> Any:
    """The product of n square matrices a; of the inverses for a negative n, and the identity for 0.

    >>> import numpy as np
    >>> matrix_power(np.array([[1.0, 1.0], [0.0, 1.0]]), 5)
    array([[1., 5.],
           [0., 1.]])
    """
    a, n = as_array(a), operator.index(n)
    shape = square_shape("matrix_power", a)
    if n == 0:
        return where(np.zeros(shape, bool), a, np.eye(shape[-1], dtype=dtype_of(a)))
    base, result, n = (a, None, n) if n > 0 else (inv(a), None, -n)
    if n == 3:                                           # in NumPy's order, for NumPy's bits
        return matmul(matmul(base, base), base)
    while True:
        n, odd = divmod(n, 2)
        if odd:
            result = base if result is None else matmul(result, base)
        if not n:
            return result
        base = matmul(base, base)
