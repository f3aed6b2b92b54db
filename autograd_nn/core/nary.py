"""dot and sum_of: sums of many Values, each a single node of the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import ops
from ..errors import ShapeError, UsageError
from ..ops._carriers import array_of, is_traced
from ..ops._refusal import shown_in_error
from . import reverse
from .options import items


def sum_of(values: Sequence[Any]) -> Any:
    """x1 + x2 + ... as one node, of Values and numbers in any mix.

    The sum is taken from left to right, as by Python's sum(). Of numbers alone comes a number; of
    Tensors and arrays their (broadcast) sum. Raises UsageError for an empty sequence.

    >>> from autograd_nn import Value
    >>> y = sum_of([Value(1.0), 2.0, Value(3.0)])
    >>> y.data, len(y.inputs)
    (6.0, 3)
    """
    values = items("sum_of: values", values, "Values and numbers")
    in_c = reverse.values_in_c
    node = in_c.sum_of(values) if in_c is not None else None
    return ops.sum_of(values) if node is None else node


def dot(weights: Any, inputs: Any, bias: Any = None) -> Any:
    """w1 x1 + w2 x2 + ... + bias; of Values it is one node.

    Two sequences of the same length, of Values and numbers in any mix, and a bias (0 if it is None):
    the products are added to the bias from left to right, as by `sum((w * x ...), bias)`. Of arrays
    and Tensors it is `numpy.dot` plus the bias. Raises ShapeError where the lengths differ.

    >>> from autograd_nn import Value
    >>> w = [Value(3.0), Value(1.0)]
    >>> y = dot(w, [2.0, 5.0], bias=1.0)
    >>> y.backward()
    >>> y.data, w[0].grad, w[1].grad
    (12.0, 2.0, 5.0)
    """
    bias = 0 if bias is None else bias
    if _is_row(weights) and _is_row(inputs):
        if len(weights) != len(inputs):
            raise ShapeError(f"dot: {len(weights)} weights and {len(inputs)} inputs")
        in_c = reverse.values_in_c
        node = in_c.weighted_sum((*weights, bias), inputs) if in_c is not None else None
        if node is not None:
            return node
        if any(is_traced(x) or isinstance(x, np.ndarray) for x in (*weights, *inputs, bias)):
            return ops.weighted_sum([*weights, *inputs, bias])
    product = ops.dot(weights, inputs)
    return product if isinstance(bias, (int, float)) and bias == 0 else product + bias


def weighted_sums(weight: Any, x: Any, bias: Any) -> Any:
    """x @ weight.T + bias where each result is one node: a layer of neurons.

    weight  an object array (n_out, n_in) or (n_in,) of Values; bias one of (n_out,), a Value or None
    x       an array (..., n_in) of numbers or Values
    The result is an object array (..., n_out), or (...,) of one neuron; of shape () it is the Value.
    """
    units = weight.reshape(-1, x.shape[-1]).tolist()
    biases = [0.0] * len(units) if bias is None else bias.tolist() if weight.ndim == 2 else [bias]
    rows = tuple(map(tuple, x.reshape(-1, x.shape[-1]).tolist()))
    sums, in_c = None, reverse.values_in_c
    if in_c is not None:
        sums = in_c.layer(tuple((*w, b) for w, b in zip(units, biases)), rows, x.shape[-1])
    if sums is None:
        sums = [dot(w, row, b) for row in rows for w, b in zip(units, biases)]
    return array_of(sums, (*x.shape[:-1], *weight.shape[:-1]))[()]


def _is_row(x: Any) -> bool:
    if isinstance(x, (str, bytes)):
        raise UsageError(f"dot: cannot take {shown_in_error(x)}")
    return isinstance(x, (list, tuple)) or (isinstance(x, np.ndarray) and x.ndim == 1)
