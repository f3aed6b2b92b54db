"""check_gradients: every element of a gradient against a central difference."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .._random import generator
from ..errors import CheckError, DTypeError, ShapeError, UsageError
from ..graph import Node, cotangents, data_of, no_grad
from ..ops import shape_of
from ..tensor import Tensor
from ..value import Value
from ._numeric import central_difference

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Comparison:
    """One input's gradient, analytic and numeric, where it was `checked`; elsewhere numeric is nan."""

    name: str
    analytic: Array
    numeric: Array
    allowed: Array
    checked: Array

    @property
    def error(self) -> Array:
        """|analytic - numeric| / max(|analytic|, |numeric|), 0 where both are 0."""
        gap = np.abs(self.analytic - self.numeric)
        size = np.maximum(np.abs(self.analytic), np.abs(self.numeric))
        with np.errstate(invalid="ignore"):          # inf / inf
            return np.asarray(np.divide(gap, size, out=np.zeros_like(gap), where=size > 0))

    @property
    def wrong(self) -> Array:
        """Which elements differ by more than is allowed, or are no finite numbers."""
        near = np.abs(self.analytic - self.numeric) <= self.allowed
        return np.asarray(self.checked & ~(near & np.isfinite(self.analytic)))

    @property
    def worst(self) -> tuple[int, ...]:
        """The index of the element that differs most, in units of what is allowed."""
        with np.errstate(invalid="ignore"):          # inf / inf
            excess = np.abs(self.analytic - self.numeric) / self.allowed
        excess = np.where(self.checked, np.where(np.isfinite(excess), excess, np.inf), -1.0)
        return tuple(int(i) for i in np.unravel_index(int(np.argmax(excess)), excess.shape))


@dataclass(frozen=True)
class Report:
    """What `check_gradients` found: one `Comparison` for each input. Its str() is a table."""

    comparisons: tuple[Comparison, ...]

    @property
    def ok(self) -> bool:
        """Whether every element agrees."""
        return not any(c.wrong.any() for c in self.comparisons)

    def __str__(self) -> str:
        rows = [("", "wrong", "worst at", "analytic", "numeric", "relative error")]
        for c in self.comparisons:
            if not c.analytic.size:
                rows.append((c.name, "0 of 0", "", "", "", ""))
                continue
            at = c.worst
            rows.append((c.name, f"{int(c.wrong.sum())} of {int(c.checked.sum())}",
                         str(list(at)) if at else "", f"{c.analytic[at]:.10g}",
                         f"{c.numeric[at]:.10g}", f"{c.error[at]:.1e}"))
        widths = [max(map(len, column)) for column in zip(*rows)]
        lines = ["  ".join(cell.ljust(w) if i < 3 else cell.rjust(w)
                           for i, (cell, w) in enumerate(zip(row, widths))).rstrip() for row in rows]
        return "\n".join([f"gradients {'agree' if self.ok else 'DISAGREE'}", *lines])


def check_gradients(f: Callable[..., Any], *inputs: Any, gradient: Callable[..., Any] | None = None,
                    parameters: Iterable[Any] = (), rtol: float = 1e-6, atol: float = 1e-8,
                    step: float | None = None, elements: int | None = None, rng: Any = None) -> Report:
    """Compare the gradient of f with central differences, element by element, in float64.

    f           returns a single number. It is called with a Value for each number among the inputs
                and a Tensor for each array; Values and Tensors are replaced by float64 copies.
    gradient    for an f of plain numbers and arrays: its hand-written gradient, which returns one
                gradient, or a sequence of one for each input
    parameters  leaves that f uses without being given them, as in `model.parameters()`; float64
    rtol, atol  allowed: rtol * max(|analytic|, |numeric|) + atol * max(1, |f|)
    step        of the differences; by default cbrt(eps) * max(1, |x|)
    elements    check this many random elements (drawn by `rng`) of each input instead of all

    Returns a `Report`; raises CheckError with its table where an element disagrees, and UsageError,
    DTypeError or ShapeError where f or an input cannot be checked.

    >>> import autograd_nn as ag
    >>> print(check_gradients(lambda x, y: x * ag.sin(y), 2.0, 0.5))      # doctest: +ELLIPSIS
    gradients agree
             wrong   worst at      analytic       numeric  relative error
    input 0  0 of 1            0.4794255386  0.4794255386         ...e-12
    input 1  0 of 1             1.755165124   1.755165124         ...e-12
    """
    if not callable(f):
        raise UsageError(f"check_gradients: the first argument must be a function, not {type(f).__name__}")
    arrays = [_float64(x, f"input {i}") for i, x in enumerate(inputs)]
    leaves = list(parameters)
    for p in leaves:
        if not isinstance(p, Node) or p.op is not None:
            raise UsageError("check_gradients: parameters must be leaves (Values or Tensors)")
        if getattr(p, "dtype", np.float64) != np.float64:
            raise DTypeError(f"check_gradients: parameter {p.name or ''} is {p.dtype}, too coarse to compare\n"  # type: ignore[attr-defined]
                             "  help: model.astype(np.float64)")
    if not arrays and not leaves:
        raise UsageError("check_gradients: nothing to check; give inputs, or parameters=")

    if gradient is not None:
        if leaves:
            raise UsageError("check_gradients: a hand-written gradient goes with inputs, not with parameters")
        analytic = _handwritten(gradient, arrays)
        lift: Callable[[Array], Any] = _given
    else:
        nodes = [_node(a) for a in arrays]
        root = f(*nodes)
        analytic = _analytic(root, [*nodes, *leaves])
        lift = _node

    def value() -> float:
        return _single(f(*map(lift, arrays)))

    rng = generator(rng)
    names = [f"input {i}" for i in range(len(arrays))]
    names += [p.name or f"parameter {i}" for i, p in enumerate(leaves)]
    size = max(1.0, abs(value()))
    comparisons = []
    for i, (name, a) in enumerate(zip(names, analytic)):
        at, write = _element_of(arrays[i]) if i < len(arrays) else _element_of_leaf(leaves[i - len(arrays)])
        places = list(np.ndindex(a.shape))
        if elements is not None and elements < len(places):
            places = [places[k] for k in rng.choice(len(places), size=elements, replace=False)]
        numeric, checked = np.full(a.shape, np.nan), np.zeros(a.shape, bool)
        for place in places:
            numeric[place] = _slope(value, at(place), partial(write, place), step)
            checked[place] = True
        allowed = rtol * np.maximum(np.abs(a), np.abs(np.nan_to_num(numeric))) + atol * size
        comparisons.append(Comparison(name, a, numeric, allowed, checked))
    report = Report(tuple(comparisons))
    if not report.ok:
        raise CheckError(str(report))
    return report


def _slope(value: Callable[[], float], x: float, write: Callable[[float], None], step: float | None) -> float:
    """The central difference of `value` by the one element that `write` sets."""
    def at(number: float) -> float:
        write(number)
        return value()
    try:
        with no_grad():
            return central_difference(at, x, step)
    finally:
        write(x)


def _element_of(array: Array) -> tuple[Callable[..., float], Callable[..., None]]:
    return (lambda place: float(array[place])), array.__setitem__


def _element_of_leaf(leaf: Any) -> tuple[Callable[..., float], Callable[..., None]]:
    def write(place: tuple[int, ...], x: float) -> None:
        changed = np.array(leaf.data)
        changed[place] = x
        leaf.data = changed
    return (lambda place: float(np.asarray(leaf.data)[place])), write


def _float64(x: Any, name: str) -> Array:
    array = np.array(data_of(x))
    if array.dtype.kind not in "fiu" or (array.dtype.kind in "iu" and isinstance(x, (np.ndarray, np.generic))):
        raise DTypeError(f"check_gradients: {name} is {array.dtype}, and has no derivative\n"
                         "  help: give floating point numbers, x.astype(float)")
    return array.astype(np.float64)


def _node(array: Array) -> Any:
    return Tensor(array) if array.ndim else Value(float(array))


def _given(array: Array) -> Any:
    return array.copy() if array.ndim else float(array)


def _handwritten(gradient: Callable[..., Any], arrays: list[Array]) -> list[Array]:
    found = gradient(*map(_given, arrays))
    grads = list(found) if isinstance(found, (tuple, list)) else [found]
    if len(arrays) == 1 and not isinstance(found, tuple):
        grads = [found]
    if len(grads) != len(arrays):
        raise ShapeError(f"check_gradients: the gradient has {len(grads)} parts for {len(arrays)} inputs")
    out = [np.asarray(g, dtype=float) for g in grads]
    for i, (g, a) in enumerate(zip(out, arrays)):
        if g.shape != a.shape:
            raise ShapeError(f"check_gradients: the gradient of input {i} has shape {g.shape}, the input {a.shape}")
    return out


def _analytic(root: Any, nodes: list[Any]) -> list[Array]:
    _single(root)
    if not isinstance(root, Node):
        return [np.zeros(n.shape) for n in nodes]    # a constant function
    found = cotangents({root: np.ones(root.shape) if root.shape else 1.0})
    return [np.asarray(found.get(n, np.zeros(n.shape)), dtype=float) for n in nodes]


def _single(y: Any) -> float:
    y = data_of(y)
    if not isinstance(y, (int, float, np.number, np.ndarray)):
        raise UsageError(f"check_gradients: the function must return a single number, not {type(y).__name__}")
    if np.size(y) != 1:
        raise ShapeError("check_gradients: the function must return a single number, "
                         f"and returned shape {shape_of(y)}\n"
                         "  help: reduce it with .sum() or .mean()")
    return float(np.reshape(y, ()))
