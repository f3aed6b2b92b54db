"""Running sums and products, and the product of all elements, whose derivative they give.

prod and cumprod have their derivatives, of every order, also where elements are 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._arguments import data_of
from .._lanes import along_axis, along_one_axis, each_full
from .._numpy_op import NumpyOp
from .._op import Case, Op, shape_of
from ..elementwise.arithmetic import where
from ..elementwise.corners import multiply0
from .reduction import AXIS, CASES, axes_of, count, keeping, prepared, sum
from .shape import flip, moveaxis, reshape, roll

_multiply: Any = np.multiply.reduce
LONG = 100                                               # elements


def _prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _multiply(x, axis=axis, keepdims=keepdims)


def _cumsum(x: Any, axis: int | None = None) -> Any:
    return np.cumsum(x, axis=axis)


def _cumprod(x: Any, axis: int | None = None) -> Any:
    return np.cumprod(x, axis=axis)


# --- NumPy's other arguments ------------------------------------------------------------------------

def _prod_form(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
               initial: Any = 1, where: Any = True) -> Any:
    y = prod(prepared("prod", a, dtype, out, where, 1.0), axis=axis, keepdims=keepdims)
    return y if initial is None or (type(initial) is int and initial == 1) else y * initial


def _cumsum_form(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    return cumsum(prepared("cumsum", a, dtype, out, True, 0.0), axis=axis)


def _cumprod_form(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    return cumprod(prepared("cumprod", a, dtype, out, True, 1.0), axis=axis)


# --- what the rules need --------------------------------------------------------------------------

def _of_others(y: Any, x: Any, axis: Any) -> Any:
    """For each element of x the product of the others along `axis`, given the whole product y.

    That is y / x, if the elements are of one size; else the product of those before it times that of those after.
    """
    if _of_one_size(x) and _in_range(y):
        return reshape(y, keeping(x, axis)) / x
    axes = axes_of(x, axis)
    last = tuple(range(-len(axes), 0))
    shape, rest = shape_of(x), keeping(x, axis, drop=True)
    rows = reshape(moveaxis(x, axes, last), (*rest, count(x, axis)))
    others = _before(rows) * flip(_before(flip(rows, axis=-1)), axis=-1)
    return moveaxis(reshape(others, rest + tuple(shape[i] for i in axes)), last, axes)


def _of_one_size(x: Any) -> bool:
    """Whether derivatives may divide by x: the second one of y / x has y / x**2 - y / x**2 in it."""
    size = abs(data_of(x))
    return bool(size.max(initial=0) <= 1e3 * size.min(initial=np.inf))


def _in_range(y: Any) -> bool:
    """Whether no product has become 0 or inf."""
    size = abs(data_of(y))
    return bool(((size >= np.finfo(size.dtype).tiny) & np.isfinite(size)).all())


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

    Without dividing by x: y is the recurrence y_i = x_i y_(i-1), which goes step by step, so of long rows only where a
    product is 0 or out of range.
    """
    if not shape_of(x):                                  # NumPy takes it for one of a single element
        axis = None
    if _may_be_divided(y, x, axis):
        return _sum_from_end(g * y, x, axis) / x
    if axis is None:
        rows = reshape(x, (-1,))
    else:
        g, rows = moveaxis(g, axis, -1), moveaxis(x, axis, -1)
    dx = multiply0(_carried_back(g, rows), _before(rows))
    return reshape(dx, shape_of(x)) if axis is None else moveaxis(dx, -1, axis)


def _into_products(t: Any, y: Any, x: Any, axis: int | None) -> Any:
    """The tangent of y = cumprod(x), by the same two ways."""
    if axis is None or not shape_of(x):
        return _into_products(reshape(t, -1), y, reshape(x, -1), 0)
    if _may_be_divided(y, x, axis):
        return y * cumsum(t / x, axis=axis)
    t, rows = moveaxis(t, axis, -1), moveaxis(x, axis, -1)
    return moveaxis(linear_recurrence(multiply0(t, _before(rows)), rows), -1, axis)


def _may_be_divided(y: Any, x: Any, axis: int | None) -> bool:
    return _in_range(y) and (count(x, axis) > LONG or _of_one_size(x))


def _linear_recurrence(a: Any, b: Any) -> Any:
    if a.shape != b.shape:
        raise ValueError("the two must have the same shape")
    y = np.array(a, dtype=np.result_type(a, b))
    steps, factors = np.moveaxis(y, -1, 0), np.moveaxis(b, -1, 0)
    for i in range(1, len(steps)):
        steps[i] += np.where(steps[i - 1], factors[i] * steps[i - 1], 0)     # not nan where nothing is carried on
    return y


def _of_step_before(y: Any) -> Any:
    """y_(i-1) in the place of y_i, and first 0."""
    return where(_first(y), 0.0, roll(y, 1, axis=-1))


def _carried_back(g: Any, b: Any) -> Any:
    """The cotangent of a in a linear recurrence: the same recurrence, run from the end."""
    return flip(linear_recurrence(flip(g, axis=-1), roll(flip(b, axis=-1), 1, axis=-1)), axis=-1)


_RUNS: list[Case] = [(((2, 3),), {}), (((2, 3),), {"axis": 1}), (((4,),), {"axis": 0}), (((3, 2),), {"axis": -2})]

prod = NumpyOp("prod", None, _prod,
               lambda g, y, x, axis, keepdims: reshape(g, keeping(x, axis)) * _of_others(y, x, axis),
               tex=r"\prod {0}", symbol="Π", params=AXIS, cases=CASES, numpy=np.prod, form=_prod_form,
               jvps=(lambda t, y, x, axis, keepdims: sum(t * _of_others(y, x, axis), axis=axis, keepdims=keepdims),),
               ufunc_method=np.multiply.reduce, lanes=along_axis)
cumsum = NumpyOp("cumsum", None, _cumsum,
                 lambda g, y, x, axis: _sum_from_end(g, x, axis),
                 tex=r"\operatorname{{cumsum}} {0}", params={"axis": None}, cases=_RUNS,
                 numpy=np.cumsum, form=_cumsum_form,
                 linear=True, ufunc_method=np.add.accumulate, lanes=along_one_axis)
cumprod = NumpyOp("cumprod", None, _cumprod,
                  lambda g, y, x, axis: _from_products(g, y, x, axis),
                  tex=r"\operatorname{{cumprod}} {0}", params={"axis": None},
                  cases=[*_RUNS, ((np.array([[0.9, -1.2, 1.5], [1.1, 0.8, -0.7]]),), {"axis": 1})],
                  numpy=np.cumprod, form=_cumprod_form,
                  jvps=(lambda t, y, x, axis: _into_products(t, y, x, axis),),
                  ufunc_method=np.multiply.accumulate, lanes=along_one_axis)
# y_0 = a_0 and y_i = a_i + b_i y_(i-1) along the last axis.
linear_recurrence = Op("linear_recurrence", None, _linear_recurrence,
                       lambda g, y, a, b: _carried_back(g, b),
                       lambda g, y, a, b: _carried_back(g, b) * _of_step_before(y),
                       internal=True, tex=r"\operatorname{{recurrence}}({0}, {1})",
                       cases=[(((4,), (4,)), {}), (((2, 3), (2, 3)), {})],
                       linear=(0,), jvps=(None, lambda t, y, a, b: linear_recurrence(t * _of_step_before(y), b)),
                       lanes=each_full)
