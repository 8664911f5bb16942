"""Starting contestants and asking them: warm ones that stay, and fresh ones for one measurement."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from typing import Any

from .alone import REASON
from .clock import ON_CPU, Neighbours
from .common import ROOT
from .rows import ON_NUMPY, PEERS, Entry

CORETYPE = "OPENBLAS_CORETYPE"
LIMIT = 300  # seconds after which a contestant that does not answer is ended
REST = 0.05  # seconds between turns, in which the thread pools of the one before fall asleep
QUIET = 0.1  # the share of the machine that others may use during a turn that counts


class Missing(Exception):
    """Why a contestant does not take part."""


class Processes:
    """The contestants' processes, and how quiet the machine was while they ran.

    patience : seconds for which a turn is repeated while others use the machine.
    """

    def __init__(self, patience: float = 3.0) -> None:
        self.patience = patience
        self.workers: dict[tuple[str, bool, int], Worker] = {}
        self.turns = self.disturbed = 0

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers.values():
            worker.end()

    def start(self, found: bool, module: str, *args: str) -> subprocess.Popen[str]:
        """Run one of our modules. `found`: with OPENBLAS_CORETYPE as it was found; otherwise it is removed.

        Byte code is cached, as it is for every user, so that an import is a second one.
        """
        env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE" and (found or k != CORETYPE)}
        env["PYTHONPATH"] = str(ROOT)
        command = [sys.executable, "-m", f"tests.benchmarks.{module}", *args]
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, env=env, cwd=ROOT, **pipes)

    def worker(self, peer: str, found: bool = False, copy: int = 0) -> Worker:
        """The living process of a peer; `copy` tells several of one peer apart."""
        self.installed(peer)
        key = (peer, found and peer in ON_NUMPY, copy)
        if key not in self.workers or not self.workers[key].alive:
            self.workers[key] = Worker(self.start(key[1], "worker", peer))
        return self.workers[key]

    def installed(self, peer: str) -> None:
        """Refuse a peer that is not installed."""
        needs = PEERS[peer][1]
        if find_spec(needs) is None:
            raise Missing(f"not installed: pip install {needs}")

    def turn(self, worker: Worker) -> float:
        """The time of a step, in a turn during which the machine was quiet, if there was one in time."""
        began, tries = time.perf_counter(), 0
        while True:
            time.sleep(REST)
            reply = worker.ask("measure")
            tries += 1
            loud = not ON_CPU and reply["others"] > QUIET
            if not loud or time.perf_counter() - began > self.patience:
                self.turns += 1
                self.disturbed += loud
                return float(reply["seconds"])

    def alone(self, how: str, entry: Entry, found: bool = False) -> float:
        """One measurement in a fresh process: seconds, or bytes for 'memory'."""
        time.sleep(REST)
        neighbours, began, before = Neighbours(), time.perf_counter(), children()
        process = self.start(found, "alone", how, entry.peer, entry.work, *map(str, entry.args))
        out, errors = process.communicate(timeout=LIMIT)
        wall, own = time.perf_counter() - began, children() - before
        if process.returncode:
            raise Missing(errors.rpartition(REASON)[2].strip() or f"its process ended ({process.returncode})")
        self.turns += 1
        self.disturbed += not ON_CPU and how != "memory" and neighbours.share(own) > QUIET
        return (own if ON_CPU else wall) if how == "process" else float(out)


class Worker:
    """A warm process and its line of requests."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.listener = threading.Thread(target=process.stderr.read, daemon=True)  # type: ignore[union-attr]
        self.listener.start()  # so that the pipe is never full

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def ask(self, do: str, **request: Any) -> Any:
        """Send a request, wait for the reply."""
        watchdog = threading.Timer(LIMIT, self.process.kill)
        watchdog.start()
        try:
            print(json.dumps({"do": do, **request}), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()  # type: ignore[union-attr]
        except BrokenPipeError:
            line = ""
        finally:
            watchdog.cancel()
        reply = json.loads(line) if line else {"missing": f"its process ended ({self.process.poll()})"}
        if "missing" in reply:
            raise Missing(reply["missing"])
        return reply

    def end(self) -> None:
        """No more requests: the process leaves by itself."""
        process = self.process
        process.stdin.close()  # type: ignore[union-attr]
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.listener.join()
        process.stdout.close()  # type: ignore[union-attr]
        process.stderr.close()  # type: ignore[union-attr]


def children() -> float:
    """CPU seconds of the processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
