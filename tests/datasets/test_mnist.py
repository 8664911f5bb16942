"""MNIST as it is embedded, and a folder of one's own in its place."""

import doctest
import gzip
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from helpers.idx import write_idx

from tinygrad_edu import datasets
from tinygrad_edu.datasets import mnist
from tinygrad_edu.engine.errors import DataError

EMBEDDED = Path(mnist.__file__).parent / "_mnist"
NAMES = {
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
}


def checksums() -> dict[str, str]:
    """SHA256SUMS as name -> digest."""
    lines = (EMBEDDED / "SHA256SUMS").read_text().splitlines()
    return {name: digest for digest, name in (line.split() for line in lines if not line.startswith("#"))}


@pytest.fixture(scope="module")
def data():
    return mnist.load_data()


@pytest.fixture
def folder(tmp_path):
    """A set of seven and three images of 4 x 5, two files plain and two compressed."""
    for prefix, n in (("train", 7), ("t10k", 3)):
        images = np.arange(n * 20, dtype=np.uint8).reshape(n, 4, 5)
        write_idx(tmp_path / f"{prefix}-images-idx3-ubyte.gz", images)
        write_idx(tmp_path / f"{prefix}-labels-idx1-ubyte", np.arange(n, dtype=np.uint8))
    return tmp_path


# --- the embedded set


def test_checksums_name_the_four_files_and_their_content():
    assert checksums().keys() == NAMES | {f"{name}.gz" for name in NAMES}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_files_are_those_of_the_checksums(name):
    packed = (EMBEDDED / f"{name}.gz").read_bytes()
    assert hashlib.sha256(packed).hexdigest() == checksums()[f"{name}.gz"]
    assert hashlib.sha256(gzip.decompress(packed)).hexdigest() == checksums()[name]


def test_attribution_travels_with_the_files():
    text = (EMBEDDED / "ATTRIBUTION.md").read_text()
    assert all(words in text for words in ("LeCun", "Cortes", "CC-BY-SA-3.0"))


def test_shapes_and_dtypes_are_those_of_keras(data):
    assert [(array.shape, array.dtype) for split in data for array in split] == [
        ((60000, 28, 28), np.uint8),
        ((60000,), np.uint8),
        ((10000, 28, 28), np.uint8),
        ((10000,), np.uint8),
    ]


def test_class_counts_are_the_published_ones(data):
    (_, y_train), (_, y_test) = data
    assert np.bincount(y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_mean_and_deviation_are_the_ones_that_everybody_normalises_by(data):
    (x_train, _), _ = data
    assert round(float(x_train.mean()) / 255, 4) == 0.1307
    assert round(float(x_train.std()) / 255, 4) == 0.3081


def test_each_call_gives_fresh_writable_arrays(data):
    (again, _), _ = mnist.load_data()
    assert again.flags.writeable
    assert not np.shares_memory(again, data[0][0])


@pytest.mark.bench
def test_loads_in_half_a_second():
    def seconds() -> float:
        start = time.perf_counter()
        mnist.load_data()
        return time.perf_counter() - start

    assert min(seconds() for _ in range(5)) < 0.5  # the best of a few: other people's work on the machine is not ours


def test_docstring_example_runs():
    results = doctest.testmod(mnist)
    assert results.attempted
    assert not results.failed


# --- the package


def test_mnist_is_the_module():
    assert isinstance(datasets.mnist, ModuleType)


def test_import_reads_no_data():
    code = (
        "import sys; opened = []\n"
        "sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == 'open' else None)\n"
        "import tinygrad_edu.datasets\n"
        "assert any('datasets' in name for name in opened), 'the hook saw nothing'\n"
        "assert not [name for name in opened if name.endswith('.gz')], opened"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )


# --- a folder of one's own


def test_reads_a_folder_plain_or_compressed(folder):
    (x_train, y_train), (x_test, y_test) = mnist.load_data(folder)
    assert (x_train.shape, x_test.shape) == ((7, 4, 5), (3, 4, 5))
    assert (y_train.tolist(), y_test.tolist()) == ([0, 1, 2, 3, 4, 5, 6], [0, 1, 2])
    assert x_train[6, 3, 4] == 139


def test_path_may_be_a_string_and_a_keyword(folder):
    assert len(mnist.load_data(path=str(folder))[0][0]) == 7


def test_plain_file_wins_over_the_compressed_one(folder):
    write_idx(folder / "train-labels-idx1-ubyte.gz", np.full(7, 9, np.uint8))
    assert mnist.load_data(folder)[0][1].tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_missing_folder_is_filenotfound_and_tells_of_the_embedded_set(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere: there is no such folder\. .* load_data\(\)"):
        mnist.load_data(tmp_path / "nowhere")


def test_file_in_place_of_the_folder_is_refused(folder):
    with pytest.raises(DataError, match=r"labels-idx1-ubyte: this is a file, a folder was expected"):
        mnist.load_data(folder / "train-labels-idx1-ubyte")


def test_all_missing_files_are_named_at_once(folder):
    (folder / "train-images-idx3-ubyte.gz").unlink()
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match="train-images-idx3-ubyte and t10k-labels-idx1-ubyte not found"):
        mnist.load_data(folder)


@pytest.mark.parametrize("prefix", ["train", "t10k"])
def test_labels_in_place_of_images_are_refused(folder, prefix):
    write_idx(folder / f"{prefix}-images-idx3-ubyte", np.zeros(7, np.uint8))
    with pytest.raises(
        DataError, match=rf"{prefix}-images-idx3-ubyte: expected 3 axes, the file has shape \(7,\), uint8"
    ):
        mnist.load_data(folder)


def test_images_in_place_of_labels_are_refused(folder):
    write_idx(folder / "train-labels-idx1-ubyte", np.zeros((7, 4, 5), np.uint8))
    with pytest.raises(DataError, match="train-labels-idx1-ubyte: expected 1 axes"):
        mnist.load_data(folder)


@pytest.mark.parametrize(("kind", "shape"), [("images-idx3", (7, 4, 5)), ("labels-idx1", (7,))])
def test_other_dtype_is_refused(folder, kind, shape):
    write_idx(folder / f"train-{kind}-ubyte", np.zeros(shape, np.float32))
    with pytest.raises(DataError, match=f"train-{kind}-ubyte: expected uint8"):
        mnist.load_data(folder)


def test_different_numbers_of_images_and_labels_are_refused(folder):
    write_idx(folder / "t10k-labels-idx1-ubyte", np.zeros(4, np.uint8))
    with pytest.raises(
        DataError, match=r"t10k-labels-idx1-ubyte: 4 labels for the 3 images of t10k-images-idx3-ubyte\.gz"
    ):
        mnist.load_data(folder)


def test_damaged_file_is_named(folder):
    path = folder / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte\.gz: truncated"):
        mnist.load_data(folder)
