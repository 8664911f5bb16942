"""The IDX reader: what it reads, and what it says of files that it cannot read."""

import doctest
import gzip
import math
import os
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from helpers.idx import CODES, idx_bytes, idx_header, write_idx
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu.datasets import idx, read_idx
from tinygrad_edu.engine.errors import DataError

PAIR = np.array([[1, 2, 3], [4, 5, 6]], np.int16)
NAMES = ["data-idx", "data-idx.gz"]
MIB = 1 << 20

arrays = st.sampled_from(sorted(CODES)).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4))
)


def write(path: Path, content: bytes) -> Path:
    """Any content, compressed if the name ends in .gz."""
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def refusal(path: Path, **wanted: object) -> str:
    """The message of the DataError, without the path, which it must begin with."""
    with pytest.raises(DataError) as caught:
        read_idx(path, **wanted)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


# --- good files


@pytest.mark.parametrize("name", NAMES)
@given(array=arrays)
def test_round_trip_keeps_every_bit(name, array):
    with tempfile.TemporaryDirectory() as folder:
        out = read_idx(write_idx(Path(folder) / name, array))
    assert out.dtype == array.dtype
    assert out.shape == array.shape
    assert out.tobytes() == array.tobytes()  # NaN and -0.0 too


@pytest.mark.parametrize("dtype", sorted(CODES))
def test_result_is_an_ordinary_array(tmp_path, dtype):
    out = read_idx(write_idx(tmp_path / "data-idx", PAIR.astype(dtype)))
    assert out.dtype.isnative
    assert out.flags.c_contiguous
    assert out.flags.aligned
    assert out.flags.writeable


def test_reads_the_example_of_the_format_byte_by_byte(tmp_path):
    content = bytes.fromhex("0000 0c02 00000002 00000001 ffffffff 00000100")
    np.testing.assert_array_equal(read_idx(write(tmp_path / "data-idx", content)), [[-1], [256]])


def test_more_data_than_one_piece(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, idx._CHUNK * 2 + 17, np.uint8)
    np.testing.assert_array_equal(read_idx(write_idx(tmp_path / "data-idx.gz", array)), array)


def test_compression_is_told_by_content_where_the_name_says_nothing(tmp_path):
    path = tmp_path / "data-idx"
    path.write_bytes(gzip.compress(idx_bytes(PAIR)))
    np.testing.assert_array_equal(read_idx(path), PAIR)


def test_takes_a_string_and_what_it_needs_in_the_header(tmp_path):
    path = write_idx(tmp_path / "data-idx", PAIR)
    np.testing.assert_array_equal(read_idx(str(path), dtype=np.int16, ndim=2), PAIR)


def test_docstring_example_runs():
    results = doctest.testmod(idx)
    assert results.attempted
    assert not results.failed


# --- no file to read


def test_missing_file_is_filenotfound_with_advice(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere-idx: there is no such file\. Check"):
        read_idx(tmp_path / "nowhere-idx")


def test_folder_is_refused(tmp_path):
    assert "this is a folder" in refusal(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in the file system")
def test_pipe_is_refused(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    pipe = os.open(path, os.O_RDWR)  # with a writer and data there, a reader that fails to refuse it does not hang
    os.write(pipe, idx_bytes(PAIR))
    try:
        assert "a device or a pipe" in refusal(path)
    finally:
        os.close(pipe)


@pytest.mark.parametrize("name", NAMES)
def test_empty_file_is_refused(tmp_path, name):
    (tmp_path / name).touch()
    assert "the file is empty" in refusal(tmp_path / name)


def test_plain_file_named_gz_is_refused_with_the_way_out(tmp_path):
    path = tmp_path / "data-idx.gz"
    path.write_bytes(idx_bytes(PAIR))
    message = refusal(path)
    assert "named .gz, but the content is not gzip (it starts with 00 00" in message
    assert "take .gz off the name" in message


# --- headers that are wrong


@pytest.mark.parametrize("name", NAMES)
def test_wrong_magic_is_refused(tmp_path, name):
    message = refusal(write(tmp_path / name, b"<!DOCTYPE html>"))
    assert "not an IDX file. It starts with 3c 21 44 4f" in message


@pytest.mark.parametrize("code", sorted({*range(256)} - {*CODES.values()}))
def test_unknown_dtype_code_is_refused(tmp_path, code):
    message = refusal(write(tmp_path / "data-idx", idx_header(code, [1]) + b"\0"))
    assert f"unknown dtype code {code:#04x}" in message
    assert "0x0d float32" in message


@pytest.mark.parametrize("ndim", [65, 255])
def test_more_axes_than_numpy_has_are_refused(tmp_path, ndim):
    message = refusal(write(tmp_path / "data-idx", idx_header(0x08, [1] * ndim) + b"\0"))
    assert f"says {ndim} axes" in message


def test_as_many_axes_as_numpy_has_are_read(tmp_path):
    assert read_idx(write_idx(tmp_path / "data-idx", np.ones([1] * 64, np.uint8))).ndim == 64


def test_other_ndim_than_wanted_is_refused(tmp_path):
    message = refusal(write_idx(tmp_path / "data-idx", PAIR), ndim=3)
    assert "expected 3 axes, the file has shape (2, 3), int16" in message


def test_other_dtype_than_wanted_is_refused(tmp_path):
    message = refusal(write_idx(tmp_path / "data-idx", PAIR), dtype=np.uint8)
    assert "expected uint8, the file has shape (2, 3), int16" in message


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wanted", [{"ndim": 1}, {"dtype": np.float32}], ids=str)
def test_what_is_not_wanted_is_refused_before_the_data_is_read(tmp_path, name, wanted):
    """There is no data to read here, and yet it is not truncation that is complained of."""
    assert refusal(write(tmp_path / name, idx_header(0x08, [2, 3])), **wanted).startswith("expected")


@pytest.mark.parametrize("name", NAMES)
def test_sizes_beyond_any_address_are_refused(tmp_path, name):
    assert "more than memory can address" in refusal(write(tmp_path / name, idx_header(0x0E, [2**32 - 1] * 2)))


def test_an_axis_of_size_zero_hides_no_overflow(tmp_path):
    """numpy refuses such a shape itself, with a message that names no file."""
    assert "more than memory can address" in refusal(
        write(tmp_path / "data-idx", idx_header(0x08, [0, 2**32 - 1, 2**32 - 1]))
    )


# --- data that is not what the header says


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kept", range(1, len(idx_bytes(PAIR))))
def test_content_cut_anywhere_is_called_truncated(tmp_path, name, kept):
    assert refusal(write(tmp_path / name, idx_bytes(PAIR)[:kept])).startswith("truncated")


@pytest.mark.parametrize("kept", [2, 5, 10, 20, -9, -8, -4, -1])
def test_gzip_file_cut_anywhere_is_called_truncated(tmp_path, kept):
    path = tmp_path / "data-idx.gz"
    path.write_bytes(gzip.compress(idx_bytes(PAIR))[:kept])
    assert refusal(path).startswith("truncated")


@pytest.mark.parametrize("name", NAMES)
def test_truncation_tells_both_sizes(tmp_path, name):
    message = refusal(write(tmp_path / name, idx_bytes(PAIR)[:-1]))
    assert "shape (2, 3), int16, which takes 12 bytes of data; the file has 11" in message


@pytest.mark.parametrize("name", NAMES)
def test_trailing_byte_is_refused(tmp_path, name):
    assert "more bytes follow after the data" in refusal(write(tmp_path / name, idx_bytes(PAIR) + b"\0"))


@pytest.mark.parametrize(
    ("tail", "complaint"),
    [(b"junk", "the gzip data is damaged"), (gzip.compress(b"\0"), "more bytes follow after the data")],
    ids=["junk", "member"],
)
def test_bytes_after_the_gzip_data_are_refused(tmp_path, tail, complaint):
    path = tmp_path / "data-idx.gz"
    path.write_bytes(gzip.compress(idx_bytes(PAIR)) + tail)
    assert complaint in refusal(path)


@pytest.mark.parametrize(("part", "place"), [("method", 2), ("data", 30), ("checksum", -8), ("length", -4)])
def test_changed_byte_in_gzip_is_called_damaged(tmp_path, part, place):
    content = bytearray(gzip.compress(idx_bytes(PAIR), mtime=0))
    content[place] ^= 0xFF
    path = tmp_path / "data-idx.gz"
    path.write_bytes(content)
    assert "the gzip data is damaged" in refusal(path)


# --- a header costs nothing, however much it claims


def peak_while_refusing(path: Path) -> int:
    """Bytes allocated at the worst moment of the refusal."""
    tracemalloc.start()
    try:
        refusal(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(2**31,), (60000, 2**15, 28), (2**32 - 1, 2**20)], ids=str)
def test_oversized_header_takes_no_memory(tmp_path, name, shape):
    """The refusal of a file that claims 2 GiB and more, and holds 1 KiB."""
    path = write(tmp_path / name, idx_header(0x08, shape) + bytes(1024))
    assert math.prod(shape) >= 2**31
    assert peak_while_refusing(path) < 4 * MIB


def test_plain_file_is_refused_by_its_size_before_it_is_read(tmp_path):
    path = write(tmp_path / "data-idx", idx_header(0x08, [2**31]) + bytes(32 * MIB))
    assert peak_while_refusing(path) < 4 * MIB


def test_gzip_that_unpacks_to_more_than_it_declares_is_not_unpacked_further(tmp_path):
    """A gzip bomb: 64 MiB of zeros behind a header that declares one byte."""
    path = write(tmp_path / "data-idx.gz", idx_header(0x08, [1]) + bytes(64 * MIB))
    assert peak_while_refusing(path) < 4 * MIB
