"""Reverse-mode automatic differentiation that can be read, drawn and checked.

>>> from autograd_nn import Value
>>> x = Value(2.0)
>>> y = x * x + 3 * x
>>> y.backward()
>>> x.grad
7.0
"""

from importlib import import_module as _import_module
from typing import Any as _Any

__version__ = "0.1.0"

# Where each public name lives; every op of the table is one more, unless its entry says that it is internal, and
# so is every transform. A name is imported when it is first used, so that importing one part of the package costs
# only that part.
_HOMES = {
    "check": "check_gradients",
    "core.determinism": "deterministic",
    "core.memory": "free_cached_memory",
    "core.modes": "check_finite no_grad",
    "core.nary": "dot sum_of",
    "core.node": "topological",
    "core.random": "seed",
    "core.tensor": "Tensor",
    "core.value": "NATIVE Value",
    "drawing": "decision_boundary draw explain gradient_flow replay",
    "errors": "AutogradError",
    "notation.symbol": "Symbol",
    "ops": "OPS Op",
    "transforms.dual": "Dual",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}
_PARTS = ("check", "data", "drawing", "errors", "fft", "linalg", "nn", "ops", "optim", "saliency", "train",
          "tree")


def __getattr__(name: str) -> _Any:
    if name in _PARTS:
        thing: _Any = _import_module(f"{__name__}.{name}")
    elif name in _HOME:
        thing = getattr(_import_module(f"{__name__}.{_HOME[name]}"), name)
    elif name == "__all__":
        import builtins
        thing = sorted({*_public()} - {*vars(builtins)})     # `import *` leaves Python's own max, min, round, sum alone
    elif name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    elif name in _ops():
        thing = getattr(_import_module(f"{__name__}.ops"), name)
    elif name in _transforms():
        thing = getattr(_import_module(f"{__name__}.transforms"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{_instead(name)}")
    globals()[name] = thing
    return thing


def _ops() -> set[str]:
    """The ops, and functions composed of them, that are public at the top."""
    ops = _import_module(f"{__name__}.ops")
    own = {name for name, op in ops.OPS.copy().items() if op.module.startswith(f"{__name__}.ops.") and not op.internal}
    return own | {name for name in ops.FUNCTIONS if "." not in name}


def _transforms() -> list[str]:
    names: list[str] = _import_module(f"{__name__}.transforms").__all__
    return names


def _public() -> list[str]:
    """Every public name."""
    return sorted({*_HOME, *_PARTS, *_ops(), *_transforms()})


def _instead(name: str) -> str:
    """The help for a name that is written otherwise, or elsewhere."""
    near = [public for public in _public() if public.lower() == name.lower()]
    near += [f"{part}.{name}" for part in ("linalg", "ops") if hasattr(_import_module(f"{__name__}.{part}"), name)]
    return f"\n  help: autograd_nn.{near[0]}" if near else ""


def __dir__() -> list[str]:
    return [*(name for name in globals() if name.startswith("__")), *_public()]
