"""``python -m tests.mutation [op ...]``: plant mistakes in the pullbacks and report those that no generic test notices."""

from __future__ import annotations

import argparse
import resource
import sys
import time

import tinygrad_edu  # noqa: F401 - registers the ops
from tinygrad_edu.engine import OPS

from .equivalent import EQUIVALENT
from .run import attack

MEMORY = 4 << 30  # bytes: a mistake in a shape may ask for more than the machine has


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("ops", nargs="*", help="names of ops; all if none is given")
    parser.add_argument("--all", action="store_true", help="list every mutant, not only the survivors")
    options = parser.parse_args()
    names = options.ops or sorted(
        n for n, op in OPS.items() if op.samples and op.rule.__module__.startswith("tinygrad_edu.")
    )
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    start, killed, equivalent, survivors = time.perf_counter(), 0, 0, 0
    for op, mutant, killer in attack(names):
        known = mutant.key in EQUIVALENT
        killed += bool(killer)
        equivalent += known and not killer
        survivors += not known and not killer
        if options.all or not (killer or known):
            print(
                f"{killer or ('equivalent' if known else 'SURVIVED')}  {op}  line {mutant.line}  [{mutant.kind}]  {mutant.key}"
            )
        if killer and known:
            print(f"listed as equivalent, but killed by {killer}: {mutant.key}")
    total = killed + survivors
    print(f"{total + equivalent} mutants of {len(names)} ops in {time.perf_counter() - start:.0f} s: {killed} killed,")
    print(f"{equivalent} equivalent (each with its reason), {survivors} survived; score {killed / max(total, 1):.2%}")
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main())
