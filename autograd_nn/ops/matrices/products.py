"""Products composed of matmul and dot: over any axes, of vectors, of chains."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import ShapeError, UsageError
from .._arguments import as_array, axis_of, dtype_of, no_out
from .._function import composed
from .._op import shape_of
from ..arrays.joining import concatenate
from ..arrays.reduction import sum
from ..arrays.shape import astype, expand_dims, matrix_transpose, moveaxis, reshape, roll, squeeze, transpose
from .diagonals import diagonal
from .matmul import dot, matmul, ndim


def _summed_over(name: str, a: Any, b: Any, axes_a: Sequence[int], axes_b: Sequence[int]) -> Any:
    """The sum of products over pairs of axes (counted from 0): one product of matrices."""
    shape_a, shape_b = shape_of(a), shape_of(b)
    if len(axes_a) != len(axes_b) or any(shape_a[i] != shape_b[j] for i, j in zip(axes_a, axes_b)):
        raise ShapeError(f"{name}: {shape_a} and {shape_b}: axes {tuple(axes_a)} of lengths "
                         f"{tuple(shape_a[i] for i in axes_a)} cannot be summed with axes {tuple(axes_b)} of lengths "
                         f"{tuple(shape_b[j] for j in axes_b)}")
    free_a = [i for i in range(len(shape_a)) if i not in axes_a]
    free_b = [j for j in range(len(shape_b)) if j not in axes_b]
    inner = math.prod(shape_a[i] for i in axes_a)
    rows, columns = math.prod(shape_a[i] for i in free_a), math.prod(shape_b[j] for j in free_b)
    left = reshape(_in_order(a, [*free_a, *axes_a]), (rows, inner))
    right = reshape(_in_order(b, [*axes_b, *free_b]), (inner, columns))
    return reshape(matmul(left, right), tuple(shape_a[i] for i in free_a) + tuple(shape_b[j] for j in free_b))


def _in_order(x: Any, axes: list[int]) -> Any:
    return x if axes == sorted(axes) else transpose(x, axes=tuple(axes))


@composed(np.tensordot, cases=[
    (((2, 3, 4), (3, 4, 2)), {}), (((2, 3), (3, 2)), {"axes": 1}), (((2,), (3,)), {"axes": 0}),
    (((2, 3, 4), (4, 5, 2)), {"axes": ([0, -1], [2, 0])}), (((3, 2), (2, 3)), {"axes": (0, 1)})])
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The sum of products over pairs of axes: the last `axes` of a with the first of b, or `(axes_of_a, axes_of_b)`.

    What is left of a's shape comes first, then what is left of b's. Raises ShapeError where lengths
    differ.

    >>> import numpy as np
    >>> tensordot(np.ones((2, 3)), np.ones((3, 4)), axes=1).shape
    (2, 4)
    """
    a, b = as_array(a), as_array(b)
    of_a: Any
    of_b: Any
    try:
        of_a, of_b = axes
    except TypeError:
        n = operator.index(axes)
        of_a, of_b = range(-n, 0), range(n)
        if n > min(len(shape_of(a)), len(shape_of(b))):
            raise ShapeError(f"tensordot: {shape_of(a)} and {shape_of(b)} have no {n} axes to sum over") from None
    of_a = [axis_of("tensordot", a, i) for i in ([of_a] if isinstance(of_a, (int, np.integer)) else of_a)]
    of_b = [axis_of("tensordot", b, j) for j in ([of_b] if isinstance(of_b, (int, np.integer)) else of_b)]
    return _summed_over("tensordot", a, b, of_a, of_b)


@composed(np.inner, cases=[(((3,), (3,)), {}), (((2, 3), (4, 3)), {}), (((2, 3), (3,)), {}), (((), (2,)), {})])
def inner(a: Any, b: Any, /) -> Any:
    """The sum of products over the last axes; the product where one is a number.

    >>> float(inner([1.0, 2.0], [3.0, 4.0]))
    11.0
    """
    a, b = as_array(a), as_array(b)
    if not shape_of(a) or not shape_of(b):
        return a * b
    return _summed_over("inner", a, b, [ndim(a) - 1], [ndim(b) - 1])


@composed(np.vdot, cases=[(((3,), (3,)), {}), (((2, 3), (3, 2)), {}), (((), ()), {})])
def vdot(a: Any, b: Any, /) -> Any:
    """The sum of products of all elements, in order, whatever the shapes.

    >>> import numpy as np
    >>> float(vdot(np.ones((2, 3)), np.ones((3, 2))))
    6.0
    """
    return dot(reshape(as_array(a), -1), reshape(as_array(b), -1))


@composed(np.outer, cases=[(((2,), (3,)), {}), (((2, 2), (3,)), {}), (((), (2,)), {})])
def outer(a: Any, b: Any, out: Any = None) -> Any:
    """Every product of an element of a (down) and one of b (across).

    >>> outer([1.0, 2.0], [1.0, 10.0])
    array([[ 1., 10.],
           [ 2., 20.]])
    """
    no_out("outer", out)
    return reshape(as_array(a), (-1, 1)) * reshape(as_array(b), (1, -1))


@composed(np.kron, cases=[(((2, 3), (3, 2)), {}), (((2,), (3, 2)), {}), (((2, 1, 2), (3,)), {}), (((), (2,)), {})])
def kron(a: Any, b: Any) -> Any:
    """The Kronecker product: a with each element replaced by that element times b.

    >>> kron([1.0, 10.0], [1.0, 2.0])
    array([ 1.,  2., 10., 20.])
    """
    a, b = as_array(a), as_array(b)
    n = max(ndim(a), ndim(b))
    of_a = (1,) * (n - ndim(a)) + shape_of(a)
    of_b = (1,) * (n - ndim(b)) + shape_of(b)
    blocks = reshape(a, tuple(k for i in of_a for k in (i, 1))) * reshape(b, tuple(k for j in of_b for k in (1, j)))
    return reshape(blocks, tuple(i * j for i, j in zip(of_a, of_b)))


@composed(np.cross, cases=[(((3,), (3,)), {}), (((2, 1, 3), (4, 3)), {}), (((3, 2), (3, 2)), {"axis": 0}),
                           (((2, 3), (3, 2)), {"axisb": 0, "axisc": 0})])
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """The cross product of vectors of 3 along an axis; one of 2 stands for (x, y, 0), and two of 2 give z alone.

    >>> cross([1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    array([0., 0., 1.])
    """
    a, b = as_array(a), as_array(b)
    if axis is not None:
        axisa = axisb = axisc = axis
    a = moveaxis(a, source=axis_of("cross", a, axisa), destination=-1)
    b = moveaxis(b, source=axis_of("cross", b, axisb), destination=-1)
    if {shape_of(a)[-1], shape_of(b)[-1]} - {2, 3}:
        raise ShapeError(f"cross: vectors have 2 or 3 elements, not {shape_of(a)[-1]} and {shape_of(b)[-1]}")
    if shape_of(a)[-1] == shape_of(b)[-1] == 2:
        return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    a, b = _with_z(a), _with_z(b)
    c = roll(a, -1, axis=-1) * roll(b, 1, axis=-1) - roll(a, 1, axis=-1) * roll(b, -1, axis=-1)
    return moveaxis(c, source=-1, destination=axis_of("cross", c, axisc))


def _with_z(x: Any) -> Any:
    if shape_of(x)[-1] == 3:
        return x
    return concatenate([x, np.zeros((*shape_of(x)[:-1], 1), dtype_of(x))], axis=-1)


@composed(np.vecdot, cases=[(((3,), (3,)), {}), (((2, 3), (4, 1, 3)), {}), (((3, 2), (3, 2)), {"axis": 0})])
def vecdot(x1: Any, x2: Any, /, out: Any = None, *, axis: int = -1) -> Any:
    """The sums of products along one axis.

    >>> import numpy as np
    >>> vecdot(np.ones((2, 3)), np.ones(3))
    array([3., 3.])
    """
    no_out("vecdot", out)
    x1, x2 = as_array(x1), as_array(x2)
    if axis != -1:
        x1 = moveaxis(x1, source=axis_of("vecdot", x1, axis), destination=-1)
        x2 = moveaxis(x2, source=axis_of("vecdot", x2, axis), destination=-1)
    if not shape_of(x1) or not shape_of(x2) or shape_of(x1)[-1] != shape_of(x2)[-1]:
        raise ShapeError(f"vecdot: {shape_of(x1)} and {shape_of(x2)}: vectors of one length are needed")
    product = matmul(expand_dims(x1, axis=-2), expand_dims(x2, axis=-1))     # the sum in NumPy's order
    return squeeze(product, axis=(-2, -1))


@composed(getattr(np, "matvec", None), cases=[(((2, 3), (3,)), {}), (((2, 3), (4, 3)), {}), (((5, 2, 3), (3,)), {})])
def matvec(x1: Any, x2: Any, /, out: Any = None) -> Any:
    """Matrices times vectors: the last two axes of x1, the last of x2.

    >>> import numpy as np
    >>> matvec(np.ones((2, 3)), np.ones((4, 3))).shape
    (4, 2)
    """
    no_out("matvec", out)
    return squeeze(matmul(as_array(x1), expand_dims(as_array(x2), -1)), axis=-1)


@composed(getattr(np, "vecmat", None), cases=[(((2,), (2, 3)), {}), (((4, 2), (2, 3)), {}), (((2,), (5, 2, 3)), {})])
def vecmat(x1: Any, x2: Any, /, out: Any = None) -> Any:
    """Vectors times matrices: the last axis of x1, the last two of x2.

    >>> import numpy as np
    >>> vecmat(np.ones((4, 2)), np.ones((2, 3))).shape
    (4, 3)
    """
    no_out("vecmat", out)
    return squeeze(matmul(expand_dims(as_array(x1), -2), as_array(x2)), axis=-2)


@composed(np.linalg.multi_dot, name="linalg.multi_dot", listed=True,
          cases=[(((2, 3), (3, 4)), {}), (((3,), (3, 4), (4, 2), (2,)), {}), (((2, 5), (5, 1), (1, 4), (4, 2)), {})])
def multi_dot(arrays: Any, *, out: Any = None) -> Any:
    """The product of many matrices, in the order that takes the fewest multiplications.

    The first and the last may be vectors. Raises ShapeError where two neighbours do not fit.

    >>> import numpy as np
    >>> multi_dot([np.ones((2, 9)), np.ones((9, 1)), np.ones((1, 9))]).shape
    (2, 9)
    """
    no_out("multi_dot", out)
    chain = [as_array(x) for x in arrays]
    shapes = [shape_of(x) for x in chain]
    if len(chain) < 2:
        raise UsageError(f"multi_dot: takes two arrays or more, and got {len(chain)}")
    if any(len(s) != 2 for s in shapes[1:-1]) or any(len(s) not in (1, 2) for s in (shapes[0], shapes[-1])):
        raise ShapeError(f"multi_dot: takes matrices, and vectors as the first and the last, not {shapes}")
    for left, right in itertools.pairwise(shapes):
        if left[-1] != right[0]:
            raise ShapeError(f"multi_dot: {left} and {right}: inner sizes {left[-1]} and {right[0]} differ")
    rows = shapes[0][0] if len(shapes[0]) == 2 else 1
    columns = shapes[-1][1] if len(shapes[-1]) == 2 else 1
    sizes = [rows, *(s[0] for s in shapes[1:]), columns]
    return _chained(chain, _best_cuts(sizes), 0, len(chain) - 1)


def _best_cuts(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to cut each stretch of a chain in two; matrix i is sizes[i] by sizes[i + 1]."""
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    cut: dict[tuple[int, int], int] = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i, j], cut[i, j] = min((cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                                        for k in range(i, j))
    return cut


def _chained(chain: list[Any], cut: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return chain[i]
    return matmul(_chained(chain, cut, i, cut[i, j]), _chained(chain, cut, cut[i, j] + 1, j))


# --- what numpy.linalg has under the same names ----------------------------------------------------

composed(np.linalg.tensordot, name="linalg.tensordot", cases=[(((2, 3), (3, 2)), {"axes": 1})])(tensordot)
composed(np.linalg.vecdot, name="linalg.vecdot", cases=[(((2, 3), (3,)), {})])(vecdot)
composed(np.linalg.outer, name="linalg.outer", cases=[(((2,), (3,)), {})])(outer)
composed(np.linalg.cross, name="linalg.cross", cases=[(((3, 2), (3, 2)), {"axis": 0})])(cross)
composed(np.linalg.matrix_transpose, name="linalg.matrix_transpose", cases=[(((2, 3, 4),), {})])(matrix_transpose)


@composed(np.linalg.diagonal, name="linalg.diagonal", cases=[(((2, 3, 4),), {}), (((3, 4),), {"offset": -1})])
def matrix_diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """The diagonals of the matrices in the last two axes (`numpy.diagonal` takes those in the first two).

    >>> import numpy as np
    >>> matrix_diagonal(np.ones((5, 2, 3))).shape
    (5, 2)
    """
    return diagonal(x, offset, -2, -1)


@composed(np.linalg.trace, name="linalg.trace", cases=[(((2, 3, 4),), {}), (((3, 3),), {"offset": 1})])
def matrix_trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """The sums of the diagonals of the matrices in the last two axes.

    >>> import numpy as np
    >>> matrix_trace(np.ones((5, 2, 3)))
    array([2., 2., 2., 2., 2.])
    """
    found = sum(diagonal(x, offset, -2, -1), axis=-1)
    return found if dtype is None else astype(found, dtype)
