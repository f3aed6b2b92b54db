"""What networks do most, each as one op: a linear layer, softmax with cross entropy, sums of many inputs.

They compute what `x @ w.T + b`, `log_softmax` with an index and a loop of additions compute, in fewer
nodes: a neuron costs one node instead of two for each weight. The derivative of the cross entropy,
softmax less the target, is an op of its own, so that arrays get it in few steps.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import ShapeError
from .._arguments import data_of
from .._bind import Each
from .._lanes import Lanes, OfEachLane, all_at_once, by_ops, repeated, with_own_params
from .._misfit import of_broadcast
from .._op import Op
from ..arrays.reduction import largest, sum
from ..arrays.shape import expand_dims, transpose
from ..elementwise.activation import from_probabilities, log_total, softmax
from ..matrices.matmul import as_rows, matmul, times_one_matrix


def _linear(x: Any, w: Any, b: Any) -> Any:
    if w.ndim != 2 or not x.ndim:
        raise ShapeError(f"linear: x is (..., n) and w (m, n), and these have shape {x.shape} and {w.shape}")
    y = times_one_matrix(x, w.T)
    if b.dtype is y.dtype or b.dtype == y.dtype:
        y += b
        return y
    return y + b


def _flat(index: Any, x: Any) -> Any:
    """Where the elements that `index` chooses from the rows of x lie in x, counted through."""
    return np.arange(0, x.size, x.shape[-1] or 1) + index.ravel().astype(np.intp, copy=False)


def _cross_entropy(x: Any, index: Any) -> Any:
    top = largest(x, -1)
    picked = x.take(_flat(index, x)).reshape(index.shape)
    if not math.isfinite(np.vdot(top, top)):                         # a row of -inf, say; a false alarm costs only time
        top = np.where(np.isfinite(top), top, x.dtype.type(0))
        with np.errstate(divide="ignore"):
            return log_total(x - top, -1)[..., 0] + (top[..., 0] - picked)
    return log_total(x - top, -1)[..., 0] + (top[..., 0] - picked)


def _excess(g: Any, x: Any, index: Any, loss: Any = None) -> Any:
    """By the loss, where it is known: log p = (x - x_t) - loss; large x would swallow the loss."""
    t, loss = _flat(index, x), _cross_entropy(x, index) if loss is None else loss
    p = x.reshape(-1, x.shape[-1]) - x.take(t)[:, None]
    p -= loss.reshape(-1, 1)
    np.exp(p, out=p)
    p.reshape(-1)[t] = np.expm1(-loss.reshape(-1))       # p - 1 has lost its digits where p is nearly 1
    p *= g.reshape(-1, 1)
    return p.reshape(x.shape)


def _ones(x: Any) -> Any:
    return np.ones_like(data_of(x))


def _by_matmul(x: Any, w: Any, b: Any) -> Any:
    return matmul(x, transpose(w)) + b


@with_own_params
def _chosen_in_lanes(op: Op, lanes: Lanes) -> Any:
    params = {name: p.array if isinstance(p, OfEachLane) else p if p is None else repeated(p, lanes.size)
              for name, p in lanes.params.items()}
    return op(*(lanes.full(i) for i in range(len(lanes.xs))), **params)


linear = Op("linear", None, _linear,
            lambda g, y, x, w, b: matmul(g, w),
            lambda g, y, x, w, b: matmul(transpose(as_rows(g)), as_rows(x)),
            lambda g, y, x, w, b: g,
            tex=r"{0} \, {1}^\top + {2}", symbol="x wᵀ + b", method=False,
            cases=[(((4, 3), (2, 3), (2,)), {}), (((3,), (2, 3), (2,)), {}), (((2, 4, 3), (2, 3), (2,)), {})],
            slots=("x", "w", "b"), linear=((0, 2), (1, 2)), cost=lambda shapes, out: math.prod(out) * shapes[0][-1],
            lanes=by_ops(_by_matmul))
softmax_cross_entropy = Op("softmax_cross_entropy", None, _cross_entropy,
                           lambda g, y, x, index: softmax_excess(g, x, index=index, loss=data_of(y)),
                           tex=r"-\ln \operatorname{{softmax}}({0})_{{t}}", symbol="−ln softmax", method=False,
                           params={"index": None},
                           cases=[(((3, 4),), {"index": np.array([1, 0, 3])}),
                                  (((2, 2, 3),), {"index": np.array([[0, 2], [1, 1]])})],
                           jvps=(lambda t, y, x, index:
                                 sum(t * softmax_excess(_ones(y), x, index=index, loss=data_of(y)), axis=-1),),
                           lanes=_chosen_in_lanes)
softmax_excess = Op("softmax_excess", None, _excess,
                    lambda h, e, g, x, index, loss:
                        sum(h * softmax_excess(_ones(g), x, index=index, loss=loss), axis=-1),
                    lambda h, e, g, x, index, loss: from_probabilities(expand_dims(g, -1) * h, softmax(x, axis=-1), -1),
                    tex=r"{0} \, \left(\operatorname{{softmax}} {1} - \mathbb{{1}}_t\right)", symbol="g (p − 1ₜ)",
                    params={"index": None, "loss": None}, internal=True,
                    cases=[(((3,), (3, 4)), {"index": np.array([1, 0, 3])}),
                           (((2, 2), (2, 2, 3)), {"index": np.array([[0, 2], [1, 1]])})],
                    slots=("g", "x"), linear=(0,),
                    jvps=(None, lambda t, e, g, x, index, loss:
                          from_probabilities(expand_dims(g, -1) * t, softmax(x, axis=-1), -1)), lanes=_chosen_in_lanes)


# --- sums of many inputs ------------------------------------------------------------------------------
def _sum(*xs: Any) -> Any:
    total = xs[0]
    for x in xs[1:]:
        total = total + x
    return total


def _weighted_sum(*xs: Any) -> Any:
    """w1 .. wn, x1 .. xn, b; added up from b on, one product after another."""
    n = len(xs) // 2
    total = xs[-1]
    for w, x in zip(xs[:n], xs[n:]):
        total = total + w * x
    return total


def _by_products(*xs: Any) -> Any:
    """The same from products on, which are terms of a sum; a bias of 0 is no term."""
    n, bias = len(xs) // 2, xs[-1]
    products = [w * x for w, x in zip(xs[:n], xs[n:])]
    return _sum(*products) if type(bias) in (int, float) and bias == 0 else _sum(bias, *products)


def _other_factor(i: int, xs: tuple[Any, ...]) -> Any:
    """What input i of a weighted sum is multiplied by."""
    n = len(xs) // 2
    if i == 2 * n:
        return 1.0
    return xs[i + n] if i < n else xs[i - n]


_THREE: tuple[Any, ...] = ((2, 3), (3,), ())

sum_of = Op("sum_of", _sum, lambda *xs: _sum(*map(np.asarray, xs)),
            Each(lambda i, g, y, *xs: g),
            terms=lambda n: [(i,) for i in range(n)],
            tex=r"\sum_i {0}_i", symbol="Σ", method=False, cases=[(_THREE, {}), (((2,),), {})],
            commutes=True, linear=True, misfit=of_broadcast, expansion=_sum, lanes=all_at_once)
weighted_sum = Op("weighted_sum", _weighted_sum, lambda *xs: _weighted_sum(*map(np.asarray, xs)),
                  Each(lambda i, g, y, *xs: g * _other_factor(i, xs)),
                  terms=lambda n: [*((i, i + n // 2) for i in range(n // 2)), (n - 1,)],
                  tex=r"\sum_i w_i \, x_i + b", symbol="Σ w x + b", internal=True,
                  cases=[(((2,), (2,), ()), {}), (((2, 3), (3,), (3,), (2, 1), ()), {})],
                  slots=("w*", "x*", "b"), misfit=of_broadcast, expansion=_by_products,
                  cost=lambda shapes, out: math.prod(out) * (len(shapes) // 2), lanes=all_at_once)
