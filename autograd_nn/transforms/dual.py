"""Dual: a primal with its tangent, the levels that keep nested derivatives apart, and the nodes in duals."""

from __future__ import annotations

import copy
import itertools
import math
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np

from ..core.batched import Batched, lanes_in_front
from ..core.modes import mode, special_mode
from ..core.node import Node
from ..core.tensor import Tensor
from ..core.traced import Traced
from ..errors import LeavesGraphError
from ..ops import shape_of
from ..ops._arguments import data_of
from ..ops._refusal import RAW, refused


class Dual(Traced):
    """A primal with its tangent: x + dx, where dx is the derivative along one direction.

    Elementwise rules are their own transposes: run on the tangent instead of a cotangent they give
    the tangent of the output. An op that is linear in some inputs is run on their tangents, and many others have a rule
    for tangents. The rules of those that are left are linear in the cotangent, so their transposes are found by
    differentiating the rules themselves.

    `level` keeps derivatives apart: an op treats duals of a lower level as constants, and of a dual whose
    jvp is over it takes the primal. A dual that a program makes has level 0, which is never over.

    >>> from autograd_nn import sin
    >>> y = sin(Dual(2.0, 1.0) * 3.0)
    >>> round(y.primal, 6), round(y.tangent, 6)
    (-0.279415, 2.880511)
    """

    __slots__ = ("level", "primal", "tangent")
    _OUT = "x.primal is what it holds"

    def __init__(self, primal: Any, tangent: Any, level: int = 0) -> None:
        self.primal, self.tangent, self.level = primal, tangent, level

    @property
    def shape(self) -> tuple[int, ...]:
        """The primal's shape."""
        return shape_of(self.primal)

    @property
    def dtype(self) -> Any:
        """The primal's dtype; float64 for a number."""
        return getattr(self.primal, "dtype", np.dtype(float))

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    T, __getitem__, __len__, __iter__ = Tensor.T, Tensor.__getitem__, Tensor.__len__, Tensor.__iter__
    reshape, transpose, flatten, ravel = Tensor.reshape, Tensor.transpose, Tensor.flatten, Tensor.ravel

    def __copy__(self) -> Dual:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Dual:
        return type(self)(copy.deepcopy(self.primal, memo), copy.deepcopy(self.tangent, memo), self.level)

    def __reduce__(self) -> Any:
        x = alive(self)
        if x is self and self.level:
            raise LeavesGraphError("a Dual cannot be pickled while its jvp runs: a copy would have no tangent"
                                   "\n  help: copy.copy and copy.deepcopy keep it; x.primal is what it holds")
        return (type(self), (self.primal, self.tangent)) if x is self else (copy.copy, (x,))

    def __repr__(self) -> str:
        return f"Dual({self.primal!r}, {self.tangent!r})"

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if self.shape:
            raise LeavesGraphError("making an ndarray of a Dual would drop its tangent without a word\n"
                                   "  help: autograd_nn.stack(duals) joins Duals into one")
        box = np.empty((), dtype=object)     # a number may stand in an array of objects, as a Value may
        box[()] = self
        return box

    def _compare(self, other: Any, how: str) -> Any:
        try:
            return getattr(np, how)(data_of(self), data_of(other))
        except RAW as error:
            raise refused(how, (self, other), {}, error) from None

    def __lt__(self, other: Any) -> Any:
        return self._compare(other, "less")

    def __le__(self, other: Any) -> Any:
        return self._compare(other, "less_equal")

    def __gt__(self, other: Any) -> Any:
        return self._compare(other, "greater")

    def __ge__(self, other: Any) -> Any:
        return self._compare(other, "greater_equal")

    def __eq__(self, other: Any) -> Any:
        return self._compare(other, "equal")

    def __ne__(self, other: Any) -> Any:
        return self._compare(other, "not_equal")

    __hash__ = object.__hash__


def paired(primal: Any, tangent: Any, level: int, kind: type[Dual] = Dual) -> Any:
    """A dual. Where either part has lanes, these stand around it."""
    own = [x.level for x in (primal, tangent) if isinstance(x, Batched)]
    if not own:
        return kind(primal, tangent, level)
    around = max(own, key=lambda level: level.number)
    return Batched(paired(lanes_in_front(primal, around), lanes_in_front(tangent, around), level, kind), around)


# --- levels ----------------------------------------------------------------------------------------

_levels = itertools.count(1)
_running = Counter({0: 1})               # by level, in all threads: f may use threads, and rerun what was over
_lock = threading.RLock()


def new_level() -> int:
    """A level above all that there were."""
    return next(_levels)


def running_levels() -> tuple[int, ...]:
    """The levels of all jvps that are running."""
    with _lock:
        return tuple(_running)


@contextmanager
def run_at(levels: Sequence[int]) -> Iterator[None]:
    """Inside, the jvps of these levels are running."""
    with _lock:
        _running.update(levels)
    try:
        yield
    finally:
        with _lock:
            _running.subtract(levels)
            for level in levels:
                if not _running[level]:
                    del _running[level]


def alive(x: Any) -> Any:
    """x without the tangents of jvps that are over."""
    if isinstance(x, Batched):
        return Batched(alive(x._below), x.level)
    while isinstance(x, Dual) and x.level not in _running:
        x = x.primal
    return x


# --- nodes in duals, and modes ---------------------------------------------------------------------

def nodes_in(xs: Iterable[Any]) -> list[Node]:
    """The nodes among xs, and in the duals among them."""
    found: list[Node] = []
    for x in xs:
        stack = [x]
        while stack:
            x = stack.pop()
            if isinstance(x, Node):
                found.append(x)
            elif isinstance(x, Dual):
                stack += (x.tangent, x.primal)
            elif isinstance(x, Batched):
                stack.append(x._below)
    return found


def detached(x: Any) -> Any:
    """x without what was recorded of its nodes."""
    if isinstance(x, Batched):
        return Batched(detached(x._below), x.level)
    if isinstance(x, Dual):
        return Dual(detached(x.primal), detached(x.tangent), x.level)
    if not isinstance(x, Node):
        return x
    return type(x)._lift(x._data) if mode.make is None else mode.make.unrecorded(type(x), x._data)


def leaf(data: Any, like: type[Node]) -> Any:
    """A leaf with this data, known to a checkpoint around it as made inside."""
    node = like._lift(data)
    if mode.make is not None:
        mode.make.own(node)
    return node


def recording() -> AbstractContextManager[None]:
    """Inside, ops are recorded, also where no_grad() is on."""
    return _AS_IT_IS if mode.recording else special_mode(recording=True)


_AS_IT_IS = nullcontext()
