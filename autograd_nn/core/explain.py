"""What went wrong in an op on arrays: NumPy's error, with the operands, where they came from, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import AutogradError, DTypeError, IndexingError, ShapeError, UsageError
from ..ops import Op, shape_of
from ..ops.matrices.inverses import LinAlgError
from .node import Node

Shape = tuple[int, ...]


def explained(op: Op, inputs: tuple[Any, ...], params: dict[str, Any], error: Exception) -> AutogradError:
    """The error that an op raises where NumPy raised `error`.

    A module through which it passes tells it the names of its parameters (`named`).
    """
    kind: type[AutogradError] = LinAlgError if isinstance(error, np.linalg.LinAlgError) else \
        ShapeError if isinstance(error, ValueError) else IndexingError if isinstance(error, IndexError) else \
        DTypeError if isinstance(error, DTypeError) else UsageError
    reason = _of_shapes(op, inputs) if kind is ShapeError else None
    first, *help = (reason or str(error).removeprefix(op.name + ": ").strip()).split("\n")
    head = f"{op.name}: {_operands(op, inputs)}{_given(op, params)}: {first}"

    def message(names: Mapping[int, str]) -> str:
        return "\n".join([head, *_origins(inputs, names), *help])

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
    return "".join(f", {k}={v!r:.40}" for k, v in params.items() if not _is(v, op.params.get(k)))


def _is(value: Any, default: Any) -> bool:
    return value is default or (type(value) is type(default) and not isinstance(value, np.ndarray)
                                and repr(value) == repr(default))


def _origins(inputs: tuple[Any, ...], names: Mapping[int, str]) -> list[str]:
    """One line for each operand: its name, its shape, and what made it."""
    sides = ("left", "right") if len(inputs) == 2 else [f"input {i}" for i in range(len(inputs))]
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


# --- which axes do not fit --------------------------------------------------------------------------

def _of_shapes(op: Op, inputs: tuple[Any, ...]) -> str | None:
    """Which sizes differ, where the op's name or kind says what must agree; None leaves it to NumPy's words."""
    shapes = [shape_of(x) for x in inputs]
    if op.name in ("matmul", "dot"):
        return _of_product(shapes[0], shapes[1], flat=op.name == "dot")
    if op.elementwise:
        return _of_broadcast(shapes)
    return None


def _of_product(a: Shape, b: Shape, flat: bool) -> str | None:
    if not a or not b:
        return "a single number has no axis to sum over\n  help: * multiplies by a number"
    rows = b[-2] if len(b) > 1 else b[0]
    if a[-1] != rows:
        fits = "x @ y.T has" if len(b) == 2 and b[1] == a[-1] else \
            "x.T @ y has" if len(a) == 2 and a[0] == rows else None
        return f"inner sizes {a[-1]} and {rows} differ\n  help: " + (
            f"with x on the left and y on the right, {fits} inner sizes that agree" if fits else
            f"the last axis on the left ({a[-1]}) is summed with the {'last but one' if len(b) > 1 else 'only one'} "
            f"on the right ({rows})")
    stacks = _of_broadcast([a[:-2], b[:-2]], offset=2)
    return None if flat or stacks is None else f"of the stacks of matrices, {stacks}"


def _of_broadcast(shapes: list[Shape], offset: int = 0) -> str | None:
    for back in range(1, max(map(len, shapes), default=0) + 1):
        sizes = [s[-back] for s in shapes if len(s) >= back]
        if len({*sizes} - {1}) > 1:
            told = " and ".join(str(n) for n in dict.fromkeys(sizes) if n != 1)
            return f"axis {-back - offset} has sizes {told}, and neither is 1{_reshaped(shapes, offset)}"
    return None


def _reshaped(shapes: list[Shape], offset: int) -> str:
    """The help where a reduction without keepdims is likely: (32, 10) with (32,)."""
    if len(shapes) == 2 and not offset:
        long, short = sorted(shapes, key=len, reverse=True)
        if len(long) > len(short) and long[:len(short)] == short and 0 not in short:
            kept = (*short, *(1,) * (len(long) - len(short)))
            return f"\n  help: keepdims=True in the reduction, or reshape, makes {kept} of {short}"
    return "\n  help: shapes are compared from the last axis; sizes must agree or be 1"
