"""vmap of every op of the table against a loop over its lanes: values, and derivatives inside, outside and of many
cotangents at once. The cases are those of the table, so an op that is added is tested."""

import itertools

import numpy as np
import pytest
from helpers import function_cases
from helpers.op_checks import call, drawn, of, params_of, points

from autograd_nn import fft, jvp, vjp, vmap
from autograd_nn.ops import FUNCTIONS, OPS

SIZE = 3


def same(got, want, what):
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape, f"{what}: {got.shape} {want.shape}"
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9 * (1 + np.abs(want[np.isfinite(want)]).max(initial=0)),
                               err_msg=what)


def choices(n):
    """Which inputs each lane has for itself: every choice for a few inputs, else all of them, and each by itself."""
    if n <= 3:
        return [own for own in itertools.product([True, False], repeat=n) if any(own)]
    return [(True,) * n, *(tuple(i == k for i in range(n)) for k in range(n))]


def lane(xs, own, i):
    return [x[i] if mine else x for x, mine in zip(xs, own)]


def placed(xs, own):
    """The lanes along another axis than the first, where there is one; and the axes."""
    axes = [None if not mine else k % x.ndim for k, (x, mine) in enumerate(zip(xs, own))]
    return [x if axis is None else np.moveaxis(x, 0, axis) for x, axis in zip(xs, axes)], tuple(axes)


def check(f, lanes_of, rules, what, rng):
    """f of inputs, of which `lanes_of[k]` are input k in each lane."""
    n = len(lanes_of)
    for own in choices(n):
        xs = [np.stack(x) if mine else x[0] for x, mine in zip(lanes_of, own)]
        told = f"{what}, of its own in each lane: {own}"
        given, axes = placed(xs, own)
        want = np.stack([f(*lane(xs, own, i)) for i in range(SIZE)])
        same(vmap(f, axes)(*given), want, told)
        if want.dtype.kind != "f" or not any(rules) or 0 in want.shape:
            continue
        ws = rng.normal(size=want.shape)
        pulled = [vjp(f, *lane(xs, own, i))[1](ws[i]) for i in range(SIZE)]
        inside = vmap(lambda w, *xs: vjp(f, *xs)[1](w), (0, *axes))(ws, *given)
        outside = vjp(vmap(f, axes), *given)[1](ws)
        for k in range(n):
            parts = np.stack([p[k] for p in pulled])
            same(inside[k], parts, f"{told}: vmap of vjp, input {k}")
            whole = np.moveaxis(parts, 0, axes[k]) if own[k] else parts.sum(axis=0)
            same(outside[k], whole, f"{told}: vjp of vmap, input {k}")
        us = [rng.normal(size=x.shape) for x in xs]
        pushed = np.stack([jvp(f, lane(xs, own, i), lane(us, own, i))[1] for i in range(SIZE)])
        moved = [u if axis is None else np.moveaxis(u, 0, axis) for u, axis in zip(us, axes)]
        same(vmap(lambda xs, us: jvp(f, xs, us)[1], ([*axes], [*axes]))(given, moved), pushed, f"{told}: vmap of jvp")
        same(jvp(vmap(f, axes), given, moved)[1], pushed, f"{told}: jvp of vmap")
        if own == choices(n)[0]:
            xs = lane(xs, own, 0)
            pull = vjp(f, *xs)[1]
            many = vmap(pull)(ws)
            for k in range(n):
                same(many[k], np.stack([pull(w)[k] for w in ws]), f"{told}: many cotangents, input {k}")


def rules_of(op, n):
    return [rule is not None for _, rule in zip(range(n), op.vjps)]


SHAPES = [((), (2,), (2, 1)), ((3,), (2, 3), ()), ((2, 3), (3,), (1,))]


@of([op for op in OPS.values() if op.elementwise])
def test_elementwise(op):
    rng = np.random.default_rng(1)
    some = np.array(points(op, 60))
    for shapes in SHAPES:
        shapes = shapes[:op.arity]
        lanes_of = [[some[rng.integers(len(some), size=shape), k] for _ in range(SIZE)]
                    for k, shape in enumerate(shapes)]
        params = params_of(op)
        check(lambda *xs: op(*xs, **params), lanes_of, rules_of(op, op.arity), f"{op.name} {shapes}", rng)  # noqa: B023


@of([op for op in OPS.values() if op.cases])
def test_of_arrays(op):
    rng = np.random.default_rng(2)
    for shapes, params in op.cases:
        many = [drawn(op, shapes, seed) for seed in range(SIZE)]
        if any(isinstance(s, np.ndarray) for s in shapes):       # the op is not defined everywhere
            many = [[x * (1 + 0.1 * i) for x in many[0]] for i in range(SIZE)]
        check(lambda *xs: call(op, xs, params), list(zip(*many)), rules_of(op, len(shapes)),  # noqa: B023
              f"{op.name} {shapes} {params}", rng)


def test_which_ops_run_in_one_lane_after_the_other():
    slow = {op.name for op in OPS.values() if op.lanes is None and not op.elementwise and op.is_own}
    assert slow == {"full_convolution", "least_squares", "lstm", "rerun", "forgotten"}


@pytest.mark.parametrize("f", [f for f in FUNCTIONS.values() if f.cases], ids=lambda f: f.name)
def test_composed(f):
    for shapes, params in f.cases:
        first = function_cases.inputs(shapes, 3)
        many = [[x * (1 + 0.1 * i) for x in first] for i in range(SIZE)]
        def run(*xs):
            return flat(function_cases.call(f, f.call, [*xs], params))  # noqa: B023
        with np.errstate(invalid="ignore"):              # of a geometric row from a negative to a positive number
            want = [run(*xs) for xs in many]
        if len({tuple(np.shape(y) for y in ys) for ys in want}) > 1:         # as many as the data say
            continue
        with np.errstate(invalid="ignore"):
            got = vmap(run)(*(np.stack(x) for x in zip(*many)))
        for g, w in zip(got, zip(*want), strict=True):
            same(g, np.stack(w), f"{f.name} {shapes} {params}")


def flat(y):
    if isinstance(y, (list, tuple)):
        return [e for part in y for e in flat(part)]
    return [y.real, y.imag] if isinstance(y, fft.Complex) or np.iscomplexobj(y) else [y]
