"""eval() for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .module import Module


@contextmanager
def evaluated(model: Any) -> Iterator[None]:
    """eval() inside; afterwards every layer is in its own mode again. A function that is no Module has none."""
    before = [(module, module.training) for _, module in model.named_modules()] if isinstance(model, Module) else []
    try:
        for module, _ in before:
            module.training = False
        yield
    finally:
        for module, training in before:
            module.training = training
