"""Training on several processes against a model of its cost: `python -m tests.benchmarks.parallel`, on an idle machine.

Needs `pip install ".[mpi]"`. Each process has one BLAS thread. Prints, for the dense network and the convnet at a batch of
128 in all, the time of a step on 1, 2 and 3 processes, the speed-up, what the formula of docs/parallel.md predicts from the
machine's measured bandwidth, and what the messages cost; and whether the goals are met: the convnet 1.7 times as fast on two
processes, and at most 0.2 ms more for the dense network's step.

--ranks 1 2 3           numbers of processes
--steps 60              steps that are timed, after a few that are not
--out FILE              the numbers as JSON
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is imported

import numpy as np

from .clock import CORES
from .common import ROOT

BATCH, WARM = 128, 10
GOALS = {"convnet speed-up on 2": 1.7, "dense overhead on 2": 0.2e-3}
SIZES = [2**k for k in range(0, 23, 2)]  # entries of the messages that are timed, float32
REACH = 50  # messages of each size


# -- one process -------------------------------------------------------------------------------------------------------


def layers(work: str) -> list[Any]:
    """The network of a work."""
    from tinygrad_edu import nn

    if work == "dense":
        return [nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)]
    return [
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(1600, 10),
    ]  # fmt: skip


def step_time(work: str, batch: int, steps: int, callbacks: list[Any]) -> dict[str, float]:
    """Seconds of a step in fit, and the bytes of the gradient."""
    import tinygrad_edu as tg
    from tinygrad_edu import nn
    from tinygrad_edu.training import Callback

    class Stopwatch(Callback):
        order = 9

        def __init__(self) -> None:
            self.ends: list[float] = []

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.ends.append(time.perf_counter())

    tg.set_random_seed(0)
    model, watch = tg.Sequential(layers(work)), Stopwatch()
    model.compile("adam", nn.CrossEntropyLoss(), metrics=["accuracy"])
    rng = np.random.default_rng(0)
    x, y = rng.random((2048, 1, 28, 28), dtype=np.float32), rng.integers(0, 10, 2048)
    model.fit(x, y, batch_size=batch, steps_per_epoch=steps + WARM, verbose=0, callbacks=[*callbacks, watch])
    return {
        "step": quiet(np.diff(watch.ends[WARM:])),
        "bytes": sum(p.data.nbytes for _, p in model.named_parameters()),
    }


def quiet(times: Any) -> float:
    """The lower quartile: whoever else uses the machine only ever adds."""
    return float(np.quantile(times, 0.25))


def message_times(world: Any) -> dict[str, float]:
    """Seconds to add up messages of several sizes, by their bytes."""
    found = {}
    for n in SIZES:
        data = np.zeros(n, np.float32)
        times = []
        for _ in range(REACH):
            world.comm.Barrier()
            began = time.perf_counter()
            world.add_up(data)
            times.append(time.perf_counter() - began)
        found[str(data.nbytes)] = quiet(times)
    return found


def worker(options: argparse.Namespace) -> None:
    """What mpiexec starts: one of several processes that measure together."""
    from tinygrad_edu.parallel import DataParallel

    together = DataParallel()
    found: dict[str, Any] = {"messages": message_times(together.world)}
    for work in ("dense", "convnet"):
        found[work] = step_time(work, BATCH, options.steps, [together])
    if together.world.rank == 0:
        print(json.dumps(found))


# -- all of them -------------------------------------------------------------------------------------------------------


def job(ranks: int, steps: int) -> dict[str, Any]:
    """What so many processes measure."""
    where = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [shutil.which("mpiexec", path=where) or "mpiexec", "-n", str(ranks), sys.executable, "-m", "mpi4py", "-m"]
    line = [*command, "tests.benchmarks.parallel", "--worker", "--steps", str(steps)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def line_through(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Height at 0, and slope, of the line that is nearest to some points, relative to their heights."""
    x, y = np.array(points).T
    rows = np.stack([1 / y, x / y], axis=1)
    (start, slope), *_ = np.linalg.lstsq(rows, np.ones(len(y)), rcond=None)
    return max(float(start), 0.0), float(slope)


def predicted(ranks: int, compute: tuple[float, float], message: tuple[float, float], size: float) -> float:
    """The formula of docs/parallel.md: seconds of a step on so many processes.

    compute : seconds of a step at batch 0, and for each sample more.
    message : seconds of a message of 0 bytes, and for each byte that goes over the bus more.
    size : bytes of the gradient.
    """
    crowd = max(1.0, ranks / CORES)
    travels = 2 * (ranks - 1) / ranks * size
    return crowd * (compute[0] + compute[1] * math.ceil(BATCH / ranks)) + (2 * message[0] + message[1] * travels) * (
        ranks > 1
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m tests.benchmarks.parallel", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker(options)
        return
    alone = {
        work: {n: step_time(work, n, options.steps, [])["step"] for n in (BATCH, BATCH // 2, BATCH // 4)}
        for work in ("dense", "convnet")
    }
    jobs = {ranks: job(ranks, options.steps) for ranks in options.ranks}
    rows = []
    for work, times in alone.items():
        compute = line_through([(n, t) for n, t in times.items()])
        print(
            f"\n{work}: alone {times[BATCH] * 1e3:.3f} ms a step of {BATCH}, {times[BATCH // 2] * 1e3:.3f} of {BATCH // 2}"
        )
        print("processes      step  predicted  speed-up  predicted")
        for ranks, found in jobs.items():
            travel = 2 * (ranks - 1) / ranks or 1
            points = [(travel * float(size), t) for size, t in found["messages"].items()]
            step, size = found[work]["step"], found[work]["bytes"]
            model = predicted(ranks, compute, line_through(points), size)
            print(
                f"{ranks:9d}{step * 1e3:7.3f} ms{model * 1e3:8.3f} ms{times[BATCH] / step:10.2f}{times[BATCH] / model:11.2f}"
            )
            rows.append(
                {"work": work, "ranks": ranks, "step": step, "predicted": model, "speedup": times[BATCH] / step}
            )
    messages(jobs)
    if 2 in jobs:
        goals(alone, jobs[2])
    if options.out:
        options.out.write_text(json.dumps({"alone": alone, "jobs": jobs, "rows": rows}, indent=1) + "\n")


def messages(jobs: dict[int, Any]) -> None:
    """What messages cost."""
    for ranks, found in jobs.items():
        if ranks > 1:
            travel = 2 * (ranks - 1) / ranks
            start, slope = line_through([(travel * float(size), t) for size, t in found["messages"].items()])
            size = str(max(map(int, found["messages"])))
            largest = travel * float(size) / found["messages"][size]
            print(
                f"\n{ranks} processes: a message takes {start * 1e6:.1f} us and travels at {1e-9 / slope:.2f} GB/s",
                end="",
            )
            print(f" (the largest at {largest * 1e-9:.2f})")


def goals(alone: dict[str, Any], two: dict[str, Any]) -> None:
    """Whether the goals are met."""
    speedup = alone["convnet"][BATCH] / two["convnet"]["step"]
    overhead = two["dense"]["step"] - alone["dense"][BATCH // 2]
    for name, value, met in (
        ("convnet, 2 processes: speed-up", f"{speedup:.2f}", speedup >= GOALS["convnet speed-up on 2"]),
        ("dense, 2 processes: overhead", f"{overhead * 1e3:.3f} ms", overhead <= GOALS["dense overhead on 2"]),
    ):
        print(f"{name} {value}  {'met' if met else 'NOT met'}")


if __name__ == "__main__":
    main()
