"""examples/keras_style: every script runs, shortened, and says nothing but what it was written to say (warnings are errors)."""

import ast
import re
import runpy
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "keras_style"
SCRIPTS = sorted(FOLDER.glob("*.py"))


@pytest.mark.filterwarnings("ignore::tinygrad_edu.training.checks.CappedWarning")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script_runs(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(script)])
    monkeypatch.setenv("KERAS_MAX_EPOCHS", "1")
    monkeypatch.setenv("KERAS_MAX_STEPS_PER_EPOCH", "3")
    runpy.run_path(str(script), run_name="__main__")
    assert capsys.readouterr().out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script_can_go_back_to_keras(script: Path) -> None:
    """Nothing of ours is imported but in the one block that is switched."""
    text = script.read_text()
    (switch,) = [node for node in ast.parse(text).body if isinstance(node, ast.If) and "TINYGRAD" in ast.unparse(node)]
    theirs, ours = ("\n".join(map(ast.unparse, part)) for part in (switch.body, switch.orelse))
    assert (
        ours.replace("from tinygrad_edu import keras", "import keras").replace("tinygrad_edu.keras", "keras") == theirs
    )
    assert text.count("tinygrad_edu") == ours.count("tinygrad_edu")
    assert len(text.splitlines()) <= 90


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "at_least"), [([], 0.990), (["--augment"], 0.994)])
def test_convnet_figures(
    arguments: list[str], at_least: float, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four and eight minutes."""
    script = FOLDER / "convnet.py"
    monkeypatch.setattr(sys, "argv", [str(script), *arguments])
    runpy.run_path(str(script), run_name="__main__")
    found = re.search(r"^test accuracy: (0\.\d{4})", capsys.readouterr().out, re.MULTILINE)
    assert found
    assert float(found[1]) >= at_least
