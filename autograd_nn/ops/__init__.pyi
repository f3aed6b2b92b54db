# Generated from the op table by `python -m autograd_nn._generate`; do not edit.
from typing import Any, overload

from ..tensor import Tensor
from ..value import Value
from ._op import CARRIERS as CARRIERS
from ._op import OPS as OPS
from ._op import Each as Each
from ._op import Op as Op
from ._op import for_each_op as for_each_op
from ._op import shape_of as shape_of
from ._function import FUNCTIONS as FUNCTIONS
from .arithmetic import positive as positive
from .arithmetic import conj as conj
from .arithmetic import rint as rint
from .arithmetic import fix as fix
from .arithmetic import modf as modf
from .arithmetic import divmod as divmod
from .arithmetic import heaviside as heaviside
from .arithmetic import float_power as float_power
from .arithmetic import nan_to_num as nan_to_num
from .elementary import deg2rad as deg2rad
from .elementary import rad2deg as rad2deg
from .reduction import amax as amax
from .reduction import amin as amin
from .reduction import ptp as ptp
from .reduction import trace as trace
from .reduction import any as any
from .reduction import all as all
from .reduction import argmax as argmax
from .reduction import argmin as argmin
from .arranging import ravel as ravel
from .arranging import flatten as flatten
from .arranging import permute_dims as permute_dims
from .arranging import matrix_transpose as matrix_transpose
from .arranging import rollaxis as rollaxis
from .arranging import broadcast_arrays as broadcast_arrays
from .arranging import atleast_1d as atleast_1d
from .arranging import atleast_2d as atleast_2d
from .arranging import atleast_3d as atleast_3d
from .arranging import fliplr as fliplr
from .arranging import flipud as flipud
from .arranging import rot90 as rot90
from .arranging import resize as resize
from .arranging import meshgrid as meshgrid
from .contraction import einsum as einsum
from .diagonals import diagonal as diagonal
from .diagonals import diag as diag
from .diagonals import diagflat as diagflat
from .diagonals import tril as tril
from .diagonals import triu as triu
from .fourier import imag as imag
from .fourier import angle as angle
from .joining import concat as concat
from .joining import vstack as vstack
from .joining import hstack as hstack
from .joining import dstack as dstack
from .joining import column_stack as column_stack
from .joining import append as append
from .joining import block as block
from .joining import split as split
from .joining import array_split as array_split
from .joining import hsplit as hsplit
from .joining import vsplit as vsplit
from .joining import dsplit as dsplit
from .joining import unstack as unstack
from .statistics import average as average
from .statistics import bincount as bincount
from .statistics import nansum as nansum
from .statistics import nanprod as nanprod
from .statistics import nanmean as nanmean
from .statistics import nanvar as nanvar
from .statistics import nanstd as nanstd
from .statistics import nanmax as nanmax
from .statistics import nanmin as nanmin
from .statistics import nancumsum as nancumsum
from .statistics import nancumprod as nancumprod
from .padding import pad as pad
from .picking import take as take
from .picking import compress as compress
from .picking import extract as extract
from .picking import select as select
from .picking import choose as choose
from .picking import index_add as index_add
from .picking import scatter_add as scatter_add
from .picking import index_set as index_set
from .picking import put_along_axis as put_along_axis
from .picking import delete as delete
from .picking import insert as insert
from .products import tensordot as tensordot
from .products import inner as inner
from .products import vdot as vdot
from .products import outer as outer
from .products import kron as kron
from .products import cross as cross
from .products import vecdot as vecdot
from .products import matvec as matvec
from .products import vecmat as vecmat
from .sampled import diff as diff
from .sampled import ediff1d as ediff1d
from .sampled import trapezoid as trapezoid
from .sampled import gradient as gradient
from .sampled import interp as interp
from .sampled import polyval as polyval
from .sorting import sort as sort
from .sorting import partition as partition
from .sorting import top_k as top_k
from .sorting import argsort as argsort
from .sorting import argpartition as argpartition
from .sorting import lexsort as lexsort
from .sorting import searchsorted as searchsorted
from .sorting import unique as unique
from .sorting import nonzero as nonzero
from .sorting import flatnonzero as flatnonzero
from .sorting import argwhere as argwhere
from .windows import convolve as convolve
from .windows import correlate as correlate

class Elementwise(Op):
    @overload
    def __call__(self, x: Tensor) -> Tensor: ...
    @overload
    def __call__(self, x: Value) -> Value: ...
    @overload
    def __call__(self, x: float) -> float: ...
    @overload
    def __call__(self, x: Any) -> Any: ...

absolute: Elementwise
add: Op
arccos: Elementwise
arccosh: Elementwise
arcsin: Elementwise
arcsinh: Elementwise
arctan: Elementwise
arctan2: Op
arctanh: Elementwise
astype: Op
broadcast_to: Op
cbrt: Elementwise
ceil: Elementwise
cholesky: Op
clip: Op
cofactors: Op
concatenate: Op
conjugate: Elementwise
contract: Op
copy: Op
copysign: Op
cos: Elementwise
cosh: Elementwise
cumprod: Op
cumsum: Op
degrees: Elementwise
det: Op
dft: Op
divide: Op
divide0: Op
dot: Op
elu: Op
erf: Elementwise
euclidean_norm: Op
exp: Elementwise
exp2: Elementwise
expand_dims: Op
expdiff: Op
expm1: Elementwise
fabs: Elementwise
flip: Op
floor: Elementwise
floor_divide: Op
fmax: Op
fmin: Op
fmod: Op
full_convolution: Op
gelu: Elementwise
getitem: Op
hard_sigmoid: Elementwise
hard_tanh: Elementwise
hypot: Op
inv: Op
irdft: Op
leaky_relu: Op
linear: Op
linear_recurrence: Op
log: Elementwise
log0: Elementwise
log10: Elementwise
log1p: Elementwise
log2: Elementwise
log_softmax: Op
logaddexp: Op
logaddexp2: Op
logsumexp: Op
matmul: Op
max: Op
maximum: Op
mean: Op
median: Op
min: Op
minimum: Op
mish: Elementwise
moveaxis: Op
multiply: Op
multiply0: Op
negative: Elementwise
p_norm: Op
packed_eigh: Op
packed_qr: Op
packed_slogdet: Op
packed_svd: Op
pinv: Op
power: Op
prod: Op
radians: Elementwise
rdft: Op
real: Elementwise
reciprocal: Elementwise
relu: Elementwise
remainder: Op
repeat: Op
reshape: Op
roll: Op
round: Elementwise
same: Op
scatter: Op
selu: Elementwise
sigmoid: Elementwise
sign: Elementwise
silu: Elementwise
sin: Elementwise
sinc: Elementwise
sinc_derivative: Op
sinh: Elementwise
sliding_window_view: Op
softmax: Op
softmax_cross_entropy: Op
softplus: Elementwise
solve: Op
spread: Op
sqrt: Elementwise
sqrt0: Elementwise
square: Elementwise
squeeze: Op
stack: Op
std: Op
step: Elementwise
subtract: Op
sum: Op
sum_of: Op
sum_to: Op
sum_windows: Op
swapaxes: Op
take_along_axis: Op
tan: Elementwise
tanh: Elementwise
tie: Op
tile: Op
transpose: Op
trunc: Elementwise
var: Op
weighted_sum: Op
where: Op
xlogy: Op
