"""Batched: what many lanes of a function have in the place of one argument, in one array.

A lane is one call of a function, and `vmap` runs all lanes at once. To the function a Batched has the shape that a lane
has. What it holds, one level down, has one more axis in front. An op on it is an op on what it holds (`ops/_lanes.py`),
which may be an array, a node, a Dual, or the Batched of a vmap around this one. So derivatives of every kind run inside
a vmap and around one. A pass of reverse mode takes a Batched as cotangent, too, and then pulls many at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

import numpy as np

from .. import ops
from ..errors import GraphError, LanesError, LeavesGraphError
from ..ops import FUNCTIONS, Op, shape_of
from ..ops._arguments import as_array, formed_like
from ..ops._carriers import carrier, is_traced
from ..ops._lanes import Lanes, OfEachLane, all_at_once, axis_moved, one_by_one, repeated
from .complex import Complex
from .lane_level import LaneLevel, still_runs
from .methods import attach, is_fact, is_operand, through_function, through_ufunc
from .tensor import Tensor
from .traced import Traced
from .value import as_value
from .variables import active


class Batched(Traced):
    """Many lanes of a value: `_below` has them along its first axis, and `level` says of which vmap they are."""

    __slots__ = ("_below", "level")
    _OUT = "each lane has one of its own; return it from the function, and vmap stacks them"

    def __init__(self, below: Any, level: LaneLevel) -> None:
        self._below, self.level = below, level

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that one lane has."""
        return shape_of(self._below)[1:]

    @property
    def dtype(self) -> Any:
        """The dtype of the numbers."""
        return self._below.dtype

    @property
    def ndim(self) -> int:
        """The number of axes in one lane."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements in one lane."""
        return math.prod(self.shape)

    T, mT, __getitem__, __len__, __iter__ = Tensor.T, Tensor.mT, Tensor.__getitem__, Tensor.__len__, Tensor.__iter__
    reshape, transpose, flatten, ravel = Tensor.reshape, Tensor.transpose, Tensor.flatten, Tensor.ravel

    @property
    def data(self) -> NoReturn:
        """Raises LanesError: there is no array that would be the data of one lane."""
        self._ask("the data of a Batched", "autograd_nn.stop_gradient(x) has no derivative, and stays within the vmap")

    def item(self) -> NoReturn:
        """Raises LanesError: there are as many numbers as lanes."""
        self._ask("item() of a Batched", self._OUT)

    def backward(self, *_: Any, **__: Any) -> NoReturn:
        """Raises GraphError: within a vmap derivatives are taken by functions."""
        raise GraphError("backward() within a vmap: there is a root in each lane\n"
                         "  help: vmap(grad(f)) has the gradient of each lane; sum what vmap(f) gives, and then "
                         "backward() goes through it")

    def _ask(self, what: str, help: str) -> NoReturn:
        error = LanesError(f"{what} was asked for within a vmap, where each of {self.level.size} lanes may have its "
                           f"own\n  help: {help}")
        error.lanes = self
        raise error

    def _refuse(self, what: str, instead: str = "") -> NoReturn:
        self._ask(what.format("Batched"), self._OUT)

    def __bool__(self) -> bool:
        self._ask("a yes or no (`if x > 0`, `while`, `and`)",
                  "autograd_nn.where(x > 0, a, b) chooses in each lane; what all lanes share may steer the program")

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        self._ask("an ndarray of a Batched",
                  "use the functions of this package: autograd_nn.stack([x, y]), and take(table, x, axis=0) in the "
                  "place of table[x]")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **params: Any) -> Any:
        if method == "__call__" and is_fact(ufunc) and not params:
            return _fact(ufunc, inputs)
        return through_ufunc(ufunc, method, inputs, params)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func in _ABOUT_FORM:
            return func(*map(formed_like, args), **{key: formed_like(x) for key, x in kwargs.items()})
        return through_function(func, args, kwargs)

    def __repr__(self) -> str:
        return f"Batched({self.level.size} lanes of shape {self.shape})"

    def __copy__(self) -> Batched:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Batched:
        return self

    def __reduce__(self) -> NoReturn:
        raise LeavesGraphError("a Batched cannot be pickled: it is one argument of many calls that run at once")

    __hash__ = object.__hash__

    def __invert__(self) -> Any:
        return _mask(np.bitwise_not, (self,))

    def each(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """function(*args, **kwargs) lane by lane: the results, which may be nests, of all lanes."""
        from .lanewise import each_lane
        return each_lane(self, function, args, kwargs)


def _compare(ufunc: Any) -> Any:
    return lambda self, other: _fact(ufunc, (self, other)) if is_operand(other) else NotImplemented


def _logic(ufunc: Any, swapped: bool = False) -> Any:
    return lambda self, other: _mask(ufunc, (other, self) if swapped else (self, other))


_COMPARED: dict[str, Any] = {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
                             "eq": np.equal, "ne": np.not_equal}
_OF_MASKS: dict[str, Any] = {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}
for _name, _ufunc in _COMPARED.items():
    setattr(Batched, f"__{_name}__", _compare(_ufunc))
for _name, _ufunc in _OF_MASKS.items():
    setattr(Batched, f"__{_name}__", _logic(_ufunc))
    setattr(Batched, f"__r{_name}__", _logic(_ufunc, True))


def _fact(ufunc: Any, inputs: tuple[Any, ...]) -> Any:
    """A ufunc that answers yes or no, in each lane."""
    lanes, level = lowered(inputs, {})
    return Batched(ufunc(*lanes.aligned()), level)


def _mask(ufunc: Any, inputs: tuple[Any, ...]) -> Any:
    """An operation of masks and whole numbers, which have no derivative."""
    lanes, level = lowered(inputs, {})
    if not all(isinstance(x, (int, np.generic, np.ndarray, Batched)) for x in lanes.xs):
        return NotImplemented
    return Batched(ufunc(*lanes.aligned()), level)


_ABOUT_FORM = {np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.result_type, np.can_cast, np.shape, np.ndim,
               np.size}
"""NumPy's functions that ask for shape and dtype alone, which are the same in all lanes."""


# --- ops ------------------------------------------------------------------------------------------------

def _highest(xs: Iterable[Any]) -> LaneLevel | None:
    levels = [x.level for x in xs if isinstance(x, Batched)]
    return max(levels, key=lambda level: level.number) if levels else None


def _in_params(params: Iterable[Any]) -> list[Batched]:
    """The Batched in the parameters of a call."""
    found = []
    for param in params:
        if isinstance(param, Batched):
            found.append(param)
        elif type(param) in (tuple, list):
            found += _in_params(param)
    return found


def lowered(args: Sequence[Any], params: dict[str, Any]) -> tuple[Lanes, LaneLevel]:
    """The arguments of a call, one level down."""
    args = [as_array(a) for a in args]
    own_params = _in_params(params.values()) if params else []
    level = _highest([*args, *own_params])
    assert level is not None
    still_runs(level)
    if own_params:
        params = {key: _own(p, level) for key, p in params.items()}
    xs, mapped = list[Any](), list[bool]()
    inside = active.nodes is not level.around            # a transform inside the vmap may have made nodes
    for a in args:
        own = isinstance(a, Batched) and a.level is level
        if not own and inside and is_traced(a):
            a, own = Batched(each_its_own(a, level), level), True
            if not hasattr(args[len(xs)], "dtype"):      # a number has no say in the dtype
                a._below = ops.astype(a._below, _dtype_beside(args))
        xs.append(a._below if own else a)
        mapped.append(own)

    def down(y: Any) -> Any:
        return y._below if isinstance(y, Batched) and y.level is level else repeated(y, level.size)
    return Lanes(args, xs, mapped, level.size, params, down, bool(own_params)), level


def _dtype_beside(args: Sequence[Any]) -> Any:
    """The dtype of the arrays among the arguments of a call, which numbers take on."""
    kinds = [x.dtype for x in args if hasattr(x, "dtype") and x.dtype.kind == "f"]
    return np.result_type(*kinds) if kinds else np.dtype(float)


def _own(param: Any, level: LaneLevel) -> Any:
    if isinstance(param, Batched) and param.level is level:
        return OfEachLane(param._below)
    return type(param)(_own(p, level) for p in param) if type(param) in (tuple, list) else param


def _apply(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Run an op on what is one level down."""
    lanes, level = lowered(args, params)
    form = op.lanes or (all_at_once if op.elementwise else one_by_one)
    if lanes.own_params and not getattr(form, "takes_own", False):
        form = one_by_one
    return Batched(form(op, lanes), level)


carrier("Batched", Batched, _apply, below="data")
attach(Batched)
for function in FUNCTIONS.values():
    if function.method and function.name not in vars(Batched):
        setattr(Batched, function.name, function.call)
as_value.lanes = lambda op, lanes: lanes.xs[0]           # a number in each lane


# --- what all lanes share, for derivatives that each lane has for itself ------------------------------------

lanes = Op("lanes", None, lambda x, level: np.broadcast_to(x, (level.size, *x.shape)),
           lambda g, y, x, level: batch(g, level) if level.runs else ops.sum(g, axis=0),
           tex=r"{0}", method=False, params={"level": LaneLevel(3)}, cases=[(((2, 3),), {}), (((),), {})], linear=True,
           lanes=lambda op, lanes: axis_moved(op(lanes.xs[0], **lanes.params), 0, 1))


def each_its_own(x: Any, level: LaneLevel) -> Any:
    """A node that all lanes share, once for each.

    Its cotangent has a part from each lane. While the vmap runs, a derivative is taken inside it, and each lane has its
    own: the cotangent stays apart, and so do those of all nodes below. After it they are added up.
    """
    level.shares = True
    return lanes(x, level=level)


# --- Batched taken apart and put together -------------------------------------------------------------------

def batch(x: Any, level: LaneLevel) -> Any:
    """x, whose first axis are the lanes of a level: they are put below the levels that began later."""
    if isinstance(x, Complex) or (isinstance(x, np.ndarray) and x.dtype.kind == "c"):
        return Complex(batch(x.real, level), batch(x.imag, level))
    if isinstance(x, Batched) and x.level.number > level.number:
        return Batched(batch(axis_moved(x._below, 1, 0), level), x.level)
    return Batched(x, level)


def lanes_in_front(x: Any, level: LaneLevel) -> Any:
    """The inverse of `batch`: x with the lanes of a level along its first axis, the same in each where it has none."""
    if isinstance(x, Complex):
        return Complex(lanes_in_front(x.real, level), lanes_in_front(x.imag, level))
    if isinstance(x, Batched) and x.level is level:
        return x._below
    if isinstance(x, Batched) and x.level.number > level.number:
        return Batched(axis_moved(lanes_in_front(x._below, level), 0, 1), x.level)
    return repeated(x, level.size)
