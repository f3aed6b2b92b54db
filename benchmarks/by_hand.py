"""Layers in NumPy alone, with their backward passes written out: what the arithmetic of a training step takes.

A layer is a function of its parameters and an input; it gives the output and a function `back`, which takes the
cotangent of the output and gives that of the input and those of the parameters. In place where that helps, and no
graph at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Back = Callable[[Any], tuple[Any, list[Any]]]
Layer = Callable[[list[Any], Any], tuple[Any, Back]]


def chain(*parts: tuple[Layer, int]) -> Layer:
    """Layers one after the other, each with how many parameters it takes."""
    def forward(params: list[Any], x: Any) -> tuple[Any, Back]:
        backs, at = [], 0
        for layer, count in parts:
            x, back = layer(params[at:at + count], x)
            backs.append(back)
            at += count

        def back_all(g: Any) -> tuple[Any, list[Any]]:
            grads: list[Any] = []
            for back in reversed(backs):
                g, own = back(g)
                grads = own + grads
            return g, grads
        return x, back_all
    return forward


def linear(params: list[Any], x: Any) -> tuple[Any, Back]:
    """x (..., n)."""
    w, b = params
    rows = x.reshape(-1, x.shape[-1])
    y = rows.dot(w.T)
    y += b

    def back(g: Any) -> tuple[Any, list[Any]]:
        g = g.reshape(-1, g.shape[-1])
        return g.dot(w).reshape(x.shape), [g.T.dot(rows), np.add.reduce(g, axis=0)]
    return y.reshape(*x.shape[:-1], -1), back


def first_linear(params: list[Any], x: Any) -> tuple[Any, Back]:
    """A linear layer whose input is data."""
    y, _ = linear(params, x)
    return y, lambda g: (None, [g.T.dot(x), np.add.reduce(g, axis=0)])


def relu(_: list[Any], x: Any) -> tuple[Any, Back]:
    """max(x, 0); it takes x for itself."""
    np.maximum(x, 0, out=x)

    def back(g: Any) -> tuple[Any, list[Any]]:
        return np.multiply(g, x > 0, out=g), []
    return x, back


def flatten(_: list[Any], x: Any) -> tuple[Any, Back]:
    """(N, ...) as (N, n)."""
    return x.reshape(len(x), -1), lambda g: (g.reshape(x.shape), [])


def mean_over_time(_: list[Any], x: Any) -> tuple[Any, Back]:
    """The mean over axis 1."""
    return x.mean(axis=1), lambda g: (np.repeat(g[:, None] / np.float32(x.shape[1]), x.shape[1], axis=1), [])


def last_of_time(_: list[Any], x: Any) -> tuple[Any, Back]:
    """The last place of axis 0."""
    def back(g: Any) -> tuple[Any, list[Any]]:
        d = np.zeros_like(x)
        d[-1] = g
        return d, []
    return x[-1], back


def conv(padding: int, first: bool = False) -> Layer:
    """A convolution by im2col, which is kept for the backward pass; `first`: its input is data."""
    def forward(params: list[Any], x: Any) -> tuple[Any, Back]:
        w, b = params
        n, c, height, width = x.shape
        out, _, kh, kw = w.shape
        if padding:
            x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), (2, 3))
        oh, ow = windows.shape[2:4]
        columns = windows.transpose(0, 1, 4, 5, 2, 3).reshape(n, c * kh * kw, oh * ow)
        y = np.matmul(w.reshape(out, -1), columns)
        y += b[:, None]

        def back(g: Any) -> tuple[Any, list[Any]]:
            g = g.reshape(n, out, oh * ow)
            by_weight = np.matmul(g, columns.transpose(0, 2, 1)).sum(axis=0).reshape(w.shape)
            by_bias = g.sum(axis=(0, 2))
            if first:
                return None, [by_weight, by_bias]
            found = np.matmul(w.reshape(out, -1).T, g).reshape(n, c, kh, kw, oh, ow)
            d = np.zeros_like(x)
            for i in range(kh):
                for j in range(kw):
                    d[:, :, i:i + oh, j:j + ow] += found[:, :, i, j]
            return d[:, :, padding:padding + height, padding:padding + width], [by_weight, by_bias]
        return y.reshape(n, out, oh, ow), back
    return forward


def max_pool(_: list[Any], x: Any) -> tuple[Any, Back]:
    """Windows of 2 by 2."""
    corners = [x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)]
    y = np.maximum(np.maximum(corners[0], corners[1]), np.maximum(corners[2], corners[3]))

    def back(g: Any) -> tuple[Any, list[Any]]:
        d, free = np.empty_like(x), np.ones(y.shape, bool)
        for k, corner in enumerate(corners):
            chosen = (corner == y) & free
            np.multiply(g, chosen, out=d[:, :, k // 2::2, k % 2::2])
            free &= ~chosen
        return d, []
    return y, back


def layer_norm(params: list[Any], x: Any) -> tuple[Any, Back]:
    """Over the last axis."""
    w, b = params
    n = np.float32(x.shape[-1])
    centred = x - np.add.reduce(x, axis=-1, keepdims=True) / n
    scale = 1 / np.sqrt(np.add.reduce(centred * centred, axis=-1, keepdims=True) / n + np.float32(1e-5))
    centred *= scale

    def back(g: Any) -> tuple[Any, list[Any]]:
        lead = tuple(range(x.ndim - 1))
        grads = [np.add.reduce(g * centred, axis=lead), np.add.reduce(g, axis=lead)]
        h = g * w
        d = h - np.add.reduce(h, axis=-1, keepdims=True) / n
        d -= centred * (np.add.reduce(h * centred, axis=-1, keepdims=True) / n)
        d *= scale
        return d, grads
    return centred * w + b, back


def attention(heads: int) -> Layer:
    """Of a sequence (batch, time, features) to itself, with one product for queries, keys and values."""
    def forward(params: list[Any], x: Any) -> tuple[Any, Back]:
        batch, time, e = x.shape
        scale = np.float32(1 / math.sqrt(e // heads))
        every, back_in = linear(params[:2], x)
        q, k, v = every.reshape(batch, time, 3, heads, e // heads).transpose(2, 0, 3, 1, 4)
        p = np.matmul(q, k.swapaxes(2, 3))
        p *= scale
        p -= np.maximum.reduce(p, axis=-1, keepdims=True)
        np.exp(p, out=p)
        p /= np.add.reduce(p, axis=-1, keepdims=True)
        joined = np.matmul(p, v).transpose(0, 2, 1, 3).reshape(batch, time, e)
        y, back_out = linear(params[2:], joined)

        def back(g: Any) -> tuple[Any, list[Any]]:
            g, by_out = back_out(g)
            g = g.reshape(batch, time, heads, e // heads).transpose(0, 2, 1, 3)
            d = np.empty((batch, time, 3, heads, e // heads), x.dtype)
            dq, dk, dv = d.transpose(2, 0, 3, 1, 4)
            dv[...] = np.matmul(p.swapaxes(2, 3), g)
            ds = np.matmul(g, v.swapaxes(2, 3))
            ds *= p
            ds -= p * np.add.reduce(ds, axis=-1, keepdims=True)
            ds *= scale
            dq[...] = np.matmul(ds, k)
            dk[...] = np.matmul(ds.swapaxes(2, 3), q)
            g, by_in = back_in(d.reshape(batch, time, 3 * e))
            return g, by_in + by_out
        return y, back
    return forward


def transformer_block(heads: int) -> Layer:
    """nn.TransformerEncoderLayer with its parameters in their order, without dropout."""
    def forward(params: list[Any], x: Any) -> tuple[Any, Back]:
        y, back_attention = attention(heads)(params[:4], x)
        y += x
        between, back_norm1 = layer_norm(params[8:10], y)
        z, back_thought = chain((linear, 2), (relu, 0), (linear, 2))(params[4:8], between)
        z += between
        found, back_norm2 = layer_norm(params[10:12], z)

        def back(g: Any) -> tuple[Any, list[Any]]:
            g, by_norm2 = back_norm2(g)
            d, by_thought = back_thought(g)
            d += g
            g, by_norm1 = back_norm1(d)
            d, by_attention = back_attention(g)
            d += g
            return d, by_attention + by_thought + by_norm1 + by_norm2
        return found, back
    return forward


def lstm(params: list[Any], x: Any) -> tuple[Any, Back]:
    """(time, batch, features), from a state of zeros; the gates in the order i, f, g, o. The input is data."""
    w, u, b_w, b_u = params
    (time, batch, _), n = x.shape, u.shape[1]
    z = x.reshape(time * batch, -1).dot(w.T)
    z += b_w + b_u
    gates = z.reshape(time, batch, 4 * n)
    hs, cs = (np.zeros((time + 1, batch, n), x.dtype) for _ in range(2))
    bent = np.empty_like(hs)
    half = np.ones(4 * n, x.dtype)
    half[:2 * n] = half[3 * n:] = 0.5                    # sigmoid(z) = (tanh(z / 2) + 1) / 2: one tanh for all gates
    rest, ut = 1 - half, np.ascontiguousarray(u.T)
    for t in range(time):
        a = gates[t]
        a += hs[t].dot(ut)
        a *= half
        np.tanh(a, out=a)
        a *= half
        a += rest
        np.multiply(a[:, n:2 * n], cs[t], out=cs[t + 1])
        cs[t + 1] += a[:, :n] * a[:, 2 * n:3 * n]
        np.tanh(cs[t + 1], out=bent[t + 1])
        np.multiply(a[:, 3 * n:], bent[t + 1], out=hs[t + 1])

    def back(g: Any) -> tuple[Any, list[Any]]:
        i, f, c, o = (gates[:, :, k * n:(k + 1) * n] for k in range(4))
        slopes = np.concatenate([c * i * (1 - i), cs[:-1] * f * (1 - f), i * (1 - c * c), bent[1:] * o * (1 - o)], 2)
        through = o * (1 - bent[1:] * bent[1:])
        d = np.empty_like(gates)
        by_cell, slopes_by_cell = (a[:, :, :3 * n].reshape(time, batch, 3, n) for a in (d, slopes))
        dh, dc = (np.zeros((batch, n), x.dtype) for _ in range(2))
        for t in range(time - 1, -1, -1):
            dh += g[t]
            dc += dh * through[t]
            np.multiply(slopes_by_cell[t], dc[:, None], out=by_cell[t])
            np.multiply(slopes[t, :, 3 * n:], dh, out=d[t, :, 3 * n:])
            dc *= f[t]
            dh = d[t].dot(u)
        rows = d.reshape(time * batch, -1)
        bias = np.add.reduce(rows, axis=0)
        return None, [rows.T.dot(x.reshape(time * batch, -1)), rows.T.dot(hs[:-1].reshape(time * batch, n)), bias, bias]
    return hs[1:], back


def cross_entropy(z: Any, targets: Any) -> tuple[float, Any]:
    """The mean loss and the cotangent of the logits, which take z's place."""
    rows = np.arange(len(z))
    z -= np.maximum.reduce(z, axis=1, keepdims=True)
    g = np.exp(z)
    total = np.add.reduce(g, axis=1, keepdims=True)
    loss = (np.add.reduce(np.log(total), axis=None) - np.add.reduce(z[rows, targets])) / len(z)
    g /= total
    g[rows, targets] -= 1
    g *= 1 / len(z)
    return float(loss), g


def sgd(params: list[Any], gradients: list[Any], lr: float = 1e-3) -> None:
    """One step, in place."""
    for p, g in zip(params, gradients):
        p -= lr * g


class Adam:
    """Its state, and a step in place."""

    def __init__(self, params: list[Any]) -> None:
        self.mean, self.square, self.steps = [np.zeros_like(p) for p in params], [np.zeros_like(p) for p in params], 0

    def __call__(self, params: list[Any], gradients: list[Any], lr: float = 1e-3) -> None:
        self.steps += 1
        root = (1 - 0.999 ** self.steps) ** 0.5
        for p, g, m, v in zip(params, gradients, self.mean, self.square):
            m *= 0.9
            m += 0.1 * g
            v *= 0.999
            g = g * g
            g *= 0.001
            v += g
            g = np.sqrt(v)
            g += 1e-8 * root
            np.divide(m, g, out=g)
            g *= lr * root / (1 - 0.9 ** self.steps)
            p -= g
