"""Convolution, as networks use the word: a kernel slides over the input, and is not mirrored.

    y[n, o, p] = sum over c, k of x[n, c, stride p + dilation k - padding] w[o, c, k]

That is linear in x and in w. With a cotangent g of y, sum(g y) is a form that is linear in each of
x, w and g, and its three derivatives are the three entries here: correlate2d is that by g,
correlate2d_input that by x, correlate2d_weight that by w. Each one's rules are the other two, so
all of them can be differentiated as often as one likes.

Each is one matrix product a block. A block is as many places of the kernel as fit into the cache:
what the kernel meets there is copied into the columns of a matrix ("im2col"), of shape
(c kernel, places); the other way round the columns are added up in place, one slice for each
element of the kernel. The stored results are in C order, whatever the order of the inputs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...errors import ShapeError, UsageError
from .._arguments import as_array, dtype_of
from .._function import composed
from .._op import Op, shape_of
from ..arrays.padding import pad
from ..arrays.reduction import sum
from ..arrays.shape import reshape
from ..matrices.matmul import matmul
from ._sliding import Pair, fits, images, numbers, padded, places

CACHE = 1 << 19
"""Bytes of a block of columns: half of the second-level cache of a usual core. A larger block means fewer products."""
FEW = 256
"""Columns of a matrix. With fewer a matrix product is slow, so several small images share one block."""


def _blocks(batch: int, rows: int, width: int, column: int) -> Iterator[tuple[slice, slice]]:
    """The blocks, each as a slice of the images and a slice of the rows of places: whole images, or rows of one image.

    width    how many places a row has
    column   bytes of one column, which is what the kernel meets at one place
    """
    most = max(CACHE // column, 1)
    together = max(min(min(FEW, most) // (rows * width), batch), 1)
    step = rows if together > 1 else min(max(most // width, 1), rows)
    for n in range(0, batch, together):
        for r in range(0, rows, step):
            yield slice(n, min(n + together, batch)), slice(r, min(r + step, rows))


class _Columns:
    """What a kernel meets, of shape (groups, c kernel, places), block by block; or what is to be added there.

    The columns are copied in two steps, so that most of the copying is of long runs: first the rows
    of the image once for each column of the kernel, then of these the rows that each row of the
    kernel meets. With `ones` a last row of ones stands under the columns.
    """

    def __init__(self, x: Any, kernel: Pair, stride: Pair, dilation: Pair, groups: int, ones: bool = False) -> None:
        (self.kh, kw), (self.sh, sw), (self.dh, dw) = kernel, stride, dilation
        batch, self.channels, height, width = x.shape
        self.out = places((height, width), kernel, stride, ((0, 0), (0, 0)), dilation)
        met = np.lib.stride_tricks.sliding_window_view(x, dw * (kw - 1) + 1, 3, writeable=x.flags.writeable)
        # (channel, kernel column, image, row, place): a view
        self.met = met[:, :, :, ::sw, ::dw].transpose(1, 4, 0, 2, 3)
        self.plain = kernel == (1, 1) and stride == (1, 1) and not ones
        self.groups, self.depth = groups, self.channels // groups * self.kh * kw
        self.batch, self.kw, self.dtype, self.ones = batch, kw, x.dtype, ones
        self.stores: dict[tuple[int, int], tuple[Any, Any, Any, Any]] = {}

    def blocks(self) -> Iterator[tuple[slice, slice]]:
        return _blocks(self.batch, self.out[0], self.out[1], self.channels * self.kh * self.kw * self.dtype.itemsize)

    def _store(self, block: tuple[slice, slice]) -> tuple[Any, Any, Any, Any]:
        """Memory for a block, and what it meets: (rows, the kernel's view of them, columns, columns by group)."""
        images, rows = block
        n, count = images.stop - images.start, rows.stop - rows.start
        if (n, count) not in self.stores:
            height = (count - 1) * self.sh + self.dh * (self.kh - 1) + 1
            wide = np.empty((self.channels, self.kw, n, height, self.out[1]), self.dtype)
            seen = np.lib.stride_tricks.sliding_window_view(wide, self.dh * (self.kh - 1) + 1, 3, writeable=True)
            seen = seen[:, :, :, ::self.sh, :, ::self.dh].transpose(0, 5, 1, 2, 3, 4)
            matrix = np.ones((self.groups, self.depth + self.ones, n * count * self.out[1]), self.dtype)
            columns = matrix[:, :self.depth].reshape(self.channels, self.kh, self.kw, n, count, self.out[1]) \
                if not self.ones else matrix[0, :self.depth].reshape(seen.shape)
            self.stores[n, count] = wide, seen, columns, matrix
        return self.stores[n, count]

    def _rows(self, block: tuple[slice, slice]) -> Any:
        images, rows = block
        last = (rows.stop - 1) * self.sh + self.dh * (self.kh - 1) + 1
        return self.met[:, :, images, rows.start * self.sh:last]

    def __getitem__(self, block: tuple[slice, slice]) -> Any:
        if self.plain:                                   # often no copy at all
            return self._rows(block).reshape(self.groups, self.depth, -1)
        wide, seen, columns, matrix = self._store(block)
        np.copyto(wide, self._rows(block))
        np.copyto(columns, seen)
        return matrix

    def add(self, block: tuple[slice, slice], product: Any) -> None:
        """The transpose of []: each column added to x where it came from."""
        wide, seen, columns, _ = self._store(block)
        product, target = product.reshape(columns.shape), self._rows(block)
        wide[...] = 0
        for i in range(self.kh):
            seen[:, i] += product[:, i]
        for j in range(self.kw):
            target[:, j] += wide[:, j]


def _as_columns(y: Any, groups: int, block: tuple[slice, slice]) -> Any:
    """A block of y, of shape (groups, channels, places): of a single image a view."""
    images, rows = block
    part = y[images, :, rows]
    n, channels = part.shape[:2]
    if n == 1:
        return part.reshape(groups, channels // groups, -1)
    return part.reshape(n, groups, channels // groups, -1).transpose(1, 2, 0, 3).reshape(groups, channels // groups, -1)


def _by_group(w: Any, groups: int) -> Any:
    return w.reshape(groups, w.shape[0] // groups, -1)


def _correlate(x: Any, w: Any, stride: Pair = (1, 1), padding: Any = ((0, 0), (0, 0)), dilation: Pair = (1, 1),
               groups: int = 1) -> Any:
    return _correlate_bias(x, w, None, stride, padding, dilation, groups)


def _correlate_bias(x: Any, w: Any, b: Any, stride: Pair = (1, 1), padding: Any = ((0, 0), (0, 0)),
                    dilation: Pair = (1, 1), groups: int = 1) -> Any:
    beside = b is not None and groups == 1               # the bias as one more column of the weight
    columns = _Columns(padded(x, padding), w.shape[2:], stride, dilation, groups, ones=beside)
    batch, channels = len(x), len(w)
    y = np.empty((batch, channels, *columns.out), np.result_type(x, w) if b is None else np.result_type(x, w, b))
    weight = _by_group(w, groups)
    if beside:
        weight = np.concatenate([weight, b[None, :, None]], axis=2)
    for block in columns.blocks():
        images, rows = block
        n, height = images.stop - images.start, rows.stop - rows.start
        part = y[images, :, rows]
        if n == 1:                                       # straight to its place
            np.matmul(weight, columns[block], out=part.reshape(groups, channels // groups, -1))
        else:
            product = np.matmul(weight, columns[block])
            part[...] = product.reshape(channels, n, height, -1).swapaxes(0, 1)
    if b is not None and not beside:
        y += b[:, None, None]
    return y


def _correlate_input(y: Any, w: Any, size: Pair = (1, 1), stride: Pair = (1, 1), padding: Any = ((0, 0), (0, 0)),
                     dilation: Pair = (1, 1), groups: int = 1) -> Any:
    (top, bottom), (left, right) = padding
    height, width = size
    x = np.zeros((len(y), w.shape[1] * groups, top + height + bottom, left + width + right), np.result_type(y, w))
    columns = _Columns(x, w.shape[2:], stride, dilation, groups)
    weight = _by_group(w, groups).transpose(0, 2, 1)
    y = np.ascontiguousarray(y)
    for block in columns.blocks():
        columns.add(block, np.matmul(weight, _as_columns(y, groups, block)))
    return np.ascontiguousarray(x[:, :, top:top + height, left:left + width])


def _correlate_weight(x: Any, y: Any, kernel: Pair = (1, 1), stride: Pair = (1, 1), padding: Any = ((0, 0), (0, 0)),
                      dilation: Pair = (1, 1), groups: int = 1) -> Any:
    columns = _Columns(padded(x, padding), kernel, stride, dilation, groups)
    channels, y = y.shape[1], np.ascontiguousarray(y)
    total = np.zeros((groups, columns.depth, channels // groups), np.result_type(x, y))
    for block in columns.blocks():
        total += np.matmul(columns[block], _as_columns(y, groups, block).transpose(0, 2, 1))
    return np.ascontiguousarray(total.transpose(0, 2, 1)).reshape(channels, x.shape[1] // groups, *kernel)


def _bias(g: Any) -> Any:
    """g summed over all but its channels."""
    n, channels, *rest = shape_of(g)
    flat = reshape(g, (n, channels, math.prod(rest)))
    return sum(matmul(flat, np.ones(math.prod(rest), dtype_of(g))), axis=0)


_OPTIONS: dict[str, Any] = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 1}
_BENT: dict[str, Any] = {"stride": (2, 1), "padding": ((1, 0), (0, 2)), "dilation": (1, 2)}

def _cost(shapes: list[tuple[int, ...]], out: tuple[int, ...], **_: Any) -> int:
    """Each number of the output is a sum over one kernel."""
    return math.prod(out) * math.prod(shapes[1][1:])


correlate2d = Op("correlate2d", None, _correlate,
                 lambda g, y, x, w, **p: correlate2d_input(g, w, size=shape_of(x)[2:], **p),
                 lambda g, y, x, w, **p: correlate2d_weight(x, g, kernel=shape_of(w)[2:], **p),
                 text="{0} ⋆ {1}",
                 tex=r"{0} \star {1}", symbol="⋆", internal=True, params=_OPTIONS,
                 cases=[(((2, 2, 4, 3), (3, 2, 2, 2)), {}), (((2, 2, 5, 4), (3, 2, 2, 3)), _BENT),
                        (((1, 4, 3, 3), (2, 2, 1, 1)), {"groups": 2}),
                        (((2, 2, 4, 3), (4, 1, 3, 2)), {"groups": 2, "padding": ((1, 1), (0, 0))})],
                 slots=("x", "w"), multilinear=True, cost=_cost)
correlate2d_bias = Op("correlate2d_bias", None, _correlate_bias,
                      lambda g, y, x, w, b, **p: correlate2d_input(g, w, size=shape_of(x)[2:], **p),
                      lambda g, y, x, w, b, **p: correlate2d_weight(x, g, kernel=shape_of(w)[2:], **p),
                      lambda g, y, x, w, b, **p: _bias(g),
                      tex=r"{0} \star {1} + {2}", symbol="x ⋆ w + b", internal=True, params=_OPTIONS,
                      cases=[(((2, 2, 4, 3), (3, 2, 2, 2), (3,)), {}), (((2, 2, 5, 4), (3, 2, 2, 3), (3,)), _BENT)],
                      slots=("x", "w", "b"), linear=((0, 2), (1, 2)), cost=_cost)
correlate2d_input = Op("correlate2d_input", None, _correlate_input,
                       lambda h, x, y, w, size, **p: correlate2d(h, w, **p),
                       lambda h, x, y, w, size, **p: correlate2d_weight(h, y, kernel=shape_of(w)[2:], **p),
                       tex=r"{0} \star_x {1}", symbol="⋆ₓ", internal=True, params={"size": (1, 1), **_OPTIONS},
                       cases=[(((2, 3, 3, 2), (3, 2, 2, 2)), {"size": (4, 3)}),
                              (((2, 3, 3, 2), (3, 2, 2, 3)), {"size": (5, 4), **_BENT}),
                              (((1, 4, 2, 2), (4, 1, 2, 2)), {"size": (3, 3), "groups": 2})],
                       slots=("y", "w"), multilinear=True,
                       cost=lambda shapes, out, **_: math.prod(shapes[0]) * math.prod(shapes[1][1:]))
correlate2d_weight = Op("correlate2d_weight", None, _correlate_weight,
                        lambda h, w, x, y, kernel, **p: correlate2d_input(y, h, size=shape_of(x)[2:], **p),
                        lambda h, w, x, y, kernel, **p: correlate2d(x, h, **p),
                        tex=r"{0} \star_w {1}", symbol="⋆w", internal=True, params={"kernel": (1, 1), **_OPTIONS},
                        cases=[(((2, 2, 4, 3), (2, 3, 3, 2)), {"kernel": (2, 2)}),
                               (((2, 2, 5, 4), (2, 3, 3, 2)), {"kernel": (2, 3), **_BENT}),
                               (((1, 4, 3, 3), (1, 2, 3, 3)), {"kernel": (1, 1), "groups": 2})],
                        slots=("x", "y"), multilinear=True,
                        cost=lambda shapes, out, **_: math.prod(shapes[1]) * math.prod(out[1:]))


# --- as in PyTorch --------------------------------------------------------------------------------

def _options(name: str, n: int, stride: Any, dilation: Any, groups: Any) -> tuple[Any, Any, int]:
    return (numbers(name, "stride", stride, n, 1), numbers(name, "dilation", dilation, n, 1),
            numbers(name, "groups", groups, 1, 1)[0])


def _pads(name: str, n: int, padding: Any, kernel: Any, stride: Any, dilation: Any) -> tuple[Pair, ...]:
    """What to put before and behind each axis."""
    if padding == "valid":
        return ((0, 0),) * n
    if padding == "same":
        if any(s != 1 for s in stride):
            raise UsageError(f"{name}: padding='same' gives as many places as elements, which stride {stride} does not")
        totals = [d * (k - 1) for k, d in zip(kernel, dilation)]
        return tuple((t // 2, t - t // 2) for t in totals)
    if isinstance(padding, str):
        raise UsageError(f"{name}: padding={padding!r} is not 'same', 'valid', a number or a tuple of {n}")
    return tuple((p, p) for p in numbers(name, "padding", padding, n, 0))


def _checked(name: str, n: int, x: Any, w: Any, b: Any, groups: int, axis: int) -> tuple[Any, Any, Any, bool]:
    """The arrays, with a batch and two axes each, and whether there was no batch."""
    x, w, b = as_array(x), as_array(w), as_array(b)
    axes = "HW"[2 - n:] if n > 1 else "L"
    images(name, x, n, f"(N, C, {', '.join(axes)})")
    shape, channels = shape_of(w), shape_of(x)[-n - 1]
    if len(shape) != n + 2 or 0 in shape:
        raise ShapeError(f"{name}: the weight has {n + 2} axes, (out, in, *kernel), and this one has shape {shape}")
    out = shape[0] if axis else shape[1] * groups        # axis: which one of the weight belongs to the input
    taken = shape[1] * groups if axis else shape[0]
    if shape[0] % groups:
        raise ShapeError(f"{name}: groups={groups} does not divide the {shape[0]} channels of a weight of shape "
                         f"{shape}")
    if channels != taken:
        raise ShapeError(f"{name}: an input of shape {shape_of(x)} has {channels} channels, and a weight of shape "
                         f"{shape} with groups={groups} takes {taken}")
    if b is not None and shape_of(b) != (out,):
        raise ShapeError(f"{name}: the bias has one number for each of the {out} channels of the output, "
                         f"and this one has shape {shape_of(b)}")
    single = len(shape_of(x)) == n + 1
    if single or n == 1:
        lead = (1,) if single else shape_of(x)[:1]
        x = reshape(x, (*lead, channels, *(1,) * (2 - n), *shape_of(x)[-n:]))
    return x, reshape(w, (*shape[:2], 1, shape[2])) if n == 1 else w, b, single


def _restored(y: Any, n: int, single: bool) -> Any:
    batch, channels, *size = shape_of(y)
    return reshape(y, (*(batch,) * (not single), channels, *size[2 - n:])) if single or n == 1 else y


def _conv(name: str, n: int, x: Any, w: Any, b: Any, stride: Any, padding: Any, dilation: Any, groups: Any) -> Any:
    stride, dilation, groups = _options(name, n, stride, dilation, groups)
    x, w, b, single = _checked(name, n, x, w, b, groups, 1)
    kernel, size = shape_of(w)[-n:], shape_of(x)[-n:]
    pads = _pads(name, n, padding, kernel, stride, dilation)
    fits(name, size, kernel, stride, pads, dilation)
    more = (1,) * (2 - n)
    options = {"stride": more + stride, "padding": ((0, 0),) * (2 - n) + pads, "dilation": more + dilation,
               "groups": groups}
    y = correlate2d(x, w, **options) if b is None else correlate2d_bias(x, w, b, **options)
    return _restored(y, n, single)


def _conv_transpose(name: str, n: int, x: Any, w: Any, b: Any, stride: Any, padding: Any, output_padding: Any,
                    groups: Any, dilation: Any) -> Any:
    stride, dilation, groups = _options(name, n, stride, dilation, groups)
    x, w, b, single = _checked(name, n, x, w, b, groups, 0)
    pads, more = numbers(name, "padding", padding, n, 0), numbers(name, "output_padding", output_padding, n, 0)
    if any(m >= max(s, d) for m, s, d in zip(more, stride, dilation)):
        raise UsageError(f"{name}: output_padding {more} must be smaller than the stride or the dilation")
    kernel = shape_of(w)[-n:]
    # What is asked for beyond the cut of the padding stands outside every kernel, and is 0.
    behind = tuple(p - min(m, p) for p, m in zip(pads, more))
    beyond = tuple(m - min(m, p) for p, m in zip(pads, more))
    size = tuple((i - 1) * s + d * (k - 1) + 1 - p - q
                 for i, s, d, k, p, q in zip(shape_of(x)[-n:], stride, dilation, kernel, pads, behind))
    if min(size) < 1:
        raise ShapeError(f"{name}: padding {pads} leaves nothing of the output, whose size would be {size}")
    one = (1,) * (2 - n)
    y = correlate2d_input(x, w, size=one + size, stride=one + stride, dilation=one + dilation, groups=groups,
                          padding=((0, 0),) * (2 - n) + tuple(zip(pads, behind)))
    if any(beyond):
        y = pad(y, ((0, 0),) * (4 - n) + tuple((0, m) for m in beyond))
    return _restored(y if b is None else y + reshape(b, (-1, 1, 1)), n, single)


@composed(cases=[(((2, 2, 5), (3, 2, 2), (3,)), {"stride": 2, "padding": 1}),
                 (((2, 5), (2, 2, 3)), {"padding": "same", "dilation": 2})])
def conv1d(input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
           groups: int = 1) -> Any:
    """The convolution of sequences: conv2d with one axis less.

    input    (N, C, L) or (C, L)
    weight   (out, C / groups, kernel), and bias (out,) or None

    >>> conv1d([[1.0, 2.0, 4.0]], [[[1.0, -1.0]]]).tolist()
    [[-1.0, -2.0]]
    """
    return _conv("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


@composed(cases=[(((1, 2, 3, 4), (2, 2, 2, 2), (2,)), {"padding": "same"}),
                 (((2, 4, 3), (4, 1, 2, 2)), {"groups": 2, "stride": (1, 2), "padding": (0, 1)})])
def conv2d(input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
           groups: int = 1) -> Any:
    """y[n, o, p] = bias[o] + sum over c, k of input[n, c, stride p + dilation k - padding] weight[o, c, k].

    input      (N, C, H, W), or (C, H, W) for one image
    weight     (out, C / groups, kernel height, kernel width), and bias (out,) or None
    stride, dilation    an integer, or one for each axis
    padding    zeros around the input: an integer, one for each axis, "valid" (none) or "same" (as
               many places as elements; where their number is odd, one more behind)
    groups     the number of groups of channels, each with its own part of the weight

    The result is (N, out, H', W') with H' = (H + 2 padding - dilation (kernel - 1) - 1) // stride + 1.
    Raises ShapeError for axes, channels or groups that do not fit, and a kernel larger than the padded
    input; UsageError for options of the wrong kind.

    >>> import numpy as np
    >>> conv2d(np.arange(9.0).reshape(1, 3, 3), np.ones((1, 1, 2, 2))).tolist()
    [[[8.0, 12.0], [20.0, 24.0]]]
    """
    return _conv("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


@composed(cases=[(((2, 3, 3), (3, 2, 2), (2,)), {"stride": 2, "padding": 1, "output_padding": 1})])
def conv_transpose1d(input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
                     output_padding: Any = 0, groups: int = 1, dilation: Any = 1) -> Any:
    """The transposed convolution of sequences: conv_transpose2d with one axis less.

    >>> conv_transpose1d([[1.0, 2.0]], [[[1.0, 10.0]]], stride=2).tolist()
    [[1.0, 10.0, 2.0, 20.0]]
    """
    return _conv_transpose("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups,
                           dilation)


@composed(cases=[(((1, 2, 2, 3), (2, 2, 2, 2), (2,)), {"stride": 2, "output_padding": (1, 0)}),
                 (((2, 3, 2), (2, 1, 2, 2)), {"groups": 2, "padding": (0, 1), "dilation": 2})])
def conv_transpose2d(input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
                     output_padding: Any = 0, groups: int = 1, dilation: Any = 1) -> Any:
    """The transpose of conv2d as a linear map: each input element spreads a kernel over the output.

    input      (N, C, H, W), or (C, H, W)
    weight     (C, out / groups, kernel height, kernel width), and bias (out,) or None
    padding    what is cut off at each end; output_padding of it is left on at the far end

    The result is (N, out, H', W') with H' = (H - 1) stride - 2 padding + dilation (kernel - 1) +
    output_padding + 1: the gradient of a conv2d by its input has that shape. Errors as for conv2d;
    UsageError for an output_padding that is not smaller than stride or dilation.

    >>> conv_transpose2d([[[1.0, 2.0]]], [[[[1.0, 10.0]]]], stride=2).tolist()
    [[[1.0, 10.0, 2.0, 20.0]]]
    """
    return _conv_transpose("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups,
                           dilation)
