"""Modules and layers: the tree, the state, files, and both granularities."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_nn
from autograd_nn import OPS, Tensor, Value, jvp, nn, ops
from autograd_nn.core.random import generator
from autograd_nn.errors import DTypeError, ShapeError, StateError, UsageError


class Net(nn.Module):
    """Every kind of attribute that can hold a parameter, and some that cannot."""

    def __init__(self, rng=0):
        rng = generator(rng)
        self.scale = Value(rng.normal())
        self.table = Tensor(rng.normal(size=(3, 2)))
        self.parts = [nn.Linear(2, 2, rng=rng), (nn.Tanh(), nn.Neuron(2, rng=rng))]
        self.heads = {"a": nn.Linear(2, 1, rng=rng), "b": Value(1.0)}
        self.units = np.array([nn.Linear(1, 1, rng=rng), Value(2.0)], dtype=object)
        self.computed = self.scale * 2                   # no leaf
        self.plain, self.size, self.empty = np.ones(3), 3, np.empty(0, dtype=object)
        self.tied = self.table                           # the same again


NAMES = ["scale", "table", "parts.0.weight", "parts.0.bias", "parts.1.1.weight.0", "parts.1.1.weight.1",
         "parts.1.1.bias", "heads.a.weight", "heads.a.bias", "heads.b", "units.0.weight", "units.0.bias", "units.1"]


# --- the tree -----------------------------------------------------------------------------------

def test_named_parameters_finds_each_leaf_once_in_order():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == NAMES
    assert len({id(p) for p in net.parameters()}) == len(NAMES)
    assert all(p.is_leaf for p in net.parameters())


def test_a_value_in_two_arrays_is_one_parameter():
    layer = nn.Layer(2, 2, rng=0)
    layer.row = layer.weight[1]
    assert [name for name, _ in layer.named_parameters()] == [
        "weight.0.0", "weight.0.1", "weight.1.0", "weight.1.1", "bias.0", "bias.1"]


def test_modules_and_children():
    net = Net()
    assert [name for name, _ in net.named_modules()] == [
        "", "parts.0", "parts.1.0", "parts.1.1", "parts.1.1.activation", "heads.a", "units.0"]
    assert [name for name, _ in net.named_children()] == ["parts.0", "parts.1.0", "parts.1.1", "heads.a", "units.0"]
    assert [type(m).__name__ for m in net.children()] == ["Linear", "Tanh", "Neuron", "Linear", "Linear"]


def test_a_tree_with_a_cycle_and_a_deep_one_are_walked():
    a, b = nn.Sequential(), nn.Sequential()
    a.layers.append(b)
    b.layers.append(a)
    b.weight = Value(1.0)
    assert [name for name, _ in a.named_parameters()] == ["layers.0.weight"]
    assert "the same as above" in repr(a)
    deep = inner = nn.Sequential()
    for _ in range(5000):
        inner.layers.append(nn.Sequential())
        inner = inner.layers[0]
    inner.weight = Value(1.0)
    assert len(list(deep.named_modules())) == 5001
    assert repr(deep).count("\n") == 5001


def test_train_eval_reach_every_module():
    net = Net()
    assert net.training
    assert net.eval() is net
    assert not any(m.training for _, m in net.named_modules())
    net.train()
    assert all(m.training for _, m in net.named_modules())


def test_zero_grad():
    net = nn.MLP(2, 3, 1, rng=0)
    net([1.0, 2.0]).sum().backward()
    assert all(p.has_grad for p in net.parameters())
    net.zero_grad()
    assert not any(p.has_grad for p in net.parameters())


def test_repr_is_an_indented_tree():
    class Outer(nn.Module):
        def __init__(self):
            self.gain = Value(1.0)
            self.net = nn.MLP(2, 3, 1, activation=nn.LeakyReLU(0.2), rng=0)
            self.out = nn.Layer(1, 2, None, bias=False, rng=0)
            self.w = Tensor([1.0])
            self.v = nn.neuron._values(np.zeros((2, 2)), "v")
    assert repr(Outer()) == """\
Outer()
  gain: Value
  w: Tensor (1,) float64
  v: Values (2, 2)
  net: MLP()
    layers.0: Linear(2, 3)
    layers.1: Linear(3, 1)
    activation: LeakyReLU(negative_slope=0.2)
  out: Layer(1, 2, bias=False)"""


def test_a_module_without_forward_says_so():
    with pytest.raises(UsageError, match="Net has no forward"):
        Net()(1.0)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_share_nothing_and_keep_ties(copied):
    net = Net()
    other = copied(net)
    assert other.tied is other.table
    assert [name for name, _ in other.named_parameters()] == NAMES
    assert not {id(p) for p in other.parameters()} & {id(p) for p in net.parameters()}
    for name, array in other.state_dict().items():
        np.testing.assert_array_equal(array, net.state_dict()[name])


# --- dtype --------------------------------------------------------------------------------------

def test_astype_casts_tensors_in_place():
    net = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Neuron(2, rng=0))
    weight, before = net.layers[0].weight, net.layers[0].weight.data
    weight.grad = np.ones((2, 2))
    assert net.astype(np.float64) is net
    assert net.layers[0].weight is weight
    assert weight.dtype == np.float64 and not weight.has_grad and not weight.data.flags.writeable
    np.testing.assert_array_equal(weight.data, before)
    assert type(net.layers[1].bias.data) is float
    with pytest.raises(DTypeError, match="int32"):
        net.astype(np.int32)


@pytest.mark.parametrize("x", [[[1, 2]], np.ones((4, 2)), np.ones((1, 2), dtype=np.uint8), np.ones(2, np.float16)])
def test_plain_inputs_do_not_change_the_dtype_of_a_linear(x):
    net = nn.MLP(2, 3, 2, activation="gelu", rng=0)
    y = net(x)
    assert y.dtype == np.float32
    y.sum().backward()
    assert {p.grad.dtype for p in net.parameters()} == {np.dtype(np.float32)}


# --- state --------------------------------------------------------------------------------------

def test_state_dict_round_trip_is_exact():
    a, b = Net(rng=1), Net(rng=2)
    state = a.state_dict()
    assert list(state) == ["scale", "table", "parts.0.weight", "parts.0.bias", "parts.1.1.weight", "parts.1.1.bias",
                           "heads.a.weight", "heads.a.bias", "heads.b", "units.0.weight", "units.0.bias", "units.1"]
    assert state["parts.1.1.weight"].dtype == np.float64 and state["scale"].shape == ()
    b.load_state_dict(state)
    for name, array in b.state_dict().items():
        assert array.tobytes() == state[name].tobytes() and array.dtype == state[name].dtype


def test_a_state_dict_is_a_snapshot():
    net = nn.MLP(2, 2, rng=0)
    state = net.state_dict()
    before = {name: a.copy() for name, a in state.items()}
    for p in net.parameters():
        p.data = p.data + 1
    for name, a in state.items():
        np.testing.assert_array_equal(a, before[name])


def test_loading_casts_to_the_parameter():
    net = nn.Linear(2, 1, rng=0)
    net.load_state_dict({"weight": [[1, 2]], "bias": np.array([0.1])})
    assert net.weight.dtype == np.float32 and net.bias.data[0] == np.float32(0.1)


def test_a_state_that_does_not_fit_is_listed_whole_and_loads_nothing():
    net = nn.MLP(2, 3, 1, rng=0)
    before = {name: a.copy() for name, a in net.state_dict().items()}
    bad = {"layers.0.weight": np.zeros((2, 3)), "layers.0.bias": np.array(["a", "b", "c"]),
           "layers.1.weight": np.ones((1, 3)), "layers.9.bias": np.zeros(1)}
    with pytest.raises(StateError) as caught:
        net.load_state_dict(bad)
    assert str(caught.value).splitlines() == [
        "load_state_dict: the state does not fit this MLP",
        "  missing     layers.1.bias",
        "  unexpected  layers.9.bias",
        "  shape       layers.0.weight: (2, 3) in the state, (3, 2) in the model",
        "  dtype       layers.0.bias: <U1 in the state, which is no real number"]
    for name, a in net.state_dict().items():
        np.testing.assert_array_equal(a, before[name])


def test_a_state_that_need_not_be_whole():
    net = nn.MLP(2, 1, rng=0)
    net.load_state_dict({"layers.0.bias": [7.0], "other": 1.0}, strict=False)
    assert net.layers[0].bias.data[0] == 7.0
    with pytest.raises(StateError, match="shape"):
        net.load_state_dict({"layers.0.bias": [7.0, 8.0]}, strict=False)


def test_two_parameters_of_one_name_are_refused():
    class Twins(nn.Module):
        def __init__(self):
            self.parts = {"a.b": Value(1.0), "a": {"b": Value(2.0)}}
    with pytest.raises(StateError, match=r"parts\.a\.b"):
        Twins().state_dict()


# --- files --------------------------------------------------------------------------------------

def test_file_round_trip_is_exact(tmp_path):
    a, b, path = Net(rng=1), Net(rng=2), tmp_path / "net.safetensors"
    a.save(path)
    a.save(path)                                         # over an existing file
    assert b.load(path) is b
    for name, array in a.state_dict().items():
        assert b.state_dict()[name].tobytes() == array.tobytes()
    assert os.listdir(tmp_path) == ["net.safetensors"]


def test_arrays_out_of_c_order_are_saved_as_they_read(tmp_path):
    class Odd(nn.Module):
        def __init__(self):
            self.f = Tensor(np.asfortranarray(np.arange(6.0).reshape(2, 3)))
            self.big = Tensor(np.arange(3.0), dtype=">f8")
            self.f._data = np.arange(6.0).reshape(3, 2).T        # Tensor copies, so go behind its back
    odd = Odd()
    assert not odd.state_dict()["f"].flags.c_contiguous
    odd.save(tmp_path / "odd")
    fresh = Odd()
    fresh.f.data, fresh.big.data = np.zeros((2, 3)), np.zeros(3)
    fresh.load(tmp_path / "odd")
    np.testing.assert_array_equal(fresh.f.data, [[0, 2, 4], [1, 3, 5]])
    np.testing.assert_array_equal(fresh.big.data, [0, 1, 2])


@pytest.mark.parametrize("damage", ["truncated", "foreign", "empty", "header"])
def test_a_damaged_file_is_one_line_and_loads_nothing(tmp_path, damage):
    path, net = tmp_path / "net", nn.MLP(2, 3, 1, rng=0)
    net.save(path)
    whole = path.read_bytes()
    path.write_bytes({"truncated": whole[:-5], "foreign": b"\x89PNG\r\n\x1a\n" * 9, "empty": b"",
                      "header": whole[:8] + b"x" + whole[9:]}[damage])
    other = nn.MLP(2, 3, 1, rng=1)
    before = other.state_dict()
    with pytest.raises(StateError, match="net is damaged, or is no safetensors file") as caught:
        other.load(path)
    assert "\n" not in str(caught.value)
    assert all(a is before[name] for name, a in other.state_dict().items())


def test_files_that_are_not_there(tmp_path):
    net = nn.Linear(2, 1, rng=0)
    with pytest.raises(FileNotFoundError, match="none"):
        net.load(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match=r"no such folder to save in: .*folder'"):
        net.save(tmp_path / "folder" / "net")


def test_another_models_file_names_the_file(tmp_path):
    nn.Linear(2, 1, rng=0).save(tmp_path / "net")
    with pytest.raises(StateError, match=r"load: .*net: the state does not fit this Linear\n  shape"):
        nn.Linear(3, 1, rng=0).load(tmp_path / "net")


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch, step):
    net, path = nn.Linear(2, 1, rng=0), tmp_path / "net"
    net.save(path)
    before = path.read_bytes()

    def no_space(*_):
        raise OSError("no space left")
    monkeypatch.setattr(os, step, no_space)
    net.weight.data = np.zeros((1, 2))
    with pytest.raises(OSError, match="no space left"):
        net.save(path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["net"]


def test_a_longdouble_is_refused_by_name(tmp_path):
    if np.dtype(np.longdouble).itemsize == 8:
        pytest.skip("longdouble is float64 here")
    with pytest.raises(DTypeError, match="weight is"):
        nn.Linear(2, 1, rng=0).astype(np.longdouble).save(tmp_path / "net")


# --- layers -------------------------------------------------------------------------------------

def naive_linear(x, w, b):
    """One output at a time, one product at a time."""
    y = np.empty((len(x), len(w)))
    for n in range(len(x)):
        for o in range(len(w)):
            y[n, o] = sum(x[n, i] * w[o, i] for i in range(x.shape[1])) + b[o]
    return y


def check_by_differences(loss, params, h=1e-6):
    """Compare the gradient of every element of every parameter with a central difference."""
    for p in params:
        p.zero_grad()
    loss().backward()
    for p in params:
        flat = np.array(p.data, dtype=float)
        grad = np.asarray(p.grad)
        for index in np.ndindex(flat.shape):
            sides = []
            for d in (h, -h):
                moved = flat.copy()
                moved[index] += d
                p.data = moved
                sides.append(loss().item())
            p.data = flat
            numeric = (sides[0] - sides[1]) / (2 * h)
            assert grad[index] == pytest.approx(numeric, rel=1e-6, abs=1e-8), (p, index)


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
    x, dx, h = np.array([0.3, -0.4]), np.array([1.0, 2.0]), 1e-6
    _, dy = jvp(lambda x: net(x).sum(), (x,), (dx,))
    numeric = (net(x + h * dx).sum().item() - net(x - h * dx).sum().item()) / (2 * h)
    assert dy.item() == pytest.approx(numeric, rel=1e-7)


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
    of_the_table = {op.name for op in OPS.values() if op.module.endswith(".activation")} | {"tanh"}
    assert {kind.op.name for kind in nn.activations.BY_NAME.values()} == of_the_table - {"logsumexp"}


@pytest.mark.parametrize("name", sorted(nn.activations.BY_NAME))
def test_activations_on_every_kind_of_input(name):
    module, op = nn.activations.activation(name), OPS[name]
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


def test_an_array_of_values_meets_one_value():
    """As a batch of a Neuron meets its bias: elementwise, on either side, numbers and lists too."""
    a, b = np.array([Value(1.0), Value(2.0)], dtype=object), Value(3.0)
    for out, expected in ((a + b, [4, 5]), (b + a, [4, 5]), (b - a, [2, 1]), (ops.maximum(a, b), [3, 3]),
                          (ops.subtract(a, [1.0, 0.5]), [0, 1.5]), (ops.where(True, a, b), [1, 2])):
        assert [v.data for v in out] == expected
    (a * b).sum().backward()
    assert (b.grad, a[0].grad) == (3.0, 3.0)


# --- initialisers and randomness ------------------------------------------------------------------

SPREAD = {
    "xavier_uniform": lambda i, o: 2 / (i + o), "xavier_normal": lambda i, o: 2 / (i + o),
    "he_uniform": lambda i, o: 2 / i, "he_normal": lambda i, o: 2 / i,
}


@pytest.mark.parametrize("name", sorted(SPREAD))
@pytest.mark.parametrize("shape", [(300, 200), (60, 50, 4, 5)])
def test_initialisers_have_the_variance_they_state(name, shape):
    w = getattr(nn.init, name)(shape, rng=0, dtype=np.float64)
    kernel = int(np.prod(shape[2:]))
    variance = SPREAD[name](shape[1] * kernel, shape[0] * kernel)
    assert w.shape == shape
    assert w.var() == pytest.approx(variance, rel=0.02)
    assert abs(w.mean()) < 0.02 * np.sqrt(variance)
    if name.endswith("uniform"):
        assert 0.999 < np.abs(w).max() / np.sqrt(3 * variance) <= 1
    else:
        assert np.abs(w).max() > 3.5 * np.sqrt(variance)


def test_other_initialisers():
    assert nn.init.zeros((2, 3)).tolist() == [[0.0] * 3] * 2
    u, n = nn.init.uniform(5000, -2, 3, rng=0), nn.init.normal(5000, 1.0, 2.0, rng=0)
    assert u.dtype == n.dtype == np.float32
    assert -2 <= u.min() < -1.99 and 2.99 < u.max() <= 3
    assert n.mean() == pytest.approx(1, abs=0.1) and n.std() == pytest.approx(2, rel=0.05)
    assert nn.init.he_normal((3, 4), 0.5, rng=0) == pytest.approx(nn.init.he_normal((3, 4), rng=0) / np.sqrt(1.25))
    assert nn.init.he_uniform((3, 4), 0.5, rng=0) == pytest.approx(nn.init.he_uniform((3, 4), rng=0) / np.sqrt(1.25))
    assert nn.init.xavier_uniform((3, 4), 2.0, rng=0) == pytest.approx(nn.init.xavier_uniform((3, 4), rng=0) * 2)
    for bad in (3, (3,), (0, 2)):
        with pytest.raises(ShapeError, match="fan in"):
            nn.init.he_uniform(bad)


def test_init_of_a_linear():
    layer = nn.Linear(3, 2, rng=4, init=nn.init.he_normal)
    np.testing.assert_array_equal(layer.weight.data, nn.init.he_normal((2, 3), rng=4))
    assert layer.bias.data.tolist() == [0.0, 0.0]
    with pytest.raises(ShapeError, match=r"\(3, 2\)"):
        nn.Linear(3, 2, init=lambda shape, rng, dtype: np.zeros(shape[::-1]))


def test_the_default_start_is_pytorchs():
    layer = nn.Linear(25, 4000, rng=0)
    for p in layer.parameters():
        assert 0.19 < np.abs(p.data).max() <= 0.2
        assert p.data.var() == pytest.approx(0.2 ** 2 / 3, rel=0.05)


def test_rng_of_every_kind():
    a = nn.Linear(3, 2, rng=5).weight.data
    np.testing.assert_array_equal(nn.Linear(3, 2, rng=np.random.default_rng(5)).weight.data, a)
    np.testing.assert_array_equal(nn.Linear(3, 2, rng=np.int64(5)).weight.data, a)
    autograd_nn.seed(5)
    np.testing.assert_array_equal(nn.Linear(3, 2).weight.data, a)
    assert not np.array_equal(nn.Linear(3, 2).weight.data, a), "the package's generator goes on"
    net = nn.MLP(3, 3, 3, rng=5)
    assert not np.array_equal(net.layers[0].weight.data, net.layers[1].weight.data), "layers share one generator"
    alone = nn.Linear(3, 3, rng=5)
    assert not np.array_equal(alone.weight.data[0], alone.bias.data), "and so do weight and bias"


def test_the_same_seed_gives_the_same_bits_in_every_process():
    program = ("from autograd_nn import nn, seed; seed(3); net = nn.MLP(3, 4, 2); "
               "print(*[name + a.tobytes().hex() for name, a in net.state_dict().items()])")
    outs = {subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": hash_seed},
                           capture_output=True, text=True, check=True).stdout for hash_seed in ("1", "2")}
    assert len(outs) == 1 and "layers.1.bias" in outs.pop()
