"""A node: a value that remembers how it was made. And the order in which a graph of them stands."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from ..ops import Op
from ._compared import comparison
from .fixed import COMPUTED, FREE, Fixable
from .options import instances

NOTHING: dict[str, Any] = {}                     # the parameters of a node that has none, shared by all of these
STORAGE: tuple[str, ...] = ("__weakref__", "_data", "_fixed", "_grad", "_inputs", "_op", "_params", "name")
"""The slots of a node that is written in Python."""


class Node(Fixable):
    """A value that remembers how it was made: by which op, from which inputs.

    An input is a node, or a plain number or ndarray (a constant, which has no derivative). A node
    does not know who uses it, so there are no cycles, and a graph is freed with its last root.
    """

    __slots__ = ()               # what is stored, and how, is for each class to say: see STORAGE

    _data: Any
    _grad: Any
    _op: Op | None
    _inputs: tuple[Any, ...]
    _params: dict[str, Any]
    _fixed: int                  # FREE, FIXED or COMPUTED; of a node that is no leaf FREE
    name: str | None

    @property
    def op(self) -> Op | None:
        """The op that made this node, or None."""
        return self._op

    @property
    def inputs(self) -> tuple[Any, ...]:
        """What the node was made of: nodes, plain numbers and arrays."""
        return self._inputs

    @property
    def params(self) -> Mapping[str, Any]:
        """The op's parameters."""
        return MappingProxyType(kept_params(self._params))

    @property
    def shape(self) -> tuple[int, ...]:
        raise NotImplementedError

    def _own(self, g: Any) -> Any:
        """A cotangent of the right shape, in the form in which this node keeps it."""
        raise NotImplementedError

    def _one(self) -> Any:
        """The seed of a backward pass from here."""
        raise NotImplementedError

    @classmethod
    def _lift(cls, data: Any) -> Any:
        """Plain data as a leaf of this class."""
        return cls._made(data, None, (), NOTHING)

    @classmethod
    def _made(cls, data: Any, op: Op | None, inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """A node as an op makes it: no checks, no copy."""
        node: Any = object.__new__(cls)
        node._data, node._grad = data, None
        node._op, node._inputs, node._params, node.name, node._fixed = op, inputs, params, None, FREE
        return node

    @property
    def has_grad(self) -> bool:
        """Whether a backward pass has reached this node; tells "0" from "not computed".

        >>> from autograd_nn import Value
        >>> x = Value(2.0)
        >>> x.has_grad
        False
        >>> (x * 0).backward()
        >>> x.has_grad, x.grad
        (True, 0.0)
        """
        return self._grad is not None

    def backward(self, seed: Any = None, *, create_graph: bool = False) -> None:
        """Add this node's derivatives to the `.grad` of every leaf that it depends on.

        `.grad` of a leaf accumulates over calls; `.grad` of a node between holds the cotangent of
        the latest call. `seed` is the cotangent of this node itself: of its shape, 1 by default
        for a single number. With `create_graph` the leaves' gradients are nodes and can be
        differentiated. Such a gradient refers to the leaf that holds it, so clear it when it has
        served (`zero_grad`); `grad` and the other transforms leave nothing behind.

        The graph stays. A loop that carries a state from step to step (that of a recurrent network) goes
        through all steps before in each backward pass, unless it carries `h.detach()`.

        Raises ShapeError for a node of more than one element without a seed, and for a seed of
        another shape; GraphError where nothing below requires a gradient.

        >>> from autograd_nn import Value
        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> x.grad
        6.0
        """
        reverse.backward(self, seed, create_graph=create_graph)

    def _take(self, data: Any) -> None:
        """Make data of this node's kind its own, without a copy: it must be nobody else's."""
        self._data = data

    def _become_leaf(self) -> None:
        """Forget how the node was made, and be a constant. Its data stay."""
        node: Any = self
        node._op, node._inputs, node._params, node._fixed = None, (), NOTHING, COMPUTED

    def zero_grad(self) -> None:
        """Forget the gradient: as before any backward."""
        self._grad = None

    # Comparisons are of data; a node is hashed by identity all the same.
    __hash__ = object.__hash__

    __eq__ = comparison(operator.eq)
    __ne__ = comparison(operator.ne)
    __lt__ = comparison(operator.lt)
    __le__ = comparison(operator.le)
    __gt__ = comparison(operator.gt)
    __ge__ = comparison(operator.ge)

    def __copy__(self) -> Any:
        return copies.shallow(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copies.deep(self, memo)

    def __reduce__(self) -> tuple[Any, ...]:
        return copies.pickled(self)


def data_of(x: Any) -> Any:
    """The number or array behind a node; anything else as it is."""
    return x._data if isinstance(x, Node) else x


def topological(roots: Node | Iterable[Node], until: Iterable[Node] = ()) -> list[Node]:
    """Every node below the roots (or the one root), inputs before what is made of them, left inputs first.

    What is below a node of `until` is left out, unless there is another way to it.
    No recursion, so any depth will do. The order is a function of the graph alone.
    Raises UsageError for roots that are no nodes.

    >>> from autograd_nn import Value
    >>> a, b = Value(1.0, name="a"), Value(2.0, name="b")
    >>> [n.name or n.op.name for n in topological([a * b + a])]
    ['a', 'b', 'multiply', 'add']
    """
    order: list[Node] = []
    seen: set[Node] = set()
    several = [roots] if isinstance(roots, Node) else instances("topological: roots", roots, Node, "Values and Tensors")
    stack: list[Any] = several[::-1]
    if not isinstance(until, (set, frozenset)):          # the transforms give theirs, and it may be large
        until = set(instances("topological: until", until, Node, "Values and Tensors"))
    pop, push, enter, out = stack.pop, stack.append, seen.add, order.append
    while stack:
        node = pop()
        if node is None:                             # all below the node under it is in the order
            out(pop())
        elif node not in seen:
            enter(node)
            inputs = node._inputs
            if not inputs or node in until:
                out(node)
                continue
            push(node)
            push(None)
            for x in inputs[::-1]:
                if isinstance(x, Node) and x not in seen:
                    push(x)
    return order


from . import copies, reverse  # noqa: E402  (at the end, for they need what is above)
from .operands import kept_params  # noqa: E402
