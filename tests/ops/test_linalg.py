"""Linear algebra, einsum and Fourier transforms: what the generated cases of the registries do not say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric import slope

import autograd_nn
from autograd_nn import Tensor, fft, grad, hessian, hvp, jacobian, jvp, linalg, no_grad, vjp
from autograd_nn.errors import AutogradError, DTypeError, LeavesGraphError, ShapeError, UsageError
from autograd_nn.fft import Complex
from autograd_nn.ops import FUNCTIONS, OPS


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def spd(n, seed=0):
    """A symmetric matrix with eigenvalues well above 0 and apart."""
    q, _ = np.linalg.qr(normal(n, n, seed=seed))
    return q * np.arange(1.0, n + 1) @ q.T


def check(f, x, rel=1e-6):
    """First and second derivative of a function with a single result, in both modes, against differences."""
    u, v = normal(*np.shape(x), seed=11), normal(*np.shape(x), seed=12)
    g = grad(f)
    assert g(x).shape == x.shape and g(x).dtype == x.dtype
    first = slope(lambda t: float(f(x + t * u)))
    assert (g(x) * u).sum() == pytest.approx(first, rel=rel, abs=rel)
    assert jvp(f, (x,), (u,))[1] == pytest.approx(first, rel=rel, abs=rel)
    second = slope(lambda t: float((g(x + t * v) * u).sum()))
    assert (hvp(f, x, v) * u).sum() == pytest.approx(second, rel=10 * rel, abs=10 * rel)
    assert (grad(lambda p: (grad(f)(p) * u).sum())(x) * v).sum() == pytest.approx(second, rel=10 * rel, abs=10 * rel)


# --- einsum ------------------------------------------------------------------------------------------

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

def test_cholesky_multiplies_back():
    a, w = spd(4), normal(4, 4, seed=3)
    lower = np.linalg.cholesky(Tensor(a))
    np.testing.assert_allclose(lower.data, np.linalg.cholesky(a))
    got = grad(lambda a: (linalg.cholesky(a) @ linalg.cholesky(a).T * w).sum())(a)
    np.testing.assert_allclose(got, (w + w.T) / 2, atol=1e-12)          # of the symmetric part, so symmetric
    check(lambda a: (linalg.cholesky(a) * w).sum(), a)
    check(lambda a: (linalg.cholesky(a, upper=True) ** 3 * w).sum(), a)
    np.testing.assert_allclose(grad(lambda a: 2 * np.log(np.diagonal(linalg.cholesky(a))).sum())(a),
                               grad(lambda a: np.linalg.slogdet(a)[1])(a), atol=1e-12)


def test_eigenvalues_are_those_of_numpy_and_their_derivatives_are_projections():
    a = spd(4)
    w, v = np.linalg.eigh(Tensor(a))
    np.testing.assert_allclose(w.data, np.linalg.eigvalsh(a))
    for k in range(4):
        projection = np.outer(v.data[:, k], v.data[:, k])
        np.testing.assert_allclose(grad(lambda a, k=k: np.linalg.eigvalsh(a)[k])(a), projection, atol=1e-12)
    check(lambda a: (linalg.eigvalsh(a) ** 3).sum(), a)
    u = normal(4, seed=3)
    check(lambda a: ((linalg.eigh(a)[1][:, 1] @ u) ** 2), a)        # a sign of an eigenvector does not matter


def test_eigh_multiplies_back():
    a, m = spd(3), normal(3, 3, seed=3)

    def again(a):
        w, v = linalg.eigh(a)
        return (v * w) @ v.T
    np.testing.assert_allclose(grad(lambda a: (again(a) * m).sum())(a), (m + m.T) / 2, atol=1e-12)
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


def test_equal_eigenvalues_give_finite_derivatives():
    g = grad(lambda a: np.linalg.eigvalsh(a).sum())(np.eye(3))
    np.testing.assert_allclose(g, np.eye(3), atol=1e-12)               # the sum is the trace
    h = grad(lambda a: linalg.eigh(a).eigenvectors.sum())(np.eye(3))
    assert np.isfinite(h).all()
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
    assert np.isfinite(second).all()


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


# --- Fourier transforms ------------------------------------------------------------------------------------

SIZES = [None, 1, 3, 4, 7]
NORMS = [None, "backward", "ortho", "forward"]


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft"])
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_transforms_are_numpys(name, n, norm, axis):
    x = normal(5, 4)
    given = {"n": n, "axis": axis, "norm": norm}
    f = getattr(np.fft, name)
    got, want = f(Tensor(x), **given), f(x, **given)
    assert got.shape == want.shape and got.dtype == want.dtype
    np.testing.assert_allclose(got.data, want, atol=1e-14)
    w = normal(*want.shape, seed=1)

    def loss(x):
        y = f(x, **given)
        return (w * (y ** 2 if name == "irfft" else np.abs(y) ** 2 + np.real(y) * np.imag(y))).sum()
    check(loss, x)


@pytest.mark.parametrize("name", ["fftn", "ifftn", "fft2", "ifft2", "rfftn", "rfft2", "irfftn", "irfft2"])
@pytest.mark.parametrize("given", [{}, {"axes": (0, 2)}, {"s": (3, 4), "axes": (1, 0)}])
def test_transforms_along_several_axes(name, given):
    x, f = normal(2, 3, 4), getattr(np.fft, name)
    got, want = f(Tensor(x), **given), f(x, **given)
    np.testing.assert_allclose(got.data, want, atol=1e-13)
    np.testing.assert_allclose(getattr(fft, name)(x, **given), want, atol=1e-13)
    w = normal(*want.shape, seed=1)
    g = grad(lambda x: (w * np.abs(f(x, **given)) ** 2).sum())(x)
    u = normal(2, 3, 4, seed=2)
    assert (g * u).sum() == pytest.approx(slope(lambda t: (w * np.abs(f(x + t * u, **given)) ** 2).sum()), rel=1e-8)


def test_the_transform_back_of_nothing_is_zeros():
    for dtype in (np.float32, np.float64):               # where NumPy leaves it undefined
        t = Tensor(np.zeros(0), dtype=dtype)
        y = np.fft.irfft(t, 7)
        assert y.dtype == dtype and y.data.tolist() == [0] * 7
        y.sum().backward()
        assert t.grad.shape == (0,)


def test_parseval():
    x = normal(6)
    t = Tensor(x)
    np.sum(np.abs(np.fft.fft(t)) ** 2).backward()
    np.testing.assert_allclose(t.grad, 2 * 6 * x)
    np.testing.assert_allclose(hessian(lambda x: (np.abs(np.fft.fft(x)) ** 2).sum())(x), 12 * np.eye(6), atol=1e-12)


def test_filters():
    """ifft(fft(x) * filter) is a circular convolution, for plain, complex and differentiated filters."""
    x, kernel, w = normal(8), normal(8, seed=1), normal(8, seed=2)
    by_hand = [sum(x[j] * kernel[i - j] for j in range(8)) for i in range(8)]
    response = np.fft.fft(kernel)
    np.testing.assert_allclose(np.fft.ifft(np.fft.fft(Tensor(x)) * response).real.data, by_hand, atol=1e-13)
    np.testing.assert_allclose(np.fft.ifft(response * np.fft.fft(Tensor(x))).real.data, by_hand, atol=1e-13)
    check(lambda x: (np.fft.ifft(np.fft.fft(x) * response).real ** 3 * w).sum(), x)
    check(lambda k: (np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(k)) ** 3 * w).sum(), kernel)
    check(lambda k: (np.fft.irfft(np.fft.rfft(k) / (2 + np.abs(np.fft.rfft(k)) ** 2)) ** 2 * w).sum(), kernel)


OF_COMPLEX = {
    "+": lambda z, c: z + c, "- ": lambda z, c: c - z, "*": lambda z, c: c * z, "/": lambda z, c: z / c,
    "r/": lambda z, c: c / z, "neg": lambda z, c: -z, "pos": lambda z, c: +z, "**3": lambda z, c: z ** 3,
    "**-2": lambda z, c: z ** -2, "**0": lambda z, c: z ** 0, "z*z": lambda z, c: z * z,
    "z/z": lambda z, c: z / (z * z + c),
    "real*": lambda z, c: np.abs(z) * z, "z-r": lambda z, c: z - np.real(z), "1+": lambda z, c: 1 + z,
    "1j*": lambda z, c: z * 2j, "square": lambda z, c: np.square(z), "reciprocal": lambda z, c: np.reciprocal(z),
    "conj": lambda z, c: np.conj(z) * c, "exp": lambda z, c: np.exp(z), "log": lambda z, c: np.log(z),
    "sum": lambda z, c: np.sum(z), "mean": lambda z, c: np.mean(z), "getitem": lambda z, c: z[::-2],
    "reshape": lambda z, c: np.reshape(z, (2, 2)).T, "stack": lambda z, c: np.stack([z, c, c.real]),
    "concatenate": lambda z, c: np.concatenate([z, z * c]), "roll": lambda z, c: np.roll(z, 1) * c,
    "matmul": lambda z, c: np.matmul(z, c), "outer": lambda z, c: np.outer(z, c), "vdot": lambda z, c: np.dot(c, z),
    "einsum": lambda z, c: np.einsum("i,i,j->j", z, c, z), "where": lambda z, c: np.where(c.real > 0, z, c),
    "cumsum": lambda z, c: np.cumsum(z), "fft": lambda z, c: np.fft.fft(z), "ifft": lambda z, c: np.fft.ifft(z * c, 6),
    "shift": lambda z, c: np.fft.ifftshift(np.fft.fftshift(z) * c), "irfft": lambda z, c: np.fft.irfft(z) * z[:1],
    "broadcast": lambda z, c: z + c[:, None]}


@pytest.mark.parametrize("f", OF_COMPLEX.values(), ids=OF_COMPLEX)
def test_arithmetic_of_complex_numbers(f):
    x, c = normal(4, seed=3), normal(4) + 1j * normal(4, seed=1)
    want = np.asarray(f(np.fft.fft(x) + c, c))

    def y(x):
        return f(np.fft.fft(x) + c, c)
    got = y(Tensor(x))
    assert isinstance(got, Complex)
    assert got.shape == want.shape and got.dtype == want.dtype and got.ndim == want.ndim and got.size == want.size
    np.testing.assert_allclose(got.data, want, atol=1e-12)
    w, v = normal(*want.shape, seed=4), normal(*want.shape, seed=5)
    check(lambda x: (np.real(y(x)) * w + np.imag(y(x)) * v).sum(), x, rel=1e-5)


def test_transforms_take_functions_of_and_to_complex_numbers():
    x, u = normal(4), normal(4, seed=1)
    matrix = np.fft.fft(np.eye(4))
    np.testing.assert_allclose(jacobian(lambda x: fft.fft(x))(x).data, matrix, atol=1e-14)
    np.testing.assert_allclose(jvp(lambda x: fft.fft(x), (x,), (u,))[1].data, matrix @ u, atol=1e-14)
    y, pull = vjp(lambda x: fft.fft(x), x)
    v = Complex(normal(4, seed=2), normal(4, seed=3))            # a cotangent for each part
    np.testing.assert_allclose(y.data, matrix @ x, atol=1e-14)
    np.testing.assert_allclose(pull(v)[0], v.real @ matrix.real + v.imag @ matrix.imag)
    g = grad(lambda z: (np.abs(z) ** 2).sum())(v)
    np.testing.assert_allclose(g.data, 2 * v.data)
    with pytest.raises(UsageError, match="single number"):
        grad(lambda x: fft.fft(x)[0])(x)


def test_modulus_and_angle():
    x, w = normal(5), normal(5, seed=1)
    check(lambda x: (np.abs(np.fft.fft(x)) * w).sum(), x)
    check(lambda x: (np.angle(np.fft.fft(x), deg=True) * w).sum(), x)
    np.testing.assert_allclose(np.angle(np.fft.fft(Tensor(x)), deg=True).data, np.angle(np.fft.fft(x), deg=True))
    t = Tensor(np.zeros(4))
    np.abs(np.fft.fft(t)).sum().backward()
    assert not t.grad.any()                          # as a norm at 0
    assert np.angle(Tensor([-1.0, 1.0])).tolist() == [np.pi, 0.0] and np.imag(Tensor([2.0])).tolist() == [0.0]


def test_float32_stays_float32():
    t = Tensor(normal(6), dtype=np.float32)
    z = np.fft.rfft(t)
    assert z.dtype == np.complex64 and np.abs(z).dtype == np.float32
    y = np.fft.irfft(z * np.complex64(2j) / 3, n=7)
    y.sum().backward()
    assert y.dtype == np.float32 and t.grad.dtype == np.float32


@pytest.mark.parametrize("f", [np.floor, np.sqrt, np.var, np.sign, np.max, np.tanh, lambda z: z ** 0.5,
                               lambda z: np.maximum(z, 1.0), lambda z: autograd_nn.relu(z), lambda z: z % 2])
def test_everything_else_refuses_complex_numbers(f):
    z = np.fft.fft(Tensor(normal(4)))
    with pytest.raises((AutogradError, TypeError)):
        f(z)


def test_complex_numbers_do_not_slip_in_or_out():
    t = Tensor(normal(4))
    z, frozen = np.fft.fft(t), np.array([1j] * 4)
    frozen.setflags(write=False)
    for mixed in (lambda: t * np.array([1j, 2j, 3j, 4j]), lambda: t + 1j, lambda: t * np.complex128(1j),
                  lambda: frozen * t, lambda: Tensor(np.array([1j]))):
        with pytest.raises(TypeError, match="complex"):
            mixed()
    with pytest.raises(LeavesGraphError, match=r"x\.data"):
        np.asarray(z)
    with pytest.raises(UsageError, match="real number"):
        z.backward()
    with pytest.raises(AutogradError):
        grad(lambda x: np.fft.fft(x).sum())(t.data)
    with pytest.raises(DTypeError, match="rfft: takes real arrays"):
        np.fft.rfft(z)
    with no_grad():
        assert np.fft.fft(t).real.is_leaf
    assert np.shape(z) == (4,) and np.iscomplexobj(z) and np.allclose(z, np.fft.fft(t.data))
    assert len(z) == 4 and [p.shape for p in z] == [()] * 4 and repr(z).startswith("Complex(Tensor(")


@pytest.mark.parametrize(("call", "says"), [
    (lambda t: np.fft.fft(t, n=0), "fft"), (lambda t: np.fft.rfft(t, norm="other"), "norm"),
    (lambda t: np.fft.ifft(t, axis=3), "axis 3"), (lambda t: np.fft.fftn(t, s=(1,), axes=(0, 1)), "one length"),
    (lambda t: np.fft.irfft(t, axis=0), "irdft")])
def test_transforms_say_what_is_wrong(call, says):
    with pytest.raises(ShapeError, match=says):
        call(Tensor(np.ones((1, 3))))
