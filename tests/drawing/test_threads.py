"""Pictures, derivations and checks in several threads at once."""

from __future__ import annotations

import gc
import time

from helpers.threads import in_threads

from autograd_nn import Value, check_gradients, draw, explain
from autograd_nn.drawing import statements
from autograd_nn.drawing.recording import trace


def test_programs_are_parsed_one_at_a_time():
    """Python's parser lets other threads run where it collects garbage."""
    source = "for i in range(3):\n    a, b = f(i)\n" * 60
    want, threshold = statements._targets(source), gc.get_threshold()

    def give_way(phase, info):
        time.sleep(0)
    gc.callbacks.append(give_way)
    gc.set_threshold(5)
    try:
        in_threads(lambda i: [statements._targets(source) for _ in range(3)], 4)
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(give_way)
    assert len(want) == 60


def test_each_thread_sees_its_own_program():
    def work(i):
        for _ in range(5):
            with trace() as t:
                a = Value(float(i), name=f"mine{i}")
                total = a * a
            assert f"mine{i}" in draw(total).source and f"mine{i}" in explain(total, a)
            assert {n["name"] for n in draw(t).trace["nodes"]} >= {f"mine{i}"}
            assert check_gradients(lambda x: x * x, 2.0).ok
    in_threads(work, 4)
