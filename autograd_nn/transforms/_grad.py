"""Reverse mode: gradients and vector-Jacobian products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..core.options import flag
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
    return _value_and_grad("value_and_grad", f, argnums, has_aux)


def _value_and_grad(what: str, f: Function, argnums: Argnums, has_aux: bool) -> Function:
    check_function(what, f)
    check_argnums(what, argnums)
    has_aux = flag(f"{what}: has_aux", has_aux)

    def both(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        arguments = Arguments(what, args, argnums)
        at = Pullback(what, f, arguments, kwargs, has_aux)
        y = _single(what, at)
        gradients = at.pull([np.ones(shape_of(y)) if shape_of(y) else 1.0] * len(at.ys))
        value = at.value()
        return ((value, at.extra()) if has_aux else value), arguments.results(gradients)
    return both


def _single(what: str, at: Pullback) -> Any:
    """f's value, if that is a single number."""
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
    both = _value_and_grad("grad", f, argnums, has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, g = both(*args, **kwargs)
        return (g, value[1]) if has_aux else g
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
    return _value_and_grad_only("elementwise_grad", total, argnums)


def _value_and_grad_only(what: str, f: Function, argnums: Argnums) -> Function:
    both = _value_and_grad(what, f, argnums, False)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


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
    arguments = Arguments("vjp", args, range(len(args)))
    at = Pullback("vjp", f, arguments, {}, has_aux)

    def pull(v: Any) -> Any:
        seeds = check_tangents("vjp", at.ys, at.structure.match(v, "vjp: the cotangent"), ("a value", "cotangent"))
        return arguments.results(at.pull(seeds))
    return (at.value(), pull, at.extra()) if has_aux else (at.value(), pull)
