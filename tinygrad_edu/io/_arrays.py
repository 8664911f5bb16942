"""Arrays as members of an archive, in numpy's own format (``.npy``): a header of text, then the numbers in C order."""

from __future__ import annotations

import math
import re
import struct
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from ..engine.errors import CheckpointError
from ._archive import PIECE, Member, fill, seek, short

__all__ = ["check_bools", "checked_shape", "pieces", "read_array", "stored_dtype"]

STORED = re.compile(
    r"[<>|](b1|[iu][1248]|f(2|4|8|1[26])|c(8|16|24|32)|[SU][1-9]\d{0,9}|[mM]8(\[\d{0,9}[a-zA-Z]{1,2}\])?)"
)
MAX_NDIM = 64  # numpy's own limit


def stored_dtype(text: Any) -> np.dtype[Any] | None:
    """The dtype that a string such as ``"<f4"`` names; None unless it is numbers, bools, dates or text of fixed length.

    Objects are what only pickle could store, and pickle runs code.
    """
    if not isinstance(text, str) or not STORED.fullmatch(text):
        return None
    try:
        dtype = np.dtype(text)
    except TypeError:  # a long double of another machine
        return None
    return dtype if dtype.str == text else None


def checked_shape(shape: Any, itemsize: int) -> tuple[int, ...] | None:
    """A shape as a tuple, None if it is none: also one that no machine could address."""
    if not isinstance(shape, list | tuple) or len(shape) > MAX_NDIM:
        return None
    if not all(type(size) is int and size >= 0 for size in shape):
        return None
    # Axes of size 0 make no data, and still numpy multiplies the others.
    addressable = math.prod(size or 1 for size in shape) * itemsize <= sys.maxsize
    return tuple(shape) if addressable else None


def header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """What stands before the numbers; a multiple of 64 bytes."""
    text = f"{{'descr': '{dtype.str}', 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode("ascii")


def pieces(array: npt.NDArray[Any]) -> Iterator[bytes]:
    """The header, then the numbers, about 1 MiB at a time.

    Pieces are copies, so that no thread that goes on training can come between the checksum and the writing.
    """
    yield header(array.dtype, array.shape)
    flags = ["external_loop", "buffered", "zerosize_ok"]
    for piece in np.nditer(array, flags, order="C", buffersize=max(1, PIECE // array.itemsize)):  # type: ignore[call-overload]
        yield piece.tobytes()


def read_array(file: BinaryIO, member: Member, dtype: np.dtype[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """The array in a member; nothing is allocated before the size that is declared has been found in the file."""
    first = np.frombuffer(header(dtype, shape), np.uint8)
    if member.size != first.size + math.prod(shape) * dtype.itemsize:
        raise CheckpointError(
            f"{short(member.name)} has {member.size:,} bytes; shape {shape} and {dtype} make "
            f"{first.size + math.prod(shape) * dtype.itemsize:,}."
        )
    seek(file, member)
    start = np.empty_like(first)
    crc = fill(file, start)
    if not np.array_equal(start, first):
        raise CheckpointError(f"{short(member.name)} does not begin as an array of shape {shape} and {dtype} does.")
    array = np.empty(shape, dtype)
    if fill(file, array, crc) != member.crc:
        raise CheckpointError(f"{short(member.name)} is damaged: its checksum differs.")
    check_bools(array, member.name)
    return array


def check_bools(array: npt.NDArray[Any], name: str) -> None:
    """Refuse bytes that are neither 0 nor 1 in an array of bools, with which numpy would go astray."""
    if array.dtype == bool and array.size and array.view(np.uint8).max() > 1:
        raise CheckpointError(f"{short(name)} holds bytes that are neither True nor False.")
