"""Hypothesis strategies: nodes, shapes that go together, axes, indices, expressions, graphs, modules.

Everything shrinks as hypothesis shrinks: fewer nodes, smaller shapes, rounder numbers. This module
imports hypothesis; nothing else in the package does at import time. With the package installed,
`st.from_type(Tensor)` and `st.from_type(Value)` work without importing it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from .. import ops as table
from ..core.node import Node
from ..core.tensor import Tensor
from ..core.value import Value
from ..ops import OPS, Op, shape_of
from ._expression import Argument, Call, Expression, Term, inside, squashed

__all__ = ["Expression", "axes_for", "broadcastable_tensors", "expressions", "graphs", "indices_for", "modules",
           "smooth_ops", "tensors", "values"]

Strategy = st.SearchStrategy[Any]
Shape = tuple[int, ...]

numbers = st.floats(-3, 3, allow_subnormal=False)
"""What is drawn where no elements are asked for: moderate, so that most functions of them are too."""


def values(elements: Strategy | None = None) -> Strategy:
    """Values: leaves of one number each, by default between -3 and 3.

    >>> from hypothesis import find
    >>> find(values(), lambda v: v.data > 1)
    Value(2.0)
    """
    return st.builds(Value, numbers if elements is None else elements)


def tensors(dtype: Any = np.float64, shape: Shape | Strategy | None = None,
            elements: Strategy | None = None) -> Strategy:
    """Tensors: leaves of an array each.

    dtype     a floating point dtype, or a strategy of them
    shape     a shape, or a strategy of shapes; by default up to three axes of up to four elements
    elements  a strategy of numbers that the dtype can hold; by default between -3 and 3

    >>> from hypothesis import find
    >>> find(tensors(shape=(2, 2)), lambda t: True)
    Tensor([[0., 0.],
            [0., 0.]])
    """
    if shape is None:
        shape = hnp.array_shapes(min_dims=0, max_dims=3, max_side=4)
    dtypes = dtype if isinstance(dtype, st.SearchStrategy) else st.just(dtype)
    return dtypes.flatmap(lambda d: hnp.arrays(d, shape, elements=_elements(d, elements))).map(Tensor)


def broadcastable_tensors(n: int, dtype: Any = np.float64, elements: Strategy | None = None) -> Strategy:
    """Lists of n Tensors whose shapes broadcast against each other.

    >>> from hypothesis import find
    >>> find(broadcastable_tensors(2), lambda ts: ts[0].shape == (2,))
    [Tensor([0., 0.]), Tensor(0.)]
    """
    shapes = hnp.mutually_broadcastable_shapes(num_shapes=n, max_dims=3, max_side=4)
    return shapes.flatmap(lambda found: st.tuples(
        *(tensors(dtype, shape, elements) for shape in found.input_shapes)).map(list))


def axes_for(x: Any) -> Strategy:
    """What `axis` may be in a reduction of a Tensor, or of what has this shape: None, a number, several.

    >>> from hypothesis import find
    >>> find(axes_for((2, 3)), lambda axis: isinstance(axis, tuple) and len(axis) == 2)
    (0, 1)
    """
    n = len(_shape(x))
    if n == 0:
        return st.none() | st.just(())
    return st.none() | st.integers(-n, n - 1) | hnp.valid_tuple_axes(n)


def indices_for(shape: Any) -> Strategy:
    """Indices of a Tensor, or of what has this shape: numbers, slices, None and ..., arrays of numbers, masks.

    >>> from hypothesis import find
    >>> index = find(indices_for((3, 4)), lambda index: np.ones((3, 4))[index].size > 1)
    >>> Tensor(np.ones((3, 4)))[index].shape == np.ones((3, 4))[index].shape
    True
    """
    shape = _shape(shape)
    kinds: list[Strategy] = [hnp.basic_indices(shape, allow_newaxis=True)]
    if shape and 0 not in shape:
        kinds.append(hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=3)))
    if shape:
        kinds.append(hnp.arrays(bool, shape))
    return st.one_of(kinds)


# --- functions and graphs ------------------------------------------------------------------------------

def smooth_ops() -> list[Op]:
    """The package's elementwise ops that are differentiable all over their domains."""
    return [op for op in [*OPS.values()] if op.elementwise and op.kink is None and not op.zero
            and op.module.startswith("autograd_nn.ops.")]


@st.composite
def expressions(draw: Any, max_depth: int = 5, *, ops: Sequence[Op] | None = None, max_inputs: int = 3) -> Any:
    """Smooth functions of a few numbers, each with a point where to differentiate it: see `Expression`.

    They are made of `ops`, by default all the smooth elementwise ones of the table, each inside its
    domain at the point. They take numbers, arrays, Values and Tensors.

    >>> from hypothesis import find
    >>> find(expressions(), lambda e: True)
    lambda x: x
    >>> find(expressions(), lambda e: e.point[0] > 1).point
    (2.0,)
    """
    pool = list(smooth_ops() if ops is None else ops)
    point = tuple(draw(st.lists(numbers, min_size=1, max_size=max_inputs)))

    def term(depth: int, variable: bool) -> Term:
        if depth == 0 or draw(st.integers(0, 4)) == 0:
            if variable or draw(st.booleans()):
                return Argument(draw(st.integers(0, len(point) - 1)))
            return draw(numbers)  # type: ignore[no-any-return]
        op = draw(st.sampled_from(pool))
        args: list[Term] = []
        for domain in op.domain:
            if isinstance(domain, frozenset):
                args.append(draw(st.sampled_from(sorted(domain))))
            else:
                args.append(squashed(term(depth - 1, variable), domain, point))
                variable = False                         # one is enough for f to depend on something
        return Call(op, tuple(args))
    return Expression(term(max_depth, True), point)


@st.composite
def graphs(draw: Any, max_nodes: int = 20, *, arrays: bool | None = None, ops: Sequence[Op] | None = None,
           more: Sequence[Callable[[Any], Any]] = ()) -> Any:
    """Roots of random graphs: a single number each, computed from Values or from Tensors.

    Nodes are shared, broadcast, reduced, reshaped, indexed and joined; about `max_nodes` of them are
    drawn, and a few more bring operands into the domains of ops. All of it is smooth where it stands.

    arrays  whether it is of Tensors, or of Values alone; either by default
    ops     the elementwise ops to draw from; by default all the smooth ones of the table
    more    further steps for Tensors: functions of one Tensor that return a node

    >>> from autograd_nn import topological
    >>> from hypothesis import find
    >>> root = find(graphs(arrays=True), lambda root: len(topological([root])) > 2)
    >>> root.shape, any(node.is_leaf for node in topological([root]))
    ((), True)
    """
    if arrays is None:
        arrays = draw(st.booleans())
    pool = list(smooth_ops() if ops is None else ops)
    leaf = tensors(shape=hnp.array_shapes(min_dims=0, max_dims=2, max_side=3)) if arrays else values()
    nodes: list[Any] = draw(st.lists(leaf, min_size=1, max_size=3))
    for _ in range(draw(st.integers(1, max(1, max_nodes - len(nodes) - 1)))):
        x = draw(st.sampled_from(nodes))
        step = draw(st.sampled_from([None, *_STEPS])) if isinstance(x, Tensor) else None
        if more and isinstance(x, Tensor) and draw(st.integers(0, 3)) == 0:
            y = draw(st.sampled_from(list(more)))(x)
        elif step is None:
            y = _elementwise(draw, draw(st.sampled_from(pool)), x, nodes)
        else:
            y = step(draw, x, nodes)
        if np.all(np.isfinite(y._data)) and 0 < np.size(y._data) <= 64:
            nodes.append(y)
    used = {id(x) for node in nodes for x in node.inputs}
    ends = [node for node in nodes if id(node) not in used and node.op is not None] or nodes[-1:]
    ends = [table.sum(end) if end.shape else end for end in ends]
    return ends[0] if len(ends) == 1 else table.sum_of(ends)


def _elementwise(draw: Any, op: Op, x: Node, nodes: list[Any]) -> Any:
    """The op on x and on others that broadcast with it, or on numbers, each brought into its domain."""
    free = [i for i, domain in enumerate(op.domain) if not isinstance(domain, frozenset)]
    place = draw(st.sampled_from(free))
    args: list[Any] = []
    shape = x.shape
    for i, domain in enumerate(op.domain):
        if isinstance(domain, frozenset):
            args.append(draw(st.sampled_from(sorted(domain))))
            continue
        if i == place:
            arg: Any = x
        else:
            arg = draw(st.sampled_from([n for n in nodes if _broadcast(n.shape, shape)]) | numbers)
            shape = np.broadcast_shapes(shape, shape_of(arg))
        if not inside(arg._data if isinstance(arg, Node) else arg, domain):
            middle, half = (domain[0] + domain[1]) / 2, (domain[1] - domain[0]) / 2
            arg = middle + 0.9 * half * table.sin(arg)
        args.append(arg)
    return op(*args)


def _broadcast(a: Shape, b: Shape) -> bool:
    return all(m == n or m == 1 or n == 1 for m, n in zip(a[::-1], b[::-1]))


def _matched(draw: Any, x: Tensor, nodes: list[Any]) -> Tensor:
    """A Tensor of x's shape, perhaps x."""
    return draw(st.sampled_from([n for n in nodes if isinstance(n, Tensor) and n.shape == x.shape]))  # type: ignore[no-any-return]


def _product(draw: Any, x: Tensor, nodes: list[Any]) -> Any:
    if x.ndim not in (1, 2):
        return x * x
    others = [n for n in nodes if isinstance(n, Tensor) and n.ndim in (1, 2) and n.shape[0] == x.shape[-1]]
    return table.matmul(x, draw(st.sampled_from([x.T, *others])))


def _axis(draw: Any, x: Tensor) -> int:
    return draw(st.integers(-x.ndim, x.ndim - 1))  # type: ignore[no-any-return]


_STEPS: tuple[Callable[[Any, Any, list[Any]], Any], ...] = (
    lambda draw, x, nodes: table.sum(x, axis=draw(axes_for(x)), keepdims=draw(st.booleans())),
    lambda draw, x, nodes: table.mean(x, axis=draw(axes_for(x)), keepdims=draw(st.booleans())),
    _product,
    lambda draw, x, nodes: x.T,
    lambda draw, x, nodes: x.reshape(draw(st.sampled_from([(-1,), (1, -1), (-1, 1)]))),
    lambda draw, x, nodes: x[draw(indices_for(x))],
    lambda draw, x, nodes: table.concatenate([x, _matched(draw, x, nodes)], axis=_axis(draw, x)) if x.ndim else x * x,
    lambda draw, x, nodes: table.stack([x, _matched(draw, x, nodes)], axis=0),
    lambda draw, x, nodes: table.softmax(x, axis=_axis(draw, x)) if x.ndim else x * x,
    lambda draw, x, nodes: table.logsumexp(x, axis=draw(axes_for(x))),
    lambda draw, x, nodes: table.cumsum(x, axis=_axis(draw, x)) if x.ndim else x * x,
)


# --- modules ---------------------------------------------------------------------------------------------

@st.composite
def modules(draw: Any, in_features: int | None = None, out_features: int | None = None, *,
            max_layers: int = 3, dtype: Any = np.float64) -> Any:
    """Smooth networks on Tensors: `nn.Sequential` of `nn.Linear` with activations between.

    in_features, out_features  sizes of input and output, drawn from 1 to 4 where they are not given;
                               `module.layers[0].in_features` tells
    dtype                      of the weights; float64, so that their gradients can be checked sharply

    >>> from hypothesis import find
    >>> module = find(modules(2, 1), lambda module: len(module.layers) == 3)
    >>> module(np.zeros((5, 2))).shape
    (5, 1)
    """
    from .. import nn
    smooth = [nn.Tanh, nn.Sigmoid, nn.Softplus, nn.SiLU, nn.GELU, nn.Mish, nn.Softmax, nn.LogSoftmax]
    size = st.integers(1, 4)
    sizes = draw(st.lists(size, min_size=2, max_size=max_layers + 1))
    sizes[0], sizes[-1] = in_features or sizes[0], out_features or sizes[-1]
    layers: list[Any] = []
    for n, m in pairwise(sizes):
        if layers:
            layers.append(draw(st.sampled_from(smooth))())
        layers.append(nn.Linear(n, m, bias=draw(st.booleans()), rng=draw(st.integers(0, 2**16)), dtype=dtype))
    return nn.Sequential(*layers)


def _shape(x: Any) -> Shape:
    return tuple(x) if isinstance(x, (tuple, list)) else shape_of(x)


def _elements(dtype: Any, elements: Strategy | None) -> Strategy:
    width: Any = np.dtype(dtype).itemsize * 8
    return st.floats(-3, 3, width=min(width, 64), allow_subnormal=False) if elements is None else elements
