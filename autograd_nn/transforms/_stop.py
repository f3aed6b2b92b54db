"""stop_gradient: out of the graph, in words."""

from __future__ import annotations

from typing import Any

from .. import tree
from ..core.batched import Batched
from ..core.node import Node
from .dual import Dual


def stop_gradient(x: Any) -> Any:
    """The data of x, out of the graph: what is computed from it has no derivative by x.

    A Value gives a float, a Tensor its (read-only) ndarray; of a nest every leaf is replaced (see
    `autograd_nn.tree`), and a Module becomes a copy whose parameters are plain numbers and arrays.
    Anything else comes back as it is.

    >>> from autograd_nn import Value
    >>> x = Value(3.0)
    >>> (x * stop_gradient(x)).backward()
    >>> x.grad
    3.0
    """
    leaves, structure = tree.flatten(x)
    return structure.rebuild([_data(leaf) for leaf in leaves])


def _data(x: Any) -> Any:
    if isinstance(x, Batched):
        return Batched(_data(x._below), x.level)
    while isinstance(x, Dual):
        x = x.primal
    return x.data if isinstance(x, Node) else x          # type: ignore[attr-defined]
