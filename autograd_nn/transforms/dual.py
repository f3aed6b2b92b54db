"""Dual: forward mode, from the same rules."""

from __future__ import annotations

import copy
import itertools
import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import ops
from ..core import modes
from ..core.leaks import finite
from ..core.methods import attach, is_operand, through_ufunc
from ..core.modes import mode, special_mode
from ..core.node import Node
from ..core.operands import plain_index
from ..core.reverse import cotangents_of
from ..core.tensor import Tensor
from ..core.traced import Traced
from ..core.value import Value
from ..core.variables import served
from ..errors import LeavesGraphError, UsageError
from ..ops import FUNCTIONS, OPS, Op, shape_of
from ..ops._arguments import data_of, real_only
from ..ops._carriers import array_of, carrier, is_plain
from ..ops._refusal import RAW, refused


class Dual(Traced):
    """A primal with its tangent: x + dx, where dx is the derivative along one direction.

    Elementwise rules are their own transposes: run on the tangent instead of a cotangent they give
    the tangent of the output. An op that is linear in some inputs is run on their tangents, and many others have a rule
    for tangents. The rules of those that are left are linear in the cotangent, so their transposes are found by
    differentiating the rules themselves.

    `level` keeps derivatives apart: an op treats duals of a lower level as constants, and of a dual whose
    jvp is over it takes the primal. A dual that a program makes has level 0, which is never over.

    >>> from autograd_nn import sin
    >>> y = sin(Dual(2.0, 1.0) * 3.0)
    >>> round(y.primal, 6), round(y.tangent, 6)
    (-0.279415, 2.880511)
    """

    __slots__ = ("level", "primal", "tangent")
    _OUT = "x.primal is what it holds"

    def __init__(self, primal: Any, tangent: Any, level: int = 0) -> None:
        self.primal, self.tangent, self.level = primal, tangent, level

    @property
    def shape(self) -> tuple[int, ...]:
        """The primal's shape."""
        return shape_of(self.primal)

    @property
    def dtype(self) -> Any:
        """The primal's dtype; float64 for a number."""
        return getattr(self.primal, "dtype", np.dtype(float))

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    T, __len__, __iter__ = Tensor.T, Tensor.__len__, Tensor.__iter__
    transpose, flatten, ravel = Tensor.transpose, Tensor.flatten, Tensor.ravel

    def reshape(self, *shape: Any, order: str = "C", copy: Any = None) -> Any:
        """The same elements in another shape: `x.reshape(2, 3)`, `x.reshape((2, 3))`, -1 for the rest."""
        return _quickly(ops.reshape, (self,), {"shape": shape[0] if len(shape) == 1 else shape, "order": order,
                                               "copy": copy})

    def __getitem__(self, index: Any) -> Any:
        return _quickly(ops.getitem, (self,), {"index": plain_index(index)})

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **params: Any) -> Any:
        op = _of_ufunc.get(ufunc) if method == "__call__" and not params else None
        return through_ufunc(ufunc, method, inputs, params) if op is None else _quickly(op, inputs, op.params)

    def __copy__(self) -> Dual:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Dual:
        return type(self)(copy.deepcopy(self.primal, memo), copy.deepcopy(self.tangent, memo), self.level)

    def __reduce__(self) -> Any:
        x = alive(self)
        if x is self and self.level:
            raise LeavesGraphError("a Dual cannot be pickled while its jvp runs: a copy would have no tangent"
                                   "\n  help: copy.copy and copy.deepcopy keep it; x.primal is what it holds")
        return (type(self), (self.primal, self.tangent)) if x is self else (copy.copy, (x,))

    def __repr__(self) -> str:
        return f"Dual({self.primal!r}, {self.tangent!r})"

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if self.shape:
            raise LeavesGraphError("making an ndarray of a Dual would drop its tangent without a word\n"
                                   "  help: autograd_nn.stack(duals) joins Duals into one")
        box = np.empty((), dtype=object)     # a number may stand in an array of objects, as a Value may
        box[()] = self
        return box

    def _compare(self, other: Any, how: str) -> Any:
        try:
            return getattr(np, how)(data_of(self), data_of(other))
        except RAW as error:
            raise refused(how, (self, other), {}, error) from None

    def __lt__(self, other: Any) -> Any:
        return self._compare(other, "less")

    def __le__(self, other: Any) -> Any:
        return self._compare(other, "less_equal")

    def __gt__(self, other: Any) -> Any:
        return self._compare(other, "greater")

    def __ge__(self, other: Any) -> Any:
        return self._compare(other, "greater_equal")

    def __eq__(self, other: Any) -> Any:
        return self._compare(other, "equal")

    def __ne__(self, other: Any) -> Any:
        return self._compare(other, "not_equal")

    __hash__ = object.__hash__


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
            return Dual(y, _fitted(_by_rules(op.float_rules, y, xs, dxs, params), y), level)
        if not (by_elements and arrays):                 # of single numbers these may make something else
            return _apply_any(op, args, params)
    elif numbers and not by_elements:
        return _apply_any(op, args, params)
    run: Any = op.array
    y = run(*xs, **params)
    if (type(y) is not _ndarray and type(y) not in _SINGLE) or y.dtype.char not in _FLOATS:
        return _apply_any(op, args, params)              # complex numbers, or objects, were among them
    if by_elements:
        tangent = _by_rules(op.array_rules, y, xs, dxs, params)
    elif moved == bit - 1 and op.linear is True:
        tangent = run(*dxs, **params)
    else:
        tangent = _summed(op, run, op.array_jvps, y, xs, dxs, moved, params)
    if type(tangent) is not _ndarray or tangent.shape != y.shape:
        tangent = _fitted(tangent, y)
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
    primals = [a.primal if mine else a for a, mine in zip(args, here)]
    if mode.recording is False:                          # under no_grad() results are constants
        return op(*primals, **params) if op.arity >= 0 else op(primals, **params)
    for x in primals:
        real_only(op.name, np.asarray(x) if isinstance(x, (list, tuple)) else x)
    y = op(*primals, **params) if op.arity >= 0 else op(primals, **params)
    if mode.watch is not None and is_plain(y):
        mode.watch(op, tuple(primals), y)                # a node is watched where it is made
    dxs = [a.tangent if mine else None for a, mine in zip(args, here)]
    return Dual(y, tangent_of_op(op, op.traced_rules, y, primals, dxs, params), level)


_ndarray = np.ndarray
_SINGLE = frozenset((np.float64, np.float32))
_NUMBERS = _SINGLE | {float, int}
_FLOATS = frozenset("efdg")                              # the letters of their dtypes


def tangent_of_op(op: Op, rules: Iterable[Any], y: Any, xs: Sequence[Any], dxs: Sequence[Any],
                  params: Mapping[str, Any]) -> Any:
    """The tangent of y, which the op made of xs, whose tangents are dxs; None is that of a constant.

    `rules` are the op's, bound to what xs are. Of an op on whole arrays its own are taken, which record.
    """
    if op.scalar is not None:
        return _fitted(_by_rules(rules, y, xs, dxs, params), y)

    def run(*xs: Any, **params: Any) -> Any:
        return op(*xs, **params) if op.arity >= 0 else op(xs, **params)
    moved = sum(1 << i for i, dx in enumerate(dxs) if dx is not None)
    return _fitted(_summed(op, run, op.jvps, y, xs, dxs, moved, params), y)


def _fitted(tangent: Any, y: Any) -> Any:
    """The tangent in y's shape; zeros for None."""
    if tangent is None:
        tangent = 0.0
    if type(tangent) in (float, int) and hasattr(y, "dtype"):
        return np.full(shape_of(y), tangent, y.dtype)[()]            # not float64 where y is float32
    return tangent if shape_of(tangent) == shape_of(y) else ops.broadcast_to(tangent, shape_of(y))


def _by_rules(rules: Iterable[Any], y: Any, xs: Sequence[Any], dxs: Sequence[Any], params: Mapping[str, Any]) -> Any:
    """The tangent of y, of an op that works element by element: each rule is its own transpose."""
    tangent: Any = None
    for dx, rule in zip(dxs, rules):
        if dx is not None and rule is not None:
            part = rule(dx, y, *xs, **params)
            tangent = part if tangent is None else tangent + part
    return tangent


def _summed(op: Op, run: Callable[..., Any], jvps: Sequence[Any], y: Any, xs: Sequence[Any], dxs: Sequence[Any],
            moved: int, params: Mapping[str, Any]) -> Any:
    """The tangent of y, of an op on whole arrays: a sum over the inputs that have tangents, whose bits are in `moved`.

    Inputs in which the op is linear together are served together, by the op itself, which is `run`. Where an inf or nan
    may have leaked past a tangent of 0 the transpose tells.
    """
    parts = op.parts_of_tangent.get((moved, len(xs)))
    if parts is None:
        parts = op.parts_of_tangent[moved, len(xs)] = _parts_of_tangent(op, moved, len(xs))
    total: Any = None
    for slots, roles in parts:
        if roles is None:                                # not linear in it
            i, = slots
            part = None if not jvps or jvps[i] is None else jvps[i](dxs[i], y, *xs, **params)
            leaks = part is None or not finite(data_of(part))
        else:
            part = run(*[dx if role == _OWN else x if role == _HELD else _zeros(x)
                         for role, x, dx in zip(roles, xs, dxs)], **params)
            leaks = _HELD in roles and not finite(part if type(part) is _ndarray else data_of(part))
        for one in [_transposed(op, dxs[i], y, xs, i, params) for i in slots] if leaks else (part,):
            total = one if total is None else total + one
    return total


_OWN, _HELD, _ZERO = range(3)


def _parts_of_tangent(op: Op, moved: int, n: int) -> list[tuple[tuple[int, ...], tuple[int, ...] | None]]:
    """The parts of a tangent: each serves some inputs, and has a role for each of the n: its tangent, itself, or zeros.

    Where the op is not linear in an input, that is served by itself and there are no roles.
    """
    left, parts = {i for i in range(n) if moved >> i & 1}, list[Any]()
    groups = [{*group} for group in op.linear_groups(n)]
    while left:
        group = max(groups, key=lambda group: len(group & left), default=set())
        slots = group & left
        roles = tuple([_OWN if i in slots else _ZERO if i in group else _HELD for i in range(n)])
        slots = slots or {min(left)}
        parts.append((tuple(sorted(slots)), roles if _OWN in roles else None))
        left -= slots
    return parts


def _zeros(x: Any) -> Any:
    """The tangent of a constant."""
    return np.zeros(np.shape(data_of(x)), getattr(x, "dtype", float))[()]


def _on_objects(op: Op, args: Sequence[Any], params: dict[str, Any]) -> Any:
    """The op on the elements of arrays of objects, which may be duals, and on numbers: an array of objects."""
    if not op.elementwise or any(shape_of(a) and not isinstance(a, np.ndarray) for a in args):
        raise UsageError(f"{op.name}: an array of objects would lose the derivatives of what is in it\n"
                         "  help: autograd_nn.stack(list) joins Duals, Values or numbers into one")
    arrays = np.broadcast_arrays(*[a if isinstance(a, np.ndarray) else array_of([a], ()) for a in args])
    rows = zip(*[a.ravel() for a in arrays])
    return array_of([op(*row, **params) if op.arity >= 0 else op([*row], **params) for row in rows], arrays[0].shape)


def _transposed(op: Op, tangent: Any, y: Any, primals: Sequence[Any], i: int, params: Mapping[str, Any]) -> Any:
    """The tangent of y: the transpose of the rule of input i (linear in its cotangent u), applied to its `tangent`."""
    rule = op.traced_rules[i]
    if rule is None:
        return 0.0
    if not mode.recording:                   # the rule must be recorded all the same, and nothing before it
        y, tangent, *primals = (detached(x) for x in (y, tangent, *primals))
    data = data_of(y)
    u = leaf(0.0, Value) if type(data) is float else leaf(np.zeros(np.shape(data), np.result_type(data)), Tensor)
    nodes = any(True for _ in nodes_in((y, tangent, *primals)))
    with recording():
        part = rule(u, y, *primals, **params)
        if shape_of(part) != shape_of(primals[i]):
            part = ops.sum_to(part, shape_of(primals[i]))
        found = transposed([part], [tangent], [u], create_graph=nodes)[0]
    if nodes:
        served([u])
    found = found if mode.recording else detached(found)
    return 0.0 if found is None else found


def transposed(ys: Sequence[Any], seeds: Sequence[Any], leaves: Sequence[Any], create_graph: bool) -> list[Any]:
    """The derivative of sum(seed * y) over all y, by each of the leaves; None where there is none.

    Of duals it is a dual: (s0 + ds) (y0 + dy) has the parts s0 y0 and s0 dy + ds y0.
    """
    levels = [x.level for x in (*ys, *seeds) if isinstance(x, Dual)]
    if levels:
        level = max(levels)
        y0, dy = zip(*[_parts(y, level) for y in ys])
        s0, ds = zip(*[_parts(s, level) for s in seeds])
        primal = transposed(y0, s0, leaves, create_graph)
        tangent = transposed((*dy, *y0), (*s0, *ds), leaves, create_graph)
        return [None if a is None and b is None else Dual(_or_zero(a, x), _or_zero(b, x), level)
                for a, b, x in zip(primal, tangent, leaves)]
    together: dict[Node, Any] = {}
    for y, seed in zip(ys, seeds):
        if isinstance(y, Node) and seed is not None:
            together[y] = together[y] + y._own(seed) if y in together else seed
    return cotangents_of(list(leaves), together, create_graph=create_graph)


def _parts(x: Any, level: int) -> tuple[Any, Any]:
    return (x.primal, x.tangent) if isinstance(x, Dual) and x.level == level else (x, None)


def _or_zero(g: Any, x: Any) -> Any:
    return g if g is not None else np.zeros(x.shape, x.dtype) if isinstance(x, Tensor) else 0.0


# --- levels ----------------------------------------------------------------------------------------

_levels = itertools.count(1)
_running = Counter({0: 1})               # by level, in all threads: f may use threads, and rerun what was over
_lock = threading.Lock()


def new_level() -> int:
    """A level above all that there were."""
    return next(_levels)


def running_levels() -> tuple[int, ...]:
    """The levels of all jvps that are running."""
    with _lock:
        return tuple(_running)


@contextmanager
def run_at(levels: Sequence[int]) -> Iterator[None]:
    """Inside, the jvps of these levels are running."""
    with _lock:
        _running.update(levels)
    try:
        yield
    finally:
        with _lock:
            _running.subtract(levels)
            for level in levels:
                if not _running[level]:
                    del _running[level]


def alive(x: Any) -> Any:
    """x without the tangents of jvps that are over."""
    while isinstance(x, Dual) and x.level not in _running:
        x = x.primal
    return x


# --- nodes in duals, and modes ---------------------------------------------------------------------

def nodes_in(xs: Iterable[Any]) -> Iterator[Node]:
    """The nodes among xs, and in the duals among them."""
    stack = list(xs)[::-1]
    while stack:
        x = stack.pop()
        if isinstance(x, Dual):
            stack += (x.tangent, x.primal)
        elif isinstance(x, Node):
            yield x


def detached(x: Any) -> Any:
    """x without what was recorded of its nodes."""
    if isinstance(x, Dual):
        return Dual(detached(x.primal), detached(x.tangent), x.level)
    if not isinstance(x, Node):
        return x
    return type(x)._lift(x._data) if mode.make is None else mode.make.unrecorded(type(x), x._data)


def leaf(data: Any, like: type[Node]) -> Any:
    """A leaf with this data, known to a checkpoint around it as made inside."""
    node = like._lift(data)
    if mode.make is not None:
        mode.make.own(node)
    return node


@contextmanager
def recording() -> Iterator[None]:
    """Inside, ops are recorded, also where no_grad() is on."""
    if mode.recording:
        yield
    else:
        with special_mode(recording=True):
            yield


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


carrier("Dual", Dual, _apply, below="primal")
_of_ufunc = {getattr(np, op.name): op for op in OPS.values() if isinstance(getattr(np, op.name, None), np.ufunc)}
_QUICK = {Dual, float, int, np.ndarray}
for op in OPS.values():
    if op.dunder and op.arity == 2:
        setattr(Dual, f"__{op.dunder}__", _infix(op, False))
        setattr(Dual, f"__r{op.dunder}__", _infix(op, True))
attach(Dual)
for function in FUNCTIONS.values():
    if function.method and function.name not in vars(Dual):
        setattr(Dual, function.name, function.call)
