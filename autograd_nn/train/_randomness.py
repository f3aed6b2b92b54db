"""The random generators that a run depends on, and their states as plain numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..nn import Module


def generators(model: Module) -> dict[str, np.random.Generator]:
    """Name -> generator of each module that draws: dropout, noise, sampling."""
    return {f"{path}.{name}".lstrip("."): thing for path, module in model.named_modules()
            for name, thing in vars(module).items() if isinstance(thing, np.random.Generator)}


def state_of(rng: np.random.Generator) -> dict[str, Any]:
    """What the generator's next draws depend on."""
    return dict(rng.bit_generator.state)


def kind(rng: np.random.Generator) -> str:
    """The algorithm, such as PCG64: a state fits only its own."""
    return type(rng.bit_generator).__name__


def restore(rng: np.random.Generator, state: dict[str, Any]) -> None:
    """Set a generator back to a state of its own kind."""
    rng.bit_generator.state = state
