"""Plant each mistake, run the generic tests of the ops that use the code, and see whether one of them fails."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType, FunctionType
from typing import NamedTuple

import numpy as np

from tinygrad_edu.engine import OPS, Op
from tinygrad_edu.engine.domain import Sample
from tinygrad_edu.verify.draws import RandomDraw
from tinygrad_edu.verify.properties import PROPERTIES

from .mutants import PACKAGE, Mutant, mutants, used

LIMIT = 5.0  # seconds of processor time beyond twice what the right op needs: a mistake may make a loop that never ends
ORDER = (
    "gradient",
    "policy",
    "broadcasting",
    "second",
    "purity",
    "dtypes",
    "layouts",
    "protocol",
    "holomorphic",
    "value",
)
EXAMPLES = {"gradient": 300, "second": 60, "policy": 1}  # 30 of each other property


class Outcome(NamedTuple):
    """What became of a mutant: the property that killed it, or "" if it lived."""

    op: str
    mutant: Mutant
    killer: str


class Tests:
    """The generic tests of one op, on samples drawn once: most mistakes fall at the first, the last must see them all.

    The op itself must pass them: otherwise every mutant would seem to be noticed.
    """

    def __init__(self, op: Op, seed: int = 0) -> None:
        self.op = op
        draw = RandomDraw(seed)
        self.samples: list[Sample] = [op.samples(draw) for _ in range(max(EXAMPLES.values()))]
        start = time.process_time()
        found = self.failing()
        if found:
            raise AssertionError(f"{op.name}, with nothing planted, fails {found!r}. Mend that first.")
        self.limit = LIMIT + 2 * (time.process_time() - start)

    def failing(self) -> str:
        """The first property that fails, or "" if none does."""
        for name in ORDER:
            for sample in self.samples[: EXAMPLES.get(name, 30)]:
                try:
                    with np.errstate(all="ignore"):
                        PROPERTIES[name](self.op, sample)
                except MemoryError:
                    return "memory limit"
                except Exception:
                    return name
        return ""


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """The mistake in the running function, for a while."""
    right = mutant.function.__code__
    mutant.function.__code__ = mutant.code
    try:
        yield
    finally:
        mutant.function.__code__ = right


class OutOfTimeError(BaseException):
    """Not an Exception, which a property would take for its own."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """OutOfTimeError after so many seconds of processor time, which a busy machine does not shorten."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise OutOfTimeError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def attack(names: Iterable[str]) -> Iterator[Outcome]:
    """Every mutant of these ops and what became of it; code that several ops share is attacked once, by the tests of all."""
    places: dict[tuple[str, int], Outcome] = {}
    for name in names:
        for mutant in mutants(OPS[name]):
            places.setdefault((mutant.key, mutant.line), Outcome(name, mutant, ""))
    users = users_of(m.function for _, m, _ in places.values())
    tests: dict[str, Tests] = {}
    for first, mutant, killer in places.values():
        for name in sorted(users[mutant.function], key=lambda name: name != first):
            if not killer:
                tests[name] = tests.get(name) or Tests(OPS[name])
                killer = outcome(mutant, tests[name])
        yield Outcome(first, mutant, killer)


def users_of(functions: Iterable[FunctionType]) -> dict[FunctionType, list[str]]:
    """The ops that run each of these functions, for their values or for their gradients."""
    found: dict[FunctionType, list[str]] = {f: [] for f in functions}
    for name, op in sorted(OPS.items()):
        if op.samples and op.rule.__module__.startswith(PACKAGE):
            for function in found.keys() & used(op):
                found[function].append(name)
    return found


def outcome(mutant: Mutant, tests: Tests) -> str:
    """What kills a mutant, or ""."""
    try:
        with limited(tests.limit), planted(mutant):
            return tests.failing()
    except OutOfTimeError:
        return "time limit"
