"""Ours against the others, side by side in one run: `python -m tests.benchmarks`.

--quick                 few rounds, without the slow rows
--only mlp-128 import   these rows only (a beginning is enough: --only mlp)
--peers pytorch         these peers only
--rounds 9              how many turns each contestant takes
--cores 1               pin every contestant to this many cores (one: timed by CPU seconds, for a busy machine)
--patience 3            seconds for which a turn is repeated while others use the machine
--out FOLDER            where benchmarks.json and benchmarks.png go
--docs                  put them into docs/performance/, and the table into docs/performance.md
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from .common import ROOT
from .rows import PEERS, TABLE, Row

QUICK = 5  # rounds
SLOW = {"mlp-1024", "cnn-128", "depth-5", "depth-6", "mnist", "memory-mlp"}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="+", metavar="ROW", default=[])
    parser.add_argument("--peers", nargs="+", choices=[p for p in PEERS if p != "ours"])
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--cores", type=int)
    parser.add_argument("--patience", type=float, default=3.0)
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("build/benchmarks"))
    return parser.parse_args()


def chosen(options: argparse.Namespace) -> list[Row]:
    """The rows that were asked for."""
    only = tuple(options.only)
    rows = [row for row in TABLE if (row.key.startswith(only) if only else not (options.quick and row.key in SLOW))]
    if not rows:
        sys.exit(f"No row begins with {' or '.join(only)}. There are: {', '.join(row.key for row in TABLE)}.")
    return rows


def main() -> None:
    options = arguments()
    rows = chosen(options)
    if options.cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])  # inherited by every contestant
    from . import picture, report  # now that the cores are chosen: the clock depends on them
    from .clock import ON_CPU
    from .processes import Processes
    from .race import race

    rounds, began, results = options.rounds or (QUICK if options.quick else 15), time.perf_counter(), []
    with Processes(options.patience) as processes:
        about = processes.worker("numpy_by_hand").ask("facts")["facts"] | {"versions": report.versions()}
        print(*(f"{name}: {value}" for name, value in about.items()), sep="\n", file=sys.stderr)
        for row in rows:
            print(f"{row.title} ...", file=sys.stderr)
            results.append(race(row, processes, rounds, None if options.peers is None else set(options.peers)))
        about |= {"rounds": rounds, "turns": processes.turns, "disturbed turns": processes.disturbed}
    print(report.text(results))
    print(*report.absent(results), sep="\n")
    timed = "timed by CPU seconds on one core" if ON_CPU else f"{processes.disturbed} disturbed by other programs"
    print(f"{processes.turns} turns, {timed}.")
    if options.docs:
        options.out = ROOT / "docs" / "performance"
        missing = "".join(f"- {line}\n" for line in report.absent(results))
        report.embed(
            options.out.with_suffix(".md"), f"{report.circumstances(about)}\n\n{report.markdown(results)}\n{missing}"
        )
    options.out.mkdir(parents=True, exist_ok=True)
    report.save(options.out / "benchmarks.json", results, about)
    files = ["benchmarks.json"]
    if picture.draw(options.out / "benchmarks.png", results, f"{about['cpu']}, {about['kernels']} kernels"):
        files.append("benchmarks.png")
    else:
        print("No picture: matplotlib is not installed.")
    print(f"{time.perf_counter() - began:.0f} s; {' and '.join(files)} in {options.out}")


if __name__ == "__main__":
    main()
