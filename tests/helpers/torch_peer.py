"""PyTorch, for the tests that compare with it: without it they are skipped."""

from __future__ import annotations

from typing import Any

import pytest


def require_torch() -> Any:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed, and this compares with it: "
                                                "pip install '.[bench]'")
    torch.set_num_threads(1)
    return torch


def wrong_square() -> Any:
    """PyTorch's square with a gradient that is 0.01 % too large."""
    import torch

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x ** 2

        @staticmethod
        def backward(ctx, g):
            return g * 2.0002 * ctx.saved_tensors[0]
    return Square.apply
