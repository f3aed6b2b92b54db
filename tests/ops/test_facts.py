"""What the entries say of their ops beside values and derivatives is true, for every op of the table."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from helpers.each import each
from helpers.op_checks import ARRAY, SCALAR, call, drawn, of, points

from autograd_nn import Tensor, hard_sigmoid, hard_tanh, ops
from autograd_nn.errors import AutogradError, DTypeError
from autograd_nn.fft import Complex
from autograd_nn.ops import OPS
from autograd_nn.ops._slots import reading_order, slot_names

RNG = np.random.default_rng(7)
CASES = [pytest.param(op, shapes, params, id=f"{op.name}-{i}")
         for op in ARRAY for i, (shapes, params) in enumerate(op.cases)]
LINEAR = [op for op in OPS.values() if op.linear or op.multilinear]


def inside(domain, shape=(40,)):
    if isinstance(domain, frozenset):
        return RNG.choice(sorted(domain), size=shape)
    low, high = domain
    return RNG.uniform(low, high, size=shape)


def examples(op):
    """(inputs, parameters) on which an op runs: its cases, or one of arrays inside its domain."""
    if op.elementwise:
        return [([inside(domain) for domain in op.domain], {**op.params})]
    return [(drawn(op, shapes), params) for shapes, params in op.cases]


# --- symmetry and linearity ------------------------------------------------------------------------

@of([op for op in SCALAR if op.arity == 2])
def test_an_op_commutes_where_the_entry_says_so_and_only_there(op):
    x, y = map(inside, op.domain)
    assert op.commutes == (op.domain[0] == op.domain[1] and np.allclose(op.array(x, y), op.array(y, x), rtol=1e-12))


@of(LINEAR)
def test_an_op_is_linear_where_the_entry_says_so(op):
    for xs, params in examples(op):
        for moved in op.linear_groups(len(xs)):
            assert op.is_linear_in(moved) and op.is_linear_in(moved[:1]) and op.is_linear_in(())
            ys = [RNG.normal(size=np.shape(x)) if i in moved else x for i, x in enumerate(xs)]
            both = [2 * x - 3 * y if i in moved else x for i, (x, y) in enumerate(zip(xs, ys))]
            want = 2 * call(op, xs, params) - 3 * call(op, ys, params)
            np.testing.assert_allclose(call(op, both, params), want, rtol=1e-9, atol=1e-9)


@of([op for op in ARRAY if op.module.startswith(ops.__name__) and op is not ops.astype])    # linear but for rounding
def test_an_op_on_whole_arrays_says_all_that_it_is_linear_in(op):
    """Of an op with any number of inputs: whether it is in all together, or in the first by itself."""
    sets = [s for k in range(1, op.arity + 1) for s in itertools.combinations(range(op.arity), k)] \
        if op.arity > 0 else [(0,), range(max(len(shapes) for shapes, _ in op.cases))]
    for moved in sets:
        if not op.is_linear_in(moved):
            assert not all(is_linear_by_trial(op, *case, moved) for case in examples(op)), moved


def is_linear_by_trial(op, xs, params, moved):
    ys = [RNG.normal(size=np.shape(x)) if i in moved else x for i, x in enumerate(xs)]
    both = [2 * x - 3 * y if i in moved else x for i, (x, y) in enumerate(zip(xs, ys))]
    try:
        want = 2 * call(op, xs, params) - 3 * call(op, ys, params)
        return np.allclose(call(op, both, params), want, rtol=1e-9, atol=1e-9)
    except AutogradError:                                # such as a matrix that is not positive definite
        return False


@of([op for op in OPS.values() if op.linear or op.multilinear or op.complex])
def test_complex_numbers_are_taken_as_numpy_takes_them(op):
    for xs, params in examples(op):
        fixed = () if op.multilinear or op.complex else set(range(len(xs))) - {*op.linear_groups(len(xs))[0]}
        zs = [x if i in fixed or (i in op.shaped_by) else x + 1j * RNG.normal(size=np.shape(x))
              for i, x in enumerate(xs)]
        if op.shaped_by:
            zs[1] = 3
        try:
            want = op.array(*zs, **params)
        except (TypeError, np.exceptions.ComplexWarning):            # the plain function is for real numbers only
            continue
        got = call(op, [Complex(z.real, z.imag) if np.iscomplexobj(z) else z for z in zs], params)
        np.testing.assert_allclose(got.data if isinstance(got, Complex) else got, want, rtol=1e-9, atol=1e-12)


@of([op for op in SCALAR if not (op.linear or op.multilinear or op.complex)])
def test_an_op_that_says_nothing_of_complex_numbers_refuses_them(op):
    z = Complex(np.ones(2), np.ones(2))
    with pytest.raises(DTypeError, match=f"{op.name} is not defined for complex numbers"):
        op(*[z] * op.arity)


@of([op for op in SCALAR if op.written is not op.vjps])
def test_what_is_written_of_a_derivative_is_the_rule(op):
    for xs in points(op):
        y = op.number(*xs)
        for written, rule in zip(op.written, op.vjps):
            assert written(1.5, y, *xs) == pytest.approx(rule(1.5, y, *xs), rel=1e-9)


# --- activations -----------------------------------------------------------------------------------

@of([op for op in OPS.values() if op.steepest is not None])
def test_no_slope_is_steeper_than_the_steepest(op):
    x = np.linspace(-40, 40, 400_001)
    slopes = op.array_rules[0](np.ones_like(x), op.array(x, **op.params), x, **op.params)
    assert np.abs(slopes).max() == pytest.approx(op.steepest, rel=1e-4)
    ends = np.abs(slopes[[0, -1]]) < 0.01 * op.steepest
    assert ends.all() == op.is_bounded                # a bounded one is flat on both sides, the others on one at most


@of([op for op in OPS.values() if np.isfinite(op.range).any()])
def test_results_lie_in_the_range(op):
    low, high = op.range
    for xs, params in examples(op):
        for scale in (1.0, 100.0):
            y = call(op, [scale * x for x in xs], params)
            assert (low <= y).all() and (y <= high).all()


def test_hard_activations_are_bounded_as_smooth_ones_are():
    assert hard_tanh.range == OPS["tanh"].range and hard_sigmoid.range == OPS["sigmoid"].range


# --- names, costs, misfits, expansions, ufuncs -----------------------------------------------------

@of([op for op in OPS.values() if op.slots])
def test_every_input_has_a_name_of_its_own_and_is_read_once(op):
    for n in {len(xs) for xs, _ in examples(op)}:
        names = slot_names(op.slots, n)
        assert len(set(names)) == n and sorted(reading_order(op.slots, n)) == list(range(n))


@each(("op", "shapes", "params"), [case for case in CASES if case.values[0].cost])
def test_the_cost_is_a_whole_number_within_bounds(op, shapes, params):
    xs = drawn(op, shapes)
    params = {**op.params, **params}
    out = op.array(*xs, **params).shape
    cost = op.cost([x.shape for x in xs], out, **params)
    assert type(cost) is int and cost >= 0
    if op.multilinear:                               # a number of the output is a sum of products, at most of all
        assert cost <= np.prod(out, dtype=int) * np.prod([x.size for x in xs], dtype=int)


SHAPES = [shape for n in range(4) for shape in itertools.product((1, 2, 3) if n < 3 else (1, 2), repeat=n)]


@of([op for op in OPS.values() if op.misfit])
def test_a_misfit_is_told_just_where_numpy_fails(op):
    n = op.arity if op.arity > 0 else 3
    every = list(itertools.product(SHAPES, repeat=n))
    for shapes in every if n < 3 else random.Random(0).sample(every, 400):
        if () in shapes and op.multilinear and not op.elementwise:
            continue                                  # matmul of a number is told in words of its own; dot multiplies
        try:
            with np.errstate(all="ignore"):
                op.array(*map(np.ones, shapes), **op.params)
            fits = True
        except ValueError:
            fits = False
        assert (op.misfit(*shapes) is None) == fits, shapes


@of([op for op in OPS.values() if op.expansion])
def test_an_expansion_is_the_op(op):
    for xs, params in examples(op):
        np.testing.assert_allclose(op.expansion(*xs, **params), op.array(*xs, **params), rtol=1e-12)


@of([op for op in OPS.values() if op.ufunc_method])
def test_the_method_of_a_ufunc_is_the_op(op):
    t = Tensor(RNG.normal(size=(3, 4)))
    for kwargs in ({}, {"axis": 1}):
        got = op.ufunc_method(t, **kwargs)
        assert got.op is op
        np.testing.assert_allclose(got.data, op.ufunc_method(t.data, **kwargs))


def test_each_method_of_a_ufunc_is_one_op():
    given_ = [op.ufunc_method for op in OPS.values() if op.ufunc_method]
    assert not any(a == b for a, b in itertools.combinations(given_, 2))
