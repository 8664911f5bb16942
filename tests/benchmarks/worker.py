"""One contestant in a process of its own, kept alive: `python -m tests.benchmarks.worker pytorch`.

Reads requests and writes replies, one JSON object a line:

    {"do": "prepare", "work": "mlp", "args": [128]}    build the work and warm up      -> {"turn": steps in one turn}
    {"do": "measure"}       one turn         -> {"seconds": a step's time, "others": share of the machine that others used}
    {"do": "facts"}         what the machine computes with                            -> {"facts": {...}}
    {"do": "losses", "work": "mlp", "args": [128], "n": 3}      the first results, for the test      -> {"losses": [...]}
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from .clock import Neighbours, clock
from .common import Work

WARM = 0.4  # seconds and calls before the first measurement; the first may compile, and a second so long is enough
WARM_CALLS = 3
TURN = 0.2  # seconds of one turn: long against the clock and the scheduler, short against the machine's moods


class Contestant:
    """A peer's module and the work that it has at hand."""

    def __init__(self, name: str) -> None:
        self.module: Any = importlib.import_module(f".peers.{name}", __package__)
        self.wait: Callable[[Any], Any] = getattr(self.module, "wait", lambda result: result)
        self.work = Work(lambda: None)
        self.turn = 1

    def prepare(self, work: str, args: list[int]) -> dict[str, Any]:
        """Build the work, warm up, and choose how often one turn repeats it."""
        self.work = Work(lambda: None)
        gc.collect()
        if not hasattr(self.module, work):
            return {"missing": f"no {work} is written for it"}
        self.work, self.turn = getattr(self.module, work)(*args), 1
        calls, began, last = 0, time.perf_counter(), 0.0
        while calls < 2 or (last < WARM and (calls < WARM_CALLS or time.perf_counter() - began < WARM)):
            last = self.run()
            calls += 1
        self.turn = 1 if last > TURN else max(1, round(TURN / min(self.run(), self.run())))
        return {"turn": self.turn}

    def run(self) -> float:
        """The seconds of one turn."""
        step, result = self.work.step, None
        began = clock()
        for _ in range(self.turn):
            result = step()
        self.wait(result)
        return clock() - began

    def measure(self) -> dict[str, Any]:
        """One turn, and how much of the machine others used meanwhile."""
        neighbours, before = Neighbours(), time.process_time()
        seconds = self.run()
        others = neighbours.share(time.process_time() - before)
        return {"seconds": seconds / self.turn / self.work.steps, "others": others}

    def facts(self) -> dict[str, Any]:
        """What the machine computes with, as `python -m tinygrad_edu info` reports it."""
        from tinygrad_edu.info import collect

        return {"facts": collect()}

    def losses(self, work: str, args: list[Any], n: int) -> dict[str, Any]:
        """The results of the first `n` calls."""
        if not hasattr(self.module, work):
            return {"missing": f"no {work} is written for it"}
        step = getattr(self.module, work)(*args).step
        return {"losses": [float(step()) for _ in range(n)]}


def main(name: str) -> None:
    """Answer requests until there are no more."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    sys.stdout = sys.stderr  # what a library prints is no reply
    contestant: Contestant | None = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            contestant = contestant or Contestant(name)
            reply = getattr(contestant, request.pop("do"))(**request)
        except Exception as error:
            reply = {"missing": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
        print(json.dumps(reply), file=replies)


if __name__ == "__main__":
    main(sys.argv[1])
