"""Regression guard, by hand: `pytest -m bench tests/benchmarks`. Ratios within one run, margins twice the target.

No test asserts a time. Run it on an idle machine; what is not installed is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from benchmarks.processes import Processes
from benchmarks.race import race
from benchmarks.rows import TABLE

MARGIN = 2.0
ROUNDS = 5
CASES = [(row, other) for row in TABLE for other in row.others if (other.label or other.peer) in row.targets]

pytestmark = pytest.mark.bench


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    with Processes() as running:
        yield running


@pytest.mark.parametrize(("row", "other"), CASES, ids=[f"{row.key} - {other.title}" for row, other in CASES])
def test_ratio(processes, row, other):
    result = race(row, processes, ROUNDS, {other.peer})
    if other.title in result.missing:
        pytest.skip(result.missing[other.title])
    assert row.ours.title not in result.missing, result.missing
    ratio = result.ratio(other)
    assert ratio is not None
    assert ratio.target is not None
    assert ratio.median <= MARGIN * ratio.target.required
