"""PyTorch, for the tests that compare with it: without it they are skipped, or an error where CI says so."""

from __future__ import annotations

import importlib
import os
from typing import Any

import pytest


def require_torch() -> Any:
    """The module; a skip where it is not installed, and an error under AUTOGRAD_NN_REQUIRE_TORCH=1."""
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        if os.environ.get("AUTOGRAD_NN_REQUIRE_TORCH") == "1":
            raise
        pytest.skip("PyTorch is not installed, and this compares with it: pip install '.[bench]'",
                    allow_module_level=True)
    torch.set_num_threads(1)
    return torch
