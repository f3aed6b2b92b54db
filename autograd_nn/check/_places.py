"""What the leaves of a nest are called."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..tree import Structure


class _Mark:
    """Stands for a leaf, and learns where it is."""

    name = ""


def leaf_places(structure: Structure, root: str) -> list[str]:
    """Where each leaf of a nest is, as in "input 0.layers[2]"."""
    marks = [_Mark() for _ in range(structure.size)]
    stack = [(root, structure.results(marks))]
    while stack:
        name, x = stack.pop()
        if isinstance(x, _Mark):
            x.name = name
        elif isinstance(x, dict):
            stack += [(f"{name}.{k}" if isinstance(k, str) else f"{name}[{k!r}]", part) for k, part in x.items()]
        elif isinstance(x, (list, tuple)):
            fields = getattr(x, "_fields", None)
            stack += [(f"{name}.{fields[i]}" if fields else f"{name}[{i}]", part) for i, part in enumerate(x)]
        elif isinstance(x, np.ndarray):
            stack += [(f"{name}[{', '.join(map(str, k))}]", part) for k, part in np.ndenumerate(x)]
        elif dataclasses.is_dataclass(x):
            stack += [(f"{name}.{f.name}", getattr(x, f.name)) for f in dataclasses.fields(x)]
    return [mark.name for mark in marks]
