"""`numpy.linalg` for Tensors: matrices in the last two axes, and their derivatives of any order."""

from .ops import cholesky, det, inv, matmul, pinv, solve
from .ops.arrays.shape import matrix_transpose
from .ops.matrices.decompositions import eigh, eigvalsh, qr, svd, svdvals
from .ops.matrices.inverses import LinAlgError, matrix_power, slogdet
from .ops.matrices.norms import cond, lstsq, matrix_norm, matrix_rank, norm, vector_norm
from .ops.matrices.products import cross, multi_dot, outer, tensordot, vecdot
from .ops.matrices.products import matrix_diagonal as diagonal
from .ops.matrices.products import matrix_trace as trace

__all__ = ["LinAlgError", "cholesky", "cond", "cross", "det", "diagonal", "eigh", "eigvalsh", "inv", "lstsq", "matmul",
           "matrix_norm", "matrix_power", "matrix_rank", "matrix_transpose", "multi_dot", "norm", "outer", "pinv", "qr",
           "slogdet", "solve", "svd", "svdvals", "tensordot", "trace", "vecdot", "vector_norm"]
