"""The LSTM over a whole sequence as one op: `lstm(x, w, u, b, h, c)`.

x is (time, batch, features), w (4 n, features) and u (4 n, n) the weights of the input and of the state
with the gates in the order i, f, g, o, b (4 n,) the bias, h and c (batch, n) the first state and cell.
The result is (2, time, batch, n): each state, and each cell.

    i, f, o = sigmoid(z_i), sigmoid(z_f), sigmoid(z_o),  g = tanh(z_g),  z = x w' + h u' + b
    c = f c + i g,  h = o tanh(c)

On arrays the sequence lies as (time, features, batch), so that each gate is one contiguous block
and one product of matrices serves a step. The gates are kept for the backward sweep, which goes
through time once and serves the rules of all six inputs. On nodes (a gradient that is to be
differentiated again) the same formulas are written in ops.

The slope of a gate is made of the gate, s - s s, for speed. So the slope of a saturated one is right to
an ulp of 1, and not to one of itself: in float32 it is 0 from about z = 17.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np

from ...errors import ShapeError
from .._bind import Twice
from .._frozen import original
from .._op import Op, shape_of
from ..arrays.joining import concatenate, stack
from ..arrays.reduction import sum
from ..arrays.shape import reshape, transpose
from ..elementwise.elementary import sigmoid, tanh
from ..matrices.matmul import as_rows, matmul


class _States(np.ndarray[Any, Any]):
    """The memory of the states, which knows what the backward sweep needs; the op's result is a view of it."""

    gates: Any = None        # (time + 1, 5 n, batch): o, i, f, g, and the cell before the step
    after: Any = None        # (time + 1, 4 n, batch): the state before the step, and of the step before it i g, f c
    #                          and the tanh of the cell
    swept: Any = None        # a _Swept, once there was a backward pass


def _gates_first(w: Any) -> Any:
    """The rows of a weight or bias in the order o, i, f, g, in which the sigmoids lie side by side."""
    n = len(w) // 4
    return np.concatenate([w[3 * n:], w[:3 * n]])


def _torchs_order(w: Any) -> Any:
    """The inverse of _gates_first."""
    n = len(w) // 4
    return np.concatenate([w[n:], w[:n]])


def _lstm(x: Any, w: Any, u: Any, b: Any, h: Any, c: Any) -> Any:
    if x.ndim != 3 or u.ndim != 2:
        raise ShapeError(f"lstm: x is (time, batch, features) and u (4 n, n), and these have shape {x.shape} and "
                         f"{u.shape}")
    time, batch, features = x.shape
    n, dtype = u.shape[-1], np.result_type(x, w, u, b, h, c)
    want = [(4 * n, features), (4 * n, n), (4 * n,), (batch, n), (batch, n)]
    if [part.shape for part in (w, u, b, h, c)] != want:
        raise ShapeError(f"lstm: with x of shape {x.shape} and hidden size {n}, w, u, b, h and c have the shapes "
                         f"{', '.join(map(str, want))}, not {', '.join(str(p.shape) for p in (w, u, b, h, c))}")
    states, inputs = _States((2, time, batch, n), dtype), np.empty((time, 1 + features, batch), dtype)
    gates, after = np.empty((time + 1, 5 * n, batch), dtype), np.empty((time + 1, 4 * n, batch), dtype)
    after[0, :n], gates[0, 4 * n:] = h.T, c.T
    inputs[:, 0], inputs[:, 1:] = 1, x.transpose(0, 2, 1)
    by_input, by_state = _gates_first(np.concatenate([b[:, None], w], axis=1)), _gates_first(u).astype(dtype)
    by_input[:3 * n] *= 0.5                              # sigmoid(z) = (tanh(z / 2) + 1) / 2: one tanh for all gates
    by_state[:3 * n] *= 0.5
    np.matmul(by_input, inputs, out=gates[:-1, :4 * n])
    part = np.empty((4 * n, batch), dtype)
    now, then = gates[:-1], after[1:]
    for before, bent, smooth, out, left, right, both, new, kept, cell, squash, state in zip(
            after[:-1, :n], now[:, :4 * n], now[:, :3 * n], now[:, :n], now[:, n:3 * n], now[:, 3 * n:],
            then[:, n:3 * n], then[:, n:2 * n], then[:, 2 * n:3 * n], gates[1:, 4 * n:], then[:, 3 * n:], then[:, :n]):
        bent += np.matmul(by_state, before, part)
        np.tanh(bent, bent)
        smooth += 1
        smooth *= 0.5
        np.multiply(left, right, both)                   # i g and f c
        np.add(new, kept, cell)
        np.tanh(cell, squash)
        np.multiply(squash, out, state)
    states[0], states[1] = after[1:, :n].transpose(0, 2, 1), gates[1:, 4 * n:].transpose(0, 2, 1)
    states.gates, states.after = gates, after
    return states.view(np.ndarray)


def _sweep(g: Any, states: Any, u: Any) -> tuple[Any, ...]:
    """The cotangent of z = x w' + h u' + b (time, gates, batch), and those of the first state and cell."""
    n = u.shape[1]
    gates, after = states.gates[:-1], states.after[1:]
    smooth, (time, _, batch) = gates[:, :3 * n], gates.shape
    # What dh (for o) and dc (for i, f, g) are to be multiplied by. With a = s b, b s (1 - s) is a - a s; with
    # a = i g, i (1 - g^2) is i - a g; and from dh to dc leads o (1 - tanh(c)^2) = o - h tanh(c).
    dz = np.empty((time, 4 * n, batch), gates.dtype)
    np.multiply(after[:, :3 * n], smooth, out=dz[:, :3 * n])
    np.subtract(after[:, :3 * n], dz[:, :3 * n], out=dz[:, :3 * n])
    np.multiply(after[:, n:2 * n], gates[:, 3 * n:4 * n], out=dz[:, 3 * n:])
    np.subtract(gates[:, n:2 * n], dz[:, 3 * n:], out=dz[:, 3 * n:])
    across = after[:, :n] * after[:, 3 * n:]
    np.subtract(gates[:, :n], across, out=across)
    back = np.ascontiguousarray(_gates_first(u).T)
    above = np.ascontiguousarray(g[0].transpose(0, 2, 1))
    beside, cells = g[1].transpose(0, 2, 1), g[1].any()
    dh, dc, part = (np.zeros((n, batch), gates.dtype) for _ in range(3))
    for step, out, others, given, more, through, forget in zip(
            dz[::-1], dz[::-1, :n], dz[::-1, n:].reshape(time, 3, n, batch), above[::-1], beside[::-1], across[::-1],
            gates[::-1, 2 * n:3 * n]):
        dh += given
        if cells:
            dc += more
        np.multiply(dh, through, part)
        dc += part
        out *= dh
        others *= dc
        dc *= forget
        np.matmul(back, step, dh)
    return dz, dh, dc


class _Swept:
    """What one backward sweep found, for the rules of all inputs to share."""

    def __init__(self, g: Any, states: Any, u: Any) -> None:
        self.g, self.served = g, set[int]()
        self.dz, self.dh, self.dc = _sweep(g, states, u)

    @cached_property
    def rows(self) -> Any:
        """dz, with a row for each gate."""
        return self.dz.transpose(1, 0, 2).reshape(self.dz.shape[1], -1)

    def cotangent(self, i: int, y: Any, x: Any, w: Any, h: Any) -> Any:
        """That of input i, an array of its own."""
        self.served.add(i)
        batch = len(h)
        if i == 0:
            return np.matmul(self.dz.transpose(0, 2, 1), _gates_first(w))
        if i == 1:
            return _torchs_order(self.rows @ x.reshape(-1, x.shape[2]))
        if i == 2:
            states = y[0, :-1].reshape(-1, y.shape[3])
            return _torchs_order(self.rows[:, batch:] @ states + self.rows[:, :batch] @ h)
        if i == 3:
            return _torchs_order(np.add.reduce(self.rows, axis=1))
        return np.ascontiguousarray((self.dh if i == 4 else self.dc).T)


def _fused(i: int, g: Any, y: Any, x: Any, w: Any, u: Any, b: Any, h: Any, c: Any) -> Any:
    """The cotangent of input i, on arrays."""
    states = original(y).base
    if not isinstance(states, _States):                  # a copy knows no gates
        states = _lstm(x, w, u, b, h, c).base
    swept = states.swept
    if swept is None or swept.g is not g or i in swept.served:       # asked again: g may have been written to
        swept = states.swept = _Swept(g, states, u)
    return swept.cotangent(i, y, x, w, h)


def _composed(i: int, g: Any, y: Any, x: Any, w: Any, u: Any, b: Any, h: Any, c: Any) -> Any:
    """The cotangent of input i, in ops."""
    time, _, n = shape_of(y)[1:]
    hs = concatenate([reshape(h, (1, *shape_of(h))), y[0, :-1]], axis=0)
    cs = concatenate([reshape(c, (1, *shape_of(c))), y[1, :-1]], axis=0)
    z = matmul(x, transpose(w)) + matmul(hs, transpose(u)) + b
    enter, forget, out = (sigmoid(z[..., k * n:(k + 1) * n]) for k in (0, 1, 3))
    new, squash = tanh(z[..., 2 * n:3 * n]), tanh(y[1])
    by_cell = concatenate([new * enter * (1 - enter), cs * forget * (1 - forget), enter * (1 - new * new)], axis=2)
    by_state, across = squash * out * (1 - out), out * (1 - squash * squash)
    steps, dh, dc = [], 0.0, 0.0
    for t in range(time - 1, -1, -1):
        dh = g[0, t] + dh
        dc = g[1, t] + dc + dh * across[t]
        step = concatenate([by_cell[t] * concatenate([dc, dc, dc], axis=1), by_state[t] * dh], axis=1)
        steps.append(step)
        dh, dc = matmul(step, u), dc * forget[t]
    if i > 3:
        return dh if i == 4 else dc
    dz = stack(steps[::-1])
    if i == 0:
        return matmul(dz, w)
    if i == 3:
        return sum(dz, axis=(0, 1))
    return matmul(transpose(as_rows(dz)), as_rows(x if i == 1 else hs))


_by = Twice(_composed, _fused)

def _cost(shapes: list[tuple[int, ...]], out: tuple[int, ...]) -> int:
    """Every row of x (steps, rows, inputs) meets both matrices of weights at every step."""
    return math.prod(shapes[0][:-1]) * (math.prod(shapes[1]) + math.prod(shapes[2]))


lstm = Op("lstm", None, _lstm,
          lambda g, y, x, w, u, b, h, c: _by(0, g, y, x, w, u, b, h, c),
          lambda g, y, x, w, u, b, h, c: _by(1, g, y, x, w, u, b, h, c),
          lambda g, y, x, w, u, b, h, c: _by(2, g, y, x, w, u, b, h, c),
          lambda g, y, x, w, u, b, h, c: _by(3, g, y, x, w, u, b, h, c),
          lambda g, y, x, w, u, b, h, c: _by(4, g, y, x, w, u, b, h, c),
          lambda g, y, x, w, u, b, h, c: _by(5, g, y, x, w, u, b, h, c),
          tex=r"\operatorname{{lstm}} {0}", method=False,
          cases=[(((3, 2, 3), (8, 3), (8, 2), (8,), (2, 2), (2, 2)), {}),
                 (((1, 1, 1), (4, 1), (4, 1), (4,), (1, 1), (1, 1)), {})],
          slots=("x", "w", "u", "b", "h", "c"), cost=_cost)
