"""Mutants that change nothing, each with the reason; ``equivalent.txt`` has the reasons after ``#``, their mutants below."""

from pathlib import Path


def listed(text: str) -> dict[str, str]:
    """The reason of each mutant."""
    found, reason = {}, ""
    for line in filter(None, text.splitlines()):
        if line.startswith("# "):
            reason = line[2:]
        else:
            found[line] = reason
    return found


EQUIVALENT = listed(Path(__file__).with_suffix(".txt").read_text(encoding="utf-8"))
