"""Long runs and concurrency: memory stays flat, threads and processes do not disturb each other."""

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim

# Steps of a network with everything, without the garbage collector: whatever refers to itself in a circle stays, and shows.
STEPS = """
import gc, os, sys
import numpy as np
import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.training.callbacks import LambdaCallback

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

steps, way = int(sys.argv[1]), sys.argv[2]
tg.set_random_seed(0)
x = np.random.default_rng(0).normal(size=(32, 1, 8, 8)).astype(np.float32)
y = np.arange(32) % 3
model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm(4), nn.ReLU(), nn.Flatten(), nn.Dropout(0.2), nn.Linear(144, 3))
gc.collect()
gc.disable()
if way == "fit":
    marks = []
    mark = lambda batch, logs: batch in (steps // 4, steps - 1) and marks.append(resident())
    model.compile(optim.Adam(1e-3), nn.CrossEntropyLoss(), metrics=["accuracy"])
    model.fit(x, y, batch_size=32, steps_per_epoch=steps, verbose=0, callbacks=LambdaCallback(on_train_batch_end=mark))
else:
    model(x)
    optimizer = optim.Adam(model.named_parameters(), 1e-3)
    loss, marks = nn.CrossEntropyLoss(), []
    for step in range(steps):
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()
        if step in (steps // 4, steps - 1):
            marks.append(resident())
print(marks[1] - marks[0])
"""


def growth(steps: int, way: str) -> int:
    """Bytes by which the process grows from a quarter of the steps on."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", STEPS, str(steps), way],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(tg.__file__).parents[1],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )
    return int(done.stdout)


needs_proc = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
ways = pytest.mark.parametrize("way", ["fit", "loop"])


@needs_proc
@ways
def test_memory_is_flat_over_1_000_steps(way: str) -> None:
    assert growth(1_000, way) < 1 << 20


@pytest.mark.slow
@needs_proc
@ways
def test_memory_is_flat_over_10_000_steps(way: str) -> None:
    assert growth(10_000, way) < 1 << 20


# -- concurrency -------------------------------------------------------------------------------------------------------


def trained(seed: int) -> bytes:
    """The weights, losses and predictions of a training with everything that draws."""
    tg.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(60, 6)).astype(np.float32)
    y = np.arange(60) % 3
    model = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3))
    model.compile(optim.Adam(0.01), nn.CrossEntropyLoss(), metrics=["accuracy"])
    history = model.fit(x, y, epochs=6, batch_size=8, validation_split=0.2, verbose=0).history
    arrays = [*model.state_dict().values(), *map(np.array, history.values()), model.predict(x, verbose=0)]
    return b"".join(a.tobytes() for a in arrays)


def test_threads_train_as_if_alone() -> None:
    alone = [trained(seed) for seed in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # let them take turns as often as they can
    try:
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(trained, range(4))) == alone
    finally:
        sys.setswitchinterval(interval)
    assert len(set(alone)) == 4


PROCESSES = """
import multiprocessing, sys, warnings
sys.path.insert(0, {tests!r})
from training.test_long_runs import trained

if __name__ == "__main__":
    alone = trained(0)
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        assert pool.map(trained, [0, 0]) == [alone, alone]
"""


@pytest.mark.parametrize("method", [m for m in ("fork", "spawn") if m in multiprocessing.get_all_start_methods()])
def test_processes_train_as_if_alone(tmp_path: Path, method: str) -> None:
    script = tmp_path / "main.py"
    script.write_text(PROCESSES.format(tests=str(Path(__file__).parents[1]), method=method))
    done = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(Path(tg.__file__).parents[1])},
    )
    assert done.returncode == 0, done.stderr
