"""Fuzzing guided by coverage: atheris mutates whole files and keeps those that reach new lines of a reader.

    pip install atheris && python -m tests.fuzz_guided [--reader NAME] [--seconds 60]

What a reader may do with a file is what ``tests.helpers.fuzz.examine`` allows; the first file that it does wrong with is
written to the current folder by libFuzzer, and the command fails. ``python -m tests.fuzz`` draws files that know the
formats; this one knows nothing but where the code branches.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["tinygrad_edu.io", "tinygrad_edu.datasets"]):
    from tests.helpers.breaking import CHECKPOINT, IDX_GZIP, SAFETENSORS
    from tests.helpers.fuzz import READERS, examine

STARTS = {
    "checkpoint, bytes": CHECKPOINT,
    "safetensors, bytes": SAFETENSORS,
    "idx, gzip bytes": IDX_GZIP,
    "idx": IDX_GZIP,
}


def attack(name: str, seconds: int) -> None:
    """Fuzz one reader, in this process, which libFuzzer ends."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as corpus:
        (Path(corpus) / "valid").write_bytes(STARTS[name])
        reader = READERS[name]
        atheris.Setup(
            [sys.argv[0], f"-max_total_time={seconds}", "-seed=1", "-max_len=4096", corpus],
            lambda content: examine(reader, content, Path(folder)),
        )
        atheris.Fuzz()


def main() -> int:
    """Each reader in a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_guided", description=__doc__.splitlines()[0])
    parser.add_argument("--reader", choices=STARTS)
    parser.add_argument("--seconds", type=int, default=60, help="for each reader")
    options = parser.parse_args()
    if options.reader:
        attack(options.reader, options.seconds)
        return 0
    failed = 0
    for name in STARTS:
        command = [sys.executable, "-m", "tests.fuzz_guided", "--reader", name, "--seconds", str(options.seconds)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        print(f"{name:24}{(run.stderr.strip().splitlines() or [''])[-1]}")
        if run.returncode:
            print(run.stderr[-4000:])
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
