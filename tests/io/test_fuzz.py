"""A small share of the fuzzing of ``python -m tests.fuzz``, and the fuzzer's own tests."""

import re
import tempfile
from pathlib import Path

import pytest
from helpers.fuzz import CHECKPOINT, READERS, Reader, examine, limited
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.engine.errors import CheckpointError


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_a_broken_file_is_read_or_refused_and_nothing_else(name, data):
    reader = READERS[name]
    if not reader.available:
        pytest.skip("needs the extra `io`")
    with tempfile.TemporaryDirectory() as folder:
        examine(reader, data.draw(reader.files), Path(folder))


@pytest.mark.parametrize("name", [name for name in READERS if READERS[name].available])
def test_files_are_refused_for_many_reasons(name, tmp_path):
    """Else it would be one check at the door that is fuzzed."""
    reader = READERS[name]
    reasons = set()

    @given(reader.files)
    def collect(content: bytes) -> None:
        path = tmp_path / f"file{reader.suffix}"
        path.write_bytes(content)
        try:
            reader.read(path)
        except reader.error as error:
            reasons.add(re.sub(r"'.*?'|\".*?\"|\d", "", str(error)))

    collect()
    assert len(reasons) >= 4, reasons


def reading(act: object) -> Reader:
    return Reader(act, CheckpointError, ".npz", st.just(CHECKPOINT), 1000, CHECKPOINT)


def refuse(message: str) -> object:
    def act(path: Path) -> None:
        raise CheckpointError(message.format(path=path))

    return act


def crash(path: Path) -> None:
    raise IndexError("list index out of range")


@pytest.mark.parametrize(
    ("act", "seen"),
    [
        (crash, IndexError),
        (refuse("damaged"), AssertionError),  # it does not name the file
        (refuse("{path}: \x1b[2J"), AssertionError),  # what the file holds reaches the terminal
        (refuse("{path}: " + "x" * 1000), AssertionError),
        (lambda path: bytes(100_000), AssertionError),  # memory
        (lambda path: None, AssertionError),  # a change that is not noticed
    ],
    ids=["crash", "nameless", "terminal", "long", "memory", "unnoticed"],
)
def test_the_fuzzer_sees_what_a_reader_may_not_do(tmp_path, act, seen):
    with pytest.raises(seen):
        examine(reading(act), CHECKPOINT + b"\0", tmp_path)


def test_the_fuzzer_accepts_what_a_reader_may_do(tmp_path):
    assert examine(reading(refuse("{path}: no")), CHECKPOINT + b"\0", tmp_path).refused
    assert not examine(reading(lambda path: None), CHECKPOINT, tmp_path).refused


def test_a_reader_that_hangs_is_stopped():
    def hang() -> None:
        with limited(0.05):
            while True:
                pass

    with pytest.raises(TimeoutError):
        hang()
