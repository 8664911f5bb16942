"""save and load: models and training states to files and back, and what others read there."""

import ast
import doctest
import json
import os
import re
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.checkpoints import same

import tinygrad_edu as tg
from tinygrad_edu.engine.errors import CheckpointError
from tinygrad_edu.io import checkpoint

MIB = 1 << 20


def test_a_tree_comes_back_from_a_file(tmp_path):
    state = {"model": {"w": np.eye(3)[::2]}, "best": float("-inf"), "seed": (1, (2, [None])), "..": {"": "é"}}
    tg.save(state, str(tmp_path / "run.npz"))
    assert same(tg.load(str(tmp_path / "run.npz")), state)


def test_arrays_of_more_than_one_piece(tmp_path):
    big = np.random.default_rng(0).integers(0, 256, (1500, 1501), np.uint8)
    for layout in (big, big.T, big[::2, ::-1]):
        tg.save({"a": layout}, tmp_path / "big.npz")
        np.testing.assert_array_equal(tg.load(tmp_path / "big.npz")["a"], layout)


class Layer:
    """Stands for a model or an optimiser: something with a state_dict."""

    def __init__(self, **arrays: object) -> None:
        self.arrays = arrays

    def state_dict(self) -> dict[str, object]:
        return self.arrays


def test_a_model_is_saved_as_its_state(tmp_path):
    tg.save(Layer(weight=np.eye(2), bias=np.zeros(2)), tmp_path / "model.npz")
    assert same(tg.load(tmp_path / "model.npz"), {"weight": np.eye(2), "bias": np.zeros(2)})


def test_a_training_state_names_its_parts(tmp_path):
    state = {"model": Layer(weight=np.eye(2)), "optimizer": [Layer(m=np.ones(2)), Layer(lr=0.1)], "epoch": 3}
    tg.save(state, tmp_path / "run.npz")
    assert same(
        tg.load(tmp_path / "run.npz"),
        {"model": {"weight": np.eye(2)}, "optimizer": [{"m": np.ones(2)}, {"lr": 0.1}], "epoch": 3},
    )


def test_the_same_state_gives_the_same_bytes(tmp_path):
    for name in ("a.npz", "b.npz"):
        tg.save({"w": np.arange(6.0), "n": 1}, tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_docstring_example_runs():
    results = doctest.testmod(checkpoint)
    assert results.attempted
    assert not results.failed


# --- others read it


def test_numpy_reads_the_arrays_without_pickle(tmp_path):
    state = {
        "layers": {"0": {"w": np.arange(6, dtype=">i2").reshape(2, 3).T}},
        "b.c": np.array(1.5),
        "none": np.zeros((0, 2)),
    }
    tg.save(state, tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz", allow_pickle=False) as archive:
        assert archive.files == ["layers/0/w", "b.c", "none", "metadata.json"]
        np.testing.assert_array_equal(archive["layers/0/w"], state["layers"]["0"]["w"])
        assert archive["b.c"] == 1.5
        assert archive["none"].shape == (0, 2)


def test_the_metadata_says_what_wrote_it(tmp_path):
    tg.save({"w": np.eye(2, dtype=np.float32), "n": [1, 2.5]}, tmp_path / "run.npz")
    with zipfile.ZipFile(tmp_path / "run.npz") as archive:
        about = json.loads(archive.read("metadata.json"))
        crc = archive.getinfo("w.npy").CRC
    assert about == {
        "format": "tinygrad_edu checkpoint",
        "version": 1,
        "written_by": tg.io.environment(),
        "tree": {"w": None, "n": [1, 2.5]},
        "special": [],
        "arrays": [{"path": ["w"], "dtype": "<f4", "shape": [2, 2], "crc32": crc}],
    }


# --- memory and start


def test_saving_takes_pieces_and_loading_takes_the_arrays_alone(tmp_path):
    for layout in (np.zeros((2048, 2048)), np.zeros((2048, 2048)).T):
        tracemalloc.start()
        tg.save({"w": layout}, tmp_path / "run.npz")
        saving = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        tg.load(tmp_path / "run.npz")
        loading = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert saving < 4 * MIB
        assert layout.nbytes <= loading < layout.nbytes + MIB


def test_no_other_package_is_loaded_before_it_is_needed():
    code = "import sys, tinygrad_edu.io; sys.exit('safetensors' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(tg.__file__).parents[1])


def test_nothing_here_can_run_what_a_file_holds():
    imported, called = set(), set()
    for file in Path(tg.io.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                imported |= {alias.name for alias in node.names} | {getattr(node, "module", None)}
            elif isinstance(node, ast.Call):
                called.add(ast.unparse(node.func))
    assert "json" in imported
    assert not imported & {"pickle", "marshal", "shelve", "runpy", "ast"}
    assert not called & {"eval", "exec", "compile", "__import__", "np.load", "np.lib.format.read_array"}


# --- files that are not there


def test_a_missing_file_is_filenotfound(tmp_path):
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path / "nowhere.npz"))):
        tg.load(tmp_path / "nowhere.npz")


@pytest.mark.skipif(os.name != "posix", reason="Windows says it in other words")
def test_a_folder_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match=re.escape(str(tmp_path))):
        tg.load(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in the file system")
@pytest.mark.parametrize("name", ["pipe.npz", "pipe.safetensors"])
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(CheckpointError, match=r"pipe\.\w+: a device or a pipe"):
        tg.load(tmp_path / name)


# --- what it is for


def test_a_run_that_goes_on_from_a_checkpoint_is_identical_to_the_last_bit(tmp_path):
    """By hand, with a model, an optimiser with a schedule, and the order of the data; ``fit(resume=...)`` does it for you."""
    data = np.random.default_rng(5)
    x, y = data.standard_normal((64, 8)).astype(np.float32), np.arange(64) % 3

    def start() -> tuple:
        tg.set_random_seed(0)
        model = tg.Sequential([tg.nn.Linear(8, 16), tg.nn.ReLU(), tg.nn.Linear(16, 3)])
        schedule = tg.optim.schedules.ExponentialDecay(0.01, 10, 0.9)
        return model, tg.optim.Adam(model.parameters(), lr=schedule), np.random.default_rng(1)

    def steps(model: Any, optimizer: Any, order: Any) -> list[float]:
        losses = []
        for _ in range(10):
            batch = order.permutation(64)[:16]
            loss = tg.ops.cross_entropy(model(tg.Tensor(x[batch])), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss))
        return losses

    whole = start()
    expected = steps(*whole) + steps(*whole)

    model, optimizer, order = start()
    losses = steps(model, optimizer, order)
    tg.save({"model": model, "optimizer": optimizer, "order": order, "losses": losses}, tmp_path / "run.npz")

    model, optimizer, order = start()
    state = tg.load(tmp_path / "run.npz", resume=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    order.bit_generator.state = state["order"]
    assert state["losses"] + steps(model, optimizer, order) == expected
    assert same(model.state_dict(), whole[0].state_dict())
