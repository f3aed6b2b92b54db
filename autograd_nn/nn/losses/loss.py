"""What the losses share: from the losses, one for each target, to one number; and a loss as a module."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ... import ops
from ...core.options import choice
from ...errors import UsageError
from ...ops import shape_of
from .._targets import REDUCTIONS
from ..module import Module


def reduced(losses: Any, reduction: str) -> Any:
    """The losses themselves, their mean or their sum."""
    if not shape_of(losses):
        return losses[()] if isinstance(losses, np.ndarray) else losses        # no arrays of shape ()
    return losses if reduction == "none" else ops.mean(losses) if reduction == "mean" else ops.sum(losses)


class Loss(Module):
    """A loss as a module, with a reduction of its own and the options that its function takes by name.

    A subclass names its function, and that is all.

    Raises UsageError for another reduction than "mean", "sum" or "none", and for an unknown option.

    >>> from autograd_nn import nn
    >>> nn.MSELoss(reduction="sum")([1.0, 2.0], [0.0, 0.0])
    np.float64(5.0)
    >>> nn.HuberLoss(delta=0.5)
    HuberLoss(reduction='mean', delta=0.5)
    """

    function: ClassVar[Callable[..., Any]]
    reduction: str = "mean"
    reductions: ClassVar[tuple[str, ...]] = REDUCTIONS

    def __init__(self, reduction: str | None = None, **options: Any) -> None:
        self.reduction = type(self).reduction if reduction is None else reduction
        choice(f"{type(self).__name__}: reduction", self.reduction, self.reductions)
        if not callable(getattr(self, "function", None)):
            raise UsageError(f"{type(self).__name__} has no function: a subclass of Loss names its own")
        known = [p.name for p in inspect.signature(type(self).function).parameters.values() if p.kind is p.KEYWORD_ONLY]
        unknown = [name for name in options if name not in known]
        if unknown:
            raise UsageError(f"{type(self).__name__} has no option {', '.join(unknown)}; "
                             f"its options are {', '.join(['reduction', *known])}")
        self.options = {name: np.array(x) if isinstance(x, (list, tuple)) else x for name, x in options.items()}

    def forward(self, *inputs: Any) -> Any:
        """The loss of predictions (or logits) against targets: the function's own inputs."""
        takes = [p.name for p in inspect.signature(type(self).function).parameters.values()]
        takes = takes[:takes.index("reduction")]
        if len(inputs) != len(takes):
            raise UsageError(f"{type(self).__name__} takes {', '.join(takes)}, and was given {len(inputs)} "
                             f"argument{'s' * (len(inputs) != 1)}")
        return type(self).function(*inputs, reduction=self.reduction, **self.options)

    def extra_repr(self) -> str:
        given = (f"{name}={x.tolist() if isinstance(x, np.ndarray) else x!r}" for name, x in self.options.items())
        return ", ".join([f"reduction={self.reduction!r}", *given])
