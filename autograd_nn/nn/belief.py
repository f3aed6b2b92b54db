"""The deep belief network: restricted Boltzmann machines in a stack, each learning from the one below."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ..core.node import data_of
from ..core.options import above_zero, whole_number
from ..core.random import Rng, generator
from ..errors import UsageError
from ._inputs import rows
from .module import Module
from .rbm import RBM
from .sequential import MLP

Array = np.ndarray[Any, Any]


class DeepBeliefNetwork(Module):
    """RBMs one upon another, of the given sizes from the visible units up; each is trained on the means below it.

    visible     the kind of the lowest units, "bernoulli" or "gaussian"; all others are Bernoulli
    rng         a seed, a numpy.random.Generator or None

    What they learn needs no labels, and starts a multilayer perceptron off (`mlp`) that a few labels finish.

    Source: G. Hinton, S. Osindero, Y. Teh, A fast learning algorithm for deep belief nets, 2006.

    >>> import numpy as np
    >>> from autograd_nn import nn
    >>> x = np.random.default_rng(0).integers(0, 2, (64, 6))
    >>> stack = nn.DeepBeliefNetwork(6, 8, 4, rng=0)
    >>> errors = stack.pretrain(x, epochs=2)               # of each machine after each epoch
    >>> [len(e) for e in errors], stack(x).shape
    ([2, 2], (64, 4))
    >>> model = stack.mlp(3)
    >>> model(x).shape, bool((model.layers[0].weight.data == stack.machines[0].weight.data).all())
    ((64, 3), True)
    """

    def __init__(self, *sizes: int, visible: str = "bernoulli", rng: Rng = None, dtype: Any = np.float32) -> None:
        if len(sizes) < 2:
            raise UsageError(f"DeepBeliefNetwork{sizes} needs at least two sizes: visible units, then hidden ones")
        self.rng = generator(rng)
        self.machines = [RBM(a, b, visible=visible if i == 0 else "bernoulli", rng=self.rng, dtype=dtype)
                         for i, (a, b) in enumerate(pairwise(sizes))]

    def forward(self, v: Any) -> Any:
        """The means of the topmost units for rows v (..., visible)."""
        for machine in self.machines:
            v = machine(v)
        return v

    def pretrain(self, x: Any, *, epochs: int = 10, lr: float = 0.05, batch_size: int = 32, steps: int = 1,
                 persistent: bool = False) -> list[list[float]]:
        """Train the machines from the lowest up by (persistent) contrastive divergence and gradient descent.

        x (rows, visible). Returns, for each machine, its reconstruction error after each epoch. Raises
        what RBM.contrastive_divergence raises, and UsageError for a learning rate that is not positive.
        """
        lr = above_zero("DeepBeliefNetwork.pretrain: lr", lr)
        first = self.machines[0]
        below: Any = np.asarray(data_of(rows(first, x, first.visible_units)), dtype=first.weight.dtype)
        errors: list[list[float]] = []
        batch_size = whole_number("batch_size", batch_size)
        for machine in self.machines:
            errors.append([])
            for _ in range(whole_number("epochs", epochs)):
                order = self.rng.permutation(len(below))
                for batch in np.split(below[order], range(batch_size, len(below), batch_size)):
                    machine.zero_grad()
                    machine.contrastive_divergence(batch, steps, persistent=persistent).backward()
                    for p in machine.parameters():
                        if p.has_grad:
                            p.data = p.data - lr * p.grad
                errors[-1].append(machine.reconstruction_error(below))
            below = np.asarray(data_of(machine(below)))
        return errors

    def mlp(self, outputs: int, *, rng: Rng = None) -> MLP:
        """A sigmoid MLP whose hidden layers start as the machines are; its last layer is drawn from rng."""
        sizes = [self.machines[0].visible_units, *(m.hidden_units for m in self.machines)]
        model = MLP(*sizes, outputs, activation="sigmoid", rng=self.rng if rng is None else rng,
                    dtype=self.machines[0].weight.dtype)
        for layer, machine in zip(model.layers, self.machines):
            layer.load_state_dict({"weight": machine.weight.data, "bias": machine.hidden_bias.data})
        return model
