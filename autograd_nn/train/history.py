"""History: what was measured after each epoch."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..core.options import instance, items, real_number, string, whole_number
from ..errors import StateError, UsageError
from ..ops._refusal import shown_in_error

ENDS = (None, "epochs", "patience", "interrupted", "callback")


class History(Mapping[str, list[float]]):
    """Name -> one number for each epoch: "loss", "lr", and with validation rows "valid_loss"; metrics likewise.

    best        the epoch, from 0, whose weights were best by the number that was watched; None before the first
    stopped     why the run ended: "epochs", "patience", "interrupted" or "callback"

    print() shows it as a table, plot() as curves.

    >>> history = History()
    >>> history.add({"loss": 0.5, "accuracy": 0.8})
    >>> history.add({"loss": 0.25, "accuracy": 0.9})
    >>> history["loss"], len(history.epochs)
    ([0.5, 0.25], 2)
    >>> print(history)
    epoch  loss  accuracy
        1   0.5       0.8
        2  0.25       0.9
    """

    def __init__(self, numbers: Mapping[str, list[float]] | None = None, *, best: int | None = None,
                 stopped: str | None = None) -> None:
        numbers = {} if numbers is None else numbers
        instance("History: numbers", numbers, Mapping, "a dict, name -> a number for each epoch")
        self._numbers = {string("History: a name", name): _column(name, column) for name, column in numbers.items()}
        self.best, self.stopped = best, stopped

    def add(self, numbers: Mapping[str, float]) -> None:
        """Add an epoch; raises UsageError for other names than the first epoch had."""
        instance("History.add: numbers", numbers, Mapping, "a dict, name -> number")
        numbers = {string("History.add: a name", name): real_number(f"History.add: {name}", x)
                   for name, x in numbers.items()}
        if self._numbers and numbers.keys() != self._numbers.keys():
            raise UsageError(f"History: an epoch with {', '.join(numbers)} does not continue {', '.join(self)}")
        for name, x in numbers.items():
            self._numbers.setdefault(name, []).append(x)

    @property
    def epochs(self) -> range:
        """The epochs so far, from 0."""
        return range(max(map(len, self._numbers.values()), default=0))

    def __getitem__(self, name: str) -> list[float]:
        if not isinstance(name, str):
            raise UsageError(f"History: a column has a name, such as \"loss\", and {shown_in_error(name)} is none")
        return self._numbers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def plot(self, metric: str | None = None, ax: Any = None) -> Any:
        """A metric over the epochs as curves, by default the loss; matplotlib's Axes. See drawing.plot_history."""
        from ..drawing import plot_history
        return plot_history(self, metric, ax)

    def state_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, for a checkpoint."""
        return {"numbers": dict(self._numbers), "best": self.best, "stopped": self.stopped}

    @classmethod
    def from_state_dict(cls, state: Any, names: Collection[str], epochs: int) -> History:
        """The History that state_dict() told of, with these names and so many epochs; StateError if it is none."""
        names = [string("History: a name", name) for name in items("History: names", names, "names")]
        epochs = whole_number("History: epochs", epochs, 0)
        try:
            numbers, best, stopped = state["numbers"], state["best"], state["stopped"]
            there = [type(x) for column in numbers.values() for x in column]
            whole = all(isinstance(column, list) and len(column) == epochs for column in numbers.values()) \
                and set(there) <= {int, float} and numbers.keys() == set(names if epochs else ()) \
                and (best is None or (type(best) is int and 0 <= best < epochs)) and stopped in ENDS
            columns = {name: list(map(float, column)) for name, column in numbers.items()}
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
            whole = False
        if not whole:
            raise StateError(f"History: this is no record of {epochs} epochs of {', '.join(names)}")
        return cls(columns, best=best, stopped=stopped)

    def __str__(self) -> str:
        head = ["epoch", *self]
        rows = [[str(i + 1) + " *" * (i == self.best), *(_short(self[name][i]) for name in self)] for i in self.epochs]
        widths = [max(map(len, column)) for column in zip(head, *rows)]
        return "\n".join("  ".join(cell.rjust(w) for cell, w in zip(row, widths)).rstrip() for row in [head, *rows])

    def __repr__(self) -> str:
        return f"History({len(self.epochs)} epochs of {', '.join(self)})"


def _column(name: str, column: Any) -> list[float]:
    return [real_number(f"History: {name}", x) for x in items(f"History: {name}", column, "numbers")]


def _short(x: float) -> str:
    return f"{x:.4g}" if math.isfinite(x) else str(x)
