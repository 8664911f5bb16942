"""Each promise of docs/guarantees.md names a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
NAMED = re.findall(r"`((?:\w+/)*test_\w+\.py)(?:::(\w+))?`", (ROOT.parent / "docs" / "guarantees.md").read_text())


def test_there_are_promises() -> None:
    assert len(NAMED) > 25


@pytest.mark.parametrize(("file", "test"), [n for n in NAMED if n[0] != "tests/test_guarantees.py"])
def test_the_test_that_holds_a_promise_exists(file: str, test: str) -> None:
    text = (ROOT / file).read_text()
    assert f"def {test}(" in text if test else "def test_" in text
