"""Arrays that nobody can change: those that a graph keeps, and those that it hands out.

`setflags(write=False)` does not last: who holds an array that owns its numbers may set the flag back. So a graph hands
out another array, with the same numbers in memory that it does not own. NumPy refuses to make that writable.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from sys import getrefcount
from typing import Any
from weakref import ref

import numpy as np

Array = np.ndarray[Any, Any]

FEW = 1 << 15        # bytes; fewer are copied in the time in which a copy is found
ROOM = 1 << 26       # bytes, 64 MB: of remembered copies. Arrays that take more together are copied at each use


class Memory:
    """The owner of the numbers of a frozen array, its `base`: it lets NumPy read them, and no more."""

    __slots__ = ("_array",)

    def __init__(self, array: Array) -> None:
        self._array = array

    @property
    def __array_interface__(self) -> dict[str, Any]:
        told = self._array.__array_interface__
        return {**told, "data": (told["data"][0], True)}                 # True: read only


def frozen(array: Array) -> Array:
    """The same numbers in an array that cannot be made writable; the array itself must be nobody else's.

    >>> view = frozen(np.ones(2))
    >>> view.setflags(write=True)
    Traceback (most recent call last):
    ...
    ValueError: cannot set WRITEABLE flag to True of this array
    """
    return quick(array) if quick is not None else np.asarray(Memory(array))


quick: Callable[[Array], Array] | None = None
"""The same in C, where that is compiled; the engine sets it."""


def is_frozen(array: Array) -> bool:
    """Whether an array is what frozen() made, or a view of that."""
    base: Any = array.base
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(base, Memory) and not array.flags.writeable


class Copies:
    """Frozen copies of arrays that may still change. While an array has not, its copy is handed out again.

    To compare takes a third of the time of a copy, for which the system has to find memory. A copy is forgotten when
    its array dies, or when later ones need its room.

    >>> copies, x = Copies(), np.zeros(10_000)
    >>> first = copies.of(x)
    >>> copies.of(x) is first
    True
    >>> x[0] = 1.0
    >>> copies.of(x) is first, copies.of(x)[0]
    (False, np.float64(1.0))
    """

    def __init__(self) -> None:
        self._known: OrderedDict[int, tuple[Any, Array]] = OrderedDict()      # by id: the array, weakly, and its copy

    def of(self, array: Array) -> Array:
        """A copy of an array that nobody can change."""
        if array.nbytes < FEW or type(array) is not np.ndarray or array.dtype.kind == "O" \
                or not array.flags.forc or array.nbytes > ROOM:
            return frozen(np.array(array))
        key = id(array)
        known = self._known.get(key)
        if known is not None and known[0]() is array and same_bits(array, known[1]):
            return known[1]
        copy = frozen(np.array(array))
        self._known[key] = ref(array, lambda _: self._known.pop(key, None)), copy
        self._make_room()
        return copy

    def clear(self) -> int:
        """Forget all; how many bytes that was."""
        known, self._known = self._known, OrderedDict()
        return sum(copy.nbytes for _, copy in known.values())

    def _make_room(self) -> None:
        while sum(copy.nbytes for _, copy in list(self._known.values())) > ROOM:
            try:
                self._known.popitem(last=False)
            except KeyError:                             # another thread was quicker
                return


def same_bits(a: Array, b: Array) -> bool:
    """Whether two arrays without gaps hold the same bits in the same order."""
    if a.dtype != b.dtype or a.shape != b.shape or a.strides != b.strides:
        return False
    if quick_same is not None:
        return quick_same(a, b)
    width = a.dtype.itemsize if a.dtype.itemsize in (1, 2, 4, 8) else 1
    return np.array_equal(a.ravel("K").view(f"u{width}"), b.ravel("K").view(f"u{width}"))


quick_same: Callable[[Array, Array], bool] | None = None
"""The same in C, of arrays of one form, where that is compiled; the engine sets it."""


def original(array: Array) -> Array:
    """The array of which frozen() made this one; any other array itself."""
    base: Any = array.base
    return base._array if isinstance(base, Memory) else array


def kept_result(array: Array) -> Array:
    """What an op computed, as a node keeps it: it and what it is a view of are read-only, for the op may hold them."""
    base = array.base
    if isinstance(base, np.ndarray):
        base.flags.writeable = False
    elif base is not None and not isinstance(base, Memory):
        array = array.copy()                             # of memory that is no array's
    array.flags.writeable = False
    return array


def close(x: Any) -> None:
    """Close an array to writing; anything else stays as it is."""
    if type(x) is np.ndarray:
        x.flags.writeable = False


def close_if_held(x: Any) -> None:
    """The same if anybody but the one who calls this holds it."""
    if type(x) is np.ndarray and getrefcount(x) > 3:     # the caller, this function, and its call
        x.flags.writeable = False


def another(array: Any, given: Any) -> Any:
    """The array, but a view of it where it is the one that was given: who closes that leaves the given one open."""
    return array.view() if array is given and type(array) is np.ndarray else array
