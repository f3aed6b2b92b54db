"""Matrices taken apart: triangles, eigenvalues, singular values, orthogonal bases.

The matrices are in the last two axes. What has several outputs is one entry that packs them into
one array, row under row, and a function that cuts them out again: the decomposition is computed
once, and its rule, written in ops, finds all of it in `y` at any order.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ...errors import UsageError
from .._arguments import as_array, data_of, dtype_of
from .._function import composed
from .._lanes import each_full, over_stacks
from .._op import Op, shape_of
from ..arrays.joining import concatenate
from ..arrays.reduction import sum
from ..arrays.shape import expand_dims, swapaxes
from ..elementwise.arithmetic import where
from ..elementwise.corners import divide0, multiply0
from ..elementwise.elementary import hypot
from .inverses import matrix_shape, solve, square_shape
from .matmul import matmul


def _t(x: Any) -> Any:
    return swapaxes(x, -1, -2)


def _symmetric(x: Any) -> Any:
    return (x + _t(x)) / 2


def _over(x: Any) -> Any:
    """1 / x, and nan where x is 0. Multiplied by multiply0: what is not asked for stays 0."""
    zero = x == 0
    return where(zero, math.nan, 1 / where(zero, 1.0, x))


def _gaps(v: Any) -> Any:
    """1 / (v_j - v_i) in row i and column j; nan where the two are equal, but for rounding: their vectors have no
    derivative, and differences of their cotangents have no digit.
    """
    diagonal = np.eye(shape_of(v)[-1], dtype=bool)
    return where(diagonal, 0.0, _over(where(_alike(data_of(v)), 0.0, _differences(v))))


def _alike(v: Any) -> Any:
    """In row i and column j whether v_i and v_j are equal, but for rounding."""
    columns, rows = v[..., None, :], v[..., None]
    return abs(columns - rows) <= 8 * np.finfo(v.dtype).eps * np.maximum(abs(columns), abs(rows))


def _parts(inner: Any, w: Any) -> Any:
    """The derivatives of the rising values w in a direction: the diagonal of `inner`, which is that direction in the
    basis of their vectors.

    Of equal values every basis is one of vectors. A step in the direction parts them, and turns the vectors into those
    in which it is diagonal: so their derivatives are the eigenvalues of their block of `inner`.
    """
    found, apart = np.einsum("...ii->...i", inner).copy(), ~_alike(w)
    starts = np.ones(w.shape, bool)
    starts[..., 1:] = np.einsum("...ii->...i", apart[..., 1:, :-1])      # of a run of equal ones
    for at in np.argwhere(~starts.all(axis=-1)):
        i = tuple(at)
        for run in np.split(np.arange(w.shape[-1]), np.flatnonzero(starts[i])[1:]):
            if len(run) > 1 and np.isfinite(inner[i]).all():
                found[(*i, run)] = np.linalg.eigvalsh(inner[i][np.ix_(run, run)])
    return found


def _kinks(w: Any, g: Any, h: Any) -> Any:
    """nan for equal values w that have neither equal cotangents g nor equal derivatives in a direction h, and so no
    second derivative: a step in another direction parts them with other vectors.
    """
    diagonal, alike = np.eye(shape_of(w)[-1], dtype=bool), _alike(data_of(w))
    if not (alike & ~diagonal).any():
        return 0.0
    lost, group = np.where(alike & ~diagonal, np.nan, 0.0).astype(dtype_of(w)), alike.astype(dtype_of(w))
    unlike = [sum(multiply0(group, expand_dims(sum(multiply0(lost, x), axis=-1), -2)), axis=-1, keepdims=True)
              for x in (_differences(g), h + _differences(sum(where(diagonal, h, 0.0), axis=-1)))]
    found = multiply0(lost, multiply0(*unlike))
    return found + where(diagonal, sum(found - _t(found), axis=-1, keepdims=True), 0.0)


def _differences(g: Any) -> Any:
    return expand_dims(g, -2) - expand_dims(g, -1)


def _on_diagonal(g: Any, v: Any) -> Any:
    """g on the diagonal, and nan in row i and column j where v_i and v_j are equal and their cotangents g are not."""
    diagonal = np.eye(shape_of(v)[-1], dtype=bool)
    tied = where(expand_dims(v, -2) == expand_dims(v, -1), np.full((), np.nan, dtype_of(v)), 0.0)
    return where(diagonal, expand_dims(g, -2), multiply0(tied, _differences(g)))


# --- symmetric matrices: NumPy reads one triangle of each, and the derivative lies in that triangle ---------

def _folded(symmetric: Any, upper: bool) -> Any:
    """The derivative by the triangle that is read, out of the one by the symmetric matrix that it stands for."""
    twice = 2 * np.tri(shape_of(symmetric)[-1], k=-1) + np.eye(shape_of(symmetric)[-1])
    return symmetric * (twice.T if upper else twice).astype(dtype_of(symmetric))


def _cholesky(x: Any, upper: bool = False) -> Any:
    square_shape("cholesky", x)
    return np.linalg.cholesky(x, upper=upper)


def _cholesky_back(g: Any, y: Any, upper: bool) -> Any:
    lower, g = (_t(y), _t(g)) if upper else (y, g)
    n = shape_of(y)[-1]
    halved = (np.tri(n) - np.eye(n) / 2).astype(dtype_of(y))         # the lower triangle, half of its diagonal
    inner = matmul(_t(lower), g) * halved
    return _folded(_symmetric(solve(_t(lower), _t(solve(_t(lower), _t(inner))))), upper)


def _packed_eigh(x: Any, UPLO: Any = "L") -> Any:
    w, v = np.linalg.eigh(x, UPLO)
    return np.concatenate([w[..., None, :], v], axis=-2)


def _eigh_back(g: Any, y: Any, UPLO: str) -> Any:
    w, v, gv = y[..., 0, :], y[..., 1:, :], g[..., 1:, :]
    turned = multiply0(_gaps(w), matmul(_t(v), gv)) + _on_diagonal(g[..., 0, :], w)
    return _folded(_symmetric(matmul(matmul(v, turned), _t(v))), UPLO == "U")


def _eigen(x: Any, UPLO: str) -> tuple[Any, Any]:
    y = packed_eigh(x, UPLO=UPLO)
    return y[..., 0, :], y[..., 1:, :]


def _eigen_sum(g: Any, x: Any, UPLO: Any = "L") -> Any:
    w, v = _eigen(x, UPLO)
    return matmul(matmul(v, _on_diagonal(g, w)), _t(v))


def _eigen_parts(h: Any, x: Any, UPLO: Any = "L") -> Any:
    w, v = _eigen(x, UPLO)
    return _parts(_symmetric(matmul(_t(v), matmul(h, v))), w)


def _eigen_sum_by_x(h: Any, g: Any, x: Any, UPLO: str) -> Any:
    """By quotients of differences, (g_i - g_j) / (w_i - w_j).

    They have their digits also where both are small, if the w are those of which the g were made.
    """
    w, v = eigenvalues(x, UPLO=UPLO), _eigen(x, UPLO)[1]
    inner = _symmetric(matmul(_t(v), matmul(h, v)))
    inner = _symmetric(multiply0(_gaps(w) * _differences(g), inner)) + _kinks(w, g, inner)
    return _folded(matmul(matmul(v, inner), _t(v)), UPLO == "U")


_TRIANGLES: list[Any] = [(((3, 3),), {"UPLO": "L"}), (((2, 3, 3),), {"UPLO": "U"})]

cholesky = Op("cholesky", None, _cholesky,
              lambda g, y, x, upper: _cholesky_back(g, y, upper),
              tex=r"\operatorname{{chol}} {0}", internal=True, params={"upper": False},
              cases=[((np.array([[4.0, 1.0, -1.0], [2.0, 3.0, 0.5], [1.0, 0.0, 2.0]]),), {}),
                     ((np.array([[[2.0, 0.5], [1.0, 1.0]], [[5.0, -2.0], [-1.0, 2.0]]]),), {"upper": True})],
              lanes=over_stacks)
packed_eigh = Op("packed_eigh", None, _packed_eigh,
                 lambda g, y, x, UPLO: _eigh_back(g, y, UPLO),
                 tex=r"\operatorname{{eigh}} {0}", symbol="eigh", internal=True, params={"UPLO": "L"},
                 cases=_TRIANGLES, lanes=over_stacks)
eigenvalues = Op("eigenvalues", None, np.linalg.eigvalsh,      # LAPACK finds them alone in another way
                 lambda g, y, x, UPLO: _folded(eigen_sum(g, x, UPLO=UPLO), UPLO == "U"),
                 tex=r"\lambda({0})", symbol="eigvalsh", internal=True, params={"UPLO": "L"},
                 cases=_TRIANGLES, lanes=over_stacks)
# The sum of g_i v_i v_i^T over the eigenvectors v_i of x: the derivative of a function of its eigenvalues.
eigen_sum = Op("eigen_sum", None, _eigen_sum,
               lambda h, y, g, x, UPLO: eigen_parts(h, x, UPLO=UPLO),
               lambda h, y, g, x, UPLO: _eigen_sum_by_x(h, g, x, UPLO),
               tex=r"\sum {0}_i v_i v_i^\top", symbol="Σ g v vᵀ", internal=True, params={"UPLO": "L"},
               cases=[(((3,), (3, 3)), {}), (((2, 3), (2, 3, 3)), {"UPLO": "U"})], linear=(0,), lanes=each_full)
# Its adjoint: v_i^T h v_i, which are the derivatives of the eigenvalues of x in the direction h.
eigen_parts = Op("eigen_parts", None, _eigen_parts,
                 lambda g, y, h, x, UPLO: eigen_sum(g, x, UPLO=UPLO),
                 lambda g, y, h, x, UPLO: _eigen_sum_by_x(h, g, x, UPLO),
                 tex=r"v_i^\top {0} v_i", symbol="vᵀ h v", internal=True, params={"UPLO": "L"},
                 cases=[(((3, 3), (3, 3)), {}), (((2, 3, 3), (2, 3, 3)), {"UPLO": "U"})], linear=(0,), lanes=each_full)


class EighResult(NamedTuple):
    """What eigh returns."""

    eigenvalues: Any
    eigenvectors: Any


def _triangle_read(name: str, a: Any, UPLO: str) -> str:
    square_shape(name, a)
    if UPLO.upper() not in ("L", "U"):
        raise UsageError(f"{name}: UPLO is 'L' or 'U', not {UPLO!r}")
    return UPLO.upper()


@composed(np.linalg.eigh, name="linalg.eigh", cases=[(((3, 3),), {}), *_TRIANGLES])
def eigh(a: Any, UPLO: str = "L") -> EighResult:
    """The eigenvalues (ascending) and the eigenvectors (in columns) of symmetric matrices.

    As in NumPy the lower triangle is read alone, or the upper one for "U", and the gradient lies in
    it: an element beside the diagonal counts for its mirror image too. The gradient of a function
    of the symmetric part is that of `eigh((a + a.T) / 2)`. The eigenvectors have a derivative where
    the eigenvalues are distinct: where some are exactly equal, the gradient of what asks for their
    vectors, or not of all equal ones alike, is nan. Forward mode gives the derivatives of equal
    eigenvalues to the one side, ascending. Where eigenvalues are only nearly equal, the gradient of
    what asks for their vectors has a relative error of some eps times their size, divided by the gap.

    >>> import numpy as np
    >>> eigh(np.array([[2.0, 1.0], [1.0, 2.0]])).eigenvalues
    array([1., 3.])
    """
    a = as_array(a)
    packed = packed_eigh(a, UPLO=_triangle_read("eigh", a, UPLO))
    return EighResult(packed[..., 0, :], packed[..., 1:, :])


@composed(np.linalg.eigvalsh, name="linalg.eigvalsh", cases=[(((3, 3),), {}), *_TRIANGLES])
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """The eigenvalues of symmetric matrices, ascending: see `eigh`.

    >>> import numpy as np
    >>> eigvalsh(np.diag([3.0, 1.0]))
    array([1., 3.])
    """
    a = as_array(a)
    return eigenvalues(a, UPLO=_triangle_read("eigvalsh", a, UPLO))


# --- singular values and orthogonal bases -------------------------------------------------------

def _packed_svd(x: Any) -> Any:
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return np.concatenate([s[..., None, :], u, vh.swapaxes(-1, -2)], axis=-2)


def _svd_back(g: Any, y: Any, x: Any) -> Any:
    m = shape_of(x)[-2]
    s, u, v = y[..., :1, :], y[..., 1:m + 1, :], y[..., m + 1:, :]
    gu, gv = g[..., 1:m + 1, :], g[..., m + 1:, :]
    gaps, over = _gaps(y[..., 0, :]), _over(s)
    share = divide0(s, s + _t(s))                        # gaps and share: s_j / (s_j^2 - s_i^2), without the squares
    turned_u, turned_v = (multiply0(gaps, a - _t(a)) for a in (matmul(_t(u), gu), matmul(_t(v), gv)))
    inner = turned_u * share + turned_v * _t(share) + _on_diagonal(g[..., 0, :], y[..., 0, :])
    found = matmul(matmul(u, inner), _t(v))
    if m > shape_of(v)[-2]:                                          # columns of gu outside what u spans
        found = found + matmul(multiply0(gu - matmul(u, matmul(_t(u), gu)), over), _t(v))
    if m < shape_of(v)[-2]:
        found = found + matmul(u, _t(multiply0(gv - matmul(v, matmul(_t(v), gv)), over)))
    return found


def _singular(x: Any) -> tuple[Any, Any, Any]:
    m, y = shape_of(x)[-2], packed_svd(x)
    return y[..., 0, :], y[..., 1:m + 1, :], y[..., m + 1:, :]


def _singular_sum(g: Any, x: Any) -> Any:
    s, u, v = _singular(x)
    return matmul(matmul(u, _on_diagonal(g, s)), _t(v))


def _singular_parts(h: Any, x: Any) -> Any:
    s, u, v = _singular(x)
    return -_parts(-_symmetric(matmul(_t(u), matmul(h, v))), -s)         # they fall


def _singular_sum_by_x(h: Any, g: Any, x: Any) -> Any:
    """By quotients of differences and of sums, as of eigenvalues: the negative singular values are eigenvalues, too."""
    s, (_, u, v) = singular_values(x), _singular(x)
    hv, uh = matmul(h, v), matmul(_t(u), h)
    inner = matmul(_t(u), hv)
    even, odd = _symmetric(inner), (inner - _t(inner)) / 2
    ratios = (expand_dims(g, -2) + expand_dims(g, -1)) * _over(expand_dims(s, -2) + expand_dims(s, -1))
    inner = _symmetric(multiply0(_gaps(s) * _differences(g), even)) + _kinks(s, g, even) + multiply0(ratios, odd)
    found, ratio = matmul(matmul(u, inner), _t(v)), expand_dims(g * _over(s), -2)
    if shape_of(u)[-2] > shape_of(u)[-1]:                            # what u does not span
        found = found + matmul(multiply0(hv - matmul(u, matmul(_t(u), hv)), ratio), _t(v))
    if shape_of(v)[-2] > shape_of(v)[-1]:
        found = found + matmul(u, multiply0(uh - matmul(matmul(uh, v), _t(v)), _t(ratio)))
    return found


def _packed_qr(x: Any) -> Any:
    q, r = np.linalg.qr(x)
    return np.concatenate([q, r.swapaxes(-1, -2)], axis=-2)


def _qr_back(g: Any, y: Any, x: Any) -> Any:
    m, n = shape_of(x)[-2:]
    q, r, gq, gr = y[..., :m, :], _t(y[..., m:, :]), g[..., :m, :], g[..., m:, :]     # gr is R's, transposed
    if n > m:                                            # R's further columns are q.T times x's
        further = gr[..., m:, :]
        first = concatenate([gq + matmul(x[..., m:], further), gr[..., :m, :]], axis=-2)
        return concatenate([_qr_back(first, y[..., :2 * m, :], x[..., :m]), matmul(q, _t(further))], axis=-1)
    inner = matmul(r, gr) - matmul(_t(gq), q)
    lower = where(np.tri(n, k=-1, dtype=bool), inner, 0.0)
    mirrored = where(np.tri(n, dtype=bool), inner, 0.0) + _t(lower)
    return _t(solve(r, _t(gq + matmul(q, mirrored))))


_MATRICES: list[Any] = [(((3, 2),), {}), (((2, 3),), {}), (((3, 3),), {}), (((2, 3, 2),), {})]

packed_svd = Op("packed_svd", None, _packed_svd,
                lambda g, y, x: _svd_back(g, y, x),
                tex=r"\operatorname{{svd}} {0}", symbol="svd", internal=True, cases=_MATRICES, lanes=over_stacks)
singular_values = Op("singular_values", None, lambda x: np.linalg.svd(x, compute_uv=False),
                     lambda g, y, x: singular_sum(g, x),
                     tex=r"\sigma({0})", symbol="svdvals", internal=True, cases=_MATRICES, lanes=over_stacks)
# The sum of g_i u_i v_i^T over the singular vectors of x: the derivative of a function of its singular values.
singular_sum = Op("singular_sum", None, _singular_sum,
                  lambda h, y, g, x: singular_parts(h, x),
                  lambda h, y, g, x: _singular_sum_by_x(h, g, x),
                  tex=r"\sum {0}_i u_i v_i^\top", symbol="Σ g u vᵀ", internal=True,
                  cases=[(((2,), (3, 2)), {}), (((2,), (2, 3)), {}), (((2, 2), (2, 2, 2)), {})], linear=(0,),
                  lanes=each_full)
# Its adjoint: u_i^T h v_i, which are the derivatives of the singular values of x in the direction h.
singular_parts = Op("singular_parts", None, _singular_parts,
                    lambda g, y, h, x: singular_sum(g, x),
                    lambda g, y, h, x: _singular_sum_by_x(h, g, x),
                    tex=r"u_i^\top {0} v_i", symbol="uᵀ h v", internal=True,
                    cases=[(((3, 2), (3, 2)), {}), (((2, 3), (2, 3)), {}), (((2, 2, 2), (2, 2, 2)), {})], linear=(0,),
                    lanes=each_full)
packed_qr = Op("packed_qr", None, _packed_qr,
               lambda g, y, x: _qr_back(g, y, x),
               tex=r"\operatorname{{qr}} {0}", symbol="qr", internal=True,
               cases=[(((3, 2),), {}), (((3, 3),), {}), (((2, 3, 2),), {}),
                      ((np.array([[1.0, -2.0, 0.5], [2.0, 1.5, -1.0]]),), {})], lanes=over_stacks)


class SVDResult(NamedTuple):
    """What svd returns."""

    U: Any
    S: Any
    Vh: Any


@composed(np.linalg.svd, name="linalg.svd",
          cases=[(shapes, {"full_matrices": False}) for shapes, _ in _MATRICES]
          + [(((3, 3),), {}), (((3, 2),), {"compute_uv": False})])
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """a = U diag(S) Vh, with the singular values S in descending order; S alone without `compute_uv`.

    `full_matrices` asks for more columns (or rows) than a determines, which have no derivative, so
    it must be False unless a is square. U and Vh have a derivative where the singular values are
    distinct and not 0, else the gradient of what asks for them is nan; of S alone the derivative
    at a singular value of 0 is 0.

    >>> import numpy as np
    >>> svd(np.diag([3.0, 4.0]), compute_uv=False)
    array([4., 3.])
    """
    a = as_array(a)
    m, n = matrix_shape("svd", a)
    if hermitian:
        raise UsageError("svd: hermitian=True is not supported\n  help: eigh takes symmetric matrices apart")
    nothing = 0 in (m, n)                                # what is added is constant then: the columns of 1
    if compute_uv and full_matrices and m != n and not nothing:
        raise UsageError(f"svd: the matrix is {m} by {n}, and full_matrices=True adds vectors that it does not "
                         "determine: they have no derivative\n  help: svd(a, full_matrices=False)")
    if not compute_uv:
        return hypot(singular_values(a), 0.0)            # they are not negative; at 0 they have a kink, as a length has
    packed = packed_svd(a)
    u, v = packed[..., 1:m + 1, :], packed[..., m + 1:, :]
    u, v = (_completed(u), _completed(v)) if full_matrices and nothing else (u, v)
    return SVDResult(u, packed[..., 0, :], _t(v))


def _completed(q: Any) -> Any:
    """Q without columns as a square one: the identity, which depends on nothing."""
    return matmul(q, _t(q)) + np.eye(shape_of(q)[-2], dtype=dtype_of(q))


@composed(np.linalg.svdvals, name="linalg.svdvals", cases=_MATRICES)
def svdvals(x: Any, /) -> Any:
    """The singular values, descending: see `svd`.

    >>> import numpy as np
    >>> svdvals(np.array([[3.0], [4.0]]))
    array([5.])
    """
    return svd(x, compute_uv=False)


class QRResult(NamedTuple):
    """What qr returns."""

    Q: Any
    R: Any


@composed(np.linalg.qr, name="linalg.qr", cases=[*_MATRICES, (((3, 2),), {"mode": "r"})])
def qr(a: Any, mode: str = "reduced") -> Any:
    """a = Q R with orthonormal columns in Q and an upper triangle R; R alone for mode "r".

    The first columns of a (as many as it has rows) must be linearly independent. The mode
    "complete" adds columns to Q that a does not determine, so it needs a square or wide matrix.

    >>> import numpy as np
    >>> q, r = qr(np.array([[3.0], [4.0]]))
    >>> bool(np.allclose(q @ r, [[3.0], [4.0]]))
    True
    """
    a = as_array(a)
    m, n = matrix_shape("qr", a)
    if mode not in ("reduced", "r") and not (mode == "complete" and (m <= n or not n)):
        raise UsageError(f"qr: mode={mode!r} of a matrix {m} by {n} is not supported: "
                         "what a does not determine has no derivative\n  help: mode='reduced' or 'r'")
    packed = packed_qr(a)
    q, r = packed[..., :m, :], _t(packed[..., m:, :])
    if mode == "complete" and m > n:
        return QRResult(_completed(q), matmul(q, r))     # R has no columns, and as many rows as Q
    return r if mode == "r" else QRResult(q, r)
