"""Names the layer in which an error arose: by its path from the outermost module that was called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import AutogradError

if TYPE_CHECKING:
    from .module import Module


def located(error: AutogradError, module: Module) -> None:
    """Write into the message in which layer below `module` the error arose, and which operands are parameters.

    Every module that the error passes on its way out calls this; each knows a longer path than the
    one before.
    """
    layer, plain = error.arose = error.arose or (module, str(error))
    path = next((name for name, part in module.named_modules() if part is layer), None)
    if path is None:                                 # not an attribute of this module: the inner path stands
        return
    here = type(module).__name__
    if error.named is not None:
        plain = error.named({id(p): f"{name} of {here}" for name, p in module.named_parameters()})
    first, *rest = plain.split("\n")
    where = [f"  in     {path} of {here}: {type(layer).__name__}({layer.extra_repr()})"] if path else []
    error.args = ("\n".join([first, *where, *rest]),)
