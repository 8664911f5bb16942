"""README keeps its promises of form: short, two commands that do all of their own set-up, links that lead somewhere.

Its code is run by test_docs.py; its commands are typed into a fresh environment by .ci/run.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_under_120_lines() -> None:
    assert len(README.splitlines()) < 120


@pytest.mark.parametrize(
    ("what", "parts"),
    [("train", ["pip install .", "python examples/mnist.py"]), ("test", ['pip install ".[test]"', "pytest -n auto"])],
)
def test_one_line_does_all_of_it(what: str, parts: list[str]) -> None:
    fenced = re.findall(r"^```sh\n(.*?)\n```$", README, re.MULTILINE | re.DOTALL)
    steps = ["python -m venv .venv", ". .venv/bin/activate", *parts]
    assert " && ".join(steps) in fenced


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_what_is_named_exists(page: str) -> None:
    named = set(re.findall(r"`((?:docs|examples|tests|tinygrad_edu)/[\w./-]+)", (ROOT / page).read_text()))
    missing = {name for name in named if not (ROOT / name.rstrip(".")).exists()}
    assert not missing
