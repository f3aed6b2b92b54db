"""What Value and Tensor share with NumPy: which operands they take, and how ufuncs reach the table."""

from __future__ import annotations

from functools import cache
from inspect import signature
from typing import Any

import numpy as np

from .errors import UsageError
from .ops import CARRIERS, FUNCTIONS, OPS, Op, for_each_op
from .ops._arguments import data_of


def attach(kind: type) -> None:
    """Give `kind` every op, present and future, as a method and as the operator that the table names.

    Each calls the op, which finds the right carrier; a class may have its own, quicker ones already.
    """
    def install(op: Op) -> None:
        if op.method and op.name not in vars(kind):
            setattr(kind, op.name, _named(lambda self, *args, **params: op(self, *args, **params), op, kind))
        if not op.dunder:
            return
        methods = {f"__{op.dunder}__": _prefix(op)} if op.arity == 1 else \
            {f"__{op.dunder}__": _infix(op), f"__r{op.dunder}__": _reflected(op)}
        for name, method in methods.items():
            if name not in vars(kind):
                setattr(kind, name, method)
    def remove(op: Op) -> None:
        if getattr(vars(kind).get(op.name), "op", None) is op:
            delattr(kind, op.name)
    for_each_op(install, remove)


def _prefix(op: Op) -> Any:
    return lambda self, *rest: op(self, *rest)       # round(x, digits) passes the digits


def _infix(op: Op) -> Any:
    return lambda self, other: op(self, other) if operand(other) else NotImplemented


def _reflected(op: Op) -> Any:
    return lambda self, other: op(other, self) if operand(other) else NotImplemented


def _named(method: Any, op: Op, kind: type) -> Any:
    method.op = op
    method.__name__, method.__qualname__ = op.name, f"{kind.__name__}.{op.name}"
    method.__doc__ = f"`autograd_nn.{op.name}` of this: see help(autograd_nn.{op.name})."
    return method


def operand(x: Any) -> bool:
    """Whether an operator of a node takes x, or leaves it to x's own type."""
    return isinstance(x, (int, float, np.generic, np.ndarray, list, tuple)) or CARRIERS[type(x)][0] > 0


@cache
def _op_of(ufunc: Any) -> Any:
    """The op, or the function composed of ops, that a ufunc is."""
    return next((op for op in OPS.values() if op.array is ufunc), None) or OPS.get(ufunc.__name__) \
        or _function_of(ufunc)


def through_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """`np.sin(node)` and `ndarray * node`: the op of the table whose array function the ufunc is."""
    if (method, ufunc.__name__) in _ALONG_AXIS:
        return OPS[_ALONG_AXIS[method, ufunc.__name__]](*inputs, **{"axis": 0, **params})
    op = _op_of(ufunc)
    if op is None and _is_fact(ufunc):
        if "out" in params:
            raise UsageError(f"np.{ufunc.__name__}: out= is refused; use what is returned")
        return getattr(ufunc, method)(*[data_of(x) for x in inputs], **{k: data_of(v) for k, v in params.items()})
    if method != "__call__":
        raise UsageError(f"np.{ufunc.__name__}.{method} has no derivative here; "
                         f"np.{ufunc.__name__}.{method}(x.data) leaves the graph")
    if params and not (params.keys() == {"axis"} and op is not None and not isinstance(op, Op)):
        raise UsageError(f"np.{ufunc.__name__}: {', '.join(params)}= would lose the gradient; leave it out")
    if op is not None:
        return op(*inputs, **params)
    raise UsageError(f"np.{ufunc.__name__} is not in the op table; see autograd_nn/ops/README.md to add it")


# The methods of ufuncs that are reductions of the table.
_ALONG_AXIS = {("reduce", "add"): "sum", ("reduce", "multiply"): "prod", ("reduce", "maximum"): "max",
               ("reduce", "minimum"): "min", ("accumulate", "add"): "cumsum", ("accumulate", "multiply"): "cumprod"}


@cache
def _is_fact(ufunc: Any) -> bool:
    """Whether a ufunc answers yes or no (np.isfinite, np.greater ...): a fact about the data."""
    return any(types.endswith("->?") for types in ufunc.types) and "d" * ufunc.nin + "->?" in ufunc.types


# NumPy functions that say something about the data, or build a plain array from its shape.
_ABOUT_DATA = frozenset("""allclose array_equal array_equiv array_repr array_str array2string can_cast common_type
    count_nonzero digitize isclose iscomplex iscomplexobj isin isneginf isposinf isreal isrealobj min_scalar_type
    nanargmax nanargmin ndim result_type shape size zeros_like ones_like empty_like full_like may_share_memory
    shares_memory""".split())
_IN_PLACE = frozenset("copyto fill_diagonal place put putmask".split())
_OTHER_NAMES = {"around": "round"}


@cache
def _function_of(func: Any) -> Any:
    return next((f.call for f in FUNCTIONS.values() if f.numpy is func), None)


def through_function(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`np.sum(tensor)` and its like: the function of this package with the same name."""
    if func.__name__ in _IN_PLACE:
        raise UsageError(f"np.{func.__name__} writes into an array, and what a graph has recorded does not change\n"
                         "  help: where, index_set and put_along_axis make new arrays")
    if func is np.where and len(args) == 1:          # asks for the places, as np.nonzero does
        func = np.nonzero
    name = _OTHER_NAMES.get(func.__name__, func.__name__)
    ours = _function_of(func) or OPS.get(name)
    if ours is None and name in _ABOUT_DATA:
        return func(*[data_of(a) for a in args], **{k: data_of(v) for k, v in kwargs.items()})
    if ours is None:
        raise UsageError(f"np.{func.__name__} has no derivative here; np.{func.__name__}(x.data) leaves the graph")
    if not args and isinstance(ours, Op):            # np.reshape(a=tensor, ...): an op has no name for its input
        first = next(iter(signature(func).parameters))
        args = (kwargs.pop(first),)
    return ours(*args, **kwargs)
