"""One row of the table: its contestants take turns, A B C A B C, and what they needed is compared round by round."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from statistics import median, quantiles
from typing import Any

from .processes import CORETYPE, Missing, Processes
from .rows import ON_NUMPY, Entry, Row, Target

DISTURBED = 0.25


@dataclass(frozen=True)
class Ratio:
    """Ours divided by theirs in the same rounds: the median, and the middle half of the rounds."""

    median: float
    low: float
    high: float
    target: Target | None
    disturbed: bool = False

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        if self.disturbed:
            return "disturbed"
        if self.target.stretch and self.median <= self.target.stretch:
            return "stretch"
        return "yes" if self.median <= self.target.required else "no"


@dataclass
class Result:
    """The times of a row: those of each contestant, in order of rounds, by (title, as found).

    disturbed : the share of turns that other programs disturbed; above a quarter no verdict is given.
    """

    row: Row
    times: dict[tuple[str, bool], list[float]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    disturbed: float = 0.0

    def ratio(self, other: Entry, found: bool = False) -> Ratio | None:
        """Ours to theirs, with the kernels that were chosen or, with `found`, those of the environment as it was."""
        ours = self.times.get((self.row.ours.title, found))
        theirs = self.times.get((other.title, found)) or self.times.get((other.title, False))
        if not ours or not theirs:
            return None
        each = [a / b for a, b in zip(ours, theirs)]
        low, _, high = quantiles(each, n=4) if len(each) > 1 else each * 3
        target = self.row.targets.get(other.label or other.peer)
        return Ratio(median(each), low, high, target, self.disturbed > DISTURBED)

    def as_json(self) -> dict[str, Any]:
        row, ratios = self.row, []
        for other in row.others:
            for found in (False, True):
                if r := self.ratio(other, found):
                    target = {"required": r.target.required, "stretch": r.target.stretch} if r.target else None
                    ratios.append(
                        {
                            "against": other.title,
                            "as_found": found,
                            "ratio": r.median,
                            "quartiles": [r.low, r.high],
                            "target": target,
                            "reached": r.verdict or None,
                        }
                    )
        times = [{"who": who, "as_found": found, "rounds": t} for (who, found), t in self.times.items()]
        about = {"key": row.key, "title": row.title, "disturbed": self.disturbed, "missing": self.missing}
        return about | {"ratios": ratios, "times": times}


def race(row: Row, processes: Processes, rounds: int, peers: set[str] | None = None) -> Result:
    """Run one row. `peers`: who may take part beside ours; None: everybody."""
    result = Result(row)
    measures: dict[tuple[str, bool], Callable[[], float]] = {}
    kinds = (False, True) if CORETYPE in os.environ else (False,)
    taken: dict[str, int] = {}
    for entry in (row.ours, *row.others):
        if peers is not None and entry.peer not in {"ours", *peers}:
            continue
        copy = taken[entry.peer] = taken.get(entry.peer, -1) + 1
        for found in kinds if entry.peer in ON_NUMPY else (False,):
            try:
                measures[entry.title, found] = prepared(row, entry, processes, found, copy)
            except Missing as why:
                result.missing[entry.title] = str(why)
                if entry is row.ours:
                    return result  # nothing to compare with
    turns, disturbed = processes.turns, processes.disturbed
    for _ in range(row.rounds or rounds):
        for who, measure in list(measures.items()):
            try:
                seconds = measure()
            except Missing as why:
                result.missing[who[0]] = str(why)
                del measures[who]
                result.times.pop(who, None)
            else:
                result.times.setdefault(who, []).append(seconds)
    result.disturbed = (processes.disturbed - disturbed) / max(1, processes.turns - turns)
    return result


def prepared(row: Row, entry: Entry, processes: Processes, found: bool, copy: int) -> Callable[[], float]:
    """A contestant that stands at the line: calling it takes one turn."""
    if row.how == "warm":
        worker = processes.worker(entry.peer, found, copy)
        worker.ask("prepare", work=entry.work, args=entry.args)
        return partial(processes.turn, worker)
    processes.installed(entry.peer)
    if row.how == "process":
        return seeded(lambda seed: processes.alone(row.how, entry._replace(args=(seed,)), found))
    processes.alone(row.how, entry, found)  # the first one writes the byte code
    return lambda: processes.alone(row.how, entry, found)


def seeded(run: Callable[[int], float]) -> Callable[[], float]:
    """Another random start in every round, the same for every contestant of that round."""
    seeds = iter(range(1000))
    return lambda: run(next(seeds))
