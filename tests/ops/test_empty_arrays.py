"""Arrays with an axis of size 0: what NumPy answers, or its kind of error; and gradients of their shape."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.function_cases import call

import autograd_nn as ag
from autograd_nn import AutogradError, Tensor, grad, hvp, jvp
from autograd_nn.core.complex import Complex
from autograd_nn.core.node import Node
from autograd_nn.ops import FUNCTIONS, OPS

OTHERWISE = {
    "average": "NumPy divides by the number of averages, which may be 0",
    "gradient": "NumPy has an IndexError for too few places in steps that are given",
    "fft.irfft": "NumPy's result is memory that nobody has written to",
    "linalg.lstsq": "a matrix of zeros has no full rank"}
"""Functions that answer otherwise, and why."""


def without(shapes, size):
    """The shapes with 0 in the place of a size."""
    shapes = [s.shape if isinstance(s, np.ndarray) else s for s in shapes]
    return [tuple(0 if n == size else n for n in s) for s in shapes]


def sizes(shapes):
    return sorted({n for s in shapes for n in (s.shape if isinstance(s, np.ndarray) else s)})


def cases():
    """(name, NumPy's function, ours, arrays) for every op and function that NumPy has, on its cases."""
    for op in OPS.values():
        numpys = (getattr(np, op.name, None) or getattr(np.linalg, op.name, None)) if op.arity > 0 else None
        if numpys is not None and op.name not in ("copy", "astype"):
            for shapes, params in op.cases:
                yield from ((f"{op.name}({params})", op.name, lambda xs, f=numpys, p=params: f(*xs, **p),
                             lambda xs, f=op, p=params: f(*xs, **p), without(shapes, n)) for n in sizes(shapes))
    for f in FUNCTIONS.values():
        if f.numpy is not None:
            for shapes, params in f.cases:
                yield from ((f"{f.name}({params})", f.name, lambda xs, f=f, p=params: call(f, f.numpy, xs, p),
                             lambda xs, f=f, p=params: call(f, f.call, list(xs), p), without(shapes, n))
                            for n in sizes(shapes))


def parts_of(y):
    return [p for part in y for p in parts_of(part)] if isinstance(y, (tuple, list)) else [y]


def outcome(f, xs):
    try:
        return f(xs)
    except Exception as error:                               # NumPy's own, of any kind
        return error


def same(got, want):
    got = [p.data if isinstance(p, (Node, Complex)) else p for p in parts_of(got)]
    want = parts_of(want)
    return len(got) == len(want) and all(
        np.shape(g) == np.shape(w) and np.array_equal(g, w, equal_nan=np.asarray(w).dtype.kind in "fc")
        for g, w in zip(got, want))


def alike(got, want):
    """Whether an error of ours is one of NumPy's kind."""
    kinds = set(type(want).__mro__) - {Exception, BaseException, object}
    return isinstance(got, (AutogradError, np.linalg.LinAlgError)) and isinstance(got, tuple(kinds))


def gradients(ours, xs):
    """The gradient of the sum of all that comes out, in both modes; None where nothing has one."""
    def total(*nodes):
        parts = [p.sum() for p in parts_of(ours(nodes)) if hasattr(p, "sum") and not isinstance(p, Complex)]
        return ag.sum_of(parts)
    if not any(isinstance(p, Tensor) for p in parts_of(ours([Tensor(x) for x in xs]))):
        return None
    jvp(total, tuple(xs), tuple(xs))
    return grad(total, argnums=tuple(range(len(xs))))(*xs)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")
def test_numpys_answer_and_gradients_of_its_shape():
    wrong, seen = [], 0
    for name, plain, numpys, ours, shapes in cases():
        xs = [np.zeros(s) for s in shapes]
        want, got = outcome(numpys, xs), outcome(ours, [Tensor(x) for x in xs])
        seen += 1
        if plain in OTHERWISE:
            assert not isinstance(got, Exception) or isinstance(got, (AutogradError, np.linalg.LinAlgError)), name
        elif isinstance(got, Exception) or isinstance(want, Exception):
            if not (isinstance(want, Exception) and alike(got, want)):
                wrong.append(f"{name} of {shapes}: {got!r:.90}, not {want!r:.90}")
        elif not same(got, want):
            wrong.append(f"{name} of {shapes}: {got!r:.90}, not {want!r:.90}")
        else:
            found = outcome(lambda xs, ours=ours: gradients(ours, xs), xs)
            if isinstance(found, Exception) or (found is not None and [g.shape for g in found] != shapes):
                wrong.append(f"{name} of {shapes}: gradients {found!r:.120}")
    assert not wrong, "\n".join(wrong)
    assert seen > 500


@pytest.mark.parametrize("shape", [(3, 0), (0, 3), (0,), (2, 0, 3), (0, 0)])
def test_softmax_and_its_like(shape):
    for dtype in (np.float32, np.float64, int):
        x = np.zeros(shape, dtype)
        for axis in range(len(shape)):
            rest = tuple(n for i, n in enumerate(shape) if i != axis)
            for f in (ag.softmax, ag.log_softmax):
                assert f(x, axis=axis).shape == shape
            y = ag.logsumexp(x, axis=axis)
            assert y.shape == rest and np.all(y == -np.inf)
        assert ag.logsumexp(x) == -np.inf
    for f in (ag.softmax, ag.log_softmax, ag.logsumexp):
        t = Tensor(np.zeros(shape, np.float32))
        f(t, axis=0).sum().backward()
        assert t.grad.shape == shape and t.grad.dtype == np.float32
        for g in (grad(lambda x, f=f: (f(x, axis=-1) ** 2).sum())(np.zeros(shape)),
                  jvp(lambda x, f=f: f(x, axis=-1), (np.zeros(shape),), (np.zeros(shape),))[1],
                  hvp(lambda x, f=f: ag.exp(f(x, axis=-1)).sum(), np.zeros(shape), np.zeros(shape)),
                  grad(lambda x, f=f: grad(lambda z: ag.exp(f(z, axis=-1)).sum())(x).sum())(np.zeros(shape))):
            assert 0 in shape or g.shape == shape


MATRICES = [(0, 0), (0, 3), (3, 0), (0, 2, 2), (2, 0, 3), (2, 3, 0), (0, 0, 0), (2, 0, 0)]
OF_MATRICES = {
    "svd": np.linalg.svd, "thin svd": lambda a: np.linalg.svd(a, full_matrices=False), "svdvals": np.linalg.svdvals,
    "eigh": np.linalg.eigh, "eigvalsh": np.linalg.eigvalsh, "qr": np.linalg.qr,
    "whole qr": lambda a: np.linalg.qr(a, "complete"), "r": lambda a: np.linalg.qr(a, "r"), "inv": np.linalg.inv,
    "pinv": np.linalg.pinv, "det": np.linalg.det, "slogdet": np.linalg.slogdet, "cholesky": np.linalg.cholesky,
    "cube": lambda a: np.linalg.matrix_power(a, 3), "power 0": lambda a: np.linalg.matrix_power(a, 0),
    "solve": lambda a: np.linalg.solve(a, a), "cond": np.linalg.cond, "cond 1": lambda a: np.linalg.cond(a, 1),
    "rank": np.linalg.matrix_rank, "product": lambda a: a @ np.swapaxes(a, -1, -2), "trace": np.trace,
    **{f"norm {p}": lambda a, p=p: np.linalg.norm(a, p, axis=(-2, -1))
       for p in (None, "fro", "nuc", 2, -2, 1, -1, np.inf, -np.inf)},
    "repeat": lambda a: np.repeat(a, []), "take nothing": lambda a: np.take(a, [], axis=-1),
    "take": lambda a: np.take(a, [0], axis=-1), "take around": lambda a: np.take(a, [5], axis=-1, mode="wrap")}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", OF_MATRICES)
def test_matrices_without_rows_or_columns(name, dtype):
    f = OF_MATRICES[name]
    for shape in MATRICES:
        x = np.zeros(shape, dtype)
        want, got = outcome(f, x), outcome(f, Tensor(x))
        if isinstance(want, Exception):
            assert alike(got, want), (shape, got, want)
            continue
        assert same(got, want), (shape, got, want)
        for part in parts_of(got):
            if isinstance(part, Tensor):
                t = Tensor(x)
                assert part.dtype == dtype
                ag.sum_of([p.sum() for p in parts_of(f(t)) if isinstance(p, Tensor)]).backward()
                assert t.grad is None or (t.grad.shape == shape and t.grad.dtype == dtype)


@pytest.mark.parametrize("f", [np.mean, np.var, np.std, np.median], ids=lambda f: f.__name__)
def test_nan_comes_with_numpys_warnings(f):
    def told(x, axis):
        with pytest.warns(RuntimeWarning) as seen:
            y = f(x, axis=axis)
        return {str(w.message) for w in seen}, np.shape(y)
    for axis in (None, 1):
        assert told(Tensor(np.zeros((2, 0))), axis) == told(np.zeros((2, 0)), axis)
