"""Recurrent layers: values against loops over every step, derivatives against differences, and PyTorch."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from helpers.numeric import on_a_line, slope
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_nn import Tensor, check_gradients, grad, hvp, nn, no_grad, ops
from autograd_nn.core.reverse import cotangents
from autograd_nn.errors import DataError, DTypeError, ShapeError, UsageError
from autograd_nn.ops.networks import recurrent

KINDS = [nn.RNN, nn.LSTM, nn.GRU]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def one_step(kind, bend, x, h, c, w, u, b, b_h):
    """The next state and cell of one sequence, number by number."""
    n = len(h)

    def at(j, own=True):
        """(what row j of the input's weights gives, what row j of the state's gives)."""
        return sum(w[j][k] * x[k] for k in range(len(x))) + b[j], sum(u[j][k] * h[k] for k in range(n)) + b_h[j]
    new_h, new_c = np.zeros(n), np.zeros(n)
    for j in range(n):
        if kind is nn.RNN:
            new_h[j] = bend(sum(at(j)))
        elif kind is nn.GRU:
            r, z = sigmoid(sum(at(j))), sigmoid(sum(at(n + j)))
            from_x, from_h = at(2 * n + j)
            new_h[j] = (1 - z) * np.tanh(from_x + r * from_h) + z * h[j]
        else:
            i, f, o = (sigmoid(sum(at(k * n + j))) for k in (0, 1, 3))
            new_c[j] = f * c[j] + i * np.tanh(sum(at(2 * n + j)))
            new_h[j] = o * np.tanh(new_c[j])
    return new_h, new_c


def naive(layer, x, h0, c0, lengths):
    """The output, last states and cells of a layer, one sequence and step at a time; x is (time, batch, features)."""
    time, batch, _ = x.shape
    ways, n = 2 if layer.bidirectional else 1, layer.hidden_size
    bend = (lambda z: max(z, 0.0)) if getattr(layer, "nonlinearity", "") == "relu" else np.tanh
    last_h, last_c = np.zeros_like(h0), np.zeros_like(c0)
    for k in range(layer.num_layers):
        out = np.zeros((time, batch, ways * n))
        for way in range(ways):
            w, u, *bs = (getattr(layer, f"{part}_l{k}{'_reverse' * way}").data
                         for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")[:4 if layer.bias else 2])
            b, b_h = bs or [np.zeros(len(w))] * 2
            for s in range(batch):
                h, c = h0[k * ways + way, s], c0[k * ways + way, s]
                steps = range(lengths[s])
                for t in reversed(steps) if way else steps:
                    h, c = one_step(type(layer), bend, x[t, s], h, c, w, u, b, b_h)
                    out[t, s, way * n:(way + 1) * n] = h
                last_h[k * ways + way, s], last_c[k * ways + way, s] = h, c
        x = out
    return x, last_h, last_c


@st.composite
def layers(draw):
    kind = draw(st.sampled_from(KINDS))
    options = {"num_layers": draw(st.integers(1, 2)), "bias": draw(st.booleans()),
               "bidirectional": draw(st.booleans()), "batch_first": draw(st.booleans())}
    if kind is nn.RNN:
        options["nonlinearity"] = draw(st.sampled_from(["tanh", "relu"]))
    return kind(draw(st.integers(1, 3)), draw(st.integers(1, 3)), **options, rng=draw(st.integers(0, 99)), dtype=float)


def given_to(layer, time, batch, seed=0):
    """A sequence, and first states, for this layer."""
    rng = np.random.default_rng(seed)
    shape = (layer.num_layers * (2 if layer.bidirectional else 1), batch, layer.hidden_size)
    return rng.normal(size=(time, batch, layer.input_size)), rng.normal(size=shape), rng.normal(size=shape)


@settings(deadline=None, max_examples=60)
@given(layers(), st.integers(1, 4), st.lists(st.integers(1, 4), min_size=1, max_size=3), st.booleans())
def test_values_are_the_naive_loops(layer, more, lengths, whole):
    time, batch = max(*lengths, more), len(lengths)
    x, h, c = given_to(layer, time, batch)
    lengths = [time] * batch if whole else lengths
    want, want_h, want_c = naive(layer, x, h, c, lengths)
    y, last = layer(x.transpose(1, 0, 2) if layer.batch_first else x, (h, c) if type(layer) is nn.LSTM else h,
                    None if whole else lengths)
    np.testing.assert_allclose(y.data.transpose(1, 0, 2) if layer.batch_first else y.data, want, rtol=0, atol=1e-12)
    last_h, *rest = last if type(layer) is nn.LSTM else (last,)
    np.testing.assert_allclose(last_h.data, want_h, rtol=0, atol=1e-12)
    for last_c in rest:
        np.testing.assert_allclose(last_c.data, want_c, rtol=0, atol=1e-12)


@each_kind
def test_no_state_is_a_state_of_zeros_and_no_batch_a_batch_of_one(kind):
    layer = kind(2, 3, num_layers=2, bidirectional=True, rng=0, dtype=float)
    x, h, c = given_to(layer, 4, 1)
    zeros = np.zeros_like(h)

    def run(x, state=None):
        y, last = layer(x, state)
        return [a.data for a in (y, *(last if kind is nn.LSTM else (last,)))]
    for got, want in zip(run(x), run(x, (zeros, zeros) if kind is nn.LSTM else zeros)):
        np.testing.assert_array_equal(got, want)
    for got, want in zip(run(x[:, 0], (h[:, 0], c[:, 0]) if kind is nn.LSTM else h[:, 0]),
                         run(x, (h, c) if kind is nn.LSTM else h)):
        np.testing.assert_array_equal(got, want[:, 0])


@pytest.mark.slow
@each_kind
@pytest.mark.parametrize("lengths", [None, [3, 1]], ids=["whole", "lengths"])
def test_gradients(kind, lengths):
    """Of everything, by everything: two layers, both ways."""
    layer = kind(2, 2, num_layers=2, bidirectional=True, rng=0, dtype=float)
    x, h, c = given_to(layer, 3, 2)
    parameters = list(layer.parameters())
    starts = [h, c] if kind is nn.LSTM else [h]

    def total(x, *rest):
        states, weights = rest[:len(starts)], rest[len(starts):]
        for (name, _), weight in zip(list(layer.named_parameters()), weights):
            setattr(twin, name, weight)
        y, last = twin(x, tuple(states) if kind is nn.LSTM else states[0], lengths)
        return sum((part * np.cos(np.arange(part.size)).reshape(part.shape)).sum()
                   for part in (y, *(last if kind is nn.LSTM else (last,))))
    twin = copy.deepcopy(layer)
    check_gradients(*on_a_line(total, x, *starts, *[p.data for p in parameters]))


@each_kind
def test_second_order(kind):
    layer = kind(2, 2, rng=0, dtype=float)
    x, _, _ = given_to(layer, 3, 2)

    def total(x):
        y, _ = layer(x)
        return (y * y).sum()
    v = np.random.default_rng(5).normal(size=x.shape)
    numeric = slope(lambda t: grad(total)(x + t * v).data)
    np.testing.assert_allclose(hvp(total, x, v).data, numeric, rtol=1e-6, atol=1e-8)


def test_what_stands_beyond_a_length_does_not_matter():
    layer = nn.LSTM(2, 3, num_layers=2, bidirectional=True, rng=0, dtype=float)
    x, _, _ = given_to(layer, 5, 3)
    other, lengths = x.copy(), [5, 2, 1]
    other[2:, 1], other[1:, 2] = 7.0, -9.0
    nodes = [Tensor(x), Tensor(other)]
    (y, (h, c)), (y2, (h2, c2)) = (layer(node, lengths=lengths) for node in nodes)
    for a, b in ((y, y2), (h, h2), (c, c2)):
        np.testing.assert_array_equal(a.data, b.data)
    for node, out in zip(nodes, (y, y2)):
        (out * out).sum().backward()
        assert not node.grad[2:, 1].any() and not node.grad[1:, 2].any() and node.grad[0].all()


def test_dropout_acts_between_layers_while_training():
    layer = nn.LSTM(2, 8, num_layers=2, dropout=0.5, rng=0)
    x = np.ones((4, 3, 2))
    first, second = layer(x)[0].data, layer(x)[0].data
    assert (first != second).any()
    layer.eval()
    np.testing.assert_array_equal(layer(x)[0].data, layer(x)[0].data)
    top = nn.LSTM(2, 8, num_layers=2, dropout=1.0, rng=0)
    np.testing.assert_array_equal(top(x)[0].data, top(np.zeros_like(x))[0].data)      # the second layer sees zeros


@each_kind
def test_dtype_state_and_pickle(kind):
    layer = kind(2, 3, rng=0)
    y, _ = layer([[[1, 2]]])
    assert y.dtype == np.float32
    y.sum().backward()
    assert all(p.grad.dtype == np.float32 for p in layer.parameters())
    twin = kind(2, 3, rng=1)
    twin.load_state_dict(layer.state_dict())
    np.testing.assert_array_equal(twin([[[1, 2]]])[0].data, y.data)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(layer))([[[1, 2]]])[0].data, y.data)


WRONG = [
    (lambda: nn.LSTM(0, 2), UsageError, "input_size"),
    (lambda: nn.GRU(2, 2.5), UsageError, "hidden_size"),
    (lambda: nn.RNN(2, 2, num_layers=0), UsageError, "num_layers"),
    (lambda: nn.RNN(2, 2, nonlinearity="sigmoid"), UsageError, "nonlinearity"),
    (lambda: nn.LSTM(2, 2, dropout=0.5), UsageError, "between layers"),
    (lambda: nn.LSTM(2, 2, 2, dropout=1.5), UsageError, "dropout must be a number from 0 to 1"),
    (lambda: nn.LSTM(2, 2)(np.ones((4, 3, 5))), ShapeError, r"\(4, 3, 5\)"),
    (lambda: nn.LSTM(2, 2)(np.ones((0, 3, 2))), ShapeError, r"\(0, 3, 2\)"),
    (lambda: nn.LSTM(2, 2)(np.ones(2)), ShapeError, r"\(2,\)"),
    (lambda: nn.LSTM(2, 2)(np.ones((4, 3, 2)), np.ones((1, 3, 2))), UsageError, "pair"),
    (lambda: nn.LSTM(2, 2)(np.ones((4, 3, 2)), (np.ones((1, 3, 2)), np.ones((1, 2, 2)))), ShapeError, r"\(1, 2, 2\)"),
    (lambda: nn.GRU(2, 2)(np.ones((4, 3, 2)), np.ones((2, 3, 2))), ShapeError, r"\(2, 3, 2\)"),
    (lambda: nn.GRU(2, 2)(np.ones((4, 3, 2)), lengths=[4, 4]), ShapeError, "3 sequences"),
    (lambda: nn.GRU(2, 2)(np.ones((4, 3, 2)), lengths=[4, 0, 4]), DataError, "1 to 4"),
    (lambda: nn.GRU(2, 2)(np.ones((4, 3, 2)), lengths=[4, 5, 4]), DataError, "1 to 4"),
    (lambda: nn.GRU(2, 2)(np.ones((4, 3, 2)), lengths=[4.0, 1.0, 4.0]), DTypeError, "integers"),
    (lambda: ops.lstm(np.ones((2, 2)), *drawn()[0][1:]), ShapeError, r"\(2, 2\)"),
    (lambda: ops.lstm(*drawn()[0][:5], np.ones((1, 3))), ShapeError, r"not .*\(1, 3\)"),
    (lambda: nn.Embedding(3, 2)([0, 3]), DataError, "no index 3.*3 rows"),
    (lambda: nn.Embedding(3, 2)([-1]), DataError, "no index -1"),
    (lambda: nn.Embedding(3, 2)([0.5]), DTypeError, "integers"),
    (lambda: nn.Embedding(3, 2)(Tensor([1.0])), DTypeError, "Tensor"),
    (lambda: nn.Embedding(3, 2, padding_idx=3), UsageError, "padding_idx"),
]


@pytest.mark.parametrize(("call", "error", "said"), WRONG, ids=[said for _, _, said in WRONG])
def test_wrong_inputs_are_one_clear_error(call, error, said):
    with pytest.raises(error, match=said):
        call()


# --- the fused op ---------------------------------------------------------------------------------

def drawn(time=4, batch=3, features=2, n=3, dtype=float):
    rng = np.random.default_rng(0)
    shapes = ((time, batch, features), (4 * n, features), (4 * n, n), (4 * n,), (batch, n), (batch, n))
    return [rng.normal(size=shape).astype(dtype) for shape in shapes], \
        rng.normal(size=(2, time, batch, n)).astype(dtype)


def test_the_fused_sweep_is_the_composed_one():
    xs, g = drawn()
    y = ops.lstm.array(*xs)
    for i in range(6):
        want = recurrent._composed(i, g, y, *xs)
        np.testing.assert_allclose(recurrent._fused(i, g, y, *xs), want, rtol=1e-11, atol=1e-12)
        again = recurrent._fused(i, g, y.copy(), *xs)        # a copy knows no gates
        np.testing.assert_allclose(again, want, rtol=1e-11, atol=1e-12)


def test_one_sweep_serves_all_rules_and_none_twice(monkeypatch):
    """A seed that was written to between two passes must not meet what the first pass found."""
    xs, g = drawn()
    sweeps, real = [], recurrent._sweep
    monkeypatch.setattr(recurrent, "_sweep", lambda *args: sweeps.append(1) or real(*args))
    nodes = [Tensor(x) for x in xs]
    y = ops.lstm(*nodes)
    first = cotangents({y: g})
    assert len(sweeps) == 1
    before = [first[node].copy() for node in nodes]
    g *= 2
    second = cotangents({y: g})
    for node, was in zip(nodes, before):
        np.testing.assert_allclose(second[node], 2 * was, rtol=1e-12)
        np.testing.assert_array_equal(first[node], was)


def test_the_gates_survive_no_copy_and_are_found_again():
    xs, g = drawn()
    nodes = [Tensor(x) for x in xs]
    y = ops.lstm(*nodes)
    twin = pickle.loads(pickle.dumps(y))
    y.backward(g)
    twin.backward(g)
    for node, other in zip(nodes, twin.inputs):
        np.testing.assert_allclose(other.grad, node.grad, rtol=1e-12, atol=1e-14)


def test_saturated_gates_stay_finite():
    xs, g = drawn(dtype=np.float32)
    nodes = [Tensor(x * 1e4) for x in xs]
    y = ops.lstm(*nodes)
    y.backward(g)
    assert np.isfinite(y.data).all() and all(np.isfinite(node.grad).all() for node in nodes)


def test_without_a_graph():
    layer = nn.LSTM(2, 3, rng=0)
    with no_grad():
        y, _ = layer(np.ones((2, 1, 2)))
    assert y.is_leaf


# --- Embedding ------------------------------------------------------------------------------------

def test_embedding_is_the_rows_and_its_gradient_accumulates():
    table = nn.Embedding(5, 3, rng=0, dtype=float)
    index, g = np.array([[0, 2, 2], [4, 2, 0]]), np.random.default_rng(0).normal(size=(2, 3, 3))
    y = table(index)
    np.testing.assert_array_equal(y.data, table.weight.data[index])
    y.backward(g)
    want = np.zeros((5, 3))
    for place, row in np.ndenumerate(index):
        want[row] += g[place]
    np.testing.assert_allclose(table.weight.grad, want, rtol=1e-14)
    y = table(index[0])
    y.backward(g[0])
    assert (table.weight.grad[2] == want[2] + g[0, 1] + g[0, 2]).all()


def test_embedding_padding_gets_no_gradient():
    table = nn.Embedding(4, 2, padding_idx=-1, rng=0)
    assert table.padding_idx == 3 and not table.weight.data[3].any()
    (table([[3, 1], [3, 3]]) * 2.0).sum().backward()
    assert table.weight.grad.tolist() == [[0, 0], [2, 2], [0, 0], [0, 0]]
    table.weight.data = np.ones((4, 2))
    assert table([3]).data.tolist() == [[1, 1]]               # it was set, and is what it is


def test_embedding_of_no_index_is_empty():
    assert nn.Embedding(4, 2)([]).shape == (0, 2)


def test_a_network_of_them_differentiates_twice():
    table, layer = nn.Embedding(4, 2, rng=0, dtype=float), nn.GRU(2, 2, rng=1, dtype=float)
    index = np.array([[0, 1], [2, 2], [3, 0]])

    def total(weight):
        return (layer(weight[index])[0] ** 2).sum()
    check_gradients(total, table.weight.data, order=2)
