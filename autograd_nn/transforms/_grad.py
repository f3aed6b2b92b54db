"""Reverse mode: gradients and vector-Jacobian products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..core.options import flag
from ..core.value import Value
from ..errors import ShapeError, UsageError
from ..ops import shape_of
from ..ops._refusal import shown_in_error
from ._calculus import Argnums, Arguments, Function, Pullback, check_argnums, check_function, check_tangents


def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function that returns `(f(*args), gradient)`: f's value and its gradient in one pass.

    f         returns a single number (a Value, or a Tensor or array of one element)
    argnums   which argument to differentiate by; a sequence gives a tuple of gradients. The argument
              is a number, an array, a Value or Tensor, or any nest of lists, tuples, dicts,
              dataclasses and Modules of them (see `autograd_nn.tree`), and the gradient is nested
              alike: of the same shapes and dtypes, None for what is no floating point number, and
              for a Module a dict {name of the parameter: gradient}, without those that are fixed.
    has_aux   f returns a pair (value, aux), and so does the first result

    A gradient is plain (numbers, arrays) if it depends on the arguments and plain data alone. It is a
    node, which can be differentiated again, where the argument is one, where the call stands inside
    another transform and depends on its variable, or where f closes over a Value or Tensor that it
    depends on. The parameters of a Module that is an argument count as plain data, unless they are
    variables of another transform. Under `no_grad()` everything is plain.

    Raises UsageError where f returns no number and where there is nothing to differentiate, ShapeError
    where f's value is not a single number.

    >>> value_and_grad(lambda x: x ** 3)(2.0)
    (8.0, 12.0)
    >>> value_and_grad(lambda p: p["a"] * p["b"][0])({"a": 3.0, "b": [5.0, None]})
    (15.0, {'a': 5.0, 'b': [3.0, None]})
    """
    has_aux = _checked("value_and_grad", f, argnums, has_aux)

    def both(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        at, gradient = _differentiated("value_and_grad", f, argnums, has_aux, args, kwargs)
        value = at.value()
        return ((value, at.extra()) if has_aux else value), gradient
    return both


def _checked(what: str, f: Function, argnums: Argnums, has_aux: bool) -> bool:
    check_function(what, f)
    check_argnums(what, argnums)
    return flag(f"{what}: has_aux", has_aux)


def _differentiated(what: str, f: Function, argnums: Argnums, has_aux: bool, args: tuple[Any, ...],
                    kwargs: dict[str, Any]) -> tuple[Pullback, Any]:
    """f at a point, and its gradient there."""
    arguments = Arguments(what, args, argnums)
    at = Pullback(what, f, arguments, kwargs, has_aux)
    y = _single(what, at)
    seed = np.ones(y.shape) if shape_of(y) else 1.0
    return at, arguments.results(at.pull([seed] * len(at.ys)))


def _single(what: str, at: Pullback) -> Any:
    """f's value, if that is a single number."""
    if len(at.ys) == 1 and type(at.ys[0]) is Value and len(at.structure.entries) == 1:
        return at.ys[0]
    y = at.structure.rebuild(at.ys)
    if (not at.ys and not isinstance(y, (int, np.number, np.ndarray))) or len(at.structure.entries) != 1:
        raise UsageError(f"{what}: the function must return a single number, not {type(y).__name__} "
                         f"{shown_in_error(y)}\n"
                         "  help: jacobian and vjp take functions that return anything; has_aux=True returns more")
    if math.prod(shape_of(y)) != 1:
        raise ShapeError(f"{what}: the function must return a single number, and returned shape {shape_of(y)}\n"
                         "  help: reduce it with .sum() or .mean(), or use jacobian or elementwise_grad")
    return y


def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The gradient of f, a function that returns a single number; with has_aux `(gradient, aux)`.

    Nests to any order. See `value_and_grad` for arguments, results and errors.

    >>> grad(lambda x: x ** 3)(2.0), grad(grad(lambda x: x ** 3))(2.0)
    (12.0, 12.0)
    """
    has_aux = _checked("grad", f, argnums, has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        at, found = _differentiated("grad", f, argnums, has_aux, args, kwargs)
        return (found, at.extra()) if has_aux else found
    return gradient


def elementwise_grad(f: Function, argnums: Argnums = 0) -> Function:
    """The derivative of an elementwise f, of the shape of its argument.

    >>> import numpy as np
    >>> elementwise_grad(np.square)(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    check_function("elementwise_grad", f)

    def total(*args: Any, **kwargs: Any) -> Any:
        y = f(*args, **kwargs)
        return ops.sum(y) if shape_of(y) else y
    check_argnums("elementwise_grad", argnums)
    return lambda *args, **kwargs: _differentiated("elementwise_grad", total, argnums, False, args, kwargs)[1]


def vjp(f: Function, *args: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """`(f(*args), pull)`, where `pull(v)` is v times the Jacobian: a tuple, one cotangent for each argument.

    f may return any nest of numbers and arrays; v is nested alike. With has_aux f returns (value, aux),
    and the result is `(value, pull, aux)`. Arguments and results are as for `value_and_grad`. Raises
    ShapeError where a part of v has another shape than f's value.

    >>> import numpy as np
    >>> y, pull = vjp(lambda x: x ** 2, np.array([1.0, 2.0]))
    >>> pull(np.array([1.0, 10.0]))
    (array([ 2., 40.]),)
    """
    check_function("vjp", f)
    has_aux = flag("vjp: has_aux", has_aux)
    arguments = Arguments("vjp", args, range(len(args)))
    at = Pullback("vjp", f, arguments, {}, has_aux)

    def pull(v: Any) -> Any:
        seeds = check_tangents("vjp", at.ys, at.structure.match(v, "vjp: the cotangent"), ("a value", "cotangent"))
        return arguments.results(at.pull(seeds))
    return (at.value(), pull, at.extra()) if has_aux else (at.value(), pull)
