"""The state of a module as plain arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import StateError

Array = np.ndarray[Any, Any]
MOST = 50                       # problems that an error lists


def state_array(thing: Any) -> Array:
    """The array of a Tensor, a Value, or an object array of Values."""
    if isinstance(thing, np.ndarray):
        return np.array([v.data for v in thing.flat], dtype=np.float64).reshape(thing.shape)
    return np.asarray(thing.data)


def load_arrays(own: Mapping[str, Any], state: Mapping[str, Any], strict: bool, complaint: str) -> None:
    """Give each thing in `own` the array of its name in `state`. If one does not fit: StateError, and none changes."""
    for name, array in fitting(own, state, strict, complaint).items():
        _assign(own[name], array)


def fitting(own: Mapping[str, Any], state: Any, strict: bool, complaint: str) -> dict[str, Array]:
    """The arrays of `state` that `own` takes, each in its dtype there; StateError if one does not fit."""
    if not isinstance(state, Mapping):
        raise StateError(f"{complaint}\n  it is a {type(state).__name__}, and no dict of arrays by name")
    problems = [f"missing     {name}" for name in own if strict and name not in state]
    problems += [f"unexpected  {name!s:.80}" for name in state if strict and name not in own]
    arrays = {}
    for name, thing in own.items():
        if name in state:
            try:
                arrays[name] = _cast(state[name], thing)
            except _Misfit as misfit:
                problems.append(f"{misfit.args[0]:<12}{name}: {misfit.args[1]}")
    if problems:
        more = [f"and {len(problems) - MOST} more"] if len(problems) > MOST else []
        raise StateError("\n  ".join([complaint, *problems[:MOST], *more]))
    return arrays


class _Misfit(Exception):
    """What of an array does not fit, and how."""


def _cast(given: Any, thing: Any) -> Array:
    """An array of the state in the dtype of the thing that takes it."""
    try:
        array = np.asarray(given)
    except Exception as error:                       # whatever stands there: a ragged list, a Tensor, an object
        raise _Misfit("dtype", f"{type(given).__name__} in the state, which is no array ({error})") from None
    if array.shape != thing.shape:
        raise _Misfit("shape", f"{array.shape} in the state, {thing.shape} in the model")
    if array.dtype.kind not in "biuf":
        raise _Misfit("dtype", f"{array.dtype} in the state, which is no real number")
    dtype = np.dtype(float) if isinstance(thing, np.ndarray) else np.asarray(thing.data).dtype
    if not np.can_cast(array.dtype, dtype, "same_kind"):
        raise _Misfit("dtype", f"{array.dtype} in the state, {dtype} in the model")
    with np.errstate(over="ignore"):
        cast = array.astype(dtype)
    if dtype.kind == "f" and (np.isinf(cast) & ~np.isinf(array)).any():
        raise _Misfit("size", f"numbers in the state that {dtype} cannot hold")
    return cast


def _assign(thing: Any, array: Array) -> None:
    if isinstance(thing, np.ndarray):
        for v, number in zip(thing.flat, array.flat):
            v.data = number
    else:
        thing.data = array
