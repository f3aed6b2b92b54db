"""The memory of large arrays: whose it is, that it is used again, and that nothing is lost or mixed up by that."""

from __future__ import annotations

import copy
import os
import pickle
import warnings

import numpy as np
import pytest
from helpers.threads import in_threads

from autograd_nn import Op, Tensor, checkpoint, free_cached_memory, nn, no_grad, optim
from autograd_nn.core import reverse
from autograd_nn.ops._frozen import original

get_handler_name = pytest.importorskip("numpy._core.multiarray").get_handler_name
pytestmark = pytest.mark.skipif(reverse.in_c is None, reason="the engine in Python keeps no memory")
LARGE = 1 << 15                # numbers


def whose(x):
    """The name of the allocator of an array or a Tensor's data."""
    array = original(x.data) if isinstance(x, Tensor) else x
    while isinstance(array.base, np.ndarray):
        array = array.base
    return get_handler_name(array)


@pytest.fixture
def x():
    return Tensor(np.arange(1.0, LARGE + 1))


def test_what_the_engine_computes_of_large_arrays_is_ours(x):
    y = x * 2
    (y * x).sum().backward()
    assert whose(y) == whose(x.grad) == "autograd_nn"
    optimizer = optim.Adam([x], lr=0.1)
    optimizer.step()
    assert whose(x) == "autograd_nn" != whose(np.empty(LARGE))
    with no_grad():
        assert whose(x + 1) == "autograd_nn"


def test_what_a_user_makes_is_not(x):
    before = np.ones(LARGE)
    made = []
    hook = Op("hook", lambda x: x, lambda x: x + 0, lambda g, y, x: (made.append(np.zeros(3)), g)[1], tex="{0}")
    try:
        (hook(x) * before).sum().backward()
    finally:
        hook.forget()
    assert {whose(before), whose(np.ones(LARGE)), whose(x), whose(x.numpy())} == {"default_allocator"}
    assert whose(made[0]) == "autograd_nn"               # within a rule it is the engine that works


def test_small_arrays_are_numpys():
    t = Tensor(np.ones(100))
    y = t * 2
    y.sum().backward()
    assert {whose(y), whose(t.grad)} == {"default_allocator"}


def test_numpys_allocator_is_back_after_an_error(x):
    def fail(*_):
        raise ZeroDivisionError
    for forward, rule in ((fail, lambda g, y, x: g), (np.negative, fail)):
        bad = Op("bad", lambda x: x, forward, rule, tex="{0}")
        try:
            with pytest.raises(ZeroDivisionError):
                bad(x).sum().backward()
        finally:
            bad.forget()
        assert whose(np.empty(LARGE)) == "default_allocator"


def test_memory_is_used_again_and_given_back_when_asked(x):
    free_cached_memory()
    assert free_cached_memory() == 0
    y = x * 2
    at = original(y.data).ctypes.data
    del y
    z = x * 3
    assert original(z.data).ctypes.data == at
    np.testing.assert_array_equal(z.data, np.arange(1.0, LARGE + 1) * 3)
    del z
    assert free_cached_memory() >= LARGE * 8
    assert free_cached_memory() == 0


@pytest.mark.slow
def test_no_more_than_the_bound_waits():
    free_cached_memory()
    x = Tensor(np.ones(1 << 22))
    kept = [x * i for i in range(12)]                    # 12 x 32 MB
    del kept
    assert 200e6 < free_cached_memory() <= 1 << 28


def test_zeros_are_zeros_whatever_was_there_before(x):
    for _ in range(3):
        junk = x * np.nan
        del junk
        x.grad = None
        x[5:7].sum().backward()                          # a cotangent of zeros and two ones
        assert x.grad.sum() == 2 == x.grad[5:7].sum()


def test_arrays_outlive_their_graph_and_what_waits(x):
    def made():
        t = Tensor(np.arange(LARGE + 0.0))
        y = t * 2
        y.sum().backward()
        return y.data, t.grad
    data, grad = made()
    free_cached_memory()
    fresh = [x * -1.0 for _ in range(4)]                 # would write over what was given back too early
    np.testing.assert_array_equal(data, np.arange(LARGE) * 2.0)
    np.testing.assert_array_equal(grad, np.full(LARGE, 2.0))
    assert len(fresh) == 4


def test_resizing_pickling_and_copying(x):
    (x * 2).sum().backward()
    grad = x.grad
    x.grad = None
    for n in (2 * LARGE, LARGE // 2, 3, 4 * LARGE, 0, LARGE):
        before = grad.copy()
        grad.resize(n, refcheck=False)
        np.testing.assert_array_equal(grad[:min(n, len(before))], before[:min(n, len(before))])
        np.testing.assert_array_equal(grad[len(before):], 0)
        grad[...] = np.arange(n)
    y = x * 5
    for other in (pickle.loads(pickle.dumps(y)), copy.deepcopy(y)):
        np.testing.assert_array_equal(other.data, y.data)


def trained(seed, steps=3):
    """A few steps of a network of large arrays, to bytes."""
    rng = np.random.default_rng(seed)
    model, inputs = nn.MLP(100, 120, 10, rng=seed), rng.normal(size=(90 + seed, 100))
    targets = np.arange(90 + seed) % 10
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.cross_entropy(checkpoint(model)(inputs), targets).backward()
        optimizer.step()
    return b"".join(p.data.tobytes() for p in model.parameters())


@pytest.mark.slow
def test_threads():
    alone = [trained(seed) for seed in range(3)]
    together = [None] * 3

    def run(i):
        together[i] = trained(i)
        free_cached_memory()
    in_threads(run, 3)
    assert together == alone


def test_freed_in_another_thread(x):
    made = [x * i for i in range(5)]
    in_threads(lambda i: made.pop(), 5)
    assert not made
    assert whose(x * 2) == "autograd_nn"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_a_forked_child_goes_on(x):
    y = x * 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)          # of a fork beside threads that a test left
        child = os.fork()
    if not child:
        fine = (y * 2).data[7] == 32.0 and free_cached_memory() >= 0 and bool((x * 3).data[1] == 6.0)
        os._exit(0 if fine else 1)
    assert os.waitpid(child, 0)[1] == 0
    np.testing.assert_array_equal(y.data, np.arange(1.0, LARGE + 1) * 2)
