"""Normalisation: what a layer gives is shifted and scaled, with statistics of the batch or of the layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from .. import ops
from ..core.options import above_zero, between_0_and_1, flag, float_dtype, lengths, whole_number
from ..core.tensor import Tensor
from ..errors import ShapeError, UsageError
from ..ops import shape_of
from ..ops._arguments import affordable, data_of, dtype_of
from ..ops._carriers import has_lanes
from ..ops.networks.normalization import into_range, moments
from ._buffer import Buffer
from ._images import image_batch
from .module import Module


class _BatchNorm(Module):
    """What BatchNorm1d and BatchNorm2d share."""

    shapes: ClassVar[dict[int, str]]

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True, *, dtype: Any = np.float32) -> None:
        name = type(self).__name__
        n = self.num_features = whole_number(f"{name}: num_features", num_features)
        affordable(name, n)
        self.eps, dtype = above_zero(f"{name}: eps", eps), float_dtype(f"{name}: dtype", dtype)
        affine = flag(f"{name}: affine", affine)
        track_running_stats = flag(f"{name}: track_running_stats", track_running_stats)
        # the weight of the newest batch, or None for the average of all batches
        self.momentum = None if momentum is None else between_0_and_1(f"{name}: momentum", momentum)
        self.weight = Tensor(np.ones(n), dtype=dtype, name="weight") if affine else None
        self.bias = Tensor(np.zeros(n), dtype=dtype, name="bias") if affine else None
        self.running_mean = Buffer(np.zeros(n, dtype)) if track_running_stats else None
        self.running_var = Buffer(np.ones(n, dtype)) if track_running_stats else None
        self.num_batches_tracked = Buffer(np.zeros((), np.int64)) if track_running_stats else None

    def forward(self, x: Any) -> Any:
        """x normalised with the statistics of the batch while training, with the running ones otherwise."""
        x = image_batch(self, x, None if self.weight is None else self.weight.dtype)
        shape, name = shape_of(x), f"{type(self).__name__}({self.num_features})"
        if len(shape) not in self.shapes or shape[1] != self.num_features:
            takes = " or ".join(self.shapes.values()).replace("C", str(self.num_features))
            raise ShapeError(f"{name} takes inputs of shape {takes}, and this one has shape {shape}")
        beside = (-1, *(1,) * (len(shape) - 2))          # the channels' numbers, to stand beside x
        if not self.training and self.running_mean is not None and self.running_var is not None:
            scale = 1 / np.sqrt(self.running_var.data + self.eps)
            shift = -self.running_mean.data * scale
            if self.weight is not None and self.bias is not None:
                factor, rest = self.weight * scale, self.weight * shift + self.bias
                return x * ops.reshape(factor, beside) + ops.reshape(rest, beside)
            return x * scale.reshape(beside).astype(dtype_of(x)) + shift.reshape(beside).astype(dtype_of(x))
        count = math.prod(shape) // shape[1]
        if count == 1:
            raise ShapeError(f"{name}: an input of shape {shape} has one number for each channel, and that has no "
                             "variance\n  help: larger batches (is the last one a single row?), or eval()")
        n, dtype = self.num_features, dtype_of(x)
        weight = np.ones(n, dtype) if self.weight is None else self.weight
        y = ops.batch_normalize(x, weight, np.zeros(n, dtype) if self.bias is None else self.bias, eps=self.eps)
        if self.training and count and self.running_mean is not None:  # an empty batch says nothing of the statistics
            if has_lanes(x):
                raise UsageError(f"{name}: in a vmap each lane would move the running statistics, which there is one of"
                                 "\n  help: eval(), or a layer with track_running_stats=False")
            self._track(*moments(data_of(x), data_of(y)), count)
        return y

    def _track(self, mean: Any, var: Any, count: int) -> None:
        """Move the running statistics towards those of this batch; the variance is the unbiased one, as in PyTorch."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.data = self.num_batches_tracked.data + 1
        share = 1 / float(self.num_batches_tracked.data) if self.momentum is None else self.momentum
        for running, new in ((self.running_mean, mean), (self.running_var, var * (count / (count - 1)))):
            running.data = (1 - share) * running.data + share * new

    def extra_repr(self) -> str:
        said = [f"{self.num_features}"]
        said += [f"eps={self.eps:g}"] * (self.eps != 1e-5) + [f"momentum={self.momentum}"] * (self.momentum != 0.1)
        said += ["affine=False"] * (self.weight is None) + ["track_running_stats=False"] * (self.running_mean is None)
        return ", ".join(said)


class BatchNorm1d(_BatchNorm):
    """BatchNorm2d for inputs (N, C) and (N, C, L).

    >>> layer = BatchNorm1d(2)
    >>> layer([[1.0, 0.0], [3.0, 4.0]]).data.round(3).tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    """

    shapes = {2: "(N, C)", 3: "(N, C, L)"}


class BatchNorm2d(_BatchNorm):
    """Each channel with mean 0 and variance 1 over batch and image, times weight, plus bias.

        y = (x - mean) / sqrt(var + eps) * weight + bias

    While training, mean and (biased) variance are those of the batch, and the running ones move
    towards them, by `momentum` (None: they are the average over all batches). After eval() the
    running ones are used. They are Buffers: state_dict(), save() and load() carry them along.

    x                       (N, C, H, W)
    weight, bias            (C,), from 1 and 0; none with affine=False
    running_mean, running_var, num_batches_tracked    none with track_running_stats=False: then
                            the statistics are always the batch's

    A batch of size 0 gives one, and the running statistics stay as they are. A variance that its dtype
    cannot hold (of float32 beyond 1e19) is inf, and the output the bias. Raises ShapeError for an
    input of other axes or channels, and for one number a channel in training. Source: Ioffe & Szegedy 2015.

    >>> layer = BatchNorm2d(3)
    >>> layer(np.random.default_rng(0).normal(5.0, 2.0, (8, 3, 4, 4))).data.std().round(2)
    np.float32(1.0)
    >>> sorted(layer.state_dict())
    ['bias', 'num_batches_tracked', 'running_mean', 'running_var', 'weight']
    """

    shapes = {4: "(N, C, H, W)"}


class LayerNorm(Module):
    """The last axes of each input with mean 0 and variance 1, times weight, plus bias.

        y = (x - mean) / sqrt(var + eps) * weight + bias

    normalized_shape    the sizes of these axes: an integer or a sequence
    weight, bias        of that shape, from 1 and 0; none with elementwise_affine=False, no bias with
                        bias=False

    Raises ShapeError for inputs that do not end in these axes. Source: Ba, Kiros & Hinton 2016.

    >>> LayerNorm(3)([1.0, 2.0, 3.0]).data.round(4)
    array([-1.2247,  0.    ,  1.2247], dtype=float32)
    """

    def __init__(self, normalized_shape: int | Sequence[int], eps: float = 1e-5, elementwise_affine: bool = True,
                 bias: bool = True, *, dtype: Any = np.float32) -> None:
        self.normalized_shape, self.eps = _shape(self, normalized_shape), above_zero(f"{type(self).__name__}: eps", eps)
        shape = self.normalized_shape
        dtype, bias = float_dtype("LayerNorm: dtype", dtype), flag("LayerNorm: bias", bias)
        elementwise_affine = flag("LayerNorm: elementwise_affine", elementwise_affine)
        self.weight = Tensor(np.ones(shape), dtype=dtype, name="weight") if elementwise_affine else None
        self.bias = Tensor(np.zeros(shape), dtype=dtype, name="bias") if elementwise_affine and bias else None

    def forward(self, x: Any) -> Any:
        """x normalised over its last axes."""
        x = _ending(self, x, self.normalized_shape, self.weight)
        y = ops.standardize(x, axis=tuple(range(-len(self.normalized_shape), 0)), eps=self.eps)
        y = y if self.weight is None else y * self.weight
        return y if self.bias is None else y + self.bias

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}" + f", eps={self.eps:g}" * (self.eps != 1e-5) \
            + ", elementwise_affine=False" * (self.weight is None)


class RMSNorm(Module):
    """The last axes of each input divided by the root of their mean square, times weight.

        y = x / sqrt(mean(x^2) + eps) * weight

    normalized_shape    the sizes of these axes: an integer or a sequence
    eps                 by default (None) the spacing of the dtype at 1, as in PyTorch

    Raises ShapeError for inputs that do not end in these axes. Source: Zhang & Sennrich 2019.

    >>> RMSNorm(2)([1.0, 7.0]).data.round(4)
    array([0.2, 1.4], dtype=float32)
    """

    def __init__(self, normalized_shape: int | Sequence[int], eps: float | None = None,
                 elementwise_affine: bool = True, *, dtype: Any = np.float32) -> None:
        self.normalized_shape = _shape(self, normalized_shape)
        self.eps = None if eps is None else above_zero(f"{type(self).__name__}: eps", eps)
        dtype = float_dtype("RMSNorm: dtype", dtype)
        elementwise_affine = flag("RMSNorm: elementwise_affine", elementwise_affine)
        self.weight = Tensor(np.ones(self.normalized_shape), dtype=dtype, name="weight") if elementwise_affine else None

    def forward(self, x: Any) -> Any:
        """x, scaled."""
        x = _ending(self, x, self.normalized_shape, self.weight)
        eps = float(np.finfo(dtype_of(x)).eps) if self.eps is None else self.eps
        axes = tuple(range(-len(self.normalized_shape), 0))
        with np.errstate(over="ignore"):
            square = ops.mean(x * x, axis=axes, keepdims=True)
        if dtype_of(x).kind == "f" and np.isinf(data_of(square)).any():      # not of x: of its squares
            scale = into_range(data_of(x), axes)
            x, eps = x * scale, eps * scale * scale
            square = ops.mean(x * x, axis=axes, keepdims=True)
        y = x / ops.sqrt(square + eps)
        return y if self.weight is None else y * self.weight

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}" + (f", eps={self.eps:g}" if self.eps is not None else "") \
            + ", elementwise_affine=False" * (self.weight is None)


class GroupNorm(Module):
    """The channels of each input in groups, and each group with mean 0 and variance 1; times weight, plus bias.

    num_groups      1 is layer normalisation over channels and image, num_channels instance normalisation
    x               (N, C, ...); weight and bias (C,), from 1 and 0; none with affine=False

    Raises UsageError where the groups do not divide the channels, ShapeError for inputs of other
    channels. Source: Wu & He 2018.

    >>> GroupNorm(2, 4)([[1.0, 3.0, 10.0, 30.0]]).data.round(3).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, *,
                 dtype: Any = np.float32) -> None:
        self.num_groups = whole_number("GroupNorm: num_groups", num_groups)
        self.num_channels = whole_number("GroupNorm: num_channels", num_channels)
        if num_channels % num_groups:
            raise UsageError(f"GroupNorm: num_groups={num_groups} must divide num_channels={num_channels}")
        affordable("GroupNorm", self.num_channels)
        self.eps, affine = above_zero("GroupNorm: eps", eps), flag("GroupNorm: affine", affine)
        dtype = float_dtype("GroupNorm: dtype", dtype)
        self.weight = Tensor(np.ones(num_channels), dtype=dtype, name="weight") if affine else None
        self.bias = Tensor(np.zeros(num_channels), dtype=dtype, name="bias") if affine else None

    def forward(self, x: Any) -> Any:
        """x, each group of channels normalised."""
        x = image_batch(self, x, None if self.weight is None else self.weight.dtype)
        shape = shape_of(x)
        if len(shape) < 2 or shape[1] != self.num_channels:
            raise ShapeError(f"GroupNorm({self.extra_repr()}) takes inputs of shape (N, {self.num_channels}, ...), "
                             f"and this one has shape {shape}")
        groups = (shape[0], self.num_groups, self.num_channels // self.num_groups * math.prod(shape[2:]))
        y = ops.reshape(ops.standardize(ops.reshape(x, groups), axis=2, eps=self.eps), shape)
        if self.weight is None or self.bias is None:
            return y
        beside = (-1, *(1,) * (len(shape) - 2))
        return y * ops.reshape(self.weight, beside) + ops.reshape(self.bias, beside)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}" + f", eps={self.eps:g}" * (self.eps != 1e-5) \
            + ", affine=False" * (self.weight is None)


def _shape(layer: Module, shape: Any) -> tuple[int, ...]:
    name = f"{type(layer).__name__}: normalized_shape"
    if not (found := lengths(name, shape, least=1)):
        raise UsageError(f"{name} needs an axis, and this is {shape}")
    return found


def _ending(layer: Module, x: Any, shape: tuple[int, ...], weight: Tensor | None) -> Any:
    """The input of a layer that works on its last axes, which must have this shape."""
    x = image_batch(layer, x, None if weight is None else weight.dtype)
    if shape_of(x)[-len(shape):] != shape:
        raise ShapeError(f"{type(layer).__name__}{shape} takes inputs of shape (..., {str(shape)[1:-1].rstrip(',')}), "
                         f"and this one has shape {shape_of(x)}")
    return x
