"""Files of whole models (``.keras``): a zip with what the model is in JSON, and its numbers in an ``.npz`` inside.

    metadata.json        format and version, and the environment it was written in
    config.json          the model: classes by name with the arguments that make another one
    model.weights.npz    a checkpoint (``_format.py``): weights, optimiser, random generators

The same strict reader as for checkpoints reads both zips: nothing compressed, no gaps, a checksum for every byte.
"""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np

from ..engine.errors import CheckpointError
from ._archive import PIECE, Member, Writer, fill, members, seek
from ._environment import environment
from ._format import MAX_METADATA, parsed
from ._format import read as read_checkpoint
from ._format import write as write_checkpoint

__all__ = ["read_model", "write_model"]

FORMAT, VERSION = "tinygrad_edu model", 1
METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.npz"


def write_model(file: BinaryIO, config: dict[str, Any], state: dict[str, Any]) -> None:
    """Write a model into an open, empty file."""
    about = {"format": FORMAT, "version": VERSION, "written_by": environment()}
    texts = {
        name: json.dumps(value, allow_nan=False).encode("ascii")
        for name, value in ((METADATA, about), (CONFIG, config))
    }
    if len(texts[CONFIG]) > MAX_METADATA:
        raise ValueError(
            f"save: the configuration takes {len(texts[CONFIG]):,} bytes, at most {MAX_METADATA:,} are kept."
        )
    weights = BytesIO()
    write_checkpoint(weights, state)
    archive = Writer(file)
    for name, text in texts.items():
        archive.add(name, [text])
    content = weights.getbuffer()
    archive.add(WEIGHTS, (bytes(content[i : i + PIECE]) for i in range(0, len(content), PIECE)))
    archive.finish()


def read_model(file: BinaryIO) -> tuple[dict[str, Any], dict[str, Any]]:
    """The configuration and the state in an open file.

    Errors: CheckpointError that says the first thing wrong.
    """
    found = members(file)
    if list(found) != [METADATA, CONFIG, WEIGHTS]:
        hint = (
            " Keras's own files hold HDF5; build the model and use set_weights." if "model.weights.h5" in found else ""
        )
        raise CheckpointError(
            f"not a model: it holds {', '.join(map(repr, found))!s:.120}, not {METADATA}, {CONFIG} and {WEIGHTS}.{hint}"
        )
    about = parsed(content(file, found[METADATA], MAX_METADATA), METADATA)
    if type(about) is not dict or about.get("format") != FORMAT:
        raise CheckpointError(f"{METADATA} says nothing of the format {FORMAT!r}.")
    version = about.get("version")
    if type(version) is not int or version != VERSION:
        raise CheckpointError(f"format version {version!r:.20}, and this package reads {VERSION}. Update tinygrad-edu.")
    config = parsed(content(file, found[CONFIG], MAX_METADATA), CONFIG)
    if type(config) is not dict:
        raise CheckpointError(f"{CONFIG} holds no JSON object.")
    state, _ = read_checkpoint(BytesIO(content(file, found[WEIGHTS])))
    return config, state


def content(file: BinaryIO, member: Member, most: int | None = None) -> bytes:
    """The content of a member, its checksum compared."""
    if most is not None and member.size > most:
        raise CheckpointError(f"{member.name} has {member.size:,} bytes, at most {most:,} are read.")
    seek(file, member)
    array = np.empty(member.size, np.uint8)
    if fill(file, array) != member.crc:
        raise CheckpointError(f"{member.name!r} is damaged: its checksum differs.")
    return array.tobytes()
