"""``python -m tests.mutation [op ...]``: plant mistakes in the pullbacks and report those that no generic test notices."""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter

import tinygrad_edu  # noqa: F401 - registers the ops
from tinygrad_edu.engine import OPS

from .equivalent import EQUIVALENT
from .mutants import PACKAGE
from .run import attack

MEMORY = 4 << 30  # bytes: a mistake in a shape may ask for more than the machine has


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("ops", nargs="*", help="names of ops; all if none is given")
    parser.add_argument("--all", action="store_true", help="list every mutant, not only the survivors")
    options = parser.parse_args()
    names = options.ops or sorted(n for n, op in OPS.items() if op.samples and op.rule.__module__.startswith(PACKAGE))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    start, counts, unmet, wrong = time.perf_counter(), Counter[str](), set(EQUIVALENT), 0
    for op, mutant, killer in attack(names):
        unmet.discard(mutant.key)
        verdict = killer or ("equivalent" if mutant.key in EQUIVALENT else "SURVIVED")
        counts[verdict] += 1
        if options.all or verdict == "SURVIVED":
            print(f"{verdict}  {op}  line {mutant.line}  [{mutant.kind}]  {mutant.key}", flush=True)
        if killer and mutant.key in EQUIVALENT:
            wrong += 1
            print(f"listed as equivalent, but killed ({killer}): {mutant.key}", flush=True)
    if not options.ops:
        wrong += len(unmet)
        print(*(f"listed as equivalent, but there is no such mutant: {key}" for key in sorted(unmet)), sep="\n")
    killed = counts.total() - counts["equivalent"] - counts["SURVIVED"]
    told = ", ".join(f"{n} by {name}" for name, n in counts.most_common() if name not in ("equivalent", "SURVIVED"))
    print(
        f"{counts.total()} mutants of {len(names)} ops in {time.perf_counter() - start:.0f} s: {killed} killed ({told}),"
    )
    print(f"{counts['equivalent']} equivalent (each with its reason), {counts['SURVIVED']} survived;", end=" ")
    print(f"score {killed / max(killed + counts['SURVIVED'], 1):.2%}")
    return int(counts["SURVIVED"] + wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
