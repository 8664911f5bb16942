"""The table as text, as Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

from .race import Ratio, Result
from .rows import PEERS

HEAD = ("work", "against", "ours", "theirs", "ratio", "middle half", "target", "reached")
BEGIN, END = "<!-- table -->", "<!-- end of table -->"
SCALE = {"us": 1e6, "ms": 1e3, "s": 1.0, "MB": 1e-6}


@dataclass(frozen=True)
class Line:
    """One comparison."""

    result: Result
    against: str
    ratio: Ratio
    found: bool

    def cells(self) -> tuple[str, ...]:
        row, r = self.result.row, self.ratio
        target = f"{r.target.required:g}" if r.target else ""
        if r.target and r.target.stretch:
            target += f" ({r.target.stretch:g})"
        return (
            row.title + (", as found" if self.found else ""),
            self.against,
            shown(self.result, row.ours.title, self.found),
            shown(self.result, self.against, self.found),
            f"{r.median:.2f}",
            f"{r.low:.2f} - {r.high:.2f}",
            target,
            r.verdict,
        )


def shown(result: Result, who: str, found: bool) -> str:
    """The median of a contestant's rounds, with its unit."""
    seconds = result.times.get((who, found)) or result.times[who, False]
    value = median(seconds) * SCALE[result.row.unit]
    return f"{value:.3g} {result.row.unit}" if value < 100 else f"{value:.0f} {result.row.unit}"


def lines(results: Iterable[Result]) -> Iterator[Line]:
    """Every comparison that could be made."""
    for result in results:
        for found in (False, True):
            for other in result.row.others:
                if ratio := result.ratio(other, found):
                    yield Line(result, other.title, ratio, found)


def text(results: list[Result]) -> str:
    """The table for a terminal; the work is named once."""
    table, before = [HEAD], ""
    for line in lines(results):
        cells = line.cells()
        table.append(("" if cells[0] == before else cells[0], *cells[1:]))
        before = cells[0]
    widths = [max(map(len, column)) for column in zip(*table)]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip() for row in table)


def markdown(results: list[Result]) -> str:
    """The table for docs/performance.md."""
    body = ["| " + " | ".join(line.cells()) + " |" for line in lines(results)]
    return "\n".join(["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD), *body])


def embed(page: Path, content: str) -> None:
    """Put the table between the page's two marks."""
    old = page.read_text()
    (before, rest), mark = old.split(BEGIN, 1), END
    page.write_text(before + BEGIN + "\n" + content + "\n" + mark + rest.split(mark, 1)[1])


def circumstances(about: dict[str, Any]) -> str:
    """One paragraph: the machine, the kernels, the threads, the releases, the rounds."""
    releases = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    return (
        f"{about['cpu']}, {about['cores']} cores; Python {about['python']}, {releases}; {about['blas']} with "
        f"{about['kernels']} kernels and {about['threads']} threads. {about['turns']} turns, "
        f"{about['disturbed turns']} of them disturbed by other programs."
    )


def absent(results: Iterable[Result]) -> list[str]:
    """Who did not take part, where and why."""
    return [f"{result.row.title}: {who}: {why}" for result in results for who, why in result.missing.items()]


def versions() -> dict[str, str]:
    """The release of every library that was compared; 'not installed' is said."""
    found = {}
    for needs in dict.fromkeys(("numpy", *(needs for _, needs in PEERS.values()))):
        try:
            found[needs] = version(needs)
        except PackageNotFoundError:
            found[needs] = "not installed"
    return found


def save(path: Path, results: list[Result], about: dict[str, Any]) -> None:
    """Everything that was measured, each round of it."""
    content = {**about, "rows": [result.as_json() for result in results]}
    path.write_text(json.dumps(content, indent=1) + "\n")
