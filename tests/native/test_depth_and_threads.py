"""Chains of millions of nodes, Ctrl-C at any moment, and many threads: on both scalar engines."""

from __future__ import annotations

import gc
import signal
import threading
import time

import pytest
from helpers.engines import engines
from helpers.fresh_python import python
from helpers.threads import in_threads
from helpers.twins import native

from autograd_nn import dot, sum_of
from autograd_nn.core.value import PureValue

# --- depth and interruptions --------------------------------------------------------------------------

DEEP = """
import threading, weakref
from autograd_nn import OPS, Op, Tensor, Value, dot, sum_of, where
n = {n}
half = Op("half", lambda x: x / 2, lambda x: x / 2, lambda g, y, x: g / 2, tex="{{0}}/2")
class Sub(Value):
    pass
def chain(n, step):
    x = y = Value(1.0)
    for _ in range(n):
        y = step(y)
    return x, y
def gradient_of_a_gradient(y):
    v = Value(1.0)
    v.grad = y
    return v
def in_an_attribute(y):
    v = Sub(1.0)
    v.before = y
    return v
def in_an_input(y):                              # the tuple of inputs outlives the node
    y = sum_of([y, 1.0])
    kept.append(y.inputs)
    del kept[:-1]
    return y
kept = []
def work():
    x, y = chain(n, lambda y: y * 1.0)
    y.backward()
    assert x.grad == 1.0
    del x, y
    for step in (lambda y: y + y * 0.0, lambda y: sum_of([1.0, y]), lambda y: dot([y, 2.0], [1.0, 3.0], -6.0),
                 lambda y: dot([0.5], [0.0], y), lambda y: where(1.0, y, 0.0), lambda y: OPS["clip"](y, -9.0, 9.0),
                 lambda y: -y, half, lambda y: OPS["leaky_relu"](y, 2), in_an_input):
        x, y = chain(n // 20, step)
        y.backward()
        assert x.has_grad
        del x, y
    for step in (lambda y: Value(1.0, name=y), gradient_of_a_gradient):
        x, y = chain(n // 20, step)
        del x, y
    x, y = chain(n // 20, lambda y: y * 1.0)
    refs = []
    for _ in range(n // 20):
        y = y * 1.0
        refs.append(weakref.ref(y, lambda ref: Value(1.0) * 2))
    del x, y
    assert not any(ref() for ref in refs)
    x, y = chain(n // 20, lambda y: y * 1.0)
    root = weakref.ref(y, lambda ref: chain(1000, lambda y: y + 1.0))    # a graph dies while another does
    del x, y
    print("done")
def work_through_containers():                       # Python 3.13 itself needs more stack for these
    for step in (lambda y: Value(1.0, name=[y]), in_an_attribute):
        x, y = chain(n // 20, step)
        del x, y
    print("done")
for size, task in ((512, work), (16 * 1024, work_through_containers)):
    threading.stack_size(size * 1024)
    t = threading.Thread(target=task)
    t.start(); t.join()
"""


@pytest.mark.slow
@native
def test_chains_of_every_kind_die_on_a_small_stack():
    assert python(DEEP.format(n=2_000_000), AUTOGRAD_NN_PURE="0") == "done\ndone\n"


@engines
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timers")
@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals come to the main thread")
def test_ctrl_c_leaves_a_usable_state(Value):
    x = Value(0.5)
    n = 100_000 if Value is PureValue else 2_000_000

    def build():
        y = x
        for _ in range(n):
            y = y * 1.0
        return y

    def interrupted(work, after):
        signal.setitimer(signal.ITIMER_REAL, after)
        try:
            work()
            time.sleep(2 * after)                    # where it was quicker than the alarm
        except KeyboardInterrupt:
            pass
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    gc.disable()                                     # an exception in a callback of the collector is lost
    try:
        interrupted(build, 0.02)
        root = build()
        start = time.perf_counter()
        root.backward()
        took = time.perf_counter() - start
        x.zero_grad()
        interrupted(root.backward, took / 2)
        assert x.grad in (0.0, 1.0)                  # all of it or nothing
        x.zero_grad()
        root.backward()
        assert x.grad == 1.0
    finally:
        gc.enable()
        signal.signal(signal.SIGALRM, before)


# --- threads ------------------------------------------------------------------------------------------

@engines
def test_threads_give_the_serial_answers(Value):
    def work(k):
        x, w = Value(0.1 * k), Value(1.0 - k)
        y = x
        for i in range(5):
            y = (y * w + i).tanh() + sum_of([x, y, 1.0]) if i % 2 else dot([x, y], [w, 0.5], y)
        y.backward()
        return y.data, x.grad, w.grad

    serial = [work(k) for k in range(1000)]
    graphs = 1000 if Value is not PureValue else 100

    def check(i):
        for k in range(graphs):
            assert work(k) == serial[k]
    in_threads(check, 16)


@engines
def test_threads_that_share_parameters_add_up(Value):
    """Each backward adds to a shared leaf as a whole: no part is lost. In any order, so the sum is of integers."""
    w, v = Value(2.0), Value(3.0)
    shared = w * v                                   # a node between, too

    def work(i):
        for _ in range(100):
            y = w * v + shared * i
            y.backward()

    in_threads(work, 16)
    assert w.grad == 100 * 3 * (16 + sum(range(16))) and v.grad == 100 * 2 * (16 + sum(range(16)))
