"""fit, its checkpoints and its history."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_nn import Tensor, Value, errors, nn, optim, train
from autograd_nn.data import digits, iris, split

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
Y = X @ np.array([[1.0], [-2.0], [0.5]], np.float32)


def fitted(model=None, *, lr=0.05, epochs=3, rows=(X, Y), **given):
    model = model or nn.MLP(3, 5, 1, rng=0)
    given = {"loss": nn.mse_loss, "optimizer": optim.Adam(model.parameters(), lr=lr), "rng": 1, "progress": False,
             **given}
    return model, train.fit(model, rows, epochs=epochs, **given)


def weights(model):
    return {name: a.copy() for name, a in model.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(a[k].tobytes() == b[k].tobytes() and a[k].dtype == b[k].dtype for k in a)


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


# --- checkpoints ------------------------------------------------------------------------------------

class Noisy(nn.Module):
    """Layers that draw and that keep statistics, in float32 and float64."""

    def __init__(self):
        self.first, self.norm = nn.Linear(3, 8, rng=0), nn.BatchNorm1d(8)
        self.drop, self.last = nn.Dropout(0.3, rng=5), nn.Linear(8, 1, rng=1)

    def forward(self, x):
        return self.last(self.drop(self.norm(self.first(x)).relu()))


def noisy_run(path, epochs, **more):
    model = Noisy()
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    return fitted(model, optimizer=optimizer, epochs=epochs, batch_size=8, valid=(X[:7], Y[:7]), rng=3,
                  schedule=optim.CosineAnnealingLR(optimizer, 12), checkpoint=path,
                  augment=lambda x, rng: x + 0.1 * rng.normal(size=x.shape).astype(np.float32), **more)


def test_a_run_in_pieces_is_the_run_in_one(tmp_path):
    whole, history = noisy_run(tmp_path / "a", 12)
    for epochs in (1, 4, 5, 12):
        pieces, broken = noisy_run(tmp_path / "b", epochs)
    assert same(weights(whole), weights(pieces)) and dict(broken) == dict(history) and broken.best == history.best


OPTIMIZERS = {
    "LBFGS": lambda p: optim.LBFGS(p, max_iter=3), "SGD": lambda p: optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True),
    "Momentum": lambda p: optim.Momentum(p, lr=0.01), "GradientDescent": lambda p: optim.GradientDescent(p, lr=0.01),
    "Adam": lambda p: optim.Adam(p, lr=0.01, amsgrad=True), "Lion": lambda p: optim.Lion(p, lr=0.001),
    **{kind.__name__: lambda p, kind=kind: kind(p, lr=0.01)
       for kind in (optim.Adadelta, optim.Adagrad, optim.AdamW, optim.NAdam, optim.RMSprop)}}
SCHEDULES = {
    "StepLR": lambda o: optim.StepLR(o, 2), "ExponentialLR": lambda o: optim.ExponentialLR(o, 0.9),
    "LinearLR": lambda o: optim.LinearLR(o, 0.1),
    "CosineAnnealingLR": lambda o: optim.CosineAnnealingLR(o, 5, warmup=2),
    "SequentialLR": lambda o: optim.SequentialLR(o, [optim.LinearLR(o, 0.1), optim.StepLR(o, 1)], [3]),
    "ReduceLROnPlateau": lambda o: optim.ReduceLROnPlateau(o, patience=0, factor=0.5),
    "OneCycleLR": lambda o: optim.OneCycleLR(o, 0.05, total_steps=30)}


def test_the_lists_are_complete():
    kinds = [getattr(optim, name) for name in optim.__all__ if isinstance(getattr(optim, name), type)]
    found = {k.__name__ for k in kinds if issubclass(k, optim.Optimizer) and k is not optim.Optimizer}
    assert found == set(OPTIMIZERS)
    assert {k.__name__ for k in kinds} - found - {"Optimizer", "LRScheduler"} == set(SCHEDULES)


def in_pieces(path, start, epochs, **given):
    """The same run at once and in pieces; start() makes the model and optimizer anew, and what goes with them."""
    def run(checkpoint, epochs):
        model, optimizer, more = start()
        history = train.fit(model, (X, Y), epochs=epochs, loss=nn.mse_loss, optimizer=optimizer, checkpoint=checkpoint,
                            **{"progress": False, "rng": 3, "batch_size": 8, **given, **more})
        return weights(model), optimizer.state_dict(), dict(history)
    whole = run(path / "whole", epochs)
    for n in range(1, epochs + 1):
        pieces = run(path / "pieces", n)
    assert same(whole[0], pieces[0]) and whole[2] == pieces[2]
    assert all(equal(a, b) for a, b in zip(whole[1]["state"], pieces[1]["state"], strict=True))
    return whole[0]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_goes_on_with_the_same_bits(tmp_path, name):
    if name == "LBFGS":
        pytest.importorskip("scipy", reason="L-BFGS is SciPy's")

    def start():
        model = nn.MLP(3, 5, 1, rng=0)
        return model, OPTIMIZERS[name](model.parameters()), {}
    in_pieces(tmp_path, start, 4)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_goes_on_with_the_same_bits(tmp_path, name):
    def start():
        model = Noisy()
        first, *others = model.parameters()
        optimizer = optim.SGD([{"params": [first], "lr": 0.1}, {"params": others}], lr=0.02, momentum=0.5)
        return model, optimizer, {"schedule": SCHEDULES[name](optimizer), "valid": (X[:7], Y[:7]),
                                  "schedule_every": "batch" if name == "OneCycleLR" else "epoch"}
    in_pieces(tmp_path, start, 6)


@pytest.mark.parametrize("kind", [np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_values_and_any_generator_go_on_with_the_same_bits(tmp_path, kind):
    def start():
        model = nn.MLP(3, 2, 1, rng=0, of=Value)
        return model, optim.Adam(model.parameters(), lr=0.01), {"rng": np.random.Generator(kind(0))}
    in_pieces(tmp_path, start, 3)


def test_a_rate_that_a_callback_sets_goes_on(tmp_path):
    """Until the schedule's next step, as in a run that was not broken off; and the history is one object throughout."""
    def start():
        model, seen = nn.MLP(3, 5, 1, rng=0), set()
        optimizer = optim.Adam(model.parameters(), lr=0.01)

        def callback(run):
            seen.add(id(run.history))
            assert len(seen) == 1
            if run.epoch % 2:
                run.optimizer.lr = 0.5 / run.epoch
        return model, optimizer, {"schedule": optim.StepLR(optimizer, 2), "callbacks": [callback]}
    bits = in_pieces(tmp_path, start, 5)
    model, optimizer, more = start()
    fitted(model, optimizer=optimizer, epochs=5, batch_size=8, rng=3, **more)
    assert same(bits, weights(model))


def test_without_a_checkpoint_the_bits_are_the_same(tmp_path):
    a = weights(noisy_run(None, 4)[0])
    assert same(a, weights(noisy_run(tmp_path / "a", 4)[0]))


DEATH = """
    import os, sys
    sys.path.insert(0, {tests!r})
    import test_train
    from autograd_nn.nn import _files
    moment, calls = sys.argv[2], []

    def dying(name, before):
        real = getattr(os, name)

        def call(*args):
            calls.append(name)
            if calls.count(name) == 3:
                before or real(*args)
                os.kill(os.getpid(), 9)
            return real(*args)
        setattr(os, name, call)
    if moment == "write":
        real_open = open

        class Half:
            def __init__(self, file): self.file = file
            def __enter__(self): return self
            def __exit__(self, *error): self.file.close()
            def write(self, content):
                calls.append(1)
                self.file.write(content[:len(content) // 2] if len(calls) == 3 else content)
                if len(calls) == 3:
                    self.file.flush()
                    os.kill(os.getpid(), 9)
            def flush(self): self.file.flush()
            def fileno(self): return self.file.fileno()
        _files.open = lambda path, mode: Half(real_open(path, mode))
    else:
        dying(*{{"fsync": ("fsync", True), "rename": ("replace", True), "renamed": ("replace", False)}}[moment])
    test_train.noisy_run(sys.argv[1], 5)
"""


@pytest.mark.parametrize("moment", ["write", "fsync", "rename", "renamed"])
def test_killed_within_the_writing(tmp_path, moment):
    """The third checkpoint is half written, written, or in place: the second or third is found, and nothing else."""
    script, path = tmp_path / "script.py", tmp_path / "run"
    script.write_text(textwrap.dedent(DEATH).format(tests=os.path.dirname(__file__)))
    done = subprocess.run([sys.executable, str(script), str(path), moment], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert train.load_checkpoint(path)["epoch"] == (3 if moment == "renamed" else 2)
    assert len(list(tmp_path.glob(".run.*.tmp"))) == (moment != "renamed")
    resumed, _ = noisy_run(path, 5)
    assert not list(tmp_path.glob(".run.*.tmp"))                    # what was left lying about is gone
    assert same(weights(resumed), weights(noisy_run(tmp_path / "whole", 5)[0]))


SCRIPT = """
    import sys, time
    sys.path.insert(0, {tests!r})
    import test_train
    model, history = test_train.noisy_run(sys.argv[1], 12, callbacks=[lambda run: time.sleep(0.01)])
    model.save(sys.argv[2])
"""


def test_killed_at_any_moment_it_ends_with_the_same_bits(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT).format(tests=os.path.dirname(__file__)))
    command = [sys.executable, str(script), str(tmp_path / "run.checkpoint"), str(tmp_path / "end.safetensors")]
    rng, killed = np.random.default_rng(), 0
    for _ in range(40):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not (tmp_path / "run.checkpoint").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.15) if killed < 3 else 0)
        if process.poll() is None and killed < 3:
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
        process.wait()
        if (tmp_path / "end.safetensors").exists():
            break
    whole, _ = noisy_run(tmp_path / "whole", 12)
    assert same(weights(whole), weights(Noisy().load(tmp_path / "end.safetensors")))
    assert not [p for p in tmp_path.iterdir() if p.suffix == ".tmp" and killed == 0]


nests = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.builds(lambda shape, dtype, t: np.arange(np.prod(shape)).reshape(shape).astype(dtype).T if t
                else np.arange(np.prod(shape)).reshape(shape).astype(dtype),
                st.sampled_from([(), (0,), (3,), (2, 3), (2, 0, 4)]), st.sampled_from(["f4", "f8", "i8", "u1", "?"]),
                st.booleans()),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text().filter(lambda k: k != "$array"), part,
                                                              max_size=3), max_leaves=8)


def equal(a, b):
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape and (a == b).all()
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    return len(a) == len(b) and all(map(equal, a, b)) if isinstance(a, list) else type(a) is type(b) and a == b


@settings(max_examples=60)
@given(state=nests)
def test_any_nest_comes_back(state, tmp_path_factory):
    path = tmp_path_factory.mktemp("nest") / "x"
    train.save_checkpoint(path, state)
    assert equal(state, train.load_checkpoint(path))


def test_paths_that_read_alike_are_two_arrays(tmp_path):
    state = {"a/b": np.ones(2), "a": {"b": np.zeros(2)}, "\ud800": np.ones(()), "": [np.arange(3)]}
    train.save_checkpoint(tmp_path / "x", state)
    assert equal(state, train.load_checkpoint(tmp_path / "x"))


@pytest.mark.parametrize("said", ["5", "[]", '["sha256"]', '{"sha256": "x"}', '{"sha256": 1, "text": 2}', "{", "null"])
def test_foreign_metadata_is_no_checkpoint(tmp_path, said):
    from safetensors.numpy import save
    (tmp_path / "x").write_bytes(save({"w": np.ones(2)}, metadata={"autograd_nn": said}))
    with pytest.raises(errors.StateError):
        train.load_checkpoint(tmp_path / "x")


def test_a_file_without_a_checksum_still_loads(tmp_path):
    """As other programs write them, and this one did before it had checksums."""
    from safetensors.numpy import save
    model = nn.Linear(3, 2, rng=0)
    for metadata in (None, {"format": "np"}):
        (tmp_path / "x").write_bytes(save(dict(model.state_dict()), metadata=metadata))
        assert same(weights(model), weights(nn.Linear(3, 2, rng=1).load(tmp_path / "x")))
        with pytest.raises(errors.StateError, match="no checkpoint"):
            train.load_checkpoint(tmp_path / "x")


def test_arrays_of_any_layout_are_written_as_they_read(tmp_path):
    """safetensors writes the memory of an array that is not in C order as if it were."""
    a = np.arange(24.0).reshape(2, 3, 4)
    views = {"T": a.T, "F": np.asfortranarray(a), "step": a[:, ::2], "back": a[::-1], "swapped": a.astype(">f8")}
    train.save_checkpoint(tmp_path / "x", views)
    found = train.load_checkpoint(tmp_path / "x")
    assert all((found[k] == v).all() for k, v in views.items())


def test_damaged_and_foreign_files_are_one_error_and_load_nothing(tmp_path):
    path = tmp_path / "run"
    noisy_run(path, 2)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for i in range(150):
        if i % 3 == 0:
            damaged = whole[:rng.integers(len(whole))]
        else:
            damaged = bytearray(whole)
            for place in rng.integers(len(whole), size=1 + i % 3):
                damaged[place] ^= 1 << rng.integers(8)
        path.write_bytes(bytes(damaged))
        if bytes(damaged) == whole:
            continue
        with pytest.raises(errors.StateError):
            noisy_run(path, 3)
        assert path.read_bytes() == bytes(damaged)
    for foreign in (b"", b"no checkpoint", b"PK\x03\x04" + b"0" * 100):
        path.write_bytes(foreign)
        with pytest.raises(errors.StateError):
            train.load_checkpoint(path)
    Noisy().save(path)
    with pytest.raises(errors.StateError, match="no checkpoint"):
        train.load_checkpoint(path)
    train.save_checkpoint(path, {"mine": 1})
    with pytest.raises(errors.StateError, match="not one that fit wrote"):
        noisy_run(path, 3)


@pytest.mark.parametrize(("change", "told"), [
    ({"batch_size": 9}, "batch_size: 8 there, 9 here"), ({"lr": 0.02}, "optimizer"),
    ({"rows": (X[:, :, None], Y)}, "rows"), ({"rng": np.random.Generator(np.random.MT19937(0))}, "rng: PCG64 there"),
    ({"clip_norm": 1.0}, "clipping"), ({"model": nn.MLP(3, 5, 1, dtype=float)}, "float64"),
    ({"rows": (X[:20], Y[:20])}, "rows"), ({"rows": (X + 1, Y)}, "rows"),
    ({"model": nn.MLP(3, 4, 1)}, "model"), ({"metrics": ["r2"]}, "metrics")])
def test_a_checkpoint_of_another_run_is_refused(tmp_path, change, told):
    fitted(batch_size=8, checkpoint=tmp_path / "run")
    model = change.get("model") or nn.MLP(3, 5, 1, rng=0)
    before = weights(model)
    with pytest.raises(errors.StateError, match="another run") as info:
        fitted(**{"batch_size": 8, "checkpoint": tmp_path / "run", **change, "model": model})
    assert told in str(info.value) and same(before, weights(model))


def test_other_groups_are_refused_before_anything_is_loaded(tmp_path):
    def grouped(cut):
        model = nn.MLP(3, 5, 1, rng=cut)
        first = list(model.parameters())
        return model, optim.Adam([{"params": first[:cut]}, {"params": first[cut:]}], lr=0.1)
    model, optimizer = grouped(1)
    fitted(model, optimizer=optimizer, checkpoint=tmp_path / "run")
    model, optimizer = grouped(2)
    before = weights(model)
    with pytest.raises(errors.StateError, match="another run"):
        fitted(model, optimizer=optimizer, checkpoint=tmp_path / "run")
    assert same(before, weights(model))


def test_more_patience_goes_on(tmp_path):
    given = {"valid": (X, -Y), "epochs": 50, "checkpoint": tmp_path / "run"}
    _, short = fitted(patience=2, **given)
    _, longer = fitted(patience=4, **given)
    assert [len(h.epochs) for h in (short, longer)] == [short.best + 3, longer.best + 5]
    assert short.stopped == longer.stopped == "patience"


def test_evaluation_leaves_each_layer_in_its_mode(tmp_path):
    model, seen = Noisy(), []

    def look(run):
        model.train()
        model.norm.eval()
        run.evaluate(X, Y)
        seen.append([model.training, model.norm.training, model.drop.training])
    fitted(model, epochs=1, callbacks=[look])
    assert seen == [[True, False, True]]


def test_ctrl_c_keeps_the_best_weights_and_whole_epochs(tmp_path):
    model = nn.MLP(3, 5, 1, rng=0)
    calls = []

    def loss(y, t):
        calls.append(1)
        if len(calls) == 23:
            os.kill(os.getpid(), signal.SIGINT)
        return nn.mse_loss(y, t)
    handler = signal.getsignal(signal.SIGINT)
    _, history = fitted(model, loss=loss, batch_size=8, epochs=100, valid=(X[:8], Y[:8]), checkpoint=tmp_path / "run")
    assert history.stopped == "interrupted" and len(history.epochs) == 3 and signal.getsignal(signal.SIGINT) is handler
    assert nn.mse_loss(model(X[:8]), Y[:8]).item() == pytest.approx(min(history["valid_loss"]))
    resumed, _ = fitted(batch_size=8, epochs=5, valid=(X[:8], Y[:8]), checkpoint=tmp_path / "run")
    whole, _ = fitted(batch_size=8, epochs=5, valid=(X[:8], Y[:8]))
    assert same(weights(resumed), weights(whole))


# --- errors -----------------------------------------------------------------------------------------

@pytest.mark.parametrize(("change", "told"), [
    ({"rows": (X[:0], Y[:0])}, "one at least"), ({"rows": (X, Y[:3])}, "same number of rows"), ({"rows": X}, "a pair"),
    ({"metrics": ["acuracy"]}, "no metric 'acuracy'"),
    ({"metrics": {"loss": train.r2}}, "cannot be named 'loss'"), ({"monitor": "valid_loss"}, "monitor is one of"),
    ({"loss": lambda y, t: nn.mse_loss(y, t, "none")}, "one number"), ({"epochs": 0}, "epochs"),
    ({"batch_size": 0}, "size"), ({"patience": 0}, "patience"), ({"schedule_every": "day"}, "schedule_every"),
    ({"optimizer": optim.SGD([Tensor(1.0)], lr=0.1)}, "none of the model's parameters"),
    ({"checkpoint": "no/such/folder/run"}, "no such folder"), ({"rows": (X.astype(str), Y)}, "hold numbers"),
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
