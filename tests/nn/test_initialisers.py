"""How parameters start, and where randomness comes from."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.fresh_python import python

import autograd_nn
from autograd_nn import nn
from autograd_nn.errors import ShapeError

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
    outs = {python(program, PYTHONHASHSEED=hash_seed) for hash_seed in ("1", "2")}
    assert len(outs) == 1 and "layers.1.bias" in outs.pop()
