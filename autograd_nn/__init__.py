"""Reverse-mode automatic differentiation that can be read, drawn and checked.

>>> from autograd_nn import Value
>>> x = Value(2.0)
>>> y = x * x + 3 * x
>>> y.backward()
>>> x.grad
7.0
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Where each public name lives; every op of the table is one more. A name is imported when it is
# first used, so that importing one part of the package costs only that part.
_HOMES = {
    "check": "check_gradients",
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
    "transforms": """checkpoint custom_op elementwise_grad grad hessian hvp jacobian jvp stop_gradient
        value_and_grad vjp""",
    "transforms.dual": "Dual",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}
_PARTS = ("check", "data", "drawing", "errors", "fft", "linalg", "nn", "ops", "optim", "saliency", "train",
          "tree")


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        thing: Any = import_module(f"{__name__}.{name}")
    elif name in _HOME:
        thing = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    elif name == "__all__":
        thing = _public()
    else:
        ops = import_module(f"{__name__}.ops")
        thing = ops.OPS.get(name)
        if name in ops.FUNCTIONS:
            thing = ops.FUNCTIONS[name].call
        elif thing is None or not thing.module.startswith(__name__):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = thing
    return thing


def _public() -> list[str]:
    """Every public name, but those of Python's own functions: `import *` leaves max, min, round, sum alone."""
    import builtins
    ops = import_module(f"{__name__}.ops")
    own = {name for name, op in ops.OPS.items() if op.module.startswith(f"{__name__}.ops.")}
    functions = {name for name in ops.FUNCTIONS if "." not in name}
    return sorted({*_HOME, *_PARTS, *own, *functions} - {*vars(builtins)})


def __dir__() -> list[str]:
    return sorted({*globals(), *_public()})
