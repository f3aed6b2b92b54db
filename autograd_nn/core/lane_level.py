"""The lanes of one call of a vmap: how many there are, and whether it runs."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from ..errors import GraphError

_numbers = itertools.count(1)


class LaneLevel:
    """One call of a vmap: how many lanes it has, and whether it runs. Levels are numbered as they begin."""

    __slots__ = ("around", "number", "runs", "shares", "size")

    def __init__(self, size: int, around: Collection[Any] = ()) -> None:
        self.size, self.number, self.runs = size, next(_numbers), False
        self.shares = False                              # whether a node that all lanes share has a copy for each
        self.around = around                             # the variables of the transforms around it

    def __enter__(self) -> LaneLevel:
        self.runs = True
        _running.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.runs, self.around = False, ()
        _running.discard(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> LaneLevel:
        return self

    def __repr__(self) -> str:
        return f"<{self.size} lanes>"


_running: set[LaneLevel] = set()             # in all threads: f may use threads


def running_lanes() -> tuple[LaneLevel, ...]:
    """The levels of all vmaps that are running."""
    return tuple(_running)


def lanes_share() -> bool:
    """Whether a vmap is running in which a derivative may have a part from each lane."""
    return bool(_running) and any(level.shares for level in running_lanes())


@contextmanager
def in_lanes_of(levels: Iterable[LaneLevel]) -> Iterator[None]:
    """Inside, the vmaps of these levels are running, for what ran in them runs again."""
    with ExitStack() as stack:
        for level in levels:
            if not level.runs:
                stack.enter_context(level)
        yield


def still_runs(level: LaneLevel) -> LaneLevel:
    """The level, if it runs; a Batched that has left its vmap means nothing."""
    if not level.runs:
        raise GraphError("a Batched was used after its vmap was over: the function kept it, in a list or a global\n"
                         "  help: return it, and vmap stacks what the lanes have")
    return level
