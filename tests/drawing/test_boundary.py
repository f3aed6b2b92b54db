"""Where the boundary of a classifier lies: what its output means is found out or asked for, and never guessed."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from autograd_nn import Tensor, Value, checkpoint, nn, ops, optim
from autograd_nn.drawing import decision_boundary, replay
from autograd_nn.drawing.training.boundary import Field
from autograd_nn.errors import UsageError

RNG = np.random.default_rng(0)
X = np.concatenate([RNG.normal(size=(20, 2)) * 0.4, RNG.normal(size=(20, 2)) * 0.4 + 1.5])
SECOND = np.arange(40) >= 20
XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def logistic(p, t):
    return -ops.mean(t * ops.log(p) + (1 - t) * ops.log(1 - p))


def soft_margin(z, t):
    return ops.mean(ops.softplus(-t * z))


ONCE_LEARNED = "once it is learned"
# (the last layer, the loss, the targets, the boundary, whether it is known without the loss)
TRAININGS = {
    "mse on 0 and 1": (None, nn.mse_loss, (0, 1), 0.5, False),
    "mse on -1 and 1": (None, nn.mse_loss, (-1, 1), 0.0, ONCE_LEARNED),
    "mse on 1 and 2": (None, nn.mse_loss, (1, 2), 1.5, False),
    "absolute errors": (None, nn.l1_loss, (0, 1), 0.5, False),
    "Huber": (None, nn.huber_loss, (0, 1), 0.5, False),
    "a module of a loss": (None, nn.MSELoss(reduction="sum"), (0, 1), 0.5, False),
    "cross entropy": (None, nn.binary_cross_entropy_with_logits, (0, 1), 0.0, False),
    "hinge": (None, nn.hinge_loss, (-1, 1), 0.0, ONCE_LEARNED),
    "soft margin": (None, soft_margin, (-1, 1), 0.0, ONCE_LEARNED),
    "sigmoid, mse": (nn.Sigmoid, nn.mse_loss, (0, 1), 0.5, True),
    "sigmoid, cross entropy": (nn.Sigmoid, logistic, (0, 1), 0.5, True),
    "tanh, mse": (nn.Tanh, nn.mse_loss, (-1, 1), 0.0, ONCE_LEARNED),
    "tanh, mse on 0 and 1": (nn.Tanh, nn.mse_loss, (0, 1), 0.5, False),
}


def network(last, of=Tensor):
    hidden = nn.Linear(2, 4, rng=1, dtype=float) if of is Tensor else nn.Layer(2, 4, activation=None, rng=1)
    out = nn.Linear(4, 1, rng=2, dtype=float) if of is Tensor else nn.Layer(4, 1, activation=None, rng=2)
    return nn.Sequential(hidden, nn.Tanh(), out, *([last()] if last else []))


def misplaced(model, x, y, threshold):
    """How many are on the wrong side of a boundary."""
    z = np.ravel(model(x).data)
    return int(np.sum((z > threshold) != (y == y.max())))


def claimed(ax):
    plt.close(ax.figure)
    found = [label for label in ax.get_legend_handles_labels()[1] if label.startswith("wrong")]
    return int(found[0].split()[1][1:]) if found else 0


def asked_or_claimed(model, x, y):
    """How many are wrong, as decision_boundary claims; None where it asks."""
    try:
        return claimed(decision_boundary(model, x, y, resolution=4))
    except UsageError as error:
        assert "may be read in several ways" in str(error)
        return None


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAININGS)
def test_the_boundary_is_that_of_the_training(name):
    """Before and after training, the number of points that are wrong is the right one; or the caller is asked."""
    last, loss, (low, high), threshold, known = TRAININGS[name]
    y = np.where(SECOND, high, low)
    model = network(last)
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    film = replay(model, optimizer, x=X, y=y, resolution=4)
    for step in range(31):
        optimizer.zero_grad()
        error = loss(model(X), y[:, None].astype(float))
        error.backward()
        if step % 10 == 0:
            film.snapshot(error)
            assert film.field.reading.threshold == threshold
            assert claimed(decision_boundary(model, X, y, loss=loss, resolution=4)) == misplaced(model, X, y, threshold)
            if known is True or (known and step == 30):
                assert claimed(decision_boundary(model, X, y, resolution=4)) == misplaced(model, X, y, threshold)
            elif known:
                assert asked_or_claimed(model, X, y) in (None, misplaced(model, X, y, threshold))
            else:
                with pytest.raises(UsageError, match=r"may be read in several ways[^$]*loss=nn\.mse_loss"):
                    decision_boundary(model, X, y, resolution=4)
        optimizer.step()


@pytest.mark.slow
@pytest.mark.parametrize("last", [None, nn.Tanh, nn.ReLU])
def test_a_model_of_0_and_1_is_not_taken_for_one_of_signs(last):
    """It was trained on 0 and 1, and y is given as -1 and 1, or as texts: nothing tells, at any step."""
    for second in (SECOND, np.arange(40) >= 34, np.arange(40) >= 6):
        targets, signs = second.astype(float), np.where(second, 1, -1)
        model = network(last)
        optimizer = optim.Adam(model.parameters(), lr=0.05)
        for step in range(61):
            optimizer.zero_grad()
            nn.mse_loss(model(X), targets[:, None]).backward()
            if step % 12 == 0:
                for y in (signs, signs[:, None], np.where(second, "yes", "no")):
                    assert asked_or_claimed(model, X, y) in (None, misplaced(model, X, targets, 0.5)), step
            optimizer.step()
        assert claimed(decision_boundary(model, X, signs, output="probabilities")) == misplaced(model, X, targets, 0.5)


@pytest.mark.parametrize("of", [Tensor, Value])
def test_a_learned_xor_has_no_point_on_the_line(of):
    y = np.array([0.0, 1.0, 1.0, 0.0])
    model = network(None, of)
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    film = replay(model, optimizer, x=XOR, y=y, resolution=4)
    for step in range(150):
        optimizer.zero_grad()
        loss = nn.mse_loss(model(XOR), y[:, None])
        loss.backward()
        if step % 75 == 0:
            film.snapshot(loss)
        optimizer.step()
    assert float(loss.data) < 0.02
    assert film.field.reading.threshold == 0.5
    assert (film.field.answers(XOR) == y).all()
    assert claimed(decision_boundary(model, XOR, y, loss=nn.mse_loss)) == 0
    p = film.field.probabilities(film.field.scores(XOR))[:, 1]
    np.testing.assert_allclose(p, y, atol=0.3)


@pytest.mark.slow
def test_several_outputs_need_no_loss():
    """The greatest is the answer, also where it is far outside 0 and 1, where clipped probabilities would be equal."""
    a, b = RNG.normal(size=(2, 3)), RNG.normal(size=3)
    for scores in (lambda x: x @ a + b, lambda x: 9 * (x @ a + b) + 20, lambda x: Tensor(x @ a + b).softmax(axis=-1)):
        raw = np.asarray(getattr(scores(X), "data", scores(X)))
        y = raw.argmax(axis=1)
        for options in ({}, {"output": "probabilities"}, {"output": "signs"}, {"output": "logits"}):
            assert claimed(decision_boundary(scores, X, y, resolution=4, **options)) == 0
            assert claimed(decision_boundary(scores, X, np.eye(3)[(y + 1) % 3], resolution=4, **options)) == len(X)


def test_functions_that_give_the_classes_themselves():
    for low, high in ((0, 1), (-1, 1), (3, 7)):
        f = lambda x, low=low, high=high: np.where(x[:, 0] > 0.5, high, low)
        y = f(X)
        assert claimed(decision_boundary(f, X, y, resolution=4)) == 0


def test_the_range_is_seen_through_what_only_moves_elements():
    inner = network(nn.Sigmoid)
    for f in (lambda x: inner(x)[:, 0], lambda x: inner(x).reshape(-1), lambda x: inner(x).squeeze(1).astype(float)):
        assert Field(f, X, y=SECOND).reading.threshold == 0.5


def test_what_is_ambiguous_is_asked_for():
    linear = network(None)
    for y in (SECOND, np.where(SECOND, "cat", "dog"), SECOND.astype(float), np.ones(40)):
        with pytest.raises(UsageError, match=r'output="logits"'):
            decision_boundary(linear, X, y)
    with pytest.raises(UsageError, match="from 0 to 1 for the classes -1 and 1"):
        decision_boundary(network(nn.Sigmoid), X, np.where(SECOND, 1, -1))
    with pytest.raises(UsageError, match="several ways"):
        decision_boundary(lambda x: 1 / (1 + np.exp(-x[:, 0])), X, np.where(SECOND, 1, -1))
    zero = nn.Linear(2, 1, rng=0, dtype=float)
    zero.load_state_dict({name: 0 * a for name, a in zero.state_dict().items()})
    with pytest.raises(UsageError, match="several ways"):                    # all 0 says nothing
        decision_boundary(zero, X, SECOND)
    assert claimed(decision_boundary(network(nn.Sigmoid), X, np.where(SECOND, "cat", "dog"), resolution=4)) >= 0


def test_a_loss_that_has_no_boundary_is_refused():
    model = network(None)
    with pytest.raises(UsageError, match="does not tell two classes apart"):
        decision_boundary(model, X, SECOND, loss=lambda z, t: np.mean((z - t) ** 4 * 0.0))
    with pytest.raises(UsageError, match="the numbers that the model was trained on"):
        decision_boundary(model, X, np.where(SECOND, "a", "b"), loss=nn.mse_loss)
    with pytest.raises(UsageError, match="give one of them"):
        decision_boundary(model, X, SECOND, loss=nn.mse_loss, output="logits")


def test_a_film_of_batches_asks_for_the_loss():
    model = network(None)
    film = replay(model, x=X, y=SECOND, resolution=4)
    with pytest.raises(UsageError, match=r"loss=nn\.mse_loss"):
        film.snapshot(nn.mse_loss(model(X[::2]), SECOND[::2, None] * 1.0))
    film = replay(model, x=X, y=SECOND, resolution=4, loss=nn.mse_loss)
    film.snapshot(nn.mse_loss(model(X[::2]), SECOND[::2, None] * 1.0))
    assert film.field.reading.threshold == 0.5


def test_a_film_finds_the_loss_beside_a_penalty_and_in_a_checkpoint():
    model = network(None)
    penalty = sum((p * p).sum() for p in model.parameters())
    for loss, threshold in ((nn.mse_loss, 0.5), (nn.binary_cross_entropy_with_logits, 0.0)):
        film = replay(model, x=X, y=SECOND, resolution=4)
        film.snapshot(loss(checkpoint(model)(X), SECOND[:, None] * 1.0) * 3.0 + 0.1 * penalty)
        assert film.field.reading.threshold == threshold


def test_a_threshold_that_a_model_moved_is_its_boundary():
    model = nn.LogisticRegression(2, dtype=float)
    model.linear.weight.data = [[2.0, 1.0]]
    for threshold in (0.5, 0.9):
        model.threshold = threshold
        y = model.predict(X)
        assert claimed(decision_boundary(model, X, y, resolution=4)) == 0
        assert claimed(decision_boundary(model, X, 1 - y, resolution=4)) == len(X)


def test_points_without_an_answer_are_wrong():
    f = lambda x: np.where(x[:, :1] > 1.0, np.nan, x[:, :1] - 0.5)
    y = np.where(X[:, 0] > 0.5, 1, -1)
    with np.errstate(invalid="ignore"):
        assert claimed(decision_boundary(f, X, y, resolution=6)) == (X[:, 0] > 1.0).sum()
