"""Recurrent layers, Embedding and attention against PyTorch, from the same weights."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.torch_peer import require_torch

from autograd_nn import Tensor, nn, optim

torch = require_torch()


def twins(ours, theirs):
    """PyTorch's module, in float64, with the weights of ours; their names must be the same, in one order."""
    theirs = theirs.double()
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    theirs.load_state_dict({name: torch.tensor(a) for name, a in ours.state_dict().items()})
    return ours, theirs


def same_gradients(ours, theirs):
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters()):
        np.testing.assert_allclose(p.grad, q.grad.numpy(), rtol=1e-9, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("lengths", [None, [5, 3, 3, 1]], ids=["whole", "packed"])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}, {"batch_first": True},
                                     {"bias": False, "num_layers": 2}], ids=str)
def test_recurrent(name, lengths, options):
    ours, theirs = twins(getattr(nn, name)(3, 4, **options, rng=0, dtype=float),
                         getattr(torch.nn, name)(3, 4, **options))
    rng, first = np.random.default_rng(0), options.get("batch_first", False)
    x = rng.normal(size=(4, 5, 3) if first else (5, 4, 3))
    mine, other = Tensor(x), torch.tensor(x, requires_grad=True)
    y, last = ours(mine, lengths=lengths)
    if lengths is None:
        ty, tlast = theirs(other)
    else:
        packed = torch.nn.utils.rnn.pack_padded_sequence(other, torch.tensor(lengths), batch_first=first)
        ty, tlast = theirs(packed)
        ty, _ = torch.nn.utils.rnn.pad_packed_sequence(ty, batch_first=first)
    outs = [(y, ty), *zip(last, tlast)] if name == "LSTM" else [(y, ty), (last, tlast)]
    total, ttotal = 0.0, 0.0
    for a, b in outs:
        np.testing.assert_allclose(a.data, b.detach().numpy(), rtol=1e-12, atol=1e-13)
        weight = rng.normal(size=a.shape)
        total, ttotal = total + (a * weight).sum(), ttotal + (b * torch.tensor(weight)).sum()
    total.backward()
    ttotal.backward()
    np.testing.assert_allclose(mine.grad, other.grad.numpy(), rtol=1e-9, atol=1e-12)
    same_gradients(ours, theirs)


@pytest.mark.parametrize("padding", [None, 1, -1])
def test_embedding(padding):
    ours, theirs = twins(nn.Embedding(5, 3, padding, rng=0, dtype=float), torch.nn.Embedding(5, 3, padding))
    index = np.array([[0, 1, 4], [1, 1, 0]])
    y, ty = ours(index), theirs(torch.tensor(index))
    (y * y + y).sum().backward()
    (ty * ty + ty).sum().backward()
    np.testing.assert_array_equal(y.data, ty.detach().numpy())
    same_gradients(ours, theirs)


MASKS = {
    "none": {},
    "padding": {"key_padding_mask": np.array([[0, 0, 0, 1, 1], [0, 0, 0, 0, 0], [0, 1, 0, 1, 0]], bool)},
    "booleans": {"attn_mask": np.triu(np.ones((4, 5), bool), 1)},
    "added": {"attn_mask": np.random.default_rng(3).normal(size=(4, 5))},
    "each head": {"attn_mask": np.random.default_rng(3).normal(size=(6, 4, 5))},
    "by head": {"average_attn_weights": False},
}


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_with_fixed_parameters(name):
    """Three steps of training, the second bias fixed to zeros; then it is freed, and others are fixed."""
    ours, theirs = twins(getattr(nn, name)(3, 4, num_layers=2, rng=0, dtype=float),
                         getattr(torch.nn, name)(3, 4, num_layers=2))
    x = np.random.default_rng(0).normal(size=(5, 4, 3))
    ours.bias_hh_l1.data = np.zeros(12 if name == "GRU" else 16 if name == "LSTM" else 4)
    torch.nn.init.zeros_(theirs.bias_hh_l1)
    steps = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}
    mine, other = optim.SGD(ours.parameters(), **steps), torch.optim.SGD(theirs.parameters(), **steps)
    for fixed in (["bias_hh_l1"], ["bias_hh_l1"], ["weight_ih_l0", "bias_ih_l1"], ["bias_hh_l0"]):
        ours.requires_grad_().requires_grad_(False, *fixed)
        for part, q in theirs.named_parameters():
            q.requires_grad_(part not in fixed)
        mine.zero_grad()
        other.zero_grad()
        (ours(x)[0] ** 2).sum().backward()
        (theirs(torch.tensor(x))[0] ** 2).sum().backward()
        for (part, p), q in zip(ours.named_parameters(), theirs.parameters()):
            assert p.has_grad == (q.grad is not None) == p.requires_grad == q.requires_grad, part
        mine.step()
        other.step()
        for part, p in ours.named_parameters():
            np.testing.assert_allclose(p.data, getattr(theirs, part).detach().numpy(), rtol=1e-9, atol=1e-11,
                                       err_msg=part)


@pytest.mark.parametrize("masks", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("options", [{}, {"batch_first": True}, {"kdim": 3, "vdim": 2}, {"bias": False}], ids=str)
def test_attention(masks, options):
    ours, theirs = twins(nn.MultiheadAttention(6, 2, **options, rng=0, dtype=float),
                         torch.nn.MultiheadAttention(6, 2, **options))
    rng = np.random.default_rng(1)
    xs = [rng.normal(size=(n, 3, d)) for n, d in ((4, 6), (5, ours.kdim), (5, ours.vdim))]
    xs = [x.transpose(1, 0, 2) if ours.batch_first else x for x in xs]
    mine, other = [Tensor(x) for x in xs], [torch.tensor(x, requires_grad=True) for x in xs]
    y, weights = ours(*mine, **masks)
    ty, tweights = theirs(*other, **{k: torch.tensor(m) if isinstance(m, np.ndarray) else m for k, m in masks.items()})
    np.testing.assert_allclose(y.data, ty.detach().numpy(), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(weights.data, tweights.detach().numpy(), rtol=1e-11, atol=1e-12)
    ((y * y).sum() + (weights * weights).sum()).backward()
    ((ty * ty).sum() + (tweights * tweights).sum()).backward()
    for a, b in zip(mine, other):
        np.testing.assert_allclose(a.grad, b.grad.numpy(), rtol=1e-9, atol=1e-11)
    same_gradients(ours, theirs)


@pytest.mark.parametrize("options", [{}, {"norm_first": True, "activation": "gelu"}, {"batch_first": True}], ids=str)
def test_encoder_layer(options):
    ours, theirs = twins(nn.TransformerEncoderLayer(6, 2, 8, dropout=0.0, **options, rng=0, dtype=float),
                         torch.nn.TransformerEncoderLayer(6, 2, 8, dropout=0.0, **options))
    x = np.random.default_rng(0).normal(size=(4, 4, 6))
    pad, mask = np.zeros((4, 4), bool), np.triu(np.ones((4, 4), bool), 1)
    pad[1, 2:] = True
    y, ty = ours(x, mask, pad), theirs(torch.tensor(x), torch.tensor(mask), torch.tensor(pad))
    np.testing.assert_allclose(y.data, ty.detach().numpy(), rtol=1e-10, atol=1e-11)
    (y ** 3).sum().backward()
    (ty ** 3).sum().backward()
    same_gradients(ours, theirs)
    np.testing.assert_array_equal(ours(x, is_causal=True).data, ours(x, mask).data)
