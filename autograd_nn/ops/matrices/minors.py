"""The determinant and its derivatives of every order, which are polynomials in the minors: no inverse is needed.

D^m det(x)[h_1, ..., h_m] is linear in each direction h and does not change with their order. `cofactors` of
[x, h_1, ..., h_k] is the matrix of its partial derivatives by a further direction: with no h the cofactors of x.
So the derivative of `cofactors` is `cofactors` again, by x with one direction more, by a direction with another one
in its place.
"""

from __future__ import annotations

import itertools
import math
import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._bind import Each
from .._lanes import each_full, over_stacks
from .._op import Op
from ..arrays.reduction import sum as total
from ..arrays.shape import expand_dims

_SMALL = 4                                               # up to this size the products are few


def _cofactors(x: Any, *directions: Any) -> Any:
    small, finite = x.shape[-1] <= _SMALL, np.isfinite(x).all()
    if small and finite:
        return _of_a_small_one(x, *directions)
    if directions or not finite:
        return _by_elimination(x, *directions)
    try:
        inverse, size = np.linalg.inv(x), np.linalg.det(x)
    except np.linalg.LinAlgError:                        # a singular one is among them
        return _by_elimination(x)
    found = size[..., None, None] * inverse.swapaxes(-1, -2)
    condition = _norm(x) * _norm(inverse)
    lost = ~((condition < np.finfo(x.dtype).eps ** (-1 / 3)) & np.isfinite(size) & (size != 0))
    if lost.any():                                       # too many digits
        found = np.asarray(found)
        found[lost] = _by_elimination(x[lost])
    return found


def _norm(x: Any) -> Any:
    return np.abs(x).sum(axis=-2).max(axis=-1, initial=0)


def _of_a_small_one(x: Any, *directions: Any) -> Any:
    """As sums of products, with one element of each direction and the others of x: what is 0 in all is exactly 0."""
    n, m = x.shape[-1], len(directions)
    total = np.zeros_like(x)
    if m >= n:
        return total
    others = np.array([[k for k in range(n) if k != i] for i in range(n)], int).reshape(n, n - 1)
    signs = ((-1) ** np.add(*np.ogrid[:n, :n])).astype(x.dtype)
    for rows in itertools.permutations(range(n - 1), m):                 # those of the minor that are directions
        factors = [directions[rows.index(k)] if k in rows else x for k in range(n - 1)]
        for p in itertools.permutations(range(n - 1)):
            elements = [factor[..., others[:, None, k], others[:, q]] for k, (factor, q) in enumerate(zip(factors, p))]
            total = total + _parity(p) * signs * math.prod(elements)
    return total


def _parity(p: Sequence[Any]) -> int:
    """The sign of a permutation."""
    swaps: int = sum(a > b for a, b in itertools.combinations(p, 2))
    return 1 - 2 * (swaps % 2)


def _by_elimination(x: Any, *directions: Any) -> Any:
    """With rows and columns scaled to one size, and the largest elements first: small ones lose no digits."""
    finite = np.isfinite(x).all(axis=(-2, -1), keepdims=True)
    x = np.where(finite, x, 0)
    rows = np.frexp(np.abs(x).max(axis=-1, keepdims=True, initial=0))[1]             # powers of 2: exact
    columns = np.frexp(np.abs(np.ldexp(x, -rows)).max(axis=-2, keepdims=True, initial=0))[1]
    x, *others = (np.ldexp(np.ldexp(h, -rows), -columns) for h in (x, *directions))
    sign, order, left, d, right = _eliminated(x)
    left, right = np.linalg.inv(left), np.linalg.inv(right)
    turned = [left @ np.take_along_axis(h.reshape(*x.shape[:-2], -1), order, -1).reshape(x.shape) @ right
              for h in others]
    found = sign[..., None, None] * (left.swapaxes(-1, -2) @ _of_diagonal(d, turned) @ right.swapaxes(-1, -2))
    scaled = np.empty_like(x)
    np.put_along_axis(scaled.reshape(order.shape), order, found.reshape(order.shape), -1)
    powers = rows.sum(axis=-2, keepdims=True) + columns.sum(axis=-1, keepdims=True) - rows - columns
    return np.where(finite, np.ldexp(scaled, powers), x.dtype.type(np.nan))


def _eliminated(x: Any) -> tuple[Any, Any, Any, Any, Any]:
    """(sign, order, left, d, right): the elements of x in another order of rows and columns are left @ diag(d) @ right,
    triangles with 1 on the diagonal and nothing larger. The sign is that of the order.

    The largest element that is left is eliminated first. What is 0 by its place alone stays exactly 0.
    """
    n, shape = x.shape[-1], x.shape[:-2]
    x = x.reshape(-1, n, n).copy()
    all_of, sign = np.arange(len(x)), np.ones(len(x), x.dtype)
    order = np.broadcast_to(np.arange(n * n).reshape(n, n), x.shape).copy()
    for k in range(n):
        at = np.abs(x[:, k:, k:]).reshape(len(x), -1).argmax(-1)
        i, j = k + at // (n - k), k + at % (n - k)
        for a in (x, order):
            a[all_of, k], a[all_of, i] = a[all_of, i], a[all_of, k]
            a[all_of, :, k], a[all_of, :, j] = a[all_of, :, j], a[all_of, :, k]
        sign *= np.where((i != k) ^ (j != k), -1, 1)
        pivot = x[:, k, k, None]
        x[:, k + 1:, k] /= np.where(pivot == 0, 1, pivot)
        x[:, k + 1:, k + 1:] -= x[:, k + 1:, k, None] * x[:, None, k, k + 1:]
    d = np.einsum("...ii->...i", x).copy()
    right = np.triu(x / np.where(d == 0, 1, d)[:, :, None], 1) + np.eye(n, dtype=x.dtype)
    left = np.tril(x, -1) + np.eye(n, dtype=x.dtype)
    return (sign.reshape(shape), order.reshape(*shape, -1), left.reshape(*shape, n, n), d.reshape(*shape, n),
            right.reshape(*shape, n, n))


def _of_diagonal(s: Any, directions: list[Any]) -> Any:
    """The same of a diagonal matrix. D^m det[h_1, ...] sums, over m places a, b, ... that differ, the product of the
    other elements times sum over all permutations p of sign(p) h_1[a, p(a)] h_2[b, p(b)] ...
    """
    n, m = s.shape[-1], len(directions) + 1
    places = np.ogrid[(slice(n),) * m]
    others = np.ones((*s.shape[:-1], *(n,) * m), s.dtype)
    for a, b in itertools.combinations(places, 2):
        others *= a != b
    for k in range(n):
        taken = np.zeros((1,) * m, bool)
        for a in places:
            taken = taken | (a == k)
        others *= np.where(taken, s.dtype.type(1), s[(..., k, *(None,) * m)])
    found = np.zeros((*s.shape[:-1], n, n), s.dtype)
    diagonal = np.arange(n)
    letters = string.ascii_letters[:m]
    for p in itertools.permutations(letters):
        terms = ["..." + a + b for a, b in zip(letters[:-1], p)]
        last = letters[-1] if p[-1] == letters[-1] else letters[-1] + p[-1]
        term = np.einsum(",".join(["..." + letters, *terms]) + "->..." + last, others, *directions)
        place = (..., diagonal, diagonal) if len(last) == 1 else ...
        found[place] += _parity(p) * term
    return found


cofactors = Op("cofactors", None, _cofactors,
               Each(lambda i, g, y, *xs: cofactors([*xs, g] if i == 0 else [*xs[:i], g, *xs[i + 1:]])),
               tex=r"\operatorname{{cof}}({0}, \ldots)", symbol="cof", internal=True,
               cases=[(((3, 3),), {}), (((2, 2, 2),), {}), (((1, 1),), {}), (((3, 3), (3, 3)), {}),
                      (((2, 2, 2), (2, 2, 2)), {}), (((4, 4), (4, 4), (4, 4)), {}), (((2, 2),) * 3, {})],
               lanes=each_full)
det = Op("det", None, np.linalg.det,
         lambda g, y, x: expand_dims(g, (-2, -1)) * cofactors([x]),
         tex=r"\det {0}", internal=True, cases=[(((3, 3),), {}), (((2, 2, 2),), {}), (((1, 1),), {})],
         jvps=(lambda t, y, x: total(t * cofactors([x]), axis=(-2, -1)),), lanes=over_stacks)
