"""Shape: what moves, copies and casts elements and computes nothing.

Each entry is linear, so its rule is its adjoint: what goes back where it came from, summed where one
element went to several places.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import DTypeError, ShapeError, UsageError
from .._arguments import as_array, axis_of, c_order, dtype_of, numpys_errors
from .._function import composed
from .._lanes import Lanes, among, as_shape, axes_in, by_axes, over_stacks, shaped
from .._op import Op, shape_of


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


def _unroll(shift: Any) -> Any:
    return tuple(-s for s in shift) if isinstance(shift, (tuple, list)) else -shift


# --- in many lanes --------------------------------------------------------------------------------

def _reshaped(op: Op, lanes: Lanes) -> Any:
    shape, n = as_shape(lanes.params["shape"]), math.prod(lanes.shape(0))
    if -1 in shape:
        rest = -math.prod(shape)
        shape = tuple(n // (rest or 1) if k == -1 else k for k in shape)
    if math.prod(shape) != n:                            # said of a lane, without the axis that it does not see
        raise ShapeError(f"reshape: {lanes.shape(0)} in each lane cannot take the shape {lanes.params['shape']}")
    return op(lanes.xs[0], **{**lanes.params, "shape": (lanes.size, *shape)})


def _transposed(op: Op, lanes: Lanes) -> Any:
    axes, n = lanes.params["axes"], lanes.ndim(0)
    return op(lanes.xs[0], axes=(0, *(range(n, 0, -1) if axes is None else axes_in(op, tuple(axes), n))))


def _expanded(op: Op, lanes: Lanes) -> Any:
    axis = lanes.params["axis"]
    new = len(axis) if isinstance(axis, (tuple, list)) else 1
    return op(lanes.xs[0], axis=axes_in(op, axis, lanes.ndim(0) + new))


def _squeezed(op: Op, lanes: Lanes) -> Any:
    axis, shape = lanes.params["axis"], lanes.shape(0)
    if axis is None:
        axis = tuple(i for i, n in enumerate(shape) if n == 1)
    return op(lanes.xs[0], axis=axes_in(op, axis, len(shape)))


def _broadcast(op: Op, lanes: Lanes) -> Any:
    shape = as_shape(lanes.params["shape"])
    return op(among(lanes.xs[0], max(len(shape), lanes.ndim(0))), **{**lanes.params, "shape": (lanes.size, *shape)})


def _summed_to(op: Op, lanes: Lanes) -> Any:
    shape = lanes.params["shape"]
    kept = (lanes.size, *(1,) * (lanes.ndim(0) - len(shape)), *shape)
    return shaped(op(lanes.xs[0], shape=kept), (lanes.size, *shape))


def _rolled(op: Op, lanes: Lanes) -> Any:
    shift, axis, shape = lanes.params["shift"], lanes.params["axis"], lanes.shape(0)
    if axis is None:
        return shaped(op(shaped(lanes.xs[0], (lanes.size, math.prod(shape))), shift, axis=1), (lanes.size, *shape))
    return op(lanes.xs[0], shift, axis=axes_in(op, axis, len(shape)))


# --- the entries ----------------------------------------------------------------------------------

reshape = Op("reshape", None, _reshape,
             lambda g, y, x, shape, order, copy: reshape(g, shape_of(x)),
             tex=r"\operatorname{{reshape}} {0}", params={"shape": -1, "order": "C", "copy": None},
             cases=[(((2, 3),), {"shape": (3, 2)}), (((2, 3),), {"shape": -1})],
             linear=True, lanes=_reshaped)
transpose = Op("transpose", None, np.transpose,
               lambda g, y, x, axes: transpose(g, _inverse(axes)),
               text="{0}ᵀ",
               tex=r"{0}^{{\top}}", symbol="ᵀ", params={"axes": None},
               cases=[(((2, 3),), {}), (((2, 3, 4),), {"axes": (2, 0, 1)}), (((2, 3, 4),), {"axes": (-1, 0, 1)})],
               linear=True, lanes=_transposed)
swapaxes = Op("swapaxes", None, np.swapaxes,
              lambda g, y, x, axis1, axis2: swapaxes(g, axis1, axis2),
              text="{0}ᵀ",
              tex=r"{0}^{{\top}}", params={"axis1": -1, "axis2": -2},
              cases=[(((2, 3, 4),), {"axis1": 0, "axis2": 2})],
              linear=True, lanes=by_axes("axis1", "axis2"))
moveaxis = Op("moveaxis", None, np.moveaxis,
              lambda g, y, x, source, destination: moveaxis(g, destination, source),
              tex=r"\operatorname{{moveaxis}} {0}", params={"source": 0, "destination": -1},
              cases=[(((2, 3, 4),), {"source": 0, "destination": -1}),
                     (((2, 3, 4),), {"source": (0, 1), "destination": (-1, 0)})],
              linear=True, lanes=by_axes("source", "destination"))
expand_dims = Op("expand_dims", None, np.expand_dims,
                 lambda g, y, x, axis: reshape(g, shape_of(x)),
                 tex="{0}", params={"axis": 0}, cases=[(((2, 3),), {"axis": 1}), (((2,),), {"axis": (0, -1)})],
                 linear=True, lanes=_expanded)
squeeze = Op("squeeze", None, np.squeeze,
             lambda g, y, x, axis: reshape(g, shape_of(x)),
             tex="{0}", params={"axis": None}, cases=[(((2, 1, 3),), {}), (((1, 2, 1),), {"axis": 0})],
             linear=True, lanes=_squeezed)
broadcast_to = Op("broadcast_to", None, _broadcast_to,
                  lambda g, y, x, shape, subok: g,       # summed over the copies where all broadcasting is
                  tex=r"\operatorname{{broadcast}} {0}", params={"shape": (), "subok": False},
                  cases=[(((3,),), {"shape": (2, 3)}), (((2, 1),), {"shape": (4, 2, 3)})],
                  linear=True, lanes=_broadcast)
sum_to = Op("sum_to", None, _sum_to,
            lambda g, y, x, shape: broadcast_to(g, shape_of(x)),
            text="sum",
            internal=True, tex=r"\sum {0}", symbol="Σ", params={"shape": ()},
            cases=[(((4, 2, 3),), {"shape": (2, 1)}), (((2, 3),), {"shape": ()})],
            linear=True, lanes=_summed_to)
flip = Op("flip", None, np.flip,
          lambda g, y, x, axis: flip(g, axis=axis),
          tex=r"\operatorname{{flip}} {0}", params={"axis": None},
          cases=[(((2, 3),), {}), (((2, 3),), {"axis": 1})],
          linear=True, lanes=by_axes("axis"))
roll = Op("roll", None, np.roll,
          lambda g, y, x, shift, axis: roll(g, _unroll(shift), axis=axis),
          tex=r"\operatorname{{roll}} {0}", params={"shift": 1, "axis": None},
          cases=[(((2, 3),), {"shift": 2}), (((2, 3),), {"shift": (1, -1), "axis": (0, 1)})],
          linear=True, lanes=_rolled)
astype = Op("astype", None, _astype,
            lambda g, y, x, dtype, **_: astype(g, dtype_of(x)),
            tex="{0}", params={"dtype": float, "order": "K", "casting": "unsafe", "subok": True, "copy": True,
                               "device": None}, cases=[(((2, 3),), {"dtype": float})],
            jvps=(lambda t, y, x, dtype, **_: astype(t, dtype_of(y)),), lanes=over_stacks)
copy = Op("copy", None, _copy,
          lambda g, y, x, order, subok: g,
          tex="{0}", params={"order": "K", "subok": False}, cases=[(((2, 3),), {})],
          linear=True, lanes=over_stacks)


# --- composed of these ----------------------------------------------------------------------------

def at_least(name: str, x: Any, n: int) -> Any:
    """x as an array; a ShapeError where it has fewer than n axes."""
    x = as_array(x)
    if len(shape_of(x)) < n:
        raise ShapeError(f"{name}: needs an array of {n} or more axes, and this has shape {shape_of(x)}")
    return x


@composed(np.ravel, method=True, cases=[(((2, 3),), {}), (((),), {})])
def ravel(a: Any, order: str = "C") -> Any:
    """All elements in one row, the last axis running fastest.

    >>> ravel([[1.0, 2.0], [3.0, 4.0]]).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    c_order("ravel", order)
    return reshape(as_array(a), -1)


@composed(method=True, cases=[(((2, 3),), {})])
def flatten(a: Any, order: str = "C") -> Any:
    """All elements in one row: the method of that name; `ravel` is the same."""
    return ravel(a, order)


@composed(np.matrix_transpose, cases=[(((2, 3, 4),), {})])
def matrix_transpose(x: Any, /) -> Any:
    """The last two axes exchanged: each matrix of a stack transposed. Also the property `.mT`.

    >>> matrix_transpose([[1.0, 2.0]]).tolist()
    [[1.0], [2.0]]
    """
    return swapaxes(at_least("matrix_transpose", x, 2), -1, -2)


@composed(np.rollaxis, cases=[(((2, 3, 4),), {"axis": 2}), (((2, 3, 4),), {"axis": 0, "start": 2}),
                              (((2, 3, 4),), {"axis": -1, "start": -2}), (((2, 3),), {"axis": 1, "start": 1})])
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """The axis moved back until it lies before axis `start`; moveaxis says the same more clearly."""
    a = as_array(a)
    n, axis = len(shape_of(a)), axis_of("rollaxis", a, axis)
    start = n if start == n else axis_of("rollaxis", a, start)
    rest = [i for i in range(n) if i != axis]
    start -= axis < start
    return transpose(a, (*rest[:start], axis, *rest[start:]))


@composed(np.broadcast_arrays, cases=[(((2, 1), (3,)), {}), (((2,),), {})])
def broadcast_arrays(*args: Any, subok: bool = False) -> Any:
    """The arrays, each repeated to the shape that all of them have together; as a tuple."""
    arrays = [as_array(a) for a in args]
    with numpys_errors("broadcast_arrays", *arrays):
        shape = np.broadcast_shapes(*map(shape_of, arrays))
    return tuple(a if shape_of(a) == shape != () else broadcast_to(a, shape) for a in arrays)


def _with_axes(arrays: Sequence[Any], shape: Any) -> Any:
    """Each array in `shape(its shape)`; a single one by itself, several as a tuple."""
    made = tuple(reshape(a, shape(shape_of(a))) for a in map(as_array, arrays))
    return made[0] if len(made) == 1 else made


@composed(np.atleast_1d, cases=[(((),), {}), (((2,), ()), {})])
def atleast_1d(*arys: Any) -> Any:
    """The array with one axis at least; of several arrays a tuple.

    >>> atleast_1d(3.0).shape
    (1,)
    """
    return _with_axes(arys, lambda s: s or (1,))


@composed(np.atleast_2d, cases=[(((),), {}), (((3,), (2, 2)), {})])
def atleast_2d(*arys: Any) -> Any:
    """The array with two axes at least, new ones in front; of several arrays a tuple."""
    return _with_axes(arys, lambda s: (1,) * (2 - len(s)) + s)


@composed(np.atleast_3d, cases=[(((),), {}), (((3,), (2, 3)), {}), (((1, 2, 3),), {})])
def atleast_3d(*arys: Any) -> Any:
    """The array with three axes at least: (n,) becomes (1, n, 1), (m, n) becomes (m, n, 1)."""
    return _with_axes(arys, lambda s: (1,) * (2 - len(s)) + s + (1,) if len(s) < 3 else s)


@composed(np.fliplr, cases=[(((2, 3),), {})])
def fliplr(m: Any) -> Any:
    """The elements in reverse order along the second axis."""
    return flip(at_least("fliplr", m, 2), axis=1)


@composed(np.flipud, cases=[(((2, 3),), {}), (((3,),), {})])
def flipud(m: Any) -> Any:
    """The elements in reverse order along the first axis."""
    return flip(at_least("flipud", m, 1), axis=0)


@composed(np.rot90, cases=[(((2, 3),), {}), (((2, 3),), {"k": 2}), (((2, 3, 2),), {"k": -1, "axes": (2, 0)}),
                           (((2, 3),), {"k": 4})])
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """The array turned k times by a right angle in the plane of two axes, from the first towards the second."""
    m = at_least("rot90", m, 2)
    if len(tuple(axes)) != 2:
        raise ShapeError(f"rot90: a plane has two axes, not {axes!r}")
    first, second = (axis_of("rot90", m, axis) for axis in axes)
    if first == second:
        raise ShapeError(f"rot90: the two axes of the plane must differ, and both are axis {first}")
    match k % 4:
        case 0:
            return flip(m, axis=())
        case 1:
            return swapaxes(flip(m, axis=second), first, second)
        case 2:
            return flip(m, axis=(first, second))
    return flip(swapaxes(m, first, second), axis=second)


@composed(np.meshgrid, cases=[(((2,), (3,)), {}), (((2,), (3,), (2,)), {"indexing": "ij"}),
                              (((2,), (3,)), {"sparse": True}), (((), (3,)), {}), (((3,),), {})])
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    """The coordinates of a grid, one array for each axis, from the coordinates along the axes; as a tuple.

    indexing="xy" puts the first coordinate along the second axis, "ij" along the first; sparse=True
    leaves length 1 in the other axes.

    >>> [g.tolist() for g in meshgrid([1.0, 2.0], [5.0])]
    [[[1.0, 2.0]], [[5.0, 5.0]]]
    """
    if indexing not in ("xy", "ij"):
        raise UsageError(f"meshgrid: indexing={indexing!r} is neither 'xy' nor 'ij'")
    places = list(range(len(xi)))
    if indexing == "xy" and len(xi) > 1:
        places[:2] = 1, 0
    grids = tuple(reshape(as_array(x), (1,) * place + (-1,) + (1,) * (len(xi) - place - 1))
                  for x, place in zip(xi, places))
    return grids if sparse else broadcast_arrays(*grids)
