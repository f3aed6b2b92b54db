"""Arrays by name, in a safetensors file."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DTypeError, StateError

Array = np.ndarray[Any, Any]


def write(path: str | os.PathLike[str], arrays: Mapping[str, Array]) -> None:
    """Write a file that is at every moment either the old one or the whole new one."""
    from safetensors.numpy import save
    for name, array in arrays.items():
        if array.dtype.itemsize > 8:
            raise DTypeError(f"save: {name} is {array.dtype}, which a safetensors file cannot hold\n"
                             "  help: model.astype(np.float64)")
    # In C order: safetensors writes the memory of a transposed array as if it were in C order.
    content = save({name: np.array(a, dtype=a.dtype.newbyteorder("="), order="C") for name, a in arrays.items()})
    target = Path(path).resolve()
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder to save in", str(target.parent))
    draft = target.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        with open(draft, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def read(path: str | os.PathLike[str]) -> dict[str, Array]:
    """The arrays of a file; StateError, in one line, if it is damaged or of another format."""
    from safetensors.numpy import load
    content = Path(path).read_bytes()
    try:
        return dict(load(content))
    except Exception as error:                       # whatever the parser finds in foreign bytes
        what = " ".join(str(error).split())
        raise StateError(f"load: {os.fspath(path)} is damaged, or is no safetensors file ({what})") from None
