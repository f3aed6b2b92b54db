"""Tables in text files."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..core.options import file_path, flag
from ..errors import DataError, UsageError
from ._sets import Dataset

Array = np.ndarray[Any, Any]
LARGEST = float(np.finfo(np.float32).max)       # a larger number would become inf
# What a cell holds that has no number, in lower case.
MISSING = ("", "na", "n/a", "nan", "null", "none", "?")


def read_csv(path: str | os.PathLike[str], target: str | int | None = None, *, header: bool = True,
             delimiter: str = ",", missing: float | None = None, classes: bool | None = None, encoding: str = "utf-8"
             ) -> Dataset:
    """A table of numbers, one row a line; one column, the target, may hold names of classes.

    target      name or number (from 0, negative from the end) of the column that becomes y. None: y is all zeros
    classes     True: the target's values become classes 0, 1 ... in the order of the values; False: it stays
                numbers, float32. By default True for names and whole numbers, False for numbers with a fraction
    header      whether the first line names the columns; else they are "0", "1" ...
    missing     what stands in for an empty cell (or NA, nan, null, ?); None: such a cell is an error

    x is float32 (rows, the other columns). Raises FileNotFoundError, UsageError for a delimiter or an encoding
    that is none, and DataError that names the line and the column for a cell that is no number, too large a one
    or missing, or a line with too many or too few.

    >>> import tempfile, os
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "pets.csv")
    ...     with open(path, "w") as file:
    ...         _ = file.write("kg,legs,kind\\n4.0,4,cat\\n0.1,2,bird\\n5.5,4,cat\\n")
    ...     pets = read_csv(path, "kind")
    >>> pets, pets.y, pets.class_names
    (Dataset(pets: 3 rows, 2 features, 2 classes), array([1, 0, 1]), ('bird', 'cat'))
    """
    path, header = Path(file_path("read_csv: path", path)), flag("read_csv: header", header)
    try:
        csv.reader((), delimiter=delimiter)
        "".encode(encoding)                              # refuses also what is a codec of no texts, such as "hex"
    except (TypeError, ValueError, LookupError) as error:
        raise UsageError(f"read_csv: {error}") from None
    with open(path, encoding=encoding, newline="") as file:
        try:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(map(str.strip, row))]
        except (csv.Error, UnicodeError) as error:
            raise DataError(f"read_csv: {path.name} is no text table in {encoding} ({error})") from None
    if len(lines) <= header:
        raise DataError(f"read_csv: {path.name} has no rows" + " below its header" * bool(lines))
    names = [name.lstrip("\ufeff") for name in lines.pop(0)[1]] if header else list(map(str, range(len(lines[0][1]))))
    for number, row in lines:
        if len(row) != len(names):
            raise DataError(f"read_csv: {path.name}, line {number} has {len(row)} cells, and there are {len(names)} "
                            f"columns\n  help: the delimiter is {delimiter!r}")
    chosen = _column(target, names, path.name)
    columns = [i for i in range(len(names)) if i != chosen]
    x = np.array([[_number(row[i], names[i], number, path.name, missing) for i in columns] for number, row in lines],
                 np.float32).reshape(len(lines), len(columns))
    y, found = (np.zeros(len(lines), np.int64), ()) if chosen is None else \
        _target(lines, chosen, names, path.name, classes)
    return Dataset(x, y, tuple(names[i] for i in columns), found, path.stem, str(path.name))


def _column(target: str | int | None, names: list[str], file: str) -> int | None:
    if target is None:
        return None
    if isinstance(target, str) and names.count(target) == 1:
        return names.index(target)
    if isinstance(target, int) and not isinstance(target, bool) and -len(names) <= target < len(names):
        return target % len(names)
    raise DataError(f"read_csv: {file} has no one column {target!r:.60}; it has {', '.join(names)}")


def _number(cell: str, column: str, line: int, file: str, missing: float | None) -> float:
    if cell.lower() in MISSING:
        if missing is None:
            raise DataError(f"read_csv: {file}, line {line}, column {column!r}: there is no value\n"
                            "  help: missing=0.0, or missing=float('nan'), puts a number in its place")
        return missing
    where = f"read_csv: {file}, line {line}, column {column!r}"
    try:
        number = _plain(cell)
    except ValueError:
        raise DataError(f"{where}: {cell!r:.60} is no number\n"
                        "  help: target= may name one column of classes; header=False if the first line is a row"
                        ) from None
    if abs(number) > LARGEST and "inf" not in cell.lower():      # 1e400 is inf as a float, and was not meant so
        raise DataError(f"{where}: {cell} is too large for float32")
    return number


def _plain(cell: str) -> float:
    if "_" in cell:                                  # which Python reads as 1_000
        raise ValueError
    return float(cell)


def _target(lines: list[tuple[int, list[str]]], chosen: int, names: list[str], file: str, wanted: bool | None
            ) -> tuple[Array, tuple[str, ...]]:
    cells = [row[chosen] for _, row in lines]
    for (number, _), cell in zip(lines, cells):
        if cell.lower() in MISSING:
            raise DataError(f"read_csv: {file}, line {number}, column {names[chosen]!r}: there is no target")
    try:
        numbers = [_plain(cell) for cell in cells]
    except ValueError:
        numbers = []
    if wanted is False or (wanted is None and numbers and not all(x.is_integer() for x in numbers)):
        column = names[chosen]
        return np.array([_number(cell, column, line, file, None) for (line, _), cell in zip(lines, cells)],
                        np.float32), ()
    if numbers and all(x.is_integer() for x in numbers):                     # in the order of the numbers: 2 before 10
        _, first, y = np.unique(numbers, return_index=True, return_inverse=True)
        return y.astype(np.int64), tuple(str(int(numbers[i])) for i in first)
    values, y = np.unique(cells, return_inverse=True)
    return y.astype(np.int64), tuple(map(str, values))
