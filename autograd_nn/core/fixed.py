"""Leaves that are held fixed: constants to every op, with the names and the data of leaves."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NoReturn

from ..errors import GraphError
from .options import flag

if TYPE_CHECKING:
    from .node import Node

FREE, FIXED, COMPUTED = range(3)
"""What a leaf is to an op: something to differentiate by, a constant, or a constant that an op made of constants."""
swapping = threading.RLock()
"""Held while a gradient is compared and set."""


class Fixable:
    """What a node tells of being a leaf, and a leaf can be told: whether derivatives by it are wanted."""

    __slots__ = ()

    @property
    def is_leaf(self) -> bool:
        """Whether no op made this node.

        >>> from autograd_nn import Value
        >>> x = Value(2.0)
        >>> x.is_leaf, (x * x).is_leaf
        (True, False)
        """
        node: Any = self
        return node._op is None

    @property
    def requires_grad(self) -> bool:
        """Whether derivatives by this node are computed; set it to False to hold a leaf fixed, and to True to free it.

        To every op a fixed leaf is a constant, as its plain number or array would be: nothing of it is recorded, it
        gets no gradient, and an optimizer leaves it as it is. To fix it forgets its gradient. What an op makes of
        constants alone is a leaf that is fixed, too. Transforms differentiate by whatever they are given as an
        argument; of a Module by the parameters that are not fixed.

        Raises GraphError for a node that an op made of others, UsageError for anything but True and False.

        >>> from autograd_nn import Value
        >>> w, b = Value(3.0), Value(1.0)
        >>> b.requires_grad = False
        >>> y = w * 2.0 + b
        >>> y.backward()
        >>> w.grad, b.has_grad, y.inputs[1]
        (2.0, False, 1.0)
        """
        node: Any = self
        return not node._fixed

    @requires_grad.setter
    def requires_grad(self, on: bool) -> None:
        node: Any = self
        if flag("requires_grad", on):
            if node._fixed:
                node._fixed = FREE
            return
        if node._op is not None:
            raise GraphError(f"requires_grad: this node was made by {node._op.name}, of nodes that require a gradient\n"
                             "  help: fix the leaves below it; x.detach() is a leaf with the same data")
        node._fixed = node._fixed or FIXED
        with swapping:                                   # a pass that still found the leaf free may be about to set it
            node._grad = None

    @classmethod
    def _constant(cls, data: Any) -> Any:
        """What an op makes of constants alone: a leaf that is a constant, too."""
        kind: Any = cls
        node = kind._lift(data)
        node._fixed = COMPUTED
        return node


def refuse_grad(leaf: Node) -> NoReturn:
    """What an assignment to the gradient of a leaf comes to that is fixed."""
    raise GraphError(f"{leaf.name or 'this leaf'} is fixed (requires_grad is False), so it has no gradient\n"
                     "  help: x.requires_grad = True frees it")


def refuse_backward(root: Node) -> NoReturn:
    """What backward() comes to from a constant."""
    raise GraphError(f"backward(): this {type(root).__name__} is a constant: nothing that it was computed from "
                     "requires a gradient\n  help: requires_grad = True frees a leaf, model.requires_grad_() all "
                     "parameters of a Module; compute it again then")
