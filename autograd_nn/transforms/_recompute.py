"""checkpoint: forget what happened inside a function, and run it again when a backward pass comes by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial, wraps
from typing import Any

import numpy as np

from .. import ops, tree
from ..core.lane_level import in_lanes_of, running_lanes
from ..core.modes import mode, record, special_mode, unrecorded
from ..core.node import NOTHING, Node
from ..core.operands import constant
from ..core.random import generator
from ..core.reverse import cotangents
from ..core.tensor import Tensor
from ..core.value import Value
from ..core.variables import active, served
from ..errors import GraphError
from ..ops import Each, Op
from ..tree import Structure
from ._calculus import Function, check_function, plain_result
from ._forgotten import Inside, forget
from ._packing import packed, put_together, taken_apart, unpacked
from ._variable import variable
from .dual import Dual, leaf, run_at, running_levels


def checkpoint(f: Function) -> Function:
    """f with a smaller graph: one node, which runs f again in the backward pass instead of storing its inside.

    The call `checkpoint(f)(*args)` gives what f gives and has f's derivatives, of any order and in
    both modes, also by the Values and Tensors that f closes over (the parameters of a network, say).
    Between forward and backward only f's arguments, these, and its result are held. Arguments and
    result may be any nest (see `autograd_nn.tree`).

    f must do the same again: what it draws from the package's own generator is drawn alike, and any
    other difference in the result raises a GraphError in the backward pass. So does what f leaves in a cell that it
    closes over, when it is used outside: f must return it, or keep its data alone.

    >>> from autograd_nn import Value, tanh
    >>> x = Value(0.5)
    >>> y = checkpoint(lambda x: tanh(tanh(x) * 2.0))(x)
    >>> y.inputs[0] is x
    True
    >>> y.backward()
    >>> round(x.grad, 6)
    0.739528
    """
    check_function("checkpoint", f)

    @wraps(f)
    def run(*args: Any, **kwargs: Any) -> Any:
        leaves, structure = tree.flatten((args, kwargs))
        forms, inputs = taken_apart(leaves)
        segment = Segment(f, structure, forms, inputs)
        return segment.forward(inputs)
    return run


class Region:
    """Makes the nodes of one run of f, and notes which nodes f uses that were made elsewhere.

    `instead` has, by their id, nodes that are to be replaced as inputs of what is made.
    """

    def __init__(self, instead: dict[int, Node]) -> None:
        self.instead = instead
        self.inside = Inside()                              # of f
        self.outer = mode.make                           # of a checkpoint around this one
        self.made: set[int] = set()                      # ids: what was made elsewhere and lives has another
        self.closed: dict[int, Node] = {}

    def __call__(self, kind: type[Node], data: Any, op: Op, inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
        for x in inputs:
            if isinstance(x, Node):
                self.use(x)
        if not mode.recording:
            return self.unrecorded(kind, data)
        inputs = tuple(self.instead.get(id(x), x) for x in inputs)
        make = kind._made if self.outer is None else partial(self.outer, kind)
        node = make(data, op, inputs, params)
        self.made.add(id(node))
        return node

    def unrecorded(self, kind: type[Node], data: Any) -> Any:
        """What an op makes where nothing is recorded: under no_grad() a leaf, else a node that is forgotten."""
        node = forget(kind, data, self.inside) if mode.recording is None else unrecorded(kind, data)
        self.own(node)
        return node

    def argument(self, x: Node) -> Any:
        """What stands for an argument of f in a run of which nothing is recorded."""
        node = self.unrecorded(type(x), x._data)
        if mode.recording is None:
            node = type(x)._made(x._data, variable, (node,), NOTHING)
            self.own(node)
        return node

    def use(self, x: Node) -> None:
        """Note x if it was made elsewhere, and is no constant."""
        if id(x) not in self.made and not x._fixed:
            self.closed[id(x)] = x

    def own(self, node: Node) -> None:
        """A leaf that was made inside, or a node that is forgotten."""
        self.made.add(id(node))
        if self.outer is not None:
            self.outer.own(node)


class Segment:
    """f, and what it takes to run it again: how its arguments are made of the inputs of the node."""

    def __init__(self, f: Function, structure: Structure, forms: list[Any], inputs: Sequence[Any]) -> None:
        self.f, self.structure, self.forms = f, structure, forms
        self.kinds = [_kind(x) for x in inputs]
        self.closed: tuple[Node, ...] = ()               # the nodes that f closes over; inputs as well
        self.around = active.nodes, running_levels(), running_lanes()    # the transforms that were running
        self.random_state: Any = None                    # of the package's own generator as f began, once it ran

    def forward(self, inputs: list[Any]) -> Any:
        """f's value, with one node for its graph."""
        self.random_state = generator().bit_generator.state
        region = Region({})
        with special_mode(recording=False if mode.recording is False else None, make=region), region.inside:
            own = [region.argument(x) if isinstance(x, Node) and not x._fixed else x for x in inputs]
            ys, structure, forms = self.run(own)
            for y in ys:
                if isinstance(y, Node):
                    region.use(y)
        inputs = [constant(rerun, x) if isinstance(x, Node) and x._fixed else x for x in inputs]
        self.closed = tuple(region.closed.values())
        self.kinds += map(type, self.closed)
        nodes = [x for x in (*inputs, *self.closed) if isinstance(x, Node)]
        if not nodes or not ys:
            return structure.rebuild(put_together(forms, [plain_result(y) if isinstance(y, Node) else y for y in ys]))
        data = [y._data if isinstance(y, Node) else y for y in ys]
        kind = _kind(ys[0]) or (Value if type(data[0]) is float else Tensor) if len(ys) == 1 else Tensor
        node = record(kind, packed(data), rerun, (*inputs, *self.closed), {"segment": self})
        return structure.rebuild(put_together(forms, unpacked(node, ys)))

    def run(self, inputs: Sequence[Any]) -> tuple[list[Any], Structure, list[Any]]:
        """f's value, taken apart."""
        args, kwargs = self.structure.rebuild(put_together(self.forms, inputs))
        leaves, structure = tree.flatten(self.f(*args, **kwargs))
        forms, ys = taken_apart(leaves)
        return ys, structure, forms

    def again(self, xs: Sequence[Any]) -> tuple[list[Any], list[Any], Region]:
        """Variables for the inputs xs, and the values of f on them, recorded.

        While the Region lives, one may ask for the derivatives by the variables.
        """
        own = generator().bit_generator
        now = own.state
        own.state = self.random_state or now
        region, variables = Region({}), list[Any]()
        try:
            with special_mode(recording=True, make=region), region.inside:
                variables = [variable(x) if isinstance(x, Node) else x if kind is None else leaf(x, kind)
                             for x, kind in zip(xs, self.kinds)]
                n = len(variables) - len(self.closed)
                region.instead.update(zip(map(id, self.closed), variables[n:]))
                nodes, levels, lanes = self.around
                with active.also(nodes.union(x for x in variables if isinstance(x, Node))), run_at(levels), \
                        in_lanes_of(lanes):
                    ys, _, _ = self.run(variables[:n])
        finally:
            own.state = now
            served((x for x in variables if isinstance(x, Node)), by=region)
        return variables, [region.instead.get(id(y), y) for y in ys], region


def _kind(x: Any) -> type[Node] | None:
    return type(x) if isinstance(x, Node) else None


def _pulled_back(g: Any, y: Any, xs: Sequence[Any], segment: Segment) -> list[Any]:
    """The cotangents of all inputs."""
    variables, ys, _region = segment.again(xs)
    _check_same([y._data if isinstance(y, Node) else y for y in ys], y)
    seeds: dict[Node, Any] = {}
    for part, seed in zip(ys, unpacked(g, ys)):
        if isinstance(part, Node):
            seeds[part] = seeds[part] + part._own(seed) if part in seeds else seed
    found = cotangents(seeds, create_graph=any(isinstance(x, (Node, Dual)) for x in (g, *xs)))
    return [found.get(x, 0.0) if isinstance(x, Node) else None for x in variables]


def _check_same(data: list[Any], y: Any) -> None:
    """Whether f gave again what it gave; up to rounding, for arrays may lie differently in memory."""
    before = np.asarray(y._data if isinstance(y, Node) else y)
    again = np.asarray(packed(data)) if data else np.zeros(0)
    rough = 1e-3 if before.dtype.itemsize < 8 else 1e-9
    if again.shape != before.shape or not np.allclose(again, before, rtol=rough, atol=rough, equal_nan=True):
        raise GraphError("checkpoint: the function gave another result when it ran again for the backward pass\n"
                         "  help: parameters must not change in between, and randomness must come from outside "
                         "or from rng=None")


class _Once(Each):
    """Rules that run f once for all inputs of a node."""

    def __iter__(self) -> Iterator[Callable[..., Any]]:
        last: list[Any] = []
        i = 0
        while True:
            yield partial(self._memo, last, i)
            i += 1

    def _memo(self, last: list[Any], i: int, g: Any, y: Any, *xs: Any, segment: Segment) -> Any:
        if not last or last[0] is not g:
            last[:] = [g, _pulled_back(g, y, xs, segment)]
        return last[1][i]


def _data_again(*xs: Any, segment: Segment) -> Any:
    with special_mode(recording=False):
        _, ys, _region = segment.again(xs)
    return packed([y._data if isinstance(y, Node) else y for y in ys])


def _example(x: Any, y: Any) -> Any:
    return [ops.sin(x) @ y, ops.sum(x * x)]


_EXAMPLE = Segment(_example, tree.flatten(((1.0, 1.0), {}))[1], [None, None], [Tensor(1.0), Tensor(1.0)])

rerun = Op("rerun", None, _data_again, _Once(lambda i, g, y, *xs, segment: _pulled_back(g, y, xs, segment)[i]),
           tex=r"\operatorname{{checkpoint}}({0}, \ldots)", symbol="checkpoint", params={"segment": None}, method=False,
           cases=[(((2, 3), (3,)), {"segment": _EXAMPLE})])
rerun.array_rules = rerun.scalar_rules = rerun.float_rules = rerun.vjps
