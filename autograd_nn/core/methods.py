"""Attaches the ops of the table to Value and Tensor, as methods and operators, and leads NumPy's calls to the table.

`attach` makes `t.exp()` and `t + 1`. `through_ufunc` and `through_function` are what NumPy calls for `np.exp(t)` and
`np.sum(t)`: each looks for the op, or the composed function, of the same name.
"""

from __future__ import annotations

from functools import cache
from inspect import signature
from numbers import Number
from typing import Any

import numpy as np

from ..errors import DTypeError, UsageError
from ..ops import FUNCTIONS, OPS, Op, for_each_op
from ..ops._arguments import data_of, dtype_of, no_option, no_out
from ..ops._carriers import is_traced
from ..ops.arrays.shape import astype


def attach(kind: type, elementwise: bool = False) -> None:
    """Give a class every (elementwise) op, present and future, as a method and as the operator that the table names.

    Each method calls the op. Where the class already has a method of that name, a quicker one, that one stays.
    """
    def install(op: Op) -> None:
        if elementwise and not op.elementwise:
            return
        if op.method and op.name not in vars(kind):
            setattr(kind, op.name, named(lambda self, *args, **params: op(self, *args, **params), op, kind))
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


def attach_to_loops(kind: type) -> None:
    """Give a class the methods that NumPy's ufuncs of one input call in their loops over arrays of objects."""
    for function in FUNCTIONS.values():
        ufunc = function.numpy
        if isinstance(ufunc, np.ufunc) and ufunc.__name__ == function.name and "O->O" in ufunc.types:
            setattr(kind, function.name, _prefix(function.call))


def _prefix(op: Any) -> Any:
    return lambda self, *rest: op(self, *rest)       # round(x, digits) passes the digits


def _infix(op: Op) -> Any:
    # pow(x, y, modulus) passes the modulus, which the op refuses
    return lambda self, other, *rest: op(self, other, *rest) if is_operand(other) else NotImplemented


def _reflected(op: Op) -> Any:
    return lambda self, other: op(other, self) if is_operand(other) else NotImplemented


def named(method: Any, op: Op, kind: type) -> Any:
    method.op = op
    method.__name__, method.__qualname__ = op.name, f"{kind.__name__}.{op.name}"
    method.__doc__ = f"`autograd_nn.{op.name}` of this: see help(autograd_nn.{op.name})."
    return method


def is_operand(x: Any) -> bool:
    """Whether an operator of a node takes x. If not, it answers NotImplemented, and Python asks x's own type.

    A Fraction is a number to Python, and to float's operators; a Decimal is a number that these refuse, in words.
    """
    return is_traced(x) or isinstance(x, (int, float, complex, np.generic, np.ndarray, list, tuple, Number))


def op_of_ufunc(ufunc: Any) -> Any:
    """The op, or the function composed of ops, that does here what a ufunc does in NumPy; None where there is none."""
    return OPS.get(ufunc.__name__) or next((op for op in [*OPS.values()] if op.array is ufunc), None) \
        or _function_of(ufunc)


def through_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """What `np.sin(node)` and `ndarray * node` come to: a call of the op whose array function the ufunc is."""
    if method != "__call__":
        asked = getattr(ufunc, method)
        along = next((op for op in [*OPS.values()] if op.ufunc_method == asked), None)
        if along is not None:
            return along(*inputs, **{"axis": 0, **params})
    no_out(f"np.{ufunc.__name__}", params.get("out"))
    if is_fact(ufunc):
        return getattr(ufunc, method)(*[data_of(x) for x in inputs], **{k: data_of(v) for k, v in params.items()})
    if method != "__call__":
        raise UsageError(f"np.{ufunc.__name__}.{method} has no derivative here; "
                         f"np.{ufunc.__name__}.{method}(x.data) leaves the graph")
    op = op_of_ufunc(ufunc)
    if op is None:
        raise UsageError(f"np.{ufunc.__name__} is not in the op table; see autograd_nn/ops/README.md to add it")
    if "dtype" in params:
        inputs, params = _cast(ufunc, inputs, **params)
    if params and not (params.keys() == {"axis"} and not isinstance(op, Op)):
        raise UsageError(f"np.{ufunc.__name__}: {', '.join(params)}= is not supported; it could lose the gradient\n"
                         "  help: np.where(mask, y, other) chooses elements, y.astype(dtype) converts them")
    return op(*inputs, **params)


def _cast(ufunc: Any, inputs: tuple[Any, ...], dtype: Any, **rest: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The inputs in the dtype in which the ufunc is asked to compute, and its other arguments."""
    kind = np.dtype(dtype)
    if kind.kind != "f":
        raise DTypeError(f"np.{ufunc.__name__}: dtype={kind} has no derivative\n  help: one of floating point numbers")
    return tuple(x if dtype_of(x) == kind else astype(x, kind) for x in inputs), rest


@cache
def is_fact(ufunc: Any) -> bool:
    """Whether a ufunc answers yes or no (np.isfinite, np.greater ...): a fact about the data."""
    return any(types.endswith("->?") for types in ufunc.types) and "d" * ufunc.nin + "->?" in ufunc.types


# NumPy functions that say something about an array, or make a plain one of its shape. They get the data without the
# graph. ops/numpy/facts.py has more.
_ABOUT_DATA = frozenset("""array_repr array_str array2string can_cast common_type min_scalar_type result_type
    zeros_like ones_like empty_like may_share_memory shares_memory""".split())
# NumPy functions that write into their argument: they are refused.
_IN_PLACE = frozenset("copyto fill_diagonal place put putmask".split())


@cache
def _function_of(func: Any) -> Any:
    return next((f.call for f in FUNCTIONS.values() if f.numpy is func), None)


def through_function(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `np.sum(tensor)` and its like come to: a call of the function of this package with the same name."""
    if func.__name__ in _IN_PLACE:
        raise UsageError(f"np.{func.__name__} writes into an array, and what a graph has recorded does not change\n"
                         "  help: where, index_set and put_along_axis make new arrays")
    ours = _function_of(func) or OPS.get(func.__name__)
    if ours is None and func.__name__ in _ABOUT_DATA:
        return func(*[data_of(a) for a in args], **{k: data_of(v) for k, v in kwargs.items()})
    if ours is None:
        raise UsageError(f"np.{func.__name__} has no derivative here; np.{func.__name__}(x.data) leaves the graph")
    if isinstance(ours, Op) and len(args) < abs(ours.arity):       # np.dot(a=t, b=u): an op has no names for inputs
        names = list(signature(func).parameters)[len(args):abs(ours.arity)]
        args = (*args, *(kwargs.pop(name) for name in names if name in kwargs))
    if isinstance(ours, Op) and not any(map(is_traced, args[:ours.arity] if ours.arity > 0 else args[0])):
        no_option(f"np.{func.__name__}", *args, *kwargs.values())
    return ours(*args, **kwargs)
