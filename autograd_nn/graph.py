"""The graph: nodes made by ops, and the chain rule over them (all of it)."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import ops
from .errors import GraphError, NonFiniteError, ShapeError
from .ops import Op, shape_of
from .ops._arguments import real_only

NOTHING: dict[str, Any] = {}
STORAGE: tuple[str, ...] = ("__weakref__", "_data", "_grad", "inputs", "name", "op", "params")
"""The slots of a node that is written in Python."""


class Node:
    """A value that remembers how it was made: by which op, from which inputs.

    An input is a node, or a plain number or ndarray (a constant, which has no derivative). A node
    does not know who uses it, so there are no cycles, and a graph is freed with its last root.
    """

    __slots__ = ()               # what is stored, and how, is for each class to say: see STORAGE

    _data: Any
    _grad: Any
    op: Op | None
    inputs: tuple[Any, ...]
    params: dict[str, Any]
    name: str | None

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
        node.op, node.inputs, node.params, node.name = op, inputs, params, None
        return node

    @property
    def is_leaf(self) -> bool:
        """Whether no op made this node.

        >>> from autograd_nn import Value
        >>> x = Value(2.0)
        >>> x.is_leaf, (x * x).is_leaf
        (True, False)
        """
        return self.op is None

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

        Raises ShapeError for a node of more than one element without a seed, and for a seed of
        another shape.

        >>> from autograd_nn import Value
        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> x.grad
        6.0
        """
        backward(self, seed, create_graph=create_graph)

    def _take(self, data: Any) -> None:
        """Make data of this node's kind its own, without a copy: it must be nobody else's."""
        self._data = data

    def zero_grad(self) -> None:
        """Forget the gradient: as before any backward."""
        self._grad = None

    __hash__ = object.__hash__                       # by identity, also where == compares data

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """A copy of the whole graph below, without recursion."""
        for node in topological([self]):
            if id(node) not in memo:
                inputs = tuple(memo[id(x)] if isinstance(x, Node) else x for x in node.inputs)
                memo[id(node)] = _rebuild(type(node), node._data, node.op, inputs, node.params,
                                          node.name, _plain(node._grad))
        return memo[id(self)]

    def __copy__(self) -> Any:
        return _rebuild(type(self), self._data, self.op, self.inputs, self.params, self.name, self._grad)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as a flat list of records, so the depth of the graph does not matter."""
        if self.op is None:
            return _rebuild, (type(self), self._data, None, (), NOTHING, self.name, _plain(self._grad))
        order = topological([self])
        place = {node: i for i, node in enumerate(order)}
        records: list[Any] = []
        for node in order:
            if node.op is None:
                records.append(node)                     # a leaf pickles itself, and stays shared
            else:
                wires = tuple((place[x], None) if isinstance(x, Node) else (-1, x) for x in node.inputs)
                records.append((type(node), node._data, node.op, wires, node.params, node.name,
                                _plain(node._grad)))
        return _rewire, (records,)


def _plain(grad: Any) -> Any:
    return grad._data if isinstance(grad, Node) else grad


def _rebuild(kind: type[Node], data: Any, op: Op | None, inputs: tuple[Any, ...],
             params: dict[str, Any], name: str | None, grad: Any) -> Any:
    node = kind._made(data, op, inputs, params)
    node.name, node._grad = name, grad
    return node


def _rewire(records: list[Any]) -> Any:
    nodes: list[Any] = []
    for record in records:
        if isinstance(record, Node):
            nodes.append(record)
        else:
            kind, data, op, wires, params, name, grad = record
            inputs = tuple(nodes[i] if i >= 0 else constant for i, constant in wires)
            nodes.append(_rebuild(kind, data, op, inputs, params, name, grad))
    return nodes[-1]


# --- the chain rule ---------------------------------------------------------------------------

def topological(roots: Iterable[Node]) -> list[Node]:
    """Every node below the roots, inputs before what is made of them, left inputs first.

    No recursion, so any depth will do. The order is a function of the graph alone.

    >>> from autograd_nn import Value
    >>> a, b = Value(1.0, name="a"), Value(2.0, name="b")
    >>> [n.name or n.op.name for n in topological([a * b + a])]
    ['a', 'b', 'multiply', 'add']
    """
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[Any] = list(roots)[::-1]
    pop, push, enter, out = stack.pop, stack.append, seen.add, order.append
    while stack:
        node = pop()
        if node is None:                             # all below the node under it is in the order
            out(pop())
        elif node not in seen:
            enter(node)
            inputs = node.inputs
            if not inputs:
                out(node)
                continue
            push(node)
            push(None)
            for x in inputs[::-1]:
                if isinstance(x, Node) and x not in seen:
                    push(x)
    return order


def cotangents(seeds: Mapping[Node, Any], *, create_graph: bool = False) -> dict[Node, Any]:
    """The derivative of sum(seed * root) with respect to every node below the roots.

    Nothing is written to the nodes. With `create_graph` the rules run on the nodes themselves, so
    each derivative is a graph in turn; without, they run on the data.

    Where a cotangent is exactly 0, an inf or nan of a rule does not leak past it. That costs
    nothing as long as none arises: only then the sweep is run again with care.
    """
    return _cotangents(topological(seeds), seeds, create_graph)


def _cotangents(order: list[Node], seeds: Mapping[Node, Any], create_graph: bool) -> dict[Node, Any]:
    alarm: list[str] = []
    with np.errstate(over="ignore", under="ignore", divide="call", invalid="call",
                     call=lambda kind, flag: alarm.append(kind)):
        found = _sweep_nodes(order, seeds, careful=False) if create_graph else _sweep(order, seeds)
        fine = not alarm
        for node, g in found.items() if fine else ():
            if node.op is None and not _finite(g):
                fine = False
                break
    if not fine:
        with np.errstate(all="ignore"):
            found = _sweep_nodes(order, seeds, careful=True) if create_graph else _sweep(order, seeds, careful=True)
    return found


def _sweep(order: list[Node], seeds: Mapping[Node, Any], careful: bool = False) -> dict[Node, Any]:
    """The chain rule on the data."""
    found = {root: root._own(seed) for root, seed in seeds.items()}
    get, array = found.get, np.ndarray
    for node in reversed(order):
        op = node.op
        if op is None:
            continue
        g = get(node)
        if g is None:
            continue
        y, inputs, params = node._data, node.inputs, node.params
        xs: Any
        rules: Any
        part: Any
        if type(y) is array:
            xs, rules = node._operands, op.array_rules   # type: ignore[attr-defined]
        else:
            xs = [x._data if isinstance(x, Node) else x for x in inputs]
            rules = op.array_rules if op.scalar is None else op.float_rules
        zero = type(g) is float and g == 0.0
        for x, rule in zip(inputs, rules):
            if rule is None or not isinstance(x, Node):
                continue
            part = 0.0 if zero else rule(g, y, *xs, **params) if params else rule(g, y, *xs)
            if careful:
                part = _without_leaks(g, part, op)
            data = x._data
            if type(part) is not array or type(data) is not array or part.shape != data.shape \
                    or part.dtype is not data.dtype:
                part = fit(part, x)
            before = get(x)
            found[x] = part if before is None else before + part
    return found


def _sweep_nodes(order: list[Node], seeds: Mapping[Node, Any], careful: bool) -> dict[Node, Any]:
    """The chain rule on the nodes themselves: what it gives are nodes, and can be differentiated."""
    found = {root: root._own(seed) for root, seed in seeds.items()}
    for node in reversed(order):
        op = node.op
        if op is None or node not in found:
            continue
        g = found[node]
        for x, before in zip(node.inputs, getattr(node, "_operands", ())):
            if isinstance(before, np.ndarray) and isinstance(x, Node) and x._data is not before:
                raise GraphError(f"{op.name}: the data of {x.name or 'an input'} was assigned after the forward "
                                 "pass, and a gradient that is a graph needs it as it was\n"
                                 "  help: run the forward pass again")
        for x, rule in zip(node.inputs, op.vjps):
            if rule is None or not isinstance(x, Node):
                continue
            part = rule(g, node, *node.inputs, **node.params)
            if careful:
                part = _without_leaks(g, part, op)
            part = fit(part, x)
            found[x] = found[x] + part if x in found else part
    return found


def fit(g: Any, x: Node) -> Any:
    """`g` as a cotangent of x: summed over the axes along which x was broadcast, in x's dtype."""
    shape, own = shape_of(g), x.shape
    if shape != own:
        lead = len(shape) - len(own)
        if lead > 0 and own and shape[lead:] == own and type(g) is np.ndarray:      # a bias: the common case, fast
            g = np.add.reduce(g, axis=0 if lead == 1 else tuple(range(lead)))
            return x._own(g)
        g = ops.sum_to(g, own) if lead >= 0 and shape else ops.broadcast_to(g, own)
    return x._own(g)


def _without_leaks(g: Any, part: Any, op: Op) -> Any:
    """`part`, with 0 where it is inf or nan though the cotangent g that it comes from is 0."""
    zero, bad = data_of(g) == 0, ~np.isfinite(data_of(part))
    if not np.any(bad):
        return part
    if op.scalar is not None:
        leaks = zero & bad
        return ops.where(~leaks, part, 0.0) if np.any(leaks) else part
    return ops.where(~bad, part, 0.0) if np.all(zero) else part


def _finite(g: Any) -> bool:
    if isinstance(g, Node):
        g = g._data
    if type(g) is np.ndarray:
        if g.ndim != 1:
            g = g.ravel("K")
        g = g.dot(g)                                 # a false alarm costs only time
    return math.isfinite(g)


def backward(root: Node, seed: Any = None, *, create_graph: bool = False) -> None:
    """`root.backward(...)`: see Node.backward."""
    shape = root.shape
    if seed is None:
        if shape and math.prod(shape) != 1:
            raise ShapeError(f"backward() starts from a single number, and this has shape {shape}\n"
                             "  help: reduce it, as in y.sum().backward(), or give the cotangent: y.backward(seed)")
        seed = root._one()
    else:
        real_only("backward(seed)", np.asarray(seed) if isinstance(seed, (list, tuple)) else seed)
        if shape_of(data_of(seed)) != shape and np.shape(seed) != shape:
            raise ShapeError(f"backward(seed): the seed has shape {np.shape(data_of(seed))}, and what it seeds {shape}")
        seed = root._own(seed if isinstance(seed, Node) else np.array(seed) if shape else seed)     # a copy
    order = topological([root])
    found = _cotangents(order, {root: seed}, create_graph)
    if create_graph:
        found = {node: g if isinstance(g, Node) else node._lift(g) for node, g in found.items()}
    held = {id(seed)}                                # the arrays that some node has already
    leaves = []
    get, hold, array = found.get, held.add, np.ndarray
    for node in order:
        g = get(node)
        if type(g) is not array and isinstance(g, np.generic):      # arrays of shape () add up to a NumPy number
            g = node._own(g)
        if node.op is not None:
            node._grad = data_of(g)                  # a graph here would refer to its own node: a cycle
            hold(id(g))
        elif g is not None:
            leaves.append((node, g))
    for node, g in leaves:
        if node._grad is not None:
            node._grad = node._own(node._grad + g)
        elif type(g) is array and (id(g) in held or g.base is not None):
            node._grad = g.copy()                    # a leaf's gradient is an array of its own
        else:
            node._grad = g
            hold(id(g))


def data_of(x: Any) -> Any:
    """The number or array behind a node; anything else as it is."""
    return x._data if isinstance(x, Node) else x


# --- modes: thread-local, and free while none is on -----------------------------------------------

class _Mode(threading.local):
    recording = True
    watch: Callable[[Op, tuple[Any, ...], Any], None] | None = None
    make: Any = None                                 # of a checkpoint: makes each node in record's place
    note: Callable[[Node], object] | None = None     # of a recording: is told of each node that an op makes
    call: Callable[[Any, tuple[Any, ...], dict[str, Any]], Any] | None = None   # and calls each module


mode = _Mode()
_lock = threading.Lock()
special = 0
"""How many special modes are on, in all threads: while 0, no op looks at `mode`."""
on_special: list[Callable[[int], object]] = []
"""Who wants to be told when that number changes."""


def _count_special(change: int) -> None:
    global special
    with _lock:
        special += change
        for tell in on_special:
            tell(special)


@contextmanager
def _special(**settings: Any) -> Iterator[None]:
    before = {name: getattr(mode, name) for name in settings}
    _count_special(1)
    try:
        for name, setting in settings.items():
            setattr(mode, name, setting)
        yield
    finally:
        for name, setting in before.items():
            setattr(mode, name, setting)
        _count_special(-1)


def no_grad() -> Any:
    """A context in which ops record nothing, in this thread: their results are leaves.

    >>> from autograd_nn import Value
    >>> x = Value(2.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.is_leaf
    True
    """
    return _special(recording=False)


def check_finite() -> Any:
    """A context in which the first op that makes a nan or an inf raises a NonFiniteError.

    The message names the op, its inputs and the line of the program.

    >>> from autograd_nn import Value
    >>> with check_finite():
    ...     Value(0.0).log()                             # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    autograd_nn.errors.NonFiniteError: log gave -inf...
    """
    return _special(watch=_refuse_nonfinite)


def _refuse_nonfinite(op: Op, inputs: tuple[Any, ...], data: Any) -> None:
    if np.all(np.isfinite(data)):
        return
    if isinstance(data, float):
        what = repr(data)
    else:
        what = f"{int(np.isnan(data).sum())} nan and {int(np.isinf(data).sum())} inf of {np.size(data)} elements"
    lines = [f"{op.name} gave {what}, at {_caller()}"]
    for i, x in enumerate(inputs):
        d = data_of(x)
        shown = f"{d!r}" if np.ndim(d) == 0 else f"array {np.shape(d)}, from {np.min(d):g} to {np.max(d):g}"
        lines.append(f"  input {i}  {getattr(x, 'name', None) or ''} {shown}".replace("   ", "  "))
    raise NonFiniteError("\n".join(lines))


def _caller() -> str:
    """The innermost line of the program that is not in this package."""
    frame = sys._getframe(1)
    here = __name__.partition(".")[0]
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in (here, "contextlib"):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}, line {frame.f_lineno}"


def record(kind: type[Node], data: Any, op: Op, inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """The node that an op makes, with regard to the modes that are on."""
    if special:
        if mode.watch is not None:
            mode.watch(op, inputs, data)
        if mode.make is not None:
            return mode.make(kind, data, op, inputs, params)
        if not mode.recording:
            return kind._made(data, None, (), NOTHING)
        if mode.note is not None:
            node = kind._made(data, op, inputs, params)
            mode.note(node)
            return node
    return kind._made(data, op, inputs, params)

