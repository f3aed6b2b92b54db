"""Which kind of argument an op hands itself to: numbers and arrays; every other kind enters itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
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
        if not isinstance(a, (int, float, np.generic)):
            from ._arguments import real_only
            real_only(op.name, a)
            raise UsageError(f"{op.name}: cannot take {type(a).__name__} {a!r:.60}; "
                             "an op takes numbers, arrays, Values and Tensors")
    return op.number(*args, **params)


def _apply_arrays(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """ndarrays: plain NumPy; with a Value among the arguments the result is a Tensor.

    An array of dtype object holds Values, and calls their own operators element by element.
    """
    if any(isinstance(a, np.ndarray) and a.dtype == object for a in args):
        if op.scalar is None:
            return op.array(*args, **params)
        if op.arity == 1 and not params and on_each_value is not None:
            values = on_each_value(op, args[0].ravel().tolist())
            if values is not None:
                return array_of(values, args[0].shape)
        with np.errstate(all="ignore"):              # a nan in a Value is no error of the loop over the array
            return np.frompyfunc(partial(op, **params), len(args), 1)(*map(_boxed, args))
    if all(CARRIERS[type(a)][0] in (0, ARRAY_RANK) for a in args):
        return op.array(*args, **params)
    from ..core.tensor import Tensor
    return CARRIERS[Tensor][1](op, args, params)


on_each_value: Callable[[Op, list[Any]], list[Any] | None] | None = None
"""Set by an engine that can run an op over a list of its Values at once; None from it means it cannot."""


def array_of(things: list[Any], shape: tuple[int, ...]) -> Any:
    """An object array of these things, whatever they are."""
    return np.fromiter(things, dtype=object, count=len(things)).reshape(shape)


def _boxed(x: Any) -> Any:
    """x for frompyfunc; a bare Value as an array of it, for by itself it would take over and end up here again."""
    if CARRIERS[type(x)][0] in (0, ARRAY_RANK):
        return x
    box = np.empty((), dtype=object)
    box[()] = x
    return box


Carrier = tuple[int, Callable[..., Any]]
NUMBER: Carrier = (0, _apply_numbers)
ARRAY_RANK = 2


class _Carriers(dict[type, Carrier]):
    """type -> (precedence, how an op is applied); a type that is not listed is its base's, or a number."""

    def __missing__(self, kind: type) -> Carrier:
        found = next((self[base] for base in kind.__mro__[1:] if base in self), NUMBER)
        self[kind] = found
        return found


# number < Value (1) < ndarray < Tensor (3) < Dual (4) < Symbol (5); each type enters itself.
CARRIERS = _Carriers({float: NUMBER, int: NUMBER, object: NUMBER, np.ndarray: (ARRAY_RANK, _apply_arrays)})
