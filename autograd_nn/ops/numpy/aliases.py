"""NumPy's other names: the same entries again."""

from __future__ import annotations

import numpy as np

from .._function import composed
from .._op import OPS

_OF_ENTRIES = {
    "absolute": "abs", "remainder": "mod", "divide": "true_divide", "power": "pow", "round": "around",
    "arccos": "acos", "arccosh": "acosh", "arcsin": "asin", "arcsinh": "asinh", "arctan": "atan", "arctan2": "atan2",
    "arctanh": "atanh", "radians": "deg2rad", "degrees": "rad2deg", "max": "amax", "min": "amin",
    "concatenate": "concat", "transpose": "permute_dims",
}

for _entry, _name in _OF_ENTRIES.items():
    composed(getattr(np, _name), name=_name)(OPS[_entry])
