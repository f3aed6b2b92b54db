"""The op table: every operation, one entry each. See README.md, "How to add an op".

The entries are the functions: `ops.sin` is the entry named "sin". Functions composed of entries
stand beside them. Their types are in __init__.pyi, which is generated from the table.
"""

from ._carriers import CARRIERS
from ._function import FUNCTIONS
from ._op import OPS, Each, Op, for_each_op, shape_of
from .arrays import (
    arranging,
    diagonals,
    fourier,
    indexing,
    joining,
    padding,
    picking,
    reduction,
    running,
    shaping,
    sorting,
    spectra,
    statistics,
    windows,
)
from .elementwise import activation, arithmetic, corners, elementary
from .matrices import contraction, decompositions, inverses, matmul, norms, products
from .networks import convolution, layers, normalization, pooling, recurrent, sums
from .numpy import aliases, facts, missing, parts, sampled

__all__ = ["CARRIERS", "Each", "FUNCTIONS", "OPS", "Op", "for_each_op", "shape_of", *OPS,
           *(name for name in FUNCTIONS if "." not in name)]

globals().update(OPS)
globals().update({name: function.call for name, function in FUNCTIONS.items() if "." not in name})
