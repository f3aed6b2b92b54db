"""einsum against its definition by loops, with its derivative."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from helpers.matrices import normal
from hypothesis import given
from hypothesis import strategies as st

import autograd_nn
from autograd_nn import Tensor
from autograd_nn.errors import ShapeError, UsageError

FORMS = [("ij,jk", [(2, 3), (3, 4)]), ("ba,b", [(2, 3), (2,)]), ("ii", [(3, 3)]), ("...ii->...i", [(2, 3, 3)]),
         ("...ij,...jk->...ik", [(5, 2, 3), (3, 4)]), ("...ij,...jk", [(2, 1, 2, 3), (4, 3, 2)]),
         ("i...->...", [(3, 2)]), ("...", [(2, 3)]), ("...,...", [(2, 3), (3,)]), ("i...,i->...i", [(2, 3), (2,)]),
         ("ij , jk -> i k", [(2, 3), (3, 4)]), ("b...a", [(2, 3, 4)]), ("a,b,c->abc", [(2,), (3,), (2,)]),
         ("...a,...b->ab...", [(2,), (3,)]), ("ij,jk,kl,lm->im", [(2, 3), (3, 2), (2, 4), (4, 2)])]


@pytest.mark.parametrize(("subscripts", "shapes"), FORMS)
def test_einsum_understands_what_numpy_does(subscripts, shapes):
    xs = [normal(*s, seed=i) for i, s in enumerate(shapes)]
    want = np.einsum(subscripts, *xs)
    w = normal(*np.shape(want), seed=9)
    for optimize in (False, True, "optimal"):
        tensors = [Tensor(x) for x in xs]
        got = np.einsum(subscripts, *tensors, optimize=optimize)
        np.testing.assert_allclose(got.data, want, rtol=1e-12, atol=1e-14)
        (got * w).sum().backward()
        for i, (x, t) in enumerate(zip(xs, tensors)):
            u = normal(*x.shape, seed=20 + i)
            moved = [[*xs[:i], x + s * u, *xs[i + 1:]] for s in (1, -1)]       # linear in each operand
            along = sum(s * (np.einsum(subscripts, *ps) * w).sum() for s, ps in zip((0.5, -0.5), moved))
            assert (t.grad * u).sum() == pytest.approx(along, rel=1e-10, abs=1e-12)


@st.composite
def contractions(draw):
    """Subscripts (with diagonals, lone and dropped indices) and the shapes of their operands, some of length 1."""
    size = {k: draw(st.integers(1, 3)) for k in "ijkl"}
    terms = draw(st.lists(st.text("ijkl", max_size=3), min_size=1, max_size=3))
    used = sorted({*"".join(terms)})
    out = "".join(draw(st.permutations(used))[:draw(st.integers(0, len(used)))])
    shapes = []
    for term in terms:
        one = {k: draw(st.booleans()) and draw(st.booleans()) for k in term}
        shapes.append(tuple(1 if one[k] else size[k] for k in term))
    return ",".join(terms) + "->" + out, shapes


def by_loops(subscripts, *xs):
    """einsum as its definition says."""
    inputs, out = subscripts.split("->")
    terms = inputs.split(",")
    size = {}
    for term, x in zip(terms, xs):
        for k, n in zip(term, x.shape):
            size[k] = max(size.get(k, 1), n)
    total = np.zeros([size[k] for k in out])
    for place in itertools.product(*map(range, size.values())):
        at = dict(zip(size, place))
        product = 1.0
        for term, x in zip(terms, xs):
            product *= x[tuple(at[k] if n > 1 else 0 for k, n in zip(term, x.shape))]
        total[tuple(at[k] for k in out)] += product
    return total


@given(contractions())
def test_einsum_is_its_definition_with_its_derivative(case):
    subscripts, shapes = case
    xs = [normal(*s, seed=i) for i, s in enumerate(shapes)]
    tensors = [Tensor(x) for x in xs]
    y = autograd_nn.einsum(subscripts, *tensors)
    want = by_loops(subscripts, *xs)
    assert y.shape == want.shape
    np.testing.assert_allclose(y.data, want, atol=1e-12)
    w = normal(*want.shape, seed=7)
    y.backward(w)
    for i, (x, t) in enumerate(zip(xs, tensors)):
        along = (by_loops(subscripts, *xs[:i], x + 1, *xs[i + 1:]) - want) * w      # linear, so a difference is exact
        assert t.grad.sum() == pytest.approx(along.sum(), abs=1e-9)
        k = tuple(n - 1 for n in x.shape)
        moved = x.copy()
        moved[k] += 1
        assert t.grad[k] == pytest.approx(((by_loops(subscripts, *xs[:i], moved, *xs[i + 1:]) - want) * w).sum(),
                                          abs=1e-9)


def test_einsum_of_arrays_and_index_lists():
    a, b = Tensor(normal(2, 3)), Tensor(normal(3, 4))
    np.testing.assert_allclose(np.einsum(a, [0, 1], b, [1, 2], [2, 0]).data, (a.data @ b.data).T)
    np.testing.assert_allclose(np.einsum(a, [9, 3]).data, a.data.T)               # implicit: sorted
    np.testing.assert_allclose(np.einsum(a, [..., 0], [0, ...]).data, a.data.T)


@pytest.mark.parametrize(("subscripts", "shapes", "kind", "says"), [
    ("ij,jk", [(2, 3), (4, 5)], ShapeError, "'j' has length 3 in operand 0 and 4 in operand 1"),
    ("ijk", [(2, 3)], ShapeError, "operand 0 has 2 axes"), ("i", [(2, 3)], ShapeError, "operand 0 has 2 axes"),
    ("ii", [(2, 3)], ShapeError, "'i' has length 2"), ("i,i", [(2,)], UsageError, "2 terms for 1 operands"),
    ("i->j", [(2,)], UsageError, "'j' of the output"), ("i->ii", [(2,)], UsageError, "'i' of the output"),
    ("...i->i", [(2, 3)], UsageError, "the output needs"), ("i$", [(2,)], UsageError, "is no letter")])
def test_einsum_says_what_is_wrong(subscripts, shapes, kind, says):
    with pytest.raises(kind, match="einsum") as error:
        np.einsum(subscripts, *[Tensor(np.ones(s)) for s in shapes])
    assert says in str(error.value) and str(shapes[0]) in str(error.value)


def test_einsum_refuses_what_it_cannot_do():
    x = Tensor([1.0])
    with pytest.raises(UsageError, match="out="):
        autograd_nn.einsum("i", x, out=np.zeros(1))
    with pytest.raises(UsageError, match="dtype"):
        np.einsum("i", x, dtype=np.float32)
    with pytest.raises(UsageError, match="subscripts"):
        autograd_nn.einsum()
