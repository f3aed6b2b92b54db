"""MNIST and CIFAR from the files that their authors hand out. Nothing is downloaded."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from ._idx import read_idx
from ._sets import Dataset

Array = np.ndarray[Any, Any]
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def mnist(folder: str | os.PathLike[str], *, name: str = "mnist") -> tuple[Dataset, Dataset]:
    """(training, test): x float32 (rows, 1, 28, 28) from 0 to 1, y the digits. Also Fashion-MNIST and its like.

    folder      holds train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
                t10k-labels-idx1-ubyte, each as it is or with .gz

    Raises FileNotFoundError that says what to put where, DataError for a damaged file.
    """
    parts = []
    for part in ("train", "t10k"):
        images = read_idx(_found(folder, [f"{part}-images-idx3-ubyte", f"{part}-images.idx3-ubyte"], name.upper()))
        labels = read_idx(_found(folder, [f"{part}-labels-idx1-ubyte", f"{part}-labels.idx1-ubyte"], name.upper()))
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            raise DataError(f"{name}: images of shape {images.shape} and labels of shape {labels.shape} do not belong "
                            f"together ({part} in {os.fspath(folder)})")
        x = (images[:, None] / np.float32(255)).astype(np.float32)
        parts.append(_images(x, labels, tuple(map(str, range(10))), name))
    return parts[0], parts[1]


def cifar10(folder: str | os.PathLike[str]) -> tuple[Dataset, Dataset]:
    """(training, test): x float32 (rows, 3, 32, 32) from 0 to 1, red, green and blue, and y the class of 10.

    folder      holds data_batch_1.bin ... data_batch_5.bin and test_batch.bin, the binary version of CIFAR-10

    Raises FileNotFoundError that says what to put where, DataError for a file of another length or label.
    """
    training = [_found(folder, [f"data_batch_{i}.bin"], "CIFAR-10, binary version") for i in range(1, 6)]
    test = [_found(folder, ["test_batch.bin"], "CIFAR-10, binary version")]
    return tuple(_images(*_records(files), CIFAR10, "cifar10") for files in (training, test))   # type: ignore[return-value]


def _records(files: Iterable[Path]) -> tuple[Array, Array]:
    """Files of records of 1 + 3072 bytes: the label, then the planes."""
    found = []
    for path in files:
        raw = np.fromfile(path, np.uint8)
        if not len(raw) or len(raw) % 3073:
            raise DataError(f"cifar10: {path.name} has {len(raw)} bytes, and a record has 3073\n"
                            "  help: the binary version, not the one for Python, and not cut short")
        found.append(raw.reshape(-1, 3073))
    table = np.concatenate(found)
    if table[:, 0].max() > 9:
        raise DataError(f"cifar10: there is a label {table[:, 0].max()}, and there are 10 classes")
    return (table[:, 1:].reshape(-1, 3, 32, 32) / np.float32(255)).astype(np.float32), table[:, 0]


def _images(x: Array, labels: Array, classes: tuple[str, ...], name: str) -> Dataset:
    y = labels.astype(np.int64)
    x.setflags(write=False)
    return Dataset(x, y, (), classes, name, f"{name}, from the files in the folder given")


def _found(folder: str | os.PathLike[str], names: list[str], what: str) -> Path:
    for name in names:
        for path in (Path(folder) / name, Path(folder) / f"{name}.gz"):
            if path.is_file():
                return path
    raise FileNotFoundError(f"{what}: there is no {names[0]} in {os.fspath(folder)}\n"
                            f"  help: put the files of {what} there as they were published; nothing is downloaded")
