"""An op in many lanes at once: how each kind of op is run where some inputs have one more axis, the lanes, in front.

A form is a function of an op and its Lanes. It gives the op's result with the lanes in front, by ops that may run on
arrays, nodes and duals. For an elementwise op none is named: its form is `all_at_once`. Any other op without
one runs in each lane by itself (`one_by_one`), which is right for every op and takes a step of Python for each lane.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from ._arguments import dtype_of
from ._op import OPS, Op, shape_of

Form = Callable[[Op, "Lanes"], Any]


class Lanes:
    """The arguments of a call in many lanes, seen one level down.

    args     the arguments as they were given
    xs       the same, those of which each lane has its own with the lanes as their first axis
    mapped   which these are
    size     how many lanes there are
    params   the parameters; an array of which each lane has its own stands in an OfEachLane
    down     makes of a result one level up, as of a function of `args`, one with the lanes in front
    own_params    whether there is an OfEachLane
    """

    def __init__(self, args: Sequence[Any], xs: list[Any], mapped: list[bool], size: int, params: dict[str, Any],
                 down: Callable[[Any], Any], own_params: bool = False) -> None:
        self.args, self.xs, self.mapped, self.size, self.params, self.down = args, xs, mapped, size, params, down
        self.own_params = own_params

    def shape(self, i: int) -> tuple[int, ...]:
        """The shape of input i in one lane."""
        return shape_of(self.xs[i])[1:] if self.mapped[i] else shape_of(self.xs[i])

    def ndim(self, i: int) -> int:
        """The number of axes of input i in one lane."""
        return len(self.shape(i))

    def full(self, i: int) -> Any:
        """Input i with the lanes in front, the same in each where they share it."""
        x = self.xs[i]
        if not self.mapped[i] and type(x) in (int, float):           # a number has no say in the dtype
            kinds = [dtype_of(y) for y in self.xs if type(y) not in (int, float)]
            return np.full(self.size, x, np.result_type(*kinds))
        return x if self.mapped[i] else repeated(x, self.size)

    def aligned(self) -> list[Any]:
        """The inputs with as many axes between the lanes and their own as it takes to broadcast them."""
        n = max(map(self.ndim, range(len(self.xs))), default=0)
        return [among(x, n) if mapped else x for x, mapped in zip(self.xs, self.mapped)]


class OfEachLane:
    """In a parameter: an array, with the lanes in front, of which each lane has its own part."""

    def __init__(self, array: Any) -> None:
        self.array = array


def call(op: Any, xs: Sequence[Any], params: dict[str, Any]) -> Any:
    """op(*xs, **params), or op(xs, **params) where the op takes a sequence."""
    return op(*xs, **params) if getattr(op, "arity", 0) >= 0 else op(xs, **params)


def repeated(x: Any, size: int) -> Any:
    """x once for each lane; of an array a view."""
    if isinstance(x, np.ndarray):
        return np.broadcast_to(x, (size, *x.shape))
    if not hasattr(x, "shape"):
        return np.full(size, x)
    return OPS["broadcast_to"](x, (size, *shape_of(x)))


def shaped(x: Any, shape: tuple[int, ...]) -> Any:
    """x in this shape."""
    if shape_of(x) == shape:
        return x
    return x.reshape(shape) if type(x) is np.ndarray else OPS["reshape"](x, shape)


def axis_moved(x: Any, source: int, destination: int) -> Any:
    """x with one axis moved."""
    if source == destination:
        return x
    return np.moveaxis(x, source, destination) if type(x) is np.ndarray else OPS["moveaxis"](x, source, destination)


def among(x: Any, n: int) -> Any:
    """x, with the lanes in front, in as many axes as it takes that a lane has n of them."""
    shape = shape_of(x)
    return shaped(x, (shape[0], *(1,) * (n + 1 - len(shape)), *shape[1:]))


def axis_in(op: Op, axis: Any, n: int) -> int:
    """Where an axis of a lane of n axes is, with the lanes in front."""
    place = operator.index(axis)
    if not -n <= place < n:
        raise ShapeError(f"{op.name}: axis {place} is out of bounds for what has {n} axes in each lane")
    return place % n + 1


def axes_in(op: Op, axis: Any, n: int) -> Any:
    """The same for one axis, a tuple of axes, or None, which is all of them."""
    if axis is None:
        return tuple(range(1, n + 1))
    if isinstance(axis, (tuple, list)):
        return tuple(axis_in(op, a, n) for a in axis)
    if n == 0 and axis in (0, -1):                       # NumPy grants a single number an axis to reduce over
        return ()
    return axis_in(op, axis, n)


def with_own_params(form: Form) -> Form:
    """Decorate a form that knows an OfEachLane in a parameter; where there is one, other forms run one by one."""
    form.takes_own = True  # type: ignore[attr-defined]
    return form


# --- forms ----------------------------------------------------------------------------------------------

def one_by_one(op: Op, lanes: Lanes) -> Any:
    """The op in each lane by itself, and the results stacked: right for every op."""
    if not lanes.size:
        raise ShapeError(f"vmap: {op.name} runs in one lane after the other, and of no lanes it cannot tell the shape")
    parts = []
    for i in range(lanes.size):
        xs = [x[i] if mapped else x for x, mapped in zip(lanes.xs, lanes.mapped)]
        parts.append(call(op, xs, {key: own_part(p, i) for key, p in lanes.params.items()}))
    return np.stack(parts) if all(isinstance(y, (np.ndarray, np.generic, float)) for y in parts) else \
        OPS["stack"](parts)


def own_part(param: Any, i: int) -> Any:
    """A parameter as lane i has it."""
    if isinstance(param, OfEachLane):
        return param.array[i]
    return type(param)(own_part(p, i) for p in param) if type(param) in (tuple, list) else param


def all_at_once(op: Op, lanes: Lanes) -> Any:
    """An elementwise op: the lanes are one more axis to broadcast over."""
    return call(op, lanes.aligned(), lanes.params)


def over_stacks(op: Op, lanes: Lanes) -> Any:
    """An op of one input that leaves all axes in front as they are, such as one of the matrices in the last two."""
    return op(lanes.xs[0], **lanes.params)


def each_full(op: Op, lanes: Lanes) -> Any:
    """The same of several inputs, which have the same axes in front."""
    return call(op, [lanes.full(i) for i in range(len(lanes.xs))], lanes.params)


def by_axes(*names: str) -> Form:
    """An op of one input whose parameters of these names are axes of it."""
    def form(op: Op, lanes: Lanes) -> Any:
        axes = {name: axes_in(op, lanes.params[name], lanes.ndim(0)) for name in names}
        return op(lanes.xs[0], **{**lanes.params, **axes})
    return form


along_axis = by_axes("axis")
"""An op of one input along the axis, or axes, that its parameter `axis` names."""


def along_one_axis(op: Op, lanes: Lanes) -> Any:
    """The same where axis=None stands for all elements in one row."""
    if lanes.params["axis"] is None:
        row = shaped(lanes.xs[0], (lanes.size, math.prod(lanes.shape(0))))
        return op(row, **{**lanes.params, "axis": 1})
    return along_axis(op, lanes)


def to_shape(*names: str) -> Form:
    """An op of one input whose parameters of these names are shapes."""
    def form(op: Op, lanes: Lanes) -> Any:
        shapes = {name: (lanes.size, *as_shape(lanes.params[name])) for name in names}
        return op(lanes.xs[0], **{**lanes.params, **shapes})
    return form


def as_shape(shape: Any) -> tuple[int, ...]:
    """A shape as a tuple."""
    return (operator.index(shape),) if isinstance(shape, (int, np.integer)) else tuple(shape)


def by_ops(function: Callable[..., Any]) -> Form:
    """An op that other ops compute as well, which have forms of their own: `function(*inputs, **params)`."""
    return lambda op, lanes: lanes.down(function(*lanes.args, **lanes.params))


def joined(new: int) -> Form:
    """A sequence of arrays that are joined along an axis, with so many new axes; None joins them as single rows."""
    def form(op: Op, lanes: Lanes) -> Any:
        xs, axis, n = [lanes.full(i) for i in range(len(lanes.xs))], lanes.params["axis"], lanes.ndim(0) + new
        if axis is None:
            xs, axis, n = [shaped(x, (lanes.size, math.prod(shape_of(x)[1:]))) for x in xs], 0, 1
        return op(xs, **{**lanes.params, "axis": axis_in(op, axis, n)})
    return form
