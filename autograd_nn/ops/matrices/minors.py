"""The determinant and its derivatives of every order, which are polynomials in the minors: no inverse is needed.

D^m det(x)[h_1, ..., h_m] is linear in each direction h and does not change with their order. `cofactors` of
[x, h_1, ..., h_k] is the matrix of its partial derivatives by a further direction: with no h the cofactors of x.
So the derivative of `cofactors` is `cofactors` again, by x with one direction more, by a direction with another one
in its place.
"""

from __future__ import annotations

import itertools
import string
from typing import Any

import numpy as np

from .._bind import Each
from .._op import Op
from ..arrays.shape import expand_dims

_NEXT, _LAST = np.array([1, 2, 0]), np.array([2, 0, 1])


def _cofactors(x: Any, *directions: Any) -> Any:
    if directions or not np.isfinite(x).all():
        return _by_singular_values(x, *directions)
    if x.shape[-1] <= 3:
        return _of_a_small_one(x)
    try:
        inverse, size = np.linalg.inv(x), np.linalg.det(x)
    except np.linalg.LinAlgError:                        # a singular one is among them
        return _by_singular_values(x)
    found = size[..., None, None] * inverse.swapaxes(-1, -2)
    condition = _norm(x) * _norm(inverse)
    lost = ~((condition < np.finfo(x.dtype).eps ** (-1 / 3)) & np.isfinite(size) & (size != 0))
    if lost.any():                                       # too many digits
        found = np.asarray(found)
        found[lost] = _by_singular_values(x[lost])
    return found


def _norm(x: Any) -> Any:
    return np.abs(x).sum(axis=-2).max(axis=-1, initial=0)


def _of_a_small_one(x: Any) -> Any:
    """As products of elements."""
    match x.shape[-1]:
        case 0 | 1:
            return np.ones_like(x)
        case 2:
            return x[..., ::-1, ::-1] * np.array([[1, -1], [-1, 1]], x.dtype)
    row, column = (_NEXT[:, None], _LAST[:, None]), (_NEXT, _LAST)       # in a cycle, which settles the signs
    return (x[..., row[0], column[0]] * x[..., row[1], column[1]]
            - x[..., row[0], column[1]] * x[..., row[1], column[0]])


def _by_singular_values(x: Any, *directions: Any) -> Any:
    """With rows and columns scaled to one size: small ones lose no digits beside large ones."""
    finite = np.isfinite(x).all(axis=(-2, -1), keepdims=True)
    x = np.where(finite, x, 0)
    rows = np.frexp(np.abs(x).max(axis=-1, keepdims=True, initial=0))[1]             # powers of 2: exact
    columns = np.frexp(np.abs(np.ldexp(x, -rows)).max(axis=-2, keepdims=True, initial=0))[1]
    u, s, vh = np.linalg.svd(np.ldexp(np.ldexp(x, -rows), -columns))
    turned = [u.swapaxes(-1, -2) @ np.ldexp(np.ldexp(h, -rows), -columns) @ vh.swapaxes(-1, -2) for h in directions]
    flip = np.sign(np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    scaled = flip * (u @ _of_diagonal(s, turned) @ vh)
    powers = rows.sum(axis=-2, keepdims=True) + columns.sum(axis=-1, keepdims=True) - rows - columns
    return np.where(finite, np.ldexp(scaled, powers), x.dtype.type(np.nan))


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
        odd = sum(a > b for a, b in itertools.combinations(p, 2)) % 2
        terms = ["..." + a + b for a, b in zip(letters[:-1], p)]
        last = letters[-1] if p[-1] == letters[-1] else letters[-1] + p[-1]
        term = np.einsum(",".join(["..." + letters, *terms]) + "->..." + last, others, *directions)
        place = (..., diagonal, diagonal) if len(last) == 1 else ...
        found[place] += -term if odd else term
    return found


cofactors = Op("cofactors", None, _cofactors,
               Each(lambda i, g, y, *xs: cofactors([*xs, g] if i == 0 else [*xs[:i], g, *xs[i + 1:]])),
               tex=r"\operatorname{{cof}}({0}, \ldots)", symbol="cof", internal=True,
               cases=[(((3, 3),), {}), (((2, 2, 2),), {}), (((1, 1),), {}), (((3, 3), (3, 3)), {}),
                      (((2, 2, 2), (2, 2, 2)), {}), (((4, 4), (4, 4), (4, 4)), {}), (((2, 2),) * 3, {})])
det = Op("det", None, np.linalg.det,
         lambda g, y, x: expand_dims(g, (-2, -1)) * cofactors([x]),
         tex=r"\det {0}", internal=True, cases=[(((3, 3),), {}), (((2, 2, 2),), {}), (((1, 1),), {})])
