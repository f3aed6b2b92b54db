"""Arrays by name, and a text, in a safetensors file with a checksum."""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DTypeError, StateError

Array = np.ndarray[Any, Any]


def write(path: str | os.PathLike[str], arrays: Mapping[str, Array], text: str = "") -> None:
    """Write a file that is at every moment either the old one or the whole new one."""
    from safetensors.numpy import save
    for name, array in arrays.items():
        if array.dtype.itemsize > 8:
            raise DTypeError(f"save: {name} is {array.dtype}, which a safetensors file cannot hold\n"
                             "  help: model.astype(np.float64)")
    # In C order: safetensors writes the memory of a transposed array as if it were in C order.
    ordered = {name: np.array(a, dtype=a.dtype.newbyteorder("="), order="C") for name, a in arrays.items()}
    said = json.dumps({"sha256": _checksum(ordered, text), "text": text})      # one entry: several come in any order
    content = save(ordered, metadata={"autograd_nn": said})
    target = Path(path).resolve()
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder to save in", str(target.parent))
    draft = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
    try:
        with open(draft, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def forget_drafts(path: str | os.PathLike[str]) -> None:
    """Remove what a process that was killed within write() has left beside the file."""
    target = Path(path).resolve()
    for draft in target.parent.glob(f".{glob.escape(target.name)}.{'[0-9a-f]' * 32}.tmp"):
        draft.unlink(missing_ok=True)


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Array], str | None]:
    """The arrays of a file, and its text, None if write() did not write it.

    StateError, in one line, if it is damaged or of another format.
    """
    from safetensors.numpy import load
    content = Path(path).read_bytes()
    try:
        arrays = dict(load(content))
        header = json.loads(content[8:8 + int.from_bytes(content[:8], "little")])
        said = json.loads((header.get("__metadata__") or {}).get("autograd_nn", "{}"))
        checksum, text = (said["sha256"], str(said["text"])) if said else (None, "")
    except Exception as error:                       # whatever the parser finds in foreign bytes
        what = " ".join(str(error).split())
        raise StateError(f"load: {os.fspath(path)} is damaged, or is no safetensors file ({what})") from None
    if checksum is None:
        return arrays, None
    if checksum != _checksum(arrays, text):
        raise StateError(f"load: {os.fspath(path)} is damaged (its checksum does not fit what it holds)")
    return arrays, text


def _checksum(arrays: Mapping[str, Array], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype} {array.shape} ".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
