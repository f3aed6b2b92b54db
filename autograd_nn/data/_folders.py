"""MNIST and CIFAR from the files that their authors hand out. Nothing is downloaded."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..core.options import file_path, flag, string
from ..errors import DataError
from ..ops._frozen import frozen
from ._idx import Malformed, Unpacked, read_idx
from ._sets import Dataset

Array = np.ndarray[Any, Any]
RECORDS = 50_000                # in a file; the longest that is published has as many
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def mnist(folder: str | os.PathLike[str], *, name: str = "mnist") -> tuple[Dataset, Dataset]:
    """(training, test): x float32 (rows, 1, 28, 28) from 0 to 1, y the digits.

    Also Fashion-MNIST and its like: class_names are the numbers as text, 10 or as many as there are labels.

    folder      holds train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
                t10k-labels-idx1-ubyte, each as it is or with .gz

    Raises FileNotFoundError that says what to put where, DataError for a damaged file.
    """
    name, parts = string("mnist: name", name), []
    for part in ("train", "t10k"):
        images = read_idx(_found(folder, [f"{part}-images-idx3-ubyte", f"{part}-images.idx3-ubyte"], name.upper()))
        labels = read_idx(_found(folder, [f"{part}-labels-idx1-ubyte", f"{part}-labels.idx1-ubyte"], name.upper()))
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            raise DataError(f"{name}: images of shape {images.shape} and labels of shape {labels.shape} do not belong "
                            f"together ({part} in {os.fspath(folder)})")
        if images.dtype != np.uint8 or labels.dtype.kind not in "iu" \
                or not 0 <= int(labels.min(initial=0)) <= int(labels.max(initial=0)) <= 255:
            raise DataError(f"{name}: pixels are bytes and labels integers from 0 to 255, not {images.dtype} and "
                            f"{labels.dtype} from {labels.min(initial=0)} to {labels.max(initial=0)} "
                            f"({part} in {os.fspath(folder)})")
        parts.append(((images[:, None] / np.float32(255)).astype(np.float32, copy=False), labels))
    classes = tuple(map(str, range(max(10, *(int(labels.max(initial=0)) + 1 for _, labels in parts)))))
    training, test = (_images(x, labels, classes, name) for x, labels in parts)
    return training, test


def cifar10(folder: str | os.PathLike[str]) -> tuple[Dataset, Dataset]:
    """(training, test): x float32 (rows, 3, 32, 32) from 0 to 1, red, green and blue, and y the class of 10.

    folder      holds data_batch_1.bin ... data_batch_5.bin and test_batch.bin, the binary version of CIFAR-10

    Raises FileNotFoundError that says what to put where, DataError for a file of another length or label.
    """
    what = "CIFAR-10, binary version"
    training = _records("cifar10", [_found(folder, [f"data_batch_{i}.bin"], what) for i in range(1, 6)], 1)
    test = _records("cifar10", [_found(folder, ["test_batch.bin"], what)], 1)
    return _planes("cifar10", training, 0, CIFAR10), _planes("cifar10", test, 0, CIFAR10)


def cifar100(folder: str | os.PathLike[str], *, coarse: bool = False) -> tuple[Dataset, Dataset]:
    """(training, test) as for cifar10, of 100 classes; with `coarse` of the 20 groups that these form.

    folder      holds train.bin, test.bin and fine_label_names.txt (or coarse_label_names.txt), the binary version
                of CIFAR-100

    Raises FileNotFoundError that says what to put where, DataError for a file of another length or label.
    """
    what, kind = "CIFAR-100, binary version", "coarse" if (coarse := flag("cifar100: coarse", coarse)) else "fine"
    training, test = (_records("cifar100", [_found(folder, [f"{part}.bin"], what)], 2) for part in ("train", "test"))
    names = tuple(_bytes(_found(folder, [f"{kind}_label_names.txt"], what), 1 << 16).decode("utf-8", "replace").split())
    column = 0 if coarse else 1
    return _planes("cifar100", training, column, names), _planes("cifar100", test, column, names)


def _records(name: str, files: Iterable[Path], labels: int) -> Array:
    """Files of records as one table. A record is a row: `labels` bytes of labels, then 3072 bytes of planes."""
    found, length = [], labels + 3072
    for path in files:
        raw = np.frombuffer(_bytes(path, RECORDS * length), np.uint8)
        if not len(raw) or len(raw) % length:
            raise DataError(f"{name}: {path.name} has {len(raw)} bytes, and a record has {length}\n"
                            "  help: the binary version, not the one for Python, and not cut short")
        found.append(raw.reshape(-1, length))
    return np.concatenate(found)


def _planes(name: str, table: Array, column: int, classes: tuple[str, ...]) -> Dataset:
    labels, highest = table[:, column], int(table[:, column].max())
    if highest >= len(classes):
        raise DataError(f"{name}: there is a label {highest}, and there are {len(classes)} classes")
    x = (table[:, -3072:].reshape(-1, 3, 32, 32) / np.float32(255)).astype(np.float32, copy=False)
    return _images(x, labels, classes, name)


def _bytes(path: Path, most: int) -> bytearray:
    """What a file holds, unpacked if it is compressed; DataError for more than `most` bytes."""
    with open(path, "rb") as file:
        try:
            found = Unpacked(file).read(most + 1)
        except Malformed as error:
            raise DataError(f"{path.name}: {error}") from None
    if len(found) > most:
        raise DataError(f"{path.name}: it has more than {most} bytes, as no file of this kind has")
    return found


def _images(x: Array, labels: Array, classes: tuple[str, ...], name: str) -> Dataset:
    return Dataset(frozen(x), labels.astype(np.int64), (), classes, name, f"{name}, from the files in the folder given")


def _found(folder: str | os.PathLike[str], names: list[str], what: str) -> Path:
    folder = file_path(f"{what}: folder", folder)
    for name in names:
        for path in (Path(folder) / name, Path(folder) / f"{name}.gz"):
            if path.is_file():
                return path
    raise FileNotFoundError(f"{what}: there is no {names[0]} in {os.fspath(folder)}\n"
                            f"  help: put the files of {what} there as they were published; nothing is downloaded")
