"""Fuzzing of the file readers in full: 100,000 broken files, a table at the end.

    python -m tests.fuzz [--files 100000] [--seed 0] [--reader NAME]

Files are drawn by hypothesis in rounds of 5,000, each with a seed of its own; the first file that a reader does wrong with
is made as small as possible and printed, and the command fails.
"""

import argparse
import tempfile
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.helpers.fuzz import READERS, Reader, Result, examine

ROUND = 5_000
BY_HAND = settings(
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)


def fuzz(reader: Reader, files: int, first_seed: int, folder: Path) -> list[Result]:
    """What the reader did with each of the files, at least so many."""
    results: list[Result] = []
    while len(results) < files:

        @seed(first_seed + len(results))
        @settings(BY_HAND, max_examples=min(ROUND, files - len(results)))
        @given(reader.files)
        def one_round(content: bytes) -> None:
            results.append(examine(reader, content, folder))

        one_round()
    return results


def main() -> None:
    """Fuzz every reader with its share of the files."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000, help="over all readers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reader", choices=READERS, help="this one alone")
    options = parser.parse_args()
    chosen = {name: r for name, r in READERS.items() if r.available and options.reader in (None, name)}
    shares = sum(reader.share for reader in chosen.values())
    print(f"{'reader':24}{'files':>9}{'refused':>9}{'read':>8}{'most memory':>14}{'seconds':>9}")
    total = 0
    for name, reader in chosen.items():
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            results = fuzz(reader, -(-options.files * reader.share // shares), options.seed, Path(folder))
        refused = sum(result.refused for result in results)
        peak = max(result.peak for result in results)
        took = time.perf_counter() - start
        print(f"{name:24}{len(results):9,}{refused:9,}{len(results) - refused:8,}{peak:12,} B{took:9.0f}", flush=True)
        total += len(results)
    print(f"{total:,} files: no crash, no hang, no memory above twice the size of the file")


if __name__ == "__main__":
    main()
