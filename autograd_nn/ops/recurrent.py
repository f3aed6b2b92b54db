"""The LSTM over a whole sequence as one op.

On arrays the sequence lies as (time, features, batch), so that each gate is one contiguous block
and one product of matrices serves a step. The gates are kept for the backward sweep, which goes
through time once and serves the rules of all six inputs. On nodes (a gradient that is to be
differentiated again) the same formulas are written in ops.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._op import ARRAY_RANK, CARRIERS, Op, shape_of
from .activation import sigmoid
from .elementary import tanh
from .linalg import matmul
from .reduction import sum
from .shaping import concatenate, reshape, stack, transpose


class _States(np.ndarray[Any, Any]):
    """The memory of the states, which knows what the backward sweep needs; the op's result is a view of it."""

    gates: Any = None        # (time + 1, 5 hidden, batch): o, i, f, g, and the cell before the step
    inputs: Any = None       # (time + 1, hidden + features + 1, batch): the state before, the input, 1
    swept: Any = None        # (cotangent, what came of it, the rules that have had their part)


def _gates_first(w: Any) -> Any:
    """The rows of a weight or bias in the order o, i, f, g, in which the sigmoids lie side by side."""
    n = len(w) // 4
    return np.concatenate([w[3 * n:], w[:3 * n]])


def _lstm(x: Any, w: Any, u: Any, b: Any, h: Any, c: Any) -> Any:
    time, batch, features = x.shape
    n, dtype = u.shape[1], np.result_type(x, w, u, b, h, c)
    states = _States((2, time, batch, n), dtype)
    gates, inputs = np.empty((time + 1, 5 * n, batch), dtype), np.empty((time + 1, n + features + 1, batch), dtype)
    inputs[0, :n], gates[0, 4 * n:] = h.T, c.T
    inputs[:time, n:-1], inputs[:, -1] = x.transpose(0, 2, 1), 1
    weight = _gates_first(np.concatenate([u, w, b[:, None]], axis=1))
    weight[:3 * n] *= 0.5                                # sigmoid(z) = (tanh(z / 2) + 1) / 2: one tanh for all gates
    both = np.empty((2 * n, batch), dtype)
    for t in range(time):
        gate = gates[t]
        bent, smooth = gate[:4 * n], gate[:3 * n]
        np.matmul(weight, inputs[t], out=bent)
        np.tanh(bent, out=bent)
        smooth += 1
        smooth *= 0.5
        np.multiply(gate[n:3 * n], gate[3 * n:], out=both)          # i g and f c
        cell, state = gates[t + 1, 4 * n:], inputs[t + 1, :n]
        np.add(both[:n], both[n:], out=cell)
        np.tanh(cell, out=state)
        state *= gate[:n]
    states[0], states[1] = inputs[1:, :n].transpose(0, 2, 1), gates[1:, 4 * n:].transpose(0, 2, 1)
    states.gates, states.inputs = gates, inputs
    return states.view(np.ndarray)


def _sweep(g: Any, states: Any, w: Any, u: Any) -> tuple[Any, ...]:
    """The cotangent of z = x W' + h U' + b (time, gates, batch), and those of the first state and cell."""
    gates, n = states.gates, u.shape[1]
    time, batch = len(gates) - 1, gates.shape[2]
    kept, squash = gates[:time], np.tanh(gates[1:, 4 * n:])
    dz = np.empty((time, 4 * n, batch), gates.dtype)     # first what dh (for o) and dc (for i, f, g) are to multiply
    smooth, bent = kept[:, :3 * n], kept[:, 3 * n:4 * n]
    np.multiply(smooth, smooth, out=dz[:, :3 * n])
    np.subtract(smooth, dz[:, :3 * n], out=dz[:, :3 * n])
    dz[:, :n] *= squash
    dz[:, n:3 * n] *= kept[:, 3 * n:]
    through = dz[:, 3 * n:]
    np.multiply(bent, bent, out=through)
    np.subtract(1, through, out=through)
    through *= kept[:, n:2 * n]
    squash *= squash
    np.subtract(1, squash, out=squash)
    squash *= kept[:, :n]
    back = np.ascontiguousarray(_gates_first(u).T)
    above = np.ascontiguousarray(g[0].transpose(0, 2, 1))
    beside = g[1].transpose(0, 2, 1) if g[1].any() else None
    dh, dc, part = (np.zeros((n, batch), gates.dtype) for _ in range(3))
    for t in range(time - 1, -1, -1):
        step = dz[t]
        dh += above[t]
        if beside is not None:
            dc += beside[t]
        np.multiply(dh, squash[t], out=part)
        dc += part
        step[:n] *= dh
        others = step[n:].reshape(3, n, batch)
        others *= dc
        dc *= kept[t, 2 * n:3 * n]
        np.matmul(back, step, out=dh)
    return dz, dh, dc


def _torchs_order(w: Any) -> Any:
    """The inverse of _gates_first."""
    n = len(w) // 4
    return np.concatenate([w[n:], w[:n]])


def _fused(i: int, g: Any, y: Any, x: Any, w: Any, u: Any, b: Any, h: Any, c: Any) -> Any:
    """The cotangent of input i, on arrays."""
    states = y.base if isinstance(y.base, _States) else _lstm(x, w, u, b, h, c).base      # a copy knows no gates
    swept = states.swept
    if swept is None or swept[0] is not g or i in swept[2]:          # asked twice, g may have been written to
        swept = states.swept = (g, _sweep(g, states, w, u), set())
    swept[2].add(i)
    dz, dh, dc = swept[1]
    if i > 3:
        return np.ascontiguousarray((dh if i == 4 else dc).T)
    if i == 0:
        return np.matmul(dz.transpose(0, 2, 1), _gates_first(w))
    if i == 3:
        return _torchs_order(np.add.reduce(np.add.reduce(dz, axis=0), axis=1))
    n = u.shape[1]
    before = states.inputs[:-1, :n] if i == 2 else states.inputs[:-1, n:-1]
    rows = dz.transpose(1, 0, 2).reshape(4 * n, -1)
    return _torchs_order(rows @ before.transpose(0, 2, 1).reshape(-1, before.shape[1]))


def _flat(x: Any) -> Any:
    return reshape(x, (-1, shape_of(x)[-1]))


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
    return matmul(transpose(_flat(dz)), _flat(x if i == 1 else hs))


def _by(i: int, g: Any, y: Any, *xs: Any) -> Any:
    plain = all([CARRIERS[type(a)][0] <= ARRAY_RANK for a in (g, y, *xs)])
    return _fused(i, g, y, *xs) if plain else _composed(i, g, y, *xs)


lstm = Op("lstm", None, _lstm,
          lambda g, y, x, w, u, b, h, c: _by(0, g, y, x, w, u, b, h, c),
          lambda g, y, x, w, u, b, h, c: _by(1, g, y, x, w, u, b, h, c),
          lambda g, y, x, w, u, b, h, c: _by(2, g, y, x, w, u, b, h, c),
          lambda g, y, x, w, u, b, h, c: _by(3, g, y, x, w, u, b, h, c),
          lambda g, y, x, w, u, b, h, c: _by(4, g, y, x, w, u, b, h, c),
          lambda g, y, x, w, u, b, h, c: _by(5, g, y, x, w, u, b, h, c),
          tex=r"\operatorname{{lstm}} {0}", method=False,
          cases=[(((3, 2, 3), (8, 3), (8, 2), (8,), (2, 2), (2, 2)), {}),
                 (((1, 1, 1), (4, 1), (4, 1), (4,), (1, 1), (1, 1)), {})])
