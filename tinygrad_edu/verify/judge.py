"""Whether an analytic derivative agrees with what differences say, entry by entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .numeric import Estimate, blur, neighbours
from .problem import joined

__all__ = ["PRECISE", "RTOL", "Verdict", "judge", "weigh"]

RTOL = 1e-6  # of the larger of the two derivatives
PRECISE = 1e-9  # the same, where more can be asked for: the complex step, derivatives of few digits
FLOOR = 1e-10  # of the largest derivative in the row: rounding inside the analytic one
BOUNDS = 10.0  # how many times its estimated error a difference may be off
ATOL = 1e-12  # absolute, for derivatives that vanish
UNCLEAR = 1e-3  # a bound this loose, relative to the largest derivative in the row, decides nothing


class Verdict(NamedTuple):
    """One entry for each derivative."""

    wrong: Any  # they disagree
    judged: Any  # the differences were sharp enough to tell
    error: Any  # relative to the larger of the two, if that is not tiny beside its row; 0 inside the bounds of a kink


def judge(analytic: Any, numeric: Estimate, rtol: float = RTOL) -> Verdict:
    """Compare derivatives of one shape (results, inputs).

    At a kink any value between the one-sided derivatives is right. Where the slope is infinite the derivative must be, too.
    """
    low, high, value = numeric.low, numeric.high, numeric.value
    defined = ~np.isnan(value)
    finite = np.where(np.isfinite(value), value, 0.0)
    row = np.max(np.abs(finite), axis=-1, keepdims=True, initial=0.0)
    size = np.maximum(np.abs(finite), np.where(np.isfinite(analytic), np.abs(analytic), 0.0))
    slack = rtol * size + FLOOR * row + BOUNDS * numeric.error + ATOL
    with np.errstate(invalid="ignore"):
        miss = np.maximum(np.maximum(low - analytic, analytic - high), 0.0)
        miss = np.where(analytic == value, 0.0, miss)  # inf equals inf
        right = miss <= slack
        judged = defined & ((numeric.error <= UNCLEAR * np.maximum(row, np.abs(finite))) | (numeric.error < 1e-9))
        error = np.where(miss > 0, miss / np.maximum(np.maximum(size, 1e-4 * row), 1e-6), 0.0)
    error = np.where(np.isnan(error), np.inf, error)
    return Verdict(defined & ~right, judged, np.where(defined, error, 0.0))


def weigh(
    analytic: Any, look: Callable[[Any, bool], Estimate], point: list[Any], rtol: float = RTOL
) -> tuple[Estimate, Verdict]:
    """Judge by a quick look, and before anything is called wrong by a thorough one, and by others at points next to this one.

    look : the numeric derivatives at a flat point, thoroughly or not.  point : the inputs.
    A derivative that differs from one rounding of the inputs to the next, as beside a singular matrix, is known to that only.
    Derivatives of float32's digits must be right to more than those: 2 and 0.5 are, what was narrowed on the way is not.
    """
    with np.errstate(over="ignore"):
        if np.array_equal(analytic, analytic.astype(np.float32), equal_nan=True):
            rtol = min(rtol, PRECISE)
    here = joined(point)
    numeric = look(here, False)
    verdict = judge(analytic, numeric, rtol)
    if verdict.wrong.any():
        numeric = look(here, True)
        verdict = judge(analytic, numeric, rtol)
    if verdict.wrong.any():
        unknown = blur(numeric.value, [look(x, True).value for x in neighbours(point)])
        numeric = numeric._replace(error=numeric.error + unknown)
        verdict = judge(analytic, numeric, rtol)
    return numeric, verdict
