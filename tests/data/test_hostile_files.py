"""Files of all kinds that somebody has changed: read whole, or refused with one kind of error and nothing changed."""

from __future__ import annotations

import errno
import gzip
import os
import tracemalloc

import numpy as np
import pytest
from helpers.hostile_files import KINDS, Runs, apart, checked, idx, signed

from autograd_nn import data, errors, nn, optim, train
from autograd_nn.errors import DataError, StateError, UsageError
from autograd_nn.nn import _files


# A run is a checkpoint too, whose state is then taken over by models and optimizers: the slowest by far, and in parts.
@pytest.mark.slow
@pytest.mark.parametrize(("kind", "part", "parts"), [(kind, part, parts) for kind in KINDS
                                                     for parts in [4 if kind == "run" else 1] for part in range(parts)])
def test_files_that_were_changed(kind, part, parts, tmp_path):
    count = 20_000 // parts
    read, refused = checked(kind, count, tmp_path, seed=part)
    assert min(read, refused) > count // 100         # both happen, or the changes are none


# --- checkpoints --------------------------------------------------------------------------------------

def written(path, state):
    """A checkpoint whose checksum fits, with any state."""
    path.write_bytes(signed(*apart(state)))
    return path


@pytest.mark.parametrize("letter", range(len(_files.KEY)))
def test_a_changed_letter_does_not_turn_the_checksum_off(tmp_path, letter):
    path = tmp_path / "x"
    nn.Linear(2, 1, rng=0).save(path)
    content = bytearray(path.read_bytes())
    content[content.index(b"autograd_nn") + letter] ^= 1
    content[-1] ^= 1                                 # in the weights
    path.write_bytes(bytes(content))
    with pytest.raises(StateError, match="damaged"):
        nn.Linear(2, 1).load(path)


def test_nests_of_any_depth(tmp_path):
    for depth, fits in ((80, True), (2_000, False), (100_000, False)):
        state = 1.5
        for _ in range(depth):
            state = [state]
        if fits:
            train.save_checkpoint(tmp_path / "x", state)
            assert train.load_checkpoint(tmp_path / "x") == state
        else:
            with pytest.raises(UsageError, match="nested deeper than"):
                train.save_checkpoint(tmp_path / "y", state)
            text = '{"format": "autograd_nn checkpoint 1", "state": ' + "[" * depth + "]" * depth + "}"
            (tmp_path / "z").write_bytes(signed({}, text))
            with pytest.raises(StateError):
                train.load_checkpoint(tmp_path / "z")
    assert not (tmp_path / "y").exists()


def test_arrays_stand_in_the_state_once(tmp_path):
    array = {"$array": "0"}
    for state in (array, [array, array], [{"$array": "1"}], [{"$array": []}], [{"$array": None}], []):
        (tmp_path / "x").write_bytes(signed({"0": np.ones(2)}, apart(state)[1]))
        if state is array:
            assert train.load_checkpoint(tmp_path / "x").tolist() == [1.0, 1.0]
        else:
            with pytest.raises(StateError, match="its arrays are not those that it names"):
                train.load_checkpoint(tmp_path / "x")


def test_a_header_has_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(_files, "HEADER", 1000)
    train.save_checkpoint(tmp_path / "x", list(range(100)))
    with pytest.raises(UsageError, match="1000 is the limit"):
        train.save_checkpoint(tmp_path / "y", list(range(1000)))
    monkeypatch.setattr(_files, "HEADER", 100)
    with pytest.raises(StateError, match="100 is the limit"):
        train.load_checkpoint(tmp_path / "x")


def test_an_integer_that_python_does_not_write(tmp_path):
    with pytest.raises(UsageError):
        train.save_checkpoint(tmp_path / "x", 10 ** 5000)


@pytest.mark.parametrize(("state", "fits"), [
    ({"running_mean": np.zeros(2)}, True), ({"running_mean": [1.0, 2.0]}, True),
    ({"running_mean": [[1.0], [2.0, 3.0]]}, False), ({"running_mean": None}, False), (None, False),
    ({"running_mean": np.full(2, 1e300)}, False), ({"num_batches_tracked": np.array(0.5)}, False),
    ({"num_batches_tracked": np.array(True)}, True), ({"weight": np.ones(2, complex)}, False)])
def test_weights_are_taken_over_all_or_none(state, fits):
    layer = nn.BatchNorm1d(2)
    before = {name: a.copy() for name, a in layer.state_dict().items()}
    whole = {**before, "weight": np.full(2, 7.0), **state} if isinstance(state, dict) else state
    if fits:
        layer.load_state_dict(whole)
        assert layer.weight.data.tolist() == [7.0, 7.0]
    else:
        with pytest.raises(StateError):
            layer.load_state_dict(whole)
        assert all((layer.state_dict()[name] == a).all() for name, a in before.items())


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox,
                                  np.random.SFC64])
def test_states_of_generators_stay_inside_their_buffers(tmp_path, kind):
    """A place far outside makes NumPy read memory that is not its own."""
    run = Runs(tmp_path).run
    run.rng = np.random.Generator(kind(1))
    state = run.state_dict()
    run.load_state_dict(state)
    rng = state["rng"]
    for wrong in ({"buffer_pos": -1}, {"buffer_pos": 5}, {"has_uint32": 2}, {"uinteger": 2 ** 33}, {"uinteger": 0.5},
                  {"bit_generator": "nope"}, {"more": 1}, {"state": {}}, {"state": None},
                  {"state": {**rng["state"], "pos": 625}}, {"state": {**rng["state"], "pos": -1}}):
        if wrong.keys() - rng.keys() - {"more"} or ("pos" in str(wrong) and "pos" not in str(rng)):
            continue
        with pytest.raises(StateError):
            run.load_state_dict({**state, "rng": {**rng, **wrong}})


def test_a_part_that_fails_takes_the_others_back(tmp_path):
    """Also a schedule of one's own, which may raise anything and at any time."""
    class Own(optim.StepLR):
        def load_state_dict(self, state):
            super().load_state_dict(state)
            if state["last_epoch"] == 99:
                raise ZeroDivisionError
    runs = Runs(tmp_path)
    run = runs.run
    run.schedule = Own(run.optimizer, 3)
    state = run.state_dict()
    other = {**state, "model": {name: a + 1 for name, a in state["model"].items()},
             "schedule": {**state["schedule"], "last_epoch": 99}}
    other["run"] = state["run"]
    before = runs.fingerprint()
    with pytest.raises(StateError, match="ZeroDivisionError"):
        run.load_state_dict(other)
    assert runs.fingerprint() == before


def test_only_a_plain_file_is_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    model = nn.Linear(1, 1, rng=0)
    for path, kind in ((tmp_path / "folder", "a folder"), (tmp_path / "link", "a link"), (tmp_path / "lost", "a link"),
                       (tmp_path / "pipe", "a pipe"), ("/dev/null", "a device")):
        for save in (lambda path: train.save_checkpoint(path, 1), model.save,
                     lambda path: train.fit(model, (np.ones((2, 1)), np.ones((2, 1))), loss=nn.mse_loss, epochs=1,
                                            optimizer=optim.SGD(model.parameters(), lr=0.1), checkpoint=path)):
            with pytest.raises(UsageError, match=f"is {kind}, and saving would replace it"):
                save(path)
    assert (tmp_path / "file").read_text() == "mine" and (tmp_path / "lost").is_symlink()
    (tmp_path / "second").hardlink_to(tmp_path / "file")
    train.save_checkpoint(tmp_path / "file", 1)      # the other name keeps what it had
    assert (tmp_path / "second").read_text() == "mine" and train.load_checkpoint(tmp_path / "file") == 1
    with pytest.raises(FileNotFoundError) as info:
        train.save_checkpoint(tmp_path / "none" / "x", 1)
    assert info.value.errno == errno.ENOENT


# --- images -------------------------------------------------------------------------------------------

def mnist(folder, code=8, labels=b"\1\2", images=b"12345678", pixels=8):
    for part in ("train", "t10k"):
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx(pixels, (2, 2, 2), images))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx(code, (2,), labels))
    return data.mnist(folder)


def test_labels(tmp_path):
    for dtype, code in ((">u1", 8), (">i1", 9), (">i2", 11), (">i4", 12)):
        assert mnist(tmp_path, code, np.array([3, 9], dtype).tobytes())[0].y.tolist() == [3, 9]
    for dtype, code, wrong in ((">i1", 9, -5), (">i2", 11, 256), (">i4", 12, 2 ** 31 - 1), (">i4", 12, -2 ** 31),
                               (">f4", 13, 1.0), (">f4", 13, 1.5), (">f4", 13, np.nan), (">f8", 14, np.inf)):
        with pytest.raises(DataError, match="labels integers from 0 to 255"):
            mnist(tmp_path, code, np.array([1, wrong], dtype).tobytes())
    with pytest.raises(DataError, match="pixels are bytes"):
        mnist(tmp_path, images=bytes(64), pixels=14)


def peak(function):
    """The bytes that a call needs at most, and its DataError or None."""
    tracemalloc.start()
    try:
        function()
        found = None
    except errors.DataError as error:
        found = error
    finally:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return most, found


def test_memory_follows_the_announced_size(tmp_path):
    """Not what a few bytes of gzip stand for, and not what a header says that nothing can stand behind."""
    bomb = gzip.compress(idx(8, (1000,), bytes(50_000_000)), 9)
    path = tmp_path / "x"
    path.write_bytes(bomb)
    most, error = peak(lambda: data.read_idx(path))
    assert most < 3_000_000 and "too long" in str(error)
    path.write_bytes(idx(8, (2 ** 31, 2 ** 20), b"123"))
    most, error = peak(lambda: data.read_idx(path))
    assert most < 100_000 and "at most 15" in str(error)
    path.write_bytes(gzip.compress(idx(14, (2 ** 32 - 1,) * 8, b"123")))
    most, error = peak(lambda: data.read_idx(path))
    assert most < 3_000_000 and "truncated" in str(error)
    path.write_bytes(idx(14, (125_000,), bytes(1_000_000)))
    most, error = peak(lambda: data.read_idx(path))
    assert most < 4_000_000 and error is None


@pytest.mark.slow
def test_records_of_more_than_any_file_has(tmp_path):
    for name in ("train.bin", "test.bin"):
        (tmp_path / name).write_bytes(gzip.compress(bytes(400_000_000), 1))
    (tmp_path / "fine_label_names.txt").write_bytes(gzip.compress(b"a " * 10_000_000))
    most, error = peak(lambda: data.cifar100(tmp_path))
    assert most < 200_000_000 and "as no file of this kind has" in str(error)
    (tmp_path / "train.bin").write_bytes(bytes(3074))
    (tmp_path / "test.bin").write_bytes(bytes(3074))
    most, error = peak(lambda: data.cifar100(tmp_path))
    assert most < 3_000_000 and "more than 65536 bytes" in str(error)


@pytest.mark.parametrize("encoding", ["hex", "zlib", "undefined", "x\0y", "utf-16", "idna", "nope"])
def test_tables_in_strange_encodings(tmp_path, encoding):
    (tmp_path / "x.csv").write_bytes(b"a,b\n1,2\xff\n")
    with pytest.raises((DataError, UsageError)):
        data.read_csv(tmp_path / "x.csv", encoding=encoding)


def test_numbers_in_tables_that_only_floats_of_another_kind_hold(tmp_path):
    for cell, fits in (("inf", True), ("-Infinity", True), ("1e400", False), ("9" * 5000, False), ("1e39", False)):
        (tmp_path / "x.csv").write_text(f"a,b\n1,{cell}\n")
        if fits:
            assert np.isinf(data.read_csv(tmp_path / "x.csv").x[0, 1])
        else:
            with pytest.raises(DataError, match="too large"):
                data.read_csv(tmp_path / "x.csv")
