"""What a Module or a container holds, under dotted names: those of parameters, of a state and of what is checked."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

MODULE = __name__.partition(".")[0] + ".nn.module"


def is_module(x: Any) -> bool:
    """Whether x is a Module."""
    nn = sys.modules.get(MODULE)                         # there is no Module before that is imported
    return nn is not None and isinstance(x, nn.Module)


def named_parts(name: str, x: Any) -> list[tuple[str, Any]]:
    """(dotted name, part) of each part of x, which stands at `name`; none of what is no container.

    >>> named_parts("layers", [1.0, {"bias": 2.0}])
    [('layers.0', 1.0), ('layers.1', {'bias': 2.0})]
    """
    items: Any = ()
    if is_module(x):
        items = vars(x).items()
    elif isinstance(x, dict):
        items = x.items()
    elif isinstance(x, (list, tuple)):
        items = enumerate(x)
    elif isinstance(x, np.ndarray) and x.dtype == object:
        items = ((".".join(map(str, index)), part) for index, part in np.ndenumerate(x))
    return [(f"{name}.{key}" if name else str(key), part) for key, part in items]
