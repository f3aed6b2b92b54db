"""Comparisons of nodes: they are of the data, and what does not go together is told in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ops._arguments import data_of
from ..ops._refusal import RAW, refused


def comparison(compare: Callable[[Any, Any], Any]) -> Any:
    """A method that compares the data of a node."""
    def compared(self: Any, other: Any) -> Any:
        try:
            return compare(self._data, data_of(other))
        except RAW as error:
            raise refused(compare.__name__, (self, other), {}, error) from None
    return compared
