"""Shaping: operations that move, copy or join elements and compute nothing.

Each is linear, so its rule is its adjoint: what goes back where it came from, summed where one
element went to several places.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import DTypeError, UsageError
from .._arguments import c_order, no_out, safe_casting
from .._carriers import ARRAY_RANK, CARRIERS
from .._op import Each, Op, shape_of


def _sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    lead = x.ndim - len(shape)
    axes = (*range(lead), *(i + lead for i, n in enumerate(shape) if n == 1 != x.shape[i + lead]))
    return np.add.reduce(x, axis=axes, keepdims=True).reshape(shape) if axes else x.reshape(shape)


def _inverse(axes: tuple[int, ...] | None) -> tuple[int, ...] | None:
    return None if axes is None else tuple(int(i) for i in np.argsort([a % len(axes) for a in axes]))


def _reshape(x: Any, shape: Any = -1, order: str = "C", copy: Any = None) -> Any:
    c_order("reshape", order)
    return np.asarray(x).reshape(shape)


def _broadcast_to(x: Any, shape: Any, subok: bool = False) -> Any:
    return np.broadcast_to(x, shape)


def _concatenate(*xs: Any, axis: int | None = 0, out: Any = None, dtype: Any = None,
                 casting: Any = "same_kind") -> Any:
    no_out("concatenate", out)
    safe_casting("concatenate", casting)
    return np.concatenate(xs, axis=axis, dtype=dtype, casting=casting)


def _stack(*xs: Any, axis: int = 0, out: Any = None, dtype: Any = None, casting: Any = "same_kind") -> Any:
    no_out("stack", out)
    safe_casting("stack", casting)
    return np.stack(xs, axis=axis, dtype=dtype, casting=casting)


def _astype(x: Any, dtype: Any = float, order: str = "K", casting: Any = "unsafe", subok: bool = True,
            copy: bool = True, device: Any = None) -> Any:
    """A floating point array in another floating point dtype; an array of another kind in any."""
    c_order("astype", order, "K", "A")
    if x.dtype.kind == "f" != np.dtype(dtype).kind:
        raise DTypeError(f"astype({np.dtype(dtype)}) would drop the gradient without a word\n"
                         "  help: t.data.astype(dtype) leaves the graph")
    if device not in (None, "cpu"):
        raise UsageError(f"astype: device={device!r}: all arrays here are the CPU's")
    return x.astype(dtype, casting=casting)


def _copy(x: Any, order: str = "K", subok: bool = False) -> Any:
    c_order("copy", order, "K", "A")
    return np.array(x)


def _from_slice(i: int, g: Any, xs: tuple[Any, ...], axis: int | None) -> Any:
    """The piece of g that belongs to input i of a concatenation."""
    if axis is None:
        start = sum(int(np.prod(shape_of(x))) for x in xs[:i])
        return reshape(g[start:start + int(np.prod(shape_of(xs[i])))], shape_of(xs[i]))
    start = sum(shape_of(x)[axis] for x in xs[:i])
    return g[(slice(None),) * (axis % len(shape_of(g))) + (slice(start, start + shape_of(xs[i])[axis]),)]


def _from_stack(i: int, g: Any, axis: int) -> Any:
    return g[(slice(None),) * (axis % len(shape_of(g))) + (i,)]


def _untile(g: Any, x: Any, reps: Any) -> Any:
    """The sum over the copies that tile made."""
    reps = tuple(np.atleast_1d(reps).tolist())
    shape = shape_of(x)
    n = max(len(reps), len(shape))
    reps, padded = (1,) * (n - len(reps)) + reps, (1,) * (n - len(shape)) + shape
    pairs = tuple(k for pair in zip(reps, padded) for k in pair)
    ones = tuple(k for pair in zip((1,) * n, padded) for k in pair)
    return reshape(sum_to(reshape(g, pairs), ones), shape)


def _unroll(shift: Any) -> Any:
    return tuple(-s for s in shift) if isinstance(shift, (tuple, list)) else -shift


def dtype_of(x: Any) -> Any:
    """The dtype of an array or Tensor; float64 for a Value."""
    return getattr(x, "dtype", np.dtype(float))


reshape = Op("reshape", None, _reshape,
             lambda g, y, x, shape, order, copy: reshape(g, shape_of(x)),
             tex=r"\operatorname{{reshape}} {0}", params={"shape": -1, "order": "C", "copy": None},
             cases=[(((2, 3),), {"shape": (3, 2)}), (((2, 3),), {"shape": -1})],
             linear=True)
transpose = Op("transpose", None, np.transpose,
               lambda g, y, x, axes: transpose(g, _inverse(axes)),
               tex="{0}^T", symbol="ᵀ", params={"axes": None},
               cases=[(((2, 3),), {}), (((2, 3, 4),), {"axes": (2, 0, 1)}), (((2, 3, 4),), {"axes": (-1, 0, 1)})],
               linear=True)
swapaxes = Op("swapaxes", None, np.swapaxes,
              lambda g, y, x, axis1, axis2: swapaxes(g, axis1, axis2),
              tex=r"\operatorname{{swapaxes}} {0}", params={"axis1": -1, "axis2": -2},
              cases=[(((2, 3, 4),), {"axis1": 0, "axis2": 2})],
              linear=True)
moveaxis = Op("moveaxis", None, np.moveaxis,
              lambda g, y, x, source, destination: moveaxis(g, destination, source),
              tex=r"\operatorname{{moveaxis}} {0}", params={"source": 0, "destination": -1},
              cases=[(((2, 3, 4),), {"source": 0, "destination": -1}),
                     (((2, 3, 4),), {"source": (0, 1), "destination": (-1, 0)})],
              linear=True)
expand_dims = Op("expand_dims", None, np.expand_dims,
                 lambda g, y, x, axis: reshape(g, shape_of(x)),
                 tex="{0}", params={"axis": 0}, cases=[(((2, 3),), {"axis": 1}), (((2,),), {"axis": (0, -1)})],
                 linear=True)
squeeze = Op("squeeze", None, np.squeeze,
             lambda g, y, x, axis: reshape(g, shape_of(x)),
             tex="{0}", params={"axis": None}, cases=[(((2, 1, 3),), {}), (((1, 2, 1),), {"axis": 0})],
             linear=True)
broadcast_to = Op("broadcast_to", None, _broadcast_to,
                  lambda g, y, x, shape, subok: g,       # summed over the copies where all broadcasting is
                  tex=r"\operatorname{{broadcast}} {0}", params={"shape": (), "subok": False},
                  cases=[(((3,),), {"shape": (2, 3)}), (((2, 1),), {"shape": (4, 2, 3)})],
                  linear=True)
sum_to = Op("sum_to", None, _sum_to,
            lambda g, y, x, shape: broadcast_to(g, shape_of(x)),
            method=False, tex=r"\sum {0}", symbol="Σ", params={"shape": ()},
            cases=[(((4, 2, 3),), {"shape": (2, 1)}), (((2, 3),), {"shape": ()})],
            linear=True)
_JOINING: dict[str, Any] = {"axis": 0, "out": None, "dtype": None, "casting": "same_kind"}
concatenate = Op("concatenate", None, _concatenate,
                 Each(lambda i, g, y, *xs, axis, **_: _from_slice(i, g, xs, axis)),
                 method=False, tex=r"\operatorname{{concatenate}}({0}, \ldots)", symbol="concat", params=_JOINING,
                 cases=[(((2, 3), (1, 3)), {}), (((2, 3), (2, 1), (2, 2)), {"axis": -1}),
                        (((2, 2), (3,)), {"axis": None})],
                 linear=True)
stack = Op("stack", None, _stack,
           Each(lambda i, g, y, *xs, axis, **_: _from_stack(i, g, axis)),
           method=False, tex=r"\operatorname{{stack}}({0}, \ldots)", params=_JOINING,
           cases=[(((2, 3), (2, 3)), {}), (((2,), (2,), (2,)), {"axis": -1})],
           linear=True)
flip = Op("flip", None, np.flip,
          lambda g, y, x, axis: flip(g, axis=axis),
          tex=r"\operatorname{{flip}} {0}", params={"axis": None},
          cases=[(((2, 3),), {}), (((2, 3),), {"axis": 1})],
          linear=True)
roll = Op("roll", None, np.roll,
          lambda g, y, x, shift, axis: roll(g, _unroll(shift), axis=axis),
          tex=r"\operatorname{{roll}} {0}", params={"shift": 1, "axis": None},
          cases=[(((2, 3),), {"shift": 2}), (((2, 3),), {"shift": (1, -1), "axis": (0, 1)})],
          linear=True)
tile = Op("tile", None, np.tile,
          lambda g, y, x, reps: _untile(g, x, reps),
          tex=r"\operatorname{{tile}} {0}", params={"reps": 1},
          cases=[(((2, 3),), {"reps": 2}), (((3,),), {"reps": (2, 2)}), (((2, 1, 3),), {"reps": (2, 1)})],
          linear=True)
astype = Op("astype", None, _astype,
            lambda g, y, x, dtype, **_: astype(g, dtype_of(x)),
            tex="{0}", params={"dtype": float, "order": "K", "casting": "unsafe", "subok": True, "copy": True,
                               "device": None}, cases=[(((2, 3),), {"dtype": float})])
copy = Op("copy", None, _copy,
          lambda g, y, x, order, subok: g,
          tex="{0}", params={"order": "K", "subok": False}, cases=[(((2, 3),), {})],
          linear=True)


def as_array(x: Any) -> Any:
    """A list or tuple as an array, or a Tensor where nodes are in it; anything else as it is."""
    if not isinstance(x, (list, tuple)):
        return x
    return stack(x) if any(CARRIERS[type(e)][0] not in (0, ARRAY_RANK) for e in x) else np.asarray(x)
