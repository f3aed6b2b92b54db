"""Buffer: an array that belongs to a module's state, and is no parameter."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.options import float_dtype, real_array
from ..errors import ShapeError
from ..ops._frozen import frozen

Array = np.ndarray[Any, Any]


class Buffer:
    """An array that state_dict(), save() and load() carry along and that no optimizer sees: running statistics.

    What is assigned to `data` is copied and cast to the dtype it has.

    >>> from autograd_nn import nn
    >>> class Counter(nn.Module):
    ...     def __init__(self):
    ...         self.calls = nn.Buffer(np.zeros((), np.int64))
    >>> counter = Counter()
    >>> counter.calls.data = counter.calls.data + 1
    >>> counter.state_dict(), list(counter.parameters())
    ({'calls': array(1)}, [])
    """

    def __init__(self, data: Any) -> None:
        self._data: Array = frozen(real_array("Buffer", data).copy())

    @property
    def data(self) -> Array:
        """The array, which cannot be made writable."""
        return self._data

    @data.setter
    def data(self, array: Any) -> None:
        given = real_array("Buffer: data", array)
        try:
            self._data = frozen(np.array(np.broadcast_to(given, self._data.shape), dtype=self._data.dtype))
        except ValueError:
            raise ShapeError(f"a Buffer of shape {self.shape} cannot hold an array of shape {given.shape}") from None

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's shape."""
        return tuple(self._data.shape)

    def astype(self, dtype: Any) -> None:
        """Cast floating point numbers in place; counts stay integers."""
        dtype = float_dtype("Buffer.astype: dtype", dtype)
        if self._data.dtype.kind == "f":
            self._data = frozen(self._data.astype(dtype))

    def __repr__(self) -> str:
        return f"Buffer {self.shape} {self._data.dtype}"
