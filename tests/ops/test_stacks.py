"""Products of a stack of matrices with one matrix: one product of matrices, for values and cotangents."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import autograd_nn as ag
from autograd_nn import Tensor, ops

RNG = np.random.default_rng(0)
PRODUCTS = {
    "linear": (lambda x, w: ops.linear(x, w.T, np.zeros(w.shape[-1])), lambda x, w: np.einsum("...i,ij->...j", x, w)),
    "matmul": (lambda x, w: x @ w, lambda x, w: np.einsum("...i,ij->...j", x, w)),
    "dot": (ag.dot, lambda x, w: np.einsum("...i,ij->...j", x, w)),
    "tensordot": (lambda x, w: ag.tensordot(x, w, 1), lambda x, w: np.einsum("...i,ij->...j", x, w)),
    "dot, one matrix on the left": (lambda x, w: ag.dot(w.T, ag.matrix_transpose(x)),
                                    lambda x, w: np.einsum("...ai,ij->j...a", x, w)),
    "matmul with a vector": (lambda x, w: x @ w[:, 0], lambda x, w: np.einsum("...i,i->...", x, w[:, 0])),
}
SHAPES = [(2, 3, 4), (2, 3, 5, 4), (1, 1, 4), (0, 3, 4), (3, 0, 4), (2, 3, 0)]
LAYOUTS = {"as in C": np.ascontiguousarray, "as in Fortran": np.asfortranarray, "backwards": lambda x: x[..., ::-1],
           "every second": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
           "other axes first": lambda x: np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, 1)), 1, 0)}


@pytest.mark.parametrize("name", PRODUCTS)
def test_values_and_cotangents_of_every_layout(name):
    f, meant = PRODUCTS[name]
    for shape in SHAPES:
        for layout, lay in LAYOUTS.items():
            a, b = lay(RNG.normal(size=shape)), lay(RNG.normal(size=(shape[-1], 3)))
            x, w = Tensor(a), Tensor(b)
            y = f(x, w)
            want = meant(a, b)
            np.testing.assert_allclose(y.data, want, atol=1e-12, err_msg=f"{name} {shape} {layout}")
            seed = RNG.normal(size=want.shape)
            y.backward(seed)
            for leaf, moved in ((x, lambda d, b=b: meant(d, b)), (w, lambda d, a=a: meant(a, d))):
                d = RNG.normal(size=leaf.shape)          # the product is linear in each
                along = (moved(d) * seed).sum()
                assert (leaf.grad * d).sum() == pytest.approx(along, abs=1e-9), f"{name} {shape} {layout}"


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_single_precision_stack_stays_so(name):
    y = PRODUCTS[name][0](Tensor(np.ones((2, 3, 4), np.float32)), Tensor(np.ones((4, 3), np.float32)))
    assert y.dtype == (np.float64 if name == "linear" else np.float32)      # its bias is of double precision


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_cotangent_of_the_matrix_is_no_stack(name):
    """A product for each matrix of the stack, to be summed, would be 64 times the size of what is asked for."""
    x, w = np.ones((64, 2, 96)), Tensor(np.ones((96, 96)))
    y = PRODUCTS[name][0](x, w)
    seed = np.ones(y.shape)
    y.backward(seed)
    tracemalloc.start()
    y.backward(seed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * w.data.nbytes


@pytest.mark.parametrize(("subscripts", "shapes"), [
    ("bij,jk->bik", ((8, 16, 32), (32, 16))), ("bhqd,bhkd->bhqk", ((2, 3, 16, 8), (2, 3, 16, 8))),
    ("bhqk,bhkd->bqhd", ((2, 3, 16, 16), (2, 3, 16, 8))), ("ij,kj->ki", ((32, 16), (16, 16))),
    ("ij,j->i", ((200, 40), (40,))), ("j,ij->i", ((40,), (200, 40))), ("bij,bij->b", ((8, 40, 40), (8, 40, 40))),
    ("ijk,jkl->li", ((16, 8, 8), (8, 8, 16))), ("ij,jk->k", ((40, 40), (40, 40))), ("ij,jk->ik", ((64, 1), (64, 64))),
    ("ii,ij->j", ((70, 70), (70, 70))), ("ij,jk->ik", ((0, 64), (64, 64))), ("ij,ij->", ((80, 80), (80, 80)))])
def test_large_contractions_are_numpys(subscripts, shapes):
    for dtype in (np.float64, np.float32):
        xs = [RNG.normal(size=shape).astype(dtype) for shape in shapes]
        got, want = ag.einsum(subscripts, *xs), np.einsum(subscripts, *xs)
        assert got.shape == want.shape and got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-3 if dtype == np.float32 else 1e-11)
    tensors, directions = [Tensor(x) for x in xs], [RNG.normal(size=shape) for shape in shapes]
    ag.einsum(subscripts, *tensors).sum().backward()
    for i, (t, d) in enumerate(zip(tensors, directions)):
        along = np.einsum(subscripts, *[d if i == j else x for j, x in enumerate(xs)]).sum(dtype=float)
        assert (t.grad * d).sum(dtype=float) == pytest.approx(along, rel=1e-3, abs=1e-1)
