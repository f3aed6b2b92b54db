"""A function of many lanes that runs in one after the other, and what else goes by lanes: checks, random numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..errors import ShapeError
from ..ops import shape_of
from ..ops._arguments import data_of
from ..ops._carriers import is_traced
from .batched import Batched, batch, each_its_own
from .complex import Complex
from .lane_level import LaneLevel, still_runs
from .variables import active


def each_lane(asked: Batched, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """function(*args, **kwargs) in each lane that `asked` has: the results, which may be nests, of all lanes."""
    still_runs(asked.level)
    if not asked.level.size:
        asked._ask("the shape of a result", "of no lanes at all this function cannot tell it")
    if active.nodes is not asked.level.around:
        args, kwargs = apart(args, asked.level), apart(kwargs, asked.level)
    found = [function(*lane_of(args, asked.level, i), **lane_of(kwargs, asked.level, i))
             for i in range(asked.level.size)]
    return _stacked(found, asked.level)


def all_lanes(x: Any) -> Any:
    """The numbers of all lanes in one plain array: for checks that each lane has to pass."""
    while isinstance(x, Batched):
        x = x._below
    return data_of(x)


def drawn_for_each(draw: Callable[[tuple[int, ...]], Any], shape: tuple[int, ...], beside: Any) -> Any:
    """Random numbers draw(shape): for each lane its own, where there are lanes in what they stand beside."""
    if not isinstance(beside, Batched):
        return draw(shape)
    still_runs(beside.level)
    return Batched(drawn_for_each(draw, (beside.level.size, *shape), beside._below), beside.level)


def lane_of(x: Any, level: LaneLevel, i: int) -> Any:
    """Nested arguments as lane i has them."""
    return _replaced(x, lambda one: one if not isinstance(one, Batched) else one._below[i] if one.level is level
                     else Batched(lane_of(one._below, level, i), one.level))


def apart(x: Any, level: LaneLevel) -> Any:
    """Nested arguments in which each lane has its own of the nodes that all share."""
    def own(one: Any) -> Any:
        return batch(each_its_own(one, level), level) if is_traced(one) and not _is_of(one, level) else one
    return _replaced(x, own)


def _is_of(x: Any, level: LaneLevel) -> bool:
    while isinstance(x, Batched) and x.level is not level:
        x = x._below
    return isinstance(x, Batched)


def _replaced(x: Any, new: Callable[[Any], Any]) -> Any:
    """Nested arguments with something else in the place of each."""
    if type(x) in (tuple, list):
        return type(x)(_replaced(part, new) for part in x)
    if type(x) is dict:
        return {key: _replaced(part, new) for key, part in x.items()}
    return Complex(_replaced(x.real, new), _replaced(x.imag, new)) if isinstance(x, Complex) else new(x)


def _stacked(found: list[Any], level: LaneLevel) -> Any:
    """What the lanes gave, as one."""
    first = found[0]
    if isinstance(first, (tuple, list)):
        parts = [_stacked(list(part), level) for part in zip(*found, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    if isinstance(first, Complex):
        return Complex(_stacked([x.real for x in found], level), _stacked([x.imag for x in found], level))
    if first is None or isinstance(first, str):
        return first
    if len({shape_of(x) for x in found}) > 1:
        raise ShapeError(f"vmap: a result has shape {shape_of(first)} in one lane and "
                         f"{next(shape_of(x) for x in found if shape_of(x) != shape_of(first))} in another, "
                         "and all lanes have one shape")
    if all(isinstance(x, (np.ndarray, np.generic, int, float, complex)) for x in found):
        return batch(np.stack(found), level)
    return batch(ops.stack(found), level)
