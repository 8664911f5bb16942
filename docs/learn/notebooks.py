"""The lessons as notebooks, from the same text.

    python docs/learn/notebooks.py               into build/notebooks/
    python docs/learn/notebooks.py --execute     and run them, which takes a minute

Blocks that need Keras or PyTorch stay in as they are, and are skipped by --execute where those are missing.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from pathlib import Path

import jupytext

LESSONS = Path(__file__).parent
OUT = LESSONS.parents[1] / "build" / "notebooks"  # as deep as the lessons lie, so that links into the source hold
NEEDS = re.compile(r"^<!-- needs: (?P<what>.*?) -->\n+(?P<block>```python\n.*?^```$)", re.MULTILINE | re.DOTALL)
CHANGES = [
    (re.compile(r"^```output\n.*?^```\n", re.MULTILINE | re.DOTALL), ""),  # the notebook prints it itself
    (re.compile(r"^<details[^>]*><summary>(.*?)</summary>$", re.MULTILINE), r"**\1**"),  # a fold cannot span cells
    (re.compile(r"^</details>$", re.MULTILINE), ""),
    (re.compile(r"\]\(\.\./(?!\.\./)"), "](../../docs/"),
    (re.compile(r"\]\((\d\d-[\w-]+)\.md"), r"](\1.ipynb"),
]


def as_notebook(text: str) -> str:
    """A lesson's Markdown as a notebook wants it."""
    for pattern, instead in CHANGES:
        text = pattern.sub(instead, text)
    return text


def available(m: re.Match[str]) -> str:
    """A block that needs others: as it is where they are installed, else as text."""
    there = all(importlib.util.find_spec(name) for name in m["what"].split())
    return m["block"] if there else m["block"].replace("```python", "```", 1)


def main(execute: bool) -> None:
    """Write all notebooks, and run them."""
    OUT.mkdir(parents=True, exist_ok=True)
    shutil.copytree(LESSONS / "pictures", OUT / "pictures", dirs_exist_ok=True)
    for lesson in sorted(LESSONS.glob("[0-9]*.md")):
        text = NEEDS.sub(available if execute else r"\g<block>", lesson.read_text())
        notebook = jupytext.reads(as_notebook(text), fmt="md")
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        for i, cell in enumerate(notebook.cells):
            cell["id"] = f"{lesson.stem}-{i}"  # not at random, so that the same text gives the same file
        if execute:
            from nbclient import NotebookClient

            NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(OUT)}}).execute()
        jupytext.write(notebook, OUT / f"{lesson.stem}.ipynb", fmt="ipynb")


if __name__ == "__main__":
    main("--execute" in sys.argv)
