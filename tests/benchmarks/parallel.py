"""Training on several processes against a model of its cost: `python -m tests.benchmarks.parallel`, on an idle machine.

Needs `pip install ".[mpi]"`. Each process has one BLAS thread. Prints, for the dense network and the convnet at a batch of
128 in all, the time of a step on 1, 2 and 3 processes, the speed-up, what the formula of docs/parallel.md predicts from the
machine's measured bandwidth, and what the messages cost; and whether the goals are met: the convnet 1.7 times as fast on two
processes, and at most 0.2 ms more for the dense network's step.

--ranks 1 2 3           numbers of processes
--steps 60              steps that are timed, after a few that are not
--rounds 3              how often all is measured; the least of each number counts, as neighbours only add
--docs                  put the table at the end of docs/parallel.md
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
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
SPEEDUP, OVERHEAD = 1.7, 0.2e-3  # the goals for two processes
BEGIN = "<!-- measured -->"
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
    """Seconds to add up gradients of several sizes, by their bytes."""
    from tinygrad_edu.parallel._summand import summand

    found = {}
    for n in SIZES:
        data, times = summand(world, n, np.float32), []
        for _ in range(REACH):
            data.owns[data.turn][...] = 1
            world.comm.Barrier()
            began = time.perf_counter()
            data.add_up()
            times.append(time.perf_counter() - began)
        found[str(data.total.nbytes)] = quiet(times)
        data.free()
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
    message : seconds to add up 0 bytes, and for each byte that travels more.
    size : bytes of the gradient.
    """
    crowd = max(1.0, ranks / CORES)
    alone = crowd * (compute[0] + compute[1] * math.ceil(BATCH / ranks))
    return alone + (ranks > 1) * (2 * message[0] + message[1] * travels(ranks) * size)


def travels(ranks: int) -> float:
    """How many bytes reach a process for each of the gradient: all others' where memory is shared, else those of an allreduce."""
    from tinygrad_edu.parallel._summand import FEW

    return ranks - 1 if ranks <= FEW else 2 * (ranks - 1) / ranks


def fastest(a: Any, b: Any) -> Any:
    """Of two measurements, number by number, the smaller: neighbours only add."""
    return {key: fastest(a[key], b[key]) for key in a} if isinstance(a, dict) else min(a, b)


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Steps of one process by their batch, and what so many processes measure together."""
    works, sizes = ("dense", "convnet"), (BATCH, BATCH // 2, BATCH // 4)
    alone = {work: {n: step_time(work, n, options.steps, [])["step"] for n in sizes} for work in works}
    return {"alone": alone, "jobs": {ranks: job(ranks, options.steps) for ranks in options.ranks}}


def message(ranks: int, times: dict[str, float]) -> tuple[float, float]:
    """Seconds to add up 0 bytes, and of each byte that travels."""
    return line_through([((travels(ranks) or 1) * float(size), t) for size, t in times.items()])


def table(found: dict[str, Any]) -> list[str]:
    """The steps beside the formula, in Markdown."""
    lines = [
        "| network | processes | a step | by the formula | speed-up | by the formula |",
        "|---|---|---|---|---|---|",
    ]
    for work, times in found["alone"].items():
        start, each = line_through([(n, t) for n, t in times.items()])
        compute = (start + callback(found), each)
        for ranks, job in found["jobs"].items():
            step = job[work]["step"]
            model = predicted(ranks, compute, message(ranks, job["messages"]), job[work]["bytes"])
            cells = (
                work,
                ranks,
                shown(step),
                shown(model),
                f"{times[BATCH] / step:.2f}",
                f"{times[BATCH] / model:.2f}",
            )
            lines.append(f"| {' | '.join(map(str, cells))} |")
    lines += ["", f"The callback: d = {shown(callback(found))}."]
    for ranks, job in found["jobs"].items():
        if ranks > 1:
            start, slope = message(ranks, job["messages"])
            lines += ["", f"{ranks} processes: l = {start * 1e6:.1f} us, w = {1e-9 / slope:.1f} GB/s."]
    return lines


def callback(found: dict[str, Any]) -> float:
    """Seconds that the callback adds to a step where it has nobody to talk to."""
    alone = found["jobs"].get(1)
    return max(0.0, alone["dense"]["step"] - found["alone"]["dense"][BATCH]) if alone else 0.0


def shown(seconds: float) -> str:
    """A time in milliseconds."""
    return f"{seconds * 1e3:.3g} ms"


def goals(found: dict[str, Any]) -> list[str]:
    """Whether the goals are met."""
    alone, two = found["alone"], found["jobs"][2]
    speedup = alone["convnet"][BATCH] / two["convnet"]["step"]
    overhead = two["dense"]["step"] - alone["dense"][BATCH // 2]
    return [
        f"The convnet on 2 processes is {speedup:.2f} times as fast as on one (goal: {SPEEDUP}).",
        f"The dense network's step of 64 images in each of 2 processes takes {shown(overhead)} more than alone "
        f"(goal: at most {shown(OVERHEAD)}).",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m tests.benchmarks.parallel", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker(options)
        return
    found = measured(options)
    for _ in range(options.rounds - 1):
        found = fastest(found, measured(options))
    text = "\n".join([*table(found), "", *(goals(found) if 2 in found["jobs"] else [])])
    print(text)
    if options.docs:
        page = ROOT / "docs" / "parallel.md"
        before = page.read_text().partition(BEGIN)[0].rstrip()
        page.write_text(f"{before}\n\n{BEGIN}\n{machine()}\n\n{text}\n")


def machine() -> str:
    """What it was measured on."""
    from importlib.metadata import version

    listed = Path("/proc/cpuinfo")
    lines = listed.read_text().splitlines() if listed.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    with_ = f"numpy {np.__version__}, mpi4py {version('mpi4py')}, MPICH {version('mpich')}"
    return f"## Measured\n\n{CORES} cores ({names[0] if names else platform.machine()}), {with_}, one BLAS thread each:"


if __name__ == "__main__":
    main()
