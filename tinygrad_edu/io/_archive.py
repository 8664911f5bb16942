"""Zip archives of the plainest kind, written and read byte by byte.

    archive = member, member, ..., directory, end          member = header, content (not compressed)

Every zip program and ``numpy.load`` read what is written here. The reader is stricter than they are: it accepts the bytes
that the writer would have written and no others. Each header is compared with the one that the writer makes, members
follow each other without gaps, and contents have a checksum (CRC-32). So nothing hides in a file, no changed byte goes
unnoticed, and what a zip file may have beyond this (compression, encryption, comments) needs no code. Sizes are 64-bit
in every file (the zip64 records), so that large archives take no path of their own.

Errors: CheckpointError that says the first thing wrong; the caller adds the file's name.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from ..engine.errors import CheckpointError

__all__ = ["Member", "Writer", "fill", "members", "seek"]

HEADER = struct.Struct("<4s5H3I2H")
ENTRY = struct.Struct("<4s6H3I5H2I")
EXTRA = struct.Struct("<2H3Q")
END = struct.Struct("<4sQ2H2I4Q 4sIQI 4s4H2IH")
MAGIC = b"PK\3\4"
ZIP64 = 45  # the version of the zip format that brought 64-bit sizes
DATE = 0x21  # 1980-01-01 in every file: the same state gives the same bytes
ELSEWHERE = 0xFFFFFFFF  # stands where a 64-bit size follows
PIECE = 1 << 20  # bytes that are read and summed at a time: they are still in the cache when summed


class Member(NamedTuple):
    """One content, and where it is."""

    name: str  # ASCII
    size: int  # of the content, in bytes
    crc: int
    start: int  # of the header, in the file

    @property
    def header(self) -> bytes:
        """What stands before the content."""
        extra = struct.pack("<2H2Q", 1, 16, self.size, self.size)
        fixed = HEADER.pack(MAGIC, ZIP64, 0, 0, 0, DATE, self.crc, ELSEWHERE, ELSEWHERE, len(self.name), len(extra))
        return fixed + self.name.encode("ascii") + extra

    @property
    def entry(self) -> bytes:
        """What stands in the directory."""
        extra = EXTRA.pack(1, 24, self.size, self.size, self.start)
        sizes = (self.crc, ELSEWHERE, ELSEWHERE, len(self.name), len(extra))
        fixed = ENTRY.pack(b"PK\1\2", ZIP64, ZIP64, 0, 0, 0, DATE, *sizes, 0, 0, 0, 0, ELSEWHERE)
        return fixed + self.name.encode("ascii") + extra

    @property
    def end(self) -> int:
        """Where the next one starts."""
        return self.start + len(self.header) + self.size


def ending(count: int, size: int, start: int) -> bytes:
    """The end of an archive whose directory has ``count`` entries in ``size`` bytes at ``start``."""
    long = (b"PK\6\6", 44, ZIP64, ZIP64, 0, 0, count, count, size, start)
    short = (b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, ELSEWHERE, ELSEWHERE, 0)
    return END.pack(*long, b"PK\6\7", 0, start + size, 1, *short)


class Writer:
    """Writes an archive into a file: ``add`` each member, then ``finish``."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.members: list[Member] = []

    def add(self, name: str, pieces: Iterable[bytes]) -> Member:
        """Write one member, piece by piece, so that no content has to be in memory as a whole."""
        if len(name) > 0xFFFF:
            raise ValueError(f"save: the name {short(name)} is too long for a zip archive. Use shorter keys.")
        member = Member(name, 0, 0, self.file.tell())
        self.file.write(member.header)
        for piece in pieces:
            member = member._replace(size=member.size + len(piece), crc=zlib.crc32(piece, member.crc))
            self.file.write(piece)
        self.file.seek(member.start)
        self.file.write(member.header)
        self.file.seek(member.end)
        self.members.append(member)
        return member

    def finish(self) -> None:
        """Write the directory and the end."""
        start = self.file.tell()
        directory = b"".join(m.entry for m in self.members)
        self.file.write(directory + ending(len(self.members), len(directory), start))


def members(file: BinaryIO) -> dict[str, Member]:
    """The members by name, in the order of the file."""
    size = file.seek(0, 2)
    file.seek(0)
    magic = file.read(len(MAGIC))
    if magic != MAGIC:
        start = f"it starts with {magic.hex(' ')}" if magic else "it is empty"
        raise CheckpointError(f"not a checkpoint: {start}, a checkpoint starts with {MAGIC.hex(' ')}.")
    file.seek(max(0, size - END.size))
    last = file.read(END.size)
    if len(last) < END.size:
        raise CheckpointError(f"cut off: it has {size} bytes, the end of an archive alone takes {END.size}.")
    count, length, start = END.unpack(last)[7:10]
    if start + length + END.size != size or last != ending(count, length, start):
        raise CheckpointError(
            "cut off or damaged, or a zip file from elsewhere: it does not end as a checkpoint does. "
            "Fetch it again or take an older one; numpy.load reads the .npz files of numpy."
        )
    file.seek(start)
    found: dict[str, Member] = {}
    directory, place, expected = memoryview(file.read(length)), 0, 0
    while place < len(directory):
        member = entry(directory[place:])
        if member.name in found:
            raise CheckpointError(f"two members are called {short(member.name)}.")
        if member.start != expected:
            raise CheckpointError(
                f"{short(member.name)} starts at byte {member.start:,}, not {expected:,}, where it must."
            )
        found[member.name] = member
        place, expected = place + len(member.entry), member.end
    if (len(found), expected) != (count, start):
        raise CheckpointError(f"the members end at byte {expected:,}, and the directory starts at {start:,}.")
    return found


def entry(record: memoryview) -> Member:
    """The member that the first entry of a directory is about."""
    if len(record) < ENTRY.size:
        raise CheckpointError("the directory is damaged: its last entry is cut off.")
    _, _, _, _, _, _, _, crc, _, _, length, *_ = ENTRY.unpack_from(record)
    name = bytes(record[ENTRY.size : ENTRY.size + length]).decode("ascii", "replace")
    extra = bytes(record[ENTRY.size + length :][: EXTRA.size])
    if name.isascii() and len(extra) == EXTRA.size:
        _, _, size, _, start = EXTRA.unpack(extra)
        member = Member(name, size, crc, start)
        if record[: len(member.entry)] == member.entry:
            return member
    raise CheckpointError(f"the directory's entry of {short(name)} is damaged, or another program wrote it.")


def seek(file: BinaryIO, member: Member) -> None:
    """Go to the beginning of a member's content."""
    file.seek(member.start)
    if file.read(len(member.header)) != member.header:
        raise CheckpointError(f"the header of {short(member.name)} differs from its entry in the directory.")


def fill(file: BinaryIO, array: npt.NDArray[Any], crc: int = 0) -> int:
    """Read the bytes of a C-contiguous array from the file; returns their checksum, after that of what came before."""
    view = memoryview(array.reshape(-1).view(np.uint8).data)
    while view:
        count = file.readinto(view[:PIECE])  # type: ignore[attr-defined]
        if not count:
            raise CheckpointError("cut off while it was being read.")
        crc = zlib.crc32(view[:count], crc)
        view = view[count:]
    return crc


def short(name: str) -> str:
    """A name from a file, fit for a message."""
    return repr(name if len(name) <= 80 else name[:80] + "...")
