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
from .indexing import split as split

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
clip: Op
concatenate: Op
cos: Elementwise
cosh: Elementwise
cumsum: Op
divide: Op
dot: Op
elu: Op
erf: Elementwise
exp: Elementwise
exp2: Elementwise
expand_dims: Op
expm1: Elementwise
flip: Op
floor: Elementwise
fmod: Op
gelu: Elementwise
getitem: Op
hard_sigmoid: Elementwise
hard_tanh: Elementwise
hypot: Op
index_add: Op
leaky_relu: Op
log: Elementwise
log10: Elementwise
log1p: Elementwise
log2: Elementwise
log_softmax: Op
logaddexp: Op
logsumexp: Op
matmul: Op
max: Op
maximum: Op
mean: Op
min: Op
minimum: Op
mish: Elementwise
moveaxis: Op
multiply: Op
negative: Elementwise
pad: Op
power: Op
prod: Op
reciprocal: Elementwise
relu: Elementwise
remainder: Op
repeat: Op
reshape: Op
roll: Op
round: Elementwise
same: Op
selu: Elementwise
sigmoid: Elementwise
sign: Elementwise
silu: Elementwise
sin: Elementwise
sinh: Elementwise
softmax: Op
softplus: Elementwise
sqrt: Elementwise
square: Elementwise
squeeze: Op
stack: Op
std: Op
step: Elementwise
subtract: Op
sum: Op
sum_of: Op
sum_to: Op
swapaxes: Op
take_along_axis: Op
tan: Elementwise
tanh: Elementwise
tie: Op
tile: Op
transpose: Op
var: Op
weighted_sum: Op
where: Op
