"""Threads that share leaves, for as many passes as find a part that is lost once in ten thousand."""

from __future__ import annotations

import time

import numpy as np
import pytest
from helpers.engines import engines
from helpers.threads import in_threads

from autograd_nn import Op, Tensor, nn

THREADS, PASSES = 16, 2000


@pytest.mark.torture
@engines
def test_no_part_is_lost(Value, forget, capsys):
    plain = Op("plain", lambda x: x * 1.0, lambda x: x * 1.0, lambda g, y, x: g * 1.0, tex="{0}")
    layer, x = nn.Linear(2, 3, rng=0), np.ones((4, 2))
    v, t, single, point = Value(1.0), Tensor(np.zeros(700)), Tensor(np.zeros(700), np.float32), Tensor(0.0)
    ways = {"a Tensor": (lambda: (t * 1.0).sum(), t, 1), "float32": (lambda: plain(single).sum(), single, 1),
            "of shape ()": (lambda: point * 1.0, point, 1), "a bias": (lambda: layer(x).sum(), layer.bias, 4),
            "a Value": (lambda: v * 1.0, v, 1), "by an op of one's own": (lambda: plain(v), v, 1),
            "in a Tensor's graph": (lambda: (Tensor([1.0, 1.0]) * v).sum(), v, 2)}
    for name, (loss, leaf, part) in ways.items():
        leaf.zero_grad()
        start = time.perf_counter()
        in_threads(lambda i, loss=loss: [loss().backward() for _ in range(PASSES)], THREADS)
        assert np.unique(leaf.grad).tolist() == [part * THREADS * PASSES], name
        with capsys.disabled():
            print(f"\n{name}: {THREADS * PASSES:,} of {THREADS * PASSES:,} parts, {time.perf_counter() - start:.1f} s")
