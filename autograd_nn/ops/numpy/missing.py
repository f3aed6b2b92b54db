"""Where numbers are missing: reductions that leave out nan, and nan_to_num, which fills it in."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._arguments import as_array, dtype_of, real_only
from .._carriers import is_plain
from .._function import composed
from .._numpy_op import mask_of
from .._op import Case, Op
from ..arrays.reduction import axes_of, max, mean, min, sum
from ..arrays.running import cumprod, cumsum, prod
from ..arrays.statistics import std, var
from ..elementwise.arithmetic import where

_or: Any = np.logical_or.reduce


@composed(np.nan_to_num, cases=[(((2, 3),), {}), (((2, 3),), {"nan": 1.0, "posinf": 2.0})])
def nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: float | None = None,
               neginf: float | None = None) -> Any:
    """x with numbers for nan, inf (by default the largest of the dtype) and -inf; derivative 0 in these places.

    `copy=False` is not asked to write into x: the result is new in any case.

    >>> nan_to_num(np.array([float("nan"), 1.0]))
    array([0., 1.])
    """
    fillings = (nan, posinf, neginf)
    if all(map(is_plain, (x, *fillings))):
        return np.nan_to_num(x, copy, nan, posinf, neginf)
    for number in fillings:
        real_only("nan_to_num", number)
    dtype = dtype_of(x)
    high = np.finfo(dtype).max if posinf is None else posinf
    low = np.finfo(dtype).min if neginf is None else neginf
    up, down, unknown = x == math.inf, x == -math.inf, x != x
    if all(map(is_plain, fillings)):
        instead = np.where(up, high, np.where(down, low, nan)).astype(dtype)[()]
    else:
        instead = where(up, high, where(down, low, nan))
    return where(up | down | unknown, instead, x)


# --- reductions of what is there ------------------------------------------------------------------------

def _known(name: str, a: Any, mask: Any) -> Any:
    """Where a is not nan, and the mask (if there is one) lets it in."""
    known = np.asarray(a == a)
    return known if mask is True else known & mask_of(name, a, mask)


def _without_nan(a: Any, known: Any, fill: float = 0.0) -> Any:
    return a if np.all(known) else where(known, a, fill)


def _given(mean: Any, correction: Any) -> dict[str, Any]:
    return {k: v for k, v in (("mean", mean), ("correction", correction)) if v is not None}


_NAN: list[Case] = [(((2, 3),), {}), (((2, 3),), {"axis": 1, "keepdims": True})]


@composed(np.nansum, cases=_NAN)
def nansum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
           initial: Any = 0, where: Any = True) -> Any:
    """The sum of the elements that are not nan; those have derivative 0.

    >>> nansum(np.array([1.0, np.nan, 2.0])).item()
    3.0
    """
    a = as_array(a)
    return sum(a, axis, dtype, out, keepdims, initial, _known("nansum", a, where))


@composed(np.nanprod, cases=_NAN)
def nanprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
            initial: Any = 1, where: Any = True) -> Any:
    """The product of the elements that are not nan."""
    a = as_array(a)
    return prod(a, axis, dtype, out, keepdims, initial, _known("nanprod", a, where))


@composed(np.nanmean, cases=_NAN)
def nanmean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, *,
            where: Any = True) -> Any:
    """The mean of the elements that are not nan; nan where there is none.

    >>> nanmean(np.array([1.0, np.nan, 2.0])).item()
    1.5
    """
    a = as_array(a)
    return mean(a, axis, dtype, out, keepdims, where=_known("nanmean", a, where))


@composed(np.nanvar, cases=_NAN)
def nanvar(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: bool = False, *,
           where: Any = True, mean: Any = None, correction: float | None = None) -> Any:
    """The variance of the elements that are not nan."""
    a = as_array(a)
    known = _known("nanvar", a, where)
    return var(_without_nan(a, known), axis, dtype, out, ddof, keepdims, where=known, **_given(mean, correction))


@composed(np.nanstd, cases=_NAN)
def nanstd(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: bool = False, *,
           where: Any = True, mean: Any = None, correction: float | None = None) -> Any:
    """The standard deviation of the elements that are not nan."""
    a = as_array(a)
    known = _known("nanstd", a, where)
    return std(_without_nan(a, known), axis, dtype, out, ddof, keepdims, where=known, **_given(mean, correction))


@composed(np.nanmax, cases=_NAN)
def nanmax(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, initial: Any = None,
           where: Any = True) -> Any:
    """The largest of the elements that are not nan; nan where there is none.

    >>> nanmax(np.array([1.0, np.nan, 2.0])).item()
    2.0
    """
    return _nan_extreme("nanmax", max, -math.inf, a, axis, out, keepdims, initial, where)


@composed(np.nanmin, cases=_NAN)
def nanmin(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, initial: Any = None,
           where: Any = True) -> Any:
    """The smallest of the elements that are not nan; nan where there is none."""
    return _nan_extreme("nanmin", min, math.inf, a, axis, out, keepdims, initial, where)


def _nan_extreme(name: str, op: Op, least: float, a: Any, axis: Any, out: Any, keepdims: bool, initial: Any,
                 mask: Any) -> Any:
    a = as_array(a)
    known = np.asarray(a == a)
    y = op(_without_nan(a, known, least), axis, out, keepdims, initial, mask)
    some = _or(known, axis=axes_of(a, axis), keepdims=keepdims)
    return y if initial is not None or np.all(some) else where(some, y, math.nan)


@composed(np.nancumsum, cases=[(((2, 3),), {"axis": 1})])
def nancumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """The running sum, in which a nan counts as 0."""
    a = as_array(a)
    return cumsum(_without_nan(a, np.asarray(a == a)), axis, dtype, out)


@composed(np.nancumprod, cases=[(((2, 3),), {"axis": 1})])
def nancumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """The running product, in which a nan counts as 1."""
    a = as_array(a)
    return cumprod(_without_nan(a, np.asarray(a == a), 1.0), axis, dtype, out)
