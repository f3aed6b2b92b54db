"""Contraction: einsum, one entry whose rule is einsum again."""

from __future__ import annotations

import math
import string
from functools import lru_cache
from typing import Any

import numpy as np

from ...errors import ShapeError, UsageError
from .._arguments import as_array, no_out
from .._bind import Each
from .._function import composed
from .._lanes import Lanes, one_by_one
from .._op import Op, shape_of
from ..arrays.shape import broadcast_to, reshape

FEW = 4096
"""Multiplications: with fewer NumPy's own einsum is as quick as a product of matrices, and keeps its bits."""


def _contract(*xs: Any, subscripts: str, optimize: Any = False) -> Any:
    groups = None if optimize or len(xs) != 2 else _grouped(subscripts, xs[0].shape, xs[1].shape)
    if groups is None or xs[0].dtype != xs[1].dtype or xs[0].dtype.kind != "f":
        return np.einsum(subscripts, *xs, optimize=optimize)
    (to_left, left), (to_right, right), found, back = groups
    return (xs[0].transpose(to_left).reshape(left) @ xs[1].transpose(to_right).reshape(right)) \
        .reshape(found).transpose(back)


@lru_cache(maxsize=1024)
def _grouped(subscripts: str, x: tuple[int, ...], y: tuple[int, ...]) -> tuple[Any, ...] | None:
    """How a contraction of two arrays is a product of (stacks of) matrices; None where it is none, or a small one.

    That is for each array its axes in the order of the product, and the shape with each kind of them as one: those of
    the stack, which both arrays and the output have, rows or columns, and those that are summed. Then the shape of the
    product with all its axes, and their order in the output.
    """
    inputs, out = subscripts.split("->")
    a, b = inputs.split(",")
    size = dict(zip(a + b, x + y))
    stack, summed = ([k for k in a if k in b and (k in out) == kept] for kept in (True, False))
    rows, columns = [k for k in a if k not in b], [k for k in b if k not in a]
    repeated = len({*a}) < len(a) or len({*b}) < len(b)
    if repeated or not summed or not (rows or columns) or not {*rows, *columns} <= {*out} \
            or any(size[k] != n for k, n in zip(a, x)) or math.prod(size.values()) < FEW:
        return None
    n, i, j, s = (math.prod(size[k] for k in letters) for letters in (stack, rows, columns, summed))
    lead = (n,) if stack else ()
    order = stack + rows + columns
    return (([a.index(k) for k in stack + rows + summed], (*lead, i, s)),
            ([b.index(k) for k in stack + summed + columns], (*lead, s, j)),
            [size[k] for k in order], [order.index(k) for k in out])


def _term_back(i: int, g: Any, xs: tuple[Any, ...], subscripts: str, optimize: Any) -> Any:
    """The cotangent of operand i: g takes its place in the sum, and its indices become the output's.

    An index that only this operand has was summed by itself: g is the same all along it. Indices
    that are repeated in it name a diagonal: g goes there, and 0 elsewhere.
    """
    inputs, out = subscripts.split("->")
    terms = inputs.split(",")
    mine, others = terms[i], [*terms[:i], *terms[i + 1:]]
    labels = "".join(dict.fromkeys(mine))
    known = "".join(k for k in labels if k in out or any(k in term for term in others))
    g = contract([g, *xs[:i], *xs[i + 1:]], subscripts=",".join([out, *others]) + "->" + known,
                 optimize=bool(optimize))
    if known == mine and shape_of(g) == shape_of(xs[i]):
        return g
    size = dict(zip(mine, shape_of(xs[i])))
    found = dict(zip(known, shape_of(g)))
    spread = tuple(found.get(k, 1) for k in labels)
    full = np.broadcast_shapes(spread, tuple(size[k] for k in labels))   # an index of length 1 here may be longer there
    if spread != shape_of(g):
        g = reshape(g, spread)
    if spread != full:
        g = broadcast_to(g, full)
    if labels == mine:
        return g
    fresh = iter(k for k in string.ascii_letters if k not in mine)
    row, diagonals = "", []
    for k in mine:
        if k in row:
            diagonals.append((k, k := next(fresh)))
        row += k
    masks = [np.eye(full[labels.index(k)], dtype=bool) for k, _ in diagonals]
    return contract([g, *masks], subscripts=",".join([labels, *map("".join, diagonals)]) + "->" + row, optimize=False)


def _cost(shapes: list[tuple[int, ...]], out: tuple[int, ...], subscripts: str, optimize: Any) -> int:
    """Every combination of indices, and a multiplication for each operand after the first."""
    sizes: dict[str, int] = {}
    for term, shape in zip(subscripts.split("->")[0].split(","), shapes):
        for k, n in zip(term, shape):
            sizes[k] = max(n, sizes.get(k, 1))
    return math.prod(sizes.values()) * (len(shapes) - 1)


def _one_more_letter(op: Op, lanes: Lanes) -> Any:
    """The lanes are one more index."""
    inputs, out = lanes.params["subscripts"].split("->")
    fresh = next((k for k in string.ascii_letters if k not in inputs), None)
    if fresh is None:
        return one_by_one(op, lanes)
    terms = [fresh + term if own else term for term, own in zip(inputs.split(","), lanes.mapped)]
    return op(lanes.xs, **{**lanes.params, "subscripts": ",".join(terms) + "->" + fresh + out})


contract = Op("contract", None, _contract,
              Each(lambda i, g, y, *xs, subscripts, optimize: _term_back(i, g, xs, subscripts, optimize)),
              tex=r"\operatorname{{einsum}}({0}, \ldots)", symbol="einsum", internal=True,
              params={"subscripts": "", "optimize": False},
              cases=[(shapes, {"subscripts": subscripts}) for shapes, subscripts in [
                  (((2, 3), (3, 4)), "ij,jk->ik"), (((2, 3), (3, 4)), "ij,jk->ki"), (((2, 3),), "ij->ji"),
                  (((2, 3),), "ij->"), (((2, 3),), "ij->j"), (((3, 3),), "ii->i"), (((3, 3),), "ii->"),
                  (((2, 3, 2), (2,)), "iji,i->j"), (((2, 2, 2),), "iii->i"), (((2, 3), (4,)), "ij,k->i"),
                  (((2, 3), (3, 2), (2, 2)), "ij,jk,kl->il"), (((2, 3), (2, 3)), "ij,ij->ij"),
                  (((1, 3), (2, 1)), "ij,ij->ij"), (((2, 3), (1,)), "ij,j->i"), (((), (2,)), ",i->i"),
                  (((2, 2), (3, 3), (3,)), "ii,jj,j->j"), (((2, 3), (2, 3)), "ij,ij->"), (((1, 1), (3,)), "ii,i->i")]],
              multilinear=True, cost=_cost, lanes=_one_more_letter)


@composed(np.einsum)
def einsum(*operands: Any, out: Any = None, optimize: Any = False, **refused: Any) -> Any:
    """Einstein's summation: products of arrays, summed over the indices that the output lacks.

    Called as `numpy.einsum` is, with subscripts and arrays or with arrays and lists of integers in
    turn. Any number of operands; `...`, repeated indices within an operand (its diagonal) and
    indices of one operand alone are understood. `optimize` is NumPy's. Raises ShapeError where
    subscripts and shapes do not agree, UsageError where the subscripts themselves are wrong.

    >>> import numpy as np
    >>> a, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 10.0])
    >>> einsum("ij,j->i", a, b)
    array([21., 43.])
    >>> float(einsum("ii", a))
    5.0
    """
    no_out("einsum", out)
    if refused:
        raise UsageError(f"einsum: {', '.join(refused)}= is not supported; the dtype follows from the operands")
    if not operands:
        raise UsageError("einsum takes subscripts and arrays, as in einsum('ij,jk->ik', a, b)")
    if not isinstance(operands[0], str):
        operands = _lettered(operands)
    subscripts, arrays = operands[0], [as_array(x) for x in operands[1:]]
    shapes = tuple(shape_of(x) for x in arrays)
    return contract(arrays, subscripts=_explicit(subscripts, shapes), optimize=optimize)


def _lettered(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """einsum(a, [0, 1], b, [1, 2], [0, 2]) as einsum("AB,BC->AC", a, b)."""
    letters = string.ascii_uppercase + string.ascii_lowercase           # in alphabetical order, as einsum sorts them

    def term(places: Any) -> str:
        return "".join("..." if k is Ellipsis else letters[k] for k in places)
    subscripts = ",".join(term(places) for places in operands[1::2])
    if len(operands) % 2:
        subscripts += "->" + term(operands[-1])
    return (subscripts, *operands[:len(operands) - len(operands) % 2:2])


@lru_cache(maxsize=1024)
def _explicit(subscripts: str, shapes: tuple[tuple[int, ...], ...]) -> str:
    """The subscripts with a letter for every axis and with the output written out, checked against the shapes."""
    def refuse(why: str, kind: type[Exception] = UsageError) -> Exception:
        return kind(f"einsum: {subscripts!r} on {', '.join(map(str, shapes))}: {why}")

    inputs, arrow, out = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    strange = {*inputs.replace("...", "").replace(",", ""), *out.replace("...", "")} - {*string.ascii_letters}
    if strange:
        raise refuse(f"{''.join(sorted(strange))!r} is no letter")
    if len(terms) != len(shapes):
        raise refuse(f"{len(terms)} terms for {len(shapes)} operands")
    spare = [k for k in string.ascii_letters if k not in subscripts]
    most = max(len(shape) - len(term.replace("...", "")) if "..." in term else 0 for term, shape in zip(terms, shapes))
    if most > len(spare):
        raise refuse("more axes than there are letters")
    dots = "".join(spare[:max(most, 0)])
    for i, (term, shape) in enumerate(zip(terms, shapes)):
        named = len(term.replace("...", ""))
        if named > len(shape) or (named < len(shape) and "..." not in term):
            raise refuse(f"operand {i} has {len(shape)} axes, and {term!r} names {named}", ShapeError)
        terms[i] = term.replace("...", dots[len(dots) - (len(shape) - named):])
    every = "".join(terms)
    if not arrow:
        out = dots + "".join(sorted(k for k in {*every} - {*dots} if every.count(k) == 1))
    else:
        if dots and "..." not in out:
            raise refuse("the output needs '...' too, for the operands have axes there")
        out = out.replace("...", dots)
        for k in out:
            if k not in every or out.count(k) > 1:
                raise refuse(f"{k!r} of the output must be an index of an operand, and be there once")
    sizes: dict[str, tuple[int, int]] = {}
    for i, (term, shape) in enumerate(zip(terms, shapes)):
        for k, n in zip(term, shape):
            j, m = sizes.setdefault(k, (i, n))
            if m == 1:
                sizes[k] = (i, n)
            elif n not in (1, m):
                raise refuse(f"index {k!r} has length {m} in operand {j} and {n} in operand {i}", ShapeError)
    return ",".join(terms) + "->" + out
