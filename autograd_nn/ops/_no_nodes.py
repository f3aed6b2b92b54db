"""Arguments that say how a function computes: an axis, a shape, an index, a mode. No node of a graph may be one.

A node there would lose its gradient without a word. NumPy's function would even call the function of this package
for it, which asks NumPy again.
"""

from __future__ import annotations

from inspect import Parameter, signature
from typing import Any

import numpy as np

from ..errors import UsageError
from ._carriers import BATCHED, CARRIERS

OPTIONS = frozenset({int, bool, float, str, type(None), type, slice, np.dtype, np.int64, np.bool_})
"""Types of options as they mostly are, of which nothing has to be asked."""

# Arguments are options if their type in the signature says so, or their name.
KINDS = frozenset({"int", "bool", "str", "int | None", "bool | None", "str | None"})
NAMES = frozenset("""axis axes keepdims obj shape new_shape order kind stable mode dtype casting side sorter norm
    kth ord s pad_width indices_or_sections kernel_size stride padding output_padding dilation output_size""".split())


def refuse_nodes(name: str, option: Any) -> bool:
    """Raise LeavesGraphError if there is a node in an option of the function of this name.

    An option may differ from lane to lane of a vmap. The answer is whether this one does.
    """
    own = False
    if option.dtype != object if type(option) is np.ndarray else \
            type(option) in (tuple, list) and OPTIONS.issuperset(map(type, option)):
        return own
    from ._arguments import no_option
    nests = [option]
    for _ in range(64):                              # NumPy's arrays have no more axes
        # A rule is printed with symbols in the place of its options.
        ranks = [CARRIERS[type(x)].rank for x in nests]
        no_option(name, *(x for x, rank in zip(nests, ranks) if rank < BATCHED))
        own = own or BATCHED in ranks
        nests = list({id(part): part for nest in nests for part in _parts(nest)}.values())
        if not nests:
            return own
    raise UsageError(f"{name}: an option is nested more than 64 deep\n  help: does a list contain itself?")


def _parts(option: Any) -> Any:
    """What may be a node, or hold one, in a list or an array of options."""
    if isinstance(option, (list, tuple)):
        return [part for part in option if type(part) not in OPTIONS]
    return option.ravel().tolist() if isinstance(option, np.ndarray) and option.dtype == object else []


def options_of(call: Any) -> list[tuple[str, int]]:
    """(name, place among the arguments) of each option of a function; one by name alone has a place beyond all."""
    return [(key, i if p.kind is not Parameter.KEYWORD_ONLY else 1 << 30)
            for i, (key, p) in enumerate(signature(call).parameters.items())
            if p.annotation in KINDS or (key in NAMES and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD))]


def check_options(name: str, options: list[tuple[str, int]], args: tuple[Any, ...], params: dict[str, Any]) -> None:
    """Raise LeavesGraphError if one of these options is or holds a node in a call of the function of this name."""
    for key, place in options:
        option = args[place] if place < len(args) else params.get(key)
        if type(option) not in OPTIONS:
            refuse_nodes(name, option)
