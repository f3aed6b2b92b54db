"""fit: its loop, its history, and its errors."""

from __future__ import annotations

import re

import numpy as np
import pytest
from helpers.training import X, Y, fitted, same, weights

from autograd_nn import Tensor, Value, errors, nn, optim, train
from autograd_nn.data import digits, iris, split

# --- the loop ---------------------------------------------------------------------------------------

def test_it_is_the_loop_that_one_would_write():
    model, history = fitted(batch_size=16, epochs=2)
    other, rng = nn.MLP(3, 5, 1, rng=0), np.random.default_rng(1)
    optimizer, losses = optim.Adam(other.parameters(), lr=0.05), []
    for _ in range(2):
        order, total = rng.permutation(40), 0.0
        for i in range(0, 40, 16):
            rows = order[i:i + 16]
            optimizer.zero_grad()
            loss = nn.mse_loss(other(X[rows]), Y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        losses.append(total / 40)
    assert same(weights(model), weights(other)) and history["loss"] == losses
    assert history.stopped == "epochs" and not model.training


def test_it_learns_and_measures():
    rows, held_out = split(iris(), rng=0)
    model = nn.MLP(4, 8, 3, rng=0)
    history = train.fit(model, rows, held_out, loss=nn.cross_entropy, epochs=30, metrics=["accuracy"], rng=0,
                        optimizer=optim.Adam(model.parameters(), lr=0.05), progress=False)
    assert list(history) == ["loss", "accuracy", "valid_loss", "valid_accuracy", "lr"]
    assert history["valid_accuracy"][history.best] >= 0.9
    predicted = model(held_out.x)
    assert train.accuracy(predicted, held_out.y) == history["valid_accuracy"][history.best]      # the best weights
    assert nn.cross_entropy(predicted, held_out.y).item() == pytest.approx(min(history["valid_loss"]))


def test_values_learn_too():
    model = nn.MLP(3, 2, 1, rng=0, of=Value)
    history = train.fit(model, (X[:10], Y[:10]), (X[10:14], Y[10:14]), loss=nn.mse_loss, epochs=3, metrics=["r2"],
                        optimizer=optim.SGD(model.parameters(), lr=0.05), rng=0, progress=False)
    assert history["loss"][-1] < history["loss"][0]


def test_patience_and_the_watched_number():
    model = nn.MLP(3, 5, 1, rng=0)
    history = fitted(model, valid=(X, -Y), epochs=50, patience=3)[1]             # what is learned makes it worse
    assert history.stopped == "patience" and len(history.epochs) == history.best + 4
    history = fitted(metrics={"size": lambda p, y: float(np.abs(p).mean())}, monitor="size", epochs=4)[1]
    assert history.best == int(np.argmax(history["size"]))


def test_callbacks_clipping_schedules_and_augmentation():
    seen = []
    model = nn.MLP(3, 5, 1, rng=0)
    optimizer = optim.SGD(model.parameters(), lr=1e-9)
    start = weights(model)
    _, history = fitted(model, optimizer=optimizer, epochs=10, callbacks=[lambda run: seen.append(run.epoch),
                                                                            lambda run: run.epoch == 4],
                        clip_norm=0.1, clip_value=0.05, schedule=optim.StepLR(optimizer, 2, gamma=0.5),
                        augment=lambda x, rng: x + rng.normal(size=x.shape).astype(np.float32))
    assert seen == [1, 2, 3, 4] and history.stopped == "callback"
    assert history["lr"] == [1e-9, 1e-9, 5e-10, 5e-10]
    assert all(np.abs(a - start[k]).max() <= 8 * 1e-9 * 0.05 + 1e-7 for k, a in weights(model).items())
    plateau = optim.ReduceLROnPlateau(optimizer, patience=0, factor=0.1)
    fitted(model, optimizer=optimizer, epochs=3, valid=(X, -Y), schedule=plateau)
    batchwise = optim.SGD(model.parameters(), lr=1.0)
    fitted(model, optimizer=batchwise, epochs=1, batch_size=10, schedule=optim.ExponentialLR(batchwise, 0.1),
           schedule_every="batch", clip_norm=1e-3)
    assert batchwise.lr == pytest.approx(1e-4)


def test_a_callback_may_answer_as_numpy_does():
    _, history = fitted(epochs=9, callbacks=[lambda run: np.float64(run.epoch) > 1])
    assert len(history.epochs) == 2 and history.stopped == "callback"
    assert len(fitted(epochs=3, callbacks=[lambda run: run.epoch])[1].epochs) == 3        # 1 is no True


def test_the_bar_shows_the_loss(capsys):
    fitted(progress=True, metrics=["r2"])
    said = capsys.readouterr().err
    assert "3/3" in said and "loss" in said and "r2" in said
    fitted(progress=True, metrics=["r2"], valid=(X, Y))
    said = capsys.readouterr().err
    assert re.search(r"epoch 3/3 100%\|█+\| [\d:]+<[\d:]+, loss \S+ / \S+, r2 \S+ / \S+", said)
    assert len(said.split("\r")) < 12                                 # a file gets a line an epoch, not one a batch
    fitted(progress=False)
    assert capsys.readouterr().err == ""


def test_lbfgs_is_one_more_optimizer():
    pytest.importorskip("scipy", reason="L-BFGS is SciPy's")
    model = nn.LinearRegression(3, dtype=float)
    fitted(model, rows=(X.astype(float), Y[:, 0].astype(float)), optimizer=optim.LBFGS(model.parameters()),
           batch_size=40)
    np.testing.assert_allclose(model.linear.weight.data, [[1.0, -2.0, 0.5]], atol=1e-5)


# --- errors -----------------------------------------------------------------------------------------

@pytest.mark.parametrize(("change", "told"), [
    ({"rows": (X[:0], Y[:0])}, "one at least"), ({"rows": (X, Y[:3])}, "same number of rows"), ({"rows": X}, "a pair"),
    ({"metrics": ["acuracy"]}, "no metric 'acuracy'"),
    ({"metrics": {"loss": train.r2}}, "cannot be named 'loss'"), ({"monitor": "valid_loss"}, "monitor must be"),
    ({"loss": lambda y, t: nn.mse_loss(y, t, "none")}, "one number"), ({"epochs": 0}, "epochs"),
    ({"batch_size": 0}, "size"), ({"patience": 0}, "patience"), ({"schedule_every": "day"}, "schedule_every"),
    ({"optimizer": optim.SGD([Tensor(1.0)], lr=0.1)}, "none of the model's parameters"),
    ({"checkpoint": "no/such/folder/run"}, "no such folder"), ({"rows": (X.astype(str), Y)}, "array of real numbers"),
    ({"schedule": optim.StepLR(optim.SGD([Tensor(1.0)], lr=0.1), 1)}, "another optimizer"),
    ({"rows": (X * np.float32("nan"), Y)}, "loss is nan in epoch 1")])
def test_errors(change, told):
    with pytest.raises((errors.AutogradError, FileNotFoundError), match=told):
        fitted(**change)


def test_a_plateau_is_looked_for_after_an_epoch():
    optimizer = optim.SGD((model := nn.MLP(3, 5, 1, rng=0)).parameters(), lr=0.1)
    with pytest.raises(errors.UsageError, match="what an epoch gave"):
        fitted(model, optimizer=optimizer, schedule=optim.ReduceLROnPlateau(optimizer), schedule_every="batch")


def test_a_loss_that_is_not_finite_leaves_the_weights(tmp_path):
    model = nn.MLP(3, 5, 1, rng=0)
    before = weights(model)
    with pytest.raises(errors.NonFiniteError, match="smaller learning rate"):
        fitted(model, loss=lambda y, t: nn.mse_loss(y, t) * float("inf"))
    assert same(before, weights(model))


def test_digits_in_an_epoch():
    rows, held_out = split(digits(), rng=0)
    model = nn.MLP(64, 32, 10, rng=0)
    history = train.fit(model, rows, held_out, loss=nn.cross_entropy, epochs=2, metrics=["accuracy"], rng=0,
                        optimizer=optim.Adam(model.parameters(), lr=0.01), progress=False)
    assert history["valid_accuracy"][-1] > 0.85
