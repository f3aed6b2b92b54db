"""Each public name of a package is written once: where its `__init__` imports it."""

from __future__ import annotations

from types import ModuleType
from typing import Any


def public_names(namespace: dict[str, Any], *modules: str) -> list[str]:
    """The `__all__` of a package: what its `__init__` imports, but submodules other than these.

    Type checkers read the stub beside it, which is generated (`python -m autograd_nn.notation.generate`).
    """
    found = {name for name, thing in namespace.items() if not name.startswith("_") and type(thing) is not ModuleType}
    return sorted(found | {*modules})
