# Generated from the op table by `python -m autograd_nn.notation.generate`; do not edit.
from typing import Any, overload

from ..core.tensor import Tensor
from ..core.value import Value
from ._bind import Each as Each
from ._carriers import CARRIERS as CARRIERS
from ._composite import Composite as Composite
from ._op import OPS as OPS
from ._op import Op as Op
from ._op import for_each_op as for_each_op
from ._op import shape_of as shape_of
from ._function import FUNCTIONS as FUNCTIONS
from .numpy.facts import any as any
from .numpy.facts import all as all
from .numpy.facts import argmax as argmax
from .numpy.facts import argmin as argmin
from .numpy.facts import nonzero as nonzero
from .arrays.shape import ravel as ravel
from .arrays.shape import flatten as flatten
from .arrays.shape import matrix_transpose as matrix_transpose
from .arrays.shape import rollaxis as rollaxis
from .arrays.shape import broadcast_arrays as broadcast_arrays
from .arrays.shape import atleast_1d as atleast_1d
from .arrays.shape import atleast_2d as atleast_2d
from .arrays.shape import atleast_3d as atleast_3d
from .arrays.shape import fliplr as fliplr
from .arrays.shape import flipud as flipud
from .arrays.shape import rot90 as rot90
from .arrays.shape import meshgrid as meshgrid
from .arrays.indexing import take as take
from .arrays.indexing import compress as compress
from .arrays.indexing import extract as extract
from .arrays.indexing import select as select
from .arrays.indexing import choose as choose
from .arrays.joining import vstack as vstack
from .arrays.joining import hstack as hstack
from .arrays.joining import dstack as dstack
from .arrays.joining import column_stack as column_stack
from .arrays.joining import append as append
from .arrays.joining import block as block
from .arrays.joining import split as split
from .arrays.joining import array_split as array_split
from .arrays.joining import hsplit as hsplit
from .arrays.joining import vsplit as vsplit
from .arrays.joining import dsplit as dsplit
from .arrays.joining import unstack as unstack
from .arrays.joining import resize as resize
from .arrays.joining import full_like as full_like
from .arrays.fourier import imag as imag
from .arrays.fourier import angle as angle
from .arrays.reduction import ptp as ptp
from .arrays.statistics import average as average
from .arrays.statistics import bincount as bincount
from .arrays.padding import pad as pad
from .arrays.replacing import index_add as index_add
from .arrays.replacing import scatter_add as scatter_add
from .arrays.replacing import index_set as index_set
from .arrays.replacing import put_along_axis as put_along_axis
from .arrays.replacing import delete as delete
from .arrays.replacing import insert as insert
from .arrays.sorting import sort as sort
from .arrays.sorting import partition as partition
from .arrays.sorting import top_k as top_k
from .arrays.sorting import argsort as argsort
from .arrays.sorting import argpartition as argpartition
from .arrays.sorting import lexsort as lexsort
from .arrays.sorting import searchsorted as searchsorted
from .arrays.sorting import unique as unique
from .arrays.windows import convolve as convolve
from .arrays.windows import correlate as correlate
from .matrices.contraction import einsum as einsum
from .matrices.diagonals import diagonal as diagonal
from .matrices.diagonals import trace as trace
from .matrices.diagonals import diag as diag
from .matrices.diagonals import diagflat as diagflat
from .matrices.diagonals import tril as tril
from .matrices.diagonals import triu as triu
from .matrices.products import tensordot as tensordot
from .matrices.products import inner as inner
from .matrices.products import vdot as vdot
from .matrices.products import outer as outer
from .matrices.products import kron as kron
from .matrices.products import cross as cross
from .matrices.products import vecdot as vecdot
from .matrices.products import matvec as matvec
from .matrices.products import vecmat as vecmat
from .networks.convolution import conv1d as conv1d
from .networks.convolution import conv2d as conv2d
from .networks.convolution import conv_transpose1d as conv_transpose1d
from .networks.convolution import conv_transpose2d as conv_transpose2d
from .networks.pooling import max_pool1d as max_pool1d
from .networks.pooling import max_pool2d as max_pool2d
from .networks.pooling import avg_pool1d as avg_pool1d
from .networks.pooling import avg_pool2d as avg_pool2d
from .networks.pooling import adaptive_avg_pool1d as adaptive_avg_pool1d
from .networks.pooling import adaptive_avg_pool2d as adaptive_avg_pool2d
from .numpy.missing import nan_to_num as nan_to_num
from .numpy.missing import nansum as nansum
from .numpy.missing import nanprod as nanprod
from .numpy.missing import nanmean as nanmean
from .numpy.missing import nanvar as nanvar
from .numpy.missing import nanstd as nanstd
from .numpy.missing import nanmax as nanmax
from .numpy.missing import nanmin as nanmin
from .numpy.missing import nancumsum as nancumsum
from .numpy.missing import nancumprod as nancumprod
from .numpy.number_parts import positive as positive
from .numpy.number_parts import conj as conj
from .numpy.number_parts import rint as rint
from .numpy.number_parts import fix as fix
from .numpy.number_parts import modf as modf
from .numpy.number_parts import divmod as divmod
from .numpy.number_parts import frexp as frexp
from .numpy.number_parts import ldexp as ldexp
from .numpy.number_parts import heaviside as heaviside
from .numpy.number_parts import float_power as float_power
from .numpy.sampled import diff as diff
from .numpy.sampled import ediff1d as ediff1d
from .numpy.sampled import trapezoid as trapezoid
from .numpy.sampled import gradient as gradient
from .numpy.sampled import interp as interp
from .numpy.sampled import polyval as polyval
from .numpy.spaced import linspace as linspace
from .numpy.spaced import logspace as logspace
from .numpy.spaced import geomspace as geomspace

def equal(*args: Any, **params: Any) -> Any: ...
def not_equal(*args: Any, **params: Any) -> Any: ...
def greater(*args: Any, **params: Any) -> Any: ...
def greater_equal(*args: Any, **params: Any) -> Any: ...
def less(*args: Any, **params: Any) -> Any: ...
def less_equal(*args: Any, **params: Any) -> Any: ...
def logical_and(*args: Any, **params: Any) -> Any: ...
def logical_or(*args: Any, **params: Any) -> Any: ...
def logical_xor(*args: Any, **params: Any) -> Any: ...
def isclose(*args: Any, **params: Any) -> Any: ...
def allclose(*args: Any, **params: Any) -> Any: ...
def array_equal(*args: Any, **params: Any) -> Any: ...
def array_equiv(*args: Any, **params: Any) -> Any: ...
def isin(*args: Any, **params: Any) -> Any: ...
def logical_not(*args: Any, **params: Any) -> Any: ...
def isfinite(*args: Any, **params: Any) -> Any: ...
def isinf(*args: Any, **params: Any) -> Any: ...
def isnan(*args: Any, **params: Any) -> Any: ...
def isposinf(*args: Any, **params: Any) -> Any: ...
def isneginf(*args: Any, **params: Any) -> Any: ...
def isreal(*args: Any, **params: Any) -> Any: ...
def iscomplex(*args: Any, **params: Any) -> Any: ...
def signbit(*args: Any, **params: Any) -> Any: ...
def count_nonzero(*args: Any, **params: Any) -> Any: ...
def flatnonzero(*args: Any, **params: Any) -> Any: ...
def argwhere(*args: Any, **params: Any) -> Any: ...
def nanargmax(*args: Any, **params: Any) -> Any: ...
def nanargmin(*args: Any, **params: Any) -> Any: ...
def digitize(*args: Any, **params: Any) -> Any: ...
def ndim(*args: Any, **params: Any) -> Any: ...
def shape(*args: Any, **params: Any) -> Any: ...
def size(*args: Any, **params: Any) -> Any: ...
def isrealobj(*args: Any, **params: Any) -> Any: ...
def iscomplexobj(*args: Any, **params: Any) -> Any: ...

class Elementwise(Op):
    @overload
    def __call__(self, x: Tensor) -> Tensor: ...
    @overload
    def __call__(self, x: Value) -> Value: ...
    @overload
    def __call__(self, x: float) -> float: ...
    @overload
    def __call__(self, x: Any) -> Any: ...

abs: Elementwise
absolute: Elementwise
acos: Elementwise
acosh: Elementwise
add: Op
amax: Op
amin: Op
arccos: Elementwise
arccosh: Elementwise
arcsin: Elementwise
arcsinh: Elementwise
arctan: Elementwise
arctan2: Op
arctanh: Elementwise
around: Elementwise
asin: Elementwise
asinh: Elementwise
astype: Op
atan: Elementwise
atan2: Op
atanh: Elementwise
batch_normalize: Op
batch_normalize_input: Op
batch_normalize_weight: Op
broadcast_to: Op
cbrt: Elementwise
ceil: Elementwise
cholesky: Op
clip: Op
cofactors: Op
concat: Op
concatenate: Op
conjugate: Elementwise
contract: Op
copy: Op
copysign: Op
correlate2d: Op
correlate2d_bias: Op
correlate2d_input: Op
correlate2d_weight: Op
cos: Elementwise
cosh: Elementwise
cumprod: Op
cumsum: Op
deg2rad: Elementwise
degrees: Elementwise
det: Op
dft: Op
divide: Op
divide0: Op
dot: Op
eigen_parts: Op
eigen_sum: Op
eigenvalues: Op
elu: Op
erf: Elementwise
euclidean_norm: Op
exp: Elementwise
exp2: Elementwise
expand_dims: Op
expm1: Elementwise
fabs: Elementwise
flat: Op
flip: Op
floor: Elementwise
floor_divide: Op
fmax: Op
fmin: Op
fmod: Op
full_convolution: Op
gauss: Op
gelu: Op
gelu_tanh: Elementwise
getitem: Op
hard_sigmoid: Elementwise
hard_tanh: Elementwise
hypot: Op
hypot1: Elementwise
inv: Op
irdft: Op
leaky_relu: Op
least_squares: Op
linear: Op
linear_recurrence: Op
log: Elementwise
log0: Elementwise
log10: Elementwise
log1p: Elementwise
log2: Elementwise
log_ratio: Op
log_softmax: Op
logaddexp: Op
logaddexp2: Op
logsumexp: Op
lstm: Op
matmul: Op
max: Op
maximum: Op
mean: Op
median: Op
min: Op
minimum: Op
mish: Elementwise
mod: Op
moveaxis: Op
multiply: Op
multiply0: Op
negative: Elementwise
normal_cdf: Elementwise
one_less_square: Elementwise
over_cosh1: Op
over_cosh2: Op
over_square1: Op
p_norm: Op
packed_eigh: Op
packed_qr: Op
packed_slogdet: Op
packed_svd: Op
permute_dims: Op
pinv: Op
pow: Op
power: Op
prod: Op
rad2deg: Elementwise
radians: Elementwise
rdft: Op
real: Elementwise
reciprocal: Elementwise
relu: Elementwise
remainder: Op
repeat: Op
reshape: Op
roll: Op
root_mean_square: Op
round: Elementwise
same: Op
scale0: Op
scatter: Op
selu: Elementwise
sigmoid: Elementwise
sign: Elementwise
silu: Elementwise
sin: Elementwise
sinc: Elementwise
sinc_derivative: Op
singular_parts: Op
singular_sum: Op
singular_values: Op
sinh: Elementwise
sliding_window_view: Op
slope0: Op
softmax: Op
softmax_cross_entropy: Op
softmax_excess: Op
softplus: Elementwise
solve: Op
spread: Op
sqrt: Elementwise
square: Elementwise
squeeze: Op
stack: Op
standardize: Op
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
toward: Op
transpose: Op
true_divide: Op
trunc: Elementwise
var: Op
weighted_sum: Op
where: Op
window_max: Op
window_pick: Op
window_put: Op
window_spread: Op
window_sum: Op
xlogy: Op
