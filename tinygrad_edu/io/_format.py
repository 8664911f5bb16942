"""The format of a checkpoint: an ``.npz`` file, which ``numpy.load`` reads as well.

- Each array is a member of its own, named by its path in the state: ``optimizer/velocity/0.npy``.
- ``metadata.json``, the last member, holds the rest: format, version, ``written_by`` (the environment), the tree of plain
  values with null in the place of arrays, the list of arrays (path, dtype, shape, checksum), and a list of what JSON
  cannot say (tuples, NaN, infinity).

There is no pickle anywhere, so loading runs no code. Each byte of a file is checked or compared with the one that
belongs there (``_archive.py``), and a size is believed when the bytes are there. A golden file of each version stays in
the tests and always loads.
"""

from __future__ import annotations

import json
import math
from typing import Any, BinaryIO, NamedTuple, NoReturn

import numpy as np

from ..engine.errors import CheckpointError
from ._archive import Member, Writer, fill, members, seek, short
from ._arrays import checked_shape, pieces, read_array, stored_dtype
from ._environment import environment
from ._tree import Path, member_name, place, restore, take_apart

__all__ = ["parsed", "read", "write"]

FORMAT = "tinygrad_edu checkpoint"
VERSION = 1
METADATA = "metadata.json"
MAX_METADATA = 16 << 20  # bytes; as parsed JSON takes many times its size, so it is bounded before
KEYS = {
    "format": str,
    "version": int,
    "written_by": dict,
    "tree": dict,
    "special": list,
    "arrays": list,
}


def write(file: BinaryIO, state: Any) -> None:
    """Write a state into an open, empty file."""
    parts = take_apart(state)
    if type(parts.tree) is not dict:
        raise TypeError(f"save: a model or a dict is expected, got a {type(state).__name__}.")
    archive = Writer(file)
    arrays = []
    for path, array in parts.arrays.items():
        member = archive.add(member_name(path), pieces(array))
        arrays.append({"path": path, "dtype": array.dtype.str, "shape": array.shape, "crc32": member.crc})
    about = {
        "format": FORMAT,
        "version": VERSION,
        "written_by": environment(),
        "tree": parts.tree,
        "special": parts.special,
        "arrays": arrays,
    }
    text = json.dumps(about, allow_nan=False).encode("ascii")
    if len(text) > MAX_METADATA:
        raise ValueError(
            f"save: the values beside the arrays take {len(text):,} bytes as JSON, at most {MAX_METADATA:,} are kept. "
            "Give long lists of numbers as arrays."
        )
    archive.add(METADATA, [text])
    archive.finish()


def read(file: BinaryIO) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a state from an open file: the tree, and the environment that it was written in."""
    found = members(file)
    about = metadata(file, found)
    arrays = [declared(item) for item in about["arrays"]]
    special = [remark(item) for item in about["special"]]
    expected = [member_name(path) for path, *_ in arrays] + [METADATA]
    for here, there in zip([*expected, "nothing"], [*found, "nothing"]):
        if here != there:
            raise CheckpointError(f"{METADATA} declares {short(here)} where the file has {short(there)}.")
    tree: dict[str, Any] = about["tree"]
    for (path, dtype, shape, crc), member in zip(arrays, found.values()):
        if crc != member.crc:
            raise CheckpointError(f"{METADATA} and the directory have different checksums for {short(member.name)}.")
        place(tree, path, read_array(file, member, dtype, shape))
    for path, what in reversed(special):
        restore(tree, path, what)
    return tree, about["written_by"]


def metadata(file: BinaryIO, found: dict[str, Member]) -> dict[str, Any]:
    """What ``metadata.json`` says, of the right format and version and with values of the right types."""
    if METADATA not in found:
        raise CheckpointError(f"not a checkpoint: it has no {METADATA}. Try numpy.load if it is an .npz of numpy's.")
    member = found[METADATA]
    if member.size > MAX_METADATA:
        raise CheckpointError(f"{METADATA} has {member.size:,} bytes, at most {MAX_METADATA:,} are read.")
    seek(file, member)
    text = np.empty(member.size, np.uint8)
    if fill(file, text) != member.crc:
        raise CheckpointError(f"{METADATA!r} is damaged: its checksum differs.")
    about = parsed(text.tobytes(), METADATA)
    if type(about) is not dict or about.get("format") != FORMAT:
        raise CheckpointError(f"{METADATA} says nothing of the format {FORMAT!r}.")
    version = about.get("version")
    if type(version) is int and version > VERSION:
        raise CheckpointError(f"format version {version}, and this package reads up to {VERSION}. Update tinygrad-edu.")
    if version != VERSION or {key: type(value) for key, value in about.items()} != KEYS:
        raise CheckpointError(f"{METADATA} is not what version {VERSION} has: {', '.join(KEYS)}.")
    return about


def parsed(text: bytes, name: str) -> Any:
    """The JSON in a member, by a parser that takes nothing but JSON."""
    try:
        return json.loads(text.decode("ascii"), object_pairs_hook=unique, parse_constant=refuse, parse_float=finite)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{name} is not the JSON that a checkpoint has ({error}).") from error


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object as a dict, unless it has a key twice: other readers might take the other value."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("an object has a key twice")
    return made


def refuse(constant: str) -> NoReturn:
    """NaN and Infinity are not JSON; where a state has them they are among the special values."""
    raise ValueError(f"{constant} is not JSON")


def finite(text: str) -> float:
    """A number, unless it is too large to be one: 1e999."""
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{short(text)} is out of range")
    return value


class Declared(NamedTuple):
    """What the metadata says of an array."""

    path: Path
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    crc: int


def declared(item: Any) -> Declared:
    """One entry of ``arrays``, checked."""
    if type(item) is not dict or set(item) != {"path", "dtype", "shape", "crc32"}:
        raise CheckpointError(f"{METADATA} describes an array by other words than path, dtype, shape and crc32.")
    path = checked_path(item["path"])
    name = short(member_name(path))
    dtype = stored_dtype(item["dtype"])
    if dtype is None:
        raise CheckpointError(f"{name} has the dtype {short(str(item['dtype']))}, which is none that is stored.")
    shape = checked_shape(item["shape"], dtype.itemsize)
    if shape is None:
        raise CheckpointError(f"{name} has the shape {short(str(item['shape']))}, which no array has.")
    return Declared(path, dtype, shape, item["crc32"])


def remark(item: Any) -> tuple[Path, str]:
    """One entry of ``special``, checked."""
    if type(item) is not list or len(item) != 2:
        raise CheckpointError(f"{METADATA} has a special value that is not a path and a word.")
    return checked_path(item[0]), str(item[1])


def checked_path(path: Any) -> Path:
    """A path as a tuple."""
    if type(path) is not list or not path or not all(type(key) in (str, int) for key in path):
        raise CheckpointError(f"{METADATA} has {short(str(path))} where a path of keys and indices belongs.")
    return tuple(path)
