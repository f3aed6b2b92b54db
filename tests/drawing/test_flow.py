"""gradient_flow, decision_boundary and plot_history: their numbers, their verdicts, and that they draw."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers.fresh_python import python
from helpers.surroundings import boxes

from autograd_nn import Tensor, Value, nn, no_grad, optim, topological
from autograd_nn.drawing import decision_boundary, flow_of, gradient_flow, plot_history
from autograd_nn.drawing.render import fonts
from autograd_nn.drawing.training import axes
from autograd_nn.drawing.training.boundary import Field
from autograd_nn.errors import DataError, ShapeError, UsageError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 16))
CLASSES = RNG.integers(0, 4, 64)
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def deep(activation, layers=10, init=None, scale=1.0):
    def scaled(shape, rng, dtype):
        return scale * init(shape, rng=rng, dtype=dtype)
    sizes = [16] + [32] * (layers - 1) + [4]
    parts = []
    for i, (a, b) in enumerate(pairwise(sizes)):
        parts += [nn.Linear(a, b, rng=i, init=scaled if init else None, dtype=np.float64), activation()]
    return nn.Sequential(*parts[:-1])


def loss_of(model):
    return nn.cross_entropy(model(X), CLASSES)


# --- numbers ------------------------------------------------------------------------------------------

def naive_spread(x):
    x = sorted(abs(v) for v in np.ravel(x).tolist())
    some = [v for v in x if v > 0]
    quantiles = []
    for level in LEVELS:
        at = level * (len(some) - 1)
        low = int(at)
        high = min(low + 1, len(some) - 1)
        quantiles.append(some[low] + (at - low) * (some[high] - some[low]))
    return quantiles, (sum(v * v for v in x) / len(x)) ** 0.5, (len(x) - len(some)) / len(x)


def same_spread(spread, x):
    quantiles, rms, zeros = naive_spread(x)
    np.testing.assert_allclose(spread.quantiles, quantiles, rtol=1e-12)
    assert spread.rms == pytest.approx(rms, rel=1e-12)
    assert spread.zeros == zeros and spread.count == np.size(x) and spread.nonfinite == 0


def test_numbers_of_gradients_and_activations_are_those_of_a_hand_written_network():
    model = nn.MLP(16, 8, 8, 4, rng=0, dtype=np.float64)
    first, second, third = model.layers
    h1 = np.maximum(X @ first.weight.data.T + first.bias.data, 0)
    h2 = np.maximum(h1 @ second.weight.data.T + second.bias.data, 0)
    z = h2 @ third.weight.data.T + third.bias.data
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    d3 = (p - np.eye(4)[CLASSES]) / 64
    d2 = (d3 @ third.weight.data) * (h2 > 0)
    d1 = (d2 @ second.weight.data) * (h1 > 0)
    flow = flow_of(model, loss_of(model), 0.5)
    assert all(p.grad is None for p in model.parameters())
    for layer, d, x, h, part, back in zip(flow.layers, (d1, d2, d3), (X, h1, h2), (h1, h2, z), model.layers,
                                          (d2 @ second.weight.data, d3 @ third.weight.data, d3)):
        g = np.concatenate([(d.T @ x).ravel(), d.sum(axis=0)])
        w = np.concatenate([part.weight.data.ravel(), part.bias.data])
        same_spread(layer.gradient, np.where(abs(g) < 1e-18, 0, g))
        same_spread(layer.activation, h)
        same_spread(layer.signal, back)
        assert layer.update == pytest.approx(0.5 * np.sqrt(np.mean(g ** 2)) / np.sqrt(np.mean(w ** 2)), rel=1e-12)
    assert [layer.op for layer in flow.layers] == ["relu", "relu", None]
    assert flow.layers[0].dead == np.mean((h1 == 0).all(axis=0))
    assert flow.layers[0].slope == pytest.approx(np.mean(h1 > 0))


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_values_and_tensors_have_the_same_flow(activation):
    x, t = X[:10, :2], (X[:10, :1] > 0) * 1.0
    flows = []
    for kind in ({"dtype": np.float64}, {"of": Value}):
        model = nn.MLP(2, 6, 5, 1, activation=activation, rng=0, **kind)
        model.load_state_dict({k: a.astype(np.float32) for k, a in model.state_dict().items()})
        flows.append(flow_of(model, nn.binary_cross_entropy_with_logits(model(x), t), 0.1))
    for a, b in zip(*(flow.layers for flow in flows)):
        assert (a.name, a.op, a.dead, a.samples, a.status) == (b.name, b.op, b.dead, b.samples, b.status)
        np.testing.assert_allclose(a.gradient.quantiles, b.gradient.quantiles, rtol=1e-9)
        np.testing.assert_allclose(a.activation.quantiles, b.activation.quantiles, rtol=1e-9)
        assert a.saturated == b.saturated and a.update == pytest.approx(b.update)


@pytest.mark.parametrize("kind", [lambda p: optim.SGD(p, lr=0.1, momentum=0.9), lambda p: optim.Adam(p, lr=0.01)])
@pytest.mark.parametrize("of", [Value, Tensor])
def test_update_ratio_is_what_the_optimizer_then_does(kind, of):
    model = nn.MLP(2, 5, 1, rng=0, of=of)
    optimizer = kind(model.parameters())
    for _ in range(3):
        optimizer.zero_grad()
        loss = nn.mse_loss(model(X[:8, :2]), X[:8, 2:3])
        flow = flow_of(model, loss, optimizer)
        before, state = model.state_dict(), optimizer.state_dict()
        loss.backward()
        assert str(optimizer.state_dict()) == str(state)
        optimizer.step()
        after = model.state_dict()
        for i, layer in enumerate(flow.layers):
            old, new = (np.concatenate([s[f"layers.{i}.{k}"].ravel() for k in ("weight", "bias")])
                        for s in (before, after))
            assert layer.update == pytest.approx(np.sqrt(np.mean((new - old) ** 2) / np.mean(old ** 2)), rel=1e-5)


# --- verdicts -----------------------------------------------------------------------------------------

def test_ten_sigmoid_layers_vanish():
    model = deep(nn.Sigmoid)
    flow = flow_of(model, loss_of(model))
    assert flow.layers[0].status == "vanishing" and flow.layers[0].gradient.median < 1e-8
    assert "sigmoid's derivative is at most 0.25" in flow.layers[0].verdict
    assert flow.layers[0].verdict.startswith("layer 1: median gradient ") and "vanishing" in flow.verdict
    assert flow.layers[-1].status == "healthy"
    assert [layer.slope < 0.25 for layer in flow.layers[:-1]] == [True] * 9
    assert flow.layers[0].verdict in str(flow)


def test_ten_relu_layers_of_he_are_healthy():
    model = deep(nn.ReLU, init=nn.init.he_normal)
    flow = flow_of(model, loss_of(model))
    assert {layer.status for layer in flow.layers} == {"healthy"}
    assert flow.verdict.startswith("all 10 layers are healthy")


def test_large_weights_explode_and_small_ones_vanish():
    model = deep(nn.ReLU, init=nn.init.he_normal, scale=5.0)
    flow = flow_of(model, loss_of(model))
    assert flow.layers[0].status == "exploding" and "exploding" in flow.verdict
    model = deep(nn.ReLU, init=nn.init.he_normal, scale=0.3)
    flow = flow_of(model, loss_of(model))
    assert flow.layers[0].status == "vanishing" and "the weights are too small" in flow.layers[0].verdict


def test_dead_units_are_found():
    model = nn.MLP(16, 10, 4, rng=0, dtype=np.float64)
    bias = model.layers[0].bias.data.copy()
    bias[:7] = -100.0
    model.layers[0].bias.data = bias
    layer = flow_of(model, loss_of(model)).layers[0]
    assert layer.dead == 0.7 and layer.status == "dead" and "70% of its relu units" in layer.verdict
    model.layers[0].bias.data = bias * 0 - 100
    flow = flow_of(model, loss_of(model))
    assert flow.layers[0].status == "dead" and flow.layers[0].gradient.zeros == 1
    assert "all of its relu units have slope 0" in flow.layers[0].verdict


def test_units_of_one_sample_are_not_called_dead():
    model = nn.MLP(16, 10, 4, rng=0)
    flow = flow_of(model, nn.cross_entropy(model(X[0]), CLASSES[0]))
    assert flow.layers[0].dead > 0 and flow.layers[0].status == "healthy"


def test_saturated_tanh_is_found():
    model = nn.MLP(16, 10, 4, rng=0, activation="tanh", dtype=np.float64)
    model.layers[0].weight.data = model.layers[0].weight.data * 50
    first = model.layers[0]
    h = np.tanh(X @ first.weight.data.T + first.bias.data)
    layer = flow_of(model, loss_of(model)).layers[0]
    assert layer.saturated == np.mean(1 - h ** 2 < 0.01) > 0.5 and layer.status == "saturated"


def test_nan_large_steps_and_unused_layers_are_said():
    model = nn.MLP(16, 10, 4, rng=0, dtype=np.float64)
    assert flow_of(model, loss_of(model), 1e4).layers[0].status == "large steps"
    weight = model.layers[1].weight.data.copy()
    weight[0, 0] = np.nan
    model.layers[1].weight.data = weight
    with np.errstate(all="ignore"):
        assert flow_of(model, loss_of(model)).layers[1].status == "not finite"
    model.spare = nn.Linear(3, 3)
    model.layers[1].weight.data = weight * 0 + 0.1
    last = flow_of(model, loss_of(model)).layers[-1]
    assert (last.name, last.status, last.gradient) == ("spare", "unused", None)


# --- which layers -------------------------------------------------------------------------------------

def test_plain_parameters_penalties_and_left_matrices():
    named = [Tensor(RNG.normal(size=shape), name=name)
             for name, shape in (("W1", (5, 16)), ("b1", (5, 1)), ("W2", (1, 5)), ("b2", (1, 1)))]
    w1, b1, w2, b2 = named
    y = w2 @ np.tanh(w1 @ X.T + b1) + b2
    loss = 0.1 * ((w1 ** 2).sum() + (w2 ** 2).sum()) + (y ** 2).mean()
    flow = flow_of(named[::-1], loss)
    assert [(layer.name, layer.op, layer.activation.count, layer.weights.count) for layer in flow.layers] \
        == [("W1", "tanh", 320, 85), ("W2", None, 64, 6)]
    same_spread(flow.layers[1].activation, y.data)


def test_a_module_of_matrices_and_a_module_of_neurons():
    class Own(nn.Module):
        def __init__(self):
            self.W1, self.b1 = Tensor(RNG.normal(size=(16, 8))), Tensor(np.zeros(8))
            self.W2, self.b2 = Tensor(RNG.normal(size=(8, 4))), Tensor(np.zeros(4))

        def forward(self, x):
            return np.maximum(x @ self.W1 + self.b1, 0) @ self.W2 + self.b2

    class Neurons(nn.Module):
        def __init__(self):
            self.first = [nn.Neuron(2, rng=i) for i in range(3)]
            self.second = [nn.Neuron(3, rng=7, activation=None)]

        def forward(self, x):
            return self.second[0]([n(x) for n in self.first])

    own = Own()
    assert [layer.name for layer in flow_of(own, loss_of(own)).layers] == ["W1", "W2"]
    neurons = Neurons()
    loss = sum((neurons([float(a), float(b)]) - 1) ** 2 for a, b in X[:9, :2])
    layers = flow_of(neurons, loss).layers
    assert [(x.name, x.op, x.activation.count, x.samples) for x in layers] \
        == [("first", "tanh", 27, 9), ("second", None, 9, 9)]


@pytest.mark.parametrize("of", [Value, Tensor])
def test_a_list_of_parameters_whose_names_repeat(of):
    model = nn.MLP(2, 3, 5, 1, rng=0, of=of)
    loss = nn.mse_loss(model(X[:9, :2]), X[:9, 2:3])
    layers = flow_of(list(model.parameters()), loss, 0.1).layers
    assert [layer.name for layer in layers] == ["weight", "weight#2", "weight#3"]
    for a, b in zip(layers, flow_of(model, loss, 0.1).layers):
        assert (a.weights, a.gradient, a.activation, a.update) == (b.weights, b.gradient, b.activation, b.update)


@pytest.mark.parametrize("of", [Value, Tensor])
def test_a_loss_from_before_a_step_is_refused(of):
    model = nn.MLP(2, 3, 1, rng=0, of=of)
    loss = nn.mse_loss(model(X[:9, :2]), X[:9, 2:3])
    loss.backward()
    optim.SGD(model.parameters(), lr=0.1).step()
    with pytest.raises(UsageError, match="compute the loss again"):
        flow_of(model, loss)


def test_an_activation_at_the_end_and_a_softplus_of_the_loss():
    x, t = X[:, :2], (X[:, :1] > 0) * 1.0
    model = nn.Sequential(nn.Linear(2, 4, rng=0), nn.Tanh(), nn.Linear(4, 1, rng=1), nn.Sigmoid())
    assert [layer.op for layer in flow_of(model, nn.mse_loss(model(x), t)).layers] == ["tanh", "sigmoid"]
    model = nn.MLP(2, 4, 1, rng=0)
    flow = flow_of(model, nn.binary_cross_entropy_with_logits(model(x), t))
    assert [layer.op for layer in flow.layers] == ["relu", None]


def test_a_loss_may_be_a_function_and_backward_makes_no_difference():
    model = nn.MLP(16, 8, 4, rng=0)
    loss = loss_of(model)
    before = flow_of(model, loss)
    loss.backward()
    grads = [p.grad.copy() for p in model.parameters()]
    assert flow_of(model, lambda: loss_of(model)).as_dict() == before.as_dict() == flow_of(model, loss).as_dict()
    assert all((p.grad == g).all() for p, g in zip(model.parameters(), grads))
    assert before.as_dict()["layers"][0]["name"] == "layers.0"


def test_what_is_no_model_and_no_loss_is_said():
    model = nn.MLP(16, 8, 4, rng=0)
    with pytest.raises(ShapeError, match=r"shape \(64, 4\)"):
        flow_of(model, model(X))
    with pytest.raises(UsageError, match="the loss is a Value or Tensor"):
        flow_of(model, 3.0)
    with pytest.raises(UsageError, match="a model is a Module or a list"):
        flow_of(3, loss_of(model))
    with pytest.raises(UsageError, match="has no parameters"):
        flow_of(nn.ReLU(), loss_of(model))
    with pytest.raises(UsageError, match="no Value or Tensor"):
        flow_of([1.0], loss_of(model))
    with no_grad():
        loss = loss_of(model)
    with pytest.raises(UsageError, match="does not depend"):
        flow_of(model, loss)
    with pytest.raises(UsageError, match="an optimizer or a learning rate"):
        flow_of(model, loss_of(model), "fast")
    with pytest.raises(UsageError, match="LBFGS cannot say its next step"):
        flow_of(model, loss_of(model), optim.LBFGS(model.parameters()))
    with pytest.raises(UsageError, match="2 models need 2 losses"):
        gradient_flow([model, model], [loss_of(model)])
    with pytest.raises(UsageError, match="different labels"):
        gradient_flow([model, model], [loss_of(model)] * 2, labels=["a", "a"])


def test_a_large_graph_needs_no_recursion():
    w = Value(1.0, name="w")
    y = w
    for _ in range(20_000):
        y = y * 1.0001 + 0.0
    assert len(topological([y])) > 20_000 and flow_of([w], y).layers[0].gradient.count == 1


# --- figures ------------------------------------------------------------------------------------------

def drawn_texts(ax):
    return [text.get_text() for text in ax.figure.findobj(matplotlib.text.Text) if text.get_text()]


@pytest.mark.slow
def test_one_and_two_models_are_drawn(tmp_path):
    sigmoid, relu = deep(nn.Sigmoid), deep(nn.ReLU, init=nn.init.he_normal)
    name = "ReLU 初期値 $x"
    ax = gradient_flow({"σ": sigmoid, name: relu}, {"σ": loss_of(sigmoid), name: loss_of(relu)}, 0.1)
    with boxes("初期値", "Glyph .* missing"):
        ax.figure.savefig(tmp_path / "two.png")
    assert [panel.get_title() for panel in ax.child_axes] == ["gradient", "activation", "update / weight",
                                                              "dead, saturated"]
    flow = flow_of(sigmoid, loss_of(sigmoid), 0.1)
    medians = next(line for line in ax.child_axes[0].lines if line.get_marker() == "o")
    np.testing.assert_allclose(medians.get_xdata(), [layer.gradient.median for layer in flow.layers])
    assert drawn_texts(ax).count("vanishing") == sum(layer.status == "vanishing" for layer in flow.layers)
    assert flow.plot().child_axes[0].get_xscale() == "log"


@pytest.mark.slow
def test_figures_draw_into_given_axes_and_leave_pyplot_alone(tmp_path):
    model = nn.MLP(2, 4, 1, rng=0)
    figure = matplotlib.figure.Figure((18, 4), layout="constrained")
    first, second, third = figure.subplots(1, 3)
    y = (X[:, 0] > 0) * 1.0
    loss = nn.binary_cross_entropy_with_logits(model(X[:, :2]), y[:, None])
    assert gradient_flow(model, loss, ax=first) is first
    assert decision_boundary(model, X[:, :2], y, output="logits", ax=second) is second
    assert plot_history({"loss": [1.0, 0.5]}, ax=third) is third
    figure.savefig(tmp_path / "three.png")
    assert plt.get_fignums() == []


def test_importing_draws_no_matplotlib():
    code = ("import sys, autograd_nn.drawing as d; d.gradient_flow, d.decision_boundary, d.plot_history, d.replay; "
            "print('matplotlib' in sys.modules)")
    assert python(code) == "False\n"


# --- the decision boundary ----------------------------------------------------------------------------

POINTS = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 1.0], [2.0, -1.0]])


def test_probabilities_are_the_models():
    def logit(x):
        return x[:, 0] - 2 * x[:, 1] + 0.5
    field = Field(logit, POINTS, "logits", resolution=5)
    p = field.probabilities(field.on_grid())
    left, right, low, high = field.extent
    for r, y in enumerate(np.linspace(low, high, 5)):
        for c, x in enumerate(np.linspace(left, right, 5)):
            assert p[r, c, 1] == pytest.approx(1 / (1 + np.exp(-(x - 2 * y + 0.5))))
    assert (left, right) == pytest.approx((-0.36, 3.36))

    def three(x):
        return np.stack([x[:, 0], x[:, 1], 0 * x[:, 0]], axis=1)
    e = np.exp(three(POINTS))
    field = Field(three, POINTS)
    np.testing.assert_allclose(field.probabilities(field.scores(POINTS)), e / e.sum(axis=1, keepdims=True))


def test_a_model_of_single_points_is_asked_one_by_one():
    def neuron(x):
        a, b = x
        return Value(1.0) * a - b
    field = Field(neuron, POINTS, "logits", resolution=4)
    assert field.probabilities(field.scores(POINTS))[:, 1] == pytest.approx(
        1 / (1 + np.exp(-(POINTS[:, 0] - POINTS[:, 1]))))


def test_the_line_is_where_two_classes_are_equally_likely():
    ax = decision_boundary(lambda x: x[:, 0] - 1.0, POINTS, ["b", "b", "a", "a"], output="signs")
    line = np.concatenate([path.vertices for c in ax.collections if hasattr(c, "levels") for path in c.get_paths()])
    np.testing.assert_allclose(line[:, 0], 1.0, atol=1e-3)
    assert ax.get_legend_handles_labels()[1] == ["a", "b", "wrong (4 of 4)"]


def test_training_mode_comes_back_and_is_off_meanwhile():
    seen = []

    class Spy(nn.Module):
        def forward(self, x):
            seen.append(self.training)
            return x[:, 0]
    model = nn.Sequential(Spy())
    decision_boundary(model, POINTS, [0, 1, 1, 0], output="logits")
    assert not any(seen) and model.training and model.layers[0].training


@pytest.mark.slow
@pytest.mark.parametrize(("y", "names"), [
    ([0, 1, 1, 0], ["class 0", "class 1"]), ([-1, 1, 1, -1], ["class -1", "class 1"]),
    ([[True], [False], [True], [True]], ["class 0", "class 1"]), (["猫", "b_$", "b_$", "猫"], ["b_\\$", "猫"]),
    (Tensor([0.0, 1.0, 1.0, 1.0]), ["class 0", "class 1"]), ([1, 1, 1, 1], ["class 0", "class 1"])])
def test_classes_in_every_form(y, names, tmp_path):
    ax = decision_boundary(lambda x: x[:, :1], POINTS, y, resolution=8, output="logits")
    assert ax.get_legend_handles_labels()[1][:2] == names
    with boxes("猫" if "猫" in names else "", "Glyph .* missing"):
        ax.figure.savefig(tmp_path / "classes.png")


def test_a_font_of_any_name_is_better_than_none(monkeypatch):
    own = matplotlib.font_manager.findfont("DejaVu Sans")
    monkeypatch.setattr(matplotlib.font_manager, "findSystemFonts", lambda: [__file__, own])
    for has_the_sign, found in ((True, "DejaVu Sans"), (False, None)):
        monkeypatch.setattr(fonts, "has_char", lambda path, char, here=has_the_sign: here and path == own)
        assert axes._cjk_font.__wrapped__() == found


def test_what_is_no_plane_and_no_classifier_is_said():
    def model(x):
        return x[:, 0]
    for bad in (np.ones((3, 3)), np.ones(2), np.ones((0, 2))):
        with pytest.raises(ShapeError, match=r"\(n, 2\)"):
            decision_boundary(model, bad, [0, 1, 1])
    with pytest.raises(DataError, match="nan"):
        decision_boundary(model, [[np.nan, 1.0]], [0])
    with pytest.raises(ShapeError, match="4 points have 4 classes"):
        decision_boundary(model, POINTS, [0, 1], output="logits")
    with pytest.raises(DataError, match="3 classes"):
        decision_boundary(model, POINTS, [1, 2, 3, 3], output="logits")
    with pytest.raises(UsageError, match="output must be"):
        decision_boundary(model, POINTS, [0, 1, 1, 0], output="odds")
    with pytest.raises(DataError, match="3 names for 2"):
        decision_boundary(model, POINTS, [0, 1, 1, 0], output="logits", class_names=["a", "b", "c"])
    with pytest.raises(UsageError, match="resolution"):
        decision_boundary(model, POINTS, [0, 1, 1, 0], resolution=1)


# --- the history --------------------------------------------------------------------------------------

def best_of(ax):
    return next(label for label in ax.get_legend_handles_labels()[1] if label.startswith("best"))


def test_history_marks_the_best_epoch_and_takes_the_fitting_scale(tmp_path):
    ax = plot_history({"loss": [1.0, 0.1, 0.001], "val_loss": [1.0, 0.2, 0.3], "val_accuracy": [0.1, 0.9, 0.8]})
    assert ax.get_yscale() == "log" and best_of(ax) == "best: 0.2 in epoch 2" and ax.get_ylabel() == "loss"
    ax.figure.savefig(tmp_path / "history.png")
    ax = plot_history({"train_acc": [0.1, 0.4, 0.9], "val_acc": [0.1, 0.5, None], "step": [10, 20, 30]}, "acc")
    assert ax.get_yscale() == "linear" and best_of(ax) == "best: 0.5 in step 20" and ax.get_xlabel() == "step"
    assert list(ax.lines[0].get_xdata()) == [10, 20, 30]
    ax = plot_history(SimpleNamespace(history={"loss": [0.5, -0.5, float("nan")]}).history)
    assert ax.get_yscale() == "linear" and best_of(ax) == "best: -0.5 in epoch 2"
    assert plot_history({"損失": [float("nan")]}).get_ylabel() == "損失"


def test_what_is_no_history_is_said():
    with pytest.raises(UsageError, match="a dict of lists"):
        plot_history([1.0])
    with pytest.raises(UsageError, match="no 'f1'; it has loss"):
        plot_history({"loss": [1.0]}, "f1")
    with pytest.raises(UsageError, match="it has nothing"):
        plot_history({})
    with pytest.raises(DataError, match="empty"):
        plot_history({"loss": []})
    with pytest.raises(DataError, match="no list of numbers"):
        plot_history({"loss": ["high"]})
