"""np.f of a Tensor has the value of np.f of its array, bit for bit, for every function of the table that both take."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.each import each
from helpers.function_cases import call, inputs
from helpers.matrices import check, normal
from helpers.op_checks import drawn

from autograd_nn import Tensor, grad
from autograd_nn.core.node import Node
from autograd_nn.ops import FUNCTIONS, OPS

ROUNDED = {
    "pad": "ramps are sums of products here",
    "fft.irfft": "in float32 the factor of the length is multiplied in after the transform",
    "correlate": "in float32 the sums of a window are added in another order",
    "linalg.lstsq": "LAPACK's way to the residuals' squares is another one; the solution has its bits",
    "geomspace": "NumPy makes float64 of float32",
    "diff": "a number put before a float32 array does not make it float64 here"}
"""Functions that agree to rounding only, and why."""
OF_VECTORS = {"matvec", "vecdot", "linalg.vecdot"}
FOLDED = {"matmul", "dot", *OF_VECTORS}
"""Products that take a stack times one matrix as one product, where NumPy takes many: they agree to rounding there."""

FUNCTIONS_OF_NUMPY = [pytest.param(f, *case, id=f"{f.name}-{i}") for f in FUNCTIONS.values() if f.numpy
                      for i, case in enumerate(f.cases)]
OPS_OF_NUMPY = [pytest.param(op, *case, id=f"{op.name}-{i}") for op in OPS.values()
                if op.arity > 0 and op.name not in {"astype", "copy"}
                and ((hasattr(np, op.name) and op.method) or hasattr(np.linalg, op.name))
                for i, case in enumerate(op.cases or [(((7,),) * op.arity, {})])]
BOTH = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def is_rounded(name, xs):
    return name in ROUNDED or (name in FOLDED and max(np.ndim(x) for x in xs) > 2 - (name in OF_VECTORS))


def same_bits(got, want, rounded=False):
    got, want = ([*y] if isinstance(y, (list, tuple)) else [y] for y in (got, want))
    assert len(got) == len(want)
    for g, w in zip(got, want):
        data = g.data if isinstance(g, Node) else g
        if rounded:
            np.testing.assert_allclose(data, w, rtol=1e-4, atol=1e-5)
        else:
            np.testing.assert_array_equal(data, w)
            assert np.asarray(data).dtype == np.asarray(w).dtype


@BOTH
@each(("f", "shapes", "params"), FUNCTIONS_OF_NUMPY)
def test_functions(f, shapes, params, dtype):
    xs = [x.astype(dtype) for x in inputs(shapes, 0)]
    same_bits(call(f, f.numpy, [Tensor(x) for x in xs], params), call(f, f.numpy, xs, params), is_rounded(f.name, xs))


@BOTH
@each(("op", "shapes", "params"), OPS_OF_NUMPY)
def test_ops(op, shapes, params, dtype):
    xs = [x.astype(dtype) for x in drawn(op, shapes)]
    f = getattr(np, op.name, None) or getattr(np.linalg, op.name)
    with np.errstate(all="ignore"):                      # some are drawn outside of the domain
        same_bits(f(*[Tensor(x) for x in xs], **params), f(*xs, **params), is_rounded(op.name, xs))


LARGE = {
    "cholesky": lambda a: np.linalg.cholesky(a), "cholesky, upper": lambda a: np.linalg.cholesky(a, upper=True),
    "eigh": lambda a: np.linalg.eigh(a), "eigh, U": lambda a: np.linalg.eigh(a, "U"),
    "eigh, u": lambda a: np.linalg.eigh(a, UPLO="u"), "eigvalsh": lambda a: np.linalg.eigvalsh(a),
    "eigvalsh, U": lambda a: np.linalg.eigvalsh(a, UPLO="U"), "svd": lambda a: np.linalg.svd(a),
    "svdvals": lambda a: np.linalg.svd(a, compute_uv=False), "qr": lambda a: np.linalg.qr(a),
    "qr of wide": lambda a: np.linalg.qr(a[..., :4, :]), "r of wide": lambda a: np.linalg.qr(a[..., :4, :], mode="r"),
    "det": lambda a: np.linalg.det(a), "slogdet": lambda a: np.linalg.slogdet(a), "inv": lambda a: np.linalg.inv(a),
    "pinv": lambda a: np.linalg.pinv(a), "cube": lambda a: np.linalg.matrix_power(a, 3),
    "sixth power": lambda a: np.linalg.matrix_power(a, 6), "solve": lambda a: np.linalg.solve(a, a),
    "lstsq": lambda a: np.linalg.lstsq(a.reshape(-1, a.shape[-1])[:, :5], a.reshape(-1, a.shape[-1]))[0],
    **{f"norm {p}": lambda a, p=p: np.linalg.norm(a, p, axis=(-2, -1))
       for p in (None, "fro", "nuc", 2, -2, 1, -1, np.inf, -np.inf)},
    **{f"norm {p} of vectors": lambda a, p=p: np.linalg.norm(a, p, axis=-1)
       for p in (None, 2, 1, 0, 3, 1.5, -1, np.inf, -np.inf)},
    "norm of all": lambda a: np.linalg.norm(a), "norm of a vector": lambda a: np.linalg.norm(a[..., 0, :].ravel(), 2),
    "vector_norm": lambda a: np.linalg.vector_norm(a), "vector_norm of two": lambda a: np.linalg.vector_norm(
        a, axis=(-1, 0), ord=3),
    **{f"cond {p}": lambda a, p=p: np.linalg.cond(a, p) for p in (None, -2, "fro", "nuc", 1, -1, np.inf, -np.inf)}}
"""Calls with a matrix that is not symmetric, large enough for LAPACK's and NumPy's blocked ways."""


@BOTH
@each("shape", [(40, 40), (3, 9, 9)])
@each("name", LARGE)
def test_matrices_that_are_not_symmetric(name, shape, dtype):
    a = (0.2 * normal(*shape) + 3 * np.eye(shape[-1])).astype(dtype)
    same_bits(LARGE[name](Tensor(a)), LARGE[name](a))


@BOTH
@each("p", [3, 3.0, 2, -1, 0.5, 4, -3])
def test_powers(p, dtype):
    x = np.random.default_rng(0).uniform(0.1, 4.0, 200).astype(dtype)
    same_bits(Tensor(x) ** p, x ** p)
    same_bits(np.power(Tensor(x), p), np.power(x, p))


@BOTH
@each("p", [None, 2, -2, 1, -1, np.inf, -np.inf, "fro"])
def test_the_condition_of_a_singular_matrix_is_infinite_and_so_is_its_derivative(p, dtype):
    singular, regular = np.array([[1.0, 2.0], [2.0, 4.0]]), np.array([[2.0, 1.0], [1.0, 3.0]])
    for a in (singular, np.zeros((2, 2)), np.stack([singular, regular, np.zeros((2, 2))])):
        x = Tensor(a.astype(dtype))
        y = np.linalg.cond(x, p)
        same_bits(y, np.linalg.cond(a.astype(dtype), p))
        y.sum().backward()
        rows = x.grad.reshape(-1, 2, 2)
        assert rows.shape[0] == 1 or np.isfinite(rows[1]).all()
        if p not in (None, 2, -2):                       # there, rounding leaves a singular value that is not 0
            assert not np.isfinite(rows[0]).any()
    with pytest.raises(np.linalg.LinAlgError):
        np.linalg.cond(Tensor(np.zeros((0, 0))), p)


@pytest.mark.parametrize("upper", [False, True])
def test_the_derivative_lies_in_the_triangle_that_is_read(upper):
    a, w = normal(4, 4) + 6 * np.eye(4), normal(4, 4, seed=1)
    side = "U" if upper else "L"
    for f in (lambda a: (np.linalg.cholesky(a, upper=upper) ** 2 * w).sum(),
              lambda a: (np.linalg.eigvalsh(a, UPLO=side) ** 2 * w[0]).sum(),
              lambda a: (np.linalg.eigh(a, UPLO=side)[1] ** 2 * w).sum()):
        g = grad(f)(a)
        assert not (np.tril(g, -1) if upper else np.triu(g, 1)).any() and np.count_nonzero(g) == 10
        check(f, a)


@BOTH
@each("edge_order", [1, 2])
@each("spacing", [(), (0.3,), (0.3, 0.7), (np.arange(5), np.arange(6.0) * 0.5),
                  (np.array([0.0, 1, 3, 4, 9]), 0.1)])
def test_slopes_of_every_spacing(spacing, edge_order, dtype):
    f = normal(5, 6).astype(dtype)
    same_bits(np.gradient(Tensor(f), *spacing, edge_order=edge_order), np.gradient(f, *spacing, edge_order=edge_order))
