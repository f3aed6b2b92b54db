"""What Value and Tensor share with NumPy: which operands they take, and how ufuncs reach the table."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from .errors import UsageError
from .ops import CARRIERS, FUNCTIONS, OPS, Op, for_each_op


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
    return lambda self, *_: op(self)                 # round(x, digits) passes the digits


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
def _op_of(ufunc: Any) -> Op | None:
    return next((op for op in OPS.values() if op.array is ufunc), None) or OPS.get(ufunc.__name__)


def through_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """`np.sin(node)` and `ndarray * node`: the op of the table whose array function the ufunc is."""
    from .graph import data_of
    if method == "reduce" and ufunc in (np.add, np.maximum, np.minimum, np.multiply):
        name = {np.add: "sum", np.maximum: "max", np.minimum: "min", np.multiply: "prod"}[ufunc]
        allowed = {k: v for k, v in params.items() if k in ("axis", "keepdims")}
        return OPS[name](*inputs, **{"axis": 0, **allowed})
    if method != "__call__":
        raise UsageError(f"np.{ufunc.__name__}.{method} has no derivative here; "
                         f"np.{ufunc.__name__}.{method}(x.data) leaves the graph")
    if params:
        raise UsageError(f"np.{ufunc.__name__}: {', '.join(params)}= would lose the gradient; leave it out")
    op = _op_of(ufunc)
    if op is not None:
        return op(*inputs)
    out = ufunc.resolve_dtypes((*[np.result_type(data_of(x)) for x in inputs], *(None,) * ufunc.nout))[ufunc.nin]
    if out == np.dtype(bool):                        # np.isfinite, np.greater ...: a fact about the data
        return ufunc(*[data_of(x) for x in inputs])
    raise UsageError(f"np.{ufunc.__name__} is not in the op table; see autograd_nn/ops/README.md to add it")


# NumPy functions that say something about the data, or build a plain array from its shape.
_ABOUT_DATA = frozenset("""allclose all any argmax argmin argpartition argsort argwhere array_equal array_equiv
    array_repr array_str array2string can_cast count_nonzero flatnonzero isclose iscomplexobj isneginf isposinf
    isrealobj lexsort min_scalar_type ndim nonzero result_type searchsorted shape size zeros_like ones_like
    empty_like full_like may_share_memory shares_memory""".split())
_OTHER_NAMES = {"amax": "max", "amin": "min", "absolute": "absolute"}


@cache
def _function_of(func: Any) -> Any:
    return next((f.call for f in FUNCTIONS.values() if f.numpy is func), None)


def through_function(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`np.sum(tensor)` and its like: the function of this package with the same name."""
    from .graph import data_of
    name = _OTHER_NAMES.get(func.__name__, func.__name__)
    ours = _function_of(func) or OPS.get(name)
    if ours is None and name in _ABOUT_DATA:
        return func(*[data_of(a) for a in args], **{k: data_of(v) for k, v in kwargs.items()})
    if ours is None:
        raise UsageError(f"np.{func.__name__} has no derivative here; np.{func.__name__}(x.data) leaves the graph")
    return ours(*args, **kwargs)
