"""Fuzzing of the file readers: broken files by the thousand, and what a reader may do with them.

A reader may read the file, or refuse it with the error that it documents, in which it names the file. Anything else is a
crash; so is a wait of more than ten seconds, and memory above twice the size of the file (its unpacked size, for gzip)
beside what the reader always needs.
"""

import gzip
import importlib.util
import signal
import tempfile
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import keras
from tinygrad_edu.datasets import read_idx
from tinygrad_edu.engine.errors import CheckpointError, DataError

from .breaking import (
    CHECKPOINT,
    IDX_GZIP,
    SAFETENSORS,
    broken_directory,
    broken_idx,
    broken_members,
    broken_safetensors,
    edited,
    edits,
    zeros,
)

SECONDS = 10
KIB = 1 << 10


def saved_model() -> bytes:
    """A ``.keras`` file."""
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(2, activation="relu")(inputs * 2.0))
    model.compile(keras.optimizers.SGD(0.1, 0.9), "mse")
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model.keras")
        return Path(f"{folder}/model.keras").read_bytes()


MODEL = saved_model()


class Reader(NamedTuple):
    """A reader and the files that it is given."""

    read: Callable[[Path], Any]
    error: type[Exception]
    suffix: str
    files: st.SearchStrategy[bytes]
    always: int  # bytes that it needs for the smallest file
    original: bytes | None = None  # anything else than this must be refused
    unpacked: bool = False  # the size that counts is that of the data in the gzip file
    share: int = 1  # how many times as many files as others

    @property
    def available(self) -> bool:
        """Whether what it needs is installed."""
        return self.suffix != ".safetensors" or importlib.util.find_spec("safetensors") is not None


READERS = {
    "checkpoint, bytes": Reader(
        tg.load, CheckpointError, ".npz", edits.map(lambda e: edited(CHECKPOINT, e)), 64 * KIB, CHECKPOINT
    ),
    "checkpoint, members": Reader(tg.load, CheckpointError, ".npz", broken_members(), 64 * KIB, share=3),
    "checkpoint, directory": Reader(tg.load, CheckpointError, ".npz", broken_directory(), 64 * KIB, CHECKPOINT),
    "safetensors, bytes": Reader(
        tg.load, CheckpointError, ".safetensors", edits.map(lambda e: edited(SAFETENSORS, e)), 64 * KIB
    ),
    "safetensors, header": Reader(tg.load, CheckpointError, ".safetensors", broken_safetensors(), 64 * KIB, share=2),
    "model, bytes": Reader(
        keras.models.load_model, CheckpointError, ".keras", edits.map(lambda e: edited(MODEL, e)), 1024 * KIB, MODEL
    ),
    "idx": Reader(read_idx, DataError, "", broken_idx, 64 * KIB),
    "idx, gzip bytes": Reader(
        read_idx, DataError, ".gz", edits.map(lambda e: edited(IDX_GZIP, e)), 2 * 1024 * KIB, unpacked=True
    ),
    "idx, gzip": Reader(
        read_idx, DataError, ".gz", zeros.map(lambda c: gzip.compress(c, 1, mtime=0)), 2 * 1024 * KIB, unpacked=True
    ),
}


class Result(NamedTuple):
    """What a reader did with a file."""

    refused: bool
    peak: int  # bytes of memory


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in what takes longer, where the system has alarms."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def too_long(*_: object) -> None:
        raise TimeoutError(f"the reader took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def examine(reader: Reader, content: bytes, folder: Path) -> Result:
    """Give a file to a reader; AssertionError or whatever the reader raised if it did what it may not do."""
    path = folder / f"file{reader.suffix}"
    path.write_bytes(content)
    said = None
    tracemalloc.start()
    try:
        with limited(SECONDS):
            reader.read(path)
    except reader.error as error:
        said = str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    if said is not None:
        assert said.startswith(f"{path}: "), said
        assert said.isprintable(), repr(said)
        assert len(said) < 1000, said
    size = len(unpacked(content)) if reader.unpacked else len(content)
    assert peak <= 2 * size + reader.always, f"{peak:,} bytes of memory for a file of {size:,}"
    if reader.original is not None:
        assert said is not None or content == reader.original, "a change was not noticed"
    return Result(said is not None, peak)


def unpacked(content: bytes) -> bytes:
    """As much as can be unpacked of a gzip file, or the file itself if it is none."""
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return zlib.decompressobj(31).decompress(content)
    except zlib.error:
        return content
