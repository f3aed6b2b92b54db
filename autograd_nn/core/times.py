"""The time: which node is older than what.

**Data that were assigned after an op had used them**, as an optimizer does between two backward passes.
The rules of an op on arrays see the arrays that the op saw. Those on Values read the numbers when a backward pass
comes by. So there is a time, which is how many numbers have been assigned: each Value that an op made knows when it was
made, and each leaf when its number was last assigned. Where that was later, the derivative can no longer be computed.
The engine in C counts by itself.

**Calls of transforms.** A call of `grad` and its like makes variables, and nothing that was made before it can depend
on them. So each call begins at a moment of its own (`begin`), and its walks end where they meet a node that is older:
what it costs does not grow with the history of what its function uses.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from ..errors import GraphError
from ..ops._frozen import original
from .node import Node

now = 1
engines: list[Callable[[int], int]] = []
"""`begin` of each engine in C: it takes the time from which on it is to count, and gives one that is later for it."""
_lock = threading.RLock()        # a finalizer may run between two lines here, and ask for the time


def tick() -> int:
    """The next moment."""
    global now
    with _lock:
        now += 1
        return now


def begin() -> int:
    """The moment at which a call of a transform begins.

    In any engine all nodes that ops made before have an earlier time, and all that they make from now on have this one
    or a later one.
    """
    global now
    with _lock:
        time = now + 1
        for engine in engines:
            time = engine(time)
        now = time = max(time, now)
        return time


def is_older(node: Node, time: int) -> bool:
    """Whether an op made the node before this time."""
    return node._op is not None and node._time < time    # type: ignore[attr-defined]


def check_unassigned(node: Node) -> None:
    """Raise GraphError where a rule of the op that made a node would read data that were assigned since."""
    x = assigned_since(node)
    if x is not None:
        raise GraphError(f"{node._op.name}: the data of {x.name or 'an input'} was assigned after the "   # type: ignore[union-attr]
                         "forward pass, and the derivative needs it as it was\n"
                         "  help: run the forward pass again; an optimizer's step() assigns data too. Of a state "
                         "that a loop carries from step to step, carry h.detach()")


def assigned_since(node: Node) -> Node | None:
    """An input whose data was assigned after the op of a node used it, if a rule reads it; None where there is none."""
    op: Any = node._op
    changed = changed_inputs(node) if op is not None else []
    nodes = [i for i, x in enumerate(node._inputs) if isinstance(x, Node)] if changed else []
    if not changed or op.is_linear_in(nodes):
        return None                                      # of such an op the rules read none of the nodes
    return changed[0]


def changed_inputs(node: Node) -> list[Node]:
    """The inputs whose data was assigned after the op of a node used it."""
    inputs, operands = node._inputs, getattr(node, "_operands", None)
    if operands is None:                                 # a Value; each engine has a clock of its own
        time, clock = node._time, type(node)._time       # type: ignore[attr-defined]
        return [x for x in inputs if getattr(type(x), "_time", None) is clock and x._time > time]
    return [x for x, before in zip(inputs, operands) if isinstance(x, Node) and not _same(x._data, before)]


def _same(data: Any, before: Any) -> bool:
    """Whether an input's data is what the op saw: the array itself, or for a Value the number."""
    if type(data) is float:
        return bool(data == before or (data != data and before != before))
    return data is before or original(data) is original(before)
