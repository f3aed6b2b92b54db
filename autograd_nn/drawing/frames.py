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
from ..ops import Op, shape_of
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


def users_frames(base: FrameType | None) -> tuple[list[FrameType], Any]:
    """The program's frames, innermost first, up to `base`; and the roots of a backward pass that is running."""
    found: list[FrameType] = []
    swept = None
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        if _is_users(code):
            found.append(frame)
        elif code.co_name == "_sweep_nodes" and code.co_filename.startswith(_PACKAGE) and swept is None:
            swept = frame.f_locals["seeds"]
            found.clear()                            # a rule of the user's is not the line that is looked for
        if frame is base:
            break
        frame = frame.f_back
    return found, swept


def source_at(file: str, line: int) -> Source:
    return {"file": os.path.basename(file), "line": line, "text": linecache.getline(file, line).strip()}


def failure_of(error: Exception, traceback: TracebackType | None) -> Failure:
    """The op that raised, as the frames of the traceback show it."""
    source: Source | None = None
    op: str | None = None
    given: tuple[Any, ...] = ()
    while traceback is not None:
        frame, line = traceback.tb_frame, traceback.tb_lineno
        if _is_users(frame.f_code):
            source, op, given = source_at(frame.f_code.co_filename, line), None, ()
        elif frame.f_code.co_filename.startswith(_PACKAGE):
            names = frame.f_locals
            if isinstance(names.get("op"), Op):
                op = names["op"].name
                given = next((names[k] for k in ("inputs", "args") if isinstance(names.get(k), tuple)),
                             tuple(names[k] for k in ("self", "left", "right", "other") if k in names)) or given
            elif op is None:                         # refused before any op was reached, as by a layer
                given = tuple(x for k, x in names.items() if isinstance(x, (Node, np.ndarray)) and k != "self") or given
        traceback = traceback.tb_next
    given = tuple(x for x in given if isinstance(x, (Node, np.ndarray, np.generic, int, float)))[:LONGEST]
    return Failure(op, str(error), [[*shape_of(x)] for x in given], source,
                   [x if isinstance(x, Node) else None for x in given])
