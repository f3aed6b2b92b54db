"""Files of every kind that the package reads, changed at random: each is read whole, or one error says what is wrong.

`checked(kind, n, folder, seed)` reads n of them and counts how many were read and how many refused.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import random
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from autograd_nn import Tensor, Value, data, errors, nn, optim, train
from autograd_nn.nn import _files
from autograd_nn.train.run import Run

from .training import X, Y

JUNK = [None, True, False, 0, 1, -1, 3, 2 ** 31, 2 ** 63, 10 ** 400, -0.0, 0.5, 1e308, float("nan"), float("inf"), "",
        "x", "\ud800", "PCG64", "$array", [], [[]], {}, {"$array": "x"}, {"$array": 1}, {"$array": []}, [1, [2]],
        {"": {}}]
ARRAYS = [np.zeros(()), np.zeros(0), np.ones(3, np.float32), np.full((3, 8), np.nan), np.full(8, 1e300),
          np.ones(8, bool), np.ones(2, np.complex64), np.full((8, 3), 255, np.uint8), np.zeros((2, 0, 2)),
          np.arange(624, dtype=np.uint32)]


def checked(kind: str, n: int, folder: Path, seed: int = 0) -> tuple[int, int]:
    """(files that were read, files that were refused) of n hostile ones."""
    rng, reader = random.Random(seed), KINDS[kind](folder)
    counts, before = [0, 0], reader.fingerprint()
    for i in range(n):
        said = reader.write(rng)
        try:
            reader.read()
        except errors.AutogradError as error:
            assert isinstance(error, reader.error), f"{kind} {seed} {i} ({said}): {type(error).__name__}: {error}"
            assert len(str(error)) < 20_000, f"{kind} {seed} {i} ({said}): a message of {len(str(error))} characters"
            assert reader.fingerprint() == before, f"{kind} {seed} {i} ({said}): changed, though {error}"
            counts[1] += 1
        except BaseException as error:
            error.add_note(f"{kind} {seed} {i} ({said})")
            raise
        else:
            reader.put_back(rng)
            counts[0] += 1
    return counts[0], counts[1]


def replace(path: Path, content: bytes) -> None:
    """The file's content anew. It is not emptied before: some file systems then write to the disk at once."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0))
    try:
        os.write(file, content)
        os.truncate(file, len(content))
    finally:
        os.close(file)


def pick(rng, things):
    return things[rng.randrange(len(things))]


class States:
    """Checkpoints: one place in the nest is another thing, and the file is signed again."""

    error = errors.StateError

    def __init__(self, folder: Path) -> None:
        self.path = folder / "x"
        self.sample = {"epoch": 3, "weights": [np.eye(2), None, {"name": "x", "of": [1.5, True]}], "more": np.arange(3)}
        self.whole = signed(*apart(self.sample))

    def write(self, rng) -> str:
        if rng.random() < 0.15:
            replace(self.path, damaged(rng, self.whole))
            return "damaged"
        state = shallow(self.sample)
        said = "; ".join([changed(rng, state) for _ in range(rng.randint(1, 2))])
        arrays, text = apart(state)
        if rng.random() < 0.1:
            text = damaged(rng, text.encode()).decode(errors="replace")
        if rng.random() < 0.05 and arrays:
            arrays.pop(pick(rng, list(arrays)))
        if rng.random() < 0.05:
            arrays["more"] = pick(rng, ARRAYS)
        replace(self.path, signed(arrays, text))
        return said

    def read(self):
        train.load_checkpoint(self.path)

    def fingerprint(self):
        """All that reading may change."""

    def put_back(self, rng):
        """After a file has been read: what goes on from it must not fail either, and then all is as it was."""


class Drawing(nn.Module):
    """A parameter, and a generator of random numbers."""

    def __init__(self):
        self.weight, self.rng = Tensor(np.ones((3, 1), np.float32)), np.random.default_rng(5)

    def forward(self, x):
        return (x + self.rng.normal(size=x.shape).astype(np.float32)) @ self.weight


class Runs(States):
    """The checkpoints of fit."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        model = Drawing()
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        self.run = Run(model, optimizer, (X[:4], Y[:4]), (X[:2], Y[:2]), loss=nn.mse_loss, batch_size=4,
                       metrics=["r2"], schedule=optim.ReduceLROnPlateau(optimizer), schedule_every="epoch",
                       clip_norm=None, clip_value=None, monitor=None, augment=None,
                       rng=np.random.Generator(np.random.Philox(0)))
        self.parts = list(model.parameters())
        for _ in range(2):
            self.run.one_epoch(QUIET, QUIET)
        self.sample = shallow(self.run.state_dict())
        self.whole = signed(*apart(self.sample))

    def read(self):
        self.run.load(self.path)

    def fingerprint(self):
        run = self.run
        return bits([[p.data for p in self.parts], run.optimizer.state, run.optimizer.lr, run.epoch, run.history.best,
                     dict(run.history), run.schedule.state_dict(), run.rng.bit_generator.state,
                     run.model.rng.bit_generator.state])

    def put_back(self, rng):
        if rng.random() < 0.02:
            with np.errstate(all="ignore"), contextlib.suppress(errors.NonFiniteError):
                self.run.one_epoch(QUIET, QUIET)
        self.run.load_state_dict(self.sample)


class Quiet:
    """No progress bar, and no interruption."""

    wished = False

    def batch(self, *said):
        """Nothing is shown."""

    epoch = batch


QUIET = Quiet()


class Small(nn.Module):
    """A parameter of each kind."""

    def __init__(self):
        self.weight, self.scale = Tensor(np.ones((2, 3), np.float32)), Value(2.0)
        self.units, self.count = np.array([Value(1.0), Value(2.0)]), nn.Buffer(np.array(3))


class Weights(States):
    """The files of Module.load: arrays of other names, shapes, dtypes and numbers, and other words about them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.model = Small()
        self.sample = dict(self.model.state_dict())
        self.whole = signed(self.sample, "")

    def write(self, rng) -> str:
        arrays, said, key = dict(self.sample), "", "autograd_nn"
        for _ in range(rng.randint(1, 2)):
            name, how = pick(rng, list(arrays)), rng.randrange(7)
            said += f"{name} ({how}) "
            if how == 0:
                del arrays[name]
            elif how == 1:
                arrays[pick(rng, ["", "x", name + "x"])] = arrays[name]
            elif how == 2:
                arrays[name] = other(rng, arrays[name])
            elif how == 3:
                arrays[name] = pick(rng, ARRAYS)
            elif how == 4:
                place = rng.randrange(len(key))
                key = key[:place] + pick(rng, "aZ_n ") + key[place + 1:]
        content = signed(arrays, "", key)
        replace(self.path, damaged(rng, content) if rng.random() < 0.3 else content)
        return said

    def read(self):
        self.model.load(self.path)

    def fingerprint(self):
        return b"".join([a.tobytes() for a in self.model.state_dict().values()])

    def put_back(self, rng):
        self.model.load_state_dict(self.sample)


class Images(States):
    """The files of data.mnist and read_idx, as they are and compressed."""

    error = errors.DataError

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in ("train", "t10k"):
            (folder / f"{part}-images-idx3-ubyte").write_bytes(idx(8, (3, 2, 2), bytes(range(12))))
            (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx(8, (3,), b"\1\2\3"))
        self.path = folder / "train-labels-idx1-ubyte"

    def write(self, rng) -> str:
        code = pick(rng, [8, 8, 9, 11, 12, 13, 14, 0, 7, 255])
        rank = pick(rng, [1, 1, 1, 1, 0, 2, 40, 255])
        shape = [pick(rng, [3, 3, 3, 0, 1, 2 ** 31, 2 ** 32 - 1]) for _ in range(rank)]
        width = {11: 2, 12: 4, 13: 4, 14: 8}.get(code, 1)
        numbers = np.array([pick(rng, [0, 1, 9, 255, -5, 2 ** 31 - 1, 1.5, np.nan, np.inf]) for _ in range(3)])
        with np.errstate(all="ignore"):
            raw = numbers.astype({8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}.get(code, ">u1"))
        content = idx(code, shape, raw.tobytes() if rng.random() < 0.8 else rng.randbytes(rng.randrange(30)))
        replace(self.path, perhaps_damaged(rng, content, 0.3, 0.3))
        return f"type {code}, shape {shape[:4]}, {width}"

    def read(self):
        training, _ = data.mnist(self.folder)
        assert len(training.class_names) <= 256 and training.y.min(initial=0) >= 0


class Records(Images):
    """The files of data.cifar100: records, and names of classes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "train.bin"
        self.record = b"\1\2" + bytes(3072)
        (folder / "test.bin").write_bytes(self.record)
        (folder / "fine_label_names.txt").write_text("a b c d")

    def write(self, rng) -> str:
        content = self.record if rng.random() < 0.8 else b""
        content = perhaps_damaged(rng, content, 0.7, 0.5)
        replace(self.path, content)
        return f"{len(content)} bytes"

    def read(self):
        data.cifar100(self.folder)


class Tables(States):
    """The files of data.read_csv."""

    error = errors.DataError

    def __init__(self, folder: Path) -> None:
        self.path = folder / "x.csv"

    def write(self, rng) -> str:
        cells = ["1", "2.5", " 3 ", "0", "-7"] if rng.random() < 0.6 else [
            "1", "a", "", "nan", "-inf", "1e400", "9" * 400, "\0", '"', '"x, y"', "\r", "1_0", "猫", "0x10"]
        lines = [",".join([pick(rng, cells) for _ in range(pick(rng, [2] * 6 + [1, 3]))])
                 for _ in range(rng.randrange(4))]
        content = "\n".join(["a,b", *lines]).encode()
        replace(self.path, damaged(rng, content) if rng.random() < 0.3 else content)
        self.given = {"target": pick(rng, [None, 0, 1, "b", -1, 7]), "header": rng.random() < 0.8,
                      "classes": pick(rng, [None, True, False]), "missing": pick(rng, [None, 0.0]),
                      "encoding": pick(rng, ["utf-8", "utf-8", "utf-16", "ascii", "utf-7", "idna"])}
        return f"{self.path.read_bytes()!r} {self.given}"

    def read(self):
        data.read_csv(self.path, **self.given)


# --- changes ------------------------------------------------------------------------------------------

def damaged(rng, content: bytes) -> bytes:
    """Bytes with some of them changed, taken out, put in, doubled, or cut off behind."""
    found = bytearray(content)
    for _ in range(rng.randint(1, 3)):
        place, some, how = rng.randrange(len(found) + 1), rng.randint(1, 8), rng.randrange(6)
        if how == 0:
            del found[place:]
        elif how == 1:
            del found[place:place + some]
        elif how == 2:
            found[place:place] = rng.randbytes(some)
        elif how == 3:
            found[place:place] = found[place:place + some]
        elif place < len(found):
            found[place] = rng.randrange(256) if how == 4 else found[place] ^ 1 << rng.randrange(8)
    return bytes(found)


def perhaps_damaged(rng, content: bytes, how_often: float, packed: float) -> bytes:
    """A file that is damaged, packed, or damaged after it was packed, each of them now and then."""
    content = damaged(rng, content) if rng.random() < how_often else content
    if rng.random() < packed:
        content = gzip.compress(content, 1, mtime=0)
        content = damaged(rng, content) if rng.random() < 0.5 else content
    return content


def changed(rng, state) -> str:
    """Change one place in a nest; gives the place in words."""
    inner, where = state, ""
    while True:
        place = pick(rng, list(inner) if isinstance(inner, dict) else range(len(inner)))
        below, where = inner[place], f"{where}/{place}"
        if not isinstance(below, (dict, list)) or not below or rng.random() < 0.2:
            break
        inner = below
    how = rng.randrange(5)
    if how == 0 and len(inner) > 1:
        del inner[place]
    elif how == 1 and isinstance(inner, dict):
        inner[pick(rng, ["x", "", place + "x", "\ud800"])] = inner.pop(place)
    elif how == 2 and isinstance(below, np.ndarray):
        inner[place] = other(rng, below)
    else:
        inner[place] = pick(rng, ARRAYS) if how == 3 else shallow(pick(rng, JUNK))
    return f"{where} ({how})"


def other(rng, array: np.ndarray) -> np.ndarray:
    """An array of another dtype, another shape, or other numbers."""
    how = rng.randrange(3)
    with np.errstate(all="ignore"):
        if how == 0 and array.dtype.kind != "c":
            return array.astype(pick(rng, ["f2", "f4", "f8", "i8", "u1", "?"]))
        return array.reshape(-1)[:pick(rng, [0, 1, 2])] if how == 1 else array * pick(rng, [-1.0, 1e300, np.nan])


def shallow(thing):
    """A nest anew, with the same arrays, and lists for tuples."""
    if isinstance(thing, dict):
        return {key: shallow(part) for key, part in thing.items()}
    return [shallow(part) for part in thing] if isinstance(thing, (list, tuple)) else thing


def bits(thing):
    """A nest whose arrays are bytes, so that == compares it."""
    if isinstance(thing, dict):
        return {key: bits(part) for key, part in thing.items()}
    if isinstance(thing, list):
        return [bits(part) for part in thing]
    return thing.tobytes() if isinstance(thing, np.ndarray) else thing


def idx(code: int, shape, raw: bytes) -> bytes:
    """An IDX file."""
    return bytes([0, 0, code, len(shape)]) + b"".join([n.to_bytes(4, "big") for n in shape]) + raw


def apart(state) -> tuple[dict[str, np.ndarray], str]:
    """A nest as a checkpoint has it, whatever is in it: arrays by name, and a text."""
    arrays: dict[str, np.ndarray] = {}

    def plain(thing):
        if isinstance(thing, np.ndarray):
            arrays[f"{len(arrays)}"] = thing
            return {"$array": f"{len(arrays) - 1}"}
        if isinstance(thing, dict):
            return {key: plain(part) for key, part in thing.items()}
        return [plain(part) for part in thing] if isinstance(thing, list) else thing
    return arrays, json.dumps({"format": "autograd_nn checkpoint 1", "state": plain(state)})


def signed(arrays, text: str, key: str = "autograd_nn") -> bytes:
    """A file whose checksum fits what it holds, as anyone can write one."""
    arrays = {name.encode("ascii", "replace").decode(): np.array(a, order="C") for name, a in arrays.items()}
    said = json.dumps({"sha256": _files._checksum(arrays, text), "text": text})
    return save(arrays, metadata={key: said})


KINDS = {"run": Runs, "checkpoint": States, "weights": Weights, "idx": Images, "records": Records, "csv": Tables}
