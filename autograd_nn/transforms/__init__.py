"""Transforms: functions that turn a function into its derivative, or into the same function with another graph."""

from ..core.exports import public_names as _public_names
from ._custom import custom_op
from ._forward import jvp
from ._grad import elementwise_grad, grad, value_and_grad, vjp
from ._matrix import hessian, hvp, jacobian
from ._recompute import checkpoint
from ._stop import stop_gradient
from ._vmap import vmap

__all__ = _public_names(globals())
