"""Parameters that are held fixed: Module.requires_grad_, and what trains, transforms, checks and shows a model."""

from __future__ import annotations

import copy
import pickle
import tracemalloc

import numpy as np
import pytest
from helpers.each import each
from helpers.optimizers import RULES

import autograd_nn as ag
from autograd_nn import Tensor, Value, check_gradients, grad, nn, no_grad, optim, saliency, topological, train, tree
from autograd_nn.drawing import draw, explain, flow_of, trace, trace_of
from autograd_nn.errors import UsageError

X = np.random.default_rng(0).normal(size=(6, 2))
Y = np.random.default_rng(1).normal(size=(6, 1))


def network(*fixed):
    model = nn.MLP(2, 3, 1, activation="tanh", rng=0, dtype=np.float64)
    return model.requires_grad_(False, *fixed) if fixed else model


def loss(model):
    return nn.mse_loss(model(X), Y)


def names(model, on):
    return [name for name, p in model.named_parameters() if p.requires_grad == on]


def bits(model):
    return {name: np.array(p.data) for name, p in model.named_parameters()}


def same_bits(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


class Tied(nn.Module):
    """Two names for one weight, an array of Values, containers, and what is no parameter."""

    def __init__(self):
        self.first = nn.Linear(2, 2, rng=0)
        self.parts = {"tied": self.first, "more": [Tensor(1.0), Tensor(2.0)]}
        self.values = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])
        self.act, self.seen = nn.ReLU(), nn.Buffer(np.zeros(2))


@each(("given", "want"), [
    ((), ["first.weight", "first.bias", "parts.more.0", "parts.more.1", "values.0.0", "values.0.1", "values.1.0",
          "values.1.1"]),
    (("first",), ["first.weight", "first.bias"]),
    (("parts.tied.bias",), ["first.bias"]),
    (("parts",), ["first.weight", "first.bias", "parts.more.0", "parts.more.1"]),
    (("parts.more.1", "values.1"), ["parts.more.1", "values.1.0", "values.1.1"]),
    (("values.0.1", "values.0.1"), ["values.0.1"]),
])
def test_names_are_of_parameters_and_of_what_holds_them(given, want):
    model = Tied()
    assert model.requires_grad_(False, *given) is model and names(model, False) == want
    assert model.requires_grad_() is model and names(model, False) == []
    model.requires_grad_(False).requires_grad_(True, *given)
    assert names(model, True) == want


@each(("bad", "near"), [("", ""), ("first.", "first"), ("firs", "first"), ("first.weights", "first.weight"),
                        ("act", ""), ("seen", ""), ("values.2", "values"), ("parts.more.1.0", "parts.more.1")])
def test_a_name_of_no_parameter_is_refused_and_nothing_changes(bad, near):
    model = Tied()
    with pytest.raises(UsageError, match=r"is no parameter, and nothing that holds some\n  help: there is") as caught:
        model.requires_grad_(False, "values", bad)
    assert near in str(caught.value).partition("there is ")[2].split(", ") or not near
    assert names(model, False) == []
    with pytest.raises(UsageError, match="a name must be a string"):
        model.requires_grad_(False, model.first.weight)
    with pytest.raises(UsageError, match="on"):
        model.requires_grad_("first")


def test_repr_says_which():
    assert repr(network("layers.0", "layers.1.bias")).splitlines()[1:] == [
        "  layers.0: Linear(2, 3)  (fixed)", "  layers.1: Linear(3, 1)  (fixed: bias)", "  activation: Tanh()"]
    text = repr(Tied().requires_grad_(False, "values.0", "parts.more.1"))
    assert "values: Values (2, 2), fixed 2" in text and "parts.more.1: Tensor () float64, fixed" in text
    assert "values: Values (2, 2), fixed\n" in repr(Tied().requires_grad_(False)) + "\n"


# --- training -------------------------------------------------------------------------------------

@each("kind", RULES)
def test_no_optimizer_moves_a_fixed_parameter_and_the_others_step_as_ever(kind):
    """As beside plain arrays. Fixing one in the middle of training keeps what the optimizer remembers of it."""
    options = {"lr": 0.05, **{name: 0.1 for name in ("momentum", "weight_decay") if name in kind.options}}
    model, free = network(), network()
    optimizers = [kind(m.parameters(), **options) for m in (model, free)]

    def steps(count, *models):
        for m in models:
            opt = optimizers[m is free]
            for _ in range(count):
                opt.zero_grad()
                loss(m).backward()
                opt.step()
    steps(2, model, free)
    before, kept = bits(model), copy.deepcopy(optimizers[0].state[0])
    model.requires_grad_(False, "layers.0.weight")
    assert not model.layers[0].weight.has_grad
    optimizers[0].step()                                     # with the gradients of the others that are there
    steps(2, model)
    after = bits(model)
    moved = [name for name in before if not np.array_equal(before[name], after[name])]
    assert moved == ["layers.0.bias", "layers.1.weight", "layers.1.bias"]
    assert kept.keys() == optimizers[0].state[0].keys()
    assert all(np.array_equal(kept[name], x) for name, x in optimizers[0].state[0].items())
    model.requires_grad_().load_state_dict(free.state_dict())
    optimizers[0].load_state_dict(optimizers[1].state_dict())
    steps(2, model, free)
    assert same_bits(bits(model), bits(free))


def test_lbfgs_searches_among_the_parameters_that_are_free():
    model = network("layers.0")
    before, opt = bits(model), optim.LBFGS(model.parameters())

    def closure():
        opt.zero_grad()
        value = loss(model)
        value.backward()
        return value
    start = loss(model).item()
    assert opt.step(closure) < start
    assert [np.array_equal(a, b) for a, b in zip(before.values(), bits(model).values())] == [True, True, False, False]
    model.requires_grad_(False)
    with pytest.raises(UsageError, match=r"LBFGS\.step: every parameter is fixed"):
        opt.step(closure)


def test_clipping_passes_over_fixed_parameters():
    model = network("layers.1")
    loss(model).backward()
    first = [p.grad for p in model.layers[0].parameters()]
    norm = optim.clip_grad_norm_(model.parameters(), 1e9)
    assert norm == pytest.approx(np.sqrt(sum((g ** 2).sum() for g in first)))
    optim.clip_grad_value_(model.parameters(), 1e-6)
    assert not any(p.has_grad for p in model.layers[1].parameters())


def test_fit_trains_what_is_free(tmp_path):
    model = network("layers.0")
    before = bits(model)

    def fit(epochs, model=model):
        return train.fit(model, (X, Y), loss=nn.mse_loss, optimizer=optim.Adam(model.parameters(), lr=0.1), rng=0,
                         epochs=epochs, progress=False, clip_norm=1.0, checkpoint=tmp_path / "run")
    history = fit(2)
    assert history["loss"][-1] < history["loss"][0]
    assert [np.array_equal(a, b) for a, b in zip(before.values(), bits(model).values())] == [True, True, False, False]
    again = network("layers.0")
    fit(3, again)                                            # goes on from the checkpoint
    fit(3)
    assert same_bits(bits(model), bits(again)) and names(again, False) == ["layers.0.weight", "layers.0.bias"]
    with pytest.raises(UsageError, match="every parameter that the optimizer holds is fixed"):
        fit(4, again.requires_grad_(False))


@pytest.mark.parametrize("layer", [nn.RNN, nn.LSTM, nn.GRU])
def test_the_second_bias_of_a_recurrent_layer_can_be_fixed_to_zeros(layer):
    model = layer(2, 3, num_layers=2, rng=0, dtype=float)
    biases = [name for name, _ in model.named_parameters() if name.startswith("bias_hh")]
    model.requires_grad_(False, *biases)
    for name in biases:
        getattr(model, name).data = np.zeros_like(getattr(model, name).data)
    opt, start = optim.Adam(model.parameters(), lr=0.1, weight_decay=0.1), bits(model)
    sequence = np.random.default_rng(0).normal(size=(5, 4, 2))
    for _ in range(3):
        opt.zero_grad()
        (model(sequence)[0] ** 2).sum().backward()
        opt.step()
    assert {name for name, a in bits(model).items() if np.array_equal(a, start[name])} == set(biases)
    assert not any(getattr(model, name).data.any() for name in biases)


def test_a_fixed_backbone_records_nothing_and_keeps_no_memory():
    model = network("layers.0")
    nodes = topological(loss(model))
    assert not {id(n) for n in nodes} & {id(p) for p in model.layers[0].parameters()}
    assert sum(n.op is not None and n.op.name == "linear" for n in nodes) == 1
    backbone = nn.Sequential(*[nn.Linear(100, 100, rng=0) for _ in range(8)]).requires_grad_(False)
    x = np.ones((500, 100), np.float32)
    y = backbone(x)
    assert y.is_leaf and not y.requires_grad and not y.inputs
    tracemalloc.start()
    try:
        y = backbone(x)
        assert tracemalloc.get_traced_memory()[0] < 2 * y.data.nbytes
    finally:
        tracemalloc.stop()
    with no_grad():
        assert not backbone(x).requires_grad
    given = Tensor(x)
    backbone(given).sum().backward()                         # the gradient by its input is there all the same
    assert given.grad.shape == x.shape


class Memory(nn.Module):
    """Keeps what it computed."""

    def __init__(self):
        self.weight = Tensor([2.0])

    def forward(self, x):
        self.last = self.weight * x
        return self.last


def test_what_a_module_keeps_of_constants_is_no_parameter():
    model = Memory().requires_grad_(False)
    model(3.0)
    assert model.last.is_leaf and names(model, False) == ["weight"]
    assert list(model.state_dict()) == ["weight"]
    other = pickle.loads(pickle.dumps(copy.deepcopy(model)))
    assert names(other, False) == ["weight"] and other.last.data == [6.0]


# --- state, copies and dtypes ---------------------------------------------------------------------

def test_copies_and_pickles_carry_what_is_fixed_and_states_and_files_do_not(tmp_path):
    model = network("layers.0")
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), copy.deepcopy(model).astype(np.float32)):
        assert names(copied, False) == names(model, False)
    other = network()
    other.load_state_dict(model.state_dict())
    model.save(tmp_path / "net")
    assert names(other.load(tmp_path / "net"), False) == []
    model.load(tmp_path / "net")
    assert names(model, False) == ["layers.0.weight", "layers.0.bias"]
    other = network()
    other.layers[0].bias.data = other.layers[0].bias.data + 1
    model.load_state_dict(other.state_dict())                # a fixed parameter takes what is loaded
    assert same_bits(bits(model), bits(other))


# --- transforms -----------------------------------------------------------------------------------

def test_for_a_transform_a_fixed_parameter_is_a_part_of_the_structure():
    model, free = network("layers.0"), network()
    g, want = grad(loss)(model), grad(loss)(free)
    assert list(g) == ["layers.1.weight", "layers.1.bias"] and all(np.array_equal(g[name], want[name]) for name in g)
    leaves, structure = tree.flatten(model)
    assert len(leaves) == 2
    new = tree.map(lambda p, g: p.data - 0.1 * g, model, g)
    assert new.layers[0].weight is model.layers[0].weight and not np.array_equal(new.layers[1].weight, leaves[0].data)
    assert loss(new).item() < loss(model).item()
    assert tree.unflatten(structure, leaves).layers[0].bias is model.layers[0].bias
    _, tangent = ag.jvp(loss, (model,), (g,))
    assert tangent == pytest.approx(sum((x ** 2).sum() for x in g.values()))
    hessian, whole = ag.hessian(loss)(model), ag.hessian(loss)(free)
    for a in g:
        assert list(hessian[a]) == list(g)
        for b in g:
            np.testing.assert_allclose(hessian[a][b], whole[a][b], rtol=1e-12, atol=1e-15)
    y, pull = ag.vjp(loss, model)
    assert list(pull(1.0)[0]) == list(g) and isinstance(y, float)
    with pytest.raises(UsageError):
        grad(loss)(network().requires_grad_(False))


def test_a_gradient_by_the_input_through_fixed_parameters_is_that_through_free_ones():
    model, free = network("layers"), network()
    for f in (lambda m: grad(lambda x: m(x).sum())(X), lambda m: ag.hessian(lambda x: m(x[None]).sum())(X[0]),
              lambda m: saliency.gradient(m, X, target=np.zeros(6, int))):
        got, want = f(model), f(free)
        np.testing.assert_array_equal(got, getattr(want, "data", want) if isinstance(want, Tensor) else want)
        assert type(got) is np.ndarray                       # no graph hangs on it
    x = Tensor(X)
    ag.checkpoint(model)(x).sum().backward()
    np.testing.assert_allclose(x.grad, grad(lambda x: free(x).sum())(X).data, rtol=1e-13)


def test_lanes_share_what_is_fixed():
    def squared(model, x):
        return (model(x[None]) ** 2).sum()
    model, want = network("layers.0"), ag.vmap(grad(squared), in_axes=(None, 0))(network(), X)
    got = ag.vmap(grad(squared), in_axes=(None, 0))(model, X)
    assert list(got) == ["layers.1.weight", "layers.1.bias"]
    assert all(np.array_equal(got[name], want[name]) for name in got)
    several = tree.map(lambda p: Tensor(np.stack([p.data, 2 * p.data])), model)      # two last layers on one first
    assert several.layers[0].weight is model.layers[0].weight
    both = ag.vmap(lambda m: m(X))(several)
    np.testing.assert_allclose(np.asarray(both.data)[0], model(X).data, rtol=1e-13)
    np.testing.assert_allclose(np.asarray(both.data)[1], 2 * model(X).data, rtol=1e-13)
    c = Tensor([2.0, 3.0])
    c.requires_grad = False
    assert np.array_equal(ag.vmap(grad(lambda x: (x * x * c).sum()))(X), 2 * X * c.data)
    assert np.array_equal(ag.vmap(lambda x: x * c)(X).data, X * c.data)


# --- checks, tables and pictures ------------------------------------------------------------------

def test_check_gradients_passes_over_fixed_parameters():
    model = network("layers.0.weight", "layers.1")
    report = check_gradients(lambda: loss(model), parameters=model.named_parameters(), rng=0)
    assert report.ok and [part.name for part in report.parts] == ["layers.0.bias"]
    assert check_gradients(lambda m: loss(m), model, rng=0).ok
    assert names(model, True) == ["layers.0.bias"]


def test_the_summary_counts_what_is_fixed():
    free, model = network().summary((4, 2)), network("layers.0", "layers.1.bias")
    table = model.summary((4, 2))
    assert (table.fixed, table.parameters, table.multiply_adds) == (10, free.parameters, free.multiply_adds)
    assert [row.fixed for row in table.rows if row.parameters] == [9, 1]
    assert "10 are fixed, 3 are learned." in str(table) and "fixed" not in str(free)
    assert table.activations == free.activations and names(model, True) == ["layers.1.weight"]
    of_classes = nn.Sequential(nn.Embedding(5, 3, rng=0), nn.Linear(3, 2, rng=0))
    want = of_classes.summary(np.array([0, 1]))
    assert of_classes.requires_grad_(False).summary(np.array([0, 1])).activations == want.activations


def test_pictures_of_a_network_with_fixed_parameters():
    model = network("layers.0", "layers.1.bias")
    with trace() as recorded:
        value = loss(model)
    value.backward()
    assert [node["name"] for node in trace_of(value)["nodes"] if node["name"]] == ["weight"]
    assert draw(recorded) is not None and "dv" in str(explain(value, model.layers[1].weight))
    assert [layer.name for layer in flow_of(model, value, optim.SGD(model.parameters(), lr=0.1)).layers] == ["layers.1"]
    model.requires_grad_(False)
    with pytest.raises(UsageError, match="no parameters, or all are fixed"):
        flow_of(model, value)
    with trace() as recorded:
        loss(model)
    with pytest.raises(UsageError, match="nothing was computed inside"):
        draw(recorded)
