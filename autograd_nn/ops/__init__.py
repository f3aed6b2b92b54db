"""The op table: every operation, one entry each. See README.md, "How to add an op".

The entries are the functions: `ops.sin` is the entry named "sin". Functions composed of entries
stand beside them. Their types are in __init__.pyi, which is generated from the table.
"""

from . import (
    activation,
    arithmetic,
    arranging,
    contraction,
    convolution,
    corners,
    decompositions,
    diagonals,
    elementary,
    facts,
    fourier,
    indexing,
    inverses,
    joining,
    linalg,
    missing,
    names,
    nary,
    network,
    normalization,
    norms,
    padding,
    parts,
    picking,
    pooling,
    products,
    recurrent,
    reduction,
    running,
    sampled,
    shaping,
    sorting,
    spectra,
    statistics,
    windows,
)
from ._carriers import CARRIERS
from ._function import FUNCTIONS
from ._op import OPS, Each, Op, for_each_op, shape_of

__all__ = ["CARRIERS", "Each", "FUNCTIONS", "OPS", "Op", "activation", "arithmetic", "arranging", "contraction",
           "convolution", "corners", "decompositions", "diagonals", "elementary", "facts", "for_each_op", "fourier",
           "indexing", "inverses", "joining", "linalg", "missing", "names", "nary", "network", "normalization",
           "norms", "padding", "parts", "picking", "pooling", "products", "recurrent", "reduction", "running",
           "sampled", "shape_of", "shaping", "sorting", "spectra", "statistics", "windows", *OPS,
           *(name for name in FUNCTIONS if "." not in name)]

globals().update(OPS)
globals().update({name: function.call for name, function in FUNCTIONS.items() if "." not in name})
