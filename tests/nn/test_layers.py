"""Layers and activations, in both granularities."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.numeric import differences, slope
from helpers.torch_peer import require_torch
from hypothesis import given
from hypothesis import strategies as st

from autograd_nn import OPS, Tensor, Value, jvp, nn, ops
from autograd_nn.errors import DTypeError, ShapeError, UsageError

# --- layers -------------------------------------------------------------------------------------

def naive_linear(x, w, b):
    """One output at a time, one product at a time."""
    y = np.empty((len(x), len(w)))
    for n in range(len(x)):
        for o in range(len(w)):
            y[n, o] = sum(x[n, i] * w[o, i] for i in range(x.shape[1])) + b[o]
    return y


def check_by_differences(loss, params):
    """Compare the gradient of every element of every parameter with a central difference."""
    for p in params:
        p.zero_grad()
    loss().backward()
    for p in params:
        def at(data, p=p):
            p.data = data
            return loss().item()
        start = np.array(p.data, dtype=float)
        numeric = differences(at, start)
        p.data = start
        np.testing.assert_allclose(p.grad, numeric, rtol=1e-6, atol=1e-8, err_msg=repr(p))


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(0, 10 ** 6))
def test_linear_and_layer_against_a_loop(n, n_in, n_out, seed):
    rng = np.random.default_rng(seed)
    linear = nn.Linear(n_in, n_out, rng=seed, dtype=np.float64)
    layer = nn.Layer(n_in, n_out, activation=None, rng=seed)
    x = rng.normal(size=(n, n_in))
    expected = naive_linear(x, linear.weight.data, linear.bias.data)
    np.testing.assert_allclose(linear(x).data, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(linear(Tensor(x)).data, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(linear(x[0]).data, expected[0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose([[v.data for v in row] for row in layer(x)], expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose([v.data for v in layer([Value(v) for v in x[0]])], expected[0], rtol=1e-12, atol=1e-12)
    assert layer(x)[0, 0].op is OPS["weighted_sum"], "a neuron is one node"


def test_gradients_of_layers_by_differences():
    x = np.random.default_rng(3).normal(size=(4, 3))
    for net in (nn.Linear(3, 2, rng=0, dtype=np.float64), nn.Layer(3, 2, rng=0), nn.Neuron(3, rng=0),
                nn.MLP(3, 4, 2, activation="softplus", rng=0, dtype=np.float64),
                nn.MLP(3, 2, 2, activation="gelu", rng=0, of=Value)):
        check_by_differences(lambda net=net: ops.sum(ops.square(net(x))), list(net.parameters()))


def test_gradients_reach_the_inputs():
    for of, x in ((Tensor, Tensor([0.3, -0.2])), (Value, [Value(0.3), Value(-0.2)])):
        net = nn.MLP(2, 3, 1, activation="tanh", rng=5, of=of, dtype=np.float64)
        check_by_differences(lambda net=net, x=x: net(x)[0], [x] if of is Tensor else x)


def test_the_two_granularities_agree():
    x, target = np.random.default_rng(0).normal(size=(5, 3)), np.array([0, 1, 1, 0, 1])
    tensors = nn.MLP(3, 4, 2, activation="tanh", rng=7, dtype=np.float64)
    values = nn.MLP(3, 4, 2, activation="tanh", rng=7, of=Value)
    for name, a in tensors.state_dict().items():
        assert a.tobytes() == values.state_dict()[name].tobytes(), "one seed, one start"
    a, b = nn.cross_entropy(tensors(x), target), nn.cross_entropy(values(x), target)
    assert type(a) is Tensor and type(b) is Value
    assert b.data == pytest.approx(a.item(), rel=1e-13)
    a.backward()
    b.backward()
    of_values = dict(values.named_parameters())
    for name, p in tensors.named_parameters():
        for index, g in np.ndenumerate(p.grad):
            assert of_values[".".join([name, *map(str, index)])].grad == pytest.approx(g, rel=1e-11, abs=1e-15)
    values.load_state_dict(nn.MLP(3, 4, 2, rng=8).state_dict())          # and a state fits both


def test_float32_and_float64_start_alike():
    a, b = nn.Linear(4, 3, rng=1), nn.Linear(4, 3, rng=1, dtype=np.float64)
    np.testing.assert_array_equal(a.weight.data, b.weight.data.astype(np.float32))


def test_forward_mode_goes_through_layers():
    net = nn.MLP(2, 3, 1, activation="tanh", rng=0, dtype=np.float64)
    x, dx = np.array([0.3, -0.4]), np.array([1.0, 2.0])
    _, dy = jvp(lambda x: net(x).sum(), (x,), (dx,))
    assert dy.item() == pytest.approx(slope(lambda t: net(x + t * dx).sum().item()), rel=1e-7)


def test_neuron_is_one_value_or_a_batch():
    neuron = nn.Neuron(2, activation="relu", bias=False, rng=0)
    neuron.load_state_dict({"weight": [2.0, -1.0]})
    y = neuron([3, Value(1.0)])
    assert type(y) is Value and y.data == 5.0
    assert [v.data for v in neuron([[3.0, 1.0], [0.0, 1.0]])] == [5.0, 0.0]
    assert neuron.weight[1].name == "weight[1]"


def test_layers_refuse_what_does_not_fit():
    linear, layer = nn.Linear(3, 2, rng=0), nn.Layer(3, 2, rng=0)
    for bad in ([1.0, 2.0], np.ones((3, 2)), 1.0, Tensor(np.ones((2, 4))), []):
        with pytest.raises(ShapeError, match=r"Linear\(3, 2\) takes inputs of shape \(\.\.\., 3\)"):
            linear(bad)
    for bad in ([1.0, 2.0], np.ones((3, 2)), Value(1.0)):
        with pytest.raises(ShapeError, match=r"Layer\(3, 2\) takes inputs"):
            layer(bad)
    with pytest.raises(UsageError, match=r"nn\.Layer takes Values"):
        linear([Value(1.0)] * 3)
    with pytest.raises(UsageError, match=r"nn\.Linear takes Tensors"):
        layer(Tensor(np.ones(3)))
    with pytest.raises(UsageError, match="single real number"):
        layer([Value(1.0), None, 2.0])
    with pytest.raises(ShapeError, match="no array"):
        linear([[1.0, 2.0], [3.0]])
    with pytest.raises(DTypeError, match="complex"):
        linear(np.ones(3, dtype=complex))


@pytest.mark.parametrize("make", [
    lambda: nn.Linear(0, 2), lambda: nn.Linear(2, 1.5), lambda: nn.Layer(2, True), lambda: nn.Neuron(-1),
    lambda: nn.MLP(3), lambda: nn.MLP(3, "4"), lambda: nn.MLP(2, 1, of=float), lambda: nn.MLP(2, 1, activation="rleu"),
    lambda: nn.Neuron(2, activation=nn.ReLU), lambda: nn.Sequential([nn.ReLU()]), lambda: nn.Sequential(nn.ReLU),
    lambda: nn.LeakyReLU(0.1, 0.2), lambda: nn.ReLU(alpha=1.0), lambda: nn.LeakyReLU(Value(0.1)),
    lambda: nn.Linear(2, 1, rng="seed"), lambda: nn.Linear(2, 1, rng=-1), lambda: nn.Linear(2, 1, rng=True)])
def test_wrong_arguments_are_errors_at_once(make):
    with pytest.raises(UsageError):
        make()


def test_sequential_applies_in_order():
    net = nn.Sequential(lambda x: x * 2, nn.ReLU(), lambda x: x + 1)
    np.testing.assert_array_equal(net(Tensor([-1.0, 3.0])).data, [1.0, 7.0])
    assert nn.Sequential()(5) == 5


# --- activations --------------------------------------------------------------------------------

def test_every_activation_of_the_table_is_a_module():
    of_the_table = {op.name for op in OPS.values() if op.module.endswith(".activation")} | {"tanh", "sigmoid"}
    chosen_by_keyword = {other.name for op in OPS.values() for ops in op.variants.values() for other in ops.values()
                         if other}
    assert {op.name for op in nn.activation.MODULE_OF} == of_the_table - {"logsumexp"} - chosen_by_keyword


@pytest.mark.parametrize("name", sorted(op.name for op in nn.activation.MODULE_OF))
def test_activations_on_every_kind_of_input(name):
    module, op = nn.activation.activation(name), OPS[name]
    x = np.array([[0.3, -0.7, 2.0], [1.5, -4.0, -0.1]])
    expected = op.array(x, **op.params)
    tensor = Tensor(x)
    values = [[Value(v) for v in row] for row in x]
    np.testing.assert_array_equal(module(x), expected)
    np.testing.assert_array_equal(module(x.tolist()), expected)
    np.testing.assert_array_equal(module(tensor).data, expected)
    out = module(values)
    np.testing.assert_allclose([[v.data for v in row] for row in out], expected, rtol=1e-14)
    (module(tensor) * np.array([1.0, 2.0, -1.0])).sum().backward()
    (out * np.array([1.0, 2.0, -1.0])).sum().backward()
    np.testing.assert_allclose([[v.grad for v in row] for row in values], tensor.grad, rtol=1e-12, atol=1e-15)
    if op.elementwise:
        assert type(module(Value(0.5))) is Value and module(0.5) == op.number(0.5, **op.params)


def test_activations_take_their_parameters():
    assert nn.LeakyReLU(0.5)(-2.0) == nn.LeakyReLU(negative_slope=0.5)(-2.0) == -1.0
    np.testing.assert_allclose(nn.Softmax(axis=0)(np.zeros((2, 3))), np.full((2, 3), 0.5))
    assert repr(nn.Softmax(0)) == "Softmax(axis=0)"


def test_gelu_by_tanh():
    """As PyTorch has it, on every kind of input, by keyword; and nothing but its two forms."""
    x = np.array([-100.0, -9.0, -3.0, -0.5, 0.0, 0.5, 3.0, 40.0])
    want = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3)))
    module, tensor = nn.GELU(approximate="tanh"), Tensor(x)
    assert repr(module) == "GELU(approximate='tanh')" and repr(nn.GELU()) == "GELU(approximate='none')"
    for found in (module(x), nn.GELU("tanh")(x), ops.gelu(x, approximate="tanh"), ops.gelu_tanh(x), module(tensor).data,
                  tensor.gelu(approximate="tanh").data, [Value(v).gelu(approximate="tanh").data for v in x],
                  [module(Value(v)).data for v in x], [ops.gelu(v, approximate="tanh") for v in x.tolist()]):
        np.testing.assert_allclose(found, want, rtol=1e-12, atol=1e-18)
    assert module(tensor).op is ops.gelu_tanh and nn.GELU()(tensor).op is ops.gelu(tensor, approximate="none").op
    for wrong in (lambda: ops.gelu(x, approximate="cubic"), lambda: nn.GELU(approximate=None), lambda: ops.gelu(x, 1),
                  lambda: ops.gelu(x, rough=True), lambda: ops.gelu(approximate="tanh")):
        with pytest.raises(UsageError):
            wrong()


def test_gelu_by_tanh_is_pytorchs():
    torch = require_torch()
    x = np.linspace(-8, 8, 101)
    t, theirs = Tensor(x), torch.tensor(x, requires_grad=True)
    y, other = nn.GELU(approximate="tanh")(t), torch.nn.functional.gelu(theirs, approximate="tanh")
    np.testing.assert_allclose(y.data, other.detach().numpy(), rtol=1e-11, atol=1e-14)
    y.sum().backward()
    other.sum().backward()
    np.testing.assert_allclose(t.grad, theirs.grad.numpy(), rtol=1e-11, atol=1e-14)


def test_an_array_of_values_meets_one_value():
    """As a batch of a Neuron meets its bias: elementwise, on either side, numbers and lists too."""
    a, b = np.array([Value(1.0), Value(2.0)], dtype=object), Value(3.0)
    for out, expected in ((a + b, [4, 5]), (b + a, [4, 5]), (b - a, [2, 1]), (ops.maximum(a, b), [3, 3]),
                          (ops.subtract(a, [1.0, 0.5]), [0, 1.5]), (ops.where(True, a, b), [1, 2])):
        assert [v.data for v in out] == expected
    (a * b).sum().backward()
    assert (b.grad, a[0].grad) == (3.0, 3.0)
