"""The kinds of arguments that an op may get: numbers, arrays, Values, Tensors, Duals, symbols.

Each kind has a Carrier, which says how to run an op on it. Where the arguments of a call are of several kinds, the kind
furthest to the right in RANKS runs the op: a Tensor, say, for a Tensor and an array.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import UsageError

if TYPE_CHECKING:
    from ._op import Op


def _apply_numbers(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    if any(isinstance(a, (list, tuple)) for a in args):
        return op(*[np.asarray(a) if isinstance(a, (list, tuple)) else a for a in args], **params) \
            if op.arity >= 0 else op([np.asarray(a) for a in args], **params)
    if op.scalar is None:
        return op.array(*[np.asarray(a) for a in args], **params)
    for a in args:
        if not isinstance(a, (int, float, np.generic, Real)):
            from ._arguments import real_only
            real_only(op.name, a)
            raise UsageError(f"{op.name}: cannot take {type(a).__name__} {a!r:.60}; "
                             "an op takes numbers, arrays, Values and Tensors")
        if isinstance(a, np.floating) and not isinstance(a, float):  # a number of float32 stays one
            with np.errstate(all="ignore"):
                return op.array(*args, **params)
    return op.number(*args, **params)


def _apply_arrays(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """ndarrays: plain NumPy; with a Value among the arguments the result is a Tensor.

    An array of dtype object holds Values, and calls their own operators element by element.
    """
    if any(isinstance(a, np.ndarray) and a.dtype == object for a in args):
        if op.scalar is None:
            return op.array(*map(boxed, args), **params)
        if op.arity == 1 and not params and on_each_value is not None:
            values = on_each_value(op, args[0].ravel().tolist())
            if values is not None:
                return array_of(values, args[0].shape)
        with np.errstate(all="ignore"):              # a nan in a Value is no error of the loop over the array
            return np.frompyfunc(partial(op, **params), len(args), 1)(*map(boxed, args))
    if all(map(is_plain, args)):
        return op.array(*args, **params)
    from ..core.tensor import Tensor
    return CARRIERS[Tensor].apply(op, args, params)


on_each_value: Callable[[Op, list[Any]], list[Any] | None] | None = None
"""on_each_value(op, values) runs an op over a list of Values at once, or gives None. The engine in C sets it."""


def array_of(things: list[Any], shape: tuple[int, ...]) -> Any:
    """An object array of these things, whatever they are."""
    return np.fromiter(things, dtype=object, count=len(things)).reshape(shape)


def boxed(x: Any) -> Any:
    """x as an argument of NumPy's functions. A Value goes into an array: else its own function would be called."""
    if is_plain(x):
        return x
    box = np.empty((), dtype=object)
    box[()] = x
    return box


def holds_objects(x: Any) -> bool:
    """Whether an array of objects is among nested arguments."""
    if isinstance(x, (list, tuple)):
        return any(map(holds_objects, x))
    return isinstance(x, np.ndarray) and x.dtype == object


def holds_nodes(x: Any) -> bool:
    """Whether a node is among nested arguments, outside of arrays."""
    return any(map(holds_nodes, x)) if isinstance(x, (list, tuple)) else is_traced(x)


def on_objects(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """NumPy's function of arrays of objects and Values, where it has asked a Value what to do."""
    ready: Callable[[Any], Any] = _all_boxed
    if not holds_nodes((args, *kwargs.values())):        # np.stack has asked the elements of an array: its arrays
        ready = lambda x: _all_boxed(list(x) if isinstance(x, np.ndarray) and x.dtype == object and x.ndim else x)
    return function(*map(ready, args), **{key: ready(x) for key, x in kwargs.items()})


def _all_boxed(x: Any) -> Any:
    """Nested arguments with their Values in arrays."""
    return type(x)(map(_all_boxed, x)) if type(x) in (list, tuple) else boxed(x)


# --- the kinds, and which takes an op ---------------------------------------------------------------

RANKS = ("number", "Value", "ndarray", "Tensor", "Dual", "Batched", "Symbol", "ArraySymbol", "Complex")
"""The kinds of arguments. An op hands itself to the one furthest to the right among its arguments."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A kind of argument.

    rank    its place in RANKS
    apply   apply(op, args, params) runs an op whose highest argument is of this kind
    below   the attribute that holds the plain data, or the argument one level down; None for numbers and arrays
    """

    rank: int
    apply: Callable[..., Any]
    below: str | None


class _Carriers(dict[type, Carrier]):
    """type -> Carrier. A type that was not entered has the Carrier of its nearest base, else that of numbers."""

    def __missing__(self, kind: type) -> Carrier:
        found = next((self[base] for base in kind.__mro__[1:] if base in self), NUMBER)
        self[kind] = found
        return found


CARRIERS: _Carriers = globals().get("CARRIERS") or _Carriers()
"""All that have been entered; they stay when this module is loaded again."""


def carrier(rank: str, kind: type, apply: Callable[..., Any], below: str | None = None) -> Carrier:
    """Enter a class as a kind of argument: the name of its rank in RANKS, and the fields of Carrier."""
    CARRIERS[kind] = entered = Carrier(RANKS.index(rank), apply, below)
    return entered


NUMBER = carrier("number", object, _apply_numbers)
for _number in (float, int):                         # listed too, for they are looked up most
    CARRIERS[_number] = NUMBER
carrier("ndarray", np.ndarray, _apply_arrays)


def is_plain(x: Any) -> bool:
    """Whether x is a number, an array or something else that is in no graph."""
    return CARRIERS[type(x)].below is None


BATCHED = RANKS.index("Batched")


def has_lanes(x: Any) -> bool:
    """Whether x is many values, one for each lane of a vmap."""
    return CARRIERS[type(x)].rank == BATCHED


def is_traced(x: Any) -> bool:
    """Whether x is a Value or a Tensor, or what a transform or a printer makes of one."""
    return CARRIERS[type(x)].below is not None
