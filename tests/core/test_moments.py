"""Moments: which of two things was earlier, also where a finalizer asks between two lines of who is asking."""

from __future__ import annotations

import threading

from autograd_nn import Value, grad
from autograd_nn.core import modes, times
from autograd_nn.transforms import dual


def test_each_is_later_than_those_before():
    moments = [times.tick(), times.begin(), times.begin(), times.tick(), times.tick(), times.begin()]
    assert moments == sorted(set(moments))


def test_a_finalizer_may_ask_in_between(monkeypatch):
    """What a garbage collection runs may do anything, in the same thread: nobody waits for himself."""
    asked = []
    monkeypatch.setattr(times, "engines", [*times.engines, lambda time: asked.append(times.tick()) or time])
    found = []

    def ask():
        found.append((times.begin(), times.tick(), grad(lambda x: x * x)(3.0)))
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(20)
    assert found and found[0][0] >= asked[0] and found[0][1] > found[0][0] and found[0][2] == 6.0


def test_locks_that_python_may_come_back_to():
    for lock in (times._lock, modes._lock, dual._lock):
        with lock:
            assert lock.acquire(blocking=False)
            lock.release()
    x = Value(2.0)
    assert grad(lambda y: y * x.data)(1.0) == 2.0
