"""Large arrays of many sizes, made, kept, resized and freed in several threads at once: each keeps its own numbers."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.threads import in_threads

from autograd_nn import Tensor, free_cached_memory


@pytest.mark.torture
def test_no_array_gets_the_memory_of_another():
    def work(seed):
        rng = np.random.default_rng(seed)
        held = []
        for turn in range(1000):
            n = int(2 ** rng.uniform(10, 20))
            x = Tensor(np.full(n, float(seed)))
            (x * turn).sum().backward()
            grad = x.grad
            assert grad[0] == grad[-1] == turn
            if rng.random() < 0.2:
                x.grad = None
                grad.resize(int(n * rng.uniform(0.2, 3)), refcheck=False)
                grad[...] = turn
            held.append((turn, grad))
            if len(held) > 20:
                known, array = held.pop(int(rng.integers(len(held))))
                assert (array == known).all()
            if rng.random() < 0.01:
                free_cached_memory()
        for known, array in held:
            assert (array == known).all()
    in_threads(work, 6)
