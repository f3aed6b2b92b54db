"""Every optimizer beside PyTorch's, step by step; clipping too."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers.torch_peer import require_torch

from autograd_nn import Tensor, Value, optim

torch = require_torch()


@pytest.fixture(autouse=True)
def _float64():
    """NAdam keeps the product of its momenta in PyTorch's default dtype, whatever the parameter's."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


STEPS = 50
SHAPES = [(3, 4), (5,), ()]
SETTINGS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.05, "weight_decay": 0.3}),
    ("SGD", {"lr": 0.02, "momentum": 0.9}),
    ("SGD", {"lr": 0.02, "momentum": 0.9, "dampening": 0.9}),
    ("SGD", {"lr": 0.02, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.02, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.3, "lr_decay": 0.1, "weight_decay": 0.2, "initial_accumulator_value": 0.5, "eps": 1e-4}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.02, "alpha": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
    ("RMSprop", {"momentum": 0.9}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"lr": 0.02, "alpha": 0.9, "momentum": 0.5, "centered": True, "weight_decay": 0.1, "eps": 1e-4}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.7, "eps": 1e-4, "weight_decay": 0.2}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.7, 0.95), "eps": 1e-3, "weight_decay": 0.2}),
    ("Adam", {"lr": 0.1, "betas": (0.8, 0.7), "amsgrad": True}),
    ("Adam", {"lr": 0.1, "betas": (0.0, 0.0), "weight_decay": 0.1, "amsgrad": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, "betas": (0.7, 0.95), "eps": 1e-3, "weight_decay": 0.2}),
    ("AdamW", {"lr": 0.1, "betas": (0.8, 0.7), "weight_decay": 0.0, "amsgrad": True}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.2, "momentum_decay": 0.05}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.2, "decoupled_weight_decay": True}),
]
IDS = [f"{kind}-{'-'.join(options)}" for kind, options in SETTINGS]


def paths(kind, options, dtype, group=None, values=False):
    """The parameters after each step, ours and theirs, from the same start and the same gradients."""
    rng = np.random.default_rng(3)
    starts = [np.asarray(rng.normal(size=shape), dtype=dtype) for shape in SHAPES]
    scales = [10.0 ** rng.uniform(-3, 1, size=shape) for shape in SHAPES]
    theirs = [torch.nn.Parameter(torch.tensor(a)) for a in starts]
    if values:
        parts = [[Value(float(v)) for v in a.ravel()] for a in starts]
        ours = [v for part in parts for v in part]
    else:
        parts = [[Tensor(a)] for a in starts]
        ours = [part[0] for part in parts]
    if group:
        mine = getattr(optim, kind)([{"params": parts[0], **group}, {"params": parts[1] + parts[2]}], **options)
        other = getattr(torch.optim, kind)([{"params": theirs[:1], **group}, {"params": theirs[1:]}], **options)
    else:
        mine = getattr(optim, kind)(ours, **options)
        other = getattr(torch.optim, kind)(theirs, **options)
    for i in range(STEPS):
        for part, their, scale in zip(parts, theirs, scales):
            g = np.asarray(rng.normal(size=scale.shape) * scale, dtype=dtype)
            their.grad = torch.tensor(g)
            for p, piece in zip(part, g.ravel() if values else [g]):
                p.grad = float(piece) if values else piece
            if i % 5 == 3:                           # and now and then a parameter has none
                their.grad = None
                for p in part:
                    p.zero_grad()
                break
        mine.step()
        other.step()
        yield ([np.reshape([p.data for p in part], shape) if values else part[0].data
                for part, shape in zip(parts, SHAPES)], [p.detach().numpy() for p in theirs])


@pytest.mark.parametrize("values", [False, True], ids=["tensors", "values"])
@pytest.mark.parametrize(("kind", "options"), SETTINGS, ids=IDS)
def test_fifty_steps_in_float64(kind, options, values):
    for ours, theirs in paths(kind, options, np.float64, values=values):
        for a, b in zip(ours, theirs):
            np.testing.assert_allclose(a, b, rtol=2e-12, atol=1e-13)


@pytest.mark.parametrize(("kind", "options"), SETTINGS, ids=IDS)
def test_fifty_steps_in_float32(kind, options):
    """To rounding: a bound of float32's own, and wider where differences of running means lose digits."""
    wide = 300 if options.get("centered") else 30
    for ours, theirs in paths(kind, options, np.float32):
        for a, b in zip(ours, theirs):
            assert a.dtype == np.float32
            np.testing.assert_allclose(a, b, rtol=wide * 2 ** -23, atol=wide * 2 ** -23)


@pytest.mark.parametrize(("kind", "options"), SETTINGS, ids=IDS)
def test_groups_with_numbers_of_their_own(kind, options):
    group = {"lr": 0.07, "weight_decay": 0.25}
    for ours, theirs in paths(kind, options, np.float64, group):
        for a, b in zip(ours, theirs):
            np.testing.assert_allclose(a, b, rtol=2e-12, atol=1e-13)


@pytest.mark.parametrize("kind", ["SGD", "Adagrad", "RMSprop", "Adadelta", "Adam", "AdamW", "NAdam"])
def test_defaults_are_the_same(kind):
    mine = getattr(optim, kind)([Value(1.0)], **({"lr": 0.1} if kind == "SGD" else {})).param_groups[0]
    other = getattr(torch.optim, kind)([torch.nn.Parameter(torch.ones(1))],
                                       **({"lr": 0.1} if kind == "SGD" else {})).param_groups[0]
    for name, x in mine.items():
        assert name == "params" or other[name] == x, name


@pytest.mark.parametrize("p", [1.0, 2.0, 3.5, math.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_clipping_by_norm(p, dtype, scale):
    rng = np.random.default_rng(0)
    grads = [np.asarray(rng.normal(size=shape) * scale, dtype=dtype) for shape in SHAPES]
    ours = [Tensor(np.zeros(shape, dtype=dtype)) for shape in SHAPES]
    theirs = [torch.nn.Parameter(torch.from_numpy(np.zeros(shape, dtype=dtype))) for shape in SHAPES]
    for a, b, g in zip(ours, theirs, grads):
        a.grad, b.grad = g, torch.tensor(g)
    norm = optim.clip_grad_norm_([*ours, Tensor([1.0])], 1.5, norm_type=p)
    eps = float(np.finfo(dtype).eps)
    assert norm == pytest.approx(torch.nn.utils.clip_grad_norm_(theirs, 1.5, norm_type=p).item(), rel=8 * eps)
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a.grad, b.grad.numpy(), rtol=16 * eps)
        assert a.grad.dtype == dtype


def test_clipping_by_value():
    g = np.array([-5.0, -0.5, 0.0, 2.0, np.inf, np.nan])
    a, b = Tensor(np.zeros(6)), torch.nn.Parameter(torch.zeros(6, dtype=torch.float64))
    a.grad, b.grad = g, torch.tensor(g)
    optim.clip_grad_value_([a], 1.0)
    torch.nn.utils.clip_grad_value_([b], 1.0)
    np.testing.assert_array_equal(a.grad, b.grad.numpy())
