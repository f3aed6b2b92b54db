"""What is refused, and how the errors say it: shapes, layers, complex numbers."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import autograd_nn as ag
from autograd_nn import Tensor, Value, nn
from autograd_nn.errors import DTypeError, ShapeError, UsageError


@pytest.mark.parametrize(("call", "said"), [
    (lambda h, w: h.relu() @ w, ["matmul: (32, 10) @ (8, 4): inner sizes 10 and 8 differ",
                                 "  left           Tensor (32, 10)  from relu",
                                 "  right  weight  Tensor (8, 4)    a leaf",
                                 "  help: "]),
    (lambda h, w: h.dot(w), ["dot: (32, 10) · (8, 4): inner sizes 10 and 8 differ", "  left   hidden  "]),
    (lambda h, w: h @ np.ones((4, 10)), ["inner sizes 10 and 4 differ", "  right          constant (4, 10)",
                                         "  help: with x on the left and y on the right, x @ y.T has"]),
    (lambda h, w: h @ np.ones((32, 4)), ["inner sizes 10 and 32 differ", "x.T @ y has"]),
    (lambda h, w: h @ np.ones(3), ["inner sizes 10 and 3 differ", "the only one on the right (3)"]),
    (lambda h, w: h @ 2.0, ["matmul: (32, 10) @ (): a single number has no axis to sum over\n", "* multiplies"]),
    (lambda h, w: Tensor(np.ones((2, 3, 4))) @ np.ones((5, 4, 3)),
     ["of the stacks of matrices, axis -3 has sizes 2 and 5"]),
    (lambda h, w: h + w, ["add: (32, 10) + (8, 4): axis -1 has sizes 10 and 4, and neither is 1\n"]),
    (lambda h, w: h * np.ones((8, 10)), ["axis -2 has sizes 32 and 8"]),
    (lambda h, w: h - h.data.max(axis=1), ["axis -1 has sizes 10 and 32", "makes (32, 1) of (32,)"]),
    (lambda h, w: np.where(np.ones(3) > 0, h, w), ["where: (3,), (32, 10), (8, 4): axis -1 has sizes 3 and 10 and 4"]),
    (lambda h, w: h.sum(axis=5), ["sum: (32, 10), axis=5: axis 5 is out of bounds"]),
    (lambda h, w: np.concatenate([h, w], axis=4), ["concatenate: (32, 10) concat (8, 4), axis=4: axis 4"]),
    (lambda h, w: h.reshape(3), ["reshape: (32, 10), shape=3: cannot"]),
], ids=lambda x: "" if callable(x) else x[0][:40])
def test_shape_errors_name_the_axis(call, said):
    hidden, weight = Tensor(np.ones((32, 10)), name="hidden"), Tensor(np.ones((8, 4)), name="weight")
    with pytest.raises(ShapeError) as caught:
        call(hidden, weight)
    for part in said:
        assert part in str(caught.value)
    first = str(caught.value).split("\n")[0]
    assert "order=" not in first and "keepdims=" not in first            # defaults are not listed


def test_shape_errors_name_the_layer():
    class Times(nn.Module):
        def __init__(self, *shape):
            self.weight = Tensor(np.ones(shape), name="weight")

        def forward(self, x):
            return x @ self.weight

    class Model(nn.Module):
        def __init__(self, *layers):
            self.net = nn.Sequential(*layers)

        def forward(self, x):
            return self.net(x)

    with pytest.raises(ShapeError) as caught:
        Model(nn.ReLU(), Times(8, 4))(Tensor(np.ones((32, 10)), name="hidden"))
    assert str(caught.value) == (
        "matmul: (32, 10) @ (8, 4): inner sizes 10 and 8 differ\n"
        "  in     net.layers.1 of Model: Times()\n"
        "  left           Tensor (32, 10)  from relu\n"
        "  right  weight  Tensor (8, 4)    the parameter net.layers.1.weight of Model\n"
        "  help: the last axis on the left (10) is summed with the last but one on the right (8)")

    with pytest.raises(ShapeError) as caught:
        Model(nn.Linear(10, 8), nn.Sequential(nn.ReLU(), nn.Linear(9, 4)))(np.ones((2, 10)))
    assert str(caught.value) == (
        "Linear(9, 4) takes inputs of shape (..., 9), and these have shape (2, 8)\n"
        "  in     net.layers.1.layers.1 of Model: Linear(9, 4)\n"
        "  help: it was built for 9 inputs; did you mean Linear(8, 4)?")

    with pytest.raises(ShapeError) as caught:                # called alone: there is no path
        nn.Linear(9, 4)(np.ones(8))
    assert "\n  in " not in str(caught.value)

    hidden = [Times(8, 4)]
    class Elsewhere(nn.Module):                              # the layer is none of this module's parts
        def forward(self, x):
            return hidden[0](x)

    with pytest.raises(ShapeError, match="the parameter weight of Times"):
        Elsewhere()(Tensor(np.ones((2, 3))))
    assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args


@pytest.mark.parametrize("z", [np.array([1j, 2]), [1j, 2], (1, 2j)], ids=str)
def test_complex_numbers_are_refused_wherever_they_enter(z):
    t = Tensor([1.0, 2.0])

    def assign(name):
        setattr(t, name, z)
    for enter in (lambda: Tensor(z), lambda: Tensor(z, dtype=float), lambda: Tensor(z, dtype=np.float32),
                  lambda: assign("data"), lambda: assign("grad"), lambda: t.backward(z),
                  lambda: t.backward(z, create_graph=True), lambda: t * z, lambda: z + t, lambda: np.hypot(t, z)):
        with pytest.raises(DTypeError, match="complex"):
            enter()
    assert t.data.tolist() == [1, 2] and t.grad is None


@pytest.mark.parametrize("node", [Value(2.0), Tensor([1.0, 2.0])], ids=["Value", "Tensor"])
@pytest.mark.parametrize("z", [1j, np.complex64(1j), np.array(1j)], ids=lambda z: type(z).__name__)
def test_a_complex_constant_is_one_clear_error(node, z):
    for combine in (lambda: node * z, lambda: z - node, lambda: node ** z, lambda: ag.maximum(node, z),
                    lambda: np.add(node, z), lambda: node.sum().backward(z) if node.shape else node.backward(z)):
        with pytest.raises(DTypeError, match="complex numbers have no derivative here\n  help: "):
            combine()


def test_complex_numbers_alone():
    with pytest.raises(DTypeError, match="Value: complex"):
        Value(1j)
    with pytest.raises(DTypeError, match="sin: complex"):
        ag.sin(1j)


def test_what_is_no_gradient():
    t = Tensor([1.0, 2.0])
    with pytest.raises(UsageError, match="grad: this is no array of numbers"):
        t.grad = ["a", "b"]
    assert t.grad is None


@pytest.mark.parametrize(("call", "kind", "said"), [
    (lambda t: np.add(t, [[1], [1, 2]]), ShapeError, "add: this is no array of numbers: "),
    (lambda t: t.sum(0, 1), UsageError, "sum: Cannot interpret '1' as a data type"),
    (lambda t: np.mean(t, dtype="much"), UsageError, "mean: data type 'much' not understood"),
    (lambda t: t.sum(axes=1), UsageError, "sum: .*axes.*\\n  help: its parameters are axis"),
    (lambda t: t.sum(dtype=int), DTypeError, "astype"),
    (lambda t: Tensor("abc"), UsageError, "this is no array of numbers: 'abc'"),
    (lambda t: Tensor(["1.5"]), UsageError, "this is no array of numbers"),
])
def test_wrong_arguments_are_one_clear_error(call, kind, said):
    with pytest.raises(kind, match=said):
        call(Tensor([1.0, 2.0]))
