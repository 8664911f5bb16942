"""Checkpoints whose framing is right and whose content is not: refused at no cost in memory, the first thing wrong named."""

import io
import json
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers.checkpoints import opened, poke, refusal, saved, sealed, with_directory, with_metadata

import tinygrad_edu as tg
from tinygrad_edu.engine.errors import CheckpointError
from tinygrad_edu.io import _archive, _format

MIB = 1 << 20

# --- metadata


def put(*keys: object, value: object) -> object:
    """A change: the value at this place in the metadata."""

    def change(about: dict) -> None:
        *outer, last = keys
        for key in outer:
            about = about[key]
        about[last] = value

    return change


def text(before: bytes, after: bytes) -> object:
    """A change in the JSON's text."""

    def change(about: dict) -> bytes:
        made = json.dumps(about).encode()
        assert before in made
        return made.replace(before, after, 1)

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda about: b"", "metadata.json is not the JSON that a checkpoint has (Expecting value"),
        (lambda about: b"{", "is not the JSON"),
        (lambda about: b"\xff\xfe{\0}\0", "can't decode byte 0xff"),
        (lambda about: b"[" * 100_000, "is not the JSON"),
        (lambda about: b'{"a":' * 100_000, "is not the JSON"),
        (lambda about: b"9" * 5000, "Exceeds the limit"),
        (text(b'"name": "run"', b'"name": NaN'), "(NaN is not JSON)"),
        (text(b'"name": "run"', b'"name": -Infinity'), "(-Infinity is not JSON)"),
        (text(b'"name": "run"', b'"name": 1e999'), "('1e999' is out of range)"),
        (text(b'"name": "run"', b'"name": 1, "name": 2'), "(an object has a key twice)"),
        (lambda about: [], "says nothing of the format 'tinygrad_edu checkpoint'"),
        (put("format", value="other"), "says nothing of the format"),
        (put("format", value=None), "says nothing of the format"),
        (put("version", value=2), "format version 2, and this package reads up to 1. Update tinygrad-edu."),
        (lambda about: {"format": about["format"], "version": 10**9}, "format version 1000000000"),
        (put("version", value=0), "is not what version 1 has"),
        (put("version", value=True), "is not what version 1 has"),
        (put("version", value="1"), "is not what version 1 has"),
        (put("more", value=1), "is not what version 1 has: format, version, written_by, tree, special, arrays"),
        (lambda about: about.pop("tree") and None, "is not what version 1 has"),
        (put("tree", value=[]), "is not what version 1 has"),
        (put("arrays", value={}), "is not what version 1 has"),
        (put("written_by", value=None), "is not what version 1 has"),
    ],
    ids=range(23),
)
def test_metadata_that_is_wrong(tmp_path, change, said):
    assert said in refusal(tmp_path / "run.npz", with_metadata(change))


def test_metadata_beyond_the_limit_is_not_parsed(tmp_path):
    content = with_metadata(lambda about: json.dumps(about).encode() + b" " * _format.MAX_METADATA)
    assert "metadata.json has 16,7" in refusal(tmp_path / "run.npz", content)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put("arrays", 0, value=None), "by other words than path, dtype, shape and crc32"),
        (put("arrays", 0, "pickle", value="yes"), "by other words than path, dtype, shape and crc32"),
        (put("arrays", 0, "path", value=[]), "has '[]' where a path of keys and indices belongs"),
        (put("arrays", 0, "path", value="model"), "where a path of keys and indices belongs"),
        (put("arrays", 0, "path", value=["model", ["weight"]]), "where a path of keys and indices belongs"),
        (put("arrays", 0, "path", value=["model", True]), "where a path of keys and indices belongs"),
        (put("arrays", 0, "path", value=["..", "..", "weight"]), "declares '%2E./%2E./weight.npy' where the file has"),
        (put("arrays", 1, "path", value=["model", "weight"]), "declares 'model/weight.npy' where the file has"),
        (put("arrays", 0, "crc32", value=0), "different checksums for 'model/weight.npy'"),
        (put("arrays", 0, "crc32", value="0"), "different checksums for 'model/weight.npy'"),
        (put("tree", value={}), "'model/weight' leads nowhere"),
        (put("tree", value={"model": []}), "'model/weight' leads nowhere"),
        (put("tree", "model", "weight", value=3), "two values for 'model/weight'"),
        (put("tree", "steps", value=[]), "'steps/0' leads nowhere"),
        (put("special", value=[["shape"]]), "a special value that is not a path and a word"),
        (put("special", value=[7]), "a special value that is not a path and a word"),
        (put("special", value=[[["shape"], "set"]]), "'shape' cannot be restored as 'set'"),
        (put("special", value=[[["shape"], None]]), "'shape' cannot be restored as 'None'"),
        (put("special", value=[[["shape"], "nan"]]), "'shape' cannot be restored as 'nan'"),
        (put("special", value=[[["name"], "tuple"]]), "'name' cannot be restored as 'tuple'"),
        (put("special", value=[[["model", "weight"], "inf"]]), "'model/weight' cannot be restored as 'inf'"),
        (put("special", value=[[["shape", 0], "tuple"]]), "'shape/0' cannot be restored as 'tuple'"),
        (put("special", value=[[["shape", 9], "tuple"]]), "'shape/9' leads nowhere"),
        (put("special", value=[[["shape", 0, 0], "nan"], [["shape"], "tuple"]]), "'shape/0/0' leads nowhere"),
        (put("special", value=[[[], "tuple"]]), "where a path of keys and indices belongs"),
    ],
    ids=range(25),
)
def test_places_that_are_wrong(tmp_path, change, said):
    assert said in refusal(tmp_path / "run.npz", with_metadata(change))


# --- arrays


@pytest.mark.parametrize(
    "dtype",
    [
        *("|O", "O", "|V8", "<f4,<i4", [["a", "<f4"]], None, 4, "float32", "=f4", "f4", "<f3", "<f4\n", ">i1", "<U0"),
        *("|T16", "<M8[x]", "<M8[2**9s]", "<U99999999999", "<f4" * 50_000, "__import__('os')"),
    ],
    ids=lambda d: str(d)[:20],
)
def test_dtypes_that_are_not_stored_are_refused(tmp_path, dtype):
    said = refusal(tmp_path / "run.npz", with_metadata(put("arrays", 0, "dtype", value=dtype)))
    assert said.startswith("'model/weight.npy' has the dtype ")
    assert said.endswith(", which is none that is stored.")
    assert len(said) < 200


@pytest.mark.parametrize(
    "shape",
    [None, 6, "23", [2.0, 3], [2, -3], [-2, -3], [True, 6], [[2], 3], [None], [1] * 65, [2**62, 2], [0, 2**62, 2**62]],
    ids=lambda s: str(s)[:20],
)
def test_shapes_that_no_array_has_are_refused(tmp_path, shape):
    said = refusal(tmp_path / "run.npz", with_metadata(put("arrays", 0, "shape", value=shape)))
    assert said.startswith("'model/weight.npy' has the shape ")
    assert said.endswith(", which no array has.")


@pytest.mark.parametrize("shape", [[3, 2], [6], [1, 2, 3], [2, 3, 1]], ids=str)
def test_a_shape_of_the_same_size_is_still_another_shape(tmp_path, shape):
    said = refusal(tmp_path / "run.npz", with_metadata(put("arrays", 0, "shape", value=shape)))
    assert said == f"'model/weight.npy' does not begin as an array of shape {tuple(shape)} and float32 does."


@pytest.mark.parametrize("dtype", ["<i4", ">f4", "<u4", "|S4"])
def test_a_dtype_of_the_same_size_is_still_another_dtype(tmp_path, dtype):
    said = refusal(tmp_path / "run.npz", with_metadata(put("arrays", 0, "dtype", value=dtype)))
    assert said.startswith("'model/weight.npy' does not begin as an array of shape (2, 3) and")


@pytest.mark.parametrize("shape", [[2, 2], [2, 4], [3], [], [0], [2**40]], ids=str)
def test_a_size_that_is_not_that_of_the_data_is_refused(tmp_path, shape):
    said = refusal(tmp_path / "run.npz", with_metadata(put("arrays", 0, "shape", value=shape)))
    assert said.startswith(f"'model/weight.npy' has 152 bytes; shape {tuple(shape)} and float32 make ")


def test_an_absurd_header_is_compared_and_never_parsed(tmp_path):
    (name, content), *rest = opened(saved())
    for header in (b"\x93NUMPY\1\0\xff\xff" + b"(" * 118, b"\x93NUMPY\2\0\xff\xff\xff\x7f" + b" " * 116):
        said = refusal(tmp_path / "run.npz", resealed([(name, header + content[128:]), *rest]))
        assert "does not begin as an array of shape (2, 3) and float32 does" in said


def resealed(contents: list[tuple[str, bytes]]) -> bytes:
    """Sealed, and with the metadata's checksums right too."""
    checksums = [m.crc for m in _archive.members(io.BytesIO(sealed(contents))).values()]
    about = json.loads(contents[-1][1])
    for item, crc in zip(about["arrays"], checksums):
        item["crc32"] = crc
    return sealed([*contents[:-1], (contents[-1][0], json.dumps(about).encode())])


def test_bools_that_are_none_are_refused(tmp_path):
    weight, (name, content), *rest = opened(saved())
    said = refusal(tmp_path / "run.npz", resealed([weight, (name, content[:-1] + b"\2"), *rest]))
    assert said == "'model/mask.npy' holds bytes that are neither True nor False."


@pytest.mark.parametrize("name", ["model/weight.npy", "metadata.json"])
def test_damaged_content_is_called_damaged(tmp_path, name):
    content = bytearray(saved())
    content[_archive.members(io.BytesIO(content))[name].end - 1] ^= 4
    assert refusal(tmp_path / "run.npz", content) == f"{name!r} is damaged: its checksum differs."


def test_a_file_that_shrinks_while_it_is_read_is_called_cut_off():
    class Shrinking(io.BytesIO):
        def readinto(self, buffer: memoryview) -> int:
            return 0

    with pytest.raises(CheckpointError, match="cut off while it was being read"):
        _format.read(Shrinking(saved()))


# --- memory


def peak_while_refusing(path: Path, content: bytes) -> int:
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError):
            tg.load(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def bomb() -> bytes:
    """100 MB of zeros in 100 kB."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("weight.npy", "w") as member:
        for _ in range(100):
            member.write(bytes(MIB))
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        bomb(),
        with_metadata(put("arrays", 0, "shape", value=[2**40])),
        with_directory(poke(0, -28, b"\1\0\x18\0" + (2**40).to_bytes(8, "little") * 2)),
        with_directory(poke(-1, -28, b"\1\0\x18\0" + (2**40).to_bytes(8, "little") * 2)),
        saved()[:-50],
    ],
    ids=["zip bomb", "shape", "size", "size of the metadata", "cut"],
)
def test_a_claim_takes_no_memory(tmp_path, content):
    assert peak_while_refusing(tmp_path / "run.npz", content) < MIB // 4


def test_a_large_array_is_not_made_before_its_beginning_is_right(tmp_path):
    state = {"w": np.zeros(2 * MIB)}
    content = with_metadata(put("arrays", 0, "shape", value=[1, 2 * MIB]), state)
    assert peak_while_refusing(tmp_path / "run.npz", content) < MIB // 4
