"""The floor plan of docs/architecture.md, held: imports point down, files stay readable, importing stays light."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

import tinygrad_edu

PACKAGE = Path(tinygrad_edu.__file__).parent
ROOMS = [
    "keras",
    "parallel",
    "viz",
    "exchange",
    "nn",
    "training",
    "io",
    "optim",
    "datasets",
    "verify",
    "ops",
    "engine",
]  # from the top
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(file: Path) -> str:
    parts = file.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def imported_rooms(file: Path) -> set[str]:
    """The rooms of the package that a file imports, lazily or not; imports for type checking alone do not count."""
    tree = ast.parse(file.read_text())
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    here = ("tinygrad_edu", *file.relative_to(PACKAGE).with_suffix("").parts)
    found = set()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level] if node.level else ()
            module = (*base, *(node.module or "").split(".")) if node.module else base
            names = [module] if len(module) > 1 else [(*module, alias.name) for alias in node.names]
            found |= {m[1] for m in names if m[0] == "tinygrad_edu" and len(m) > 1}
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("tinygrad_edu.")}
    return found & set(ROOMS)


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_imports_point_down(file: Path) -> None:
    room = room_of(file)
    if room in ROOMS:
        above = ROOMS[: ROOMS.index(room)]
        assert not imported_rooms(file) & set(above)


def test_every_room_is_on_the_plan() -> None:
    folders = {f.parent.relative_to(PACKAGE).parts[0] for f in FILES if f.parent != PACKAGE}
    assert folders <= set(ROOMS)


def test_the_arrows_are_seen() -> None:
    """The check above can see: ops import the engine, and the engine imports nothing."""
    assert imported_rooms(PACKAGE / "ops" / "arithmetic.py") == {"engine"}
    assert imported_rooms(PACKAGE / "engine" / "walk.py") == {"engine"}


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_files_stay_readable(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 400


CORE = ["tensor.py", "rule.py", "op.py", "walk.py"]  # what every value and every gradient passes through


def lines_of_code(file: Path) -> int:
    """Lines that hold code: no comments, no docstrings, no blank lines."""
    text = file.read_text()
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    code = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in skipped:
            code |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node)
        if documented:
            code -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(code)


def test_the_core_of_the_engine_is_one_sitting() -> None:
    assert sum(lines_of_code(PACKAGE / "engine" / name) for name in CORE) <= 500


def fresh_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_importing_loads_numpy_and_the_standard_library_only() -> None:
    """And starts no thread. Everything else is loaded when it is first used."""
    code = """
import sys, threading, numpy
before = set(sys.modules)
import tinygrad_edu
loaded = {m.split('.')[0] for m in set(sys.modules) - before} - {'tinygrad_edu', 'numpy'}
print(sorted(m for m in loaded if m not in sys.stdlib_module_names), threading.active_count())
"""
    assert fresh_python(code) == "[] 1"


def test_the_rooms_are_loaded_when_used() -> None:
    code = """
import sys, tinygrad_edu as tg
heavy = [m for m in ('tinygrad_edu.nn', 'tinygrad_edu.verify', 'tinygrad_edu.datasets') if m in sys.modules]
tg.nn.Linear, tg.Sequential, tg.gradcheck
print(heavy, tg.Sequential is tg.nn.Sequential)
"""
    assert fresh_python(code) == "[] True"


def test_everything_public_has_a_docstring() -> None:
    missing = []
    for name in tinygrad_edu.__all__:
        value = getattr(tinygrad_edu, name)
        if not isinstance(value, str) and not (value.__doc__ or "").strip():
            missing.append(name)
    assert not missing
