"""Variables: what a transform puts in the place of an argument, and of that transform alone.

The cotangent that arrives at a variable came through this argument and by no other way
(d/dy (x y) is x, also where y is x), so derivatives nest without confusion.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.batched import Batched
from ..core.modes import mode
from ..core.node import Node
from ..core.tensor import Tensor, tensor_variable
from ..core.value import Value
from ..core.variables import active, call_of
from ..ops import Op
from ..tree._containers import LEAVES
from .dual import Dual, leaf

variable = Op("variable", lambda x: x, lambda x: x, lambda g, y, x: g, tex="{0}", method=False,
              ulps=(0, 0, 0))


class Variable(Dual):
    """The Dual that a transform puts in the place of an argument."""

    __slots__ = ()


def is_storage(x: Any) -> bool:
    """Whether a parameter of a Module is just where a number is kept: a leaf of no running transform."""
    return isinstance(x, Node) and x.op is None and call_of(x) not in active.calls


LEAVES.update({Value, Tensor})


def lifted(x: Any, stored: bool, recording: bool, call: int) -> tuple[Any, Any]:
    """x as the function is to see it, and the node in it whose cotangent is the gradient.

    A dual's primal becomes the variable: the gradient of a dual y is then the dual of the gradients
    of its primal and of its tangent (mixed derivatives may be taken in either order).
    """
    if isinstance(x, Batched):
        below, base = lifted(x._below, stored, recording, call)
        return Batched(below, x.level), base
    if isinstance(x, Dual):
        primal, base = lifted(x.primal, stored, recording, call)
        return Variable(primal, x.tangent, x.level), base
    if isinstance(x, Node):                              # a fixed one has no more derivatives than an array has
        at_hand = x._fixed or (stored and is_storage(x))
        base = leaf(x._data, type(x)) if at_hand or not recording else variable(x)
        base.name = x.name
    elif isinstance(x, (np.ndarray, np.floating)) and not isinstance(x, float):
        base = tensor_variable(x, call)
        if mode.make is not None:
            mode.make.own(base)
        return base, base
    else:
        base = leaf(float(x), Value)
    base._call = call
    return base, base
