"""Docstrings as this package writes them, as Markdown: examples fenced, and lines of their own where they are meant."""

from __future__ import annotations

import re
from typing import Any

import griffe

OWN_LINE = re.compile(r"^\s*(?:[\w*, ()-]+ : |(?:Gradient|At kinks|Errors|Reference|Source):)")


GAP = re.compile(r"(?<=\S) {3,}(?=\S)")  # two things on one line, as in "x : (n,)          out : ()"


class Docstrings(griffe.Extension):
    """Rewrites each docstring before it is parsed."""

    def on_object(self, *, obj: Any, **_: Any) -> None:
        """Every object with a docstring of its own."""
        if obj.docstring:
            obj.docstring.value = as_markdown(obj.docstring.value)


def as_markdown(text: str) -> str:
    """The text with examples in fences, `::` as a colon, and hard breaks before shapes, gradient and errors."""
    out: list[str] = []
    example = False
    for line in re.sub(r"::$", ":", text, flags=re.MULTILINE).split("\n"):
        if line.lstrip().startswith(">>>") and not example:
            example = True
            out += ["", "```pycon"]
        elif example and not line.strip():
            example = False
            out.append("```")
        elif not example and OWN_LINE.match(line) and out and out[-1].strip():
            out[-1] += "  "
        out.append(line if example or line.startswith(" ") else GAP.sub("  \n", line))
    return "\n".join([*out, "```"] if example else out)
