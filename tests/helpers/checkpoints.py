"""Checkpoints to be broken: archives whose framing and checksums are right, whatever they hold."""

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.engine.errors import CheckpointError
from tinygrad_edu.io import _archive, _format

STATE = {
    "model": {"weight": np.arange(6, dtype=np.float32).reshape(2, 3), "mask": np.array([True, False])},
    "steps": [np.array(7), 8, float("nan")],
    "shape": (2, 3),
    "name": "run",
}

Contents = list[tuple[str, bytes]]


def saved(state: Any = None) -> bytes:
    """The file that ``save`` makes."""
    file = io.BytesIO()
    _format.write(file, STATE if state is None else state)
    return file.getvalue()


def opened(content: bytes) -> Contents:
    """The members of a file, with their names."""
    return [(m.name, content[m.end - m.size : m.end]) for m in _archive.members(io.BytesIO(content)).values()]


def sealed(contents: Iterable[tuple[str, bytes]]) -> bytes:
    """An archive of these members, with the right checksums."""
    file = io.BytesIO()
    archive = _archive.Writer(file)
    for name, content in contents:
        archive.add(name, [content])
    archive.finish()
    return file.getvalue()


def with_metadata(change: Any, state: Any = None) -> bytes:
    """A sealed file with other metadata: ``change`` edits the parsed JSON in place, or gives back what to write."""
    *arrays, (name, text) = opened(saved(state))
    about = json.loads(text)
    changed = change(about)
    if not isinstance(changed, bytes):
        changed = json.dumps(about if changed is None else changed).encode()
    return sealed([*arrays, (name, changed)])


def with_directory(change: Any) -> bytes:
    """A file whose directory ``change`` has edited: it gets the list of entries as mutable bytes; the end fits."""
    content = saved()
    members = list(_archive.members(io.BytesIO(content)).values())
    entries = [bytearray(m.entry) for m in members]
    change(entries)
    directory, start = b"".join(entries), members[-1].end
    return content[:start] + directory + _archive.ending(len(entries), len(directory), start)


def poke(entry: int, place: int, value: bytes) -> Any:
    """A change for ``with_directory``: these bytes at this place in that entry."""

    def change(entries: list[bytearray]) -> None:
        entries[entry][place : place + len(value)] = value

    return change


def refusal(path: Path, content: bytes) -> str:
    """The message of the CheckpointError, without the path, which it must begin with."""
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        tg.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


def same(a: object, b: object) -> bool:
    """Equal in type and in every bit."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray):
        return (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    if isinstance(a, float):
        return a.hex() == b.hex()
    return a == b
