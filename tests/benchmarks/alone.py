"""One measurement that needs a fresh process: `python -m tests.benchmarks.alone memory pytorch cnn 128`.

    process PEER WORK ARGS      run it; whoever started this takes the time
    import - MODULE             seconds of the import statement alone
    memory PEER WORK ARGS       the highest resident memory over some steps, in bytes, less what stood after the imports

Prints one number, or a reason on stderr and leaves with status 1.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from .clock import clock

STEPS = 10
REASON = "Why it did not take part: "


def memory(field: str) -> int:
    """A figure of /proc/self/status in bytes: VmRSS is now, VmHWM the highest so far."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(field))


def main(how: str, peer: str, work: str, *args: str) -> float:
    if how == "import":
        began = clock()
        importlib.import_module(work)
        return clock() - began
    module: Any = importlib.import_module(f".peers.{peer}", __package__)
    function = getattr(module, work)
    if how == "process":
        return float(function(*map(int, args)))
    before = memory("VmRSS")
    step = function(*map(int, args)).step
    for _ in range(STEPS):
        getattr(module, "wait", float)(step())
    return memory("VmHWM") - before


if __name__ == "__main__":
    try:
        print(main(*sys.argv[1:]))
    except Exception as error:
        sys.exit(f"{REASON}{type(error).__name__}: {error}")
