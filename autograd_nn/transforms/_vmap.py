"""vmap: a function of one example becomes one of many, which runs once for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import tree
from ..core.batched import Batched, batch, lanes_in_front
from ..core.complex import Complex
from ..core.lane_level import LaneLevel
from ..core.variables import active
from ..errors import ShapeError, UsageError
from ..ops import shape_of
from ..ops._carriers import is_traced
from ..ops._lanes import axis_moved
from ..ops._refusal import shown_in_error
from ..tree import Structure
from ..tree._containers import Copy, branch_of
from ._calculus import Function, check_function


def vmap(f: Function, in_axes: Any = 0, out_axes: Any = 0) -> Function:
    """The function that runs f on many examples at once: each in a lane of its own, and all in one pass.

    f         a function of one example; of any arguments and results, which may be nests
    in_axes   along which axis of an argument its examples lie: an integer, or None for an argument that
              all share. A list or tuple has one entry for each argument, and an entry may be a nest like
              its argument (or like the upper part of it). Arguments by keyword have theirs along axis 0.
              Of a Module these are the parameters that are not fixed; those that are fixed all lanes share
    out_axes  along which axis of a result the lanes are stacked; None for what is the same in all

    Within f an argument has the shape of one example, without that axis. Derivatives may be taken inside
    (`vmap(grad(loss), in_axes=(None, 0, 0))` has the gradient of each example) and outside, and vmaps
    nest. What f does with plain numbers it does once for all lanes, drawing random ones included; but
    dropout draws for each lane what it leaves out of it. Python's `if` cannot ask what differs from lane
    to lane: `where` chooses. Integers, booleans and their arrays are arguments like others. An op that
    has no form for many lanes runs in one after the other (see `lanes` in `ops.Op`).

    Raises UsageError where in_axes or out_axes do not fit what they describe, or nothing is mapped;
    ShapeError where arguments have different numbers of examples.

    >>> import numpy as np
    >>> dot = vmap(lambda x, y: np.sum(x * y), in_axes=(0, None))
    >>> dot(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 10.0]))
    array([21., 43.])
    """
    check_function("vmap", f)
    _check_axes("in_axes", in_axes)
    _check_axes("out_axes", out_axes)

    def of(*args: Any, **kwargs: Any) -> Any:
        parts = [_taken_apart(x) for x in (*args, *kwargs.values())]
        specs = [*_of_each("in_axes", in_axes, args), *[0] * len(kwargs)]
        names = [*(f"argument {i}" for i in range(len(args))), *kwargs]
        axes = [[_place(name, x, axis) for x, axis in zip(leaves, _spread("in_axes", spec, given))]
                for (leaves, _), spec, given, name in zip(parts, specs, (*args, *kwargs.values()), names)]
        level = LaneLevel(_size(names, [leaves for leaves, _ in parts], axes), active.nodes)
        copies = list[Copy]()
        with level:
            made = [given if all(axis is None for axis in places) else structure.rebuild(
                        [x if axis is None else batch(axis_moved(_as_array(x), axis, 0), level)
                         for x, axis in zip(leaves, places)], copies)
                    for (leaves, structure), places, given in zip(parts, axes, (*args, *kwargs.values()))]
            y = f(*made[:len(args)], **dict(zip(kwargs, made[len(args):])))
            for copy in copies:
                copy.carry_back(lambda left: [_shared(x, level) for x in left])
            leaves, structure = _taken_apart(y)
            taken = {id(x) for given, _ in parts for x in given}
            return structure.rebuild([_out(x, axis, level, taken)
                                      for x, axis in zip(leaves, _spread("out_axes", out_axes, y))])
    return of


def _check_axes(what: str, axes: Any) -> None:
    for axis in tree.flatten(axes, lambda x: branch_of(x) is None)[0]:
        if axis is not None and (isinstance(axis, bool) or not isinstance(axis, (int, np.integer))):
            raise UsageError(f"vmap: {what} are integers, None, or nests of these, and there is "
                             f"{shown_in_error(axis)}")


def _is_mapped_leaf(x: Any) -> bool:
    """Whether x is a number or an array, of whatever dtype, or is in a graph."""
    return is_traced(x) or isinstance(x, (int, float, complex, np.generic)) \
        or (isinstance(x, np.ndarray) and x.dtype != object)


def _taken_apart(x: Any) -> tuple[list[Any], Structure]:
    return tree.flatten(x, _is_mapped_leaf)


def _of_each(what: str, axes: Any, args: Sequence[Any]) -> list[Any]:
    """The entry of in_axes for each argument."""
    if not isinstance(axes, (list, tuple)):
        return [axes] * len(args)
    if len(axes) != len(args):
        raise UsageError(f"vmap: {what} has {len(axes)} entries, and the function was called with {len(args)} "
                         f"positional argument{'s' * (len(args) != 1)}")
    return list(axes)


def _spread(what: str, spec: Any, x: Any) -> list[Any]:
    """An axis for each leaf of x, from a nest like the upper part of x."""
    axes, stack = [], [(spec, x)]
    while stack:
        spec, x = stack.pop()
        if spec is None or isinstance(spec, (int, np.integer)):
            axes += [spec] * len(_taken_apart(x)[0])
            continue
        branch = branch_of(x)
        parts = None if branch is None else branch.parts_of(spec)
        if branch is None or parts is None:
            like = shown_in_error(x) if branch is None else branch.describe()
            raise UsageError(f"vmap: {what} has {shown_in_error(spec)} where the "
                             f"{'argument' if what == 'in_axes' else 'result'} is {like}\n"
                             "  help: a nest like it, or an integer or None for all of it")
        stack += reversed(list(zip(parts, branch.parts)))
    return axes


def _place(name: str, x: Any, axis: Any) -> int | None:
    """The axis of a leaf counted from 0."""
    if axis is None:
        return None
    n = len(shape_of(x))
    if not n:
        raise UsageError(f"vmap: {name} is or has a single number, {shown_in_error(x)}, which has no axis {axis} "
                         "to map over\n  help: None in the place of the axis, in in_axes, for what all lanes share")
    if not -n <= axis < n:
        raise UsageError(f"vmap: {name} is or has {shown_in_error(x)}, which has no axis {axis}")
    return int(axis) % n


def _size(names: list[str], parts: list[list[Any]], axes: list[list[int | None]]) -> int:
    """How many lanes there are."""
    found = [(name, shape_of(x)[axis]) for name, leaves, places in zip(names, parts, axes)
             for x, axis in zip(leaves, places) if axis is not None]
    if not found:
        raise UsageError("vmap: nothing is mapped: no argument has an axis in in_axes\n"
                         "  help: call the function itself")
    first, size = found[0]
    for name, n in found:
        if n != size:
            raise ShapeError(f"vmap: {first} has {size} examples along its axis, and {name} has {n}")
    return size


def _shared(x: Any, level: LaneLevel) -> Any:
    """What f left in a Module: the same for all lanes."""
    if isinstance(x, Batched) and x.level is level:
        raise UsageError("vmap: the function leaves in a Module what differs from lane to lane\n"
                         "  help: return it, and vmap stacks what the lanes have")
    return x


def _as_array(x: Any) -> Any:
    return np.asarray(x) if isinstance(x, np.ndarray) else x         # no matrix


def _out(x: Any, axis: Any, level: LaneLevel, taken: set[int]) -> Any:
    """A result of all lanes."""
    if axis is None:
        if isinstance(x, Batched) and x.level is level:
            raise UsageError("vmap: out_axes has None for a result that differs from lane to lane\n"
                             "  help: an axis along which the lanes are stacked")
        return x
    y = lanes_in_front(x, level)
    n = len(shape_of(y))
    if not -n <= axis < n:
        raise UsageError(f"vmap: out_axes has {axis} for a result of shape {shape_of(y)[1:]} in each lane")
    y = axis_moved(y, 0, int(axis) % n)
    if isinstance(y, Complex) and not any(map(is_traced, (y.real, y.imag))):
        return y.data
    return y.copy() if isinstance(y, np.ndarray) and (y.base is not None or id(y) in taken) else y
