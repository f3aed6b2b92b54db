"""The op table: every operation, one entry each. See README.md, "How to add an op".

The entries are the functions: `ops.sin` is the entry named "sin". Their types are in __init__.pyi,
which is generated from the table.
"""

from . import activation, arithmetic, elementary, linalg, nary, reduction, shaping
from ._op import CARRIERS, OPS, Each, Op, for_each_op, shape_of
from .indexing import split

__all__ = ["CARRIERS", "OPS", "Each", "Op", "activation", "arithmetic", "elementary", "for_each_op", "linalg",
           "nary", "reduction", "shape_of", "shaping", "split", *OPS]

globals().update(OPS)
