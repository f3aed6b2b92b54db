"""Arrays by name, and a text, in a safetensors file with a checksum.

What a file says is not trusted because its checksum fits: anyone can write one. Sizes and depths have limits,
which stand here, and whoever takes the arrays over checks them all before it changes anything.
"""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
import re
import stat
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..core.options import file_path
from ..errors import DTypeError, StateError, UsageError
from ..ops._refusal import shown_in_error

Array = np.ndarray[Any, Any]
KEY = "autograd_nn"             # of the entry in the file's metadata with the checksum and the text
HEADER = 1 << 25                # bytes that a header may have: as objects of Python it takes thirty times as much
DEPTH = 100                     # nests in nests that a text may have: Python's parser is recursive
# A string in JSON, or the rest of the text where its end is missing; and how much deeper each character goes.
STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
STEPS = np.array([(chr(i) in "[{") - (chr(i) in "]}") for i in range(256)], np.int8)


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
    content = save(ordered, metadata={KEY: said})
    length = int.from_bytes(content[:8], "little")
    if length > HEADER:
        raise UsageError(f"save: all that is no array takes {length} bytes, and {HEADER} is the limit\n"
                         "  help: long lists of numbers as arrays")
    target = ready(path)
    draft = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
    try:
        with open(draft, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def ready(path: str | os.PathLike[str]) -> Path:
    """Where write() would put this file, if it may: a folder has to be there, and nothing in it but a plain file.

    A rename would put a plain file in the place of a link or a device, which somebody has put there on purpose.
    """
    path = file_path("save: path", path)
    target = Path(path).parent.resolve() / Path(path).name
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder to save in", str(target.parent))
    try:
        mode = os.lstat(target).st_mode
    except FileNotFoundError:
        return target
    if not stat.S_ISREG(mode):
        kinds = ((stat.S_ISLNK, "a link"), (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"))
        kind = next((name for holds, name in kinds if holds(mode)), "a device")
        raise UsageError(f"save: {os.fspath(path)} is {kind}, and saving would replace it by a file\n"
                         "  help: the path of a plain file, or of none yet"
                         + f", such as {target.resolve()}" * stat.S_ISLNK(mode))
    return target


def forget_drafts(path: str | os.PathLike[str]) -> None:
    """Remove what a process that was killed within write() has left beside the file; raises as ready() does."""
    target = ready(path)
    for draft in target.parent.glob(f".{glob.escape(target.name)}.{'[0-9a-f]' * 32}.tmp"):
        draft.unlink(missing_ok=True)


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Array], str | None]:
    """The arrays of a file, all of real numbers, and its text, None if write() did not write it.

    StateError, in one line, if it is damaged or of another format.
    """
    from safetensors.numpy import load
    content = Path(file_path("load: path", path)).read_bytes()
    try:
        length = int.from_bytes(content[:8], "little")
        if length > HEADER:
            raise ValueError(f"its header is to have {length} bytes, and {HEADER} is the limit")
        arrays = dict(load(content))
        said = _said(json.loads(content[8:8 + length]).get("__metadata__") or {})
    except Exception as error:                       # whatever the parser finds in foreign bytes
        what = " ".join(str(error).split())
        raise StateError(f"load: {os.fspath(path)} is damaged, or is no safetensors file ({what:.200})") from None
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf" or (array.dtype == bool and array.view(np.uint8).max(initial=0) > 1):
            raise StateError(f"load: {os.fspath(path)}: "
                             f"{shown_in_error(name)} is an array of {array.dtype}, not of real numbers")
    if said is None:
        return arrays, None
    checksum, text = said
    if checksum != _checksum(arrays, text):
        raise StateError(f"load: {os.fspath(path)} is damaged (its checksum does not fit what it holds)")
    return arrays, text


def _said(metadata: dict[str, str]) -> tuple[str, str] | None:
    """The checksum and the text that write() put into a file; None for a file of another program.

    An entry with a checksum under another name is ours as well: with a damaged name it would be no check.
    """
    if KEY not in metadata and not any("sha256" in entry for entry in metadata.values()):
        return None
    said = parsed(metadata[KEY])
    checksum, text = said["sha256"], said["text"]
    if said.keys() != {"sha256", "text"} or not isinstance(checksum, str) or not isinstance(text, str):
        raise ValueError("what it says of its checksum is malformed")
    return checksum, text


def parsed(text: str) -> Any:
    """The things in a JSON text; ValueError for one that is malformed or nested deeper than DEPTH."""
    depth = text.count("[") + text.count("{")        # at most, which is enough for most files
    if depth > DEPTH:
        outside_of_strings = STRING.sub("", text).encode("ascii", "replace")
        depth = np.cumsum(STEPS[np.frombuffer(outside_of_strings, np.uint8)], dtype=np.int32).max(initial=0)
    if depth > DEPTH:
        raise ValueError(f"its text is nested more than {DEPTH} deep")
    return json.loads(text)


def _checksum(arrays: Mapping[str, Array], text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype} {array.shape} ".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
