"""Recurrent layers: RNN, LSTM and GRU, with PyTorch's names, gates and defaults."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from .. import ops
from ..core.options import between_0_and_1, choice, flag, float_dtype, whole_number
from ..core.random import Rng, generator
from ..core.tensor import Tensor
from ..errors import DataError, DTypeError, ShapeError, UsageError
from ..ops import shape_of
from ..ops._arguments import affordable
from ..ops._refusal import shown_in_error
from . import init as initialisers
from ._images import image_batch
from ._inputs import traced
from .dropout import Dropout
from .linear import projected
from .module import Module

Array = np.ndarray[Any, Any]
LAYER = 10**5             # a layer costs as much time as that many numbers, however small it is


class _Recurrent(Module):
    """What the recurrent layers share: weights, directions, layers, lengths."""

    gates: ClassVar[int]
    states: ClassVar[tuple[str, ...]] = ("h",)

    def __init__(self, input_size: int, hidden_size: int, num_layers: int, bias: bool, batch_first: bool,
                 dropout: float, bidirectional: bool, rng: Rng, dtype: Any) -> None:
        name = type(self).__name__
        self.input_size = whole_number(f"{name}: input_size", input_size)
        self.hidden_size = whole_number(f"{name}: hidden_size", hidden_size)
        self.num_layers = whole_number(f"{name}: num_layers", num_layers)
        self.bias, self.batch_first = flag(f"{name}: bias", bias), flag(f"{name}: batch_first", batch_first)
        self.bidirectional = flag(f"{name}: bidirectional", bidirectional)
        self.dropout, rng = between_0_and_1(f"{name}: dropout", dropout), generator(rng)
        dtype, bias, num_layers = float_dtype(f"{name}: dtype", dtype), self.bias, self.num_layers
        affordable(name, num_layers, self._ways, self.gates * hidden_size, max(input_size, hidden_size))
        affordable(f"{name}: num_layers", num_layers, LAYER)
        bound, rows = 1 / math.sqrt(hidden_size), self.gates * hidden_size
        for layer in range(num_layers):
            features = input_size if layer == 0 else hidden_size * self._ways
            for way in range(self._ways):
                shapes = {"weight_ih": (rows, features), "weight_hh": (rows, hidden_size),
                          **({"bias_ih": (rows,), "bias_hh": (rows,)} if bias else {})}
                for part, shape in shapes.items():
                    own = f"{part}_l{layer}{'_reverse' * way}"
                    start = initialisers.uniform(shape, -bound, bound, rng=rng, dtype=dtype)
                    setattr(self, own, Tensor(start, dtype=dtype, name=own))
        between = Dropout(dropout, rng=rng)
        if dropout:
            if num_layers == 1:
                raise UsageError(f"{name}: dropout={dropout:g} acts between layers, and there is one layer only\n"
                                 "  help: num_layers=2, or nn.Dropout after the layer")
            self.between = between

    def forward(self, x: Any, hx: Any = None, lengths: Any = None) -> tuple[Any, Any]:
        """The output of the last layer at each step, and the state after the last step of each layer.

        x           (time, batch, input_size); (batch, time, input_size) with batch_first; or (time, input_size)
        hx          the first state, of shape (layers * directions, batch, hidden_size), without a batch
                    (layers * directions, hidden_size); for an LSTM the pair of state and cell. Zeros by default
        lengths     (batch,) integers from 1 to time: how many steps of each sequence count. Beyond them the output
                    is 0; the last state is that after the last step that counts, and backwards starts there
        """
        x, single = self._sequences(x)
        time, batch = shape_of(x)[:2]
        starts = self._starts(hx, batch, single)
        counts = None if lengths is None else self._counts(lengths, time, batch)
        finals: list[list[Any]] = [[] for _ in self.states]
        for layer in range(self.num_layers):
            found = []
            for way in range(self._ways):
                k = layer * self._ways + way
                weights = [getattr(self, f"{part}_l{layer}{'_reverse' * way}", None)
                           for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
                runs = self._run(_turned(x, counts) if way else x, *weights, *[start[k] for start in starts])
                for kept, run in zip(finals, runs):
                    kept.append(run[-1] if counts is None else _rows(run, (counts - 1) * batch + np.arange(batch)))
                found.append(_turned(runs[0], counts) if way else runs[0])
            x = found[0] if len(found) == 1 else ops.concatenate(found, axis=2)
            if counts is not None:
                x = ops.where((np.arange(time)[:, None] < counts)[..., None], x, 0.0)
            if self.dropout and layer < self.num_layers - 1:
                x = self.between(x)
        last = [ops.stack(kept) for kept in finals]
        if single:
            x, last = x[:, 0], [state[:, 0] for state in last]
        elif self.batch_first:
            x = ops.transpose(x, (1, 0, 2))
        return x, last[0] if len(last) == 1 else tuple(last)

    def _run(self, x: Any, w: Any, u: Any, b: Any, b_h: Any, *start: Any) -> tuple[Any, ...]:
        """Each state after each step (time, batch, hidden_size), from a sequence and the first state."""
        raise NotImplementedError

    # --- what is taken --------------------------------------------------------------------------
    @property
    def _ways(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _dtype(self) -> Any:
        return getattr(self, "weight_ih_l0").dtype      # noqa: B009  (the name is made in __init__)

    def _sequences(self, x: Any) -> tuple[Any, bool]:
        """x as (time, batch, features), and whether there was no batch."""
        x = image_batch(self, x, self._dtype)
        shape = shape_of(x)
        order = "batch, time" if self.batch_first else "time, batch"
        if len(shape) not in (2, 3) or shape[-1] != self.input_size or not shape[self.batch_first and len(shape) == 3]:
            raise ShapeError(f"{type(self).__name__}({self.extra_repr()}) takes sequences of shape ({order}, "
                             f"{self.input_size}) or (time, {self.input_size}) of 1 step or more, and this has "
                             f"shape {shape}")
        if len(shape) == 2:
            return ops.reshape(x, (shape[0], 1, shape[1])), True
        return (ops.transpose(x, (1, 0, 2)) if self.batch_first else x), False

    def _starts(self, hx: Any, batch: int, single: bool) -> list[Any]:
        shape = (self.num_layers * self._ways, batch, self.hidden_size)
        if hx is None:
            return [np.zeros(shape, self._dtype)] * len(self.states)
        given = [hx] if len(self.states) == 1 else list(hx) if isinstance(hx, (list, tuple)) else []
        if len(given) != len(self.states):
            raise UsageError(f"{type(self).__name__}: hx is the pair (state, cell), not {shown_in_error(hx)}")
        found = []
        for state in given:
            state = image_batch(self, state, self._dtype)
            want = (shape[0], self.hidden_size) if single else shape
            if shape_of(state) != want:
                raise ShapeError(f"{type(self).__name__}: the first state has shape (layers * directions, batch, "
                                 f"hidden_size), here {want}, and this one {shape_of(state)}")
            found.append(ops.reshape(state, shape))
        return found

    def _counts(self, lengths: Any, time: int, batch: int) -> Array:
        counts = np.asarray(lengths)
        if traced(lengths) or counts.dtype.kind not in "iu":
            raise DTypeError(f"{type(self).__name__}: lengths are integers, and these are of {counts.dtype}")
        if counts.shape != (batch,):
            raise ShapeError(f"{type(self).__name__}: lengths has one number for each of the {batch} sequences, and "
                             f"this has shape {counts.shape}")
        if batch and (counts.min() < 1 or counts.max() > time):
            raise DataError(f"{type(self).__name__}: lengths from {counts.min()} to {counts.max()}, and a sequence has "
                            f"1 to {time} steps")
        return counts

    def extra_repr(self) -> str:
        said = [f"{self.input_size}, {self.hidden_size}"]
        said += [f"num_layers={self.num_layers}"] * (self.num_layers > 1) + ["bias=False"] * (not self.bias)
        said += ["batch_first=True"] * self.batch_first + [f"dropout={self.dropout:g}"] * bool(self.dropout)
        said += ["bidirectional=True"] * self.bidirectional
        return ", ".join(said)


class LSTM(_Recurrent):
    """Long short-term memory: a cell c that gates write to, forget and read.

        i, f, o = sigmoid(W_i x + U_i h + b_i), ...     g = tanh(W_g x + U_g h + b_g)
        c' = f c + i g                                  h' = o tanh(c')

    weight_ih_l0    (4 hidden_size, input_size), the gates in the order i, f, g, o; weight_hh_l0
                    (4 hidden_size, hidden_size); bias_ih_l0 and bias_hh_l0 (4 hidden_size,), which add up:
                    `requires_grad_(False, "bias_hh_l0")` holds one of them fixed.
                    Layer k has ..._lk, the way backwards ..._lk_reverse. All start uniform on
                    +-1/sqrt(hidden_size)
    num_layers      each layer reads the outputs of the one below
    bidirectional   a second run from the end; its outputs stand behind those of the first
    dropout         between the layers, while training
    rng             a seed, a numpy.random.Generator or None

    `layer(x, hx, lengths)` gives (output, (h_n, c_n)): see forward. A layer and direction is one op,
    `ops.lstm`. Raises ShapeError for other shapes and empty sequences, DataError for lengths that are out
    of range, UsageError for arguments of the wrong kind. Source: Hochreiter & Schmidhuber 1997, Gers et al. 2000.

    >>> from autograd_nn import nn
    >>> output, (h, c) = nn.LSTM(3, 5, num_layers=2, rng=0)(np.ones((7, 4, 3)))
    >>> output.shape, h.shape, bool((output.data[-1] == h.data[-1]).all())
    ((7, 4, 5), (2, 4, 5), True)
    """

    gates, states = 4, ("h", "c")

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
                 batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, *, rng: Rng = None,
                 dtype: Any = np.float32) -> None:
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, rng, dtype)

    def _run(self, x: Any, w: Any, u: Any, b: Any, b_h: Any, *start: Any) -> tuple[Any, ...]:
        both = ops.lstm(x, w, u, np.zeros(shape_of(w)[0], w.dtype) if b is None else b + b_h, *start)
        return both[0], both[1]


class RNN(_Recurrent):
    """The plain recurrent layer: h' = tanh(W x + b_ih + U h + b_hh).

    nonlinearity    "tanh" or "relu"

    `layer(x, hx, lengths)` gives (output, h_n). Parameters, shapes, options and errors as for LSTM, with
    one gate. Source: Elman 1990.

    >>> from autograd_nn import nn
    >>> output, h = nn.RNN(3, 5, bidirectional=True, rng=0)(np.ones((7, 4, 3)), lengths=[7, 2, 3, 1])
    >>> output.shape, h.shape, output.data[2:, 1].any()
    ((7, 4, 10), (2, 4, 5), np.False_)
    """

    gates = 1

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh",
                 bias: bool = True, batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, *,
                 rng: Rng = None, dtype: Any = np.float32) -> None:
        self.nonlinearity = choice("RNN: nonlinearity", nonlinearity, ("tanh", "relu"))
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, rng, dtype)

    def _run(self, x: Any, w: Any, u: Any, b: Any, b_h: Any, *start: Any) -> tuple[Any, ...]:
        bend, h, found = ops.tanh if self.nonlinearity == "tanh" else ops.relu, start[0], []
        for z in _steps(projected(x, w, None if b is None else b + b_h)):
            h = bend(z + h @ u.T)
            found.append(h)
        return (ops.stack(found),)

    def extra_repr(self) -> str:
        return super().extra_repr() + ", nonlinearity='relu'" * (self.nonlinearity == "relu")


class GRU(_Recurrent):
    """The gated recurrent unit: a state that one gate resets and another one mixes with what is new.

        r, z = sigmoid(W_r x + b_r + U_r h + c_r), ...
        n = tanh(W_n x + b_n + r (U_n h + c_n))         h' = (1 - z) n + z h

    `layer(x, hx, lengths)` gives (output, h_n). Parameters, shapes, options and errors as for LSTM, with
    three gates in the order r, z, n. Source: Cho et al. 2014; the reset stands outside U_n h, as in PyTorch.

    >>> from autograd_nn import nn
    >>> output, h = nn.GRU(3, 5, batch_first=True, rng=0)(np.ones((4, 7, 3)))
    >>> output.shape, h.shape
    ((4, 7, 5), (1, 4, 5))
    """

    gates = 3

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
                 batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, *, rng: Rng = None,
                 dtype: Any = np.float32) -> None:
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, rng, dtype)

    def _run(self, x: Any, w: Any, u: Any, b: Any, b_h: Any, *start: Any) -> tuple[Any, ...]:
        n, h, found = self.hidden_size, start[0], []
        for new in _steps(projected(x, w, b)):
            old = projected(h, u, b_h)
            both = ops.sigmoid(new[:, :2 * n] + old[:, :2 * n])
            reset, keep = both[:, :n], both[:, n:]
            fresh = ops.tanh(new[:, 2 * n:] + reset * old[:, 2 * n:])
            h = fresh + keep * (h - fresh)
            found.append(h)
        return (ops.stack(found),)


def _steps(x: Any) -> list[Any]:
    """x[0], x[1] ..., by halving: the gradient of a slice is as large as what it was cut from."""
    n = shape_of(x)[0]
    return [x[0]] if n == 1 else _steps(x[:n // 2]) + _steps(x[n // 2:])


def _rows(x: Any, places: Array) -> Any:
    """x (time, batch, features) at places counted through time and batch."""
    return ops.reshape(x, (-1, shape_of(x)[-1]))[places]


def _turned(x: Any, counts: Array | None) -> Any:
    """Each sequence from its end; what stands beyond its length stays there."""
    if counts is None:
        return x[::-1]
    time, batch, _ = shape_of(x)
    t = np.arange(time)[:, None]
    places = np.where(t < counts, counts - 1 - t, t) * batch + np.arange(batch)
    return ops.reshape(_rows(x, places.ravel()), shape_of(x))
