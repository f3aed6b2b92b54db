"""Gradient clipping: no step larger than wanted, whatever one batch says."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.node import Node, data_of
from ..core.options import above_zero, flag, items
from ..errors import NonFiniteError, UsageError


def clip_grad_norm_(parameters: Iterable[Any], max_norm: float, norm_type: float = 2.0,
                    error_if_nonfinite: bool = True) -> float:
    """Scale all gradients by one factor, so that their common norm is at most max_norm; gives the norm before.

    The norm is that of all gradients as one vector, (sum |g|^p)^(1/p) with p = norm_type, a number >= 1
    or inf for the largest |g|; the factor is min(1, max_norm / (norm + 1e-6)). Parameters without a
    gradient are passed over; the gradients become new arrays. It is finite where all gradients are, in
    float32 too. Source: Pascanu, Mikolov & Bengio 2013.

    parameters          Tensors and Values, or a single one
    max_norm            > 0; inf changes nothing, and measures
    error_if_nonfinite  False scales also by a norm that is nan (so all gradients are nan) or inf (0);
                        PyTorch's default

    Raises NonFiniteError for a norm that is nan or inf, with nothing changed; UsageError for other arguments.

    >>> from autograd_nn import Tensor, optim
    >>> w = Tensor([0.0, 0.0])
    >>> w.grad = [3.0, 4.0]
    >>> optim.clip_grad_norm_([w], 1.0)
    5.0
    >>> w.grad.round(4)
    array([0.6, 0.8])
    """
    max_norm = above_zero("clip_grad_norm_: max_norm", max_norm, infinite=True)
    p = above_zero("clip_grad_norm_: norm_type", norm_type, infinite=True)
    error_if_nonfinite = flag("clip_grad_norm_: error_if_nonfinite", error_if_nonfinite)
    if p < 1:
        raise UsageError(f"clip_grad_norm_: norm_type must be a number >= 1 or inf, not {norm_type}")
    found = _with_gradients(parameters)
    norm = _norm([np.asarray(data_of(q._grad)).reshape(-1) for q in found], p)
    if error_if_nonfinite and not math.isfinite(norm):
        raise NonFiniteError(f"clip_grad_norm_: the norm of the gradients is {norm}, so there is no direction to keep\n"
                             "  help: check_finite() finds the op that it comes from; a smaller learning rate, "
                             "or error_if_nonfinite=False")
    factor = max_norm / (norm + 1e-6) if max_norm < math.inf else 1.0
    if not factor >= 1:                              # nan too
        for q in found:
            q.grad = q.grad * factor
    return norm


def clip_grad_value_(parameters: Iterable[Any], clip_value: float) -> None:
    """Keep each element of each gradient within -clip_value and clip_value; an inf too, and a nan stays.

    Parameters without a gradient are passed over; the gradients become new arrays, out of the graph.

    Raises UsageError unless clip_value is a finite number > 0.

    >>> from autograd_nn import Value, optim
    >>> w = Value(1.0)
    >>> w.grad = -7.0
    >>> optim.clip_grad_value_([w], 2.0)
    >>> w.grad
    -2.0
    """
    clip_value = above_zero("clip_grad_value_: clip_value", clip_value)
    for q in _with_gradients(parameters):
        g = np.clip(data_of(q._grad), -clip_value, clip_value)
        q.grad = g if q.shape else g.item()


def _with_gradients(parameters: Any) -> list[Any]:
    found = [parameters] if isinstance(parameters, Node) else items("parameters", parameters, "Tensors and Values")
    for i, q in enumerate(found):
        if not isinstance(q, Node):
            raise UsageError(f"parameter {i} is a {type(q).__name__}; gradients are those of Tensors and Values\n"
                             "  help: model.parameters()")
    return [q for q in found if q.has_grad]


def _norm(gradients: list[Any], p: float) -> float:
    """The p-norm of all elements; by their largest where powers of them would be too large or too small."""
    if p == 2:
        with np.errstate(over="ignore"):
            squares = sum(float(g.dot(g)) for g in (g.astype(float) if g.itemsize < 4 else g for g in gradients))
        if 1e-30 < squares < 1e30:
            return math.sqrt(squares)
    largest = float(np.max([np.max(np.abs(g), initial=0.0) for g in gradients], initial=0.0))
    if p == math.inf or not 0 < largest < math.inf:  # nan too
        return largest
    return float(largest * sum(float(np.sum((np.abs(g).astype(float) / largest) ** p)) for g in gradients) ** (1 / p))
