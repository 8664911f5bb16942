"""The IDX format, in which MNIST and its relatives are published.

A file is a header and then the array in C order, every number big-endian::

    00 00 | dtype code | ndim | ndim x uint32 sizes | data

A header is a claim made by a stranger, so no memory is set aside on its word: data is read piece by piece, never
further than the claim, and what is held grows only with the data that was really there.
"""

from __future__ import annotations

import gzip
import math
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from tinygrad_edu.engine.errors import DataError

__all__ = ["read_idx"]

_DTYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype(">u1"),
    0x09: np.dtype(">i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
_GZIP_MAGIC = b"\x1f\x8b"
_MAX_NDIM = 64  # numpy's own limit
_CHUNK = 1 << 20  # what one read may set aside; from 64 KiB to 4 MiB MNIST loads equally fast

_Stream: TypeAlias = BinaryIO | gzip.GzipFile


class _Header(NamedTuple):
    """What the file says of itself."""

    dtype: np.dtype[Any]  # big-endian, as stored
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of data that must follow: a Python int, so that no product of sizes overflows."""
        return math.prod(self.shape) * self.dtype.itemsize

    def __str__(self) -> str:
        return f"shape {self.shape}, {self.dtype.name}"


def read_idx(
    path: str | os.PathLike[str], *, dtype: npt.DTypeLike | None = None, ndim: int | None = None
) -> npt.NDArray[Any]:
    """Read an IDX file, plain or gzip-compressed.

    Parameters
    ----------
    path
        The file. Compression is told by its first bytes; a name that ends in `.gz` must hold gzip.
    dtype, ndim
        What the caller needs, if anything. Another dtype or number of axes is refused from the header, before the data
        is read.

    Returns
    -------
    ndarray
        C-contiguous, writable, native byte order; uint8, int8, int16, int32, float32 or float64 as stored.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    DataError
        The file is not IDX, is damaged, holds fewer or more bytes than its header says, or is not what `dtype` and
        `ndim` ask for. The message names the file, what is wrong and what to do.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "pair-idx1-short"
    ...     _ = path.write_bytes(bytes([0, 0, 0x0B, 1, 0, 0, 0, 2, 0, 7, 1, 0]))
    ...     read_idx(path)
    array([  7, 256], dtype=int16)
    """
    path = Path(path)
    _require_regular_file(path)
    with path.open("rb") as file, _content(file, path) as stream:
        header = _read_header(stream, path)
        _check_wanted(header, dtype, ndim, path)
        if stream is file:  # a plain file's size is known, so one that is cut short is not read to its end first
            found = os.fstat(file.fileno()).st_size - file.tell()
            if found < header.nbytes:
                raise _too_short(found, header, path)
        data = _read_data(stream, header, path)
    return np.ndarray(header.shape, header.dtype, buffer=data).astype(header.dtype.newbyteorder("="), copy=False)


def _require_regular_file(path: Path) -> None:
    """Refuse what cannot be read as a file; a pipe or device would block or never end."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: there is no such file. Check the spelling and the folder.") from None
    if stat.S_ISDIR(mode):
        raise DataError(f"{path}: this is a folder, an IDX file was expected. Give the path of one file in it.")
    if not stat.S_ISREG(mode):
        raise DataError(f"{path}: this is a device or a pipe, an IDX file was expected. Give a regular file.")


@contextmanager
def _content(file: BinaryIO, path: Path) -> Iterator[_Stream]:
    """Yield the stream of uncompressed bytes: `file` itself or gzip over it, whose errors become DataErrors."""
    magic = file.read(len(_GZIP_MAGIC))
    file.seek(0)
    if not magic:
        raise DataError(f"{path}: the file is empty. Fetch it again.")
    if magic != _GZIP_MAGIC:
        if path.suffix == ".gz":
            raise DataError(
                f"{path}: named .gz, but the content is not gzip (it starts with {magic.hex(' ')}, gzip with 1f 8b). "
                "If it is already unpacked, take .gz off the name; otherwise fetch it again."
            )
        yield file
        return
    try:
        with gzip.GzipFile(fileobj=file) as stream:
            yield stream
    except EOFError:
        raise DataError(f"{path}: truncated, the gzip data stops before its end. Fetch the file again.") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: the gzip data is damaged ({error}). Fetch the file again.") from error


def _read_header(stream: _Stream, path: Path) -> _Header:
    """Read and check magic, dtype code and sizes."""
    magic = stream.read(4)
    if len(magic) < 4:
        raise DataError(f"{path}: truncated, {len(magic)} bytes are too few for an IDX header. Fetch the file again.")
    if magic[:2] != b"\0\0":
        raise DataError(
            f"{path}: not an IDX file. It starts with {magic.hex(' ')}, an IDX file with 00 00. "
            "Usually it is a web page or an archive saved under this name: look inside, then fetch the data itself."
        )
    code, ndim = magic[2:]
    if code not in _DTYPES:
        known = ", ".join(f"{known:#04x} {dtype.name}" for known, dtype in _DTYPES.items())
        raise DataError(
            f"{path}: unknown dtype code {code:#04x} in the IDX header (known: {known}). "
            "The file is damaged or of another format; fetch it again."
        )
    if ndim > _MAX_NDIM:
        raise DataError(
            f"{path}: the IDX header says {ndim} axes, numpy has at most {_MAX_NDIM}. "
            "The file is damaged or of another format; fetch it again."
        )
    sizes = stream.read(4 * ndim)
    if len(sizes) < 4 * ndim:
        raise DataError(
            f"{path}: truncated, the IDX header stops within the sizes of its {ndim} axes. Fetch the file again."
        )
    header = _Header(_DTYPES[code], tuple(np.frombuffer(sizes, ">u4").tolist()))
    # Axes of size 0 make no data and still may not multiply to more than an address: numpy counts the other axes.
    if math.prod(size or 1 for size in header.shape) * header.dtype.itemsize > sys.maxsize:
        raise DataError(f"{path}: the IDX header says {header}, more than memory can address. The file is damaged.")
    return header


def _check_wanted(header: _Header, dtype: npt.DTypeLike | None, ndim: int | None, path: Path) -> None:
    """Compare the header with what the caller asked for."""
    if ndim is not None and len(header.shape) != ndim:
        raise DataError(f"{path}: expected {ndim} axes, the file has {header}. Check that this is the file you meant.")
    if dtype is not None and header.dtype.newbyteorder("=") != np.dtype(dtype):
        raise DataError(
            f"{path}: expected {np.dtype(dtype)}, the file has {header}. Check that this is the file you meant."
        )


def _read_data(stream: _Stream, header: _Header, path: Path) -> bytearray:
    """Read the data and make sure that the stream ends with it (there gzip checks its own checksum)."""
    data = bytearray()
    while len(data) < header.nbytes:
        piece = stream.read(min(_CHUNK, header.nbytes - len(data)))
        if not piece:
            raise _too_short(len(data), header, path)
        data += piece
    if stream.read(1):
        raise DataError(
            f"{path}: more bytes follow after the data. The header says {header}, which takes {header.nbytes:,} bytes. "
            "The file is damaged or is several files in one; fetch it again."
        )
    return data


def _too_short(found: int, header: _Header, path: Path) -> DataError:
    return DataError(
        f"{path}: truncated, or its sizes are wrong. The header says {header}, which takes {header.nbytes:,} bytes "
        f"of data; the file has {found:,}. Fetch the file again."
    )
