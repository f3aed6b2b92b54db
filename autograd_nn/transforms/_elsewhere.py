"""What depends on a node from elsewhere: a variable of a transform that runs around, a Value or Tensor of the user.

Such a result of a transform has to be a node, so that no dependence is lost. What an earlier transform made, which has
run, is a constant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from typing import Any

from ..core.below import ends_below, walk
from ..core.modes import mode
from ..core.node import Node, walked
from ..core.times import is_older
from ..core.variables import become_constant, dependent_during, has_ended, known_dependent, note_dependent
from ._forgotten import NOWHERE, forgotten, refuse_forgotten
from .dual import nodes_in


def ends_of(roots: list[Node], until: Set[Node], since: int) -> list[Node]:
    """`ends_below`, and a GraphError where something below was made inside a checkpoint that is over."""
    ends = ends_below(roots, until, since)
    if not NOWHERE.isdisjoint(ends):
        for node in walk(roots, until, since):
            refuse_forgotten(node)
    return ends


def depending(results: Iterable[Any], until: Set[Node], is_from_elsewhere: Callable[[Node], bool],
              since: int) -> set[Node]:
    """The nodes in results, and below them, that depend on a node from elsewhere.

    The walk ends at `until` and at what was made before the time `since`: `is_from_elsewhere` is asked of these.
    """
    found = set[Node]()
    for node in walk(nodes_in(results), until, since):
        if node.op is forgotten:
            refuse_forgotten(node)
        if is_from_elsewhere(node) if node.op is None or node in until or is_older(node, since) else \
                any(isinstance(x, Node) and x in found for x in node.inputs):
            found.add(node)
    return found


def depends_on_elsewhere(end: Node) -> bool:
    """Whether a node that no transform has made which asks depends on a node from elsewhere.

    A node that does is kept in mind for as long as that is so, and the next walk ends there. One that was made of
    nothing but variables of transforms that have ended forgets its history: a function may keep it and use it in its
    next run, where it is a constant, and would hold all earlier runs. So no history is walked through twice.
    """
    if end.op is None:
        return dependent_during(end) is not None
    calls = dict[Node, int]()                            # while which they do: the first to begin
    fading, ended = set[Node](), set[Node]()
    for node in walked([end], lambda node: known_dependent(node) is not None):
        known = known_dependent(node)
        inputs = [x for x in node.inputs if isinstance(x, Node)]
        if known is not None:
            calls[node] = known
        elif node.op is None:
            if (call := dependent_during(node)) is not None:
                calls[node] = call
            elif has_ended(node):
                ended.add(node)
        elif any(x in calls for x in inputs):
            calls[node] = min(calls[x] for x in inputs if x in calls)
            if node.op is forgotten or any(x in fading for x in inputs):
                fading.add(node)                         # it is to be refused, once its checkpoint is over
                refuse_forgotten(node)
            else:
                note_dependent(node, calls[node])
        elif mode.note is None and all(x in ended for x in inputs):
            ended.add(node)
            become_constant(node)                        # of a program that is recorded nothing is forgotten
    return end in calls
