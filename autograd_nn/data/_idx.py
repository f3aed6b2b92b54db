"""The IDX format, in which MNIST and its relatives come: a header and the numbers, big endian."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from typing import IO, Any

import numpy as np

from ..errors import DataError

# The code in the header -> NumPy's dtype; and the first bytes of a file that gzip compressed.
DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP = b"\x1f\x8b"
CHUNK = 1 << 20                                                 # bytes that are read at a time


def read_idx(path: str | os.PathLike[str]) -> np.ndarray[Any, Any]:
    """The array in an IDX file, plain or compressed with gzip, in the machine's byte order.

    The format: two zero bytes, a byte for the type (u8, i8, i16, i32, f32 or f64), a byte for the
    number of axes, the length of each axis (four bytes, big endian), then the numbers row by row.

    Raises DataError, which names the file, if it is of another format, truncated, too long, or
    corrupt; OSError if it cannot be opened. Source: yann.lecun.com/exdb/mnist.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "labels.idx1-ubyte")
    ...     _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4]))
    ...     read_idx(path)
    array([5, 0, 4], dtype=uint8)
    """
    with open(path, "rb") as file:
        packed = file.read(2) == GZIP                    # by content: names are often wrong
        file.seek(0)
        try:
            return _parse(gzip.GzipFile(fileobj=file) if packed else file)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            problem = f"the gzip data is corrupt or truncated ({error})"
        except _Malformed as error:
            problem = str(error)
    raise DataError(f"{os.fspath(path)}: {problem}")


class _Malformed(Exception):
    """What is wrong with the file at hand."""


def _parse(file: IO[bytes] | gzip.GzipFile) -> np.ndarray[Any, Any]:
    magic = _read(file, 4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise _Malformed(f"not an IDX file: it begins with {magic!r}, not with two zero bytes, a type and a rank")
    if magic[2] not in DTYPES:
        known = ", ".join(f"0x{code:02X}" for code in DTYPES)
        raise _Malformed(f"IDX has no type 0x{magic[2]:02X}; its types are {known}")
    axes = _read(file, 4 * magic[3])
    if len(axes) < 4 * magic[3]:
        raise _Malformed(f"truncated in the header: {magic[3]} axes are announced, {len(axes) // 4} are there")
    shape = tuple(np.frombuffer(axes, dtype=">u4").tolist())
    dtype = np.dtype(DTYPES[magic[2]])
    size = math.prod(shape) * dtype.itemsize
    data = _read(file, size + 1)                         # one byte more, to see the end
    if len(data) != size:
        how = "truncated" if len(data) < size else "too long"
        there = f"{len(data)} are there" if len(data) < size else "more are there"
        raise _Malformed(f"{how}: {dtype.name} of shape {shape} takes {size} bytes after the header, and {there}")
    try:
        return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="))
    except ValueError as error:                          # more axes, or longer ones, than NumPy can hold
        raise _Malformed(f"shape {shape}: {error}") from None


def _read(file: IO[bytes] | gzip.GzipFile, size: int) -> bytes:
    """Up to `size` bytes, in pieces: a header may claim any size, and the memory is not claimed before."""
    pieces, left = [], size
    while left and (piece := file.read(min(left, CHUNK))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
