"""Linear algebra: what the generated cases of the registries do not say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from helpers.matrices import check, normal, spd
from helpers.numeric import slope

import autograd_nn
from autograd_nn import Tensor, fft, grad, hessian, hvp, linalg
from autograd_nn.errors import AutogradError, ShapeError, UsageError
from autograd_nn.ops import FUNCTIONS, OPS

# --- products ------------------------------------------------------------------------------------------

def test_cross_of_vectors_of_two():
    a, b, c = normal(4, 2), normal(4, 2, seed=1), normal(4, 3, seed=2)
    flat = np.pad(a, ((0, 0), (0, 1)))
    np.testing.assert_allclose(np.cross(Tensor(a), b).data, a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    np.testing.assert_allclose(np.cross(Tensor(a), c).data, np.cross(flat, c))
    np.testing.assert_allclose(np.cross(c, Tensor(a)).data, np.cross(c, flat))
    check(lambda x: (autograd_nn.cross(x, c) * autograd_nn.cross(x, b)[:, None]).sum(), a)


@pytest.mark.parametrize("n", range(2, 7))
def test_multi_dot_takes_the_fewest_multiplications(n, monkeypatch):
    sizes = np.random.default_rng(n).integers(1, 9, n + 1).tolist()

    def least(i, j):
        return 0 if i == j else min(least(i, k) + least(k + 1, j) + sizes[i] * sizes[k + 1] * sizes[j + 1]
                                    for k in range(i, j))
    arrays = [normal(r, c, seed=r) for r, c in itertools.pairwise(sizes)]
    y = linalg.multi_dot([Tensor(a) for a in arrays])
    np.testing.assert_allclose(y.data, np.linalg.multi_dot(arrays), rtol=1e-10)
    spent, nodes = 0, [y]
    while nodes:
        node = nodes.pop()
        if node.op is not None:
            left, right = node.inputs
            spent += left.shape[0] * left.shape[1] * right.shape[1]
            nodes += [left, right]
    assert spent == least(0, n - 1)


@pytest.mark.parametrize(("call", "says"), [
    (lambda: np.tensordot(Tensor(np.ones((2, 3))), np.ones((2, 3)), 1), "tensordot: (2, 3) and (2, 3)"),
    (lambda: np.tensordot(Tensor(np.ones(2)), np.ones(2), 2), "no 2 axes"),
    (lambda: np.inner(Tensor(np.ones((2, 3))), np.ones(4)), "inner: (2, 3) and (4,)"),
    (lambda: np.cross(Tensor(np.ones(4)), np.ones(4)), "cross: vectors have 2 or 3 elements, not 4 and 4"),
    (lambda: np.vecdot(Tensor(np.ones(3)), np.ones(4)), "vecdot: (3,) and (4,)"),
    (lambda: linalg.multi_dot([Tensor(np.ones((2, 3))), np.ones((2, 3))]), "inner sizes 3 and 2 differ"),
    (lambda: np.vdot(Tensor(np.ones(3)), np.ones(4)), "(3,) · (4,)"),
    (lambda: Tensor(np.ones((2, 3))) @ np.ones((2, 3)), "(2, 3) @ (2, 3)")])
def test_products_name_both_shapes(call, says):
    with pytest.raises(ShapeError) as error:
        call()
    assert says in str(error.value)


def test_numbers_and_lists_are_taken():
    assert autograd_nn.outer(2.0, [1.0, 3.0]).tolist() == [[2.0, 6.0]]
    assert autograd_nn.kron(2.0, 3.0) == 6.0 and autograd_nn.inner(2.0, 3.0) == 6.0
    assert autograd_nn.tensordot([[1.0, 2.0]], [[3.0], [4.0]], 1).tolist() == [[11.0]]
    assert linalg.norm([3, 4]) == 5.0 and linalg.norm([[1, 2], [2, 4]], axis=0, ord=1).tolist() == [3.0, 6.0]


# --- inverses and determinants -----------------------------------------------------------------------------

A = normal(3, 3) + 3 * np.eye(3)


def test_the_inverse_of_the_inverse_is_the_identity():
    w = normal(3, 3, seed=1)
    np.testing.assert_allclose(grad(lambda a: (linalg.inv(linalg.inv(a)) * w).sum())(A), w, atol=1e-12)
    np.testing.assert_allclose(hessian(lambda a: (linalg.inv(linalg.inv(a)) * w).sum())(A), 0, atol=1e-10)


@pytest.mark.parametrize("n", [-3, -1, 0, 1, 2, 6])
def test_powers_add_up(n):
    w = normal(3, 3, seed=1)
    a = grad(lambda a: (linalg.matrix_power(a, n) @ linalg.matrix_power(a, 2 - n) * w).sum())(A)
    np.testing.assert_allclose(a, grad(lambda a: (a @ a * w).sum())(A), rtol=1e-9, atol=1e-10)


def test_the_power_zero_is_the_identity_with_derivative_zero():
    t = Tensor(A, dtype=np.float32)
    y = np.linalg.matrix_power(t, 0)
    y.sum().backward()
    assert y.dtype == np.float32 and y.data.tolist() == np.eye(3).tolist() and not t.grad.any()


def test_solving_is_multiplying_with_the_inverse():
    b = normal(3, 2, seed=1)
    for f in (lambda a: (np.linalg.solve(a, b) ** 2).sum(), lambda a: ((np.linalg.inv(a) @ b) ** 2).sum()):
        check(f, A)
    np.testing.assert_allclose(grad(lambda a: (np.linalg.solve(a, b) ** 2).sum())(A),
                               grad(lambda a: ((np.linalg.inv(a) @ b) ** 2).sum())(A), rtol=1e-10, atol=1e-12)


def test_slogdet_is_the_logarithm_of_det():
    for a in (A, -A):
        sign, log = linalg.slogdet(Tensor(a))
        assert (sign.data, log.data) == pytest.approx(np.linalg.slogdet(a))
        np.testing.assert_allclose(grad(lambda a: linalg.slogdet(a).logabsdet)(a),
                                   grad(lambda a: np.log(abs(np.linalg.det(a))))(a), rtol=1e-10)


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_det_has_a_derivative_at_singular_matrices(rank):
    a = normal(3, rank) @ normal(rank, 3, seed=1)
    if rank == 2:
        a[2] = a[0] + a[1]                           # singular to the last bit
    minors = [[(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) for j in range(3)]
              for i in range(3)]
    np.testing.assert_allclose(grad(np.linalg.det)(a), minors, atol=1e-12)
    batch = np.stack([a, np.eye(3)])
    np.testing.assert_allclose(grad(lambda a: np.linalg.det(a).sum())(batch), [minors, np.eye(3)], atol=1e-12)


@pytest.mark.parametrize("f", [linalg.inv, linalg.det, linalg.slogdet, linalg.cholesky, linalg.eigh, linalg.eigvalsh,
                               lambda a: linalg.matrix_power(a, 2), lambda a: linalg.solve(a, a)])
def test_what_must_be_square_says_so(f):
    for shape in ((2, 3), (3,)):
        with pytest.raises(linalg.LinAlgError) as error:
            f(Tensor(np.ones(shape)))
        assert isinstance(error.value, (AutogradError, np.linalg.LinAlgError, ValueError))
        assert str(shape) in str(error.value)


def test_singular_and_indefinite_matrices_say_so():
    bad = Tensor(np.ones((2, 2)), name="gram")
    for name, f in {"inv": linalg.inv, "solve": lambda a: linalg.solve(a, np.ones(2)),
                    "cholesky": lambda a: linalg.cholesky(-a)}.items():
        with pytest.raises(np.linalg.LinAlgError, match=rf"{name}: \(2, 2\)") as error:
            f(bad)
        assert isinstance(error.value, AutogradError)
    with pytest.raises(linalg.LinAlgError, match="gram"):
        linalg.inv(bad)


# --- decompositions ----------------------------------------------------------------------------------------

def folded(symmetric):
    """The derivative by the lower triangle alone, out of the one by a symmetric matrix."""
    return np.tril(symmetric) + np.tril(symmetric, -1)


def test_cholesky_multiplies_back():
    a, w = spd(4), normal(4, 4, seed=3)
    lower = np.linalg.cholesky(Tensor(a))
    np.testing.assert_allclose(lower.data, np.linalg.cholesky(a))
    got = grad(lambda a: (linalg.cholesky(a) @ linalg.cholesky(a).T * w).sum())(a)
    np.testing.assert_allclose(got, folded((w + w.T) / 2), atol=1e-12)  # NumPy reads the lower triangle
    check(lambda a: (linalg.cholesky(a) * w).sum(), a)
    check(lambda a: (linalg.cholesky(a, upper=True) ** 3 * w).sum(), a)
    np.testing.assert_allclose(grad(lambda a: 2 * np.log(np.diagonal(linalg.cholesky(a))).sum())(a),
                               folded(grad(lambda a: np.linalg.slogdet(a)[1])(a)), atol=1e-12)


def test_eigenvalues_are_those_of_numpy_and_their_derivatives_are_projections():
    a = spd(4)
    w, v = np.linalg.eigh(Tensor(a))
    np.testing.assert_allclose(w.data, np.linalg.eigvalsh(a))
    for k in range(4):
        projection = np.outer(v.data[:, k], v.data[:, k])
        np.testing.assert_allclose(grad(lambda a, k=k: np.linalg.eigvalsh(a)[k])(a), folded(projection), atol=1e-12)
    check(lambda a: (linalg.eigvalsh(a) ** 3).sum(), a)
    u = normal(4, seed=3)
    check(lambda a: ((linalg.eigh(a)[1][:, 1] @ u) ** 2), a)        # a sign of an eigenvector does not matter


def test_eigh_multiplies_back():
    a, m = spd(3), normal(3, 3, seed=3)

    def again(a):
        w, v = linalg.eigh(a)
        return (v * w) @ v.T
    np.testing.assert_allclose(grad(lambda a: (again(a) * m).sum())(a), folded((m + m.T) / 2), atol=1e-12)
    check(lambda a: (linalg.eigh(a).eigenvectors ** 4 * m).sum(), a)


@pytest.mark.parametrize("UPLO", ["L", "U", "l"])
def test_a_triangle_alone_has_its_gradient_there(UPLO):
    a = normal(3, 3)
    g = grad(lambda a: (np.linalg.eigvalsh(a, UPLO=UPLO) ** 2 * np.arange(3)).sum())(a)
    np.testing.assert_allclose(np.linalg.eigvalsh(Tensor(a), UPLO).data, np.linalg.eigvalsh(a, UPLO))
    other = np.triu(g, 1) if UPLO in "Ll" else np.tril(g, -1)
    assert not other.any() and g.any()
    check(lambda a: (np.linalg.eigvalsh(a, UPLO=UPLO) ** 3).sum(), a)
    with pytest.raises(UsageError, match="UPLO"):
        linalg.eigh(Tensor(a), "X")


def test_functions_of_equal_eigenvalues_have_derivatives():
    g = grad(lambda a: np.linalg.eigvalsh(a).sum())(np.eye(3))
    np.testing.assert_allclose(g, np.eye(3), atol=1e-12)               # the sum is the trace
    assert np.isnan(grad(lambda a: linalg.eigh(a).eigenvectors.sum())(np.eye(3))).any()
    np.testing.assert_allclose(grad(lambda a: linalg.norm(a, "nuc"))(np.eye(3)), np.eye(3), atol=1e-12)


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (3, 3), (2, 3, 2)])
def test_svd_multiplies_back(shape):
    a, w = normal(*shape), normal(*shape, seed=1)

    def again(a):
        u, s, vh = linalg.svd(a, full_matrices=False)
        return (u * s[..., None, :]) @ vh
    np.testing.assert_allclose(grad(lambda a: (again(a) * w).sum())(a), w, atol=1e-11)
    check(lambda a: (linalg.svdvals(a) ** 3).sum(), a)
    u, s, vh = np.linalg.svd(Tensor(a), full_matrices=False)
    for got, want in zip((u, s, vh), np.linalg.svd(a, full_matrices=False)):
        np.testing.assert_allclose(got.data, want)
    np.testing.assert_allclose(grad(lambda a: (linalg.svdvals(a) ** 2).sum())(a), 2 * a, atol=1e-12)


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (3, 3), (2, 3, 5)])
def test_qr_multiplies_back(shape):
    a, w = normal(*shape), normal(*shape, seed=1)
    np.testing.assert_allclose(grad(lambda a: (np.matmul(*linalg.qr(a)) * w).sum())(a), w, atol=1e-11)
    q = normal(*np.linalg.qr(a).Q.shape, seed=2)
    check(lambda a: (linalg.qr(a).Q * q).sum(), a)
    r = np.linalg.qr(Tensor(a), mode="r")
    np.testing.assert_allclose(r.data, np.linalg.qr(a, mode="r"), atol=1e-12)


def test_what_a_matrix_does_not_determine_is_refused():
    a = Tensor(normal(3, 2))
    with pytest.raises(UsageError, match="full_matrices=False"):
        np.linalg.svd(a)
    with pytest.raises(UsageError, match="eigh"):
        np.linalg.svd(a, hermitian=True)
    with pytest.raises(UsageError, match="reduced"):
        np.linalg.qr(a, mode="complete")
    assert np.linalg.qr(Tensor(normal(2, 3)), mode="complete").R.shape == (2, 3)


def test_pinv_and_lstsq_solve_the_normal_equations():
    a, b = normal(5, 3), normal(5, 2, seed=1)
    by_hand = lambda a: np.linalg.inv(a.T @ a) @ a.T @ b
    for f in (lambda a: linalg.pinv(a) @ b, lambda a: linalg.lstsq(a, b)[0]):
        np.testing.assert_allclose(f(Tensor(a)).data, by_hand(a), atol=1e-12)
        want = grad(lambda a: (by_hand(a) ** 2).sum())(a)
        np.testing.assert_allclose(grad(lambda a, f=f: (f(a) ** 2).sum())(a), want, rtol=1e-9, atol=1e-10)
        check(lambda a, f=f: (f(a) ** 2).sum(), a)
    x, residuals, rank, s = np.linalg.lstsq(Tensor(a), Tensor(b))
    for got, want in zip((x.data, residuals.data, rank, s.data), np.linalg.lstsq(a, b)):
        np.testing.assert_allclose(got, want, atol=1e-12)
    check(lambda b: (linalg.lstsq(a, b)[1] ** 2).sum(), b)
    with pytest.raises(linalg.LinAlgError, match="rank 1"):
        linalg.lstsq(Tensor(np.ones((3, 2))), np.ones(3))
    with pytest.raises(ShapeError, match=r"\(3, 2\) and \(4,\)"):
        linalg.lstsq(Tensor(np.ones((3, 2))), np.ones(4))


# --- norms -------------------------------------------------------------------------------------------------

VECTOR = [None, 2, 1, np.inf, -np.inf, 0, 3, 1.5, 0.5, -1]
MATRIX = [None, "fro", "nuc", 2, -2, 1, -1, np.inf, -np.inf]


@pytest.mark.parametrize(("ord", "shape"), [(o, (3,)) for o in VECTOR] + [(o, (2, 3)) for o in MATRIX])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.filterwarnings("ignore:divide by zero")             # NumPy's own, for negative orders
def test_a_norm_at_zero_is_zero_with_gradient_zero(ord, shape, dtype):
    t = Tensor(np.zeros(shape, dtype))
    y = np.linalg.norm(t, ord)
    y.backward(create_graph=True)
    assert y.data == 0 and y.dtype == dtype
    first = t.grad.data if isinstance(t.grad, Tensor) else t.grad
    assert first.dtype == dtype and not first.any()
    second = hvp(lambda x: np.linalg.norm(x, ord), t.data, np.ones(shape, dtype))
    if ord in (0, 1, -1, np.inf, -np.inf) and not (ord == -1 and len(shape) == 1):      # of absolute values
        assert np.isfinite(second).all()
    elif ord not in ("nuc", -2) and not (ord == 2 and len(shape) == 2):
        assert np.isnan(second).all()                    # there is none


@pytest.mark.parametrize("ord", [2, 3, 1.5, 0.5, -1])
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_one_element_of_zero_leaves_the_others_their_derivative(ord):
    x = np.array([0.0, 2.0, -1.0])
    g = grad(lambda x: np.linalg.norm(x, ord))(x)
    assert g[0] == 0
    along = slope(lambda t: float(np.linalg.norm(x + t * np.array([0.0, 1.0, 2.0]), ord)))
    assert g @ [0.0, 1.0, 2.0] == pytest.approx(along, rel=1e-8)


def test_ties_of_norms_share_evenly():
    assert grad(lambda x: np.linalg.norm(x, np.inf))(np.array([2.0, -2.0, 1.0])).tolist() == [0.5, -0.5, 0.0]
    np.testing.assert_allclose(grad(lambda x: np.linalg.norm(x, 2))(np.eye(2)), np.eye(2) / 2, atol=1e-15)


def test_the_nuclear_norm_of_a_matrix_without_full_rank_is_finite():
    a = np.outer([3.0, 4.0], [1.0, 0.0])
    np.testing.assert_allclose(grad(lambda a: np.linalg.norm(a, "nuc"))(a)[:, 0], [0.6, 0.8], atol=1e-12)
    assert np.isfinite(grad(lambda a: np.linalg.norm(a, "nuc"))(np.zeros((2, 3)))).all()


def test_what_is_no_norm_is_refused():
    with pytest.raises(ShapeError, match="one axis"):
        np.linalg.norm(Tensor(np.ones((2, 2, 2))), 2)
    with pytest.raises(UsageError, match="no norm of matrices"):
        np.linalg.norm(Tensor(np.ones((2, 2))), 3)
    with pytest.raises(UsageError, match="nuc"):
        np.linalg.norm(Tensor(np.ones(2)), "nuc")
    with pytest.raises(ShapeError, match="axis 2"):
        np.linalg.norm(Tensor(np.ones((2, 2))), axis=2)


# --- all of it ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", "efdg?bBhiIlq")
def test_products_of_matrices_are_numpys_in_every_dtype(kind):
    """ops.matmul of two matrices goes another way than np.matmul: to the same numbers."""
    rng = np.random.default_rng(0)
    for rows, inner, columns in ((3, 4, 2), (40, 70, 30), (0, 3, 2), (2, 0, 3), (1, 1, 1)):
        a = (4 * rng.normal(size=(rows, inner))).astype(kind)
        b = (4 * rng.normal(size=(inner, columns))).astype(kind)
        for x, y in ((a, b), (a[::-1], b), (np.asfortranarray(a), b[:, ::-1]), (a, b.astype(np.float64)), (a, a.T)):
            ours, theirs = autograd_nn.matmul(x, y), np.matmul(x, y)
            assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
            rtol = 1e-2 if kind == "e" else 1e-5 if kind == "f" else 1e-12
            assert np.allclose(ours, theirs, rtol=rtol, atol=100 * rtol)


MISSING = {"eig", "eigvals",                         # complex results, in general
           "tensorsolve", "tensorinv"}


def test_the_namespace_is_numpys():
    assert set(linalg.__all__) == set(np.linalg.__all__) - MISSING
    for name in set(linalg.__all__) - {"LinAlgError"}:
        assert f"linalg.{name}" in FUNCTIONS or name in OPS
    assert set(fft.__all__) == set(np.fft.__all__) - {"hfft", "ihfft"} | {"Complex"}
    assert "norm" not in autograd_nn.__all__ and autograd_nn.linalg.norm is linalg.norm


@pytest.mark.parametrize(("f", "shapes"), [
    (np.linalg.det, [(0, 0)]), (np.linalg.det, [(0, 3, 3)]), (np.linalg.inv, [(0, 3, 3)]), (np.linalg.inv, [(0, 0)]),
    (np.linalg.norm, [(0,)]), (lambda x: np.linalg.norm(x, axis=1), [(2, 0)]), (np.linalg.solve, [(0, 0), (0, 2)]),
    (np.linalg.cholesky, [(0, 0)]), (np.linalg.svdvals, [(0, 3)]), (lambda x: np.linalg.eigvalsh(x), [(0, 0)]),
    (np.linalg.pinv, [(0, 3)]), (np.outer, [(0,), (2,)]), (np.inner, [(0,), (0,)]), (np.kron, [(0,), (2,)]),
    (np.dot, [(2, 0), (0, 3)]), (np.matmul, [(2, 0), (0, 3)]), (np.cross, [(0, 3), (0, 3)]),
    *((lambda x, p=p: np.linalg.norm(x, p), [(0,)]) for p in (np.inf, 1, 3)),
    *((lambda x, p=p: np.linalg.norm(x, p, axis=(0, 1)), [s]) for p in (2, 1, np.inf, "nuc") for s in [(0, 3), (3, 0)]),
    (np.vdot, [(0, 2), (2, 0)]), (lambda x, y: np.tensordot(x, y, 1), [(2, 0), (0, 3)]),
    (lambda x, y: np.einsum("ij,jk->ik", x, y), [(2, 0), (0, 3)]), (lambda x: np.einsum("ij->j", x), [(0, 3)])])
def test_empty_arrays(f, shapes):
    tensors = [Tensor(np.zeros(s)) for s in shapes]
    y = f(*tensors)
    want = f(*[np.zeros(s) for s in shapes])
    assert y.shape == np.shape(want)
    np.testing.assert_array_equal(y.data, want)
    y.backward(np.ones(y.shape))
    for t in tensors:
        assert t.grad.shape == t.shape and t.grad.dtype == t.dtype and not t.grad.any()


def test_batches_broadcast():
    a, b = normal(2, 1, 3, 3) + 3 * np.eye(3), normal(4, 3, 2, seed=1)
    t, s = Tensor(a), Tensor(b)
    y = np.linalg.solve(t, s)
    assert y.shape == (2, 4, 3, 2)
    y.sum().backward()
    assert t.grad.shape == a.shape and s.grad.shape == b.shape
    check(lambda a: (np.linalg.solve(a, b) ** 2).sum(), a)
    check(lambda b: (np.linalg.solve(a, b) ** 2).sum(), b)


@pytest.mark.parametrize(("dtype", "size"), [(np.float64, 1e-200), (np.float64, 1e200), (np.float32, 1e-23)])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")             # of the residuals, which are squares
def test_decompositions_of_matrices_whose_squares_are_out_of_range(dtype, size):
    """What does not change with the size of a matrix has a derivative of the size of its inverse."""
    x, w, b = (normal(*shape, seed=i).astype(dtype) for i, shape in enumerate([(4, 3), (4, 3), (4,)]))
    rtol = 1e-10 if dtype == np.float64 else 1e-3
    for f in (lambda a: (np.linalg.svd(a, full_matrices=False)[0] * w).sum(),
              lambda a: (np.linalg.svd(a, full_matrices=False)[2] * w[:3]).sum(),
              lambda a: (np.linalg.eigh(a[:3])[1] * w[:3]).sum(), lambda a: (np.linalg.qr(a)[0] * w).sum(),
              lambda a: np.linalg.cond(a), lambda a: np.linalg.slogdet(a[:3])[1],
              lambda a: (np.linalg.solve(a[:3], a[3]) * b[:3]).sum(),
              lambda a: (np.linalg.lstsq(a, b * a[0, 0], rcond=None)[0] * b[:3]).sum()):
        np.testing.assert_allclose(grad(f)(x * dtype(size)) * dtype(size), grad(f)(x), rtol=rtol, atol=rtol)
