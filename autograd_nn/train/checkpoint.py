"""Checkpoints: any nest of arrays and plain things in one file, whole or not at all.

The arrays go into a safetensors file, all else as JSON into its header. No pickle: reading a
checkpoint runs nothing. One file and not two, because only one can be replaced at one moment.
"""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from ..errors import StateError, UsageError
from ..nn import _files

Array = np.ndarray[Any, Any]
FORMAT = "autograd_nn checkpoint 1"
ARRAY = "$array"            # {"$array": "model.weight"} stands for the array of that name


def save_checkpoint(path: str | os.PathLike[str], state: Any) -> None:
    """Write a nest of dicts (with text as keys), lists, numbers, texts, None and arrays to one file.

    The file is written beside its place, flushed to the disk, and renamed: whoever reads it, and
    whatever is killed when, finds the old one or the whole new one. Tuples come back as lists, NumPy
    numbers as arrays (). Raises UsageError for other things, for a nest more than 90 deep and for a path that
    is a link, a folder or a device, OSError where the file cannot be written.

    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "run.checkpoint")
    ...     save_checkpoint(path, {"epoch": 3, "weights": [np.eye(2), None]})
    ...     load_checkpoint(path)
    {'epoch': 3, 'weights': [array([[1., 0.],
           [0., 1.]]), None]}
    """
    arrays: dict[str, Array] = {}
    plain = _taken_apart(state, "", arrays, 90)
    try:
        text = json.dumps({"format": FORMAT, "state": plain})
    except ValueError as error:                      # an integer of more digits than Python writes
        raise UsageError(f"save_checkpoint: {error}") from None
    _files.write(path, arrays, text)


def load_checkpoint(path: str | os.PathLike[str]) -> Any:
    """What save_checkpoint wrote.

    Raises FileNotFoundError where there is none, StateError for a file that is truncated, changed,
    or was not written by save_checkpoint.
    """
    arrays, text = _files.read(path)
    try:
        said = _files.parsed(text) if text else None
    except ValueError:
        said = None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise StateError(f"load_checkpoint: {os.fspath(path)} holds arrays and is no checkpoint\n"
                         "  help: the weights that model.save() wrote are read by model.load()")
    try:
        state = _put_together(said["state"], arrays)
        whole = not arrays
    except (KeyError, TypeError):                    # an array is not there, or no name, or stands in two places
        whole = False
    if not whole:
        raise StateError(f"load_checkpoint: {os.fspath(path)} is damaged (its arrays are not those that it names)")
    return state


def _taken_apart(thing: Any, name: str, arrays: dict[str, Array], depth: int) -> Any:
    """The nest with names in the place of arrays, which go into `arrays`; `depth` nests may still follow."""
    if isinstance(thing, (np.ndarray, np.generic)):
        if thing.dtype.kind not in "biuf":
            raise UsageError(f"save_checkpoint: {name or 'the state'} is an array of {thing.dtype}, not of numbers")
        # A number before it, since two paths may read alike, {"a/b": 1} and {"a": {"b": 1}}; UTF-8 has no surrogates.
        unique = f"{len(arrays)}{name.encode('ascii', 'backslashreplace').decode()}"
        arrays[unique] = np.asarray(thing)
        return {ARRAY: unique}
    if isinstance(thing, (dict, list, tuple)) and not depth:
        raise UsageError(f"save_checkpoint: the state is nested deeper than {name:.40}...\n"
                         "  help: does a list or dict contain itself?")
    if isinstance(thing, dict):
        if not all(isinstance(key, str) and key != ARRAY for key in thing):
            raise UsageError(f"save_checkpoint: the keys of {name or 'the state'} are texts, "
                             f"not {', '.join(map(repr, thing)):.80}")
        return {key: _taken_apart(part, f"{name}/{key}", arrays, depth - 1) for key, part in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [_taken_apart(part, f"{name}/{i}", arrays, depth - 1) for i, part in enumerate(thing)]
    if thing is None or isinstance(thing, (bool, int, float, str)):
        return thing
    raise UsageError(f"save_checkpoint: {name or 'the state'} is a {type(thing).__name__}\n"
                     "  help: it takes dicts, lists, numbers, texts, None and arrays; an object gives its state_dict()")


def _put_together(thing: Any, arrays: dict[str, Array]) -> Any:
    """The nest with its arrays, each taken out of `arrays`."""
    if isinstance(thing, dict):
        if thing.keys() == {ARRAY}:
            return arrays.pop(thing[ARRAY])
        return {key: _put_together(part, arrays) for key, part in thing.items()}
    return [_put_together(part, arrays) for part in thing] if isinstance(thing, list) else thing
