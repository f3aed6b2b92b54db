"""Value: a number in the graph.

There are two engines with the same answers: `PureValue` below, which is the specification, and the
one in C (`native/value.c`), which is used where it has been compiled. AUTOGRAD_NN_PURE=1 in the
environment asks for the pure one; AUTOGRAD_NN_REQUIRE_NATIVE=1 makes a missing C engine an error.
`quick.py` has what makes the pure one quicker, and changes nothing else.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import ops
from ..errors import UsageError
from ..ops import CARRIERS, Op
from ..ops._carriers import carrier, holds_objects, is_traced, on_objects
from . import engine, quick, reverse, times
from .fixed import FREE, refuse_grad
from .methods import attach, attach_to_loops
from .modes import record
from .node import NOTHING, STORAGE, Node, data_of
from .operands import number, number_among, refuse_data
from .surface import ValueMethods
from .traced import Traced


class BaseValue(ValueMethods, Traced, Node):
    """A number that remembers how it was computed.

    `data` is a Python float. That of a leaf may be assigned between graphs; a graph that used the number
    that it had before can then no longer be differentiated (GraphError). `grad` is a float too, 0.0 before
    any backward (`has_grad` tells), and a Value after `backward(create_graph=True)`. `op`, `inputs` and
    `params` say how it was made, `name` is free for the user.

    Arithmetic follows IEEE: exp(1000) is inf, log(0) is -inf. Comparisons compare data, hashing is
    by identity. Anything but a single number raises a UsageError.

    >>> w, x = Value(3.0, name="w"), Value(2.0)
    >>> y = (w * x - 1) ** 2
    >>> y.backward()
    >>> y.data, w.grad, x.grad
    (25.0, 20.0, 30.0)
    """

    __slots__ = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """(): a single number."""
        return ()

    def item(self) -> float:
        """The number, out of the graph."""
        return self._data  # type: ignore[no-any-return]

    def detach(self) -> BaseValue:
        """A leaf with the same number."""
        return type(self)._lift(self._data)  # type: ignore[no-any-return]

    # --- what the graph asks of a node --------------------------------------------------------
    def _own(self, g: Any) -> Any:
        if isinstance(g, Node):
            return g if isinstance(g, BaseValue) else as_value(g)
        return g if is_traced(g) else float(g)

    def _one(self) -> float:
        return 1.0

    # --- Python's own protocols ---------------------------------------------------------------
    def __bool__(self) -> bool:
        return self._data != 0.0  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        parts = [f"{self._data!r}"]
        if self._grad is not None:
            parts.append(f"grad={data_of(self._grad)!r}")
        if self.name is not None:
            parts.append(f"name={self.name!r}")
        if self._fixed:
            parts.append("requires_grad=False")
        return f"Value({', '.join(parts)})"

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if holds_objects((args, *kwargs.values())):      # of Values: NumPy's loops call their operators and methods
            return on_objects(func, args, kwargs)
        return super().__array_function__(func, types, args, kwargs)


def _apply(kind: type[BaseValue], op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Run `op` on Values and numbers, and record it as a node of this kind."""
    if op.scalar is None:
        from .tensor import Tensor  # an op on arrays takes a Value as one of shape ()
        return CARRIERS[Tensor].apply(op, args, params)
    inputs = tuple([a if type(a) in (float, int) else number_among(op, a) if not isinstance(a, Node) else
                    a._data if a._fixed else a for a in args])
    params = {k: float(v) if isinstance(v, np.floating) else v for k, v in params.items()} if params else NOTHING
    xs = [x._data if isinstance(x, Node) else x for x in inputs]
    if op.arity < 0:
        xs = [float(x) for x in xs]                      # a sum of many would add its leading ints exactly
    data = op.number(*xs, **params)
    return record(kind, float(data), op, inputs, params)


attach(BaseValue, elementwise=True)
attach_to_loops(BaseValue)


# --- the engine in Python ---------------------------------------------------------------------------

class PureValue(BaseValue):
    """Value in Python: what the engine in C must do, and what serves where that is not compiled."""

    __slots__ = (*STORAGE, "_part", "_time")         # see quick.py, and times.py
    _part: Any
    _time: int

    def __init__(self, data: Any, name: str | None = None) -> None:
        if getattr(self, "_op", None) is not None:
            raise UsageError("this Value was made by an op and cannot be initialized again")
        self._data = number(data)
        self._grad = self._part = None
        self._op, self._inputs, self._params, self.name, self._fixed = None, (), NOTHING, name, FREE
        self._time = times.tick()                        # it may be a leaf that has been used

    @classmethod
    def _made(cls, data: Any, op: Op | None, inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
        node = super()._made(data, op, inputs, params)
        node._part, node._time = None, times.now if op is not None else 0
        return node

    def _become_leaf(self) -> None:
        super()._become_leaf()
        self._time = 0

    @property
    def data(self) -> float:
        """The number itself, a Python float."""
        return self._data  # type: ignore[no-any-return]

    @data.setter
    def data(self, x: Any) -> None:
        if self._op is not None:
            refuse_data(self)
        self._take(number(x))

    def _take(self, data: float) -> None:
        self._data = data
        self._time = times.tick()                        # after it: what another thread makes meanwhile is older

    @property
    def grad(self) -> Any:
        """The derivative of the root of the last backward passes by this value; 0.0 before any."""
        return 0.0 if self._grad is None else self._grad

    @grad.setter
    def grad(self, g: Any) -> None:
        if g is not None and self._fixed:
            refuse_grad(self)
        self._grad = g if g is None or isinstance(g, BaseValue) else number(g)

    def backward(self, seed: Any = None, *, create_graph: bool = False) -> None:
        """Add this value's derivatives to the `.grad` of every leaf: see Node.backward."""
        seed = 1.0 if seed is None else number(seed)
        if create_graph or not quick.backward(self, seed, PureValue):
            reverse.backward(self, seed, create_graph=create_graph)


carrier("Value", PureValue, partial(_apply, PureValue), below="_data")

quick.install(PureValue)
_in_c = engine.native_value(BaseValue, _apply, number, refuse_data, refuse_grad)
NATIVE = _in_c is not None
"""Whether Value is the engine in C."""
if TYPE_CHECKING:
    Value = PureValue
elif NATIVE:
    Value = _in_c
    Value.__doc__ = BaseValue.__doc__
else:
    Value = PureValue
    Value.__name__ = Value.__qualname__ = "Value"    # a pickle of either engine's is read by either

as_value = Op("as_value", None, lambda x: x.reshape(()),
              lambda g, y, x: ops.broadcast_to(g, ops.shape_of(x)),
              tex="{0}", method=False)
