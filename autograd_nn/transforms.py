"""Transforms: functions that turn a function into its derivative."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import ops
from .errors import ShapeError, UsageError
from .forward import Dual
from .graph import Node, cotangents, data_of, no_grad, stop_gradient
from .ops import CARRIERS, Op, shape_of
from .tensor import Tensor
from .value import Value

__all__ = ["elementwise_grad", "grad", "hessian", "hvp", "jacobian", "jvp", "no_grad", "stop_gradient",
           "value_and_grad", "vjp"]

Function = Callable[..., Any]


class _Depth(threading.local):
    transforms = 0


_depth = _Depth()

# A variable of its own for each transform: the cotangent that arrives here came through this
# argument, and not by another way (d/dy (x y) is x, also where y is x).
variable = Op("variable", lambda x: x, lambda x: x, lambda g, y, x: g, tex="{0}", method=False)


def _lift(x: Any) -> tuple[Any, Any]:
    """x as the function is to see it, and the variable of the graph inside.

    A dual's primal becomes the variable: the gradient of a dual y is then the dual of the gradients
    of its primal and of its tangent (mixed derivatives may be taken in either order).
    """
    if isinstance(x, Dual):
        primal, base = _lift(x.primal)
        return Dual(primal, x.tangent, x.level), base
    if isinstance(x, Node):
        base = variable(x)
    elif isinstance(x, (list, tuple)) or (isinstance(x, np.ndarray) and x.shape):
        base = Tensor(x)
    else:
        base = Value(x)
    return base, base


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that returns `(f(*args), derivative)`: f's value and its gradient in one pass.

    f returns a single number (a Value, or a Tensor of one element). The derivative by argument
    `argnums` has that argument's shape; a sequence of `argnums` gives a tuple of derivatives. Of
    numbers and arrays come numbers and arrays; inside another transform, or of Values and Tensors,
    they are nodes, and can be differentiated again.

    Raises UsageError where f does not return a node or number, ShapeError where it is not single.

    >>> value_and_grad(lambda x: x ** 3)(2.0)
    (8.0, 12.0)
    """
    several = not isinstance(argnums, int)
    places: tuple[int, ...] = tuple(argnums) if several else (argnums,)  # type: ignore[arg-type, assignment]

    def both(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        nested = _depth.transforms > 0 or any(_is_tracked(args[i]) for i in places)
        lifted = list(args)
        bases = []
        for i in places:
            lifted[i], base = _lift(args[i])
            bases.append(base)
        _depth.transforms += 1
        try:
            y = f(*lifted, **kwargs)
        finally:
            _depth.transforms -= 1
        if shape_of(y) not in ((), (1,)) and int(np.prod(shape_of(y))) != 1:
            raise ShapeError(f"grad: the function must return a single number, and returned shape {shape_of(y)}\n"
                             "  help: reduce it with .sum() or .mean(), or use jacobian or elementwise_grad")
        grads = _pull(y, np.ones(shape_of(y)) if shape_of(y) else 1.0, bases, nested)
        return (y if nested else _out(y)), (grads if several else grads[0])
    return both


def grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The gradient of f, a function of numbers or arrays that returns a single number.

    Nests to any order. See `value_and_grad` for arguments, results and errors.

    >>> grad(lambda x: x ** 3)(2.0), grad(grad(lambda x: x ** 3))(2.0)
    (12.0, 12.0)
    """
    both = value_and_grad(f, argnums)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


def elementwise_grad(f: Function) -> Function:
    """The derivative of an elementwise f, of the shape of its argument.

    >>> import numpy as np
    >>> elementwise_grad(np.square)(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    return grad(lambda x: ops.sum(f(x)) if shape_of(x) else f(x))


def vjp(f: Function, *args: Any) -> tuple[Any, Function]:
    """`(f(*args), pull)`, where `pull(v)` is v times the Jacobian: one cotangent for each argument.

    >>> import numpy as np
    >>> y, pull = vjp(lambda x: x ** 2, np.array([1.0, 2.0]))
    >>> pull(np.array([1.0, 10.0]))
    (array([ 2., 40.]),)
    """
    nested = _depth.transforms > 0 or any(map(_is_tracked, args))
    pairs = [_lift(x) for x in args]
    _depth.transforms += 1
    try:
        y = f(*[x for x, _ in pairs])
    finally:
        _depth.transforms -= 1

    def pull(v: Any) -> tuple[Any, ...]:
        if shape_of(v) != shape_of(y):
            raise ShapeError(f"vjp: the cotangent has shape {shape_of(v)}, and the function returned {shape_of(y)}")
        return _pull(y, v, [base for _, base in pairs], nested or _is_tracked(v))
    return (y if nested else _out(y)), pull


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """`(f(*primals), tangent)`: the derivative of f along `tangents`, by forward mode.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    for x, dx in zip(primals, tangents, strict=True):
        if np.shape(data_of(x)) != np.shape(data_of(dx)):
            raise ShapeError(f"jvp: a primal of shape {np.shape(data_of(x))} has a tangent of shape "
                             f"{np.shape(data_of(dx))}")
    nested = _depth.transforms > 0 or any(map(_is_tracked, (*primals, *tangents)))
    _depth.transforms += 1
    try:
        level = _depth.transforms
        y = f(*[Dual(x, dx, level) for x, dx in zip(primals, tangents)])
    finally:
        _depth.transforms -= 1
    dy: Any = np.zeros(shape_of(y)) if shape_of(y) else 0.0
    if isinstance(y, Dual) and y.level == level:
        y, dy = y.primal, y.tangent
    return (y, dy) if nested else (_out(y), _out(dy))


def jacobian(f: Function) -> Function:
    """The Jacobian of f: shape of the output, then shape of the (first) argument.

    Row by row in reverse mode, or column by column in forward mode: whichever is less work.

    >>> import numpy as np
    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    def of(x: Any, *rest: Any) -> Any:
        g = (lambda x: f(x, *rest)) if rest else f
        y, pull = vjp(g, x)
        out, into = shape_of(y), shape_of(x) if not isinstance(x, (list, tuple)) else np.shape(x)
        if int(np.prod(out)) <= int(np.prod(into)):
            rows = [pull(e)[0] for e in _basis(out)]
            return _assemble(rows, out + into, axis=0)
        columns = [jvp(g, (x,), (e,))[1] for e in _basis(into)]
        return _assemble(columns, out + into, axis=-1)
    return of


def hessian(f: Function) -> Function:
    """The matrix of second derivatives of a function that returns a single number.

    >>> import numpy as np
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return jacobian(grad(f))


def hvp(f: Function, x: Any, v: Any) -> Any:
    """The Hessian of f at x times v, without the Hessian: forward mode over reverse mode.

    >>> hvp(lambda x: x ** 3, 2.0, 1.0)
    12.0
    """
    return jvp(grad(f), (x,), (v,))[1]


# --- parts -------------------------------------------------------------------------------------

def _is_tracked(x: Any) -> bool:
    return isinstance(x, Node) or CARRIERS[type(x)][0] > 2


def _pull(y: Any, seed: Any, bases: Sequence[Any], nested: bool) -> tuple[Any, ...]:
    """The derivative of sum(seed * y) by each of the variables."""
    if isinstance(y, Dual):
        primal = _pull(y.primal, seed, bases, nested)
        return tuple(Dual(a, b, y.level) for a, b in zip(primal, _pull(y.tangent, seed, bases, nested)))
    if isinstance(y, Node):
        found = cotangents({y: seed}, create_graph=nested)
        return tuple(found.get(x, _zero(x)) for x in bases)
    if isinstance(y, (int, float, np.number, np.ndarray)):
        return tuple(map(_zero, bases))              # a constant function
    raise UsageError(f"a differentiated function must return a number or an array, not {type(y).__name__}")


def _out(y: Any) -> Any:
    return data_of(y)


def _zero(x: Any) -> Any:
    return np.zeros(x.shape, x.dtype) if isinstance(x, Tensor) else 0.0


def _basis(shape: tuple[int, ...]) -> list[Any]:
    if not shape:
        return [1.0]
    n = int(np.prod(shape))
    return [np.eye(1, n, i).reshape(shape) for i in range(n)]


def _assemble(parts: list[Any], shape: tuple[int, ...], axis: int) -> Any:
    if any(_is_tracked(p) for p in parts):
        return ops.reshape(ops.stack(parts, axis=axis), shape)
    return np.reshape(np.stack([np.asarray(p) for p in parts], axis=axis), shape) if shape else parts[0]
