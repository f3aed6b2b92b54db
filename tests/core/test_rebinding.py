"""A Tensor's data assigned between forward and backward."""
import numpy as np
import pytest

import autograd_nn as ag
from autograd_nn import Tensor, errors


def test_backward_gives_the_gradient_at_the_recorded_data():
    t, u = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    middle = t * u
    y = (np.tanh(middle) * t + t.sum() * u + np.concatenate([t, u])[1:3]).sum()
    y.backward()
    want, t.grad, u.grad = (t.grad, u.grad), None, None
    t.data, u.data = np.zeros(2), np.ones(2)
    with pytest.raises(errors.GraphError, match="that an op made"):
        middle.data = np.full(2, 9.0)
    y.backward()
    np.testing.assert_array_equal((t.grad, u.grad), want)


def test_an_optimizers_step_too():
    t = Tensor([1.0, 2.0])
    y = (t * t).sum()
    y.backward()
    ag.optim.SGD([t], lr=0.1).step()
    t.zero_grad()
    y.backward()
    assert t.grad.tolist() == [2.0, 4.0]


def test_a_gradient_that_is_a_graph_is_refused():
    t = Tensor([1.0, 2.0], name="t")
    y = (t * t).sum()
    t.data = np.zeros(2)
    with pytest.raises(errors.GraphError, match="data of t was assigned"):
        y.backward(create_graph=True)
