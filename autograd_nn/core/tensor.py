"""Tensor: an array in the graph."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from .. import ops
from ..errors import LeavesGraphError, ShapeError, UsageError
from ..ops import FUNCTIONS, Op
from ..ops._carriers import carrier, has_lanes, is_traced
from ..ops._frozen import Memory, frozen, kept_result
from . import engine, modes
from .explain import explained
from .fixed import FREE, refuse_grad
from .methods import attach
from .modes import record
from .node import NOTHING, STORAGE, Node
from .operands import array_of_floats, constant, gradient_array, kept_params, plain_index, refuse_data
from .surface import TensorMethods
from .traced import Traced
from .value import Value, as_value


class Tensor(TensorMethods, Traced, Node):
    """A NumPy array that remembers how it was computed.

    `data` is copied and read-only, so that a recorded array cannot change under the graph; assign
    `t.data = array` between graphs. `grad` is an ndarray of the same shape and dtype, or None
    before any backward (a Tensor after `backward(create_graph=True)`).

    data    a number, (nested) list or array of real floating point numbers; lists of ints become
            float64. Integer and boolean arrays are constants of a program and need no Tensor.
    dtype   a NumPy floating point dtype; the data's own by default
    name    free for the user

    Raises DTypeError for arrays of integers, booleans and complex numbers, UsageError for what is
    no array at all.

    >>> import numpy as np
    >>> w = Tensor([[1.0, 2.0], [3.0, 4.0]], name="w")
    >>> np.sum((w @ np.array([1.0, -1.0])) ** 2).backward()
    >>> w.grad
    array([[-2.,  2.],
           [-2.,  2.]])
    """

    __slots__ = (*STORAGE, "_operands")
    _operands: tuple[Any, ...]                      # the inputs' data as the op saw them
    __array_priority__ = 1000.0

    def __init__(self, data: Any, dtype: Any = None, name: str | None = None) -> None:
        array = array_of_floats(data, dtype)
        if getattr(self, "_op", None) is not None or getattr(self, "_data", array).shape != array.shape:
            raise UsageError("this Tensor was made by an op, or has another shape, and cannot be initialized again\n"
                             "  help: make a new Tensor")
        self._data = array
        self._grad = None
        self._op, self._inputs, self._params, self.name, self._operands = None, (), NOTHING, name, ()
        self._fixed = FREE

    @property
    def data(self) -> np.ndarray[Any, Any]:
        """The array, which cannot be made writable; assign a new one of the same shape to change it."""
        data = self._data
        if not isinstance(data.base, Memory):
            self._data = data = frozen(data)
        return data  # type: ignore[no-any-return]

    @data.setter
    def data(self, array: Any) -> None:
        if self._op is not None:
            refuse_data(self)
        fresh = array_of_floats(array, self._data.dtype)
        if fresh.shape != self._data.shape:
            raise ShapeError(f"data: a Tensor of shape {self.shape} cannot take an array of shape {fresh.shape}\n"
                             "  help: make a new Tensor")
        self._data = fresh

    @property
    def grad(self) -> Any:
        """The gradient, of the data's shape and dtype, or None before any backward."""
        return self._grad

    @grad.setter
    def grad(self, g: Any) -> None:
        if g is not None and self._fixed:
            refuse_grad(self)
        if g is not None and not isinstance(g, Node):
            g = gradient_array("grad", g, self.dtype)
            if g.shape != self.shape:
                raise ShapeError(f"grad: a Tensor of shape {self.shape} cannot take a gradient of shape {g.shape}")
        self._grad = g

    # --- the shape of it ----------------------------------------------------------------------
    @property
    def shape(self) -> tuple[int, ...]:
        """The data's shape."""
        return self._data.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._data.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._data.size  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The data's dtype."""
        return self._data.dtype  # type: ignore[no-any-return]

    @property
    def real(self) -> Tensor:
        """The Tensor itself, for it holds real numbers."""
        return self

    @property
    def imag(self) -> np.ndarray[Any, Any]:
        """The imaginary part: an array of zeros, a constant."""
        return np.zeros_like(self._data)

    @property
    def T(self) -> Any:
        """The transpose: all axes reversed."""
        return ops.transpose(self)

    @property
    def mT(self) -> Any:
        """The last two axes exchanged: each matrix of a stack transposed."""
        return ops.matrix_transpose(self)

    def reshape(self, *shape: Any, order: str = "C", copy: Any = None) -> Any:
        """The same elements in another shape: `t.reshape(2, 3)`, `t.reshape((2, 3))`, -1 for the rest."""
        return ops.reshape(self, shape[0] if len(shape) == 1 else shape, order, copy)

    def transpose(self, *axes: Any) -> Any:
        """The axes permuted: `t.transpose(1, 0)`, `t.transpose((1, 0))`; reversed if none are given."""
        return ops.transpose(self, (axes[0] if len(axes) == 1 else axes) if axes else None)

    def flatten(self, order: str = "C") -> Any:
        """All elements along one axis, the last axis running fastest."""
        return ops.ravel(self, order)

    ravel = flatten

    def compress(self, condition: Any, axis: int | None = None, out: Any = None) -> Any:
        """The slices along an axis for which a condition holds."""
        return ops.compress(condition, self, axis, out)

    def __len__(self) -> int:
        if not self.shape:
            raise UsageError("a Tensor of shape () has no len()")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        return ops.getitem(self, plain_index(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        raise UsageError("a Tensor's elements cannot be assigned: the graph would no longer know how they came about\n"
                         "  help: autograd_nn.where(mask, value, t) or ops.index_add make a new Tensor; "
                         "t.data = array replaces the data between graphs")

    # --- out of the graph, in words -----------------------------------------------------------
    def item(self) -> float:
        """The number of a Tensor of one element, out of the graph."""
        try:
            return float(self._data.item())
        except ValueError:
            raise ShapeError(f"item() needs a single element, and this Tensor has shape {self.shape}\n"
                             "  help: .data is the array, .sum() or .mean() reduce it") from None

    def detach(self) -> Tensor:
        """A leaf with the same data."""
        return Tensor._made(self._data, None, (), NOTHING)  # type: ignore[no-any-return]

    def numpy(self) -> np.ndarray[Any, Any]:
        """A writable copy of the data, out of the graph."""
        return self._data.copy()  # type: ignore[no-any-return]

    @classmethod
    def _made(cls, data: Any, op: Op | None, inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
        node = super()._made(data, op, inputs, params)
        node._operands = _operands(op, inputs)
        return node

    # --- what the graph asks of a node --------------------------------------------------------
    def _own(self, g: Any) -> Any:
        dtype = self._data.dtype
        if isinstance(g, Tensor):
            return g if g.dtype == dtype else ops.astype(g, dtype)
        if is_traced(g):
            return ops.astype(g, dtype) if has_lanes(g) and g.dtype != dtype else g
        return g if isinstance(g, np.ndarray) and g.dtype == dtype else np.asarray(g, dtype=dtype)

    def _one(self) -> Any:
        return np.ones_like(self._data) if self._data.ndim else _ones(self._data.dtype)

    def _become_leaf(self) -> None:
        super()._become_leaf()
        self._operands = ()

    def _take(self, data: Any) -> None:
        if type(data) is not np.ndarray or data.shape != self._data.shape or data.dtype != self._data.dtype:
            self.data = data
        else:
            data.flags.writeable = False                 # who computed it may hold it still
            self._data = data

    # --- Python's and NumPy's protocols -------------------------------------------------------
    def __bool__(self) -> bool:
        try:
            return bool(self._data)
        except ValueError as error:
            raise ShapeError(f"a Tensor of shape {self.shape}: {error}\n"
                             "  help: t.any() and t.all() are single answers; "
                             "autograd_nn.where(t > 0, a, b) chooses element by element") from None

    def __repr__(self) -> str:
        text = np.array2string(self._data, separator=", ", prefix="Tensor(", threshold=100)
        dtype = "" if self.dtype == np.float64 else f", dtype={self.dtype}"
        name = "" if self.name is None else f", name={self.name!r}"
        fixed = ", requires_grad=False" if self._fixed else ""
        return f"Tensor({text}{dtype}{name}{fixed})"

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise LeavesGraphError("making an ndarray of a Tensor would drop its gradient without a word\n"
                               "  help: t.data is the array, t.numpy() a copy; "
                               "autograd_nn.stack(tensors) joins Tensors into one")


@cache
def _ones(dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    one = np.ones((), dtype)
    one.setflags(write=False)
    return one


def _operands(op: Op | None, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The inputs' data; a single number is an array of shape () to an op on whole arrays, of the others' dtype."""
    operands = tuple([x._data if isinstance(x, Node) else x for x in inputs])
    if op is None or op.scalar is not None or all(type(x) is np.ndarray for x in operands):
        return operands
    dtype = np.result_type(*operands)
    return tuple([x if type(x) is np.ndarray else np.asarray(x, dtype) for x in operands])


def _apply(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Run `op` on Tensors, Values, arrays and numbers, and record it."""
    inputs = tuple([a if isinstance(a, Node) and not a._fixed else constant(op, a) for a in args])
    for p in params.values():
        if type(p) in (list, tuple, np.ndarray):
            params = kept_params(params)
            break
    operands = _operands(op, inputs)
    try:
        data = op.array(*operands, **params)
    except (ValueError, TypeError, IndexError) as error:
        seen = tuple([a if isinstance(a, Node) else x for a, x in zip(args, inputs)])
        raise explained(op, seen, params, error) from None
    if type(data) is not np.ndarray:
        data = np.asarray(data)
    data = kept_result(data)
    if op is as_value:
        return record(Value, float(data), op, inputs, params)
    if modes.special or not any(isinstance(x, Node) for x in inputs):
        return record(Tensor, data, op, inputs, params)
    node = object.__new__(Tensor)
    node._data, node._grad, node._operands, node._fixed = data, None, operands, FREE
    node._op, node._inputs, node._params, node.name = op, inputs, params, None
    return node


carrier("Tensor", Tensor, _apply, below="_data")

attach(Tensor)
for function in FUNCTIONS.values():
    if function.method and function.name not in vars(Tensor):
        setattr(Tensor, function.name, function.call)

engine.install_tensors(Tensor, _apply, not_in_c=as_value)
