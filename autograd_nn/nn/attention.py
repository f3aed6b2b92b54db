"""Attention, and the encoder layer that is built of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..core.options import flag, float_dtype, whole_number
from ..core.random import Rng, generator
from ..core.tensor import Tensor
from ..errors import DTypeError, ShapeError, UsageError
from ..ops import shape_of
from ..ops._arguments import affordable, dtype_of
from . import init as initialisers
from ._images import image_batch
from ._inputs import traced
from .activation import activation as activation_of
from .dropout import Dropout
from .linear import Linear, projected
from .module import Module
from .normalization import LayerNorm

Array = np.ndarray[Any, Any]


class MultiheadAttention(Module):
    """Each query takes a mean of the values, weighted by how well their keys fit it; several times side by side.

        softmax(Q K' / sqrt(embed_dim / num_heads) + mask) V        for each head, on its own part of
        Q = query W_q' + b_q,  K = key W_k' + b_k,  V = value W_v' + b_v;  the heads' results are joined, and
        go through out_proj

    in_proj_weight  (3 embed_dim, embed_dim): W_q, W_k, W_v, from xavier_uniform; with kdim or vdim, the sizes of
                    keys and values that are not embed_dim, q_proj_weight, k_proj_weight and v_proj_weight instead
    in_proj_bias    (3 embed_dim,), from 0; none with bias=False
    dropout         of the weights, while training
    rng             a seed, a numpy.random.Generator or None

    Raises ShapeError for shapes that do not fit together, UsageError for a num_heads that does not divide
    embed_dim, DTypeError for masks of integers. Source: Vaswani et al. 2017.

    >>> from autograd_nn import nn
    >>> attention = nn.MultiheadAttention(6, 2, batch_first=True, rng=0)
    >>> x = np.random.default_rng(0).normal(size=(1, 3, 6))
    >>> y, weights = attention(x, x, x, is_causal=True)
    >>> y.shape, (weights.data[0] > 0).tolist()
    ((1, 3, 6), [[True, False, False], [True, True, False], [True, True, True]])
    """

    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True,
                 kdim: int | None = None, vdim: int | None = None, batch_first: bool = False, *, rng: Rng = None,
                 dtype: Any = np.float32) -> None:
        e = self.embed_dim = whole_number("MultiheadAttention: embed_dim", embed_dim)
        self.num_heads = whole_number("MultiheadAttention: num_heads", num_heads)
        self.batch_first = flag("MultiheadAttention: batch_first", batch_first)
        dtype, bias = float_dtype("MultiheadAttention: dtype", dtype), flag("MultiheadAttention: bias", bias)
        if embed_dim % num_heads:
            raise UsageError(f"MultiheadAttention: num_heads={num_heads} does not divide embed_dim={embed_dim}")
        self.kdim = whole_number("MultiheadAttention: kdim", e if kdim is None else kdim)
        self.vdim = whole_number("MultiheadAttention: vdim", e if vdim is None else vdim)
        rng = generator(rng)

        def start(name: str, *shape: int) -> Tensor:
            return Tensor(initialisers.xavier_uniform(shape, rng=rng, dtype=dtype), dtype=dtype, name=name)
        if self.kdim == self.vdim == e:
            self.in_proj_weight = start("in_proj_weight", 3 * e, e)
        else:
            self.q_proj_weight = start("q_proj_weight", e, e)
            self.k_proj_weight = start("k_proj_weight", e, self.kdim)
            self.v_proj_weight = start("v_proj_weight", e, self.vdim)
        self.in_proj_bias = Tensor(np.zeros(3 * e), dtype=dtype, name="in_proj_bias") if bias else None
        self.out_proj = Linear(e, e, bias, rng=rng, dtype=dtype)
        if self.out_proj.bias is not None:
            self.out_proj.bias.data = np.zeros(e)
        self.dropout = Dropout(dropout, rng=rng)

    def forward(self, query: Any, key: Any, value: Any, key_padding_mask: Any = None, need_weights: bool = True,
                attn_mask: Any = None, average_attn_weights: bool = True, is_causal: bool = False) -> tuple[Any, Any]:
        """(the result, the weights); the weights are None where need_weights is False.

        query               (target, batch, embed_dim), (batch, target, embed_dim) with batch_first, or without a batch
        key, value          the same with (source, ..., kdim) and (source, ..., vdim)
        key_padding_mask    (batch, source): True where a key is to be passed over; or numbers that are added
        attn_mask           (target, source) or (batch * num_heads, target, source), likewise
        is_causal           pass over the keys behind each query, too
        weights             (batch, target, source), the mean over heads; with average_attn_weights=False
                            (batch, num_heads, target, source)

        A query for which every key is passed over gets 0 of each value.
        """
        dtype = self.out_proj.weight.dtype
        ways = 1 if query is key is value else 3         # a sequence that attends to itself is taken once
        given = [image_batch(self, x, dtype) for x in (query, key, value)[:ways]] * (3 // ways)
        wanted = (self.embed_dim, self.kdim, self.vdim)
        axes = {len(shape_of(x)) for x in given}
        if axes not in ({2}, {3}) or any(shape_of(x)[-1] != n for x, n in zip(given, wanted)):
            raise ShapeError(f"MultiheadAttention({self.extra_repr()}) takes queries, keys and values of shape (..., "
                             f"{wanted[0]}), (..., {wanted[1]}) and (..., {wanted[2]}) with 2 or 3 axes, and these "
                             f"have {', '.join(str(shape_of(x)) for x in given)}")
        single = axes == {2}
        if single:
            given = [x[None] for x in given[:ways]] * (3 // ways)
        elif not self.batch_first:
            given = [ops.transpose(x, (1, 0, 2)) for x in given[:ways]] * (3 // ways)
        (batch, target, _), (_, source, _) = shape_of(given[0]), shape_of(given[1])
        if not shape_of(given[0])[0] == shape_of(given[1])[0] == shape_of(given[2])[0] or \
                source != shape_of(given[2])[1]:
            raise ShapeError("MultiheadAttention: queries, keys and values of shape "
                             f"{', '.join(str(shape_of(x)) for x in (query, key, value))} need one batch and as many "
                             "values as keys")
        q, k, v = self._projected(given)
        scores = q @ ops.matrix_transpose(k) * (1 / math.sqrt(self.embed_dim // self.num_heads))
        for mask in self._masks(key_padding_mask, attn_mask, is_causal, batch, target, source):
            scores = ops.where(mask, -np.inf, scores) if mask.dtype == bool else scores + mask.astype(dtype_of(scores))
        weights = ops.softmax(scores, axis=-1)
        joined = ops.reshape(ops.transpose(self.dropout(weights) @ v, (0, 2, 1, 3)), (batch, target, self.embed_dim))
        y = self.out_proj(joined)
        y = y[0] if single else y if self.batch_first else ops.transpose(y, (1, 0, 2))
        if not need_weights:
            return y, None
        weights = ops.mean(weights, axis=1) if average_attn_weights else weights
        return y, weights[0] if single else weights

    def _projected(self, given: list[Any]) -> list[Any]:
        """Queries, keys and values, (batch, head, place, part of embed_dim)."""
        e, b = self.embed_dim, self.in_proj_bias
        if self.kdim == self.vdim == e and given[0] is given[1] is given[2]:         # one product for all three
            y = projected(given[0], self.in_proj_weight, b)
            shape = (*shape_of(y)[:2], 3, self.num_heads, e // self.num_heads)
            y = ops.transpose(ops.reshape(y, shape), (2, 0, 3, 1, 4))
            return [y[0], y[1], y[2]]
        if self.kdim == self.vdim == e:
            weights = [self.in_proj_weight[i * e:(i + 1) * e] for i in range(3)]
        else:
            weights = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        return [self._headed(projected(x, w, None if b is None else b[i * e:(i + 1) * e]))
                for i, (x, w) in enumerate(zip(given, weights))]

    def _headed(self, x: Any) -> Any:
        """(batch, place, embed_dim) as (batch, head, place, part of it)."""
        shape = (*shape_of(x)[:2], self.num_heads, self.embed_dim // self.num_heads)
        return ops.transpose(ops.reshape(x, shape), (0, 2, 1, 3))

    def _masks(self, padding: Any, attention: Any, causal: bool, batch: int, target: int, source: int) -> list[Array]:
        """The masks, to stand beside scores (batch, head, target, source)."""
        masks = []
        if padding is not None:
            mask = _mask("key_padding_mask", padding)
            if mask.shape not in ((batch, source), (source,) if batch == 1 else ()):
                raise ShapeError(f"MultiheadAttention: key_padding_mask has shape (batch, source), here "
                                 f"{(batch, source)}, and this one {mask.shape}")
            masks.append(mask.reshape(batch, 1, 1, source))
        if attention is not None:
            mask = _mask("attn_mask", attention)
            each = (batch * self.num_heads, target, source)
            if mask.shape not in ((target, source), each):
                raise ShapeError("MultiheadAttention: attn_mask has shape (target, source) or (batch * num_heads, "
                                 f"target, source), here {(target, source)} or {each}, and this one {mask.shape}")
            masks.append(mask.reshape(*(1, 1) if mask.ndim == 2 else (batch, self.num_heads), target, source))
        if causal:
            masks.append(causal_mask(target, source))
        return masks

    def extra_repr(self) -> str:
        return f"{self.embed_dim}, {self.num_heads}" + f", kdim={self.kdim}" * (self.kdim != self.embed_dim) \
            + f", vdim={self.vdim}" * (self.vdim != self.embed_dim) + ", batch_first=True" * self.batch_first


def _mask(name: str, mask: Any) -> Array:
    found = np.asarray(mask) if not traced(mask) else np.empty(0, object)
    if found.dtype.kind not in "bf":
        raise DTypeError(f"MultiheadAttention: {name} is an array of booleans (True is passed over) or of floating "
                         f"point numbers (which are added), not {type(mask).__name__} of {found.dtype}")
    return found


def causal_mask(target: int, source: int | None = None) -> Array:
    """True where a key stands behind the query: (target, source) booleans.

    >>> from autograd_nn import nn
    >>> nn.causal_mask(3).astype(int).tolist()
    [[0, 1, 1], [0, 0, 1], [0, 0, 0]]
    """
    target = whole_number("causal_mask: target", target, least=0)
    source = target if source is None else whole_number("causal_mask: source", source, least=0)
    affordable("causal_mask", target, source)
    return np.triu(np.ones((target, source), bool), 1)


class TransformerEncoderLayer(Module):
    """Attention of a sequence to itself, then a small network at each place, each with a way around it.

        x = norm1(x + attention(x));  x = norm2(x + linear2(activation(linear1(x))))
        with norm_first: x = x + attention(norm1(x));  x = x + linear2(activation(linear1(norm2(x))))

    d_model, nhead      as embed_dim and num_heads of MultiheadAttention, which is `self_attn`
    dim_feedforward     the size of the network's hidden layer
    dropout             of the attention's weights, of both results and of the hidden layer, while training
    activation          an op's name, a function or a module
    rng                 a seed, a numpy.random.Generator or None

    Raises what its parts raise. Source: Vaswani et al. 2017; norm first: Xiong et al. 2020.

    >>> from autograd_nn import nn
    >>> layer = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True, rng=0).eval()
    >>> layer(np.ones((2, 5, 8))).shape
    (2, 5, 8)
    """

    def __init__(self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
                 activation: str | Callable[[Any], Any] = "relu", layer_norm_eps: float = 1e-5,
                 batch_first: bool = False, norm_first: bool = False, bias: bool = True, *, rng: Rng = None,
                 dtype: Any = np.float32) -> None:
        rng = generator(rng)
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, rng=rng,
                                            dtype=dtype)
        self.linear1 = Linear(d_model, dim_feedforward, bias, rng=rng, dtype=dtype)
        self.linear2 = Linear(dim_feedforward, d_model, bias, rng=rng, dtype=dtype)
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.dropout, self.dropout1, self.dropout2 = (Dropout(dropout, rng=rng) for _ in range(3))
        self.norm_first = norm_first
        bend = activation_of(activation)
        if bend is None:
            raise UsageError("TransformerEncoderLayer: activation is an op's name, a function or a module, not None")
        self.activation = bend

    def forward(self, src: Any, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False) -> Any:
        """A sequence of the shape of src; the masks are the attention's."""
        x = image_batch(self, src, self.linear1.weight.dtype)

        def attended(x: Any) -> Any:
            y, _ = self.self_attn(x, x, x, key_padding_mask=src_key_padding_mask, need_weights=False,
                                  attn_mask=src_mask, is_causal=is_causal)
            return self.dropout1(y)

        def thought(x: Any) -> Any:
            return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))
        if self.norm_first:
            x = x + attended(self.norm1(x))
            return x + thought(self.norm2(x))
        x = self.norm1(x + attended(x))
        return self.norm2(x + thought(x))

    def extra_repr(self) -> str:
        return "norm_first=True" if self.norm_first else ""
