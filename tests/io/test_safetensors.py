"""The .safetensors format: against the package's own reading and writing, and its gaps closed."""

import errno
import importlib
import json
import os
import stat
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_edu as tg
from tinygrad_edu.engine.errors import CheckpointError, DTypeError, MissingExtraError
from tinygrad_edu.io import _safetensors

safetensors = pytest.importorskip("safetensors.numpy", reason="needs the extra `io`")

STATE = {"layer.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "bias": np.array(1.5)}
arrays = hnp.arrays(
    st.sampled_from(sorted(set(_safetensors.DTYPES.values()))),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)


def file_of(header: object, data: bytes = b"") -> bytes:
    """A file by the specification: the length of the header, the header, the data."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


# --- round trips


@given(st.dictionaries(st.text().filter(lambda n: n != "__metadata__"), arrays, max_size=4), st.booleans())
def test_what_is_saved_is_what_the_package_reads(state, transposed):
    state = {name: a.T if transposed else a for name, a in state.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        _safetensors.save(path, state)  # spares the waiting for the disk
        for found in (_safetensors.load(path), safetensors.load_file(path)):
            assert set(found) == set(state)
            for name, array in state.items():
                assert found[name].dtype == array.dtype
                assert found[name].shape == array.shape
                assert found[name].tobytes() == array.tobytes()


@pytest.mark.parametrize(
    "array",
    [np.arange(6, dtype=">f4").reshape(2, 3), np.arange(12.0).reshape(3, 4)[::2, ::-1], np.arange(6.0).reshape(2, 3).T],
    ids=["big-endian", "strided", "transposed"],
)
def test_values_survive_where_the_package_alone_would_write_what_lies_in_memory(tmp_path, array):
    tg.save({"w": array}, tmp_path / "model.safetensors")
    np.testing.assert_array_equal(tg.load(tmp_path / "model.safetensors")["w"], array)


def test_what_the_package_writes_is_loaded(tmp_path):
    safetensors.save_file(STATE, tmp_path / "model.safetensors", metadata={"format": "pt"})
    found = tg.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(found["layer.weight"], STATE["layer.weight"])
    assert found["bias"].shape == ()
    found["layer.weight"][0] = 9  # it is an ordinary array


def test_the_ending_is_told_in_any_case(tmp_path):
    tg.save(STATE, tmp_path / "MODEL.SafeTensors")
    assert set(safetensors.load_file(tmp_path / "MODEL.SafeTensors")) == set(STATE)


# --- saving


@pytest.mark.parametrize(
    "state",
    [
        {"model": {"w": np.eye(2)}},
        {"w": np.eye(2), "epoch": 3},
        {"w": np.eye(2), "best": float("inf")},
        {"w": [np.eye(2)]},
    ],
    ids=["nested", "number", "infinity", "list"],
)
def test_a_state_that_is_not_flat_is_refused(tmp_path, state):
    with pytest.raises(ValueError, match=r"a flat dict of arrays and nothing else\. Save this state to \.npz"):
        tg.save(state, tmp_path / "model.safetensors")
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("dtype", ["c16", "U3", "M8[s]", "longdouble"])
def test_a_dtype_that_the_format_lacks_is_refused(tmp_path, dtype):
    with pytest.raises(DTypeError, match=r"'w' has dtype .*, which \.safetensors does not have\. Use \.npz"):
        tg.save({"w": np.zeros(2, dtype)}, tmp_path / "model.safetensors")


@pytest.mark.skipif(os.name != "posix", reason="POSIX file systems only")
def test_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    tg.save(STATE, tmp_path / "model.safetensors")
    assert (tmp_path / "model.safetensors").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert stat.S_ISREG((tmp_path / "model.safetensors").stat().st_mode)


@pytest.mark.skipif(os.name != "posix", reason="needs limits on resources")
def test_a_limit_on_the_size_of_files_is_the_error_of_the_system(tmp_path):
    code = """
import resource, sys, numpy as np, tinygrad_edu as tg
tg.save({"w": np.zeros(3)}, sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    tg.save({"w": np.ones(300_000)}, sys.argv[1])
except OSError as error:
    print(error.errno, error.filename)
"""
    path = tmp_path / "model.safetensors"
    done = subprocess.run(
        [sys.executable, "-c", code, path],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(tg.__file__).parents[1],
    )
    assert done.stdout.split() == [str(errno.EFBIG), str(path)]
    assert os.listdir(tmp_path) == [path.name]
    assert tg.load(path)["w"].size == 3


# --- files that are wrong


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\3\4" + bytes(100),
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 100) + b"{}",
        file_of(b"[" * 1000),
        file_of({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}),
        file_of({"w": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 8]}}, bytes(8)),
        file_of({"w": {"dtype": "F32", "shape": [2**63, 2**63], "data_offsets": [0, 8]}}, bytes(8)),
        file_of({"w": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}, bytes(8)),
        file_of({"w": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}, bytes(8)),
        file_of({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, bytes(9)),
        file_of({"w": {"dtype": "pickle", "shape": [2], "data_offsets": [0, 8]}}, bytes(8)),
        file_of({"w": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}}, bytes(2)),
        file_of({"w": {"dtype": "BOOL", "shape": [2], "data_offsets": [0, 2]}}, b"\1\2"),
        file_of({"w": {"dtype": "U8", "shape": [1] * 65, "data_offsets": [0, 1]}}, b"\1"),
        file_of({"w": {"dtype": "U8", "shape": [0, 2**62, 2], "data_offsets": [0, 0]}}),
    ],
    ids=range(16),
)
def test_broken_files_are_refused_by_name(tmp_path, content):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        tg.load(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_bfloat16_is_read_as_float32(tmp_path):
    """As many published weights are stored."""
    numbers = np.array([[1.5, -2.0, 0.0], [np.inf, 2.0**-126, 3.140625]], np.float32)
    content = (numbers.view(np.uint32) >> 16).astype("<u2").tobytes()
    header = {
        "w": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]},
        "x": {"dtype": "U8", "shape": [1], "data_offsets": [12, 13]},
    }
    (tmp_path / "model.safetensors").write_bytes(file_of(header, content + b"\7"))
    found = tg.load(tmp_path / "model.safetensors")
    assert found["w"].dtype == np.float32
    assert np.array_equal(found["w"], numbers)
    assert found["x"].tolist() == [7]


def test_a_missing_file_is_filenotfound(tmp_path):
    with pytest.raises(FileNotFoundError):
        tg.load(tmp_path / "nowhere.safetensors")


def test_without_the_package_the_error_has_the_command(tmp_path, monkeypatch):
    tg.save(STATE, tmp_path / "model.safetensors")
    for name in [m for m in sys.modules if m.split(".")[0] == "safetensors"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(ImportError):
        importlib.import_module("safetensors.numpy")
    for act in (
        lambda: tg.save(STATE, tmp_path / "other.safetensors"),
        lambda: tg.load(tmp_path / "model.safetensors"),
    ):
        with pytest.raises(MissingExtraError, match=r"pip install 'tinygrad-edu\[io\]'"):
            act()
    assert os.listdir(tmp_path) == ["model.safetensors"]
