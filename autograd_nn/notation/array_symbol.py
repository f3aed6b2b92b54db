"""ArraySymbol: a symbol that knows the array it stands for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..ops import CARRIERS, Op, shape_of
from ..ops._carriers import carrier
from .printer import Expression
from .symbol import Symbol


class ArraySymbol(Symbol):
    """A symbol that knows the array it stands for, so that rules may ask for its shape."""

    __slots__ = ("_data",)

    def __init__(self, name: str, data: Any) -> None:
        super().__init__(name)
        self._data = data

    @property
    def shape(self) -> tuple[int, ...]:
        return shape_of(self._data)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def dtype(self) -> Any:
        return getattr(self._data, "dtype", np.dtype(float))

    T, __getitem__, __len__, __iter__ = Tensor.T, Tensor.__getitem__, Tensor.__len__, Tensor.__iter__

    def __lt__(self, other: Any) -> Any:
        return self._data < data_behind(other)

    def __le__(self, other: Any) -> Any:
        return self._data <= data_behind(other)

    def __gt__(self, other: Any) -> Any:
        return self._data > data_behind(other)

    def __ge__(self, other: Any) -> Any:
        return self._data >= data_behind(other)

    __hash__ = object.__hash__


def data_behind(x: Any) -> Any:
    return x._data if isinstance(x, ArraySymbol) else x


_SAID_BY_THE_SHAPE = ("shape", "kept")
"""Parameters that are not printed: the shape of the whole stands at the end of a line."""


def _apply(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    tidied: Any = CARRIERS[Symbol].apply(op, args, params)
    if not isinstance(tidied, Symbol) or any(tidied is x for x in args):
        return tidied
    data = op.array(*(np.asarray(data_behind(x)) for x in args), **params)
    made = ArraySymbol("", data)
    made.op, made.inputs = tidied.op, tidied.inputs
    made.params = {key: value for key, value in tidied.params.items() if key not in _SAID_BY_THE_SHAPE}
    return made


carrier("ArraySymbol", ArraySymbol, _apply, below="_data")


def size_of(e: Any) -> int:
    """How many names, numbers and ops e has when it is written down, where what is shared is written each time."""
    sizes: dict[int, int] = {}
    stack = [e]
    while stack:
        x = stack[-1]
        inputs = x.inputs if isinstance(x, Expression) else ()
        waiting = [y for y in inputs if id(y) not in sizes]
        if waiting:
            stack += waiting
        else:
            sizes[id(stack.pop())] = 1 + sum(sizes[id(y)] for y in inputs)
    return sizes[id(e)]
