"""The parameters of an optimizer: leaves, each once, in one group or in several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..core.node import Node
from ..core.variables import was_made
from ..errors import UsageError
from ..ops import shape_of
from ..ops._refusal import shown_in_error

Group = dict[str, Any]


def groups_of(params: Any) -> list[Group]:
    """Parameters, or a list of dicts {"params": parameters, name: number, ...}, as such a list."""
    if isinstance(params, Node):
        raise UsageError("an optimizer takes a list of parameters\n  help: [p] for a single one")
    if isinstance(params, Mapping) or not isinstance(params, Iterable):
        raise UsageError(f"an optimizer takes parameters, not a {type(params).__name__}\n"
                         "  help: model.parameters(), or a list of groups [{'params': ..., 'lr': ...}, ...]")
    found = list(params)
    if not any(isinstance(part, Mapping) for part in found):
        return [{"params": found}]
    for i, part in enumerate(found):
        if not isinstance(part, Mapping) or "params" not in part:
            raise UsageError(f"group {i} of the parameters is no dict with 'params': {shown_in_error(part)}\n"
                             "  help: [{'params': layer.parameters(), 'lr': 0.1}, ...]")
    return [dict(part) for part in found]


def group_leaves(params: Any, seen: dict[int, Any]) -> list[Any]:
    """The parameters of one group as a list, each a leaf, and none that was seen before (by id)."""
    if isinstance(params, Node):
        raise UsageError("an optimizer takes a list of parameters\n  help: [p] for a single one")
    if not isinstance(params, Iterable):
        raise UsageError(f"an optimizer takes parameters, not a {type(params).__name__}\n  help: model.parameters()")
    found = list(params)
    if not found:
        raise UsageError("an optimizer needs at least one parameter in each group, and there are none\n"
                         "  help: a generator such as model.parameters() can be used only once")
    for p in found:
        i = len(seen)
        if not isinstance(p, Node):
            raise UsageError(f"parameter {i} is a {type(p).__name__}; an optimizer changes Tensors and Values\n"
                             "  help: model.parameters(), not named_parameters(); array.flat for an array of Values")
        if was_made(p):
            raise UsageError(f"parameter {i} of shape {shape_of(p)} was computed by {p.op.name if p.op else 'an op'}, "
                             "so changing it would change nothing\n  help: give the leaves that it was computed from")
        if id(p) in seen:
            raise UsageError(f"parameter {i} ({p.name or f'of shape {shape_of(p)}'}) comes twice, "
                             "and would be changed twice in a step")
        seen[id(p)] = p
    return found
