"""Every Python block in README and docs runs, each page from top to bottom in one namespace, in a folder of its own.

An ``output`` block below a Python block is what that block prints. A block below ``<!-- needs: torch -->`` runs where the
oracles are installed (pytest -m oracle). The examples in docstrings run as well, and links lead somewhere.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import importlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
SOURCES = sorted((ROOT / "tinygrad_edu").rglob("*.py"))
BLOCK = re.compile(
    r"^(?P<needs><!-- needs: .*? -->\n+)?```python\n(?P<code>.*?)^```$(?:\n+```output\n(?P<output>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)|!\[[^\]]*\]\((?P<picture>[^)\s]+)\)")


class Block(NamedTuple):
    """A Python block of a page."""

    line: int  # of its first line
    code: str
    output: str | None  # what the page says that it prints
    needs: bool  # whether it needs more than the package


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    return [
        Block(text[: m.start("code")].count("\n") + 1, m["code"], m["output"], bool(m["needs"]))
        for m in BLOCK.finditer(text)
    ]


def run(page: Path, chosen: list[Block]) -> None:
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in chosen:
        # as many empty lines in front as the page has, so that a traceback names the page's own line
        code = compile("\n" * (block.line - 1) + block.code, str(page), "exec")
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(code, namespace)
        if block.output is not None:
            assert plain(printed.getvalue()) == plain(block.output), f"{page.name}, line {block.line}"


def plain(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", [p for p in PAGES if any(not b.needs for b in blocks(p))], ids=name)
def test_the_code_on_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(page, [b for b in blocks(page) if not b.needs])


@pytest.mark.oracle
@pytest.mark.parametrize("page", [p for p in PAGES if any(b.needs for b in blocks(p))], ids=name)
def test_the_code_on_a_page_runs_beside_others(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", "jax")  # as in tests/oracle
    run(page, blocks(page))


def test_there_is_code_to_run() -> None:
    assert sum(len(blocks(p)) for p in PAGES) > 60
    assert not [
        name(p) for p in PAGES if p.read_text().count("```output") != sum(b.output is not None for b in blocks(p))
    ]


def examples(source: Path) -> Iterator[doctest.DocTest]:
    """The docstrings with examples, found in the text: an op is an object in which doctest would not find them."""
    module = ".".join(source.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ">>>" in (ast.get_docstring(node) or ""):
            namespace = dict(vars(importlib.import_module(module)))
            title = f"{module}.{getattr(node, 'name', '')}"
            yield doctest.DocTestParser().get_doctest(ast.get_docstring(node) or "", namespace, title, str(source), 0)


@pytest.mark.parametrize("source", [s for s in SOURCES if ">>>" in s.read_text()], ids=name)
def test_the_examples_in_docstrings_hold(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for example in examples(source):
        report = io.StringIO()
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
        runner.run(example, out=report.write)
        assert not runner.failures, report.getvalue()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    """Relative links lead to files; `` [`walk`](.../walk.py) `` to a file that defines ``walk``."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    broken = []
    for m in LINK.finditer(text):
        target = (m["target"] or m["picture"]).split("#")[0]
        if not target or "://" in target:
            continue
        path = page.parent / target
        symbol = re.fullmatch(r"`(\w+)`", m["text"] or "")
        defined = (
            rf"^\s*(?:def|class) {symbol[1]}\b|^[\w, ]*\b{symbol[1]}\b.* = " if symbol and path.suffix == ".py" else ""
        )
        if not path.exists() or (defined and not re.search(defined, path.read_text(), re.MULTILINE)):
            broken.append(m[0])
    assert not broken


LESSONS = sorted((ROOT / "docs" / "learn").glob("[0-9]*.md"))


@pytest.mark.parametrize("lesson", LESSONS, ids=name)
def test_a_lesson_has_all_its_parts(lesson: Path) -> None:
    text = lesson.read_text()
    parts = ["**You will be able to**", "](pictures/", "## Exercises", "**In the source:**", "](../../tinygrad_edu/"]
    assert not [part for part in parts if part not in text]
    assert text.count("\n**1.**") == 1
    assert len(re.findall(r"^\*\*\d\.\*\* ", text, re.MULTILINE)) == text.count("<summary>Answer</summary>") >= 2
    index = (lesson.parent / "index.md").read_text()
    assert f"]({lesson.name})" in index
    if lesson != LESSONS[-1]:
        assert f"]({LESSONS[LESSONS.index(lesson) + 1].name})" in text


def test_pictures_are_light_and_shown() -> None:
    shown = {
        (page.parent / m["picture"]).resolve()
        for page in PAGES
        for m in LINK.finditer(page.read_text())
        if m["picture"]
    }
    drawn = [p for folder in ("learn/pictures", "gallery") for p in (ROOT / "docs" / folder).iterdir()]
    assert drawn
    assert not [name(p) for p in drawn if p.stat().st_size > 60_000 or p not in shown]


def test_the_site_names_every_page() -> None:
    nav = (ROOT / "docs" / "site" / "mkdocs.yml").read_text()
    assert not [name(p) for p in (ROOT / "docs").rglob("*.md") if f" {p.relative_to(ROOT / 'docs')}\n" not in nav]
