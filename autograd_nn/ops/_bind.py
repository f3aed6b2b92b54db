"""The same rule on floats and on arrays: its code, with other functions where it names ops."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from functools import partial
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from ..errors import UsageError

Rule = Callable[..., Any]

# What Python's math raises where IEEE arithmetic has an answer (inf or nan).
MATH_ERRORS = (OverflowError, ValueError, ZeroDivisionError)


def ieee(scalar: Callable[..., float], array: Callable[..., Any]) -> Callable[..., float]:
    """`scalar`, and where Python's math raises instead of answering, what NumPy says."""
    def on_floats(*xs: Any, **params: Any) -> float:
        try:
            return scalar(*xs, **params)
        except MATH_ERRORS:
            with np.errstate(all="ignore"):
                return float(array(*[np.float64(x) for x in xs], **params))
    return on_floats


def ieee_traced(rule: Rule) -> Rule:
    """`rule` on nodes and duals with plain floats among them, and where Python raises over the floats IEEE's answer."""
    def on_traced(*xs: Any, **params: Any) -> Any:
        try:
            return rule(*xs, **params)
        except MATH_ERRORS:
            with np.errstate(all="ignore"):
                found = rule(*[np.float64(x) if type(x) in (float, int) else x for x in xs], **params)
            return float(found) if isinstance(found, np.float64) else found
    return on_traced


class Each:
    """The rule of an op with any number of inputs: `rule(i, g, y, *xs)` serves input i."""

    def __init__(self, rule: Rule) -> None:
        if not callable(rule):
            raise UsageError("Each: rule must be a function rule(i, g, y, *xs)")
        self.rule = rule

    def __getitem__(self, i: int) -> Rule:
        return partial(self.rule, i)

    def __iter__(self) -> Iterator[Rule]:
        i = 0
        while True:
            yield self[i]
            i += 1


class Bindable:
    """What a rule may name, and `bind` replaces: an op, or a function that is written twice."""

    def bound(self, kind: str) -> Callable[..., Any]:
        """The function in its place: on floats ("scalar") or on arrays ("array")."""
        raise NotImplementedError


class Twice(Bindable):
    """A function of arrays for the rules of an op, written in ops, and once more in NumPy for speed."""

    def __init__(self, in_ops: Callable[..., Any], in_numpy: Callable[..., Any]) -> None:
        self.in_ops, self.in_numpy = in_ops, in_numpy

    def __call__(self, *args: Any) -> Any:
        return self.in_ops(*args)

    def bound(self, kind: str) -> Callable[..., Any]:
        """The function in NumPy."""
        return self.in_numpy


class InOneStep(Bindable):
    """A function of a rule that the engine in C, where it is compiled, does in one step on arrays in their usual form.

    As a decorator: `@InOneStep` before a function of ops, whose name is what C knows it by.
    """

    in_c: Callable[[str, Callable[..., Any]], Any] | None = None

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)

    def bound(self, kind: str) -> Callable[..., Any]:
        """The function on floats or arrays."""
        plain = bind(self.function, kind)
        return plain if kind != "array" or self.in_c is None else self.in_c(self.function.__name__, plain)


def bind(rule: Rule, kind: str) -> Rule:
    """`rule` with each op that it names replaced by that op's plain function of a `kind`: "scalar" or "array".

    The code object is the same; only the globals differ, in the rule and in the helpers of its
    module that it calls. An unbound rule gives the same answer more slowly, for each op then looks
    at the types of its arguments first.
    """
    made: dict[FunctionType, FunctionType] = {}
    bound = _bound(rule, kind, made)
    for function, copy in made.items():              # only now, for Ctrl-C or another thread may come in between
        vars(function)["_bound"] = {**_known(function), kind: copy}              # it dies with the rule
    return bound


def _bound(rule: Rule, kind: str, made: dict[FunctionType, FunctionType]) -> Rule:
    """`rule` bound; what is new, it and its helpers, goes into `made`, and is found there by one that calls itself."""
    if not isinstance(rule, FunctionType):
        return rule
    known = _known(rule).get(kind) or made.get(rule)
    if known is not None:
        return known
    world = rule.__globals__
    names: dict[str, Any] = {"__builtins__": builtins}
    bound = made[rule] = FunctionType(rule.__code__, names, rule.__name__, rule.__defaults__, rule.__closure__)
    bound.__kwdefaults__ = rule.__kwdefaults__
    for name in _names(rule.__code__):
        if name in world:
            thing = world[name]
            if isinstance(thing, Bindable):
                names[name] = thing.bound(kind)
            elif isinstance(thing, FunctionType) and thing.__globals__ is world:
                names[name] = _bound(thing, kind, made)
            else:
                names[name] = thing
    return bound


def _known(rule: FunctionType) -> dict[str, FunctionType]:
    """Kind -> the rule bound before, but not what a wrapper has taken over from the function that it wraps."""
    return {k: f for k, f in vars(rule).get("_bound", {}).items() if f.__code__ is rule.__code__}


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _names(const)
