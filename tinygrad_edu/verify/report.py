"""What a gradient check found: one row an input and order, printed as a table, in a notebook as HTML."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

__all__ = ["GradcheckReport", "Row", "table"]

COLUMNS = ("order", "input", "shape", "worst entry", "analytic", "numeric", "rel. error", "method", "verdict")


@dataclass(frozen=True)
class Row:
    """The comparison of one input at one order.

    worst : which derivative is the most wrong, as "result[i] by input[j]".
    analytic, numeric : its two values.  error : how far they are apart, relative to the larger.
    method : where the numeric one came from.  verdict : "ok", "WRONG", or how much could not be judged.
    """

    order: int
    input: str
    shape: tuple[int, ...]
    worst: str
    analytic: float
    numeric: float
    error: float
    method: str
    verdict: str
    diagnosis: str = ""

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong here."""
        return not self.verdict.startswith("WRONG")

    def diagnosed(self, text: str) -> Row:
        """The same row with another diagnosis."""
        return replace(self, diagnosis=text)

    def failed(self, text: str) -> Row:
        """The same row as a failure, for this reason."""
        return replace(self, verdict="WRONG", diagnosis=text)

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        numbers = (f"{self.analytic:.6g}", f"{self.numeric:.6g}", f"{self.error:.1e}")
        return (str(self.order), self.input, str(self.shape), self.worst, *numbers, self.method, self.verdict)


@dataclass
class GradcheckReport:
    """The result of a gradient check. True if everything agreed; prints as a table.

    rows : one for each input and order.  mistakes : what is wrong with the function itself, whatever its gradients.
    notes : what was done on the way (inputs promoted, a method given up for another).
    """

    title: str
    rows: list[Row] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every derivative agreed and the function behaved."""
        return not self.mistakes and all(row.passed for row in self.rows)

    @property
    def diagnoses(self) -> list[str]:
        """The likely mistakes, those of the function itself first."""
        return [*self.mistakes, *dict.fromkeys(f"{r.input}: {r.diagnosis}" for r in self.rows if r.diagnosis)]

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        parts = [f"gradcheck of {self.title}: {'passed' if self.passed else 'FAILED'}"]
        if self.rows:
            parts.append(table(COLUMNS, [row.cells() for row in self.rows]))
        parts += [f"diagnosis: {text}" for text in self.diagnoses]
        parts += [f"note: {text}" for text in self.notes]
        return "\n".join(parts)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        cell: Callable[..., str] = lambda text, tag="td": f"<{tag}>{html.escape(text)}</{tag}>"
        head = "".join(cell(name, "th") for name in COLUMNS)
        body = "".join(
            f'<tr style="color: {"inherit" if row.passed else "#c00"}">{"".join(map(cell, row.cells()))}</tr>'
            for row in self.rows
        )
        lines = [f"diagnosis: {text}" for text in self.diagnoses] + [f"note: {text}" for text in self.notes]
        below = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
        title = f"gradcheck of {html.escape(self.title)}: <b>{'passed' if self.passed else 'FAILED'}</b>"
        return f"<p>{title}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}"


def table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Text in aligned columns under a ruled heading."""
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    line: Callable[[Any], str] = lambda cells: "  ".join(
        c.ljust(w) for c, w in zip(cells, widths, strict=True)
    ).rstrip()
    return "\n".join([line(columns), "  ".join("-" * w for w in widths), *map(line, rows)])
