"""Modes: what happens when an op makes a node. They are thread-local, and free while none is on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from ..errors import NonFiniteError
from ..ops import Op
from .node import Node, data_of
from .variables import ENDED, active


class _Mode(threading.local):
    recording: bool | None = True                    # False: no_grad(); None: a checkpoint runs, to be run again later
    watch: Callable[[Op, tuple[Any, ...], Any], None] | None = None
    make: Any = None                                 # of a checkpoint: makes each node in record's place
    note: Callable[[Node], object] | None = None     # of a recording: is told of each node that an op makes
    call: Callable[[Any, tuple[Any, ...], dict[str, Any]], Any] | None = None   # and calls each module
    sweep: Callable[[Mapping[Node, Any]], AbstractContextManager[None]] | None = None   # and surrounds each backward
    #                                                pass that makes nodes, from these seeds


mode = _Mode()
_lock = threading.RLock()
special = 0
"""How many special modes are on, in all threads: while 0, no op looks at `mode`."""
_not_in_c = 0
"""How many of them only Python serves: all but those that just say whether ops record."""
_told: list[Callable[[int, _Mode], object]] = []
"""What to call whenever these change: one function for each engine in C."""


def _tell(tell: Callable[[int, _Mode], object]) -> None:
    tell(2 if _not_in_c else 1 if special else 0, mode)


def _count_special(change: int, in_c: bool) -> None:
    global special, _not_in_c
    with _lock:
        special += change
        _not_in_c += 0 if in_c else change
        for tell in _told:
            _tell(tell)


def tell_modes(tell: Callable[[int, _Mode], object]) -> None:
    """Tell an engine which modes are on, now (a module may be imported while one is) and at each change.

    It hears 0 while there is none, 1 while there is none but no_grad(), which `mode.recording` tells, and else 2.
    """
    with _lock:
        _told.append(tell)
        _tell(tell)


@contextmanager
def special_mode(**settings: Any) -> Iterator[None]:
    """A context in which these modes of this thread are set, whatever was set before."""
    before = {name: getattr(mode, name) for name in settings}
    # While a transform runs, Python makes the leaves: they are constants for it, which C does not know.
    in_c = settings.keys() <= {"recording"} and not active.calls
    _count_special(1, in_c)
    try:
        for name, setting in settings.items():
            setattr(mode, name, setting)
        yield
    finally:
        for name, setting in before.items():
            setattr(mode, name, setting)
        _count_special(-1, in_c)


def no_grad() -> Any:
    """A context in which ops record nothing, in this thread: their results are leaves.

    >>> from autograd_nn import Value
    >>> x = Value(2.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.is_leaf
    True
    """
    return special_mode(recording=False)


def check_finite() -> Any:
    """A context in which the first op that makes a nan or an inf raises a NonFiniteError.

    The message names the op, its inputs and the line of the program.

    >>> from autograd_nn import Value
    >>> with check_finite():
    ...     Value(0.0).log()                             # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    autograd_nn.errors.NonFiniteError: log gave -inf...
    """
    return special_mode(watch=_refuse_nonfinite)


def _refuse_nonfinite(op: Op, inputs: tuple[Any, ...], data: Any) -> None:
    if np.all(np.isfinite(data)):
        return
    if isinstance(data, float):
        what = repr(data)
    else:
        what = f"{int(np.isnan(data).sum())} nan and {int(np.isinf(data).sum())} inf of {np.size(data)} elements"
    lines = [f"{op.name} gave {what}, at {_caller()}"]
    for i, x in enumerate(inputs):
        d = data_of(x)
        shown = f"{d!r}" if np.ndim(d) == 0 else f"array {np.shape(d)}, from {np.min(d):g} to {np.max(d):g}"
        lines.append(f"  input {i}  {getattr(x, 'name', None) or ''} {shown}".replace("   ", "  "))
    raise NonFiniteError("\n".join(lines))


def _caller() -> str:
    """The innermost line of the program that is not in this package."""
    frame = sys._getframe(1)
    here = __name__.partition(".")[0]
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in (here, "contextlib"):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}, line {frame.f_lineno}"


def unrecorded(kind: type[Node], data: Any) -> Any:
    """What an op makes under no_grad(): a leaf, and for the transforms that run around it a constant."""
    node = kind._lift(data)
    if active.calls:
        node._call = ENDED
    return node


def record(kind: type[Node], data: Any, op: Op, inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """The node that an op makes, with regard to the modes that are on; of constants alone it makes a constant."""
    if special and mode.watch is not None:
        mode.watch(op, inputs, data)
    if not any(isinstance(x, Node) for x in inputs):
        return kind._constant(data)
    if special:
        if mode.make is not None:
            return mode.make(kind, data, op, inputs, params)
        if not mode.recording:
            return unrecorded(kind, data)
        if mode.note is not None:
            node = kind._made(data, op, inputs, params)
            mode.note(node)
            return node
    return kind._made(data, op, inputs, params)
