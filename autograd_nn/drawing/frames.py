"""The stack: which of its frames are the program's, which line each is at, and which op raised."""

from __future__ import annotations

import linecache
import os
import sys
import sysconfig
from functools import lru_cache
from types import CodeType, FrameType, TracebackType
from typing import Any

import numpy as np

from ..core.node import Node
from ..errors import culprit_of
from ..ops import shape_of
from .record.notes import Failure, Source

LONGEST = 1000
"""Of the inputs of an op that raised so many are noted."""

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_OTHERS = (os.path.dirname(os.path.abspath(np.__file__)) + os.sep, sysconfig.get_paths()["stdlib"] + os.sep)


@lru_cache(maxsize=4096)
def _is_users(code: CodeType) -> bool:
    """Whether code is of the program: not of this package, of NumPy, or of Python's library."""
    file = code.co_filename
    if file.startswith((_PACKAGE, "<frozen")):
        return False
    return ("site-packages" in file and not file.startswith(_OTHERS[0])) or not file.startswith(_OTHERS)


def users_frames(base: FrameType | None) -> list[FrameType]:
    """The program's frames, innermost first, up to `base`."""
    found: list[FrameType] = []
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if _is_users(frame.f_code):
            found.append(frame)
        if frame is base:
            break
        frame = frame.f_back
    return found


def source_at(file: str, line: int) -> Source:
    return {"file": os.path.basename(file), "line": line, "text": linecache.getline(file, line).strip()}


def failure_of(error: Exception, traceback: TracebackType | None) -> Failure:
    """The op that raised, which the exception knows; and the innermost line of the program."""
    source: Source | None = None
    refused: tuple[Any, ...] = ()
    while traceback is not None:
        frame, line = traceback.tb_frame, traceback.tb_lineno
        if _is_users(frame.f_code):
            source, refused = source_at(frame.f_code.co_filename, line), ()
        elif frame.f_code.co_filename.startswith(_PACKAGE):
            refused = tuple(x for x in _arguments(frame) if isinstance(x, (Node, np.ndarray))) or refused
        traceback = traceback.tb_next
    culprit = culprit_of(error)
    given = refused if culprit is None else culprit.inputs       # without an op a function refused, as of a layer
    given = tuple(x for x in given if isinstance(x, (Node, np.ndarray, np.generic, int, float)))[:LONGEST]
    return Failure(None if culprit is None else culprit.op.name, str(error), [[*shape_of(x)] for x in given], source,
                   [x if isinstance(x, Node) else None for x in given])


def _arguments(frame: FrameType) -> list[Any]:
    """What the function that runs in a frame was given by position."""
    code, values = frame.f_code, frame.f_locals
    return [values[name] for name in code.co_varnames[:code.co_argcount] if name in values]
