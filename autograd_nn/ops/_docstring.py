"""The docstring of an op: its formula and its derivatives, written by its own rules when somebody asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._op import Op


class Docstring:
    """`__doc__` of a class of ops: the class has its own, and each op one that its rules have written."""

    def __init__(self, of_class: str) -> None:
        self.of_class = of_class

    def __get__(self, op: Op | None, kind: type) -> str:
        if op is None:
            return self.of_class
        from ..notation.symbol import describe
        return describe(op)
