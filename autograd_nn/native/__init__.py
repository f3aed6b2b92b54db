"""What is compiled: Value in C, and the chain rule over Tensors. It imports nothing of the package.

`core/value.py` and `core/reverse.py` say what these modules must do, and do it where they are not compiled.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any


def load(name: str, use: Callable[[Any], object] = lambda module: None) -> Any:
    """A compiled module, after `use(module)`, or None where Python is to do its work.

    AUTOGRAD_NN_PURE=1 in the environment asks for Python; with AUTOGRAD_NN_REQUIRE_NATIVE=1 a module that
    cannot be loaded is an ImportError.
    """
    if os.environ.get("AUTOGRAD_NN_PURE") == "1":
        return None
    try:
        module = importlib.import_module(f"{__name__}.{name}")
        use(module)
        return module
    except ImportError as error:
        if os.environ.get("AUTOGRAD_NN_REQUIRE_NATIVE") == "1":
            raise ImportError(f"AUTOGRAD_NN_REQUIRE_NATIVE=1, but {name} in C cannot be loaded: {error}") from error
        return None
