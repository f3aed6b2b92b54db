"""Transforms: functions that turn a function into its derivative, or into the same function with another graph."""

from ._checkpoint import checkpoint
from ._custom import custom_op
from ._forward import jvp
from ._matrix import hessian, hvp, jacobian
from ._reverse import elementwise_grad, grad, value_and_grad, vjp
from ._stop import stop_gradient

__all__ = ["checkpoint", "custom_op", "elementwise_grad", "grad", "hessian", "hvp", "jacobian", "jvp", "stop_gradient",
           "value_and_grad", "vjp"]
