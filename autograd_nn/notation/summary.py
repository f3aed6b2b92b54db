"""Numbers and arrays as plain JSON: a small array with all its numbers, a large one with its range and mean."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

SMALL = 4
"""Rows, and columns, of the largest vector or matrix that is shown number by number."""

Number = float | int | bool | str
"""A number in JSON, which has no nan and inf: these are the strings "nan", "inf" and "-inf"."""

Data = Number | dict[str, Any]
"""A number, or an array: {"shape", "dtype", "data"} if small, else {"shape", "dtype", "min", "mean", "max"}."""


def json_number(x: Any) -> Number:
    """x as JSON can hold it.

    >>> json_number(2.5), json_number(float("-inf"))
    (2.5, '-inf')
    """
    if isinstance(x, (bool, int, np.bool_, np.integer)):
        return x.item() if isinstance(x, np.generic) else x
    x = float(x)
    return x if math.isfinite(x) else str(x)


def is_small(x: Any) -> bool:
    """Whether x is shown number by number."""
    return np.ndim(x) <= 2 and all(n <= SMALL for n in np.shape(x))


def summary(x: Any) -> Data:
    """A number or array as plain JSON.

    >>> summary(np.arange(3.0))
    {'shape': [3], 'dtype': 'float64', 'data': [0.0, 1.0, 2.0]}
    >>> summary(np.arange(10.0))
    {'shape': [10], 'dtype': 'float64', 'min': 0.0, 'mean': 4.5, 'max': 9.0}
    """
    if not isinstance(x, np.ndarray):
        return json_number(x)
    about: dict[str, Any] = {"shape": list(x.shape), "dtype": str(x.dtype)}
    if is_small(x):
        return about | {"data": _nested(x)}
    if not x.size:
        return about | {"data": []}
    with np.errstate(all="ignore"):
        mean = x.mean(dtype=np.float64)
    return about | {"min": json_number(x.min()), "mean": json_number(mean), "max": json_number(x.max())}


CELLS = 16
"""Rows, and columns, of a heat map at most. A larger array is cut into blocks, and their means are shown."""


def heat_map(x: Any) -> Data:
    """A number or array as plain JSON; a large one with the means of at most 16×16 blocks of it as "cells".

    More than two axes are laid out as the rows of one matrix; a vector is one row.

    >>> heat_map(np.arange(64.0).reshape(2, 32))["cells"][0][:3]
    [0.5, 2.5, 4.5]
    """
    found = summary(x)
    if not isinstance(found, dict) or "data" in found:
        return found
    matrix = np.atleast_2d(x.reshape(-1, x.shape[-1])).astype(np.float64)
    with np.errstate(all="ignore"):
        for axis in (0, 1):
            n = matrix.shape[axis]
            starts = np.unique(np.arange(min(n, CELLS)) * n // min(n, CELLS))
            sizes = np.diff([*starts, n])
            matrix = np.add.reduceat(matrix, starts, axis=axis) / (sizes[:, None] if axis == 0 else sizes)
    return {"shape": found["shape"], "dtype": found["dtype"], "min": found["min"], "mean": found["mean"],
            "max": found["max"], "cells": _nested(matrix)}


def _nested(x: np.ndarray[Any, Any]) -> Any:
    return [_nested(row) for row in x] if x.ndim else json_number(x[()])


def in_words(x: Any) -> str:
    """A parameter of an op in a few words, with no address of an object in them.

    >>> in_words((slice(1, None), None, ...)), in_words(np.zeros((2, 3)))
    ('1:, None, ...', 'array (2, 3)')
    """
    if isinstance(x, (list, tuple)):
        shown = [in_words(item) for item in x[:6]] + ["…"] * (len(x) > 6)
        return ", ".join(shown) if any(isinstance(i, slice) or i is Ellipsis for i in x) else \
            f"({', '.join(shown)}{',' * (len(x) == 1)})"
    if isinstance(x, slice):
        text = ":".join("" if part is None else in_words(part) for part in (x.start, x.stop))
        return text if x.step is None else f"{text}:{in_words(x.step)}"
    if x is Ellipsis:
        return "..."
    if isinstance(x, np.ndarray) and x.ndim:
        return f"array {x.shape}"
    if isinstance(x, (np.generic, np.ndarray)):
        return in_words(x.item())
    if isinstance(x, (str, int, float, type(None))):
        return str(x)
    if isinstance(x, np.dtype):
        return x.name
    return x.__name__ if isinstance(x, type) else type(x).__name__


def short(x: Number, digits: int = 4) -> str:
    """A number for a reader, with `digits` significant digits; whole numbers up to a million in full.

    >>> [short(x) for x in (286.0, 123456.0, 1 / 3, -1.5e-7, 2.0e9, -0.0, "nan")]
    ['286', '123456', '0.3333', '-1.5e-7', '2e9', '0', 'nan']
    """
    if isinstance(x, (str, bool)):
        return str(x)
    if float(x).is_integer() and abs(x) < 1e6:
        return str(int(x))
    mantissa, e, exponent = f"{x:.{digits}g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa
