"""The losses with their options: inputs, a loop over single numbers, and what PyTorch calls the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_nn import nn

N, K = 4, 3
WEIGHTS = [0.5, 2.0, 1.5]


@dataclass
class Case:
    """One loss: its function, which of its inputs are differentiated, and the loop."""

    function: Callable[..., Any]
    inputs: Callable[[np.random.Generator], list[Any]]
    loop: Callable[..., list[float]]                 # the losses one by one
    options: dict[str, Any] = field(default_factory=dict)
    nodes: int = 1                                   # how many of the inputs are differentiated
    smooth: bool = True                              # twice, almost everywhere near the inputs
    mean: Callable[..., float] | None = None         # where "mean" is not that of the losses

    def __str__(self) -> str:
        return "-".join([self.function.__name__, *self.options])

    @property
    def module(self) -> type[nn.Loss]:
        """The loss as a module."""
        return next(kind for kind in nn.Loss.__subclasses__() if kind.function is self.function)

    def shape(self, losses: list[float], y: Any) -> Any:
        return np.reshape(losses, np.shape(y)) if len(losses) == np.size(y) else np.array(losses)


def each(one: Callable[..., float]) -> Callable[..., list[float]]:
    """A loss of single numbers over two arrays of one shape."""
    return lambda y, t, **o: [one(a, b, **o) for a, b in zip(np.ravel(y).tolist(), np.ravel(t).tolist())]


def log_softmax(row: Any) -> list[float]:
    total = sum(math.exp(v) for v in row)
    return [math.log(math.exp(v) / total) for v in row]


def classes_loop(z: Any, target: Any, weight: Any = None, ignore_index: int = -100,
                 label_smoothing: float = 0.0, normal: bool = True) -> list[float]:
    w = weight or [1.0] * K
    losses = []
    for row, t in zip(np.asarray(z).tolist(), target):
        log_p = log_softmax(row) if normal else row
        if np.ndim(t) == 0 and t == ignore_index:
            losses.append(0.0)
            continue
        wanted = [float(k == t) for k in range(K)] if np.ndim(t) == 0 else list(t)
        wanted = [(1 - label_smoothing) * q + label_smoothing / K for q in wanted]
        losses.append(-sum(a * q * lp for a, q, lp in zip(w, wanted, log_p)))
    return losses


def classes_mean(z: Any, target: Any, weight: Any = None, ignore_index: int = -100, **o: Any) -> float:
    losses = classes_loop(z, target, weight, ignore_index, **o)
    if np.ndim(target[0]):
        return sum(losses) / len(losses)
    return sum(losses) / sum((weight or [1.0] * K)[t] for t in target if t != ignore_index)


def nll_loop(z: Any, target: Any, **o: Any) -> list[float]:
    return classes_loop(z, target, normal=False, **o)


def nll_mean(z: Any, target: Any, **o: Any) -> float:
    return classes_mean(z, target, normal=False, **o)


def bce(z: float, t: float, weight: float = 1.0, pos_weight: float = 1.0) -> float:
    return -weight * (pos_weight * t * math.log(1 / (1 + math.exp(-z))) + (1 - t) * math.log(1 / (1 + math.exp(z))))


def bce_loop(z: Any, t: Any, weight: Any = 1.0, pos_weight: Any = 1.0) -> list[float]:
    w, p = np.broadcast_to(weight, (N, K)).ravel(), np.broadcast_to(pos_weight, (N, K)).ravel()
    return [bce(*x) for x in zip(np.ravel(z).tolist(), np.ravel(t).tolist(), w.tolist(), p.tolist())]


def huber(y: float, t: float, delta: float = 1.0) -> float:
    d = abs(y - t)
    return d * d / 2 if d <= delta else delta * (d - delta / 2)


def smooth_l1(y: float, t: float, beta: float = 1.0) -> float:
    d = abs(y - t)
    return d * d / (2 * beta) if d < beta else d - beta / 2


def kl(y: float, t: float, log_target: bool = False) -> float:
    if log_target:
        return math.exp(t) * (t - y)
    return t * (math.log(t) - y) if t else 0.0


def hinge(y: float, t: float, margin: float = 1.0) -> float:
    return max(0.0, margin - t * y)


def multi_margin_loop(y: Any, target: Any, p: int = 1, margin: float = 1.0, weight: Any = None) -> list[float]:
    return [sum(max(0.0, margin - row[t] + row[k]) ** p for k in range(K) if k != t) / K * (weight or [1.0] * K)[t]
            for row, t in zip(y, target)]


def cosine(a: Any, b: Any) -> float:
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a)) / math.sqrt(sum(x * x for x in b))


def cosine_loop(a: Any, b: Any, target: Any, margin: float = 0.0) -> list[float]:
    return [1 - cosine(u, v) if t == 1 else max(0.0, cosine(u, v) - margin) for u, v, t in zip(a, b, target)]


def triplet_loop(a: Any, near: Any, far: Any, margin: float = 1.0, eps: float = 1e-6, swap: bool = False,
                 **o: float) -> list[float]:
    power = o.get("p", 2.0)

    def d(u: Any, v: Any) -> float:
        return sum(abs(x - y + eps) ** power for x, y in zip(u, v)) ** (1 / power)

    return [max(0.0, d(u, v) - (min(d(u, w), d(v, w)) if swap else d(u, w)) + margin) for u, v, w in zip(a, near, far)]


def normal(rng: Any) -> Any:
    return rng.normal(size=(N, K)) * 2


def simplex(rng: Any) -> Any:
    p = rng.random((N, K)) + 0.1
    return p / p.sum(axis=1, keepdims=True)


def with_holes(rng: Any) -> Any:
    p = simplex(rng)
    p[0] = [1.0, 0.0, 0.0]
    return p


def numbers(rng: Any) -> list[Any]:
    return [normal(rng), normal(rng)]


def classes(rng: Any) -> list[Any]:
    return [normal(rng), rng.integers(0, K, N)]


def some_ignored(index: int) -> Callable[[Any], list[Any]]:
    def inputs(rng: Any) -> list[Any]:
        z, t = classes(rng)
        t[1] = index
        t[0] = 2
        return [z, t]
    return inputs


def log_classes(rng: Any) -> list[Any]:
    return [np.log(simplex(rng)), some_ignored(-100)(rng)[1]]


def rows(rng: Any) -> list[Any]:
    return [normal(rng), simplex(rng)]


def log_rows(rng: Any) -> list[Any]:
    return [np.log(simplex(rng)), with_holes(rng)]


def two_logs(rng: Any) -> list[Any]:
    return [np.log(simplex(rng)), np.log(simplex(rng))]


def yes_or_no(rng: Any) -> list[Any]:
    return [normal(rng), rng.random((N, K))]


def signs(rng: Any) -> list[Any]:
    return [normal(rng), rng.choice([-1.0, 1.0], (N, K))]


def pairs(rng: Any) -> list[Any]:
    return [normal(rng), normal(rng), np.array([1, -1, -1, 1])]


def triplets(rng: Any) -> list[Any]:
    return [normal(rng), normal(rng), normal(rng)]


CASES = [
    Case(nn.half_sum_of_squares, numbers, each(lambda y, t: (y - t) ** 2 / 2)),
    Case(nn.mse_loss, numbers, each(lambda y, t: (y - t) ** 2)),
    Case(nn.l1_loss, numbers, each(lambda y, t: abs(y - t)), smooth=False),
    Case(nn.huber_loss, numbers, each(huber), smooth=False),
    Case(nn.huber_loss, numbers, each(huber), {"delta": 2.5}, smooth=False),
    Case(nn.huber_loss, numbers, each(huber), {"delta": 100.0}),
    Case(nn.smooth_l1_loss, numbers, each(smooth_l1), smooth=False),
    Case(nn.smooth_l1_loss, numbers, each(smooth_l1), {"beta": 0.3}, smooth=False),
    Case(nn.smooth_l1_loss, numbers, each(lambda y, t, beta: abs(y - t)), {"beta": 0.0}, smooth=False),
    Case(nn.cross_entropy, classes, classes_loop, mean=classes_mean),
    Case(nn.cross_entropy, classes, classes_loop, {"weight": WEIGHTS}, mean=classes_mean),
    Case(nn.cross_entropy, classes, classes_loop, {"label_smoothing": 0.2}, mean=classes_mean),
    Case(nn.cross_entropy, some_ignored(-100), classes_loop,
         {"weight": WEIGHTS, "label_smoothing": 0.2}, mean=classes_mean),
    Case(nn.cross_entropy, some_ignored(-100), classes_loop, mean=classes_mean),
    Case(nn.cross_entropy, some_ignored(1), classes_loop, {"ignore_index": 1, "weight": WEIGHTS}, mean=classes_mean),
    Case(nn.cross_entropy, rows, classes_loop, {"weight": WEIGHTS, "label_smoothing": 0.2}, mean=classes_mean),
    Case(nn.nll_loss, log_classes, nll_loop, mean=nll_mean),
    Case(nn.nll_loss, lambda rng: [np.log(simplex(rng)), some_ignored(-1)(rng)[1]], nll_loop,
         {"weight": WEIGHTS, "ignore_index": -1}, mean=nll_mean),
    Case(nn.binary_cross_entropy_with_logits, yes_or_no, bce_loop),
    Case(nn.binary_cross_entropy_with_logits, yes_or_no, bce_loop, {"pos_weight": WEIGHTS}),
    Case(nn.binary_cross_entropy_with_logits, yes_or_no, bce_loop,
         {"weight": [[1.0], [2.0], [0.0], [0.5]], "pos_weight": 3.0}),
    Case(nn.kl_div, log_rows, each(kl)),
    Case(nn.kl_div, two_logs, each(kl), {"log_target": True}, nodes=2),
    Case(nn.hinge_loss, signs, each(hinge), smooth=False),
    Case(nn.hinge_loss, signs, each(hinge), {"margin": 0.5}, smooth=False),
    Case(nn.multi_margin_loss, classes, multi_margin_loop, smooth=False),
    Case(nn.multi_margin_loss, classes, multi_margin_loop, {"p": 2, "margin": 0.7, "weight": WEIGHTS}, smooth=False),
    Case(nn.cosine_embedding_loss, pairs, cosine_loop, nodes=2, smooth=False),
    Case(nn.cosine_embedding_loss, pairs, cosine_loop, {"margin": -1.0}, nodes=2),
    Case(nn.triplet_margin_loss, triplets, triplet_loop, nodes=3, smooth=False),
    Case(nn.triplet_margin_loss, triplets, triplet_loop, {"margin": 50.0}, nodes=3),
    Case(nn.triplet_margin_loss, triplets, triplet_loop, {"margin": 50.0, "p": 3.0}, nodes=3),
    Case(nn.triplet_margin_loss, triplets, triplet_loop, {"p": 1.0, "swap": True, "eps": 1e-3}, nodes=3, smooth=False),
]
