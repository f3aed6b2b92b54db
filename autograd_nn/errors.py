"""The tree of exceptions. Each is also the builtin that it resembles, so either can be caught."""

from __future__ import annotations

from typing import Any


class AutogradError(Exception):
    """The base of every error that this package raises on purpose.

    >>> issubclass(ShapeError, AutogradError) and issubclass(ShapeError, ValueError)
    True
    """


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
