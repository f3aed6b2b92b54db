"""The IDX format, in which MNIST and its relatives come: a header and the numbers, big endian."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from typing import IO, Any

import numpy as np

from ..core.options import file_path
from ..errors import DataError

# The code in the header -> NumPy's dtype.
DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
CHUNK = 1 << 20             # bytes that are read at a time


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
    with open(file_path("read_idx: path", path), "rb") as file:
        try:
            return _parse(Unpacked(file))
        except Malformed as error:
            raise DataError(f"{os.fspath(path)}: {error}") from None


class Malformed(Exception):
    """What is wrong with the file at hand."""


class Unpacked:
    """The bytes of a file, unpacked if gzip compressed it, of which nobody reads more than he asks for.

    A few bytes of gzip can stand for very many, so that the memory is bounded by what the reader expects.
    """

    def __init__(self, file: IO[bytes]) -> None:
        packed = file.read(2) == b"\x1f\x8b"             # by content: names are often wrong
        there = os.fstat(file.fileno()).st_size
        file.seek(0)
        self.file: Any = gzip.GzipFile(fileobj=file) if packed else file
        self.most = there * 1032 if packed else there    # gzip makes a file at most so many times smaller

    def read(self, size: int) -> bytearray:
        """The next bytes, `size` or as many as there are."""
        found = bytearray()
        try:
            while len(found) < size and (piece := self.file.read(min(size - len(found), CHUNK))):
                found += piece
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Malformed(f"the gzip data is corrupt or truncated ({error})") from None
        return found


def _parse(file: Unpacked) -> np.ndarray[Any, Any]:
    magic = bytes(file.read(4))
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise Malformed(f"not an IDX file: it begins with {magic!r}, not with two zero bytes, a type and a rank")
    if magic[2] not in DTYPES:
        known = ", ".join(f"0x{code:02X}" for code in DTYPES)
        raise Malformed(f"IDX has no type 0x{magic[2]:02X}; its types are {known}")
    axes = file.read(4 * magic[3])
    if len(axes) < 4 * magic[3]:
        raise Malformed(f"truncated in the header: {magic[3]} axes are announced, {len(axes) // 4} are there")
    shape = tuple(np.frombuffer(axes, dtype=">u4").tolist())
    dtype = np.dtype(DTYPES[magic[2]])
    size = math.prod(shape) * dtype.itemsize
    takes = f"{dtype.name} of shape {shape} takes {size} bytes after the header"
    if size > file.most:
        raise Malformed(f"truncated: {takes}, and there are at most {file.most}")
    data = file.read(size + 1)                           # one byte more, to see the end
    if len(data) < size:
        raise Malformed(f"truncated: {takes}, and {len(data)} are there")
    if len(data) > size:
        raise Malformed(f"too long: {takes}, and more are there")
    try:
        found = np.frombuffer(data, dtype).reshape(shape)
    except ValueError as error:                          # more axes, or longer ones, than NumPy can hold
        raise Malformed(f"shape {shape}: {error}") from None
    return found.astype(dtype.newbyteorder("="), copy=False)
