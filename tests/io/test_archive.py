"""Archives that are broken or from elsewhere: every byte counts, and the first thing wrong is named."""

import io
import pickle
import zipfile

import numpy as np
import pytest
from helpers.checkpoints import opened, poke, refusal, saved, sealed, with_directory

from tinygrad_edu.engine.errors import CheckpointError
from tinygrad_edu.io import _archive, _format

MIB = 1 << 20


def zipped(**options: object) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as archive:
        for name, content in opened(saved()):
            archive.writestr(name, content)
    return file.getvalue()


def from_numpy(write: object) -> bytes:
    file = io.BytesIO()
    write(file, weight=np.zeros(MIB))
    return file.getvalue()


# --- every byte counts


def test_the_file_that_these_tests_break_loads():
    tree, _ = _format.read(io.BytesIO(saved()))
    assert list(tree) == ["model", "steps", "shape", "name"]


def test_any_single_bit_that_is_flipped_is_noticed():
    content = bytearray(saved({"w": np.arange(3.0), "n": 1}))
    missed = []
    for place in range(len(content)):
        for bit in range(8):
            content[place] ^= 1 << bit
            try:
                _format.read(io.BytesIO(content))
                missed.append((place, bit))
            except CheckpointError:
                pass
            content[place] ^= 1 << bit
    assert not missed


def test_a_file_cut_anywhere_is_refused():
    content = saved()
    for length in range(len(content)):
        with pytest.raises(CheckpointError):
            _format.read(io.BytesIO(content[:length]))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a checkpoint: it is empty"),
        (b"\n", "not a checkpoint: it starts with 0a, a checkpoint starts with 50 4b 03 04"),
        (b"\x89PNG\r\n\x1a\n", "not a checkpoint: it starts with 89 50 4e 47"),
        (pickle.dumps({"w": [1.0]}), "not a checkpoint: it starts with 80 04"),
        (saved()[:50], "cut off: it has 50 bytes"),
        (saved()[:-1], "cut off or damaged"),
        (saved() + b"\0", "cut off or damaged"),
        (b"\0" + saved(), "not a checkpoint: it starts with 00 50 4b 03"),
        (saved() + saved(), "cut off or damaged"),
        (b"PK\3\4" + bytes(200), "cut off or damaged"),
        (b"PK\3\4" + b"\xff" * 200, "cut off or damaged"),
        (zipped(), "or a zip file from elsewhere"),
        (zipped(compression=zipfile.ZIP_DEFLATED), "or a zip file from elsewhere"),
        (from_numpy(np.savez), "numpy.load reads the .npz files of numpy"),
        (from_numpy(np.savez_compressed), "numpy.load reads the .npz files of numpy"),
    ],
    ids=range(15),
)
def test_what_is_no_checkpoint_or_only_a_part_of_one(tmp_path, content, said):
    assert said in refusal(tmp_path / "run.npz", content)


# --- the directory


def doubled(entries: list[bytearray]) -> None:
    entries.insert(1, entries[0])


START, SIZE = -8, -24  # where these stand in an entry


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (doubled, "two members are called 'model/weight.npy'"),
        (poke(0, 8, b"\1"), "entry of 'model/weight.npy' is damaged, or another program wrote it"),  # encrypted
        (poke(0, 10, b"\x08"), "entry of 'model/weight.npy' is damaged"),  # compressed
        (poke(0, 46, b"\xff"), "entry of '�odel/weight.npy' is damaged"),
        (poke(0, 28, b"\xff\xff"), "entry of 'model/weight.npy"),  # the length of the name
        (poke(1, START, b"\0\0"), "'model/mask.npy' starts at byte 0, not 218, where it must"),  # members that overlap
        (poke(1, START, b"\xff\xff\xff\xff\xff\xff\xff\xff"), "starts at byte 18,446,744,073,709,551,615"),
        (poke(-1, SIZE, b"\1" * 8), "entry of 'metadata.json' is damaged"),  # two sizes that differ
        (poke(-1, -28, b"\1\0\x18\0" + b"\xff" * 16), "members end at byte 18,446,744,073,"),
        (lambda entries: entries.clear(), "members end at byte 0"),
        (lambda entries: entries.pop(), "the directory starts at"),
        (lambda entries: entries.reverse(), "'metadata.json' starts at byte"),
        (lambda entries: entries.append(bytearray(b"PK\1\2")), "its last entry is cut off"),
        (lambda entries: entries[-1].pop(), "entry of 'metadata.json' is damaged"),
    ],
    ids=range(14),
)
def test_directories_that_are_wrong(tmp_path, change, said):
    assert said in refusal(tmp_path / "run.npz", with_directory(change))


def test_a_wrong_count_is_refused(tmp_path):
    content = bytearray(saved())
    start, size = _archive.END.unpack(content[-98:])[9], _archive.END.unpack(content[-98:])[8]
    content[-98:] = _archive.ending(2**64 - 1, size, start)
    assert "members end at byte" in refusal(tmp_path / "run.npz", bytes(content))


def test_a_header_that_differs_from_the_directory_is_refused(tmp_path):
    """Readers that believe the one and readers that believe the other would see two files."""
    content = saved().replace(b"model/mask.npy", b"model/task.npy", 1)
    assert "the header of 'model/mask.npy' differs from its entry" in refusal(tmp_path / "run.npz", content)


def test_bytes_between_members_are_refused(tmp_path):
    content = saved()
    second = content.index(b"PK\3\4", 4)
    hidden = content[:second] + b"hidden" + content[second:]
    size, start = _archive.END.unpack(hidden[-98:])[8:10]
    hidden = hidden[:-98] + _archive.ending(4, size, start + 6)
    assert "the members end at byte" in refusal(tmp_path / "run.npz", hidden)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c[:-1], "has no metadata.json"),
        (lambda c: c[1:], "metadata.json declares 'model/weight.npy' where the file has 'model/mask.npy'"),
        (lambda c: [c[1], c[0], *c[2:]], "declares 'model/weight.npy' where the file has 'model/mask.npy'"),
        (lambda c: [*c[:3], ("extra.npy", c[0][1]), c[3]], "declares 'metadata.json' where the file has 'extra.npy'"),
        (lambda c: [*c, ("run.py", b"import os")], "declares 'nothing' where the file has 'run.py'"),
        (lambda c: [c[3]], "declares 'model/weight.npy' where the file has 'metadata.json'"),
        (lambda c: [("../../weight.npy", c[0][1]), *c[1:]], "where the file has '../../weight.npy'"),
        (lambda c: [(n, b) if i else ("model/weight.npy", b[:-1] + b"\0") for i, (n, b) in enumerate(c)], "checksums"),
        (lambda c: [("m" * 65_000, c[0][1]), *c[1:]], "'" + "m" * 80 + "...'."),
    ],
    ids=range(9),
)
def test_members_that_are_not_those_of_the_metadata(tmp_path, change, said):
    assert said in refusal(tmp_path / "run.npz", sealed(change(opened(saved()))))
