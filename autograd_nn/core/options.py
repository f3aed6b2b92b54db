"""Options, checked: each function gives its argument in the right type, or raises a UsageError that says what it takes.

The first argument is what the option is called in the message, as in "SGD: lr".
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Callable, Collection
from numbers import Real
from typing import Any, TypeVar

import numpy as np

from ..errors import AutogradError, DTypeError, UsageError
from ..ops._arguments import affordable
from ..ops._refusal import shown_in_error

Kind = TypeVar("Kind")

LARGEST = 2**31 - 1        # of a whole number: more elements of anything than a machine holds, and no int of 400 digits


def finite_number(name: str, x: Any) -> float:
    """x as a float, if it is a finite number.

    >>> finite_number("SGD: lr", 1), above_zero("SGD: lr", 0.5)
    (1.0, 0.5)
    >>> above_zero("SGD: lr", -1)
    Traceback (most recent call last):
        ...
    autograd_nn.errors.UsageError: SGD: lr must be a number > 0, not -1
    """
    return _number(name, x, math.isfinite, "a finite number")


def real_number(name: str, x: Any) -> float:
    """x as a float, if it is a number; inf and nan are numbers, too."""
    return _number(name, x, lambda v: True, "a number")


def item(x: Any) -> Any:
    """The number in an array that is a single one; anything else as it is."""
    return x.item() if isinstance(x, np.ndarray) and x.ndim == 0 else x


def above_zero(name: str, x: Any, infinite: bool = False) -> float:
    """x as a float, if it is a number > 0; inf only where it may be infinite."""
    return _number(name, x, lambda v: 0 < v < math.inf or (infinite and v == math.inf), "a number > 0")


def non_negative(name: str, x: Any) -> float:
    """x as a float, if it is a finite number >= 0."""
    return _number(name, x, lambda v: 0 <= v < math.inf, "a number >= 0")


def fraction(name: str, x: Any) -> float:
    """x as a float, if 0 <= x < 1."""
    return _number(name, x, lambda v: 0 <= v < 1, "a number from 0 up to, but not, 1")


def between_0_and_1(name: str, x: Any) -> float:
    """x as a float, if 0 <= x <= 1."""
    return within(name, x, 0, 1)


def within(name: str, x: Any, least: float, most: float = math.inf) -> float:
    """x as a float, if it is a finite number from `least` to `most`."""
    if type(x) is float and least <= x <= most and x < math.inf:
        return x                                         # as it mostly is, and no message has to be made
    what = f"a number >= {least:g}" if most == math.inf else f"a number from {least:g} to {most:g}"
    return _number(name, x, lambda v: least <= v <= most and math.isfinite(v), what)


def two_fractions(name: str, x: Any) -> tuple[float, float]:
    """x as a pair of fractions."""
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise UsageError(f"{name} must be two numbers, not {shown_in_error(x)}")
    return fraction(f"{name}[0]", x[0]), fraction(f"{name}[1]", x[1])


def flag(name: str, x: Any) -> bool:
    """x as a bool, if it is one."""
    if isinstance(x, (bool, np.bool_)):
        return bool(x)
    raise UsageError(f"{name} must be True or False, not {shown_in_error(x)}")


def whole_number(name: str, x: Any, least: int = 1, most: int = LARGEST) -> int:
    """x as an int, if it is an integer from `least` to `most`.

    >>> whole_number("Linear: n_in", 3), whole_number("padding", 0, least=0)
    (3, 0)
    """
    try:
        whole = least - 1 if isinstance(x, bool) else operator.index(x)
    except TypeError:
        whole = least - 1
    if whole < least:
        raise UsageError(f"{name} must be an integer >= {least}, not {shown_in_error(x)}")
    if whole > most:
        raise UsageError(f"{name} must be an integer <= {most}, not {shown_in_error(x)}")
    return whole


def choice(name: str, x: Any, known: Collection[str]) -> str:
    """x, if it is one of the known names.

    >>> choice("MSELoss: reduction", "mean", ("mean", "sum"))
    'mean'
    """
    if isinstance(x, str) and x in known:
        return x
    *first, last = (f'"{word}"' for word in known)
    raise UsageError(f"{name} must be {', '.join(first)}{' or ' * bool(first)}{last}, not {shown_in_error(x)}")


def file_path(name: str, x: Any) -> str:
    """x as the text of a path, if it is a string or an os.PathLike.

    >>> file_path("read_csv: path", "rows.csv")
    'rows.csv'
    """
    if isinstance(x, (str, os.PathLike)) and isinstance(found := os.fspath(x), str) and found and "\0" not in found:
        return found
    raise UsageError(f"{name} must be the path of a file, a string or a pathlib.Path, not {shown_in_error(x)}")


def axes_or_none(name: str, x: Any) -> Any:
    """x, if it is matplotlib's Axes or None."""
    if x is None or all(hasattr(x, part) for part in ("plot", "imshow", "set_xscale")):
        return x
    raise UsageError(f"{name} must be matplotlib's Axes or None, not {shown_in_error(x)}")


def string(name: str, x: Any) -> str:
    """x, if it is a string."""
    return instance(name, x, str, "a string")


def instance(name: str, x: Any, kind: type[Kind] | tuple[type[Kind], ...], what: str) -> Kind:
    """x, if it is of this kind; `what` says in words what that is, as in "a Module".

    >>> instance("train.fit: model", 1, dict, "a dict")
    Traceback (most recent call last):
        ...
    autograd_nn.errors.UsageError: train.fit: model must be a dict, not 1
    """
    if isinstance(x, kind):
        return x
    raise UsageError(f"{name} must be {what}, not {shown_in_error(x)}")


def instances(name: str, x: Any, kind: type[Kind], what: str) -> list[Kind]:
    """What x holds, as a list, if all of it is of this kind; `what` says what that is, as in "Tensors"."""
    found = items(name, x, what)
    for part in found:
        if not isinstance(part, kind):
            raise UsageError(f"{name} must be a list of {what}, and holds {shown_in_error(part)}")
    return found


def items(name: str, x: Any, what: str) -> list[Any]:
    """What x holds, as a list; `what` says of what, as in "words". A string is no list of letters."""
    if not isinstance(x, (str, bytes)):
        try:
            return list(x)
        except (TypeError, AutogradError):
            pass
    raise UsageError(f"{name} must be a list of {what}, not {shown_in_error(x)}")


def lengths(name: str, x: Any, least: int = 0) -> tuple[int, ...]:
    """x as a shape, if it is an integer or a sequence of integers >= `least` that an array can have.

    >>> lengths("zeros: shape", 3), lengths("zeros: shape", [2, 3])
    ((3,), (2, 3))
    """
    try:
        found = tuple(map(operator.index, x)) if isinstance(x, (tuple, list)) else (operator.index(x),)
    except TypeError:
        found = (-1,)
    if min(found, default=least) < least or isinstance(x, bool):
        raise UsageError(f"{name} must be an integer >= {least} or a tuple of these, not {shown_in_error(x)}")
    affordable(name, *found)
    return found


def real_array(name: str, x: Any) -> np.ndarray[Any, Any]:
    """x as an array of real numbers.

    >>> real_array("r2: targets", [1, 2])
    array([1, 2])
    >>> real_array("r2: targets", "text")
    Traceback (most recent call last):
        ...
    autograd_nn.errors.UsageError: r2: targets must be an array of real numbers, not 'text'
    """
    try:
        found = np.asarray(x)
        if found.dtype.kind in "biuf":
            return found
        kind: type[AutogradError] = DTypeError if isinstance(x, np.ndarray) or found.dtype.kind == "c" else UsageError
    except (AutogradError, TypeError, ValueError):
        kind = UsageError
    raise kind(f"{name} must be an array of real numbers, not {shown_in_error(x)}")


def function(name: str, x: Any, what: str) -> Callable[..., Any]:
    """x, if it can be called; `what` says what it is, as in "a function of a shape"."""
    if callable(x):
        return x  # type: ignore[no-any-return]
    raise UsageError(f"{name} must be {what}, not {shown_in_error(x)}")


def float_dtype(name: str, x: Any) -> np.dtype[Any]:
    """x as a dtype of floating point numbers; a DTypeError for another dtype."""
    try:
        if x is None:                                    # which is float64 for NumPy
            raise TypeError
        found = np.dtype(x)
    except Exception:                                    # NumPy raises what it likes, of text even SyntaxError
        raise UsageError(f"{name} must be a dtype such as float or np.float32, not {shown_in_error(x)}") from None
    if found.kind != "f":
        raise DTypeError(f"{name} must be a dtype of floating point numbers, not {found}")
    return found  # type: ignore[no-any-return]


def _number(name: str, x: Any, fits: Callable[[float], bool], what: str) -> float:
    if isinstance(x, Real) and not isinstance(x, bool):  # a Fraction too
        try:
            found = float(x)
        except OverflowError:                            # an int that no float can hold
            found = math.inf
        if fits(found):
            return found
    raise UsageError(f"{name} must be {what}, not {shown_in_error(x)}")
