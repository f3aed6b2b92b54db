"""Saliency: which parts of an input a prediction rests on, as a map of the input's own shape.

    f(x)            one number of each row: the score of a class, `output[row, target]`
    a map           how much each element of the row speaks for (+) or against (-) that number

Each function takes the model, a batch x (rows, ...) of any shape behind the rows, be it a table or images (rows,
channels, height, width), and the class `target`; the model runs in eval() and is as it was afterwards. What a map
claims differs: see each function. `show` draws one over its image.

>>> import numpy as np
>>> from autograd_nn import nn, saliency
>>> model = nn.MLP(64, 16, 10, rng=0)
>>> saliency.integrated_gradients(model, np.ones((5, 64)), target=3).shape
(5, 64)
"""

from ..core.exports import public_names as _public_names
from .covering import occlusion
from .gradients import gradient, gradient_x_input, integrated_gradients, smooth_grad
from .overlay import show

__all__ = _public_names(globals())
