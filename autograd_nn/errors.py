"""The tree of exceptions. Each is also the builtin that it resembles, so either can be caught."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class AutogradError(Exception):
    """The base of every error that this package raises on purpose.

    >>> issubclass(ShapeError, AutogradError) and issubclass(ShapeError, ValueError)
    True
    """

    named: Callable[[Mapping[int, str]], str] | None = None
    """The message, once it is known which operands (by id) are parameters, and what these are called."""
    arose: tuple[Any, str] | None = None
    """The innermost module in whose `forward` it arose, and the message as it was there."""
    raw: Exception | None = None
    """What Python or NumPy raised, where a function told it in its own words; the one around it tells it in its own."""

    def __reduce__(self) -> Any:
        """Pickled without what refers to the graph and the network."""
        inner = ("named", "arose", "culprit", "raw", "lanes")
        return type(self), self.args, {key: x for key, x in vars(self).items() if key not in inner}


class ShapeError(AutogradError, ValueError):
    """Shapes that do not fit together."""


class IndexingError(AutogradError, IndexError):
    """An index that points outside its array, or does not fit it."""


class DTypeError(AutogradError, TypeError):
    """A dtype that cannot be differentiated, or two that do not go together."""


class UsageError(AutogradError, TypeError):
    """A function called with arguments of the wrong kind or number."""


class LeavesGraphError(AutogradError, TypeError):
    """A conversion that would lose the gradient without a word."""


class LanesError(LeavesGraphError):
    """A question about the data of one lane of a `vmap`, where many lanes run at once and may have many answers."""

    lanes: Any = None
    """The carrier that was asked. Its `each` runs a function that asks such questions lane by lane."""


class GraphError(AutogradError, RuntimeError):
    """A graph that cannot be differentiated as asked."""


class NonFiniteError(AutogradError, FloatingPointError):
    """A nan or an inf, under `check_finite()`."""


class DataError(AutogradError, ValueError):
    """A file or an array of data that is not what it should be."""


class CheckError(AutogradError, AssertionError):
    """An analytic gradient that disagrees with the numerical one; `report` is the whole finding."""

    report: Any = None


class EvaluationError(AutogradError, RuntimeError):
    """A function that cannot be checked where it was asked for: it raises, is nan, or changes its inputs."""


class RenderError(AutogradError, RuntimeError):
    """A picture that cannot be rendered here."""


class StateError(AutogradError, ValueError):
    """Weights or optimizer state that do not fit what they are loaded into."""


class FontWarning(UserWarning):
    """A picture with characters that no font of this machine has."""


class Culprit:
    """The op that raised an exception, and what it was given."""

    def __init__(self, op: Any, inputs: tuple[Any, ...]) -> None:
        self.op, self.inputs = op, inputs

    def __reduce__(self) -> Any:
        """Pickled as None: an exception that travels to another process leaves the graph behind."""
        return type(None), ()


def blame(error: Exception, op: Any, inputs: tuple[Any, ...]) -> None:
    """Note in an exception which op raised it, on which inputs; the innermost op is the one that did."""
    vars(error).setdefault("culprit", Culprit(op, inputs))


def culprit_of(error: BaseException) -> Culprit | None:
    """The op that raised this exception; None where none did.

    >>> from autograd_nn import Value, maximum
    >>> try:
    ...     maximum(Value(1.0), "text")
    ... except UsageError as error:
    ...     print(culprit_of(error).op, culprit_of(error).inputs)
    <op maximum> (Value(1.0), 'text')
    """
    return vars(error).get("culprit")
