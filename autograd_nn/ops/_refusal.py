"""Errors in words: what a function of this package says when Python or NumPy cannot take its arguments.

NumPy's own message ("tuple index out of range") tells what went wrong inside. The reader of an error wants to know
which function it was, what it was given, and what it takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial, update_wrapper
from types import FunctionType
from typing import Any, TypeVar, cast

import numpy as np

from ..errors import AutogradError, IndexingError, LanesError, ShapeError, UsageError
from ._carriers import is_traced
from ._no_nodes import check_options, options_of

Callee = TypeVar("Callee", bound=Callable[..., Any])

RAW = (TypeError, ValueError, IndexError, KeyError, AttributeError, ArithmeticError, RecursionError, MemoryError,
       StopIteration)
"""What Python and NumPy raise where arguments are of the wrong kind, shape or size."""

LONGEST = 40                       # letters of an argument in a message


def refused(name: str, args: Sequence[Any], params: Mapping[str, Any], error: Exception,
            taken: str | None = None) -> AutogradError:
    """The error that the function `name` raises where `error` came from inside it; `taken` says what it takes.

    >>> print(refused("mean", (None,), {}, TypeError("unsupported operand type(s)")))
    mean: None is neither a number nor an array
      in mean(None)
      help: it takes numbers, arrays, Values and Tensors
    >>> print(refused("roll", (np.ones(3),), {"axis": "x"}, TypeError("'str' is no integer")))
    roll: 'str' is no integer
      in roll(array (3,), axis='x')
    """
    if re.match(rf"(\w+\.)*{name.rpartition('.')[2]}\(\) (takes|missing|got) ", str(error)):
        return UsageError(str(error))                    # Python's own, of a call that does not fit the signature
    kind = kind_of(error)
    given = [*map(shown_in_error, args), *(f"{key}={shown_in_error(x)}" for key, x in params.items())]
    reason, help = str(error).removeprefix(f"{name}: ").strip() or type(error).__name__, ""
    if taken is not None:
        help = f"\n  help: it takes {taken}"
    elif args and not _may_be_numbers(args[0]):
        kind, reason = UsageError, f"{shown_in_error(args[0])} is neither a number nor an array"
        help = "\n  help: it takes numbers, arrays, Values and Tensors"
    told = kind(f"{name}: {reason}\n  in {name}({', '.join(given)}){help}")
    told.raw = error
    return told


def kind_of(error: Exception) -> type[AutogradError]:
    """The class of this package's errors that is most like `error`.

    >>> kind_of(ValueError()), kind_of(OverflowError())
    (<class 'autograd_nn.errors.ShapeError'>, <class 'autograd_nn.errors.UsageError'>)
    """
    from .matrices.inverses import LinAlgError
    return type(error) if isinstance(error, AutogradError) else \
        LinAlgError if isinstance(error, np.linalg.LinAlgError) else \
        ShapeError if isinstance(error, ValueError) else \
        IndexingError if isinstance(error, IndexError) else UsageError


def shown_in_error(x: Any) -> str:
    """An argument in a message: the kind and shape of an array or node, otherwise what it looks like, cut short.

    >>> shown_in_error(np.ones((2, 3))), shown_in_error("text"), shown_in_error([1, 2])
    ('array (2, 3)', "'text'", '[1, 2]')
    """
    if isinstance(x, np.ndarray):
        return f"array {x.shape}" + ("" if x.dtype.kind == "f" else f" of {x.dtype}")
    if is_traced(x):
        return f"{type(x).__name__} {getattr(x, 'shape', ())}"
    try:
        text = repr(x)
    except Exception:                                    # a __repr__ of the reader's, or an int of 5,000 digits
        return f"a {type(x).__name__}"
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST - 2]} …"


def _may_be_numbers(x: Any) -> bool:
    """Whether x is a number, an array, a node, or a sequence (of which NumPy says more)."""
    return isinstance(x, (int, float, complex, np.generic, np.ndarray, list, tuple)) or is_traced(x) \
        or hasattr(x, "__array__")


def takes(what: str) -> Callable[[Callee], Callee]:
    """Decorate a function or method that calls nothing of the reader's: its errors say what it takes.

    >>> @takes("a list of words")
    ... def longest(words):
    ...     return max(map(len, words))
    >>> longest(5)
    Traceback (most recent call last):
        ...
    autograd_nn.errors.UsageError: longest: 'int' object is not iterable
      in longest(5)
      help: it takes a list of words
    """
    def enter(call: Callee) -> Callee:
        kind, name = f".{call.__qualname__}".split(".")[-2:]
        method = bool(kind) and kind != "<locals>"
        named = kind if name == "__init__" else f"{kind}.{name}" if method else name
        return cast(Callee, in_its_own_words(named, call, what, method))
    return enter


def in_its_own_words(name: str, call: Callable[..., Any], taken: str | None = None,
                     method: bool = False) -> Callable[..., Any]:
    """The function `call`, which raises an error of this package where Python or NumPy raised theirs.

    Nodes in the place of options are refused before.
    """
    # These are closed over, for the names below are looked up elsewhere.
    asked, passed, raw, told = LanesError, AutogradError, RAW, refused
    options_of_call, check = cache(partial(options_of, call)), check_options       # found when it is first called

    def checked(*args: Any, **params: Any) -> Any:
        try:
            if options := options_of_call():
                check(name, options, args, params)
            return call(*args, **params)
        except asked as error:                           # it looks at the data, so it runs in each lane of a vmap
            if taken is not None or error.lanes is None:
                raise
            return error.lanes.each(checked, args, params)
        except passed as error:
            if error.raw is None:
                raise
            raise told(name, args[method:], params, error.raw, taken) from None
        except raw as error:
            raise told(name, args[method:], params, error, taken) from None

    # doctest takes the examples of a function from the module whose names the function looks up
    in_its_module = FunctionType(checked.__code__, call.__globals__, call.__name__, None, checked.__closure__)
    return update_wrapper(in_its_module, call)
