"""The activations: a module for each op of the table whose entry names one, now and later.

Their names for type checkers are in activations.pyi, which is generated from the table.
"""

from __future__ import annotations

from ..ops import Op, for_each_op
from .activation import KINDS, Activation

__all__: list[str] = []


def _enter(op: Op) -> None:
    if op.layer is None:
        return
    kind = type(op.layer, (Activation,), {"op": op, "__module__": __name__,
                                          "__doc__": f"{op.name} as a module: see help(autograd_nn.ops.{op.name})."})
    globals()[op.layer] = KINDS[op] = kind
    __all__.append(op.layer)


def _leave(op: Op) -> None:
    if op.layer is not None:
        del globals()[op.layer], KINDS[op]
        __all__.remove(op.layer)


for_each_op(_enter, _leave)
