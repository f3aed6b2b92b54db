"""The op table: every operation, one entry each. See README.md, "How to add an op".

The entries are the functions: `ops.sin` is the entry named "sin". Functions composed of entries
stand beside them. Their types are in __init__.pyi, which is generated from the table.
"""

from ._bind import Each
from ._carriers import CARRIERS
from ._composite import Composite
from ._function import FUNCTIONS
from ._op import OPS, Op, for_each_op, shape_of
from .arrays import (
    fourier,
    indexing,
    joining,
    padding,
    reduction,
    replacing,
    running,
    shape,
    sorting,
    spectra,
    statistics,
    windows,
)
from .elementwise import activation, arithmetic, corners, elementary
from .matrices import contraction, decompositions, diagonals, inverses, matmul, minors, norms, products
from .networks import convolution, fused, normalization, pooling, recurrent
from .numpy import aliases, facts, missing, number_parts, sampled, spaced

__all__ = ["CARRIERS", "Composite", "Each", "FUNCTIONS", "OPS", "Op", "for_each_op", "shape_of", *OPS,
           *(name for name in FUNCTIONS if "." not in name)]

globals().update(OPS)
globals().update({name: function.call for name, function in FUNCTIONS.items() if "." not in name})
