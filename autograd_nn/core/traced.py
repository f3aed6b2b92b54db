"""Traced: what Python and NumPy ask of anything in a graph, a number or an array, and how it answers."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from ..errors import LeavesGraphError
from .methods import is_operand, through_function, through_ufunc


class Traced:
    """The base of Value, Tensor, Dual and Complex.

    NumPy's functions come to the op table. A conversion that would lose the derivative without a word raises
    LeavesGraphError, which is the TypeError that Python expects of what is no number.
    """

    __slots__ = ()
    _OUT: ClassVar[str] = "x.item() is the number"                  # how to leave the graph in words

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **params: Any) -> Any:
        return through_ufunc(ufunc, method, inputs, params)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return through_function(func, args, kwargs)

    def __pos__(self) -> Any:
        return self

    def __divmod__(self, other: Any) -> Any:
        return (self // other, self % other) if is_operand(other) else NotImplemented

    def __rdivmod__(self, other: Any) -> Any:
        return (other // self, other % self) if is_operand(other) else NotImplemented

    def _refuse(self, what: str, instead: str = "") -> NoReturn:
        kind = type(self).__name__
        raise LeavesGraphError(f"{what.format(kind)} would drop its gradient without a word\n"
                               f"  help: {self._OUT}{instead}")

    def __float__(self) -> float:
        self._refuse("float() of a {} (math.exp(x) and its like call it)",
                     "; x.exp(), autograd_nn.sin(x) ... stay in the graph")

    def __int__(self) -> int:
        self._refuse("int() of a {}", "; autograd_nn.trunc(x) stays in the graph")

    def __index__(self) -> int:
        self._refuse("a {} as an index or a count")

    def __complex__(self) -> complex:
        self._refuse("complex() of a {}", "; autograd_nn.fft.Complex(x, y) has derivatives")

    def as_integer_ratio(self) -> NoReturn:
        """Raises LeavesGraphError: Python's statistics ask a number for its exact ratio, and would lose its derivative.

        >>> import statistics
        >>> from autograd_nn import Value
        >>> statistics.mean([Value(1.0), 2.0])
        Traceback (most recent call last):
        autograd_nn.errors.LeavesGraphError: the exact ratio of a Value (statistics.mean and ...
        """
        self._refuse("the exact ratio of a {} (statistics.mean and its like ask for it)",
                     "; np.mean(list), np.var(list) ... stay in the graph")
