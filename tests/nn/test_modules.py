"""Modules: the tree, its dtype, its state, and its files."""

from __future__ import annotations

import copy
import os
import pickle

import numpy as np
import pytest

from autograd_nn import Tensor, Value, nn
from autograd_nn.core.random import generator
from autograd_nn.errors import DTypeError, StateError, UsageError


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
