"""Norms and what follows from singular values: condition, rank, least squares."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import ShapeError, UsageError
from .._arguments import as_array, axis_of, data_of, dtype_of, no_option
from .._function import composed
from .._lanes import along_axis
from .._op import Op, shape_of
from ..arrays.reduction import count, keeping, max, min, power_root, sum
from ..arrays.shape import astype, expand_dims, moveaxis, reshape, swapaxes, transpose
from ..elementwise.arithmetic import absolute, same, sign, where
from ..elementwise.corners import scale0
from .decompositions import svd, svdvals
from .inverses import LinAlgError, inv, pinv, pinv_back
from .matmul import matmul

_add: Any = np.add.reduce


def _t(x: Any) -> Any:
    return swapaxes(x, -1, -2)


@np.errstate(over="ignore", under="ignore")
def _euclidean_norm(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    if axis is not None:
        return power_root(_add(x * x, axis=axis, keepdims=keepdims), x, 2, axis)
    flat = x.ravel("K")                                  # as NumPy does it, whose bits this has
    root = power_root(flat.dot(flat), flat, 2, None)
    return root.reshape((1,) * x.ndim) if keepdims else root


@np.errstate(over="ignore", under="ignore", divide="ignore")
def _p_norm(x: Any, p: float = 3, axis: Any = None, keepdims: bool = False) -> Any:
    p = float(p)                                         # an int of 400 digits is no power to raise to
    return power_root(_add(np.absolute(x) ** p, axis=axis, keepdims=keepdims), x, p, axis)


def _p_norm_back(g: Any, y: Any, x: Any, p: float, axis: Any) -> Any:
    whole = keeping(x, axis)
    return _p_norm_by(reshape(g, whole), reshape(y, whole), x, p)


def _p_norm_by(g: Any, y: Any, x: Any, p: float) -> Any:
    """g sign(x) (|x| / y) ** (p - 1), and 0 where x or y is 0. The axes of y are kept."""
    ratio = where(x, absolute(x) / where(y, y, 1.0), 1.0)
    return scale0(g, y * where(y, sign(x), 0.0) * ratio ** (p - 1), y)


def _least_squares_left(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of x in pinv(x) @ y, of which least_squares is another computation."""
    g, y = (expand_dims(g, -1), expand_dims(y, -1)) if len(shape_of(y)) == 1 else (g, y)
    return pinv_back(matmul(g, _t(y)), pinv(x), x)


# A norm has a kink at 0, where its derivative is stated as 0, and the second one is nan: there is none.
euclidean_norm = Op("euclidean_norm", None, _euclidean_norm,
                    lambda g, y, x, axis, keepdims:
                        scale0(reshape(g, keeping(x, axis)), x, reshape(y, keeping(x, axis))),
                    text="‖{0}‖",
                    tex=r"\left\|{0}\right\|", symbol="‖x‖", internal=True, params={"axis": None, "keepdims": False},
                    cases=[(((2, 3),), {}), (((2, 3),), {"axis": 1}),
                           (((2, 3, 2),), {"axis": (0, -1), "keepdims": True})],
                    jvps=(lambda t, y, x, axis, keepdims:
                          sum(scale0(t, x, reshape(y, keeping(x, axis))), axis=axis, keepdims=keepdims),),
                    lanes=along_axis)
p_norm = Op("p_norm", None, _p_norm,
            lambda g, y, x, p, axis, keepdims: _p_norm_back(g, y, x, p, axis),
            text="‖{0}‖_{p}",
            tex=r"\left\|{0}\right\|_{{{p}}}", symbol="‖x‖", internal=True,
            params={"p": 3, "axis": None, "keepdims": False},
            cases=[(((2, 3),), {"p": 5}), (((2, 3),), {"p": 4, "axis": 1}),
                   (((2, 3, 2),), {"p": 5.5, "axis": (0, -1), "keepdims": True})],
            jvps=(lambda t, y, x, p, axis, keepdims:
                  sum(_p_norm_by(t, reshape(y, keeping(x, axis)), x, p), axis=axis, keepdims=keepdims),),
            lanes=along_axis)

least_squares = Op("least_squares", None, lambda x, y, rcond: np.linalg.lstsq(x, y, rcond)[0],    # of full rank
                   lambda g, z, x, y, rcond: _least_squares_left(g, x, y),
                   lambda g, z, x, y, rcond: matmul(_t(pinv(x)), g),
                   tex=r"{0}^{{+}} {1}", symbol="lstsq", internal=True, params={"rcond": None},
                   cases=[(((4, 2), (4,)), {}), (((4, 2), (4, 3)), {}), (((2, 3), (2,)), {})], linear=(1,))

_VECTORS: list[Any] = [(((4,),), {"ord": p}) for p in (None, 2, 1, np.inf, -np.inf, 0, 3, 1.5, 0.5, -1, -2.5)]
_MATRICES: list[Any] = [(((3, 2),), {"ord": p}) for p in (None, "fro", "nuc", 2, -2, 1, -1, np.inf, -np.inf)]


@composed(np.linalg.norm, name="linalg.norm", cases=[
    *_VECTORS, *_MATRICES, (((2, 3, 2),), {}), (((2, 3, 2),), {"ord": 3, "axis": 1, "keepdims": True}),
    (((2, 3, 2),), {"ord": 1, "axis": (2, 0), "keepdims": True}), (((2, 3, 2),), {"ord": "nuc", "axis": (1, 2)}),
    (((2, 3),), {"axis": (-1,)}), (((2, 3),), {"ord": 2, "keepdims": True}), (((2, 3),), {"keepdims": True}),
    (((),), {})])
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The norm of vectors (one axis) or matrices (two axes); of the whole array, as one vector, if neither is given.

    Of vectors `ord` is None or 2, any other number p for sum(|x|**p)**(1/p), inf, -inf, or 0 (how
    many elements are not 0); of matrices None or "fro", "nuc", 2, -2, 1, -1, inf, -inf. At 0 the
    derivative is 0; of the largest and smallest, ties share evenly.

    >>> float(norm([3.0, 4.0]))
    5.0
    >>> norm([[3.0, 4.0], [5.0, 12.0]], axis=1)
    array([ 5., 13.])
    """
    x = _floating(x)
    shape = shape_of(x)
    if axis is None and (ord is None or (ord in ("f", "fro") and len(shape) == 2) or (ord == 2 and len(shape) == 1)):
        return euclidean_norm(x, axis=None, keepdims=keepdims)
    if axis is None:
        axes = tuple(range(len(shape)))
    else:
        axes = tuple(axis_of("norm", x, i) for i in (axis if isinstance(axis, (tuple, list)) else (axis,)))
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    if len(axes) != 2 or axes[0] == axes[1]:
        raise ShapeError(f"norm: ord={ord!r} takes one axis (vectors) or two (matrices), not {axes} "
                         f"of an array of shape {shape}")
    found = _matrix_norm(moveaxis(x, source=axes, destination=(-2, -1)), ord)
    return expand_dims(found, tuple(sorted(axes))) if keepdims else found


def _floating(x: Any) -> Any:
    x = as_array(x)
    return x.astype(float) if isinstance(x, np.ndarray) and x.dtype.kind in "iub" else x


def _vector_norm(x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    if ord is None or ord == 2:
        return euclidean_norm(x, axis=axis, keepdims=keepdims)
    if ord == 1:
        return sum(absolute(x), axis=axis, keepdims=keepdims)
    if ord == np.inf:
        return _largest(absolute(x), axis, keepdims)
    if ord == -np.inf:
        return min(absolute(x), axis=axis, keepdims=keepdims)
    if ord == 0:
        return sum(1 - same(where(x == x, x, 1.0), 0.0), axis=axis, keepdims=keepdims)
    if isinstance(ord, str):
        raise UsageError(f"norm: {ord!r} is a norm of matrices (two axes); of vectors ord is a number")
    return p_norm(x, p=ord, axis=axis, keepdims=keepdims)


def _largest(sizes: Any, axis: Any, keepdims: bool = False) -> Any:
    """The largest of numbers that are not negative; 0 of none."""
    return max(sizes, axis=axis, keepdims=keepdims, initial=None if count(sizes, axis) else 0)


def _matrix_norm(x: Any, ord: Any) -> Any:
    """The norms of the matrices in the last two axes."""
    if ord in (None, "f", "fro"):
        return euclidean_norm(x, axis=(-2, -1))
    if ord == "nuc":
        return sum(svdvals(x), axis=-1)
    if ord in (2, -2):
        return (_largest if ord == 2 else min)(svdvals(x), axis=-1)
    if ord in (1, -1, np.inf, -np.inf):
        return (_largest if ord > 0 else min)(sum(absolute(x), axis=-2 if abs(ord) == 1 else -1), axis=-1)
    raise UsageError(f"norm: ord={ord!r} is no norm of matrices; there are 'fro', 'nuc', 2, -2, 1, -1, inf and -inf")


@composed(np.linalg.vector_norm, name="linalg.vector_norm", cases=[
    (((2, 3),), {}), (((2, 3),), {"ord": 1}), (((2, 3, 2),), {"ord": 3, "axis": (0, 2), "keepdims": True})])
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """The norm of all elements along any axes as one vector: see `norm`.

    >>> float(vector_norm([[3.0], [4.0]], ord=1))
    7.0
    """
    x = _floating(x)
    n = len(shape_of(x))
    if axis is not None and not isinstance(axis, (tuple, list)):
        return _vector_norm(x, ord, axis, keepdims)
    axes = tuple(axis_of("vector_norm", x, i) for i in (range(n) if axis is None else axis))
    kept = tuple(i for i in range(n) if i not in axes)
    sizes = tuple(shape_of(x)[i] for i in kept)          # one axis of them all, which settles the order of the sum
    x = reshape(transpose(x, axes=axes + kept), (math.prod(shape_of(x)[i] for i in axes), *sizes))
    found = _vector_norm(x, ord, 0, False)
    return expand_dims(found, tuple(sorted(axes))) if keepdims else found


@composed(np.linalg.matrix_norm, name="linalg.matrix_norm", cases=[
    (((2, 3, 2),), {}), (((2, 3),), {"ord": 1, "keepdims": True})])
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The norms of the matrices in the last two axes: see `norm`.

    >>> float(matrix_norm([[3.0, 4.0]]))
    5.0
    """
    return norm(x, ord, (-2, -1), keepdims)


@composed(np.linalg.cond, name="linalg.cond", cases=[
    (((3, 2),), {}), (((2, 3),), {"p": -2}), *((((3, 3),), {"p": p}) for p in ("fro", "nuc", 1, -1, np.inf, -np.inf))])
def cond(x: Any, p: Any = None) -> Any:
    """The condition number: the norm of a matrix times that of its inverse, for the norm `p`.

    Of a singular matrix it is inf, and its derivative is not finite either.

    >>> import numpy as np
    >>> float(cond(np.diag([4.0, 2.0])))
    2.0
    """
    no_option("linalg.cond", p)
    x = _floating(x)
    if 0 in shape_of(x)[-2:]:
        raise LinAlgError(f"cond: {shape_of(x)}: a matrix without elements has no condition")
    with np.errstate(all="ignore"):
        if p in (None, 2, -2):
            s = svdvals(x)
            found = s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
        else:
            wide = x if dtype_of(x) == np.float64 else astype(x, np.float64)     # NumPy inverts in float64
            found = norm(x, p, (-2, -1)) * norm(_inverse_or_nan(wide), p, (-2, -1))
            found = found if wide is x else astype(found, dtype_of(x))
        singular = np.isnan(data_of(found)) & ~np.isnan(data_of(x)).any(axis=(-2, -1))
        if not np.any(singular):
            return found
        signs = np.where(data_of(x) < 0, -1, 1).astype(dtype_of(x))  # the derivative of inf x is infinite, too
        return where(singular, np.inf * (1 + sum(x * signs, axis=(-2, -1))), found)


def _inverse_or_nan(x: Any) -> Any:
    """The inverses of the matrices in x; nan for those that have none."""
    try:
        return inv(x)
    except LinAlgError:
        singular = (np.linalg.slogdet(data_of(x)).sign == 0)[..., None, None]
        return where(singular, np.nan * x, inv(where(singular, np.eye(shape_of(x)[-1]), x)))


@composed(np.linalg.matrix_rank, name="linalg.matrix_rank", order=0, cases=[(((3, 2),), {}), (((2, 3, 3),), {})])
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """How many singular values are not 0: an integer, with no derivative.

    >>> import numpy as np
    >>> int(matrix_rank(np.ones((3, 3))))
    1
    """
    return np.linalg.matrix_rank(data_of(as_array(A)), tol, hermitian, rtol=rtol)


@composed(np.linalg.lstsq, name="linalg.lstsq",
          cases=[(((4, 2), (4,)), {}), (((4, 2), (4, 3)), {}), (((2, 3), (2,)), {})])
def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Any, Any, int, Any]:
    """The x that makes |a x - b| least (and |x| where many do), the squared residuals, a's rank and singular values.

    a is one matrix of full rank, b a vector or the columns of a matrix. Raises LinAlgError where
    the rank is not full, for then x has no derivative.

    >>> import numpy as np
    >>> x, residuals, rank, s = lstsq(np.array([[1.0], [1.0]]), np.array([1.0, 3.0]))
    >>> x.round(12), residuals.round(12), int(rank)
    (array([2.]), array([2.]), 1)
    """
    a, b = as_array(a), as_array(b)
    if len(shape_of(a)) != 2 or len(shape_of(b)) not in (1, 2) or shape_of(a)[0] != shape_of(b)[0]:
        raise ShapeError(f"lstsq: {shape_of(a)} and {shape_of(b)}: takes a matrix, and a vector or matrix "
                         "of as many rows")
    m, n = shape_of(a)
    smaller, larger = sorted((m, n))
    s = svd(a, compute_uv=False)
    values = data_of(s)
    least = np.finfo(values.dtype).eps * larger if rcond is None else rcond
    rank = int((values > least * values.max(initial=0)).sum())
    if rank < smaller:
        raise LinAlgError(f"lstsq: the matrix {shape_of(a)} has rank {rank}, and only one of full rank "
                          f"({smaller}) gives a solution with a derivative\n"
                          "  help: lstsq(np.vstack([a, c * np.eye(n)]), ...) with a small c regularises it")
    x = least_squares(a, b, rcond=rcond)
    rest = b - matmul(a, x)
    residuals = sum(reshape(rest, (m, -1)) ** 2, axis=0) if m > n else np.zeros(0, dtype_of(rest))
    return x, residuals, rank, s
