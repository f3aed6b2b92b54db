"""An activation: an op of the table as a module. The formulas are the table's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..core.node import Node
from ..errors import UsageError
from ..ops import OPS, Op
from ..ops._call import variant_of
from ..ops._refusal import shown_in_error
from ._inputs import of_values
from .module import Module


class Activation(Module):
    """An op of the table as a module; the arguments are the op's parameters.

    The entry of the op may name it (`layer="ReLU"`): see activations.py. A subclass of one's own names
    its op, and that is all. Input and output have one shape: a number, an array, a
    Tensor, a Value, or a list or object array of Values. Raises UsageError for an unknown parameter.

    >>> from autograd_nn import nn, ops
    >>> nn.LeakyReLU(0.1)(-2.0)
    -0.2
    >>> class Sine(nn.Activation):
    ...     op = ops.sin
    >>> Sine()(0.0)
    0.0
    """

    op: ClassVar[Op]

    def __init__(self, *args: Any, **params: Any) -> None:
        if not isinstance(getattr(self, "op", None), Op):
            raise UsageError(f"{type(self).__name__} has no op: a subclass of Activation names its own, as in\n"
                             "  class Sine(nn.Activation):\n      op = ops.sin")
        defaults = {**self.op.params, **{keyword: next(iter(ops)) for keyword, ops in self.op.variants.items()}}
        given = {**dict(zip(defaults, args)), **params}
        if len(args) > len(defaults) or not given.keys() <= defaults.keys():
            known = ", ".join(f"{k}={v!r}" for k, v in defaults.items()) or "none"
            raise UsageError(f"{type(self).__name__}: its parameters are {known}; "
                             f"got {', '.join([*map(shown_in_error, args), *params])}")
        for key, part in given.items():
            if isinstance(part, Node):
                raise UsageError(f"{type(self).__name__}: {key} is a constant of the op, and would get no gradient; "
                                 f"give a number, not a {type(part).__name__}")
        variant_of(self.op, (), given)                   # it refuses what it does not know
        self.params = {**defaults, **given}

    def forward(self, x: Any) -> Any:
        """The op, applied to x."""
        if isinstance(x, (list, tuple, np.ndarray)):
            x = of_values(x)
        return self.op(x, **self.params) if self.params else self.op(x)

    def extra_repr(self) -> str:
        return ", ".join(f"{k}={v!r}" for k, v in self.params.items())


MODULE_OF: dict[Op, type[Activation]] = {}
"""The module of each op that is an activation."""


def activation(kind: str | Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    """The activation that `kind` stands for: an op's name, any function or module, or None.

    Raises UsageError for an unknown name.

    >>> activation("tanh")
    Tanh()
    """
    if kind is None or (callable(kind) and not isinstance(kind, type)):
        return kind
    if isinstance(kind, str) and kind in OPS and OPS[kind] in MODULE_OF:
        return MODULE_OF[OPS[kind]]()
    raise UsageError(f"no activation is named {shown_in_error(kind)}\n"
                     f"  help: one of {', '.join(sorted(op.name for op in MODULE_OF))}, a function, or None")
