"""The slots of a record: which argument of its op is which, as the op's entry says.

A record knows its op by name; of an op that is not in the table the arguments have numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...ops import OPS, Op
from ...ops._slots import reading_order, slot_names


def op_of(record: Mapping[str, Any]) -> Op | None:
    """The op that made the node of a record; None for a leaf, and where this program does not have the op."""
    return OPS.get(record["op"] or "")


def names_of_slots(record: Mapping[str, Any]) -> list[str]:
    """What the arguments of a record's op are called."""
    op = op_of(record)
    return slot_names(op.slots if op else (), record["arity"])


def named_slots(record: Mapping[str, Any]) -> dict[int, str]:
    """The slots to be told apart in a picture, and their names: none where the order makes no difference."""
    op = op_of(record)
    if len(record["inputs"]) < 2 or (op is not None and op.commutes):
        return {}
    names = names_of_slots(record)
    return {use["slot"]: names[use["slot"]] for use in record["inputs"] if use["slot"] is not None}


def order_of_slots(record: Mapping[str, Any]) -> Iterable[int]:
    """The slots in the order in which they are read."""
    op = op_of(record)
    return reading_order(op.slots if op else (), record["arity"])
