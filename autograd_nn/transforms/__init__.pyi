# Generated from the op table by `python -m autograd_nn.notation.generate`; do not edit.
from ._custom import custom_op as custom_op
from ._forward import jvp as jvp
from ._grad import elementwise_grad as elementwise_grad
from ._grad import grad as grad
from ._grad import value_and_grad as value_and_grad
from ._grad import vjp as vjp
from ._matrix import hessian as hessian
from ._matrix import hvp as hvp
from ._matrix import jacobian as jacobian
from ._recompute import checkpoint as checkpoint
from ._stop import stop_gradient as stop_gradient
from ._vmap import vmap as vmap

__all__: list[str]
