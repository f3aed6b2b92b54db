"""Ops on duals: forward mode, from the same rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import ops
from ..core import modes
from ..core.methods import attach, is_operand, through_function, through_ufunc
from ..core.modes import mode
from ..core.operands import plain_index
from ..errors import UsageError
from ..ops import FUNCTIONS, OPS, Op, shape_of
from ..ops._arguments import as_array, real_only
from ..ops._carriers import array_of, carrier, is_plain
from ._tangent_of_op import by_rules, in_shape_of, summed, tangent_of_op
from .dual import Dual, _running, alive

_ndarray = np.ndarray
_SINGLE = frozenset((np.float64, np.float32))
_NUMBERS = _SINGLE | {float, int}
_FLOATS = frozenset("efdg")                              # the letters of their dtypes


def _apply(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """The usual case: duals of one level, and constants, that hold floats and arrays of them; else `_apply_any`."""
    if modes.special:
        return _apply_any(op, args, params)
    level, moved, bit = -1, 0, 1
    arrays = numbers = singles = False
    xs, dxs = [], []
    for x in args:
        dx = None
        if isinstance(x, Dual):
            if x.level != level:
                if level >= 0 or x.level not in _running:
                    return _apply_any(op, args, params)
                level = x.level
            dx, x = x.tangent, x.primal
            if type(dx) is not _ndarray and type(dx) not in _NUMBERS:
                return _apply_any(op, args, params)
            moved |= bit
        if type(x) is _ndarray:
            arrays = True
        elif type(x) is float or type(x) is int:
            numbers = True
        elif type(x) in _SINGLE:
            singles = True
        else:
            return _apply_any(op, args, params)
        xs.append(x)
        dxs.append(dx)
        bit += bit
    by_elements = op.scalar is not None
    if singles or not arrays:
        if numbers and not singles and op.elementwise:
            y = op.number(*xs, **params)
            return Dual(y, in_shape_of(by_rules(op.float_rules, y, xs, dxs, params), y), level)
        if not (by_elements and arrays):                 # of single numbers these may make something else
            return _apply_any(op, args, params)
    elif numbers and not by_elements:
        return _apply_any(op, args, params)
    run: Any = op.array
    y = run(*xs, **params)
    if (type(y) is not _ndarray and type(y) not in _SINGLE) or y.dtype.char not in _FLOATS:
        return _apply_any(op, args, params)              # complex numbers, or objects, were among them
    if by_elements:
        tangent = by_rules(op.array_rules, y, xs, dxs, params)
    elif moved == bit - 1 and op.linear is True:
        tangent = run(*dxs, **params)
    else:
        tangent = summed(op, run, op.array_jvps, y, xs, dxs, moved, params)
    if type(tangent) is not _ndarray or tangent.shape != y.shape:
        tangent = in_shape_of(tangent, y)
    return Dual(y, tangent, level)


def _apply_any(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    level = -1
    for a in args:
        if isinstance(a, Dual):
            if a.level not in _running:
                return op(*map(alive, args), **params) if op.arity >= 0 else op([*map(alive, args)], **params)
            level = max(level, a.level)
    if any(isinstance(a, np.ndarray) and a.dtype == object for a in args):
        return _on_objects(op, args, params)
    here = [isinstance(a, Dual) and a.level == level for a in args]
    primals = [a.primal if mine else as_array(a) for a, mine in zip(args, here)]
    if mode.recording is False:                          # under no_grad() results are constants
        return op(*primals, **params) if op.arity >= 0 else op(primals, **params)
    for x in primals:
        real_only(op.name, np.asarray(x) if isinstance(x, (list, tuple)) else x)
    y = op(*primals, **params) if op.arity >= 0 else op(primals, **params)
    if mode.watch is not None and is_plain(y):
        mode.watch(op, tuple(primals), y)                # a node is watched where it is made
    dxs = [a.tangent if mine else None for a, mine in zip(args, here)]
    return Dual(y, tangent_of_op(op, op.traced_rules, y, primals, dxs, params), level)


def _on_objects(op: Op, args: Sequence[Any], params: dict[str, Any]) -> Any:
    """The op on the elements of arrays of objects, which may be duals, and on numbers: an array of objects."""
    if not op.elementwise or any(shape_of(a) and not isinstance(a, np.ndarray) for a in args):
        raise UsageError(f"{op.name}: an array of objects would lose the derivatives of what is in it\n"
                         "  help: autograd_nn.stack(list) joins Duals, Values or numbers into one")
    arrays = np.broadcast_arrays(*[a if isinstance(a, np.ndarray) else array_of([a], ()) for a in args])
    rows = zip(*[a.ravel() for a in arrays])
    return array_of([op(*row, **params) if op.arity >= 0 else op([*row], **params) for row in rows], arrays[0].shape)


def _quickly(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """What `Op.__call__` comes to where there is nothing to ask about the arguments."""
    try:
        return _apply(op, args, params)
    except Exception:                                    # it comes up again, and is told in the op's words
        return op(*args, **params)


def _infix(op: Op, reflected: bool) -> Any:
    def operator(self: Dual, other: Any, *rest: Any) -> Any:
        if type(other) in _QUICK and not rest:
            return _quickly(op, (other, self) if reflected else (self, other), op.params)
        if not is_operand(other):
            return NotImplemented
        return op(other, self) if reflected else op(self, other, *rest)
    return operator


def _reshape(self: Dual, *shape: Any, order: str = "C", copy: Any = None) -> Any:
    given = shape[0] if len(shape) == 1 else shape
    return _quickly(ops.reshape, (self,), dict(zip(ops.reshape.params, (given, order, copy))))


def _getitem(self: Dual, index: Any) -> Any:
    return _quickly(ops.getitem, (self,), {"index": plain_index(index)})


def _ufunc(self: Dual, ufunc: Any, method: str, *inputs: Any, **params: Any) -> Any:
    op = _of_numpy.get(ufunc) if method == "__call__" and not params else None
    return through_ufunc(ufunc, method, inputs, params) if op is None else _quickly(op, inputs, op.params)


def _function(self: Dual, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    op = _of_numpy.get(func) if not kwargs else None
    if op is None or len(args) != op.arity:
        return through_function(func, args, kwargs)
    return _quickly(op, args, op.params)


carrier("Dual", Dual, _apply, below="primal")
_of_numpy = {getattr(np, op.name): op for op in OPS.values() if hasattr(np, op.name) and not op.internal}
_QUICK = {Dual, float, int, np.ndarray}
for op in OPS.values():
    if op.dunder and op.arity == 2:
        setattr(Dual, f"__{op.dunder}__", _infix(op, False))
        setattr(Dual, f"__r{op.dunder}__", _infix(op, True))
Dual.reshape, Dual.__getitem__ = _reshape, _getitem  # type: ignore[assignment]
Dual.__array_ufunc__, Dual.__array_function__ = _ufunc, _function  # type: ignore[assignment]
attach(Dual)
for function in FUNCTIONS.values():
    if function.method and function.name not in vars(Dual):
        setattr(Dual, function.name, function.call)
