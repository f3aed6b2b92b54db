"""Gradients of Tensors by the engine in C and by Python, compared bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_nn import Tensor
from autograd_nn.core import reverse
from autograd_nn.core.node import topological


def in_python(monkeypatch: Any, run: Callable[[], Any]) -> Any:
    with monkeypatch.context() as patch:
        patch.setattr(reverse, "in_c", None)
        return run()


def grads(root: Tensor, seed: Any = None) -> list[Any]:
    """The gradient of every node below a root, and none of them when this returns."""
    order = topological([root])
    root.backward(seed)
    found = [node.grad for node in order]
    for node in order:
        node.zero_grad()
    return found


def same(a: list[Any], b: list[Any]) -> None:
    assert len(a) == len(b)
    for x, y in zip(a, b):
        assert (x is None) == (y is None)
        if x is not None:
            assert x.dtype == y.dtype and x.shape == y.shape
            assert np.array_equal(x, y, equal_nan=True) and np.array_equal(np.signbit(x), np.signbit(y))
