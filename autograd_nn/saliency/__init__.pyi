# Generated from the op table by `python -m autograd_nn.notation.generate`; do not edit.
from .covering import occlusion as occlusion
from .gradients import gradient as gradient
from .gradients import gradient_x_input as gradient_x_input
from .gradients import integrated_gradients as integrated_gradients
from .gradients import smooth_grad as smooth_grad
from .overlay import show as show

__all__: list[str]
