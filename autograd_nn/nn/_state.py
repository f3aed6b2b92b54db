"""The state of a module as plain arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import AutogradError, StateError, UsageError
from ..ops._refusal import shown_in_error

Array = np.ndarray[Any, Any]


def state_array(thing: Any) -> Array:
    """The array of a Tensor, a Value, or an object array of Values."""
    if isinstance(thing, np.ndarray):
        return np.array([v.data for v in thing.flat], dtype=np.float64).reshape(thing.shape)
    return np.asarray(thing.data)


def load_arrays(own: Mapping[str, Any], state: Mapping[str, Any], strict: bool, complaint: str) -> None:
    """Give each thing in `own` the array of its name in `state`. If one does not fit: StateError, and none changes."""
    if not isinstance(state, Mapping):
        raise UsageError(f"a state is a dict of arrays, as state_dict() gives it, not {shown_in_error(state)}")
    arrays = {name: _array(name, a) for name, a in state.items() if name in own}
    problems = [f"missing     {name}" for name in own if strict and name not in state]
    problems += [f"unexpected  {name}" for name in state if strict and name not in own]
    for name, array in arrays.items():
        if array.shape != own[name].shape:
            problems.append(f"shape       {name}: {array.shape} in the state, {own[name].shape} in the model")
        elif array.dtype.kind not in "biuf":
            problems.append(f"dtype       {name}: {array.dtype} in the state, which is no real number")
    if problems:
        raise StateError("\n  ".join([complaint, *problems]))
    for name, array in arrays.items():
        _assign(own[name], array)


def _array(name: str, x: Any) -> Array:
    try:
        return np.asarray(x)
    except (AutogradError, ValueError, TypeError) as error:
        raise StateError(f"{name} must be an array, not {shown_in_error(x)} ({error})") from None


def _assign(thing: Any, array: Array) -> None:
    if isinstance(thing, np.ndarray):
        for v, number in zip(thing.flat, array.flat):
            v.data = number
    else:
        thing.data = array
