"""vmap: what it takes and gives, and what runs within it, against a loop over the lanes."""

import pickle

import numpy as np
import pytest

import autograd_nn as ag
from autograd_nn import (
    Tensor,
    Value,
    checkpoint,
    custom_op,
    errors,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    nn,
    no_grad,
    ops,
    stop_gradient,
    tree,
    value_and_grad,
    vjp,
    vmap,
)

X = np.random.default_rng(0).normal(size=(5, 3))
W = np.random.default_rng(1).normal(size=(4, 3))
LABELS = np.array([0, 1, 2, 1, 0])


def same(got, want):
    got = [np.asarray(getattr(x, "data", x) if isinstance(x, Tensor) else x) for x in tree.leaves(got)]
    want = [np.asarray(getattr(x, "data", x) if isinstance(x, Tensor) else x) for x in tree.leaves(want)]
    assert len(got) == len(want)
    for g, w in zip(got, want):
        assert g.shape == w.shape and g.dtype == w.dtype
        tight = 1e-12 if w.dtype == np.float64 else 1e-4
        np.testing.assert_allclose(g, w, rtol=tight, atol=tight * 10)


def loop(f, *columns):
    """f of each example, the results stacked."""
    found = [f(*row) for row in zip(*columns)]
    return tree.map(lambda *parts: np.stack([np.asarray(getattr(p, "data", p)) for p in parts]), found[0], *found[1:])


def total(x):
    return np.sum(np.sin(x) * x ** 2)


# --- arguments and results --------------------------------------------------------------------------

def test_axes_of_arguments():
    three = np.arange(24.0).reshape(2, 3, 4)
    for axis in (0, 1, 2, -1, -2, -3):
        same(vmap(lambda x: x * 2.0, axis)(three), np.moveaxis(three, axis, 0) * 2)
        same(vmap(lambda x: x * 2.0, axis, axis)(three), three * 2)
        same(vmap(np.sum, axis)(three), three.sum(axis=tuple({0, 1, 2} - {axis % 3})))
    same(vmap(lambda x, y: x @ y, (0, None))(X, X[0]), X @ X[0])
    same(vmap(lambda x, y: x @ y, [None, 1])(X[0], X.T), X @ X[0])
    same(vmap(lambda x, y: x * y)(X, y=X[:, 0]), X * X[:, :1])           # by keyword along axis 0


def test_nests_of_arguments_and_results():
    nest = {"a": X, "b": (X.T, [X[0], 3, None, "text"])}
    axes = {"a": 0, "b": (1, None)}
    def f(p):
        a, (b, rest) = p["a"], p["b"]
        assert a.shape == b.shape == (3,) and rest[1:] == [3, None, "text"]
        return {"sum": a + b, "rest": [rest[0], np.sum(a), 2.0]}
    got = vmap(f, (axes,), {"sum": 1, "rest": [None, 0, 0]})(nest)
    same(got, {"sum": 2 * X.T, "rest": [X[0], X.sum(1), np.full(5, 2.0)]})
    assert vmap(lambda x: (None, "text", x))(X)[:2] == (None, "text")
    same(vmap(lambda p: p[0] + p[1], (0,))([X, X]), 2 * X)
    same(vmap(lambda x: (x, x[0]), out_axes=(-1, 0))(X), (X.T, X[:, 0]))


def test_arguments_of_other_dtypes():
    got = vmap(lambda i, b: (i + 1, ~b, b & (i > 0)))(LABELS, LABELS > 0)
    assert [g.dtype.kind for g in got] == ["i", "b", "b"]
    assert got[0].tolist() == (LABELS + 1).tolist() and got[1].tolist() == (LABELS == 0).tolist()
    z = X[:, :2] + 1j * X[:, 1:]
    np.testing.assert_allclose(vmap(lambda z: np.sum(z * z))(z), (z * z).sum(1))
    np.testing.assert_allclose(vmap(np.fft.rfft)(X), np.fft.rfft(X))
    same(vmap(lambda x, v: x * v, (0, None))(X, Value(2.0)), 2 * X)


def test_results_are_the_caller_s():
    y = vmap(lambda x: x)(X)
    y[:] = 0
    assert X.any() and vmap(lambda x: 1.0)(X).flags.writeable


def test_no_lanes():
    assert vmap(total)(np.ones((0, 3))).shape == (0,)
    assert vmap(grad(total))(np.ones((0, 3))).shape == (0, 3)
    with pytest.raises(errors.LanesError, match="of no lanes"):
        vmap(np.sort)(np.ones((0, 3)))


@pytest.mark.parametrize(("call", "kind", "words"), [
    (lambda: vmap(X), errors.UsageError, "first argument is a function"),
    (lambda: vmap(total, "a"), errors.UsageError, "in_axes are integers"),
    (lambda: vmap(total, True), errors.UsageError, "in_axes are integers"),
    (lambda: vmap(total, out_axes=[0, 1.5]), errors.UsageError, "out_axes are integers"),
    (lambda: vmap(lambda x, y: x)(X, X.T), errors.ShapeError, "argument 0 has 5 examples .* argument 1 has 3"),
    (lambda: vmap(lambda x, y: x)(X, y=X.T), errors.ShapeError, "argument 0 has 5 examples .* y has 3"),
    (lambda: vmap(total, None)(X), errors.UsageError, "nothing is mapped"),
    (lambda: vmap(total)(), errors.UsageError, "nothing is mapped"),
    (lambda: vmap(total)(2.0), errors.UsageError, "argument 0 is or has a single number, 2.0"),
    (lambda: vmap(total, 2)(X), errors.UsageError, r"array \(5, 3\), which has no axis 2"),
    (lambda: vmap(total, (0, 0))(X), errors.UsageError, "2 entries, .* 1 positional argument$"),
    (lambda: vmap(total, ({"a": 0},))([X]), errors.UsageError, "in_axes has {'a': 0} where the argument is a list of"),
    (lambda: vmap(lambda x: x, out_axes=(0, 0))(X), errors.UsageError, "out_axes has .* where the result is"),
    (lambda: vmap(lambda x: x, out_axes=5)(X), errors.UsageError, r"out_axes has 5 for a result of shape \(3,\)"),
    (lambda: vmap(lambda x: x, out_axes=None)(X), errors.UsageError, "differs from lane to lane"),
    (lambda: vmap(lambda x: x if x[0] > 0 else -x)(X), errors.LanesError, "where.*chooses in each lane"),
    (lambda: vmap(lambda x: float(x[0]))(X), errors.LanesError, "within a vmap, where each of 5 lanes"),
    (lambda: vmap(lambda x: x[0].item())(X), errors.LanesError, "within a vmap, where each of 5 lanes"),
    (lambda: vmap(lambda x: x.data)(X), errors.LanesError, "stop_gradient"),
    (lambda: vmap(lambda i: X[i])(LABELS), errors.LanesError, r"take\(table, x, axis=0\)"),
    (lambda: vmap(lambda x: x[x > 0])(X), errors.UsageError, "where.* keeps the shape"),
    (lambda: vmap(np.flatnonzero)(X > 0), errors.ShapeError, "all lanes have one shape"),
    (lambda: vmap(lambda x: np.sum(x).backward())(Tensor(X)), errors.GraphError, "vmap.grad.f.. has the gradient"),
    (lambda: vmap(lambda x: np.sum(x, axis=2))(X), errors.ShapeError, "axis 2 is out of bounds .* 1 axes in each lane"),
    (lambda: vmap(lambda x: x.reshape(2, 2))(X), errors.ShapeError, r"\(3,\) in each lane cannot take the shape"),
    (lambda: vmap(nn.BatchNorm1d(3))(np.ones((2, 4, 3))), errors.UsageError, "running statistics"),
])
def test_errors(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_what_escapes_is_refused():
    kept = []
    vmap(lambda x: kept.append(x) or x)(X)
    for use in (lambda x: x + 1, np.sum, lambda x: x[0], lambda x: x > 0, lambda x: vmap(lambda y: x * y)(X), np.sort):
        with pytest.raises(errors.GraphError, match="its vmap was over"):
            use(kept[0])


# --- derivatives inside and outside ------------------------------------------------------------------

def test_derivatives_inside():
    for f in (grad(total), hessian(total), jacobian(lambda x: np.tanh(W @ x)), value_and_grad(total),
              jacobian(lambda x: np.concatenate([x, x * x])), grad(lambda x: (total(x), x), has_aux=True),
              lambda x: jvp(total, (x,), (2 * x,)), lambda x: hvp(total, x, x), lambda x: vjp(np.sin, x)[1](x * x),
              lambda x: jvp(grad(total), (x,), (x,))[1], grad(lambda x: jvp(total, (x,), (x * x,))[1]),
              grad(lambda x: np.sum(grad(total)(x) ** 2)), lambda x: grad(total)(stop_gradient(x)) * x):
        same(vmap(f)(X), loop(f, X))
    same(vmap(grad(grad(lambda x: x ** 3)))(np.arange(4.0)), 6 * np.arange(4.0))


def test_gradients_by_what_all_lanes_share():
    def loss(p, x):
        return np.sum(np.tanh(p["w"] @ x + p["b"]) ** 2)
    p = {"w": W, "b": W[:, 0]}
    for f in (grad(loss), hessian(loss), lambda p, x: vjp(loss, p, x)[1](2.0),
              lambda p, x: jvp(grad(loss), (p, x), (p, x))[1], lambda p, x: hvp(lambda q: loss(q, x), p, p)):
        same(vmap(f, (None, 0))(p, X), loop(lambda x, f=f: f(p, x), X))
    same(vmap(lambda x: grad(lambda s: s * s)(3.0) * x)(X), 6 * X)
    same(vmap(lambda s, x: grad(lambda s: np.sum(s * x))(s), (None, 0))(2.0, X), X.sum(1))


def test_derivatives_outside():
    def summed(g):
        return lambda x: np.sum(vmap(g)(x) ** 2)
    for g in (total, lambda x: np.tanh(W @ x), grad(total)):
        want = loop(grad(lambda x, g=g: np.sum(g(x) ** 2)), X)
        same(grad(summed(g))(X), want)
        same(hvp(summed(g), X, X), loop(lambda x, g=g: hvp(lambda x: np.sum(g(x) ** 2), x, x), X))
    by_w = grad(lambda w: np.sum(vmap(lambda x: np.sum(np.tanh(w @ x)))(X)))(W)
    same(by_w, sum(grad(lambda w, x=x: np.sum(np.tanh(w @ x)))(W) for x in X))
    t = Tensor(X)
    vmap(total)(t).sum().backward()
    same(t.grad, loop(grad(total), X))
    same(jacobian(vmap(total))(X), np.einsum("ij,ik->ijk", np.eye(5), loop(grad(total), X)))


def test_vmaps_nest():
    same(vmap(lambda x: vmap(lambda y: x @ y)(X))(X), X @ X.T)
    same(vmap(vmap(lambda x, y: x * y, (0, None)), (None, 0))(X[0], X[:, 0]), np.outer(X[:, 0], X[0]))
    cubes = vmap(lambda x: vmap(grad(lambda y: np.sum((x * y) ** 3)))(X))(X)
    same(cubes, 3 * (X[:, None] * X) ** 2 * X[:, None])
    inner = vmap(lambda x: grad(lambda w: np.sum(vmap(lambda z: np.sum(w * z * x))(X)))(W[0]))(X)
    same(inner, X.sum(0) * X)
    both = vmap(lambda x: vmap(lambda z: grad(lambda w: np.sum(np.sin(w * z * x)))(W[0]))(X))(X)
    same(both, np.cos(W[0] * X * X[:, None]) * X * X[:, None])
    same(vmap(lambda x: jacobian(lambda v: vmap(lambda c: c * np.sin(v))(np.arange(4.0)))(x))(X),
         loop(jacobian(lambda v: np.arange(4.0)[:, None] * np.sin(v)), X))


def test_many_cotangents_and_tangents_at_once():
    pull = vjp(lambda x: np.tanh(W @ x), X[0])[1]
    same(vmap(pull)(np.eye(4))[0], jacobian(lambda x: np.tanh(W @ x))(X[0]))
    same(vmap(lambda v: jvp(grad(total), (X[0],), (v,))[1])(np.eye(3)), hessian(total)(X[0]))


def test_modes_and_kinds():
    with no_grad():
        assert vmap(total)(Tensor(X)).is_leaf and type(vmap(grad(total))(X)) is np.ndarray
    assert isinstance(vmap(grad(total))(Tensor(X)), Tensor) and type(vmap(grad(total))(X)) is np.ndarray
    w = Tensor(W)                                        # closed over: the result depends on it
    vmap(grad(lambda x: np.sum(np.tanh(w @ x))))(X).sum().backward()
    same(w.grad, grad(lambda w: sum(np.sum(grad(lambda x: np.sum(np.tanh(w @ x)))(x)) for x in X))(W))


def test_what_the_function_closes_over():
    w, t = Value(2.0), Tensor(X[0])
    vmap(grad(lambda x: np.sum(x * x) * w))(X).sum().backward()
    assert w.grad == pytest.approx(2 * X.sum())
    y = pickle.loads(pickle.dumps(vmap(grad(lambda x: np.sum(np.sin(x * t))))(X)))
    same(y, np.cos(X * X[0]) * X[0])
    leaf, = [node for node in ag.topological(y) if node.is_leaf and node.shape == (3,)]
    y.sum().backward()
    same(leaf.grad, grad(lambda t: np.sum(np.cos(X * t) * t))(X[0]))
    same(vmap(lambda x: jvp(lambda v: np.sum(v * x), (X[0],), (X[0],))[1])(X), X @ X[0])


def test_float32_stays_float32():
    x, w = X.astype(np.float32), W.astype(np.float32)
    for f in (grad(lambda x: np.sum(np.tanh(w @ x) * 2.0)), hessian(lambda x: np.sum(np.tanh(w @ x) ** 2)),
              jacobian(lambda x: np.tanh(w @ x) * 0.5), lambda x: jvp(np.sin, (x,), (x,)), lambda x: np.stack([x, x])):
        same(vmap(f)(x), loop(f, x))
    same(vmap(lambda s, x: grad(lambda x: np.sum(s * x ** 2))(x), (None, 0))(2.0, x), 4 * x)
    assert jacobian(lambda x: np.tanh(w @ x))(x[0]).dtype == hessian(lambda x: np.sum(x ** 3))(x[0]).dtype == np.float32


def test_the_program_steers_by_what_all_lanes_share():
    def newton(a):
        x = 1.0
        while abs(x * x - a) > 1e-10:
            x = x - (x * x - a) / (2 * x)
        return x
    same(vmap(lambda x: x * grad(newton)(2.0))(X), X * grad(newton)(2.0))
    same(vmap(lambda x: np.where(x > 0, x, 0.1 * x))(X), np.where(X > 0, X, 0.1 * X))
    same(vmap(lambda x: np.sum(np.where((x > 0) & ~(x > 1), x, 0.0)))(X), np.where((X > 0) & (X <= 1), X, 0).sum(1))


def test_kinks_and_nan_are_those_of_a_loop():
    x = np.array([[0.0, 1.0, 4.0], [2.0, 0.0, 0.0]])
    def masked(x):
        return np.sum(np.where(x > 0, np.sqrt(x), 0.0))
    for f in (masked, lambda x: np.sum(np.maximum(x, 1.0)), lambda x: np.max(x), lambda x: np.sum(np.sqrt(x)),
              lambda x: np.sum(x * np.log(x)) * 0.0, lambda x: np.prod(x)):
        with np.errstate(all="ignore"):
            same(vmap(grad(f))(x), loop(grad(f), x))
            rows = jacobian(lambda x, f=f: np.stack([f(x), f(2 * x), np.sum(x)]))
            same(rows(x[0]), np.stack([grad(f)(x[0]), grad(lambda x, f=f: f(2 * x))(x[0]), np.ones(3)]))


# --- indices and integers of each lane ---------------------------------------------------------------

TABLE = np.random.default_rng(2).normal(size=(4, 3, 2))


@pytest.mark.parametrize("pick", [
    lambda t, i: t[i], lambda t, i: t[:, i % 3], lambda t, i: t[i, 0], lambda t, i: t[0, :, i % 2],
    lambda t, i: t[:, i % 3, None], lambda t, i: t[..., i % 2], lambda t, i: ag.take(t, i, axis=0),
    lambda t, i: t[np.array([0, 1]), i % 3], lambda t, i: t[np.array([[0], [1]]), :, i % 2],
    lambda t, i: t[ops.stack([i, i * 0])], lambda t, i: t[:, ops.stack([i % 3, i * 0]), 1:],
    lambda t, i: t[1:, ops.stack([i % 3, i * 0]), ops.stack([i % 2, i * 0])]])
def test_indices_of_each_lane(pick):
    places = np.array([0, 3, 1])
    def f(t, i):
        return pick(Tensor(t) if isinstance(t, np.ndarray) else t, i)
    tables = np.stack([TABLE, TABLE + 1, TABLE * 2])
    same(vmap(f)(tables, places), loop(f, tables, places))
    same(vmap(f, (None, 0))(TABLE, places), loop(lambda i: f(TABLE, i), places))
    def loss(t, i):
        return np.sum(np.sin(pick(t, i)))
    same(vmap(grad(loss))(tables, places), loop(grad(loss), tables, places))
    same(vmap(grad(loss), (None, 0))(TABLE, places), loop(lambda i: grad(loss)(TABLE, i), places))
    same(grad(lambda t: np.sum(vmap(loss, (None, 0))(t, places)))(TABLE), sum(grad(loss)(TABLE, i) for i in places))


# --- networks ----------------------------------------------------------------------------------------

def layers():
    r = np.random.default_rng(4)
    images, steps = r.normal(size=(3, 1, 6, 6)), r.normal(size=(3, 5, 2, 3))
    return [(nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 3, rng=1)), X),
            (nn.Conv2d(1, 2, 3, rng=0), images), (nn.MaxPool2d(2), images), (nn.AvgPool2d(2), images),
            (nn.LayerNorm(3), X), (nn.BatchNorm1d(3, track_running_stats=False), r.normal(size=(4, 5, 3))),
            (nn.LSTM(3, 2, rng=0), steps), (nn.GRU(3, 2, rng=0), steps), (nn.Embedding(6, 3, rng=0), LABELS)]


@pytest.mark.slow
@pytest.mark.parametrize(("layer", "x"), layers(), ids=lambda x: type(x).__name__)
def test_layers(layer, x):
    def first(m, x):
        y = m(x)
        return y[0] if isinstance(y, tuple) else y
    same(vmap(lambda x: first(layer, x))(x), loop(lambda x: first(layer, x), x))
    if any(True for _ in layer.parameters()):
        g = grad(lambda m, x: np.sum(first(m, x) ** 2))
        same(vmap(g, (None, 0))(layer, x), loop(lambda x: g(layer, x), x))


def test_losses_with_a_target_of_each_lane():
    for f, target in [(nn.cross_entropy, LABELS), (nn.cross_entropy, np.eye(3)[LABELS]), (nn.mse_loss, X[::-1]),
                      (lambda x, y: nn.cross_entropy(x[None], y[None], ignore_index=1, reduction="sum"), LABELS),
                      (nn.multi_margin_loss, LABELS), (nn.hinge_loss, np.sign(X))]:
        same(vmap(f)(X, target), loop(f, X, target))
        same(vmap(grad(f))(X, target), loop(grad(f), X, target))
    with pytest.raises(errors.DataError, match="no class 3"):
        vmap(nn.cross_entropy)(X, LABELS + 1)


def test_dropout_draws_for_each_lane():
    layer = nn.Dropout(0.5, rng=0)
    y = vmap(layer)(np.ones((40, 6)))
    assert len(np.unique(y, axis=0)) > 10 and set(np.unique(y)) == {0.0, 2.0}
    assert len(np.unique(vmap(lambda x: x + layer(np.ones(6)))(np.zeros((40, 6))), axis=0)) == 1    # what all share


def test_checkpoint_and_ops_of_the_reader():
    def inner(w, x):
        return np.sum(np.sin(w * x))
    saved = checkpoint(inner)
    same(vmap(grad(saved), (None, 0))(W[0], X), vmap(grad(inner), (None, 0))(W[0], X))
    closed = [lambda w, g=g: np.sum(vmap(lambda x: checkpoint(lambda w: g(w, x))(w))(X)) for g in (inner, saved)]
    want = grad(lambda w: np.sum(vmap(lambda x: inner(w, x))(X)))(W[0])
    for f in closed:
        same(grad(f)(W[0]), want)

    @custom_op(lambda g, y, x: g * 3 * x ** 2)
    def cube(x):
        assert x.shape == (3,)                           # it sees one lane
        return x ** 3
    try:
        same(vmap(grad(lambda x: np.sum(cube(x))))(X), 3 * X ** 2)
    finally:
        cube.forget()


def test_a_network_of_each_lane():
    nets = [nn.Linear(3, 2, rng=k) for k in range(4)]
    leaves, structure = tree.flatten(nets[0])
    stacked = [np.stack([tree.leaves(net)[k].data for net in nets]) for k in range(len(leaves))]
    def run(params, x):
        return tree.unflatten(structure, [*params])(x)
    same(vmap(run, (0, None))(stacked, X[0]), np.stack([net(X[0]).data for net in nets]))
