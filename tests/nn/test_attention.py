"""Attention and positional encodings: values against loops, gradients against differences."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.numeric import on_a_line

from autograd_nn import Tensor, check_gradients, grad, nn
from autograd_nn.errors import DTypeError, ShapeError, UsageError


def naive(layer, q, k, v, barred):
    """(result, weights of each head), one query and head at a time; all arrays are batch first."""
    e, heads = layer.embed_dim, layer.num_heads
    d = e // heads
    w, b = layer.in_proj_weight.data, layer.in_proj_bias.data
    batch, target, _ = q.shape
    source = k.shape[1]
    joined, weights = np.zeros((batch, target, e)), np.zeros((batch, heads, target, source))
    for n in range(batch):
        for head in range(heads):
            part = [slice(j * e + head * d, j * e + (head + 1) * d) for j in range(3)]
            for i in range(target):
                query = w[part[0]] @ q[n, i] + b[part[0]]
                fits = [np.exp(query @ (w[part[1]] @ k[n, j] + b[part[1]]) / np.sqrt(d)) * (not barred[n, i, j])
                        for j in range(source)]
                for j in range(source):
                    share = fits[j] / sum(fits) if sum(fits) else 0.0
                    weights[n, head, i, j] = share
                    joined[n, i, head * d:(head + 1) * d] += share * (w[part[2]] @ v[n, j] + b[part[2]])
    return joined @ layer.out_proj.weight.data.T + layer.out_proj.bias.data, weights


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    layer = nn.MultiheadAttention(4, 2, batch_first=True, rng=0, dtype=float)
    for p in layer.parameters():
        p.data = rng.normal(size=p.shape)
    return layer, rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4))


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("padded", [False, True])
def test_attention_is_the_naive_loop(case, causal, padded):
    layer, q, k, v = case
    padding = np.array([[False, False, True], [False, False, False]]) if padded else np.zeros((2, 3), bool)
    barred = padding[:, None, :] | (np.triu(np.ones((3, 3), bool), 1) if causal else False)
    barred = np.broadcast_to(barred, (2, 3, 3))
    want, weights = naive(layer, q, k, v, barred)
    got, seen = layer(q, k, v, key_padding_mask=padding if padded else None, is_causal=causal,
                      average_attn_weights=False)
    np.testing.assert_allclose(got.data, want, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(seen.data, weights, rtol=1e-12, atol=1e-14)
    got, seen = layer(q, k, v, key_padding_mask=padding if padded else None, is_causal=causal)
    np.testing.assert_allclose(seen.data, weights.mean(axis=1), rtol=1e-12, atol=1e-14)


def test_a_causal_result_does_not_see_what_comes_later(case):
    layer, q, _, _ = case
    later = q.copy()
    later[:, 2] += 5
    a, b = (layer(x, x, x, is_causal=True)[0].data for x in (q, later))
    np.testing.assert_array_equal(a[:, :2], b[:, :2])
    assert (a[:, 2] != b[:, 2]).all()


def test_a_query_with_no_key_gets_the_bias_alone(case):
    """And finite gradients, where PyTorch has nan."""
    layer, q, k, v = case
    node = Tensor(q)
    y, weights = layer(node, k, v, key_padding_mask=np.array([[True] * 3, [False] * 3]))
    np.testing.assert_allclose(y.data[0], np.tile(layer.out_proj.bias.data, (3, 1)), rtol=1e-14)
    assert not weights.data[0].any()
    (y * y).sum().backward()
    assert not node.grad[0].any() and np.isfinite(node.grad).all()
    assert all(np.isfinite(p.grad).all() for p in layer.parameters())


def test_gradients(case):
    layer, q, k, v = case
    mask = np.random.default_rng(1).normal(size=(3, 3))

    def total(q, k, v, *weights):
        layer.in_proj_weight, layer.in_proj_bias = weights
        y, w = layer(q, k, v, attn_mask=mask, is_causal=True)
        return (y * np.cos(np.arange(24)).reshape(2, 3, 4)).sum() + (w * w).sum()
    start = [p.data for p in (layer.in_proj_weight, layer.in_proj_bias)]
    check_gradients(total, q, k, v, *start)
    check_gradients(*on_a_line(lambda *xs: (grad(total)(*xs) * np.sin(np.arange(24)).reshape(2, 3, 4)).sum(),
                               q, k, v, *start))


@pytest.mark.slow
@pytest.mark.parametrize("norm_first", [False, True])
def test_encoder_layer_is_its_formula(norm_first):
    layer = nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, activation="tanh", norm_first=norm_first, rng=0,
                                       batch_first=True, dtype=float)
    x = np.random.default_rng(0).normal(size=(2, 3, 4))

    def norm(x):
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)

    def attention(x):
        return naive(layer.self_attn, x, x, x, np.zeros((2, 3, 3), bool))[0]

    def network(x):
        hidden = np.tanh(x @ layer.linear1.weight.data.T + layer.linear1.bias.data)
        return hidden @ layer.linear2.weight.data.T + layer.linear2.bias.data
    if norm_first:
        between = x + attention(norm(x))
        want = between + network(norm(between))
    else:
        between = norm(x + attention(x))
        want = norm(between + network(between))
    np.testing.assert_allclose(layer(x).data, want, rtol=1e-11, atol=1e-12)

    def loss(x):
        y = layer(x)
        return (y ** 2).sum() + y[0, 0, 1]
    check_gradients(loss, x)
    check_gradients(*on_a_line(lambda x: (grad(loss)(x) * np.cos(np.arange(24)).reshape(2, 3, 4)).sum(), x))


def test_dropout_while_training_only():
    layer = nn.TransformerEncoderLayer(4, 2, 6, dropout=0.5, rng=0)
    x = np.ones((3, 1, 4))
    assert (layer(x).data != layer(x).data).any()
    layer.eval()
    np.testing.assert_array_equal(layer(x).data, layer(x).data)


def test_sinusoids_are_their_formula():
    table = nn.SinusoidalEncoding(5)(np.zeros((7, 5)))
    for t in range(7):
        for i in range(5):
            wave = np.cos if i % 2 else np.sin
            assert table[t, i] == pytest.approx(wave(t / 10000 ** (i // 2 * 2 / 5)), abs=1e-15)


@pytest.mark.parametrize("layer", [nn.SinusoidalEncoding(4, 6), nn.LearnedPositionalEncoding(4, 6, rng=0, dtype=float)],
                         ids=["sinusoidal", "learned"])
def test_encodings_are_added_at_each_place(layer):
    x = np.random.default_rng(0).normal(size=(3, 2, 4))
    data = getattr(layer(np.zeros((3, 4))), "data", None)
    table = np.asarray(data) if isinstance(layer, nn.LearnedPositionalEncoding) else layer(np.zeros((3, 4)))
    for first, places in ((False, table[:, None]), (True, table[:2])):
        layer.batch_first = first
        got = layer(Tensor(x))
        np.testing.assert_allclose(got.data, x + places, rtol=1e-15)
    layer.batch_first = False
    check_gradients(lambda x: (layer(x) ** 2).sum(), x)


def test_learned_encoding_learns_the_places_that_it_saw():
    layer = nn.LearnedPositionalEncoding(2, 4, rng=0)
    layer(np.zeros((3, 5, 2))).sum().backward()
    assert layer.weight.grad.tolist() == [[5, 5]] * 3 + [[0, 0]]


X = np.ones((3, 2, 4))
WRONG = [
    (lambda: nn.MultiheadAttention(4, 3), UsageError, "does not divide"),
    (lambda: nn.MultiheadAttention(0, 1), UsageError, "embed_dim"),
    (lambda: nn.MultiheadAttention(4, 2)(X, X, np.ones((3, 2, 5))), ShapeError, r"\(3, 2, 5\)"),
    (lambda: nn.MultiheadAttention(4, 2)(X, X, np.ones((4, 2, 4))), ShapeError, "as many values as keys"),
    (lambda: nn.MultiheadAttention(4, 2)(X, X[:, :1], X[:, :1]), ShapeError, "one batch"),
    (lambda: nn.MultiheadAttention(4, 2)(X, X, X, key_padding_mask=np.zeros((3, 2), bool)), ShapeError, r"\(3, 2\)"),
    (lambda: nn.MultiheadAttention(4, 2)(X, X, X, attn_mask=np.zeros((2, 3))), ShapeError, r"\(2, 3\)"),
    (lambda: nn.MultiheadAttention(4, 2)(X, X, X, attn_mask=np.zeros((3, 3), int)), DTypeError, "booleans"),
    (lambda: nn.TransformerEncoderLayer(4, 2, activation=None), UsageError, "not None"),
    (lambda: nn.TransformerEncoderLayer(4, 2, dropout=2.0), UsageError, "p must be a number from 0 to 1"),
    (lambda: nn.SinusoidalEncoding(4)(np.ones((3, 5))), ShapeError, r"\(3, 5\)"),
    (lambda: nn.LearnedPositionalEncoding(4, 2)(np.ones((3, 4))), ShapeError, "max_len=2"),
]


@pytest.mark.parametrize(("call", "error", "said"), WRONG, ids=[said for _, _, said in WRONG])
def test_wrong_inputs_are_one_clear_error(call, error, said):
    with pytest.raises(error, match=said):
        call()
