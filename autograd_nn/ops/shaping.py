"""Shaping: operations that move, copy or join elements and compute nothing.

Each is linear, so its rule is its adjoint: what goes back where it came from, summed where one
element went to several places.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._op import Each, Op, shape_of


def _sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    lead = x.ndim - len(shape)
    axes = (*range(lead), *(i + lead for i, n in enumerate(shape) if n == 1 != x.shape[i + lead]))
    return np.add.reduce(x, axis=axes, keepdims=True).reshape(shape) if axes else x.reshape(shape)


def _inverse(axes: tuple[int, ...] | None) -> tuple[int, ...] | None:
    return None if axes is None else tuple(int(i) for i in np.argsort([a % len(axes) for a in axes]))


def _concatenate(*xs: Any, axis: int | None = 0) -> Any:
    return np.concatenate(xs, axis=axis)


def _stack(*xs: Any, axis: int = 0) -> Any:
    return np.stack(xs, axis=axis)


def _pad(x: Any, pad_width: Any, constant_values: float = 0) -> Any:
    return np.pad(x, pad_width, constant_values=constant_values)


def _from_slice(i: int, g: Any, xs: tuple[Any, ...], axis: int | None) -> Any:
    """The piece of g that belongs to input i of a concatenation."""
    if axis is None:
        start = sum(int(np.prod(shape_of(x))) for x in xs[:i])
        return reshape(g[start:start + int(np.prod(shape_of(xs[i])))], shape_of(xs[i]))
    start = sum(shape_of(x)[axis] for x in xs[:i])
    return g[(slice(None),) * (axis % len(shape_of(g))) + (slice(start, start + shape_of(xs[i])[axis]),)]


def _from_stack(i: int, g: Any, axis: int) -> Any:
    return g[(slice(None),) * (axis % len(shape_of(g))) + (i,)]


def _inside(x: Any, pad_width: Any) -> tuple[slice, ...]:
    """The index of x within its padded array."""
    shape = shape_of(x)
    before = np.broadcast_to(np.asarray(pad_width), (len(shape), 2))[:, 0]
    return tuple(slice(int(b), int(b) + n) for b, n in zip(before, shape))


def _untile(g: Any, x: Any, reps: Any) -> Any:
    """The sum over the copies that tile made."""
    reps = (reps,) if isinstance(reps, int) else tuple(reps)
    shape = shape_of(x)
    n = max(len(reps), len(shape))
    reps, padded = (1,) * (n - len(reps)) + reps, (1,) * (n - len(shape)) + shape
    pairs = tuple(k for pair in zip(reps, padded) for k in pair)
    ones = tuple(k for pair in zip((1,) * n, padded) for k in pair)
    return reshape(sum_to(reshape(g, pairs), ones), shape)


def _unroll(shift: Any) -> Any:
    return tuple(-s for s in shift) if isinstance(shift, tuple) else -shift


def dtype_of(x: Any) -> Any:
    """The dtype of an array or Tensor; float64 for a Value."""
    return getattr(x, "dtype", np.dtype(float))


reshape = Op("reshape", None, np.reshape,
             lambda g, y, x, shape: reshape(g, shape_of(x)),
             tex=r"\operatorname{{reshape}} {0}", params={"shape": -1},
             cases=[(((2, 3),), {"shape": (3, 2)}), (((2, 3),), {"shape": -1})])
transpose = Op("transpose", None, np.transpose,
               lambda g, y, x, axes: transpose(g, _inverse(axes)),
               tex="{0}^T", symbol="ᵀ", params={"axes": None},
               cases=[(((2, 3),), {}), (((2, 3, 4),), {"axes": (2, 0, 1)}), (((2, 3, 4),), {"axes": (-1, 0, 1)})])
swapaxes = Op("swapaxes", None, np.swapaxes,
              lambda g, y, x, axis1, axis2: swapaxes(g, axis1, axis2),
              tex=r"\operatorname{{swapaxes}} {0}", params={"axis1": -1, "axis2": -2},
              cases=[(((2, 3, 4),), {"axis1": 0, "axis2": 2})])
moveaxis = Op("moveaxis", None, np.moveaxis,
              lambda g, y, x, source, destination: moveaxis(g, destination, source),
              tex=r"\operatorname{{moveaxis}} {0}", params={"source": 0, "destination": -1},
              cases=[(((2, 3, 4),), {"source": 0, "destination": -1}),
                     (((2, 3, 4),), {"source": (0, 1), "destination": (-1, 0)})])
expand_dims = Op("expand_dims", None, np.expand_dims,
                 lambda g, y, x, axis: reshape(g, shape_of(x)),
                 tex="{0}", params={"axis": 0}, cases=[(((2, 3),), {"axis": 1}), (((2,),), {"axis": (0, -1)})])
squeeze = Op("squeeze", None, np.squeeze,
             lambda g, y, x, axis: reshape(g, shape_of(x)),
             tex="{0}", params={"axis": None}, cases=[(((2, 1, 3),), {}), (((1, 2, 1),), {"axis": 0})])
broadcast_to = Op("broadcast_to", None, np.broadcast_to,
                  lambda g, y, x, shape: g,              # summed over the copies where all broadcasting is
                  tex=r"\operatorname{{broadcast}} {0}", params={"shape": ()},
                  cases=[(((3,),), {"shape": (2, 3)}), (((2, 1),), {"shape": (4, 2, 3)})])
sum_to = Op("sum_to", None, _sum_to,
            lambda g, y, x, shape: broadcast_to(g, shape_of(x)),
            method=False, tex=r"\sum {0}", symbol="Σ", params={"shape": ()},
            cases=[(((4, 2, 3),), {"shape": (2, 1)}), (((2, 3),), {"shape": ()})])
concatenate = Op("concatenate", None, _concatenate,
                 Each(lambda i, g, y, *xs, axis: _from_slice(i, g, xs, axis)),
                 method=False, tex=r"\operatorname{{concatenate}}({0}, \ldots)", symbol="concat", params={"axis": 0},
                 cases=[(((2, 3), (1, 3)), {}), (((2, 3), (2, 1), (2, 2)), {"axis": -1}),
                        (((2, 2), (3,)), {"axis": None})])
stack = Op("stack", None, _stack,
           Each(lambda i, g, y, *xs, axis: _from_stack(i, g, axis)),
           method=False, tex=r"\operatorname{{stack}}({0}, \ldots)", params={"axis": 0},
           cases=[(((2, 3), (2, 3)), {}), (((2,), (2,), (2,)), {"axis": -1})])
pad = Op("pad", None, _pad,
         lambda g, y, x, pad_width, constant_values: g[_inside(x, pad_width)],
         tex=r"\operatorname{{pad}} {0}", params={"pad_width": 0, "constant_values": 0},
         cases=[(((2, 3),), {"pad_width": 1}), (((2, 3),), {"pad_width": ((1, 0), (0, 2)), "constant_values": 5.0})])
flip = Op("flip", None, np.flip,
          lambda g, y, x, axis: flip(g, axis=axis),
          tex=r"\operatorname{{flip}} {0}", params={"axis": None},
          cases=[(((2, 3),), {}), (((2, 3),), {"axis": 1})])
roll = Op("roll", None, np.roll,
          lambda g, y, x, shift, axis: roll(g, _unroll(shift), axis=axis),
          tex=r"\operatorname{{roll}} {0}", params={"shift": 1, "axis": None},
          cases=[(((2, 3),), {"shift": 2}), (((2, 3),), {"shift": (1, -1), "axis": (0, 1)})])
tile = Op("tile", None, np.tile,
          lambda g, y, x, reps: _untile(g, x, reps),
          tex=r"\operatorname{{tile}} {0}", params={"reps": 1},
          cases=[(((2, 3),), {"reps": 2}), (((3,),), {"reps": (2, 2)}), (((2, 1, 3),), {"reps": (2, 1)})])
astype = Op("astype", None, lambda x, dtype: x.astype(dtype),
            lambda g, y, x, dtype: astype(g, dtype_of(x)),
            tex="{0}", params={"dtype": float}, cases=[(((2, 3),), {"dtype": float})])
