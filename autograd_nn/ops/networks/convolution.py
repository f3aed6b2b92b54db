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
The columns of a block are made again for the gradient of the weight: kept from the forward pass, they
would take as many times the memory of the input as the kernel has elements, and out of the cache it
takes as long to read them as to make them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...errors import ShapeError, UsageError
from .._arguments import as_array, dtype_of
from .._function import composed
from .._lanes import Lanes, axis_moved, by_ops, shaped
from .._op import Op, shape_of
from ..arrays.padding import pad
from ..arrays.reduction import sum
from ..arrays.shape import reshape
from ..matrices.matmul import matmul
from ._sliding import Pair, fits, images, in_c, numbers, padded, places

CACHE = 1 << 19
"""Bytes of a block of columns: half of the second-level cache of a usual core. A larger block means fewer products."""
FEW = 256
"""Columns of a matrix. With fewer a matrix product is slow, so several small images are one matrix."""


class _Columns:
    """What a kernel meets at its places, block by block; or what is to be added there.

    A block is some whole images, or some rows of places of one image. Of large images each has a matrix of its own, in
    memory of shape (images, groups, c kernel, places); small ones share a matrix, (groups, c kernel, images places).
    With `ones` a last row of ones stands under the columns.
    """

    def __init__(self, x: Any, kernel: Pair, stride: Pair, padding: Any, dilation: Pair, groups: int,
                 ones: bool = False) -> None:
        (kh, kw), (top, left), size = kernel, (padding[0][0], padding[1][0]), x.shape[2:]
        self.kernel, self.stride, self.dilation, self.groups, self.ones = kernel, stride, dilation, groups, ones
        self.batch, channels = x.shape[:2]
        self.out: Any = places(size, kernel, stride, padding, dilation)
        self.channels, self.depth = channels, channels // groups * kh * kw
        self.x, self.inside = x, (slice(None), slice(None), slice(top, top + size[0]), slice(left, left + size[1]))
        self.plain = kernel == (1, 1) and stride == (1, 1) and not np.any(padding) and not ones
        self.most = max(CACHE // (channels * kh * kw * x.itemsize), 1)           # columns of a block
        self.together = max(min(self.most // math.prod(self.out), self.batch), 1)
        self.apart = math.prod(self.out) >= FEW or self.together == 1
        self.begin = -top, -left
        self.in_c = in_c(x)
        if self.in_c is None:
            self.x, span = padded(x, padding), tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation))
            met = np.lib.stride_tricks.sliding_window_view(self.x, span, (2, 3), writeable=self.x.flags.writeable)
            # (channel, kernel row, kernel column, image, row, place): a view
            self.met = met[:, :, ::stride[0], ::stride[1], ::dilation[0], ::dilation[1]].transpose(1, 4, 5, 0, 2, 3)
        self.stores: dict[tuple[int, int], tuple[Any, Any]] = {}

    def blocks(self) -> Iterator[tuple[slice, slice]]:
        """The blocks, each as a slice of the images and a slice of the rows of places."""
        rows, width = self.out
        step = rows if self.together > 1 else min(max(self.most // width, 1), rows)
        for n in range(0, self.batch, self.together):
            for r in range(0, rows, step):
                yield slice(n, min(n + self.together, self.batch)), slice(r, min(r + step, rows))

    def store(self, block: tuple[slice, slice]) -> tuple[Any, Any]:
        """Memory for a block: as matrices, and as (channel, kernel row, kernel column, image, row, place)."""
        images, rows = block
        n, count = images.stop - images.start, rows.stop - rows.start
        if (n, count) not in self.stores:
            deep = self.depth + self.ones
            shape = (n, self.groups, deep, count * self.out[1]) if self.apart else (self.groups, deep,
                                                                                    n * count * self.out[1])
            matrix = np.ones(shape, self.x.dtype) if self.ones else np.empty(shape, self.x.dtype)
            columns = matrix[..., :self.depth, :]
            split = (self.channels, *self.kernel)
            self.stores[n, count] = matrix, (
                columns.reshape(n, *split, count, self.out[1]).transpose(1, 2, 3, 0, 4, 5) if self.apart
                else columns.reshape(*split, n, count, self.out[1]))
        return self.stores[n, count]

    def _at(self, rows: slice) -> Pair:
        return self.begin[0] + rows.start * self.stride[0], self.begin[1]

    def __getitem__(self, block: tuple[slice, slice]) -> Any:
        images, rows = block
        if self.plain and self.apart:                    # no copy at all
            return self.x[images, :, rows].reshape(images.stop - images.start, self.groups, self.depth, -1)
        matrix, columns = self.store(block)
        if self.in_c is None:
            np.copyto(columns, self.met[:, :, :, images, rows])
        else:
            self.in_c.gather(self.x[images], columns, self.stride, self.dilation, self._at(rows))
        return matrix

    def add(self, block: tuple[slice, slice]) -> None:
        """The transpose of []: each of the columns in the store added to x where it came from."""
        (images, rows), columns = block, self.store(block)[1]
        if self.in_c is None:
            target = self.met[:, :, :, images, rows]
            for i, j in np.ndindex(self.kernel):
                target[:, i, j] += columns[:, i, j]
        else:
            self.in_c.scatter(self.x[images], columns, self.stride, self.dilation, self._at(rows))

    def added(self) -> Any:
        """x, without the padding."""
        return self.x if self.in_c is not None else np.ascontiguousarray(self.x[self.inside])

    def of(self, y: Any, block: tuple[slice, slice]) -> Any:
        """The numbers of y (images, channels, rows, places) beside the columns, as matrices: of large images a view."""
        images, rows = block
        part = y[images, :, rows]
        n, channels = part.shape[:2]
        if self.apart:
            return part.reshape(n, self.groups, channels // self.groups, part.shape[2] * part.shape[3])
        return part.swapaxes(0, 1).reshape(self.groups, channels // self.groups, n * part.shape[2] * part.shape[3])


def _by_group(w: Any, groups: int) -> Any:
    return w.reshape(groups, w.shape[0] // groups, -1)


def _correlate(x: Any, w: Any, stride: Pair = (1, 1), padding: Any = ((0, 0), (0, 0)), dilation: Pair = (1, 1),
               groups: int = 1) -> Any:
    return _correlate_bias(x, w, None, stride, padding, dilation, groups)


def _correlate_bias(x: Any, w: Any, b: Any, stride: Pair = (1, 1), padding: Any = ((0, 0), (0, 0)),
                    dilation: Pair = (1, 1), groups: int = 1) -> Any:
    beside = b is not None and groups == 1               # the bias as one more column of the weight
    columns = _Columns(np.ascontiguousarray(x), w.shape[2:], stride, padding, dilation, groups, ones=beside)
    channels = len(w)
    y = np.empty((len(x), channels, *columns.out), np.result_type(x, w) if b is None else np.result_type(x, w, b))
    weight = _by_group(w, groups)
    if beside:
        weight = np.concatenate([weight, b[None, :, None]], axis=2)
    for block in columns.blocks():
        if columns.apart:                                # straight to its place
            np.matmul(weight, columns[block], out=columns.of(y, block))
        else:
            part = y[block[0], :, block[1]]
            product = np.matmul(weight, columns[block])
            part[...] = product.reshape(channels, len(part), *part.shape[2:]).swapaxes(0, 1)
    if b is not None and not beside:
        y += b[:, None, None]
    return y


def _correlate_input(y: Any, w: Any, size: Pair = (1, 1), stride: Pair = (1, 1), padding: Any = ((0, 0), (0, 0)),
                     dilation: Pair = (1, 1), groups: int = 1) -> Any:
    x = np.zeros((len(y), w.shape[1] * groups, *size), np.result_type(y, w))
    columns = _Columns(x, w.shape[2:], stride, padding, dilation, groups)
    weight = _by_group(w, groups).transpose(0, 2, 1)
    y = np.ascontiguousarray(y)
    for block in columns.blocks():
        np.matmul(weight, columns.of(y, block), out=columns.store(block)[0])
        columns.add(block)
    return columns.added()


def _correlate_weight(x: Any, y: Any, kernel: Pair = (1, 1), stride: Pair = (1, 1), padding: Any = ((0, 0), (0, 0)),
                      dilation: Pair = (1, 1), groups: int = 1) -> Any:
    columns = _Columns(np.ascontiguousarray(x), kernel, stride, padding, dilation, groups)
    channels, y = y.shape[1], np.ascontiguousarray(y)
    total = np.zeros((groups, columns.depth, channels // groups), np.result_type(x, y))
    for block in columns.blocks():
        product = np.matmul(columns[block], np.swapaxes(columns.of(y, block), -1, -2))
        for part in product if columns.apart else (product,):
            total += part
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


# --- in many lanes --------------------------------------------------------------------------------

def _many(x: Any) -> Any:
    """The images of all lanes as one batch."""
    return shaped(x, (math.prod(shape_of(x)[:2]), *shape_of(x)[2:]))


def _images_apart(y: Any, size: int) -> Any:
    return shaped(y, (size, shape_of(y)[0] // (size or 1), *shape_of(y)[1:]))


def _beside(x: Any) -> Any:
    """The channels of all lanes beside each other in each image."""
    x = axis_moved(x, 0, 1)
    return shaped(x, (shape_of(x)[0], math.prod(shape_of(x)[1:3]), *shape_of(x)[3:]))


def _channels_apart(y: Any, size: int) -> Any:
    return axis_moved(shaped(y, (shape_of(y)[0], size, shape_of(y)[1] // (size or 1), *shape_of(y)[2:])), 1, 0)


def _correlated(op: Op, lanes: Lanes) -> Any:
    """Where the lanes share the kernel, one batch of all their images; else groups of channels, one for each lane."""
    if not lanes.mapped[1]:
        return _images_apart(op(_many(lanes.xs[0]), lanes.xs[1], **lanes.params), lanes.size)
    groups = {**lanes.params, "groups": lanes.params["groups"] * lanes.size}
    return _channels_apart(op(_beside(lanes.full(0)), _many(lanes.xs[1]), **groups), lanes.size)


def _correlated_weight(op: Op, lanes: Lanes) -> Any:
    groups = {**lanes.params, "groups": lanes.params["groups"] * lanes.size}
    return _images_apart(op(_beside(lanes.full(0)), _beside(lanes.full(1)), **groups), lanes.size)


def _and_bias(x: Any, w: Any, b: Any, **options: Any) -> Any:
    return correlate2d(x, w, **options) + reshape(b, (-1, 1, 1))


# --- the entries ----------------------------------------------------------------------------------

correlate2d = Op("correlate2d", None, _correlate,
                 lambda g, y, x, w, **p: correlate2d_input(g, w, size=shape_of(x)[2:], **p),
                 lambda g, y, x, w, **p: correlate2d_weight(x, g, kernel=shape_of(w)[2:], **p),
                 text="{0} ⋆ {1}",
                 tex=r"{0} \star {1}", symbol="⋆", internal=True, params=_OPTIONS,
                 cases=[(((2, 2, 4, 3), (3, 2, 2, 2)), {}), (((2, 2, 5, 4), (3, 2, 2, 3)), _BENT),
                        (((1, 4, 3, 3), (2, 2, 1, 1)), {"groups": 2}),
                        (((2, 2, 4, 3), (4, 1, 3, 2)), {"groups": 2, "padding": ((1, 1), (0, 0))})],
                 slots=("x", "w"), multilinear=True, cost=_cost, lanes=_correlated)
correlate2d_bias = Op("correlate2d_bias", None, _correlate_bias,
                      lambda g, y, x, w, b, **p: correlate2d_input(g, w, size=shape_of(x)[2:], **p),
                      lambda g, y, x, w, b, **p: correlate2d_weight(x, g, kernel=shape_of(w)[2:], **p),
                      lambda g, y, x, w, b, **p: _bias(g),
                      tex=r"{0} \star {1} + {2}", symbol="x ⋆ w + b", internal=True, params=_OPTIONS,
                      cases=[(((2, 2, 4, 3), (3, 2, 2, 2), (3,)), {}), (((2, 2, 5, 4), (3, 2, 2, 3), (3,)), _BENT)],
                      slots=("x", "w", "b"), linear=((0, 2), (1, 2)), cost=_cost, lanes=by_ops(_and_bias))
correlate2d_input = Op("correlate2d_input", None, _correlate_input,
                       lambda h, x, y, w, size, **p: correlate2d(h, w, **p),
                       lambda h, x, y, w, size, **p: correlate2d_weight(h, y, kernel=shape_of(w)[2:], **p),
                       tex=r"{0} \star_x {1}", symbol="⋆ₓ", internal=True, params={"size": (1, 1), **_OPTIONS},
                       cases=[(((2, 3, 3, 2), (3, 2, 2, 2)), {"size": (4, 3)}),
                              (((2, 3, 3, 2), (3, 2, 2, 3)), {"size": (5, 4), **_BENT}),
                              (((1, 4, 2, 2), (4, 1, 2, 2)), {"size": (3, 3), "groups": 2})],
                       slots=("y", "w"), multilinear=True,
                       cost=lambda shapes, out, **_: math.prod(shapes[0]) * math.prod(shapes[1][1:]),
                       lanes=_correlated)
correlate2d_weight = Op("correlate2d_weight", None, _correlate_weight,
                        lambda h, w, x, y, kernel, **p: correlate2d_input(y, h, size=shape_of(x)[2:], **p),
                        lambda h, w, x, y, kernel, **p: correlate2d(x, h, **p),
                        tex=r"{0} \star_w {1}", symbol="⋆w", internal=True, params={"kernel": (1, 1), **_OPTIONS},
                        cases=[(((2, 2, 4, 3), (2, 3, 3, 2)), {"kernel": (2, 2)}),
                               (((2, 2, 5, 4), (2, 3, 3, 2)), {"kernel": (2, 3), **_BENT}),
                               (((1, 4, 3, 3), (1, 2, 3, 3)), {"kernel": (1, 1), "groups": 2})],
                        slots=("x", "y"), multilinear=True,
                        cost=lambda shapes, out, **_: math.prod(shapes[1]) * math.prod(out[1:]),
                        lanes=_correlated_weight)


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
