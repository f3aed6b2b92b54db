"""What an operation costs, read from the node that it made."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..core.node import Node
from ..ops import shape_of

Shape = tuple[int, ...]


def multiply_adds(node: Node) -> int:
    """The multiply-adds of the operation that made a node; 0 for all but sums of products.

    >>> import numpy as np
    >>> from autograd_nn import Tensor
    >>> multiply_adds(Tensor(np.ones((2, 3))) @ np.ones((3, 5)))
    30
    """
    rule = None if node.op is None else _COSTS.get(node.op.name)
    return 0 if rule is None else rule([shape_of(x) for x in node.inputs], node.shape, **node.params)


def _matmul(shapes: list[Shape], out: Shape, **_: Any) -> int:
    return math.prod(out) * shapes[0][-1] if all(shapes[:2]) else 0


def _convolution(shapes: list[Shape], out: Shape, **_: Any) -> int:
    return math.prod(out) * math.prod(shapes[1][1:])


def _transposed(shapes: list[Shape], out: Shape, **_: Any) -> int:
    return math.prod(shapes[0]) * math.prod(shapes[1][1:])


def _weighted_sum(shapes: list[Shape], out: Shape, **_: Any) -> int:
    return math.prod(out) * (len(shapes) // 2)


def _einsum(shapes: list[Shape], out: Shape, subscripts: str, **_: Any) -> int:
    """Every combination of indices, and a multiplication for each operand after the first."""
    sizes: dict[str, int] = {}
    for term, shape in zip(subscripts.split("->")[0].split(","), shapes):
        for k, n in zip(term, shape):
            sizes[k] = max(n, sizes.get(k, 1))
    return math.prod(sizes.values()) * (len(shapes) - 1)


def _recurrent(shapes: list[Shape], out: Shape, **_: Any) -> int:
    """x (steps, rows, inputs), weights (gates hidden, inputs) and (gates hidden, hidden): both at every step."""
    return math.prod(shapes[0][:-1]) * (math.prod(shapes[1]) + math.prod(shapes[2]))


_COSTS: dict[str, Callable[..., int]] = {
    "matmul": _matmul, "dot": _matmul, "linear": _matmul, "contract": _einsum, "weighted_sum": _weighted_sum,
    "correlate2d": _convolution, "correlate2d_bias": _convolution, "correlate2d_input": _transposed,
    "lstm": _recurrent}
