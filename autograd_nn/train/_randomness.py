"""The random generators that a run depends on, and their states as plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import StateError
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


def state_for(rng: np.random.Generator, state: Any) -> Any:
    """A state for the generator; StateError if it is none of its own kind.

    NumPy takes some numbers unseen: a place in a buffer, from which it reads even if that lies outside.
    """
    name = kind(rng)
    fresh = type(rng.bit_generator)()
    try:
        fresh.state = state
        there = fresh.state
        whole = _alike(state, there) and all(0 <= place <= most for place, most in _places(there))
    except Exception:                                # whatever NumPy meets in what is no state
        whole = False
    if not whole:
        raise StateError(f"the state of a random generator is none of {name}")
    return there


def restore(rng: np.random.Generator, state: Any) -> None:
    """Set a generator to a state that has been checked."""
    rng.bit_generator.state = state


def _alike(state: Any, there: Any) -> bool:
    """Whether a state that was given is the one that came of it, of the same kinds: nothing was cut or cast."""
    if isinstance(there, dict):
        return isinstance(state, dict) and state.keys() == there.keys() \
            and all(_alike(state[key], there[key]) for key in there)
    if isinstance(there, np.ndarray):
        return isinstance(state, np.ndarray) and state.dtype == there.dtype and np.array_equal(state, there)
    return type(state) is type(there) and bool(state == there)


def _places(state: Mapping[str, Any]) -> list[tuple[int, int]]:
    """(place in a buffer, length of the buffer) in a state; (1, 1) where half a draw is left."""
    inner = state["state"]
    return [(inner.get("pos", 0), len(inner.get("key", ()))),
            (state.get("buffer_pos", 0), len(state.get("buffer", ()))), (state.get("has_uint32", 0), 1)]
