"""Networks small enough to be worked out by hand or printed in full elsewhere, to full precision."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_nn import Tensor, Value, nn, ops, optim, relu, sigmoid

FOLDER = Path(__file__).parent / "worked_examples"


def numbers(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


# --- the three-input network: x = (2, 3, 1), two hidden relu units, no biases ---------------------

X = (2.0, 3.0, 1.0)
HIDDEN = ((3.0, 1.0, 2.0), (-2.0, -3.0, -1.0))
OUTPUT = (3.0, 2.0)
TARGET = 20.0


def test_three_inputs_by_hand():
    rows = [[Value(w) for w in row] for row in HIDDEN]
    out = [Value(w) for w in OUTPUT]
    u = [sum(w * x for w, x in zip(row, X)) for row in rows]
    h = [relu(a) for a in u]
    y = sum(w * a for w, a in zip(out, h))
    loss = (y - TARGET) ** 2
    loss.backward()
    w1, w2 = out[0], rows[0][0]
    assert [a.data for a in u] == [11.0, -14.0]         # -14 = -2*2 - 3*3 - 1*1
    assert [a.data for a in h] == [11.0, 0.0]
    assert (y.data, loss.data) == (33.0, 169.0)
    assert (w1.grad, w2.grad) == (286.0, 156.0)
    for w in (*out, *rows[0], *rows[1]):
        w.data -= 0.01 * w.grad
    assert w1.data == pytest.approx(0.14, abs=1e-15)
    assert w2.data == pytest.approx(1.44, abs=1e-15)
    assert [w.data for w in rows[1]] == list(HIDDEN[1]), "the second unit is off, and stays as it is"


@pytest.mark.parametrize("of", [Value, Tensor])
def test_three_inputs_in_layers(of):
    if of is Value:
        net = nn.Sequential(nn.Layer(3, 2, "relu", bias=False), nn.Layer(2, 1, None, bias=False))
        names = "layers.0.weight", "layers.1.weight"
    else:
        net = nn.Sequential(nn.Linear(3, 2, bias=False, dtype=np.float64), nn.ReLU(),
                            nn.Linear(2, 1, bias=False, dtype=np.float64))
        names = "layers.0.weight", "layers.2.weight"
    net.load_state_dict(dict(zip(names, (HIDDEN, (OUTPUT,)))))
    y = net(X)
    loss = nn.mse_loss(y, [TARGET], reduction="sum")
    loss.backward()
    grads = dict(net.named_parameters())
    if of is Value:
        w1, w2 = grads["layers.1.weight.0.0"].grad, grads["layers.0.weight.0.0"].grad
    else:
        w1, w2 = grads["layers.2.weight"].grad[0, 0], grads["layers.0.weight"].grad[0, 0]
    assert (y[0].item(), loss.item(), w1, w2) == (33.0, 169.0, 286.0, 156.0)
    optim.SGD(net.parameters(), lr=0.01).step()
    state = net.state_dict()
    np.testing.assert_allclose([state[names[1]][0, 0], state[names[0]][0, 0]], [0.14, 1.44], rtol=0, atol=1e-15)
    np.testing.assert_array_equal(state[names[0]][1], HIDDEN[1])


# --- the slope of the sigmoid ----------------------------------------------------------------------

def slope_of_sigmoid(x):
    v = Value(x)
    sigmoid(v).backward()
    return v.grad


def test_the_sigmoid_is_steepest_at_0():
    assert slope_of_sigmoid(0.0) == 0.25
    assert max(map(slope_of_sigmoid, np.linspace(-8, 8, 401))) == 0.25


@given(st.floats(allow_nan=False))
def test_the_sigmoid_is_nowhere_steeper(x):
    assert 0.0 <= slope_of_sigmoid(x) <= 0.25


# --- Mazur: two inputs, two hidden and two output sigmoid units -------------------------------------

def mazur():
    given = numbers("mazur")
    w1, w2 = (Tensor(np.reshape(given[k], (2, 2))) for k in ("w1_4", "w5_8"))

    def forward():
        h = sigmoid(given["inputs"] @ w1.T + given["b1"])
        return h, sigmoid(h @ w2.T + given["b2"])
    given["inputs"] = np.array(given["inputs"])
    return given, given["results"], w1, w2, forward


def test_mazur_first_step():
    given, full, w1, w2, forward = mazur()
    h, out = forward()
    error = nn.half_sum_of_squares(out, given["targets"])
    error.backward()
    exact = {"rtol": 1e-14, "atol": 0}
    np.testing.assert_allclose(h.data, full["h"], **exact)
    np.testing.assert_allclose(out.data, full["out"], **exact)
    np.testing.assert_allclose(error.data, full["E"], **exact)
    np.testing.assert_allclose(w2.grad.ravel(), full["dW2"], **exact)
    np.testing.assert_allclose(w1.grad.ravel(), full["dW1"], **exact)


def test_mazur_first_step_in_values():
    given, full, *_ = mazur()
    hidden, output = nn.Layer(2, 2, "sigmoid"), nn.Layer(2, 2, "sigmoid")
    hidden.load_state_dict({"weight": np.reshape(given["w1_4"], (2, 2)), "bias": [given["b1"]] * 2})
    output.load_state_dict({"weight": np.reshape(given["w5_8"], (2, 2)), "bias": [given["b2"]] * 2})
    error = nn.half_sum_of_squares(output(hidden(given["inputs"])), given["targets"])
    error.backward()
    assert error.data == pytest.approx(full["E"], rel=1e-14)
    assert [w.grad for w in output.weight.flat] == pytest.approx(full["dW2"], rel=1e-14)
    assert [w.grad for w in hidden.weight.flat] == pytest.approx(full["dW1"], rel=1e-14)


@pytest.mark.slow
def test_mazur_ten_thousand_steps():
    given, full, w1, w2, forward = mazur()
    opt = optim.SGD([w1, w2], lr=given["lr"])
    for step in range(10_001):
        _, out = forward()
        if step in (1, 10_000):
            error = nn.half_sum_of_squares(out, given["targets"]).item()
            assert error == pytest.approx(full[f"E_after_{step}"], rel=1e-11)
        if step == 10_000:
            break
        out.backward(out.data - given["targets"])        # the derivative of the half sum of squares
        opt.step()
        opt.zero_grad()
    np.testing.assert_allclose(out.data, full["out_after_10000"], rtol=1e-11)


# --- "A neural network in 11 lines of Python" --------------------------------------------------------

def train(weights, forward, target, iterations, look=()):
    """Gradient descent at rate 1 on the half sum of squares; the mean absolute error on the way."""
    errors = {}
    for i in range(iterations):
        out = forward()
        miss = out.data - target
        if i in look:
            errors[i] = np.abs(miss).mean()
        out.backward(miss)
        for w in weights:
            w.data = w.data - w.grad
            w.zero_grad()
    return out.data, errors


def test_eleven_lines_two_layers():
    given = numbers("iamtrask")
    x, net = np.array(given["X"], float), given["two_layer"]
    w = Tensor(np.reshape(net["syn0_start"], (3, 1)))
    out, _ = train([w], lambda: ops.sigmoid(x @ w), np.reshape(net["y"], (4, 1)), net["iterations"])
    np.testing.assert_allclose(out.ravel(), net["output"], rtol=1e-12)
    np.testing.assert_allclose(w.data.ravel(), net["syn0_end"], rtol=1e-12)
    np.testing.assert_array_equal(out.ravel().round(8), net["printed"])


@pytest.mark.slow
def test_eleven_lines_three_layers():
    given = numbers("iamtrask")
    x, net = np.array(given["X"], float), given["three_layer"]
    w0, w1 = Tensor(net["syn0_start"]), Tensor(net["syn1_start"])
    look = {int(i): error for i, error in net["errors"].items()}
    out, errors = train([w0, w1], lambda: sigmoid(sigmoid(x @ w0) @ w1), np.reshape(net["y"], (4, 1)),
                        net["iterations"], look)
    assert errors == pytest.approx(look, rel=1e-11)
    assert {str(i): float(f"{error:.12g}") for i, error in errors.items()} == net["printed_errors"]
    np.testing.assert_allclose(out.ravel(), net["output"], rtol=1e-11)


@pytest.mark.parametrize("name", ["two_layer", "three_layer"])
def test_eleven_lines_start(name):
    """The weights that the file gives are those of NumPy's old generator with seed 1."""
    old = np.random.RandomState(1)
    net = numbers("iamtrask")[name]
    for key in ("syn0_start", "syn1_start"):
        if key in net:
            start = np.array(net[key])
            np.testing.assert_array_equal(2 * old.random_sample(start.shape) - 1, start)
