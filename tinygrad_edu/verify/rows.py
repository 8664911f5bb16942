"""One input's line of a report: the worst entry, the verdict, and what the doctor says."""

from __future__ import annotations

from typing import Any

import numpy as np

from .doctor import Case, diagnose
from .judge import Verdict
from .numeric import Estimate
from .report import Row

__all__ = ["judged_row"]


def judged_row(
    order: int,
    name: str,
    x: Any,
    shape: tuple[int, ...],
    analytic: Any,
    numeric: Estimate,
    verdict: Verdict,
    method: str,
) -> Row:
    """One input's line, from its derivatives (results, entries of x)."""
    if not analytic.size:
        return Row(order, name, x.shape, "-", 0.0, 0.0, 0.0, method, "ok (no entries)")
    score = np.where(verdict.wrong, 1e30, 0.0) + np.where(
        verdict.judged | verdict.wrong, np.minimum(verdict.error, 1e9), -1.0
    )
    i, j = (int(k) for k in np.unravel_index(int(np.argmax(score)), analytic.shape))
    worst = f"result{spot(i, shape)} by {name}{spot(j, x.shape)}"
    unclear = int((~verdict.judged).sum())
    text = "WRONG" if verdict.wrong.any() else "ok"
    if text == "ok" and numeric.kinks.any():
        text += f" ({int(numeric.kinks.sum())} at kinks)"
    elif text == "ok" and unclear:
        text += f" ({unclear} of {verdict.judged.size} not judged: a jump, or differences too rough)"
    value = float(numeric.value[i, j])
    diagnosis = ""
    if verdict.wrong.any():
        known = verdict.judged & np.isfinite(numeric.value) & ~numeric.kinks
        diagnosis = diagnose(Case(analytic, numeric.value, verdict.wrong, known, x, shape))
    error = float(verdict.error[i, j]) if verdict.judged[i, j] or verdict.wrong[i, j] else 0.0
    return Row(order, name, x.shape, worst, float(analytic[i, j]), value, error, method, text, diagnosis)


def spot(i: int, shape: tuple[int, ...]) -> str:
    """A flat position as an index."""
    return str([int(k) for k in np.unravel_index(i, shape)]) if shape else ""
