"""@checks_gradient: a function as a property test of its own gradient."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.node import Node
from ..errors import AutogradError, UsageError
from ._check_gradients import check_gradients
from ._paste import pasted


def checks_gradient(*given: Any, max_examples: int | None = None, **named: Any) -> Any:
    """A decorator: the function becomes a hypothesis test that checks its gradient at inputs drawn.

    given, named  strategies for its inputs, by position or name. For the others the annotation says what
                  to draw: Value, Tensor, float, np.ndarray, or any type that hypothesis knows. Inputs
                  with a default are left to it; those that cannot be differentiated (ints, strings ...)
                  are drawn and held. Every other keyword is an option of `check_gradients`
    max_examples  of inputs; hypothesis' own number by default

    The test takes no arguments; `.function` is the function itself. A function of arrays is checked for
    a random cotangent. Where a check fails, hypothesis shrinks to the smallest inputs that fail, and
    the error carries a test to paste that repeats that failure. Needs hypothesis.

    Raises UsageError where it is not known what to draw for an input.

    >>> import autograd_nn as ag
    >>> @checks_gradient(max_examples=10)
    ... def smooth(x: ag.Tensor, y: ag.Value):
    ...     return ag.tanh(x) * y
    >>> smooth()
    """
    if len(given) == 1 and inspect.isfunction(given[0]) and not named and max_examples is None:
        return _test_of(given[0], (), {}, None)
    return lambda f: _test_of(f, given, named, max_examples)


def _test_of(f: Callable[..., Any], given: tuple[Any, ...], named: dict[str, Any], max_examples: int | None) -> Any:
    import hypothesis
    from hypothesis import strategies as st

    by_name = {name: x for name, x in named.items() if isinstance(x, st.SearchStrategy)}
    options = {name: x for name, x in named.items() if name not in by_name}
    options = {"rng": 0} | ({"cotangents": "random"} if options.get("order", 1) == 1 else {}) | options
    drawn = st.fixed_dictionaries(_strategies(f, given, by_name))
    examples = hypothesis.settings().max_examples if max_examples is None else max_examples

    @hypothesis.settings(deadline=None, max_examples=examples)
    @hypothesis.given(inputs=drawn)
    def test(inputs: dict[str, Any]) -> None:
        __tracebackhide__ = True
        free = {name: x for name, x in inputs.items() if _differentiable(x)}
        held = {name: x for name, x in inputs.items() if name not in free}
        try:
            check_gradients(lambda *xs: f(**dict(zip(free, xs)), **held), *free.values(), **options)
        except AutogradError as error:
            error.add_note(pasted(f, free, held, options))
            raise
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(test, name, getattr(f, name))
    test.function = f  # type: ignore[attr-defined]
    return test


def _strategies(f: Callable[..., Any], given: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """What to draw for each input."""
    parameters = inspect.signature(f).parameters
    unknown = set(named) - set(parameters)
    if len(given) > len(parameters) or unknown:
        raise UsageError(f"checks_gradient: {f.__name__} takes {', '.join(parameters) or 'no inputs'}, and strategies "
                         f"were given for {', '.join(sorted(unknown)) or f'{len(given)} inputs'}")
    chosen = {**dict(zip(parameters, given)), **named}
    hints = typing.get_type_hints(f) if len(chosen) < len(parameters) else {}
    for name, parameter in parameters.items():
        if name in chosen or parameter.default is not parameter.empty:
            continue
        if name not in hints or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise UsageError(f"checks_gradient: what is to be drawn for the input {name} of {f.__name__}?\n"
                             f"  help: annotate it, as in {name}: Tensor, or give a strategy, as in "
                             f"@checks_gradient({name}=tensors())")
        chosen[name] = _of_type(hints[name])
    return {name: chosen[name] for name in parameters if name in chosen}


def _of_type(kind: Any) -> Any:
    from hypothesis import strategies as st

    from . import strategies
    if kind is float:
        return strategies.numbers
    if kind is np.ndarray or typing.get_origin(kind) is np.ndarray:
        return strategies.tensors().map(lambda t: t.numpy())
    return st.from_type(kind)


def _differentiable(x: Any) -> bool:
    if isinstance(x, (list, tuple)):
        return any(map(_differentiable, x))
    if isinstance(x, dict):
        return any(map(_differentiable, x.values()))
    if isinstance(x, (np.ndarray, np.generic)):
        return x.dtype.kind == "f"
    return isinstance(x, (Node, float)) or hasattr(x, "parameters")
