"""Reductions: operations that combine the elements along an axis.

Each takes the arguments of NumPy's function in NumPy's order; `out=` alone is refused. Elements
that tie for the extreme share its cotangent evenly. prod and cumprod have their derivatives, of
every order, also where elements are 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..errors import UsageError
from ._arguments import data_of, no_out
from ._function import composed
from ._numpy import NumpyOp, mask_of
from ._op import Case, Op, shape_of
from .arithmetic import maximum, minimum, same, where
from .arithmetic import where as choose
from .corners import divide0
from .shaping import astype, dtype_of, flip, moveaxis, reshape, roll, sum_to

# The ufuncs' own reductions: np.sum and its like take several times longer to say the same.
_add: Any = np.add.reduce
_multiply: Any = np.multiply.reduce
_maximum: Any = np.maximum.reduce
_minimum: Any = np.minimum.reduce


# --- shapes ---------------------------------------------------------------------------------------

def keeping(x: Any, axis: Any, drop: bool = False) -> tuple[int, ...]:
    """The shape of x reduced over `axis`: with 1 in those places, or (drop) without them."""
    shape = shape_of(x)
    if axis is None:
        return () if drop else (1,) * len(shape)
    gone = axes_of(x, axis)
    if drop:
        return tuple(n for i, n in enumerate(shape) if i not in gone)
    return tuple(1 if i in gone else n for i, n in enumerate(shape))


def axes_of(x: Any, axis: Any) -> tuple[int, ...]:
    """`axis` as a tuple of axes counted from 0; None is all of them."""
    n = len(shape_of(x))
    if axis is None:
        return tuple(range(n))
    if type(axis) is int and -n <= axis < n:
        return (axis % n,)
    return normalize_axis_tuple(axis, n)


def count(x: Any, axis: Any) -> int:
    """How many elements go into one element of a reduction over `axis`."""
    shape = shape_of(x)
    return math.prod(shape if axis is None else [shape[i] for i in axes_of(x, axis)])


# --- on arrays ------------------------------------------------------------------------------------

def _sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _add(x, axis=axis, keepdims=keepdims)


def _mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    n = count(x, axis)
    if type(x) is np.ndarray and x.dtype.char == "e":    # as NumPy does it: a sum in float16 soon overflows
        return (_add(x, axis=axis, keepdims=keepdims, dtype=np.float32) / n).astype(np.float16)
    return _add(x, axis=axis, keepdims=keepdims) / n


def _max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _maximum(x, axis=axis, keepdims=keepdims)


def _min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _minimum(x, axis=axis, keepdims=keepdims)


def _prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _multiply(x, axis=axis, keepdims=keepdims)


def _cumsum(x: Any, axis: int | None = None) -> Any:
    return np.cumsum(x, axis=axis)


def _cumprod(x: Any, axis: int | None = None) -> Any:
    return np.cumprod(x, axis=axis)


def _spread(x: Any, shape: tuple[int, ...], kept: tuple[int, ...]) -> Any:
    y = np.empty(shape, x.dtype)                         # np.broadcast_to takes six times as long for small arrays
    y[...] = x.reshape(kept)
    return y


# --- NumPy's other arguments ------------------------------------------------------------------------

def _prepared(name: str, a: Any, dtype: Any, out: Any, where: Any, fill: float) -> Any:
    """a in the dtype in which to compute, and with `fill` where the mask says False."""
    if dtype is None and out is None and where is True:
        return a
    no_out(name, out)
    if dtype is not None and np.dtype(dtype) != dtype_of(a):
        a = astype(a, np.dtype(dtype))
    return a if where is True else choose(mask_of(name, a, where), a, fill)


def _sum_form(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
              initial: Any = 0, where: Any = True) -> Any:
    y = sum(_prepared("sum", a, dtype, out, where, 0.0), axis=axis, keepdims=keepdims)
    return y if initial is None or (type(initial) is int and initial == 0) else y + initial


def _prod_form(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
               initial: Any = 1, where: Any = True) -> Any:
    y = prod(_prepared("prod", a, dtype, out, where, 1.0), axis=axis, keepdims=keepdims)
    return y if initial is None or (type(initial) is int and initial == 1) else y * initial


def _mean_form(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, *,
               where: Any = True) -> Any:
    x = _prepared("mean", a, dtype, out, where, 0.0)
    if where is True:
        return mean(x, axis=axis, keepdims=keepdims)
    n = counted("mean", x, axis, where, keepdims)
    if dtype_of(x) == np.float16:
        return astype(sum(astype(x, np.float32), axis=axis, keepdims=keepdims) / n, np.float16)
    return sum(x, axis=axis, keepdims=keepdims) / n


def counted(name: str, x: Any, axis: Any, where: Any, keepdims: bool) -> Any:
    """How many elements the mask lets into each element of a reduction, in x's dtype."""
    n = _add(mask_of(name, x, where), axis=axes_of(x, axis), keepdims=keepdims, dtype=np.intp)
    return np.asarray(n).astype(np.float32 if dtype_of(x) == np.float16 else dtype_of(x))


def _max_form(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, initial: Any = None,
              where: Any = True) -> Any:
    return _extreme("max", max, maximum, -math.inf, a, axis, out, keepdims, initial, where)


def _min_form(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, initial: Any = None,
              where: Any = True) -> Any:
    return _extreme("min", min, minimum, math.inf, a, axis, out, keepdims, initial, where)


def _extreme(name: str, reduced: Op, either: Op, least: float, a: Any, axis: Any, out: Any, keepdims: bool,
             initial: Any, where: Any) -> Any:
    x = _prepared(name, a, None, out, where, least)
    if initial is None:
        if where is not True:
            raise UsageError(f"{name}: where= needs initial=, which stands where the mask leaves nothing\n"
                             f"  help: initial={least}")
        return reduced(x, axis=axis, keepdims=keepdims)
    if count(x, axis) == 0:
        return sum(x, axis=axis, keepdims=keepdims) + initial
    return either(reduced(x, axis=axis, keepdims=keepdims), initial)


def _cumsum_form(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    return cumsum(_prepared("cumsum", a, dtype, out, True, 0.0), axis=axis)


def _cumprod_form(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    return cumprod(_prepared("cumprod", a, dtype, out, True, 1.0), axis=axis)


# --- what the rules need --------------------------------------------------------------------------

def shared(g: Any, y: Any, x: Any, axis: Any) -> Any:
    """g, in equal parts to the elements of x that equal y; nothing where none does (a nan)."""
    equal = same(x, reshape(y, keeping(x, axis)))
    return equal * divide0(reshape(g, keeping(x, axis)), sum(equal, axis=axis, keepdims=True))


def _of_others(y: Any, x: Any, axis: Any) -> Any:
    """For each element of x the product of the others along `axis`, given the whole product y.

    That is y / x; where an element is 0, the product of those before it times that of those after.
    """
    if not np.any(x == 0):
        return reshape(y, keeping(x, axis)) / x
    axes = axes_of(x, axis)
    last = tuple(range(-len(axes), 0))
    shape, rest = shape_of(x), keeping(x, axis, drop=True)
    rows = reshape(moveaxis(x, axes, last), (*rest, count(x, axis)))
    others = _before(rows) * flip(_before(flip(rows, axis=-1)), axis=-1)
    return moveaxis(reshape(others, rest + tuple(shape[i] for i in axes)), last, axes)


def _before(x: Any) -> Any:
    """For each element the product of those before it on the last axis."""
    return where(_first(x), 1.0, roll(cumprod(x, axis=-1), 1, axis=-1))


def _first(x: Any) -> Any:
    """Which elements are the first ones on the last axis."""
    return np.arange(shape_of(x)[-1]) == 0


def _sum_from_end(g: Any, x: Any, axis: int | None) -> Any:
    """The adjoint of cumsum: for each element the sum of g from there on."""
    if axis is None:
        return reshape(flip(cumsum(flip(g, axis=0), axis=0), axis=0), shape_of(x))
    return flip(cumsum(flip(g, axis=axis), axis=axis), axis=axis)


def _from_products(g: Any, y: Any, x: Any, axis: int | None) -> Any:
    """The cotangent of x in y = cumprod(x).

    Where an element is 0: y is the recurrence y_i = x_i y_(i-1), which knows its derivative without dividing.
    """
    if not np.any(x == 0):
        return _sum_from_end(g * y, x, axis) / x
    if axis is None:
        rows = reshape(x, (-1,))
    else:
        g, rows = moveaxis(g, axis, -1), moveaxis(x, axis, -1)
    dx = _carried_back(g, rows) * _before(rows)
    return reshape(dx, shape_of(x)) if axis is None else moveaxis(dx, -1, axis)


def _linear_recurrence(a: Any, b: Any) -> Any:
    if a.shape != b.shape:
        raise ValueError("the two must have the same shape")
    y = np.array(a, dtype=np.result_type(a, b))
    steps, factors = np.moveaxis(y, -1, 0), np.moveaxis(b, -1, 0)
    for i in range(1, len(steps)):
        steps[i] += factors[i] * steps[i - 1]
    return y


def _carried_back(g: Any, b: Any) -> Any:
    """The cotangent of a in a linear recurrence: the same recurrence, run from the end."""
    return flip(linear_recurrence(flip(g, axis=-1), roll(flip(b, axis=-1), 1, axis=-1)), axis=-1)


_AXIS: dict[str, Any] = {"axis": None, "keepdims": False}
_CASES: list[Case] = [(((2, 3),), {}), (((2, 3),), {"axis": 0}), (((2, 3, 2),), {"axis": (0, -1), "keepdims": True}),
          (((3, 3),), {"axis": 1}), (((3,),), {"axis": -1})]
_RUNS: list[Case] = [(((2, 3),), {}), (((2, 3),), {"axis": 1}), (((4,),), {"axis": 0}), (((3, 2),), {"axis": -2})]

spread = Op("spread", None, _spread,
            lambda g, y, x, shape, kept: reshape(sum_to(g, kept), shape_of(x)),
            method=False, tex=r"\operatorname{{spread}} {0}", params={"shape": (), "kept": ()},
            cases=[(((3,),), {"shape": (2, 3), "kept": (1, 3)}), (((2,),), {"shape": (2, 3), "kept": (2, 1)})])
sum = NumpyOp("sum", None, _sum,
              lambda g, y, x, axis, keepdims: spread(g, shape=shape_of(x), kept=keeping(x, axis)),
              tex=r"\sum {0}", symbol="Σ", params=_AXIS, cases=_CASES, numpy=np.sum, form=_sum_form)
mean = NumpyOp("mean", None, _mean,
               lambda g, y, x, axis, keepdims:
                   spread(g / count(x, axis), shape=shape_of(x), kept=keeping(x, axis)),
               tex=r"\operatorname{{mean}} {0}", params=_AXIS, cases=_CASES, numpy=np.mean, form=_mean_form)
max = NumpyOp("max", None, _max,
              lambda g, y, x, axis, keepdims: shared(g, y, x, axis),
              tex=r"\max {0}", params=_AXIS, cases=_CASES, numpy=np.max, form=_max_form)
min = NumpyOp("min", None, _min,
              lambda g, y, x, axis, keepdims: shared(g, y, x, axis),
              tex=r"\min {0}", params=_AXIS, cases=_CASES, numpy=np.min, form=_min_form)
prod = NumpyOp("prod", None, _prod,
               lambda g, y, x, axis, keepdims: reshape(g, keeping(x, axis)) * _of_others(y, x, axis),
               tex=r"\prod {0}", symbol="Π", params=_AXIS, cases=_CASES, numpy=np.prod, form=_prod_form)
cumsum = NumpyOp("cumsum", None, _cumsum,
                 lambda g, y, x, axis: _sum_from_end(g, x, axis),
                 tex=r"\operatorname{{cumsum}} {0}", params={"axis": None}, cases=_RUNS,
                 numpy=np.cumsum, form=_cumsum_form)
cumprod = NumpyOp("cumprod", None, _cumprod,
                  lambda g, y, x, axis: _from_products(g, y, x, axis),
                  tex=r"\operatorname{{cumprod}} {0}", params={"axis": None}, cases=_RUNS,
                  numpy=np.cumprod, form=_cumprod_form)
# y_0 = a_0 and y_i = a_i + b_i y_(i-1) along the last axis.
linear_recurrence = Op("linear_recurrence", None, _linear_recurrence,
                       lambda g, y, a, b: _carried_back(g, b),
                       lambda g, y, a, b: _carried_back(g, b) * where(_first(b), 0.0, roll(y, 1, axis=-1)),
                       method=False, tex=r"\operatorname{{recurrence}}({0}, {1})",
                       cases=[(((4,), (4,)), {}), (((2, 3), (2, 3)), {})])


@composed(np.amax, cases=[(((2, 3),), {"axis": 1, "keepdims": True, "initial": 0.2})])
def amax(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, initial: Any = None,
         where: Any = True) -> Any:
    """`max` under its other name."""
    return max(a, axis, out, keepdims, initial, where)


@composed(np.amin, cases=[(((2, 3),), {"axis": (0, 1)})])
def amin(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, initial: Any = None,
         where: Any = True) -> Any:
    """`min` under its other name."""
    return min(a, axis, out, keepdims, initial, where)


@composed(np.ptp, cases=[(((2, 3),), {}), (((2, 3),), {"axis": 1, "keepdims": True})])
def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    """Peak to peak: the largest element less the smallest.

    >>> ptp([1.0, 4.0, 2.0]).item()
    3.0
    """
    no_out("ptp", out)
    return max(a, axis=axis, keepdims=keepdims) - min(a, axis=axis, keepdims=keepdims)


@composed(np.trace, method=True, cases=[(((3, 3),), {}), (((3, 4),), {"offset": 1}),
                                        (((2, 3, 3),), {"offset": -1, "axis1": 2, "axis2": 1})])
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    """The sum along a diagonal of the matrices in two axes.

    >>> trace([[1.0, 2.0], [3.0, 4.0]]).item()
    5.0
    """
    from .diagonals import diagonal
    no_out("trace", out)
    return sum(diagonal(a, offset, axis1, axis2), -1, dtype)


# --- facts about the data ---------------------------------------------------------------------------

@composed(np.any, method=True, order=0, cases=[(((2, 3),), {"axis": 1, "keepdims": True})])
def any(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True) -> Any:
    """Whether any element is not 0: booleans."""
    no_out("any", out)
    return np.any(data_of(a), axis=axis, keepdims=keepdims, where=where)


@composed(np.all, method=True, order=0, cases=[(((2, 3),), {"axis": 0})])
def all(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True) -> Any:
    """Whether all elements are not 0: booleans."""
    no_out("all", out)
    return np.all(data_of(a), axis=axis, keepdims=keepdims, where=where)


@composed(np.argmax, method=True, order=0, cases=[(((2, 3),), {}), (((2, 3),), {"axis": 1, "keepdims": True})])
def argmax(a: Any, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> Any:
    """Where the largest element is: integers; the first of those that tie."""
    no_out("argmax", out)
    return np.argmax(data_of(a), axis=axis, keepdims=keepdims)


@composed(np.argmin, method=True, order=0, cases=[(((2, 3),), {}), (((2, 3),), {"axis": 1, "keepdims": True})])
def argmin(a: Any, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> Any:
    """Where the smallest element is: integers; the first of those that tie."""
    no_out("argmin", out)
    return np.argmin(data_of(a), axis=axis, keepdims=keepdims)
