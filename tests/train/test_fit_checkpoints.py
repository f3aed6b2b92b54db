"""The checkpoints of fit: a run in pieces is the run in one, killed at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from helpers.optimizers import EVERY
from helpers.training import Noisy, X, Y, fitted, noisy_run, same, weights
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_nn import Value, errors, nn, optim, train


def test_a_run_in_pieces_is_the_run_in_one(tmp_path):
    whole, history = noisy_run(tmp_path / "a", 12)
    for epochs in (1, 4, 5, 12):
        pieces, broken = noisy_run(tmp_path / "b", epochs)
    assert same(weights(whole), weights(pieces)) and dict(broken) == dict(history) and broken.best == history.best


OPTIONS = {"LBFGS": {"max_iter": 3}, "SGD": {"lr": 0.01, "momentum": 0.9, "nesterov": True},
           "Adam": {"lr": 0.01, "amsgrad": True}, "Lion": {"lr": 0.001}}
OPTIMIZERS = {kind.__name__: partial(kind, **OPTIONS.get(kind.__name__, {"lr": 0.01})) for kind in EVERY}
SCHEDULES = {
    "StepLR": lambda o: optim.StepLR(o, 2), "ExponentialLR": lambda o: optim.ExponentialLR(o, 0.9),
    "LinearLR": lambda o: optim.LinearLR(o, 0.1),
    "CosineAnnealingLR": lambda o: optim.CosineAnnealingLR(o, 5, warmup=2),
    "SequentialLR": lambda o: optim.SequentialLR(o, [optim.LinearLR(o, 0.1), optim.StepLR(o, 1)], [3]),
    "ReduceLROnPlateau": lambda o: optim.ReduceLROnPlateau(o, patience=0, factor=0.5),
    "OneCycleLR": lambda o: optim.OneCycleLR(o, 0.05, total_steps=30)}


def test_the_schedules_are_complete():
    kinds = {name for name in optim.__all__ if isinstance(getattr(optim, name), type)}
    assert kinds - {*OPTIMIZERS, "Optimizer", "LRScheduler"} == set(SCHEDULES)


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


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_goes_on_with_the_same_bits(tmp_path, name):
    if name == "LBFGS":
        pytest.importorskip("scipy", reason="L-BFGS is SciPy's")

    def start():
        model = nn.MLP(3, 5, 1, rng=0)
        return model, OPTIMIZERS[name](model.parameters()), {}
    in_pieces(tmp_path, start, 4)


@pytest.mark.slow
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


TESTS = str(Path(__file__).parent.parent)
DEATH = """
    import os, sys
    sys.path.insert(0, {tests!r})
    from autograd_nn.nn import _files
    from helpers.training import noisy_run
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
    noisy_run(sys.argv[1], 5)
"""


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["write", "fsync", "rename", "renamed"])
def test_killed_within_the_writing(tmp_path, moment):
    """The third checkpoint is half written, written, or in place: the second or third is found, and nothing else."""
    script, path = tmp_path / "script.py", tmp_path / "run"
    script.write_text(textwrap.dedent(DEATH).format(tests=TESTS))
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
    from helpers.training import noisy_run
    model, history = noisy_run(sys.argv[1], 12, callbacks=[lambda run: time.sleep(0.01)])
    model.save(sys.argv[2])
"""


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_with_the_same_bits(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT).format(tests=TESTS))
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
