"""What went wrong in an op on arrays: NumPy's error, with the operands, where they came from, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import AutogradError, ShapeError
from ..ops import Op, shape_of
from ..ops._refusal import kind_of, shown_in_error
from ..ops._slots import slot_names
from .node import Node


def explained(op: Op, inputs: tuple[Any, ...], params: dict[str, Any], error: Exception) -> AutogradError:
    """The error that an op raises where NumPy raised `error`.

    A module through which it passes tells it the names of its parameters (`named`).
    """
    kind = kind_of(error)
    reason = op.misfit(*map(shape_of, inputs)) if kind is ShapeError and op.misfit is not None else None
    first, *help = (reason or str(error).removeprefix(op.name + ": ").strip()).split("\n")
    head = f"{op.name}: {_operands(op, inputs)}{_given(op, params)}: {first}"

    def message(names: Mapping[int, str]) -> str:
        return "\n".join([head, *_origins(op, inputs, names), *help])

    found = kind(message({}))
    found.named = message
    return found


def _operands(op: Op, inputs: tuple[Any, ...]) -> str:
    shapes = [str(shape_of(x)) for x in inputs]
    if len(inputs) == 2 and op.symbol != op.name:
        return f"{shapes[0]} {op.symbol} {shapes[1]}"
    return ", ".join(shapes)


def _given(op: Op, params: dict[str, Any]) -> str:
    """The parameters that are not the op's defaults."""
    return "".join(f", {k}={shown_in_error(v)}" for k, v in params.items() if not _is(v, op.params.get(k)))


def _is(value: Any, default: Any) -> bool:
    return value is default or (type(value) is type(default) and not isinstance(value, np.ndarray)
                                and repr(value) == repr(default))


def _origins(op: Op, inputs: tuple[Any, ...], names: Mapping[int, str]) -> list[str]:
    """One line for each operand: which one it is, its name, its shape, and what made it."""
    sides = slot_names(op.slots, len(inputs)) if op.slots else ("left", "right") if len(inputs) == 2 else \
        [f"input {i}" for i in range(len(inputs))]
    lines = []
    for side, x in zip(sides, inputs):
        if not isinstance(x, Node):
            lines.append((side, "", f"constant {shape_of(x)}", ""))
            continue
        origin = f"from {x.op.name}" if x.op else f"the parameter {names[id(x)]}" if id(x) in names else "a leaf"
        lines.append((side, x.name or "", f"{type(x).__name__} {x.shape}", origin))
    widths = [max(map(len, column)) for column in zip(*lines)]
    return ["  " + "  ".join(f"{part:{width}}" for part, width in zip(line, widths) if width).rstrip()
            for line in lines]
