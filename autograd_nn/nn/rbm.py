"""The restricted Boltzmann machine: units of two layers, and how likely it finds a row of data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..core.node import data_of
from ..core.options import choice, float_dtype, whole_number
from ..core.random import Rng, generator
from ..core.tensor import Tensor
from ..errors import DataError, UsageError
from ..ops._arguments import affordable
from ._inputs import of_values, rows, traced, without_values
from .module import Module

Array = np.ndarray[Any, Any]
UNITS = ("bernoulli", "gaussian")
COUNTABLE = 20       # units of a layer: log_partition goes through all 2^units states, so one more doubles its time


class RBM(Module):
    """Visible units v and hidden units h with the energy E(v, h) = -h . W v - b . v - c . h, and p = exp(-E) / Z.

    weight W (hidden, visible), visible_bias b, hidden_bias c; W starts normal with deviation 0.01, b and c at 0.

    visible, hidden     "bernoulli": a unit is 0 or 1; "gaussian": a real number of variance 1 about its mean
                        (for visible data that is standardised), with (v - b)^2 / 2 in place of -b v, and
                        h^2 / 2 - c h of a hidden one. Not both: their density need not have a finite sum
    rng                 draws the start and every sample after it

    Given one layer, the units of the other are independent: p(h = 1 | v) = sigmoid(W v + c), and a Gaussian
    unit has the mean W v + c. Summed over h, a row has the free energy F(v), and p(v) = exp(-F(v)) / Z.

    Training lowers F on the data and raises it on samples of the model: `contrastive_divergence` is that
    difference as a loss. Its gradient is the textbook's <v h>_data - <v h>_model, found by backpropagation
    through F, so any optimizer will do.

    Raises UsageError for other kinds of units, ShapeError for rows of another size.
    Source: G. Hinton, Training products of experts by minimizing contrastive divergence, 2002.

    >>> import numpy as np
    >>> from autograd_nn import nn, optim
    >>> machine = nn.RBM(4, 2, rng=0)
    >>> data = np.array([[1, 1, 0, 0], [0, 0, 1, 1]] * 8)
    >>> optimizer = optim.SGD(machine.parameters(), lr=0.5)
    >>> for _ in range(500):
    ...     optimizer.zero_grad()
    ...     machine.contrastive_divergence(data).backward()
    ...     optimizer.step()
    >>> bool(np.exp(machine.log_likelihood(data)) > 0.3)       # of 16 states, half the time each of these two
    True
    """

    def __init__(self, visible_units: int, hidden_units: int, *, visible: str = "bernoulli", hidden: str = "bernoulli",
                 rng: Rng = None, dtype: Any = np.float32) -> None:
        self.visible_units = whole_number("RBM: visible_units", visible_units)
        self.hidden_units = whole_number("RBM: hidden_units", hidden_units)
        choice("RBM: visible", visible, UNITS)
        choice("RBM: hidden", hidden, UNITS)
        if visible == hidden == "gaussian":
            raise UsageError("RBM: only one layer may be gaussian, and visible and hidden are")
        affordable("RBM", self.hidden_units, self.visible_units)
        dtype = float_dtype("RBM: dtype", dtype)
        self.visible_kind, self.hidden_kind = visible, hidden
        self.rng = generator(rng)
        start = self.rng.normal(0, 0.01, (self.hidden_units, self.visible_units))
        self.weight = Tensor(start, dtype=dtype, name="weight")
        self.visible_bias = Tensor(np.zeros(self.visible_units), dtype=dtype, name="visible_bias")
        self.hidden_bias = Tensor(np.zeros(self.hidden_units), dtype=dtype, name="hidden_bias")
        self._chain: Array | None = None

    # --- one layer given the other --------------------------------------------------------------
    def hidden(self, v: Any) -> Any:
        """The mean of each hidden unit given rows v (..., visible): p(h = 1 | v) of Bernoulli units."""
        x = ops.linear(self._rows(v), self.weight, self.hidden_bias)
        return ops.sigmoid(x) if self.hidden_kind == "bernoulli" else x

    def visible(self, h: Any) -> Any:
        """The mean of each visible unit given rows h (..., hidden)."""
        x = ops.linear(_plain(h if traced(h) else of_values(h), self.weight.dtype), self.weight.T, self.visible_bias)
        return ops.sigmoid(x) if self.visible_kind == "bernoulli" else x

    def forward(self, v: Any) -> Any:
        """`hidden(v)`: the features that the machine finds in rows v."""
        return self.hidden(v)

    def reconstruct(self, v: Any) -> Any:
        """The mean of v after one way up and down, through the means of the hidden units."""
        return self.visible(self.hidden(v))

    def sample(self, v: Any, steps: int = 1) -> Array:
        """Rows after `steps` steps of Gibbs sampling from rows v. A step draws h given v, then v given h.

        An array (rows, visible) of samples; no gradient passes a draw.
        """
        state = np.asarray(data_of(self._rows(v)))
        for _ in range(whole_number("steps", steps)):
            h = self._draw(data_of(self.hidden(state)), self.hidden_kind)
            state = self._draw(data_of(self.visible(h)), self.visible_kind)
        return state

    # --- energy and likelihood ------------------------------------------------------------------
    def free_energy(self, v: Any) -> Any:
        """F(v) = -log sum_h exp(-E(v, h)) of each row (..., visible); a Tensor (...), differentiable.

        For Bernoulli units -b . v - sum_j softplus(W v + c)_j.
        """
        v = self._rows(v)
        x = ops.linear(v, self.weight, self.hidden_bias)
        if self.hidden_kind == "bernoulli":
            hidden = ops.sum(ops.softplus(x), axis=-1)
        else:
            hidden = ops.sum(0.5 * ops.square(x) + 0.5 * math.log(2 * math.pi), axis=-1)
        if self.visible_kind == "bernoulli":
            return -(v @ self.visible_bias) - hidden
        return 0.5 * ops.sum(ops.square(v - self.visible_bias), axis=-1) - hidden

    def log_partition(self) -> float:
        """log Z, exactly, by going through all states of one Bernoulli layer: for machines that are tiny.

        Raises UsageError where the smaller Bernoulli layer has more than 20 units.
        """
        counts = [(n, layer) for n, kind, layer in ((self.visible_units, self.visible_kind, "visible"),
                                                    (self.hidden_units, self.hidden_kind, "hidden"))
                  if kind == "bernoulli"]
        n, layer = min(counts)
        if n > COUNTABLE:
            raise UsageError(f"RBM.log_partition goes through the 2^{n} states of the {layer} units, and that is too "
                             f"many\n  help: it is exact, and for layers of at most {COUNTABLE} units")
        states = (np.arange(2 ** n)[:, None] >> np.arange(n)) & 1
        energies = np.asarray((self._mirror() if layer == "hidden" else self).free_energy(states).data, dtype=float)
        if self.visible_kind == "gaussian":                     # (v - b)^2 / 2 is v^2 / 2 - b v, and b^2 / 2 more
            energies = energies + 0.5 * np.sum(np.square(self.visible_bias.data, dtype=float))
        return float(np.logaddexp.reduce(-energies))

    def log_likelihood(self, v: Any) -> float:
        """The mean of log p(v) over rows, exactly; see log_partition."""
        return float(-np.mean(np.asarray(data_of(self.free_energy(v)), dtype=float)) - self.log_partition())

    # --- training -------------------------------------------------------------------------------
    def contrastive_divergence(self, v: Any, steps: int = 1, *, persistent: bool = False) -> Any:
        """The loss mean F(v) - mean F(sample), a Tensor (): CD-k, with `steps` of Gibbs sampling from v.

        persistent      sample from where the last call left off and not from the data (PCD, Tieleman 2008);
                        the first call, and one with another number of rows, starts at the data. Where the
                        chain is, is no part of state_dict(), so a run that goes on from a file starts it anew

        The samples are constants. The loss is no measure of progress: `log_likelihood` is, or the
        `reconstruction_error`. Raises DataError for Bernoulli rows outside 0 to 1, ShapeError for no rows.
        """
        v = np.asarray(data_of(self._rows(v)))
        if v.ndim != 2 or not len(v):
            raise DataError(f"RBM: a batch has shape (rows, {self.visible_units}) and a row at least, not {v.shape}")
        start = self._chain if persistent and self._chain is not None and self._chain.shape == v.shape else v
        model = self.sample(start, steps)
        if persistent:
            self._chain = model
        return ops.mean(self.free_energy(v)) - ops.mean(self.free_energy(model))

    def reconstruction_error(self, v: Any) -> float:
        """The mean squared difference between rows and their reconstruction."""
        v = np.asarray(data_of(self._rows(v)))
        return float(np.mean((v - data_of(self.reconstruct(v))) ** 2))

    # --- helpers --------------------------------------------------------------------------------
    def _rows(self, v: Any) -> Any:
        v = _plain(rows(self, without_values(self, v), self.visible_units), self.weight.dtype)
        if self.visible_kind == "bernoulli":
            found = np.asarray(data_of(v))
            if not np.all((found >= 0) & (found <= 1)):
                raise DataError("RBM: bernoulli units take numbers from 0 to 1, and these rows hold others\n"
                                '  help: scale or binarise them, or RBM(..., visible="gaussian") for real numbers')
        return v

    def _draw(self, mean: Any, kind: str) -> Array:
        drawn = self.rng.random(mean.shape) < mean if kind == "bernoulli" else mean + self.rng.normal(size=mean.shape)
        return np.asarray(drawn, dtype=self.weight.dtype)

    def _mirror(self) -> RBM:
        """The same machine with the layers exchanged: its free energy is that of the hidden units."""
        mirror = RBM(self.hidden_units, self.visible_units, visible=self.hidden_kind, hidden=self.visible_kind,
                     rng=0, dtype=self.weight.dtype)
        mirror.weight, mirror.visible_bias = Tensor(self.weight.data.T), Tensor(self.hidden_bias.data)
        mirror.hidden_bias = Tensor(self.visible_bias.data)
        return mirror

    def extra_repr(self) -> str:
        kinds = (("visible", self.visible_kind), ("hidden", self.hidden_kind))
        said = "".join(f", {layer}={kind!r}" for layer, kind in kinds if kind != "bernoulli")
        return f"{self.visible_units}, {self.hidden_units}{said}"


def _plain(x: Any, dtype: Any) -> Any:
    """A plain array in the machine's dtype; a Tensor as it is."""
    return x.astype(dtype, copy=False) if isinstance(x, np.ndarray) else x
