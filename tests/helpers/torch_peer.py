"""PyTorch, for the tests that compare with it: without it they are skipped."""

from __future__ import annotations

from typing import Any

import pytest


def require_torch() -> Any:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed, and this compares with it: "
                                                "pip install '.[bench]'")
    torch.set_num_threads(1)
    return torch
