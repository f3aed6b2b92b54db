"""What the fields of an op's entry may be.

An entry is read much later than it is written, by pictures and in errors; so what is wrong with it is told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from numbers import Real
from string import Formatter
from typing import Any, NamedTuple

from ..errors import UsageError
from ._refusal import shown_in_error
from ._slots import is_starred


class _Kind(NamedTuple):
    """What a field may be, in words, and whether a thing is that in an op of this arity (-1: any number of inputs)."""

    words: str
    holds: Callable[[Any, int], bool]


def _sequence(x: Any, holds: Callable[[Any], bool], sizes: Collection[int] = ()) -> bool:
    return isinstance(x, (tuple, list)) and all(map(holds, x)) and (not sizes or len(x) in sizes)


def _number(x: Any) -> bool:
    return isinstance(x, Real) and x == x


def _interval(x: Any) -> bool:
    return _sequence(x, _number, (2,)) or (isinstance(x, frozenset) and all(map(_number, x)))


def _inputs(x: Any, arity: int) -> bool:
    return _sequence(x, lambda i: isinstance(i, int) and i >= 0 and (arity < 0 or i < arity))


def _names(x: Any, arity: int) -> bool:
    return _sequence(x, lambda name: isinstance(name, str) and name != "") \
        and (not x or len(x) == arity or (arity < 0 and any(map(is_starred, x))))


def _case(x: Any) -> bool:
    return _sequence(x, lambda part: True, (2,)) and isinstance(x[0], Sequence) and isinstance(x[1], Mapping)


_FLAG = _Kind("True or False", lambda x, arity: isinstance(x, bool))
_TEXT = _Kind("a string", lambda x, arity: isinstance(x, str))
_FUNCTION = _Kind("a function", lambda x, arity: callable(x))
_SIDES = _Kind("a number or None for each of two inputs",
               lambda x, arity: _sequence(x, lambda part: part is None or _number(part), (0, 2)))
KINDS = {
    **dict.fromkeys(("zero", "unguarded", "method", "internal", "commutes", "multilinear"), _FLAG),
    **dict.fromkeys(("symbol", "loses"), _TEXT),
    **dict.fromkeys(("dunder", "layer"), _Kind("a name", lambda x, arity: isinstance(x, str) and x.isidentifier())),
    **dict.fromkeys(("terms", "kink", "complex", "cost", "misfit", "expansion", "ufunc_method", "lanes"), _FUNCTION),
    **dict.fromkeys(("neutral", "absorbing"), _SIDES),
    "params": _Kind("names with their defaults", lambda x, arity: isinstance(x, Mapping) and all(
        isinstance(key, str) and key.isidentifier() for key in x)),
    "written": _Kind("a rule for each input, a function or None", lambda x, arity: _sequence(
        x, lambda rule: rule is None or callable(rule), () if arity < 0 else (0, arity))),
    "level": _Kind("a Level", lambda x, arity: isinstance(x, int) and 0 <= x <= 6),
    "domain": _Kind("an interval (low, high) or a frozenset of numbers for each input",
                    lambda x, arity: _sequence(x, _interval, () if arity < 0 else (0, arity))),
    "cases": _Kind("pairs of inputs or their shapes, and parameters", lambda x, arity: _sequence(x, _case)),
    "slots": _Kind("a name for each input", _names),
    "shaped_by": _Kind("numbers of inputs", _inputs),
    "linear": _Kind("True, or numbers of inputs, or groups of these",
                    lambda x, arity: x is True or _inputs(x, arity) or _sequence(
                        x, lambda group: _inputs(group, arity) and len(group) > 0)),
    "jvps": _Kind("a rule for each input, a function or None", lambda x, arity: _sequence(
        x, lambda rule: rule is None or callable(rule), (0, arity))),
    "steepest": _Kind("a number", lambda x, arity: _number(x)),
    "range": _Kind("two numbers, the least and the greatest result",
                   lambda x, arity: _sequence(x, _number, (2,)) and x[0] <= x[1]),
    "ulps": _Kind("three numbers", lambda x, arity: _sequence(x, _number, (3,))),
}


def check_fields(name: str, arity: int, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Raise UsageError for the first field of the op `name` that is not what it may be; defaults may stand."""
    for field, kind in KINDS.items():
        x = given[field]
        if x is not defaults[field] and not kind.holds(x, arity):
            raise UsageError(f"Op: {field} of {name} must be {kind.words}, not {shown_in_error(x)}")
    for field in ("tex", "text", "c"):
        if given[field] is not None:
            _check_template(f"Op: {field} of {name}", given[field], arity, given["params"] or ())


def _check_template(called: str, template: Any, arity: int, params: Collection[str]) -> None:
    """Raise UsageError unless each place in a template is an input's number or a parameter's name."""
    if not isinstance(template, str):
        raise UsageError(f"{called} must be how it is written, a string, not {shown_in_error(template)}")
    help = "\n  help: {0} is the first input, a parameter stands by its name; printed braces are doubled, {{ }}"
    try:
        places = [(key, spec, kind) for _, key, spec, kind in Formatter().parse(template) if key is not None]
    except ValueError:
        raise UsageError(f"{called}: its braces do not fit together: {shown_in_error(template)}{help}") from None
    for key, spec, kind in places:
        known = key in params or (key.isdecimal() and (arity < 0 or key in map(str, range(arity))))
        if not known or spec or kind:
            place = f"{key}!{kind}" if kind else key
            raise UsageError(f"{called}: {{{place}{':' * bool(spec)}{spec}}} is no input and no parameter: "
                             f"{shown_in_error(template)}{help}")
