"""A dual or a node that outlives its transform, in a cell that f closes over, is a constant from then on."""

from __future__ import annotations

import contextlib
import itertools
import threading
from functools import partial

import numpy as np
import pytest

import autograd_nn as ag
from autograd_nn import Value, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autograd_nn.errors import GraphError, UsageError


def along(f, x):
    return jvp(f, (x,), (np.ones_like(x) if isinstance(x, np.ndarray) else 1.0,))[1]


DERIVATIVES = {
    "jvp": along,
    "jvp of grad": lambda f, x: jvp(lambda x: grad(lambda y: f(y) * x)(x), (x,), (1.0,))[1] - grad(f)(x),
    "grad of jvp": lambda f, x: grad(lambda x: jvp(lambda y: f(y) * x, (x,), (0.0,))[0])(x) / 2,
    "jvp of checkpoint": lambda f, x: along(ag.checkpoint(f), x),
}


@pytest.mark.parametrize("name", DERIVATIVES)
def test_a_cell_that_every_run_overwrites(name):
    """The cell holds the last run's number: were its tangent taken too, the derivative would grow."""
    cell, derivative = [2.0], DERIVATIVES[name]

    def f(y):
        cell[0] = cell[0] * y
        return cell[0]
    found = [derivative(f, 1.0) for _ in range(30)]
    assert [float(g) for g in found] == [float(found[0])] * 30
    assert all(type(g) in (float, np.float64) for g in found)


def test_the_three_runs_of_a_running_product():
    cell = [1.0]

    def f(y):
        cell[0] = cell[0] * y
        return cell[0]
    assert [jvp(f, (x,), (1.0,)) for x in (2.0, 1.0, 1.0)] == [(2.0, 1.0), (2.0, 2.0), (2.0, 2.0)]


@pytest.mark.parametrize("x", [5.0, np.array([5.0, 7.0])], ids=["number", "array"])
def test_siblings(x):
    """What the first of two jvps inside a third kept is a constant for the second, and depends on the outer x still."""
    def f(x):
        kept = []
        jvp(lambda y: kept.append(y * x) or y, (2.0 + 0 * x,), (1.0 + 0 * x,))
        value, slope = jvp(lambda z: kept[-1] * z, (3.0 + 0 * x,), (1.0 + 0 * x,))
        return value + slope                             # 2 x 3 + 2 x
    np.testing.assert_allclose(along(f, x), 8.0 + 0 * x)
    np.testing.assert_allclose(grad(lambda x: np.sum(f(x)))(x), 8.0 + 0 * x)


def test_a_kept_dual_is_a_constant_everywhere():
    kept = []
    jvp(lambda x: kept.append(x * 3) or x, (2.0,), (1.0,))
    leak = kept[0]
    assert leak * 2 == 12.0 and type(leak * 2) is float
    assert type(np.sum(ag.stack([leak, leak]))) is np.float64
    for plain in (grad(lambda y: y * leak)(1.0), value_and_grad(lambda y: y * 0 + leak)(1.0)[0],
                  grad(lambda y: leak)(1.0),
                  jvp(lambda y: leak, (1.0,), (1.0,))[0], jvp(lambda y: leak, (1.0,), (1.0,))[1],
                  vjp(lambda y: y * y, 1.0)[1](leak)[0], hvp(lambda y: y * y * leak, 1.0, 1.0),
                  hessian(lambda y: y * y * leak)(1.0), grad(lambda y: y * y)(leak),
                  jvp(lambda y: y, (leak,), (leak,))[1]):
        assert type(plain) in (float, np.float64), plain


def test_a_pull_that_outlives_its_jvp():
    kept = []
    jvp(lambda x: kept.append(vjp(lambda y: y * y * x, 2.0)[1]) or x, (3.0,), (1.0,))
    assert kept[0](1.0) == (12.0,) and type(kept[0](1.0)[0]) is float


def test_threads_have_levels_of_their_own_and_see_those_around():
    """A thread that f starts closes over f's dual: its own jvp must neither drop nor take that tangent."""
    def f(x):
        found = []
        thread = threading.Thread(target=lambda: found.append(jvp(lambda y: x * y * y, (3.0,), (1.0,))[1]))
        thread.start()
        thread.join()
        return found[0]                                  # 6 x
    assert jvp(f, (2.0,), (1.0,)) == (12.0, 6.0)
    assert grad(lambda x: along(f, x) * x)(2.0) == 6.0


def test_a_checkpoint_runs_again_when_its_jvp_is_over():
    f = lambda x: ag.sin(x) * ag.exp(x)
    x = np.array([0.3, 0.7])
    g = lambda f: grad(lambda x: np.sum(jvp(f, (x,), (np.ones(2),))[1]))(x)
    np.testing.assert_allclose(g(ag.checkpoint(f)), g(f), rtol=1e-13)


# --- nodes of reverse mode ---------------------------------------------------------------------------

PAIRS = {
    "grad": lambda f, x: grad(f)(x), "value_and_grad": lambda f, x: value_and_grad(f)(x)[1], "jvp": along,
    "vjp": lambda f, x: vjp(f, x)[1](1.0)[0], "jacobian": lambda f, x: jacobian(f)(x),
    "checkpoint": lambda f, x: grad(ag.checkpoint(f))(x), "jvp of checkpoint": lambda f, x: along(ag.checkpoint(f), x),
}


def right_or_refused(make, want, where):
    """A leak is a constant for others, or a GraphError that says what leaked; and plain either way."""
    try:
        found = make()
    except GraphError as error:
        assert "checkpoint" in str(error)
    else:
        assert type(found) is float and found == want, (where, found)


def test_what_one_transform_leaked_is_a_constant_for_the_next():
    for first, second in itertools.product(PAIRS, PAIRS):
        cell = [2.0]

        def f(y, cell=cell):
            cell[0] = cell[0] * y
            return cell[0]
        with contextlib.suppress(GraphError):
            PAIRS[first](f, 1.5)
        value = getattr(cell[0], "data", cell[0])
        right_or_refused(partial(PAIRS[second], f, 1.5), value, (first, second))


@pytest.mark.slow
def test_what_a_transform_leaked_inside_another_depends_on_the_other_s_variable():
    for first, second, outer in itertools.product(PAIRS, PAIRS, PAIRS):
        def siblings(x, first=first, second=second):
            kept = []
            PAIRS[first](lambda y: kept.append(y * x) or y * x, 2.0)
            return PAIRS[second](lambda z: kept[-1] * z, 3.0)                    # 2 x
        right_or_refused(partial(PAIRS[outer], siblings, 5.0), 2.0, (first, second, outer))

        def nested(x, first=first):
            kept = []
            slope = PAIRS[first](lambda y: kept.append(y * x) or y * x, 2.0 * x)
            return slope + kept[-1] * x                                          # x + 2 x^3
        right_or_refused(partial(PAIRS[outer], nested, 5.0), 151.0, (first, outer))


def test_what_a_checkpoint_did_not_return_is_refused_with_a_way_out():
    kept = []
    w = Value(3.0)
    y = ag.checkpoint(lambda x: kept.append(x * x) or x * 2.0)(w)
    for use in (lambda: (kept[0] * y).backward(), lambda: grad(lambda z: z * kept[0])(1.0),
                lambda: along(lambda z: z * kept[0], 1.0)):
        with pytest.raises(GraphError, match=r"did not return, is used outside[^$]*return it from f"):
            use()
    assert kept[0].item() == 9.0 and grad(lambda z: z * kept[0].data)(1.0) == 9.0


def test_no_grad_inside_a_checkpoint_stops_the_gradient_in_both_modes():
    kept = []

    def f(x):
        with ag.no_grad():
            kept.append(x * x)
        return kept[-1] * x
    for name, derivative in PAIRS.items():
        found = derivative(f, 3.0)
        assert type(found) is float and found == 9.0, name
        assert kept[-1] * 2.0 == 18.0, name


def test_a_function_that_raised_leaves_constants():
    kept = []
    with pytest.raises(ZeroDivisionError):
        grad(lambda x: kept.append(x * 2) or 1 // 0)(3.0)
    found = grad(lambda y: y * kept[0])(1.0)
    assert type(found) is float and found == 6.0


def test_duals_in_arrays_of_objects_are_taken_one_by_one_or_refused():
    f = lambda x: np.sum(x * np.full(3, x))
    assert jvp(f, (2.0,), (1.0,)) == (12.0, 12.0)
    with pytest.raises(UsageError, match="stack"):
        along(lambda x: np.sum(x * np.array(list(x))), np.ones(3))
