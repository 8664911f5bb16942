"""Plant each mistake, run the generic tests of the ops that use the code, and see whether one of them fails."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NamedTuple

import numpy as np

from tinygrad_edu.engine import OPS, Op
from tinygrad_edu.engine.domain import Sample
from tinygrad_edu.verify.draws import RandomDraw
from tinygrad_edu.verify.properties import PROPERTIES

from .mutants import Mutant, mutants

LIMIT = 5.0  # seconds for one mutant: a mistake may make a loop that never ends
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
    """The generic tests of one op, on samples drawn once: most mistakes fall at the first, the last must see them all."""

    def __init__(self, op: Op, seed: int = 0) -> None:
        self.op = op
        draw = RandomDraw(seed)
        self.samples: list[Sample] = [op.samples(draw) for _ in range(max(EXAMPLES.values()))]

    def failing(self) -> str:
        """The first property that fails, or "" if none does."""
        for name in ORDER:
            for sample in self.samples[: EXAMPLES.get(name, 30)]:
                try:
                    with np.errstate(all="ignore"):
                        PROPERTIES[name](self.op, sample)
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


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """TimeoutError after so many seconds."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def attack(names: Iterable[str]) -> Iterator[Outcome]:
    """Every mutant of these ops and what became of it; code that several ops share is attacked once, by all their tests."""
    users: dict[str, list[str]] = {}
    found: dict[str, Mutant] = {}
    for name in names:
        for mutant in mutants(OPS[name]):
            users.setdefault(mutant.key + f" @{mutant.line}", []).append(name)
            found.setdefault(mutant.key + f" @{mutant.line}", mutant)
    tests: dict[str, Tests] = {}
    for key, mutant in found.items():
        killer = ""
        for name in users[key]:
            if name not in tests:
                tests[name] = Tests(OPS[name])
            killer = killer or outcome(mutant, tests[name])
        yield Outcome(users[key][0], mutant, killer)


def outcome(mutant: Mutant, tests: Tests) -> str:
    """The property that kills a mutant, or ""."""
    try:
        with limited(LIMIT), planted(mutant):
            return tests.failing()
    except TimeoutError:
        return "time limit"
