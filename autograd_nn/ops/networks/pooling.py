"""Pooling: what a window that slides over the last two axes sees, as one number.

window_max       the largest element. Where several are the largest, the first of the window, row by
                 row, has the whole derivative (as in PyTorch); where it is nan, every element has nan
window_sum       the sum; averages are this, divided
window_pick      the element at a place in each window that is given by number, which is what the
                 derivative of window_max consists of; the number of all elements asks for their sum

Each works with one slice of the array for each element of the window, all windows at once; the
first and the last of them, and the numbers, in C where that is compiled.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import UsageError
from .._arguments import affordable, as_array, data_of, dtype_of
from .._frozen import frozen
from .._function import composed
from .._lanes import Lanes, OfEachLane, over_stacks, repeated, with_own_params
from .._op import Op, shape_of
from ..arrays.shape import reshape, transpose
from ..elementwise.arithmetic import flat
from ..matrices.matmul import matmul
from ._sliding import Pair, fits, images, in_c, numbers, offsets, padded, places

_Padding = tuple[Pair, Pair]


def _seen(x: Any, kernel: Pair, stride: Pair, padding: _Padding, dilation: Pair, fill: float) -> Any:
    """For each element of the window its number, and what it sees in all windows."""
    out: Any = places(x.shape[-2:], kernel, stride, padding, dilation)
    around = padded(x, padding, fill)
    return ((k, around[at]) for k, at in offsets(kernel, stride, dilation, out))


def _planes(x: Any) -> Any:
    """x as (images, height, width)."""
    return x.reshape(math.prod(x.shape[:-2]), *x.shape[-2:])


def _begin(padding: _Padding) -> Pair:
    """Where the first window begins."""
    return -padding[0][0], -padding[1][0]


def _max(x: Any, kernel: Pair = (1, 1), stride: Pair = (1, 1), padding: _Padding = ((0, 0), (0, 0)),
         dilation: Pair = (1, 1)) -> Any:
    out, quick = places(x.shape[-2:], kernel, stride, padding, dilation), in_c(x)
    if quick is not None:
        y = np.empty((*x.shape[:-2], *out), x.dtype)
        if quick.largest(_planes(x), _planes(y), kernel, stride, dilation, _begin(padding)):
            return y
    parts = _seen(x, kernel, stride, padding, dilation, -np.inf)
    y = next(parts)[1].copy("C")
    for _, part in parts:
        np.maximum(y, part, out=y)
    return y


def _numbers(y: Any, x: Any, kernel: Pair, stride: Pair, padding: _Padding, dilation: Pair) -> Any:
    """The number, within its window, of the first element that is the window's maximum.

    That is how many elements there are before the first that is equal. A nan equals none, so its number is that of
    all elements of the window, which stands for every one of them.
    """
    y, x = data_of(y), data_of(x)
    number, quick = np.zeros(y.shape, np.min_scalar_type(math.prod(kernel))), in_c(x)
    if quick is not None and quick.numbers(_planes(x), _planes(y), _planes(number), kernel, stride, dilation,
                                           _begin(padding)):
        return frozen(number)
    before = np.ones(y.shape, bool)
    for _, part in _seen(x, kernel, stride, padding, dilation, -np.inf):
        before &= part != y
        number += before
    return frozen(number)


def _choices(number: Any, kernel: Pair) -> Callable[[int], Any]:
    """For the number of an element of the window, where it is chosen."""
    every = number == math.prod(kernel)
    if every.any():
        return lambda k: (number == k) | every
    return lambda k: number == k


def _chosen(x: Any, choice: Any) -> Any:
    """x where `choice` holds, and 0 elsewhere: by its bits, as a choice for each element alone is slow."""
    if x.itemsize > 8:                                   # long double: no integers of that size
        return np.where(choice, x, x.dtype.type(0))
    bits = np.dtype(f"u{x.itemsize}")
    mask = choice.astype(bits)
    np.negative(mask, out=mask)                          # of 1 all bits
    mask &= x.view(bits)
    return mask.view(x.dtype)


def _pick(x: Any, number: Any = None, kernel: Pair = (1, 1), stride: Pair = (1, 1),
          padding: _Padding = ((0, 0), (0, 0)), dilation: Pair = (1, 1)) -> Any:
    y, chosen = np.zeros(number.shape, x.dtype), _choices(number, kernel)
    for k, part in _seen(x, kernel, stride, padding, dilation, 0.0):
        y += _chosen(part, chosen(k))
    return y


def _put(g: Any, number: Any = None, size: Pair = (1, 1), kernel: Pair = (1, 1), stride: Pair = (1, 1),
         padding: _Padding = ((0, 0), (0, 0)), dilation: Pair = (1, 1)) -> Any:
    apart = all(s > (n - 1) * d for s, n, d in zip(stride, kernel, dilation))      # a dilated window is that long
    quick = in_c(g)
    if quick is not None:
        x = np.zeros((*g.shape[:-2], *size), g.dtype)
        if quick.put(_planes(x), _planes(g), _planes(number), apart, kernel, stride, dilation, _begin(padding)):
            return x
    x, chosen = _spread_over(g, size, padding), _choices(number, kernel)
    for k, at in offsets(kernel, stride, dilation, g.shape[-2:]):
        if apart:                                        # no element is in two windows
            x[at] = _chosen(g, chosen(k))
        else:
            x[at] += _chosen(g, chosen(k))
    return _cut(x, padding)


def _sum(x: Any, kernel: Pair = (1, 1), stride: Pair = (1, 1), padding: _Padding = ((0, 0), (0, 0))) -> Any:
    parts = _seen(x, kernel, stride, padding, (1, 1), 0.0)
    y = next(parts)[1].copy("C")
    for _, part in parts:
        y += part
    return y


def _spread(g: Any, size: Pair = (1, 1), kernel: Pair = (1, 1), stride: Pair = (1, 1),
            padding: _Padding = ((0, 0), (0, 0))) -> Any:
    x = _spread_over(g, size, padding)
    for _, at in offsets(kernel, stride, (1, 1), g.shape[-2:]):
        x[at] += g
    return _cut(x, padding)


def _spread_over(g: Any, size: Pair, padding: _Padding) -> Any:
    """Zeros of the padded size, for what comes from g."""
    return np.zeros((*g.shape[:-2], *(n + sum(p) for n, p in zip(size, padding))), g.dtype)


def _cut(x: Any, padding: _Padding) -> Any:
    (top, bottom), (left, right) = padding
    return x[..., top:x.shape[-2] - bottom, left:x.shape[-1] - right]


_AT: dict[str, Any] = {"kernel": (1, 1), "stride": (1, 1), "padding": ((0, 0), (0, 0))}
_DILATED: dict[str, Any] = {**_AT, "dilation": (1, 1)}
_OVERLAP: dict[str, Any] = {"kernel": (3, 2), "stride": (2, 1), "padding": ((1, 0), (0, 1))}

def _picked(t: Any, y: Any, x: Any, **p: Any) -> Any:
    """The tangent of each window's maximum."""
    found = window_pick(t, number=_numbers(y, x, **p), **p)
    return found + flat(found, y)


@with_own_params
def _numbered(op: Op, lanes: Lanes) -> Any:
    number = lanes.params["number"]
    number = number.array if isinstance(number, OfEachLane) else repeated(number, lanes.size)
    return op(lanes.full(0), **{**lanes.params, "number": number})


window_max = Op("window_max", None, _max,
                lambda g, y, x, **p: window_put(g + flat(g, y), number=_numbers(y, x, **p), size=shape_of(x)[-2:], **p),
                tex=r"\max_{{\text{{windows}}}} {0}", symbol="max ▦", internal=True, params=_DILATED,
                cases=[(((2, 1, 4, 5),), {"kernel": (2, 2), "stride": (2, 2)}), (((1, 2, 4, 3),), _OVERLAP),
                       (((6, 6),), {"kernel": (2, 2), "dilation": (3, 2)})],
                jvps=(lambda t, y, x, **p: _picked(t, y, x, **p),), lanes=over_stacks)
window_pick = Op("window_pick", None, _pick,
                 lambda g, y, x, number, **p: window_put(g, number=number, size=shape_of(x)[-2:], **p),
                 tex=r"\operatorname{{pick}}_{{\text{{windows}}}} {0}", symbol="pick ▦", internal=True,
                 params={"number": None, **_DILATED},
                 cases=[(((4, 5),), {"number": np.array([[0, 3], [2, 2]]), "kernel": (2, 2), "stride": (2, 2)}),
                        (((1, 4, 3),), {"number": np.array([[[2, 4, 1], [0, 5, 2]]]), **_OVERLAP})],
                 linear=True, lanes=_numbered)
window_put = Op("window_put", None, _put,
                lambda h, x, g, number, size, **p: window_pick(h, number=number, **p),
                tex=r"\operatorname{{put}}_{{\text{{windows}}}} {0}", symbol="put ▦", internal=True,
                params={"number": None, "size": (1, 1), **_DILATED},
                cases=[(((2, 2),), {"number": np.array([[0, 3], [2, 2]]), "size": (4, 5), "kernel": (2, 2),
                                    "stride": (2, 2)}),
                       (((1, 2, 3),), {"number": np.array([[[2, 4, 1], [0, 5, 2]]]), "size": (4, 3), **_OVERLAP})],
                linear=True, lanes=_numbered)
window_sum = Op("window_sum", None, _sum,
                lambda g, y, x, **p: window_spread(g, size=shape_of(x)[-2:], **p),
                tex=r"\sum_{{\text{{window}}}} {0}", symbol="Σ ▦", internal=True, params=_AT,
                cases=[(((2, 1, 4, 5),), {"kernel": (2, 2), "stride": (2, 2)}), (((1, 2, 4, 3),), _OVERLAP)],
                linear=True, lanes=over_stacks)
window_spread = Op("window_spread", None, _spread,
                   lambda h, x, g, size, **p: window_sum(h, **p),
                   tex=r"\operatorname{{spread}}_{{\text{{windows}}}} {0}", symbol="spread ▦", internal=True,
                   params={"size": (1, 1), **_AT},
                   cases=[(((2, 1, 2, 2),), {"size": (4, 5), "kernel": (2, 2), "stride": (2, 2)}),
                          (((1, 2, 2, 3),), {"size": (4, 3), **_OVERLAP})],
                   linear=True, lanes=over_stacks)


# --- as in PyTorch --------------------------------------------------------------------------------

class _Windows:
    """The options of a pooling function: numbers for each of n axes, and the padding that ceil_mode needs."""

    def __init__(self, name: str, n: int, x: Any, kernel: Any, stride: Any, padding: Any, dilation: Any,
                 ceil_mode: bool) -> None:
        images(name, x, n, f"(N, C, {', '.join('HW' if n > 1 else 'L')})")
        self.n, self.size = n, shape_of(x)[-n:]
        self.kernel = numbers(name, "kernel_size", kernel, n, 1)
        self.stride = self.kernel if stride is None else numbers(name, "stride", stride, n, 1)
        self.before = numbers(name, "padding", padding, n, 0)
        self.dilation = numbers(name, "dilation", dilation, n, 1)
        if any(2 * p > k for p, k in zip(self.before, self.kernel)):
            raise UsageError(f"{name}: padding {self.before} is more than half of the kernel {self.kernel}, and "
                             "windows of nothing but padding have no value")
        pads = tuple((p, p) for p in self.before)
        fits_padded = tuple((p, p + s - 1) if ceil_mode else (p, p) for p, s in zip(self.before, self.stride))
        fits(name, self.size, self.kernel, self.stride, fits_padded, self.dilation)
        self.out = places(self.size, self.kernel, self.stride, fits_padded, self.dilation)
        # The last window must begin within the input or the padding before it.
        self.out = tuple(o - (ceil_mode and (o - 1) * s >= i + p)
                         for o, s, i, p in zip(self.out, self.stride, self.size, self.before))
        self.padding = tuple((p, max(q, (o - 1) * s + d * (k - 1) + 1 - i - p)) for (p, q), o, s, d, k, i in zip(
            pads, self.out, self.stride, self.dilation, self.kernel, self.size))

    def options(self) -> dict[str, Any]:
        """For the entries, with an axis of length 1 for sequences."""
        one = (1,) * (2 - self.n)
        return {"kernel": one + self.kernel, "stride": one + self.stride,
                "padding": ((0, 0),) * (2 - self.n) + self.padding}

    def counts(self, inside: bool) -> Any:
        """How many elements a window averages over: those within input and padding, or those of the input alone."""
        counts: Any = np.ones(())
        for o, s, p, k, i in zip(self.out, self.stride, self.before, self.kernel, self.size):
            start = np.arange(o) * s - p
            end = np.minimum(start + k, i + p)
            along = np.minimum(end, i) - np.maximum(start, 0) if inside else end - start
            counts = counts[..., None] * along
        return counts


def _square(x: Any, n: int) -> Any:
    return x if n == 2 else reshape(x, (*shape_of(x)[:-1], 1, shape_of(x)[-1]))


def _line(y: Any, n: int) -> Any:
    return y if n == 2 else reshape(y, (*shape_of(y)[:-2], shape_of(y)[-1]))


def _max_pool(name: str, n: int, x: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool) -> Any:
    x = as_array(x)
    windows = _Windows(name, n, x, kernel, stride, padding, dilation, ceil)
    dilations = (1,) * (2 - n) + windows.dilation
    return _line(window_max(_square(x, n), **windows.options(), dilation=dilations), n)


def _avg_pool(name: str, n: int, x: Any, kernel: Any, stride: Any, padding: Any, ceil: bool, include: bool,
              divisor: Any) -> Any:
    x = as_array(x)
    windows = _Windows(name, n, x, kernel, stride, padding, 1, ceil)
    total = _line(window_sum(_square(x, n), **windows.options()), n)
    if divisor is not None:
        return total / numbers(name, "divisor_override", divisor, 1, 1)[0]
    counts = windows.counts(inside=not include)
    if counts.min() == counts.max():
        return total / float(counts.max())
    return total * (1 / counts).astype(dtype_of(total))


@composed(cases=[(((2, 3, 7),), {"kernel_size": 3, "stride": 2, "padding": 1})])
def max_pool1d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
               ceil_mode: bool = False) -> Any:
    """The largest element of each window of sequences: max_pool2d with one axis less.

    >>> max_pool1d([[1.0, 5.0, 2.0, 3.0]], 2).tolist()
    [[5.0, 3.0]]
    """
    return _max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode)


@composed(cases=[(((2, 1, 4, 5),), {"kernel_size": 2}),
                 (((2, 4, 5),), {"kernel_size": (2, 3), "stride": (1, 2), "padding": (1, 1), "ceil_mode": True})])
def max_pool2d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
               ceil_mode: bool = False) -> Any:
    """The largest element of each window of images.

    input        (N, C, H, W), or (C, H, W) for one image
    kernel_size, stride, padding, dilation    an integer, or one for each axis; the stride is the
                 kernel's size by default, and the padding counts as -inf, at most half a kernel
    ceil_mode    whether windows may reach beyond the end, as long as they begin before it

    Where several elements of a window are the largest, the first one, row by row, gets the gradient; where one
    is nan, all get nan.
    Raises ShapeError for other axes, a window larger than the padded input, and an input of size 0 along these axes;
    UsageError for options of the wrong kind.

    >>> max_pool2d([[[1.0, 2.0, 0.0, 0.0], [3.0, 4.0, 0.0, 9.0]]], 2).tolist()
    [[[4.0, 9.0]]]
    """
    return _max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode)


@composed(cases=[(((2, 3, 7),), {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False})])
def avg_pool1d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
               count_include_pad: bool = True) -> Any:
    """The average of each window of sequences: avg_pool2d with one axis less.

    >>> avg_pool1d([[1.0, 5.0, 2.0, 4.0]], 2).tolist()
    [[3.0, 3.0]]
    """
    return _avg_pool("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


@composed(cases=[(((2, 1, 4, 5),), {"kernel_size": 2}),
                 (((2, 5, 5),), {"kernel_size": 2, "stride": 2, "padding": 1, "ceil_mode": True}),
                 (((1, 4, 4),), {"kernel_size": 3, "divisor_override": 2})])
def avg_pool2d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
               count_include_pad: bool = True, divisor_override: int | None = None) -> Any:
    """The average of each window of images; input, stride, padding and ceil_mode as for max_pool2d.

    count_include_pad    whether the zeros of the padding count. What ceil_mode adds never does
    divisor_override     what to divide by instead of the number of elements

    >>> avg_pool2d([[[1.0, 2.0], [3.0, 6.0]]], 2).tolist()
    [[[3.0]]]
    """
    return _avg_pool("avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad,
                     divisor_override)


def _averaging(n: int, out: int, dtype: Any) -> Any:
    """The matrix (out, n) whose row i averages over the elements from floor(i n / out) to ceil((i + 1) n / out)."""
    affordable("adaptive_avg_pool", out, max(n, 1))      # its rows are made one by one, even if each is empty
    matrix = np.zeros((out, n), dtype)
    for i in range(out):
        start, end = i * n // out, -(-(i + 1) * n // out)
        matrix[i, start:end] = 1 / (end - start)
    return matrix


def _adaptive(name: str, n: int, x: Any, output_size: Any) -> Any:
    x = as_array(x)
    images(name, x, n, f"(N, C, {', '.join('HW' if n > 1 else 'L')})")
    size = shape_of(x)[-n:]
    if n > 1 and np.ndim(output_size) and len(output_size) == n:      # None keeps an axis
        output_size = [i if o is None else o for i, o in zip(size, output_size)]
    out, dtype = numbers(name, "output_size", output_size, n, 1), dtype_of(x)
    if dtype.kind != "f":
        dtype = np.dtype(float)
    y = matmul(x, transpose(_averaging(size[-1], out[-1], dtype)))
    return y if n == 1 else matmul(_averaging(size[0], out[0], dtype), y)


@composed(cases=[(((2, 3, 7),), {"output_size": 3})])
def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """Sequences averaged to `output_size` elements, i over those from floor(i L / size) to ceil((i + 1) L / size).

    >>> adaptive_avg_pool1d([[1.0, 2.0, 3.0, 6.0]], 2).tolist()
    [[1.5, 4.5]]
    """
    return _adaptive("adaptive_avg_pool1d", 1, input, output_size)


@composed(cases=[(((2, 1, 4, 5),), {"output_size": (3, 2)}), (((2, 3, 2),), {"output_size": 3})])
def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """Images averaged to `output_size`, an integer or (height, width), of which None leaves an axis as it is.

    >>> adaptive_avg_pool2d([[[1.0, 2.0], [3.0, 6.0]]], 1).tolist()
    [[[3.0]]]
    """
    return _adaptive("adaptive_avg_pool2d", 2, input, output_size)
