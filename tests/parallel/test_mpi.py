"""Several processes, with MPI from pip: each test starts a job of its own.

Run: pip install ".[test,mpi]" and pytest -m mpi
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg

pytestmark = pytest.mark.mpi

ROOT = Path(__file__).parents[2]
MPIEXEC = shutil.which("mpiexec", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}") or "mpiexec"
SCRIPT = """
import os, signal, sys
import numpy as np
import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.training import Callback
from tinygrad_edu.training.callbacks import ModelCheckpoint

how, out = sys.argv[1:3]
rng = np.random.default_rng(0)
x, y = rng.standard_normal((333, 20)), rng.integers(0, 4, 333)
callbacks = []
rank = 0
if how != "alone":
    together = tg.parallel.DataParallel()
    rank = together.world.rank
    callbacks.append(together)
tg.set_random_seed(rank)  # the weights of the first are those of all
if rank == 1 and how == "early":
    raise OSError("no data on this machine")
if rank == 1 and how == "exit":
    sys.exit(3)
model = nn.Sequential(nn.Linear(20, 16), nn.Tanh(), nn.Linear(16, 4), nn.Softmax())
model.astype(np.float64)
model.compile(optim.Adam(lr=0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])


class Fail(Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 5 and rank == 1:
            if how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            raise MemoryError("no room left") if how == "memory" else ValueError("a mistake of rank 1")


if how in ("error", "memory", "killed"):
    callbacks.append(Fail())
if how == "save":
    callbacks.append(ModelCheckpoint(out))
history = model.fit(
    x, y, batch_size=32, epochs=10, verbose=2, validation_data=(x[:50], y[:50]), callbacks=callbacks,
    resume=out if how == "resume" else None,
)
if rank == 0 and how in ("alone", "together"):
    tg.save({"model": model, "history": {k: np.array(v) for k, v in history.history.items()}}, out)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


def job(n: int, *command: Any, runner: tuple[str, ...] = ("-m", "mpi4py"), limit: float = 60) -> Any:
    """Run Python on n processes; on one without MPI for n = 0."""
    start = [MPIEXEC, "-n", str(n)] if n else []
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    line = [*start, sys.executable, *(runner if n else ()), *map(str, command)]
    return subprocess.run(line, env=env, capture_output=True, text=True, timeout=limit)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_same_after_a_hundred_steps(n: int, script: Path, tmp_path: Path) -> None:
    """10 epochs of 11 batches, of 32 samples or 13: with 3 processes the shares are uneven."""
    files = [tmp_path / "alone.npz", tmp_path / "together.npz"]
    assert job(0, script, "alone", files[0]).returncode == 0
    done = job(n, script, "together", files[1])
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Epoch 1/10") == 1
    alone, together = map(tg.load, files)
    for part in ("model", "history"):
        assert set(alone[part]) == set(together[part])
        for name, value in alone[part].items():
            np.testing.assert_allclose(together[part][name], value, rtol=0, atol=1e-6)


@pytest.mark.parametrize("runner", [("-m", "mpi4py"), ()], ids=["-m mpi4py", "plain"])
@pytest.mark.parametrize(
    ("how", "message"), [("error", "ValueError: a mistake of rank 1"), ("memory", "MemoryError: no room left")]
)
def test_a_process_that_fails_ends_the_job(
    how: str, message: str, runner: tuple[str, ...], script: Path, tmp_path: Path
) -> None:
    began = time.perf_counter()
    done = job(2, script, how, tmp_path / "x", runner=runner)
    assert time.perf_counter() - began < 10 + 5  # and what it takes to start
    assert done.returncode != 0
    assert message in done.stderr
    assert "Process 1 of 2 failed" in done.stderr
    assert "on_train_batch_end" in done.stderr  # its own traceback


def test_a_process_that_fails_before_fit_ends_the_job(script: Path, tmp_path: Path) -> None:
    done = job(2, script, "early", tmp_path / "x", limit=10 + 5)
    assert done.returncode != 0
    assert "OSError: no data on this machine" in done.stderr


def test_a_process_that_exits_ends_the_job(script: Path, tmp_path: Path) -> None:
    assert job(2, script, "exit", tmp_path / "x", limit=10 + 5).returncode == 3


def test_a_process_that_is_killed_ends_the_job(script: Path, tmp_path: Path) -> None:
    began = time.perf_counter()
    done = job(2, script, "killed", tmp_path / "x")
    assert time.perf_counter() - began < 10 + 5
    assert done.returncode != 0


def test_another_number_of_processes(script: Path, tmp_path: Path) -> None:
    file = tmp_path / "run.npz"
    assert job(2, script, "save", file).returncode == 0
    done = job(3, script, "resume", file)
    assert done.returncode != 0
    assert "saved by 2 process(es), here are 3" in done.stderr


def test_the_example(tmp_path: Path) -> None:
    done = job(2, ROOT / "examples" / "mnist_mpi.py", "--epochs", 1, limit=300)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("test accuracy:")]
    assert len(lines) == 1
    assert float(lines[0].split()[-1]) > 0.93


SUMS = """
import sys
import numpy as np
from tinygrad_edu.parallel import MPIWorld
from tinygrad_edu.parallel._summand import MOST, SharedSummand, Summand, summand

world = MPIWorld()
few = world.size <= 4
assert world.on_one_machine()
for size, dtype in ((5, np.float64), (70_000, np.float32), (MOST // 8 // world.size, np.float32)):
    sums, rng = summand(world, size, dtype), np.random.default_rng(world.rank)
    assert type(sums) is (SharedSummand if few else Summand), type(sums)
    for turn in range(100):
        own = sums.owns[sums.turn]
        assert own.shape == (size,) and own.dtype == dtype
        own[...] = 10 * turn + world.rank  # whole numbers: sums are exact
        sums.add_up()
        expected = 10 * turn * world.size + world.size * (world.size - 1) // 2
        wrong = np.flatnonzero(sums.total != expected)
        assert not wrong.size, f"turn {turn}, {wrong.size} of {size}: {sums.total[wrong[:3]]} for {expected}"
    sums.free()
assert type(summand(world, MOST // 8 // world.size + 1, np.float32)) is Summand
"""


@pytest.mark.parametrize("n", [2, 3, 5])
def test_sums_in_shared_memory(n: int, tmp_path: Path) -> None:
    """Turn after turn, as fast as each process can: nobody reads what belongs to another turn."""
    path = tmp_path / "sums.py"
    path.write_text(SUMS)
    done = job(n, path)
    assert done.returncode == 0, done.stderr
