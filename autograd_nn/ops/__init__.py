"""The op table: every operation, one entry each. See README.md, "How to add an op"."""

from ._op import CARRIERS, OPS, Each, Op, for_each_op, shape_of
from .activation import (elu, gelu, hard_sigmoid, hard_tanh, leaky_relu, log_softmax, logsumexp, mish,
                         relu, selu, sigmoid, silu, softmax, softplus)
from .arithmetic import (absolute, add, ceil, clip, divide, floor, fmod, maximum, minimum, multiply,
                         negative, power, reciprocal, remainder, round, same, sign, square, step,
                         subtract, tie, where)
from .elementary import (arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, cbrt, cos, cosh, erf,
                         exp, exp2, expm1, hypot, log, log1p, log2, log10, logaddexp, sin, sinh, sqrt,
                         tan, tanh)
from .indexing import getitem, index_add, repeat, split, take_along_axis
from .linalg import dot, matmul
from .reduction import cumsum, max, mean, min, prod, std, sum, var
from .shaping import (astype, broadcast_to, concatenate, expand_dims, flip, moveaxis, pad, reshape, roll, squeeze,
                      stack, sum_to, swapaxes, tile, transpose)
