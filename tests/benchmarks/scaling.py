"""How cost grows with depth, width, batch and parameters: `python -m tests.benchmarks.scaling`, a table and a picture."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from pathlib import Path
from statistics import median
from typing import Any

from .rows import Entry, Row

PEERS = ("ours", "pytorch")
PANELS = {  # work -> what is varied, its values, the arguments that they become
    "depth": ("ops in a chain, forward and backward", [10**k for k in range(3, 7)], lambda n: ("depth", (n,))),
    "width": ("hidden units, MLP step, batch 128", [2**k for k in range(5, 13)], lambda n: ("mlp", (128, n))),
    "batch": ("batch, MLP step", [2**k for k in range(0, 14, 2)], lambda n: ("mlp", (n,))),
    "parameters": ("parameters, Adam step", [10**k for k in range(3, 8)], lambda n: ("adam", (n,))),
}


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.benchmarks.scaling", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int, help="pin to so many cores")
    parser.add_argument("--out", type=Path, default=Path("build/benchmarks"))
    options = parser.parse_args()
    if options.cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    from .processes import Processes

    with Processes() as processes:
        curves = {panel: measured(panel, processes, options.rounds) for panel in PANELS}
    for panel, lines in curves.items():
        for who, points in lines.items():
            print(f"{panel:<11}{who:<15}slope {slope(points):.2f}  " + "  ".join(f"{n}: {t:.3g}" for n, t in points))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "scaling.json").write_text(json.dumps(curves, indent=1) + "\n")
    draw(options.out / "scaling.png", curves)


def measured(panel: str, processes: Any, rounds: int) -> dict[str, list[tuple[int, float]]]:
    """Seconds a step of each contestant at each value."""
    from .race import race

    _, values, request = PANELS[panel]
    lines: dict[str, list[tuple[int, float]]] = {}
    for n in values:
        print(f"{panel} {n} ...", file=sys.stderr)
        work, args = request(n)
        ours, *others = (Entry(peer, work, args) for peer in PEERS)
        result = race(Row(panel, panel, "us", ours, tuple(others)), processes, rounds if n < 10**6 else 3)
        for (who, _), times in result.times.items():
            steps = n if work == "depth" else 1  # a chain is timed by the op
            lines.setdefault(who, []).append((n, median(times) * steps))
        for who, why in result.missing.items():
            print(f"{who}: {why}", file=sys.stderr)
    return lines


def slope(points: list[tuple[int, float]]) -> float:
    """The exponent between the last two values a factor of ten or so apart: 1 is linear."""
    (n, t), (m, u) = points[-3] if len(points) > 2 else points[0], points[-1]
    return math.log(u / t) / math.log(m / n)


def draw(path: Path, curves: dict[str, dict[str, list[tuple[int, float]]]]) -> None:
    """Four panels, both axes logarithmic, so that linear cost is a straight line of slope 1."""
    try:
        import matplotlib as mpl
    except ImportError:
        print("No picture: matplotlib is not installed.")
        return
    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, grid = plt.subplots(2, 2, figsize=(9, 7), layout="constrained")
    for axes, (panel, lines) in zip(grid.flat, curves.items()):
        for who, points in lines.items():
            axes.loglog(*zip(*points), "o-", label=f"{who}, slope {slope(points):.2f}")
        axes.set(xlabel=PANELS[panel][0], ylabel="seconds")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    figure.savefig(path, dpi=130)
    plt.close(figure)


if __name__ == "__main__":
    main()
