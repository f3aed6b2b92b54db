"""Facts about the data: comparisons, counts, places. They have no derivative and give plain results.

Each looks at the data behind Values, Tensors and Duals, and answers as NumPy's function does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .._arguments import as_array, data_of, formed_like, no_out, numpys_errors
from .._carriers import has_lanes
from .._function import composed


def answer(function: Callable[..., Any], *args: Any, out: Any = None, **params: Any) -> Any:
    """NumPy's function of the data."""
    name = function.__name__
    no_out(name, out)
    if isinstance(function, np.ufunc) and any_lanes(args := tuple(map(as_array, args))):
        return function(*args, **params)                 # which asks them in all lanes at once
    xs = [_data(as_array(a)) for a in args]
    with numpys_errors(name, *xs):
        return function(*xs, **{k: data_of(v) for k, v in params.items()})


def any_lanes(xs: Iterable[Any]) -> bool:
    """Whether some of these differ from lane to lane of a vmap."""
    return True in map(has_lanes, xs)


def _data(x: Any) -> Any:
    """The data behind x, or behind what an array of objects holds."""
    x = data_of(x)
    if isinstance(x, np.ndarray) and x.dtype == object:
        return np.array([data_of(one) for one in x.ravel()]).reshape(x.shape)
    return x


def _enter(function: Callable[..., Any], *shapes: tuple[int, ...], of: Callable[[Any], Any] = as_array) -> None:
    """NumPy's function as a function of this package, with its own arguments; tested on these shapes."""
    def fact(*args: Any, **params: Any) -> Any:
        return answer(function, *map(of, args), **params)
    name = function.__name__
    fact.__name__ = fact.__qualname__ = name
    fact.__doc__ = f"`numpy.{name}` of the data: a plain result, which has no derivative."
    composed(function, order=0, cases=[(shapes, {})])(fact)


for _name in """equal not_equal greater greater_equal less less_equal logical_and logical_or logical_xor isclose
                allclose array_equal array_equiv isin""".split():
    _enter(getattr(np, _name), (2, 3), (2, 3))
for _name in """logical_not isfinite isinf isnan isposinf isneginf isreal iscomplex signbit
                count_nonzero flatnonzero argwhere nanargmax nanargmin""".split():
    _enter(getattr(np, _name), (2, 3))
_enter(np.digitize, (2, 3), (1,))
for _name in ("ndim", "shape", "size", "isrealobj", "iscomplexobj"):
    _enter(getattr(np, _name), (2, 3), of=formed_like)


# --- those that are methods as well ----------------------------------------------------------------

@composed(np.any, method=True, order=0, cases=[(((2, 3),), {"axis": 1, "keepdims": True})])
def any(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True) -> Any:
    """Whether any element is not 0: booleans."""
    return answer(np.any, a, axis=axis, out=out, keepdims=keepdims, where=where)


@composed(np.all, method=True, order=0, cases=[(((2, 3),), {"axis": 0})])
def all(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True) -> Any:
    """Whether all elements are not 0: booleans."""
    return answer(np.all, a, axis=axis, out=out, keepdims=keepdims, where=where)


@composed(np.argmax, method=True, order=0, cases=[(((2, 3),), {}), (((2, 3),), {"axis": 1, "keepdims": True})])
def argmax(a: Any, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> Any:
    """Where the largest element is: integers; the first of those that tie."""
    return answer(np.argmax, a, axis=axis, out=out, keepdims=keepdims)


@composed(np.argmin, method=True, order=0, cases=[(((2, 3),), {}), (((2, 3),), {"axis": 1, "keepdims": True})])
def argmin(a: Any, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> Any:
    """Where the smallest element is: integers; the first of those that tie."""
    return answer(np.argmin, a, axis=axis, out=out, keepdims=keepdims)


@composed(np.nonzero, method=True, order=0, cases=[(((2, 3),), {})])
def nonzero(a: Any) -> Any:
    """Where the elements are not 0: for each axis an array of integers."""
    return answer(np.nonzero, a)
